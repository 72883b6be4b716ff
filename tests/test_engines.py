"""Engines behind one model: shared by threads, sharing codes, and what becomes of one that crashes."""

from __future__ import annotations

import functools
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import small_models

import realtime
from realtime.core.errors import ModelError, StyleError
from realtime.core.frame import Picture
from realtime.models.base import StyleCode
from realtime.models.engine import Engine, StyleEngine
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.litert import LiteRTStyle
from realtime.models.litert_network import Network
from realtime.models.model import EngineModel
from realtime.models.registry import LITE, open_model
from realtime.models.stylizer import Stylizer
from realtime.styles.library import StyleLibrary

WAIT = 30.0


def scene(width: int, height: int, seed: int) -> Picture:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 5).astype(np.uint8, copy=False)


def at_once(*tasks: Callable[[], None]) -> list[BaseException]:
    """Run tasks, each in a thread of its own, and give the errors that they end with."""
    errors: list[BaseException] = []
    ready = threading.Barrier(len(tasks))

    def run(task: Callable[[], None]) -> None:
        ready.wait(WAIT)
        try:
            task()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    return errors


# One stylizer, many threads


@pytest.fixture(scope="session")
def tint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_models.tint_module(tmp_path_factory.mktemp("engines") / "tint")


@pytest.mark.parametrize("name", ["lite", "tint"])
@pytest.mark.parametrize("sizes", [((160, 120), (160, 120)), ((160, 120), (203, 95))], ids=str)
def test_threads_share_a_stylizer(
    name: str, sizes: tuple[tuple[int, int], ...], request: pytest.FixtureRequest
) -> None:
    stylizer = Stylizer("lite" if name == "lite" else str(request.getfixturevalue(name)), threads=1)
    frames = [scene(*size, seed) for seed, size in enumerate(sizes)]
    codes = [stylizer.encode(scene(256, 256, seed)) for seed in (5, 6)]
    expected = [stylizer(frame, code) for frame, code in zip(frames, codes, strict=True)]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(30):
            if not np.array_equal(stylizer(frames[index], codes[index]), expected[index]):
                wrong.append(index)

    assert at_once(lambda: work(0), lambda: work(1)) == []
    assert wrong == []


def test_codes_are_made_while_frames_are_painted() -> None:
    stylizer = Stylizer("lite", threads=1)
    frame, styles = scene(160, 120, 0), [scene(256, 256, seed) for seed in (5, 6)]
    codes = [stylizer.encode(style) for style in styles]
    expected = stylizer(frame, codes[0])

    def encode() -> None:
        for index in range(20):
            again = stylizer.encode(styles[index % 2])
            assert np.array_equal(again.arrays[0], codes[index % 2].arrays[0])

    def paint() -> None:
        for _ in range(30):
            assert np.array_equal(stylizer(frame, codes[0]), expected)

    assert at_once(encode, encode, paint) == []


class Fake(Engine):
    """Turns pictures into their negatives, by default as bytes, and notes what it gets."""

    identity = "fake"

    def __init__(self, spec: EngineSpec, floats: bool = False) -> None:
        self.spec, self.floats = spec, floats
        self.threads: set[str] = set()
        self.shapes: list[tuple[int, ...]] = []
        self.busy = threading.Lock()
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()
        self.closed = 0

    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        assert self.busy.acquire(blocking=False), "two threads at once"
        try:
            self.begun.set()
            assert self.go_on.wait(WAIT)
            self.threads.add(threading.current_thread().name)
            self.shapes.append(inputs.rgb.shape)
            margin = self.spec.margin
            seen = inputs.floats() if self.floats else inputs.rgb
            inner = seen[margin : seen.shape[0] - margin, margin : seen.shape[1] - margin]
            return 1 - inner if self.floats else 255 - inner
        finally:
            self.busy.release()

    def close(self) -> None:
        self.closed += 1


