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
    from realtime.control.presets import Presets
    from realtime.control.settings import Settings
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
    from realtime.live.stream import Stream
    from realtime.look.look import Look
    from realtime.look.pipeline import Pipeline
    from realtime.look.stylized import Stylized
    from realtime.models.base import StyleCode
    from realtime.models.engine import Engine, StyleEngine
    from realtime.models.fitting import EngineSpec
    from realtime.models.host import ModelHost
    from realtime.models.model import EngineModel, Model
    from realtime.models.stylizer import Stylizer
    from realtime.photo.batch import paint_photo
    from realtime.photo.figure import compare
    from realtime.render.paint_video import paint_video
    from realtime.sinks.base import Format, Sink
    from realtime.sources.base import Source
    from realtime.sources.registry import open_source
    from realtime.styles.library import StyleLibrary

_HOMES = {
    "Engine": "realtime.models.engine",
    "EngineModel": "realtime.models.model",
    "EngineSpec": "realtime.models.fitting",
    "Format": "realtime.sinks.base",
    "Frame": "realtime.core.frame",
    "LiveSession": "realtime.live.session",
    "Look": "realtime.look.look",
    "Model": "realtime.models.model",
    "ModelError": "realtime.core.errors",
    "ModelHost": "realtime.models.host",
    "Pipeline": "realtime.look.pipeline",
    "Presets": "realtime.control.presets",
    "RealtimeError": "realtime.core.errors",
    "Settings": "realtime.control.settings",
    "Sink": "realtime.sinks.base",
    "SinkError": "realtime.core.errors",
    "Source": "realtime.sources.base",
    "SourceEndedError": "realtime.core.errors",
    "SourceError": "realtime.core.errors",
    "Stream": "realtime.live.stream",
    "StyleCode": "realtime.models.base",
    "StyleEngine": "realtime.models.engine",
    "StyleError": "realtime.core.errors",
    "StyleLibrary": "realtime.styles.library",
    "Stylized": "realtime.look.stylized",
    "Stylizer": "realtime.models.stylizer",
    "UsageError": "realtime.core.errors",
    "compare": "realtime.photo.figure",
    "open_source": "realtime.sources.registry",
    "paint_photo": "realtime.photo.batch",
    "paint_video": "realtime.render.paint_video",
}

__all__ = [
    "Engine",
    "EngineModel",
    "EngineSpec",
    "Format",
    "Frame",
    "LiveSession",
    "Look",
    "Model",
    "ModelError",
    "ModelHost",
    "Pipeline",
    "Presets",
    "RealtimeError",
    "Settings",
    "Sink",
    "SinkError",
    "Source",
    "SourceEndedError",
    "SourceError",
    "Stream",
    "StyleCode",
    "StyleEngine",
    "StyleError",
    "StyleLibrary",
    "Stylized",
    "Stylizer",
    "UsageError",
    "__version__",
    "compare",
    "open_source",
    "paint_photo",
    "paint_video",
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


def __dir__() -> list[str]:
    """List the public names, for completion in a notebook."""
    return __all__
