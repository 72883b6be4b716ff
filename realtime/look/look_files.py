"""Looks in files: read from TOML or a snapshot, and kept as TOML."""

from __future__ import annotations

from pathlib import Path

from realtime.core.errors import SinkError, StyleError, UsageError
from realtime.look.look import Look
from realtime.media.kinds import PICTURES

_MOST_BYTES = 100_000  # a look has a few hundred, and four paths at most

FIELD = "look"
"""The text field of a snapshot that holds its look."""


def read_look(path: Path) -> Look:
    """Read the look in a file, which may be a stranger's: it is data, of a limited size, and nothing in it is run.

    Args:
        path: A TOML file, or a snapshot (a PNG file of ours).

    Returns:
        The look; a style in it may be a name, or a path, as it was written.

    Raises:
        UsageError: The file cannot be read, or holds no look.
    """
    if _is_snapshot(path):
        text = _field(path, FIELD)
        if not text:
            raise UsageError(f"{path.name} holds no look: it is no snapshot of this program")
    elif path.suffix.lower() in PICTURES and path.is_file():
        raise UsageError(
            f"{path.name} holds no look: it is a picture; --look takes a .toml file or a snapshot, --style takes any picture"
        )
    else:
        text = _text(path)
    try:
        return Look.from_toml(text)
    except UsageError as error:
        raise UsageError(f"{path.name}: {error}") from error


def read_mirror(path: Path) -> bool | None:
    """Say whether a snapshot was taken as in a mirror.

    Args:
        path: As `read_look` takes it.

    Returns:
        True or False, or None where the file does not say, as a TOML file does not.

    Raises:
        UsageError: The file cannot be read.
    """
    return {"yes": True, "no": False}.get(_field(path, "mirror")) if _is_snapshot(path) else None


def _is_snapshot(path: Path) -> bool:
    return path.suffix.lower() == ".png"


def _field(path: Path, name: str) -> str:
    """Read a text field of a snapshot, without decoding the picture; "" when there is none."""
    from realtime.media.image_file import opened

    try:
        with opened(path) as picture:
            return str(picture.info.get(f"realtime:{name}", ""))
    except StyleError as error:
        raise UsageError(f"the look {path} cannot be read: {error}; --look takes a .toml file or a snapshot") from error


def _text(path: Path) -> str:
    """Read a text file that may be a look."""
    try:
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror) from error
    if len(data) > _MOST_BYTES:
        raise _unreadable(path, f"it is larger than {_MOST_BYTES // 1000} kB")
    return data.decode("utf-8", "surrogateescape")  # which file names may hold


def _unreadable(path: Path, reason: str | None) -> UsageError:
    return UsageError(f"the look {path} cannot be read ({reason}); --look takes a .toml file or a snapshot")


def write_look(look: Look, path: Path) -> None:
    """Keep a look in a TOML file, in place of one that was there. SinkError when the file cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(look.to_toml(), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise SinkError(f"the look cannot be kept in {path} ({error.strerror})") from error
