"""Kinds of values and options that several commands share."""

from __future__ import annotations

import functools
import glob
import logging
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from realtime.core.addresses import without_secrets
from realtime.core.log import SAID, log_to_file, log_to_terminal
from realtime.models.registry import DEFAULT_MODEL, NAMES

if TYPE_CHECKING:
    from realtime.core.frame import Size
    from realtime.look.look import Look
    from realtime.styles.library import StyleLibrary


log = logging.getLogger(__name__)


SIZES = {
    "240p": (320, 240), "360p": (640, 360), "480p": (640, 480), "720p": (1280, 720), "1080p": (1920, 1080),
    "1440p": (2560, 1440), "2160p": (3840, 2160), "4k": (3840, 2160),
}  # fmt: skip
"""Sizes that have a name."""


def size(text: str) -> Size:
    """Turn WIDTHxHEIGHT, or a name such as 1080p, into a width and a height in pixels.

    Raises:
        BadParameter: The text is no size, or a side is not 16 to 7680 pixels.
    """
    if named := SIZES.get(text.lower()):
        return named
    width, times, height = text.lower().replace("×", "x").partition("x")
    if not (times and width.isdecimal() and height.isdecimal()):
        raise click.BadParameter(f"{text!r} is no size; write it as 640x480 or 720p")
    size = int(width), int(height)
    if not all(16 <= side <= 7680 for side in size):
        raise click.BadParameter(f"{text} is out of range; each side is 16 to 7680 pixels")
    return size


def amount(text: str) -> float:
    """Turn a number from 0 to 1, or a percentage, into a number.

    Raises:
        BadParameter: The text is neither.
    """
    percent = text.strip().endswith("%")
    try:
        value = float(text.strip().rstrip("%")) / (100 if percent else 1)
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise click.BadParameter(f"{text!r} is no amount; write 0.8 or 80%")
    if value > 1:
        meant = f"write {value / 100:g} or {value:g}%" if not percent and value <= 100 else "1, or 100%, is the most"
        raise click.BadParameter(f"{text} is above {'100%' if percent else '1'}; {meant}")
    if value < 0:
        raise click.BadParameter(f"{text} is below 0; 0 is the least")
    return value


def finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Pass a number on; refuse infinity and NaN, which click takes for numbers."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number to count with")
    return value


_Name = TypeVar("_Name", str, Path)


def expanded(context: click.Context, parameter: click.Parameter, value: tuple[_Name, ...]) -> tuple[_Name, ...]:
    """Replace each pattern by the files that it matches, sorted: Windows' own shells leave that to the program."""
    found: list[_Name] = []
    for name in value:
        matches = [] if os.path.lexists(name) else sorted(glob.glob(os.path.expanduser(name)))
        found += [type(name)(match) for match in matches] or [name]
    return tuple(found)


