"""The page on loopback: shown rates, latency, guests' shares, weight. Not a test: it depends on the machine.

    python tests/benchmarks/bench_page.py                            every row, about 7 minutes
    python tests/benchmarks/bench_page.py --rows rates --seconds 20  one kind of row, measured for longer

The program is started as a person starts it, with `lite` at 640x480 and all lines, but for guests. Clients are processes of their
own (page_clients.py) that acknowledge every JPEG and decode none.

rates   the demo at 60 a second, so that the model is the limit; pictures a second of each of 1, 4, 8 clients, as a share of what
        the stream paints with none right before and right after, where a socket without pictures hears the program's own figure.
guests  `realtime serve`; guests that send JPEGs as fast as they are taken; each of two as a share of one alone right before and
        right after. Pictures of 480x360 have one quality as long as 8 a second come through; larger ones adapt: two who have
        smaller pictures than one alone have more than half as many.
glass   the numbered frames of page_glass.py, 30 a second, from drawn to read from a canvas in Chromium; p95 less the median of
        the model's time. Chromium's own processor time is given apart.
far     the same with JPEGs and with H.264, as browsers of other machines get it; and what the encoders take and make of a picture.
load    Chromium: from navigation to the first picture, and the page's weight before pictures.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from chromium import PROGRAMS, WORDS, free_port  # noqa: E402

WARM = 3.0
"""Seconds that clients watch before they count."""
SETTLED = 4.0
"""Seconds that guests lend their cameras before they count."""
LIVE = "--page 127.0.0.1:{port} --no-window --fresh --quality fixed --size 640x480"
SEE = """(selector) => {
    const canvas = document.querySelector(selector);
    const context = canvas.getContext("2d");
    window.seen = [];
    new MutationObserver(() => {
        const row = context.getImageData(0, 20, 640, 1).data;
        let number = 0;
        for (let place = 0; place < 16; place++) number |= (row[4 * (40 * place + 20)] > 128) << place;
        window.seen.push([number, Date.now()]);
    }).observe(canvas, { attributeFilter: ["data-seq"] });
}"""
FIRST = """new MutationObserver((_, watch) => {
    if (document.querySelector("canvas[data-seq]")) { window.first = performance.now(); watch.disconnect(); }
}).observe(document, { subtree: true, childList: true, attributeFilter: ["data-seq"] });"""
COUNT = """if (window.VideoDecoder) window.VideoDecoder = class extends VideoDecoder {
    constructor(given) {
        super({ ...given, output: (frame) => { window.decoded = (window.decoded ?? 0) + 1; given.output(frame); } });
    }
};"""
WEIGHT = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter((entry) => !entry.name.includes("thumbnail") && !entry.name.startsWith("blob:"))
    .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""


def row(what: str, figures: str, reached: bool | None = None, bar: str = "") -> None:
    """Print a row of the table."""
    verdict = "" if reached is None else f"   bar {bar}: {'reached' if reached else 'MISSED'}"
    print(f"{what:44} {figures}{verdict}", flush=True)


@contextmanager
def program(words: str, **environment: str) -> Iterator[tuple[str, str, psutil.Process]]:
    """Run `realtime` with some words and folders of its own; give the addresses to steer and to watch, and its process."""
    with tempfile.TemporaryDirectory() as folder:
        homes = {f"XDG_{name}_HOME": folder for name in ("CACHE", "CONFIG", "STATE", "DATA")}
        command = [sys.executable, "-m", "realtime", *words.format(port=free_port()).split(), "--out", f"{folder}/out"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | homes | environment, stderr=subprocess.PIPE, text=True
        )
        addresses: dict[str, str] = {}
        said: list[str] = []
        assert process.stderr
        while not {"/", "/view"} <= addresses.keys():
            if not (line := process.stderr.readline()):
                raise SystemExit("".join(said))
            said.append(line)
            if found := re.search(r"(http://\S+?)(/[a-z]*)#[\w-]{22}", line):
                addresses[found[2]] = found[0]
        reader = threading.Thread(target=process.stderr.read, name="program's lines")
        reader.start()
        try:
            yield addresses["/"], addresses["/view"], psutil.Process(process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                print("Ctrl-C did not end the program in 20 s", flush=True)
                process.kill()
            reader.join(10)
            process.stderr.close()


def begin_clients(
    address: str, role: str, count: int, seconds: float, warm: float = WARM, *more: str
) -> subprocess.Popen[str]:
    """Start clients in a process of their own."""
    words = [sys.executable, str(HERE / "page_clients.py"), address, role, str(count), str(warm), str(seconds), *more]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def clients(address: str, role: str, count: int, seconds: float) -> dict[str, Any]:
    """Run clients, and give what they counted."""
    process = begin_clients(address, role, count, seconds)
    out, error = process.communicate(timeout=WARM + seconds + 60)
    if process.returncode:
        raise SystemExit(error)
    return dict(json.loads(out))


def spread(values: list[float], format: str = ".2f") -> str:
    """Say a median, with the least and the most."""
    return f"{statistics.median(values):{format}} ({min(values):{format}} to {max(values):{format}})"


def measure_rates(options: argparse.Namespace) -> None:
    """Shown rates with one, four and eight clients, each between two times without any: the machine drifts."""
    with program(f"{LIVE} --source demo --fps 60") as (control, view, _):
        time.sleep(WARM)
        for count in options.counts:
            none = [clients(control, "control", 1, options.seconds)["told"]]
            shares, least, rates, late = list[float](), list[float](), list[float](), list[float]()
            for _ in range(options.rounds):
                found = clients(view, "view", count, options.seconds)
                none.append(clients(control, "control", 1, options.seconds)["told"])
                beside = (none[-2] + none[-1]) / 2
                rates.append(statistics.fmean(found["rates"]))
                shares.append(rates[-1] / beside)
                least.append(min(found["rates"]) / beside)
                late += found["latencies"]
            each = f"{spread(rates, '.1f')} each, none {spread(none, '.1f')}"
            row(f"{count} client{'s' * (count > 1)}", f"{each}, p95 to acknowledged {np.percentile(late, 95):.0f} ms")
            bar = {1: 0.9, 4: 0.85, 8: 0.8}.get(count, 0.8)
            row("  share of none", f"{spread(shares)}; the slowest client {spread(least)}",
                statistics.median(shares) >= bar, f"{bar}")  # fmt: skip


def measure_guests(options: argparse.Namespace) -> None:
    """Two guests' shares of what one alone has, each between two times of one alone, with the quality settled."""
    with program("serve 127.0.0.1:{port}") as (control, _, process):
        alone, shares, sizes = [_guests(control, process, 1, options)], list[list[float]](), set[str]()
        for _ in range(options.rounds):
            two = _guests(control, process, 2, options)
            alone.append(_guests(control, process, 1, options))
            sizes |= {f"{width}x{height}" for found in (alone[-2], two, alone[-1]) for width, height in found["sizes"]}
            beside = (alone[-2]["rates"][0] + alone[-1]["rates"][0]) / 2
            shares.append([rate / beside for rate in two["rates"]])
    row("one guest", f"{spread([found['rates'][0] for found in alone], '.1f')} pictures a second")
    row("  pictures that were asked for, at most", ", ".join(sizes))
    row("two guests, of what one has", "; ".join(", ".join(f"{share:.2f}" for share in both) for both in shares),
        all(0.45 <= statistics.median(one) <= 0.55 for one in zip(*shares, strict=True)), "each 0.45 to 0.55")  # fmt: skip


