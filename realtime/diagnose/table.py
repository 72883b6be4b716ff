"""The report of a machine's speed as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from realtime.core.frame import Size
from realtime.diagnose.bench import Report
from realtime.diagnose.live_runs import LiveRun
from realtime.diagnose.speeds import Speed
from realtime.diagnose.timing import Spread


def table(report: Report) -> str:
    """Write a report as text.

    Args:
        report: The report.

    Returns:
        Lines without an end: a head, and a section for everything that was measured.
    """
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    machine = report.machine
    packages = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    yield f"realtime {report.program}, {report.begun}"
    yield f"{machine.processor}, {machine.cores} cores, {machine.memory_gb:g} GB; {machine.system}"
    yield f"Python {machine.python}, {packages}"
    if report.peak:
        yield f"matrix product (float32, {report.threads} threads): {_spread(report.peak)} GFLOP/s, {report.peak.runs} runs"
    yield f"other programs used {report.others:.0%} of the cores" + ("" if report.busy else ": not busy")
    if report.busy:
        yield f"THIS MACHINE IS BUSY: {report.busy}. Trust the ratios, not the times; measure again when it has nothing else to do."
    yield "Medians; ± half the distance of the quartiles."
    if report.models:
        yield from _section(
            "Models: one frame, uint8 in and out; the network alone; a style",
            ("", "size", "frame ms", "a second", "times", "network ms", "of peak", "style ms", "runs"),
            [_model(row) for row in report.models if row.frame],
        )
    if report.steps:
        rows = [
            (step.name, _size(step.size), _spread(step.wall), _spread(step.cpu), f"{step.wall.runs}")
            for step in report.steps
        ]
        yield from _section("Steps of a frame", ("", "size", "clock ms", "processor ms", "runs"), rows)
    if report.live:
        yield from _section(
            "Live, the last seconds kept, in a window without a screen; latency from capture to show, processor time a frame",
            ("", "size", "shown a second", "latency ms", "p95 ms", "processor ms", "lines", "MB", "runs"),
            [_live(run) for run in report.live],
        )
    if start := report.start:
        taken = [
            (f"first picture with {start.model}, a style encoded", f"{_spread(start.first_picture)} ms"),
            ("resident memory then", f"{_spread(start.memory_mb)} MB"),
            ("realtime --help", f"{_spread(start.help)} ms"),
        ]
        yield from _section(f"Start of a process, {start.help.runs} runs", ("", ""), taken)
    for failure in report.failures:
        yield ""
        yield f"FAILED: {failure}"


def _model(row: Speed) -> Sequence[str]:
    assert row.frame
    share = f"{row.share:.0%}" if row.share else "-"
    times = f"{row.times:.1f}" if row.times else "-"
    rate = f"{1000 / row.frame.median:.1f}"
    network, style = (_spread(found) if found else "-" for found in (row.network, row.style))
    return row.model, _size(row.size), _spread(row.frame), rate, times, network, share, style, f"{row.frame.runs}"


def _live(run: LiveRun) -> Sequence[str]:
    steady = f", steady {run.steady:g}" if run.steady else ""
    name = f"{run.source} at {run.rate:g} a second{steady}, {run.seconds:g} s"
    figures = (run.shown, run.latency, run.latency_p95, run.cpu)
    return (
        name,
        _size(run.size),
        *map(_spread, figures),
        f"{run.quality.median:.0%}",
        f"{run.memory_mb:.0f}",
        f"{run.shown.runs}",
    )


def _section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay out rows under a title: the first column to the left, the others to the right."""
    yield ""
    yield title
    shown = [head, *rows] if any(head) else rows
    widths = [max(len(row[column]) for row in shown) for column in range(len(head))]
    for row in shown:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        yield "  ".join(("  " + row[0].ljust(widths[0]), *cells)).rstrip()


def _size(size: Size) -> str:
    return f"{size[0]}×{size[1]}"


def _spread(spread: Spread) -> str:
    if spread.runs == 1:
        return number(spread.median)
    return f"{number(spread.median)} ±{number((spread.high - spread.low) / 2)}"


def number(value: float) -> str:
    """Write a measured number with three digits that matter, or all that stand before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
