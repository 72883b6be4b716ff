"""What a browser may ask for, by name: each becomes one of the typed commands that keys give, and is checked by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from realtime.control.actions import KeepLook, RecallLook, Record, SaveReplay, Snapshot
from realtime.control.commands import (
    BlendSecond,
    Command,
    NextStop,
    Nudge,
    SelectSource,
    SelectStyle,
    SetBlend,
    SetLook,
    SetMorph,
    SetSlideshow,
    SetStyles,
    StepStyle,
    Toggle,
    ToggleView,
)
from realtime.core.errors import UsageError
from realtime.look.look import FULL, mixture
from realtime.page.numbers import Numbers

MOST_TEXT = 16_000
"""Bytes of a text message."""


class MessageError(Exception):
    """A message that cannot be followed: `code` for the browser, the text for a person."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def parse(text: str) -> dict[str, Any]:
    """Read a message from a stranger.

    Args:
        text: Anything.

    Returns:
        The object; its `type` is a text.

    Raises:
        MessageError: It is no JSON object with a type, or too long.
    """
    if len(text) > MOST_TEXT:
        raise MessageError("not-json", f"a message has at most {MOST_TEXT} characters")
    try:
        read = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise MessageError("not-json", "this is no JSON") from None
    if not isinstance(read, dict) or not isinstance(read.get("type"), str):
        raise MessageError("not-json", "a message is a JSON object with a type")
    return read


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


Builder: TypeAlias = Callable[[Any, Numbers], Command]


def _style(value: Any, styles: Numbers) -> Command:
    return SelectStyle(styles.name(value))


def _mix(value: Any, styles: Numbers) -> Command:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise UsageError("a mix is a list of pairs: a style and its weight")
    return SetStyles(mixture([(styles.name(style), _weight(weight)) for style, weight in value]))


def _weight(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"the weight {str(value)[:20]!r} is no number")
    return value


def _nudge(value: Any, styles: Numbers) -> Command:
    if not isinstance(value, dict) or set(value) != {"field", "by"} or not isinstance(value["field"], str):
        raise UsageError("a nudge has a field and by how much")
    return Nudge(value["field"], value["by"])  # type: ignore[arg-type]


def _next_stop(value: Any, styles: Numbers) -> Command:
    return NextStop(_text(value))  # type: ignore[arg-type]


def _brush(value: Any, styles: Numbers) -> Command:
    return SetLook("brush", FULL if value == "full" else value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise UsageError("a name is a text")
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)  # JavaScript has one kind of number
    return value


def _switch(value: Any) -> bool | None:
    if value is not None and not isinstance(value, bool):
        raise UsageError("a switch is true, false, or null to turn it")
    return value


BUILDERS: dict[str, Builder] = {
    "style": _style,
    "step": lambda value, styles: StepStyle(_whole(value)),
    "mix": _mix,
    "second": lambda value, styles: BlendSecond(),
    "blend": lambda value, styles: SetBlend(value),
    "nudge": _nudge,
    "strength": lambda value, styles: SetLook("strength", value),
    "own_colours": lambda value, styles: SetLook("own_colours", value),
    "steady": lambda value, styles: SetLook("steady", value),
    "brush": _brush,
    "next_stop": _next_stop,
    "morph": lambda value, styles: SetMorph(value),
    "slideshow": lambda value, styles: SetSlideshow(value),
    "mirror": lambda value, styles: Toggle("mirror", _switch(value)),
    "original": lambda value, styles: Toggle("original", _switch(value)),
    "frozen": lambda value, styles: Toggle("frozen", _switch(value)),
    "compare": lambda value, styles: ToggleView("compare", _switch(value)),
    "info": lambda value, styles: ToggleView("info", _switch(value)),
    "blackout": lambda value, styles: ToggleView("blackout", _switch(value)),
    "source": lambda value, styles: SelectSource(_whole(value)),
    "record": lambda value, styles: Record(_switch(value)),
    "snapshot": lambda value, styles: Snapshot(),
    "replay": lambda value, styles: SaveReplay(),
    "keep_look": lambda value, styles: KeepLook(_whole(value)),
    "recall_look": lambda value, styles: RecallLook(_whole(value)),
}
"""Everything that may be asked for, by the name that browsers give."""

CONTROL_ALONE = frozenset({"record", "source", "replay", "keep_look", "recall_look"})
"""What writes into the owner's folders, or reads there, or turns to another camera."""


def build(name: Any, value: Any, styles: Numbers) -> Command:
    """Make the command that a browser asks for.

    Args:
        name: One of `BUILDERS`.
        value: What belongs to it: anything.
        styles: Knows the styles by number and name.

    Returns:
        The command.

    Raises:
        MessageError: There is no such command, or the value does not fit.
    """
    builder = BUILDERS.get(name) if isinstance(name, str) else None
    if builder is None:
        raise MessageError(
            "unknown-command", f"there is no command {str(name)[:40]!r}; there are {', '.join(BUILDERS)}"
        )
    try:
        return builder(value, styles)
    except (UsageError, TypeError, ValueError, OverflowError) as error:
        raise MessageError("wrong-value", str(error)) from error
