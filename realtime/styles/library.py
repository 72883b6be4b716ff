"""The library of styles: named pictures, and their codes, worked out once and kept."""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import platformdirs

from realtime.core.errors import StyleError, UsageError
from realtime.core.paths import user_path
from realtime.look.look import Look, Mixture, parse_mixture
from realtime.media.images import load_picture
from realtime.models.base import STYLE_SIZE, StyleCode, fingerprint
from realtime.models.stylizer import Stylizer
from realtime.styles.folders import (
    FolderWatch,
    Style,
    find_styles,
    in_order,
    one_style,
    standard_folders,
    user_folder,
)

FIRST = "wave"
"""What a person sees before choosing a style: it looks good on anything."""

LOOK_SECONDS = 0.3
"""Between two looks into the folders. A new picture is seen by one and has come to rest by the next."""

_TRIES = 3  # at reading a new picture, with 1 and 2 seconds between them, before it is called unreadable
_LARGE = 16_000_000
"""Bytes of a new picture from which on reading it beside a live picture takes so long that it is said beforehand."""
_NAMED_ALONE = 3  # styles gone at once are named up to so many; a folder that vanishes is one notice


@dataclass(frozen=True, slots=True)
class _Trial:
    """A picture that is new in a folder, to be read at a time of the library's clock."""

    style: Style
    due: float
    failures: int = 0
    announced: bool = False


