"""Looks that a person keeps, each under a number, and under a name if it is given one."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from realtime.core.errors import SinkError, UsageError
from realtime.look.look import Look
from realtime.look.look_files import read_look, write_look

if TYPE_CHECKING:
    from realtime.styles.library import StyleLibrary


def looks_folder() -> Path:
    """Say where kept looks lie; the folder need not exist."""
    return platformdirs.user_config_path("realtime") / "looks"


def named_look(name: str, folder: Path | None = None) -> Path | None:
    """Find the kept look of a name or number; None when there is none. A name is never taken for a path."""
    path = (folder or looks_folder()) / f"{name}.toml"
    return path if _is_name(name) and path.is_file() else None


def kept_looks(folder: Path | None = None) -> list[tuple[str, Path]]:
    """List the kept looks, by name or number, in order."""
    return [(path.stem, path) for path in sorted((folder or looks_folder()).glob("*.toml"))]


def name_look(number: int, name: str, folder: Path | None = None) -> Path:
    """Keep the look under a number under a name as well.

    Args:
        number: The number, from 1.
        name: The name.
        folder: Where kept looks lie; by default in the user's settings.

    Returns:
        The new file.

    Raises:
        UsageError: There is no such look, its file is no look, the name is taken, or it can be no file's name.
        SinkError: The file cannot be written.
    """
    source = named_look(str(number), folder)
    if source is None:
        raise UsageError(f"no look is kept under F{number}; k and F{number} in the window keep the one in use")
    if not _is_name(name) or name.isdecimal():
        raise UsageError(
            f"{name!r} can be no look's name; letters, digits, spaces, - and _ can be in it, not digits alone"
        )
    path = (folder or looks_folder()) / f"{name}.toml"
    read_look(source)  # a file that is no look gets no name
    try:
        look = source.read_bytes()
        with open(path, "xb") as file:
            file.write(look)
    except FileExistsError:
        raise UsageError(f"a look is called {name} already ({path}); choose another name") from None
    except OSError as error:
        raise SinkError(f"the look cannot be kept in {path} ({error.strerror})") from error
    return path


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[\w][\w -]{0,60}", text) is not None


class Presets:
    """The kept looks, each a TOML file in one folder."""

    def __init__(self, library: StyleLibrary, folder: Path | None = None) -> None:
        """Use the looks in `folder`, by default one in the user's settings; their styles are found in `library`."""
        self._library = library
        self._folder = folder or looks_folder()

    def replaces(self, number: int, look: Look) -> str:
        """Say what would be lost if a look were kept under a number: the name of another look that is there, or ""."""
        path = self._path(number)
        if not path.exists():
            return ""
        try:
            kept = read_look(path)
        except UsageError:
            return "a file that is no look"
        names = [Path(name).stem if os.path.isabs(name) else name for name, _ in kept.styles]
        return "" if kept == self._library.portable(look) else "+".join(names)

    def keep(self, number: int, look: Look) -> None:
        """Keep a look under a number, in place of the one that was there.

        Raises:
            UsageError: A style of the look is gone, or lies in no file.
            SinkError: The file cannot be written.
        """
        gone = [name for name, _ in look.styles if name not in self._library.names]
        if gone:
            raise UsageError(f"style {gone[0]} is gone; a look with it cannot be kept")
        for name, _ in look.styles:
            self._library.path(name)  # a picture of this session alone has none
        write_look(self._library.portable(look), self._path(number))

    def recall(self, number: int) -> Look | None:
        """Give the look under a number, None when there is none.

        Raises:
            UsageError: The file is no look, or a style of it is not there.
        """
        path = self._path(number)
        if not path.exists():
            return None
        look = read_look(path)
        return replace(look, styles=tuple((self._library.find(name), weight) for name, weight in look.styles))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.toml"
