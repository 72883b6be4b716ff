"""Where the page is: the addresses that are listened at, those that are printed, and those that a browser may name."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import re
import socket
from dataclasses import dataclass

import psutil

from realtime.core.errors import SinkError, UsageError

HOST, PORT = "127.0.0.1", 8000
_TRIES = 20  # ports that are tried after one that is taken
_HOST = r"\[[\da-fA-F:.]+\]|[A-Za-z\d.-]*[A-Za-z.-][A-Za-z\d.-]*"
_ADDRESS = re.compile(rf"(?:({_HOST})(?::|$))?(\d{{1,5}})?")


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port to listen at.

    Attributes:
        host: A name or an IP address, without brackets.
        port: From 1; 0 for any that is free.
    """

    host: str
    port: int

    @property
    def everywhere(self) -> bool:
        """Whether it stands for all addresses of this machine."""
        return self.host in ("0.0.0.0", "::")

    @property
    def local(self) -> bool:
        """Whether only this machine reaches it."""
        return self.host == "localhost" or _is_loopback(self.host)


def parse(text: str, lan: bool = False) -> Address:
    """Read an address as people write it.

    Args:
        text: HOST:PORT, HOST, PORT, [IPv6]:PORT, or nothing for the usual one.
        lan: Whether the usual host is every address of this machine, not this machine alone.

    Returns:
        The address.

    Raises:
        UsageError: It is none.
    """
    host, port = ("0.0.0.0" if lan else HOST), PORT
    found = _ADDRESS.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{text!r} is no address for the page; write it as 127.0.0.1:8000, or 8000 alone")
    if found[1]:
        host = found[1].strip("[]")
    if found[2]:
        port = int(found[2])
    if not 0 <= port <= 65_535:
        raise UsageError(f"there is no port {port}; ports go from 1 to 65535")
    return Address(host, port)


def listen(address: Address) -> socket.socket:
    """Listen at an address, or at the next port that is free.

    Args:
        address: Where.

    Returns:
        The socket, which listens.

    Raises:
        SinkError: Nobody can listen there, or all ports that were tried are taken.
    """
    for port in range(address.port, min(address.port + _TRIES, 65_536)):
        try:
            return _listening(address.host, port)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise SinkError(
                    f"the page cannot be at {address.host}:{port} ({error.strerror or error}); choose another address"
                ) from error
            reason = error.strerror
    raise SinkError(
        f"the page cannot be at {address.host}:{address.port} ({reason}), nor at the next {_TRIES - 1} ports; choose another"
    )


def _listening(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    found = socket.socket(family, kind, protocol)
    try:
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # on Windows, where SO_REUSEADDR lets two listen at one port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen(128)
    except OSError:
        found.close()
        raise
    return found


def local_addresses() -> list[str]:
    """Give the IP addresses of this machine in its networks, those that people reach it by first."""
    found = []
    for name, addresses in psutil.net_if_addrs().items():
        for address in addresses:
            if address.family in (socket.AF_INET, socket.AF_INET6):
                plain = address.address.partition("%")[0]
                with contextlib.suppress(ValueError):
                    parsed = ipaddress.ip_address(plain)
                    if not parsed.is_loopback and not parsed.is_link_local:
                        virtual = name.startswith(("docker", "br-", "veth", "virbr", "vmnet", "vboxnet"))
                        found.append((parsed.version, virtual, not parsed.is_private, plain))
    return [plain for *_, plain in sorted(found)]


def names_of(address: Address) -> list[str]:
    """Give what a browser may call this machine when it reaches an address, the best to print first."""
    if address.local:
        return [address.host, *(name for name in ("127.0.0.1", "localhost", "::1") if name != address.host)]
    own = socket.gethostname().lower()
    names = [own, f"{own}.local"] if own else []
    if not address.everywhere:
        return [address.host, *(name for name in (*names, "127.0.0.1", "localhost", "::1") if name != address.host)]
    return [*local_addresses(), *names, "127.0.0.1", "localhost", "::1"]


def in_url(host: str) -> str:
    """Write a host as an address has it: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def from_elsewhere(client: str, own: str) -> bool:
    """Say whether a connection comes from another machine.

    Args:
        client: The IP address that it comes from.
        own: The IP address of this machine that it came to.
    """
    return client != own and not _is_loopback(client)


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        return (mapped or address).is_loopback
    return False
