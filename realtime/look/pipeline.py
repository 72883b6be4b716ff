"""One stream of frames, painted with a look: what has to be remembered from frame to frame lies here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import UsageError
from realtime.core.frame import Frame, Picture
from realtime.look.colours import own_colours
from realtime.look.look import MORPH, MOST_STYLES, Look, Mixture, between, eased, mixture
from realtime.look.steady import Steady
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer, faded
from realtime.models.upsample import smaller, upsample

_OWN_CODE_SECONDS = 0.5  # how often the content's own code is worked out, for strengths below 1


class Pipeline:
    """Paints the frames of one stream, in their order, with a look that may change from one to the next.

    What it gives follows from the frames, their times and the looks alone. One thread may use it.
    """

    def __init__(self, stylizer: Stylizer, code: Callable[[str], StyleCode | None], morph: float = MORPH) -> None:
        """`code` gives a style's code by its name: `library.code`, or `library.ready`, whose None means that the
        styles before go on. `morph` is the seconds that a change takes, from the next frame on if it is set later; 0 is at
        once. UsageError when it is negative.
        """
        if not morph >= 0:
            raise UsageError(f"a morph of {morph} seconds cannot be; 0 switches at once")
        self._stylizer, self._code_of, self.morph = stylizer, code, morph
        self._steady = Steady()
        self._styles: Mixture = ()
        self._left: Mixture = ()
        self._parts: list[StyleCode] = []
        self._from: StyleCode | None = None
        self._to: StyleCode | None = None
        self._since = 0.0
        self._strength: float | None = None
        self._wished: float | None = None
        self._own: _OwnCode = _OwnCode(stylizer)
        self._last: Stylized | None = None
        self._shown: Look | None = None
        self._made_of: tuple[object, ...] = ()
        self._time = 0.0

    def paint(self, frame: Frame, look: Look) -> Stylized:
        """The frame painted with the look, of the frame's size. Where no style's code is known yet, the frame itself."""
        code = self._mixed(look.styles, frame.time)
        if code is None:
            return self.untouched(frame, look)
        strength = self._moved(look.strength, frame.time)
        shown = replace(look, styles=self._seen(frame.time), strength=strength)
        if strength == 0:
            return self.untouched(frame, shown)
        picture = frame.picture
        own = self._own(picture, frame.time) if strength < 1 else None
        before, self._made_of = self._made_of, (picture, code, own)
        same = len(before) == 3 and all(a is b for a, b in zip(before, self._made_of, strict=True))
        if same and self._last and self._shown == shown:  # a picture that stays is painted once
            self._last = replace(self._last, frame=frame, model_seconds=0.0)
            return self._last
        if not (before and before[1] is code and self._shown and replace(self._shown, steady=look.steady) == shown):
            self._steady.reset()  # the picture changes because it is wished to: nothing of it is to be held
        small = smaller(picture, look.brush)
        begin = time.perf_counter()
        painted = self._stylizer.full(small, code, strength, own)
        seconds = time.perf_counter() - begin
        if small is not picture:
            painted = upsample(painted, small, picture)
        painted = faded(painted, picture, strength)
        if look.own_colours:
            painted = own_colours(painted, picture, look.own_colours)
        if look.steady:
            painted = self._steady(painted, picture, look.steady, frame.time)
        self._last, self._shown = Stylized(frame, painted, shown, seconds), shown
        return self._last

    @property
    def settled(self) -> bool:
        """Whether the next frame would look as the last one did: nothing is on its way to another look."""
        return self._from is None and self._strength == self._wished

    def untouched(self, frame: Frame, look: Look) -> Stylized:
        """The frame as it is, at strength 0."""
        self._steady.reset()
        self._last, self._shown, self._made_of = None, None, ()
        return Stylized(frame, frame.picture, replace(look, strength=0.0), 0.0)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return what the next frame depends on besides its look, as arrays by name, for a painter whose morph is 0."""
        strength = -1.0 if self._strength is None else self._strength
        held = {f"steady {name}": array for name, array in self._steady.state().items()}
        own = {f"own {name}": array for name, array in self._own.state().items()}
        return {"numbers": np.array((self._time, self._since, strength, self._shown is not None)), **held, **own}

    def restore(self, state: Mapping[str, npt.NDArray[Any]], look: Callable[[float], Look]) -> None:
        """Go on after the frame that `state` was taken after.

        Args:
            state: What `state` returned, perhaps read from a file: every array is checked.
            look: The look that was wished for at a time, in seconds.

        Raises:
            ValueError: An array is missing or of another kind or size than `state` returns.
        """
        try:
            self._time, self._since, strength, shown = (float(number) for number in state["numbers"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"the state of the painter lacks {error}") from error
        self._steady.restore(_named(state, "steady "))
        self._own.restore(_named(state, "own "))
        if strength < 0:
            return
        wished, since = look(self._time), self._since
        code = self._mixed(wished.styles, self._time)
        self._since, self._strength, self._wished = since, strength, strength
        if shown:
            self._shown, self._made_of = replace(wished, strength=strength), (None, code, None)

    def _mixed(self, styles: Mixture, now: float) -> StyleCode | None:
        """The code of a mixture, on the way there from the one before."""
        codes = [self._code_of(name) for name, _ in styles]
        parts = [code for code in codes if code is not None]
        if len(parts) == len(codes) and (
            styles != self._styles or any(a is not b for a, b in zip(parts, self._parts, strict=True))
        ):
            target = mixed(parts, [weight for _, weight in styles])
            same_model = self._to is not None and self._to.identity == target.identity
            self._left = self._seen(now)
            self._from = self._between(now) if same_model else None
            self._to, self._since = target, now
            self._styles, self._parts = styles, parts
        return self._between(now)

    def _between(self, now: float) -> StyleCode | None:
        if self._from is None or self._to is None:
            return self._to
        share = self._share(now)
        if share == 1.0:
            self._from = None
            return self._to
        return self._from.blend(self._to, share)

    def _share(self, now: float) -> float:
        """How far the morph to the mixture wished for is: 0..1."""
        return eased(min(1.0, max(0.0, (now - self._since) / self.morph))) if self.morph else 1.0

    def _seen(self, now: float) -> Mixture:
        """The mixture that is painted, of its heaviest styles where it is one of many."""
        if self._from is None:
            return self._styles
        styles = [part for part in between(self._left, self._styles, self._share(now)) if part[1]]
        heaviest = sorted(styles, key=lambda part: -part[1])[:MOST_STYLES]
        return mixture([part for part in styles if part in heaviest])

    def _moved(self, strength: float, now: float) -> float:
        """The strength on its way to the one wished for: from nothing to all takes a morph."""
        before, since, self._time, self._wished = self._strength, now - self._time, now, strength
        if before is None or not self.morph:
            self._strength = strength
        else:
            step = max(0.0, since) / self.morph
            self._strength = float(np.clip(strength, before - step, before + step))
        return self._strength


def mixed(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """The mixture of style codes of one model."""
    mixture, total = codes[0], weights[0]
    for code, weight in zip(codes[1:], weights[1:], strict=True):
        total += weight
        mixture = mixture.blend(code, weight / total if total else 0.0)
    return mixture


def _named(state: Mapping[str, npt.NDArray[Any]], start: str) -> dict[str, npt.NDArray[Any]]:
    return {name.removeprefix(start): array for name, array in state.items() if name.startswith(start)}


class _OwnCode:
    """The content's own code, eased from one that is worked out twice a second to the next."""

    def __init__(self, stylizer: Stylizer) -> None:
        self._stylizer = stylizer
        self._picture: Picture | None = None
        self._from: StyleCode | None = None
        self._to: StyleCode | None = None
        self._since = 0.0

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Return the two codes and the time of the second, as arrays by name; nothing before the first frame."""
        if self._from is None or self._to is None:
            return {}
        arrays: dict[str, npt.NDArray[Any]] = {"since": np.array(self._since)}
        for name, code in (("from", self._from), ("to", self._to)):
            arrays |= {f"{name} {number}": array for number, array in enumerate(code.arrays)}
        return arrays

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on after `state`. ValueError when it is not complete."""
        if not state:
            return
        count = len(state) // 2
        try:
            before, after = (
                StyleCode(self._stylizer.model.identity, tuple(state[f"{name} {n}"] for n in range(count)))
                for name in ("from", "to")
            )
            self._from, self._to, self._since = before, after, float(state["since"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"the content's own code lacks {error}") from error

    def __call__(self, picture: Picture, now: float) -> StyleCode:
        passed, new = now - self._since, picture is not self._picture
        if self._to is None or (new and not 0 <= passed <= 2 * _OWN_CODE_SECONDS):
            self._to = self._from = self._stylizer.encode(picture)
            self._picture, self._since = picture, now
        elif new and passed >= _OWN_CODE_SECONDS:
            self._from, self._to = self._to, self._stylizer.encode(picture)
            self._picture, self._since = picture, now
        assert self._from is not None
        return self._from.blend(self._to, min(1.0, max(0.0, now - self._since) / _OWN_CODE_SECONDS))
