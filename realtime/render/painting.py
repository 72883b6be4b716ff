"""Painting several frames at a time: each thread carries one the whole way, from the file to the encoder.

Frames are read, held steady and handed on in their order; only the model works on several at once. Threads of which one reads
and one encodes wait for one another: on two cores that is 6 % slower.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.errors import UsageError
from realtime.core.frame import Frame, Picture
from realtime.core.geometry import flipped
from realtime.look.pipeline import Begun, Pipeline
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render.footage import Footage, Shot
from realtime.render.schedule import Schedule
from realtime.render.turns import Turn, Turns

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
        self._turns = Turns()
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
        shots, reading, order = footage.shots(since), threading.Lock(), Turns()
        over, failed = threading.Event(), list[BaseException]()

        def carry(stylizer: Stylizer) -> None:
            while not over.is_set():
                try:
                    with reading:
                        turn = order.next()
                        shot = None if over.is_set() or stop() else next(shots, None)
                        if shot is None or (until is not None and shot.pts >= until):
                            over.set()
                            continue
                        begun = self._begin(footage, shot)
                    painted = self._paint(stylizer, shot, *begun)
                    turn.wait()
                    if not failed:
                        take(painted)
                except BaseException as error:
                    over.set()
                    turn.wait()
                    failed.append(error)
                finally:
                    turn.end()

        with ThreadPoolExecutor(len(self._stylizers), "paint") as pool:
            try:
                wait([pool.submit(carry, stylizer) for stylizer in self._stylizers])
            finally:
                over.set()
        if failed:
            raise failed[0]

    def _begin(self, footage: Footage, shot: Shot) -> tuple[Begun, Turn, dict[str, npt.NDArray[Any]]]:
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
        return begun, self._turns.next(), state

    def _paint(
        self, stylizer: Stylizer, shot: Shot, begun: Begun, turn: Turn, state: dict[str, npt.NDArray[Any]]
    ) -> Painted:
        try:
            if state:
                turn.first = lambda: state.update(self._pipeline.held_state())
            stylized = self._pipeline.finish(begun, stylizer, turn=turn)
            return Painted(shot, stylized.picture, _packed(state) if state else b"")
        finally:
            turn.end()  # also where it was never taken: those after it wait


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
