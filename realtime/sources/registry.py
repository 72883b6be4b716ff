"""The names of sources. Another kind of source is one more file here and one more line in `KINDS`.

Another package adds a source without a change here, by an entry point in its pyproject.toml:

    [project.entry-points."realtime.sources"]
    ndi = "its_package.its_module:open_ndi"

`--source ndi` and `--source ndi://studio` then call `open_ndi(text, size, fps)`, with what the person wrote, the width and height
in pixels and the frames a second that are asked for; it returns a `Source`, or raises a RealtimeError fit to be shown.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.core.added import find_added, load_named, make_added
from realtime.core.addresses import may_hold_secret, public_name
from realtime.core.errors import SourceError, UsageError
from realtime.core.frame import Size
from realtime.core.paths import user_path
from realtime.core.text import clean
from realtime.media.kinds import is_still
from realtime.sources import camera
from realtime.sources.base import Source
from realtime.sources.waiting import WaitingSource

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_log = logging.getLogger(__name__)

GROUP = "realtime.sources"
"""The entry points by which other packages add sources."""

KINDS = {
    "demo": "realtime.sources.demo:DemoSource.open",
    "http://": "realtime.sources.network:NetworkSource.open",
    "https://": "realtime.sources.network:NetworkSource.open",
    "rtsp://": "realtime.sources.network:NetworkSource.open",
}
"""The names and the beginnings of addresses that a person writes, and the openers, imported when they are needed."""

_CAMERA = "realtime.sources.camera:CameraSource.open"
_FILE = "realtime.sources.file:FileSource.open"
_FOLDER = "realtime.sources.folder:FolderSource.open"


def open_source(
    text: str | None = None, size: Size = (640, 480), fps: float = 30.0, capture: Size | None = None
) -> Source:
    """Open the source that a person means.

    Args:
        text: A camera's number or (part of its) name, a video or picture file, a folder of pictures, an http, https or rtsp
            address, "demo", or a name or address of a source that another package adds. None is the first camera, or the demo
            where there is no camera.
        size: The width and height that a camera is asked for, and that larger frames are scaled down to fit.
        fps: The frames a second that a camera is asked for, and that the demo gives.
        capture: The width and height that a camera is asked for instead of `size`; its frames keep their full pictures.

    Returns:
        The source, to be closed by the caller.

    Raises:
        UsageError: Nothing of that name exists.
        SourceError: It exists but gives no pictures.
    """
    if text is None:
        text = next((str(found.number) for found in camera.list_cameras()), "demo")
    found = _find(text)
    if not isinstance(found, str):
        source = make_added(found, Source, SourceError, text, size, fps)  # type: ignore[type-abstract]
    else:
        opener: Callable[..., Source] = load_named(found)
        more = [capture] if capture and found == _CAMERA else []
        source = opener(text, size, fps, *more)
    _log.info("the source is %s", source.name)
    return source


def wait_for_source(
    text: str | None, size: Size, fps: float, capture: Size | None = None, first: Source | None = None
) -> WaitingSource:
    """Open the source that a person means as soon as it is there, and anew whenever it fails or gives no frames.

    Args:
        text: As for `open_source`; None is the first camera, and never the demo.
        size: As for `open_source`.
        fps: As for `open_source`.
        capture: As for `open_source`.
        first: The source, where it is open already.

    Returns:
        The source, to be closed by the caller.

    Raises:
        UsageError: Nothing can ever have such a name.
    """
    named = _find_named(text) if text is not None else None
    mirror = named is None and (text is None or not (_may_be_path(text) or os.path.exists(user_path(text))))

    def open_now() -> Source:
        if text is None and not camera.list_cameras():
            raise SourceError("there is no camera that the system knows of")
        return open_source(text, size, fps, capture)

    name = "a camera" if text is None else public_name(text) if named and "://" in text else clean(Path(text).name)
    name = "a source" if "://" not in name and may_hold_secret(name) else name
    return WaitingSource(open_now, name, first.mirror if first else mirror, first)


def _find(text: str) -> str | EntryPoint:
    """Find the opener of the source that a text names, or another package's. UsageError when it names none."""
    if opener := _find_named(text):
        return opener
    path = user_path(text)
    if not text.isdecimal() and os.path.exists(path):  # which is False, too, for what can be no path
        return _FOLDER if path.is_dir() or is_still(path) else _FILE
    cameras = camera.list_cameras()
    if text.isdecimal() or any(text.casefold() in known.name.casefold() for known in cameras):
        return _CAMERA
    if added := find_added(GROUP).get(text):
        return added
    if may_hold_secret(text):  # so it is not repeated
        raise UsageError("this is no file and no camera; an address begins with http://, https:// or rtsp://")
    if _may_be_path(text):
        raise UsageError(f"there is no file {clean(text)}; {camera.describe(cameras)}")
    return _CAMERA  # which says what cameras there are


def _may_be_path(text: str) -> bool:
    path = user_path(text)
    return bool(path.suffix) or len(path.parts) > 1


def _find_named(text: str) -> str | EntryPoint | None:
    """Find the opener of an address or of a fixed name; None for what a camera or a file may be called.

    Raises:
        UsageError: No source can ever have this name.
    """
    scheme, address, _ = text.partition("://")
    if opener := KINDS.get(scheme.lower() + address if address else text):
        return opener
    if address:
        if added := find_added(GROUP).get(scheme.lower()):
            return added
        known = dict.fromkeys([name for name in KINDS if "://" in name] + [f"{name}://" for name in find_added(GROUP)])
        shown = f"{scheme}://" if re.fullmatch(r"[A-Za-z][\w+.-]*", scheme, re.ASCII) else "that"
        raise UsageError(f"addresses that begin with {shown} are not known here; known are {', '.join(known)}")
    if not text.strip():
        raise UsageError("an empty name is no source; wanted a camera, a file, a folder, an address or demo")
    return None