def _guests(control: str, process: psutil.Process, count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Run guests, and say how much of a core the program used meanwhile."""
    child = begin_clients(control, "guest", count, options.seconds, SETTLED, "--size", options.guests)
    begun, before = time.monotonic(), sum(process.cpu_times()[:2])
    out, error = child.communicate(timeout=SETTLED + options.seconds + 60)
    if child.returncode:
        raise SystemExit(error)
    found = dict(json.loads(out))
    taken = time.monotonic() - begun
    used = (sum(process.cpu_times()[:2]) - before) / taken
    rates = ", ".join(f"{rate:.1f}" for rate in found["rates"])
    row(f"  {count} guest{'s' * (count > 1)}", f"{rates} pictures a second; the program {100 * used:.0f} % of a core")
    return found


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, without a window."""
    from playwright.sync_api import sync_playwright

    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        raise SystemExit(f"no Chromium is installed ({', '.join(PROGRAMS)})")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=list(WORDS))
        yield opened
        opened.close()


def chromium_seconds() -> float:
    """The processor time of all Chromium that this process started."""
    total = 0.0
    for child in psutil.Process().children(recursive=True):
        try:
            if "chrom" in child.name():
                total += sum(child.cpu_times()[:2])
        except psutil.Error:
            continue
    return total


