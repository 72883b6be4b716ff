"""What is written on pictures: as OpenCV writes it, but without its fonts, which would stay in memory."""

from __future__ import annotations

import subprocess
import sys
import threading

import cv2
import numpy as np
import pytest

from realtime.core.text import clean
from realtime.sinks.lettering import text_width, write_text

GOLD = (120, 200, 245)
TEXTS = [
    "press h for the keys, Tab for all styles",
    "3/18 wave  ·  strength 80%  ·  28 of 30 fps",
    "größe… Ωμέγα Кириллица",
    "漢字 한글",
    "abc שלום",
    "عربي x",
    "two\nlines",
    "e\u0301",
    "\U0001f600",
    "\u202eabc",
    "\ud800",
    " ",
    "",
]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [11, 13, 24, 40])
def test_texts_are_written_and_measured_as_opencv_does(text: str, size: int) -> None:
    before = np.random.default_rng(0).integers(0, 256, (100, 700, 3), np.uint8)
    font = cv2.FontFace("sans")
    for at in ((20, 60), (-7, 5), (660, 90), (20, 98), (-900, 50), (20, 300)):
        expected, written = before.copy(), before.copy()
        cv2.putText(expected, clean(text), at, GOLD, font, size, weight=400)
        write_text(written, text, at, size, GOLD)
        assert np.abs(expected.astype(int) - written).max() <= 1
    wide = cv2.getTextSize((4096, 4096), clean(text), (0, 0), font, size, 400)[2] if text else 0
    assert text_width(text, size) == wide


def test_threads_write_at_once() -> None:
    canvases = [np.zeros((60, 300, 3), np.uint8) for _ in range(8)]
    writers = [
        threading.Thread(target=write_text, args=(canvas, "at once", (10, 40), 31 + number % 2))
        for number, canvas in enumerate(canvases)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    for canvas in canvases[2:]:
        assert canvas.any() and any(np.array_equal(canvas, other) for other in canvases[:2])


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_fonts_stay_in_memory() -> None:
    """OpenCV's take 6 MB."""
    code = (
        "import re, numpy as np\n"
        "from realtime.core.memory import return_large_blocks\n"
        "from realtime.sinks.card import draw_card\n"
        "from realtime.sinks.lettering import write_text\n"
        "def used(): return int(re.search(r'RssAnon:\\s*(\\d+)', open('/proc/self/status').read())[1])\n"
        "return_large_blocks()\n"
        "canvas = np.zeros((480, 640, 3), np.uint8) + 1\n"
        "before = used()\n"
        "for size in (16, 20, 24): write_text(canvas, 'press h for the keys', (10, 40), size)\n"
        "draw_card(canvas, 1)\n"
        "print(used() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) < 3000  # kB
