"""Painting several frames at a time: each thread carries one the whole way, from the file to the encoder.

Frames are read, held steady and handed on in their order; the model works on several at once. A thread whose frame has to wait
for the one before leaves it to the thread that paints that one, and goes on with another: cores are not equally quick.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import UsageError
from realtime.core.frame import Frame, Picture
from realtime.core.geometry import flipped
from realtime.core.signals import uninterrupted
from realtime.look.pipeline import Begun, Pipeline, Raw
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render.footage import Footage, Shot
from realtime.render.order import InOrder
from realtime.render.schedule import Schedule

log = logging.getLogger(__name__)

SEGMENT_SECONDS = 10
"""What a segment of the footage lasts: what is lost, at most, when the program is killed."""
_SHARING = 3  # threads that share one stylizer: one reads and one encodes while it paints


def segment_of(footage: Footage, pts: int) -> int:
    """Return the number of the segment that a frame belongs to; it follows from the frame's time alone."""
    base = footage.time_base
    return (pts - footage.start) * base.numerator // (base.denominator * SEGMENT_SECONDS)


def segment_begin(footage: Footage, segment: int) -> int:
    """Return the first `pts` that belongs to a segment."""
    return footage.start + ceil(Fraction(segment * SEGMENT_SECONDS) / footage.time_base)


@dataclass(frozen=True, slots=True)
class Painted:
    """A frame read, and painted. `state` is what the painter remembered before it, at the first frame of a segment."""

    shot: Shot
    picture: Picture
    state: bytes = b""


@dataclass(slots=True)
class _Frame:
    """A frame on its way. `state` is what the pipeline remembers before it, at the first frame of a segment."""

    number: int
    shot: Shot
    begun: Begun
    state: dict[str, npt.NDArray[Any]]
    raw: Raw = field(init=False)
    painted: Painted = field(init=False)
    error: BaseException | None = None


class Painters:
    """Paints several frames at a time, each with a stylizer of its own; what depends on the frames before is done in order."""

    def __init__(
        self, stylizers: Sequence[Stylizer], code: Callable[[str], StyleCode], schedule: Schedule, state: bytes = b""
    ) -> None:
        """`stylizers` are of one model. `state` is of a `Painted`: the frames go on after those it remembers."""
        self._schedule = schedule
        # The schedule morphs; a pipeline that did would remember.
        self._pipeline = Pipeline(stylizers[0], code, morph=0)
        if state:
            _restore(self._pipeline, state, schedule)
        self._stylizers = stylizers if len(stylizers) > 1 else [stylizers[0]] * _SHARING
        self._count = 0
        self._segment = -1

    def paint(
        self,
        footage: Footage,
        since: int | None,
        until: int | None,
        stop: Callable[[], bool],
        take: Callable[[Painted], None],
    ) -> None:
        """Paint the frames from `since` to before `until`, until `stop` says so. To be called once.

        Args:
            footage: What is read.
            since: The first time (`pts`) that is wanted; None is the beginning.
            until: The time before which it ends; None is the end.
            stop: Is asked before each frame.
            take: Gets the frames in their order, one at a time, on threads that have ended when this has.

        Raises:
            Exception: The first error, of reading, painting or `take`. All frames before it were taken, and none after it.
        """
        reading, over = threading.Lock(), threading.Event()
        room = threading.Semaphore(2 * len(self._stylizers))  # for frames on their way
        failed: list[BaseException] = []
        unread: list[BaseException] = []

        def read() -> _Frame | None:
            with reading:
                try:
                    shot = None if over.is_set() or stop() else next(shots, None)
                    if shot is not None and (until is None or shot.pts < until):
                        return self._begin(footage, shot)
                except BaseException as error:
                    unread.append(error)
                over.set()
                return None

        def give(frame: _Frame) -> None:
            if not failed:
                _attempt(lambda frame: take(frame.painted), frame)
                if frame.error:
                    failed.append(frame.error)
                    over.set()
            room.release()

        hold, hand_on = InOrder[_Frame](partial(_attempt, self._hold)), InOrder(give)

        def carry(stylizer: Stylizer) -> None:
            while not over.is_set():
                room.acquire()
                frame = read()
                if frame is None:
                    room.release()
                    return
                _attempt(partial(self._stylize, stylizer), frame)
                for held in hold.bring(frame.number, frame):
                    _attempt(self._finish, held)
                    hand_on.bring(held.number, held)

        with closing(footage.shots(since)) as shots, ThreadPoolExecutor(len(self._stylizers), "paint") as pool:
            carried: list[Future[None]] = []
            try:
                for stylizer in self._stylizers:
                    carried.append(pool.submit(carry, stylizer))
                wait(carried)
            except BaseException:
                over.set()
                with uninterrupted():
                    wait(carried)
                raise
        try:
            for error in (*failed, *unread):
                raise error
        finally:
            failed.clear()  # an error holds this call, and so all frames on their way, as long as somebody keeps it
            unread.clear()

    def _begin(self, footage: Footage, shot: Shot) -> _Frame:
        """Begin a frame: in their order."""
        state: dict[str, npt.NDArray[Any]] = {}
        if self._schedule.remembers and (segment := segment_of(footage, shot.pts)) != self._segment:
            self._segment = segment
            state = self._pipeline.begun_state()
        seconds = footage.at(shot.pts)
        # What stands in for a broken frame is a picture of its own: the pipeline goes by which picture it is.
        picture = shot.picture.copy() if shot.broken else shot.picture
        if self._schedule.mirror:
            picture = flipped(picture)
        begun = self._pipeline.begin(Frame(picture, seconds), self._schedule.at(seconds))
        self._count += 1
        return _Frame(self._count - 1, shot, begun, state)

    def _stylize(self, stylizer: Stylizer, frame: _Frame) -> None:
        frame.raw = self._pipeline.stylize(frame.begun, stylizer)

    def _hold(self, frame: _Frame) -> None:
        if frame.state:
            frame.state.update(self._pipeline.held_state())
        self._pipeline.hold(frame.raw)

    def _finish(self, frame: _Frame) -> None:
        picture = self._pipeline.finish(frame.raw).picture
        frame.painted = Painted(frame.shot, picture, _packed(frame.state) if frame.state else b"")


def _attempt(step: Callable[[_Frame], None], frame: _Frame) -> None:
    """Do a step of a frame's way, unless one before it failed, and keep its error."""
    if frame.error is None:
        try:
            step(frame)
        except BaseException as error:
            frame.error = error


def _packed(state: dict[str, npt.NDArray[Any]]) -> bytes:
    """Return what a pipeline remembers as the bytes of an .npz file."""
    file = io.BytesIO()
    np.savez(file, **state)  # type: ignore[arg-type]
    return file.getvalue()


def _restore(pipeline: Pipeline, state: bytes, schedule: Schedule) -> None:
    """Let a pipeline go on after what `_packed` gave. It may come from anybody's file: it is data, and no code in it is run.

    Raises:
        UsageError: It is something else.
    """
    try:
        with np.load(io.BytesIO(state), allow_pickle=False) as stored:
            pipeline.restore({name: stored[name] for name in stored.files}, schedule.at)
    except Exception as error:  # zipfile and NumPy raise of every family for a broken file; all mean the same
        log.info("the state of the pipeline is refused: %s", error)
        raise UsageError(
            "what was remembered of the frames so far cannot be read, or is not of this program; --force begins anew"
        ) from error
