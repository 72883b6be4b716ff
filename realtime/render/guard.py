"""Nothing that a person made is lost: what may be in the place of an output, and what is read is never written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from realtime.core.errors import UsageError
from realtime.core.paths import beside
from realtime.core.text import clean

LIST = "frames.ffconcat"
"""The list in a folder of pictures: their names and times. It tells which files `render` made."""


def segments_of(out: Path) -> Path:
    """Return the folder in which the segments of an output lie."""
    return beside(out, ".segments")


def check_free(out: Path, force: bool) -> None:
    """Check that nothing at `out` would be lost.

    Raises:
        UsageError: Something would be.
    """
    if not os.path.lexists(out):
        return
    if out.suffix and out.is_dir():
        raise UsageError(f"{clean(str(out))} is a folder; choose another name")
    if not out.suffix and not out.is_dir():
        raise UsageError(f"{clean(str(out))} is a file; a folder of pictures wants another name, a video an ending")
    if out.is_dir():
        others = {path.name for path in out.iterdir()}
        if not others:
            return
        if foreign := sorted(name for name in others - made_before(out) if _is_numbered(name)):
            raise UsageError(
                f"{clean(str(out))} holds pictures that render did not make ({clean(foreign[0])}); they are never"
                " replaced: choose another folder"
            )
    if not force:
        raise UsageError(f"{clean(str(out))} exists already; --force replaces it")


def check_unread(out: Path, files: Sequence[Path]) -> None:
    """Check that no file that is read would be overwritten or removed, whatever it is called and whatever links lead to it.

    Raises:
        UsageError: One would be.
    """
    segments, doomed = segments_of(out), [out]
    if out.is_dir():
        doomed = [path for path in out.iterdir() if _is_numbered(path.name)]
    if segments.is_dir():
        doomed += segments.iterdir()
    known = {identity for path in doomed if (identity := _identity(path))}
    for file in files:
        if _identity(file) in known:
            raise UsageError(
                f"{clean(str(out))} is what is read ({clean(file.name)}); choose another name for the output"
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_numbered(name: str) -> bool:
    stem, dot, ending = name.rpartition(".")
    return name == LIST or (dot == "." and ending.lower() == "png" and stem.isdecimal())


def made_before(folder: Path) -> set[str]:
    """Return the names of the files that a render before put into a folder, by its list."""
    try:
        lines = (folder / LIST).read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return set()
    names = {line.removeprefix("file ") for line in lines if line.startswith("file ")}
    return {name for name in names if _is_numbered(name)} | {LIST}
