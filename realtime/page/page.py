"""The page of a session: opened where a person asked for it, and closed with the session."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from realtime._version import __version__
from realtime.control.keymap import GROUPS
from realtime.live.outputs import Outputs, Saving
from realtime.live.session import LiveSession
from realtime.live.stream import Shown
from realtime.media.clip_file import clips_folder
from realtime.models.stylizer import Stylizer
from realtime.page import deck
from realtime.page.access import Access, Role, key_file, read_secret
from realtime.page.address import Address, in_url, listen, names_of
from realtime.page.app import Served, make_app
from realtime.page.certificate import Certificate, own_certificate
from realtime.page.company import send_away
from realtime.page.giving import Giving, qr
from realtime.page.hearing import Hearing
from realtime.page.hub import Hub
from realtime.page.lending import Lending
from realtime.page.quality import LEVELS
from realtime.page.server import PageServer
from realtime.page.shells import read_static, static_folder
from realtime.page.take_home import TakeHome
from realtime.page.taking import Taking
from realtime.sinks.replay import SECONDS as REPLAY_SECONDS

_log = logging.getLogger(__name__)

_CLOSE_SECONDS = 5.0
_PATHS: dict[str, tuple[Role, str]] = {
    "control": ("control", "/"), "view": ("view", "/view"), "deck": ("control", "/deck"), "guest": ("guest", "/guest"),
}  # fmt: skip
"""What people are invited to: the role, and the path."""


@dataclass(frozen=True, slots=True)
class PageOptions:
    """How a page is opened.

    Attributes:
        address: Where it listens; at the next port where this one is taken.
        take_home: Whether visitors may take snapshots home.
        saving: Where and how an owner's pictures are saved.
        secret: The file of the secret that tokens are made with; by default in the user's state folder.
        certificate: The folder of the certificate; by default in the user's state folder.
        static: The folder of the page's own files.
    """

    address: Address
    take_home: bool = False
    saving: Saving = field(default_factory=Saving)
    secret: Path | None = None
    certificate: Path | None = None
    static: Path | None = None


class Page:
    """The page of a session, from `open` to `close`. Any thread may call."""

    def __init__(
        self,
        session: LiveSession,
        stylizer: Stylizer,
        own: Shown | None,
        options: PageOptions,
        outputs: Outputs | None = None,
    ) -> None:
        """Make a page; nothing is opened yet.

        Args:
            session: What is shown and steered.
            stylizer: Makes codes of pictures that people bring.
            own: What the program itself shows; None where it has no source.
            options: How it is opened.
            outputs: What saves its pictures.
        """
        self._session, self._options = session, options
        self._stylizer, self._own = stylizer, own
        self._outputs = outputs
        self._server: PageServer | None = None
        self._hub: Hub | None = None
        self._take_home: TakeHome | None = None
        self._certificate: Certificate | None = None
        self._port = self._plain_port = 0
        self._names = names_of(options.address)
        self._access = Access(read_secret(options.secret or key_file()))

    @property
    def secure(self) -> bool:
        """Whether the page is served over https: where others than this machine reach it."""
        return not self._options.address.local

    def open(self) -> None:
        """Listen from now on.

        Raises:
            UsageError: The package that makes certificates is not installed.
            SinkError: Nobody can listen at the address, or the certificate cannot be made.
        """
        options = self._options
        static = read_static(options.static or static_folder())
        if self.secure:
            self._certificate = own_certificate(self._names, options.certificate)
        first = listen(options.address)
        self._port = first.getsockname()[1]
        sockets = [first]
        if self.secure:
            sockets.append(listen(Address(options.address.host, self._port + 1 if self._port < 65_535 else 0)))
        self._plain_port = sockets[-1].getsockname()[1]
        try:
            self._take_home = TakeHome() if options.take_home else None
            self._hub = Hub(self._session, self._stylizer, self._own, self._outputs, self._take_home)
            app = make_app(self._served(self._hub, static))
            pair = (str(self._certificate.file), str(self._certificate.key)) if self._certificate else None
            self._server = PageServer(app, sockets[-1:], sockets[:-1], pair)
            self._server.start(self._hub.run)
        except BaseException:
            for found in sockets:
                found.close()
            raise
        _log.info("the page listens at port %d", self._port)

    def _served(self, hub: Hub, static: dict[str, Any]) -> Served:
        giving = Giving(hub, lambda name: f"{self._base(plain=True)}/take/{name}")
        lending = Lending(hub, self._options.saving, giving)
        hub.each_second.append(lending.tick)
        hub.thumbnails = lambda: deck.paint(hub)
        if self._take_home:
            hub.saved = giving.saved
        hearing = Hearing(hub, lending, self._invite, self._folders, self._send_away)
        return Served(
            hub=hub,
            hearing=hearing,
            lending=lending,
            taking=Taking(hub),
            access=self._access,
            static=static,
            is_known=self._is_known,
            secure=self._port if self.secure else 0,
            https=self._base() if self.secure else "",
            fingerprint=self._certificate.fingerprint if self._certificate else "",
            hello={
                "type": "hello",
                "role": "",
                "version": __version__,
                "engine": self._stylizer.model.description,
                "take_home": self._options.take_home,
                "own_camera": self._own is not None,
                "keys": _keys(),
                "camera_size": list(LEVELS[0].size),
                "strobe": self._session.strobe,
                "replay_seconds": REPLAY_SECONDS,
            },
        )

    def close(self) -> None:
        """Let everybody go, and close what was opened."""
        deadline = time.monotonic() + _CLOSE_SECONDS
        done = self._server.close(deadline) if self._server else True
        if self._hub:
            done = self._hub.close(deadline) and done
        if self._take_home:
            self._take_home.close()
        if not done:
            _log.warning("the page did not end in %g s", _CLOSE_SECONDS)

    # ---- addresses ----

    def _base(self, plain: bool = False) -> str:
        secure = self.secure and not plain
        port = self._port if secure or not self.secure else self._plain_port
        return f"{'https' if secure else 'http'}://{in_url(self._names[0])}:{port}"

    def url(self, invited: str = "control") -> str:
        """Give the address, with its token, of "control", "view", "deck" or "guest"."""
        role, path = _PATHS[invited]
        return f"{self._base()}{path}#{self._access.token(role)}"

    def url_once(self) -> str:
        """Give the address with a token that is good once, for a browser that is started with it."""
        return f"{self._base()}/#{self._access.token_once()}"

    def plain_view(self, source: int = 0) -> str:
        """Give the address of the picture alone over plain http, with its token; for OBS and projectors.

        Args:
            source: The number of a source, from 1, that is shown whatever the others see; 0 for what they see.
        """
        chosen = f"?source={source}" if source else ""
        return f"{self._base(plain=True)}/view{chosen}#{self._access.token('view')}"

    @property
    def warning(self) -> str:
        """The address that explains the browser's warning; empty where there is no https."""
        return f"{self._base(plain=True)}/warning" if self.secure else ""

    def _is_known(self, host: str, port: int) -> bool:
        if port not in (self._port, self._plain_port):
            return False
        if host not in self._names and self._options.address.everywhere:
            self._names += [
                name for name in names_of(self._options.address) if name not in self._names
            ]  # a new network
        return host in self._names

    # ---- what the hub asks for ----

    def _invite(self, invited: str) -> dict[str, Any]:
        url = self.url(invited)
        return {
            "type": "invite", "role": invited, "url": url, "qr": qr(url), "plain": self.warning or None,
            "fingerprint": self._certificate.fingerprint if self._certificate else None,
        }  # fmt: skip

    def _folders(self) -> list[Path]:
        saving = self._options.saving
        if saving.folder:
            return [saving.folder]
        return [platformdirs.user_pictures_path() / "realtime", clips_folder()]

    def _send_away(self, number: int) -> None:
        if self._hub and (holder := send_away(self._hub.clients.values(), number)):
            self._access.remove(holder)


def _keys() -> list[dict[str, Any]]:
    return [
        {"group": group, "label": key.label, "help": key.help, "keys": list(key.commands)}
        for group, keys in GROUPS.items()
        for key in keys
    ]
