"""Looks in files of strangers: of such a file amounts and names of styles are taken, and no path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from realtime.core.errors import RealtimeError, UsageError
from realtime.core.paths import user_path

if TYPE_CHECKING:
    from realtime.look.look import Look
    from realtime.styles.library import StyleLibrary


def check_styles(look: Look, file: Path, library: StyleLibrary) -> None:
    """Refuse a look that names a picture outside the style folders, unless its file is the owner's own.

    Args:
        look: The look.
        file: Where it was read: in the owner's folders of looks, pictures and clips its paths are taken.
        library: The styles that there are.

    Raises:
        UsageError: A stranger's file names such a picture.
    """
    from realtime.control.presets import looks_folder
    from realtime.media.clip_file import clips_folder

    own = (looks_folder(), platformdirs.user_pictures_path() / "realtime", clips_folder())
    place = Path(os.path.realpath(file))
    if any(Path(os.path.realpath(folder)) in place.parents for folder in own):
        return
    for name, _ in look.styles:
        if name not in library.names and os.path.isfile(user_path(name)) and not _is_known(name, library):
            raise UsageError(
                f"{file.name} names the picture {name} as its style, which is in no style folder, and the file is in none of"
                f" your own folders; if you trust it, add its folder: --styles {os.path.dirname(name) or '.'}"
            )


def _is_known(path: str, library: StyleLibrary) -> bool:
    """Say whether a path is that of a style of the library."""
    place = os.path.realpath(user_path(path))
    for name in library.names:
        try:
            if os.path.realpath(library.path(name)) == place:
                return True
        except RealtimeError:  # it lies in no file
            continue
    return False
