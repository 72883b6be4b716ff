"""The GPU: networks of one size, the try in a process of its own, and which device paints. The accelerator for CPUs stands in."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import small_models
from test_cli import Run, run  # noqa: F401

from realtime.core import threads
from realtime.core.errors import ModelError, StyleError, UsageError
from realtime.core.events import Event, Notice
from realtime.core.frame import Picture
from realtime.live.session import LiveSession
from realtime.models import device_model, fixed_size, gpu_probe, graphics
from realtime.models.base import StyleCode
from realtime.models.device import on_device
from realtime.models.device_model import DeviceModel
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.gpu_probe import Verdict, compare, kept_verdict, probe
from realtime.models.litert_gpu import LiteRTGpuEngine
from realtime.models.model import EngineModel
from realtime.models.registry import LITE, open_model
from realtime.models.stylizer import Stylizer
from realtime.styles.library import StyleLibrary

WAIT = 30.0
FILE = LITE / "frame_gpu.tflite"
WORKS = Verdict(True, "Stand-in 3000", as_bytes=True)
SEEN = (356, 276)  # what `lite` sees of 320×240
SWIFTSHADER = Path("/usr/lib/chromium/libvk_swiftshader.so")


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: tmp_path / "cache" / name)
    return tmp_path / "cache" / "realtime"


class StandIn(LiteRTGpuEngine):
    """The engine for GPUs on LiteRT's accelerator for CPUs."""

    def __init__(self, file: Path, spec: EngineSpec, as_bytes: bool) -> None:
        super().__init__(file, spec, as_bytes, "CPU")


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with a GPU that the stand-in plays."""
    monkeypatch.setattr(graphics, "may_have_gpu", lambda: True)
    monkeypatch.setattr(device_model, "LiteRTGpuEngine", StandIn)


@pytest.fixture
def cpu() -> Iterator[EngineModel]:
    model = open_model("lite", 1)
    assert isinstance(model, EngineModel)
    yield model
    model.close()


def scene(seed: int = 0, width: int = 320, height: int = 240) -> Picture:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 5).astype(np.uint8, copy=False)


def until(true: Callable[[], bool]) -> None:
    """Wait for what another thread is to bring about."""
    end = time.monotonic() + WAIT
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


# Networks of one size


@pytest.mark.parametrize("size", [(640, 480), (83, 61)], ids=str)
def test_either_border_paints_what_the_network_for_the_cpu_paints(
    cpu: EngineModel, size: tuple[int, int], tmp_path: Path
) -> None:
    frame = scene(1, *size)
    code = cpu.encode(scene(2, 256, 256))
    wanted = cpu.stylize(frame, code).astype(int)
    floats, levels = (small_models.accelerated(cpu, border, tmp_path).stylize(frame, code) for border in (False, True))
    assert np.abs(floats - wanted).mean() < 1.0  # float16 against int8 weights
    apart = np.abs(floats.astype(int) - levels)
    assert apart.max() <= 1 and apart.mean() < 0.001  # numbers half way between two levels


def test_every_level_of_every_colour_crosses_the_border_of_bytes(cpu: EngineModel, tmp_path: Path) -> None:
    code = cpu.encode(scene(2, 256, 256))
    rgb = np.zeros((SEEN[1], SEEN[0], 3), np.uint8)
    rgb.reshape(-1, 3)[:768] = np.concatenate([np.outer(np.arange(256), row) for row in np.eye(3)])
    rgb.reshape(-1, 3)[768:] = np.random.default_rng(0).integers(0, 256, (SEEN[0] * SEEN[1] - 768, 3))
    engines = [LiteRTGpuEngine(FILE, cpu.frame.spec, border, "CPU", tmp_path) for border in (False, True)]
    floats, levels = (engine.run(Inputs(rgb), code) for engine in engines)
    assert np.abs(levels - 255 * floats).max() <= 0.501
    other = cpu.encode(scene(3, 256, 256))
    assert np.abs(engines[1].run(Inputs(rgb), other) - 255.0 * engines[0].run(Inputs(rgb), other)).max() <= 0.501


def test_a_network_of_one_size_is_kept_and_a_broken_file_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fixed_size.fixed_size(FILE, SEEN, True)
    (kept,) = (tmp_path / "cache" / "realtime" / "networks").iterdir()
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    assert fixed_size.fixed_size(FILE, SEEN, True) == made
    monkeypatch.setattr(fixed_size, "_Rewriting", None)  # none is made again
    assert fixed_size.fixed_size(FILE, SEEN, True) == made
    with pytest.raises(TypeError):
        fixed_size.fixed_size(FILE, SEEN, False)


def test_few_networks_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixed_size, "_MOST_FILES", 2)
    for step in range(4):
        fixed_size.fixed_size(FILE, (SEEN[0] + 8 * step, SEEN[1]), folder=tmp_path / "few")
    assert len(list((tmp_path / "few").iterdir())) == 2


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    assert fixed_size.fixed_size(FILE, SEEN, folder=tmp_path / "file" / "networks")


def test_a_size_that_the_network_does_not_take_is_an_error_with_both(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"frame_gpu\.tflite cannot run at 60×50"):
        fixed_size.fixed_size(FILE, (60, 50))
    with pytest.raises(ModelError, match=r"none\.tflite cannot be read \(No such file"):
        fixed_size.fixed_size(tmp_path / "none.tflite", SEEN)


# The try in a process of its own


def child(program: str) -> list[str]:
    return [sys.executable, "-c", program]


def said(**found: Any) -> list[str]:
    return child(f"print({json.dumps(found)!r})")


def result(first: float, second: float, ms: float = 5.0) -> dict[str, Any]:
    return {"apart": [[first / 10, first], [second / 10, second]], "ms": ms}


CPU = {"apart": [[0, 0], [0, 0]], "ms": 10.0}


@pytest.mark.parametrize(
    ("command", "seconds", "works", "text"),
    [
        (said(cpu=CPU, floats=result(0, 0), bytes=result(0.002, 0.002)), 60, True, "Stand-in"),
        (said(cpu=CPU, floats=result(0, 0.9), bytes=result(0, 0.9)), 60, False, "paints other pictures than the CPU"),
        (
            said(cpu=CPU, floats=result(0, 0, 40), bytes=result(0, 0, 30)),
            60,
            False,
            "takes 30 ms for a picture, the CPU 10",
        ),
        (said(error="LiteRT finds no GPU"), 60, False, "LiteRT finds no GPU"),
        (child("print('what?')"), 60, False, r"its driver ended the try \(exit status 0\)"),
        (child("raise SystemExit(3)"), 60, False, r"its driver ended the try \(exit status 3\)"),
        (child("import threading; threading.Event().wait()"), 0.5, False, r"gave no picture within 0\.5 s"),
        (["no-such-program-anywhere"], 60, False, "no process can be started"),
    ],
    ids=["works", "wrong in the second run", "slow", "none", "talks", "ends", "hangs", "is not there"],
)
def test_the_verdict_on_a_gpu(
    command: list[str], seconds: float, works: bool, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_probe, "gpu_name", lambda: "Stand-in 3000")
    verdict = probe(FILE, SEEN, command=command, seconds=seconds)
    assert verdict.works is works and verdict.as_bytes is works
    assert re.search(text, verdict.text)


@pytest.mark.skipif(sys.platform == "win32", reason="a crash has a signal on POSIX alone")
def test_a_driver_that_crashes_takes_only_the_try_along(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = probe(FILE, SEEN, command=child("import os; os.abort()"))
    assert verdict == Verdict(False, "its driver crashed (SIGABRT)")


@pytest.mark.parametrize("crossed", [{"bytes": result(0.9, 0.9)}, {}], ids=["lost", "refused"])
def test_where_bytes_are_lost_or_refused_floats_go_in_and_out(crossed: dict[str, Any]) -> None:
    verdict = probe(FILE, SEEN, command=said(cpu=CPU, floats=result(0, 0), **crossed))
    assert verdict.works and not verdict.as_bytes


def test_the_verdict_is_kept_until_the_driver_changes(monkeypatch: pytest.MonkeyPatch, caches: Path) -> None:
    monkeypatch.setattr(gpu_probe, "driver_identity", lambda: "driver 1")
    assert kept_verdict(FILE) is None
    verdict = probe(FILE, SEEN, command=said(error="no adapter"))
    assert kept_verdict(FILE) == verdict
    monkeypatch.setattr(gpu_probe, "driver_identity", lambda: "driver 2")
    assert kept_verdict(FILE) is None
    monkeypatch.setattr(gpu_probe, "driver_identity", lambda: "driver 1")
    (kept,) = caches.iterdir()
    for wrong in ("", "[]", "{}", '{"works": 1, "text": "yes"}', '{"works": true, "text": "yes", "more": 1}', "\0"):
        kept.write_text(wrong)
        assert kept_verdict(FILE) is None


def test_a_try_that_is_broken_off_is_no_verdict(caches: Path) -> None:
    stop = threading.Event()
    stop.set()
    verdict = probe(FILE, SEEN, stop, child("import threading; threading.Event().wait()"))
    assert not verdict.works and not caches.exists()


def test_what_the_try_compares() -> None:
    found = compare(FILE, SEEN, "CPU")
    assert found["floats"]["apart"] == [(0, 0), (0, 0)]
    assert all(0 < mean < most < 0.002 for mean, most in found["bytes"]["apart"])
    assert all(found[name]["ms"] > 0 for name in ("cpu", "floats", "bytes"))


def test_a_network_whose_bytes_are_refused_is_compared_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise ModelError("no bytes")

    monkeypatch.setattr("realtime.models.fixed_size._Rewriting._take_bytes", refuse)
    assert set(compare(FILE, SEEN, "CPU")) == {"cpu", "floats"}


def test_the_try_as_a_process_says_that_there_is_no_gpu_or_how_it_paints() -> None:
    verdict = probe(FILE, SEEN)
    assert verdict.text and kept_verdict(FILE) == verdict


def test_on_windows_the_libraries_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_probe, "missing_libraries", lambda: ["dxcompiler.dll", "dxil.dll"])
    verdict = probe(FILE, SEEN, command=said(error="no adapter"))
    assert verdict.text == "no adapter (dxcompiler.dll and dxil.dll are not installed)"


# Which device paints


def model_of(cpu: EngineModel, verdict: Verdict | None = WORKS, wait: bool = False) -> tuple[DeviceModel, list[str]]:
    model = DeviceModel(cpu, FILE, verdict, wait)
    heard: list[str] = []
    model.notify = heard.append
    return model, heard


class Watched:
    """Counts and changes the runs of the engine for the GPU."""

    def __init__(self, model: DeviceModel) -> None:
        assert model._gpu and isinstance(model._gpu.frame, LiteRTGpuEngine)
        self.engine, self.runs = model._gpu.frame, 0
        self._run = self.engine.run
        self.instead: Callable[[], None] = lambda: None
        self.engine.run = self.run  # type: ignore[method-assign]

    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        self.runs += 1
        self.instead()
        return self._run(inputs, code)


def test_the_cpu_paints_until_the_gpu_is_ready(gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch) -> None:
    model, heard = model_of(cpu)
    watched = Watched(model)
    begun, go_on = threading.Event(), threading.Event()
    prepare = watched.engine.prepare

    def slowly(size: tuple[int, int]) -> None:
        begun.set()
        assert go_on.wait(WAIT)
        prepare(size)

    monkeypatch.setattr(watched.engine, "prepare", slowly)
    frame, code = scene(1), cpu.encode(scene(2, 256, 256))
    wanted = cpu.stylize(frame, code)
    for _ in range(2):  # a snapshot of another size is no reason to get ready for it
        assert np.array_equal(model.stylize(frame, code), wanted) and not model._preparing
    assert np.array_equal(model.stylize(frame, code), wanted) and begun.wait(WAIT)
    assert np.array_equal(model.stylize(frame, code), wanted) and watched.runs == 0
    go_on.set()
    until(lambda: watched.engine.ready(SEEN) and not model._preparing)
    painted = model.stylize(frame, code)
    assert watched.runs == 1 and np.abs(painted.astype(int) - wanted).mean() < 1
    assert model.description == "lite (LiteRT on Stand-in 3000)" and not model.resizes and heard == []
    assert model.fingerprint != cpu.fingerprint and model.identity == cpu.identity
    model.close()
    assert "engine" not in threads.hung()


def test_files_wait_for_the_gpu(gpu: None, cpu: EngineModel) -> None:
    model, _ = model_of(cpu, wait=True)
    watched = Watched(model)
    model.stylize(scene(1), cpu.encode(scene(2, 256, 256)))
    assert watched.runs == 1
    model.close()


def test_a_gpu_is_tried_while_the_cpu_paints(gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def try_it(file: Path, size: tuple[int, int], stop: threading.Event) -> Verdict:
        assert (file, size) == (FILE, (676, 516)) and go_on.wait(WAIT)
        return WORKS

    monkeypatch.setattr(gpu_probe, "probe", try_it)
    model, heard = model_of(cpu, None)
    assert model.description == "lite (LiteRT, 1 thread on the CPU: the GPU is being tried)"
    model.stylize(scene(1), cpu.encode(scene(2, 256, 256)))
    go_on.set()
    until(lambda: heard != [])
    assert heard == ["Stand-in 3000 paints from now on"] and model.description == "lite (LiteRT on Stand-in 3000)"
    model.close()


def test_a_gpu_that_paints_wrongly_is_left_alone(gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def try_it(*_: object) -> Verdict:
        assert go_on.wait(WAIT)
        return Verdict(False, "it paints other pictures")

    monkeypatch.setattr(gpu_probe, "probe", try_it)
    model, heard = model_of(cpu, None)
    go_on.set()
    until(lambda: heard != [])
    assert heard == ["the CPU paints: it paints other pictures"]
    assert model.description == "lite (LiteRT, 1 thread on the CPU: it paints other pictures)"
    model.close()


def test_a_session_that_ends_meanwhile_does_not_wait_for_the_try(
    gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = child("import threading; threading.Event().wait()")
    monkeypatch.setattr(gpu_probe, "probe", functools.partial(probe, command=hangs))
    model, heard = model_of(cpu, None)
    begin = time.monotonic()
    model.close()
    assert time.monotonic() - begin < 2 and heard == []
    assert model._probing and not model._probing.is_alive()


def ready(cpu: EngineModel, notify: Callable[[str], None]) -> tuple[DeviceModel, Watched, StyleCode]:
    """A model whose GPU paints already."""
    model, _ = model_of(cpu)
    model.notify = notify
    watched, code = Watched(model), cpu.encode(scene(2, 256, 256))
    for _ in range(3):
        model.stylize(scene(1), code)
    until(lambda: watched.engine.ready(SEEN) and not model._preparing)
    model.stylize(scene(1), code)
    assert watched.runs == 1
    return model, watched, code


def test_a_gpu_that_fails_in_mid_session_loses_no_frame(gpu: None, cpu: EngineModel) -> None:
    session = LiveSession(stylizer := Stylizer(cpu), StyleLibrary(stylizer))
    events: list[Event] = []
    session.events.subscribe(events.append)
    model, watched, code = ready(cpu, stylizer.model.notify)

    def lost() -> None:
        raise ModelError("device lost")

    watched.instead = lost
    assert np.array_equal(model.stylize(scene(1), code), cpu.stylize(scene(1), code))
    assert events == [Notice("the GPU is lost (device lost); the CPU paints from now on")]
    model.stylize(scene(1), code)
    assert watched.runs == 2 and model.resizes
    assert model.description == "lite (LiteRT, 1 thread on the CPU: device lost)"
    model.close()


def test_of_a_gpu_that_hangs_the_cpu_takes_over_within_a_second(gpu: None, cpu: EngineModel) -> None:
    heard: list[str] = []
    model, watched, code = ready(cpu, heard.append)
    go_on = threading.Event()

    def hang() -> None:
        assert go_on.wait(WAIT)

    watched.instead = hang
    try:
        begin = time.monotonic()
        assert np.array_equal(model.stylize(scene(1), code), cpu.stylize(scene(1), code))
        assert time.monotonic() - begin < 1
        assert heard == ["the GPU is lost (the engine gave no picture within 0.5 s); the CPU paints from now on"]
        assert "engine" in threads.hung()  # so that the program ends without it
        model.close()
    finally:
        go_on.set()
    until(lambda: "engine" not in threads.hung())


def test_a_network_that_cannot_be_compiled_leaves_the_cpu(
    gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, heard = model_of(cpu)

    def fail(size: tuple[int, int]) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Watched(model).engine, "prepare", fail)
    frame, code = scene(1), cpu.encode(scene(2, 256, 256))
    for _ in range(3):
        assert np.array_equal(model.stylize(frame, code), cpu.stylize(frame, code))
    until(lambda: heard != [])
    assert heard == ["the GPU is lost (out of memory); the CPU paints from now on"]
    assert np.array_equal(model.stylize(frame, code), cpu.stylize(frame, code))
    model.close()


def test_while_the_gpu_gets_ready_for_another_size_nothing_waits_for_it(
    gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, watched, code = ready(cpu, lambda text: pytest.fail(text))
    prepare, begun, go_on = watched.engine.prepare, threading.Event(), threading.Event()

    def slowly(size: tuple[int, int]) -> None:
        if size != SEEN:
            begun.set()
            assert go_on.wait(WAIT)
        prepare(size)

    monkeypatch.setattr(watched.engine, "prepare", slowly)
    small, other = scene(1, 160, 120), scene(1, 400, 300)
    for _ in range(5):
        model.stylize(small, code)  # a thumbnail
    assert not model._preparing and watched.runs == 1
    for _ in range(3):
        model.stylize(other, code)
    assert begun.wait(WAIT)
    assert np.array_equal(model.stylize(scene(1), code), cpu.stylize(scene(1), code)) and watched.runs == 1
    go_on.set()
    until(lambda: not model._preparing)
    for frame in (scene(1), other):
        model.stylize(frame, code)
    assert watched.runs == 3
    model.close()


def test_a_gpu_that_does_not_get_ready_is_given_up(
    gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    model, watched, code = ready(cpu, heard.append)
    go_on = threading.Event()
    monkeypatch.setattr(watched.engine, "prepare", lambda size: go_on.wait(WAIT))
    monkeypatch.setattr(device_model, "_READY_SECONDS", 0.0)
    try:
        for _ in range(4):
            model.stylize(scene(1, 400, 300), code)
        assert heard == ["the GPU is lost (it was not ready within 0 s); the CPU paints from now on"]
    finally:
        go_on.set()
    model.close()


def test_wrong_pictures_and_codes_are_no_fault_of_the_gpu(gpu: None, cpu: EngineModel) -> None:
    model, _, code = ready(cpu, lambda text: pytest.fail(text))
    with pytest.raises(UsageError, match="a picture must be uint8"):
        model.stylize(np.zeros((4, 4)), code)  # type: ignore[arg-type]
    with pytest.raises(StyleError, match="encode the style with this model"):
        model.stylize(scene(1), StyleCode("another", code.arrays))
    with pytest.raises(StyleError, match="7 numbers, but the network takes 100; encode the style again"):
        model.stylize(scene(1), StyleCode(code.identity, (np.zeros(7, np.float32),)))
    model.stylize(scene(1), code)
    assert model.description == "lite (LiteRT on Stand-in 3000)"
    model.close()


# What a person asks for


def test_auto_paints_on_the_cpu_where_there_is_no_gpu(cpu: EngineModel) -> None:
    assert on_device(cpu, "auto") is cpu
    assert cpu.description == "lite (LiteRT, 1 thread; no GPU)"


def test_auto_with_a_kept_verdict_tries_nothing(gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_probe, "kept_verdict", lambda file: WORKS)
    monkeypatch.setattr(gpu_probe, "probe", None)
    model = on_device(cpu, "auto", wait=False)
    assert model.description == "lite (LiteRT on Stand-in 3000)" and model.on_gpu and not model.copies
    model.close()


def test_gpu_where_there_is_none_says_what_to_do(cpu: EngineModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ModelError, match=r"this machine shows none; look at its driver .* or leave out --device gpu"):
        on_device(cpu, "gpu")
    monkeypatch.setattr(graphics, "may_have_gpu", lambda: True)
    monkeypatch.setattr(gpu_probe, "probe", lambda *_: Verdict(False, "its driver crashed (SIGSEGV)"))
    with pytest.raises(ModelError, match=r"no GPU can be used: its driver crashed \(SIGSEGV\); look at"):
        on_device(cpu, "gpu")


def test_gpu_tries_one_anew_that_did_not_work(gpu: None, cpu: EngineModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_probe, "kept_verdict", lambda file: Verdict(False, "its driver crashed"))
    monkeypatch.setattr(gpu_probe, "probe", lambda *_: WORKS)
    with on_device(cpu, "gpu") as model:
        assert model.description == "lite (LiteRT on Stand-in 3000)"


def test_a_model_without_a_form_for_gpus(tmp_path: Path) -> None:
    with open_model(str(small_models.pair(tmp_path / "pair"))) as model:
        assert on_device(model, "auto") is model and on_device(model, "cpu") is model
        with pytest.raises(UsageError, match=r"pair \(LiteRT.*\) does not run on a GPU here; use --model lite"):
            on_device(model, "gpu")
        with pytest.raises(UsageError, match="there is no device 'npu'; use auto, cpu or gpu"):
            on_device(model, "npu")


def test_a_stylizer_takes_a_device(gpu: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_probe, "kept_verdict", lambda file: WORKS)
    with Stylizer("lite", 1, device="gpu") as on_gpu, Stylizer("lite", 1) as on_cpu:
        code = on_cpu.encode(scene(2, 256, 256))
        assert np.abs(on_gpu(scene(1), code).astype(int) - on_cpu(scene(1), code)).mean() < 1
        assert on_gpu.model.description == "lite (LiteRT on Stand-in 3000)"


@pytest.mark.parametrize("words", [(), ("photo", "a.png", "-o", "b.png"), ("render", "a.mp4", "-o", "b.mp4")])
def test_an_unknown_device_is_wrong_use(run: Run, words: tuple[str, ...]) -> None:  # noqa: F811
    status, _, err = run(*words, "--device", "npu")
    assert status == 2 and "'npu' is not one of 'auto', 'cpu', 'gpu'" in err


def test_a_gpu_that_the_doctor_finds(gpu: None, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("realtime.models.stylizer.open_model", lambda text, threads: open_model("lite"))
    for verdict, line in (
        (WORKS, "ok     gpu         Stand-in 3000 paints"),
        (Verdict(False, "its driver crashed"), "note   gpu         the CPU paints: its driver crashed"),
    ):
        monkeypatch.setattr(gpu_probe, "kept_verdict", lambda file, verdict=verdict: verdict)
        status, out, _ = run("doctor")
        assert status == 0 and line in out
    monkeypatch.setattr(graphics, "may_have_gpu", lambda: False)
    assert "note   gpu         none that this machine shows: the CPU paints" in run("doctor")[1]


def test_a_machine_without_a_gpu_imports_nothing_for_it() -> None:
    program = (
        "import sys; from realtime.models import graphics; graphics.may_have_gpu = lambda: False\n"
        "from realtime.models.stylizer import Stylizer; Stylizer('lite').use('auto', wait=False)\n"
        "print([n for n in sys.modules if n.endswith(('gpu_probe', 'litert_gpu', 'device_model', 'fixed_size', 'one_thread'))])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Cards and drivers


def test_the_identity_of_a_driver_changes_with_what_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    before = graphics.driver_identity()
    assert before == graphics.driver_identity() and graphics.gpu_name()
    if sys.platform.startswith("linux"):
        monkeypatch.setenv("VK_DRIVER_FILES", "/elsewhere/driver.json")
        assert graphics.driver_identity() != before


# LiteRT's accelerator itself, on a driver for processors


@pytest.fixture(scope="module")
def software_gpu(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which Vulkan has one device: the SwiftShader of Chromium, called a discrete one."""
    folder = tmp_path_factory.mktemp("layer")
    if not SWIFTSHADER.exists():
        pytest.skip(f"there is no {SWIFTSHADER}: on Debian it comes with Chromium")
    if not (compiler := shutil.which("cc")) or not Path("/usr/include/vulkan/vk_layer.h").exists():
        pytest.skip("no C compiler, or no libvulkan-dev")
    layer = folder / "layer.so"
    source = Path(__file__).with_name("discrete_layer.c")
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-fvisibility=hidden", "-Wall", "-Werror", "-o", layer, source], check=True
    )
    known = {"name": "VK_LAYER_TEST_discrete", "type": "GLOBAL", "library_path": str(layer), "api_version": "1.3.0",
             "implementation_version": "1", "description": "calls every device a discrete one"}  # fmt: skip
    (folder / "layer.json").write_text(json.dumps({"file_format_version": "1.1.2", "layer": known}))
    driver = {"library_path": str(SWIFTSHADER), "api_version": "1.3.0"}
    (folder / "driver.json").write_text(json.dumps({"file_format_version": "1.0.0", "ICD": driver}))
    chosen = {"VK_LAYER_PATH": folder, "VK_INSTANCE_LAYERS": known["name"], "VK_ICD_FILENAMES": folder / "driver.json"}
    caches = {"XDG_CACHE_HOME": folder, "XDG_RUNTIME_DIR": folder}
    return os.environ | {name: str(value) for name, value in (chosen | caches).items()}


def test_the_accelerator_takes_bytes_and_floats_and_paints_what_the_cpu_paints(software_gpu: dict[str, str]) -> None:
    command = [sys.executable, "-m", gpu_probe.__name__, str(FILE), "164", "124"]
    said = subprocess.run(
        command, env=software_gpu, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120
    ).stdout
    found = json.loads(said.splitlines()[-1])
    assert "error" not in found
    for mean, most in found["floats"]["apart"]:  # of two runs
        assert mean < 1e-5 and most < 1e-4
    for mean, most in found["bytes"]["apart"]:  # rounded to 255 levels
        assert mean < 0.0011 and most < 0.0021
