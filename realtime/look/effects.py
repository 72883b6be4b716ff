"""The effects of a look on one picture, in their order."""

from __future__ import annotations

import time
from collections.abc import Callable

from realtime.core.frame import Picture
from realtime.look.brush import with_brush
from realtime.look.look import Look
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer, faded


def _as_it_is(painted: Picture, content: Picture) -> Picture:
    return painted


def effects(
    stylizer: Stylizer,
    picture: Picture,
    code: StyleCode,
    own: StyleCode | None,
    look: Look,
    hold: Callable[[Picture, Picture], Picture] = _as_it_is,
    finish: Callable[[Picture, Picture], Picture] = _as_it_is,
    lines: int | None = None,
) -> tuple[Picture, float]:
    """Paint a picture, with what `hold` does at the size that the model sees and `finish` at full size.

    Args:
        stylizer: Paints.
        picture: uint8, H×W×3, BGR.
        code: The style's code.
        own: The picture's own code, where the strength is below 1.
        look: The look.
        hold: Is given the painting and the picture at the size that the model sees; what it returns goes on.
        finish: The same at full size.
        lines: The lines that the model sees, where it is not to see all that the brush asks for.

    Returns:
        The painting, and the seconds that the model took.

    Raises:
        ModelError: The model fails at this size.
        StyleError: A code is of another model.
    """
    seconds = 0.0

    def paint(small: Picture) -> Picture:
        nonlocal seconds
        begin = time.perf_counter()
        painted = stylizer.full(small, code, look.strength, own)
        seconds = time.perf_counter() - begin
        return hold(painted, small)

    def at_full_size(painted: Picture, content: Picture) -> Picture:
        return finish(faded(painted, content, look.strength), content)

    return with_brush(picture, look.brush, paint, at_full_size, lines), seconds
