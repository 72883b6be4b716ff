"""The library of styles: pictures in folders, and their codes, worked out once and kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from realtime.errors import StyleError, UsageError
from realtime.models.base import StyleCode, fingerprint
from realtime.paths import user_path
from realtime.pictures import PICTURES, load_picture
from realtime.stylizer import Stylizer

FIRST = "wave"
"""What a person sees before choosing a style: it looks good on anything."""


@dataclass(frozen=True, slots=True)
class Style:
    """A named picture."""

    name: str
    path: Path


def shipped_folder() -> Path:
    """Where the styles that come with the program lie: in the package when installed, beside it in a checkout."""
    installed = Path(__file__).with_name("gallery")
    return installed if installed.is_dir() else Path(__file__).parent.parent / "styles"


def user_folder() -> Path:
    """Where a person's own styles lie; it need not exist."""
    return platformdirs.user_config_path("realtime") / "styles"


def standard_folders() -> list[Path]:
    """The shipped styles, and the user's own where there are any."""
    return [shipped_folder()] + [folder for folder in (user_folder(),) if os.path.isdir(folder)]


def find_styles(folders: Sequence[Path]) -> tuple[list[Style], list[str]]:
    """The styles of some folders by name, and notices about files that are none.

    A file is a style when its ending is a picture's; its name is the file's without the ending. Where two folders have
    a name in common the later one's counts. UsageError when a folder is missing.
    """
    styles: dict[str, Style] = {}
    notices = []
    for folder in folders:
        if not os.path.isdir(folder):
            raise UsageError(f"there is no style folder {folder}; --styles takes a folder of pictures")
        try:
            paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
        except OSError as error:
            raise UsageError(f"the style folder {folder} cannot be read ({error.strerror})") from error
        for path in paths:
            if path.suffix.lower() in PICTURES:
                styles[path.stem] = Style(path.stem, path)
            elif folder != shipped_folder():
                notices.append(f"{path.name} is no style: wanted {', '.join(sorted(PICTURES))}")
    return sorted(styles.values(), key=_order), notices


def _order(style: Style) -> tuple[str, str]:
    return style.name.casefold(), style.name


class StyleLibrary:
    """Styles in the order of their names, and their codes by one model.

    Codes are kept in memory and, by the picture's content and the model, on disk. Any thread may ask for one.
    """

    def __init__(self, stylizer: Stylizer, folders: Sequence[Path] = (), cache: Path | None = None) -> None:
        """The shipped styles, the user's own, and those of `folders`. `cache` is where codes are kept, by default in
        the user's cache folder. UsageError when a folder is missing."""
        self._stylizer = stylizer
        self._cache = cache or platformdirs.user_cache_path("realtime") / "codes"
        self._styles, self.notices = find_styles([*standard_folders(), *folders])
        self._codes: dict[str, StyleCode] = {}
        self._changing = threading.Lock()

    def __len__(self) -> int:
        return len(self._styles)

    @property
    def names(self) -> list[str]:
        """The names, in order. A picture that turned out to be unreadable is not among them."""
        return [style.name for style in self._styles]

    def find(self, text: str) -> str:
        """The style that a person means by a name, the beginning of one, or a picture file, which is added.

        UsageError, with the names there are, when it is none of these or several.
        """
        if text in self.names:
            return text
        path = user_path(text)
        if os.path.isfile(path):  # not path.is_file(), which raises for a name that is too long
            with self._changing:
                others = [style for style in self._styles if style.name != path.stem]
                self._styles = sorted([*others, Style(path.stem, path)], key=_order)
                self._codes.pop(path.stem, None)
            return path.stem
        fitting = [name for name in self.names if text and name.casefold().startswith(text.casefold())]
        if len(fitting) == 1:
            return fitting[0]
        problem = f"there is no style {text!r}" if not fitting else f"{text!r} begins several styles"
        raise UsageError(f"{problem}; there are {', '.join(self.names) or 'none'}, or name a picture file")

    def first(self) -> str:
        """The style to begin with: `FIRST`, or else the first one whose picture can be read. StyleError without any."""
        for name in sorted(self.names, key=lambda name: name != FIRST):
            try:
                self.code(name)
            except StyleError as error:
                self.notices.append(str(error))
            else:
                return name
        raise StyleError(
            f"there is no style that can be used; put pictures into {user_folder()} or name a folder with --styles"
        )

    def ready(self, name: str) -> StyleCode | None:
        """The style's code if it has been worked out, at once."""
        return self._codes.get(name)

    def code(self, name: str) -> StyleCode:
        """The style's code, worked out when it is not known yet.

        StyleError when its picture cannot be read; it is then no longer among the styles.
        """
        if known := self._codes.get(name):
            return known
        style = next((style for style in self._styles if style.name == name), None)
        if style is None:
            raise UsageError(f"there is no style {name!r}; there are {', '.join(self.names)}")
        try:
            code = self._cached(style)
        except StyleError:
            with self._changing:
                self._styles = [other for other in self._styles if other is not style]
            raise
        self._codes[name] = code
        return code

    def _cached(self, style: Style) -> StyleCode:
        try:
            digest = fingerprint([style.path])
        except OSError as error:
            raise StyleError(f"{style.path.name} cannot be read ({error.strerror})") from error
        kept = self._cache / f"{self._stylizer.model.identity}-{digest}.npz"
        if os.path.isfile(kept):
            try:
                code = StyleCode.load(kept)
                self._stylizer.model.check(code)
                return code
            except StyleError:
                pass  # half written or of other times: it is made again, and written over
        code = self._stylizer.encode(load_picture(style.path))
        with contextlib.suppress(OSError):  # a cache that cannot be written costs a little time at the next start
            self._keep(code, kept)
        return code

    def _keep(self, code: StyleCode, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".partial", delete=False) as file:
            try:
                code.write(file)  # type: ignore[arg-type]
                file.close()
                os.replace(file.name, path)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
