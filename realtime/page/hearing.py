"""What browsers say over the socket, and who may say it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.control.actions import Snapshot
from realtime.control.commands import SelectStyle, SetStyles, UseLook
from realtime.core.errors import RealtimeError, UsageError
from realtime.core.events import Notice
from realtime.core.text import label
from realtime.look.look_files import read_look
from realtime.page.client import Client
from realtime.page.commands import CONTROL_ALONE, MessageError, build
from realtime.page.deck import send_known
from realtime.page.hub import Hub
from realtime.page.lending import Lending

_MOST_THUMBNAILS = 64


class Hearing:
    """Carries out what clients say. All of it belongs to the page's loop."""

    def __init__(
        self,
        hub: Hub,
        lending: Lending,
        invite: Callable[[str], dict[str, Any]],
        older: Callable[[], list[Path]],
        send_away: Callable[[int], None],
    ) -> None:
        """Hear for `hub`.

        Args:
            hub: Everybody who is connected.
            lending: The cameras of browsers.
            invite: Gives the address of a role, for others to come by.
            older: Gives the folders in which earlier sessions saved.
            send_away: Lets a guest go, for good.
        """
        self._hub, self._lending, self._invite, self._older, self._send_away = hub, lending, invite, older, send_away
        self._kinds: dict[str, tuple[tuple[str, ...], Callable[[Client, dict[str, Any]], None]]] = {
            "want": (("control", "view", "guest"), self._want),
            "ack": (("control", "view", "guest"), self._ack),
            "pong": (("control", "view", "guest"), lambda client, message: None),
            "command": (("control", "guest"), self._command),
            "camera": (("control", "guest"), self._camera),
            "label": (("guest",), self._label),
            "invite": (("control",), self._invited),
            "older": (("control",), self._list_older),
            "guests": (("control",), self._guests),
            "remove": (("control",), self._remove),
            "wall": (("control",), self._wall),
        }

    def hear(self, client: Client, message: dict[str, Any]) -> None:
        """Carry out a message.

        Raises:
            MessageError: There is no such message, it is not this client's to send, or it is not written as it should be.
        """
        if message["type"] not in self._kinds:
            raise MessageError("unknown-type", f"there is no message {message['type'][:40]!r}")
        roles, do = self._kinds[message["type"]]
        if client.role not in roles:
            raise MessageError("not-allowed", f"{message['type']} is not for the role {client.role}")
        do(client, message)

    def _want(self, client: Client, message: dict[str, Any]) -> None:
        if "source" in message:
            self._choose(client, message["source"])
        if "h264" in message:
            client.h264, client.video_at = _flag(message["h264"]) and client.far, None
        if "pictures" in message:
            client.pictures = _flag(message["pictures"])
        if "h264" in message or "pictures" in message:
            self._hub.pictures.count_watchers()
            self._hub.pictures.feed(client)
        if "thumbnails" in message:
            if client.role == "view":
                raise MessageError("not-allowed", "thumbnails are not for the role view")
            numbers = message["thumbnails"]
            if not isinstance(numbers, list) or len(numbers) > _MOST_THUMBNAILS or not all(map(_is_number, numbers)):
                raise MessageError(
                    "wrong-value", f"thumbnails is a list of at most {_MOST_THUMBNAILS} numbers of styles"
                )
            before, client.thumbnails = client.thumbnails, frozenset(numbers)
            if client.thumbnails - before:
                send_known(self._hub, client)

    def _choose(self, client: Client, number: Any) -> None:
        sources = self._hub.sources
        if client.role == "guest":
            raise MessageError("not-allowed", "guests see their own cameras alone")
        if not _is_number(number) or not 1 <= number <= len(sources):
            raise MessageError(
                "no-source", f"there is no source {str(number)[:20]!r}; there are {len(sources)}, from 1"
            )
        self._hub.choose(client, sources[number - 1])

    def _ack(self, client: Client, message: dict[str, Any]) -> None:
        if client.acknowledge(message.get("seq")):
            self._hub.pictures.feed(client)

    def _command(self, client: Client, message: dict[str, Any]) -> None:
        name, value, asked = message.get("name"), message.get("value"), message.get("n")
        channel = client.channel
        if not isinstance(name, str):
            raise MessageError("unknown-command", "a command has a name")
        if channel is None:
            raise MessageError("failed", "there is no picture to steer; lend a camera first")
        if name in CONTROL_ALONE or name in ("keep_style", "use_look"):
            if client.role != "control":
                raise MessageError("not-allowed", f"{name} is not for the role {client.role}")
            if name == "keep_style":
                return self._do(client, asked, lambda: self._keep_style(value))
            if name == "use_look":
                return self._do(client, asked, lambda: self._use_look(client, value))
        command = build(name, value, self._hub.lists.styles)
        if client.role == "guest":
            styles = [command.style] if isinstance(command, SelectStyle) else []
            styles += [style for style, _ in command.styles] if isinstance(command, SetStyles) else []
            if not all(self._hub.lists.may_use(str(style), client.role, client.holder) for style in styles):
                raise MessageError("wrong-value", "there is no such style")
            if isinstance(command, Snapshot) and not self._hub.take_home:
                raise MessageError("not-allowed", "snapshots are not for visitors here")
        self._do(client, asked, lambda: channel.shown.apply(command))

    def _do(self, client: Client, asked: Any, job: Callable[[], None]) -> None:
        """Do what was asked for on the thread of work, in the order in which it was asked for."""
        channel = client.channel

        async def do() -> None:
            try:
                await self._hub.loop.work(job)
            except RealtimeError as error:
                client.errors += 1
                client.complain("failed", str(error), asked)
            else:
                if _is_number(asked):
                    client.tell({"type": "done", "n": asked})
            self._hub.change(channel)

        self._hub.loop.begin_task(do())

    def _keep_style(self, value: Any) -> None:
        name = self._hub.brought.keep(self._hub.lists.styles.name(value))
        self._hub.session.events.emit(Notice(f"kept as the style {name}"))

    def _use_look(self, client: Client, value: Any) -> None:
        path = self._hub.lists.look_file(value)
        if path is None or client.channel is None:
            raise UsageError("there is no such look")
        look = read_look(path)
        found = tuple((self._hub.library.find(name), weight) for name, weight in look.styles)
        client.channel.shown.apply(UseLook(replace(look, styles=found)))

    def _camera(self, client: Client, message: dict[str, Any]) -> None:
        if _flag(message.get("on")):
            self._lending.begin(client)
        else:
            self._lending.end(client)

    def _label(self, client: Client, message: dict[str, Any]) -> None:
        if not isinstance(message.get("text"), str):
            raise MessageError("wrong-value", "a label has a text")
        client.label = label(message["text"]) or f"{client.role} {client.id}"
        self._hub.tell_company()

    def _invited(self, client: Client, message: dict[str, Any]) -> None:
        if message.get("role") not in ("view", "deck", "guest"):
            raise MessageError("wrong-value", "one is invited to view, to deck or as a guest")
        client.tell(self._invite(message["role"]))

    def _list_older(self, client: Client, message: dict[str, Any]) -> None:
        async def find() -> None:
            folders = self._older()
            await self._hub.loop.work(lambda: self._hub.files.add_older(folders))
            client.show("files", self._hub.lists.files(True))

        self._hub.loop.begin_task(find())

    def _guests(self, client: Client, message: dict[str, Any]) -> None:
        cameras = _flag(message.get("cameras", self._hub.cameras))
        self._hub.open_to_guests(cameras, _flag(message.get("styles", self._hub.styles_open)))

    def _remove(self, client: Client, message: dict[str, Any]) -> None:
        if not _is_number(message.get("client")):
            raise MessageError("wrong-value", "client is the number of a guest")
        self._send_away(message["client"])

    def _wall(self, client: Client, message: dict[str, Any]) -> None:
        number = message.get("stream")
        chosen = {channel.id for channel in self._hub.chosen.values()}
        if not _is_number(number) or number not in self._hub.channels.keys() - chosen:
            raise MessageError("wrong-value", "there is no such stream")
        self._hub.set_wall(number)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise MessageError("wrong-value", "this is true or false")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
