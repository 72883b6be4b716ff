"""What a pipeline gives for each frame."""

from __future__ import annotations

from dataclasses import dataclass

from realtime.core.frame import Frame, Picture
from realtime.look.look import Look


@dataclass(frozen=True, slots=True)
class Stylized:
    """A frame, the picture made of it, and the look that it was made with.

    Attributes:
        frame: The frame as the pipeline got it.
        picture: The picture made of it: uint8, H×W×3, BGR, of the same height and width as `frame.picture`.
        look: The look of this picture alone; while one look changes to another it lies between the two.
        model_seconds: Seconds that the model took, 0 where nothing had to be computed.
    """

    frame: Frame
    picture: Picture
    look: Look
    model_seconds: float
