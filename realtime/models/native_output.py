"""Engines announce themselves on the terminal, from C++ and with no setting that would stop them. Here is the stop."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator

# LiteRT: "INFO: Created TensorFlow Lite XNNPACK delegate for CPU.", once a process. TensorFlow: what it says before its
# own log is set up ("I0000 00:00:1795430740.484397   19439 port.cc:153] oneDNN custom operations are on..."), and that
# there is no GPU as if it were an error. TF_CPP_MIN_LOG_LEVEL, ABSL_MIN_LOG_LEVEL and the like reach none of these
# (tried with ai-edge-litert 2.3.0 and TensorFlow 2.21), and LiteRT's wheel exports no function that sets the level.
_CHATTER = re.compile(
    rb"INFO: |WARNING: All log messages before absl::InitializeLog\(\)|[IW]\d{4} |E\d{4} .*(cuda|cuInit|computation_placer)"
)
_one_at_a_time = threading.Lock()


@contextlib.contextmanager
def quiet_engine() -> Iterator[None]:
    """Hold back what native code writes to standard error in this block; then show all of it but the announcements.

    It is for short blocks that load an engine. What other threads write meanwhile comes a little later, nothing is lost.
    """
    with _one_at_a_time, contextlib.ExitStack() as undo:
        try:
            kept = os.dup(2)
            undo.callback(os.close, kept)
            held = undo.enter_context(tempfile.TemporaryFile())
        except OSError:  # no standard error (a program without a terminal) or no room for a file: nothing to hold back
            yield
            return
        _flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            os.dup2(kept, 2)
            held.seek(0)
            for line in held:
                if not _CHATTER.match(line):
                    os.write(2, line)


def _flush() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
