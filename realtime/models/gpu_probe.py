"""Whether the GPU paints what the CPU paints: tried once in a process of its own, since a driver may crash, hang or err.

    python -m realtime.models.gpu_probe frame_gpu.tflite 356 276

paints a picture of that size twice on the GPU and on the CPU, and prints as JSON how far they are apart and how long each
takes. The verdict is kept in the user's cache folder until the card, its driver, LiteRT or the network changes.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from realtime.core.errors import ModelError
from realtime.core.frame import Size
from realtime.models.base import StyleCode, fingerprint
from realtime.models.fitting import EngineSpec, Inputs
from realtime.models.graphics import driver_identity, gpu_name, missing_libraries
from realtime.models.litert_gpu import LiteRTGpuEngine

SECONDS = 60.0
"""How long the process may take; the first compiling of shaders takes some seconds."""
SIZE: Size = (640, 480)
"""The size of the picture that is tried, without the margin that a network may see beyond it."""
_FAR = 0.004, 0.03  # of 1: the mean and the greatest difference from the CPU up to which a painting is the same
_ROUNDS = 6
_VERSION = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of the try.

    Attributes:
        works: Whether the GPU may paint.
        text: For a person: the name of the card where it works, else why it does not.
        as_bytes: Whether pictures may go in and out as bytes: see `fixed_size`.
    """

    works: bool
    text: str
    as_bytes: bool = False


def kept_verdict(file: Path) -> Verdict | None:
    """Read the verdict of an earlier try on this machine.

    Args:
        file: The network for accelerators.

    Returns:
        The verdict; None where there is none for this card, driver, LiteRT and network.
    """
    try:
        stored = json.loads(_verdict_file(file).read_text(encoding="utf-8"))
        verdict = Verdict(**stored)
    except (OSError, ValueError, TypeError):
        return None
    right = type(verdict.works) is bool and type(verdict.as_bytes) is bool and type(verdict.text) is str
    return verdict if right else None


def probe(
    file: Path, size: Size, stop: threading.Event | None = None, command: Sequence[str] = (), seconds: float = SECONDS
) -> Verdict:
    """Try the GPU in a process of its own, and keep the verdict.

    Args:
        file: The network for accelerators.
        size: A size (width, height) that it takes.
        stop: Ends the try when it is set; such a verdict is not kept.
        command: What is run; by default this module.
        seconds: How long it may take.

    Returns:
        The verdict.
    """
    if missing := missing_libraries():
        hint = f" ({' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed)"
    else:
        hint = ""
    with tempfile.TemporaryFile() as said:
        command = command or [sys.executable, "-m", __name__, str(file), *map(str, size)]
        try:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.DEVNULL,
                                     env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})  # fmt: skip
        except OSError as error:
            return Verdict(False, f"no process can be started to try it ({error.strerror})")
        deadline = time.monotonic() + seconds
        while child.poll() is None and time.monotonic() < deadline and not (stop and stop.is_set()):
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(0.05)
        hung = child.poll() is None
        if hung:
            child.kill()
            child.wait()
        if stop and stop.is_set():
            return Verdict(False, "the try was broken off")
        said.seek(0)
        verdict = _judge(said.read(), child.returncode, hung, seconds)
    if not verdict.works:
        verdict = Verdict(False, verdict.text + hint)
    _keep(verdict, _verdict_file(file))
    return verdict


