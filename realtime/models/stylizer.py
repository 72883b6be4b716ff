"""The public face of a model: any size in, the same size out, with a strength."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from types import TracebackType

import cv2

from realtime.core.errors import UsageError
from realtime.core.frame import Picture
from realtime.core.paths import user_path
from realtime.models.base import StyleCode, check_picture
from realtime.models.model import Model
from realtime.models.registry import DEFAULT_MODEL, open_model

_log = logging.getLogger(__name__)

FADE = 0.2
"""Below this strength the picture itself is mixed in, so that it arrives at the untouched frame without a jump."""


def faded(painted: Picture, picture: Picture, strength: float) -> Picture:
    """`painted` with the `picture` that it is of mixed in where the strength is below `FADE`; both uint8, H×W×3, BGR."""
    if strength >= FADE:
        return painted
    share = strength / FADE
    return cv2.addWeighted(painted, share, picture, 1 - share, 0)  # type: ignore[return-value]


class Stylizer:
    """A model, ready to paint.

    >>> stylizer = Stylizer("lite")
    >>> code = stylizer.encode(style_bgr)
    >>> painted = stylizer(frame_bgr, code, strength=0.8)
    """

    def __init__(self, model: str | Model = DEFAULT_MODEL, threads: int | None = None) -> None:
        """`model`: a name ("lite", "magenta"), a folder, "STYLE.tflite,FRAME.tflite", a .tar.gz or a Hub handle.

        `threads` is for LiteRT models; the default is the physical cores. UsageError when there is no such model,
        ModelError when it cannot be used.
        """
        self.model = model if isinstance(model, Model) else open_model(model, threads)
        _log.info("the engine is %s", self.model.description)

    def encode(self, style: Picture | str | Path) -> StyleCode:
        """Work out the code of a style picture. `StyleLibrary.code` does the same and keeps the code.

        Args:
            style: A picture (uint8, H×W×3, BGR, any size), the path of a picture file, or the name of a style of the gallery
                or of the person's own folder.

        Returns:
            The code, of use to this model alone.

        Raises:
            UsageError: `style` is no picture, no path of a file and no name of a style.
            StyleError: The file is no picture that can be read.
        """
        if isinstance(style, (str, Path)):
            # Pillow is not waited for where it is not needed
            from realtime.media.gallery import gallery
            from realtime.media.images import load_picture

            path = user_path(str(style))
            if not os.path.isfile(path):
                names = gallery()
                if str(style) not in names:
                    raise UsageError(
                        f"there is no picture file {style} and no style of that name; there are {', '.join(names)}"
                    )
                path = names[str(style)]
            style = load_picture(path)
        return self.model.encode(style)

    def __call__(
        self, picture: Picture, code: StyleCode, strength: float = 1.0, own: StyleCode | None = None
    ) -> Picture:
        """Paint a picture (uint8, H×W×3, BGR): a new one of the same size, type and order.

        `strength` 0..1 moves from the picture's own code to `code`; 0 is the picture itself, not a copy. `own` is the
        picture's own code where the caller has it already (a stream need not work it out for every frame).
        UsageError for a strength outside 0..1 or an array that is no picture; StyleError for another model's code.
        """
        check_picture(picture)
        if not 0.0 <= strength <= 1.0:
            raise UsageError(f"a strength of {strength} is not between 0 (the picture itself) and 1 (all style)")
        self.model.check(code)
        return picture if strength == 0.0 else faded(self.full(picture, code, strength, own), picture, strength)

    def full(self, picture: Picture, code: StyleCode, strength: float, own: StyleCode | None = None) -> Picture:
        """The same without the fade near strength 0, for callers who bring the painting to another size before it."""
        if strength < 1.0:
            code = (own or self.encode(picture)).blend(code, strength)
        return self.model.stylize(picture, code)

    def close(self) -> None:
        """Give back what the model holds."""
        self.model.close()

    def __enter__(self) -> Stylizer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
