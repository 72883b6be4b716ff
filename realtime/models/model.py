"""Models: what every model does, and the usual one, of a style engine and a frame engine that reads its codes."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from realtime.core.errors import StyleError
from realtime.core.frame import Picture, Size
from realtime.models.base import StyleCode, check_picture
from realtime.models.engine import Engine, StyleEngine
from realtime.models.fitting import Fitting, Inputs
from realtime.models.tile_network import TileNetwork

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

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

    @property
    def fingerprint(self) -> str:
        """What tells the pictures of this model from those of others: changes with the weights of either network."""
        return self.identity

    @property
    def copies(self) -> bool:
        """Whether several copies of the model, with a share of the threads each, are quicker than one."""
        return False

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
        self.identity = style.identity
        self._fittings: dict[tuple[int, ...], Fitting] = {}  # by the shape of pictures, the one used last at the end
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None
        if frame.spec.one_thread:
            from concurrent.futures import ThreadPoolExecutor  # not waited for where it is not needed

            self._thread = ThreadPoolExecutor(1, "engine")

    @property
    def fingerprint(self) -> str:
        """What tells the pictures of this model from those of others: changes with the weights of either network."""
        return f"{self.identity}+{self.frame.identity}"

    @property
    def copies(self) -> bool:
        """Whether several copies of the model, with a share of the threads each, are quicker than one."""
        return self.frame.spec.copies

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
        if self._thread:
            return self._thread.submit(self.frame.run, inputs, code).result()
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
        return self.frame.operations(Fitting(self.frame.spec).seen(size))

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the frame network for the tiles of one large picture: see `Model.tile_network`."""
        self.check(code)
        return self.frame.tile_network(code)

    def close(self) -> None:
        """Give back what the engines hold: see `Model.close`."""
        if self._lock.acquire(timeout=_CLOSE_SECONDS):  # not for ever: an engine that hangs has it
            try:
                self.frame.close()
            finally:
                self._lock.release()
        if self._thread:
            self._thread.shutdown(wait=False)
