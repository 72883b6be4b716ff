"""Text from outside the program, made fit to be shown and stored."""

from __future__ import annotations

import unicodedata

LABEL = 40
"""Characters that a name from a stranger may have."""


def clean(text: str) -> str:
    """Give `text` with "?" for each lone surrogate.

    Python keeps the odd bytes of a file name as lone surrogates: OpenCV crashes on them, and they cannot be printed.
    """
    return text.encode("utf-8", "replace").decode()


def label(text: str, most: int = LABEL) -> str:
    """Make a name that a stranger gave fit to be shown.

    Args:
        text: Anything.
        most: The most characters that stay.

    Returns:
        The text in one line, without control and direction characters; it may be empty.
    """
    plain = "".join(" " if character.isspace() else character for character in clean(text[: 8 * most]))
    plain = "".join(character for character in plain if unicodedata.category(character)[0] != "C")
    return " ".join(plain.split())[:most].strip()
