"""Which model a person means. Another model is one more file here and one more line in `open_model`."""

from __future__ import annotations

import os
from pathlib import Path

from realtime.core.errors import UsageError
from realtime.core.paths import user_path
from realtime.models.model import Model

MAGENTA = "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2"
LITE = Path(__file__).with_name("lite")
NAMES = {
    "lite": "our own, inside the package: any style, fast, no download",
    "magenta": "Magenta's full network from TensorFlow Hub (downloaded once, 80 MB)",
}
DEFAULT_MODEL = "lite"


def open_model(text: str = DEFAULT_MODEL, threads: int | None = None) -> Model:
    """The model that `text` names.

    A name of `NAMES`; a folder or "STYLE.tflite,FRAME.tflite" for LiteRT; a Hub handle (http or https), a SavedModel folder
    or a .tar.gz for TensorFlow. `threads` is for LiteRT, by default the physical cores; TensorFlow manages its own.
    UsageError when `text` names nothing that exists, ModelError when it does but is not a model.
    """
    if text == "lite":
        return _litert(LITE / "style.tflite", LITE / "frame.tflite", "lite", threads)
    if text == "magenta" or text.startswith(("http://", "https://")):
        return _hub(MAGENTA if text == "magenta" else text)
    path = user_path(text)
    if "," in text and not os.path.exists(path):
        style, frame = (user_path(part) for part in text.split(",", 1))
        for file in (style, frame):
            if not os.path.isfile(file):
                raise UsageError(f"there is no model file {file}; a pair is written STYLE.tflite,FRAME.tflite")
        return _litert(style, frame, frame.stem, threads)
    if os.path.isdir(path) and any(path.glob("*.tflite")):
        from realtime.models.litert import find_pair

        return _litert(*find_pair(path), path.resolve().name, threads)
    if os.path.isfile(path) and path.suffix.lower() == ".tflite":
        raise UsageError(f"{path} is one network of two; name both as STYLE.tflite,FRAME.tflite, or their folder")
    if os.path.exists(path):
        return _hub(str(path))
    raise UsageError(
        f"there is no model {text!r}; use {' or '.join(NAMES)}, a folder with two .tflite files or a SavedModel,"
        " a pair STYLE.tflite,FRAME.tflite, a .tar.gz, or the address of a TensorFlow Hub module"
    )


def _litert(style: Path, frame: Path, name: str, threads: int | None) -> Model:
    from realtime.models.litert import open_pair

    return open_pair(style, frame, name, threads)


def _hub(handle: str) -> Model:
    from realtime.models.hub import open_module  # TensorFlow takes seconds to import: only who needs it waits

    return open_module(handle)
