"""Folders of style pictures: what lies in them, and what changes there while the program runs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import platformdirs

from realtime.core.errors import UsageError
from realtime.media.images import PICTURES

# What browsers and file managers call a file until it is whole.
_TEMPORARY = ("~", ".part", ".partial", ".crdownload", ".download", ".opdownload", ".tmp", ".temp")


@dataclass(frozen=True, slots=True)
class Style:
    """A named picture. `stamp` (time of change in nanoseconds, bytes) is another one when the file is."""

    name: str
    path: Path
    stamp: tuple[int, int] = (0, 0)


def shipped_folder() -> Path:
    """Where the styles that come with the program lie: in the package when installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "gallery"
    return installed if installed.is_dir() else package.parent / "styles"


def user_folder() -> Path:
    """Where a person's own styles lie; it need not exist."""
    return platformdirs.user_config_path("realtime") / "styles"


def standard_folders() -> list[Path]:
    """The shipped styles, and the user's own."""
    return [shipped_folder(), user_folder()]


def find_styles(folders: Sequence[Path]) -> tuple[list[Style], list[str]]:
    """The styles of some folders by name, and notices about files that are none.

    A file is a style when its ending is a picture's; its name is the file's without the ending. Where two folders have
    a name in common the later one's counts. UsageError when a folder other than the user's own is missing.
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
        notices += [_no_style(path) for path in others]
    return in_order(styles.values()), notices


def in_order(styles: Iterable[Style]) -> list[Style]:
    """Sorted as people look for names: capitals make no difference."""
    return sorted(styles, key=lambda style: (style.name.casefold(), style.name))


def one_style(path: Path) -> Style:
    """The style that a file is, in whatever folder; OSError when it is not there."""
    status = os.stat(path)
    return Style(path.stem, path, (status.st_mtime_ns, status.st_size))


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look found: the styles that have come to rest, the names of all that are there, and notices."""

    settled: dict[str, Style]
    present: frozenset[str]
    notices: list[str]


class FolderWatch:
    """Sees what changes in style folders by looking again and again; to be used by one thread.

    A picture has settled when two looks in a row find it the same: until then it may still be being copied. A name is
    absent when two looks in a row miss it: programs replace a file by removing the old one first. A folder may come
    and go; one that cannot be read for the moment counts as unchanged.
    """

    def __init__(self, folders: Sequence[Path], found: Iterable[Style]) -> None:
        """`found` is what `find_styles` just found in these folders."""
        self._files: list[Style] = []
        self._before = {style.name: style for style in found}
        self._lists: dict[Path, tuple[list[Style], list[Path]]] = dict.fromkeys(folders, ([], []))
        self._hidden: dict[Path, Style] = {}
        self._list()
        self._said = {path for _, others in self._lists.values() for path in others}
        self._others: set[Path] = set()

    def add(self, style: Style) -> None:
        """Watch a single picture too, by a name of its own; any thread may ask for it."""
        self._files = [*self._files, style]

    def look(self) -> Sight:
        """Look once. The time between two looks is what a picture has to come to rest."""
        now = self._list()
        settled = {name: style for name, style in now.items() if self._before.get(name) == style and style.stamp[1]}
        present = frozenset(now) | frozenset(self._before)
        others = {path for _, others in self._lists.values() for path in others}
        new = sorted((others & self._others) - self._said)
        self._said |= set(new)
        self._before, self._others = now, others
        hidden = {path: style for path, style in self._hidden.items() if path not in self._said}
        self._said |= set(hidden)
        return Sight(settled, present, [_no_style(path) for path in new] + [_hidden(*item) for item in hidden.items()])

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
        for style in self._files:
            try:
                single = replace(one_style(style.path), name=style.name)
            except OSError:
                continue
            dropped = now.get(style.name)
            if dropped and dropped.path.resolve() != style.path.resolve():
                self._hidden[dropped.path] = style
            now[style.name] = single
        return now


def look_into(folder: Path) -> tuple[list[Style], list[Path]]:
    """The pictures in a folder and its other files, in the order of their names; OSError when it cannot be read."""
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
    return f"{path.name} is no style: wanted {', '.join(sorted(PICTURES))}"


def _hidden(path: Path, style: Style) -> str:
    return f"{path.name} is passed over: the style {style.name} is {style.path} already; give it another name"
