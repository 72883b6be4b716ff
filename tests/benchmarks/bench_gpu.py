"""How fast the GPU paints, and how far its pictures are from the CPU's; figures on the terminal. Not a test.

python tests/benchmarks/bench_gpu.py                     480p to 2160p: the engine, and the program live without a window
python tests/benchmarks/bench_gpu.py --accelerator CPU   the same engine on its stand-in, where there is no GPU
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np

from realtime.core.cards import cards
from realtime.core.frame import Picture
from realtime.models.fitting import Inputs
from realtime.models.litert_gpu import LiteRTGpuEngine
from realtime.models.model import EngineModel
from realtime.models.stylizer import Stylizer
from realtime.sources.scene import Scene

SIZES = {"480p": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080), "2160p": (3840, 2160)}
HERE = Path(__file__).parents[2]


def milliseconds(do: Callable[[], object], rounds: int) -> str:
    """The median and the spread of a call."""
    do()
    took = []
    for _ in range(rounds):
        begin = time.perf_counter()
        do()
        took.append(1000 * (time.perf_counter() - begin))
    return f"{statistics.median(took):7.2f} ({min(took):.2f} to {max(took):.2f})"


def engine_rows(stylizer: Stylizer, name: str, as_bytes: bool, accelerator: str, rounds: int) -> None:
    model = stylizer.model
    assert isinstance(model, EngineModel) and model.accelerated
    size = SIZES[name]
    scene = Scene(size)
    frame, style = scene.draw(12.0), scene.draw(33.0)
    code = model.encode(style)
    engine = LiteRTGpuEngine(model.accelerated, model.frame.spec, as_bytes, accelerator)
    seen = engine.spec.seen(size)
    begin = time.perf_counter()
    engine.prepare(seen)
    ready = time.perf_counter() - begin
    network = engine._ready[seen]
    compiled = network._runner
    picture = np.zeros((seen[1], seen[0], 3), np.uint8)
    given = picture if as_bytes else picture.astype(np.float32)
    alone = milliseconds(lambda: compiled._model.run_by_index(0, compiled._inputs, compiled._outputs), rounds)
    write = milliseconds(lambda: compiled._inputs[compiled._picture].write(given), rounds)
    read = milliseconds(lambda: compiled.read(network._result), rounds)
    whole = milliseconds(lambda: engine.run(Inputs(picture), code), rounds)
    on_gpu = EngineModel(model.style, engine, "gpu")
    stylize = milliseconds(lambda: on_gpu.stylize(frame, code), rounds)
    apart = difference(on_gpu.stylize(frame, code), model.stylize(frame, code))
    on_gpu.close()
    border = "bytes" if as_bytes else "floats"
    print(f"{name} {border}: ready in {ready:.2f} s; ms: run alone {alone}, write {write}, read {read}, all three {whole},"
          f" stylize {stylize}; from the CPU, of 255: {apart}", flush=True)  # fmt: skip


def difference(one: Picture, other: Picture) -> str:
    apart = np.abs(one.astype(np.int16) - other)
    return f"mean {apart.mean():.3f}, most {apart.max()}"


def clip(folder: Path, name: str, rate: int) -> Path:
    """A film of the demo scene that is easily decoded, faster than what is to be reached."""
    path = folder / f"{name}.mp4"
    scene = Scene((1280, 720))  # which larger takes a second a frame
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=rate, options={"preset": "ultrafast", "tune": "fastdecode", "crf": "30"}
        )
        stream.width, stream.height = SIZES[name]
        stream.pix_fmt = "yuv420p"
        for number in range(40):
            picture = np.asarray(cv2.resize(scene.draw(5 + number / 30), SIZES[name]), np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def live_row(film: Path, name: str, device: str, brush: str, seconds: float) -> None:
    size = "x".join(map(str, SIZES[name]))
    words = [sys.executable, "-m", "realtime", "--source", str(film), "--size", size, "--no-window", "--device", device,
             "--brush", brush, "--seconds", str(seconds), "--style", "wave"]  # fmt: skip
    done = subprocess.run(words, cwd=HERE, capture_output=True, text=True, timeout=seconds + 60)
    found = re.search(r"\d+ frames shown.*", done.stderr)
    print(
        f"live {name}, --brush {brush}, --device {device}: {found.group(0) if found else done.stderr[-600:]}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accelerator", default="GPU")
    parser.add_argument("--sizes", nargs="*", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--no-live", action="store_true")
    parser.add_argument("--only-live", action="store_true")
    options = parser.parse_args()
    print("; ".join(map(str, cards())) or "no graphics card", flush=True)
    stylizer = Stylizer("lite")
    for name in () if options.only_live else options.sizes:
        for as_bytes in (True, False):
            engine_rows(stylizer, name, as_bytes, options.accelerator, options.rounds)
    if options.no_live:
        return
    device = "gpu" if options.accelerator == "GPU" else "cpu"
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sizes:
            film = clip(Path(folder), name, 60 if name == "2160p" else 120)
            for brush in ("full", "1"):
                live_row(film, name, device, brush, options.seconds)


if __name__ == "__main__":
    main()
