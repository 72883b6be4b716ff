"""Lists for browsers: styles, files, kept looks, clients. Each thing has a number there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.control.presets import kept_looks
from realtime.core.errors import RealtimeError
from realtime.core.text import clean
from realtime.look.look import Look
from realtime.look.look_files import read_look
from realtime.page.access import Role
from realtime.page.client import written
from realtime.page.files import SavedFiles
from realtime.page.numbers import Numbers
from realtime.styles.brought import BroughtStyles
from realtime.styles.library import StyleLibrary


class Lists:
    """Writes the lists."""

    def __init__(self, library: StyleLibrary, brought: BroughtStyles, files: SavedFiles) -> None:
        """List what these have."""
        self._library, self._brought, self._files = library, brought, files
        self.styles = Numbers(lambda: library.names)
        """The numbers of the styles."""
        self._looks = Numbers(lambda: [name for name, _ in kept_looks()])

    def may_use(self, name: str, role: Role, holder: str) -> bool:
        """Say whether a browser may know a style: guests know their own pictures and those of nobody else."""
        brought = self._brought.get(name)
        return role == "control" or brought is None or brought.by == holder

    def styles_for(self, role: Role, holder: str) -> str:
        """Write the styles that a browser may know."""
        styles = []
        for name in self._library.names:
            if self.may_use(name, role, holder):
                brought = self._brought.get(name)
                styles.append(
                    {
                        "id": self.styles.number(name),
                        "name": clean(name),
                        "label": brought.label if brought else clean(name),
                        "brought": brought is not None,
                    }
                )
        return written({"type": "styles", "styles": styles})

    def files(self, older: bool) -> str:
        """Write the snapshots and clips."""
        return written({"type": "files", "files": self._files.listed(older)})

    def looks(self) -> str:
        """Write the kept looks."""
        looks = []
        for name, path in kept_looks():
            try:
                look = read_look(path)
            except RealtimeError:
                continue
            looks.append(
                {
                    "id": self._looks.number(name),
                    "name": clean(name),
                    "text": f"{clean(_plain(look))}, strength {look.strength:.0%}",
                    "styles": [self.styles.number(style) for style, _ in look.styles if style in self._library.names],
                }
            )
        return written({"type": "looks", "looks": looks})

    def look_file(self, asked: Any) -> Path | None:
        """Give the file of the kept look that a browser means; None when there is none."""
        try:
            name = self._looks.name(asked)
        except RealtimeError:
            return None
        return dict(kept_looks()).get(name)

    def known(self, look: Look, instead: Look) -> tuple[Look, list[str]]:
        """Take of a stranger's look the amounts, and those styles alone that have a name here.

        Args:
            look: The look, whose styles may be anything.
            instead: The look whose styles are used where none of them is known.

        Returns:
            The look, and the names that are not known.
        """
        styles = tuple((name, weight) for name, weight in look.styles if name in self._library.names)
        usable = styles if any(weight for _, weight in styles) else instead.styles
        return replace(look, styles=usable), [name for name, _ in look.styles if name not in self._library.names]


def _plain(look: Look) -> str:
    """Name the styles of a look without the folders that their pictures lie in."""
    return "+".join(Path(name).stem if "/" in name or "\\" in name else name for name, _ in look.styles)
