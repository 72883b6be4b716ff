"""Pictures on disk: listing, holding back and loading.

Pictures on disk and in memory are uint8 RGB, (H, W, 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.core.errors import UsageError

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
HELD_BACK = Path(__file__).with_name("held_back.txt")


def read_held_back(path: Path = HELD_BACK) -> dict[str, list[str]]:
    """Read the names that are never trained on.

    Args:
        path: A text file with the sections [photos] and [styles], one name a line.

    Returns:
        ``{"photos": [...], "styles": [...]}``.
    """
    names: dict[str, list[str]] = {"photos": [], "styles": []}
    section = "photos"
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            names[section].append(line)
    return names


def list_pictures(folder: str | Path, without: Sequence[str] = ()) -> list[Path]:
    """List the picture files of a folder, sorted by name.

    Args:
        folder: The folder.
        without: File names to leave out.

    Returns:
        The paths, at least one.

    Raises:
        UsageError: There is no such folder, or no picture in it.
    """
    left_out = set(without)
    if not Path(folder).is_dir():
        raise UsageError(f"there is no folder {folder}")
    found = [p for p in sorted(Path(folder).iterdir()) if p.suffix.lower() in SUFFIXES and p.name not in left_out]
    if not found:
        raise UsageError(f"no pictures in {folder}")
    return found


def read_picture(path: Path) -> Picture:
    """Read a picture.

    Args:
        path: A file of a format that OpenCV reads.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        UsageError: The file is no picture.
    """
    data = np.fromfile(path, np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise UsageError(f"{path} is no picture that can be read; take it out of the folder")
    return np.ascontiguousarray(bgr[:, :, ::-1])


def clip_frames(path: Path, every: int = 30, side: int = 512) -> list[Picture]:
    """Read one frame in `every` of a clip.

    Args:
        path: The clip.
        every: How many frames lie between two that are taken.
        side: The longest side that a frame may have, in pixels.

    Returns:
        RGB uint8 frames (H, W, 3); none where the file is no clip.
    """
    capture = cv2.VideoCapture(str(path))
    frames: list[Picture] = []
    number = 0
    while capture.grab():
        if number % every == every // 2:
            frame = np.asarray(capture.retrieve()[1])
            height, width = frame.shape[:2]
            factor = min(1.0, side / max(height, width))
            small = resized(frame.astype(np.uint8), round(width * factor), round(height * factor))
            frames.append(np.ascontiguousarray(small[:, :, ::-1]))
        number += 1
    capture.release()
    return frames


def load_training(folder: str | Path, without: Sequence[str], clips: str | Path | None = None) -> list[Picture]:
    """Read the pictures of a folder but those held back, and frames of the clips of another.

    Args:
        folder: Folder of pictures.
        without: File names to leave out.
        clips: Folder of .mp4 clips, if any.

    Returns:
        RGB uint8 pictures (H, W, 3).

    Raises:
        UsageError: A folder is missing or has nothing that can be read.
    """
    pictures = [read_picture(p) for p in list_pictures(folder, without)]
    found = sorted(Path(clips).glob("*.mp4")) if clips else []
    if clips and not found:
        raise UsageError(f"there are no .mp4 clips in {clips}")
    for clip in found:
        pictures += clip_frames(clip)
    return pictures


def load_held_back(folder: str | Path, names: Sequence[str]) -> list[Picture]:
    """Read the held-back pictures of a folder, or all of its pictures, with a printed notice, when it has none of them.

    Args:
        folder: Folder of pictures.
        names: The file names held back.

    Returns:
        RGB uint8 pictures (H, W, 3).

    Raises:
        UsageError: A folder is missing or has nothing that can be read.
    """
    listed = list_pictures(folder)
    found = [p for p in listed if p.name in set(names)]
    if not found:
        print(f"none of the pictures held back is in {folder}: all {len(listed)} are taken, trained with or not")
    return [read_picture(p) for p in found or listed]


def resized(picture: Picture, width: int, height: int) -> Picture:
    """Resize a picture: area averaging when it shrinks, bilinear when it grows.

    Args:
        picture: uint8 (H, W, 3).
        width: The new width, in pixels.
        height: The new height, in pixels.

    Returns:
        uint8 (height, width, 3).
    """
    shrink = width * height < picture.shape[0] * picture.shape[1]
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    )
