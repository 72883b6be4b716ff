"""Which device paints: the CPU, or a GPU once it is known to paint the same, and the CPU again when the GPU fails."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from pathlib import Path

from realtime.core.errors import ModelError, UsageError
from realtime.core.frame import Picture, Size
from realtime.models import graphics
from realtime.models.base import StyleCode, check_picture
from realtime.models.gpu_probe import SIZE, Verdict, kept_verdict, probe
from realtime.models.litert_gpu import LiteRTGpuEngine
from realtime.models.model import EngineModel, Model
from realtime.models.tile_network import TileNetwork

_log = logging.getLogger(__name__)
_PATIENCE = 0.5  # seconds for a picture once its size is ready: with this the CPU takes over within a second
_READY_SECONDS = 60.0  # for the compiling


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
        self._engine: LiteRTGpuEngine | None = None
        self._why = "the GPU is being tried"
        self._preparing: set[Size] = set()
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
            except ModelError as error:
                self._lose(gpu, error)
        return self._cpu.stylize(picture, code)

    def tile_network(self, code: StyleCode) -> TileNetwork | None:
        """Open the frame network for the tiles of one large picture, on the CPU: see `Model.tile_network`."""
        return self._cpu.tile_network(code)

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
        verdict = probe(self._file, self._cpu.frame.spec.seen(SIZE), self._stop)
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
            patience = _READY_SECONDS if self._wait else _PATIENCE
            spec = replace(self._cpu.frame.spec, device=verdict.text, patience=patience)
            self._engine = LiteRTGpuEngine(self._file, spec, verdict.packed)
        except ModelError as error:
            self._why = str(error)
            return
        name = self._cpu.description.partition(" (")[0]
        self._gpu = EngineModel(self._cpu.style, self._engine, f"{name} (LiteRT on {verdict.text})")

    def _prepared(self, gpu: EngineModel, size: Size) -> bool:
        """Say whether the GPU is to paint pictures of a size; where it is not ready, let it become so."""
        engine, thread = self._engine, gpu.thread
        assert engine and thread
        seen = engine.spec.seen(size)
        if self._wait or engine.ready(seen):
            return True
        with self._changing:
            if seen in self._preparing:
                return False
            self._preparing.add(seen)
        thread.call(lambda: self._prepare(gpu, engine, seen))
        return False

    def _prepare(self, gpu: EngineModel, engine: LiteRTGpuEngine, seen: Size) -> None:
        """Make the GPU ready for a size, on its thread, while the CPU paints."""
        try:
            engine.prepare(seen)
        except ModelError as error:
            self._lose(gpu, error)
        finally:
            with self._changing:
                self._preparing.discard(seen)

    def _lose(self, gpu: EngineModel, error: ModelError) -> None:
        """Paint on the CPU from now on."""
        why = str(error).partition(";")[0]  # what to do about it is done here
        with self._changing:
            if self._gpu is not gpu:
                return
            self._gpu, self._why = None, why
        _log.warning("the GPU is lost: %s", error)
        self.notify(f"the GPU is lost ({why}); the CPU paints from now on")


def on_device(model: Model, device: str, wait: bool = True) -> Model:
    """Let a model paint on a device.

    Args:
        model: A model, which belongs to what is returned.
        device: "cpu"; "gpu"; or "auto", the GPU where there is one that paints the same.
        wait: Whether pictures wait for the GPU: live, the CPU paints until it is known to work and ready.

    Returns:
        The model; the one given where nothing else is to be done.

    Raises:
        ModelError: "gpu", and there is none that works.
        UsageError: "gpu", and the model cannot run on one; or there is no such device.
    """
    if device not in ("auto", "cpu", "gpu"):
        raise UsageError(f"there is no device {device!r}; use auto, cpu or gpu")
    if device == "cpu":
        model.stay_on_cpu()
        return model
    file = model.accelerated
    if file is None or not isinstance(model, EngineModel):
        if device == "gpu" and not model.on_gpu:
            raise _no_gpu_form(model)
        return model
    if not graphics.may_have_gpu():
        if device == "gpu":
            raise _no_gpu("this machine shows none")
        model.description = f"{model.description[:-1]}; no GPU)"
        return model
    verdict = kept_verdict(file)
    if (verdict is None and (wait or device == "gpu")) or (verdict and not verdict.works and device == "gpu"):
        verdict = probe(file, model.frame.spec.seen(SIZE))
    if verdict and not verdict.works and device == "gpu":
        raise _no_gpu(verdict.text)
    return DeviceModel(model, file, verdict, wait)


def gpu_in_words(file: Path, size: Size) -> tuple[bool, str]:
    """Say whether the GPU paints, and why not; the first time on a machine it is tried for this, which takes seconds.

    Args:
        file: `Model.accelerated` of the model.
        size: A size (width, height) that this network takes.

    Returns:
        Whether it does, and a text for a person.
    """
    if not graphics.may_have_gpu():
        return False, "none that this machine shows: the CPU paints"
    verdict = kept_verdict(file) or probe(file, size)
    return verdict.works, f"{verdict.text} paints" if verdict.works else f"the CPU paints: {verdict.text}"


def _no_gpu(why: str) -> ModelError:
    return ModelError(
        f"no GPU can be used: {why}; look at its driver and Vulkan (on Debian or Ubuntu: apt install libvulkan1), or leave out"
        " --device gpu"
    )


def _no_gpu_form(model: Model) -> UsageError:
    return UsageError(
        f"{model.description} does not run on a GPU here; use --model lite, a LiteRT model with a file NAME_gpu.tflite beside its"
        " NAME.tflite, or a TensorFlow model on a machine where TensorFlow has a GPU"
    )
