"""Every setting and action by its address: what it takes, within which bounds, and which command comes of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from realtime.control.actions import KeepLook, Quit, RecallLook, Record, SaveReplay, Snapshot
from realtime.control.checks import LONGEST
from realtime.control.commands import (
    PRESETS,
    Amount,
    BlendSecond,
    Command,
    PictureToggle,
    SelectSource,
    SelectStyle,
    SetBlend,
    SetLook,
    SetMorph,
    SetSlideshow,
    StepSource,
    StepStyle,
    Toggle,
    ToggleView,
    ViewToggle,
)
from realtime.control.settings import Settings
from realtime.core.errors import UsageError
from realtime.look.look import BRUSHES, FULL
from realtime.osc.packets import Value
from realtime.sinks.view import ViewSettings

Kind: TypeAlias = Literal["number", "whole", "switch", "style", "action"]
ROOT = "/realtime/"


@dataclass(frozen=True, slots=True)
class State:
    """What an address may tell: the settings of what is shown and of its view, its source, and whether a clip is recorded."""

    settings: Settings
    view: ViewSettings
    source: int
    recording: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """A setting or an action.

    Attributes:
        address: The OSC address.
        help: What it is, for a person.
        kind: What it takes.
        make: Gives the command for a value, which `command` has checked.
        value: Gives the value now; None for an action, and for what has no value that stays.
        bounds: The least and the most, of a number.
        saves: Whether it writes a file.
    """

    address: str
    help: str
    kind: Kind
    make: Callable[[Any], Command]
    value: Callable[[State], Value] | None = None
    bounds: tuple[float, float] | None = None
    saves: bool = False

    def command(self, values: list[Value]) -> Command | None:
        """Make the command that a message asks for.

        Args:
            values: The values of the message.

        Returns:
            The command; None where a button was let go: an action with the value 0.

        Raises:
            UsageError: The values do not fit.
        """
        if self.kind == "action":
            if len(values) > 1 or (values and not _is_switch(values[0])):
                raise UsageError(
                    f"{self.address} takes nothing, or 1 for a button that is pressed; not {_shown(values)}"
                )
            return self.make(None) if not values or values[0] else None
        if len(values) != 1:
            raise UsageError(f"{self.address} takes one value, not {len(values)}")
        return self.make(self._checked(values[0]))

    def _checked(self, value: Value) -> Value:
        if self.kind == "switch":
            if not _is_switch(value):
                raise UsageError(f"{self.address} takes 1 or 0, not {_shown([value])}")
            return bool(value)
        if isinstance(value, str):
            if self.kind == "style":
                return value
            if self.address.endswith("/brush") and value == "full":
                return FULL
        if isinstance(value, (bool, str)) or value is None or not math.isfinite(value):
            raise UsageError(f"{self.address} takes a {self._wanted()}, not {_shown([value])}")
        if self.kind in ("whole", "style"):
            if value != int(value):
                raise UsageError(f"{self.address} takes a {self._wanted()}, not {_shown([value])}")
            value = int(value)
        else:
            value = round(float(value), 6)  # 0.7 comes as 0.699999988: OSC has 32 bits for it
        if self.bounds and not self.bounds[0] <= value <= self.bounds[1]:
            raise UsageError(f"{self.address} takes a {self._wanted()}, not {value:g}")
        return value

    def _wanted(self) -> str:
        noun = {"whole": "whole number", "style": "style's name, or its place from 0"}.get(self.kind, "number")
        return f"{noun} from {self.bounds[0]:g} to {self.bounds[1]:g}" if self.bounds else noun


def _is_switch(value: Value) -> bool:
    return value in (0, 1) and not isinstance(value, str)  # True and False are among them


def _shown(values: list[Value]) -> str:
    return ", ".join(repr(value)[:40] for value in values[:4])


def _amount(field: Amount) -> Entry:
    def now(state: State) -> Value:
        value = getattr(state.settings.look, field)
        return "full" if math.isinf(value) else float(value)

    text = f"{field.replace('_', ' ')} of the look" + (", or full" if field == "brush" else "")
    bounds = BRUSHES if field == "brush" else (0.0, 1.0)
    return Entry(f"{ROOT}look/{field}", text, "number", lambda value: SetLook(field, value), now, bounds)


def _switch(name: str, make: Callable[[Any, bool], Command], owner: Callable[[State], object]) -> Entry:
    return Entry(
        ROOT + name,
        f"{name} on or off",
        "switch",
        lambda value: make(name, value),
        lambda state: bool(getattr(owner(state), name)),
    )


def _entries() -> tuple[Entry, ...]:
    return (
        Entry(f"{ROOT}style", "the style, by name or by place from 0", "style",
              lambda value: SelectStyle(value), lambda state: state.settings.look.style),
        Entry(f"{ROOT}style/step", "so many styles on, or back", "whole",
              lambda value: StepStyle(value), None, (-1000, 1000)),
        *map(_amount, get_args(Amount)),
        Entry(f"{ROOT}look/blend", "weight of the last style in a blend", "number",
              lambda value: SetBlend(value),
              lambda state: state.settings.look.styles[-1][1], (0.0, 1.0)),
        Entry(f"{ROOT}look/second", "blend with a second style, or end the blend", "action",
              lambda value: BlendSecond()),
        Entry(f"{ROOT}look/recall", "take up a kept look", "whole",
              lambda value: RecallLook(value), None, (1, PRESETS)),
        Entry(f"{ROOT}look/keep", "keep the look under a number", "whole",
              lambda value: KeepLook(value), None, (1, PRESETS), saves=True),
        *(_switch(name, Toggle, lambda state: state.settings) for name in get_args(PictureToggle)),
        *(_switch(name, ToggleView, lambda state: state.view) for name in get_args(ViewToggle)),
        Entry(f"{ROOT}morph", "seconds of a change of styles", "number",
              lambda value: SetMorph(value), lambda state: state.settings.morph, (0.0, LONGEST)),
        Entry(f"{ROOT}slideshow", "seconds for each style, 0 for none", "number",
              lambda value: SetSlideshow(value), lambda state: state.settings.slideshow, (0.0, LONGEST)),
        Entry(f"{ROOT}source", "the source that is shown, by place from 0", "whole",
              lambda value: SelectSource(value), lambda state: state.source, (0, 1000)),
        Entry(f"{ROOT}source/step", "so many sources on, or back", "whole",
              lambda value: StepSource(value), None, (-1000, 1000)),
        Entry(f"{ROOT}record", "record a clip", "switch",
              lambda value: Record(value), lambda state: state.recording, saves=True),
        Entry(f"{ROOT}snapshot", "save a snapshot", "action", lambda value: Snapshot(), saves=True),
        Entry(f"{ROOT}replay", "save the last 10 seconds", "action", lambda value: SaveReplay(), saves=True),
        Entry(f"{ROOT}quit", "end the session", "action", lambda value: Quit()),
    )  # fmt: skip


INVENTORY: dict[str, Entry] = {entry.address: entry for entry in _entries()}
"""All entries, by address."""
