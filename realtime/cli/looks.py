"""`realtime looks`: the looks that were kept, and names for them."""

from __future__ import annotations

import click

from realtime.cli.options import say
from realtime.control.commands import PRESETS
from realtime.control.presets import kept_looks, looks_folder, name_look
from realtime.core.errors import UsageError
from realtime.look.look_files import read_look


@click.group(invoke_without_command=True)
@click.pass_context
def looks(context: click.Context) -> None:
    """List the looks that were kept, by number or name; --look takes either."""
    if context.invoked_subcommand is not None:
        return
    found = kept_looks()
    for name, path in found:
        try:
            look = read_look(path)
        except UsageError as error:
            say(str(error))
            continue
        styles = " + ".join(f"{style} {weight:.0%}" if len(look.styles) > 1 else style for style, weight in look.styles)
        click.echo(f"{name:20}  {styles}, strength {look.strength:.0%}")
    say(f"looks lie in {looks_folder()}" if found else "no look is kept yet; k and F1 in the window keep one")


@looks.command()
@click.argument("number", type=click.IntRange(1, PRESETS))
@click.argument("name")
def name(number: int, name: str) -> None:
    """Keep the look under F1 to F4 under a name as well, for --look NAME."""
    say(f"kept as {name}: realtime --look {name!r} begins with it ({name_look(number, name)})")
