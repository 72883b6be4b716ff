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
    """Mix a picture itself into its painting where the strength is below `FADE`.

    Args:
        painted: The painting: uint8, H×W×3, BGR.
        picture: The picture that it was made of, of the same size and kind.
        strength: The strength, 0..1.

    Returns:
        The mixture; `painted` itself from `FADE` on.
    """
    if strength >= FADE:
        return painted
    share = strength / FADE
    return cv2.addWeighted(painted, share, picture, 1 - share, 0)  # type: ignore[return-value]


class Stylizer:
    """A model, ready to paint. Safe to share between threads.

    Each call takes the lock of the model on the caller's own thread, so that one picture is painted at a time; one thread
    alone pays microseconds for it. `encode` has a lock of its own and never waits for a picture.

    >>> stylizer = Stylizer("lite")
    >>> code = stylizer.encode(style_bgr)
    >>> painted = stylizer(frame_bgr, code, strength=0.8)
    """

    def __init__(self, model: str | Model = DEFAULT_MODEL, threads: int | None = None, device: str = "") -> None:
        """Open a model.

        Args:
            model: A name ("lite", "magenta"), a folder, "STYLE.tflite,FRAME.tflite", a .tar.gz, a Hub handle, or a model.
            threads: For LiteRT models; the default is the physical cores.
            device: "cpu"; "gpu"; or "auto", the GPU where there is one that paints the same. By default LiteRT models paint on
                the CPU and TensorFlow's where TensorFlow puts them.

        Raises:
            UsageError: There is no such model, or it cannot run on the device.
            ModelError: It cannot be used, or there is no such device.
        """
        self.model = model if isinstance(model, Model) else open_model(model, threads)
        if device:
            self.use(device)
        _log.info("the engine is %s", self.model.description)

    def use(self, device: str, wait: bool = True) -> None:
        """Choose the device that paints. To be called before the first picture.

        Args:
            device: "cpu", "gpu" or "auto".
            wait: Whether pictures wait for the GPU; else the CPU paints until the GPU is known to work and is ready.

        Raises:
            ModelError: "gpu", and there is none that works.
            UsageError: "gpu", and the model cannot run on one; or there is no such device.
        """
        from realtime.models.device import on_device  # not waited for where it is not needed

        self.model = on_device(self.model, device, wait)

    def encode(self, style: Picture | str | Path) -> StyleCode:
        """Work out the code of a style picture. `StyleLibrary.code` does the same and keeps the code.

        Args:
            style: A picture (uint8, H×W×3, BGR, any size), the path of a picture file, or the name of a style of the gallery
                or of the person's own folder.

        Returns:
            The code, which serves every model with the same style network.

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
        """Paint a picture.

        Args:
            picture: uint8, H×W×3, BGR.
            code: A code of this model's style network.
            strength: From 0, the picture itself, to 1, all style: the code moves from the picture's own to `code`.
            own: The picture's own code, where the caller has it already: a stream need not work it out for every frame.

        Returns:
            A new picture of the same size and kind; at strength 0 `picture` itself, not a copy.

        Raises:
            UsageError: The strength is outside 0..1, or `picture` is no such array.
            StyleError: The code is of another style network.
            ModelError: The model fails at this size.
        """
        check_picture(picture)
        if not 0.0 <= strength <= 1.0:
            raise UsageError(f"a strength of {strength} is not between 0 (the picture itself) and 1 (all style)")
        self.model.check(code)
        return picture if strength == 0.0 else faded(self.full(picture, code, strength, own), picture, strength)

    def full(self, picture: Picture, code: StyleCode, strength: float, own: StyleCode | None = None) -> Picture:
        """Paint a picture without the fade near strength 0, which a caller who changes the size does afterwards.

        Args:
            picture: uint8, H×W×3, BGR.
            code: A code of this model's style network.
            strength: Above 0, up to 1.
            own: The picture's own code, where the caller has it already.

        Returns:
            A new picture of the same size and kind.

        Raises:
            StyleError: The code is of another style network.
            ModelError: The model fails at this size.
        """
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
