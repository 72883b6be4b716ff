"""How fast this machine is, honestly: models, the steps of a frame, live sessions, the start; with medians and spread."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from realtime import __version__
from realtime.core.errors import RealtimeError, UsageError
from realtime.core.frame import Size
from realtime.diagnose import machine
from realtime.diagnose.live_runs import LivePlan, LiveRun, measure_live
from realtime.diagnose.machine import Machine, Watch
from realtime.diagnose.peers import open_peers
from realtime.diagnose.speeds import Speed, measure_speeds, said
from realtime.diagnose.start import Start, measure_start
from realtime.diagnose.steps import Step, measure_steps
from realtime.diagnose.timing import Spread
from realtime.models import registry
from realtime.models.device import on_device
from realtime.models.litert import physical_cores
from realtime.models.model import Model
from realtime.models.stylizer import Stylizer

T = TypeVar("T")

SCHEMA = 1
"""The version of the JSON: raised when a field changes its meaning or goes."""
SECTIONS = frozenset({"models", "steps", "live", "start"})
SIZES: tuple[Size, ...] = ((640, 480), (1280, 720), (1920, 1080))


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        rounds: The most rounds of each task.
        seconds: How long one task may take in all its rounds.
        products: Matrix products before and after everything else.
        steps: The sizes at which steps are timed.
        live: The live sessions.
        live_seconds: How long each session runs.
        live_runs: How many sessions of each plan.
        starts: How many processes are started.
    """

    rounds: int
    seconds: float
    products: int
    steps: tuple[Size, ...]
    live: tuple[LivePlan, ...]
    live_seconds: float
    live_runs: int
    starts: int


QUICK = Effort(
    rounds=20,
    seconds=1.5,
    products=7,
    steps=((1280, 720),),
    live=(LivePlan("clip", (1280, 720), steady=1.0), LivePlan("demo", (640, 480))),
    live_seconds=5.0,
    live_runs=1,
    starts=5,
)
"""About half a minute."""
FULL = Effort(
    rounds=60,
    seconds=10.0,
    products=15,
    steps=SIZES,
    live=(
        LivePlan("clip", (640, 480), 60.0),
        LivePlan("clip", (1280, 720), steady=1.0),
        LivePlan("clip", (1920, 1080), steady=1.0),
        LivePlan("demo", (640, 480)),
        LivePlan("demo", (1280, 720), steady=1.0),
        LivePlan("demo", (1920, 1080), steady=1.0),
    ),
    live_seconds=30.0,
    live_runs=3,
    starts=9,
)
"""About ten minutes."""


@dataclass(slots=True)
class Report:
    """Everything that was measured; times are milliseconds, sizes pixels (width, height).

    Attributes:
        program: The version of this program.
        begun: When, in the local time of the machine, as ISO 8601 has it.
        machine: The machine.
        threads: Threads of the networks and of the matrix product.
        peak: 10⁹ floating-point operations a second of the matrix product; None where it could not be measured.
        others: The share of all cores that other programs used meanwhile, 0..1.
        busy: Why the figures are not to be trusted; empty where nothing was found.
        models: Every model at every size.
        steps: The steps of a frame's way, with the first model that works.
        live: Live sessions with that model.
        start: The start of the program with that model.
        failures: What was asked for and could not be measured, and why.
    """

    program: str
    begun: str
    machine: Machine
    threads: int
    peak: Spread | None = None
    others: float = 0.0
    busy: str = ""
    models: list[Speed] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    live: list[LiveRun] = field(default_factory=list)
    start: Start | None = None
    failures: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        """Give the report as JSON, with its `schema`."""
        fields: dict[str, Any] = {"schema": SCHEMA, **asdict(self)}
        return json.dumps(fields, indent=1, ensure_ascii=False) + "\n"


