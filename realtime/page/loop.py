"""The way from other threads into the page's loop, and from the loop to a thread for what takes a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from realtime.core import threads

_log = logging.getLogger(__name__)
T = TypeVar("T")


class PageLoop:
    """The loop of the page's thread, from `begin` to `end`, and one thread of work beside it."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._work = threads.Worker("page work", lambda error: _log.warning("a job of the page failed: %s", error))

    def begin(self) -> None:
        """Take the loop that runs."""
        self._loop = asyncio.get_running_loop()

    def end(self) -> None:
        """Call nothing in the loop any more."""
        self._loop = None

    def close(self, deadline: float) -> bool:
        """End the thread of work, as `threads.join` has it."""
        return self._work.close(deadline)

    def post(self, do: Callable[..., None], *arguments: Any) -> None:
        """Call something in the loop soon. Any thread may call; without a loop nothing is called."""
        if self._loop:
            with suppress(RuntimeError):  # the loop has ended
                self._loop.call_soon_threadsafe(do, *arguments)

    def begin_task(self, task: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside the caller, in the loop."""
        begun = asyncio.ensure_future(task)
        self._tasks.add(begun)  # the loop itself keeps none
        begun.add_done_callback(self._tasks.discard)

    async def work(self, job: Callable[[], T]) -> T:
        """Do a job that may take a while on the thread of work, after those before it."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def settle(result: T | None, error: BaseException | None) -> None:
            if future.cancelled():
                return
            if error:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]

        def do() -> None:
            try:
                result = job()
            except BaseException as error:
                self.post(settle, None, error)
            else:
                self.post(settle, result, None)

        self._work.submit(do)
        return await future
