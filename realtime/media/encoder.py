"""The thread in which the frames of a clip become packets.

It never slows the picture: frames wait in a short queue, the thread gives way to the others, and when it cannot keep up
it first takes a quicker encoder and then drops frames.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import replace
from typing import Protocol

from realtime.core import threads
from realtime.core.errors import RealtimeError, SinkError
from realtime.core.frame import Picture
from realtime.core.memory import return_free_memory
from realtime.media.audio import Aligner, Sound
from realtime.media.codecs import TICK, Codec, Packet, Track
from realtime.media.coders import Encoder, SoundEncoder

_WAITING = 12  # frames that may wait for the encoder, at most 75 MB at 1920×1080
_BEHIND = 4  # waiting frames at which a quicker encoder is taken
_KEY = 1.0  # seconds from key frame to key frame
_STILL = 3600.0  # seconds after which a picture that stays is given again: no frame of an MP4 can last seven hours
_NICE = 10  # how far the thread steps back before the ones of the live picture
_LISTEN = 0.1  # seconds after which sound is fetched although no frame comes


class Clip(Protocol):
    """What gets the packets. All calls come from the encoding thread."""

    def begin(self, video: Track, sound: Track | None) -> None:
        """Hear what the packets to come are of."""

    def fits(self, track: Track) -> bool:
        """Say whether packets of another encoder can follow those that it has."""

    def take(self, packet: Packet) -> None:
        """Keep a packet; the first one of pictures is a key frame."""

    def ended(self, error: RealtimeError | None) -> None:
        """Hear that there will be no more packets, and why, if something is wrong."""


class Encoding:
    """The thread and what waits for it. It begins with the first frame and ends with `close`."""

    def __init__(self, codec: Codec, clip: Clip, microphone: Sound | None = None) -> None:
        """Encode nothing yet.

        Args:
            codec: The codec.
            clip: What gets the packets.
            microphone: The sound that goes with the pictures; it stays the caller's.
        """
        self.codec = codec
        self._clip, self._microphone = clip, microphone
        self._changed = threading.Condition()
        self._waiting: deque[tuple[Picture, float]] = deque()
        self._encoder: Encoder | None = None
        self._sound: SoundEncoder | None = None
        self._aligner: Aligner | None = None
        self._origin = 0.0
        self._last, self._key = -1, 0
        self._interval = TICK // 30
        self._latest: Picture | None = None
        self._since = 0  # frames that the encoder has had
        self._idle = True
        self._closed = False
        # A daemon, so that the program can end whatever happens.
        self._thread = threading.Thread(target=self._run, name=f"encode {codec.name}", daemon=True)

    def write(self, picture: Picture, time: float) -> bool:
        """Take a picture.

        Args:
            picture: uint8, H×W×3, BGR.
            time: Its `time.monotonic()` in seconds.

        Returns:
            Whether there was room for it.
        """
        with self._changed:
            if self._closed or len(self._waiting) >= _WAITING:
                return False
            self._waiting.append((picture, time))
            self._begin()
            return True

    def settle(self) -> None:
        """Wait until every picture that was taken is encoded."""
        with self._changed:
            self._changed.wait_for(lambda: self._idle and not self._waiting)

    def close(self, timeout: float | None = None) -> None:
        """Encode what waits, and end. Harmless when called again."""
        with self._changed:
            self._closed = True
            self._begin()
        self._thread.join(timeout)

    def _begin(self) -> None:
        if self._thread.ident is None:
            self._thread.start()
        self._changed.notify_all()

    # ---- in the thread ----

    def _run(self) -> None:
        threads.give_way(_NICE)
        error: RealtimeError | None = None
        try:
            while (work := self._next()) is not None:
                if work:
                    self._encode(*work)
                self._listen()
            self._finish()
        except RealtimeError as failure:  # its disk is full, say
            error = failure
        except Exception as failure:  # whatever it is, it is shown and not swallowed
            error = SinkError(f"the encoder failed ({failure!r}); what came before is kept")
        self._clip.ended(error)
        self._let_go()
        with self._changed:
            self._closed, self._idle = True, True
            self._waiting.clear()
            self._changed.notify_all()

    def _let_go(self) -> None:
        for encoder in (self._encoder, self._sound):
            if encoder:
                encoder.close()
        self._encoder = self._sound = self._latest = None
        return_free_memory()

    def _next(self) -> tuple[Picture, float] | tuple[()] | None:
        """Wait for a frame; empty when only sound may have come, None when all is encoded and no more comes."""
        with self._changed:
            self._idle = True
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: self._waiting or self._closed, _LISTEN):
                return ()
            self._idle = False
            return self._waiting.popleft() if self._waiting else None

    def _open(self, size: tuple[int, int], level: int) -> None:
        """Take another encoder from the next frame on, unless the clip could not go on with it."""
        self._since = 0
        before, new = self._encoder, Encoder(self.codec, size, level)
        if before:
            if not self._clip.fits(new.track):
                new.close()
                return
            self._give(before.finish())
            new.track = before.track  # the one that the file knows, where nothing differs
        self._encoder = new
        self._key = -TICK * 3600

    def _give(self, packets: list[Packet]) -> None:
        for packet in packets:
            self._clip.take(packet)

    def _encode(self, picture: Picture, time: float) -> None:
        encoder = self._encoder or self._first(picture, time)
        if len(self._waiting) >= _BEHIND and self._since > _BEHIND and encoder.level < encoder.levels - 1:
            self._open(encoder.size, encoder.level + 1)
        pts = round((time - self._origin) * TICK)
        while self._latest is not None and pts - self._last > _STILL * TICK:
            self._one(self._latest, self._last + round(_STILL * TICK))
        self._one(picture, max(self._last + 1, pts))
        self._latest = picture

    def _one(self, picture: Picture, pts: int) -> None:
        assert self._encoder
        key = pts - self._key >= _KEY * TICK
        if key:  # pieces of a file end where a key frame is
            self._key = pts
        if self._last >= 0:
            self._interval = min(pts - self._last, TICK)
        self._last = pts
        self._since += 1
        # Files ask how long a frame lasts: as long as the one before it, until the next one tells.
        self._give([replace(packet, duration=self._interval) for packet in self._encoder.encode(picture, pts, key)])

    def _first(self, picture: Picture, time: float) -> Encoder:
        height, width = picture.shape[:2]
        self._open((width, height), 0)
        assert self._encoder
        self._origin = time
        if self._microphone:
            self._sound = SoundEncoder(self.codec, self._microphone.channels)
            self._aligner = Aligner(self._microphone.rate, self._microphone.channels, time)
        self._clip.begin(self._encoder.track, self._sound.track if self._sound else None)
        return self._encoder

    def _listen(self) -> None:
        """Encode the sound that came."""
        if not (self._microphone and self._aligner and self._sound):
            return
        for block in self._microphone.take():
            start, samples = self._aligner.add(block)
            if len(samples):
                self._give(self._sound.encode(samples, start))

    def _finish(self) -> None:
        self._listen()
        if self._encoder:
            self._give(self._encoder.finish())
        if self._sound:
            self._give(self._sound.finish())
