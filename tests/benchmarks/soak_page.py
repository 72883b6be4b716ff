"""The page for an hour, with clients that come and go: memory, threads and open files, sampled as it runs. It needs Linux.

    python tests/benchmarks/soak_page.py --minutes 60 --out soak.txt
    nice -n 19 python tests/benchmarks/soak_page.py --size 160x120 --rate 2     beside other work: a tenth of a core

Those who watch, those who steer (and change styles, take snapshots, record), guests that lend a camera, clients that acknowledge
nothing: each stays for a while; one in four is killed without a goodbye. At the end a verdict compares the last third with the
first third, of which the first two minutes are left out.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import time
from pathlib import Path
from typing import TextIO

import psutil
from bench_page import begin_clients, program

KINDS = ("view", 4), ("view", 1), ("guest", 2), ("guest", 1), ("steer", 1), ("stalled", 2)
"""Who comes, and how many together."""
GROUPS = 3
"""Groups of clients that are there at a time."""


def sample(process: psutil.Process) -> dict[str, float]:
    """Measure the program and what it started: memory in MB, threads, open files, seconds of a core."""
    found = dict.fromkeys(("memory", "threads", "files", "cpu"), 0.0)
    for one in [process, *process.children(recursive=True)]:
        try:
            with one.oneshot():
                found["memory"] += one.memory_info().rss / 1e6
                found["threads"] += one.num_threads()
                found["files"] += one.num_fds()
                found["cpu"] += sum(one.cpu_times()[:2])
        except psutil.Error:
            continue
    return found


def verdict(samples: list[dict[str, float]]) -> list[str]:
    """Compare the last third of the samples with the first third, of which the first two minutes are left out."""
    steady = [one for one in samples if one["second"] >= min(120, samples[-1]["second"] / 4)]
    third = max(1, len(steady) // 3)
    lines = []
    for name in ("memory", "threads", "files"):
        first, last = (statistics.median(one[name] for one in some) for some in (steady[:third], steady[-third:]))
        most = max(one[name] for one in steady)
        growth = 100 * (last / first - 1)
        lines.append(
            f"{name}: median {first:.1f} in the first third, {last:.1f} in the last: {growth:+.1f} %; most {most:.1f}"
        )
    return lines


def soak(options: argparse.Namespace, out: TextIO) -> list[dict[str, float]]:
    """Let clients come and go; give what was sampled."""
    chance, samples = random.Random(5), list[dict[str, float]]()
    running, came, killed, begin = list[tuple[subprocess.Popen[str], float]](), 0, 0, time.monotonic()
    more = ("--size", options.size, "--rate", str(options.rate))
    words = "--page 127.0.0.1:{port} --no-window --fresh --take-home --source demo"
    with program(f"{words} --size {options.size} --fps {options.rate}") as (control, view, process):
        following, end = begin, begin + 60 * options.minutes
        while (now := time.monotonic()) < end and process.is_running():
            for child, until in tuple(running):
                if now >= until and child.poll() is None:
                    child.kill()
                    killed += 1
                if child.poll() is not None:
                    child.communicate()
                    running.remove((child, until))
            if len(running) < GROUPS:
                role, count = chance.choice(KINDS)
                seconds = chance.uniform(10, options.stay)
                address = view if role in ("view", "stalled") else control
                until = now + chance.uniform(5, seconds) if chance.random() < 0.25 else end + 60
                running.append((begin_clients(address, role, count, seconds, 0.0, *more), until))
                came += count
            if now >= following:
                following += options.every
                samples.append({"second": now - begin, **sample(process)})
                figures = "  ".join(f"{name} {value:.1f}" for name, value in samples[-1].items())
                print(f"{figures}  came {came}  groups killed {killed}", file=out)
            time.sleep(0.5)
        if not process.is_running() or process.status() == psutil.STATUS_ZOMBIE:
            print("the program ended by itself", file=out)
        for child, _ in running:
            child.kill()
            child.communicate()
        time.sleep(5)
        left = sample(process)
        print(f"5 s after the last has gone: memory {left['memory']:.1f}  threads {left['threads']:.0f}", file=out)
    return samples


def main() -> None:
    """Run it, and write what was sampled."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--size", default="320x240", help="of the scene and of the guests' pictures")
    parser.add_argument("--rate", type=float, default=5.0, help="pictures a second of the scene and of each guest")
    parser.add_argument("--stay", type=float, default=60.0, help="the longest stay of a client in seconds")
    parser.add_argument("--every", type=float, default=15.0, help="seconds between samples")
    parser.add_argument("--out", type=Path, default=Path("soak_page.txt"))
    options = parser.parse_args()
    with open(options.out, "w", buffering=1, encoding="utf-8") as out:
        samples = soak(options, out)
        out.write("\n".join(verdict(samples)) + "\n")


if __name__ == "__main__":
    main()
