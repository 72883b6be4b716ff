"""A sheet of four painted frames, so that nobody waits an hour for a look that is not liked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from realtime.core.errors import SinkError
from realtime.core.frame import Frame, Picture
from realtime.core.geometry import boxed, fit, flipped
from realtime.core.paths import create_named, shortened
from realtime.look.pipeline import Pipeline
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render.footage import Footage, Shot
from realtime.render.schedule import Schedule, clock

_BOX = (960, 960)  # of each frame on the sheet
_GAP = 12
_ROOM = "_999.png"


def write_preview(
    footage: Footage, stylizer: Stylizer, code: Callable[[str], StyleCode], schedule: Schedule, out: Path
) -> Path:
    """Paint the first frame and three more, a quarter, a half and three quarters on, and write them as a sheet.

    Args:
        footage: What is read.
        stylizer: Paints.
        code: Gives a style's code by its name.
        schedule: The look at every moment.
        out: The output that is to come; the sheet lies beside it.

    Returns:
        Where the sheet lies: `OUT.preview.png`, or with a number where there is such a file.

    Raises:
        SourceError: The footage cannot be read.
        SinkError: The sheet cannot be written.
    """
    painted = []
    for shot in _shots(footage):
        seconds = footage.at(shot.pts)
        picture = flipped(shot.picture) if schedule.mirror else shot.picture
        # Each as if it were the first: what is held steady, or eased, begins anew.
        stylized = Pipeline(stylizer, code, morph=0).paint(Frame(picture, seconds), schedule.at(seconds))
        painted.append((stylized.picture, clock(seconds)))
    width, height = fit(footage.size, _BOX)
    tiles = [_tile(picture, text, (width, height)) for picture, text in painted]
    tiles += [np.zeros_like(tiles[0])] * (len(tiles) % 2)
    rows = [np.hstack(tiles[at : at + 2]) for at in range(0, len(tiles), 2)] if len(tiles) > 1 else tiles
    encoded = cv2.imencode(".png", np.vstack(rows))[1].tobytes()
    folder = out.absolute().parent
    stem = shortened(out.stem, f".preview{_ROOM}", folder).removesuffix(_ROOM)
    file, place = create_named(folder, stem, ".png")
    try:
        with file:
            file.write(encoded)
    except OSError as error:
        place.unlink(missing_ok=True)
        raise SinkError(f"{place} cannot be written ({error.strerror})") from error
    return place


def _shots(footage: Footage) -> list[Shot]:
    shots: list[Shot] = []
    for share in (0, 1, 2, 3) if footage.seconds else (0,):
        since = footage.start + round((footage.seconds or 0) * share / 4 / footage.time_base)
        shot = next(footage.shots(since if share else None), None)
        if shot and (not shots or shot.pts > shots[-1].pts):
            shots.append(shot)
    return shots


def _tile(picture: Picture, text: str, size: tuple[int, int]) -> Picture:
    small = boxed(picture, size)
    tile: Picture = np.zeros((size[1] + 2 * _GAP + 24, size[0] + 2 * _GAP, 3), np.uint8)
    tile[_GAP : _GAP + size[1], _GAP : _GAP + size[0]] = small
    place = (_GAP, size[1] + 2 * _GAP + 12)
    cv2.putText(tile, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (230, 230, 230), 1, cv2.LINE_AA)
    return tile
