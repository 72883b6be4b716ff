"""A figure for an article: photos, style pictures and what came of them, side by side, with titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from realtime.core.errors import UsageError
from realtime.core.frame import Picture, Size
from realtime.core.geometry import fit
from realtime.core.text import clean
from realtime.look.look import Look
from realtime.media.images import load_picture
from realtime.media.photo_file import read_photo
from realtime.models.base import check_picture
from realtime.models.stylizer import Stylizer
from realtime.photo.photos import BRUSH, PhotoPainter
from realtime.styles.library import StyleLibrary

ORIGINAL, PAINTED = "Original", "Painted"
_WIDEST = 3600  # pixels across: 30 cm in print at 300 to the inch
_COLUMN = 1200  # at most
_TALLEST = 1.5  # of a row, in widths of a column
_INK = (34, 34, 34)
_PAPER = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Column:
    """One look of a figure: its title and the style pictures that it is made of, uint8, H×W×3, BGR."""

    title: str
    styles: Sequence[Picture]


def draw_figure(columns: Sequence[Column], rows: Sequence[tuple[Picture, Sequence[Picture]]]) -> Picture:
    """Draw the figure of some photos.

    One photo in one look gives original, style and painting side by side, of one height. More give a grid: a row for each
    photo, a column for each look, with its style pictures on top.

    Args:
        columns: The looks.
        rows: Each photo with what it became in every column, all uint8, H×W×3, BGR.

    Returns:
        The figure on white, uint8, H×W×3, BGR.
    """
    if len(columns) == len(rows) == 1:
        original, (painted,) = rows[0]
        return _triptych(original, columns[0], painted)
    count = len(columns) + 1
    gap = max(8, round(_WIDEST / count * 0.03))
    width = min(_COLUMN, (_WIDEST - gap * (count + 1)) // count)
    gap, text = max(8, round(width * 0.03)), _text_size(width)
    grid = []
    for original, made in rows:
        box = fit_up(_size(original), (width, round(width * _TALLEST)))
        grid.append([_scaled(picture, box) for picture in (original, *made)])
    tops = [_beside(column.styles, (width, width // 2), gap) for column in columns]
    head = max(top.shape[0] for top in tops) + gap // 2 + 2 * text
    height = gap + head + sum(row[0].shape[0] + gap for row in grid)
    figure = np.full((height, gap + count * (width + gap), 3), _PAPER, np.uint8)
    lefts = [gap + k * (width + gap) for k in range(count)]
    baseline = gap + head - round(text * 0.7)
    for left, title, top in zip(lefts, [ORIGINAL, *(c.title for c in columns)], [None, *tops], strict=True):
        _write(figure, title, (left + width // 2, baseline), text, width)
        if top is not None:
            _place(figure, top, left + (width - top.shape[1]) // 2, gap + head - 2 * text - gap // 2 - top.shape[0])
    y = gap + head
    for row in grid:
        for left, picture in zip(lefts, row, strict=True):
            _place(figure, picture, left + (width - picture.shape[1]) // 2, y)
        y += row[0].shape[0] + gap
    return figure


def _triptych(original: Picture, column: Column, painted: Picture) -> Picture:
    shapes = [_size(original), _size(column.styles[0]), _size(painted)]
    wanted = sum(width / height for width, height in shapes)
    gap = round(_WIDEST * 0.012)
    height = min(_COLUMN, round((_WIDEST - 4 * gap) / wanted))
    style = _beside(column.styles, (4 * height, height), gap // 2)
    pictures = [_scaled(original, fit_up(shapes[0], (4 * height, height))), style]
    pictures.append(_scaled(painted, (pictures[0].shape[1], pictures[0].shape[0])))
    text = _text_size(height)
    top = gap + round(1.7 * text)
    figure = np.full(
        (top + height + gap, gap + sum(picture.shape[1] + gap for picture in pictures), 3), _PAPER, np.uint8
    )
    left = gap
    for title, picture in zip((ORIGINAL, f"Style: {column.title}", PAINTED), pictures, strict=True):
        _write(figure, title, (left + picture.shape[1] // 2, gap + text), text, picture.shape[1] + gap)
        _place(figure, picture, left, top + (height - picture.shape[0]) // 2)
        left += picture.shape[1] + gap
    return figure


def compare(
    stylizer: Stylizer, pictures: Sequence[str | Path | Picture], styles: Sequence[str | Path | Picture]
) -> Picture:
    """Paint pictures in styles, side by side; in a notebook `PIL.Image.fromarray(figure[:, :, ::-1])` shows the figure.

    Args:
        stylizer: What paints.
        pictures: The pictures, each a path or an array (uint8, H×W×3, BGR).
        styles: The styles, each a name, a path or an array (uint8, H×W×3, BGR).

    Returns:
        The figure: uint8, H×W×3, BGR.

    Raises:
        UsageError: One of the lists is empty or no list, or a style is not found.
        StyleError: A file is no picture that can be read.
    """
    for name, given in (("pictures", pictures), ("styles", styles)):
        if isinstance(given, (str, Path, np.ndarray)):
            kind = "an array" if isinstance(given, np.ndarray) else f"{str(given)!r}"
            raise UsageError(f"{name} must be a list, not {kind} alone; put it into brackets: [{name[:-1]}]")
    library = StyleLibrary(stylizer)
    codes = {}
    columns = []
    for number, style in enumerate(styles, 1):
        if isinstance(style, np.ndarray):
            check_picture(style)
            name, picture = f"{number}", style
            codes[name] = library.code(style)
        else:
            name = library.find(str(style))
            codes[name] = library.code(name)
            picture = load_picture(library.path(name))
        columns.append((name, Column(name, [picture])))
    if not columns or not pictures:
        raise UsageError("a figure needs at least one picture and one style")
    paint = PhotoPainter(stylizer, codes.__getitem__)
    rows = []
    for item in pictures:
        whole = item if isinstance(item, np.ndarray) else read_photo(Path(item)).picture
        check_picture(whole)
        content = shown(whole)
        made = [paint(content, Look(((name, 1.0),), brush=BRUSH)) for name, _ in columns]
        rows.append((content, made))
    return draw_figure([column for _, column in columns], rows)


def shown(picture: Picture) -> Picture:
    """Scale a picture down to what it makes sense to paint for a figure.

    Args:
        picture: uint8, H×W×3, BGR.

    Returns:
        The same where it is small enough, else a smaller one.
    """
    size = fit(_size(picture), (2 * _COLUMN, 2 * _COLUMN))
    return picture if size == _size(picture) else _scaled(picture, size)


def fit_up(size: Size, box: Size) -> Size:
    """Fit a size into a box, larger than it is if need be.

    Args:
        size: A (width, height) whose aspect is kept.
        box: The (width, height) to fit into.

    Returns:
        The largest (width, height) that fits.
    """
    scale = min(box[0] / size[0], box[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _size(picture: Picture) -> Size:
    return picture.shape[1], picture.shape[0]


def _scaled(picture: Picture, size: Size) -> Picture:
    way = cv2.INTER_AREA if size[0] < picture.shape[1] else cv2.INTER_CUBIC
    return cv2.resize(picture, size, interpolation=way).astype(np.uint8, copy=False)


def _beside(pictures: Sequence[Picture], box: Size, gap: int) -> Picture:
    """Pictures of one height, side by side, as large as fits into a box."""
    aspect = sum(picture.shape[1] / picture.shape[0] for picture in pictures)
    height = max(1, min(box[1], round((box[0] - gap * (len(pictures) - 1)) / aspect)))
    parts = []
    for picture in pictures:
        parts += [_scaled(picture, fit_up(_size(picture), (box[0], height))), None]
    strip = [np.full((height, gap, 3), _PAPER, np.uint8) if part is None else part for part in parts[:-1]]
    tallest = max(part.shape[0] for part in strip)
    return np.hstack(
        [part if part.shape[0] == tallest else cv2.resize(part, (part.shape[1], tallest)) for part in strip]
    )


def _place(figure: Picture, picture: Picture, left: int, top: int) -> None:
    height, width = picture.shape[:2]
    figure[top : top + height, left : left + width] = picture


def _text_size(width: int) -> int:
    return max(16, round(width * 0.045))


def _write(figure: Picture, text: str, at: tuple[int, int], size: int, room: int) -> None:
    """Write a line whose middle and baseline are at `at`, shortened to the room there is."""
    font, text = cv2.FontFace("sans"), clean(text)

    def width(line: str) -> int:
        return int(cv2.getTextSize((0, 0), line, (0, 0), font, size, weight=400)[2])

    line = text
    while width(line) > room and len(line) > 1:
        text = text[:-1]
        line = text.rstrip() + "…"
    cv2.putText(figure, line, (at[0] - width(line) // 2, at[1]), _INK, font, size, weight=400)
