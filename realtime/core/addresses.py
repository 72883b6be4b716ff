"""Addresses of network cameras and models, as they may be shown: without whatever may be a user, a password or a token."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from realtime.core.errors import UsageError
from realtime.core.text import clean

_ADDRESS = re.compile(r"(\w[\w+.-]+:/(?:/|(?!/)))(\S+(?:[^\n]*@\S*)?)")  # with one slash: as a path would have it
_HOST = re.compile(r"(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d+)?")
_PLAIN = re.compile(r"[\w./~-]*")
_TELLING = r"user|usr|login|name|admin|root|guest|pass|passw|passwd|password|pwd|pw|token|key|secret|auth|sig|signature|session|sid"
_TELLING_NAME = re.compile(rf"(?:{_TELLING})", re.IGNORECASE)
_TELLING_VALUE = re.compile(rf"(?:^|[^a-z])\w*(?:{_TELLING})\w*\s*[=:]", re.IGNORECASE)
_RANDOM = re.compile(r"(?=[^/]*\d)[\da-fA-F-]{16,}|(?=[^/]*\d)(?=[^/]*[A-Za-z])[\dA-Za-z]{16,}")
_ENDS = "'\"),;:"


def public_name(url: str) -> str:
    """Name a network camera.

    Args:
        url: Its address, with user and password where the camera wants them.

    Returns:
        The address without user, password, query and fragment, and without a path that may hold one of them.

    Raises:
        UsageError: It is no address, or has a sign in user or password that must be written otherwise there.
    """
    try:
        if clean(url) != url or any(letter in url for letter in "\r\n\0"):  # OpenCV would crash
            raise ValueError
        _check_signs(url)
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        raise UsageError("this address cannot be read; wanted something like http://192.168.0.20:8080/video") from None
    if not parts.hostname:
        raise UsageError(
            f"the address {parts.scheme}:// names no computer; wanted something like {parts.scheme}://192.168.0.20/video"
        )
    if "@" in parts.path + parts.query + parts.fragment:  # the computer may be what stands before it, or after it
        return f"{parts.scheme}://…"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path if _is_plain(parts.path) else '/…'}"


def without_secrets(text: str) -> str:
    """Take what may be secret out of every address in a text.

    Args:
        text: A message, a traceback, what a person wrote.

    Returns:
        The text, with an ellipsis for users, passwords, queries and odd paths.
    """
    return _ADDRESS.sub(_safe, text)


def may_hold_secret(text: str) -> bool:
    """Tell whether something that a person wrote, and that is no address, had better not be repeated.

    Args:
        text: Such as "admin:1234@192.168.0.20" or "192.168.0.20/user=admin_password=1234".

    Returns:
        Whether there is a user or a password in it, as far as one can see.
    """
    return "@" in text or bool(_TELLING_VALUE.search(text))


def _check_signs(url: str) -> None:
    """Refuse a user or password with a sign that ends the computer's name for everyone who reads the address."""
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    before, at, after = rest.rpartition("@")
    if not at or len(before) < len(authority):
        return
    host = re.split(r"[/?#]", after, maxsplit=1)[0]
    if ":" in authority.rpartition("@")[2] or "." in host or ":" in host or host == "localhost":
        signs = [sign for sign in "/?#" if sign in before]
        written = " and ".join(f"{sign} as {quote(sign, safe='')}" for sign in signs)
        raise UsageError(
            f"a sign in the user or password of this address ends it for whoever reads it: write {written}, and an @ as %40"
        )


def _is_plain(path: str) -> bool:
    names = path.split("/")
    return bool(_PLAIN.fullmatch(path)) and not any(
        _TELLING_NAME.fullmatch(name) or _RANDOM.fullmatch(name) for name in names
    )


def _safe(found: re.Match[str]) -> str:
    """Keep scheme, host and a plain path; whatever may hold a password becomes an ellipsis."""
    scheme, rest = found.groups()
    if not rest.strip(_ENDS):  # a message about a scheme, "http:// and rtsp://, ..."
        return found[0]
    secret, _, rest = rest.rpartition("@")  # a password may hold any other character
    host = _HOST.match(rest)
    if not host:
        return f"{scheme}…"
    path = rest[host.end() :]
    plain = _is_plain(path.rstrip(_ENDS)) and (not path or path[0] in "/" + _ENDS)
    return f"{scheme}{'…@' if secret else ''}{host[0]}{path if plain else '/…'}"
