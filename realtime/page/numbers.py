"""Numbers for what browsers name: styles, files, looks. A number stays a thing's as long as the program runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from realtime.core.errors import UsageError


class Numbers:
    """Gives each name of a list a number, from 1."""

    def __init__(self, names: Callable[[], Sequence[str]]) -> None:
        """Make numbers for what `names` gives, now and later."""
        self._names = names
        self._numbers: dict[str, int] = {}
        self._by_number: dict[int, str] = {}

    def number(self, name: str) -> int:
        """Give the number of a name, which is new where the name is."""
        if name not in self._numbers:
            self._numbers[name] = len(self._numbers) + 1
            self._by_number[self._numbers[name]] = name
        return self._numbers[name]

    def name(self, asked: Any) -> str:
        """Give the name that a browser means by a number or by the name itself.

        Args:
            asked: Anything.

        Returns:
            A name that there is now.

        Raises:
            UsageError: There is none.
        """
        whole = isinstance(asked, int) and not isinstance(asked, bool)
        name = self._by_number.get(asked) if whole else asked
        if not isinstance(name, str) or name not in self._names():
            raise UsageError(f"there is no style {str(asked)[:40]!r}")
        return name