def measure(
    models: Sequence[str],
    sizes: Sequence[Size] = SIZES,
    effort: Effort = QUICK,
    sections: Collection[str] = SECTIONS,
    say: Callable[[str], None] = lambda text: None,
    device: str = "auto",
) -> Report:
    """Measure this machine. A model that fails is a line of the report; the others are measured all the same.

    Args:
        models: The models, as `--model` has them; the first that works is the one of steps, live sessions and start.
        sizes: The sizes of frames at which models are timed.
        effort: How much is measured.
        sections: What is measured, of `SECTIONS`.
        say: Is told what is being measured.
        device: What paints: "cpu", "gpu", or "auto", which is the GPU where there is one that works, and the CPU as well.

    Returns:
        The report.

    Raises:
        UsageError: There is no model of a name.
        KeyboardInterrupt: Ctrl-C.
    """
    threads = physical_cores()
    report = Report(__version__, time.strftime("%Y-%m-%dT%H:%M:%S%z"), machine.look(), threads)
    watch = Watch()
    with ExitStack() as stack:
        opened = _opened(models, device, report, stack)
        if "models" in sections:  # only they have a share of the peak
            for peer in open_peers([model for _, model in opened], threads, report.failures):
                stack.callback(peer.close)
                opened.append(("", peer))
        products = _products(threads, effort, report)
        if "models" in sections:
            say("models")
            known = Spread.of(products).median if products else None
            named = {f"{number}": model for number, (_, model) in enumerate(opened)}
            report.models = measure_speeds(named, sizes, effort.rounds, effort.seconds, known)
            report.failures += dict.fromkeys(f"{row.model}: {row.error}" for row in report.models if row.error)
        broken = {row.model for row in report.models if row.error}
        works = [(text, model) for text, model in opened if text and model.description not in broken]
        if works:
            _measure_whole(*works[0], device, effort, sections, report, say)
        products += _products(threads, effort, report)
    report.peak = Spread.of(products) if products else None
    report.others = watch.others()
    report.busy = machine.busy(report.others, report.peak)
    return report


def _opened(models: Sequence[str], device: str, report: Report, stack: ExitStack) -> list[tuple[str, Model]]:
    """Open the models, and note those that cannot be; one that a GPU paints is there for the CPU as well, without a name."""
    opened: list[tuple[str, Model]] = []
    for text in dict.fromkeys(models):
        try:
            model = registry.open_model(text)
        except UsageError:
            raise
        except Exception as error:  # an engine of another package, or one that its driver fails
            report.failures.append(f"{text}: {said(error)}")
            continue
        try:
            model = on_device(model, device)
            opened.append((text, model))
            if model.on_gpu and device == "auto":
                opened.append(("", on_device(registry.open_model(text), "cpu")))
                stack.callback(opened[-1][1].close)
        except Exception as error:  # a driver's
            report.failures.append(f"{text}: {said(error)}")
        stack.callback(model.close)
    return opened


def _products(threads: int, effort: Effort, report: Report) -> list[float]:
    try:
        return machine.peak(threads, effort.products)
    except RealtimeError as error:
        report.failures.append(str(error))
        return []


def _measure_whole(
    text: str,
    model: Model,
    device: str,
    effort: Effort,
    sections: Collection[str],
    report: Report,
    say: Callable[[str], None],
) -> None:
    """Measure what is measured with one model alone; one thing that fails ends none of the others."""

    def attempt(section: str, name: str, job: Callable[[], T]) -> list[T]:
        if section not in sections:
            return []
        say(name)
        try:
            return [job()]
        except Exception as error:  # a model of any package runs here
            report.failures.append(f"{name}: {said(error)}")
            return []

    stylizer = Stylizer(model)
    for size in effort.steps:
        job = partial(measure_steps, stylizer, size, effort.rounds, effort.seconds)
        for found in attempt("steps", f"steps at {size[0]}×{size[1]}", job):
            report.steps += found
    with tempfile.TemporaryDirectory(prefix="realtime-", ignore_cleanup_errors=True) as folder:
        for plan in effort.live:
            run = partial(measure_live, text, device, plan, effort.live_seconds, effort.live_runs, Path(folder))
            report.live += attempt("live", f"live, {plan.name}", run)
    report.start = next(iter(attempt("start", "start", partial(measure_start, text, effort.starts))), None)
