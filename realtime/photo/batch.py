"""Any number of photos, each in any number of looks, one after the other; what fails does not keep the others."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from realtime.core.addresses import without_secrets
from realtime.core.batch import Tally
from realtime.core.errors import RealtimeError, SourceError
from realtime.core.frame import Picture
from realtime.core.text import clean
from realtime.look.look import Look
from realtime.media.photo_file import Photo, check_place, mirrored, read_photo, write_photo
from realtime.models.stylizer import Stylizer
from realtime.photo.figure import shown
from realtime.photo.files import Found, check_places
from realtime.photo.photos import BRUSH, PhotoPainter
from realtime.styles.library import StyleLibrary

log = logging.getLogger(__name__)

Row = tuple[Picture, list[Picture]]
"""A photo and its paintings, as large as a figure shows them."""


@dataclass(frozen=True)
class Wishes:
    """How every photo of a batch is painted and written.

    `about` are texts for the fields of a PNG, besides the look; `figure` asks for
    the rows of a figure.
    """

    looks: Sequence[Look]
    mirror: bool = False
    keep_gps: bool = False
    force: bool = False
    figure: bool = False
    model: str = ""


class PhotoBatch:
    """Paints the photos of a batch. `tally` counts them; `rows` are those of the figure, if there is to be one."""

    def __init__(
        self,
        paint: PhotoPainter,
        wishes: Wishes,
        portable: Callable[[Look], Look],
        say: Callable[[str], None],
        found: Found,
    ) -> None:
        """Prepare a batch.

        Args:
            paint: What paints.
            wishes: How.
            portable: Makes a look fit to be kept in a file, as `StyleLibrary.portable`.
            say: Takes a line for a person.
            found: The photos, and how many other files were left out.
        """
        self._paint, self._wishes, self._portable, self._say = paint, wishes, portable, say
        self.tally = Tally(len(found.photos), found.others)
        self.rows: list[Row] = []
        self.errors: list[RealtimeError] = []

    def add(self, number: int, path: Path, targets: Sequence[Path]) -> None:
        """Paint one photo in all looks.

        Args:
            number: Its number in the batch, from 1.
            path: The photo.
            targets: Where it goes in each look; none for a figure alone.
        """
        place = self.tally.position(number)
        errors: list[RealtimeError] = []
        try:
            photo = read_photo(path, self._wishes.keep_gps)
            photo = mirrored(photo) if self._wishes.mirror else photo
            for note in photo.notes:
                self._say(f"{clean(path.name)}: {note}")
            content = shown(photo.picture) if self._wishes.figure else photo.picture
            made: list[Picture] = []
            nowhere: list[Path | None] = [None] * len(self._wishes.looks)
            for look, target in zip(self._wishes.looks, targets or nowhere, strict=True):
                try:
                    painted = self._painting(photo, content, look, target, place)
                except RealtimeError as error:
                    errors.append(error)
                    continue
                if self._wishes.figure:
                    made.append(shown(painted))
            if self._wishes.figure and not errors:
                self.rows.append((content, made))
        except RealtimeError as error:
            errors.append(error)
        except Exception as error:  # whatever a library raises for one picture, the others are painted
            if os.environ.get("REALTIME_TRACEBACK"):
                raise
            log.exception("%s", path)
            reason = (
                "there is not enough memory" if isinstance(error, MemoryError) else f"{type(error).__name__}: {error}"
            )
            errors.append(SourceError(f"{clean(path.name)} cannot be painted ({reason})"))
        for failure in errors if place else ():
            self._say(f"{place}: {failure}")
        self.errors += errors
        if errors:
            self.tally.failed(str(path))
        else:
            self.tally.made()

    def _painting(self, photo: Photo, content: Picture, look: Look, target: Path | None, place: str) -> Picture:
        begin = time.perf_counter()
        wishes = self._wishes
        whole = content if target is None else photo.picture
        height, width = photo.picture.shape[:2]
        if target is not None:
            check_place(target, wishes.force, (width, height))
        painted = self._paint(whole, look)
        if target is not None:
            about = {
                "look": self._portable(look).to_toml(),
                "model": without_secrets(wishes.model),
                "mirror": "yes" if wishes.mirror else "no",
            }
            for note in write_photo(photo, painted, target, about, wishes.force):
                self._say(f"{clean(target.name)}: {note}")
            begun = f"{place}: " if place else ""
            self._say(f"{begun}saved {clean(str(target))} ({width}×{height}, {time.perf_counter() - begin:.1f} s)")
        return painted


def paint_photo(
    stylizer: Stylizer,
    photo: str | Path,
    out: str | Path,
    style: str | Path | Picture | Look,
    *,
    mirror: bool = False,
    keep_gps: bool = False,
    force: bool = False,
) -> list[str]:
    """Paint a photo at its full size, and write it with its colour profile, transparency, camera and date.

    >>> import realtime
    >>> stylizer = realtime.Stylizer("lite")
    >>> realtime.paint_photo(stylizer, "cat.jpg", "cat_wave.jpg", "wave")

    Args:
        stylizer: What paints.
        photo: A picture file: JPEG, PNG, WebP, BMP, TIFF, GIF, AVIF, HEIC, or RAW with the extra `raw`.
        out: A new .png, .jpg, .webp or .tif.
        style: A name, a picture file, a mixture ("wave:0.6,glass:0.4"), a picture (uint8, H×W×3, BGR), or a look.
        mirror: Whether the photo is painted as in a mirror.
        keep_gps: Whether the place where it was taken is kept, and the camera maker's own data.
        force: Whether a file that exists is replaced.

    Returns:
        Notes about what could not be kept.

    Raises:
        SourceError: The photo cannot be read.
        StyleError: The style cannot be read.
        UsageError: There is no such style, or `out` cannot be written or exists.
        SinkError: Writing failed.
    """
    library = StyleLibrary(stylizer)
    path, place = Path(photo), Path(out)
    read, codes = [path], {}
    if isinstance(style, np.ndarray):
        look = Look((("style", 1.0),), brush=BRUSH)
        codes["style"] = stylizer.encode(style)
    else:
        look = style if isinstance(style, Look) else Look(library.find_mixture(str(style)), brush=BRUSH)
        for name, _ in look.styles:
            codes[name] = library.code(name)
            read.append(library.path(name))
    check_places([place], read, force)
    source = read_photo(path, keep_gps)
    source = mirrored(source) if mirror else source
    check_place(place, force, (source.picture.shape[1], source.picture.shape[0]))
    painted = PhotoPainter(stylizer, codes.__getitem__)(source.picture, look)
    return [*source.notes, *write_photo(source, painted, place, force=force)]
