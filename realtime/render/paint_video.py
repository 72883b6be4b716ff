"""A video painted from Python, as `realtime render` does it."""

from __future__ import annotations

import logging
from pathlib import Path

from realtime.look.look import Look
from realtime.models.stylizer import Stylizer
from realtime.render.reading import SEQUENCE_RATE, input_files
from realtime.render.rendering import Rendering
from realtime.render.schedule import Schedule
from realtime.render.task import Outcome, Task
from realtime.styles.library import StyleLibrary

_log = logging.getLogger(__name__)


def paint_video(
    stylizer: Stylizer,
    video: str | Path,
    out: str | Path,
    style: str | Path | Look,
    *,
    rate: float = SEQUENCE_RATE,
    mirror: bool = False,
    begin: float = 0.0,
    end: float | None = None,
    resume: bool = False,
    force: bool = False,
) -> Outcome:
    """Paint a video, an animated GIF or pictures in a row, with sound, subtitles and chapters.

    >>> import realtime
    >>> stylizer = realtime.Stylizer("lite")
    >>> realtime.paint_video(stylizer, "holiday.mp4", "painted.mp4", "wave")

    Args:
        stylizer: What paints.
        video: A file that FFmpeg reads, a folder of pictures, or a pattern of their names.
        out: A new .mp4, .mov, .mkv, .webm or .gif, or a folder for numbered .png files.
        style: A name, a picture file, a mixture ("wave:0.6,glass:0.4"), or a look.
        rate: Frames a second of pictures in a row.
        mirror: Whether the frames are painted as in a mirror.
        begin: Where to begin, in seconds of the video.
        end: Where to end, in seconds of the video; None is at its end.
        resume: Whether to go on with what was interrupted.
        force: Whether an output that exists is replaced.

    Returns:
        What was made: `frames`, `broken`, `notes`. What is said on the way is in the log.

    Raises:
        UsageError: There is no such video or style, or the output cannot be made or exists.
        SourceError: The video cannot be read.
        StyleError: The style cannot be read.
        SinkError: The output cannot be written.
    """
    library = StyleLibrary(stylizer)
    look = style if isinstance(style, Look) else Look(library.find_mixture(str(style)))
    schedule = Schedule(look, mirror=mirror)
    codes = {name: library.code(name) for name in schedule.styles}
    read = [*input_files(str(video)), *(library.path(name) for name in schedule.styles)]
    task = Task(str(video), Path(out), schedule, rate, resume, force, begin, end, read=read)
    return Rendering(task, [stylizer], codes.__getitem__, _Logged(str(video))).run()


class _Logged:
    """A watcher that writes to the log."""

    def __init__(self, name: str) -> None:
        self._name = name

    def begin(self, name: str, frames: int | None, done: int) -> None:
        """Log how many frames there are."""
        _log.info("%s: %s frames, %d of them done before", self._name, "unknown" if frames is None else frames, done)

    def note(self, text: str) -> None:
        """Log what is not kept."""
        _log.warning("%s: %s", self._name, text)

    def painted(self, count: int) -> None:
        """Do nothing: frames are many."""

    def broken(self, seconds: float, why: str) -> None:
        """Log a frame that could not be read."""
        _log.warning("%s: the frame at %.2f s cannot be read (%s)", self._name, seconds, why)

    def end(self, outcome: Outcome) -> None:
        """Log the end."""
        _log.info("%s: %d frames in %.1f s", self._name, outcome.frames, outcome.seconds)
