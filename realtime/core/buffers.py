"""Memory for large arrays that come one after the other: what is no longer needed serves the next one."""

from __future__ import annotations

import ctypes
import mmap
import sys
import threading
from collections import deque
from typing import Any

import numpy as np
import numpy.typing as npt

_SMALLEST, _LARGEST = 1 << 20, 8 << 20  # bytes: others are as quick to get, or too large to be kept
_SPARE = 2  # pieces of one size that wait to serve again
_MOST = 24 << 20  # bytes that may wait

_changing = threading.Lock()
_waiting: dict[int, deque[mmap.mmap]] = {}  # by size, the one asked for last at the end


class _Loan:
    """Memory that an array and all views of it refer to; when the last of them has gone, it waits to serve again."""

    def __init__(self, memory: mmap.mmap, home: deque[mmap.mmap], shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        self._memory, self._home = memory, home
        place = ctypes.addressof(ctypes.c_char.from_buffer(memory)), False
        self.__array_interface__ = {"data": place, "shape": shape, "typestr": np.dtype(dtype).str, "version": 3}

    def __del__(self) -> None:
        self._home.append(self._memory)  # no lock: this may come between any two steps of any thread


def reused(shape: tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> npt.NDArray[Any]:
    """Give an array in memory that served before, where there is some: it needs no page from the system.

    Nobody gives the memory back, and nobody can write over an array that is still in use: it serves again when nothing refers to
    the array, or to a view of it, any more. It lies outside the C library's heaps, which frames that one thread makes and
    others let go would leave full of holes.

    Args:
        shape: The array's shape.
        dtype: The kind of its numbers.

    Returns:
        A new array, not filled.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not _SMALLEST <= size <= _LARGEST:
        return np.empty(shape, dtype)
    with _changing:
        home = _waiting.pop(size, None)
        home = _waiting[size] = deque(maxlen=_SPARE) if home is None else home
        while len(_waiting) > 1 and sum(size * len(pieces) for size, pieces in _waiting.items()) > _MOST:
            del _waiting[next(iter(_waiting))]
    try:
        memory = home.pop()
    except IndexError:
        memory = _mapped(size)
    return np.asarray(_Loan(memory, home, shape, dtype))


def _mapped(size: int) -> mmap.mmap:
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    return mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