def measure_glass(options: argparse.Namespace, alone: bool = False, **environment: str) -> None:
    """From drawn to read in the canvas, alone and beside three others."""
    seconds = options.seconds
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        info = Path(folder) / "page_glass-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: page-glass\nVersion: 1.0\n")
        points = {"sources": "numbered = page_glass:open_numbered", "engines": "untouched = page_glass:open_untouched"}
        lines = [f"[realtime.{group}]\n{point}\n" for group, point in points.items()]
        (info / "entry_points.txt").write_text("\n".join(lines))
        file = Path(folder) / "glass.txt"
        path = os.pathsep.join((folder, str(HERE)))
        words = f"{LIVE} --source numbered --model untouched --fps 30"
        with program(words, PYTHONPATH=path, REALTIME_GLASS=str(file), **environment) as (control, view, process):
            cases = [(place, others) for place in ((view, "canvas"), (control, "#picture")) for others in (0, 3)]
            cases = cases[:1] if alone else cases
            for (address, selector), others in cases:
                beside = begin_clients(view, "view", others, seconds + WARM, 0.0) if others else None
                page = chromium.new_page()
                page.add_init_script(COUNT)
                page.goto(address)
                page.locator(f"{selector}[data-seq]").wait_for()
                page.wait_for_timeout(1000 * WARM)
                file.write_text("")
                page.evaluate(SEE, selector)
                used, own = chromium_seconds(), sum(process.cpu_times()[:2])
                page.wait_for_timeout(1000 * seconds)
                used, own = (chromium_seconds() - used) / seconds, (sum(process.cpu_times()[:2]) - own) / seconds
                kind = "H.264" if page.evaluate("window.decoded") else "JPEGs"
                seen = page.evaluate("window.seen")
                page.close()
                if beside:
                    beside.communicate(timeout=60)
                what = f"{'/view' if address is view else '/'} beside {others} others, {kind}"
                _tell_glass(file, seen, what, (used, own), None if alone else 100 if others else 60)


def _tell_glass(file: Path, seen: list[list[float]], what: str, used: tuple[float, float], bar: int | None) -> None:
    noted = [line.split() for line in file.read_text().splitlines()]
    drawn = {int(words[1]): float(words[2]) for words in noted if words[0] == "drawn"}
    model = 1000 * statistics.median(float(words[1]) for words in noted if words[0] == "model")
    late = [at - 1000 * drawn[int(number)] for number, at in seen if int(number) in drawn]
    p95 = float(np.percentile(late, 95))
    figures = f"p95 {p95:.0f} ms (median {statistics.median(late):.0f}), model {model:.0f}: {p95 - model:.0f} over it"
    shares = "Chromium {:.0f} % of a core, the program {:.0f} %".format(*(100 * share for share in used))
    counts = f"{len(late)} read of {len(drawn)} drawn, {shares}"
    reached = None if bar is None else p95 - model <= bar
    row(f"drawn to canvas, {what}", f"{figures}; {counts}", reached, f"{bar} ms")


