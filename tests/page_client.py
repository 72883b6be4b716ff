"""A page with a fake camera and model, and browsers made of a few lines: for tests without a browser."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fakes import FakeModel, FakeSource
from websockets.sync.client import ClientConnection, connect

from realtime.control.settings import Settings
from realtime.core.frame import Picture
from realtime.live.outputs import Saving
from realtime.live.session import LiveSession
from realtime.live.several import SeveralStreams
from realtime.look.look import Look
from realtime.models.stylizer import Stylizer
from realtime.page.access import Role
from realtime.page.address import Address
from realtime.page.page import Page, PageOptions
from realtime.styles.library import StyleLibrary

RED, GREEN, BLUE = (0, 0, 200), (0, 200, 0), (200, 0, 0)


class Browser:
    """A browser: it has a cookie, asks for files, and talks over a socket."""

    def __init__(self, house: PageHouse, role: Role | None) -> None:
        self.house, self.host = house, house.host
        self.cookie = house.cookie(role) if role else ""
        self._stack = ExitStack()
        self.socket: ClientConnection | None = None
        self.pictures: list[tuple[int, Picture]] = []
        self.thumbnails: dict[int, Picture] = {}
        self.said: list[dict[str, Any]] = []
        self.video = VideoDecoder()
        self.acknowledges = True
        """Whether it acknowledges each picture at once."""
        self._saved = 0  # files that the test heard of

    def ask(
        self, path: str, method: str = "GET", body: bytes | str | None = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Ask for something; give the status, the body and the headers."""
        asking = http.client.HTTPConnection(self.host, timeout=30)
        asked = {"Cookie": self.cookie} if self.cookie else {}
        if method != "GET":
            asked["Origin"] = f"http://{self.host}"
        asked |= {name.replace("_", "-"): value for name, value in headers.items()}
        asking.request(method, path, body, {name: value for name, value in asked.items() if value})
        answer = asking.getresponse()
        try:
            return answer.status, answer.read(), {name.lower(): value for name, value in answer.getheaders()}
        finally:
            asking.close()

    def join(self, **headers: str) -> Browser:
        """Open the socket."""
        asked = {"Cookie": self.cookie} if self.cookie else {}
        origin: Any = headers.pop("Origin", f"http://{self.host}") or None
        self._stack = ExitStack()
        opening = connect(
            f"ws://{self.host}/socket",
            origin=origin,
            additional_headers=asked | headers,
            compression=None,
            open_timeout=20,
        )
        self.socket = self._stack.enter_context(opening)
        return self

    def say(self, kind: str, **more: Any) -> None:
        """Send a message."""
        assert self.socket
        self.socket.send(json.dumps({"type": kind, **more}))

    def hear(self, kind: str, when: Callable[[dict[str, Any]], bool] = lambda message: True) -> dict[str, Any]:
        """Wait for a message of a kind; pictures on the way are acknowledged. How something is may have been told before."""
        if kind in ("state", "styles", "clients", "files", "looks") and (known := self.known(kind)) and when(known):
            return known
        if kind == "saved":  # may be told before the answer to the command
            while len(files := [m for m in self.said if m["type"] == kind]) <= self._saved:
                self._next()
            self._saved += 1
            return files[self._saved - 1]
        while True:
            message = self._next()
            if isinstance(message, dict) and message["type"] == kind and when(message):
                return message

    def picture(self, when: Callable[[Picture], bool] = lambda picture: True) -> Picture:
        """Wait for a picture."""
        while True:
            message = self._next()
            if isinstance(message, np.ndarray) and when(message):
                return message

    def do(self, name: str, value: Any = None) -> dict[str, Any]:
        """Give a command and wait for what it came to: the message `done` or `error`."""
        number = len(self.said) + 1000
        self.say("command", name=name, value=value, n=number)
        while True:
            message = self._next()
            if isinstance(message, dict) and message["type"] in ("done", "error") and message.get("n") == number:
                return message

    def style(self, name: str) -> int:
        """The number of a style."""
        return next(int(style["id"]) for style in self.hear("styles")["styles"] if style["name"] == name)

    def known(self, kind: str) -> dict[str, Any]:
        """The newest message of a kind that came."""
        return next((message for message in reversed(self.said) if message["type"] == kind), {})

    def camera(
        self, number: int, colour: tuple[int, int, int] = (90, 90, 90), size: tuple[int, int] = (64, 48)
    ) -> None:
        """Send a picture of the camera."""
        assert self.socket
        self.socket.send(bytes([3, 0, 0, 0]) + number.to_bytes(4, "little") + jpeg(colour, size))

    def _next(self) -> dict[str, Any] | Picture:
        assert self.socket
        message = self.socket.recv(timeout=20)
        if isinstance(message, str):
            told: dict[str, Any] = json.loads(message)
            if told["type"] == "ping":
                self.say("pong")
            self.said.append(told)
            return told
        number = int.from_bytes(message[4:8], "little")
        if message[0] == 4:
            return self._drawn(number, self.video.decode(number, message))
        picture: Picture = cv2.imdecode(np.frombuffer(message[8:], np.uint8), cv2.IMREAD_COLOR)  # type: ignore[assignment]
        if message[0] == 2:
            self.thumbnails[number] = picture
            return {"type": "thumbnail", "style": number}
        return self._drawn(number, picture)

    def _drawn(self, number: int, picture: Picture) -> Picture:
        self.pictures.append((number, picture))
        if self.acknowledges:
            self.say("ack", seq=number)
        return picture

    def leave(self) -> None:
        """Close the socket."""
        self._stack.close()


