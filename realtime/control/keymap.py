"""The key table: what is on the keys, and the commands that they give."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.control.controls import PRESETS, STEP, Command


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
        {"up": Command("strength", STEP), "down": Command("strength", -STEP)}),
    Key("x", "blend with a second style", {"x": Command("hold")}),
    Key("., ,", "more, less of the second style",
        {".": Command("blend", STEP), ",": Command("blend", -STEP)}),
    Key("a", "own colours", {"a": Command("own colours")}),
    Key("w", "brush size", {"w": Command("brush")}),
    Key("t", "steady", {"t": Command("steady")}),
    Key("g", "morph into a style, or switch at once", {"g": Command("morph")}),
    Key("l", "slideshow of styles", {"l": Command("slideshow")}),
    Key("F1 - F4", "recall a look", {f"f{n}": Command("preset", n) for n in range(1, PRESETS + 1)}),
    Key("k F1 - F4", "keep this look", {"k": Command("keep")}),
    Key("s", "save a snapshot", {"s": Command("snapshot")}),
    Key("r", "start, stop recording a clip", {"r": Command("record")}),
    Key("b", "save the last 10 seconds", {"b": Command("replay")}),
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
