"""What a person may want changed while frames go by: keys and options speak these commands to one Controls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from realtime.errors import UsageError

Action: TypeAlias = Literal[
    "step",
    "style",
    "strength",
    "snapshot",
    "record",
    "compare",
    "original",
    "mirror",
    "fullscreen",
    "freeze",
    "info",
    "help",
    "quit",
]
STRENGTH_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Command:
    """One wish. `value` is for "step" (styles to go on by), "style" (its place in the list, from 0, or its name) and
    "strength" (how much more)."""

    action: Action
    value: int | float | str = 0


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the key table: what is on the keys, what they do, and the commands by what the keyboard sends."""

    label: str
    help: str
    commands: dict[str, Command]


KEYS: tuple[Key, ...] = (
    Key("Right, n", "next style", dict.fromkeys(("right", "n"), Command("step", 1))),
    Key("Left, p", "previous style", dict.fromkeys(("left", "p"), Command("step", -1))),
    Key("1 - 9", "straight to a style", {str(n): Command("style", n - 1) for n in range(1, 10)}),
    Key("Up, Down", "more, less strength",
        {"up": Command("strength", STRENGTH_STEP), "down": Command("strength", -STRENGTH_STEP)}),
    Key("s", "save a snapshot", {"s": Command("snapshot")}),
    Key("r", "start, stop recording a clip", {"r": Command("record")}),
    Key("c", "compare with the original", {"c": Command("compare")}),
    Key("o", "show the original", {"o": Command("original")}),
    Key("m", "mirror", {"m": Command("mirror")}),
    Key("f", "full screen", {"f": Command("fullscreen")}),
    Key("Space", "freeze", {" ": Command("freeze")}),
    Key("i", "info line", {"i": Command("info")}),
    Key("h, ?", "this help", dict.fromkeys(("h", "?"), Command("help"))),
    Key("q, Esc", "quit", dict.fromkeys(("q", "escape"), Command("quit"))),
)  # fmt: skip
"""The key map, the help card and the README's list are all made of this."""

KEY_MAP: dict[str, Command] = {name: command for key in KEYS for name, command in key.commands.items()}


def key_table() -> str:
    """The keys as a Markdown table, for the README."""
    lines = ["| key | what it does |", "|---|---|"]
    for key in KEYS:
        lines.append(f"| {', '.join(f'`{part}`' for part in key.label.split(', '))} | {key.help} |")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Settings:
    """How frames are made and shown just now. Never changed, only replaced, so that a thread can read it without a lock."""

    style: str
    strength: float = 1.0
    mirror: bool = False
    original: bool = False
    compare: bool = False
    frozen: bool = False
    fullscreen: bool = False
    info: bool = True
    help: bool = False
    quit: bool = False


_TOGGLES: dict[Action, str] = {
    "mirror": "mirror", "original": "original", "compare": "compare", "freeze": "frozen", "fullscreen": "fullscreen",
    "info": "info", "help": "help",
}  # fmt: skip


class Controls:
    """The one place where settings change. Any thread may call; `settings` is always a whole, consistent set."""

    def __init__(self, settings: Settings, styles: Callable[[], Sequence[str]]) -> None:
        """`styles` gives the names that there are, in the order in which keys walk through them."""
        self._settings = settings
        self._styles = styles
        self._changing = threading.Lock()
        self._wishes: list[Action] = []
        self._notices: list[str] = []

    @property
    def settings(self) -> Settings:
        return self._settings

    def apply(self, command: Command) -> None:
        """Do what is wished. UsageError when a style is called for by a name that there is none of."""
        with self._changing:
            now = self._settings
            if command.action in _TOGGLES:
                name = _TOGGLES[command.action]
                toggled: dict[str, Any] = {name: not getattr(now, name)}
                self._settings = replace(now, **toggled)
            elif command.action in ("step", "style"):
                self._settings = replace(now, style=self._pick(command, now.style))
            elif command.action == "strength":
                wanted = round(min(1.0, max(0.0, now.strength + float(command.value))), 3)
                self._settings = replace(now, strength=wanted)
            elif command.action == "quit":
                self._settings = replace(now, quit=True)
            else:
                self._wishes.append(command.action)

    def _pick(self, command: Command, current: str) -> str:
        styles = self._styles()
        if isinstance(command.value, str):
            if command.value not in styles:
                raise UsageError(f"there is no style {command.value!r}; there are {', '.join(styles)}")
            return command.value
        if command.action == "step":
            place = styles.index(current) if current in styles else 0
            return styles[(place + int(command.value)) % len(styles)]
        place = int(command.value)
        if place >= len(styles):
            self._notices.append(f"there are only {len(styles)} styles")
            return current
        return styles[place]

    def take_wishes(self) -> list[Action]:
        """The snapshots and record switches asked for since the last call."""
        with self._changing:
            wishes, self._wishes = self._wishes, []
        return wishes

    def notify(self, text: str) -> None:
        """Leave a short notice for the person."""
        with self._changing:
            self._notices.append(text)

    def take_notices(self) -> list[str]:
        """The notices left since the last call."""
        with self._changing:
            notices, self._notices = self._notices, []
        return notices