class VideoDecoder:
    """Decodes the H.264 of one browser, which is refused where a piece is missing."""

    def __init__(self) -> None:
        self._context: Any = None
        self._last = 0
        self.pictures: dict[int, Picture] = {}
        """What was shown, by number."""
        self.begun: list[int] = []
        """Numbers of the key frames that it began with."""
        self.largest = 0
        """Pieces that came at once, at most."""

    def decode(self, number: int, message: bytes) -> Picture:
        """Decode a message; give the picture of its last piece."""
        import av

        key, begins, place = message[1] & 1, message[1] & 2, 8
        pieces = []
        while place < len(message):
            end = place + 4 + int.from_bytes(message[place : place + 4], "little")
            pieces.append(message[place + 4 : end])
            place = end
        assert place == len(message) and pieces
        if begins:
            assert key, "a decoder begins with a key frame"
            self._context = av.CodecContext.create("h264", "r")
            self._context.thread_count = 1
            self._context.flags |= av.codec.context.Flags.low_delay
            self.begun.append(number - len(pieces) + 1)
        assert key or number - len(pieces) == self._last, "a piece is missing"
        self._last, self.largest = number, max(self.largest, len(pieces))
        frames = [frame for piece in pieces for frame in self._context.decode(av.Packet(piece))]
        assert len(frames) == len(pieces), "each piece gives its picture at once"
        picture: Picture = frames[-1].to_ndarray(format="bgr24")
        self.pictures[number] = picture
        return picture


