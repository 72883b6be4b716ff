"""The thread in which frames become packets, for a clip's file, for the ring of the last seconds, or for both at once.

It never slows the picture: frames wait in a short queue, the thread gives way to the others, and when it cannot keep up
it first takes a quicker encoder and then drops frames.
"""

from __future__ import annotations

import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from realtime.core.errors import RealtimeError, SinkError
from realtime.core.frame import Picture
from realtime.media.audio import Aligner, Sound
from realtime.media.codecs import QUICKEST, TICK, Codec, Encoder, Packet, SoundEncoder, Track

_WAITING = 12  # frames that may wait for the encoder, at most 75 MB at 1920×1080
_BEHIND = 4  # waiting frames at which a quicker encoder is taken
_KEY = 1.0  # seconds from key frame to key frame
_STILL = 3600.0  # seconds after which a picture that stays is given again: no frame of an MP4 can last seven hours
_NICE = 10  # how far the thread steps back before the ones of the live picture, where the system can do that
_LISTEN = 0.1  # seconds after which sound is fetched although no frame comes


class Taker(Protocol):
    """Who gets the packets. All calls come from the encoding thread."""

    lasting: bool
    """Whether the picture should be as good as can be; else as cheap."""

    def begin(self, video: Track, sound: Track | None) -> None:
        """What the packets to come are of."""

    def fits(self, track: Track) -> bool:
        """Whether packets of another encoder can follow those that it has."""

    def take(self, packet: Packet) -> None:
        """A packet; the first one of pictures is a key frame."""

    def ended(self, error: RealtimeError | None) -> None:
        """There will be no more of them, and why, if something is wrong."""


