"""The names of sinks that other packages add; the program's own have options of their own.

A package adds a sink by an entry point in its pyproject.toml:

    [project.entry-points."realtime.sinks"]
    wall = "its_package.its_module:open_wall"

`--sink wall` and `--sink wall:studio` then call `open_wall(argument)`, with what stands after the colon or an empty text; it
returns a `Sink` that is not open yet, or raises a RealtimeError fit to be shown.
"""

from __future__ import annotations

from realtime.core.added import find_added, make_added
from realtime.core.errors import SinkError, UsageError
from realtime.core.text import clean
from realtime.sinks.base import Sink

GROUP = "realtime.sinks"
"""The entry points by which other packages add sinks."""


def make_sink(text: str) -> Sink:
    """Make the sink that a person means.

    Args:
        text: The name of a sink, or the name, a colon and an argument.

    Returns:
        The sink, not open yet.

    Raises:
        UsageError: Nothing of that name exists.
        SinkError: The package's code fails.
    """
    name, _, argument = text.partition(":")
    added = find_added(GROUP)
    if name not in added:
        there = f"there are {', '.join(sorted(added))}" if added else "no installed package adds any"
        raise UsageError(f"there is no sink {clean(name)!r}; {there}")
    return make_added(added[name], Sink, SinkError, argument)  # type: ignore[type-abstract]
