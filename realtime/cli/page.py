"""`realtime page`: the page without a server."""

from __future__ import annotations

from pathlib import Path

import click

from realtime.cli.options import folder, say


@click.command()
@click.option("--export", "target", type=folder, required=True, metavar="DIR", help="A new folder for the page.")
@click.option(
    "--runtime",
    type=folder,
    required=True,
    metavar="FOLDER",
    help="The npm package @litertjs/core, unpacked: `npm pack @litertjs/core`, then `tar xzf` the file.",
)
def page(target: Path, runtime: Path) -> None:
    """Write a page that needs no server: `lite` runs in the browser of whoever opens it.

    The folder goes to any host of static files over https. Camera, gallery, own pictures as styles, strength, snapshots;
    pictures never leave the visitor's device.
    """
    from realtime.page.export import export_page

    size = export_page(target, runtime)
    say(f"written: {target}, {size / 1e6:.1f} MB; put it on a host that serves https, or try it with")
    say(f"  python -m http.server --bind 127.0.0.1 --directory {target}")
