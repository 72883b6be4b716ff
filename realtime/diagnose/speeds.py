"""How fast models are: a style, and a frame of several sizes, the models taking turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from realtime.core.errors import RealtimeError
from realtime.core.frame import Picture, Size
from realtime.diagnose.timing import Laps, Spread, in_turns
from realtime.models.base import StyleCode
from realtime.models.model import EngineModel, Model
from realtime.models.native_output import first_line
from realtime.sources.scene import Scene


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast one model is at one size.

    Attributes:
        model: The model's description.
        size: Width and height of the frame, in pixels.
        frame: Milliseconds of a frame, uint8 in and out; None where the model failed.
        network: Milliseconds of the network alone, without layout, grain and the conversion of the painting; None where the
            model cannot tell.
        style: Milliseconds of a style; None where the model failed.
        operations: Floating-point operations of the network for a frame; None where they are not known.
        share: The share of the processor's peak that the network reaches; None where it is not known, and off the CPU.
        times: How many times as long a frame takes as with the first model.
        error: Why the model failed; empty otherwise.
    """

    model: str
    size: Size
    frame: Spread | None = None
    network: Spread | None = None
    style: Spread | None = None
    operations: int | None = None
    share: float | None = None
    times: float | None = None
    error: str = ""


def measure_speeds(
    models: Mapping[str, Model], sizes: Sequence[Size], rounds: int, seconds: float, peak: float | None
) -> list[Speed]:
    """Time every model at every size.

    Args:
        models: The models, by a name of each.
        sizes: Widths and heights of frames, in pixels.
        rounds: The most rounds.
        seconds: How long a model may take at one size before it gets no more rounds.
        peak: 10⁹ floating-point operations a second that the processor reaches in a matrix product; None where not known.

    Returns:
        A line for each size and model; one for a model that fails says why.
    """
    style = Scene((640, 480)).draw(33.0)
    encoded = in_turns({name: partial(model.encode, style) for name, model in models.items()}, rounds, seconds=seconds)
    codes = {name: models[name].encode(style) for name, laps in encoded.items() if not laps.error}
    rows = []
    for size in sizes:
        frame = Scene(size).draw(12.0)
        failed = {name: laps.error for name, laps in encoded.items() if laps.error}
        tasks: dict[tuple[str, str], Callable[[], object]] = {}
        for name, code in codes.items():
            try:
                tasks |= _tasks(name, models[name], frame, code)
            except Exception as error:  # a model of any package may run here
                failed[name] = error
        laps = in_turns(tasks, rounds, seconds=seconds, twice=True)
        failed |= {name: lap.error for (name, _), lap in laps.items() if lap.error}
        found = []
        for name, model in models.items():
            if name in failed:
                found.append(Speed(model.description, size, error=said(failed[name])))
            else:
                found.append(_speed(model, size, laps[name, "frame"], laps.get((name, "network")), encoded[name], peak))
        rows += _compared(found)
    return rows


def said(error: Exception) -> str:
    """Give a line for a failure, whoever raised it."""
    return first_line(error) if isinstance(error, RealtimeError) else f"{type(error).__name__}: {first_line(error)}"


def _tasks(name: str, model: Model, frame: Picture, code: StyleCode) -> dict[tuple[str, str], Callable[[], object]]:
    """Give what is timed of a model: a frame, and the network alone where the model can run it alone."""
    tasks: dict[tuple[str, str], Callable[[], object]] = {(name, "frame"): partial(model.stylize, frame, code)}
    if isinstance(model, EngineModel):
        tasks[name, "network"] = model.network(frame, code)
    return tasks


def _speed(model: Model, size: Size, frame: Laps, network: Laps | None, style: Laps, peak: float | None) -> Speed:
    alone = Spread.of(network.wall, 1000) if network else None
    operations = model.operations(size) if isinstance(model, EngineModel) else None
    share = None
    if operations and alone and peak and isinstance(model, EngineModel) and model.frame.spec.device == "the CPU":
        share = operations / (alone.median / 1000) / (peak * 1e9)
    return Speed(
        model.description, size, Spread.of(frame.wall, 1000), alone, Spread.of(style.wall, 1000), operations, share
    )


def _compared(rows: Sequence[Speed]) -> list[Speed]:
    """Fill in how many times as long each model takes as the first one that works."""
    first = next((row.frame.median for row in rows if row.frame), None)
    return [replace(row, times=row.frame.median / first) if row.frame and first else row for row in rows]
