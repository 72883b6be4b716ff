"""Remote control by OSC: real packets over UDP on this computer, from clients of good and of ill will."""

from __future__ import annotations

import inspect
import random
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pythonosc.osc_message import OscMessage
from test_cli import Run, run  # noqa: F401
from test_live import RED_ALONE, Stage, stage  # noqa: F401

from realtime.control import actions, commands
from realtime.control.actions import Action
from realtime.control.commands import PictureCommand, SelectStyle, SetLook, SourceCommand, ToggleView, ViewCommand
from realtime.control.settings import Settings
from realtime.core import threads
from realtime.core.errors import SinkError, UsageError
from realtime.core.events import Saved, Trouble
from realtime.live.session import LiveSession
from realtime.live.stream import Stream
from realtime.look.look import Look
from realtime.models.stylizer import Stylizer
from realtime.osc import server as osc_server
from realtime.osc.inventory import INVENTORY
from realtime.osc.packets import Value, read_packet, write_message
from realtime.osc.server import SUBSCRIPTIONS, OscServer

MANUAL = (Path(__file__).parent.parent / ".github" / "MANUAL.md").read_text("utf-8")


class Client:
    """A socket that speaks OSC with a server."""

    def __init__(self, server: OscServer) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(20)
        self.socket.connect(server.address)

    def send(self, address: str, *values: Value) -> None:
        self.socket.send(write_message(address, *values))

    def receive(self) -> tuple[str, list[Value]]:
        message = OscMessage(self.socket.recv(65_536))
        return message.address, message.params

    def ask(self, address: str, *values: Value) -> tuple[str, list[Value]]:
        self.send(address, *values)
        return self.receive()

    def heard(self) -> list[tuple[str, list[Value]]]:
        """What came until now: the answer to a question ends it, since answers keep their order."""
        self.send("/realtime/query", "/realtime/quit")
        found = []
        while (message := self.receive())[0] != "/realtime/entries":
            found.append(message)
        return found[:-1]


class Desk:
    """A stream that an OSC server steers, and clients."""

    def __init__(self, stage: Stage) -> None:  # noqa: F811
        self.session = LiveSession(Stylizer(stage.model), stage.library)
        self.stream = self.session.add(stage.source, Settings(Look(RED_ALONE)))
        self.done: list[Action] = []
        self.stream.perform = self.done.append
        self.now = 0.0
        self.recording = False
        self.server = self.serve()
        self._clients: list[Client] = []

    def serve(self, saves: bool = False) -> OscServer:
        return OscServer("127.0.0.1", 0, self.stream, lambda: self.recording, saves, clock=lambda: self.now)

    def client(self, server: OscServer | None = None) -> Client:
        self._clients.append(Client(server or self.server))
        return self._clients[-1]

    @property
    def settings(self) -> Settings:
        return self.stream.controls.settings

    def close(self) -> None:
        self.server.close()
        for client in self._clients:
            client.socket.close()


@pytest.fixture
def desk(stage: Stage) -> Iterator[Desk]:  # noqa: F811
    desk = Desk(stage)
    yield desk
    desk.close()
    assert "osc" not in threads.hung()


# ---- the inventory ---------------------------------------------------------------------------------------------------

ABSOLUTE = {
    "AwaitPreset": "look/keep takes the number at once",
    "Preset": "look/keep and look/recall",
    "NextStop": "the amount itself is set",
    "LeaveOutStyle": "the program's own, when a style cannot be used",
    "UseLook": "style, look/… and look/recall",
    "Nudge": "the amount itself is set",
    "SetStyles": "style, look/second and look/blend",
}
"""Commands that no address gives, and what does the same."""


def made_by_messages() -> set[str]:
    """The classes of the commands that the inventory makes."""
    found = set()
    for entry in INVENTORY.values():
        values: list[Value] = [] if entry.kind == "action" else ["a"] if entry.kind == "style" else [1]
        command = entry.command(values)
        assert command is not None
        found.add(type(command).__name__)
    return found


