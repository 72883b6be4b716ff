"""Photos: pictures painted at full size."""

from __future__ import annotations

from collections.abc import Callable

from realtime.core.frame import Picture
from realtime.look.colours import own_colours
from realtime.look.look import Look
from realtime.look.pipeline import mixed
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer, faded
from realtime.models.tiling import Tiled, paint_reduced

SEEN = 1_600_000
"""Pixels that the model sees of a photo when no brush is asked for: strokes then are as broad as in a picture of that size."""


class PhotoPainter:
    """Paints pictures of any size with looks: the same order of effects as in a stream, without what needs time."""

    def __init__(self, stylizer: Stylizer, code: Callable[[str], StyleCode]) -> None:
        """`code` gives a style's code by its name: `library.code`."""
        self._stylizer, self._code = Stylizer(Tiled(stylizer.model)), code

    def __call__(self, picture: Picture, look: Look) -> Picture:
        """A new picture of the same size, uint8, H×W×3, BGR. The look's `steady` means nothing here."""
        if look.strength == 0:
            untouched: Picture = picture.copy()
            return untouched
        code = mixed([self._code(name) for name, _ in look.styles], [weight for _, weight in look.styles])

        def paint(small: Picture) -> Picture:
            return self._stylizer.full(small, code, look.strength)

        def finish(painted: Picture, content: Picture) -> Picture:
            painted = faded(painted, content, look.strength)
            return own_colours(painted, content, look.own_colours) if look.own_colours else painted

        return paint_reduced(picture, look.brush, paint, finish)


def usual_brush(picture: Picture) -> float:
    """The brush with which a model sees about `SEEN` pixels of a picture, and all of a smaller one."""
    height, width = picture.shape[:2]
    fraction: float = (SEEN / (width * height)) ** 0.5
    return round(min(1.0, max(0.1, fraction)), 3)
