"""A person's own styles: pictures put into their folder, and taken out of it so that they can come back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from realtime.core.errors import StyleError, UsageError
from realtime.media.gallery import shipped_folder, user_folder
from realtime.media.images import load_picture
from realtime.media.kinds import PICTURES, WANTED
from realtime.styles.folders import Style, look_into

REMOVED = "removed"
"""The folder, within the person's own, in which removed styles lie."""

_UNFIT = frozenset('<>:"/\\|?*,')  # what some system has no file name for, and what separates styles in a mixture


def add_styles(pictures: Sequence[Path], name: str | None = None, force: bool = False) -> list[Style]:
    """Copy pictures into the person's folder, byte for byte: all of them, or none when one cannot be a style.

    Args:
        pictures: Picture files.
        name: What to call a single picture; by default each is called as its file.
        force: Whether a picture takes the place of a style of its name; one of the person's own goes to the removed ones.

    Returns:
        The new styles.

    Raises:
        UsageError: A name is taken or cannot be a style's, or a file is not there.
        StyleError: A file is no picture, or cannot be copied.
    """
    if name is not None and len(pictures) != 1:
        raise UsageError(f"one --name is for one picture, not for {len(pictures)}")
    folder = user_folder()
    shipped, own = ({style.name.casefold(): style for style in _pictures(f)} for f in (shipped_folder(), folder))
    wanted: dict[str, tuple[Path, Path]] = {}
    for picture in pictures:
        called = picture.stem if name is None else name.strip()
        _check(called, picture)
        key = called.casefold()
        if key in wanted:
            raise UsageError(f"{wanted[key][0]} and {picture} would both be {called}; add them one by one, with --name")
        taken = own.get(key) or shipped.get(key)
        if taken and os.path.exists(picture) and os.path.samefile(taken.path, picture):
            raise UsageError(f"{picture} is the style {taken.name} already")
        if taken and not force:
            raise UsageError(
                f"there is a style {taken.name} already ({taken.path}); choose another --name, or --force puts this one in its"
                " place"
            )
        load_picture(picture)
        wanted[key] = picture, folder / f"{called}{picture.suffix.lower()}"
    for key, (picture, place) in wanted.items():
        if key in own:
            remove_style(own[key].name)
        _copy(picture, place)
    return [Style(place.stem, place) for _, place in wanted.values()]


def remove_style(name: str) -> list[Path]:
    """Take a style out of the person's folder.

    Args:
        name: The style's whole name.

    Returns:
        Where its picture, or pictures, lie now.

    Raises:
        UsageError: It is none of the person's own.
        StyleError: It cannot be moved.
    """
    own = _pictures(user_folder())
    paths = [style.path for style in own if style.name == name]
    if paths:
        return [_put_away(path) for path in paths]
    if any(style.name == name for style in _pictures(shipped_folder())):
        raise UsageError(f"{name} comes with the program and cannot be removed")
    yours = ", ".join(dict.fromkeys(style.name for style in own)) or "none yet"
    raise UsageError(f"there is no style {name!r} in {user_folder()}; yours are: {yours}")


def _pictures(folder: Path) -> list[Style]:
    try:
        return look_into(folder)[0]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StyleError(f"the style folder {folder} cannot be read ({error.strerror})") from error


def _check(name: str, picture: Path) -> None:
    if picture.suffix.lower() not in PICTURES:
        raise UsageError(f"{picture.name} is no style: wanted {WANTED}")
    if not os.path.lexists(picture):
        raise UsageError(f"there is no picture {picture}")
    unfit = sorted(char for char in set(name) if char in _UNFIT or not char.isprintable())
    if not name or name[0] in ".~ " or name[-1] in "~. " or unfit or len(name) > 100:
        problem = f"{unfit[0]!r} is in it" if unfit else "it is empty, too long, or begins or ends with a sign"
        raise UsageError(f"{name!r} cannot be the name of a style: {problem}; choose another --name")


def _copy(picture: Path, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with open(picture, "rb") as whole, open(place, "xb") as copy:
            try:
                shutil.copyfileobj(whole, copy)
                copy.flush()
            except OSError:  # no half a picture is left behind
                copy.close()
                place.unlink()
                raise
    except FileExistsError:
        raise UsageError(f"{place} exists already; nothing is overwritten, choose another --name") from None
    except OSError as error:
        raise StyleError(f"{picture.name} cannot be copied to {place.parent} ({error.strerror})") from error


def _put_away(path: Path) -> Path:
    folder = path.parent / REMOVED
    try:
        folder.mkdir(exist_ok=True)
        number = 1
        while True:
            place = folder / (path.name if number == 1 else f"{path.stem} {number}{path.suffix}")
            try:
                open(place, "xb").close()  # the name is ours now: moving would write over another picture
                break
            except FileExistsError:
                number += 1
        os.replace(path, place)
    except OSError as error:
        raise StyleError(f"{path} cannot be moved to {folder} ({error.strerror})") from error
    return place
