"""Where frames come from. Another kind of source is one more file here and one more line in `open_source`."""

from __future__ import annotations

import os

from realtime.core.errors import UsageError
from realtime.core.frame import Size
from realtime.core.paths import user_path
from realtime.core.text import clean
from realtime.media.images import PICTURES
from realtime.sources.base import Source
from realtime.sources.camera import CameraSource, describe, find_camera, list_cameras
from realtime.sources.network import NetworkSource

__all__ = ["Source", "open_source"]


def open_source(text: str | None = None, size: Size = (640, 480), fps: float = 30.0) -> Source:
    """Open the source that a person means.

    Args:
        text: A camera's number or (part of its) name, a video or picture file, a folder of pictures, an http, https or rtsp
            address, or "demo". None is the first camera, or the demo where there is no camera.
        size: The width and height that a camera is asked for, and that larger frames are scaled down to fit.
        fps: The frames a second that a camera is asked for, and that the demo gives.

    Returns:
        The source, to be closed by the caller.

    Raises:
        UsageError: Nothing of that name exists.
        SourceError: It exists but gives no pictures.
    """
    if text is None:
        cameras = list_cameras()
        return CameraSource(cameras[0], size, fps) if cameras else _demo(size, fps)
    if text == "demo":
        return _demo(size, fps)
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme in ("http", "https", "rtsp"):
        return NetworkSource(text, size)
    if scheme:
        raise UsageError(
            f"addresses that begin with {clean(scheme)}:// are not known here; http://, https:// and rtsp:// are"
        )
    if not text.strip():
        raise UsageError("an empty name is no source; wanted a camera, a file, a folder, an address or demo")
    path = user_path(text)
    if not text.isdecimal() and os.path.exists(path):  # which is False, too, for what can be no path
        from realtime.sources.file import FileSource
        from realtime.sources.folder import FolderSource

        if path.is_dir() or path.suffix.lower() in PICTURES:
            return FolderSource(path, size)
        return FileSource(path, size)
    cameras = list_cameras()
    if not text.isdecimal() and not any(text.casefold() in camera.name.casefold() for camera in cameras):
        if "@" in text:  # it may hold a password, so it is not repeated
            raise UsageError("this is no file and no camera; an address begins with http://, https:// or rtsp://")
        if path.suffix or len(path.parts) > 1:
            raise UsageError(f"there is no file {clean(text)}; {describe(cameras)}")
    return CameraSource(find_camera(text, cameras), size, fps)


def _demo(size: Size, fps: float) -> Source:
    from realtime.sources.demo import DemoSource

    return DemoSource(size, fps)
