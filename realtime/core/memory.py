"""What the C library does with memory that is free again."""

from __future__ import annotations

import ctypes
import sys

_MMAP_THRESHOLD = -3  # the parameter's number in malloc.h
_LARGE = 8 << 20


def return_large_blocks() -> None:
    """Let blocks of 8 MB and more go back to the system as soon as they are free. To be called once, by a program.

    Left alone, glibc keeps blocks of up to 32 MB for itself after the first of them was freed; a network that is made ready for
    other sizes leaves one behind each time. Frames up to 1920×1080 are smaller, and stay quick to get. This overrides the limit
    that `models/upsample.py` brings about, which is for files and photos. Elsewhere than in glibc nothing changes.
    Source: mallopt(3), M_MMAP_THRESHOLD.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_MMAP_THRESHOLD, _LARGE)
