"""How fast a model is here, measured against others in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from realtime.core.frame import Size
from realtime.models.model import Model
from realtime.sources.scene import Scene


@dataclass(frozen=True, slots=True)
class Timing:
    """Medians for one model, in milliseconds: encoding a style, and stylizing one frame, uint8 in and out."""

    model: str
    encode_ms: float
    frame_ms: float


def bench(models: Sequence[Model], size: Size, rounds: int = 20) -> list[Timing]:
    """Time each model on a frame of `size` (width, height).

    The models take turns, round by round, so that a machine that slows down slows all of them. Of two frames in a row the
    second counts: live, frame follows frame, and none finds the memory full of another model's.
    """
    scene = Scene(size)
    frame, style = scene.draw(12.0), scene.draw(33.0)
    codes = [model.encode(style) for model in models]
    encodes: list[list[float]] = [[] for _ in models]
    frames: list[list[float]] = [[] for _ in models]
    for number in range(rounds + 1):
        for index, model in enumerate(models):
            begin = time.perf_counter()
            model.encode(style)
            encoded = time.perf_counter()
            model.stylize(frame, codes[index])
            before = time.perf_counter()
            model.stylize(frame, codes[index])
            end = time.perf_counter()
            if number:  # the first round warms up
                encodes[index].append(encoded - begin)
                frames[index].append(end - before)
    return [
        Timing(model.description, statistics.median(encode) * 1000, statistics.median(frame) * 1000)
        for model, encode, frame in zip(models, encodes, frames, strict=True)
    ]
