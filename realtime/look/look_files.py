"""Looks in files: read from TOML or a snapshot, and kept as TOML."""

from __future__ import annotations

from pathlib import Path

from realtime.core.errors import SinkError, UsageError
from realtime.look.look import Look

FIELD = "look"
"""The text field of a snapshot that holds its look."""


def read_look(path: Path) -> Look:
    """The look of a TOML file, or of a snapshot (a PNG file of ours). UsageError when there is none in it."""
    if _is_snapshot(path):
        text = _field(path, FIELD)
        if not text:
            raise UsageError(f"{path.name} holds no look: it is no snapshot of this program")
    else:
        try:
            text = path.read_text("utf-8", "surrogateescape")  # which file names may hold
        except OSError as error:
            raise _unreadable(path, error.strerror) from error
    try:
        return Look.from_toml(text)
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}") from error


def read_mirror(path: Path) -> bool | None:
    """Whether a snapshot was taken as in a mirror; None where the file does not say, as a TOML file does not. UsageError when
    it cannot be read."""
    return {"yes": True, "no": False}.get(_field(path, "mirror")) if _is_snapshot(path) else None


def _is_snapshot(path: Path) -> bool:
    return path.suffix.lower() == ".png"


def _field(path: Path, name: str) -> str:
    """A text field of a snapshot; "" when there is none."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            return str(getattr(picture, "text", {}).get(f"realtime:{name}", ""))
    except (OSError, ValueError, SyntaxError) as error:  # the last two are Pillow's
        raise _unreadable(path, getattr(error, "strerror", None) or "it is no PNG picture, or a broken one") from error


def _unreadable(path: Path, reason: str | None) -> UsageError:
    return UsageError(f"the look {path} cannot be read ({reason}); --look takes a .toml file or a snapshot")


def write_look(look: Look, path: Path) -> None:
    """Keep a look in a TOML file, in place of one that was there. SinkError when it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(look.to_toml(), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise SinkError(f"the look cannot be kept in {path} ({error.strerror})") from error
