"""What the program remembers from one start to the next: the camera, the look, and where the window lay."""

from __future__ import annotations

import importlib
import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from realtime.core.errors import RealtimeError
from realtime.look.look import Look
from realtime.sinks.screen import Screen
from realtime.styles.library import StyleLibrary

_log = logging.getLogger(__name__)
_MOST_BYTES = 20_000


@dataclass(frozen=True, slots=True)
class Memory:
    """What was in use when the last window was closed. It is data: a camera, a style or a place that is gone is passed over.

    Attributes:
        camera: The name of the camera that was chosen, "" where none was.
        look: The look, None where none is known.
        place: Where the window lay, None where it is not known.
    """

    camera: str = ""
    look: Look | None = None
    place: Screen | None = None


def memory_file() -> Path:
    """Say where the memory lies; the file need not exist."""
    return platformdirs.user_state_path("realtime") / "last.toml"


def remembered() -> Memory:
    """Read what was in use the last time; what cannot be read is forgotten."""
    try:
        with open(memory_file(), "rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8")
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
        found: dict[str, Any] = dict(toml.loads(text))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError) as error:
        _log.info("what was in use the last time cannot be read (%s)", error)
        return Memory()
    return Memory(_text(found.get("camera")), _look(found.get("look")), _place(found.get("window")))


def camera_is_there(name: str) -> bool:
    """Say whether there is a camera of this name, which may be ""."""
    from realtime.sources.camera import list_cameras

    return bool(name) and name in [camera.name for camera in list_cameras()]


def usable(look: Look | None, library: StyleLibrary) -> Look | None:
    """Give a remembered look whose styles the library has and can read; no style of it is taken for a path."""
    if look is None or not all(name in library.names for name, _ in look.styles):
        return None
    try:
        for name, _ in look.styles:
            library.code(name)
    except RealtimeError as error:
        _log.info("the look of the last time is passed over: %s", error)
        return None
    return look


def remember(memory: Memory) -> None:
    """Keep what is in use; a folder that cannot be written to is no reason to say anything."""
    import tomli_w

    data: dict[str, Any] = {"camera": memory.camera} if memory.camera else {}
    data |= {"look": memory.look.to_toml()} if memory.look else {}
    data |= {"window": list(memory.place)} if memory.place else {}
    path = memory_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(tomli_w.dumps(data), "utf-8")
        partial.replace(path)
    except (OSError, ValueError) as error:
        _log.info("what is in use cannot be remembered (%s)", error)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _look(value: object) -> Look | None:
    try:
        return Look.from_toml(value) if isinstance(value, str) else None
    except RealtimeError as error:
        _log.info("the look that was in use the last time is none (%s)", error)
        return None


def _place(value: object) -> Screen | None:
    if not (isinstance(value, list) and len(value) == 4 and all(type(number) is int for number in value)):
        return None
    place = Screen(*value)
    return place if min(place.width, place.height) >= 64 and max(map(abs, place)) < 100_000 else None
