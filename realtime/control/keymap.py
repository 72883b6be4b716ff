"""The key table: what is on the keys, and the commands that they give."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.control.actions import Quit, Record, SaveReplay, Snapshot
from realtime.control.commands import (
    PRESETS,
    AwaitPreset,
    BlendSecond,
    Command,
    Leave,
    NextStop,
    Nudge,
    Preset,
    SelectStyle,
    SetMorph,
    SetSlideshow,
    StepSource,
    StepStyle,
    Toggle,
    ToggleView,
)
from realtime.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the key table: what is on the keys, what they do, and the commands by what the keyboard sends."""

    label: str
    help: str
    commands: dict[str, Command]


STEP = 0.1
"""How far a key moves the strength, or the blend of two styles."""

GROUPS: dict[str, tuple[Key, ...]] = {
    "Styles": (
        Key("Right, n", "next style", dict.fromkeys(("right", "n"), StepStyle(1))),
        Key("Left, p", "previous style", dict.fromkeys(("left", "p"), StepStyle(-1))),
        Key("1 - 9", "straight to a style", {str(n): SelectStyle(n - 1) for n in range(1, 10)}),
        Key("Tab", "see all styles", {"tab": ToggleView("overview")}),
        Key("x", "blend with a second style", {"x": BlendSecond()}),
        Key("dot, comma", "more, less of the second style", {".": Nudge("blend", STEP), ",": Nudge("blend", -STEP)}),
        Key("l", "slideshow of styles", {"l": SetSlideshow()}),
    ),
    "Look": (
        Key("Up, Down", "more, less strength", {"up": Nudge("strength", STEP), "down": Nudge("strength", -STEP)}),
        Key("a", "own colours", {"a": NextStop("own_colours")}),
        Key("w", "brush size", {"w": NextStop("brush")}),
        Key("t", "steady", {"t": NextStop("steady")}),
        Key("g", "morph into a style, or switch at once", {"g": SetMorph()}),
        Key("F1 - F4", "recall a look", {f"f{n}": Preset(n) for n in range(1, PRESETS + 1)}),
        Key("k F1 - F4", "keep this look", {"k": AwaitPreset()}),
    ),
    "Saving": (
        Key("s", "save a snapshot", {"s": Snapshot()}),
        Key("r", "start, stop recording a clip", {"r": Record()}),
        Key("b", "save the last 10 seconds", {"b": SaveReplay()}),
    ),
    "Picture": (
        Key("c", "compare with the original", {"c": ToggleView("compare")}),
        Key("o", "show the original", {"o": Toggle("original")}),
        Key("m", "mirror", {"m": Toggle("mirror")}),
        Key("Space", "freeze", {" ": Toggle("frozen")}),
        Key("v", "next source, where there are several", {"v": StepSource()}),
        Key("z", "black picture", {"z": ToggleView("blackout")}),
    ),
    "Window": (
        Key("f", "full screen", {"f": ToggleView("fullscreen")}),
        Key("i", "info line", {"i": ToggleView("info")}),
        Key("h, ?", "this help", dict.fromkeys(("h", "?"), ToggleView("help"))),
        Key("Esc", "leave full screen, then quit", {"escape": Leave()}),
        Key("q", "quit", {"q": Quit()}),
    ),
}
"""The key map, the help card and the README's list are all made of this."""

KEYS: tuple[Key, ...] = tuple(key for keys in GROUPS.values() for key in keys)

KEY_MAP: dict[str, Command] = {name: command for key in KEYS for name, command in key.commands.items()}


_SPELLED = {"esc": "escape", "space": " ", "comma": ",", "dot": ".", "period": "."}
"""Other words for keys, where a list is written on the command line."""


def keys_named(text: str) -> dict[str, Command]:
    """Find the keys of a list.

    Args:
        text: Names of keys as the key table has them, in any case, with spaces or commas between them: "left right s".
            `space`, `esc`, `comma` and `dot` are words for those keys.

    Returns:
        The commands of the keys, by name.

    Raises:
        UsageError: There is no such key.
    """
    found = {}
    for word in text.lower().replace(",", " ").split():
        name = _SPELLED.get(word, word)
        if name not in KEY_MAP:
            known = " ".join("space" if key == " " else "comma" if key == "," else key for key in KEY_MAP)
            raise UsageError(f"{word!r} is no key; there are {known}")
        found[name] = KEY_MAP[name]
    return found


def key_table() -> str:
    """Give the keys as a Markdown table, for the README."""
    lines = ["| key | what it does |", "|---|---|"]
    for key in KEYS:
        lines.append(f"| {', '.join(f'`{part}`' for part in key.label.split(', '))} | {key.help} |")
    return "\n".join(lines)
