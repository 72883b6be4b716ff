"""The OSC server of what is shown: a thread that reads packets, steers by commands, and tells subscribers of changes."""

from __future__ import annotations

import logging
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from realtime.core import threads
from realtime.core.addresses import without_secrets
from realtime.core.errors import RealtimeError, SinkError, UsageError
from realtime.core.events import Event, Saved, Trouble
from realtime.core.installed import install_command
from realtime.core.text import clean
from realtime.live.stream import Shown
from realtime.osc.inventory import INVENTORY, ROOT, Entry, State
from realtime.osc.packets import Value, read_packet, write_message

if TYPE_CHECKING:
    from typing_extensions import Self

_log = logging.getLogger(__name__)

SUBSCRIPTIONS, SUBSCRIPTION_SECONDS = 8, 60.0
"""How many subscribers there may be, and how long one hears of changes without subscribing anew."""
_MOST_A_SECOND = 1000  # messages that are followed; what comes faster waits, and the system drops what it cannot keep
_LONGEST_ERROR = 300  # characters
_PATIENCE = 2.0
_ANSWERS = {ROOT + name for name in ("error", "entry", "entries", "subscribed", "unsubscribed", "trouble", "saved")}
"""Addresses that only the server says. They are answered by nothing: two servers would answer each other for ever."""


