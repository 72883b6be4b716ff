"""`realtime bench`: how fast this machine is."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.options import device_option, file, say, say_loading, size
from realtime.core.errors import SinkError

if TYPE_CHECKING:
    from realtime.core.frame import Size


def _new_file(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Refuse, before anything is measured, a file that cannot be made."""
    if value is None:
        return None
    if os.path.lexists(value):
        raise click.BadParameter(f"{value} exists already; nothing is overwritten, choose another name")
    if not value.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {value.absolute().parent}; make it first")
    if parameter.name == "picture" and value.suffix.lower() != ".png":
        raise click.BadParameter(f"{value} does not end with .png; a plot is a .png file")
    return value


@click.command(epilog="Exit status: 0 all is measured, 1 something could not be, 2 wrong use.")
@click.option("--model", "models", multiple=True, metavar="M", help="Only this model; may be given more than once."
              "  [default: every model here]")  # fmt: skip
@click.option("--against", multiple=True, metavar="M", help="Another model, measured in the same run.")
@click.option("--size", "sizes", type=size, multiple=True, metavar="WxH", help="Of the models' frames; may be given more"
              " than once.  [default: 480p, 720p, 1080p]")  # fmt: skip
@device_option
@click.option("--only", "sections", type=click.Choice(("models", "steps", "live", "start")), multiple=True,
              help="Measure only this; may be given more than once.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), metavar="N", help="How often each is timed, at most."
              "  [default: 20, or 60 with --full]")  # fmt: skip
@click.option("--full", is_flag=True, help="Measure for ten minutes: more rounds, sizes and sessions.")
@click.option(
    "--json", "data", type=file, callback=_new_file, metavar="FILE", help="Write everything to a new JSON file."
)
@click.option("--plot", "picture", type=file, callback=_new_file, metavar="FILE", help="Draw it into a new .png file.")
def bench(
    models: tuple[str, ...],
    against: tuple[str, ...],
    sizes: tuple[Size, ...],
    device: str,
    sections: tuple[str, ...],
    rounds: int | None,
    full: bool,
    data: Path | None,
    picture: Path | None,
) -> None:
    """Measure how fast this machine is: models, the steps of a frame, live sessions, the start of the program.

    Each model is timed at each size; they take turns. A machine with other work to do is said to be busy.
    """
    from dataclasses import replace

    from realtime.diagnose import bench as measuring
    from realtime.diagnose.table import table
    from realtime.models.registry import models_here

    effort = measuring.FULL if full else measuring.QUICK
    if rounds:
        effort = replace(effort, rounds=rounds)
    wanted = [*(models or models_here()), *against]
    for model in wanted:
        say_loading(model)
    report = measuring.measure(
        wanted,
        sizes or measuring.SIZES,
        effort,
        sections or measuring.SECTIONS,
        lambda text: say(f"measuring: {text}"),
        device,
    )
    click.echo(table(report))
    if data:
        _write(data, report.as_json().encode())
    if picture:
        import cv2

        from realtime.diagnose.plot import plot

        _write(picture, cv2.imencode(".png", plot(report))[1].tobytes())
    sys.exit(1 if report.failures else 0)


def _write(path: Path, data: bytes) -> None:
    try:
        with open(path, "xb") as made:
            made.write(data)
    except OSError as error:
        raise SinkError(f"{path} cannot be written ({error.strerror}); choose another place") from error
    say(f"saved {path}")
