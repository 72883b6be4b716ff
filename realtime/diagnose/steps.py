"""What every step of the way of a frame takes, on the clock and of the processor."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from realtime.core.frame import Frame, Picture, Size
from realtime.core.geometry import flipped
from realtime.diagnose.timing import Spread, in_turns
from realtime.look.brush import share_seen
from realtime.look.colours import own_colours
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.look.steady import Steady
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.models.upsample import smaller, upsample
from realtime.sinks.hud import draw
from realtime.sinks.jpegs import QUALITY
from realtime.sinks.view import side_by_side
from realtime.sources.scene import Scene

LINES = 360
"""Lines of the frame that the model sees here: fewer than a frame of 480p has, so that every step has work to do."""
_COUNT = 12  # frames, shown to and fro
_EFFECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "steady": {"steady": 1.0},
    "steady, own colours": {"steady": 1.0, "own_colours": 1.0},
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way of a frame, or the whole pipeline.

    Attributes:
        name: The step.
        size: Width and height of the frame, in pixels.
        wall: Milliseconds on the clock.
        cpu: Milliseconds of processor time, of all threads.
    """

    name: str
    size: Size
    wall: Spread
    cpu: Spread


def measure_steps(stylizer: Stylizer, size: Size, rounds: int, seconds: float) -> list[Step]:
    """Time the steps one after the other, in turns, on frames of the demo scene with a camera's noise.

    Args:
        stylizer: The model.
        size: Width and height of the frames, in pixels.
        rounds: The most rounds.
        seconds: How long one step may take before it gets no more rounds.

    Returns:
        The steps in the order of a frame's way, then the whole pipeline without and with its effects.
    """
    laps = in_turns(_tasks(stylizer, size), rounds, warm=2, seconds=seconds)
    for lap in laps.values():
        if lap.error:
            raise lap.error
    return [Step(name, size, Spread.of(lap.wall, 1000), Spread.of(lap.cpu, 1000)) for name, lap in laps.items()]


def _tasks(stylizer: Stylizer, size: Size) -> dict[str, Callable[[], object]]:
    scene, rng = Scene(size), np.random.default_rng(0)
    frames: list[Picture] = []
    for k in range(_COUNT):
        picture = scene.draw(3 + k / 30)
        frames.append(cv2.add(picture, rng.integers(0, 6, picture.shape, np.uint8)))  # type: ignore[arg-type]
    code = stylizer.encode(scene.draw(33.0))
    brush = LINES / 480
    small = [smaller(frame, share_seen(frame, brush)) for frame in frames]
    painted = [stylizer(picture, code) for picture in small]
    large = [upsample(p, s, f) if s is not f else p for p, s, f in zip(painted, small, frames, strict=True)]
    jpeg = cv2.imencode(".jpg", frames[0], (cv2.IMWRITE_JPEG_QUALITY, 90))[1]
    look = Look((("a", 1.0),), brush=brush)
    latest = Stylized(Frame(frames[0], 0.0), large[0], look, 0.0)
    steady = Steady()
    steps: dict[str, Callable[[int], object]] = {
        "demo scene drawn": lambda n: scene.draw(3 + n / 30),
        "camera's JPEG decoded": lambda n: cv2.imdecode(jpeg, cv2.IMREAD_COLOR),
        "mirrored": lambda n: flipped(frames[_place(n)]),
        f"made smaller, to {LINES} lines": lambda n: smaller(frames[_place(n)], share_seen(frames[0], brush)),
        "model": lambda n: stylizer(small[_place(n)], code),
        "own colours": lambda n: own_colours(painted[_place(n)], small[_place(n)], 1.0),
        "steady": lambda n: steady(painted[_place(n)], small[_place(n)], 1.0, n / 30),
        "upsampled": lambda n: upsample(painted[_place(n)], small[_place(n)], frames[_place(n)]),
        "heads-up line": lambda n: draw(large[_place(n)], "3/18 wave  ·  steady 100%  ·  30 fps"),
        "compared side by side": lambda n: side_by_side(latest),
        "JPEG for the last seconds": lambda n: cv2.imencode(
            ".jpg", large[_place(n)], (cv2.IMWRITE_JPEG_QUALITY, QUALITY)
        ),
    }
    for name, effects in _EFFECTS.items():
        steps[f"pipeline, {name}"] = _pipeline(stylizer, code, frames, replace(look, **effects))
    return {name: _counting(step) for name, step in steps.items()}


def _pipeline(stylizer: Stylizer, code: StyleCode, frames: list[Picture], look: Look) -> Callable[[int], object]:
    pipeline = Pipeline(stylizer, lambda name: code, morph=0)
    return lambda number: pipeline.paint(Frame(frames[_place(number)], number / 30), look)


def _counting(step: Callable[[int], object]) -> Callable[[], object]:
    """Give a step the number of the frame: 0, 1, 2 and so on."""
    numbers = itertools.count()
    return lambda: step(next(numbers))


def _place(number: int) -> int:
    """Give the place of a frame: to and fro, since a jump back to the first frame would be a change of scene."""
    return abs(number % (2 * _COUNT - 2) - (_COUNT - 1))
