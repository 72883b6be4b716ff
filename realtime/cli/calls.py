"""The virtual camera of a session: what is opened for it, and what its viewers are told."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from realtime.cli.options import say
from realtime.core.errors import UsageError

if TYPE_CHECKING:
    from realtime.core.frame import Size
    from realtime.live.stream import Shown
    from realtime.sinks.virtual_camera import VirtualCameraSink
    from realtime.sources.base import Source

_FIRST_SECONDS = 2.0  # how long a camera may take to say the size of its frames


def make_virtual_camera(device: str | None, when_watched: bool) -> VirtualCameraSink | None:
    """Make the virtual camera that was asked for, if one was.

    Raises:
        UsageError: `--when-watched` was given without it, or where the system does not say who reads a camera; or the
            package is not installed.
        SinkError: The package cannot be loaded.
    """
    if device is None:
        if when_watched:
            raise UsageError("--when-watched says when the camera is held for --virtual-camera; give that option, too")
        return None
    from realtime.sinks.readers import is_read
    from realtime.sinks.virtual_camera import VirtualCameraSink

    if when_watched:
        is_read("/dev/null")  # refused before anything is opened, where it cannot be known
    return VirtualCameraSink(device)


def open_virtual_camera(stack: ExitStack, camera: VirtualCameraSink, source: Source, size: Size, fps: float) -> None:
    """Open a virtual camera in the size of a source.

    Args:
        stack: Closes it.
        camera: The virtual camera.
        source: The source, open.
        size: Width and height that the source was asked for, in pixels, taken where it does not tell its own.
        fps: Frames a second that it was asked for.

    Raises:
        SinkError: There is no such device, or no driver.
    """
    from realtime.sinks.base import Format

    until = time.monotonic() + _FIRST_SECONDS
    while source.size is None and time.monotonic() < until:
        time.sleep(0.02)
    stack.callback(camera.close)
    camera.open(Format(source.size or size, source.rate or fps))
    width, height = camera.size
    say(f"{camera.name} shows {width}×{height}: choose it as the camera of your call")


def watch_source(stack: ExitStack, camera: VirtualCameraSink, source: Source, reopen: Callable[[], Source]) -> Source:
    """Hold a source only while somebody reads the virtual camera.

    Args:
        stack: Closes it.
        camera: The virtual camera, open.
        source: The source, open.
        reopen: Opens the source again.

    Returns:
        The source to show.
    """
    from realtime.sinks.readers import is_read
    from realtime.sources.watched import WatchedSource

    return stack.enter_context(WatchedSource(source, reopen, lambda: is_read(camera.device)))


def show_in_calls(camera: VirtualCameraSink, shown: Shown) -> VirtualCameraSink:
    """Give a virtual camera the texts of its card: for a frozen picture, and for a camera that is not held."""
    from realtime.sources.watched import WatchedSource

    def card() -> str:
        source = shown.stream.source
        if isinstance(source, WatchedSource) and source.rests:
            return "The camera is off"
        return "The picture is frozen" if shown.stream.controls.settings.frozen else ""

    camera.card = card
    return camera
