"""Pictures that people bring to a running session: styles for as long as it runs, in no folder unless the owner keeps them."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import cv2

from realtime.core.errors import SinkError, StyleError, UsageError
from realtime.core.frame import Picture
from realtime.core.paths import create_named
from realtime.core.text import label
from realtime.media.gallery import user_folder
from realtime.models.stylizer import Stylizer
from realtime.styles.library import StyleLibrary

MOST = 100
"""Pictures at a time; the oldest goes when one more comes."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A picture that somebody brought.

    Attributes:
        label: The name that its bringer gave, for people; it never becomes a file's name by itself.
        picture: uint8, H×W×3, BGR.
        by: Whose it is, as the caller counts people.
    """

    label: str
    picture: Picture
    by: str


class BroughtStyles:
    """Has the pictures of a session as styles of the library, under names of its own. Any thread may call."""

    def __init__(self, library: StyleLibrary, stylizer: Stylizer) -> None:
        """Bring pictures to `library`; `stylizer` makes their codes."""
        self._library, self._stylizer = library, stylizer
        self._changing = threading.Lock()
        self._pictures: dict[str, Brought] = {}  # never changed, only replaced
        self._count = 0

    def get(self, name: str) -> Brought | None:
        """Give the picture of a style that was brought."""
        return self._pictures.get(name)

    def bring(self, picture: Picture, named: str = "", by: str = "") -> str:
        """Have a picture as a style for this session.

        Args:
            picture: uint8, H×W×3, BGR.
            named: The name that its bringer gave: anything.
            by: Whose it is.

        Returns:
            The style's name.

        Raises:
            StyleError: No code can be made of it.
        """
        code = self._stylizer.encode(picture)
        with self._changing:
            self._count += 1
            while (name := f"picture {self._count}") in self._library.names:
                self._count += 1
            oldest = next(iter(self._pictures)) if len(self._pictures) >= MOST else None
            kept = {known: brought for known, brought in self._pictures.items() if known != oldest}
            self._pictures = {**kept, name: Brought(label(named) or name, picture, by)}
            self._library.take_in(name, code)
        if oldest:
            self._library.leave_out(oldest)
        return name

    def keep(self, name: str) -> str:
        """Put a picture that was brought into the owner's folder of styles, where the library finds it.

        Args:
            name: The style's name.

        Returns:
            The name that it has there.

        Raises:
            UsageError: It was not brought.
            StyleError: The file cannot be written.
        """
        brought = self._pictures.get(name)
        if brought is None:
            raise UsageError(f"{name} was not brought to this session; only such pictures are to be kept")
        stem = re.sub(r"[^\w -]+", "-", brought.label).strip(" -") or name
        done, data = cv2.imencode(".png", brought.picture)
        if not done:
            raise StyleError(f"{name} cannot be written as a PNG")
        folder = user_folder()
        try:
            file, path = create_named(folder, stem, ".png")
        except SinkError as error:
            raise StyleError(f"{name} cannot be kept in {folder}; see whether it can be written to") from error
        try:
            with file:
                file.write(data.tobytes())
        except OSError as error:
            path.unlink(missing_ok=True)
            raise StyleError(f"{name} cannot be kept in {folder} ({error.strerror})") from error
        return path.stem
