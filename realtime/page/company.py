"""Who is there: counted, described for those who steer, and put into words for the window's line."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from realtime.page.client import REMOVED, Client, written


def counts(clients: Collection[Client]) -> dict[str, int]:
    """Count clients by role."""
    return {role: sum(client.role == role for client in clients) for role in ("view", "control", "guest")}


def in_words(clients: Collection[Client]) -> str:
    """Say how many watch and steer; "" where nobody does."""
    found = counts(clients)
    words = [
        f"{found['view']} watching" if found["view"] else "",
        f"{found['control']} steering" if found["control"] else "",
    ]
    words.append(f"{found['guest']} guest{'s' * (found['guest'] > 1)}" if found["guest"] else "")
    return ", ".join(word for word in words if word)


def described(clients: Collection[Client]) -> dict[str, Any]:
    """Describe clients for those who steer."""
    listed = [{"id": c.id, "role": c.role, "label": c.label, "stream": c.own.id if c.own else None} for c in clients]
    return {"type": "clients", "clients": listed}


def tell_figures(clients: Collection[Client]) -> None:
    """Tell those who steer, and those who see pictures, how their streams run."""
    found = counts(clients)
    figures = {client.channel: client.channel.figures() for client in clients if client.channel}
    for client in clients:
        if client.channel is None or not (client.pictures or client.role == "control"):
            continue
        late = sorted(client.latencies)
        told = {**figures[client.channel], "latency": round(1000 * late[len(late) // 2]) if late else None}
        client.show("figures", written({**told, "clients": found} if client.role != "guest" else told))


def send_away(clients: Collection[Client], number: int) -> str | None:
    """Let a guest go, and everybody who has his cookie.

    Args:
        clients: Everybody.
        number: The guest's.

    Returns:
        What tells his browser from others; None where he is no guest, or not here.
    """
    guest = next((client for client in clients if client.id == number and client.role == "guest"), None)
    if guest is None:
        return None
    for other in clients:
        if other.holder == guest.holder:
            other.close(REMOVED, "removed")
    return guest.holder
