"""How long the first picture takes and what memory it takes, and what converting pictures costs. Not a test: it prints figures.

    python tests/benchmarks/bench_start.py [--model MODEL]

From the start of a process to its first stylized frame of 640×480, a style encoded on the way; and the time of a frame, uint8
in and out, against that of its network alone, taking turns.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time

from turns import in_turns

from realtime.media.gallery import shipped_folder
from realtime.models.litert import LiteRTEngine
from realtime.models.model import EngineModel
from realtime.models.stylizer import Stylizer
from realtime.sources.scene import Scene

STARTS = 9
ROUNDS = 40
FIRST = """
import sys

import cv2
import numpy as np

import realtime

stylizer = realtime.Stylizer(sys.argv[1])
code = stylizer.encode(cv2.imread(sys.argv[2]))
picture = stylizer(np.full((480, 640, 3), 90, np.uint8), code)
assert picture.shape == (480, 640, 3)
print("painted", flush=True)
sys.stdin.readline()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Start-up time, memory, and the cost of converting pictures.")
    parser.add_argument("--model", default="lite")
    options = parser.parse_args()
    starts = [first(options.model) for _ in range(STARTS)]
    seconds, memory = (statistics.median(column) for column in zip(*starts, strict=True))
    print(f"process start to first frame: {seconds:.2f} s (median of {STARTS}), then {memory:.0f} MB resident")
    with Stylizer(options.model) as stylizer:
        if isinstance(stylizer.model, EngineModel) and isinstance(stylizer.model.frame, LiteRTEngine):
            conversion(stylizer.model, stylizer.model.frame)


def first(model: str) -> tuple[float, float]:
    """Seconds from the start of a process to its first picture, and the megabytes that it then occupies."""
    import psutil

    begin = time.perf_counter()
    command = [sys.executable, "-c", FIRST, model, str(shipped_folder() / "wave.jpg")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        said = process.stdout.readline()
        seconds = time.perf_counter() - begin
        if said != "painted\n":
            raise SystemExit("the process painted nothing")
        memory = psutil.Process(process.pid).memory_info().rss / 1e6
        process.stdin.close()
    return seconds, memory


def conversion(model: EngineModel, engine: LiteRTEngine) -> None:
    """What a frame takes beyond its network."""
    frame = Scene((640, 480)).draw(12.0)
    code = model.encode(Scene((640, 480)).draw(33.0))
    model.stylize(frame, code)
    tasks = {"frame": lambda: model.stylize(frame, code), "network": engine.network._interpreter.invoke}
    took = {name: statistics.median(times) * 1000 for name, times in in_turns(tasks, ROUNDS, 5).items()}
    share = took["frame"] / took["network"] - 1
    print(
        f"a frame, uint8 in and out: {took['frame']:.1f} ms, its network alone {took['network']:.1f} ms (+{share:.0%})"
    )


if __name__ == "__main__":
    main()
