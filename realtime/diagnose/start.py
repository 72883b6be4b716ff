"""How long the program takes to its first picture, and what memory it then occupies."""

from __future__ import annotations

import time
from dataclasses import dataclass

from realtime.diagnose.child import run_python
from realtime.diagnose.timing import Spread

_FIRST = """
import time

import numpy as np
import psutil

import realtime

picture = np.full((480, 640, 3), 90, np.uint8)
stylizer = realtime.Stylizer(sys.argv[1])
stylizer(picture, stylizer.encode("wave"))
print(time.time(), psutil.Process().memory_info().rss)
"""
_HELP = """
from realtime.cli import program

sys.argv[1:] = ["--help"]
program()
"""


@dataclass(frozen=True, slots=True)
class Start:
    """The start of a process, measured.

    Attributes:
        model: The model, as it was named.
        first_picture: Milliseconds from the start of a process to its first picture of 640×480, a style encoded on the way.
        help: Milliseconds of `realtime --help`, from its start to its end.
        memory_mb: Resident memory after the first picture, in 10⁶ bytes.
    """

    model: str
    first_picture: Spread
    help: Spread
    memory_mb: Spread


def measure_start(model: str, runs: int) -> Start:
    """Start processes and time them.

    Args:
        model: The model, as `--model` has it.
        runs: How many processes of each kind.

    Returns:
        What they took.

    Raises:
        RealtimeError: A process paints nothing.
    """
    pictures, helps, memory = [], [], []
    for _ in range(runs):
        begin = time.time()  # the one clock that two processes share on every system
        painted, resident = run_python(_FIRST, model, what="the first picture").split()[-2:]
        pictures.append(float(painted) - begin)
        memory.append(int(resident) / 1e6)
        begin = time.time()
        run_python(_HELP, what="realtime --help")
        helps.append(time.time() - begin)
    return Start(model, Spread.of(pictures, 1000), Spread.of(helps, 1000), Spread.of(memory))
