"""Checks of the values of commands. UsageError for a wrong one, with the value and what was wanted."""

from __future__ import annotations

import math

from realtime.core.errors import UsageError

LONGEST = 86_400.0
"""Seconds that a morph or a slideshow's style may take: a day."""


def check_number(what: str, value: object, least: float, most: float) -> None:
    """Refuse what is no number between two."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise UsageError(f"{what} of {value!r} is no number between {least:g} and {most:g}")


def check_whole(what: str, value: object, least: int, most: int) -> None:
    """Refuse what is no whole number between two."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise UsageError(f"{what} of {value!r} is no whole number between {least} and {most}")


def check_seconds(what: str, value: object) -> None:
    """Refuse what is neither None nor a number of seconds, a day at most."""
    if value is not None and (isinstance(value, float) and math.isinf(value)):
        raise UsageError(f"{what} of {value!r} seconds would never end")
    if value is not None:
        check_number(what, value, 0.0, LONGEST)


def check_toggle(setting: str, known: tuple[str, ...], on: object) -> None:
    """Refuse a switch that is not known, and what is neither on, off nor None."""
    if setting not in known:
        raise UsageError(f"there is no switch {setting!r}; there are {', '.join(known)}")
    if on not in (True, False, None):
        raise UsageError(f"{setting} is on or off, not {on!r}")
