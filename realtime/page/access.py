"""Who may do what: tokens, the cookies that they are exchanged for, and which requests are this page's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import platformdirs

from realtime.core.errors import SinkError

Role: TypeAlias = Literal["control", "view", "guest"]

_SECRET_BYTES = 32
_GUEST_SECONDS = 86_400.0  # that a visitor's cookie is good for
_ONCE_SECONDS = 60.0
_WRONG, _WRONG_SECONDS = 10, 60.0  # wrong tokens in so many seconds, after which none is looked at


@dataclass(frozen=True, slots=True)
class Pass:
    """What a cookie says.

    Attributes:
        role: What its holder may do.
        holder: Tells one browser from another: 128 random bits, as text.
    """

    role: Role
    holder: str


def key_file() -> Path:
    """Say where the secret lies that tokens and cookies are made with; whoever removes the file makes all of them void."""
    return platformdirs.user_state_path("realtime") / "page-key"


def read_secret(path: Path) -> bytes:
    """Read the secret of this user, or make one: addresses and cookies stay good when the program is started again.

    Args:
        path: Its file, which its owner alone may read.

    Returns:
        32 random bytes.

    Raises:
        SinkError: The file can neither be read nor made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            os.chmod(path, 0o600)
            if len(secret := path.read_bytes()) == _SECRET_BYTES:
                return secret
            path.unlink()  # cut short, by a disk that was full: nothing was made with it
            return read_secret(path)
        with open(number, "wb") as file:
            file.write(secret := secrets.token_bytes(_SECRET_BYTES))
    except OSError as error:
        raise SinkError(f"the page's key {path} can neither be read nor made ({error.strerror})") from error
    return secret


class Access:
    """Tokens of 128 bits, one a role, and cookies. The control and view tokens are this user's, a guest's is the session's."""

    def __init__(self, secret: bytes) -> None:
        """Make the tokens of a secret."""
        self._secret = secret
        self._tokens: dict[Role, str] = {role: _text(self._mac(f"token {role}")) for role in ("control", "view")}
        self._tokens["guest"] = _text(secrets.token_bytes(16))
        self._removed: set[str] = set()
        self._once: dict[str, float] = {}
        self._wrong: deque[float] = deque(maxlen=_WRONG)

    def token(self, role: Role) -> str:
        """Give the token of a role."""
        return self._tokens[role]

    def token_once(self) -> str:
        """Give a control token that is good once, for a minute: other users see what a browser is started with."""
        self._once[token := _text(secrets.token_bytes(16))] = time.monotonic() + _ONCE_SECONDS
        return token

    def role_of(self, token: str) -> Role | None:
        """Give the role that a token stands for; None for a wrong one."""
        found: Role | None = None
        for role, known in self._tokens.items():  # all of them, whichever fits: the time tells nothing
            if hmac.compare_digest(known.encode(), token.encode("utf-8", "replace")):
                found = role
        if found is None and time.monotonic() < self._once.pop(token, 0.0):
            found = "control"
        if found is None:
            self._wrong.append(time.monotonic())
        return found

    @property
    def too_often(self) -> bool:
        """Whether so many wrong tokens came lately that none is looked at."""
        return len(self._wrong) == _WRONG and time.monotonic() - self._wrong[0] < _WRONG_SECONDS

    def new_cookie(self, role: Role) -> str:
        """Make a cookie for a browser that showed the token of a role."""
        told = f"{role}.{int(time.time())}.{_text(secrets.token_bytes(16))}"
        return f"{told}.{_text(self._mac(f'cookie {told}'))}"

    def read_cookie(self, value: str) -> Pass | None:
        """Read a cookie that `new_cookie` made, in this run of the program or an earlier one; None for any other."""
        told, _, mac = value.rpartition(".")
        words = told.split(".")
        if len(words) != 3 or not hmac.compare_digest(_text(self._mac(f"cookie {told}")).encode(), mac.encode()):
            return None
        role, made, holder = words
        if role == "guest" and (holder in self._removed or time.time() - int(made) > _GUEST_SECONDS):
            return None
        return Pass(role, holder) if role in get_args(Role) else None  # type: ignore[arg-type]

    def remove(self, holder: str) -> None:
        """Let the cookie of a guest be good for nothing from now on."""
        self._removed.add(holder)

    def _mac(self, text: str) -> bytes:
        return hmac.digest(self._secret, text.encode("utf-8", "replace"), hashlib.sha256)[:16]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def cookie_name(port: int) -> str:
    """Give the name of the cookie: two programs on one machine have two."""
    return f"realtime-{port}"


def cookie_in(header: str, port: int) -> str:
    """Find the page's cookie in a `Cookie` header; "" where there is none."""
    for pair in header.split(";"):
        name, _, value = pair.strip().partition("=")
        if name == cookie_name(port):
            return value
    return ""
