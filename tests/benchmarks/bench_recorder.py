"""What recording costs, and what it keeps; figures on the terminal. Not a test: times of a busy machine prove nothing.

python tests/benchmarks/bench_recorder.py cost [WxH]   the live rate with and without a clip, and with the last seconds kept
python tests/benchmarks/bench_recorder.py kill         kill -9 at 20 random moments: what is lost
python tests/benchmarks/bench_recorder.py sync         10 minutes with a sound card that runs 0.1 % fast: how far sound is off
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2  # noqa: F401  before av, always

sys.path.insert(0, str(Path(__file__).parents[2]))

from realtime.core.events import Event


def cost(size: tuple[int, int], rounds: int = 4, seconds: float = 7.0) -> None:
    """Sessions without, with a clip, and with the last seconds kept take turns."""
    from realtime.live.outputs import Saving
    from realtime.live.session import LiveSession
    from realtime.models.stylizer import Stylizer
    from realtime.sources.demo import DemoSource
    from realtime.styles.library import StyleLibrary

    rates: dict[str, list[float]] = {"without": [], "a clip": [], "the last seconds": []}
    with Stylizer("lite") as stylizer, tempfile.TemporaryDirectory() as folder:
        library = StyleLibrary(stylizer, ())
        for name in library.names:
            library.code(name)  # now, since a session would do it in its first seconds
        for turn in range(rounds):
            for kind, found in rates.items():
                clip = Path(folder) / f"{turn}.mp4" if kind == "a clip" else None
                with DemoSource(size, 30) as source:
                    said: list[str] = []
                    session = LiveSession(stylizer, library)
                    session.events.subscribe(_texts_to(said))
                    saving = Saving(record=clip, replay=kind == "the last seconds")
                    session.save(session.add(source), saving, windowed=False)
                    figures = session.run(seconds=seconds)
                found.append(figures.shown_fps)
                print(
                    f"{kind}: {figures.shown_fps:.1f} a second, model {figures.model_ms:.1f} ms {said[-1:]}", flush=True
                )
    base = statistics.median(rates["without"])
    for kind, found in rates.items():
        print(f"{size[0]}x{size[1]} {kind}: {statistics.median(found) / base:.2f} of the live rate")


def _texts_to(said: list[str]) -> Callable[[Event], None]:
    return lambda event: said.append(event.text)


def kill(times: int = 20) -> None:
    """Each clip is recorded in real time, so that what waits for the encoder and the disk counts."""
    from test_recorder import killed_at

    rng, lost = random.Random(5), []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(times):
            after = rng.uniform(1.0, 5.0)
            written, kept = killed_at(Path(folder) / f"{turn}.mp4", after)
            lost.append(written - kept)
            print(
                f"killed after {after:.2f} s: {written:.2f} s written, {kept:.2f} s kept, {written - kept:.2f} s lost"
            )
    print(f"the most that was lost: {max(lost):.2f} s, median {statistics.median(lost):.2f} s")


def sync() -> None:
    """Flashes and beeps at the same true moments; how far apart they are in the clip."""
    from test_recorder import flashes_and_beeps

    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        apart = flashes_and_beeps(Path(folder) / "clip.mp4", 600, 30)
        print(f"sound after picture, ms: {[round(1000 * x) for x in apart]}; {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["cost"]
    if what == "cost":
        width, height = (rest[0] if rest else "1280x720").split("x")
        cost((int(width), int(height)))
    else:
        {"kill": kill, "sync": sync}[what]()
