"""What every model does, and the style code that goes from one half of it to the other."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

import cv2
import numpy as np
import numpy.typing as npt

from realtime.core.errors import StyleError, UsageError
from realtime.core.frame import Picture, Size

if TYPE_CHECKING:
    from realtime.models.tile_network import Parts

STYLE_SIZE = 256
"""Side, in pixels, of the square that a style picture is brought to: what Magenta's style networks were trained on."""


@dataclass(frozen=True, eq=False)
class StyleCode:
    """What a model needs to know of a style. Immutable, and of use to that model alone.

    `model` is the identity of the model that made it. `arrays` are read-only float32: one of 100 numbers for a LiteRT
    pair, the tensors of the cut for a Hub module.
    """

    model: str
    arrays: tuple[npt.NDArray[np.float32], ...]

    def __post_init__(self) -> None:
        own = tuple(np.array(array, dtype=np.float32) for array in self.arrays)
        for array in own:
            array.flags.writeable = False
        object.__setattr__(self, "arrays", own)

    def blend(self, other: StyleCode, amount: float) -> StyleCode:
        """The code `amount` of the way to `other`, linearly: 0 is this code, 1 is the other.

        Raises StyleError when the two are of different models, UsageError when `amount` is outside 0..1.
        """
        if not 0.0 <= amount <= 1.0:
            raise UsageError(f"a blend of {amount} is not between 0 and 1; 0 is the first style, 1 the second")
        if other.model != self.model or [a.shape for a in other.arrays] != [a.shape for a in self.arrays]:
            raise StyleError(
                f"a style code of {other.model} cannot be blended with one of {self.model}; encode both with one model"
            )
        if amount == 0.0:
            return self
        if amount == 1.0:
            return other
        return StyleCode(
            self.model, tuple(a + np.float32(amount) * (b - a) for a, b in zip(self.arrays, other.arrays, strict=True))
        )

    def save(self, path: str | Path) -> None:
        """Write the code to a new .npz file; StyleError when `path` exists or cannot be written."""
        try:
            with open(path, "xb") as file:
                try:
                    self.write(file)
                except OSError:  # no half a code is left behind
                    file.close()
                    os.unlink(path)
                    raise
        except FileExistsError:
            raise StyleError(
                f"{path} exists already; a style code is never written over a file, choose another name"
            ) from None
        except OSError as error:
            raise StyleError(f"the style code cannot be written to {path}: {error.strerror}") from error

    def write(self, file: BinaryIO) -> None:
        """Write the code, in .npz form, to a file open for binary writing."""
        named: dict[str, npt.NDArray[np.generic]] = {f"array{i}": array for i, array in enumerate(self.arrays)}
        np.savez(file, model=np.array(self.model), **named)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> StyleCode:
        """Read a code that `save` wrote; StyleError when the file is missing, broken or something else."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = tuple(stored[f"array{i}"] for i in range(len(stored.files) - 1))
                if not arrays or any(array.dtype != np.float32 for array in arrays):
                    raise ValueError("no float32 arrays in it")
                return cls(str(stored["model"]), arrays)
        except Exception as error:  # zipfile and NumPy raise of every family for a broken file; all mean the same
            raise StyleError(
                f"{path} is not a style code that can be read ({error}); encode the picture again"
            ) from error


class Model(ABC):
    """Weights and what runs them. `encode` a style once, `stylize` each frame with its code.

    A model may be used by two threads at a time, one that encodes and one that stylizes.
    """

    identity: str
    """Tells this model's codes from those of any other: changes when the weights do."""
    description: str
    """One line for a person: what it is and what it runs on."""

    @abstractmethod
    def encode(self, style: Picture) -> StyleCode:
        """The code of a style picture: uint8, H×W×3, BGR, any size."""

    @abstractmethod
    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        """A new picture of the same size: uint8, H×W×3, BGR. StyleError when the code is of another model."""

    def parts(self, code: StyleCode) -> Parts | None:
        """The frame network opened for the parts of one large picture, or None where it cannot be."""
        return None

    def check(self, code: StyleCode) -> None:
        """StyleError unless `code` is one of this model's."""
        if code.model != self.identity:
            raise StyleError(
                f"this style code is of {code.model}, not of {self.identity}; encode the style with this model"
            )

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what the model holds; the model is of no use afterwards. Harmless when called again."""

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def check_picture(picture: Picture) -> None:
    """UsageError unless `picture` is uint8, H×W×3, and not empty."""
    if (
        not isinstance(picture, np.ndarray)
        or picture.dtype != np.uint8
        or picture.ndim != 3
        or picture.shape[2] != 3
        or not picture.size
    ):
        what = (
            f"{picture.dtype} of shape {picture.shape}" if isinstance(picture, np.ndarray) else type(picture).__name__
        )
        raise UsageError(f"a picture must be uint8 of shape height × width × 3 (BGR), not {what}")


def pad(picture: Picture, canvas: Size) -> tuple[Picture, tuple[slice, slice]]:
    """`picture` at the top left of a `canvas` (width, height), the rest filled by reflection; and where in it it lies."""
    height, width = picture.shape[:2]
    place = (slice(0, height), slice(0, width))
    if canvas == (width, height):
        return picture, place
    right, bottom = canvas[0] - width, canvas[1] - height
    return cv2.copyMakeBorder(picture, 0, bottom, 0, right, cv2.BORDER_REFLECT), place  # type: ignore[return-value]


def divisible(size: Size, multiple: int, least: int = 1) -> Size:
    """The smallest (width, height) that holds `size` and whose sides `multiple` divides, none below `least` pixels."""
    width, height = (max(least, -(-side // multiple) * multiple) for side in size)
    return width, height


def style_input(style: Picture, size: Size = (STYLE_SIZE, STYLE_SIZE)) -> npt.NDArray[np.float32]:
    """A style picture as style networks take it: float32, 1×height×width×3, RGB, 0..1. `size` is (width, height)."""
    check_picture(style)
    within = min(size[0], style.shape[1]), min(size[1], style.shape[0])
    # In two steps, since where one side grows OpenCV takes the mean of the other's pixels no longer.
    small = cv2.resize(cv2.resize(style, within, interpolation=cv2.INTER_AREA), size, interpolation=cv2.INTER_AREA)
    small = cv2.cvtColor(small, cv2.COLOR_BGR2RGB)
    scaled: npt.NDArray[np.float32] = np.multiply(small, np.float32(1 / 255), dtype=np.float32)
    return scaled[np.newaxis]


def fingerprint(paths: Iterable[Path]) -> str:
    """Twelve hexadecimal digits that change when the content of any of the files does."""
    digest = hashlib.blake2b(digest_size=6)
    for path in paths:
        with open(path, "rb") as file:
            digest.update(os.fstat(file.fileno()).st_size.to_bytes(8, "little"))
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
