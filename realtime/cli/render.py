"""`realtime render`: videos, GIFs and sequences of pictures, painted whole."""

from __future__ import annotations

import re
import sys
from contextlib import ExitStack
from pathlib import Path

import click

from realtime.cli.options import chosen_look, expanded_videos, finite, look_options, model_option, say, styles_option
from realtime.core.errors import RealtimeError, UsageError
from realtime.look.look import MORPH

_BROKEN, _INTERRUPTED = 3, 130


@click.command(epilog="Exit status: 0 all is made, 1 something failed, 2 wrong use, 3 all is made but the input was damaged,"
               " 130 interrupted.")  # fmt: skip
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, callback=expanded_videos)
@click.option("-o", "--out", metavar="OUT", required=True, help="A new .mp4, .mkv, .webm or .gif, or a folder for numbered"
              " .png files. A * in it stands for the input's name: several inputs need one.")  # fmt: skip
@look_options
@styles_option
@model_option
@click.option("--at", "changes", multiple=True, metavar="TIME=STYLE", help="Turn to another style at a time, as in"
              " 00:05=wave; may be given more than once.")  # fmt: skip
@click.option("--morph", type=click.FloatRange(0), callback=finite, default=MORPH, show_default=True, metavar="SECONDS",
              help="How long one style takes to turn into the next.")  # fmt: skip
@click.option("--mirror", is_flag=True, help="Paint as in a mirror.")
@click.option("--fps", type=click.FloatRange(0.01, 1000), callback=finite, default=25.0, show_default=True,
              help="Of sequences of pictures.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Go on with what was interrupted.")
@click.option("--force", is_flag=True, help="Replace outputs that exist, begin anew what was interrupted.")
@click.option("--quiet", is_flag=True, help="Say only what goes wrong.")
@click.option("--json", "as_json", is_flag=True, help="Tell how it gets on in JSON, an object a line.")
@click.option("--ray", "address", is_flag=False, flag_value="", metavar="[ADDRESS]", help="Spread the work over a Ray"
              " cluster; without an address over this machine's. Comes last, or with a = before the address.")  # fmt: skip
def render(
    inputs: tuple[str, ...],
    out: str,
    style: str | None,
    look_file: Path | None,
    strength: float | None,
    own_colours: float | None,
    brush: float | None,
    steady: float | None,
    folders: tuple[Path, ...],
    model: str,
    changes: tuple[str, ...],
    morph: float,
    mirror: bool,
    fps: float,
    resume: bool,
    force: bool,
    quiet: bool,
    as_json: bool,
    address: str | None,
) -> None:
    """Paint videos, animated GIFs and sequences of pictures: every frame, with sound, subtitles and chapters.

    IN is anything that FFmpeg reads, a folder of pictures, or a pattern of their names: shot_%04d.png, "shots/*.png".
    """
    from realtime.models.stylizer import Stylizer
    from realtime.render.batch import render_all, workers
    from realtime.render.progress import open_display
    from realtime.render.rendering import Task
    from realtime.render.schedule import Schedule, parse_change
    from realtime.styles.library import StyleLibrary

    if resume and force:
        raise UsageError("--resume goes on with what is there, --force begins anew; choose one of them")
    if address and Path(address).exists():
        raise UsageError(f"--ray takes {address} for an address; put --ray last, or write --ray=ADDRESS")
    pairs = outputs(inputs, out)
    parsed = [parse_change(change) for change in changes]
    with ExitStack() as stack:
        first = stack.enter_context(Stylizer(model))
        library = StyleLibrary(first, folders)
        look = chosen_look(
            library, style, look_file, strength=strength, own_colours=own_colours, brush=brush, steady=steady
        )
        at = [(time, library.find_mixture(text)) for time, text in parsed]
        schedule = Schedule(look, tuple(at), morph, mirror)
        codes = {name: library.code(name) for name in schedule.styles}
        for notice in library.notices:
            say(notice)
        tasks = [Task(source, place, schedule, fps, resume, force) for source, place in pairs]
        with open_display(quiet, as_json) as display:
            if address is None:
                teams = workers(model, first, len(tasks), schedule.remembers)
                for stylizer in (s for team in teams for s in team if s is not first):
                    stack.callback(stylizer.close)
                results = render_all(tasks, teams, codes.__getitem__, display)
            else:
                from realtime.render.cluster import connected

                with connected(address, model) as rendering:
                    results = render_all(tasks, [[first]] * min(8, len(tasks)), codes.__getitem__, display, rendering)
    made = [result for result in results if not isinstance(result, RealtimeError)]
    if not all(result.finished for result in made):
        sys.exit(_INTERRUPTED)
    if len(made) < len(results):
        sys.exit(max(result.exit_status for result in results if isinstance(result, RealtimeError)))
    sys.exit(_BROKEN if any(result.broken or result.truncated for result in made) else 0)


def outputs(inputs: tuple[str, ...], out: str) -> list[tuple[str, Path]]:
    """Each input with its output. UsageError when two would be the same, or an ending is of no kind that can be written."""
    from realtime.core.paths import user_path
    from realtime.render.writing import kind_of

    if len(inputs) > 1 and "*" not in out:
        raise UsageError(
            f'several inputs need a * in -o for their names, as in -o "painted/*.mp4", not {out!r}; a'
            ' sequence of pictures is one input when its pattern is quoted: "shots/*.png"'
        )
    pairs = []
    for text in inputs:
        name = user_path(text).resolve()
        stem = name.name if name.is_dir() else name.stem
        stem = re.sub(r"%0?\d*d|[*?\[\]%]", "", stem).strip("_- ")
        place = user_path(out.replace("*", stem or "pictures"))
        if out and place.name in ("", ".."):  # a folder by another name: "."
            place = place.resolve()
        pairs.append((text, place))
        kind_of(place)
    places = [place.resolve() for _, place in pairs]
    for text, place in zip(inputs, places, strict=True):
        if places.count(place) > 1:
            raise UsageError(f"{text} and another input would both become {place.name}; render them one by one")
    return pairs
