"""Engines: one network and what runs it. A frame engine declares what it takes; `fitting` brings every picture to it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture, Size
from realtime.models.base import STYLE_SIZE, StyleCode
from realtime.models.fitting import EngineSpec, Inputs, style_input
from realtime.models.tile_network import TileNetwork


class Engine(ABC):
    """A frame network and what runs it. One thread at a time calls it: `Fitting` holds the lock."""

    identity: str
    """Tells the pictures of this engine from those of others: changes when the weights do."""
    spec: EngineSpec
    accelerated: Path | None = None
    """The file of the same network for LiteRT's accelerators, where there is one."""

    @abstractmethod
    def run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        """Stylize one picture.

        Args:
            inputs: The picture as `spec` wants it, with the margin; as bytes (`inputs.rgb`) or floats (`inputs.floats`).
            code: A code that this engine understands.

        Returns:
            The painting without the margin, H×W×3, RGB, uint8 or float32 0..1, or uint8 H×W×4 with a fourth channel of no
            meaning. It may be the engine's own memory: the caller is done with it before the next run.

        Raises:
            ModelError: The engine fails at this size.
        """

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the network for the tiles of one large picture.

        Args:
            code: The style of the picture.

        Returns:
            A network of its own, or None where the engine cannot do this.
        """
        return None

    def operations(self, size: Size) -> int | None:
        """Count the floating-point operations of a run, to tell how much of the processor the network uses.

        Args:
            size: Width and height of the picture as `run` gets it, with the margin.

        Returns:
            Twice the multiply-adds of the convolutions and matrix products; None where the engine cannot tell.
        """
        return None

    def stay_on_cpu(self) -> None:  # noqa: B027 - most never leave it
        """Run on the CPU from now on, also where there is a GPU."""

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what the engine holds. Harmless when called again."""


class StyleEngine(ABC):
    """A style network and what runs it. Any number of threads may call `encode`; they wait for each other."""

    def __init__(self, identity: str, size: Size = (STYLE_SIZE, STYLE_SIZE)) -> None:
        """Begin with what tells the network from others.

        Args:
            identity: Changes when the weights do: codes carry it.
            size: The size (width, height) in which the network wants style pictures.
        """
        self.identity, self.size = identity, size
        self._lock = threading.Lock()

    def encode(self, style: Picture) -> StyleCode:
        """Make the code of a style picture.

        Args:
            style: uint8, H×W×3, BGR, any size.

        Returns:
            The code, of this engine's identity.

        Raises:
            UsageError: `style` is no such array.
        """
        inputs = style_input(style, self.size)
        with self._lock:
            return StyleCode(self.identity, self.run(inputs))

    def rest(self) -> None:  # noqa: B027 - most networks stay
        """Let go of the network where it was not used for some seconds and is quickly loaded again."""

    @abstractmethod
    def run(self, inputs: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.float32], ...]:
        """Run the network on a style picture.

        Args:
            inputs: float32, 1×H×W×3, RGB, 0..1, of the engine's size.

        Returns:
            The arrays of a code.
        """
