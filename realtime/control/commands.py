"""Commands: what a person wants changed. Keys, page, options and presets speak these and those of `actions`, and nothing else.

A command checks its values where it is made: a wrong one is a UsageError there, and never reaches a session.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

from realtime.control.checks import check_number, check_seconds, check_toggle, check_whole
from realtime.core.errors import UsageError
from realtime.look.look import Look, Mixture

Amount: TypeAlias = Literal["strength", "own_colours", "brush", "steady"]
PictureToggle: TypeAlias = Literal["mirror", "original", "frozen"]
ViewToggle: TypeAlias = Literal["compare", "info", "help", "fullscreen", "overview", "blackout"]
Gesture: TypeAlias = Literal["move", "press", "menu", "wheel"]

STOPS: dict[Amount, tuple[float, ...]] = {
    "own_colours": (0.0, 0.5, 1.0),
    "brush": (1.0, 0.75, 0.5, 0.35, 2.0),
    "steady": (0.0, 0.5, 1.0),
}
"""The amounts that a key goes through, round and round."""
PRESETS = 4
"""Looks that can be kept, each under a number from 1."""

_ANY = Look((("any", 1.0),))  # to check amounts with: the look knows their ranges


@dataclass(frozen=True, slots=True)
class Command:
    """One change that a person wants."""


class PictureCommand(Command):
    """A command that changes the settings of a stream."""

    __slots__ = ()


class ViewCommand(Command):
    """A command that changes the settings of a view."""

    __slots__ = ()


class SourceCommand(Command):
    """A command that chooses the source which is shown."""

    __slots__ = ()

    def chosen(self, now: int, count: int) -> int:
        """Give the place of the source that is to be shown, from 0, where the one at `now` of `count` is shown.

        Raises:
            UsageError: There is no such source.
        """
        raise NotImplementedError


class WindowCommand(Command):
    """A command that the display of a window carries out."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class StepStyle(PictureCommand):
    """Go on by so many styles, or back."""

    by: int = 1

    def __post_init__(self) -> None:
        check_whole("a step", self.by, -1_000_000, 1_000_000)


@dataclass(frozen=True, slots=True)
class SelectStyle(PictureCommand):
    """Take a style by its name, or by its place in the list, from 0."""

    style: str | int

    def __post_init__(self) -> None:
        if not isinstance(self.style, str):
            check_whole("the place of a style", self.style, 0, 1_000_000)


@dataclass(frozen=True, slots=True)
class BlendSecond(PictureCommand):
    """Blend the style with a second one; of several styles, take the last one alone."""


@dataclass(frozen=True, slots=True)
class Nudge(PictureCommand):
    """Move the strength, or the weight of the last style in a blend, by an amount; it stays within its range."""

    field: Literal["strength", "blend"]
    by: float

    def __post_init__(self) -> None:
        if self.field not in ("strength", "blend"):
            raise UsageError(f"{self.field!r} cannot be nudged; strength and blend can")
        check_number(f"a nudge of {self.field}", self.by, -1.0, 1.0)


