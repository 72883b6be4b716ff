"""A clip on the disk: packets into a file that opens whatever happens, under a name that says so until it is whole.

While it is written a clip is called `NAME.partial.mp4`, so that players open it and nobody takes it for finished. It
grows by half a second at a time, and is told to the drive itself every second. When it is closed it gets its own name.
"""

from __future__ import annotations

import errno
import os
import threading
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import platformdirs

from realtime.core.errors import RealtimeError, SinkError, UsageError
from realtime.core.installed import program, quoted
from realtime.core.paths import dated
from realtime.media import unfinished
from realtime.media.codecs import Codec, Packet, Track, find_codec
from realtime.media.ffmpeg import why
from realtime.media.unfinished import partial_of

_SYNC_SECONDS = 1.0
_SYNC_PATIENCE = 3.0  # seconds that closing waits for a drive that hangs


class _Disk:
    """The file as FFmpeg writes it.

    What could not be written once is never gone on with: an MP4 that is closed on a full disk would have its beginning
    changed to point at an end that is not there.
    """

    def __init__(self, path: Path) -> None:
        self._file = open(path, "xb", buffering=0)  # noqa: SIM115  closed by `close`
        self.error: OSError | None = None
        self._over = threading.Event()
        unfinished.claim(self._file)
        self._syncing = threading.Thread(target=self._sync, name=f"sync {path.name}", daemon=True)
        self._syncing.start()

    def write(self, data: bytes) -> int:
        view = memoryview(data)
        while view:
            view = view[self._try(lambda rest=view: self._file.write(rest)) :]
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._try(lambda: self._file.seek(offset, whence))

    def tell(self) -> int:
        return self._try(self._file.tell)

    def _try(self, do: Any) -> int:
        if self.error:
            raise self.error
        try:
            return int(do())
        except OSError as error:
            self.error = error
            raise

    def _sync(self) -> None:
        while not self._over.wait(_SYNC_SECONDS):
            self._sync_once()

    def _sync_once(self) -> None:
        try:
            getattr(os, "fdatasync", os.fsync)(self._file.fileno())
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # no disk at all, say: /dev/shm of a strange system
                self.error = self.error or error

    def truncate(self, length: int) -> None:
        """Keep the first `length` bytes."""
        self._file.truncate(length)

    def close(self) -> None:
        self._over.set()
        self._syncing.join(_SYNC_PATIENCE)
        if not self._syncing.is_alive():
            if not self.error:
                self._sync_once()
            with suppress(OSError):
                self._file.close()