class OscServer:
    """Steers what is shown by OSC over UDP, from its making to `close`. A context manager, which closes it.

    Whoever sends a wrong message gets `/realtime/error` with the address and the reason. Answers go to the sender alone.
    """

    def __init__(
        self,
        host: str,
        port: int,
        shown: Shown,
        recording: Callable[[], bool] = lambda: False,
        saves: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Listen.

        Args:
            host: The name or number of an interface of this computer.
            port: The UDP port; 0 for any that is free.
            shown: What is steered.
            recording: Says whether a clip is recorded.
            saves: Whether messages may write files.
            clock: Gives the seconds by which subscriptions end.

        Raises:
            UsageError: The package python-osc is not installed.
            SinkError: It cannot listen there.
        """
        try:
            import pythonosc  # noqa: F401
        except ImportError as error:
            raise UsageError(f"--osc needs a package that is not installed: {install_command('osc')}") from error
        self._shown, self._recording, self._saves, self._clock = shown, recording, saves, clock
        self.followed, self.wrong = 0, 0
        """Messages that were followed, and those that were not."""
        self._socket = _bound(host, port)
        self._subscribers: dict[Any, float] = {}
        self._heard: deque[Event] = deque(maxlen=64)
        self._ended = threading.Event()
        self._wake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        """The number of the interface, and the port."""
        self._before = self._state()
        self._unsubscribe = shown.events.subscribe(self._hear)
        self._thread = threads.start(self._run, "osc")

    @property
    def subscribers(self) -> int:
        """How many there are that hear of changes."""
        return len(self._subscribers)

    def close(self) -> None:
        """Stop listening, and wait for the thread, two seconds at most."""
        self._unsubscribe()
        self._ended.set()
        self._nudge()
        if threads.join([self._thread], time.monotonic() + _PATIENCE):
            for held in (self._socket, self._wake, self._waker):
                held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _state(self) -> State:
        shown = self._shown
        return State(shown.stream.controls.settings, shown.view.settings, shown.place, self._recording())

    def _hear(self, event: Event) -> None:
        self._heard.append(event)
        self._nudge()

    def _nudge(self) -> None:
        try:
            self._waker.send(b"!")
        except OSError:  # full: it is awake
            _log.debug("the OSC thread is awake already")

    # ---- the thread ----

    def _run(self) -> None:
        begin, count = time.monotonic(), 0
        while not self._ended.is_set():
            ready, _, _ = select.select([self._socket, self._wake], [], [], 1.0)
            if self._wake in ready:
                self._wake.recv(4096)
                self._tell()
            if self._socket in ready:
                count += self._receive()
            now = time.monotonic()
            if now - begin >= 1.0:
                begin, count = now, 0
            elif count >= _MOST_A_SECOND:
                self._ended.wait(begin + 1.0 - now)

    def _receive(self) -> int:
        """Follow the messages of a packet, and give their number."""
        try:
            data, sender = self._socket.recvfrom(65_536)
        except OSError:  # nothing, or an answer of before that nobody took
            return 0
        try:
            messages = read_packet(data)
        except UsageError as error:
            self._refuse(sender, "", error)
            return 1
        for address, values in messages:
            if address in _ANSWERS:
                self.wrong += 1
                continue
            try:
                self._follow(address, values, sender)
                self.followed += 1
            except RealtimeError as error:
                self._refuse(sender, address, error)
            except Exception as error:
                _log.exception("a message to %r fails", address[:80])
                self._refuse(sender, address, UsageError(f"this should not happen: {type(error).__name__}"))
        return len(messages)

    def _refuse(self, sender: Any, address: str, error: RealtimeError) -> None:
        self.wrong += 1
        _log.debug("a wrong OSC message from %s: %s", sender, error)
        self._send(sender, f"{ROOT}error", address[:80], without_secrets(str(error))[:_LONGEST_ERROR])

    def _send(self, receiver: Any, address: str, *values: Value) -> None:
        told = [clean(value) if isinstance(value, str) else value for value in values]
        try:
            self._socket.sendto(write_message(address, *told), receiver)
        except OSError as error:
            _log.debug("%s cannot be answered: %s", receiver, error)

    def _follow(self, address: str, values: list[Value], sender: Any) -> None:
        if entry := INVENTORY.get(address):
            self._use(entry, values, sender)
        elif address == f"{ROOT}query":
            self._list(values, sender)
        elif address == f"{ROOT}styles":
            self._send(sender, address, *self._shown.stream.library.names[:100])
        elif address == f"{ROOT}subscribe":
            self._subscribe(sender)
        elif address == f"{ROOT}unsubscribe":
            self._subscribers.pop(sender, None)
            self._send(sender, f"{ROOT}unsubscribed")
        else:
            raise UsageError(f"there is no {address[:80]!r}; {ROOT}query lists what there is")

    def _use(self, entry: Entry, values: list[Value], sender: Any) -> None:
        if not values and entry.value:
            self._send(sender, entry.address, entry.value(self._state()))
            return
        if entry.saves and not self._saves:
            raise UsageError(f"{entry.address} writes a file, which --osc-record allows")
        if command := entry.command(values):
            self._shown.apply(command)

    def _list(self, values: list[Value], sender: Any) -> None:
        if values and values[0] not in INVENTORY:
            raise UsageError(f"there is no {str(values[0])[:80]!r}; {ROOT}query alone lists what there is")
        state = self._state()
        found = [INVENTORY[str(values[0])]] if values else list(INVENTORY.values())
        for entry in found:
            least, most = entry.bounds or (None, None)
            now = entry.value(state) if entry.value else None
            self._send(
                sender, f"{ROOT}entry", entry.address, entry.kind, entry.help,
                None if least is None else float(least), None if most is None else float(most), now,
            )  # fmt: skip
        self._send(sender, f"{ROOT}entries", len(found))

    # ---- subscribers ----

    def _subscribe(self, sender: Any) -> None:
        self._forget()
        if sender not in self._subscribers and len(self._subscribers) >= SUBSCRIPTIONS:
            raise UsageError(f"there are {SUBSCRIPTIONS} subscribers already; try again in a minute")
        self._subscribers[sender] = self._clock() + SUBSCRIPTION_SECONDS
        self._send(sender, f"{ROOT}subscribed", SUBSCRIPTION_SECONDS)

    def _forget(self) -> None:
        now = self._clock()
        self._subscribers = {sender: until for sender, until in self._subscribers.items() if until > now}

    def _tell(self) -> None:
        """Tell the subscribers what has changed since the last time."""
        self._forget()
        before, self._before = self._before, self._state()
        changes: list[tuple[str, Value]] = [
            (entry.address, entry.value(self._before))
            for entry in INVENTORY.values()
            if entry.value and entry.value(self._before) != entry.value(before)
        ]
        while self._heard:
            event = self._heard.popleft()
            if isinstance(event, Trouble):
                changes.append((f"{ROOT}trouble", without_secrets(event.text)))
            elif isinstance(event, Saved):
                changes.append((f"{ROOT}saved", event.path.name))
        for subscriber in self._subscribers:
            for address, value in changes:
                self._send(subscriber, address, value)


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setblocking(False)
            listening.bind(address)
        except OSError:
            listening.close()
            raise
    except OSError as error:
        raise SinkError(
            f"OSC cannot listen on {host}:{port} ({error.strerror or error}); choose another port, or an address of this"
            " computer"
        ) from error
    return listening
