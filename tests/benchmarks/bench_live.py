"""How fast the program is live, as a person starts it; figures on the terminal. Not a test: times of a busy machine prove nothing.

    python tests/benchmarks/bench_live.py                          every row of the table once, 30 s each
    python tests/benchmarks/bench_live.py --against OLD --runs 6   the same with another checkout, in turns, and the ratios

It needs a display; Xvfb does. Of each run it keeps the frames shown a second, the 95th percentile of capture to show, and the
processor time of the process for each frame shown.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. `lines` is what the model sees of the shorter side, None for what the program does by itself."""

    size: str
    lines: int | None
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = f" ({self.lines} lines)" if self.lines else ""
        return " ".join((self.size, *self.options)) + lines


ROWS = (
    Row("640x480", None),
    Row("640x480", None, ("--no-replay",)),
    Row("1280x720", 720),
    Row("1280x720", 360, ("--steady", "1")),
    Row("1280x720", 360, ("--steady", "1", "--no-replay")),
    Row("1280x720", 360, ("--no-replay",)),
    Row("1920x1080", 360, ("--steady", "1")),
)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of one run."""

    rate: float
    p95: float
    cpu: float  # milliseconds a shown frame


def run(checkout: Path, python: str, row: Row, seconds: float, fraction: bool) -> Run:
    """Start the program of a checkout. `fraction`: its brush is a fraction of the frame, as it was before."""
    command = [python, "-m", "realtime", "--source", "demo", "--size", row.size, "--seconds", f"{seconds:g}"]
    if row.lines:
        command += ["--brush", f"{row.lines / (int(row.size.partition('x')[2]) if fraction else 480):.4f}"]
    with tempfile.TemporaryDirectory() as state:  # no row begins with the look and the window of the row before
        words, environment = [*command, *row.options], {**os.environ, "XDG_STATE_HOME": state}
        process = subprocess.Popen(words, cwd=checkout, env=environment, stderr=subprocess.PIPE, text=True)
        assert process.stderr
        said = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    found = re.search(r"(\d+) frames shown, ([\d.]+) a second.* p95 ([\d.]+) ms", said)
    if process.returncode or not found:
        raise SystemExit(f"{checkout} {row}: {said}")
    shown, rate, p95 = (float(part) for part in found.groups())
    return Run(rate, p95, 1000 * (used.ru_utime + used.ru_stime) / shown)


def median(runs: list[Run], what: str) -> float:
    return float(statistics.median(getattr(one, what) for one in runs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--against", type=Path, metavar="CHECKOUT")
    parser.add_argument(
        "--brush-as-fraction", action="store_true", help="the other checkout's brush is a fraction of the frame"
    )
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rows", type=int, nargs="*", default=range(len(ROWS)))
    options = parser.parse_args()
    python = sys.executable
    for row in (ROWS[n] for n in options.rows):
        new, old = list[Run](), list[Run]()
        for turn in range(options.runs):
            sides = [(HERE, new, False)]
            if options.against:
                sides.append((options.against, old, options.brush_as_fraction))
            for checkout, runs, fraction in sides if turn % 2 else sides[::-1]:
                runs.append(run(checkout, python, row, options.seconds, fraction))
        print(f"\n{row}   load {os.getloadavg()[0]:.1f}, {time.strftime('%H:%M')}")
        for name, runs in (("here", new), ("against", old)):
            if runs:
                every = "; ".join(f"{one.rate:.1f}/s {one.p95:.0f} ms {one.cpu:.1f} cpu ms" for one in runs)
                rate, p95, cpu = (median(runs, what) for what in ("rate", "p95", "cpu"))
                medians = f"{rate:.1f}/s, p95 {p95:.0f} ms, {cpu:.1f} CPU ms a frame"
                print(f"  {name:8} {medians}   ({every})")
        if old:
            ratios = {what: median(new, what) / median(old, what) for what in ("rate", "p95", "cpu")}
            print("  ratio    " + ", ".join(f"{what} {ratio:.2f}" for what, ratio in ratios.items()), flush=True)


if __name__ == "__main__":
    main()
