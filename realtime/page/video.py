"""The newest pieces of a stream's H.264, and which of them a client can go on with."""

from __future__ import annotations

from collections import deque

from realtime.sinks.video import VideoPicture

MOST_BEHIND = 10
"""Pieces that a client may be behind and still be sent: about as many bytes as one key frame."""
REST_SECONDS = 60.0
"""How long there are JPEGs alone after the encoder failed or did not keep up."""


class Video:
    """Keeps pieces of H.264. It belongs to the page's loop."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self._kept: deque[VideoPicture] = deque(maxlen=MOST_BEHIND)
        self._rests_until = 0.0

    def offered(self, now: float) -> bool:
        """Say whether there is H.264, as far as is known; `now` in seconds of any clock that goes forward."""
        return now >= self._rests_until

    def add(self, picture: VideoPicture) -> None:
        """Keep the piece that follows those before it."""
        self._kept.append(picture)

    def clear(self) -> None:
        """Forget what is kept: the next piece is of another encoder."""
        self._kept.clear()

    def stop(self, now: float) -> None:
        """Have none for a while."""
        self._kept.clear()
        self._rests_until = now + REST_SECONDS

    def after(self, number: int | None) -> list[VideoPicture] | None:
        """Give what brings a client to the newest picture: a sequence without a hole.

        Args:
            number: Of the last piece that it got; None where it begins.

        Returns:
            The pieces that follow, or those from the newest key frame on, whichever is shorter; none where it has the
            newest; None where it must wait for a key frame.
        """
        kept = list(self._kept)
        key = next((place for place in reversed(range(len(kept))) if kept[place].key), None)
        next_one = None
        if number is not None and kept and kept[0].number <= number + 1 <= kept[-1].number + 1:
            next_one = number + 1 - kept[0].number
        known = [place for place in (key, next_one) if place is not None]
        return kept[max(known) :] if known else None
