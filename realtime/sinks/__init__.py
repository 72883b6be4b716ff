"""Where finished frames go: a window, a snapshot, a clip."""

from realtime.sinks.base import Sink
from realtime.sinks.recorder import RecorderSink
from realtime.sinks.ring import ReplaySink
from realtime.sinks.snapshot import SnapshotSink
from realtime.sinks.window import WindowSink, display_problem

__all__ = ["RecorderSink", "ReplaySink", "Sink", "SnapshotSink", "WindowSink", "display_problem"]
