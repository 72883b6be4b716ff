"""Pictures that visitors take home: each by an address of its own, for an hour, free of what the owner's file tells."""

from __future__ import annotations

import base64
import io
import secrets
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from realtime.core.errors import SinkError
from realtime.media.ffmpeg import failures, open_media, why
from realtime.page.files import Kind, kind_of

SECONDS = 3600.0
"""How long an address is good for."""
MOST = 500
"""Addresses at a time; the oldest goes when one more comes."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT_CHUNKS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS"})


@dataclass(frozen=True, slots=True)
class Gift:
    """A file that somebody takes home.

    Attributes:
        kind: Whether it is a snapshot or a clip.
        path: The file, which holds pictures (and sound) and nothing else.
        until: The time until which it is given away, in seconds of the clock of `TakeHome`.
    """

    kind: Kind
    path: Path
    until: float

    @property
    def name(self) -> str:
        """The name that the visitor's file gets; it tells nothing."""
        return f"painted{self.path.suffix}"


class TakeHome:
    """The files that are given away, in a folder of their own that goes with the session."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Give nothing away yet; `clock` gives seconds, for tests."""
        self._clock = clock
        self._folder = Path(tempfile.mkdtemp(prefix="realtime-take-"))
        self._gifts: dict[str, Gift] = {}

    def give(self, path: Path) -> str:
        """Give away a copy of a snapshot or clip without its text fields; it may take a while.

        Args:
            path: A file of the owner's.

        Returns:
            Its ID: 128 random bits, as text.

        Raises:
            SinkError: It cannot be read, or the copy cannot be written.
        """
        target = self._folder / f"{secrets.token_hex(16)}{path.suffix.lower()}"
        kind = kind_of(path)
        try:
            if kind == "clip":
                copy_clip(path, target)
            else:
                target.write_bytes(plain_png(path.read_bytes()))
        except OSError as error:
            raise SinkError(f"{path.name} cannot be given away ({error.strerror or error})") from error
        return self._add(kind, target)

    def give_picture(self, png: bytes) -> str:
        """Give away a PNG that lies in no file; otherwise as `give`."""
        target = self._folder / f"{secrets.token_hex(16)}.png"
        try:
            target.write_bytes(plain_png(png))
        except OSError as error:
            raise SinkError(f"the picture cannot be given away ({error.strerror})") from error
        return self._add("snapshot", target)

    def _add(self, kind: Kind, path: Path) -> str:
        name = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        self.tidy()
        while len(self._gifts) >= MOST:
            self._drop(next(iter(self._gifts)))
        self._gifts = {**self._gifts, name: Gift(kind, path, self._clock() + SECONDS)}
        return name

    def get(self, name: str) -> Gift | None:
        """Give what an ID stands for; None when it stands for nothing, or does no more."""
        gift = self._gifts.get(name)
        return gift if gift and self._clock() < gift.until else None

    def described(self, gift: Gift) -> dict[str, Any]:
        """Describe a gift for browsers."""
        return {"kind": gift.kind, "name": gift.name, "seconds_left": max(0, round(gift.until - self._clock()))}

    def tidy(self) -> None:
        """Remove the files whose hour is over."""
        for name in [name for name, gift in self._gifts.items() if self._clock() >= gift.until]:
            self._drop(name)

    def _drop(self, name: str) -> None:
        gift = self._gifts[name]
        self._gifts = {known: other for known, other in self._gifts.items() if known != name}
        gift.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Give nothing away any more."""
        self._gifts = {}
        shutil.rmtree(self._folder, ignore_errors=True)


def plain_png(data: bytes) -> bytes:
    """Copy a PNG without its text fields, times and profiles.

    Args:
        data: The file's bytes.

    Returns:
        The chunks that make its pixels (ISO/IEC 15948, 11.2), and no other.

    Raises:
        SinkError: It is no PNG, or a broken one.
    """
    out, place = io.BytesIO(), len(_SIGNATURE)
    if not data.startswith(_SIGNATURE):
        raise SinkError("a picture that is to be taken home is no PNG")
    out.write(_SIGNATURE)
    while place + 12 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        kind, end = data[place + 4 : place + 8], place + 12 + length
        if end > len(data) or zlib.crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            break
        if kind in _KEPT_CHUNKS:
            out.write(data[place:end])
        if kind == b"IEND":
            return out.getvalue()
        place = end
    raise SinkError("a picture that is to be taken home is broken")


def copy_clip(path: Path, target: Path) -> None:
    """Copy the packets of a clip into a new file, which has no text fields.

    Args:
        path: The clip.
        target: The new file.

    Raises:
        SinkError: It cannot be read or written.
    """
    import av

    try:
        with open_media(path) as clip:
            options = (
                {"fflags": "+bitexact", "movflags": "+faststart"}
                if target.suffix == ".mp4"
                else {"fflags": "+bitexact"}
            )
            with av.open(str(target), "w", options=options) as copy:
                streams = {stream: copy.add_stream_from_template(stream) for stream in clip.streams}
                for stream in streams.values():
                    stream.metadata.clear()
                for packet in clip.demux():
                    if packet.dts is not None:
                        packet.stream = streams[packet.stream]
                        copy.mux(packet)
    except failures(ValueError) as error:
        target.unlink(missing_ok=True)
        raise SinkError(f"{path.name} cannot be given away ({why(error)})") from error
