"""Everybody who is connected, and what they see. All of it belongs to the page's loop, where nothing else is said."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from typing import Any

from realtime.core.events import Event, Events, LooksChanged, Notice, Saved, StylesChanged
from realtime.live.outputs import Outputs
from realtime.live.session import LiveSession
from realtime.live.stream import Shown, Stream
from realtime.models.stylizer import Stylizer
from realtime.page import company
from realtime.page.access import Role
from realtime.page.channel import Channel
from realtime.page.client import FULL, Client, written
from realtime.page.files import SavedFile, SavedFiles
from realtime.page.lists import Lists
from realtime.page.loop import PageLoop
from realtime.page.pictures import Pictures
from realtime.page.take_home import TakeHome
from realtime.styles.brought import BroughtStyles

_log = logging.getLogger(__name__)

MOST_CLIENTS = 64
_FOR_CONTROL = 4  # places that are kept for those who steer
_STATE_SECONDS, _FIGURES_SECONDS, _THUMBNAIL_SECONDS = 0.1, 1.0, 0.4


class Hub:
    """Knows clients and channels, gives pictures to those who wait, and tells everybody what changed."""

    def __init__(
        self,
        session: LiveSession,
        stylizer: Stylizer,
        own: Shown | None,
        outputs: Outputs | None = None,
        take_home: TakeHome | None = None,
    ) -> None:
        """Make a hub.

        Args:
            session: The session, whose streams are shown.
            stylizer: Makes codes of pictures that people bring.
            own: What the program itself shows, where it has a source.
            outputs: What saves its pictures.
            take_home: Gives snapshots away, where visitors may take them home.
        """
        self.session, self.library, self.take_home = session, session.library, take_home
        self.brought = BroughtStyles(self.library, stylizer)
        self.files = SavedFiles()
        self.clients: dict[int, Client] = {}
        self.channels: dict[int, Channel] = {}
        self.lists = Lists(self.library, self.brought, self.files)
        self.cameras, self.styles_open = True, False
        """What guests may do: lend their cameras; bring styles to the stream of the wall."""
        self.saved: Callable[[SavedFile], None] = lambda file: None
        """Called with each file that was saved."""
        self.loop = PageLoop()
        self.pictures = Pictures(self.clients, self.channels, self.loop.post)
        self.each_second: list[Callable[[], None]] = []
        """Called once a second."""
        self.thumbnails: Callable[[], None] = lambda: None
        """Called more than once a second."""
        self._wall = 0
        self._dirty = {0}
        self.numbers = itertools.count(1)
        """Numbers for more channels."""
        self.chosen: dict[Stream, Channel] = {}
        """The channels of those of the program's own sources that somebody chose for himself, whatever the wall shows."""
        self._own = own
        self._unsubscribe = {0: session.events.subscribe(lambda event: self.loop.post(self._heard, 0, event))}
        if own:
            self.channels[0] = Channel(0, own, self.pictures, outputs)

    async def run(self) -> None:
        """Tell what changes, until cancelled."""
        self.loop.begin()
        ticked = painted = 0.0
        try:
            while True:
                await asyncio.sleep(_STATE_SECONDS)
                now = time.monotonic()
                if now - ticked >= _FIGURES_SECONDS:
                    ticked = now
                    self._tick(now)
                    for do in self.each_second:
                        do()
                if now - painted >= _THUMBNAIL_SECONDS:
                    painted = now
                    self.thumbnails()
                self._tell_states()
        finally:
            self.loop.end()

    def close(self, deadline: float) -> bool:
        """End what the hub began; its loop has ended."""
        for unsubscribe in self._unsubscribe.values():
            unsubscribe()
        for channel in self.channels.values():
            channel.close()
        return self.loop.close(deadline)

    # ---- clients ----

    @property
    def wall(self) -> Channel | None:
        """The channel that `/` and `/view` show."""
        return self.channels.get(self._wall)

    def set_wall(self, number: int) -> None:
        """Show another channel."""
        before, self._wall = self.wall, number
        for client in self.clients.values():
            if client.role != "guest" and client.own is None and client.channel in (before, None):
                client.look_elsewhere(self.wall)
                self.welcome(client)
        self._dirty.add(number)
        self.pictures.count_watchers()

    def full(self, role: Role) -> bool:
        """Say whether nobody more of a role comes in."""
        return len(self.clients) >= MOST_CLIENTS - (0 if role == "control" else _FOR_CONTROL)

    def add(self, client: Client, hello: dict[str, Any]) -> None:
        """Take up a client, and tell it everything that its role may know."""
        if self.full(client.role):
            client.close(FULL, "too many clients")
            return
        self.clients[client.id] = client
        client.tell(hello)
        client.look_elsewhere(None if client.role == "guest" else self.wall)
        self.welcome(client)
        self.tell_company()
        _log.info("a browser joined the page: %s", client.role)

    def remove(self, client: Client) -> None:
        """Forget a client."""
        if self.clients.pop(client.id, None):
            self._let_go()
            _log.info("a browser left the page: %s, %d messages were wrong", client.role, client.errors)
            self.tell_company()

    def tell_company(self) -> None:
        """Tell those who steer, and the window's line, who is there; ask for pictures where somebody watches."""
        clients = self.clients.values()
        if self._own:
            self._own.view.company = company.in_words(clients)
        self.show_control("clients", written(company.described(clients)))
        self.pictures.count_watchers()

    def show_control(self, kind: str, text: str) -> None:
        """Show something to those who steer."""
        for client in self.clients.values():
            if client.role == "control":
                client.show(kind, text)

    # ---- channels ----

    def add_channel(self, number: int, stream: Stream, outputs: Outputs | None, events: Events) -> Channel:
        """Show one more stream."""
        channel = self.channels[number] = Channel(number, stream, self.pictures, outputs)
        self._unsubscribe[number] = events.subscribe(lambda event: self.loop.post(self._heard, number, event))
        self._dirty.add(number)
        return channel

    @property
    def sources(self) -> tuple[Stream, ...]:
        """The streams of the program's own sources, which viewers choose from."""
        return self._own.streams if self._own else ()

    def choose(self, client: Client, stream: Stream) -> None:
        """Show a client one of `sources`, whatever the wall shows."""
        if stream not in self.chosen:
            channel = self.chosen[stream] = Channel(next(self.numbers), stream, self.pictures)
            self.channels[channel.id] = channel
        client.look_elsewhere(self.chosen[stream])
        self._let_go()
        self.welcome(client)
        self.pictures.count_watchers()

    def _let_go(self) -> None:
        """Let go of sources that nobody chooses any more: their streams rest where they are not shown either."""
        for stream, channel in tuple(self.chosen.items()):
            if all(client.channel is not channel for client in self.clients.values()):
                del self.chosen[stream], self.channels[channel.id]
                self.loop.begin_task(self.loop.work(channel.close))

    def remove_channel(self, channel: Channel) -> None:
        """Show a stream no more."""
        if self.channels.pop(channel.id, None):
            self._unsubscribe.pop(channel.id)()
        for client in self.clients.values():
            if client.channel is channel:
                client.look_elsewhere(None if client.role == "guest" else self.wall)
                self.welcome(client)
        if self._wall == channel.id:
            self.set_wall(0)
        self.pictures.count_watchers()

    # ---- what changed ----

    def open_to_guests(self, cameras: bool, styles: bool) -> None:
        """Let guests lend cameras and bring styles to the wall, or not, and tell everybody."""
        self.cameras, self.styles_open = cameras, styles
        self._dirty |= set(self.channels)
        for client in self.clients.values():
            if client.role == "guest":
                client.show("guests", self._open_to_guests())

    def _open_to_guests(self) -> str:
        return written({"type": "guests", "cameras": self.cameras, "styles": self.styles_open})

    def change(self, channel: Channel | None) -> None:
        """Tell how a channel is set now."""
        if channel:
            self._dirty.add(channel.id)

    def _heard(self, number: int, event: Event) -> None:
        self._dirty.add(number)
        channel = self.channels.get(number)
        if isinstance(event, StylesChanged):
            self.tell_styles()
        if isinstance(event, LooksChanged):
            self.show_control("looks", self.lists.looks())
        if isinstance(event, Saved):
            self._saved(event, channel)
        elif event.text and not (isinstance(event, Notice) and event.of_settings):  # which the state tells
            for client in self.clients.values():
                if client.role != "view" and (client.channel is channel or client.role == "control"):
                    client.show(f"notice {event.text[:80]}", written({"type": "notice", "text": event.text}))

    def _saved(self, event: Saved, channel: Channel | None) -> None:
        file = self.files.add(event.path)
        if file is None:
            return
        for client in self.clients.values():
            if client.role == "control":
                client.tell({"type": "saved", "file": file.described()})
        self.show_control("files", self.lists.files(False))
        self.saved(file)

    def tell_styles(self) -> None:
        """Tell everybody who may know of the styles."""
        for client in self.clients.values():
            if client.role != "view":
                client.show("styles", self.lists.styles_for(client.role, client.holder))

    def welcome(self, client: Client) -> None:
        """Tell a client all that its role may know, and give it the newest picture of what it sees."""
        if client.role != "view":
            client.show("styles", self.lists.styles_for(client.role, client.holder))
        if client.role == "control":
            client.show("clients", written(company.described(self.clients.values())))
            client.show("files", self.lists.files(False))
            client.show("looks", self.lists.looks())
        if client.role == "guest":
            client.show("guests", self._open_to_guests())
        if client.channel:
            client.show("state", self._state(client.channel, client.role))
            self.pictures.feed(client)

    def _state(self, channel: Channel, role: Role) -> str:
        state = channel.state(self.lists.styles)
        state["guests"] = {"cameras": self.cameras, "styles": self.styles_open}
        if role != "guest":
            state["wall"] = self._wall
        return written(state)

    def _tell_states(self) -> None:
        dirty, self._dirty = self._dirty, set()
        for number in dirty:
            if (channel := self.channels.get(number)) is None:
                continue
            told = self._state(channel, "control")
            if told == channel.written:
                continue
            channel.written = told
            for client in self.clients.values():
                if client.channel is channel:
                    client.show("state", told if client.role != "guest" else self._state(channel, "guest"))

    def _tick(self, now: float) -> None:
        self._dirty |= set(self.channels)
        company.tell_figures(self.clients.values())
        for client in tuple(self.clients.values()):
            client.tick(now)
            self.pictures.feed(client)
        if self.take_home:
            self.take_home.tidy()
