"""Files painted whole: every frame once, at its time, with sound and all else kept. See `rendering.py` for the way of a frame."""

from realtime.render.rendering import Outcome, Rendering, Task, Watcher
from realtime.render.schedule import Schedule, parse_change

__all__ = ["Outcome", "Rendering", "Schedule", "Task", "Watcher", "parse_change"]
