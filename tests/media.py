"""Media for the tests, made on the spot: pictures that carry a number, clips and folders of them, and a network camera."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2  # before av, always: the other way round OpenCV's first window would hang

# isort: split
import av
import numpy as np

from realtime.core.errors import SourceError
from realtime.core.frame import Frame, Picture
from realtime.sources.base import Source

SIZE = (64, 48)


def numbered(index: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture whose number, 0 to 255, can be read from its eight upright bars, even when scaled and compressed."""
    bits = np.array([index >> k & 1 for k in range(8)], np.uint8) * 200 + 20
    row = cv2.resize(bits[None], (size[0], 1), interpolation=cv2.INTER_NEAREST)
    return np.ascontiguousarray(np.broadcast_to(row[..., None], (size[1], size[0], 3)))


def number(picture: np.ndarray) -> int:
    """The number in a picture of `numbered`."""
    row = picture[picture.shape[0] // 2].mean(axis=1)
    bits = [row[int((k + 0.5) * len(row) / 8)] > 128 for k in range(8)]
    return sum(1 << k for k, bit in enumerate(bits) if bit)


def clip(path: Path, count: int = 10, rate: float = 25, size: tuple[int, int] = SIZE) -> Path:
    """A video of `count` numbered pictures at a constant rate, by OpenCV."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
    assert writer.isOpened()
    for index in range(count):
        writer.write(numbered(index, size))
    writer.release()
    return path


def clip_at(path: Path, times: Sequence[float], size: tuple[int, int] = SIZE) -> Path:
    """A video whose numbered pictures have these time stamps, in seconds."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=Fraction(30), options={"preset": "ultrafast", "crf": "15"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 90_000)
        for index, seconds in enumerate(times):
            frame = av.VideoFrame.from_ndarray(numbered(index, size), format="bgr24")
            frame.time_base, frame.pts = Fraction(1, 90_000), round(seconds * 90_000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(path: Path) -> Path:
    """Put a quarter turn into the display matrix of an MP4's one track, as phones do; the pictures stay as they are."""
    data = path.read_bytes()
    start = data.index(b"tkhd") + 4
    matrix = start + (52 if data[start] else 40)  # a version 1 box has times of 64 bits
    one, none, end = (part.to_bytes(4, "big", signed=True) for part in (0x10000, 0, 0x40000000))
    minus = (-0x10000).to_bytes(4, "big", signed=True)
    quarter = none + one + none + minus + none + none + none + none + end
    path.write_bytes(data[:matrix] + quarter + data[matrix + 36 :])
    return path


def pictures(folder: Path, count: int = 3, size: tuple[int, int] = SIZE) -> Path:
    """A folder of numbered PNG files, named in the order of their numbers."""
    folder.mkdir()
    for index in range(count):
        cv2.imwrite(str(folder / f"{index:02}.png"), numbered(index, size))
    return folder


def read_image(path: Path | str, flags: int = cv2.IMREAD_COLOR) -> Picture:
    """The picture in a file, as OpenCV reads it; no test goes on without it."""
    picture = cv2.imread(str(path), flags)
    assert picture is not None, f"{path} is no picture"
    return picture.astype(np.uint8, copy=False)


def seconds(moment: int | None, time_base: Fraction | None) -> float:
    """A time stamp of PyAV in seconds; no test goes on without it."""
    assert moment is not None and time_base is not None
    return float(moment * time_base)


def next_frame(source: Source) -> Frame:
    """The next frame, which must come."""
    frame = source.read(10)
    assert frame is not None, source.notice
    return frame


class FakeCamera:
    """Stands in for `cv2.VideoCapture` and the camera behind it; `state` says how the camera is.

    "live": new pictures; "frozen": the same one again and again; "black": a lens cap; "gone": unplugged;
    "failing": unplugged, as drivers say it that raise errors; "stuck": gives nothing until it is `freed`.
    """

    def __init__(self, size: tuple[int, int] = SIZE, rate: float = 100) -> None:
        self.size, self.rate, self.state = size, rate, "live"
        self.opened = self.released = 0
        self.freed = threading.Event()
        self._count = 0
        self._pace = threading.Event()

    def open(self) -> FakeCamera:
        self.opened += 1
        if self.state in ("gone", "failing"):
            raise SourceError("camera 0 is not there")
        return self

    def read(self, image: Picture | None = None) -> tuple[bool, Any]:
        self._pace.wait(1 / self.rate)
        if self.state == "stuck":
            self.freed.wait()
        if self.state == "gone":
            return False, None
        if self.state == "failing":
            raise cv2.error("no such device")
        if self.state == "live":
            self._count += 1
        picture = (
            numbered(self._count % 256, self.size)
            if self.state != "black"
            else np.zeros((*self.size[::-1], 3), np.uint8)
        )
        if image is None or image.shape != picture.shape:
            return True, picture
        image[...] = picture  # as `cv2.VideoCapture` does it
        return True, image

    def release(self) -> None:
        self.released += 1


class NetworkCamera:
    """A network camera on this machine: numbered JPEGs over HTTP, which can stall, go away and come back.

    `picture` makes the picture of a number; `password` ("user:password") is wanted of everyone when it is set;
    `connections` counts those that got the stream.
    """

    def __init__(self, picture: Callable[[int], np.ndarray] = numbered, rate: float = 50, password: str = "") -> None:
        self.picture, self.rate, self.password = picture, rate, password
        self.connections = 0
        self._sending = threading.Event()
        self._sending.set()
        self._gone = threading.Event()
        self._port = 0
        self.come_back()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/video"

    def come_back(self) -> None:
        """Listen again, on the same port as before."""
        camera = self
        gone = self._gone = threading.Event()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = "Basic " + base64.b64encode(camera.password.encode()).decode()
                if camera.password and self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                    self.end_headers()
                    return
                camera.connections += 1
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                with suppress(OSError):  # the other side hung up
                    camera._stream(self.wfile, gone)

            def log_message(self, *args: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = False  # server_close waits for them
        self._port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def _stream(self, out: Any, gone: threading.Event) -> None:
        for index in range(10**9):
            while not self._sending.wait(0.05):
                if gone.is_set():
                    return
            if gone.wait(1 / self.rate):
                return
            jpeg = cv2.imencode(".jpg", self.picture(index % 256))[1].tobytes()
            out.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(jpeg) + jpeg + b"\r\n")

    def stall(self) -> None:
        """Keep the connections, accept new ones, and send nothing more."""
        self._sending.clear()

    def resume(self) -> None:
        """Go on sending."""
        self._sending.set()

    def go_away(self) -> None:
        """Drop every connection and refuse new ones."""
        if not self._gone.is_set():
            self._gone.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def __enter__(self) -> NetworkCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.go_away()
