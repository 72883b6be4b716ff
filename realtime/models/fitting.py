"""What an engine takes, pictures of any size brought to it, and paintings brought back: the one place where this is done.

BGR bytes ──▶ scaled or padded, RGB, grain, margin ──▶ bytes or floats ──▶ engine ──▶ bytes ──▶ cropped or scaled, BGR
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture, Size
from realtime.models.base import STYLE_SIZE, check_picture
from realtime.models.grain import Grain

CPU = "the CPU"
"""The device of engines that use no other."""
_SHARES = (np.arange(256) / 255).astype(np.float32)  # 0..1 of bytes


@dataclass(frozen=True, slots=True, eq=False)
class EngineSpec:
    """What a frame engine takes. `fitting` brings every picture to it, and the painting back.

    Attributes:
        size: The one size (width, height) that the engine paints, or None for any size.
        multiple: What both sides of a painted picture must divide by.
        least: The least side of a painted picture, in pixels.
        margin: Pixels that the engine sees beyond the painted picture on each of its four sides.
        grain: A grey picture (uint8, h×w, 128 is nothing) to add to every frame, repeated from its top left corner on.
        device: Where the engine runs, for a person.
        copies: Whether several copies, with a share of the threads each, are quicker than one: `render` then loads them.
        one_thread: Whether all runs must happen on one and the same thread; the engine then gets a thread of its own.
        patience: Seconds after which a run on that thread counts as hung, or None for no limit.
    """

    size: Size | None = None
    multiple: int = 1
    least: int = 1
    margin: int = 0
    grain: npt.NDArray[np.uint8] | None = None
    device: str = CPU
    copies: bool = False
    one_thread: bool = False
    patience: float | None = None

    def seen(self, size: Size) -> Size:
        """Give the width and height that the engine sees of a picture of `size` (width, height), with the margin."""
        width, height = self.size or divisible(size, self.multiple, self.least)
        return width + 2 * self.margin, height + 2 * self.margin


class Inputs:
    """A picture as an engine wants it, handed over as the kind of numbers that the engine asks for.

    Attributes:
        shape: Height, width and 3.
    """

    def __init__(self, rgb: Picture) -> None:
        """Take a picture that is fitted already: uint8, H×W×3, RGB."""
        self._rgb, self.shape = rgb, rgb.shape

    @property
    def rgb(self) -> Picture:
        """uint8, H×W×3, RGB. It is overwritten by the next picture; an engine must not write to it."""
        return self._rgb

    def floats(self, out: npt.NDArray[np.float32] | None = None) -> npt.NDArray[np.float32]:
        """Convert the picture to floats.

        Args:
            out: float32, H×W×3: where they go, such as the memory of a network. By default a new array.

        Returns:
            float32, H×W×3, RGB, 0..1: `out`, where it is given.
        """
        return cv2.LUT(self.rgb, _SHARES, dst=out)  # type: ignore[return-value]  # of all ways the quickest

    def write(self, out: npt.NDArray[Any]) -> None:
        """Write the picture into the memory of a network.

        Args:
            out: H×W×3, uint8 or float32 0..1.
        """
        if out.dtype == np.uint8:
            self._bytes(out)
        else:
            self.floats(out)

    def _bytes(self, out: Picture) -> None:
        np.copyto(out, self._rgb)


class _Laid(Inputs):
    """A picture that a fitting lays out when it is asked for: bytes straight into the memory of a network."""

    def __init__(self, fitting: Fitting, picture: Picture, at: tuple[int, int], shape: tuple[int, int, int]) -> None:
        self._fitting, self._picture, self._at, self.shape = fitting, picture, at, shape
        self._laid = False

    @property
    def rgb(self) -> Picture:
        kept = self._fitting.kept(self.shape)
        if not self._laid:
            self._bytes(kept)
            self._laid = True
        return kept

    def _bytes(self, out: Picture) -> None:
        self._fitting.lay_into(out, self._picture, self._at)


class Fitting:
    """Lays pictures out as an engine wants them and takes its paintings back, in memory that is kept while sizes stay.

    For one thread at a time.
    """

    def __init__(self, spec: EngineSpec) -> None:
        """Begin with what the engine declares."""
        self._spec = spec
        self._grain = Grain(spec.grain) if spec.grain is not None else None
        self._seen = self._painted = np.empty((0, 0, 3), np.uint8)

    def __call__(self, picture: Picture, run: Callable[[Inputs], npt.NDArray[Any]]) -> Picture:
        """Run an engine on a picture of any size.

        An engine of one size gets the picture scaled to fit it, the aspect kept and the rest filled by reflection; the
        painting is scaled back.

        Args:
            picture: uint8, H×W×3, BGR.
            run: Runs the engine: `Engine.run` with a code.

        Returns:
            A new picture of the same size: uint8, H×W×3, BGR.
        """
        size = (picture.shape[1], picture.shape[0])
        inner = _inside(size, self._spec.size) if self._spec.size else size
        if inner != size:
            picture = cv2.resize(picture, inner, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        result = self.take(run(self.lay(picture)), inner)
        if inner != size:
            result = cv2.resize(result, size, interpolation=cv2.INTER_CUBIC)  # type: ignore[assignment]
        return result

    def lay(self, picture: Picture, at: tuple[int, int] = (0, 0)) -> Inputs:
        """Lay a picture out: at the top left, continued by reflection.

        Args:
            picture: uint8, H×W×3, BGR, not larger than the engine's size.
            at: Row and column of the whole picture at which this one, a tile of it, begins: the grain goes on from there.

        Returns:
            The picture as the engine takes it.
        """
        width, height = self._spec.seen((picture.shape[1], picture.shape[0]))
        return _Laid(self, picture, at, (height, width, 3))

    def kept(self, shape: tuple[int, int, int]) -> Picture:
        """Give the memory that is kept for a picture as the engine sees it: uint8, of the shape (H, W, 3)."""
        if self._seen.shape != shape:
            self._seen = np.empty(shape, np.uint8)
        return self._seen

    def lay_into(self, seen: Picture, picture: Picture, at: tuple[int, int]) -> None:
        """Lay a picture out, as `lay` says, in `seen`: uint8, of the size that the engine sees."""
        (height, width), margin = picture.shape[:2], self._spec.margin
        right, below = seen.shape[1] - 2 * margin - width, seen.shape[0] - 2 * margin - height
        inside = seen[margin : margin + height, margin : margin + width]
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=inside)
        if self._grain:
            self._grain.lay(inside, *at, dst=inside)
        # The pixels inside are in their place already, and stay there.
        edges = margin, margin + below, margin, margin + right
        cv2.copyMakeBorder(inside, *edges, cv2.BORDER_REFLECT, dst=seen)

    def take(self, output: npt.NDArray[Any], size: Size) -> Picture:
        """Convert an engine's output.

        Args:
            output: uint8 or float32 0..1, H×W×3, RGB, as `Engine.run` returns it.
            size: The size (width, height) of what is wanted of it, from its top left.

        Returns:
            A new picture: uint8, H×W×3, BGR.
        """
        rgb = output
        if output.dtype != np.uint8:
            if self._painted.shape != output.shape:
                self._painted = np.empty(output.shape, np.uint8)
            # Rounded, and held to 0..255: in OpenCV the quickest of what does both.
            rgb = cv2.addWeighted(output, 255.0, output, 0.0, 0.0, dst=self._painted, dtype=cv2.CV_8U)
        return cv2.cvtColor(rgb[: size[1], : size[0]], cv2.COLOR_RGB2BGR)  # type: ignore[return-value]


def divisible(size: Size, multiple: int, least: int = 1) -> Size:
    """Find the smallest size that holds another one and has sides that a number divides.

    Args:
        size: The size (width, height) to hold.
        multiple: What the sides must divide by.
        least: The least side, in pixels.

    Returns:
        The size (width, height).
    """
    width, height = (-(-max(least, side) // multiple) * multiple for side in size)
    return width, height


def style_input(style: Picture, size: Size = (STYLE_SIZE, STYLE_SIZE)) -> npt.NDArray[np.float32]:
    """Bring a style picture to what a style network takes.

    Args:
        style: uint8, H×W×3, BGR, any size.
        size: The size (width, height) that the network takes.

    Returns:
        float32, 1×height×width×3, RGB, 0..1.

    Raises:
        UsageError: `style` is no such picture.
    """
    check_picture(style)
    within = min(size[0], style.shape[1]), min(size[1], style.shape[0])
    # In two steps, since where one side grows OpenCV takes the mean of the other's pixels no longer.
    small = cv2.resize(cv2.resize(style, within, interpolation=cv2.INTER_AREA), size, interpolation=cv2.INTER_AREA)
    small = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    scaled: npt.NDArray[np.float32] = np.multiply(small, np.float32(1 / 255), dtype=np.float32)
    return scaled[np.newaxis]


def _inside(size: Size, box: Size) -> Size:
    """Scale a size, up or down, until it just fits into a box; both (width, height)."""
    scale = min(box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
