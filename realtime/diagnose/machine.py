"""This machine: what it is, the peak of its processor, and what others use of it while something is measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from realtime.diagnose.child import run_python
from realtime.diagnose.timing import Spread

PACKAGES = ("opencv-python", "av", "ai-edge-litert", "numpy", "tensorflow")
_SIDE = 2048  # of the matrices
_PRODUCT = """
import sys, time
import numpy as np
side, rounds = int(sys.argv[1]), int(sys.argv[2])
a, b = (np.random.default_rng(k).random((side, side), np.float32) for k in (0, 1))
a @ b
for _ in range(rounds):
    begin = time.perf_counter()
    a @ b
    print(2e-9 * side**3 / (time.perf_counter() - begin))
"""
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS")

BUSY_SHARE = 0.1
"""The share of all cores that other programs may use before a machine is called busy."""
BUSY_WIDTH = 0.15
"""How far apart the quartiles of the matrix product may lie, as a share of the median, before a machine is called busy."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What is measured here.

    Attributes:
        system: The operating system and the kind of processor.
        processor: The processor's name.
        cores: Cores that this process may use.
        memory_gb: The machine's memory, in 10⁹ bytes.
        python: The version of Python.
        packages: The versions of the packages that matter, by name; those that are not installed are left out.
    """

    system: str
    processor: str
    cores: int
    memory_gb: float
    python: str
    packages: dict[str, str]


def look() -> Machine:
    """Find out what this machine is."""
    return Machine(
        f"{platform.system()} {platform.machine()}",
        _processor(),
        len(psutil.Process().cpu_affinity()) if hasattr(psutil.Process, "cpu_affinity") else os.cpu_count() or 1,
        round(psutil.virtual_memory().total / 1e9, 1),
        platform.python_version(),
        versions(),
    )


def versions() -> dict[str, str]:
    """Give the versions of the packages that matter, of those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or platform.machine()


def peak(threads: int, rounds: int) -> list[float]:
    """Measure how fast the processor multiplies matrices: NumPy's product of two float32 matrices of 2048×2048.

    Args:
        threads: How many threads the product has, as a network has them. They are set in a process of its own, since NumPy reads
            their number as it is imported.
        rounds: How many products.

    Returns:
        10⁹ floating-point operations a second, of each product.

    Raises:
        RealtimeError: The process fails.
    """
    variables = dict.fromkeys(_THREADS, str(threads))
    said = run_python(_PRODUCT, str(_SIDE), str(rounds), environment=variables, what="the matrix product")
    return [float(line) for line in said.split()]


class Watch:
    """Notes what other programs use of the processor from its making on."""

    def __init__(self) -> None:
        """Begin."""
        self._all, self._ours = _busy_seconds(), _own_seconds()
        self._total = sum(psutil.cpu_times())

    def others(self) -> float:
        """Give the share of all cores that other programs have used since, 0..1; 0 where no time has gone by."""
        total = sum(psutil.cpu_times()) - self._total
        used = (_busy_seconds() - self._all) - (_own_seconds() - self._ours)
        return min(1.0, max(0.0, used / total)) if total > 0 else 0.0


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def _own_seconds() -> float:
    return sum(os.times()[:4])  # of this process and of the processes that it has waited for


def busy(others: float, product: Spread | None) -> str:
    """Say why figures of a machine are not to be trusted.

    Args:
        others: The share of all cores that other programs used, 0..1.
        product: Matrix products measured before and after everything else; None where they could not be.

    Returns:
        The reasons, for a person; empty for a machine with nothing else to do.
    """
    reasons = []
    if others > BUSY_SHARE:
        reasons.append(f"other programs used {others:.0%} of its cores")
    if product and product.width > BUSY_WIDTH:
        reasons.append(f"the matrix product went from {product.low:.0f} to {product.high:.0f} GFLOP/s (quartiles)")
    return " and ".join(reasons)