def test_every_command_has_an_address_or_a_reason() -> None:
    kinds = (PictureCommand, SourceCommand, ViewCommand, Action)
    known = {
        name
        for room in (actions, commands)
        for name, kind in inspect.getmembers(room, inspect.isclass)
        if issubclass(kind, kinds) and kind not in kinds
    }
    assert known - made_by_messages() == set(ABSOLUTE)


def test_the_manual_lists_every_address() -> None:
    listed = set(re.findall(r"`(/realtime/[a-z_/]+)`", MANUAL))
    said = {
        f"/realtime/{name}" for name in ("query", "styles", "subscribe", "unsubscribe", "error", "trouble", "saved")
    }
    assert listed == set(INVENTORY) | said


@pytest.mark.parametrize(
    ("address", "values", "read"),
    [
        ("/realtime/look/strength", [0.7], lambda s: s.look.strength == 0.7),
        ("/realtime/look/strength", [0], lambda s: s.look.strength == 0.0),
        ("/realtime/look/brush", ["full"], lambda s: s.look.brush == float("inf")),
        ("/realtime/style", ["green"], lambda s: s.look.style == "green"),
        ("/realtime/style", [0], lambda s: s.look.style == "blue"),
        ("/realtime/style/step", [-1], lambda s: s.look.style == "green"),
        ("/realtime/mirror", [True], lambda s: s.mirror),
        ("/realtime/frozen", [1.0], lambda s: s.frozen),
        ("/realtime/morph", [2.5], lambda s: s.morph == 2.5),
        ("/realtime/slideshow", [4], lambda s: s.slideshow == 4.0),
        ("/realtime/look/second", [], lambda s: len(s.look.styles) == 2),
        ("/realtime/look/second", [1.0], lambda s: len(s.look.styles) == 2),
        ("/realtime/look/second", [0.0], lambda s: len(s.look.styles) == 1),  # the button was let go
    ],
)
def test_a_message_sets_a_value_without_an_answer(
    desk: Desk, address: str, values: list[Value], read: Callable[[Settings], bool]
) -> None:
    client = desk.client()
    client.send(address, *values)
    assert client.heard() == [] and read(desk.settings)
    assert desk.server.wrong == 0 and desk.server.followed >= 1


def test_an_address_without_a_value_tells_the_value(desk: Desk) -> None:
    client = desk.client()
    assert client.ask("/realtime/look/strength") == ("/realtime/look/strength", [1.0])
    assert client.ask("/realtime/style") == ("/realtime/style", ["red"])
    assert client.ask("/realtime/mirror") == ("/realtime/mirror", [False])
    assert client.ask("/realtime/styles") == ("/realtime/styles", ["blue", "green", "red"])
    client.send("/realtime/look/brush", "full")
    assert client.ask("/realtime/look/brush") == ("/realtime/look/brush", ["full"])


def test_the_blend_is_set_to_a_weight(desk: Desk) -> None:
    client = desk.client()
    client.send("/realtime/look/second")
    client.send("/realtime/look/blend", 0.25)
    assert client.ask("/realtime/look/blend") == ("/realtime/look/blend", [0.25])


def test_a_query_lists_everything_with_kind_bounds_and_value(desk: Desk) -> None:
    client = desk.client()
    client.send("/realtime/query")
    found: dict[Value, list[Value]] = {}
    while (message := client.receive())[0] == "/realtime/entry":
        found[message[1][0]] = message[1][1:]
    assert message == ("/realtime/entries", [len(INVENTORY)]) and found.keys() == INVENTORY.keys()
    assert found["/realtime/look/strength"] == ["number", "strength of the look", 0.0, 1.0, 1.0]
    assert found["/realtime/snapshot"] == ["action", "save a snapshot", None, None, None]
    client.send("/realtime/query", "/realtime/style")
    assert client.receive()[1][:2] == ["/realtime/style", "style"]
    assert client.receive() == ("/realtime/entries", [1])


def test_a_bundle_is_followed_in_its_order(desk: Desk) -> None:
    messages = [write_message("/realtime/style", name) for name in ("green", "blue")]
    inner = b"#bundle\0" + struct.pack(">Q", 1) + b"".join(struct.pack(">i", len(m)) + m for m in messages)
    bundle = b"#bundle\0" + struct.pack(">Q", 2**63) + struct.pack(">i", len(inner)) + inner
    client = desk.client()
    client.socket.send(bundle)
    assert client.ask("/realtime/style") == ("/realtime/style", ["blue"])


