"""`realtime styles`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.options import file, model_option, say, styles_option
from realtime.errors import RealtimeError, SinkError, UsageError

if TYPE_CHECKING:
    from realtime.frame import Picture


@click.command()
@styles_option
@click.option(
    "--sheet", type=file, metavar="FILE", help="Draw the demo scene in every style into a new .png or .jpg file."
)
@model_option
def styles(folders: tuple[Path, ...], sheet: Path | None, model: str) -> None:
    """List the styles: shipped, your own, and those of --styles."""
    from realtime.pictures import load_picture
    from realtime.style_folders import find_styles, standard_folders, user_folder

    found, notices = find_styles([*standard_folders(), *folders])
    pictures = []
    for style in found:
        try:
            picture = load_picture(style.path)
        except RealtimeError as error:
            notices.append(str(error))
            continue
        if sheet:
            pictures.append((style.name, picture))
        height, width = picture.shape[:2]
        click.echo(f"{style.name:20}  {width}×{height}  {style.path}")
    for notice in notices:
        say(notice)
    say(f"pictures in {user_folder()} are styles too")
    if sheet:
        _draw_sheet(sheet, pictures, model)


def _draw_sheet(path: Path, pictures: list[tuple[str, Picture]], model: str) -> None:
    from PIL import Image

    from realtime.sheet import contact_sheet
    from realtime.sources.scene import Scene
    from realtime.stylizer import Stylizer

    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageError(f"a sheet is a .png or .jpg file, not {path.name!r}")
    with Stylizer(model) as stylizer:
        drawn = contact_sheet(stylizer, Scene((640, 480)).draw(12.0), pictures)
    try:
        with open(path, "xb") as file:
            Image.fromarray(drawn[:, :, ::-1]).save(file, quality=85)
    except FileExistsError:
        raise UsageError(f"{path} exists already; nothing is overwritten, choose another name") from None
    except OSError as error:
        raise SinkError(f"{path} cannot be written ({error.strerror or error})") from error
    say(f"saved {path}")
