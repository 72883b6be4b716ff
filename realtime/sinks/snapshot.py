"""Snapshots: a PNG of one frame in full quality, with how it was made in its text fields."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import cv2

from realtime.core.errors import SinkError
from realtime.core.frame import Picture
from realtime.core.paths import create_file, create_named, write_named
from realtime.core.text import clean
from realtime.look.look import Look
from realtime.look.look_files import FIELD
from realtime.look.stylized import Stylized
from realtime.sinks.base import Sink


class SnapshotSink(Sink):
    """Each frame written becomes a PNG file of its own in `folder`, and its original beside it with `keep_original`."""

    def __init__(
        self,
        folder: Path,
        keep_original: bool = False,
        about: dict[str, str] | None = None,
        portable: Callable[[Look], Look] = lambda look: look,
    ) -> None:
        """Save in `folder`.

        Args:
            folder: Where the files go; it is made when it is needed.
            keep_original: Whether the original is saved beside each picture.
            about: More for the text fields, besides the style, the strength, the mirror and the look.
            portable: Gives the look as another session can take it up.
        """
        self._folder, self._keep_original, self._about = folder, keep_original, about or {}
        self._portable = portable
        self.path: Path | None = None
        """The last snapshot."""

    def _write(self, stylized: Stylized) -> None:
        about = self._described(stylized)
        file, path = create_file(self._folder, stylized.look.name, ".png")
        _save(file, path, stylized.picture, about)
        self.path = path
        if self._keep_original:
            # Named after the stylized one, so that they are a pair even when the second has turned meanwhile.
            file, path = create_named(self._folder, path.stem, "_original.png")
            _save(file, path, stylized.frame.picture, {**about, "style": "", "strength": "0", FIELD: ""})

    def write_large(self, stylized: Stylized, picture: Picture, beside: Path) -> Path:
        """Save the painting of a frame at its full size, which is there when it is whole and not before.

        Args:
            stylized: What the snapshot shows.
            picture: Its frame painted at full size: uint8, H×W×3, BGR.
            beside: The file of the snapshot.

        Returns:
            The new file.

        Raises:
            SinkError: It cannot be written.
        """
        data = io.BytesIO()
        _write_png(data, picture, self._described(stylized))
        return write_named(beside.parent, beside.stem, "_large.png", data.getvalue())

    def _described(self, stylized: Stylized) -> dict[str, str]:
        """Give the text fields of a snapshot."""
        look = stylized.look
        about = {**self._about, "mirror": "yes" if stylized.frame.mirrored else "no"}
        about.update(style=look.name, strength=f"{look.strength:g}")
        about[FIELD] = self._portable(look).to_toml()
        return about


def _write_png(file: BinaryIO, picture: Picture, about: dict[str, str]) -> None:
    from PIL import Image  # 3 MB, which a session without a snapshot does without
    from PIL.PngImagePlugin import PngInfo

    fields = PngInfo()
    fields.add_text("Software", "realtime")
    for name, text in about.items():
        fields.add_itxt(f"realtime:{name}", clean(text))
    Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)).save(file, "PNG", pnginfo=fields)


def _save(file: BinaryIO, path: Path, picture: Picture, about: dict[str, str]) -> None:
    try:
        with file:
            _write_png(file, picture, about)
    except Exception as error:  # whatever it was, no half file stays
        path.unlink(missing_ok=True)
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise SinkError(f"the snapshot could not be saved in {path.parent} ({reason})") from error
