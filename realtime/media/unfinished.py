"""Clips that were never finished: how they are called, whether somebody is still writing them, and where to look."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import IO

import platformdirs

from realtime.core.paths import shortened

ENDINGS = (".mp4", ".webm", ".mkv")
_MARK = ".partial"


def partial_of(path: Path) -> Path:
    """Return what the clip `path` is called until it is whole; a name that leaves no room for the mark is shortened."""
    return path.with_name(shortened(path.stem, f"{_MARK}{path.suffix}", path.parent))


def whole_of(partial: Path) -> Path:
    """Return what the unfinished clip `partial` would have been called."""
    return partial.with_name(partial.stem.removesuffix(_MARK) + partial.suffix)


def is_partial(path: Path) -> bool:
    """Return whether this is the name of an unfinished clip."""
    return path.stem.endswith(_MARK) and path.suffix.lower() in ENDINGS


def claim(file: IO[bytes]) -> bool:
    """Say that `file` is being written, until it is closed or the process ends; return False when another process writes it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 40)  # far behind the end: Windows lets nobody else read what is locked
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            finally:
                file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks; on Windows, a lock that is held
        return sys.platform != "win32"
    return True


def is_being_written(path: Path) -> bool:
    """Return whether a program has this clip open for writing."""
    try:
        with open(path, "r+b") as file:
            return not claim(file)
    except OSError:
        return False


def rename(old: Path, new: Path) -> Path:
    """Give a file another name, and where that is taken the same with a number.

    Args:
        old: The file.
        new: The name that is wanted.

    Returns:
        The name that it got.

    Raises:
        OSError: It cannot be renamed.
    """
    os.stat(old)
    for number in range(1, 1000):
        path = new if number == 1 else new.with_name(f"{new.stem}_{number}{new.suffix}")
        with suppress(FileExistsError):
            open(path, "xb").close()  # ours now, so that nothing of somebody else's is replaced
            try:
                os.replace(old, path)
            except OSError:
                path.unlink()
                raise
            return path
    raise FileExistsError(f"there are a thousand files named {new.stem}")


def note(partial: Path) -> None:
    """Remember where an unfinished clip lies, for the next start of the program."""
    with suppress(OSError):
        place = _note_of(partial)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(str(partial.absolute()), "utf-8", "surrogateescape")


def forget(partial: Path) -> None:
    """Remember an unfinished clip no more: it is finished, or gone."""
    with suppress(OSError):
        _note_of(partial).unlink(missing_ok=True)


def find(folders: Iterable[Path], noted: bool = True) -> list[Path]:
    """Find unfinished clips that nobody is writing now.

    Args:
        folders: Where to look.
        noted: Whether to look where clips were noted as well.

    Returns:
        Their paths, each once.
    """
    found: dict[Path, None] = {}
    for folder in folders:
        with suppress(OSError):
            found.update({path.absolute(): None for path in sorted(folder.iterdir()) if is_partial(path)})
    with suppress(OSError):
        for place in sorted(_notes().iterdir()) if noted else ():
            partial = Path(place.read_text("utf-8", "surrogateescape"))
            if partial.is_file():
                found[partial] = None
            elif partial.parent.is_dir():  # else it may be on a drive that is not there today
                place.unlink(missing_ok=True)
    return [path for path in found if not is_being_written(path)]


def _notes() -> Path:
    return platformdirs.user_state_path("realtime", appauthor=False) / "unfinished"


def _note_of(partial: Path) -> Path:
    import hashlib  # which loads OpenSSL

    return _notes() / hashlib.sha256(os.fsencode(partial.absolute())).hexdigest()[:16]
