"""Time stamps as files have them, made to run on: clocks that jump or run back are followed as the `ffmpeg` program does.

The rules are those of `ts_discontinuity_detect` in FFmpeg's fftools/ffmpeg_demux.c, without its options.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from realtime.media.ffmpeg import jumps

_MICRO = 1_000_000
_JUMP = 10 * _MICRO  # from the time that was due, in a format whose clock may jump: FFmpeg's dts_delta_threshold
_BACK = _MICRO // 10  # the same, backwards
_ABSURD = 30 * 3600 * _MICRO  # in any other format such a time stamp is a mistake: FFmpeg's dts_error_threshold


class Clock:
    """Corrects the packets of one file, all of them in the order in which they lie there."""

    def __init__(self, container: Any) -> None:
        """Begin at the file's beginning. `container` is PyAV's, open for reading."""
        self._jumps = jumps(container)
        self._offset = 0
        self._due: dict[int, int] = {}
        self._reached: dict[int, int] = {}
        self._last: int | None = None

    def correct(self, packet: Any) -> None:
        """Change the times of the next packet to those of a clock that runs on."""
        if self._jumps:
            self._move(packet, self._offset)
        if packet.dts is None or packet.stream.type not in ("video", "audio"):
            return
        index, base = packet.stream_index, packet.time_base
        now = _micro(packet.dts, base)
        due = self._due.get(index, self._last if self._jumps else None)
        if due is not None:
            error = now - due
            backwards = index in self._reached and now + _BACK < self._reached[index]
            if self._jumps and (abs(error) > _JUMP or backwards):
                self._offset -= error
                self._move(packet, -error)
                now = due
            elif not self._jumps and abs(error) > _ABSURD:
                now = due
                packet.dts = packet.pts = round(Fraction(due, _MICRO) / base)
        self._reached[index] = self._last = now
        self._due[index] = now + _micro(self._duration(packet), base)

    @staticmethod
    def _move(packet: Any, micro: int) -> None:
        ticks = round(Fraction(micro, _MICRO) / packet.time_base)
        if packet.dts is not None:
            packet.dts += ticks
        if packet.pts is not None:
            packet.pts += ticks

    @staticmethod
    def _duration(packet: Any) -> int:
        if packet.duration:
            return int(packet.duration)
        rate = getattr(packet.stream, "average_rate", None)
        return round(1 / rate / packet.time_base) if rate else 0


def timed_packets(container: Any, indexes: set[int]) -> Iterator[Any]:
    """Read the packets of some streams, from the file's beginning, by a clock that runs on.

    Args:
        container: PyAV's, just opened for reading.
        indexes: The streams that are wanted. The clock goes by all of them.

    Yields:
        PyAV's packets; at the end of the file the empty one of each stream, which makes a decoder give what it holds.

    Raises:
        av.FFmpegError: The file cannot be read on.
    """
    clock = Clock(container)
    for packet in container.demux():
        if packet.size or packet.dts is not None:
            clock.correct(packet)
        if packet.stream.index in indexes:  # an empty packet has no index of its own
            yield packet


def in_seconds(ticks: int, base: Fraction) -> float:
    """Convert a time stamp to seconds, as exactly as a float can and without a `Fraction`, which takes ten times as long.

    Args:
        ticks: The time stamp.
        base: Seconds of a tick.

    Returns:
        Seconds.
    """
    return ticks * base.numerator / base.denominator


def _micro(ticks: int, base: Fraction) -> int:
    return round(in_seconds(ticks * _MICRO, base))
