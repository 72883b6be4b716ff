"""One file with everything that the training of strokes reads: photos, style pictures, loss networks and the beginning.

Pictures lie in it as JPEGs. The file is read on a machine that has nothing else of the data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.core.errors import UsageError

from .data import Floats, Picture, clip_frames, list_pictures, read_picture, resized

PEOPLE = Path(__file__).with_name("people.txt")
TEXTURES = ("dtd_", "texnets_", "embark_")
"""Name prefixes of pictures of textures: rings and squares, drawn as rarely as `RARE` says."""
RARE, PAINTED = 0.12, 0.4
"""How often a texture and a picture by our own painters are drawn, a painting being drawn once."""
ALIKE = 0.93
"""Correlation of thumbnails from which a style picture counts as a copy of one that is held back."""


@dataclass(frozen=True)
class Pack:
    """The content of a file written by `write`.

    Attributes:
        photos: RGB pictures (h, w, 3), uint8.
        people: Whether each photo shows people.
        styles: RGB pictures (h, w, 3), uint8.
        shares: How often each style is drawn; sums to 1.
        percept: The weights of the loss networks by name.
        begin: The weights of networks to begin from, in Keras's order, by name: ``style`` and frame networks.
    """

    photos: list[Picture]
    people: np.ndarray
    styles: list[Picture]
    shares: Floats
    percept: dict[str, np.ndarray]
    begin: dict[str, list[np.ndarray]]


def read_people(path: Path = PEOPLE) -> tuple[str, ...]:
    """Read the names, or beginnings of names, of photos and clips with people, one a line."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def share_of(name: str, painted: bool) -> float:
    """Say how often a style picture of this name is drawn, a painting being drawn once."""
    if painted:
        return PAINTED
    return RARE if name.startswith(TEXTURES) else 1.0


def thumbnail(picture: Picture) -> Floats:
    """Make sixteen by sixteen grey values about their mean, of length 1: (256,)."""
    grey = cv2.cvtColor(resized(picture, 16, 16), cv2.COLOR_RGB2GRAY).astype(np.float32).ravel()
    grey -= grey.mean()
    return np.asarray(grey / (np.linalg.norm(grey) + 1e-6))


def smaller(picture: Picture, side: int) -> Picture:
    """Shrink a picture (H, W, 3) until its long side is at most `side` pixels."""
    height, width = picture.shape[:2]
    factor = min(1.0, side / max(height, width))
    return resized(picture, round(width * factor), round(height * factor)) if factor < 1 else picture


def _jpeg(picture: Picture, side: int, quality: int) -> np.ndarray:
    bgr = np.ascontiguousarray(smaller(picture, side)[:, :, ::-1])
    return np.asarray(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1])


def write(
    path: Path,
    photos: Path,
    clips: Path | None,
    styles: Sequence[Path],
    painted: Sequence[Path],
    percept: Path,
    begin: Mapping[str, Sequence[np.ndarray]],
    held: Mapping[str, Sequence[str]],
    side: int = 352,
    quality: int = 80,
) -> str:
    """Write a pack.

    Args:
        path: The file to write.
        photos: Folder of photos.
        clips: Folder of .mp4 clips, one frame in thirty of which serves as a photo.
        styles: Folders of paintings and textures.
        painted: Folders of pictures by our own painters.
        percept: File of the loss networks (.npz).
        begin: Weights of ``style`` and of frame networks to begin from, kept as float16, as models ship.
        held: Names of pictures held back, by ``photos`` and ``styles``. Copies of these styles are left out too.
        side: The longest side of a picture.
        quality: JPEG quality.

    Returns:
        A line of text that says what the pack holds.
    """
    arrays: dict[str, Any] = {f"percept/{name}": value for name, value in np.load(percept).items()}
    known = read_people()
    people: list[bool] = []
    found = [(p.name, read_picture(p)) for p in list_pictures(photos, held["photos"])]
    for clip in sorted(clips.glob("*.mp4")) if clips else []:
        found += [(clip.name, frame) for frame in clip_frames(clip)]
    for k, (name, picture) in enumerate(found):
        arrays[f"photo/{k:05d}"] = _jpeg(picture, side, quality)
        people.append(name.startswith(known))
    shares: list[float] = []
    apart: list[Floats] = []
    copies = 0
    for folder in styles:
        apart += [thumbnail(read_picture(p)) for p in list_pictures(folder) if p.name in set(held["styles"])]
    for folder in [*styles, *painted]:
        for file in list_pictures(folder, held["styles"]):
            picture = read_picture(file)
            if apart and float((np.stack(apart) @ thumbnail(picture)).max()) > ALIKE:
                copies += 1
                continue
            arrays[f"style/{len(shares):05d}"] = _jpeg(picture, side, quality)
            shares.append(share_of(file.name, folder in painted))
    arrays["people"], arrays["shares"] = np.array(people), np.array(shares, np.float32) / np.sum(shares)
    for name, weights in begin.items():
        arrays |= {f"begin/{name}/{k:03d}": w.astype(np.float16) for k, w in enumerate(weights)}
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **arrays)
    return (
        f"{len(found)} photos, {sum(people)} of them with people; {len(shares)} styles, {copies} copies of styles held"
        f" back left out; {path.stat().st_size / 1e6:.1f} MB"
    )


def read(path: Path) -> Pack:
    """Read a pack.

    Args:
        path: A file written by `write`.

    Returns:
        What it holds.

    Raises:
        UsageError: There is no such file, or it is no pack.
    """
    if not path.is_file():
        raise UsageError(f"there is no pack {path}; write one with python -m realtime.training pack")
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    if "shares" not in arrays:
        raise UsageError(f"{path} is no pack; write one with python -m realtime.training pack")

    def of(prefix: str) -> list[np.ndarray]:
        return [arrays[name] for name in sorted(arrays) if name.startswith(prefix)]

    def decoded(prefix: str) -> list[Picture]:
        pictures = (np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR)) for data in of(prefix))
        return [np.ascontiguousarray(p[:, :, ::-1]).astype(np.uint8) for p in pictures]

    begun = sorted({name.split("/")[1] for name in arrays if name.startswith("begin/")})
    percept = {name.split("/", 1)[1]: value for name, value in arrays.items() if name.startswith("percept/")}
    return Pack(
        decoded("photo/"),
        arrays["people"],
        decoded("style/"),
        arrays["shares"],
        percept,
        {name: [w.astype(np.float32) for w in of(f"begin/{name}/")] for name in begun},
    )