class Encoding:
    """The thread and what waits for it. It begins with the first frame and ends with `close`."""

    def __init__(self, codec: Codec, microphone: Sound | None = None) -> None:
        """`microphone`, whose sound goes with the pictures, stays the caller's."""
        self.codec = codec
        self._microphone = microphone
        self._changed = threading.Condition()
        self._work: deque[tuple[Picture, float] | Callable[[], None] | None] = deque()
        self._waiting = 0
        self._takers: list[Taker] = []
        self._encoder: Encoder | None = None
        self._sound: SoundEncoder | None = None
        self._aligner: Aligner | None = None
        self._origin = 0.0
        self._last, self._key = -1, 0
        self._interval = TICK // 30
        self._latest: Picture | None = None
        self._since = 0  # frames that the encoder has had
        self._closed = False
        # A daemon, so that the program can end whatever happens.
        self._thread = threading.Thread(target=self._run, name=f"encode {codec.name}", daemon=True)

    def write(self, picture: Picture, time: float) -> bool:
        """Take a picture (uint8, H×W×3, BGR) of this `time.monotonic()`; False when there is no room for it."""
        with self._changed:
            if self._waiting >= _WAITING:
                return False
            self._waiting += 1
            self._put((picture, time))
            return True

    def attach(self, taker: Taker) -> None:
        """Give `taker` all packets from here on. That alone does not begin the thread. SinkError after `close`."""
        with self._changed:
            if self._closed:
                raise SinkError("this encoding was closed")
            self._work.append(lambda: self._attach(taker))
            self._changed.notify()

    def detach(self, taker: Taker) -> None:
        """Give it none any more, once it has those of the frames written before; then it is told that it ended."""
        with self._changed:
            if not self._closed:  # else all of them are told
                self._put(lambda: self._detach(taker))

    def close(self, timeout: float | None = None) -> None:
        """Encode what waits, and end. Harmless when called again."""
        with self._changed:
            if not self._closed:
                self._closed = True
                self._put(None)
        self._thread.join(timeout)

    def _put(self, work: tuple[Picture, float] | Callable[[], None] | None) -> None:
        if self._thread.ident is None:
            self._thread.start()
        self._work.append(work)
        self._changed.notify()

    # ---- in the thread ----

    def _run(self) -> None:
        if sys.platform == "linux":  # elsewhere only whole processes have a priority that Python can change
            with suppress(OSError):
                me = threading.get_native_id()
                os.setpriority(os.PRIO_PROCESS, me, os.getpriority(os.PRIO_PROCESS, me) + _NICE)
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._work, _LISTEN):
                    work: Any = self._listen
                else:
                    work = self._work.popleft()
                    if isinstance(work, tuple):
                        self._waiting -= 1
            try:
                if work is None:
                    self._finish()
                elif callable(work):
                    work()
                elif self._takers:
                    self._encode(*work)
            except RealtimeError as error:
                self._fail(error)
            except Exception as error:  # whatever it is, it is shown and not swallowed
                self._fail(SinkError(f"the encoder failed ({error!r}); what came before is kept"))
            if work is None:
                for taker in self._takers:
                    taker.ended(None)
                return

    def _fail(self, error: RealtimeError) -> None:
        """Nothing can be encoded any more: every taker is told. The next to come gets a new encoder."""
        takers, self._takers = self._takers, []
        self._encoder = None
        for taker in takers:
            taker.ended(error)

    def _give(self, packets: list[Packet]) -> None:
        for packet in packets:
            for taker in tuple(self._takers):
                try:
                    taker.take(packet)
                except RealtimeError as error:  # its disk is full, say: the others go on
                    self._takers.remove(taker)
                    taker.ended(error)

    def _attach(self, taker: Taker) -> None:
        try:
            if self._encoder:
                self._open(self._encoder.size, 0 if taker.lasting else self._encoder.level)
        finally:  # also when that fails, for it is then told so with the others
            self._takers.append(taker)
        if self._encoder:
            taker.begin(self._encoder.track, self._sound.track if self._sound else None)

    def _detach(self, taker: Taker) -> None:
        if taker not in self._takers:  # it failed before
            return
        self._listen()
        if self._encoder and self._encoder.held:
            self._open(self._encoder.size, self._encoder.level)
        self._takers.remove(taker)
        taker.ended(None)
        if not self._lasting and self._encoder:
            self._open(self._encoder.size, self._encoder.levels - 1)

    @property
    def _lasting(self) -> bool:
        return any(taker.lasting for taker in self._takers)

    def _open(self, size: tuple[int, int], level: int) -> None:
        """Take another encoder from the next frame on, unless a clip that is being written could not go on with it."""
        before = self._encoder
        new = Encoder(self.codec, size, level)
        if before:
            if any(taker.lasting and not taker.fits(new.track) for taker in self._takers):
                new = Encoder(self.codec, before.size, before.level)
                new = new if all(taker.fits(new.track) for taker in self._takers if taker.lasting) else before
            if new is not before:
                self._give(before.finish())
                # The files and the ring know the first one's track; where nothing differs it stays.
                if new.track.head == before.track.head and new.size == before.size:
                    new.track = before.track
        self._encoder, self._since = new, 0
        self._key = -TICK * 3600

    def _encode(self, picture: Picture, time: float) -> None:
        encoder = self._encoder or self._first(picture, time)
        height, width = picture.shape[:2]
        if not self._lasting and (abs(width - encoder.size[0]) > 1 or abs(height - encoder.size[1]) > 1):
            self._open((width, height), encoder.levels - 1)
        elif self._waiting >= _BEHIND and self._since > _BEHIND and encoder.level < encoder.levels - 1:
            self._open(encoder.size, encoder.level + 1)
        pts = round((time - self._origin) * TICK)
        while self._latest is not None and pts - self._last > _STILL * TICK:
            self._one(self._latest, self._last + round(_STILL * TICK))
        self._one(picture, max(self._last + 1, pts))
        self._latest = picture
        self._listen()

    def _one(self, picture: Picture, pts: int) -> None:
        assert self._encoder
        key = pts - self._key >= _KEY * TICK
        if key:  # pieces of a file end, and the ring's pieces begin, where a key frame is
            self._key = pts
        if self._last >= 0:
            self._interval = min(pts - self._last, TICK)
        self._last = pts
        self._since += 1
        # Files ask how long a frame lasts: as long as the one before it, until the next one tells.
        self._give([replace(packet, duration=self._interval) for packet in self._encoder.encode(picture, pts, key)])

    def _first(self, picture: Picture, time: float) -> Encoder:
        height, width = picture.shape[:2]
        self._open((width, height), 0 if self._lasting else QUICKEST)
        assert self._encoder
        if self._last < 0:
            self._origin = time
            if self._microphone:
                self._sound = SoundEncoder(self.codec, self._microphone.channels)
                self._aligner = Aligner(self._microphone.rate, self._microphone.channels, time)
        for taker in self._takers:
            taker.begin(self._encoder.track, self._sound.track if self._sound else None)
        return self._encoder

    def _listen(self) -> None:
        """Encode the sound that came."""
        if not (self._microphone and self._aligner and self._sound):
            return
        for block in self._microphone.take() if self._takers else ():
            start, samples = self._aligner.add(block)
            if len(samples):
                self._give(self._sound.encode(samples, start))

    def _finish(self) -> None:
        self._listen()
        if self._encoder:
            self._give(self._encoder.finish())
        if self._sound:
            self._give(self._sound.finish())
