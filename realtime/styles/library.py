"""The library of styles: named pictures, and their codes, worked out once and kept."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import platformdirs

from realtime.core.errors import StyleError, UsageError
from realtime.core.frame import Picture
from realtime.core.paths import user_path
from realtime.look.look import Look, Mixture, parse_mixture
from realtime.media.gallery import user_folder
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.styles.code_cache import CodeCache, same
from realtime.styles.folders import (
    NOWHERE,
    FolderWatch,
    Style,
    Trial,
    find_styles,
    in_order,
    named,
    one_style,
    standard_folders,
)

FIRST = "wave"
"""What a person sees before choosing a style: it looks good on anything."""

SCAN_SECONDS = 0.3
"""Between two scans of the folders. A new picture that two scans find the same is whole, not one that is being copied."""

_TRIES = 3  # at reading a new picture, with 1 and 2 seconds between them, before it is called unreadable
_LARGE = 16_000_000
"""Bytes of a new picture from which on reading it beside a live picture takes so long that it is said beforehand."""
_NAMED_ALONE = 3  # styles gone at once are named up to so many; a folder that vanishes is one notice


class StyleLibrary:
    """Styles in the order of their names, and their codes by one model.

    Codes are kept in memory and on disk. Any thread may ask for one; one thread calls `refresh` again and again, and the
    library then follows what changes in the folders.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        folders: Sequence[Path] = (),
        cache: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Find the shipped styles, the user's own, and those of some folders.

        Args:
            stylizer: What makes the codes.
            folders: Folders of pictures. Where two have a name in common the later one's counts.
            cache: Where codes are kept; by default in the user's cache folder.
            clock: Gives seconds, for tests.

        Raises:
            UsageError: One of `folders` is missing.
        """
        self._stylizer = stylizer
        self._cache = CodeCache(cache or platformdirs.user_cache_path("realtime") / "codes", stylizer)
        self._clock = clock
        folders = [*standard_folders(), *folders]
        found, self.notices = find_styles(folders)
        self._watch = FolderWatch(folders, found)
        self._scan_at = clock() + SCAN_SECONDS
        self._styles = {style.name: style for style in found}  # never changed, only replaced
        self._codes: dict[str, StyleCode] = {}
        self._trials: dict[str, Trial] = {}
        self._refused: dict[str, Style] = {}
        self._changing = threading.Lock()

    def __len__(self) -> int:
        return len(self._styles)

    @property
    def names(self) -> list[str]:
        """The names, in order. A picture that turned out to be unreadable is not among them."""
        return list(self._styles)

    def find(self, text: str) -> str:
        """Find the style that a person means.

        Args:
            text: A name, the beginning of one, or a picture file, which is added, under a name of its own.

        Returns:
            The name.

        Raises:
            UsageError: The text is none of these, or begins several names.
        """
        if text in self.names:
            return text
        path = user_path(text)
        if os.path.isfile(path):  # not path.is_file(), which raises for a name that is too long
            return self._add_file(path)
        wanted = text.casefold()
        fitting = [name for name in self.names if name.casefold() == wanted] or [
            name for name in self.names if text and name.casefold().startswith(wanted)
        ]
        before, _, weight = text.rpartition(":")
        if len(fitting) == 1:
            return fitting[0]
        if before in self.names:
            raise UsageError(f"{weight!r} is no weight of {before}; wanted a number, as in wave:0.6,glass:0.4")
        problem = f"there is no style {text!r}" if not fitting else f"{text!r} begins several styles"
        raise UsageError(f"{problem}; there are {', '.join(self.names) or 'none'}, or name a picture file")

    def find_mixture(self, text: str) -> Mixture:
        """Find the styles of a mixture, "wave:0.6,glass:0.4", or one style's name, whatever signs are in it.

        Returns:
            Names, and weights that add up to 1. UsageError as `find` raises it, or when the text is no mixture.
        """
        styles = ((text, 1.0),) if text in self.names else parse_mixture(text)
        return tuple((self.find(name), weight) for name, weight in styles)

    def _add_file(self, path: Path) -> str:
        try:
            style = one_style(path)
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({error.strerror})") from error
        with self._changing:
            style = named(style, self._styles)
            if self._styles.get(style.name) != style:
                self._watch.add(style)  # before the library names it: a scan that misses a named style drops it
                self._put(style)
                self._codes.pop(style.name, None)
        return style.name

    def portable(self, look: Look) -> Look:
        """Write a look so that another session finds its styles: those that only this one has are named by their paths."""
        return replace(look, styles=tuple((self._portable(name), weight) for name, weight in look.styles))

    def _portable(self, name: str) -> str:
        style = self._styles.get(name)
        if style is None or style.path == NOWHERE or style.path.parent in standard_folders():
            return name
        return str(style.path.absolute())

    def path(self, name: str) -> Path:
        """Say where the style's picture lies. UsageError when there is no such style, or its picture lies in no file."""
        if (path := self._style(name).path) == NOWHERE:
            raise UsageError(f"{name} is a picture of this session, and lies in no file; keep it first")
        return path

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            raise UsageError(f"there is no style {name!r}; there are {', '.join(self.names)}")
        return style

    def first(self) -> str:
        """Choose the style to begin with: `FIRST`, or else one whose picture can be read. StyleError without any."""
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

    def take_in(self, name: str, code: StyleCode) -> None:
        """Have a style for this session whose picture lies in no file, in place of an earlier one of the same name."""
        with self._changing:
            self._codes[name] = code
            self._put(Style(name, NOWHERE))

    def leave_out(self, name: str) -> None:
        """Have a style no longer that was taken in; who uses it goes on with it."""
        with self._changing:
            self._drop([name])

    def ready(self, name: str) -> StyleCode | None:
        """Give the style's code at once, or None when it has not been worked out.

        The code changes when the picture is replaced, and stays when the picture is removed: who uses the style goes on with
        it.
        """
        return self._codes.get(name)

    def code(self, style: str | Path | Picture) -> StyleCode:
        """Give a style's code, working it out when it is not known yet.

        Args:
            style: One of `names`; or the path of a picture file, which is added; or a picture (uint8, H×W×3, BGR).

        Returns:
            The code. UsageError when there is no such style.

        Raises:
            StyleError: Its picture cannot be read; the style is then no longer among the `names`.
        """
        if isinstance(style, np.ndarray):
            return self._stylizer.encode(style)
        return self._code(style if isinstance(style, str) else self.find(str(style)))

    def _code(self, name: str) -> StyleCode:
        if known := self._codes.get(name):
            return known
        style = self._style(name)
        try:
            code = self._cache.made(style.path)
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
        """Follow the folders; to be called often, by one thread.

        A call scans the folders when `SCAN_SECONDS` are over, and reads one new picture at most. A picture that is still being
        copied, or cannot be read for the moment, is tried again before anything is said of it.

        Returns:
            What a person should be told of new, changed and removed styles.
        """
        now, notices = self._clock(), []
        if now >= self._scan_at:
            self._scan_at = now + SCAN_SECONDS
            notices = self._scan(now)
        due = next((trial for trial in self._trials.values() if trial.due <= now), None)
        return notices + (self._try(due, now) if due else [])

    def _scan(self, now: float) -> list[str]:
        known = self._styles
        scan = self._watch.scan()
        trials = {}
        for name, style in scan.settled.items():
            if style not in (known.get(name), self._refused.get(name)):
                before = self._trials.get(name)
                trials[name] = before if before and before.style == style else Trial(style, now)
        self._trials = trials
        with self._changing:
            self._refused = {name: style for name, style in self._refused.items() if name in scan.present}
            missed = [
                (name, style) for name, style in known.items() if name not in scan.present and style.path != NOWHERE
            ]
            gone = [name for name, style in missed if self._styles.get(name) is style]
            self._drop(gone)
        if len(gone) > _NAMED_ALONE:
            return [*scan.notices, f"{len(gone)} styles are gone"]
        return scan.notices + [f"style {name} is gone" for name in gone]

    def _try(self, trial: Trial, now: float) -> list[str]:
        style, name = trial.style, trial.style.name
        try:
            large = style.stamp[1] >= _LARGE and not trial.announced
            if large and not self._cache.load(self._cache.path(style.path)):
                self._trials[name] = replace(trial, announced=True)
                return [f"{style.path.name} is being read"]
            code = self._cache.made(style.path)
        except StyleError as error:
            failures = trial.failures + 1
            if failures < _TRIES:
                self._trials[name] = replace(trial, due=now + failures, failures=failures)
                return []
            del self._trials[name]
            with self._changing:
                self._refused[name] = style
            return [f"{error}; style {name} stays as it was" if name in self._styles else str(error)]
        del self._trials[name]
        with self._changing:
            new, before = name not in self._styles, self._codes.get(name)
            if not new and before and same(before, code):
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
