"""`realtime render`: videos, GIFs and sequences of pictures, painted whole."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.options import (
    LookOptions,
    device_option,
    expanded_videos,
    finite,
    look_options,
    model_option,
    say,
    styles_option,
)
from realtime.core.errors import RealtimeError, UsageError
from realtime.look.look import MORPH

if TYPE_CHECKING:
    from realtime.render.task import Outcome

_BROKEN, _INTERRUPTED = 3, 130


@click.command(epilog="Exit status: 0 all is made, 1 something failed, 2 wrong use, 3 all is made but the input was damaged,"
               " 130 interrupted.")  # fmt: skip
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, callback=expanded_videos)
@click.option("-o", "--out", metavar="OUT", required=True, help="A new .mp4, .mov, .mkv, .webm or .gif, or a folder for numbered"
              " .png files. For several inputs a folder, with a / at its end, or a name with a * for theirs.")  # fmt: skip
@look_options
@styles_option
@model_option
@device_option
@click.option("--at", "changes", multiple=True, metavar="TIME=STYLE", help="Turn to another style at a time, as in"
              " 00:05=wave; may be given more than once.")  # fmt: skip
@click.option("--morph", type=click.FloatRange(0), callback=finite, default=MORPH, show_default=True, metavar="SECONDS",
              help="How long one style takes to turn into the next.")  # fmt: skip
@click.option("--mirror", is_flag=True, help="Paint as in a mirror.")
@click.option("--fps", type=click.FloatRange(0.01, 1000), callback=finite, default=25.0, show_default=True,
              help="Of sequences of pictures.")  # fmt: skip
@click.option("--from", "begin", metavar="TIME", help="Begin at this time of the footage, as in 1:05.")
@click.option("--to", "end", metavar="TIME", help="End at this time of the footage.")
@click.option("--preview", is_flag=True, help="First write a sheet of four painted frames beside OUT.")
@click.option("--resume", is_flag=True, help="Go on with what was interrupted.")
@click.option("--force", is_flag=True, help="Replace outputs that exist, begin anew what was interrupted.")
@click.option("--quiet", is_flag=True, help="Say only what goes wrong.")
@click.option("--json", "as_json", is_flag=True, help="Tell how it gets on in JSON, an object a line.")
@click.option("--ray", "address", is_flag=False, flag_value="", metavar="[ADDRESS]", help="Spread the work over a Ray"
              " cluster; without an address over this machine's. Comes last, or with a = before the address.")  # fmt: skip
def render(
    inputs: tuple[str, ...],
    out: str,
    wished: LookOptions,
    folders: tuple[Path, ...],
    model: str,
    device: str,
    changes: tuple[str, ...],
    morph: float,
    mirror: bool,
    fps: float,
    begin: str | None,
    end: str | None,
    preview: bool,
    resume: bool,
    force: bool,
    quiet: bool,
    as_json: bool,
    address: str | None,
) -> None:
    """Paint videos, animated GIFs and sequences of pictures: every frame, with sound, subtitles and chapters.

    IN is anything that FFmpeg reads, a folder of films, a folder of pictures (one film), or a pattern of their names:
    shot_%04d.png, "shots/*.png". Times of --at count from the footage's beginning, also with --from.
    """
    from realtime.models.litert import leave_cores_to_model
    from realtime.models.stylizer import Stylizer
    from realtime.render.batch import render_all, workers
    from realtime.render.places import find_inputs, place_outputs
    from realtime.render.progress import open_display
    from realtime.render.reading import input_files
    from realtime.render.schedule import Schedule, parse_change, parse_time
    from realtime.render.task import Task
    from realtime.styles.library import StyleLibrary

    if resume and force:
        raise UsageError("--resume goes on with what is there, --force begins anew; choose one of them")
    if address is not None and device == "gpu":
        raise UsageError("--ray paints on the processors of its machines; leave out --device gpu")
    if address and Path(address).exists():
        raise UsageError(f"--ray takes {address} for an address; put --ray last, or write --ray=ADDRESS")
    since = 0.0 if begin is None else parse_time(begin, f"--from {begin!r}", "1:05")
    until = None if end is None else parse_time(end, f"--to {end!r}", "1:05")
    if until is not None and until <= since:
        raise UsageError(f"--to {end} is not after --from {begin or 0}; give the end a later time")
    found = find_inputs(inputs)
    pairs = place_outputs(found.sources, out)
    parsed = [parse_change(change) for change in changes]
    leave_cores_to_model()
    with ExitStack() as stack:
        first = stack.enter_context(Stylizer(model))
        first.use("cpu" if address is not None else device)
        first.model.notify = say
        library = StyleLibrary(first, folders)
        look = wished.look(library)
        at = [(time, library.find_mixture(text)) for time, text in parsed]
        schedule = Schedule(look, tuple(at), morph, mirror)
        codes = {name: library.code(name) for name in schedule.styles}
        read = [file for source in found.sources for file in input_files(source)]
        read += [library.path(name) for name in schedule.styles] + ([wished.file] if wished.file else [])
        tasks = [
            Task(source, place, schedule, fps, resume, force, since, until, preview, read) for source, place in pairs
        ]
        with open_display(quiet, as_json) as display:
            for notice in [*library.notices, *found.notes]:
                display.notice(notice)
            if address is None:
                teams = workers(model, first, len(tasks), schedule.remembers)
                for stylizer in (s for team in teams for s in team if s is not first):
                    stack.callback(stylizer.close)
                results = render_all(tasks, teams, codes.__getitem__, display)
            else:
                from realtime.render.cluster import connected

                with connected(address, model) as rendering:
                    results = render_all(tasks, [[first]] * min(8, len(tasks)), codes.__getitem__, display, rendering)
    sys.exit(_status(results))


def _status(results: list[Outcome | RealtimeError]) -> int:
    """Give the exit status for what became of the files."""
    made = [result for result in results if not isinstance(result, RealtimeError)]
    if not all(result.finished for result in made):
        return _INTERRUPTED
    if len(made) < len(results):
        return 1 if len(results) > 1 else next(r.exit_status for r in results if isinstance(r, RealtimeError))
    return _BROKEN if any(result.broken or result.truncated for result in made) else 0
