"""Settings of a stream, and the one function that changes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from realtime.control.actions import Action, KeepLook, RecallLook
from realtime.control.commands import (
    PRESETS,
    STOPS,
    AwaitPreset,
    BlendSecond,
    LeaveOutStyle,
    NextStop,
    Nudge,
    PictureCommand,
    Preset,
    SelectStyle,
    SetBlend,
    SetLook,
    SetMorph,
    SetSlideshow,
    SetStyles,
    StepStyle,
    Toggle,
    UseLook,
)
from realtime.core.errors import UsageError
from realtime.look.look import MORPH, Look, Mixture, brush_text

SLIDESHOW = 10.0
"""Seconds for each style of a slideshow, where none are given."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How the frames of a stream are made. Never changed, only replaced, so that a thread can read it without a lock.

    Attributes:
        look: The look in use.
        mirror: Whether frames are mirrored.
        original: Whether frames stay as they are.
        frozen: Whether the picture stands still.
        morph: Seconds that one style takes to turn into the next, 0 for at once.
        slideshow: Seconds for each style of a slideshow, 0 for none.
        awaits_preset: Whether the look is kept under the number of the next `Preset`.
        usual_morph: The `morph` that a switch comes back to.
        usual_slideshow: The `slideshow` that a switch comes back to.
        others: The styles of a blend but the last one, in their proportions before the last one was all of it.
    """

    look: Look
    mirror: bool = False
    original: bool = False
    frozen: bool = False
    morph: float = MORPH
    slideshow: float = 0.0
    awaits_preset: bool = False
    usual_morph: float = 0.0
    usual_slideshow: float = 0.0
    others: Mixture = ()

    def __post_init__(self) -> None:
        if not self.usual_morph:
            object.__setattr__(self, "usual_morph", self.morph or MORPH)
        if not self.usual_slideshow:
            object.__setattr__(self, "usual_slideshow", self.slideshow or SLIDESHOW)


@dataclass(frozen=True, slots=True)
class Change:
    """What a command leads to: new settings, a notice for the person, and an action for somebody to carry out."""

    settings: Settings
    notice: str = ""
    action: Action | None = None


def reduce(settings: Settings, command: PictureCommand, styles: Sequence[str]) -> Change:
    """Apply a command to settings.

    Args:
        settings: The settings before; they stay as they are.
        command: The command.
        styles: The names of all styles, in the order in which keys walk through them.

    Returns:
        The settings after the command, with what is to be said and done besides.

    Raises:
        UsageError: There is no style of a name that the command has.
    """
    now, look = replace(settings, awaits_preset=False), settings.look
    match command:
        case StepStyle() | SelectStyle():
            return _picked(now, command, styles)
        case BlendSecond():
            return _second(now, styles)
        case Nudge(field="strength", by=by):
            return _with(now, strength=round(min(1.0, max(0.0, look.strength + by)), 3))
        case Nudge(by=by):
            return _blended(now, round(min(1.0, max(0.0, look.styles[-1][1] + by)), 3))
        case SetBlend(weight=weight):
            return _blended(now, weight)
        case SetStyles(styles=wanted):
            for name, _ in wanted:
                _check(name, styles)
            return _with(now, styles=wanted)
        case SetLook(field=field, value=value):
            return _amount(now, field, value)
        case NextStop(field=field):
            return _amount(now, field, _next_stop(STOPS[field], getattr(look, field)))
        case UseLook(look=used):
            for name, _ in used.styles:
                _check(name, styles)
            return Change(replace(now, look=used))
        case LeaveOutStyle(style=style, instead=instead):
            usable = style in dict(look.styles) and all(name in styles for name, _ in instead)
            return _with(settings, styles=instead) if usable else Change(settings)
        case Toggle(setting=setting, on=on):
            changed: dict[str, Any] = {setting: not getattr(now, setting) if on is None else on}
            return Change(replace(now, **changed))
        case SetMorph(seconds=seconds):
            seconds = (0.0 if now.morph else now.usual_morph) if seconds is None else seconds
            return Change(
                replace(now, morph=seconds), f"styles morph over {seconds:g} s" if seconds else "styles switch at once"
            )
        case SetSlideshow(seconds=seconds):
            seconds = (0.0 if now.slideshow else now.usual_slideshow) if seconds is None else seconds
            return Change(
                replace(now, slideshow=seconds),
                f"slideshow: a style every {seconds:g} s" if seconds else "slideshow ended",
            )
        case AwaitPreset(silent=True):
            return Change(replace(now, awaits_preset=True))
        case AwaitPreset() if settings.awaits_preset:
            return Change(now)
        case AwaitPreset():
            return Change(replace(now, awaits_preset=True), f"F1 to F{PRESETS} keeps this look; k leaves it")
        case Preset(number=number):
            return Change(now, action=KeepLook(number) if settings.awaits_preset else RecallLook(number))
    raise UsageError(f"{type(command).__name__} is no command for a picture's settings")


def _with(settings: Settings, notice: str = "", **changes: Any) -> Change:
    return Change(replace(settings, look=replace(settings.look, **changes)), notice)


def _amount(settings: Settings, field: str, value: float) -> Change:
    text = brush_text(value) if field == "brush" else f"{value:.0%}"
    return _with(settings, f"{field.replace('_', ' ')} {text}", **{field: value})


def _next_stop(stops: Sequence[float], amount: float) -> float:
    """Give the stop after the one that is nearest to an amount."""
    nearest = min(range(len(stops)), key=lambda k: abs(stops[k] - amount))
    return stops[(nearest + 1) % len(stops)]


def _second(settings: Settings, styles: Sequence[str]) -> Change:
    """Give half the style in use and half the next one; of a mixture, the last one alone."""
    look = settings.look
    if len(look.styles) > 1:
        return _with(settings, f"{look.style} alone", styles=((look.style, 1.0),))
    if len(styles) < 2:
        return Change(settings, "there is no second style to blend with")
    second = _next(look.style, 1, styles)
    notice = f"{look.style} and {second}: . and , move between them, n and p change the second"
    return _with(settings, notice, styles=((look.style, 0.5), (second, 0.5)))


def _blended(settings: Settings, wanted: float) -> Change:
    """Give the last style the wanted weight, and the others the rest in their proportions."""
    *others, (last, _) = settings.look.styles
    if not others:
        return Change(settings, "x blends with a second style first")
    before = tuple(others) if any(share for _, share in others) else settings.others
    known = dict(before)
    shares = [known.get(name, 0.0) for name, _ in others]
    whole = sum(shares)
    kept = [
        (name, (1 - wanted) * (share / whole if whole else 1 / len(others)))
        for (name, _), share in zip(others, shares, strict=True)
    ]
    return _with(replace(settings, others=before), styles=(*kept, (last, wanted)))


def _picked(settings: Settings, command: StepStyle | SelectStyle, styles: Sequence[str]) -> Change:
    """Give the mixture with the wanted style as its last one."""
    *others, (last, weight) = settings.look.styles
    taken = [name for name, _ in others]
    if isinstance(command, StepStyle):
        wanted = _next(last, command.by, [name for name in styles if name == last or name not in taken])
    elif isinstance(command.style, str):
        _check(command.style, styles)
        wanted = command.style
    elif command.style >= len(styles):
        return Change(settings, f"there are only {len(styles)} styles")
    else:
        wanted = styles[command.style]
    if wanted in taken:
        return Change(settings, f"{wanted} is blended in already")
    return _with(settings, styles=(*others, (wanted, weight)))


def _next(current: str, step: int, styles: Sequence[str]) -> str:
    """Give the style `step` places on, round and round; `current` where there is no other."""
    places = list(styles)
    if current not in places:  # it was removed: its neighbours are next
        places = sorted([*places, current], key=str.casefold)
    found = places[(places.index(current) + step) % len(places)]
    return found if found in styles else current


def _check(name: str, styles: Sequence[str]) -> None:
    if name not in styles:
        raise UsageError(f"there is no style {name!r}; there are {', '.join(styles)}")