def _judge(said: bytes, status: int, hung: bool, seconds: float) -> Verdict:
    """Make a verdict of what the process printed and how it ended."""
    if hung:
        return Verdict(False, f"its driver gave no picture within {seconds:g} s")
    if status < 0:
        return Verdict(False, f"its driver crashed ({signal.Signals(-status).name})")
    try:
        found = json.loads(said.splitlines()[-1])
        if error := found.get("error"):
            return Verdict(False, str(error))
        right = [
            border
            for border in ("bytes", "floats")
            if border in found and all(mean <= _FAR[0] and most <= _FAR[1] for mean, most in found[border]["apart"])
        ]
        if not right:
            mean, most = found["floats"]["apart"][-1]
            return Verdict(
                False, f"it paints other pictures than the CPU (off by {mean:.1%} in the mean, {most:.0%} at most)"
            )
        took, needed = found[right[0]]["ms"], found["cpu"]["ms"]
        if took > needed:
            return Verdict(False, f"{gpu_name()} takes {took:.0f} ms for a picture, the CPU {needed:.0f}")
        return Verdict(True, gpu_name(), right[0] == "bytes")
    except (ValueError, TypeError, AttributeError, IndexError, KeyError):
        return Verdict(False, f"its driver ended the try (exit status {status})")


def _keep(verdict: Verdict, path: Path) -> None:
    """Keep a verdict; a folder that cannot be written costs another try, and is no error."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
            json.dump(asdict(verdict), file)
        os.replace(file.name, path)


def _verdict_file(file: Path) -> Path:
    try:
        litert = version("ai-edge-litert")
    except PackageNotFoundError:
        litert = ""
    key = f"{_VERSION} {driver_identity()} {litert} {fingerprint((file,))}"
    name = f"gpu-{hashlib.sha256(key.encode()).hexdigest()[:16]}.json"
    return platformdirs.user_cache_path("realtime") / name


def compare(file: Path, size: Size, accelerator: str = "GPU") -> dict[str, dict[str, Any]]:
    """Paint a picture on an accelerator with either border, and on the CPU.

    Args:
        file: The network for accelerators.
        size: A size (width, height) that it takes.
        accelerator: The name of one of LiteRT's `HardwareAccelerator`s.

    Returns:
        For "bytes" and "floats" the mean and the greatest difference of two paintings from the CPU's, of 1 ("apart"); for these
        and "cpu" the median milliseconds of a painting ("ms"). Without "bytes" where the accelerator does not take that.

    Raises:
        ModelError: The accelerator does not take the network.
    """
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    waves = np.stack([np.sin(rows / a + columns / b) for a, b in ((9, 31), (23, 11), (14, 17))], axis=2)
    picture = np.clip(128 + 100 * waves + random.normal(0, 10, waves.shape), 0, 255).astype(np.uint8)
    inputs = Inputs(picture)
    code = StyleCode("probe", (random.normal(0, 0.3, 100).astype(np.float32),))
    found: dict[str, dict[str, Any]] = {}
    wanted = np.empty(0)
    for name, as_bytes, device in (("cpu", False, "CPU"), ("floats", False, accelerator), ("bytes", True, accelerator)):
        engine = LiteRTGpuEngine(file, EngineSpec(), as_bytes, device)
        try:
            engine.prepare(size)
        except ModelError:
            if not as_bytes:
                raise
            break  # then floats go in and out
        apart, took = [], []
        for number in range(_ROUNDS):
            begin = time.perf_counter()
            painted = engine.run(inputs, code)
            took.append(1000 * (time.perf_counter() - begin))
            if number < 2:
                floats = _floats(painted)
                wanted = floats if name == "cpu" and number == 0 else wanted
                difference = np.abs(floats - wanted)
                apart.append((float(difference.mean()), float(difference.max())))
        found[name] = {"apart": apart, "ms": statistics.median(took[1:])}
        engine.close()
    return found


def _floats(painted: np.ndarray) -> np.ndarray:
    """Give a painting as float32 H×W×3, 0..1, in memory of its own."""
    return painted.copy() if painted.dtype == np.float32 else painted.astype(np.float32) / 255


def main(arguments: Sequence[str]) -> None:
    """Compare GPU and CPU and print what came of it; the last line is JSON."""
    try:
        found: dict[str, Any] = dict(compare(Path(arguments[0]), (int(arguments[1]), int(arguments[2]))))
    except ModelError as error:
        found = {"error": str(error)}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
    os._exit(0)  # as the program does: some drivers crash when they are unloaded
