"""Style codes on disk: worked out once for a picture and a model, and kept for later runs."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import time
from pathlib import Path

import numpy as np

from realtime.core.errors import StyleError
from realtime.models.base import STYLE_SIZE, StyleCode, fingerprint
from realtime.models.stylizer import Stylizer

MOST_CODES = 2000
MOST_BYTES = 64_000_000
MOST_DAYS = 180.0
"""How many codes are kept, of how many bytes together, for how long after they were last used."""

_DAY = 86_400.0  # seconds
_OURS = re.compile(r".+-[0-9a-f]{12}\.npz|\S+\.partial")  # a person may have other files in a folder of their own


def same(code: StyleCode, other: StyleCode) -> bool:
    """Say whether two codes of one model are equal, to the bit."""
    return all(np.array_equal(a, b) for a, b in zip(code.arrays, other.arrays, strict=True))


class CodeCache:
    """The codes of one model, each in a file that is named after the model and the picture's content.

    Several processes may share a folder: a file appears whole or not at all, and one that another process removed is made
    again. A folder that cannot be written costs time, and is no error.
    """

    def __init__(self, folder: Path, stylizer: Stylizer) -> None:
        """Use a folder, which need not exist, for the codes of the stylizer's model."""
        self._folder, self._stylizer = folder, stylizer
        self._pruned = False

    def path(self, picture: Path) -> Path:
        """Say where a picture's code is kept, by the file's content. StyleError when the file cannot be read."""
        try:
            digest = fingerprint([picture])
        except OSError as error:
            raise StyleError(f"{picture.name} cannot be read ({error.strerror})") from error
        return self._folder / f"{self._stylizer.model.identity}-{digest}.npz"

    def load(self, path: Path) -> StyleCode | None:
        """Read the code kept in a file, and mark it as used.

        Args:
            path: As `path` gave it.

        Returns:
            The code, or None when there is none, or it is broken or another model's: it is then to be made again.
        """
        if not os.path.isfile(path):
            return None
        try:
            code = StyleCode.load(path)
            self._stylizer.model.check(code)
        except StyleError:
            return None
        with contextlib.suppress(OSError):  # removed meanwhile, or read-only
            if time.time() - path.stat().st_mtime > _DAY:
                os.utime(path)
        return code

    def made(self, picture: Path) -> StyleCode:
        """Give the code of a picture file: the one that is kept, or a new one, which is kept then.

        Args:
            picture: The file.

        Returns:
            The code.

        Raises:
            StyleError: The file cannot be read, or is no picture.
        """
        path = self.path(picture)
        if kept := self.load(path):
            return kept
        from realtime.media.images import load_picture  # Pillow and XML, 6 MB, which kept codes do without

        code = self._stylizer.encode(load_picture(picture, enough=2 * STYLE_SIZE))
        self.save(code, path)
        return code

    def save(self, code: StyleCode, path: Path) -> None:
        """Keep a code in a file, in place of what was there; the first time, remove what is old.

        Args:
            code: A code of this model.
            path: As `path` gave it.
        """
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
                try:
                    code.write(file)  # type: ignore[arg-type]
                    file.close()
                    os.replace(file.name, path)
                except OSError:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        if not self._pruned:
            self._pruned = True
            self.prune()

    def prune(self) -> None:
        """Remove the codes that were not used for long, and the least recently used of too many or too large ones."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if _OURS.fullmatch(entry.name):
                    with contextlib.suppress(OSError):  # removed by another process
                        status = entry.stat()
                        found.append((status.st_mtime, status.st_size, entry.path))
        found.sort(reverse=True)
        now, count, size = time.time(), 0, 0
        for used, length, path in found:
            unfinished = path.endswith(".partial")  # by a process that was killed, or one that writes it just now
            if not unfinished:
                count, size = count + 1, size + length
            days = 1.0 if unfinished else MOST_DAYS
            if now - used > days * _DAY or count > MOST_CODES or size > MOST_BYTES:
                with contextlib.suppress(OSError):
                    os.unlink(path)