def measure_far(options: argparse.Namespace) -> None:
    """H.264 beside JPEGs: what the encoders take and make, how good it is, and how long it takes to the canvas."""
    import av
    import cv2

    from realtime.media.images import load_picture
    from realtime.models.registry import LITE, open_model
    from realtime.sinks.jpegs import JpegEncoder
    from realtime.sinks.video import open_encoder
    from realtime.sources.demo import DemoSource

    model = open_model(str(LITE))
    code = model.encode(load_picture(ROOT / "styles" / "wave.jpg"))
    for size in ((640, 480), (1280, 720)):
        with DemoSource(size, 30.0) as source:
            frames = [frame for _ in range(60) if (frame := source.read())]
        pictures = [model.stylize(frame.picture, code) for frame in frames]
        jpegs, begin = JpegEncoder(), time.thread_time()
        made = [jpegs.encode(picture) for picture in pictures]
        taken = time.thread_time() - begin
        shown = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) for jpeg in made]
        _tell_encoder(f"JPEG of {size[0]}x{size[1]}", taken, made, shown, pictures)
        encoder, begin = open_encoder(size), time.thread_time()
        made = [encoder.encode(picture, 3000 * place, place == 0)[0].data for place, picture in enumerate(pictures)]
        taken = time.thread_time() - begin
        decoder: Any = av.CodecContext.create("h264", "r")
        decoder.thread_count, decoder.extradata = 1, encoder.track.head
        decoder.flags |= av.codec.context.Flags.low_delay
        shown = [frame.to_ndarray(format="bgr24") for data in made for frame in decoder.decode(av.Packet(data))]
        _tell_encoder(f"H.264 of {size[0]}x{size[1]}", taken, made, shown, pictures)
    for _ in range(2):
        measure_glass(options, alone=True)
        measure_glass(options, alone=True, REALTIME_FAR="1")


def _tell_encoder(what: str, taken: float, made: list[bytes], shown: list[Any], pictures: list[Any]) -> None:
    import cv2

    alike = statistics.fmean(cv2.PSNR(one, other) for one, other in zip(shown, pictures, strict=True))
    sizes = [len(data) / 1000 for data in made]
    each = f"{statistics.fmean(sizes):.0f} kB (the first {sizes[0]:.0f})"
    row(what, f"{1000 * taken / len(made):.2f} ms of processor time a picture, {each}, {alike:.1f} dB")


def measure_load(_options: argparse.Namespace) -> None:
    """How long the first picture takes, and how much the page weighs."""
    with browser() as chromium, program(f"{LIVE} --source demo") as (control, view, _):
        time.sleep(WARM)
        for what, address in (("/", control), ("/view", view)):
            times = list[float]()
            for _ in range(5):
                context = chromium.new_context()
                page = context.new_page()
                page.add_init_script(FIRST)
                page.goto(address)
                page.wait_for_function("() => window.first", timeout=20_000)
                times.append(page.evaluate("window.first"))
                page.wait_for_load_state("networkidle")  # all the rest comes after the picture
                weight = page.evaluate(WEIGHT) / 1000
                context.close()
            each = ", ".join(f"{found:.0f}" for found in times)
            row(f"{what}: first picture, five loads", f"{each} ms", max(times) <= 1000, "1000 ms")
            row(f"{what}: weight", f"{weight:.1f} kB", weight < 150, "150 kB")


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = {
        "rates": measure_rates,
        "guests": measure_guests,
        "glass": measure_glass,
        "far": measure_far,
        "load": measure_load,
    }
    parser.add_argument("--rows", nargs="+", choices=kinds, default=list(kinds))
    parser.add_argument("--seconds", type=float, default=8.0, help="that each figure is measured for")
    parser.add_argument("--rounds", type=int, default=3, help="of rates and guests, each between two times without")
    parser.add_argument("--guests", default="480x360", metavar="WxH", help="the size of their pictures")
    parser.add_argument("--counts", nargs="+", type=int, default=[1, 4, 8], help="of clients whose rates are measured")
    options = parser.parse_args()
    for kind in options.rows:
        kinds[kind](options)


if __name__ == "__main__":
    main()
