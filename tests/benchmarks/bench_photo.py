"""What large photos cost, and whether their tiles show: `bench_photo.py [MEGAPIXELS]`. Not a test: it prints times.

Memory and time of the command for a photo of that size (24 megapixels unless said otherwise), in processes of their own; then tiles
against the whole picture painted at once, at 6 megapixels, and how the steps at the borders of tiles compare with those elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from realtime.core.frame import Picture
from realtime.media.images import load_picture
from realtime.models import tiling as tiles
from realtime.models.registry import open_model
from realtime.sources.scene import Scene

STYLES = Path(__file__).parents[2] / "styles"
PEAK = """
import re, sys
from realtime.cli import main
sys.argv[0] = "realtime"
try:
    main()
except SystemExit as end:
    print(int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) // 1024, end.code)
"""


def photo(width: int, height: int) -> Picture:
    """A scene with fine texture where there are things, and a clear sky."""
    drawn = Scene((1500, 1000)).draw(12.0)
    picture = cv2.resize(drawn, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    detail = cv2.resize(cv2.blur(cv2.absdiff(drawn, cv2.blur(drawn, (9, 9))), (31, 31)), (width, height)).astype(
        np.float32
    )
    rng = np.random.default_rng(1)
    for step in (1, 3, 9, 27):
        noise = rng.standard_normal((height // step + 1, width // step + 1), np.float32)
        picture += cv2.resize(noise, (width, height))[..., None] * (1 + detail)
    return np.clip(picture, 0, 255).astype(np.uint8)


def command(folder: Path, *words: str) -> None:
    begin = time.perf_counter()
    line = ["photo", str(folder / "in.jpg"), "--style", "wave", "-o", str(folder / "out.jpg"), "--force", *words]
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *line], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    peak, status = done.stdout.split()[-2:]
    print(
        f"realtime photo {' '.join(words):30} {time.perf_counter() - begin:6.1f} s, peak {peak} MB, exit status {status}"
    )


def borders(model_name: str, width: int, height: int) -> None:
    model, picture = open_model(model_name), photo(width, height)
    for style in ("wave", "ink", "glass"):
        code = model.encode(load_picture(STYLES / f"{style}.jpg"))
        begin = time.perf_counter()
        whole = model.stylize(picture, code)
        once = time.perf_counter() - begin
        tiles.WHOLE = 1
        tiled = tiles.Tiled(model).stylize(picture, code)
        ratio = (time.perf_counter() - begin - once) / once
        apart = tiled.astype(np.float32) - whole
        soft = cv2.GaussianBlur(apart, (0, 0), 8)
        columns = np.abs(soft[:, 16:] - soft[:, :-16]).mean(axis=(0, 2))  # steps over 16 pixels, in what tiles changed
        edges = [span.core.start - 8 for span in list(tiles._spans(width))[1:]]
        print(
            f"{model_name}, {style}, {width}×{height}: tiles take {ratio:.1f} times as long; mean difference to the whole"
            f" {np.abs(apart).mean():.2f} of 255, softened {np.abs(soft).mean():.2f}; steps at borders {columns[edges].mean():.2f},"
            f" anywhere {columns.mean():.2f}"
        )


if __name__ == "__main__":
    megapixels = float(sys.argv[1]) if len(sys.argv) > 1 else 24.0
    size = round((megapixels * 1.5e6) ** 0.5), round((megapixels / 1.5 * 1e6) ** 0.5)
    with tempfile.TemporaryDirectory() as name:
        cv2.imwrite(str(Path(name, "in.jpg")), photo(*size))
        for words in ([], ["--brush", "1", "--own-colours", "0.7"], ["--brush", "full"]):
            command(Path(name), *words)
    borders("lite", 3072, 2048)
