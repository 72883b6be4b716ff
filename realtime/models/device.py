"""Which device paints. What only a machine with a GPU needs is imported where there is one: no start waits for it."""

from __future__ import annotations

from realtime.core.errors import ModelError, UsageError
from realtime.models import graphics
from realtime.models.model import EngineModel, Model


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
            raise UsageError(
                f"{model.description} does not run on a GPU here; use --model lite, a LiteRT model with a file NAME_gpu.tflite"
                " beside its NAME.tflite, or a TensorFlow model on a machine where TensorFlow has a GPU"
            )
        return model
    if not graphics.may_have_gpu():
        if device == "gpu":
            raise _no_gpu("this machine shows none")
        model.description = f"{model.description[:-1]}; no GPU)"
        return model
    from realtime.models.device_model import DeviceModel
    from realtime.models.gpu_probe import SIZE, kept_verdict, probe

    verdict = kept_verdict(file)
    if (verdict is None and (wait or device == "gpu")) or (verdict and not verdict.works and device == "gpu"):
        verdict = probe(file, model.frame.spec.seen(SIZE))
    if verdict and not verdict.works and device == "gpu":
        raise _no_gpu(verdict.text)
    return DeviceModel(model, file, verdict, wait)


def gpu_in_words(model: Model) -> tuple[bool, str] | None:
    """Say whether the GPU paints, and why not; the first time on a machine it is tried for this, which takes seconds.

    Args:
        model: The model.

    Returns:
        Whether it does, and a text for a person; None where the model has no form for LiteRT's accelerators.
    """
    if model.accelerated is None or not isinstance(model, EngineModel):
        return None
    if not graphics.may_have_gpu():
        return False, "none that this machine shows: the CPU paints"
    from realtime.models.gpu_probe import SIZE, kept_verdict, probe

    verdict = kept_verdict(model.accelerated) or probe(model.accelerated, model.frame.spec.seen(SIZE))
    return verdict.works, f"{verdict.text} paints" if verdict.works else f"the CPU paints: {verdict.text}"


def _no_gpu(why: str) -> ModelError:
    return ModelError(
        f"no GPU can be used: {why}; look at its driver and Vulkan (on Debian or Ubuntu: apt install libvulkan1), or leave out"
        " --device gpu"
    )
