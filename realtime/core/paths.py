"""Paths as people write them, and names for new files that nothing has yet."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from realtime.core.errors import SinkError, UsageError
from realtime.core.text import clean


def user_path(text: str) -> Path:
    """Give `text` as a path, with "~" and "~name" replaced by a home folder where there is one."""
    path = Path(text)
    with suppress(RuntimeError):  # nobody of that name
        path = path.expanduser()
    return path


def beside(path: Path, ending: str) -> Path:
    """Return the path of a working file or folder beside `path`: its name and `ending`.

    A name that the file system would refuse is shortened; what tells it from others is then a hash of the whole.
    """
    name = f"{path.name}{ending}"
    if len(os.fsencode(name)) > (most := _longest_name(path.parent)):
        import hashlib  # which loads OpenSSL

        mark = f"~{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}{ending}"
        name = os.fsencode(path.name)[: most - len(os.fsencode(mark))].decode("utf-8", "ignore") + mark
    return path.with_name(name)


def check_name(path: Path) -> None:
    """Check that the file system takes a new file of this name.

    Raises:
        UsageError: The name is too long for it.
    """
    most = _longest_name(path.parent)
    if len(os.fsencode(path.name)) > most:
        raise UsageError(f"the name {clean(path.name)[:40]}... is longer than the {most} bytes that a file's name may have;"
                         " give the output a shorter name")  # fmt: skip


def create_file(folder: Path, style: str, ending: str) -> tuple[BinaryIO, Path]:
    """Make a new file named after the date, the time and the style, as `create_named` does."""
    return create_named(folder, dated(style), ending)


def dated(style: str) -> str:
    """Give the date, the time and a style's name as a file is named after them."""
    # Short enough for any file system, which allow 255 bytes or fewer.
    return time.strftime("%Y-%m-%d_%H-%M-%S_") + re.sub(r"[^\w-]+", "-", style)[:50]


def create_named(folder: Path, stem: str, ending: str) -> tuple[BinaryIO, Path]:
    """Make a new file, with a number in its name where the name is taken; never open one that exists.

    Args:
        folder: Where the file goes; it is made where it does not exist.
        stem: The name without its ending.
        ending: What the name ends with, as ".png".

    Returns:
        The file, open for writing bytes, and its path.

    Raises:
        SinkError: The file cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            path = folder / (f"{stem}{ending}" if number == 1 else f"{stem}_{number}{ending}")
            try:
                return open(path, "xb"), path
            except FileExistsError:
                continue
    except OSError as error:
        raise SinkError(
            f"nothing can be saved in {folder} ({error.strerror}); choose another folder with --out"
        ) from error
    raise SinkError(f"{folder} has a thousand files named {stem} already")


def write_named(folder: Path, stem: str, ending: str, data: bytes) -> Path:
    """Write a new file as `create_named` makes one, which is there when all of it is on the disk and not before.

    Args:
        folder: Where the file goes.
        stem: The name without its ending.
        ending: What the name ends with, as ".png".
        data: What is written.

    Returns:
        The path of the file.

    Raises:
        SinkError: The file cannot be written.
    """
    file, partial = create_named(folder, stem, f"{ending}.partial")
    made = [partial]
    try:
        with file:
            file.write(data)
        reserved, path = create_named(folder, stem, ending)
        reserved.close()
        made.append(path)
        os.replace(partial, path)
        return path
    except OSError as error:
        for one in made:
            one.unlink(missing_ok=True)
        raise SinkError(f"{stem}{ending} could not be saved in {folder} ({error.strerror})") from error


def shortened(stem: str, ending: str, folder: Path) -> str:
    """Make a file name that is short enough for a folder.

    Args:
        stem: The name without its ending; its end is left out where the whole is too long.
        ending: What the name ends with, kept whole.
        folder: Where the file is to go; it need not exist.

    Returns:
        The name, of 255 bytes at most, or of fewer where the file system allows fewer.
    """
    room = _longest_name(folder) - len(os.fsencode(ending))
    encoded = os.fsencode(stem)
    if len(encoded) > room:
        stem = encoded[: max(1, room)].decode("utf-8", "ignore").rstrip(" .")
    return stem + ending


def _longest_name(folder: Path) -> int:
    """Bytes that a name in the folder may have."""
    for place in (folder, *folder.absolute().parents):
        with suppress(AttributeError, OSError, ValueError):  # Windows does not say; a folder may not exist yet
            return min(255, os.pathconf(place, "PC_NAME_MAX"))
    return 255