class ClipFile:
    """One clip's file. It takes packets from the first key frame on, which is its beginning; all calls from one thread."""

    def __init__(self, path: Path, codec: Codec) -> None:
        """Make the file under its first name.

        Args:
            path: Its name when it is closed.
            codec: What its packets are in.

        Raises:
            UsageError: There is a file of that name (none is ever overwritten), or the codec wants another ending.
            SinkError: It cannot be made.
        """
        find_codec(codec.name, path.name)
        self.path = path
        """Its name when it is closed; then, where somebody took that name meanwhile, the one that it got instead."""
        self.partial = partial_of(path)
        self.frames = 0
        self.seconds = 0.0
        """The length so far."""
        self._codec = codec
        self._container: Any = None
        self._tracks: dict[bool, Track] = {}
        self._streams: dict[bool, Any] = {}
        self._begin = Fraction(0)
        self._last: dict[bool, int] = {}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if os.path.lexists(path):
                raise UsageError(f"{path} exists already; clips are never overwritten, choose another name")
            self._disk = _Disk(self.partial)
        except FileExistsError as error:
            if not os.path.lexists(self.partial):  # a file in the place of its folder
                raise self._impossible(error) from error
            raise UsageError(
                f"{self.partial} exists already, a clip that was not finished; choose another name, or mend that one:"
                f" {program()} doctor --repair {quoted(str(self.partial))}"
            ) from None
        except OSError as error:
            raise self._impossible(error) from error
        unfinished.note(self.partial)

    def _impossible(self, error: OSError) -> SinkError:
        return SinkError(f"the clip {self.path} cannot be made ({error.strerror}); choose another folder for it")

    def begin(self, video: Track, sound: Track | None) -> None:
        """Say what will be in it. Before the first packet."""
        self._tracks = {False: video} | ({True: sound} if sound else {})

    def fits(self, track: Track) -> bool:
        """Return whether packets of `track` can go into it: none are there yet, or they are of the same kind."""
        mine = self._tracks.get(track.sound, track)
        return mine is track or (mine.head == track.head and mine.size == track.size)

    def take(self, packet: Packet) -> None:
        """Write a packet.

        Raises:
            RealtimeError: The file cannot be written any more; what came before is kept.
        """
        sound = packet.track.sound
        if self._container is None:
            if sound or not packet.key:
                return
            self._begin = packet.pts * packet.track.time_base
        shift = round(self._begin / packet.track.time_base)
        if packet.dts < shift:
            return  # sound from before the first picture
        try:
            self._mux(packet, shift)
        except Exception as error:  # FFmpeg's are of many families
            raise self._ended_early(error) from error
        if not sound:
            self.frames += 1
            self.seconds = packet.seconds - float(self._begin)

    def _mux(self, packet: Packet, shift: int) -> None:
        import av

        sound = packet.track.sound
        if self._container is None:
            # A track that falls silent is waited for half a second only: what waits is lost when the program is killed.
            options = {**self._codec.muxing, "flush_packets": "1", "max_interleave_delta": "500000"}
            self._container = av.open(self._disk, "w", format=self._codec.format, options=options)
            for kind, track in self._tracks.items():
                stream = self._container.add_stream_from_template(track.template)
                stream.time_base = track.time_base
                if not kind and self._codec.tag:
                    stream.codec_context.codec_tag = self._codec.tag
                self._streams[kind] = stream
        out = av.Packet(packet.data)
        out.time_base = packet.track.time_base
        out.dts = self._last[sound] = max(packet.dts - shift, self._last.get(sound, -1) + 1)
        out.pts = max(packet.pts - shift, out.dts)
        out.duration, out.is_keyframe, out.stream = packet.duration, packet.key, self._streams[sound]
        self._container.mux(out)

    def _ended_early(self, error: Exception) -> SinkError:
        reason = why(self._disk.error or error)
        return SinkError(f"the clip {self.path.name} ended early ({reason}); what came before is kept")

    def close(self) -> None:
        """Make it whole and give it its name.

        Raises:
            SinkError: Something of it could not be kept, or not under its name.
        """
        failure: RealtimeError | None = None
        try:
            if self._container is not None:
                self._container.close()
        except Exception as error:
            failure = self._ended_early(error)
        if self._disk.error and not failure:
            failure = self._ended_early(self._disk.error)
        if failure and self._codec.format == "mp4":
            with suppress(OSError):
                self._disk.truncate(whole_fragments(self.partial))
        self._disk.close()
        self._container = None
        try:
            if self.partial.stat().st_size == 0:
                self.partial.unlink()  # nothing was recorded: an empty file is no clip
            else:
                self.path = unfinished.rename(self.partial, self.path)
        except FileNotFoundError:
            failure = SinkError(f"the clip {self.path.name} is gone: its file was deleted while it was recorded")
        except OSError as error:
            failure = failure or SinkError(
                f"the clip could not be given its name {self.path.name} ({error.strerror}); see {self.partial}"
            )
        unfinished.forget(self.partial)
        if failure:
            raise failure


def whole_fragments(path: Path) -> int:
    """Return the length of a fragmented MP4 without the fragment that it breaks off in, in bytes."""
    whole, place, head = 0, 0, b""
    size = path.stat().st_size
    with open(path, "rb") as file:
        while place + 8 <= size:
            file.seek(place)
            head = file.read(16)
            length = int.from_bytes(head[:4], "big")
            if length == 1:
                length = int.from_bytes(head[8:16], "big")
            if length < 8 or place + length > size:
                break
            place += length
            if head[4:8] in (b"mdat", b"moov") and (whole == 0 or head[4:8] == b"mdat"):
                whole = place
    return whole or size


def clips_folder() -> Path:
    """Return where clips go when nothing else is said."""
    return platformdirs.user_videos_path() / "realtime"


def free_name(folder: Path, stem: str, ending: str) -> Path:
    """Find a path that neither a file nor a clip in the making has.

    Args:
        folder: Where it is to lie; it is made if it is not there.
        stem: The name's beginning.
        ending: The name's end; a number comes between the two where they are taken.

    Raises:
        SinkError: There is none, or the folder cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(
            f"nothing can be saved in {folder} ({error.strerror}); choose another folder with --out"
        ) from error
    for number in range(1, 1000):
        path = folder / (f"{stem}{ending}" if number == 1 else f"{stem}_{number}{ending}")
        if not os.path.lexists(path) and not os.path.lexists(partial_of(path)):
            return path
    raise SinkError(f"{folder} has a thousand files named {stem} already; choose another folder with --out")


def timed_name(folder: Path, style: str, ending: str) -> Path:
    """Find a free path in `folder` that says the date, the time and the style."""
    return free_name(folder, dated(style), ending)
