"""`realtime cameras`: the cameras of this machine."""

from __future__ import annotations

import click

from realtime.cli.options import say


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
