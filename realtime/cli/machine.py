"""`realtime cameras` and `realtime bench`: the cameras of this machine, and its speed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from realtime.cli.options import model_option, say, size

if TYPE_CHECKING:
    from realtime.core.frame import Size


@click.command()
def cameras() -> None:
    """List the cameras: number, name and sizes."""
    from realtime.sources.camera import list_cameras, sizes

    found = list_cameras()
    for camera in found:
        granted = ", ".join(f"{width}x{height}" for width, height in sizes(camera)) or "busy, or not allowed"
        click.echo(f"{camera.number}  {camera.name}  {granted}")
    if not found:
        say("the system knows no camera; --source demo needs none")


@click.command()
@model_option
@click.option("--against", multiple=True, metavar="M", help="Another model, measured in the same run.")
@click.option("--size", type=size, metavar="WxH", default="640x480", show_default=True, help="Of the frame.")
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True, help="How often each is timed.")
def bench(model: str, against: tuple[str, ...], size: Size, rounds: int) -> None:
    """Measure how fast models are on this machine: medians of rounds in which they take turns."""
    from realtime.diagnose.bench import bench as measure
    from realtime.models.registry import open_model

    timings = measure([open_model(text) for text in (model, *against)], size, rounds)
    for timing in timings:
        ratio = "" if timing is timings[0] else f", {timing.frame_ms / timings[0].frame_ms:.1f} times as long"
        click.echo(f"{timing.model}: a style {timing.encode_ms:.1f} ms, a frame {timing.frame_ms:.1f} ms{ratio}")
