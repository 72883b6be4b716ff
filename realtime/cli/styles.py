"""`realtime styles`: the styles in a list and on a sheet, and the person's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realtime.cli.options import file, given_option, model_option, say, styles_option
from realtime.core.errors import RealtimeError, UsageError

if TYPE_CHECKING:
    from realtime.core.frame import Picture
    from realtime.styles.folders import Style


@click.group(invoke_without_command=True)
@styles_option
@click.option("--sheet", type=file, metavar="FILE", help="Draw a picture in every style into a new .png or .jpg file.")
@click.option("--picture", type=file, metavar="FILE", help="The picture for --sheet.  [default: the demo scene]")
@model_option
@click.pass_context
def styles(context: click.Context, /, **options: Any) -> None:
    """List the styles: shipped, your own, and those of --styles. Or add and remove your own."""
    if context.invoked_subcommand is None:
        _styles(**options)
        return
    if option := given_option(context):
        command = context.invoked_subcommand
        if any(option in own.opts for own in styles.commands[str(command)].params):
            raise click.UsageError(f"options go after the command: realtime styles {command} {option} ...")
        raise click.UsageError(f"{option} goes with `realtime styles` alone, not with {command}")


@styles.command("list")
@styles_option
def list_styles(folders: tuple[Path, ...]) -> None:
    """List the styles, as `realtime styles` does."""
    _list(folders)


@styles.command()
@click.argument("pictures", nargs=-1, required=True, type=file)
@click.option("--name", metavar="NAME", help="What to call it.  [default: as the file]")
@click.option("--force", is_flag=True, help="Take the place of a style of this name; yours goes to the removed ones.")
def add(pictures: tuple[Path, ...], name: str | None, force: bool) -> None:
    """Copy pictures into the folder of your own styles. A session that runs takes them up."""
    from realtime.styles.user import add_styles

    for style in add_styles(pictures, name, force):
        say(f"added {style.name} ({style.path})")


@styles.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def remove(names: tuple[str, ...]) -> None:
    """Take styles out of your own. Their pictures are kept in a folder `removed`."""
    from realtime.styles.user import remove_style

    for name in names:
        for place in remove_style(name):
            its_name = "" if place.stem == name else f" --name {name!r}"
            say(f"removed {name}; its picture lies in {place}: `realtime styles add{its_name} PATH` brings it back")


def _styles(folders: tuple[Path, ...], sheet: Path | None, picture: Path | None, model: str) -> None:
    if picture and not sheet:
        raise UsageError(f"--picture {picture} is for a sheet; name the file to draw with --sheet")
    if sheet and sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageError(f"a sheet is a .png or .jpg file, not {sheet.name!r}")
    if sheet and os.path.lexists(sheet):  # said before the styles are listed and painted
        raise UsageError(f"{sheet} exists already; nothing is overwritten, choose another name")
    content = _content(picture) if sheet else None  # read first: what is wrong is said before anything is drawn
    found = _list(folders)
    if sheet and content is not None:
        _draw_sheet(sheet, content, found, model)


def _list(folders: tuple[Path, ...]) -> list[Style]:
    """List the styles, and give those whose pictures can be read."""
    from realtime.media.gallery import user_folder
    from realtime.media.images import load_picture
    from realtime.styles.folders import find_styles, standard_folders

    found, notices = find_styles([*standard_folders(), *folders])
    readable = []
    for style in found:
        try:
            height, width = load_picture(style.path).shape[:2]
        except RealtimeError as error:
            notices.append(str(error))
            continue
        readable.append(style)
        click.echo(f"{style.name:20}  {width}×{height}  {style.path}")
    for notice in notices:
        say(notice)
    say(f"pictures in {user_folder()} are styles too")
    return readable


def _content(path: Path | None) -> Picture:
    """Give what is painted in every style: a picture scaled down, or the demo scene."""
    from realtime.media.images import load_picture
    from realtime.sources.base import shrunk
    from realtime.sources.scene import Scene

    return shrunk(load_picture(path), (640, 640)) if path else Scene((640, 480)).draw(12.0)


def _draw_sheet(path: Path, content: Picture, styles: list[Style], model: str) -> None:
    from realtime.media.images import load_picture
    from realtime.media.photo_file import Photo, check_place, write_photo
    from realtime.models.base import STYLE_SIZE
    from realtime.models.stylizer import Stylizer
    from realtime.photo.sheet import contact_sheet

    check_place(path, force=False)
    pictures = ((style.name, load_picture(style.path, enough=2 * STYLE_SIZE)) for style in styles)
    with Stylizer(model) as stylizer:
        drawn = contact_sheet(stylizer, content, pictures)
    write_photo(Photo(drawn), drawn, path)
    say(f"saved {path}")