class Mean(StyleEngine):
    def run(self, inputs: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        return (inputs.mean(axis=(0, 1, 2)),)


def model_of(engine: Engine) -> EngineModel:
    return EngineModel(Mean("mean"), engine, "a model for tests")


@pytest.mark.parametrize("floats", [False, True])
@pytest.mark.parametrize(
    ("spec", "seen"),
    [
        (EngineSpec(), (61, 83, 3)),
        (EngineSpec(multiple=8), (64, 88, 3)),
        (EngineSpec(multiple=4, least=100), (100, 100, 3)),
        (EngineSpec(multiple=8, margin=5), (74, 98, 3)),
    ],
)
def test_an_engine_gets_what_it_asks_for(spec: EngineSpec, seen: tuple[int, ...], floats: bool) -> None:
    engine = Fake(spec, floats)
    model = model_of(engine)
    frame = scene(83, 61, 1)
    painted = model.stylize(frame, model.encode(frame))
    assert engine.shapes == [seen]
    assert painted.flags.writeable and np.array_equal(painted, 255 - frame)


def test_an_engine_of_one_size_sees_the_whole_picture_in_its_aspect() -> None:
    engine = Fake(EngineSpec(size=(96, 64)))
    model = model_of(engine)
    frame = np.zeros((60, 300, 3), np.uint8)
    frame[:, 150:] = 255
    painted = model.stylize(frame, model.encode(frame))
    assert engine.shapes == [(64, 96, 3)] and painted.shape == frame.shape
    assert painted[:, :120].min() > 230 and painted[:, 180:].max() < 30


def test_an_engine_is_called_by_one_thread_at_a_time_on_the_caller(request: pytest.FixtureRequest) -> None:
    request.addfinalizer(functools.partial(sys.setswitchinterval, sys.getswitchinterval()))
    sys.setswitchinterval(1e-6)  # so that two threads meet often
    engine = Fake(EngineSpec())
    model = model_of(engine)
    frame = scene(64, 48, 1)
    code = model.encode(frame)

    def paint() -> None:
        for _ in range(200):
            model.stylize(frame, code)

    assert at_once(paint, paint, paint) == []
    assert len(engine.threads) == 3


def test_an_engine_that_must_stay_on_one_thread_gets_one() -> None:
    engine = Fake(EngineSpec(one_thread=True))
    model = model_of(engine)
    frame = scene(64, 48, 1)
    code = model.encode(frame)

    def paint() -> None:
        assert np.array_equal(model.stylize(frame, code), 255 - frame)

    assert at_once(paint, paint, paint) == []
    assert len(engine.threads) == 1 and engine.threads.isdisjoint({threading.current_thread().name})
    model.close()


def test_a_busy_frame_engine_holds_up_no_code() -> None:
    engine = Fake(EngineSpec())
    model = model_of(engine)
    frame = scene(64, 48, 1)
    code = model.encode(frame)
    engine.go_on.clear()
    painting = threading.Thread(target=model.stylize, args=(frame, code))
    painting.start()
    try:
        assert engine.begun.wait(WAIT)
        assert np.array_equal(model.encode(frame).arrays[0], code.arrays[0])
        assert painting.is_alive()
    finally:
        engine.go_on.set()
        painting.join(WAIT)
    model.close()
    assert engine.closed == 1


# One code space


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with one style network and a frame network each."""
    folders = tmp_path / "one", tmp_path / "other"
    for folder, size in zip(folders, (None, (96, 64)), strict=True):
        small_models.pair(folder, size)
    (folders[1] / "style.tflite").write_bytes((folders[0] / "style.tflite").read_bytes())
    return folders


def test_frame_networks_of_one_style_network_share_codes(two: tuple[Path, Path]) -> None:
    one, other = (Stylizer(str(folder)) for folder in two)
    assert one.model.identity == other.model.identity and one.model.fingerprint != other.model.fingerprint
    red, blue = (np.full((30, 40, 3), colour, np.uint8) for colour in ((0, 0, 255), (255, 0, 0)))
    mixed = one.encode(red).blend(other.encode(blue), 0.5)
    for stylizer in (one, other):
        painted = stylizer(blue, mixed)[15, 20]
        assert np.abs(painted - small_models.tinted((255, 0, 0), (127, 0, 127))).max() <= 2


def test_a_code_on_disk_serves_both_frame_networks(two: tuple[Path, Path], tmp_path: Path) -> None:
    cache = tmp_path / "codes"
    first = StyleLibrary(Stylizer(str(two[0])), cache=cache)
    first.code("wave")
    kept = {path: path.stat().st_mtime_ns for path in cache.iterdir()}
    second = StyleLibrary(Stylizer(str(two[1])), cache=cache)
    assert np.array_equal(second.code("wave").arrays[0], first.code("wave").arrays[0])
    assert {path: path.stat().st_mtime_ns for path in cache.iterdir()} == kept and len(kept) == 1


def test_codes_of_another_style_network_are_refused(two: tuple[Path, Path], tmp_path: Path) -> None:
    frame_file = two[0] / "frame.tflite"
    small_models.style_network(tmp_path / "style.tflite", size=128)
    stranger = open_model(f"{tmp_path / 'style.tflite'},{frame_file}")
    ours = Stylizer(str(two[0]))
    frame = scene(64, 48, 1)
    code = stranger.encode(frame)
    with pytest.raises(StyleError, match="encode the style with this model"):
        ours(frame, code)
    with pytest.raises(StyleError, match="encode both with one model"):
        ours.encode(frame).blend(code, 0.5)


def test_a_style_code_is_one_line_in_a_notebook() -> None:
    code = StyleCode("litert-0123456789ab", (np.zeros((1, 1, 1, 100), np.float32),))
    assert repr(code) == "<StyleCode of litert-0123456789ab: float32 1×1×1×100>"
    many = StyleCode("hub-1", tuple(np.zeros((1, 1, 1, 32), np.float32) for _ in range(26)))
    assert repr(many) == "<StyleCode of hub-1: float32 1×1×1×32 and 25 more>"


# A crash as the engine starts


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(realtime.__file__).parent.parent,
    )


@pytest.mark.skipif(sys.platform == "win32", reason="a crash has a negative exit status on POSIX alone")
@pytest.mark.parametrize("end", ["os.abort()", "os.kill(os.getpid(), 9)"])
def test_the_reason_of_a_crash_reaches_standard_error(end: str) -> None:
    done = run_python(f"""
        import os
        from realtime.models.native_output import without_announcements
        with without_announcements("an engine"):
            os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\n")
            os.write(2, b"F0000 CHECK failed: out of memory, the reason of the crash\\n")
            {end}
    """)
    assert done.returncode < 0
    assert done.stderr == "F0000 CHECK failed: out of memory, the reason of the crash\n"


def test_an_engine_that_fails_leaves_a_model_that_works() -> None:
    engine = Fake(EngineSpec())
    model = model_of(engine)
    frame = scene(64, 48, 1)
    code = model.encode(frame)
    run = engine.run

    def fail(inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        raise ModelError("out of memory")

    engine.run = fail  # type: ignore[method-assign]
    with pytest.raises(ModelError, match="out of memory"):
        model.stylize(frame, code)
    engine.run = run  # type: ignore[method-assign]
    assert np.array_equal(model.stylize(frame, code), 255 - frame)


def test_streams_of_two_sizes_do_not_make_the_network_ready_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    stylizer = Stylizer("lite", threads=1)
    code = stylizer.encode(scene(256, 256, 5))
    frames = [scene(160, 120, 0), scene(203, 95, 1)]
    for _ in range(2):  # that sizes take turns is seen when the first one comes back
        expected = [stylizer(frame, code) for frame in frames]
    resized: list[object] = []
    monkeypatch.setattr(Network, "resize", lambda network, size: resized.append(size))
    for _ in range(3):
        for frame, wanted in zip(frames, expected, strict=True):
            assert np.array_equal(stylizer(frame, code), wanted)
    assert resized == []
    monkeypatch.undo()
    for size in (
        (64, 48),
        (160, 120),
        (1600, 1200),
        (64, 48),
        (203, 95),
        (160, 120),
    ):  # one after the other, some again
        stylizer(scene(*size, 2), code)
    assert np.array_equal(stylizer(frames[0], code), expected[0])


def test_a_size_that_replaces_another_needs_no_second_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where quality lowers the lines step by step: a second network would take tens of megabytes for nothing."""
    stylizer = Stylizer("lite", threads=1)
    code = stylizer.encode(scene(64, 64, 0))
    made: list[object] = []
    load = Network.__init__

    def make(network: Network, file: Path, threads: int) -> None:
        made.append(file)
        load(network, file, threads)

    monkeypatch.setattr(Network, "__init__", make)
    for height in (120, 112, 104, 96, 104, 112):
        assert stylizer(scene(160, height, 1), code).shape == (height, 160, 3)
    assert len(made) <= 1  # 104 came back
    made.clear()
    for height in (112, 104, 112, 104):  # seconds apart, as quality goes down and up
        for _ in range(40):
            stylizer(scene(160, height, 1), code)
    assert not made


def test_the_style_network_is_loaded_when_a_style_has_to_be_encoded() -> None:
    stylizer = Stylizer("lite", threads=1)
    style = stylizer.model.style  # type: ignore[attr-defined]
    assert isinstance(style, LiteRTStyle) and style._loaded is None
    with_it = LiteRTStyle(LITE / "style.tflite", 1)
    assert (style.identity, style.size) == (with_it.identity, with_it.size)
    picture = scene(64, 64, 0)
    assert np.array_equal(stylizer.encode(picture).arrays[0], with_it.encode(picture).arrays[0])
    assert style._loaded is not None


def test_the_style_network_is_let_go_of_when_no_style_was_encoded_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    stylizer = Stylizer("lite", threads=1)
    style = stylizer.model.style  # type: ignore[attr-defined]
    picture = scene(64, 64, 0)
    code = stylizer.encode(picture)
    stylizer.model.rest()
    assert style._loaded is not None, "the next picture may come at once"
    monkeypatch.setattr("realtime.models.litert._REST_SECONDS", 0.0)
    stylizer.model.rest()
    assert style._loaded is None
    assert np.array_equal(stylizer.encode(picture).arrays[0], code.arrays[0])
    with_it = LiteRTStyle(LITE / "style.tflite", 1)
    with_it.rest()
    assert with_it._loaded is not None, "what was there from the start stays"


def test_a_code_of_the_wrong_length_is_refused() -> None:
    stylizer = Stylizer("lite", threads=1)
    code = StyleCode(stylizer.model.identity, (np.zeros(7, np.float32),))
    with pytest.raises(StyleError, match=r"7 numbers, but frame\.tflite takes 100; encode the style again"):
        stylizer(scene(64, 48, 1), code)
