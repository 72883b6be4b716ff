"""How fast files are painted: `python tests/benchmarks/bench_render.py [WIDTHxHEIGHT [STYLE]]`. Not a test: it prints times.

It takes turns between `lite` alone, called for one picture after the other as fast as it goes, and `realtime render` from
an H.264 file of a minute to another, reading, painting and writing, and says what share of the model's speed the whole has: of
the speeds right before and right after, since machines get faster and slower.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

# isort: split
import av
import numpy as np

from realtime.look.look import Look
from realtime.models.litert import leave_cores_to_model
from realtime.models.stylizer import Stylizer
from realtime.render.batch import workers
from realtime.render.progress import Quiet
from realtime.render.rendering import Rendering
from realtime.render.schedule import Schedule
from realtime.render.task import Task
from realtime.sources.scene import Scene
from realtime.styles.library import StyleLibrary

FRAMES = 1800
ALONE = 300


def clip(path: Path, width: int, height: int) -> list[np.ndarray]:
    """A file of the demo scene at 30 frames a second, and its first pictures."""
    scene, pictures = Scene((width, height)), []
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=30, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(FRAMES):
            picture = scene.draw(index / 30)
            pictures += [picture] if index < ALONE else []
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return pictures


def main(width: int, height: int, style: str, rounds: int = 5) -> None:
    leave_cores_to_model()  # as the command does
    with tempfile.TemporaryDirectory() as name, Stylizer("lite") as stylizer:
        folder = Path(name)
        pictures = clip(folder / "in.mp4", width, height)
        library = StyleLibrary(stylizer, cache=folder)
        code = library.code(library.find(style))
        schedules = {
            "rendered": Schedule(Look(((style, 1.0),))),
            "rendered, held steady": Schedule(Look(((style, 1.0),), steady=0.7)),
        }
        teams = {name: workers("lite", stylizer, 1, schedule.remembers)[0] for name, schedule in schedules.items()}
        speeds: dict[str, list[float]] = {name: [] for name in ("lite alone", *schedules)}
        shares: dict[str, list[float]] = {name: [] for name in schedules}

        def alone() -> float:
            """Seconds for a picture."""
            begin = time.perf_counter()
            for picture in pictures:
                stylizer(picture, code)
            return (time.perf_counter() - begin) / len(pictures)

        alone()  # warms up
        for _ in range(rounds):
            before = alone()
            for name, schedule in schedules.items():
                task = Task(str(folder / "in.mp4"), folder / "out.mp4", schedule, force=True)
                begin = time.perf_counter()
                Rendering(task, teams[name], library.code, Quiet().watch("", "")).run()
                whole = (time.perf_counter() - begin) / FRAMES
                after = alone()
                shares[name].append((before + after) / 2 / whole)
                speeds[name].append(1 / whole)
                speeds["lite alone"].append(2 / (before + after))
                before = after
    print(f"{width}×{height}, {style}, medians of {rounds} rounds in which they take turns")
    for name, found in speeds.items():
        share = f"  ({across(shares[name])} of lite alone)" if name in shares else ""
        print(f"{statistics.median(found):7.1f} frames a second  {name}{share}")


def across(values: list[float]) -> str:
    return f"{statistics.median(values):.2f}, {min(values):.2f} to {max(values):.2f},"


if __name__ == "__main__":
    size = sys.argv[1] if len(sys.argv) > 1 else "640x360"
    width, height = map(int, size.split("x"))
    main(width, height, style=sys.argv[2] if len(sys.argv) > 2 else "wave")
