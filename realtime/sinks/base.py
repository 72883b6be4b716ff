"""What every sink does, and how files get names that nothing has yet."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import TYPE_CHECKING

from realtime.look.stylized import Stylized

if TYPE_CHECKING:
    from typing_extensions import Self


class Sink(ABC):
    """Takes finished frames, all from one thread, until it is closed. A context manager."""

    @abstractmethod
    def write(self, stylized: Stylized) -> None:
        """Take a frame, whose pictures it must not change. SinkError when it cannot, and after `close`."""

    @abstractmethod
    def close(self) -> None:
        """Finish what was begun and give back what is held. Harmless when called again.

        SinkError when what was written could not be kept.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
