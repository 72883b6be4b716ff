"""`realtime keys`: the keys of the window, in a list."""

from __future__ import annotations

import click


@click.command()
def keys() -> None:
    """List the keys of the window."""
    from realtime.control.keymap import GROUPS, KEYS  # here, as in each command: --help does not wait for it

    width = max(len(key.label) for key in KEYS)
    for heading, found in GROUPS.items():
        click.echo(f"{heading}:")
        for key in found:
            click.echo(f"  {key.label:{width}}  {key.help}")