class PageHouse:
    """A session that runs, its page, and all that both are made of."""

    def __init__(self, folder: Path, own: bool = True, **options: Any) -> None:
        self._before = set(threading.enumerate())  # of other suites
        self.styles = folder / "styles"
        self.styles.mkdir()
        for name, colour in (("blue", BLUE), ("green", GREEN), ("red", RED)):
            cv2.imwrite(str(self.styles / f"{name}.png"), np.full((8, 8, 3), colour, np.uint8))
        self.static = folder / "static"
        self.static.mkdir()
        for shell in ("index", "view", "deck", "guest", "take", "warning"):
            (self.static / f"{shell}.html").write_text(f"<!doctype html><title>{shell}</title>")
        self.out, self.source, self.model = folder / "out", options.pop("source", FakeSource(0.005)), FakeModel()
        self.stylizer = Stylizer(self.model)
        self.library = StyleLibrary(self.stylizer, [self.styles], folder / "cache")
        for name in ("blue", "green", "red"):
            self.library.code(name)
        self.session = LiveSession(self.stylizer, self.library)
        saving = Saving(folder=self.out, presets=folder / "looks", replay=own)
        self.stream = self.session.add(self.source, Settings(Look((("red", 1.0),)))) if own else None
        if more := options.pop("more", ()):  # sources beside the first one
            streams = [self.session.add(source, Settings(Look((("blue", 1.0),)))) for source in more]
            self.session.shown = SeveralStreams([*self.session.streams[:1], *streams])
        outputs = self.session.save(self.session.shown, saving) if self.session.shown else None
        made = PageOptions(
            options.pop("address", Address("127.0.0.1", 0)),
            saving=saving,
            secret=options.pop("secret", folder / "key"),
            certificate=folder / "certificate",
            static=options.pop("static", self.static),
            **options,
        )
        self.page = Page(self.session, self.stylizer, self.session.shown, made, outputs)
        self.page.open()
        self.host = self.page.url().split("#")[0].split("/")[2]
        self.browsers: list[Browser] = []
        self._closed = False
        self._thread = threading.Thread(target=self.session.run, name="test session")
        self._thread.start()

    def browser(self, role: Role | None = "control") -> Browser:
        """A browser that showed the token of a role."""
        self.browsers.append(Browser(self, role))
        return self.browsers[-1]

    def cookie(self, role: Role) -> str:
        """Exchange the token of a role for a cookie, as the page's shell does."""
        token = self.page.url({"control": "control", "view": "view", "guest": "guest"}[role]).split("#")[1]
        asking = http.client.HTTPConnection(self.host, timeout=20)
        headers = {"Content-Type": "application/json", "Origin": f"http://{self.host}"}
        asking.request("POST", "/token", json.dumps({"token": token}), headers)
        answer = asking.getresponse()
        assert answer.status == 200 and json.loads(answer.read())["role"] == role
        asking.close()
        return str(answer.getheader("Set-Cookie")).split(";")[0]

    def close(self) -> None:
        """End it all; nothing may be left running."""
        if self._closed:
            return
        self._closed = True
        for browser in self.browsers:
            browser.leave()
        self.session.stop()
        self._thread.join(20)
        assert not self._thread.is_alive()
        self.page.close()
        began = [t.name for t in threading.enumerate() if t not in self._before]
        left = [name for name in began if name.startswith(("page", "sink", "capture", "stylize"))]
        assert not left, left


@pytest.fixture
def house_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., PageHouse]]:
    """Makes a page with the options that are given."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    made: list[PageHouse] = []

    def make(**options: Any) -> PageHouse:
        folder = tmp_path / f"house {len(made)}"
        folder.mkdir()
        made.append(PageHouse(folder, **options))
        return made[-1]

    yield make
    for house in made:
        house.close()


@pytest.fixture
def house(house_of: Callable[..., PageHouse]) -> PageHouse:
    """A page with a camera of the program's own."""
    return house_of()


def jpeg(colour: tuple[int, int, int] = (90, 90, 90), size: tuple[int, int] = (64, 48)) -> bytes:
    """A JPEG of one colour (BGR)."""
    return cv2.imencode(".jpg", np.full((size[1], size[0], 3), colour, np.uint8))[1].tobytes()


def png(colour: tuple[int, int, int], size: tuple[int, int] = (32, 24)) -> bytes:
    """A PNG of one colour (BGR)."""
    return cv2.imencode(".png", np.full((size[1], size[0], 3), colour, np.uint8))[1].tobytes()


def is_colour(colour: tuple[int, int, int]) -> Callable[[Picture], bool]:
    """Whether a picture is of one colour (BGR), but for what JPEG changes."""
    return lambda picture: bool(np.abs(picture.reshape(-1, 3).mean(axis=0) - colour).max() < 12)
