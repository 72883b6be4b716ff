"""`realtime doctor`: whether this machine has what the program needs, and the repair of unfinished clips."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from realtime.cli.options import folder, say
from realtime.core.errors import RealtimeError


@click.command()
@click.argument("places", nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--repair", is_flag=True, help="Mend unfinished clips: the known ones, or FILEs and the clips in FOLDERs."
)
@click.option("--out", type=folder, metavar="DIR", help="Check this folder for snapshots and clips.")
def doctor(places: tuple[Path, ...], repair: bool, out: Path | None) -> None:
    """Check this machine, a line for each thing; the exit status is 1 where something essential fails.

    With --repair, unfinished clips (of a program that was killed, of a computer that lost its power) become normal ones.
    """
    from realtime.media.clip_file import clips_folder

    clips = out or clips_folder()
    if repair:
        _repair(places, [clips, Path.cwd()])
        return
    import platformdirs

    from realtime.diagnose.doctor import examine

    pictures = out or platformdirs.user_pictures_path() / "realtime"
    failed = False
    for finding in examine([clips, Path.cwd(), *places], dict.fromkeys((pictures, clips))):
        click.echo(str(finding))
        failed = failed or (finding.essential and not finding.well)
    sys.exit(1 if failed else 0)


def _repair(places: tuple[Path, ...], usual: list[Path]) -> None:
    from realtime.media import unfinished
    from realtime.media.repair import mend

    if places:
        found = [path for path in places if not path.is_dir()]
        found += unfinished.find([path for path in places if path.is_dir()], noted=False)
    else:
        found = unfinished.find(usual)
    failed = 0
    for path in found:
        try:
            mended = mend(path)
            click.echo(f"mended: {mended}" if mended else f"removed {path}, which was empty")
        except RealtimeError as error:
            failed += 1
            say(str(error))
    if not found:
        say("there is no unfinished clip" + (" there" if places else ""))
    sys.exit(1 if failed else 0)
