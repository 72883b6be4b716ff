"""Snapshots and clips as browsers list them: by numbers, with thumbnails."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import cv2

from realtime.core.errors import SinkError
from realtime.core.frame import Picture
from realtime.core.text import clean
from realtime.live.thumbnails import thumbnail
from realtime.media.ffmpeg import failures, open_media, why
from realtime.media.images import load_picture

Kind: TypeAlias = Literal["snapshot", "clip"]

MOST_OLDER = 200
"""Older files that are listed, the newest of them."""
CLIPS = frozenset({".mp4", ".webm", ".mkv"})
_OURS = re.compile(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_.+\.(png|mp4|webm|mkv)")
_THUMBNAIL_QUALITY = 80


@dataclass(frozen=True, slots=True)
class SavedFile:
    """A snapshot or a clip.

    Attributes:
        number: What browsers call it.
        kind: Which of both.
        path: The file.
        size: Its bytes.
        time: When it was written, in seconds since 1970.
        older: Whether an earlier session wrote it.
    """

    number: int
    kind: Kind
    path: Path
    size: int
    time: float
    older: bool

    def described(self) -> dict[str, Any]:
        """Describe it for browsers; the folder stays unsaid."""
        return {
            "id": self.number, "kind": self.kind, "name": clean(self.path.name), "bytes": self.size, "time": self.time,
            "older": self.older,
        }  # fmt: skip


def kind_of(path: Path) -> Kind:
    """Tell a clip from a snapshot by the file's ending."""
    return "clip" if path.suffix.lower() in CLIPS else "snapshot"


class SavedFiles:
    """The files of this session, and older ones where the owner asks for them."""

    def __init__(self) -> None:
        self._files: dict[int, SavedFile] = {}
        self._paths: set[Path] = set()
        self._thumbnails: dict[int, bytes] = {}

    def add(self, path: Path, older: bool = False) -> SavedFile | None:
        """List a file; None where it is listed already, or is gone."""
        try:
            status = os.stat(path)
        except OSError:
            return None
        if path in self._paths:
            return None
        found = SavedFile(len(self._paths) + 1, kind_of(path), path, status.st_size, status.st_mtime, older)
        self._paths.add(path)
        self._files[found.number] = found
        return found

    def add_older(self, folders: Iterable[Path]) -> None:
        """List what earlier sessions wrote into some folders, by the names that this program gives."""
        found = []
        for folder in dict.fromkeys(folders):
            try:
                with os.scandir(folder) as entries:
                    found += [
                        (entry.stat().st_mtime, Path(entry.path))
                        for entry in entries
                        if _OURS.fullmatch(entry.name)
                        and ".partial." not in entry.name
                        and entry.is_file(follow_symlinks=False)
                    ]
            except OSError:
                continue
        for _, path in sorted(found)[-MOST_OLDER:]:
            self.add(path, older=True)

    def get(self, number: str) -> SavedFile | None:
        """Give the file that a browser names; None for anything else. A file that was replaced by a link is none."""
        known = self._files.get(int(number)) if re.fullmatch(r"\d{1,9}", number, re.ASCII) else None
        return known if known and known.path.is_file() and not known.path.is_symlink() else None

    def listed(self, older: bool) -> list[dict[str, Any]]:
        """Describe the files for browsers, the newest first."""
        files = [file for file in self._files.values() if older or not file.older]
        return [file.described() for file in sorted(files, key=lambda file: -file.time)]

    def thumbnail(self, file: SavedFile) -> bytes:
        """Give a small picture of a file as a JPEG; it may take a while, the first time.

        Raises:
            RealtimeError: The file cannot be read.
        """
        if file.number not in self._thumbnails:
            picture = first_picture(file.path) if file.kind == "clip" else load_picture(file.path, enough=240)
            encoded = cv2.imencode(".jpg", thumbnail(picture), (cv2.IMWRITE_JPEG_QUALITY, _THUMBNAIL_QUALITY))[1]
            self._thumbnails[file.number] = encoded.tobytes()
        return self._thumbnails[file.number]


def first_picture(path: Path) -> Picture:
    """Give the first picture of a clip: uint8, H×W×3, BGR. SinkError where there is none."""
    try:
        with open_media(path) as container:
            for frame in container.decode(video=0):
                return frame.to_ndarray(format="bgr24")  # type: ignore[no-any-return]
    except failures(ValueError, IndexError) as error:
        raise SinkError(f"{clean(path.name)} cannot be read ({why(error)})") from error
    raise SinkError(f"{clean(path.name)} holds no picture")