# ---- wrong messages --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "values", "said"),
    [
        ("/realtime/look/strength", [1.5], "takes a number from 0 to 1, not 1.5"),
        ("/realtime/look/strength", [float("nan")], "from 0 to 1, not nan"),
        ("/realtime/look/strength", ["much"], "not 'much'"),
        ("/realtime/look/strength", [True], "not True"),
        ("/realtime/look/strength", [0.1, 0.2], "one value, not 2"),
        ("/realtime/look/brush", [float("inf")], "from 0.1 to 16"),
        ("/realtime/look/blend", [2.0], "from 0 to 1"),
        ("/realtime/mirror", [2], "takes 1 or 0"),
        ("/realtime/mirror", ["on"], "takes 1 or 0"),
        ("/realtime/style", ["no such style"], "there is no style 'no such style'"),
        ("/realtime/style", ["../../etc/passwd"], "there is no style"),
        ("/realtime/style", [-1], "whole number"),
        ("/realtime/style", [0.5], "style's name"),
        ("/realtime/style/step", [10**9], "from -1000 to 1000"),
        ("/realtime/style/step", [], "one value, not 0"),
        ("/realtime/look/recall", [5], "from 1 to 4"),
        ("/realtime/morph", [-1], "from 0 to 86400"),
        ("/realtime/look/second", ["yes"], "nothing, or 1"),
        ("/realtime/no/such", [1], "/realtime/query lists"),
        ("/realtime/query", ["/realtime/no"], "there is no '/realtime/no'"),
        ("/*", [1], "there is no '/*'"),
    ],
)
def test_a_wrong_message_is_answered_with_its_address_and_the_reason(
    desk: Desk, address: str, values: list[Value], said: str
) -> None:
    client, before = desk.client(), desk.settings
    name, answer = client.ask(address, *values)
    assert name == "/realtime/error" and answer[0] == address and said in str(answer[1])
    assert desk.server.wrong == 1 and desk.server.followed == 0 and desk.settings == before


def bundle_of_size(size: int) -> bytes:
    return b"#bundle\0" + bytes(8) + struct.pack(">i", size) + b"/a\0\0,\0\0\0"


def nested(depth: int) -> bytes:
    data = write_message("/realtime/quit")
    for _ in range(depth):
        data = b"#bundle\0" + bytes(8) + struct.pack(">i", len(data)) + data
    return data


BAD_PACKETS = {
    "empty": b"",
    "no packet": b"hello",
    "no values' types": b"/realtime/mirror\0\0\0\0x\0\0\0",
    "unknown type": b"/realtime/mirror\0\0\0\0,r\0\0\0\0\0\0",
    "an array": b"/realtime/mirror\0\0\0\0,[[[[[[[\0\0\0\0",
    "no end": b"/realtime/mirror",
    "a value that is missing": b"/realtime/mirror\0\0\0\0,i\0\0",
    "no text": b"/\xff\xfe\0,\0\0\0",
    "a bundle without a time": b"#bundle\0",
    "a size below zero, in which python-osc turns for ever": bundle_of_size(-4),
    "a size of zero": bundle_of_size(0),
    "a size too large": bundle_of_size(2**30),
    "a bundle in bundles": nested(40),
    "too large": b"/realtime/mirror\0\0\0\0" + bytes(5000),
}


@pytest.mark.parametrize("name", BAD_PACKETS)
def test_what_is_no_packet_is_answered_and_counted(desk: Desk, name: str) -> None:
    client = desk.client()
    client.socket.send(BAD_PACKETS[name])
    address, answer = client.receive()
    assert address == "/realtime/error" and len(str(answer[1])) > 10
    assert desk.server.wrong == 1 and desk.done == []


