"""A model that paints on a GPU once it is known to paint the same, and on the CPU before that and when it fails."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from pathlib import Path

from realtime.core.errors import ModelError, StyleError
from realtime.core.frame import Picture, Size
from realtime.models import gpu_probe
from realtime.models.base import StyleCode, check_picture
from realtime.models.gpu_probe import SIZE, Verdict
from realtime.models.litert_gpu import LiteRTGpuEngine
from realtime.models.model import EngineModel, Model
from realtime.models.native_output import first_line
from realtime.models.tile_network import TileNetwork

_log = logging.getLogger(__name__)
_PATIENCE = 0.5  # seconds for a picture once its size is ready: with this the CPU takes over within a second
_READY_SECONDS = 60.0  # for the compiling
_ASKED = 3  # pictures of a size before the GPU gets ready for it: a snapshot of another size comes once
_MOST_SIZES = 16
_SMALL = 40_000  # pixels of thumbnails, which the CPU paints as quickly


class DeviceModel(Model):
    """A LiteRT model that paints on the GPU once that is known to work, and on the CPU before that and when it fails."""

    def __init__(self, cpu: EngineModel, file: Path, verdict: Verdict | None, wait: bool) -> None:
        """Take the model for the CPU, which is closed with this one.

        Args:
            cpu: The model.
            file: Its frame network for accelerators.
            verdict: Whether the GPU works, or None to find out meanwhile.
            wait: Whether a picture waits for the GPU to become ready for its size, rather than being painted on the CPU.
        """
        self.identity = cpu.identity
        self._cpu, self._file, self._wait = cpu, file, wait
        self._gpu: EngineModel | None = None
        self._why = "the GPU is being tried"
        self._asked: dict[Size, int] = {}
        self._preparing: dict[Size, float] = {}  # since when
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._probing: threading.Thread | None = None
        if verdict:
            self._go_over(verdict)
        else:
            self._probing = threading.Thread(target=self._find_out, name="gpu probe", daemon=True)
            self._probing.start()

    @property
    def description(self) -> str:  # type: ignore[override]
        """One line for a person: what the model is, what it runs on, and why."""
        if self._gpu:
            return self._gpu.description
        return f"{self._cpu.description[:-1]} on the CPU: {self._why})"

    @property
    def on_gpu(self) -> bool:  # type: ignore[override]
        """Whether the GPU paints, or will as soon as it is ready for a size."""
        return self._gpu is not None

    @property
    def fingerprint(self) -> str:
        """What tells the pictures of this model from those of others: see `Model.fingerprint`."""
        return (self._gpu or self._cpu).fingerprint

    @property
    def copies(self) -> bool:
        """Whether several copies of the model are quicker than one: see `Model.copies`."""
        return (self._gpu or self._cpu).copies

    @property
    def resizes(self) -> bool:
        """Whether pictures of another size are painted at once: see `Model.resizes`."""
        return not self._gpu

    def encode(self, style: Picture) -> StyleCode:
        """Make the code of a style picture: see `Model.encode`."""
        return self._cpu.encode(style)

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        """Paint a picture with a style: see `Model.stylize`."""
        check_picture(picture)
        self.check(code)
        gpu = self._gpu
        if gpu and self._prepared(gpu, (picture.shape[1], picture.shape[0])):
            try:
                return gpu.stylize(picture, code)
            except StyleError:
                raise
            except Exception as error:  # whatever a driver makes LiteRT raise
                self._lose(gpu, error)
        return self._cpu.stylize(picture, code)

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the frame network for the tiles of one large picture, on the CPU: see `Model.tile_network`."""
        return self._cpu.tile_network(code)

    def rest(self) -> None:
        """Let go of the style network: see `Model.rest`."""
        self._cpu.rest()

    def close(self) -> None:
        """Give back what both engines hold: see `Model.close`."""
        self._stop.set()
        if self._probing:
            self._probing.join(2.0)
        gpu, self._gpu = self._gpu, None
        if gpu:
            gpu.close()
        self._cpu.close()

    def _find_out(self) -> None:
        verdict = gpu_probe.probe(self._file, self._cpu.frame.spec.seen(SIZE), self._stop)
        if self._stop.is_set():
            return
        self._go_over(verdict)
        self.notify(f"{verdict.text} paints from now on" if self._gpu else f"the CPU paints: {self._why}")

    def _go_over(self, verdict: Verdict) -> None:
        """Let the GPU paint, where the verdict is that it may."""
        if not verdict.works:
            self._why = verdict.text
            return
        try:
            self._gpu = gpu_model(self._cpu, self._file, verdict, _READY_SECONDS if self._wait else _PATIENCE)
        except ModelError as error:
            self._why = first_line(error)

    def _prepared(self, gpu: EngineModel, size: Size) -> bool:
        """Say whether the GPU is to paint pictures of a size; where it is not ready, let it become so."""
        engine, thread = gpu.frame, gpu.thread
        assert isinstance(engine, LiteRTGpuEngine) and thread
        seen = engine.spec.seen(size)
        if self._wait:
            return True
        now = time.monotonic()
        with self._changing:
            late = any(now - since > _READY_SECONDS for since in self._preparing.values())
            if not late and (self._preparing or size[0] * size[1] < _SMALL):
                return False  # the thread is busy with another size, or it is not worth it
            if not late and engine.ready(seen):
                return True
            self._asked = dict(list(self._asked.items())[-_MOST_SIZES:])
            self._asked[seen] = self._asked.get(seen, 0) + 1
            begin = not late and self._asked[seen] >= _ASKED
            if begin:
                self._preparing[seen] = now
        if late:
            self._lose(gpu, ModelError(f"it was not ready within {_READY_SECONDS:g} s"))
        if begin:
            thread.call(lambda: self._prepare(gpu, engine, seen))
        return False

    def _prepare(self, gpu: EngineModel, engine: LiteRTGpuEngine, seen: Size) -> None:
        """Make the GPU ready for a size, on its thread, while the CPU paints."""
        try:
            engine.prepare(seen)
        except Exception as error:  # whatever a driver makes LiteRT raise
            self._lose(gpu, error)
        finally:
            with self._changing:
                self._preparing.pop(seen, None)

    def _lose(self, gpu: EngineModel, error: Exception) -> None:
        """Paint on the CPU from now on."""
        why = first_line(error).partition(";")[0]  # what to do about it is done here
        with self._changing:
            if self._gpu is not gpu:
                return
            self._gpu, self._why = None, why
        if gpu.thread:  # nobody waits for it: it may hang
            gpu.thread.call(gpu.frame.close)
            gpu.thread.close(0.0)
        _log.warning("the GPU is lost: %s", error)
        self.notify(f"the GPU is lost ({why}); the CPU paints from now on")


def gpu_model(cpu: EngineModel, file: Path, verdict: Verdict, patience: float = _READY_SECONDS) -> EngineModel:
    """Open the model of a GPU, which makes the same codes as the one of the CPU.

    Args:
        cpu: The model of the CPU.
        file: Its frame network for accelerators.
        verdict: What came of the try.
        patience: Seconds after which a picture counts as hung.

    Returns:
        The model, to be closed by the caller.

    Raises:
        ModelError: The file cannot be read.
    """
    spec = replace(cpu.frame.spec, device=verdict.text, patience=patience)
    name = cpu.description.partition(" (")[0]
    engine = LiteRTGpuEngine(file, spec, verdict.as_bytes)
    return EngineModel(cpu.style, engine, f"{name} (LiteRT on {verdict.text})")
