"""The pipeline: the effects of a look in their one order, for the frames of a stream and of a file alike.

frame (mirrored, if it is to be)
  ──▶ smaller, by the brush ──▶ stylized with the mixed styles, at the strength ──▶ own colours ──▶ held steady
  ──▶ full size, along the frame's edges ──▶ the frame itself mixed in near strength 0
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import UsageError
from realtime.core.frame import Frame, Picture
from realtime.look.brush import Back, with_brush
from realtime.look.colours import own_colours
from realtime.look.look import MORPH, Look
from realtime.look.morph import Morph, OwnCode
from realtime.look.steady import Steady
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer, faded


@dataclass(frozen=True, slots=True)
class Begun:
    """A frame that a pipeline has begun to paint.

    Attributes:
        frame: The frame.
        look: The look of its painting.
        code: The code to paint it with; None where there is nothing to paint.
        own: The frame's own code, where it is needed.
        fresh: Whether nothing of the frames before is to be held.
        result: What is given where there is nothing to paint.
    """

    frame: Frame
    look: Look
    code: StyleCode | None = None
    own: StyleCode | None = None
    fresh: bool = True
    result: Stylized | None = None


@dataclass(slots=True)
class Raw:
    """A frame as the model paints it.

    Attributes:
        begun: The frame.
        painted: Its painting, at the size that the model sees; None where there is nothing to paint.
        small: The frame at this size.
        back: Brings the painting to full size, as `with_brush` has it.
        seconds: How long the model took.
    """

    begun: Begun
    painted: Picture | None = None
    small: Picture | None = None
    back: Back | None = None
    seconds: float = 0.0


class Pipeline:
    """Paints the frames of one stream, in their order, with a look that may change from one to the next.

    What it gives follows from the frames, their times and the looks alone. For one thread at a time, but for `stylize` and
    `finish`.
    """

    def __init__(self, stylizer: Stylizer, code: Callable[[str], StyleCode | None], morph: float = MORPH) -> None:
        """Begin before the first frame.

        Args:
            stylizer: Paints; it may be shared.
            code: Gives a style's code by its name: `library.code`, or `library.ready`, whose None means that the styles
                before go on.
            morph: Seconds that a change of styles or strength takes; 0 is at once.

        Raises:
            UsageError: `morph` is negative.
        """
        if not morph >= 0:
            raise UsageError(f"a morph of {morph} seconds cannot be; 0 switches at once")
        self._stylizer = stylizer
        self._morph = Morph(code, morph)
        self._steady = Steady()
        self._strength: float | None = None
        self._wished: float | None = None
        self._own = OwnCode(stylizer)
        self._last: Stylized | None = None
        self._shown: Look | None = None
        self._made_of: tuple[object, ...] = ()
        self._time = 0.0

    @property
    def morph(self) -> float:
        """Seconds that a change of styles or strength takes, from the next change on; 0 is at once."""
        return self._morph.seconds

    @morph.setter
    def morph(self, seconds: float) -> None:
        self._morph.seconds = seconds

    def paint(self, frame: Frame, look: Look, lines: int | None = None) -> Stylized:
        """Paint a frame.

        Args:
            frame: The next frame of the stream.
            look: The look wished for.
            lines: The lines that the model sees, where it is not to see all that the brush asks for.

        Returns:
            The painting, of the frame's size; where no style's code is known yet, the frame itself.

        Raises:
            ModelError: The model fails at this size.
            StyleError: A code is of another model.
        """
        raw = self.stylize(self.begin(frame, look), lines=lines)
        self.hold(raw)
        return self.finish(raw)

    def begin(self, frame: Frame, look: Look) -> Begun:
        """Begin to paint a frame: what depends on the frames before, which takes no time.

        Args:
            frame: The next frame of the stream.
            look: The look wished for.

        Returns:
            What `stylize` takes. The next frame may begin before it is finished.
        """
        code = self._morph.code(look.styles, frame.time)
        if code is None:
            return Begun(frame, look, result=self._passed_on(frame, look))
        strength = self._moved(look.strength, frame.time)
        shown, styles = look, self._morph.styles(frame.time)
        if (styles, strength) != (look.styles, look.strength):
            shown = replace(look, styles=styles, strength=strength)
        if strength == 0:
            return Begun(frame, look, result=self._passed_on(frame, shown))
        picture = frame.picture
        own = self._own(picture, frame.time) if strength < 1 else None
        before, self._made_of = self._made_of, (picture, code, own)
        same = len(before) == 3 and all(a is b for a, b in zip(before, self._made_of, strict=True))
        last = self._last
        # A picture that stays is painted once; in `render` the last one that was finished may be another.
        if same and last and last.frame.picture is picture and self._shown == shown:
            last = self._last = replace(last, frame=frame, model_seconds=0.0)
            return Begun(frame, shown, fresh=False, result=last)
        # Where the picture changes because it is wished to, nothing of it is to be held.
        held = before and before[1] is code and self._shown
        fresh = not (held and (held == shown or replace(held, steady=look.steady) == shown))
        self._shown = shown
        return Begun(frame, shown, code, own, fresh)

    def stylize(self, begun: Begun, stylizer: Stylizer | None = None, lines: int | None = None) -> Raw:
        """Let the model paint a frame that has begun, which takes long and depends on no other frame: several threads may.

        Args:
            begun: What `begin` gave.
            stylizer: Paints; by default the pipeline's own.
            lines: The lines that the model sees, where it is not to see all that the brush asks for.

        Returns:
            What `hold` takes, and then `finish`.

        Raises:
            ModelError: The model fails at this size.
            StyleError: A code is of another model.
        """
        if begun.code is None:
            return Raw(begun)
        picture, shown = begun.frame.picture, begun.look
        small, back = with_brush(picture, shown.brush, lines)
        start = time.perf_counter()
        painted = (stylizer or self._stylizer).full(small, begun.code, shown.strength, begun.own)
        seconds = time.perf_counter() - start
        return Raw(begun, own_colours(painted, small, shown.own_colours), small, back, seconds)

    def hold(self, raw: Raw) -> None:
        """Hold a frame steady, which depends on those before: in their order, one at a time."""
        if raw.begun.fresh:
            self._steady.reset()
        if raw.painted is not None and raw.small is not None:
            raw.painted = self._steady(raw.painted, raw.small, raw.begun.look.steady, raw.begun.frame.time)

    def finish(self, raw: Raw) -> Stylized:
        """Bring a frame that is held to full size, which depends on no other frame: several threads may.

        Returns:
            The painting: see `paint`.
        """
        begun = raw.begun
        if raw.painted is None or raw.back is None:
            assert begun.result
            return begun.result
        strength = begun.look.strength
        painted = raw.back(raw.painted, lambda painted, content: faded(painted, content, strength))
        stylized = self._last = Stylized(begun.frame, painted, begun.look, raw.seconds)
        return stylized  # not what another thread may have put in its place

    @property
    def settled(self) -> bool:
        """Whether the next frame would look as the last one did: nothing is on its way to another look."""
        return self._morph.over and self._strength == self._wished

    def untouched(self, frame: Frame, look: Look) -> Stylized:
        """Pass a frame on as it is, at strength 0.

        Args:
            frame: The next frame of the stream.
            look: The look wished for.

        Returns:
            The frame, and the look with a strength of 0.
        """
        self._steady.reset()
        return self._passed_on(frame, look)

    def _passed_on(self, frame: Frame, look: Look) -> Stylized:
        self._last, self._shown, self._made_of = None, None, ()
        return Stylized(frame, frame.picture, replace(look, strength=0.0), 0.0)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Tell what the next frame depends on besides its look, where the morph is 0.

        Returns:
            Arrays by name.
        """
        return {**self.begun_state(), **self.held_state()}

    def begun_state(self) -> dict[str, npt.NDArray[Any]]:
        """Tell what of `state` the next `begin` depends on."""
        strength = -1.0 if self._strength is None else self._strength
        own = {f"own {name}": array for name, array in self._own.state().items()}
        return {"numbers": np.array((self._time, self._morph.since, strength, self._shown is not None)), **own}

    def held_state(self) -> dict[str, npt.NDArray[Any]]:
        """Tell what of `state` the next `finish` depends on."""
        return {f"steady {name}": array for name, array in self._steady.state().items()}

    def restore(self, state: Mapping[str, npt.NDArray[Any]], look: Callable[[float], Look]) -> None:
        """Go on after the frame that `state` was taken after.

        Args:
            state: What `state` returned, perhaps read from a file: every array is checked.
            look: The look that was wished for at a time, in seconds.

        Raises:
            ValueError: An array is missing or of another kind or size than `state` returns.
        """
        try:
            self._time, since, strength, shown = (float(number) for number in state["numbers"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"the state of the pipeline lacks {error}") from error
        self._steady.restore(_named(state, "steady "))
        self._own.restore(_named(state, "own "))
        if strength < 0:
            return
        wished = look(self._time)
        code = self._morph.code(wished.styles, self._time)
        self._morph.since, self._strength, self._wished = since, strength, strength
        if shown:
            self._shown, self._made_of = replace(wished, strength=strength), (None, code, None)

    def _moved(self, strength: float, now: float) -> float:
        """Move the strength on to the one wished for: from nothing to all takes a morph."""
        before, since, self._time, self._wished = self._strength, now - self._time, now, strength
        if before is None or not self.morph:
            self._strength = strength
        else:
            step = max(0.0, since) / self.morph
            self._strength = float(np.clip(strength, before - step, before + step))
        return self._strength


def _named(state: Mapping[str, npt.NDArray[Any]], start: str) -> dict[str, npt.NDArray[Any]]:
    return {name.removeprefix(start): array for name, array in state.items() if name.startswith(start)}