@dataclass(frozen=True, slots=True)
class SetBlend(PictureCommand):
    """Set the weight of the last style in a blend."""

    weight: float

    def __post_init__(self) -> None:
        check_number("a blend", self.weight, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class SetStyles(PictureCommand):
    """Take a mixture of styles, and leave the rest of the look as it is."""

    styles: Mixture

    def __post_init__(self) -> None:
        replace(_ANY, styles=self.styles)


@dataclass(frozen=True, slots=True)
class SetLook(PictureCommand):
    """Set an amount of the look."""

    field: Amount
    value: float

    def __post_init__(self) -> None:
        if self.field not in get_args(Amount):
            raise UsageError(f"a look has no amount {self.field!r}; it has {', '.join(get_args(Amount))}")
        replace(_ANY, **{self.field: self.value})  # type: ignore[arg-type]  # mypy takes the name for any field's


@dataclass(frozen=True, slots=True)
class NextStop(PictureCommand):
    """Set an amount of the look to the next one of its `STOPS`."""

    field: Amount

    def __post_init__(self) -> None:
        if self.field not in STOPS:
            raise UsageError(f"{self.field!r} has no stops; {', '.join(STOPS)} have")


@dataclass(frozen=True, slots=True)
class UseLook(PictureCommand):
    """Take up a whole look."""

    look: Look

    def __post_init__(self) -> None:
        if not isinstance(self.look, Look):
            raise UsageError(f"a {type(self.look).__name__} is no look")


@dataclass(frozen=True, slots=True)
class LeaveOutStyle(PictureCommand):
    """Go back to the mixture `instead` if the look still has a style that cannot be used."""

    style: str
    instead: Mixture


@dataclass(frozen=True, slots=True)
class Toggle(PictureCommand):
    """Switch the mirror, the original or the frozen picture; `on` None turns it to what it is not."""

    setting: PictureToggle
    on: bool | None = None

    def __post_init__(self) -> None:
        check_toggle(self.setting, get_args(PictureToggle), self.on)


@dataclass(frozen=True, slots=True)
class SetMorph(PictureCommand):
    """Set the seconds that a change of styles takes; 0 is at once, None switches between the two."""

    seconds: float | None = None

    def __post_init__(self) -> None:
        check_seconds("a morph", self.seconds)


@dataclass(frozen=True, slots=True)
class SetSlideshow(PictureCommand):
    """Set the seconds for each style of a slideshow; 0 ends it, None begins or ends it."""

    seconds: float | None = None

    def __post_init__(self) -> None:
        check_seconds("a slideshow", self.seconds)


@dataclass(frozen=True, slots=True)
class AwaitPreset(PictureCommand):
    """Keep the look under the number of the next `Preset`; given again, wait for it no longer.

    `silent` waits for it without a notice, where another one says what is waited for.
    """

    silent: bool = False


@dataclass(frozen=True, slots=True)
class Preset(PictureCommand):
    """Recall the look of this number, or keep the look under it after `AwaitPreset`."""

    number: int

    def __post_init__(self) -> None:
        check_whole("a preset", self.number, 1, PRESETS)


@dataclass(frozen=True, slots=True)
class SelectSource(SourceCommand):
    """Show the source of this place, from 0."""

    number: int

    def __post_init__(self) -> None:
        check_whole("the place of a source", self.number, 0, 1_000)

    def chosen(self, now: int, count: int) -> int:
        """Give its place."""
        if self.number >= count:
            there = "there is one" if count == 1 else f"there are {count}"
            raise UsageError(f"there is no source {self.number}; {there}, from 0")
        return self.number


@dataclass(frozen=True, slots=True)
class StepSource(SourceCommand):
    """Go on by so many sources, or back, round and round."""

    by: int = 1

    def __post_init__(self) -> None:
        check_whole("a step", self.by, -1_000, 1_000)

    def chosen(self, now: int, count: int) -> int:
        """Give the place that the step leads to."""
        return (now + self.by) % count


@dataclass(frozen=True, slots=True)
class ToggleView(ViewCommand):
    """Switch the comparison, the info line, the help card, the full screen, the overview or the blackout, as `Toggle` does."""

    setting: ViewToggle
    on: bool | None = None

    def __post_init__(self) -> None:
        check_toggle(self.setting, get_args(ViewToggle), self.on)


@dataclass(frozen=True, slots=True)
class Leave(WindowCommand):
    """Leave the overview, the help card or the full screen; where there is none of them, end the session."""


@dataclass(frozen=True, slots=True)
class Typed(WindowCommand):
    """A key, by its name in the key table, typed while the window shows something that has keys of its own."""

    key: str


@dataclass(frozen=True, slots=True)
class Pointer(WindowCommand):
    """What the mouse did, and where: the shares of the picture's width and height that lie left of it and above it."""

    gesture: Gesture
    across: float
    down: float
    by: int = 0
    """Notches of the wheel, away from the person."""
