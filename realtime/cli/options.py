"""What several commands share: kinds of values, options, and how a line is said."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.models.registry import DEFAULT_MODEL, NAMES

if TYPE_CHECKING:
    from realtime.frame import Size


def size(text: str) -> Size:
    """WIDTHxHEIGHT, in pixels, to (width, height)."""
    width, times, height = text.lower().partition("x")
    if not (times and width.isdecimal() and height.isdecimal()):
        raise click.BadParameter(f"{text!r} is no size; write it as 640x480")
    size = int(width), int(height)
    if not all(16 <= side <= 7680 for side in size):
        raise click.BadParameter(f"{text} is out of range; each side is 16 to 7680 pixels")
    return size


def finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number to count with")
    return value


folder = click.Path(path_type=Path, file_okay=False)
file = click.Path(path_type=Path, dir_okay=False)
model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    metavar="M",
    help=f"{' or '.join(NAMES)}; a folder or .tar.gz; STYLE.tflite,FRAME.tflite; or a TensorFlow Hub address.",
)
styles_option = click.option(
    "--styles", "folders", multiple=True, metavar="DIR", type=folder, help="Add a folder of style pictures."
)


def say(text: str) -> None:
    click.echo(f"realtime: {text}", err=True)
