"""Snapshots at the camera's full size: the frame of a snapshot painted anew, beside the live picture."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from realtime.core import threads
from realtime.core.errors import RealtimeError
from realtime.core.events import Events, Notice, Saved
from realtime.core.geometry import flipped
from realtime.look.picture import paint_picture
from realtime.look.stylized import Stylized
from realtime.models.stylizer import Stylizer
from realtime.models.tiling import Tiled
from realtime.sinks.snapshot import SnapshotSink
from realtime.styles.library import StyleLibrary

_NICE = 10  # how far the painting gives way to the live picture
_MOST_WAITING = 2  # each holds a large picture
_WHOLE = 1_000_000  # pixels: for so long at most the live picture waits for the model


class LargeSnapshots:
    """Paints snapshots anew at full size, one after the other, on a thread of its own. Any thread may call."""

    def __init__(
        self,
        stylizer: Stylizer,
        library: StyleLibrary,
        sink: SnapshotSink,
        events: Events,
        failed: Callable[[BaseException], None],
    ) -> None:
        """Stand ready.

        Args:
            stylizer: Paints; larger pictures go through it in tiles, with turns for others between them.
            library: The codes of the styles.
            sink: Writes the files.
            events: The feed that is told of them.
            failed: Is told, on the thread, of an error that should not be.
        """
        self._stylizer, self._library, self._sink, self._events = stylizer, library, sink, events
        self._worker = threads.Worker("large snapshots", failed, _NICE)
        self._changing = threading.Lock()
        self._waiting = 0
        self._given_up = threading.Event()

    def save(self, stylized: Stylized, beside: Path) -> None:
        """Paint a frame at its full size and save it; return at once. Nothing is done where the frame has no other size.

        Args:
            stylized: What was saved as a snapshot.
            beside: The file of that snapshot.
        """
        if stylized.frame.full is None:
            return
        with self._changing:
            if self._waiting >= _MOST_WAITING:
                self._events.emit(Notice("the larger snapshot is left out: two others are being painted"))
                return
            self._waiting += 1
        self._worker.submit(lambda: self._paint(stylized, beside))

    def _paint(self, stylized: Stylized, beside: Path) -> None:
        full = stylized.frame.full
        try:
            if full is None or self._given_up.is_set():
                return
            picture = flipped(full) if stylized.frame.mirrored else full
            tiled = Stylizer(Tiled(self._stylizer.model, _WHOLE))
            painted = paint_picture(tiled, picture, stylized.look, self._library.code)
            if self._given_up.is_set():
                return
            path = self._sink.write_large(stylized, painted, beside)
            self._events.emit(Saved(f"saved {path} ({painted.shape[1]}×{painted.shape[0]})", path))
        except RealtimeError as error:
            self._events.emit(Notice(f"the larger snapshot cannot be made: {error}"))
        finally:
            with self._changing:
                self._waiting -= 1

    def close(self, deadline: float, hurry: threading.Event | None = None) -> bool:
        """Wait until all is on the disk, as `threads.join` has it; what is not painted by then is given up.

        Returns:
            Whether all of it is.
        """
        done = self._worker.close(deadline, hurry)
        if not done:
            self._given_up.set()
            self._events.emit(Notice("a larger snapshot was not finished; the snapshot itself is saved"))
        return done
