"""A look on a single picture.

A photo larger than a frame gets its own colours at full size: time matters less there than the sharpness of colours.
"""

from __future__ import annotations

from collections.abc import Callable

from realtime.core.frame import Picture
from realtime.look.brush import AS_LIVE, with_brush
from realtime.look.colours import own_colours
from realtime.look.look import Look
from realtime.look.morph import mixed
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer, faded


def paint_picture(stylizer: Stylizer, picture: Picture, look: Look, code: Callable[[str], StyleCode]) -> Picture:
    """Paint a single picture: all effects but the one that needs time.

    Args:
        stylizer: Paints. One of a `Tiled` model takes little memory for a large picture.
        picture: uint8, H×W×3, BGR.
        look: The look; its `steady` means nothing here.
        code: Gives a style's code by its name: `library.code`.

    Returns:
        A new picture of the same size and kind.

    Raises:
        ModelError: The model fails at this size.
        StyleError: A code is of another model.
    """
    if look.strength == 0:
        untouched: Picture = picture.copy()
        return untouched
    target = mixed([code(name) for name, _ in look.styles], [weight for _, weight in look.styles])
    own = stylizer.encode(picture) if look.strength < 1 else None
    small, back = with_brush(picture, look.brush)
    painted = stylizer.full(small, target, look.strength, own)
    at_full_size = picture.shape[0] * picture.shape[1] > AS_LIVE
    if not at_full_size:
        painted = own_colours(painted, small, look.own_colours)

    def finish(painted: Picture, content: Picture) -> Picture:
        painted = faded(painted, content, look.strength)
        return own_colours(painted, content, look.own_colours) if at_full_size else painted

    return back(painted, finish)
