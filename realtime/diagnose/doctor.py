"""What `realtime doctor` looks at: whether this machine has what the program needs, a line for each thing."""

from __future__ import annotations

import getpass
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from ctypes.util import find_library
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from realtime import __version__
from realtime.core.cards import Card, cards
from realtime.core.errors import RealtimeError
from realtime.core.installed import program
from realtime.diagnose.machine import PACKAGES, versions

_ENCODERS = {"NVIDIA": ("_nvenc",), "AMD": ("_amf", "_vaapi"), "Intel": ("_qsv", "_vaapi"), "Apple": ("_videotoolbox",)}
"""How the names of the encoders of a maker's cards end."""

if TYPE_CHECKING:
    from realtime.models.model import Model


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
    found: dict[str, str] = {}
    looks: tuple[tuple[str, Callable[[], Iterable[Finding]]], ...] = (
        ("model", _model),
        ("display", _display),
        ("cameras", _cameras),
        ("clips", lambda: _encoders(found)),
        ("graphics", lambda: _graphics(found)),
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
        yield from _gpu(stylizer.model)


def _gpu(model: Model) -> Iterator[Finding]:
    """Whether the GPU paints; TensorFlow's models choose for themselves."""
    from realtime.models.device import gpu_in_words

    if found := gpu_in_words(model):
        yield Finding("gpu", found[1], found[0])


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
    closed = [str(path) for path in sorted(Path("/dev").glob("video[0-9]*")) if not os.access(path, os.R_OK | os.W_OK)]
    if closed:
        text += f"; {', '.join(closed)} may not be used: sudo usermod -aG video {getpass.getuser()}, then log in again"
    yield Finding("cameras", text, bool(names) and not closed)


def _encoders(found: dict[str, str]) -> Iterator[Finding]:
    """Try the encoders of clips, and note them in `found`."""
    from realtime.media.codecs import DEFAULT_CODEC
    from realtime.media.coders import encoders

    found.update(encoders())
    for codec, encoder in found.items():
        text = (
            f"{codec} by {encoder}" if encoder else f"{codec} cannot be encoded: the package av has no encoder for it"
        )
        yield Finding("clips", text, bool(encoder), codec == DEFAULT_CODEC)


def _graphics(encoders: dict[str, str]) -> Iterator[Finding]:
    """Name the graphics cards, what runs on each, and what it would take for more; the line `gpu` says what paints.

    Args:
        encoders: The encoder of each codec.
    """
    found = cards()
    if not found:
        yield Finding("graphics", "the system names no graphics card")
    for card in found:
        wanted = wanted_for(card)
        yield Finding("graphics", "; ".join([str(card), *uses_of(card, encoders), *wanted]), not wanted)


def uses_of(card: Card, encoders: dict[str, str]) -> list[str]:
    """Say what of this program runs on a card, besides the models of LiteRT; `encoders` as in `_graphics`."""
    endings = _ENCODERS.get(card.maker, ())
    codecs = [codec for codec, encoder in encoders.items() if endings and encoder.endswith(endings)]
    uses = [f"it encodes {', '.join(codecs)}"] if codecs else []
    return uses + (["it runs TensorFlow models"] if card.maker == "NVIDIA" and _has_cuda() else [])


def wanted_for(card: Card) -> list[str]:
    """Say what it would take to run more of this program on a card; nothing where there is no more."""
    from realtime.models.registry import how_to_get_tensorflow

    if sys.platform != "linux":
        return []
    wanted = []
    if card.maker == "NVIDIA" and not card.driver.startswith("nvidia"):
        return ["models would run on it with NVIDIA's own driver, which the settings of the system install"]
    if not find_library("vulkan"):
        wanted.append("for lite to run on it, on Debian or Ubuntu: sudo apt install libvulkan1")
    if card.maker == "NVIDIA" and not _has_cuda():
        wanted.append(f"for TensorFlow models to run on it: {how_to_get_tensorflow(extra='gpu')}")
    return wanted


def _has_cuda() -> bool:
    """Say whether TensorFlow and the libraries of NVIDIA that it needs are installed."""
    try:
        return all(version(name) for name in ("tensorflow", "nvidia-cudnn-cu12"))
    except PackageNotFoundError:
        return False


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
        yield Finding("unfinished", f"{path} was not finished; {program()} doctor --repair mends it", False)
    if not found:
        yield Finding("unfinished", "no unfinished clips")
