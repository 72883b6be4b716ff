"""What a person may want changed while frames go by: keys and options speak these commands to one Controls."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from realtime.core.errors import UsageError
from realtime.look.look import MORPH, Look, Mixture

Action: TypeAlias = Literal[
    "step",
    "style",
    "strength",
    "hold",
    "blend",
    "own colours",
    "brush",
    "steady",
    "morph",
    "slideshow",
    "keep",
    "preset",
    "snapshot",
    "record",
    "replay",
    "compare",
    "original",
    "mirror",
    "fullscreen",
    "freeze",
    "info",
    "help",
    "quit",
]
STEP = 0.1
"""How far a key moves the strength, or the blend of two styles."""
STOPS: dict[Action, tuple[float, ...]] = {
    "own colours": (0.0, 0.5, 1.0),
    "brush": (1.0, 0.75, 0.5, 0.35),
    "steady": (0.0, 0.5, 1.0),
}
"""The amounts that a key goes through, round and round."""
SLIDESHOW = 10.0
"""Seconds for each style, where none are given."""
PRESETS = 4


@dataclass(frozen=True, slots=True)
class Command:
    """One wish. `value` is, for "step", styles to go on by; for "style" its place in the list, from 0, or its name; for
    "strength" and "blend" how much more; for those with `STOPS` the amount, or None for the next stop; for "slideshow" and
    "morph" the seconds, or None to begin or end; for "preset" its number, from 1."""

    action: Action
    value: int | float | str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How frames are made and shown just now. Never changed, only replaced, so that a thread can read it without a lock.

    `morph` is the seconds that one style takes to turn into the next, 0 for at once; `slideshow` is the seconds for each
    style, 0 for none; `keeping` waits for the preset that the look is to become.
    """

    look: Look
    mirror: bool = False
    original: bool = False
    compare: bool = False
    frozen: bool = False
    fullscreen: bool = False
    info: bool = True
    help: bool = False
    morph: float = MORPH
    slideshow: float = 0.0
    keeping: bool = False
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
        self._slideshow = settings.slideshow or SLIDESHOW
        self._morph = settings.morph or MORPH
        self._others: dict[str, float] = {}
        self._changing = threading.Lock()
        self._wishes: list[Command] = []
        self._notices: list[str] = []

    @property
    def settings(self) -> Settings:
        return self._settings

    def apply(self, command: Command) -> None:
        """Do what is wished. UsageError when a style is called for by a name that there is none of, or an amount is out of
        range."""
        with self._changing:
            now, action, value = self._settings, command.action, command.value
            keeping = False
            if action in _TOGGLES:
                name = _TOGGLES[action]
                toggled: dict[str, Any] = {name: not getattr(now, name)}
                now = replace(now, **toggled)
            elif action in ("step", "style"):
                now = self._with(now, styles=self._picked(command, now.look))
            elif action == "strength":
                now = self._with(now, strength=round(min(1.0, max(0.0, now.look.strength + float(value or 0))), 3))
            elif action == "hold":
                now = self._with(now, styles=self._held(now.look))
            elif action == "blend":
                now = self._with(now, styles=self._blended(now.look, float(value or 0)))
            elif action in STOPS:
                now = self._moved(now, action, value)
            elif action == "morph":
                seconds = (0.0 if now.morph else self._morph) if value is None else max(0.0, float(value))
                now = replace(now, morph=seconds)
                self._notices.append(f"styles morph over {seconds:g} s" if seconds else "styles switch at once")
            elif action == "slideshow":
                seconds = (0.0 if now.slideshow else self._slideshow) if value is None else float(value)
                now = replace(now, slideshow=max(0.0, seconds))
                self._notices.append(f"slideshow: a style every {seconds:g} s" if seconds > 0 else "slideshow ended")
            elif action == "keep":
                keeping = not now.keeping
                if keeping:
                    self._notices.append(f"F1 to F{PRESETS} keeps this look; k leaves it")
            elif action == "quit":
                now = replace(now, quit=True)
            else:
                self._wishes.append(Command("keep", value) if action == "preset" and now.keeping else command)
            self._settings = replace(now, keeping=keeping)

    def use(self, look: Look) -> None:
        """Take up a look. UsageError when it names a style that there is none of."""
        with self._changing:
            for name, _ in look.styles:
                self._check(name)
            self._settings = replace(self._settings, look=look)

    def _with(self, settings: Settings, **changes: Any) -> Settings:
        return replace(settings, look=replace(settings.look, **changes))

    def _moved(self, settings: Settings, action: Action, value: int | float | str | None) -> Settings:
        name, stops = action.replace(" ", "_"), STOPS[action]
        if value is None:  # the first stop beyond the amount, in the order of the stops
            amount = getattr(settings.look, name)
            nearest = min(range(len(stops)), key=lambda k: abs(stops[k] - amount))
            value = stops[(nearest + 1) % len(stops)]
        self._notices.append(f"{action} {float(value):.0%}")
        return self._with(settings, **{name: float(value)})

    def _held(self, look: Look) -> Mixture:
        """Half the style in use and half the next one; of a mixture, the last one alone."""
        if len(look.styles) > 1:
            self._notices.append(f"{look.style} alone")
            return ((look.style, 1.0),)
        styles = self._styles()
        if len(styles) < 2:
            self._notices.append("there is no second style to blend with")
            return look.styles
        second = self._next(look.style, 1)
        self._notices.append(f"{look.style} and {second}: . and , move between them, n and p change the second")
        return ((look.style, 0.5), (second, 0.5))

    def _blended(self, look: Look, more: float) -> Mixture:
        """More of the last style, less of the others."""
        *others, (last, weight) = look.styles
        if not others:
            self._notices.append("x blends with a second style first")
            return look.styles
        wanted = round(min(1.0, max(0.0, weight + more)), 3)
        if any(w for _, w in others):
            self._others = dict(others)
        shares = [self._others.get(name, 0.0) for name, _ in others]  # as they were before the last style was all
        rest = sum(shares)
        kept = [
            (name, (1 - wanted) * (share / rest if rest else 1 / len(others)))
            for (name, _), share in zip(others, shares, strict=True)
        ]
        return (*kept, (last, wanted))

    def _picked(self, command: Command, look: Look) -> Mixture:
        """The mixture with the style wished for as its last one."""
        *others, (last, weight) = look.styles
        wanted = self._pick(command, last, [name for name, _ in others])
        if wanted in dict(others):
            self._notices.append(f"{wanted} is blended in already")
            return look.styles
        return (*others, (wanted, weight))

    def _pick(self, command: Command, current: str, taken: list[str]) -> str:
        styles = self._styles()
        if isinstance(command.value, str):
            self._check(command.value)
            return command.value
        place = int(command.value or 0)
        if command.action == "step":
            return self._next(current, place, taken)
        if place >= len(styles):
            self._notices.append(f"there are only {len(styles)} styles")
            return current
        return styles[place]

    def _next(self, current: str, step: int, taken: Sequence[str] = ()) -> str:
        """The style `step` places on, round and round, among those not `taken`; `current` where there is no other."""
        styles = [name for name in self._styles() if name == current or name not in taken]
        if current not in styles:  # it was removed: its neighbours are next
            styles = sorted([*styles, current], key=str.casefold)
        found = styles[(styles.index(current) + step) % len(styles)]
        return found if found in self._styles() else current

    def _check(self, name: str) -> None:
        styles = self._styles()
        if name not in styles:
            raise UsageError(f"there is no style {name!r}; there are {', '.join(styles)}")

    def take_wishes(self) -> list[Command]:
        """The snapshots, record switches and presets asked for since the last call."""
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
