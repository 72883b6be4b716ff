"""Giving snapshots and clips away: each gets an address, and those who shall see it are told."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable

import segno

from realtime.core.errors import RealtimeError
from realtime.live.stream import Stream
from realtime.page.client import Client
from realtime.page.files import SavedFile
from realtime.page.hub import Hub
from realtime.page.take_home import SECONDS, TakeHome

_log = logging.getLogger(__name__)


class Giving:
    """Gives away what `hub` saves, where visitors may take it home."""

    def __init__(self, hub: Hub, url: Callable[[str], str]) -> None:
        """Give addresses that `url` makes of the IDs."""
        self._hub, self._url = hub, url

    def saved(self, file: SavedFile) -> None:
        """Give away a file of the owner's, and tell everybody who watches or steers; a larger copy of a snapshot stays."""
        if file.path.stem.endswith("_large"):
            return
        self._hub.loop.begin_task(self.give(lambda gifts: gifts.give(file.path), file.kind))

    async def give(self, make: Callable[[TakeHome], str], kind: str, stream: Stream | None = None) -> None:
        """Give something away.

        Args:
            make: Makes the ID; it may take a while.
            kind: What is given: "snapshot" or "clip".
            stream: Whose it is, where it is a visitor's: he alone is told.
        """
        gifts = self._hub.take_home
        if gifts is None:
            return
        try:
            name = await self._hub.loop.work(lambda: make(gifts))
        except RealtimeError as error:
            _log.info("nothing is given away: %s", error)
            return
        url = self._url(name)
        told = {"type": "take", "url": url, "qr": qr(url), "kind": kind, "seconds": int(SECONDS)}
        for client in self._hub.clients.values():
            if _is_told(client, stream):
                client.tell(told)


def _is_told(client: Client, stream: Stream | None) -> bool:
    if stream is None:
        return client.role != "guest"
    return client.own is not None and client.own.stream is stream


def qr(text: str) -> str:
    """Draw a text as a QR code: a whole SVG document, black on white."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", scale=8, border=4, light="#fff", dark="#000")
    return out.getvalue().decode()


def qr_for_terminal(text: str) -> str:
    """Draw a text as a QR code in the characters of a terminal."""
    out = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()
