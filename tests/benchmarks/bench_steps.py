"""What every step of the way of a frame costs, in milliseconds of processor time. Not a test: it prints figures.

    python tests/benchmarks/bench_steps.py [--size 1280x720] [--brush .75] [--rounds 40]

Processor time counts on a machine that does other work, too, but grows with it, since caches are shared: the median and the
least of the rounds are given.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import cv2
import numpy as np

from realtime.core.frame import Frame, Picture
from realtime.core.geometry import flipped
from realtime.look.brush import share_seen
from realtime.look.colours import own_colours
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.look.steady import Steady
from realtime.models.stylizer import Stylizer
from realtime.models.upsample import smaller, upsample
from realtime.sinks.hud import draw
from realtime.sinks.replay import QUALITY
from realtime.sources.scene import Scene

COUNT = 12


def to_and_fro(number: int) -> int:
    """The number of a frame: a jump back to the first would be a cut."""
    return abs(number % (2 * COUNT - 2) - (COUNT - 1))


def measure(name: str, step: Callable[[int], object], rounds: int) -> None:
    took = []
    for number in range(rounds + 4):
        begin = time.process_time()
        step(number)
        took.append(1000 * (time.process_time() - begin))
    print(f"  {name:34}{statistics.median(took[4:]):8.2f}{min(took[4:]):8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--brush", type=float, default=0.75)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    scene, rng = Scene((width, height)), np.random.default_rng(0)
    frames: list[Picture] = []
    for k in range(COUNT):
        picture = scene.draw(3 + k / 30)
        frames.append(cv2.add(picture, rng.integers(0, 6, picture.shape, np.uint8)))  # type: ignore[arg-type]
    stylizer = Stylizer("lite")
    code = stylizer.encode(scene.draw(33.0))
    share = share_seen(frames[0], options.brush)
    small = [smaller(frame, share) for frame in frames]
    painted = [stylizer(picture, code) for picture in small]
    large = [upsample(p, s, f) if s is not f else p for p, s, f in zip(painted, small, frames, strict=True)]
    steady = Steady()
    print(f"{options.size}, the model sees {small[0].shape[1]}x{small[0].shape[0]}: processor ms, median and least")
    steps: dict[str, Callable[[int], object]] = {
        "mirror": lambda n: flipped(frames[to_and_fro(n)]),
        "smaller": lambda n: smaller(frames[to_and_fro(n)], share),
        "model": lambda n: stylizer(small[to_and_fro(n)], code),
        "own colours": lambda n: own_colours(painted[to_and_fro(n)], small[to_and_fro(n)], 1.0),
        "steady": lambda n: steady(painted[to_and_fro(n)], small[to_and_fro(n)], 1.0, n / 30),
        "upsample": lambda n: upsample(painted[to_and_fro(n)], small[to_and_fro(n)], frames[to_and_fro(n)]),
        "heads-up line": lambda n: draw(large[to_and_fro(n)], "3/18 wave  ·  steady 100%  ·  30 fps"),
        "JPEG, for the last seconds": lambda n: cv2.imencode(
            ".jpg", large[to_and_fro(n)], (cv2.IMWRITE_JPEG_QUALITY, QUALITY)
        ),
    }
    for name, step in steps.items():
        measure(name, step, options.rounds)
    for amounts in ({}, {"steady": 1.0}, {"steady": 1.0, "own_colours": 1.0}):
        look = Look((("a", 1.0),), brush=options.brush, **amounts)
        pipeline = Pipeline(stylizer, lambda name: code)

        def whole(number: int, pipeline: Pipeline = pipeline, look: Look = look) -> object:
            return pipeline.paint(Frame(frames[to_and_fro(number)], number / 30), look)

        measure(f"pipeline, {', '.join(amounts) or 'plain'}", whole, options.rounds)


if __name__ == "__main__":
    main()
