"""Which films and sequences a person means by files, folders and patterns, and where each of them goes."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from realtime.core.batch import listed
from realtime.core.errors import UsageError
from realtime.core.paths import shortened, user_path
from realtime.core.text import clean
from realtime.media.kinds import PICTURES
from realtime.render.writing import KINDS, kind_of

FILMS = frozenset({
    ".3g2", ".3gp", ".264", ".265", ".amv", ".apng", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".h264", ".h265",
    ".hevc", ".insv", ".ivf", ".lrv", ".m1v", ".m2t", ".m2ts", ".m2v", ".m4v", ".mj2", ".mjpeg", ".mjpg", ".mkv", ".mov",
    ".mp4", ".mpeg", ".mpg", ".mpv", ".mts", ".mxf", ".nut", ".ogm", ".ogv", ".qt", ".rm", ".rmvb", ".tod", ".ts", ".vob",
    ".webm", ".wmv", ".wtv", ".y4m",
})  # fmt: skip
"""Endings of films, in small letters: they make a file of a folder a candidate. A file that is named may have any ending."""


@dataclass
class Inputs:
    """What is to be painted.

    Attributes:
        sources: As `open_footage` takes them, in order.
        notes: What is left out of folders, for a person.
    """

    sources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def find_inputs(texts: Sequence[str]) -> Inputs:
    """Find what a person means. Folders of films become their films; folders of pictures are one sequence each.

    Args:
        texts: Files, folders and patterns.

    Returns:
        What is to be painted. What is not there is among it: it fails alone when it is opened.
    """
    inputs = Inputs()
    for text in texts:
        path = user_path(text)
        if os.path.isdir(path):
            _add_folder(inputs, text, path)
        elif not os.path.lexists(path) and any(letter in path.name for letter in "*?["):
            _add_pattern(inputs, text, path)
        else:
            inputs.sources.append(text)
    return inputs


def place_outputs(sources: Sequence[str], out: str) -> list[tuple[str, Path]]:
    """Give each source its output.

    Args:
        sources: As `find_inputs` finds them.
        out: A file, a folder for numbered pictures, a name with a * for the source's, or, with a slash at its end or for
            several sources, a folder for films.

    Returns:
        Each source with its output. Those that would have one name are numbered.

    Raises:
        UsageError: `out` is of no kind that can be written, or is one file for several sources.
    """
    films = _is_folder_of_films(sources, out)
    if len(sources) > 1 and not films and "*" not in out:
        raise UsageError(
            f'several inputs need a folder or a * in -o for their names, as in -o "painted/*.mp4", not {out!r}; a'
            ' sequence of pictures is one input when its pattern is quoted: "shots/*.png"'
        )
    pairs, taken = [], set[str]()
    for source in sources:
        path = user_path(source).absolute()
        stem = path.name if path.is_dir() else path.stem
        stem = re.sub(r"%0?\d*d|[*?\[\]%]", "", stem).strip("_- ") or "pictures"
        if films:
            ending = path.suffix.lower() if path.suffix.lower() in KINDS and path.is_file() else ".mp4"
            place = user_path(out) / (stem + ending)
        else:
            place = user_path(out.replace("*", stem))
            if out and place.name in ("", ".."):  # a folder by another name: "."
                place = place.resolve()
        kind_of(place)
        pairs.append((source, _free(place, taken) if films or "*" in out else place))
    return pairs


def _is_folder_of_films(sources: Sequence[str], out: str) -> bool:
    if "*" in out or not out:
        return False
    ends = (os.sep, os.altsep or os.sep, "/")
    return out.endswith(ends) or (len(sources) > 1 and user_path(out).suffix.lower() not in KINDS.keys() - {""})


def _free(place: Path, taken: set[str]) -> Path:
    """Make the name short enough, and put a number to it where another source has it: A and a are one on some disks."""
    stem, ending, number = place.stem, place.suffix, 1
    place = place.with_name(shortened(stem, ending, place.parent))
    while (key := unicodedata.normalize("NFC", str(place.absolute())).casefold()) in taken:
        number += 1
        mark = f"_{number}{ending}"
        place = place.with_name(shortened(stem, mark, place.parent))
    taken.add(key)
    return place


def _add_folder(inputs: Inputs, text: str, path: Path) -> None:
    try:
        files = sorted(file for file in path.iterdir() if file.is_file() and file.name[0] != ".")
    except OSError:  # it says so when it is opened, and alone
        inputs.sources.append(text)
        return
    _add_files(inputs, text, files, str(path.name or path))


def _add_pattern(inputs: Inputs, text: str, path: Path) -> None:
    files = sorted(file for file in path.parent.glob(path.name) if file.is_file())
    _add_files(inputs, text, files, text)


def _add_files(inputs: Inputs, text: str, files: Sequence[Path], name: str) -> None:
    films = [file for file in files if file.suffix.lower() in FILMS]
    pictures = [file for file in files if file.suffix.lower() in PICTURES]
    if pictures or not films:  # one sequence, which says itself when it is empty
        inputs.sources.append(text)
        chosen = set(pictures)
    else:
        inputs.sources += [str(file) for file in films]
        chosen = set(films)
    if left := [file.name for file in files if file not in chosen and chosen and file.name != "frames.ffconcat"]:
        kind = "pictures" if pictures else "films"
        inputs.notes.append(f"{clean(name)}: {len(left)} files are left out beside the {kind}: {listed(left)}")
