"""Models: what every model does, and the usual one, of a style engine and a frame engine that reads its codes."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from realtime.core.errors import StyleError
from realtime.core.frame import Picture, Size
from realtime.models.base import StyleCode, check_picture
from realtime.models.engine import Engine, StyleEngine
from realtime.models.fitting import CPU, Fitting, Inputs
from realtime.models.tile_network import TileNetwork

if TYPE_CHECKING:
    from realtime.models.one_thread import OneThread

_log = logging.getLogger(__name__)
_CLOSE_SECONDS = 2.0
_SIZES = 2


class Model(ABC):
    """Weights and what runs them: `encode` a style once, `stylize` each frame with its code.

    Any number of threads may share a model. One that encodes never waits for one that stylizes.
    """

    identity: str
    """The identity of the style network: the codes of two models with one identity are the same."""
    description: str
    """One line for a person: what the model is and what it runs on."""
    notify: Callable[[str], None] = _log.info
    """Tells a person what becomes of the model while it is used: another device paints, say. A session puts its feed here."""
    accelerated: Path | None = None
    """The file of the frame network for LiteRT's accelerators, where there is one."""
    on_gpu = False
    """Whether a GPU paints."""

    @property
    def fingerprint(self) -> str:
        """What tells the pictures of this model from those of others: changes with the weights of either network."""
        return self.identity

    @property
    def copies(self) -> bool:
        """Whether several copies of the model, with a share of the threads each, are quicker than one."""
        return False

    @property
    def resizes(self) -> bool:
        """Whether pictures of another size are painted at once, rather than after seconds in which the model gets ready."""
        return True

    def stay_on_cpu(self) -> None:  # noqa: B027 - most never leave it
        """Paint on the CPU from now on, also where there is a GPU."""

    @abstractmethod
    def encode(self, style: Picture) -> StyleCode:
        """Make the code of a style picture.

        Args:
            style: uint8, H×W×3, BGR, any size.

        Returns:
            The code, of this model's identity.

        Raises:
            UsageError: `style` is no such array.
        """

    @abstractmethod
    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        """Paint a picture with a style.

        Args:
            picture: uint8, H×W×3, BGR.
            code: A code of this model's identity.

        Returns:
            A new picture of the same size, uint8, H×W×3, BGR.

        Raises:
            ModelError: The network fails at this size.
            StyleError: The code is of another style network.
            UsageError: `picture` is no such array.
        """

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the frame network for the tiles of one large picture.

        Args:
            code: The style of the picture.

        Returns:
            A network of its own, or None where the model cannot do this.

        Raises:
            StyleError: The code is of another style network.
        """
        return None

    def check(self, code: StyleCode) -> None:
        """Make sure that a code is of this model's style network.

        Args:
            code: The code.

        Raises:
            StyleError: It is of another one.
        """
        if code.identity != self.identity:
            raise StyleError(
                f"this style code is of {code.identity}, not of {self.identity}; encode the style with this model"
            )

    def rest(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of what only `encode` needs, where it was not called for some seconds; the next call gets it anew."""

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what the model holds; the model is of no use afterwards. Harmless when called again."""

    def __enter__(self) -> Model:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EngineModel(Model):
    """A style engine and a frame engine, each with its own lock: codes never hold up a frame.

    Any number of threads may share a model. Each takes the lock on its own; an engine that must stay on one thread gets
    one, to which all runs are handed.
    """

    def __init__(
        self, style: StyleEngine, frame: Engine, description: str, unsplit: Callable[[], Model] | None = None
    ) -> None:
        """Put the two together.

        Args:
            style: Makes the codes.
            frame: Understands these codes; the model closes it.
            description: One line for a person.
            unsplit: Opens the network that the two are halves of, called whole for each frame: to compare.
        """
        self.style, self.frame, self.description, self.unsplit = style, frame, description, unsplit
        self.identity, self.accelerated = style.identity, frame.accelerated
        self.on_gpu = frame.spec.device != CPU
        self._fittings: dict[tuple[int, ...], Fitting] = {}  # by the shape of pictures, the one used last at the end
        self._lock = threading.Lock()
        self.thread: OneThread | None = None
        """The thread of a frame engine that must stay on one."""
        if frame.spec.one_thread:
            from realtime.models.one_thread import OneThread  # not waited for where it is not needed

            self.thread = OneThread("engine")

    @property
    def fingerprint(self) -> str:
        """What tells the pictures of this model from those of others: changes with the weights of either network."""
        return f"{self.identity}+{self.frame.identity}"

    @property
    def copies(self) -> bool:
        """Whether several copies of the model, with a share of the threads each, are quicker than one."""
        return self.frame.spec.copies

    def stay_on_cpu(self) -> None:
        """Paint on the CPU from now on: see `Model.stay_on_cpu`."""
        if self.on_gpu:
            self.frame.stay_on_cpu()
            self.description = self.description.replace(self.frame.spec.device, CPU)
            self.on_gpu = False

    def encode(self, style: Picture) -> StyleCode:
        """Make the code of a style picture: see `Model.encode`."""
        return self.style.encode(style)

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        """Paint a picture with a style: see `Model.stylize`."""
        check_picture(picture)
        self.check(code)
        with self._lock:
            return self._fitting(picture.shape)(picture, lambda inputs: self._run(inputs, code))

    def _fitting(self, shape: tuple[int, ...]) -> Fitting:
        """Give the fitting for pictures of a shape; streams of two sizes that take turns have one each."""
        fitting = self._fittings.pop(shape, None) or Fitting(self.frame.spec)
        self._fittings[shape] = fitting
        if len(self._fittings) > _SIZES:
            del self._fittings[next(iter(self._fittings))]
        return fitting

    def _run(self, inputs: Inputs, code: StyleCode) -> npt.NDArray[Any]:
        if self.thread:
            return self.thread.run(lambda: self.frame.run(inputs, code), self.frame.spec.patience)
        return self.frame.run(inputs, code)

    def network(self, picture: Picture, code: StyleCode) -> Callable[[], None]:
        """Prepare the frame network alone, to time it apart from the conversion of pictures.

        Args:
            picture: uint8, H×W×3, BGR.
            code: A code of this model's identity.

        Returns:
            A function that runs the network on the picture, which is laid out already.

        Raises:
            ModelError: The network fails at this size.
        """
        laid: list[Inputs] = []

        def lay(inputs: Inputs) -> npt.NDArray[Any]:
            laid.append(inputs)
            return self._run(inputs, code)

        def run() -> None:
            with self._lock:
                self._run(laid[0], code)

        with self._lock:
            Fitting(self.frame.spec)(picture, lay)
        return run

    def operations(self, size: Size) -> int | None:
        """Count the floating-point operations of a frame of `size` (width, height): see `Engine.operations`."""
        return self.frame.operations(self.frame.spec.seen(size))

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the frame network for the tiles of one large picture: see `Model.tile_network`."""
        self.check(code)
        return self.frame.tile_network(code)

    def rest(self) -> None:
        """Let go of the style network: see `Model.rest`."""
        self.style.rest()

    def close(self) -> None:
        """Give back what the engines hold: see `Model.close`."""
        if self._lock.acquire(timeout=_CLOSE_SECONDS):  # not for ever: an engine that hangs has it
            try:
                if self.thread:
                    self.thread.call(self.frame.close)
                    self.thread.close(_CLOSE_SECONDS)
                else:
                    self.frame.close()
            finally:
                self._lock.release()
