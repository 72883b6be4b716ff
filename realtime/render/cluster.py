"""The work of `render` spread over a Ray cluster (https://docs.ray.io): every segment is a task of its own.

A segment follows from its footage and its times alone, and every segment is encoded on its own, so that the result has the same
frames as on one machine (of one kind: processors of different kinds may round differently). Where frames depend on those before
(steady looks, strengths below 1) a file is one task. Ray starts a task again elsewhere when its worker dies.

Whoever can reach a Ray cluster can run code on it, and on whoever uses it: Ray itself trusts all its machines. What the workers
of this module give back is checked nevertheless.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from realtime.core.errors import ModelError, RealtimeError, UsageError
from realtime.core.installed import install_command
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render.footage import Footage
from realtime.render.painting import Painters, segment_begin, segment_of
from realtime.render.reading import open_footage
from realtime.render.rendering import Rendering
from realtime.render.schedule import Schedule
from realtime.render.segments import Segments, missing
from realtime.render.trimming import Trimmed
from realtime.render.workspace import Done, Workspace
from realtime.render.writing import kind_of

_TRIES = 3  # times that a task is started again when its worker dies
_WAIT = 0.2  # seconds between two looks at whether to stop
_PATIENCE = 10.0  # seconds for a cluster to answer
_AHEAD = 64  # tasks of a file that are waiting in the cluster


@dataclass(frozen=True)
class Stretch:
    """What a worker is told: the frames from `since` to before `until` of some footage, and how they are painted.

    Attributes:
        source: What a person calls the footage.
        files: All files of the footage as the driver knows them, with their sizes.
        rate: Frames a second of pictures.
        trim: From where to where the footage is painted at all, in seconds.
        out: The output's name, which tells its kind.
        model: What `Stylizer` takes.
        codes: Those of the styles, by name.
        schedule: The look at every moment.
        since: The first frame's time; None is the beginning.
        until: The time before which it ends; None is the end.
        state: What the painter remembered before.
    """

    source: str
    files: tuple[tuple[Path, int], ...]
    rate: float
    trim: tuple[float, float | None]
    out: str
    model: str
    codes: dict[str, StyleCode]
    schedule: Schedule
    since: int | None
    until: int | None
    state: bytes


Made = list[tuple[Done, bytes, bytes]]
"""Finished segments: what they are, their files' contents, and the painter's state after each."""


@contextmanager
def connected(address: str, model: str) -> Iterator[Callable[..., Rendering]]:
    """Connect to a cluster, until the block ends.

    Args:
        address: Where it is; "" is the one this machine belongs to, or a new one of this machine alone.
        model: What `Stylizer` takes.

    Yields:
        What makes a `Rendering` that works on the cluster.

    Raises:
        UsageError: Ray is missing, or the cluster cannot be reached.
    """
    try:
        import ray
    except ImportError as error:
        raise UsageError(f"--ray needs a package that is not installed: {install_command('ray')}") from error
    _answers(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster of ours tells nobody about itself
    already = ray.is_initialized()
    if not already:
        try:
            ray.init(address=address or None, logging_level=logging.ERROR, log_to_driver=False)
        except (ConnectionError, ValueError, RuntimeError, TimeoutError) as error:
            line = str(error).strip().partition("\n")[0]
            raise UsageError(
                f"no Ray cluster answers at {address or 'this machine'} ({line}); start one with `ray start --head`"
            ) from error

    def rendering(*words: Any) -> Rendering:
        return _ClusterRendering(*words, model=model)

    try:
        yield rendering
    finally:
        if not already:
            ray.shutdown()


def _answers(address: str) -> None:
    """UsageError when nothing listens at an address: Ray itself tries for minutes before it says so."""
    host, colon, port = address.rpartition("://")[2].rpartition(":")
    if not (colon and port.isdecimal()):
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()
    except (OSError, OverflowError) as error:
        raise UsageError(f"no Ray cluster answers at {address} ({error}); start one with `ray start --head`") from error


class _ClusterRendering(Rendering):
    """A rendering whose segments are made by the workers of a cluster."""

    def __init__(self, *words: Any, model: str) -> None:
        super().__init__(*words)
        self._model = model

    def make_segments(self, space: Workspace) -> None:
        import ray
        from ray.exceptions import RayError, RayTaskError

        remote: Any = ray.remote(num_cpus=1, max_retries=_TRIES)(paint_stretch)
        contents = self._contents(ray)
        todo = self._stretches(space)
        working: list[Any] = []
        more = True
        try:
            while more or working:
                while more and len(working) < _AHEAD:
                    if (stretch := next(todo, None)) is None:
                        more = False
                    else:
                        working.append(remote.remote(stretch, contents))
                ready, working = ray.wait(working, timeout=_WAIT) if working else ([], [])
                for reference in ready:
                    for told, content, state in ray.get(reference):
                        done = Done.from_json(json.dumps(asdict(told)))
                        space.working(done.segment).write_bytes(content)
                        space.finish(done, state)
                        self.count(done)
                if self.stop():
                    break
        except RayTaskError as error:
            if isinstance(error.cause, RealtimeError):
                raise error.cause from error
            raise ModelError(f"a worker of the cluster failed on {self.footage.name} ({error.cause!r})") from error
        except RayError as error:
            line = str(error).strip().partition("\n")[0]
            raise ModelError(
                f"the cluster gave up on {self.footage.name} ({line}); --resume goes on from here"
            ) from error
        finally:
            for reference in working:
                ray.cancel(reference, force=True)

    def _contents(self, ray: Any) -> list[Any]:
        """Put the footage's files into the cluster's memory, for machines that do not have them."""
        if len([node for node in ray.nodes() if node["Alive"]]) < 2:
            return []
        return [ray.put(file.read_bytes()) for file in self.footage.files]

    def _stretches(self, space: Workspace) -> Iterator[Stretch]:
        codes = {name: self.code(name) for name in self.task.schedule.styles}
        files = tuple((file.absolute(), file.stat().st_size) for file in self.footage.files)
        for since, until, before in missing(self.footage, sorted(space.done)):
            state = space.state(before) if self.task.schedule.remembers and before >= 0 else b""
            for begin, end in self._divided(since, until):
                yield Stretch(self.task.source, files, self.task.rate, (self.task.begin, self.task.end), self.task.out.name,
                              self._model, codes, self.task.schedule, begin, end, state)  # fmt: skip

    def _divided(self, since: int | None, until: int | None) -> Iterator[tuple[int | None, int | None]]:
        """Divide a stretch into segments, as far as the footage says how long it is; whatever comes after goes with the last."""
        footage = self.footage
        if self.task.schedule.remembers or not footage.seconds:
            yield since, until
            return
        first = 0 if since is None else segment_of(footage, since)
        end = until if until is not None else footage.start + int(footage.seconds / footage.time_base)
        for segment in range(first, segment_of(footage, end - 1)):
            yield since, segment_begin(footage, segment + 1)
            since = segment_begin(footage, segment + 1)
        yield since, until


def paint_stretch(stretch: Stretch, contents: Sequence[Any]) -> Made:
    """Do a worker's work.

    Args:
        stretch: What is to be painted.
        contents: References to the contents of the footage's files, or nothing where every machine has them.

    Returns:
        The finished segments.
    """
    footage, _ = _footage(stretch.source, stretch.files, stretch.rate, tuple(contents))
    if stretch.trim != (0.0, None):
        footage = Trimmed(footage, *stretch.trim)
    painters = Painters([_stylizer(stretch.model)], stretch.codes.__getitem__, stretch.schedule, stretch.state)
    made: Made = []
    with tempfile.TemporaryDirectory() as folder:

        def working(segment: int) -> Path:
            return Path(folder) / f"{segment}.nut"

        def finish(done: Done, state: bytes) -> None:
            made.append((done, working(done.segment).read_bytes(), state))
            working(done.segment).unlink()

        with Segments(footage, kind_of(Path(stretch.out)), working, finish) as segments:
            painters.paint(footage, stretch.since, stretch.until, lambda: False, segments.write)
    return made


@lru_cache(maxsize=2)
def _stylizer(model: str) -> Stylizer:
    return Stylizer(model, threads=1)


@lru_cache(maxsize=4)
def _footage(
    source: str, files: tuple[tuple[Path, int], ...], rate: float, contents: tuple[Any, ...]
) -> tuple[Footage, tempfile.TemporaryDirectory[str] | None]:
    """Open the footage; give with it the folder that it was brought into and that is removed with it."""
    if not contents or all(file.is_file() and file.stat().st_size == size for file, size in files):
        return open_footage(str(files[0][0]) if len(files) == 1 else source, rate), None
    import ray

    folder = tempfile.TemporaryDirectory(prefix="realtime-", ignore_cleanup_errors=True)
    place = Path(folder.name)
    for (file, _), reference in zip(files, contents, strict=True):
        (place / file.name).write_bytes(ray.get(reference))
    return open_footage(str(place / files[0][0].name if len(files) == 1 else place), rate), folder
