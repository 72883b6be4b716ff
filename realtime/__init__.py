"""Live webcam stylization: any picture becomes the style of what a camera sees.

    import realtime

    stylizer = realtime.Stylizer("lite")
    code = stylizer.encode(style_bgr)
    painted = stylizer(frame_bgr, code, strength=1.0)

Pictures are uint8, height × width × 3, BGR, as OpenCV has them.
"""

from __future__ import annotations

import importlib
import logging
import os
from typing import TYPE_CHECKING, Any

from realtime._version import __version__

if TYPE_CHECKING:
    from realtime.core.errors import (
        ModelError,
        RealtimeError,
        SinkError,
        SourceEndedError,
        SourceError,
        StyleError,
        UsageError,
    )
    from realtime.core.frame import Frame
    from realtime.live.session import LiveSession
    from realtime.models.base import StyleCode
    from realtime.models.stylizer import Stylizer
    from realtime.photo.batch import paint_photo
    from realtime.photo.figure import compare
    from realtime.sources.base import Source
    from realtime.sources.registry import open_source
    from realtime.styles.library import StyleLibrary

_HOMES = {
    "Frame": "realtime.core.frame",
    "LiveSession": "realtime.live.session",
    "ModelError": "realtime.core.errors",
    "RealtimeError": "realtime.core.errors",
    "SinkError": "realtime.core.errors",
    "Source": "realtime.sources.base",
    "SourceEndedError": "realtime.core.errors",
    "SourceError": "realtime.core.errors",
    "StyleCode": "realtime.models.base",
    "StyleError": "realtime.core.errors",
    "StyleLibrary": "realtime.styles.library",
    "Stylizer": "realtime.models.stylizer",
    "UsageError": "realtime.core.errors",
    "compare": "realtime.photo.figure",
    "open_source": "realtime.sources.registry",
    "paint_photo": "realtime.photo.batch",
}

__all__ = [
    "Frame",
    "LiveSession",
    "ModelError",
    "RealtimeError",
    "SinkError",
    "Source",
    "SourceEndedError",
    "SourceError",
    "StyleCode",
    "StyleError",
    "StyleLibrary",
    "Stylizer",
    "UsageError",
    "__version__",
    "compare",
    "open_source",
    "paint_photo",
]

# A library logs; whether and where that is shown is the program's to say.
logging.getLogger("realtime").addHandler(logging.NullHandler())
# OpenCV's own lines on the terminal (a camera that is not there, say) come a second time as our errors, in plain words.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: `realtime --help` need not wait for OpenCV."""
    if name not in _HOMES:
        raise AttributeError(f"module 'realtime' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
