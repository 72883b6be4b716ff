"""What `realtime` looks after before and after a session."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from realtime.cli.options import say
from realtime.core.errors import SinkError
from realtime.core.installed import program, quoted
from realtime.core.paths import user_path
from realtime.look.look_files import read_mirror

if TYPE_CHECKING:
    from realtime.live.session import LiveSession
    from realtime.models.stylizer import Stylizer


def close_unless_hung(stylizer: Stylizer, session: LiveSession | None) -> None:
    """Close a stylizer, unless a thread of its session hangs, which may be inside the model."""
    if session is None or not session.hangs:
        stylizer.close()


def kept_original(source: str | None) -> bool:
    """Say whether a source is the original kept beside a snapshot, which is mirrored already if the snapshot is."""
    path = user_path(source or "")
    return os.path.isfile(path) and read_mirror(path) is not None


def say_unfinished(folders: list[Path]) -> None:
    """Offer the repair of clips that an earlier run did not finish."""
    from realtime.media import unfinished

    found = unfinished.find(folders)
    if found:
        names = found[0].name if len(found) == 1 else f"{len(found)} clips"
        known = unfinished.find([folders[0], Path.cwd()])  # those that the command finds by itself
        places = "".join(f" {quoted(str(path))}" for path in found if path not in known)
        were = "was" if len(found) == 1 else "were"
        say(f"{names} of an earlier run {were} not finished: {program()} doctor --repair{places}")


def has_display(needed: bool) -> bool:
    """Say whether a window can be opened; SinkError when it cannot and is `needed`."""
    from realtime.sinks.screen import display_problem

    problem = display_problem()
    if problem and needed:
        raise SinkError(
            f"no window can be opened: {problem}; --page shows it in a browser; --record FILE or --no-window"
            " --frames N work without one, too"
        )
    if problem:
        say(f"no window: {problem}; going on without one, end with Ctrl-C, --frames or --seconds")
    return not problem
