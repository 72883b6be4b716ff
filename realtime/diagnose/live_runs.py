"""Live sessions without a screen, measured: a clip at its own pace, and the demo."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from realtime.control.commands import Command
from realtime.control.quality import Quality
from realtime.control.settings import Settings
from realtime.core.frame import Picture, Size
from realtime.diagnose.child import LIMIT, run_python
from realtime.diagnose.timing import Spread
from realtime.live.outputs import Saving
from realtime.live.session import LiveSession
from realtime.look.look import Look
from realtime.media.clip_file import ClipFile
from realtime.media.codecs import QUICKEST, TICK, find_codec
from realtime.media.coders import Encoder
from realtime.models.stylizer import Stylizer
from realtime.sinks.base import Format
from realtime.sources.registry import open_source
from realtime.sources.scene import Scene
from realtime.styles.library import StyleLibrary

_CLIP_FRAMES = 60
_SESSION = """
import json

from realtime.diagnose.live_runs import run_session

print(json.dumps(run_session(sys.argv[1:])))
"""


@dataclass(frozen=True, slots=True)
class LivePlan:
    """A session to be measured: `source` is "clip" or "demo", `rate` its frames a second, `steady` as in a look."""

    source: str
    size: Size
    rate: float = 30.0
    steady: float = 0.0

    @property
    def name(self) -> str:
        """What a person calls it."""
        steady = f", steady {self.steady:g}" if self.steady else ""
        return f"{self.source} of {self.size[0]}×{self.size[1]} at {self.rate:g}{steady}"


@dataclass(frozen=True, slots=True)
class LiveRun:
    """Sessions of one plan, measured.

    Attributes:
        source: What was shown: "clip" or "demo".
        size: Width and height of the frames, in pixels.
        rate: Frames a second of the source.
        steady: The look's.
        seconds: How long each session ran.
        shown: Frames shown a second.
        latency: Milliseconds from capture to show, the medians of the sessions.
        latency_p95: The same, the 95th percentiles of the sessions.
        cpu: Milliseconds of processor time of the whole process, the source included, for each frame shown.
        quality: The share of the lines that the model saw at the end: automatic quality is on, as by default.
        memory_mb: The most resident memory after a session, in 10⁶ bytes.
    """

    source: str
    size: Size
    rate: float
    steady: float
    seconds: float
    shown: Spread
    latency: Spread
    latency_p95: Spread
    cpu: Spread
    quality: Spread
    memory_mb: float


class UnseenWindow:
    """A window without a screen: it is given pictures as the real window is, and shows them to nobody."""

    typing = False

    def __init__(self, size: Size) -> None:
        """Take the size (width, height) of what it would show, in pixels."""
        self.size = size

    def open(self, format: Format) -> None:
        """Do nothing: see `Window.open`."""

    def show(self, picture: Picture, waiting: bool = False, whole: bool = False) -> None:
        """Do nothing: see `Window.show`."""

    def full_screen(self, on: bool) -> None:
        """Do nothing: see `Window.full_screen`."""

    def commands(self) -> list[Command]:
        """Give no command: nobody types."""
        return []

    def close(self) -> None:
        """Do nothing: see `Window.close`."""


def measure_live(model: str, device: str, plan: LivePlan, seconds: float, runs: int, folder: Path) -> LiveRun:
    """Run sessions as `realtime` does, each in a process of its own: the last seconds kept, in a window without a screen.

    Args:
        model: The model, as `--model` has it.
        device: What paints, as `--device` has it.
        plan: What is shown.
        seconds: How long each session runs.
        runs: How many sessions.
        folder: Where the clip is made, if it is not there yet.

    Returns:
        What came of them.

    Raises:
        RealtimeError: A session fails.
    """
    path = folder / f"{plan.size[0]}x{plan.size[1]}-{plan.rate:g}.mp4"
    if plan.source == "clip" and not path.exists():
        scene = Scene(plan.size)
        write_clip(path, (scene.draw(3 + k / plan.rate) for k in range(_CLIP_FRAMES)), plan.size, plan.rate)
    source = str(path) if plan.source == "clip" else "demo"
    arguments = [model, device, source, *map(str, plan.size), str(plan.rate), str(plan.steady), str(seconds)]
    found = [
        json.loads(run_python(_SESSION, *arguments, limit=seconds + LIMIT, what=f"live, {plan.name}"))
        for _ in range(runs)
    ]
    figures = ("shown", "latency", "latency_p95", "cpu", "quality")
    spreads = {name: Spread.of([session[name] for session in found]) for name in figures}
    memory = max(session["memory"] for session in found)
    return LiveRun(plan.source, plan.size, plan.rate, plan.steady, seconds, **spreads, memory_mb=memory)


def run_session(arguments: Sequence[str]) -> dict[str, float]:
    """Run one session, in the process that `measure_live` starts.

    Args:
        arguments: Model, device, source, width, height, rate, steady and seconds.

    Returns:
        Frames shown a second, milliseconds of latency, of its 95th percentile and of processor time a frame, the share of the
        lines that the model saw at the end, and resident memory in 10⁶ bytes.

    Raises:
        RealtimeError: The session fails.
    """
    model, device, text = arguments[:3]
    width, height, rate, steady, seconds = map(float, arguments[3:])
    size = int(width), int(height)
    with Stylizer(model) as stylizer, open_source(text, size, rate) as source:
        stylizer.use(device, wait=False)
        library = StyleLibrary(stylizer)
        session = LiveSession(stylizer, library)
        quality = Quality()
        stream = session.add(source, Settings(Look(((library.first(), 1.0),), steady=steady)), quality=quality)
        session.save(stream, Saving(replay=True))
        used = time.process_time()
        figures = session.run(UnseenWindow(size), seconds=seconds)
        return {
            "shown": figures.shown_fps,
            "latency": figures.latency_ms,
            "latency_p95": figures.latency_p95_ms,
            "cpu": 1000 * (time.process_time() - used) / max(1, figures.shown),
            "quality": quality.share,
            "memory": psutil.Process().memory_info().rss / 1e6,
        }


def write_clip(path: Path, pictures: Iterable[Picture], size: Size, rate: float) -> None:
    """Write a clip of pictures in H.264.

    Args:
        path: The file, which must not exist; it ends with .mp4.
        pictures: uint8, H×W×3, BGR.
        size: Their width and height, in pixels.
        rate: Pictures a second.

    Raises:
        SinkError: It cannot be encoded or written.
    """
    codec = find_codec("h264")
    encoder = Encoder(codec, size, QUICKEST)
    file = ClipFile(path, codec)
    try:
        file.begin(encoder.track, None)
        for number, picture in enumerate(pictures):
            for packet in encoder.encode(picture, round(number * TICK / rate), number % 30 == 0):
                file.take(packet)
        for packet in encoder.finish():
            file.take(packet)
    finally:
        file.close()
        encoder.close()
