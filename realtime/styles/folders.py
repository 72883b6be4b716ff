"""Folders of style pictures: what lies in them, and what changes there while the program runs."""

from __future__ import annotations

import itertools
import os
import stat
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from realtime.core.errors import UsageError
from realtime.media.gallery import shipped_folder, user_folder
from realtime.media.kinds import PICTURES, WANTED

FORGET_SCANS = 200
"""Scans in a row that miss a single picture, a minute of them, before it is watched no longer."""

# What browsers and file managers call a file until it is whole.
_TEMPORARY = ("~", ".part", ".partial", ".crdownload", ".download", ".opdownload", ".tmp", ".temp")


@dataclass(frozen=True, slots=True)
class Style:
    """A named picture. `stamp` (time of change in nanoseconds, bytes) is another one when the file is."""

    name: str
    path: Path
    stamp: tuple[int, int] = (0, 0)


NOWHERE = Path()
"""The path of a style whose picture lies in no file."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A picture that is new in a folder, to be read at a time of the library's clock."""

    style: Style
    due: float
    failures: int = 0
    announced: bool = False


def standard_folders() -> list[Path]:
    """Name the folders that every session has: the shipped styles, and the user's own."""
    return [shipped_folder(), user_folder()]


def find_styles(folders: Sequence[Path]) -> tuple[list[Style], list[str]]:
    """Find the styles of some folders.

    A file is a style when its ending is a picture's; its name is the file's without the ending.

    Args:
        folders: Where two have a name in common the later one's counts.

    Returns:
        The styles in the order of their names, and notices about files that are no styles.

    Raises:
        UsageError: A folder other than the user's own is missing, or one cannot be read.
    """
    styles: dict[str, Style] = {}
    notices = []
    for folder in folders:
        if not os.path.isdir(folder):
            if folder == user_folder():
                continue
            raise UsageError(f"there is no style folder {folder}; --styles takes a folder of pictures")
        try:
            found, others = look_into(folder)
        except OSError as error:
            raise UsageError(f"the style folder {folder} cannot be read ({error.strerror})") from error
        styles |= {style.name: style for style in found}
        if not found and folder != user_folder():
            notices.append(f"the style folder {folder} holds no pictures yet; those put into it become styles")
        notices += [_no_style(path) for path in others]
    return in_order(styles.values()), notices


def in_order(styles: Iterable[Style]) -> list[Style]:
    """Sort styles as people look for names: capitals make no difference."""
    return sorted(styles, key=lambda style: (style.name.casefold(), style.name))


def one_style(path: Path) -> Style:
    """Make the style of a file, in whatever folder. OSError when the file is not there."""
    status = os.stat(path)
    return Style(path.stem, path, (status.st_mtime_ns, status.st_size))


def named(style: Style, styles: Mapping[str, Style]) -> Style:
    """Name a file's style as the file is named among `styles` (by name) already, or else as no other file there is."""
    place = os.path.realpath(style.path)
    for known in styles.values():
        if os.path.realpath(known.path) == place:
            return replace(known, stamp=style.stamp)
    names = itertools.chain(
        (style.name, f"{style.name} ({style.path.absolute().parent.name})"),
        (f"{style.name} ({number})" for number in itertools.count(2)),
    )
    return replace(style, name=next(name for name in names if name not in styles))


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan found: the styles that have settled, by name, the names of all that are there, and notices."""

    settled: dict[str, Style]
    present: frozenset[str]
    notices: list[str]


class FolderWatch:
    """Notice what changes in style folders by scanning them again and again, in one thread.

    The system's own notices of changes would not do instead: network drives and containers send none, and none tells a
    picture that is whole from one that is being copied. A picture has settled when two scans in a row find it the same. A
    name is absent when two scans in a row miss it: programs replace a file by removing the old one first. A folder may come
    and go; one that cannot be read for the moment counts as unchanged.
    """

    def __init__(self, folders: Sequence[Path], found: Iterable[Style]) -> None:
        """Begin with what `find_styles` just found in some folders."""
        self._singles: dict[str, _Single] = {}  # never changed, only replaced
        self._replacing = threading.Lock()
        self._before = {style.name: style for style in found}
        self._lists: dict[Path, tuple[list[Style], list[Path]]] = dict.fromkeys(folders, ([], []))
        self._hidden: dict[Path, Style] = {}
        self._list()
        self._said = {path for _, others in self._lists.values() for path in others}
        self._others: set[Path] = set()

    def add(self, style: Style) -> None:
        """Watch a single picture too, by a name of its own; any thread may ask for it."""
        with self._replacing:
            self._singles = {**self._singles, style.name: _Single(style)}

    def scan(self) -> Scan:
        """Scan once. A picture that is still the same at the next scan has settled."""
        now = self._list()
        settled = {name: style for name, style in now.items() if self._before.get(name) == style and style.stamp[1]}
        present = frozenset(now) | frozenset(self._before)
        others = {path for _, others in self._lists.values() for path in others}
        new = sorted((others & self._others) - self._said)
        hidden = {path: style for path, style in self._hidden.items() if path not in self._said}
        there = others | self._others | set(self._hidden)
        self._said = (self._said & there) | set(new) | set(hidden)
        self._before, self._others = now, others
        return Scan(settled, present, [_no_style(path) for path in new] + [_hidden(*item) for item in hidden.items()])

    def _list(self) -> dict[str, Style]:
        for folder in self._lists:
            try:
                self._lists[folder] = look_into(folder)
            except (FileNotFoundError, NotADirectoryError):
                self._lists[folder] = [], []
            except OSError:
                pass
        now = {style.name: style for styles, _ in self._lists.values() for style in styles}
        self._hidden = {}
        for single in self._singles.values():
            name, path = single.style.name, single.style.path
            try:
                found = replace(one_style(path), name=name)
            except OSError:
                single.missed += 1
                continue
            single.missed = 0
            dropped = now.get(name)
            if dropped and dropped.path.resolve() != path.resolve():
                self._hidden[dropped.path] = single.style
            now[name] = found
        with self._replacing:
            self._singles = {name: single for name, single in self._singles.items() if single.missed < FORGET_SCANS}
        return now


@dataclass(slots=True)
class _Single:
    """A picture that is watched by itself, and how many scans in a row have missed it."""

    style: Style
    missed: int = 0


def look_into(folder: Path) -> tuple[list[Style], list[Path]]:
    """List the pictures in a folder and its other files, in the order of their names. OSError when it cannot be read."""
    styles, others = [], []
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        if name.startswith((".", "~")) or name.lower().endswith(_TEMPORARY):
            continue
        path = folder / name
        try:
            status = os.stat(path)  # what scandir knows is out of date on Windows while a file is written
        except OSError:
            continue
        if not stat.S_ISREG(status.st_mode):
            continue
        if path.suffix.lower() in PICTURES:
            styles.append(Style(path.stem, path, (status.st_mtime_ns, status.st_size)))
        elif folder != shipped_folder():  # which also holds the program that painted them
            others.append(path)
    return styles, others


def _no_style(path: Path) -> str:
    return f"{path.name} is no style: wanted {WANTED}"


def _hidden(path: Path, style: Style) -> str:
    return f"{path.name} is passed over: the style {style.name} is {style.path} already; give it another name"
