"""What a browser may ask for, by name: each becomes one of the typed commands that keys give, and is checked by it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from realtime.control.commands import (
    BlendSecond,
    Command,
    KeepLook,
    NextStop,
    Nudge,
    RecallLook,
    Record,
    SaveReplay,
    SelectSource,
    SelectStyle,
    SetLook,
    SetMorph,
    SetSlideshow,
    Snapshot,
    StepStyle,
    Toggle,
    ToggleView,
    UseLook,
)
from realtime.core.errors import UsageError
from realtime.look.look import FULL, Look, mixture
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


Builder: TypeAlias = Callable[[Any, Look, Numbers], Command]


def _style(value: Any, look: Look, styles: Numbers) -> Command:
    return SelectStyle(styles.name(value))


def _mix(value: Any, look: Look, styles: Numbers) -> Command:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise UsageError("a mix is a list of pairs: a style and its weight")
    return UseLook(replace(look, styles=mixture([(styles.name(style), _weight(weight)) for style, weight in value])))


def _weight(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"the weight {str(value)[:20]!r} is no number")
    return value


def _blend(value: Any, look: Look, styles: Numbers) -> Command:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
        raise UsageError("a blend is a number from 0 to 1")
    return Nudge("blend", value - look.styles[-1][1])


def _nudge(value: Any, look: Look, styles: Numbers) -> Command:
    if not isinstance(value, dict) or set(value) != {"field", "by"} or not isinstance(value["field"], str):
        raise UsageError("a nudge has a field and by how much")
    return Nudge(value["field"], value["by"])  # type: ignore[arg-type]


def _next_stop(value: Any, look: Look, styles: Numbers) -> Command:
    return NextStop(_text(value))  # type: ignore[arg-type]


def _brush(value: Any, look: Look, styles: Numbers) -> Command:
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
    "step": lambda value, look, styles: StepStyle(_whole(value)),
    "mix": _mix,
    "second": lambda value, look, styles: BlendSecond(),
    "blend": _blend,
    "nudge": _nudge,
    "strength": lambda value, look, styles: SetLook("strength", value),
    "own_colours": lambda value, look, styles: SetLook("own_colours", value),
    "steady": lambda value, look, styles: SetLook("steady", value),
    "brush": _brush,
    "next_stop": _next_stop,
    "morph": lambda value, look, styles: SetMorph(value),
    "slideshow": lambda value, look, styles: SetSlideshow(value),
    "mirror": lambda value, look, styles: Toggle("mirror", _switch(value)),
    "original": lambda value, look, styles: Toggle("original", _switch(value)),
    "frozen": lambda value, look, styles: Toggle("frozen", _switch(value)),
    "compare": lambda value, look, styles: ToggleView("compare", _switch(value)),
    "info": lambda value, look, styles: ToggleView("info", _switch(value)),
    "blackout": lambda value, look, styles: ToggleView("blackout", _switch(value)),
    "source": lambda value, look, styles: SelectSource(_whole(value)),
    "record": lambda value, look, styles: Record(_switch(value)),
    "snapshot": lambda value, look, styles: Snapshot(),
    "replay": lambda value, look, styles: SaveReplay(),
    "keep_look": lambda value, look, styles: KeepLook(_whole(value)),
    "recall_look": lambda value, look, styles: RecallLook(_whole(value)),
}
"""Everything that may be asked for, by the name that browsers give."""

CONTROL_ALONE = frozenset({"record", "source", "replay", "keep_look", "recall_look"})
"""What writes into the owner's folders, or reads there, or turns to another camera."""


def build(name: Any, value: Any, look: Look, styles: Numbers) -> Command:
    """Make the command that a browser asks for.

    Args:
        name: One of `BUILDERS`.
        value: What belongs to it: anything.
        look: The look in use.
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
        return builder(value, look, styles)
    except (UsageError, TypeError, ValueError, OverflowError) as error:
        raise MessageError("wrong-value", str(error)) from error
