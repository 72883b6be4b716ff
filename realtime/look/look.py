"""The look: what a person chooses of how frames are painted. `pipeline` has the effects in their order."""

from __future__ import annotations

import importlib
import math
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

from realtime.core.errors import UsageError

MOST_STYLES = 4
MORPH = 0.4
"""Seconds that one style takes to turn into the next."""
Mixture: TypeAlias = tuple[tuple[str, float], ...]
"""Styles by name, each with its weight; the weights add up to 1."""

FULL = math.inf
"""The brush with which the model sees every pixel."""
BRUSHES = 0.1, 16.0
"""The least and the largest brush besides `FULL`."""


@dataclass(frozen=True, slots=True)
class Look:
    """How frames are painted. Never changed, only replaced. UsageError for an amount out of range or a bad mixture.

    Attributes:
        styles: One to four styles by name with their weights, which are made to add up to 1.
        strength: From 0, the frame itself, to 1, all style.
        own_colours: From 0, the style's colours, to 1, the frame's own.
        brush: How much the model sees of the frame, 0.1 to 16 or `FULL`: at 1 it sees 480 lines (the shorter side), at 0.5
            240, and strokes are twice as large; it never sees more than there are.
        steady: How much what does not move is held still, 0..1.
    """

    styles: Mixture
    strength: float = 1.0
    own_colours: float = 0.0
    brush: float = 1.0
    steady: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "styles", mixture(self.styles))
        for name in ("strength", "own_colours", "steady"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value <= 1:
                raise UsageError(f"{name.replace('_', ' ')} of {value!r} is not between 0 and 1")
        if not _is_number(self.brush) or not (BRUSHES[0] <= self.brush <= BRUSHES[1] or self.brush == FULL):
            raise UsageError(f"brush of {self.brush!r} is not between {BRUSHES[0]:g} and {BRUSHES[1]:g}, nor full")

    @property
    def name(self) -> str:
        """The styles' names, joined by +."""
        return "+".join(name for name, weight in self.styles if weight) or self.styles[-1][0]

    @property
    def style(self) -> str:
        """The style that the keys change: the last one of a mixture."""
        return self.styles[-1][0]

    def to_toml(self) -> str:
        """Write the look as a small TOML file."""
        import tomli_w

        amounts: dict[str, float | str] = {field.name: float(getattr(self, field.name)) for field in fields(self)[1:]}
        if self.brush == FULL:
            amounts["brush"] = "full"
        return tomli_w.dumps({**amounts, "styles": {_as_text(name): weight for name, weight in self.styles}})

    @classmethod
    def from_toml(cls, text: str) -> Look:
        """Read the look that `to_toml`, or a person, wrote. UsageError when it is none."""
        try:
            read = _toml(text)
        except (ValueError, RecursionError) as error:  # a file from a stranger may nest as deep as it likes
            raise UsageError(f"this is no look: {error}") from error
        known = [field.name for field in fields(cls)]
        if unknown := sorted(set(read) - set(known)):
            raise UsageError(f"a look has no {unknown[0]!r}; it has {', '.join(known)}")
        if read.get("brush") == "full":
            read["brush"] = FULL
        styles = read.pop("styles", None)
        if isinstance(styles, str):
            return cls(parse_mixture(styles), **read)
        if not isinstance(styles, dict) or not styles:
            raise UsageError('a look names its styles: styles = "wave", or styles = { wave = 0.6, glass = 0.4 }')
        return cls(tuple((_from_text(name), weight) for name, weight in styles.items()), **read)


def brush_text(brush: float) -> str:
    """Write a brush for a person.

    Args:
        brush: The brush of a look.

    Returns:
        Such as "50%", or "full".
    """
    return "full" if brush == FULL else f"{brush:.0%}"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _as_text(name: str) -> str:
    """Write a style's name as text: lone surrogates, which stand for a file name's odd bytes, as backslash escapes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _from_text(text: str) -> str:
    """Give the name of which `_as_text` made this."""
    return re.sub(r"\\ud[89a-f][0-9a-f]{2}", lambda found: chr(int(found[0][2:], 16)), text)


def mixture(styles: Sequence[tuple[str, float]]) -> Mixture:
    """Scale the weights of styles so that they add up to 1.

    Args:
        styles: Names and weights of 1 to `MOST_STYLES` styles.

    Returns:
        The same styles, in the same order.

    Raises:
        UsageError: There are none, too many, one twice, or weights that cannot be.
    """
    if not 1 <= len(styles) <= MOST_STYLES:
        raise UsageError(f"a look mixes 1 to {MOST_STYLES} styles, not {len(styles)}")
    if len({name for name, _ in styles}) < len(styles):
        raise UsageError(f"a style is named twice: {', '.join(name for name, _ in styles)}")
    for name, weight in styles:
        if not isinstance(weight, (int, float)) or not 0 <= weight < 1e9:
            raise UsageError(
                f"the weight of {name} is {weight!r}; weights are numbers from 0 up, as in wave:0.6,glass:0.4"
            )
    total = sum(weight for _, weight in styles)
    if not total:
        raise UsageError("all weights are 0; at least one style must count, as in wave:0.6,glass:0.4")
    return tuple((name, round(weight / total, 4)) for name, weight in styles)


def between(before: Mixture, after: Mixture, share: float) -> Mixture:
    """Mix two mixtures, on the way from one to the other.

    Args:
        before: The mixture at the beginning.
        after: The mixture at the end.
        share: The share of the way that is gone, 0..1.

    Returns:
        The styles of both, those of `after` last; there may be more of them than a look mixes.
    """
    weights = {name: weight * (1 - share) for name, weight in before}
    gone = {name: weight for name, weight in weights.items() if name not in dict(after)}
    return (*gone.items(), *((name, weight * share + weights.get(name, 0.0)) for name, weight in after))


def parse_mixture(text: str) -> Mixture:
    """Read a mixture as people write it.

    Args:
        text: A style, "wave:0.6,glass:0.4", or a picture file.

    Returns:
        Names and weights, which add up to 1.

    Raises:
        UsageError: A weight is none, or there are too many styles.
    """
    if _is_file(text):
        return ((text, 1.0),)
    styles = []
    for part in text.split(","):
        name, colon, weight = part.strip().rpartition(":")
        try:
            styles.append((name.strip(), float(weight)) if colon else (part.strip(), 1.0))
        except ValueError:
            styles.append((part.strip(), 1.0))  # a colon of the name's own: C:\cat.jpg
    return mixture(styles)


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False


def eased(share: float) -> float:
    """How far a morph is of which the share 0..1 of its time is over: it begins and ends slowly."""
    return share * share * (3 - 2 * share)


def _toml(text: str) -> dict[str, Any]:
    toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    return dict(toml.loads(text))
