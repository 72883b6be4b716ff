"""What the program is to reach on two cores, measured as a person starts it. Not a test: a busy machine proves nothing.

    python tests/benchmarks/bench_bars.py                                  every row, five runs of 60 s each: about 25 minutes
    python tests/benchmarks/bench_bars.py --rows 720p 1080p --runs 1 --seconds 10

The rows are 720p, 480p60, 1080p, busy, idle, memory, start, help and files; each of the first three gives the processor time beside
the network, too. A row is printed as soon as it is measured. Linux with Xvfb; each run has a window on a screen of 1920×1080 of its
own server.

- The clips are made first: 20 s of the demo scene in H.264, in the size and rate of their row.
- shown: frames a second from the first to the last, less those for which the network did not run. p95: of capture to show.
- lines: the median and the least of the lines that the network saw of the shorter side, over all frames.
- beside: processor milliseconds beside the network = (processor time of the process, less that of a process which only reads
  the source for as long, less that of the network in the same run) / frames that the network painted. The network's is that
  of the calls of the interpreter: of the thread that calls, and of the threads that the interpreter made.
- X: the processor time of the X server, in milliseconds a shown frame; it is in no other figure.
- memory: resident at the end of the `720p` runs, or of a run of its own. start: from the start of the process to the first
  picture in the window, everything warm. idle: the frozen demo scene, share of one core.
- busy: `720p` without steady beside a process that takes a core all the while, with --quality auto and fixed in turns.
  changes: how often the lines began to change.
- Medians over the runs; the least and the most in brackets.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[2]
_CLIP_SECONDS = 20
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """A live row: what is played, and the bars."""

    size: str
    rate: int
    options: tuple[str, ...]
    shown: float
    p95: float


LIVE = {
    "720p": Row("1280x720", 30, ("--steady", "1"), 29, 70),
    "480p60": Row("640x480", 60, (), 55, 60),
    "1080p": Row("1920x1080", 30, ("--steady", "1"), 24, 120),
}
ROWS = (*LIVE, "busy", "idle", "memory", "start", "help", "files")


# ---- in the process that is measured


class _Interpreter:
    """An interpreter whose calls are timed: the processor time of the thread that calls."""

    seconds = 0.0

    def __init__(self, interpreter: Any) -> None:
        self._interpreter = interpreter

    def invoke(self) -> None:
        begin = time.thread_time()
        self._interpreter.invoke()
        _Interpreter.seconds += time.thread_time() - begin

    def __getattr__(self, name: str) -> Any:
        return getattr(self._interpreter, name)


def _threads() -> set[int]:
    return {int(name) for name in os.listdir("/proc/self/task")}


def _thread_seconds(number: int) -> float:
    try:
        return int(Path(f"/proc/self/task/{number}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0


def _resident() -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def measured(report: Path, words: list[str], freeze: bool) -> None:
    """Run the program with `words` in this process, and write what its own line does not say."""
    sys.path.insert(0, str(HERE))
    from realtime.cli import main
    from realtime.control.commands import Toggle
    from realtime.live.session import LiveSession
    from realtime.live.stream import Stream
    from realtime.models.litert_network import Network
    from realtime.models.model import EngineModel
    from realtime.sinks.window import WindowSink

    found: dict[str, Any] = {"lines": [], "unpainted": 0}
    pool: set[int] = set()
    made, resized, stylize, deliver = Network.__init__, Network.resize, EngineModel.stylize, Stream._deliver
    show, add, finish = WindowSink.show, LiveSession.add, LiveSession._finish

    def ready(network: Any, do: Callable[[], None]) -> None:
        """Let a network be made or made ready, which may open LiteRT anew with other threads; go on to time it."""
        before, spent = _threads(), {number: _thread_seconds(number) for number in pool}
        do()
        now = _threads()
        ended = pool - now
        _Interpreter.seconds += sum(spent[number] for number in ended)
        pool.difference_update(ended)
        pool.update(now - before - {thread.native_id for thread in threading.enumerate()})
        if not isinstance(network._interpreter, _Interpreter):
            network._interpreter = _Interpreter(network._interpreter)

    def make(network: Any, *given: Any) -> None:
        ready(network, lambda: made(network, *given))

    def resize(network: Any, size: Any) -> None:
        ready(network, lambda: resized(network, size))

    def painted(model: Any, picture: Any, code: Any) -> Any:
        found["lines"].append(min(picture.shape[:2]))
        return stylize(model, picture, code)

    def delivered(stream: Any, latest: Any) -> None:
        found["unpainted"] += not latest.model_seconds
        deliver(stream, latest)

    def shown(window: Any, picture: Any, waiting: bool = False, whole: bool = False) -> None:
        show(window, picture, waiting, whole)
        if not waiting:
            found.setdefault("first", time.monotonic() - float(os.environ["BENCH_BEGIN"]))

    def added(session: Any, *given: Any, **named: Any) -> Any:
        stream = add(session, *given, **named)
        if freeze:
            threading.Timer(4.0, lambda: stream.apply(Toggle("frozen"))).start()
            threading.Timer(6.0, lambda: found.update(idle=(time.monotonic(), time.process_time()))).start()
        return stream

    def finished(session: Any, *given: Any) -> None:
        if "idle" in found:
            begin, used = found["idle"]
            found["idle"] = (time.process_time() - used) / (time.monotonic() - begin)
        found["resident"] = _resident()
        found["network"] = _Interpreter.seconds + sum(map(_thread_seconds, pool))
        finish(session, *given)

    patches: list[tuple[Any, str, Any]] = [
        (Network, "__init__", make), (Network, "resize", resize), (EngineModel, "stylize", painted),
        (Stream, "_deliver", delivered), (WindowSink, "show", shown), (LiveSession, "add", added),
        (LiveSession, "_finish", finished),
    ]  # fmt: skip
    for home, name, patch in patches:
        setattr(home, name, patch)
    sys.argv[1:] = words
    try:
        main()
    finally:
        report.write_text(json.dumps(found))


def read(clip: str, size: str, seconds: float) -> None:
    """Read a source as the program does, and do nothing else."""
    sys.path.insert(0, str(HERE))
    from realtime.sources.registry import open_source

    width, height = map(int, size.split("x"))
    end = time.monotonic() + seconds
    with open_source(clip, (width, height)) as source:
        while time.monotonic() < end:
            source.read(0.1)


# ---- in this process


def make_clip(path: Path, size: str, rate: int) -> None:
    """Write 20 s of the demo scene."""
    sys.path.insert(0, str(HERE))
    import cv2  # noqa: F401  before av, always

    # isort: split
    import av

    from realtime.sources.scene import Scene

    width, height = map(int, size.split("x"))
    scene = Scene((width, height))
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(_CLIP_SECONDS * rate):
            frame = av.VideoFrame.from_ndarray(scene.draw(number / rate), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


class Server:
    """An X server of its own."""

    def __init__(self) -> None:
        read_end, write_end = os.pipe()
        words = f"Xvfb -displayfd {write_end} -screen 0 1920x1080x24 -nolisten tcp -noreset".split()
        self._process = subprocess.Popen(words, pass_fds=[write_end], stderr=subprocess.DEVNULL)
        os.close(write_end)
        with os.fdopen(read_end) as answer:
            self.display = f":{answer.readline().strip()}"

    @property
    def seconds(self) -> float:
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


def process_seconds(words: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Run this file in another way; give its processor time and what it said on standard error."""
    begin = {"BENCH_BEGIN": repr(time.monotonic())}
    process = subprocess.Popen(
        [sys.executable, __file__, *words], env={**environment, **begin}, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{words}: {said}")
    return used.ru_utime + used.ru_stime, said


class Bench:
    """Runs the rows and prints them."""

    def __init__(self, folder: Path, server: Server, runs: int, seconds: float) -> None:
        self._folder, self._server, self._runs, self._seconds = folder, server, runs, seconds
        self._resident: list[float] = []
        self._environment = {**os.environ, "DISPLAY": server.display, "QT_QPA_PLATFORM": "xcb"}

    def clip(self, row: Row) -> Path:
        path = self._folder / f"{row.size}-{row.rate}.mp4"
        if not path.exists():
            make_clip(path, row.size, row.rate)
        return path

    def program(self, *words: str, freeze: bool = False) -> dict[str, Any]:
        """One run of the program, with a memory of its own; what it used, said and noted."""
        with tempfile.TemporaryDirectory() as state:
            report, server = Path(state) / "report.json", self._server.seconds
            environment = {**self._environment, "XDG_STATE_HOME": state}
            mode = ["--freeze"] if freeze else []
            used, said = process_seconds(["--measured", str(report), *mode, "--", *words], environment)
            found: dict[str, Any] = json.loads(report.read_text())
        line = re.search(r"(\d+) frames shown, ([\d.]+) a second.* p95 ([\d.]+) ms", said)
        if not line:
            raise SystemExit(said)
        frames, rate, p95 = (float(part) for part in line.groups())
        found |= {"used": used, "shown": frames, "rate": rate * max(0, frames - found["unpainted"]) / max(1, frames)}
        return found | {"p95": p95, "X": 1000 * (self._server.seconds - server) / max(1, frames)}

    def live(self, name: str) -> None:
        """A live row; `720p` with the processor time beside the network."""
        row = LIVE[name]
        clip, seconds = str(self.clip(row)), f"{self._seconds:g}"
        runs: list[dict[str, Any]] = []
        for _ in range(self._runs):
            found = self.program("--source", clip, "--size", row.size, *row.options, "--seconds", seconds)
            reading, _ = process_seconds(["--read", clip, row.size, seconds], self._environment)
            painted = len(found["lines"])
            found["beside"] = 1000 * (found["used"] - reading - found["network"]) / painted
            found["network"] *= 1000 / painted
            found["reading"] = 1000 * reading / painted
            runs.append(found)
        if name == "720p":
            self._resident = [found["resident"] for found in runs]
        lines = [number for found in runs for number in found["lines"]]
        shown, p95 = across(runs, "rate", "{:.1f}/s"), across(runs, "p95", "{:.0f} ms")
        more = f"lines: median {statistics.median(lines):.0f}, least {min(lines)}"
        more += f"; X {across(runs, 'X', '{:.1f} ms')}; network {across(runs, 'network', '{:.1f} CPU ms')}"
        command = f"`--source CLIP{row.rate} --size {' '.join((row.size, *row.options))}`"
        write(command, f"{shown}, p95 {p95}; {more}", f"≥ {row.shown:g}/s, p95 ≤ {row.p95:g} ms")
        bar = "≤ 20 ms" if name == "720p" else "-"
        beside = f"{across(runs, 'beside', '{:.1f} ms')}, reading apart {across(runs, 'reading', '{:.1f} ms')}"
        write(f"CPU ms beside the network, {name}", beside, bar)

    def busy(self) -> None:
        """Live beside a process that takes a core."""
        row = LIVE["720p"]
        words = ("--source", str(self.clip(row)), "--size", row.size, "--seconds", f"{self._seconds:g}")
        found: dict[str, list[dict[str, Any]]] = {"auto": [], "fixed": []}
        for _ in range(self._runs):
            for quality, runs in found.items():
                other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
                try:
                    runs.append(self.program(*words, "--quality", quality))
                finally:
                    other.kill()
                    other.wait()
        for quality, runs in found.items():
            lines = [number for one in runs for number in one["lines"]]
            changes = [{"changes": begun(one["lines"])} for one in runs]
            more = f"lines: median {statistics.median(lines):.0f}, least {min(lines)}"
            more += f"; changes {across(changes, 'changes', '{:.0f}')}"
            shown = f"{across(runs, 'rate', '{:.1f}/s')}, p95 {across(runs, 'p95', '{:.0f} ms')}"
            write(f"720p beside a busy core, --quality {quality}", f"{shown}; {more}", "-")

    def idle(self) -> None:
        """The frozen demo scene."""
        words = ("--source", "demo", "--size", "1280x720", "--steady", "1", "--seconds", "16")
        runs = [self.program(*words, freeze=True) for _ in range(self._runs)]
        write("idle: frozen, demo source", across(runs, "idle", "{:.1%} of a core"), "< 3 % of a core")

    def memory(self) -> None:
        """What is resident after the seconds of a run."""
        row = LIVE["720p"]
        if not self._resident:
            words = ("--source", str(self.clip(row)), "--size", row.size, *row.options)
            runs = [self.program(*words, "--seconds", f"{self._seconds:g}") for _ in range(self._runs)]
            self._resident = [found["resident"] for found in runs]
        held = [{"resident": megabytes} for megabytes in self._resident]
        write("resident memory, live 720p with 18 styles", across(held, "resident", "{:.0f} MB"), "≤ 200 MB")

    def start(self) -> None:
        """From the start of the process to the first picture."""
        words = ("--source", str(self.clip(LIVE["720p"])), "--size", "1280x720", "--seconds", "2")
        self.program(*words)
        runs = [self.program(*words) for _ in range(max(3, self._runs))]
        write("first picture in the window", across(runs, "first", "{:.2f} s"), "≤ 0.5 s")

    def help(self) -> None:
        """How long `realtime --help` takes."""
        times = []
        for _ in range(12):
            begin = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "realtime", "--help"], cwd=HERE, stdout=subprocess.DEVNULL, check=True
            )
            times.append({"ms": 1000 * (time.perf_counter() - begin)})
        write("`realtime --help`", across(times[2:], "ms", "{:.0f} ms"), "≤ 120 ms")

    def files(self) -> None:
        """Files against `Stylizer` alone."""
        words = [sys.executable, str(Path(__file__).with_name("bench_render.py")), "640x360"]
        environment = {**os.environ, "PYTHONPATH": str(HERE)}
        said = subprocess.run(words, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
        found = re.search(r"([\d.]+) frames a second +rendered, held steady +\((.+), of lite", said)
        if not found:
            raise SystemExit(said)
        write("files, 640×360 with steady", f"{found[2]} of `Stylizer` alone, {found[1]} frames a second", "≥ 0.75")


def begun(lines: list[int]) -> int:
    """How often the lines began to change: after ten frames with the same ones."""
    return sum(len(set(lines[k - 10 : k])) == 1 and lines[k] != lines[k - 1] for k in range(10, len(lines)))


def across(runs: list[dict[str, Any]], what: str, form: str) -> str:
    """The median, and the least and the most where there are several."""
    values = [found[what] for found in runs]
    middle = form.format(statistics.median(values))
    if len(values) == 1:
        return middle
    return f"{middle} ({form.format(min(values))} to {form.format(max(values))})"


def write(row: str, measured: str, bar: str) -> None:
    print(f"| {row} | {measured} | {bar} |", flush=True)


@contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="*", choices=ROWS, default=ROWS)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clips", type=Path, metavar="DIR", help="keep the clips here, for the next time")
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled; a start would compile it anew
    server = Server()
    try:
        with place(options.clips) as folder:
            bench = Bench(folder, server, options.runs, options.seconds)
            print(f"{options.runs} runs of {options.seconds:g} s, load {os.getloadavg()[0]:.1f} at the start")
            write("row", "measured", "bar")
            write("---", "---", "---")
            for name in options.rows:
                if name in LIVE:
                    bench.live(name)
                else:
                    getattr(bench, name)()
    finally:
        server.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measured"]:
        first = sys.argv.index("--")
        measured(Path(sys.argv[2]), sys.argv[first + 1 :], "--freeze" in sys.argv[:first])
    elif sys.argv[1:2] == ["--read"]:
        read(sys.argv[2], sys.argv[3], float(sys.argv[4]))
    else:
        main()
