"""Texts that tell where a picture was taken: coordinates, in the ways that cameras and programs write them."""

from __future__ import annotations

import re

_NUMBER = r"[+-]?\d{1,3}[.,]\d{3,}"
_COORDINATES = re.compile(
    rf"{_NUMBER}\D{{1,24}}?{_NUMBER}"  # 47.3769, 8.5417
    r"|[+-]\d{2,6}(\.\d+)?[+-]\d{3,7}(\.\d+)?"  # ISO 6709: +47.3769+008.5417/
    r"|\d\s*°|\d\s*(deg|º)\b"  # 47° 22' 37" N
    r"|\b(gps|geo|lat|latitude|lon|lng|longitude)\b\W*[+-]?\d",
    re.IGNORECASE,
)


def tells_place(text: str) -> bool:
    """Tell whether a text holds coordinates.

    Args:
        text: A description, a comment, a title.

    Returns:
        Whether something in it looks like latitude and longitude.
    """
    return bool(_COORDINATES.search(text))
