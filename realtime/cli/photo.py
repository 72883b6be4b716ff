"""`realtime photo`: pictures at full size, and figures that compare them."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.cli.options import (
    LookOptions,
    amount,
    device_option,
    expanded,
    file,
    model_option,
    say,
    say_loading,
    styles_option,
)
from realtime.cli.options import brush as as_brush
from realtime.core.errors import SourceError
from realtime.core.paths import shortened, user_path

if TYPE_CHECKING:
    from realtime.core.frame import Picture
    from realtime.look.look import Look
    from realtime.photo.figure import Column
    from realtime.styles.library import StyleLibrary


@click.command()
@click.argument("inputs", metavar="IN...", nargs=-1, required=True, type=click.Path(path_type=Path), callback=expanded)
@click.option("-o", "--out", metavar="OUT", default=".", show_default="this folder",
              help="A new .png, .jpg, .webp or .tif for one painting, or a folder: they are called NAME_STYLE there.")  # fmt: skip
@click.option("--style", "wished", metavar="S", multiple=True, help="A name (see `realtime styles`), a picture file, or up to"
              " four mixed: wave:0.6,glass:0.4. Each --style more is a painting more of every picture.")  # fmt: skip
@click.option(
    "--look", "look_file", metavar="FILE", type=file, help="Begin from the look in a .toml file or a snapshot."
)
@click.option("--strength", type=amount, metavar="X", help="From 0, the picture itself, to 1.  [default: 1]")
@click.option("--own-colours", type=amount, metavar="X",
              help="From 0, the style's colours, to 1, the picture's own.  [default: 0]")  # fmt: skip
@click.option("--brush", type=as_brush, metavar="X|full",
              help="How much of the picture the model sees, 0.1 to 16: strokes grow as it falls. At 1 it sees 480 lines; `full` is"
              " every pixel.  [default: 2]")  # fmt: skip
@styles_option
@model_option
@device_option
@click.option("--mirror", is_flag=True, help="Paint as in a mirror.")
@click.option("--compare", is_flag=True, help="Draw a figure of originals, styles and paintings: into OUT, or beside the"
              " paintings in the folder OUT.")  # fmt: skip
@click.option("--keep-gps", is_flag=True, help="Keep where a picture was taken, and the camera maker's own data.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
def photo(
    inputs: tuple[Path, ...],
    out: str,
    wished: tuple[str, ...],
    look_file: Path | None,
    strength: float | None,
    own_colours: float | None,
    brush: float | None,
    folders: tuple[Path, ...],
    model: str,
    device: str,
    mirror: bool,
    compare: bool,
    keep_gps: bool,
    force: bool,
) -> None:
    """Paint pictures at their full size, each in every style.

    What the files say besides, colour profile, camera and date, is kept; where they were taken is not.
    """
    from realtime.models.stylizer import Stylizer
    from realtime.photo.batch import PhotoBatch, Wishes
    from realtime.photo.files import check_places, find_photos, is_file_name, places
    from realtime.photo.photos import BRUSH, PhotoPainter
    from realtime.styles.library import StyleLibrary

    found = find_photos([user_path(str(path)) for path in inputs])
    out = os.path.expanduser(out)
    photos = found.photos
    for note in found.notes:
        say(note)
    with ExitStack() as stack:
        say_loading(model)
        stylizer = stack.enter_context(Stylizer(model))
        stylizer.use(device)
        stylizer.model.notify = say
        library = StyleLibrary(stylizer, folders)
        if brush is None and look_file is None:
            brush = BRUSH
        amounts = {"strength": strength, "own_colours": own_colours, "brush": brush}
        looks = _looks(library, wished, look_file, amounts)
        for notice in library.notices:
            say(notice)
        names = [look.name for look in looks]
        targets = [] if compare and is_file_name(out) else places(photos, names, out)
        figure_place = _figure_place(photos, names, out) if compare else None
        styles = [library.path(name) for look in looks for name, _ in look.styles]
        written = [path for row in targets for path in row] + [path for path in (figure_place,) if path]
        check_places(written, [*photos, *styles, *([look_file] if look_file else [])], force)
        columns = _columns(library, looks) if compare else []
        wishes = Wishes(looks, mirror, keep_gps, force, compare, model)
        batch = PhotoBatch(PhotoPainter(stylizer, library.code), wishes, library.portable, say, found)
        try:
            for number, path in enumerate(photos, 1):
                batch.add(number, path, targets[number - 1] if targets else [])
        except KeyboardInterrupt:
            if len(photos) > 1:
                say(batch.tally.summary())
            raise
        if figure_place and batch.rows:
            _draw(columns, batch.rows, figure_place, force)
    if len(photos) > 1 and batch.errors:
        raise SourceError(batch.tally.summary())
    if batch.errors:
        for error in batch.errors[:-1]:
            say(str(error))
        raise batch.errors[-1]
    if len(photos) > 1:
        say(batch.tally.summary())


def _figure_place(photos: list[Path], names: list[str], out: str) -> Path:
    from realtime.photo.files import is_file_name, places

    if is_file_name(out):
        return Path(out)
    if len(photos) * len(names) > 1:
        return Path(out) / "compare.png"
    place = places(photos, names, out)[0][0]
    return place.with_name(shortened(place.stem, ".compare.png", place.parent))


def _looks(
    library: StyleLibrary, wished: tuple[str, ...], look_file: Path | None, amounts: dict[str, float | None]
) -> list[Look]:
    """Give a look for each of the styles wished for, their codes worked out."""
    looks: list[Look] = []
    for style in wished or (None,):
        look = LookOptions(style, look_file, amounts).look(library)
        for name, _ in look.styles:
            library.code(name)
        looks.append(look)
    return looks


def _columns(library: StyleLibrary, looks: list[Look]) -> list[Column]:
    from realtime.media.images import load_picture
    from realtime.photo.figure import Column

    return [
        Column(look.name, [load_picture(library.path(name)) for name, weight in look.styles if weight])
        for look in looks
    ]


def _draw(columns: list[Column], rows: list[tuple[Picture, list[Picture]]], place: Path, force: bool) -> None:
    from realtime.media.photo_file import Photo, write_photo
    from realtime.photo.figure import draw_figure

    drawn = draw_figure(columns, rows)
    write_photo(Photo(drawn, dpi=(300, 300)), drawn, place, force=force)
    say(f"saved {place} ({drawn.shape[1]}×{drawn.shape[0]})")