def test_what_only_a_server_says_is_not_answered_so_that_two_never_answer_each_other(desk: Desk) -> None:
    client = desk.client()
    for name in ("error", "entry", "entries", "subscribed", "trouble"):
        client.send(f"/realtime/{name}", "x")
    assert client.heard() == [] and desk.server.wrong == 5


def test_fuzzed_packets_never_end_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Good packets with bytes changed, cut off, put together, and noise; then it still follows."""
    monkeypatch.setattr(osc_server, "_MOST_A_SECOND", 10**6)
    rng = random.Random(23)
    client, other = desk.client(), desk.client()
    client.socket.settimeout(0.0)
    addresses = [*INVENTORY, "/realtime/query", "/realtime/subscribe", "/realtime/styles"]
    values: list[Value] = [0, 1, -1, 0.5, float("nan"), float("inf"), 2**31 - 1, "full", "\u2605" * 40, True, None]
    refused = 0
    for number in range(3000):
        if number % 20 == 0:  # so that the system drops none
            assert other.ask("/realtime/morph")[0] == "/realtime/morph"
        data = bytearray(write_message(rng.choice(addresses), *rng.choices(values, k=rng.randrange(3))))
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            data = data[: rng.randrange(len(data))]
        if rng.random() < 0.2:
            data = bytearray(b"#bundle\0" + bytes(8) + rng.randbytes(rng.randrange(12)) + data)
        try:
            read_packet(bytes(data))
        except UsageError:
            refused += 1
        client.socket.send(data)
        try:
            while True:
                client.socket.recv(65_536)
        except OSError:
            pass
    assert refused > 300
    other.send("/realtime/look/strength", 0.123)
    assert other.ask("/realtime/look/strength")[1] == pytest.approx([0.123])
    assert desk.server.wrong > 100 and desk.server._thread.is_alive()


def test_a_flood_is_followed_at_a_bounded_rate(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(osc_server, "_MOST_A_SECOND", 5)
    client, begin = desk.client(), time.monotonic()
    for number in range(13):
        client.send("/realtime/look/strength", number / 20)
    assert client.ask("/realtime/look/strength")[1] == pytest.approx([0.6])
    assert time.monotonic() - begin > 1.0


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["record", "snapshot", "replay", "look/keep"])
def test_nothing_writes_a_file_unless_that_was_allowed(desk: Desk, name: str) -> None:
    values: list[Value] = [] if name in ("snapshot", "replay") else [1]
    client = desk.client()
    assert "--osc-record allows" in str(client.ask(f"/realtime/{name}", *values)[1][1])
    assert desk.done == []
    with desk.serve(saves=True) as server:
        allowed = desk.client(server)
        allowed.send(f"/realtime/{name}", *values)
        assert allowed.heard() == [] and len(desk.done) == 1


def test_a_clip_is_recorded_and_quit_ends_the_session(stage: Stage) -> None:  # noqa: F811
    show = stage.session(seconds=20)
    outputs = show.session._outputs[show.stream]
    with OscServer("127.0.0.1", 0, show.stream, lambda: outputs.recorder is not None, True) as server:
        client = Client(server)

        def steer() -> None:
            client.ask("/realtime/subscribe")
            client.send("/realtime/record", 1)
            assert client.receive() == ("/realtime/record", [True])
            client.send("/realtime/record", 0)
            assert client.receive() == ("/realtime/record", [False])
            while (message := client.receive())[0] != "/realtime/saved":
                pass
            assert str(message[1][0]).endswith(".mp4")
            client.send("/realtime/quit")

        steering = threads.start(steer, "steer")
        show.run()
        steering.join(20)
        client.socket.close()
    assert [path.suffix for path in stage.out.glob("*.mp4")] == [".mp4"]


# ---- subscribers -----------------------------------------------------------------------------------------------------


def test_subscribers_hear_of_changes_and_nobody_else_does(desk: Desk) -> None:
    subscriber, other = desk.client(), desk.client()
    assert subscriber.ask("/realtime/subscribe") == ("/realtime/subscribed", [60.0])
    desk.stream.apply(SelectStyle("green"))  # as a key does
    desk.stream.apply(ToggleView("compare"))
    other.send("/realtime/look/steady", 0.5)
    heard = [subscriber.receive() for _ in range(3)]
    assert sorted(heard) == [
        ("/realtime/compare", [True]),
        ("/realtime/look/steady", [0.5]),
        ("/realtime/style", ["green"]),
    ]
    desk.stream.events.emit(Trouble("no picture from fake"))
    desk.stream.events.emit(Saved("saved /home/me/clip.mp4", Path("/home/me/clip.mp4")))
    assert subscriber.receive() == ("/realtime/trouble", ["no picture from fake"])
    assert subscriber.receive() == ("/realtime/saved", ["clip.mp4"])
    assert other.heard() == []
    assert subscriber.ask("/realtime/unsubscribe") == ("/realtime/unsubscribed", [])
    desk.stream.apply(SetLook("strength", 0.25))
    assert subscriber.heard() == []


def test_there_are_eight_subscribers_at_most_and_each_ends_after_a_minute(desk: Desk) -> None:
    clients = [desk.client() for _ in range(SUBSCRIPTIONS + 1)]
    for client in clients[:-1]:
        assert client.ask("/realtime/subscribe")[0] == "/realtime/subscribed"
    assert "8 subscribers already" in str(clients[-1].ask("/realtime/subscribe")[1][1])
    desk.now = 50.0
    assert clients[0].ask("/realtime/subscribe")[0] == "/realtime/subscribed"  # anew
    desk.now = 61.0
    assert clients[-1].ask("/realtime/subscribe")[0] == "/realtime/subscribed"
    assert desk.server.subscribers == 2
    desk.stream.apply(SetLook("strength", 0.25))
    assert clients[0].receive() == clients[-1].receive() == ("/realtime/look/strength", [0.25])
    assert clients[1].heard() == []


# ---- the server ------------------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_an_error_that_names_it(desk: Desk) -> None:
    host, port = desk.server.address
    with pytest.raises(SinkError, match=rf"OSC cannot listen on 127\.0\.0\.1:{port} .*another port"):
        OscServer(host, port, desk.stream)
    with pytest.raises(SinkError, match=r"cannot listen on no\.such\.computer"):
        OscServer("no.such.computer.invalid", 9000, desk.stream)


def test_it_ends_at_once_and_takes_no_more(desk: Desk) -> None:
    server = desk.serve()
    client = desk.client(server)
    client.ask("/realtime/mirror")
    begin = time.monotonic()
    server.close()
    server.close()
    assert time.monotonic() - begin < 1.0 and not server._thread.is_alive()
    desk.stream.apply(SetLook("strength", 0.25))  # nobody hears of it


def test_a_missing_package_is_a_line_with_the_command(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pythonosc", None)
    with pytest.raises(UsageError, match=r"pip install .*\[osc\]"):
        desk.serve()


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_option_listens_on_this_computer_alone_and_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    made: list[Stream] = []

    def note(session: LiveSession, *rest: object, **options: object) -> str:
        made.extend(session.streams)
        return "ran"

    monkeypatch.setattr(LiveSession, "run", note)
    port = free_port()
    status, _, err = run("--source", "demo", "--osc", str(port), "--no-window", "--frames", "1")
    assert status == 0 and made and f"OSC listens on 127.0.0.1:{port}\n" in err
    status, _, err = run("--source", "demo", "--osc", f"0.0.0.0:{port}", "--no-window", "--frames", "1")
    assert status == 0 and f"0.0.0.0:{port}: whoever can reach this address steers the picture" in err
    assert not [thread for thread in threading.enumerate() if thread.name == "osc"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--osc", "0"], "port from 1 to 65535"),
        (["--osc", "65536"], "port from 1 to 65535"),
        (["--osc", ":9000"], "HOST:PORT"),
        (["--osc", "host:"], "HOST:PORT"),
        (["--osc", "²"], "HOST:PORT"),
        (["--osc-record"], "--osc PORT"),
    ],
)
def test_wrong_options_are_said(run: Run, words: list[str], said: str) -> None:  # noqa: F811
    status, _, err = run("--source", "demo", "--no-window", "--frames", "1", *words)
    assert status == 2 and said in err
