"""What a keyboard sends, as names of the key table: on every layout, the keys do what their places say."""

from __future__ import annotations

# What waitKeyEx gives for keys without a character: X11 (Qt, GTK), Windows, macOS.
_SPECIAL = {
    27: "escape", 9: "tab", 13: "return", 10: "return", 3: "return", 8: "backspace", 127: "backspace",
    0xFF51: "left", 0xFF52: "up", 0xFF53: "right", 0xFF54: "down",
    0x250000: "left", 0x260000: "up", 0x270000: "right", 0x280000: "down",
    0xF702: "left", 0xF700: "up", 0xF703: "right", 0xF701: "down",
    **{first + n: f"f{n + 1}" for first in (0xFFBE, 0xF704) for n in range(4)},
    **{0x700000 + (n << 16): f"f{n + 1}" for n in range(4)},
}  # fmt: skip

_KEYSYMS = {0x06: "koi8_u", 0x07: "iso8859_7", 0x0C: "iso8859_8"}
"""Alphabets in the numbers that X11 gives its keys: the second byte of a number, and the order of the letters in the first."""

_PLACES = {
    **dict(zip("йцукенгшщзхъфывапролджэячсмитьбюіїє", "qwertyuiop[]asdfghjkl;'zxcvbnm,.s]'", strict=True)),
    **dict(zip("ςερτυθιοπασδφγηξκλζχψωβνμ", "wertyuiopasdfghjklzxcvbnm", strict=True)),
    **dict(zip("קראטוןםפשדגכעיחלךףזסבהנמצתץ", "ertyuiopasdfghjkl;zxcvbnm,.", strict=True)),
}
"""The letters of other alphabets, and what is on the same keys of an English keyboard."""


def key_name(code: int) -> str:
    """Give the name of a key.

    Args:
        code: What `cv2.waitKeyEx` gave.

    Returns:
        The key table's name, as "left", "escape" or "n"; for a letter of another alphabet, the letter on the same key of an
        English keyboard; "" for any other key.
    """
    character = code & 0xFFFF  # with GTK modifiers are in the bits above, and with Windows the arrows
    if special := _SPECIAL.get(code) or _SPECIAL.get(character):
        return special
    if 32 <= character < 127:
        return chr(character).lower()
    letter = _letter(code if code >= 0x1000000 else character).lower()
    return _PLACES.get(letter, "")


def _letter(code: int) -> str:
    """Give the letter that a number stands for: X11's own numbers, Unicode, or a byte of Windows' code page."""
    if alphabet := _KEYSYMS.get(code >> 8):
        return bytes([code & 0xFF]).decode(alphabet, "ignore")
    if 0x80 <= code < 0x100:
        try:
            return bytes([code]).decode("mbcs", "ignore")
        except LookupError:  # not on Windows
            return ""
    return chr(code & 0xFFFF) if 0x370 <= code & 0xFFFF < 0xFF00 else ""
