"""Which files are photos, and where their paintings go."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from realtime.core.addresses import without_secrets
from realtime.core.errors import UsageError
from realtime.core.paths import shortened
from realtime.core.text import clean
from realtime.media.kinds import PICTURES, READABLE, WANTED, kind_of_file
from realtime.media.photo_file import FORMATS, check_place

_OTHERS = frozenset({".bmp", ".gif", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".pdf", ".psd", ".mp4", ".mov", ".mkv"})
_LONGEST_LOOK = 100  # bytes of a file name


class Found(NamedTuple):
    """The photos that files and folders mean, each once, and lines about the others of folders, with their number."""

    photos: list[Path]
    notes: list[str]
    others: int


def find_photos(inputs: Sequence[Path]) -> Found:
    """Find the picture files that are meant by files and folders.

    A file that is named is meant, whatever it is. In a folder those are meant that are pictures by their ending or by their
    content; hidden files are passed over.

    Args:
        inputs: Files and folders.

    Returns:
        The photos, in order, and a line for each folder that holds other files.

    Raises:
        UsageError: Something is not there, or nothing is a picture.
    """
    found: dict[str, Path] = {}
    notes, others = [], 0
    for path in inputs:
        if os.path.isdir(path):
            inside, rest = _look_into(path)
            count = sum(map(len, rest.values()))
            others += count
            if rest:
                listed = "; ".join(f"{kind}: {_listed(names)}" for kind, names in sorted(rest.items()))
                left = f"{count} more that {'is' if count == 1 else 'are'} left out"
                notes.append(f"{clean(str(path))} holds {left} ({listed})")
        elif os.path.lexists(path):
            inside = [path]
        else:
            raise UsageError(
                f"there is no picture {without_secrets(clean(str(path)))}; styles are named by --style, each by one of its own"
            )
        for photo in inside:
            found.setdefault(os.path.realpath(photo), photo)
    if not found:
        raise UsageError(
            f"there are no pictures in {_listed(inputs)}: wanted {WANTED} files" + "".join(f"; {n}" for n in notes)
        )
    return Found(list(found.values()), notes, others)


def _look_into(folder: Path) -> tuple[list[Path], dict[str, list[str]]]:
    """Find the photos in a folder, and its other files by their kinds."""
    try:
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise UsageError(f"the folder {clean(str(folder))} cannot be read ({error.strerror})") from error
    photos: list[Path] = []
    others: dict[str, list[str]] = {}
    for path in entries:
        if os.path.isdir(path):
            others.setdefault("folder", []).append(path.name)
        elif path.suffix.lower() in PICTURES:
            photos.append(path)
        elif not os.path.isfile(path):
            others.setdefault("no file", []).append(path.name)
        elif (kind := kind_of_file(path)) in READABLE:
            photos.append(path)
        else:
            others.setdefault(kind or "unknown", []).append(path.name)
    return photos, others


def _listed(names: Iterable[str | Path]) -> str:
    return ", ".join(clean(str(name)) for name in names)


def is_file_name(out: str) -> bool:
    """Tell whether an output is meant to be a file, by its ending, or a folder.

    Args:
        out: As it was written; with a slash at its end it is a folder.

    Returns:
        Whether it is a file.

    Raises:
        UsageError: It has the ending of a picture or a video that cannot be written.
    """
    if os.path.isdir(out) or out.endswith(("/", os.sep)):
        return False
    ending = Path(out).suffix.lower()
    if ending in _OTHERS:
        raise UsageError(
            f"{clean(Path(out).name)} is of no kind that can be written: wanted {', '.join(sorted(FORMATS))}, or a folder"
        )
    return ending in FORMATS


def places(photos: Sequence[Path], looks: Sequence[str], out: str) -> list[list[Path]]:
    """Choose where each photo goes in each look.

    Args:
        photos: The photos.
        looks: The looks' names.
        out: A file for a single painting, or a folder.

    Returns:
        A row for each photo: `out` itself, or NAME_LOOK.ext in the folder. The ending is the photo's own where it can be
        written, else .png; photos of one name are numbered, names that are too long are shortened.

    Raises:
        UsageError: Several paintings are to go into one file.
    """
    if is_file_name(out):
        if len(photos) * len(looks) > 1:
            raise UsageError(
                f"{len(photos) * len(looks)} paintings do not go into one file {clean(Path(out).name)}; name a folder with -o"
            )
        return [[Path(out)]]
    folder = Path(out)
    taken: set[str] = set()
    result = []
    for photo in photos:
        ending = photo.suffix if photo.suffix.lower() in FORMATS else ".png"
        row = []
        for look in looks:
            styled = clean(look).replace("/", "-").encode()[:_LONGEST_LOOK].decode("utf-8", "ignore")
            name, number = shortened(clean(photo.stem), f"_{styled}{ending}", folder), 1
            while name.casefold() in taken:  # as file systems see it that make no difference of A and a
                number += 1
                name = shortened(clean(photo.stem), f"_{styled}_{number}{ending}", folder)
            taken.add(name.casefold())
            row.append(folder / name)
        result.append(row)
    return result


def check_places(targets: Iterable[Path], read: Iterable[Path], force: bool) -> None:
    """Check, before the work, that all outputs can be written and that none is something that is read.

    Args:
        targets: The outputs.
        read: Photos, style pictures and look files.
        force: Whether outputs that exist may be replaced.

    Raises:
        UsageError: One of them cannot be written, or is read.
    """
    inputs = [path for path in read if os.path.exists(path)]
    names = {os.path.realpath(path) for path in inputs}
    files = {_identity(path) for path in inputs}
    for path in targets:
        if os.path.realpath(path) in names or (os.path.exists(path) and _identity(path) in files):
            raise UsageError(f"{clean(str(path))} is what is read; choose another name for the output")
        check_place(path, force)


def _identity(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
