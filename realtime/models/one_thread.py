"""A thread of its own for an engine that must stay on one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, TypeVar

from realtime.core import threads
from realtime.core.errors import ModelError

_Result = TypeVar("_Result")
_QUEUE_SECONDS = 60.0  # for the calls before


class OneThread:
    """A thread to which calls are handed, done one after the other. It starts with the first call.

    It is a daemon: a driver that holds it for ever must not keep the program from ending.
    """

    def __init__(self, name: str) -> None:
        """Begin without a thread; `name` is its name in logs."""
        self._name = name
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()

    def call(self, do: Callable[[], _Result]) -> Future[_Result]:
        """Hand a call to the thread.

        Args:
            do: What is called.

        Returns:
            What gives its result, or raises its error.
        """
        future: Future[_Result] = Future()
        self._calls.put((future, do))
        with self._changing:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        return future

    def run(self, do: Callable[[], _Result], seconds: float | None = None) -> _Result:
        """Hand a call to the thread and wait for its end.

        Args:
            do: What is called.
            seconds: How long the call may take once it has begun; None is for ever.

        Returns:
            Its result. What it raises is raised here.

        Raises:
            ModelError: It has not ended in time. The thread counts as hung from then on, and takes no more calls.
        """
        begun = threading.Event()

        def begin() -> _Result:
            begun.set()
            return do()

        future = self.call(begin)
        begun.wait(_QUEUE_SECONDS if seconds else None)  # calls before it have limits of their own
        if not wait([future], seconds).done:
            self.close(0.0)
            raise ModelError(f"the engine gave no picture within {seconds:g} s; use --device cpu")
        return future.result()

    def close(self, seconds: float) -> bool:
        """End the thread after the calls that it has, and wait for that.

        Args:
            seconds: How long to wait at most.

        Returns:
            Whether it has ended; a thread that has not counts as hung.
        """
        self._calls.put(None)
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(seconds)
        if self._thread.is_alive():
            threads.remember(self._thread)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            future, do = call
            try:
                future.set_result(do())
            except BaseException as error:
                future.set_exception(error)
            del call, future, do  # else the last result lives on in this frame
