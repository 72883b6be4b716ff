"""The controls of a stream: the one place where its settings change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from realtime.control.actions import Action
from realtime.control.commands import Command, PictureCommand
from realtime.control.settings import Settings, reduce
from realtime.core.errors import UsageError
from realtime.core.events import Events, Notice, SettingsChanged


class Controls:
    """Settings under one lock. Any thread may call; `settings` is always a whole, consistent set."""

    def __init__(
        self,
        settings: Settings,
        styles: Callable[[], Sequence[str]],
        events: Events | None = None,
        perform: Callable[[Action], None] | None = None,
    ) -> None:
        """Begin with `settings`.

        Args:
            settings: The settings to begin with.
            styles: Gives the names of all styles, in the order in which keys walk through them.
            events: The feed that is told of notices and changes.
            perform: Carries out the actions, such as a snapshot; it returns at once.
        """
        self._settings = settings
        self._styles = styles
        self._events = events or Events()
        self._perform = perform
        self._changing = threading.Lock()

    @property
    def settings(self) -> Settings:
        """The settings now."""
        return self._settings

    def apply(self, command: Command) -> None:
        """Carry out a command.

        Raises:
            UsageError: There is no style of a name that the command has, or nobody here carries out such a command.
        """
        action = command if isinstance(command, Action) else None
        if isinstance(command, PictureCommand):
            with self._changing:
                before = self._settings
                change = reduce(before, command, self._styles())
                self._settings, action = change.settings, change.action
            if change.settings != before:
                self._events.emit(SettingsChanged())
            if change.notice:
                self._events.emit(Notice(change.notice, change.settings != before))
        elif action is None:
            raise UsageError(f"{type(command).__name__} is no command for a stream")
        if action is not None:
            if self._perform is None:
                raise UsageError(f"nobody here carries out {type(action).__name__}")
            self._perform(action)
