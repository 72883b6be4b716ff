"""Photos: pictures painted at full size."""

from __future__ import annotations

from collections.abc import Callable

from realtime.core.frame import Picture
from realtime.look.look import Look
from realtime.look.picture import paint_picture
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.models.tiling import Tiled

BRUSH = 2.0
"""The brush of a photo where no look says otherwise: a photo is looked at from nearer than a live picture, and for longer."""


class PhotoPainter:
    """Paints pictures of any size with looks, large ones in tiles."""

    def __init__(self, stylizer: Stylizer, code: Callable[[str], StyleCode]) -> None:
        """Begin.

        Args:
            stylizer: Paints.
            code: Gives a style's code by its name: `library.code`.
        """
        self._stylizer, self._code = Stylizer(Tiled(stylizer.model)), code

    def __call__(self, picture: Picture, look: Look) -> Picture:
        """Paint a picture.

        Args:
            picture: uint8, H×W×3, BGR.
            look: The look; its `steady` means nothing here.

        Returns:
            A new picture of the same size and kind.

        Raises:
            ModelError: The model fails at this size.
            StyleError: A code is of another model.
        """
        return paint_picture(self._stylizer, picture, look, self._code)
