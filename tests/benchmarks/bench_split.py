"""What splitting a Hub module is worth: `python tests/benchmarks/bench_split.py [WIDTHxHEIGHT]`. Not a test: it prints times.

It builds a module of Magenta's published architecture at full width with random weights, and takes turns between the whole
call, as every script makes it, the frame half after the split, and `lite`. Then it says how far the two are apart.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import hub_module
import numpy as np
import tensorflow as tf

from realtime.diagnose.timing import in_turns
from realtime.models.fitting import style_input
from realtime.models.registry import open_model
from realtime.models.split_graph import split
from realtime.sources.scene import Scene


def main(width: int, height: int, rounds: int = 15) -> None:
    with tempfile.TemporaryDirectory() as folder:
        hub_module.save(Path(folder), 1.0)
        module = tf.saved_model.load(folder)
        magenta = open_model(folder)
    lite = open_model("lite")
    frame, style = Scene((width, height)).draw(12.0), Scene((256, 256)).draw(33.0)
    content = np.float32(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))[np.newaxis] / np.float32(255)
    magenta_code, lite_code = magenta.encode(style), lite.encode(style)
    tasks: dict[str, Callable[[], object]] = {
        "the whole call": lambda: module(tf.constant(content), tf.constant(style_input(style)))[0].numpy(),
        "one frame after the split": lambda: magenta.stylize(frame, magenta_code),
        "one frame with lite": lambda: lite.stylize(frame, lite_code),
    }
    took = in_turns(tasks, rounds, warm=2)
    medians = {name: statistics.median(laps.wall) for name, laps in took.items()}
    print(f"{width}×{height}, medians of {rounds} rounds in which they take turns")
    for name, seconds in medians.items():
        print(f"{seconds * 1000:8.1f} ms  {name}  ({seconds / medians['the whole call']:.3f} of the whole call)")

    style_half, frame_half, tensors = split(module.signatures["serving_default"], "placeholder", "placeholder_1")
    whole = module(tf.constant(content), tf.constant(style_input(style)))[0]
    apart = tf.reduce_max(
        tf.abs(frame_half(tf.constant(content), *style_half(tf.constant(style_input(style)))) - whole)
    )
    print(f"split at {tensors} tensors; largest difference to the whole call: {float(apart):g}")


if __name__ == "__main__":
    size = sys.argv[1] if len(sys.argv) > 1 else "256x256"
    main(*(int(side) for side in size.split("x")))
