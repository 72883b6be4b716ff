"""The names of models. Another model is one more file here and one more line in `open_model`.

Another package adds a model without a change here, by an entry point in its pyproject.toml:

    [project.entry-points."realtime.engines"]
    duotone = "its_package.its_module:open_duotone"

`--model duotone` and `--model duotone:text` then call `open_duotone(argument, threads)`, with what stands after the colon or an
empty text, and the number of threads or None; it returns a `Model`, such as an `EngineModel` of its engines, or raises a
RealtimeError.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.core.added import find_added, make_added
from realtime.core.addresses import without_secrets
from realtime.core.errors import ModelError, UsageError
from realtime.core.installed import install_command
from realtime.core.paths import user_path

if TYPE_CHECKING:
    from realtime.models.model import Model

MAGENTA = "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2"
LITE = Path(__file__).with_name("lite")
NAMES = {
    "lite": "our own, inside the package: any style, fast, no download",
    "magenta": "Magenta's full network from TensorFlow Hub (downloaded once, 80 MB)",
}
DEFAULT_MODEL = "lite"

GROUP = "realtime.engines"
"""The entry points by which other packages add models."""


def open_model(text: str = DEFAULT_MODEL, threads: int | None = None) -> Model:
    """Open the model that a person means.

    Args:
        text: A name of `NAMES` or of a model that another package adds; a folder or "STYLE.tflite,FRAME.tflite" for LiteRT; a
            Hub handle (http or https), a SavedModel folder or a .tar.gz for TensorFlow.
        threads: For LiteRT, by default the physical cores; TensorFlow manages its own.

    Returns:
        The model, to be closed by the caller.

    Raises:
        UsageError: `text` names nothing that exists.
        ModelError: It exists but is no model, or its engine is not installed.
    """
    if text == "lite":
        return _litert(LITE / "style.tflite", LITE / "frame.tflite", "lite", threads, known=True)
    if text == "magenta" or text.startswith(("http://", "https://")):
        return _hub(text, MAGENTA if text == "magenta" else text)
    name, _, argument = text.partition(":")
    added = find_added(GROUP)
    if name in added:
        from realtime.models.model import Model  # OpenCV comes with it: `realtime --help` does not wait for that

        return make_added(added[name], Model, ModelError, argument, threads)  # type: ignore[type-abstract]
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
        return _hub(text, str(path))
    raise UsageError(
        f"there is no model {text!r}; use {' or '.join([*NAMES, *added])}, a folder with two .tflite files or a SavedModel,"
        " a pair STYLE.tflite,FRAME.tflite, a .tar.gz, or the address of a TensorFlow Hub module"
    )


def models_here() -> tuple[str, ...]:
    """Name the models that can be opened on this machine as it is, without a download and without an argument.

    Returns:
        Texts for `open_model`: `DEFAULT_MODEL` first, then Magenta's where it was downloaded, then those of other packages.
    """
    from realtime.models.hub_cache import kept_folder  # `realtime --help` does not wait for it

    installed = importlib.util.find_spec("tensorflow_hub") is not None
    downloaded = installed and (kept_folder(MAGENTA) / "saved_model.pb").is_file()
    return DEFAULT_MODEL, *(["magenta"] if downloaded else []), *sorted(find_added(GROUP))


def _litert(style: Path, frame: Path, name: str, threads: int | None, known: bool = False) -> Model:
    from realtime.models.litert import open_pair

    return open_pair(style, frame, name, threads, known)


def _hub(name: str, handle: str) -> Model:
    try:
        from realtime.models.hub import open_module  # TensorFlow takes seconds to import: only who needs it waits
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("tensorflow", "tensorflow_hub", "tf_keras", "pkg_resources"):
            raise
        raise ModelError(
            f"the model {without_secrets(name)} needs {error.name}, which is not installed; {how_to_get_tensorflow()}"
        ) from error

    return open_module(handle)


def how_to_get_tensorflow(version: tuple[int, ...] = sys.version_info[:2], extra: str = "hub") -> str:
    """Say how TensorFlow is installed, or that this Python has none.

    Args:
        version: Major and minor version of Python.
        extra: The extra of this program that brings it.

    Returns:
        The end of a message, without a full stop.
    """
    if version >= (3, 14):
        return "Python 3.14 has no TensorFlow yet: use Python 3.10 to 3.13"
    return install_command(extra)
