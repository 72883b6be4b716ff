"""The report of a machine's speed as a picture: models, steps and live sessions, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from realtime.core.frame import Picture
from realtime.diagnose.bench import Report
from realtime.diagnose.table import number
from realtime.diagnose.timing import Spread
from realtime.sinks.lettering import text_width, wrapped, write_text

WIDTH = 1400
_MARGIN, _ROW, _TEXT, _TITLE = 40, 30, 17, 22
_NAMES = 520  # pixels for the names of rows
_FIGURES = 150  # pixels for the numbers at the right
_PAPER, _INK, _FAINT, _GRID = (255, 255, 255), (40, 40, 40), (120, 120, 120), (225, 225, 225)
_BLUE, _PALE, _RED = (176, 114, 40), (232, 206, 176), (60, 60, 200)
_TICKS = tuple(lead * 10.0**power for power in range(-2, 5) for lead in (1, 3))


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a chart: its name, what its dot or bar shows, a paler bar behind, and a limit to reach."""

    name: str
    value: Spread
    behind: Spread | None = None
    wanted: float | None = None


def plot(report: Report) -> Picture:
    """Draw a report.

    Args:
        report: The report.

    Returns:
        uint8, H×W×3, BGR.
    """
    charts = [chart for chart in (_models(report), _steps(report), _live(report)) if chart is not None]
    head = _head(report)
    return np.concatenate([head, *charts])


def _head(report: Report) -> Picture:
    machine = report.machine
    lines = [f"{machine.processor}, {machine.cores} cores, {machine.system}; realtime {report.program}, {report.begun}"]
    if report.peak:
        product = f"matrix product {number(report.peak.median)} GFLOP/s on {report.threads} threads"
        lines.append(f"{product}; other programs used {report.others:.0%} of the cores")
    warning = f"This machine is busy: {report.busy}." if report.busy else ""
    room = WIDTH - 2 * _MARGIN
    texts = [(line, _FAINT) for text in lines for line in wrapped(text, _TEXT, room)]
    texts += [(line, _RED) for line in (wrapped(warning, _TEXT, room) if warning else [])]
    canvas = _sheet(_MARGIN + 2 * _TITLE + len(texts) * _ROW)
    write_text(canvas, "How fast realtime is on this machine", (_MARGIN, _MARGIN + _TITLE), round(1.3 * _TITLE), _INK)
    for place, (line, color) in enumerate(texts, 1):
        write_text(canvas, line, (_MARGIN, _MARGIN + _TITLE + place * _ROW), _TEXT, color)
    return canvas


def _models(report: Report) -> Picture | None:
    rows = [
        _Row(f"{row.size[0]}×{row.size[1]}  {row.model}", row.frame)
        for row in sorted(report.models, key=lambda row: row.size)
        if row.frame
    ]
    if not rows:
        return None
    low = min(min(row.value.low for row in rows), 10.0)
    high = max(max(row.value.high for row in rows), 100.0)
    canvas, left, right = _chart("A frame, milliseconds (logarithmic); the red line is 30 frames a second", rows)

    def x(value: float) -> int:
        share = np.log(max(value, 1e-6) / (0.8 * low)) / np.log(1.25 * high / (0.8 * low))
        return round(left + float(share) * (right - left))

    for tick in _TICKS:
        if 0.8 * low <= tick <= 1.25 * high:
            _tick(canvas, x(tick), f"{tick:g}", _GRID)
    _tick(canvas, x(1000 / 30), "", _RED)
    for place, row in enumerate(rows):
        y = _middle(place)
        cv2.line(canvas, (x(row.value.low), y), (x(row.value.high), y), _BLUE, 3, cv2.LINE_AA)
        cv2.circle(canvas, (x(row.value.median), y), 6, _BLUE, -1, cv2.LINE_AA)
    return canvas


def _steps(report: Report) -> Picture | None:
    rows = [_Row(f"{step.size[0]}×{step.size[1]}  {step.name}", step.cpu, step.wall) for step in report.steps]
    return _bars("Steps of a frame, milliseconds: of processor time, and paler on the clock", rows) if rows else None


def _live(report: Report) -> Picture | None:
    rows = []
    for run in report.live:
        steady = f", steady {run.steady:g}" if run.steady else ""
        rows.append(_Row(f"{run.size[0]}×{run.size[1]}  {run.source}{steady}", run.shown, wanted=run.rate))
    return _bars("Live, frames shown a second; the red lines are the sources' rates", rows) if rows else None


def _bars(title: str, rows: Sequence[_Row]) -> Picture:
    canvas, left, right = _chart(title, rows)
    most = max(max(row.value.high, row.behind.high if row.behind else 0.0, row.wanted or 0.0) for row in rows) or 1.0

    def x(value: float) -> int:
        return round(left + value / most * (right - left))

    step = 10.0 ** np.floor(np.log10(most / 2))
    step *= 5 if most / step > 10 else 1
    for place in range(int(most / step) + 1):
        _tick(canvas, x(place * step), f"{place * step:g}", _GRID)
    for place, row in enumerate(rows):
        y = _middle(place)
        if row.behind:
            cv2.rectangle(canvas, (left, y - 9), (x(row.behind.median), y + 9), _PALE, -1)
        cv2.rectangle(canvas, (left, y - 5), (x(row.value.median), y + 5), _BLUE, -1)
        cv2.line(canvas, (x(row.value.low), y), (x(row.value.high), y), _INK, 1)
        if row.wanted:
            cv2.line(canvas, (x(row.wanted), y - 11), (x(row.wanted), y + 11), _RED, 2)
    return canvas


def _chart(title: str, rows: Sequence[_Row]) -> tuple[Picture, int, int]:
    """Make a chart with the rows' names and numbers; give it and the left and right end of its axis."""
    canvas = _sheet(_middle(len(rows)) + _ROW)
    write_text(canvas, title, (_MARGIN, 2 * _TITLE), _TITLE, _INK)
    for place, row in enumerate(rows):
        y = _middle(place) + _TEXT // 3
        write_text(canvas, wrapped(row.name, _TEXT, _NAMES, 1)[0], (_MARGIN, y), _TEXT, _INK)
        write_text(canvas, number(row.value.median), (WIDTH - _MARGIN - _FIGURES + 20, y), _TEXT, _INK)
    return canvas, _MARGIN + _NAMES + 20, WIDTH - _MARGIN - _FIGURES


def _middle(place: int) -> int:
    """Give the height of a row's middle in its chart."""
    return 3 * _TITLE + _ROW + place * _ROW


def _tick(canvas: Picture, x: int, text: str, color: tuple[int, int, int]) -> None:
    foot = canvas.shape[0] - _ROW - _TEXT
    cv2.line(canvas, (x, 3 * _TITLE), (x, foot), color, 1)
    write_text(canvas, text, (x - text_width(text, _TEXT - 3) // 2, foot + _TEXT), _TEXT - 3, _FAINT)


def _sheet(height: int) -> Picture:
    return np.full((height, WIDTH, 3), _PAPER, np.uint8)
