"""Looks that a person keeps under a number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import platformdirs

from realtime.core.errors import UsageError
from realtime.look.look import Look
from realtime.look.look_files import read_look, write_look
from realtime.styles.library import StyleLibrary


class Presets:
    """The kept looks, each a TOML file in one folder."""

    def __init__(self, library: StyleLibrary, folder: Path | None = None) -> None:
        """Use the looks in `folder`, by default one in the user's settings; their styles are found in `library`."""
        self._library = library
        self._folder = folder or platformdirs.user_config_path("realtime") / "looks"

    def keep(self, number: int, look: Look) -> None:
        """Keep a look under a number, in place of the one that was there.

        Raises:
            UsageError: A style of the look is gone.
            SinkError: The file cannot be written.
        """
        gone = [name for name, _ in look.styles if name not in self._library.names]
        if gone:
            raise UsageError(f"style {gone[0]} is gone; a look with it cannot be kept")
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
