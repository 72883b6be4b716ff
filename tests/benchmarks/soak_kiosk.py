"""The kiosk for hours, with a source that comes and goes: memory, threads, open files and log, sampled as it runs.

    python tests/benchmarks/soak_kiosk.py --hours 3 --out soak.txt

It needs Linux and Xvfb. A network camera on this machine sends 320x240 pictures at a low rate for some minutes, is gone for
a while, stalls for a while, and comes back. At the end a verdict compares the last third with the first third.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TextIO

import cv2
import numpy as np
import psutil

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from media import NetworkCamera  # noqa: E402

PLAN = ("there", 120.0), ("gone", 30.0), ("there", 90.0), ("stalled", 40.0)
"""What the camera does, and for how many seconds, again and again."""


def picture(number: int) -> np.ndarray:
    """A picture that moves: uint8, 240×320×3, BGR."""
    found = np.full((240, 320, 3), (90, 120, 150), np.uint8)
    cv2.circle(found, (20 + number % 280, 120), 40, (60, 200, 240), -1)
    return found


def sample(process: psutil.Process, log: Path) -> dict[str, int]:
    """Measure the process and those that it started: memory in KiB, threads, open files, log in bytes, and starts.

    The watching process writes the first line of the log.
    """
    family = [process, *process.children(recursive=True)]
    found = {"memory": 0, "threads": 0, "files": 0}
    for one in family:
        try:
            found["memory"] += one.memory_info().rss // 1024
            found["threads"] += one.num_threads()
            found["files"] += one.num_fds()
        except psutil.Error:
            continue
    text = log.read_text("utf-8", "replace") if log.exists() else ""
    return {**found, "log": len(text.encode()), "starts": text.count(" process ") - 1, "processes": len(family)}


def verdict(samples: list[dict[str, int]]) -> list[str]:
    """Compare the last third of the samples with the first third, of which the first two minutes are left out."""
    steady = samples[4:]
    third = max(1, len(steady) // 3)
    lines = []
    for name in ("memory", "threads", "files", "processes"):
        first, last = (float(np.median([one[name] for one in some])) for some in (steady[:third], steady[-third:]))
        growth = 100 * (last - first) / max(first, 1)
        lines.append(f"{name}: median {first:.0f} in the first third, {last:.0f} in the last: {growth:+.1f} %")
    hours = (samples[-1]["second"] - samples[0]["second"]) / 3600
    lines.append(f"log: {(samples[-1]['log'] - samples[0]['log']) / max(hours, 1e-9) / 1000:.0f} kB an hour")
    lines.append(f"starts of the program: {samples[-1]['starts']}")
    return lines


def main() -> None:
    """Run the kiosk and write what was sampled."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--every", type=float, default=30.0, help="seconds between samples")
    parser.add_argument("--rate", type=float, default=2.0, help="pictures a second of the camera")
    parser.add_argument("--out", type=Path, default=Path("soak.txt"))
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="soak"))
    log = home / "kiosk.log"
    read, write = os.pipe()
    words = f"Xvfb -displayfd {write} -screen 0 640x480x24 -nolisten tcp -noreset".split()
    server = subprocess.Popen(words, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as answer:
        display = f":{answer.readline().strip()}"
    camera = NetworkCamera(picture, options.rate)
    names = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
    environment = {**os.environ, **dict.fromkeys(names, str(home)), "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    command = [sys.executable, "-m", "realtime", "--kiosk", "--wait", "--source", camera.url, "--size", "320x240"]
    command += ["--slideshow", "20", "--log", str(log), "--kiosk-keys", "left right"]
    program = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL)
    samples: list[dict[str, int]] = []
    with open(options.out, "w", buffering=1, encoding="utf-8") as out:
        try:
            _watch(program, camera, samples, log, options, out)
        finally:
            begin = time.monotonic()
            program.send_signal(signal.SIGTERM)
            try:
                program.wait(10)
                out.write(f"one TERM ended it in {time.monotonic() - begin:.1f} s, exit status {program.returncode}\n")
            except subprocess.TimeoutExpired:
                out.write("TERM did not end it within 10 s\n")
                program.kill()
            if len(samples) > 8:
                out.write("\n".join(verdict(samples)) + "\n")
            camera.go_away()
            server.kill()
            server.wait()


def _watch(
    program: subprocess.Popen[bytes],
    camera: NetworkCamera,
    samples: list[dict[str, int]],
    log: Path,
    options: argparse.Namespace,
    out: TextIO,
) -> None:
    process = psutil.Process(program.pid)
    begin = time.monotonic()
    end = begin + 3600 * options.hours
    stage, until = 0, begin + PLAN[0][1]
    following = begin
    while time.monotonic() < end and program.poll() is None:
        now = time.monotonic()
        if now >= until:
            stage = (stage + 1) % len(PLAN)
            until = now + PLAN[stage][1]
            before, state = PLAN[stage - 1][0], PLAN[stage][0]
            if before == "gone":
                camera.come_back()
            if before == "stalled":
                camera.resume()
            if state == "gone":
                camera.go_away()
            if state == "stalled":
                camera.stall()
        if now >= following:
            following = now + options.every
            found = {"second": round(now - begin), **sample(process, log), "cpu": round(_cpu_seconds(process))}
            samples.append(found)
            print(*(f"{name} {value}" for name, value in found.items()), PLAN[stage][0], sep="  ", file=out)
        time.sleep(0.5)
    if program.poll() is not None:
        print(f"the program ended by itself with exit status {program.returncode}", file=out)


def _cpu_seconds(process: psutil.Process) -> float:
    """Give the processor time of the process and those that it started."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
            total += times.user + times.system
        except psutil.Error:
            continue
    return total


if __name__ == "__main__":
    main()
