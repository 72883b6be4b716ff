"""Changes of the picture in text, for people who do not see the window: `--announce`."""

from __future__ import annotations

import threading
from collections.abc import Callable

from realtime.control.settings import Settings
from realtime.core.events import Event, SettingsChanged

_SWITCHES = {"original": "original", "mirror": "mirror", "frozen": "freeze"}


class Announcer:
    """Says what changed in the settings of what is shown, once for each change. Any thread may call `hear`."""

    def __init__(self, settings: Callable[[], Settings], say: Callable[[str], None]) -> None:
        """Begin with the settings as they are.

        Args:
            settings: Gives the settings now.
            say: Says a line.
        """
        self._settings, self._say = settings, say
        self._before = settings()
        self._changing = threading.Lock()

    def hear(self, event: Event) -> None:
        """Say what changed, where `event` tells of changed settings."""
        if not isinstance(event, SettingsChanged):
            return
        with self._changing:
            before, self._before = self._before, self._settings()
            changes = described_changes(before, self._before)
        if changes:
            self._say(", ".join(changes))


def described_changes(before: Settings, after: Settings) -> list[str]:
    """Describe what differs between two settings, in the order: styles, strength, switches.

    Amounts that have a notice of their own, such as own colours, are not repeated.
    """
    changes = []
    if before.look.styles != after.look.styles:
        several = len(after.look.styles) > 1
        styles = " + ".join(f"{name} {weight:.0%}" if several else name for name, weight in after.look.styles)
        changes.append(f"style {styles}")
    if before.look.strength != after.look.strength:
        changes.append(f"strength {after.look.strength:.0%}")
    for field, name in _SWITCHES.items():
        if getattr(before, field) != getattr(after, field):
            changes.append(f"{name} {'on' if getattr(after, field) else 'off'}")
    return changes
