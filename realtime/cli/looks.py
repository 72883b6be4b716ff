"""`realtime looks`: the looks that were kept, and names for them."""

from __future__ import annotations

import click

from realtime.cli.options import say
from realtime.core.errors import UsageError


@click.group(invoke_without_command=True)
@click.pass_context
def looks(context: click.Context) -> None:
    """List the looks that were kept, by number or name; --look takes either."""
    if context.invoked_subcommand is not None:
        return
    from realtime.control.presets import kept_looks, looks_folder  # here, so that --help does not wait for it
    from realtime.look.look_files import read_look

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
@click.argument("number", type=int)
@click.argument("name")
def name(number: int, name: str) -> None:
    """Keep the look under F1 to F4 under a name as well, for --look NAME."""
    from realtime.control.commands import PRESETS
    from realtime.control.presets import name_look

    if not 1 <= number <= PRESETS:
        raise click.BadParameter(f"{number} is not in the range 1<=x<={PRESETS}.", param_hint="'NUMBER'")
    say(f"kept as {name}: realtime --look {name!r} begins with it ({name_look(number, name)})")
