"""What `realtime doctor` looks at: whether this machine has what the program needs, a line for each thing."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from realtime import __version__
from realtime.core.errors import RealtimeError
from realtime.diagnose.machine import PACKAGES, versions


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing examined. `essential`: the program cannot do its work where this is not `well`."""

    what: str
    text: str
    well: bool = True
    essential: bool = False

    def __str__(self) -> str:
        mark = "ok" if self.well else "FAILS" if self.essential else "note"
        return f"{mark:5}  {self.what:10}  {self.text}"


def examine(folders: Iterable[Path], written: Iterable[Path]) -> Iterator[Finding]:
    """Examine this machine and give the findings, one after the other.

    Args:
        folders: Folders that may hold unfinished clips.
        written: Folders that the program writes into.

    Yields:
        A finding for each thing examined.
    """
    yield Finding("versions", _versions())
    looks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ("model", _model),
        ("display", _display),
        ("cameras", _cameras),
        ("clips", _encoders),
        ("sound", _sound),
    )
    for what, look in looks:
        try:
            yield from look()
        except (RealtimeError, ImportError) as error:
            yield Finding(what, str(error), False, what in ("model", "clips"))
    for folder in written:
        yield _folder(folder)
    yield from _unfinished(folders)


def _versions() -> str:
    known = versions()
    found = [f"{name} {known[name]}" if name in known else f"no {name}" for name in PACKAGES]
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"realtime {__version__}, Python {platform.python_version()}, {', '.join(found)}; {system}"


def _model() -> Iterator[Finding]:
    """One frame through the model that needs nothing else."""
    import time

    import numpy as np

    from realtime.models.registry import DEFAULT_MODEL
    from realtime.models.stylizer import Stylizer

    picture = np.full((480, 640, 3), 128, np.uint8)
    with Stylizer(DEFAULT_MODEL) as stylizer:
        code = stylizer.encode(picture)
        stylizer(picture, code)
        begin = time.perf_counter()
        stylizer(picture, code)
        taken = time.perf_counter() - begin
        yield Finding("model", f"{stylizer.model.description}: a frame of 640x480 in {1000 * taken:.0f} ms", True, True)


def _display() -> Iterator[Finding]:
    from realtime.sinks.screen import display_problem

    problem = display_problem()
    text = (
        f"no window can be opened ({problem}); clips can be recorded without one"
        if problem
        else "windows can be opened"
    )
    yield Finding("display", text, not problem)


def _cameras() -> Iterator[Finding]:
    from realtime.sources.camera import list_cameras

    names = [f"{camera.number} {camera.name}" for camera in list_cameras()]
    text = ", ".join(names) or "none that the system knows of; --source demo, a file or an address need none"
    yield Finding("cameras", text, bool(names))


def _encoders() -> Iterator[Finding]:
    from realtime.media.codecs import DEFAULT_CODEC
    from realtime.media.coders import encoders

    for codec, encoder in encoders().items():
        text = (
            f"{codec} by {encoder}" if encoder else f"{codec} cannot be encoded; the av package has no encoder for it"
        )
        yield Finding("clips", text, bool(encoder), codec == DEFAULT_CODEC)


def _sound() -> Iterator[Finding]:
    from realtime.media.audio import microphones

    names = microphones()
    yield Finding("sound", ", ".join(names) or "no microphone; clips have no sound", bool(names))


def _folder(folder: Path) -> Finding:
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())  # nothing is made by looking
    try:
        with tempfile.TemporaryFile(dir=there):
            return Finding("folder", f"{folder} can be written to")
    except OSError as error:
        return Finding(
            "folder", f"{folder} cannot be written to ({error.strerror}); choose another with --out", False, True
        )


def _unfinished(folders: Iterable[Path]) -> Iterator[Finding]:
    from realtime.media import unfinished

    found = unfinished.find(folders)
    for path in found:
        yield Finding("unfinished", f"{path} was not finished; realtime doctor --repair mends it", False)
    if not found:
        yield Finding("unfinished", "no unfinished clips")
