"""The style code that goes from a style network to a frame network, and what a picture is."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from realtime.core.errors import StyleError, UsageError

try:
    from _blake2 import blake2b  # CPython's own, by itself: hashlib loads OpenSSL, 4 MB, beside it
except ImportError:
    from hashlib import blake2b

_MOST_BYTES = 16 << 20  # a code of a Hub module, the largest there is, has 20 kB
STYLE_SIZE = 256
"""Side, in pixels, of the square that a style picture is brought to: what Magenta's style networks were trained on."""


@dataclass(frozen=True, eq=False, repr=False)
class StyleCode:
    """What a frame network needs to know of a style. Immutable.

    A code belongs to the style network that made it, and serves every frame network that was trained with it.

    Attributes:
        identity: The identity of the style network.
        arrays: Read-only float32 arrays: one of 100 numbers for a LiteRT pair, 26 tensors for Magenta's Hub module.
    """

    identity: str
    arrays: tuple[npt.NDArray[np.float32], ...]

    def __post_init__(self) -> None:
        own = tuple(np.array(array, dtype=np.float32) for array in self.arrays)
        for array in own:
            array.flags.writeable = False
        object.__setattr__(self, "arrays", own)

    def __repr__(self) -> str:
        shapes = ", ".join("×".join(map(str, array.shape)) for array in self.arrays[:1])
        more = f" and {len(self.arrays) - 1} more" if len(self.arrays) > 1 else ""
        return f"<StyleCode of {self.identity}: float32 {shapes}{more}>"

    def blend(self, other: StyleCode, amount: float) -> StyleCode:
        """Mix this code with another one, linearly.

        Args:
            other: A code of the same style network.
            amount: The share of `other`, 0..1: 0 gives this code, 1 the other.

        Returns:
            The mixed code; this code or `other` itself for an amount of 0 or 1.

        Raises:
            StyleError: The codes are of different style networks.
            UsageError: `amount` is outside 0..1.
        """
        if not 0.0 <= amount <= 1.0:
            raise UsageError(f"a blend of {amount} is not between 0 and 1; 0 is the first style, 1 the second")
        if other.identity != self.identity or [a.shape for a in other.arrays] != [a.shape for a in self.arrays]:
            raise StyleError(
                f"a style code of {other.identity} cannot be blended with one of {self.identity}; encode both with one model"
            )
        if amount == 0.0:
            return self
        if amount == 1.0:
            return other
        mixed = (a + np.float32(amount) * (b - a) for a, b in zip(self.arrays, other.arrays, strict=True))
        return StyleCode(self.identity, tuple(mixed))

    def save(self, path: str | Path) -> None:
        """Write the code to a new .npz file.

        Args:
            path: The file to make.

        Raises:
            StyleError: `path` exists already or cannot be written.
        """
        try:
            with open(path, "xb") as file:
                try:
                    self.write(file)
                except OSError:  # half a code is of no use to anybody
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
        """Write the code, in .npz form, to a file open for binary writing.

        Args:
            file: The open file.

        Raises:
            OSError: The file cannot be written.
        """
        named: dict[str, npt.NDArray[np.generic]] = {f"array{i}": array for i, array in enumerate(self.arrays)}
        np.savez(file, identity=np.array(self.identity), **named)  # type: ignore[arg-type]

    @classmethod
    def load(cls, path: str | Path) -> StyleCode:
        """Read a code that `save` wrote.

        Args:
            path: The .npz file.

        Returns:
            The code.

        Raises:
            StyleError: The file is missing, broken or of another kind.
        """
        try:
            with open(path, "rb") as file, zipfile.ZipFile(file) as archive:
                size = sum(entry.file_size for entry in archive.infolist())
            if size > _MOST_BYTES:
                raise ValueError(f"{size} bytes of arrays are in it, and a code has {_MOST_BYTES} at most")
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = tuple(stored[f"array{i}"] for i in range(len(stored.files) - 1))
                if not arrays or any(array.dtype != np.float32 for array in arrays):
                    raise ValueError("no float32 arrays in it")
                return cls(str(stored["identity"]), arrays)
        except Exception as error:  # zipfile and NumPy raise of every family for a broken file; all mean the same
            raise StyleError(
                f"{path} is not a style code that can be read ({error}); encode the picture again"
            ) from error


def check_picture(picture: object) -> None:
    """Make sure that a picture is one.

    Args:
        picture: What should be a picture: uint8, H×W×3, not empty.

    Raises:
        UsageError: It is something else.
    """
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


def fingerprint(paths: Iterable[Path]) -> str:
    """Work out what tells the content of some files from any other.

    Args:
        paths: The files, in an order that matters.

    Returns:
        Twelve hexadecimal digits, which change when the content of any of the files does.

    Raises:
        OSError: A file cannot be read.
    """
    digest = blake2b(digest_size=6)
    for path in paths:
        with open(path, "rb") as file:
            digest.update(os.fstat(file.fileno()).st_size.to_bytes(8, "little"))
            while block := file.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()
