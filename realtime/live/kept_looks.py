"""What the keys of kept looks do: keep the look in use under a number, recall it, and ask before one is replaced."""

from __future__ import annotations

import time

from realtime.control.commands import AwaitPreset, UseLook
from realtime.control.presets import Presets
from realtime.core.events import LooksChanged, Notice
from realtime.live.stream import Shown

_AGAIN_SECONDS = 6.0  # within which a key that replaces a kept look is pressed again


class KeptLooks:
    """Keeps and recalls the looks of what is shown."""

    def __init__(self, shown: Shown, presets: Presets) -> None:
        """Keep looks of `shown` in `presets`."""
        self._shown, self._presets = shown, presets
        self._asked = 0, 0.0  # the number of the look that is about to be replaced, and until when

    def keep(self, number: int) -> None:
        """Keep the look in use; where another one would be replaced, the key is to be pressed again first.

        Raises:
            UsageError: A style of the look is gone.
            SinkError: The file cannot be written.
        """
        look, now = self._shown.stream.controls.settings.look, time.monotonic()
        before = self._presets.replaces(number, look)
        if before and (self._asked[0] != number or now > self._asked[1]):
            self._asked = number, now + _AGAIN_SECONDS
            self._shown.apply(AwaitPreset(silent=True))
            self._notify(f"F{number} keeps {before} already: F{number} once more replaces it, k leaves it")
            return
        self._asked = 0, 0.0
        self._presets.keep(number, look)
        self._shown.events.emit(LooksChanged())
        self._notify(f"look kept: F{number} recalls it; realtime looks name {number} NAME gives it a name")

    def recall(self, number: int) -> None:
        """Take up the look under a number.

        Raises:
            UsageError: The file is no look, or a style of it is not there.
        """
        look = self._presets.recall(number)
        if look is None:
            self._notify(f"no look is kept under F{number}; k and F{number} keep the one in use")
        else:
            self._shown.apply(UseLook(look))
            self._notify(f"look {number}: {look.name}")

    def _notify(self, text: str) -> None:
        self._shown.events.emit(Notice(text))
