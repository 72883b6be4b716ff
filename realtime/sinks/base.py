"""What every sink does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from realtime.core.errors import SinkError, UsageError
from realtime.core.frame import Size
from realtime.look.stylized import Stylized

if TYPE_CHECKING:
    from typing_extensions import Self


@dataclass(frozen=True, slots=True)
class Format:
    """What a sink is to take.

    Attributes:
        size: Width and height of the first picture, in pixels. Later ones may have another size.
        rate: Pictures a second, about; pictures come when they come.
        channels: The order of the colour channels.
    """

    size: Size
    rate: float = 30.0
    channels: Literal["bgr"] = "bgr"

    def __post_init__(self) -> None:
        if min(self.size) < 1:
            raise UsageError(f"a picture of {self.size[0]}×{self.size[1]} pixels cannot be shown; wanted 1×1 or more")
        if not 0 < self.rate < 10_000:
            raise UsageError(f"{self.rate:g} pictures a second cannot be; wanted more than 0 and fewer than 10,000")
        if self.channels != "bgr":
            raise UsageError(f"pictures come as bgr here, not as {self.channels!r}")


class Sink(ABC):
    """Takes finished frames from `open` to `close`, all from one thread. A context manager, which closes it.

    Every sink is opened alike: `sink.open(format)`, then `sink.write(stylized)` for each picture, then `sink.close()`. A
    subclass has `_open`, `_write` and `_close`, and need not think of the order: a sink that was not opened takes nothing, one
    that was closed takes nothing more, and `_close` is called once.
    """

    queues = False
    """Whether `write` returns at once because the sink has a queue of its own. Else a stream gives it a thread and one slot,
    where the newest picture wins: a slow sink slows nobody."""

    asks = True
    """Whether frames are stylized for its sake; a sink that does not ask is given those that others ask for."""

    _format: Format | None = None
    _closed = False

    @property
    def name(self) -> str:
        """What a person calls it."""
        return type(self).__name__.removesuffix("Sink").lower()

    @property
    def format(self) -> Format | None:
        """The format that it was opened with; None before."""
        return self._format

    def open(self, format: Format) -> None:
        """Get ready for pictures.

        Args:
            format: What the pictures are like.

        Raises:
            SinkError: It cannot take this format, cannot be opened, or was opened or closed before.
        """
        if self._closed:
            raise SinkError(f"the {self.name} was closed; make a new one")
        if self._format is not None:
            raise SinkError(
                f"the {self.name} is open already, for {self._format.size[0]}×{self._format.size[1]}; it cannot be opened"
                f" for {format.size[0]}×{format.size[1]}"
            )
        self._open(format)
        self._format = format

    def write(self, stylized: Stylized) -> None:
        """Take a picture, uint8, H×W×3, BGR, which the sink must not change.

        Raises:
            SinkError: It cannot, or was not opened, or was closed.
        """
        if self._closed:
            raise SinkError(f"the {self.name} was closed")
        if self._format is None:
            raise SinkError(f"the {self.name} was not opened; call open(format) first")
        self._write(stylized)

    def close(self) -> None:
        """Finish what was begun and give back what is held. Harmless when called again.

        Raises:
            SinkError: What was written could not be kept.
        """
        if not self._closed:
            self._closed = True
            self._close()

    def _open(self, format: Format) -> None:  # noqa: B027 - most have nothing to do
        """Get ready; SinkError when the format cannot be taken."""

    @abstractmethod
    def _write(self, stylized: Stylized) -> None:
        """Take a picture of an open sink."""

    def _close(self) -> None:  # noqa: B027 - most hold nothing
        """Give back what is held; called once, also when the sink was never opened."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