def expanded_videos(context: click.Context, parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Do as `expanded`, but keep the patterns of pictures: together these are one clip."""
    from realtime.media.kinds import PICTURES

    found: list[str] = []
    for name in value:
        found += [name] if Path(name).suffix.lower() in PICTURES else expanded(context, parameter, (name,))
    return tuple(found)


def brush(text: str) -> float:
    """Read a brush.

    Args:
        text: A number from 0.1 to 16, or `full`.

    Returns:
        The brush, infinite for `full`.

    Raises:
        click.BadParameter: It is neither.
    """
    from realtime.look.look import BRUSHES, FULL

    if text.lower() == "full":
        return FULL
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not BRUSHES[0] <= amount <= BRUSHES[1]:
        raise click.BadParameter(f"{text!r} is neither a number from {BRUSHES[0]:g} to {BRUSHES[1]:g} nor full")
    return amount


folder = click.Path(path_type=Path, file_okay=False)
file = click.Path(path_type=Path, dir_okay=False)
model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    metavar="M",
    help=f"{', '.join(NAMES)} or another. A folder or .tar.gz; STYLE.tflite,FRAME.tflite; or a TensorFlow Hub address.",
)
device_option = click.option(
    "--device",
    type=click.Choice(("auto", "cpu", "gpu")),
    default="auto",
    show_default=True,
    help="What paints. auto: a GPU, once it is known to paint the same as the CPU.",
)
styles_option = click.option(
    "--styles", "folders", multiple=True, metavar="DIR", type=folder, help="Add a folder of style pictures."
)


_LOOK = (
    click.option("--style", metavar="NAME",
                 help="A name (see realtime styles) or a picture. Or up to four mixed: wave:0.6,glass:0.4."),
    click.option("--look", "look_file", metavar="FILE", type=file, help="Begin from a look: kept, in a file, or a snapshot's."),
    click.option("--strength", type=amount, metavar="X", help="From 0, the frame itself, to 1.  [default: 1]"),
    click.option("--own-colours", type=amount, metavar="X",
                 help="From 0, the style's colours, to 1, the frame's own.  [default: 0]"),
    click.option("--brush", type=brush, metavar="X|full",
                 help="How much of the frame the model sees. From 0.1 to 16: strokes grow as it falls. At 1 it sees 480 lines, at"
                 " 0.5 240; `full` is every pixel.  [default: 1]"),
    click.option("--steady", type=amount, metavar="X", help="How much what does not move is held still.  [default: 0]"),
)  # fmt: skip


_AMOUNTS = ("strength", "own_colours", "brush", "steady")


@dataclass(frozen=True, slots=True)
class LookOptions:
    """The look that a person's options ask for; what is not asked for is None.

    Attributes:
        style: A style or a mixture.
        file: A look file, a snapshot, or the name of a kept look.
        amounts: The look's other fields, by name.
    """

    style: str | None
    file: Path | None
    amounts: dict[str, float | None]

    def look(self, library: StyleLibrary, before: Look | None = None) -> Look:
        """Make the look: that of the file, changed by the other options.

        Args:
            library: Where the styles are found; pictures that the options name are added to it.
            before: The look to begin from where no file is named.

        Returns:
            The look; with the first style of the library where nothing names one.

        Raises:
            UsageError: There is no such style, look or amount.
        """
        from realtime.cli.strangers import check_styles
        from realtime.look.look import Look
        from realtime.look.look_files import read_look

        base = read_look(_look_path(self.file)) if self.file else before
        if self.style is not None:
            found = library.find_mixture(self.style)
        elif base:
            if self.file:
                check_styles(base, _look_path(self.file), library)
            found = tuple((library.find(name), weight) for name, weight in base.styles)
        else:
            found = ((library.first(), 1.0),)
        given = {name: amount for name, amount in self.amounts.items() if amount is not None}
        return replace(base, styles=found, **given) if base else Look(found, **given)


def look_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a look, which it gets as one argument `wished`, a `LookOptions`."""

    @functools.wraps(command)
    def with_look(*args: Any, style: str | None, look_file: Path | None, **options: Any) -> Any:
        amounts = {name: options.pop(name) for name in _AMOUNTS}
        return command(*args, wished=LookOptions(style, look_file, amounts), **options)

    for option in reversed(_LOOK):
        option(with_look)
    return with_look


def _look_path(given: Path) -> Path:
    """Give the file of a look: the file itself, or that of the kept look of this name."""
    from realtime.control.presets import named_look

    return given if given.exists() else named_look(str(given)) or given


def _log_file(context: click.Context, parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        log_to_file(value)


def _log_detail(context: click.Context, parameter: click.Parameter, value: int) -> None:
    if value:
        log_to_terminal(value)


def add_log_options(command: click.Command) -> None:
    """Give a command, and the commands below it, the options --log and -v; the command's function does not see them."""
    command.params += [
        click.Option(["--log"], type=file, callback=_log_file, is_eager=True, expose_value=False, metavar="FILE",
                     help="Append a log to this file: times, threads, drops, reconnections."),
        click.Option(["-v", "--verbose"], count=True, callback=_log_detail, is_eager=True, expose_value=False,
                     help="Show the log on the terminal; -vv shows all of it."),
    ]  # fmt: skip
    if isinstance(command, click.Group):
        for below in command.commands.values():
            add_log_options(below)


def given_option(context: click.Context) -> str | None:
    """Give the first option that was written before a command, as it is written; those of the log may stand there."""
    for parameter in context.command.params:
        if (
            parameter.expose_value
            and context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
        ):
            return parameter.opts[0]
    return None


def was_given(name: str) -> bool:
    """Say whether a person wrote the option of this name of the command that runs; else its value is the default."""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def say(text: str) -> None:
    """Say a line on standard error, as the program does, free of passwords in addresses; the log has it too."""
    log.info("%s", text, extra={SAID: True})
    click.echo(f"realtime: {without_secrets(text)}", err=True)


def say_loading(model: str) -> None:
    """Say that a model may be downloaded first, so that nobody wonders what it waits for."""
    if model == "magenta" or "://" in model:
        say(f"loading {model}; the first time it is downloaded, which can take minutes")
