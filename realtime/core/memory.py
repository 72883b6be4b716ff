"""What the C library does with memory that is free again."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # the parameters' numbers in malloc.h
_LARGE = 8 << 20
_KEPT = 6 << 20  # with less, a frame would get its planes page by page each time


def return_large_blocks() -> None:
    """Let free memory go back to the system: blocks of 8 MB and more, and the end of a heap beyond 6 MB.

    To be called once, by a program. Left alone, glibc keeps blocks of up to 32 MB for itself after the first of them was freed, and
    up to 64 MB for each thread: a network that is made ready for other sizes leaves its memory behind each time. What is worked
    out at the size that a model sees is smaller, and stays quick to get; frames have memory of their own (`core/buffers`). This
    overrides the limits that `models/upsample.py` brings about, which are for files and photos. Elsewhere than in glibc nothing
    changes. Source: mallopt(3), M_MMAP_THRESHOLD and M_TRIM_THRESHOLD.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_MMAP_THRESHOLD, _LARGE)
        mallopt(_TRIM_THRESHOLD, _KEPT)


def return_free_memory() -> None:
    """Give the system all memory that is free now, such as what the writing of a clip took. It takes milliseconds.

    glibc does so by itself only at the end of each of its heaps, not between blocks that are in use. Elsewhere nothing happens.
    Source: malloc_trim(3).
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(ctypes.c_size_t(0))
