"""`realtime keys`: the keys of the window, in a list."""

from __future__ import annotations

import click

from realtime.control.keymap import GROUPS, KEYS


@click.command()
def keys() -> None:
    """List the keys of the window."""
    width = max(len(key.label) for key in KEYS)
    for heading, found in GROUPS.items():
        click.echo(f"{heading}:")
        for key in found:
            click.echo(f"  {key.label:{width}}  {key.help}")
