"""Photos: pictures painted at full size, in any number of looks, and the names that they get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from realtime.core.errors import UsageError
from realtime.core.frame import Picture
from realtime.core.text import clean
from realtime.look.colours import own_colours
from realtime.look.look import Look
from realtime.look.pipeline import mixed
from realtime.media.images import PICTURES
from realtime.media.photo_file import FORMATS
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer, faded
from realtime.models.tiling import Tiled, paint_reduced

SEEN = 1_600_000
"""Pixels that the model sees of a photo when no brush is asked for: strokes then are as broad as in a picture of that size."""

_OTHERS = frozenset({".bmp", ".gif", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".pdf", ".psd", ".mp4"})


class PhotoPainter:
    """Paints pictures of any size with looks: the same order of effects as in a stream, without what needs time."""

    def __init__(self, stylizer: Stylizer, code: Callable[[str], StyleCode]) -> None:
        """`code` gives a style's code by its name: `library.code`."""
        self._stylizer, self._code = Stylizer(Tiled(stylizer.model)), code

    def __call__(self, picture: Picture, look: Look) -> Picture:
        """A new picture of the same size, uint8, H×W×3, BGR. The look's `steady` means nothing here."""
        if look.strength == 0:
            untouched: Picture = picture.copy()
            return untouched
        code = mixed([self._code(name) for name, _ in look.styles], [weight for _, weight in look.styles])

        def paint(small: Picture) -> Picture:
            return self._stylizer.full(small, code, look.strength)

        def finish(painted: Picture, content: Picture) -> Picture:
            painted = faded(painted, content, look.strength)
            return own_colours(painted, content, look.own_colours) if look.own_colours else painted

        return paint_reduced(picture, look.brush, paint, finish)


def usual_brush(picture: Picture) -> float:
    """The brush with which a model sees about `SEEN` pixels of a picture, and all of a smaller one."""
    height, width = picture.shape[:2]
    fraction: float = (SEEN / (width * height)) ** 0.5
    return round(min(1.0, max(0.1, fraction)), 3)


def find_photos(inputs: Sequence[Path]) -> list[Path]:
    """The picture files that are meant by files and folders, each once. UsageError for what is not there."""
    found: dict[Path, Path] = {}
    for path in inputs:
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURES and not p.name.startswith("."))
            if not inside:
                raise UsageError(f"there are no pictures in {path}: wanted {', '.join(sorted(PICTURES))}")
        elif path.is_file():
            inside = [path]
        else:
            raise UsageError(f"there is no picture {path}; styles are named by --style, each by one of its own")
        found.update((p.resolve(), p) for p in inside)
    return list(found.values())


def is_file_name(out: Path) -> bool:
    """Whether an output is meant to be a file, by its ending; else it is a folder. UsageError for other kinds of pictures."""
    if out.is_dir():
        return False
    if out.suffix.lower() in _OTHERS:
        raise UsageError(
            f"{out.name} is of no kind that can be written: wanted {', '.join(sorted(FORMATS))}, or a folder"
        )
    return out.suffix.lower() in FORMATS


def places(photos: Sequence[Path], looks: Sequence[str], out: Path) -> list[list[Path]]:
    """Where each photo goes in each look (by name): `out` itself for a single one, else NAME_LOOK.ext in the folder `out`.

    The ending is the photo's own where it can be written, else .png. Photos of one name are numbered. UsageError when
    several are to go into one file.
    """
    if is_file_name(out):
        if len(photos) * len(looks) > 1:
            raise UsageError(
                f"{len(photos) * len(looks)} paintings do not go into one file {out.name}; name a folder with -o"
            )
        return [[out]]
    taken: set[str] = set()
    result = []
    for photo in photos:
        ending = photo.suffix if photo.suffix.lower() in FORMATS else ".png"
        row = []
        for look in looks:
            stem = f"{photo.stem}_{clean(look)}".replace("/", "-")
            name, number = f"{stem}{ending}", 1
            while name.casefold() in taken:  # as file systems see it that make no difference of A and a
                number += 1
                name = f"{stem}_{number}{ending}"
            taken.add(name.casefold())
            row.append(out / name)
        result.append(row)
    return result
