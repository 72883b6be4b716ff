"""What other packages add to the program, by entry points of theirs (packaging.python.org, "Entry points specification")."""

from __future__ import annotations

import importlib
import operator
from typing import TYPE_CHECKING, Any, TypeVar

from realtime.core.errors import RealtimeError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")


def find_added(group: str) -> dict[str, EntryPoint]:
    """Give the entry points of a group, such as "realtime.sinks", by name."""
    from importlib.metadata import entry_points  # takes as long to import as all else that `realtime --help` needs

    return {point.name: point for point in entry_points(group=group)}


def load_named(text: str) -> Any:
    """Import what a text names.

    Args:
        text: As entry points have it, "module:name" or "module:name.attribute".

    Returns:
        What is there. ImportError or AttributeError where nothing is.
    """
    module, _, name = text.partition(":")
    return operator.attrgetter(name)(importlib.import_module(module))


def make_added(point: EntryPoint, kind: type[T], problem: type[RealtimeError], *arguments: Any) -> T:
    """Call what an entry point names.

    Args:
        point: The entry point.
        kind: What the call must return.
        problem: The error to raise when the other package's code fails.
        arguments: The arguments of the call.

    Returns:
        What the call returned.

    Raises:
        RealtimeError: The call raised it, or failed, or returned something else.
    """
    what = f"the {kind.__name__.lower()} {point.name} of the package {point.dist.name if point.dist else point.value}"
    try:
        made = point.load()(*arguments)
    except RealtimeError:
        raise
    except Exception as error:
        raise problem(f"{what} fails ({type(error).__name__}: {error}); update it") from error
    if not isinstance(made, kind):
        raise problem(f"{what} is a {type(made).__name__}, no {kind.__name__}")
    return made
