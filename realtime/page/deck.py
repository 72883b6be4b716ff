"""The thumbnails of the deck: painted by the stream's one service, encoded once, sent to those who see them."""

from __future__ import annotations

from realtime.page.client import Client
from realtime.page.hub import Hub


def paint(hub: Hub) -> None:
    """Have the thumbnails painted that somebody sees, and send those that are new. To be called more than once a second."""
    for channel in tuple(hub.channels.values()):
        watching = [client for client in hub.clients.values() if client.channel is channel and client.thumbnails]
        wanted = {number for client in watching for number in client.thumbnails}
        names = [name for name in hub.library.names if hub.lists.styles.number(name) in wanted]
        for name, jpeg in (channel.paint(names) if names else {}).items():
            number = hub.lists.styles.number(name)
            for client in watching:
                if number in client.thumbnails and hub.lists.may_use(name, client.role, client.holder):
                    client.give_thumbnail(number, jpeg)


def send_known(hub: Hub, client: Client) -> None:
    """Send a client the thumbnails that are there already."""
    if client.channel is None or not client.thumbnails:
        return
    for name in hub.library.names:
        number, jpeg = hub.lists.styles.number(name), client.channel.painted(name)
        if jpeg and number in client.thumbnails and hub.lists.may_use(name, client.role, client.holder):
            client.give_thumbnail(number, jpeg)