class StyleLibrary:
    """Styles in the order of their names, and their codes by one model.

    Codes are kept in memory and, by the picture's content and the model, on disk. Any thread may ask for one; one thread
    calls `refresh` again and again, and the library then follows what changes in the folders.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        folders: Sequence[Path] = (),
        cache: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The shipped styles, the user's own, and those of `folders`. `cache` is where codes are kept, by default in
        the user's cache folder; `clock` gives seconds. UsageError when one of `folders` is missing."""
        self._stylizer = stylizer
        self._cache = cache or platformdirs.user_cache_path("realtime") / "codes"
        self._clock = clock
        folders = [*standard_folders(), *folders]
        found, self.notices = find_styles(folders)
        self._watch = FolderWatch(folders, found)
        self._look_at = clock() + LOOK_SECONDS
        self._styles = {style.name: style for style in found}  # never changed, only replaced
        self._codes: dict[str, StyleCode] = {}
        self._trials: dict[str, _Trial] = {}
        self._refused: dict[str, Style] = {}
        self._changing = threading.Lock()

    def __len__(self) -> int:
        return len(self._styles)

    @property
    def names(self) -> list[str]:
        """The names, in order. A picture that turned out to be unreadable is not among them."""
        return list(self._styles)

    def find(self, text: str) -> str:
        """The style that a person means by a name, the beginning of one, or a picture file, which is added.

        A file whose name another style has is given one of its own. UsageError, with the names there are, when the text is
        none of these, or begins several.
        """
        if text in self.names:
            return text
        path = user_path(text)
        if os.path.isfile(path):  # not path.is_file(), which raises for a name that is too long
            with self._changing:
                style = self._named(one_style(path))
                if self._styles.get(style.name) != style:
                    self._put(style)
                    self._codes.pop(style.name, None)
                    self._watch.add(style)
            return style.name
        wanted = text.casefold()
        fitting = [name for name in self.names if name.casefold() == wanted] or [
            name for name in self.names if text and name.casefold().startswith(wanted)
        ]
        if len(fitting) == 1:
            return fitting[0]
        problem = f"there is no style {text!r}" if not fitting else f"{text!r} begins several styles"
        raise UsageError(f"{problem}; there are {', '.join(self.names) or 'none'}, or name a picture file")

    def find_mixture(self, text: str) -> Mixture:
        """What a person means by "wave:0.6,glass:0.4", or by the name of one style, whatever signs are in it. UsageError as
        `find` has it, and where it is no mixture."""
        styles = ((text, 1.0),) if text in self.names else parse_mixture(text)
        return tuple((self.find(name), weight) for name, weight in styles)

    def _named(self, style: Style) -> Style:
        """The style of a file, by the name that the file has here already, or by one that no other file has."""
        place = os.path.realpath(style.path)
        for known in self._styles.values():
            if os.path.realpath(known.path) == place:
                return replace(known, stamp=style.stamp)
        names = itertools.chain(
            (style.name, f"{style.name} ({style.path.absolute().parent.name})"),
            (f"{style.name} ({number})" for number in itertools.count(2)),
        )
        return replace(style, name=next(name for name in names if name not in self._styles))

    def lasting(self, look: Look) -> Look:
        """The look as another session finds it: a style that only this one has, by an option, is named by its path."""
        return replace(look, styles=tuple((self._lasting(name), weight) for name, weight in look.styles))

    def _lasting(self, name: str) -> str:
        style = self._styles.get(name)
        return name if style is None or style.path.parent in standard_folders() else str(style.path.absolute())

    def path(self, name: str) -> Path:
        """Where the style's picture lies. UsageError when there is no such style."""
        style = self._styles.get(name)
        if style is None:
            raise UsageError(f"there is no style {name!r}; there are {', '.join(self.names)}")
        return style.path

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
        """The style's code if it has been worked out, at once.

        It becomes another one when the picture is replaced, and stays when the picture is removed: who looks at a style
        goes on with it.
        """
        return self._codes.get(name)

    def code(self, name: str) -> StyleCode:
        """The style's code, worked out when it is not known yet.

        StyleError when its picture cannot be read; it is then no longer among the styles.
        """
        if known := self._codes.get(name):
            return known
        style = self._styles.get(name)
        if style is None:
            raise UsageError(f"there is no style {name!r}; there are {', '.join(self.names)}")
        try:
            code = self._cached(style)
        except StyleError:
            with self._changing:
                self._refused[name] = style
                if self._styles.get(name) is style:
                    self._drop([name])
            raise
        with self._changing:
            if self._styles.get(name) is not style:  # removed or replaced meanwhile
                return code
            return self._codes.setdefault(name, code)

    def refresh(self) -> list[str]:
        """Follow the folders: what a person should be told of new, changed and removed styles.

        To be called often, by one thread: it looks three times a second at most, and reads one new picture a call at most.
        A picture that is still being copied, or cannot be read for the moment, is tried again before a word is said.
        """
        now, notices = self._clock(), []
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            notices = self._look(now)
        due = next((trial for trial in self._trials.values() if trial.due <= now), None)
        return notices + (self._try(due, now) if due else [])

    def _look(self, now: float) -> list[str]:
        known = self._styles
        sight = self._watch.look()
        trials = {}
        for name, style in sight.settled.items():
            if style not in (known.get(name), self._refused.get(name)):
                before = self._trials.get(name)
                trials[name] = before if before and before.style == style else _Trial(style, now)
        self._trials = trials
        with self._changing:
            gone = [name for name, style in known.items() if name not in sight.present and self._styles[name] is style]
            self._drop(gone)
        if len(gone) > _NAMED_ALONE:
            return [*sight.notices, f"{len(gone)} styles are gone"]
        return sight.notices + [f"style {name} is gone" for name in gone]

    def _try(self, trial: _Trial, now: float) -> list[str]:
        style, name = trial.style, trial.style.name
        try:
            if style.stamp[1] >= _LARGE and not trial.announced and not self._kept(self._place(style)):
                self._trials[name] = replace(trial, announced=True)
                return [f"{style.path.name} is being read"]
            code = self._cached(style)
        except StyleError as error:
            failures = trial.failures + 1
            if failures < _TRIES:
                self._trials[name] = replace(trial, due=now + failures, failures=failures)
                return []
            del self._trials[name]
            self._refused[name] = style
            return [f"{error}; style {name} stays as it was" if name in self._styles else str(error)]
        del self._trials[name]
        with self._changing:
            new, before = name not in self._styles, self._codes.get(name)
            if not new and before and _same(before, code):
                code = before  # written anew with the same content: nobody need notice
            self._put(style)
            self._codes[name] = code
        if new:
            return [f"new style {name}"]
        return [f"style {name} has changed"] if before and code is not before else []

    def _put(self, style: Style) -> None:
        styles = {**self._styles, style.name: style}
        self._styles = {style.name: style for style in in_order(styles.values())}

    def _drop(self, names: Sequence[str]) -> None:
        self._styles = {name: style for name, style in self._styles.items() if name not in names}

    def _cached(self, style: Style) -> StyleCode:
        place = self._place(style)
        if kept := self._kept(place):
            return kept
        code = self._stylizer.encode(load_picture(style.path, enough=2 * STYLE_SIZE))
        with contextlib.suppress(OSError):  # a cache that cannot be written costs a little time at the next start
            self._keep(code, place)
        return code

    def _kept(self, place: Path) -> StyleCode | None:
        """The code of an earlier time."""
        if not os.path.isfile(place):
            return None
        try:
            code = StyleCode.load(place)
            self._stylizer.model.check(code)
            return code
        except StyleError:
            return None  # half written or of other times: it is made again, and written over

    def _place(self, style: Style) -> Path:
        """Where its code is kept. StyleError when the picture cannot be read."""
        try:
            digest = fingerprint([style.path])
        except OSError as error:
            raise StyleError(f"{style.path.name} cannot be read ({error.strerror})") from error
        return self._cache / f"{self._stylizer.model.identity}-{digest}.npz"

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


def _same(code: StyleCode, other: StyleCode) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(code.arrays, other.arrays, strict=True))
