"""The look at every moment of the footage: what it begins with, and the styles that it turns to at given times."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

from realtime.core.errors import UsageError
from realtime.look.look import MORPH, Look, Mixture, between, eased, mixture

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


@dataclass(frozen=True)
class Schedule:
    """The look at every moment. It follows from the time alone: frames can be painted in any order and on any machine.

    Attributes:
        look: What it begins with.
        changes: Times in seconds, from the first frame, and the styles from then on.
        morph: How long each change takes, in seconds.
        mirror: Whether the frames are painted as in a mirror.
    """

    look: Look
    changes: tuple[tuple[float, Mixture], ...] = ()
    morph: float = MORPH
    mirror: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", tuple(sorted(self.changes)))
        times = [time for time, _ in self.changes]
        if len(set(times)) < len(times):
            raise UsageError("two styles are to begin at the same time; give each --at a time of its own")
        for _ in self.looks():
            pass  # a mixture of too many styles is said at once, not an hour later

    def at(self, seconds: float) -> Look:
        """Return the look at a time."""
        index = bisect_right([time for time, _ in self.changes], seconds) - 1
        if index < 0:
            return self.look
        time, styles = self.changes[index]
        end = self.changes[index + 1][0] if index + 1 < len(self.changes) else float("inf")
        whole = min(self.morph, end - time)
        share = (seconds - time) / whole if seconds - time < whole else 1.0
        before = self.changes[index - 1][1] if index else self.look.styles
        return self._between(before, styles, eased(share))

    def looks(self) -> Iterator[Look]:
        """Give every look that there is on the way, one of each kind."""
        before = self.look.styles
        yield self.look
        for _, styles in self.changes:
            if self.morph:
                yield self._between(before, styles, 0.5)
            yield self._between(before, styles, 1.0)
            before = styles

    @property
    def styles(self) -> set[str]:
        """The names of all styles."""
        return {name for look in self.looks() for name, _ in look.styles}

    @property
    def remembers(self) -> bool:
        """Whether a frame depends on those before it: held steady, or moved from the footage's own code, which is eased."""
        return bool(self.look.steady) or 0 < self.look.strength < 1

    def _between(self, before: Mixture, after: Mixture, share: float) -> Look:
        if share == 1.0 or before == after:
            return replace(self.look, styles=after)
        try:
            return replace(self.look, styles=mixture(between(before, after, share)))
        except UsageError as error:
            raise UsageError(f"on the way from one look of --at to the next, {error}") from error


def parse_change(text: str) -> tuple[float, str]:
    """Read a change of style as people write it.

    Args:
        text: Such as "00:05=wave". The time is seconds, M:SS or H:MM:SS.

    Returns:
        The time in seconds, and the style.

    Raises:
        UsageError: It is none.
    """
    time, equals, style = text.partition("=")
    if not (equals and style.strip() and _CLOCK.fullmatch(time.strip())):
        raise UsageError(f"--at {text!r} is no change of style; write it as 00:05=wave")
    return parse_time(time, f"--at {text!r}", "00:05=wave"), style.strip()


def parse_time(text: str, name: str, example: str) -> float:
    """Read a time as people write it.

    Args:
        text: Seconds, M:SS or H:MM:SS.
        name: What a person wrote, for the message.
        example: How it is written, for the message.

    Returns:
        The time in seconds.

    Raises:
        UsageError: It is none.
    """
    match = _CLOCK.fullmatch(text.strip())
    if not match:
        raise UsageError(f"{name} is no time; write it as {example}")
    hours, minutes, seconds = (float(number or 0) for number in match.groups())
    if (match[2] and seconds >= 60) or (match[1] and minutes >= 60):
        raise UsageError(f"{name} is no time: what follows a colon is less than 60; write it as {example}")
    return hours * 3600 + minutes * 60 + seconds


def clock(seconds: float) -> str:
    """Write a time as M:SS.ss."""
    return f"{int(seconds // 60)}:{seconds % 60:05.2f}"
