"""What a program holds of the machine's memory: no more than it uses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import media
import pytest

from realtime.sources import file as film
from realtime.sources.file import FileSource

_FREED = """
import threading
import numpy as np
import psutil
import realtime.models.upsample
from realtime.core.memory import return_large_blocks

return_large_blocks()

def resident():
    return psutil.Process().memory_info().rss >> 20

def paint():
    planes = [np.ones(4 << 20, np.uint8) for _ in range(10)]

def work():
    before = resident()
    paint()
    print(resident() - before)

thread = threading.Thread(target=work)
thread.start()
thread.join()
"""

_BETWEEN = """
import numpy as np
import psutil
from realtime.core.memory import return_free_memory

def resident():
    return psutil.Process().memory_info().rss >> 20

blocks = [np.ones(100_000, np.uint8) for _ in range(800)]
kept = blocks[::8]
full = resident()
del blocks
return_free_memory()
print(full - resident())
"""

_NETWORK = """
import sys
from pathlib import Path
import numpy as np
import psutil
import realtime.models
from realtime.core.memory import return_large_blocks
from realtime.models.fitting import Inputs
from realtime.models.litert import LiteRTEngine
from realtime.models.base import StyleCode

return_large_blocks()
engine = LiteRTEngine(Path(realtime.models.__file__).parent / "lite" / "frame.tflite", 2)
code = StyleCode("x", (np.zeros((1, 1, 1, 100), np.float32),))

def resident():
    return psutil.Process().memory_info().rss / 1e6

def paint(width, height):
    engine.run(Inputs(np.full((height + 36, width + 36, 3), 90, np.uint8)), code)
    return resident()

paint(64, 64)
before = resident()
print(paint(856, 480) - before, paint(424, 240) - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the figures are those of Linux")
def test_the_network_holds_little_and_leaves_the_memory_of_a_larger_picture() -> None:
    said = subprocess.run([sys.executable, "-c", _NETWORK], check=True, stdout=subprocess.PIPE, text=True).stdout
    large, small = (float(number) for number in said.split())
    assert large <= 26  # MB at the 480 lines of a frame of 1280×720
    assert small <= large - 8


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_a_thread_gives_back_what_it_no_longer_needs() -> None:
    said = subprocess.run([sys.executable, "-c", _FREED], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert int(said) <= 20  # of 40 MB, in blocks like those of frames


@pytest.mark.skipif(sys.platform != "linux", reason="malloc_trim is glibc's")
def test_free_memory_between_blocks_in_use_goes_back() -> None:
    said = subprocess.run([sys.executable, "-c", _BETWEEN], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert int(said) >= 55  # of 67 MB


def test_a_small_film_is_decoded_by_one_thread_a_large_one_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = media.clip(tmp_path / "clip.avi", 20, 50)
    with FileSource(path) as source:
        assert source._capture.get(cv2.CAP_PROP_N_THREADS) == 1
        media.next_frame(source)
    default = cv2.VideoCapture(str(path), cv2.CAP_ANY)
    monkeypatch.setattr(film, "_ONE_THREAD", 1000)
    with FileSource(path) as source:
        assert source._capture.get(cv2.CAP_PROP_N_THREADS) == default.get(cv2.CAP_PROP_N_THREADS)
        assert media.number(media.next_frame(source).picture) == 0
    default.release()
