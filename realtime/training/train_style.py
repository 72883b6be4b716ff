"""Training of the style network: stage by stage on the teacher's feature maps, then from end to end on its codes."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from .augment import jitter, patterned, random_crop, scribbled, vivid
from .data import Picture, resized
from .muon import Muon
from .plan import keep_plan
from .style_network import STAGES, STYLE_SIZE, build_style, build_style_stages
from .teacher import Predictor

Tensor = Any
BLOCKS = tuple(block for block, _, _ in STAGES)


@dataclass(frozen=True)
class StylePlan:
    """Lengths and rates: `forced` steps with every stage fed by the teacher, then the rest from end to end.

    Large steps take a new network forward quickly and then only to and fro: after a fifth of the steps the rate is the share
    `settled` of what it was.
    """

    steps: int = 6000
    forced: int = 750
    batch: int = 16
    rate: float = 4e-3
    last_rate: float = 1e-5
    settled: float = 0.3
    seed: int = 1

    def rate_at(self, step: int) -> float:
        """Compute the learning rate: cosine down over the whole plan, with short rises at the start and at the changes."""
        begun = max(start for start in (0, self.forced, self.steps // 5) if step >= start)
        rise = min(1.0, (step - begun + 1) / 100)
        rate = self.rate * (1.0 if step < self.steps // 5 else self.settled)
        return rise * (self.last_rate + (rate - self.last_rate) * 0.5 * (1 + math.cos(math.pi * step / self.steps)))


class StylePictures:
    """Batches of style pictures (N, 256, 256, 3) uint8, from seeds: whole paintings, crops, photos, scribbles and collages."""

    def __init__(self, paintings: Sequence[Picture], photos: Sequence[Picture], batch: int, seed: int) -> None:
        self.paintings, self.photos, self.batch, self.seed = paintings, photos, batch, seed

    def one(self, rng: np.random.Generator) -> Picture:
        """Draw one picture (256, 256, 3)."""
        kind = rng.random()
        if kind < 0.12:
            return scribbled(rng)
        source = self.photos if kind < 0.3 else self.paintings
        picture = source[int(rng.integers(len(source)))]
        if rng.random() < 0.4:
            out = resized(picture, STYLE_SIZE, STYLE_SIZE)
            out = np.ascontiguousarray(out[:, ::-1]) if rng.random() < 0.5 else out
        else:
            out = random_crop(picture, STYLE_SIZE, rng, (1.0, 2.2))
        if rng.random() < 0.12:
            out = patterned(out, rng)
        if rng.random() < 0.2:
            out = vivid(out, rng)
        if rng.random() < 0.1:
            out = np.ascontiguousarray(out[:, :, rng.permutation(3)])
        if rng.random() < 0.05:
            out = 255 - out
        return jitter(out, rng) if rng.random() < 0.5 else out

    def step(self, number: int) -> Picture:
        """Make the batch of training step `number`."""
        rng = np.random.default_rng([self.seed, 3, number])
        batch = [self.one(rng) for _ in range(self.batch)]
        for k in range(0, self.batch - 1, 4):  # collages: half of one picture, half of the next
            at = int(rng.integers(64, 193))
            batch[k] = np.concatenate([batch[k][:, :at], batch[k + 1][:, at:]], axis=1)
        return np.stack(batch)


class StyleDistiller(keras.Model):  # type: ignore[misc]
    """The stages with their losses. Teacher maps are normalized channel by channel with `scales` (mean, deviation)."""

    def __init__(
        self, stages: list[keras.Model], predictor: Predictor, scales: list[tuple[np.ndarray, np.ndarray]], forced: bool
    ):
        super().__init__()
        self.stages, self.predictor, self.forced = stages, predictor, forced
        self.scales = [(ops.convert_to_tensor(m), ops.convert_to_tensor(s)) for m, s in scales]
        self.parts = [keras.metrics.Mean(name=n) for n in ("maps", "local", "code")]

    def call(self, picture: Tensor, training: bool = False) -> Tensor:
        """Give the pictures back: `compute_loss` runs the stages."""
        return picture

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """Average squared differences of normalized maps and local codes; end to end also the distance of whole codes."""
        picture = ops.cast(x, "float32") / 255.0
        found, local = self.predictor.maps(picture, BLOCKS)
        wanted = [
            ops.stop_gradient((m - mean) / deviation)
            for m, (mean, deviation) in zip([*found, local], self.scales, strict=True)
        ]
        value, total = picture, 0.0
        for k, stage in enumerate(self.stages):
            value = stage(value if not self.forced or k == 0 else wanted[k - 1])
            gap = ops.mean(ops.square(value - wanted[k]))
            if k + 1 < len(self.stages):
                total = total + gap
        deviation = self.scales[-1][1]
        miss = (ops.mean(value, axis=(1, 2)) - ops.mean(wanted[-1], axis=(1, 2))) * deviation
        code = ops.mean(ops.sqrt(ops.sum(ops.square(miss), axis=-1) + 1e-4))
        for metric, part in zip(self.parts, (total, gap, code), strict=True):
            metric.update_state(part)
        return total + gap if self.forced else 0.1 * total + 0.5 * gap + code


def channel_scales(predictor: Predictor, pictures: Picture) -> list[tuple[np.ndarray, np.ndarray]]:
    """Measure mean and deviation of each channel of the teacher's maps and local codes over some pictures (N, 256, 256, 3)."""
    found, local = predictor.maps(ops.convert_to_tensor(pictures.astype(np.float32) / 255), BLOCKS)
    maps = [np.asarray(ops.convert_to_numpy(m)) for m in [*found, local]]
    return [(m.mean((0, 1, 2)), m.std((0, 1, 2)) + 1e-3) for m in maps]


def finished(stages: list[keras.Model], scales: list[tuple[np.ndarray, np.ndarray]]) -> keras.Model:
    """Make the style network of trained stages and their `scales`."""
    model = build_style(stages)
    mean, deviation = scales[-1]
    model.get_layer("code_scale").set_weights([deviation.astype(np.float32), mean.astype(np.float32)])
    return model


def read_style(path: Path) -> keras.Model:
    """Read the style network of a state written by `fit_style`, with averaged weights."""
    stages = build_style_stages()
    with np.load(path) as arrays:
        for k, w in enumerate([w for s in stages for w in s.trainable_variables]):
            w.assign(arrays[f"average/{k}"])
        return finished(stages, [(arrays["scale/mean"], arrays["scale/spread"])])


def write_style(path: Path, style: keras.Model) -> None:
    """Write a state of a finished style network, for `read_style` and to begin from."""
    spread, mean = style.get_layer("code_scale").get_weights()
    weights = {f"average/{k}": ops.convert_to_numpy(w) for k, w in enumerate(style.trainable_variables)}
    np.savez(path, **weights, **{"scale/mean": mean, "scale/spread": spread})


def fit_style(
    predictor: Predictor,
    paintings: Sequence[Picture],
    photos: Sequence[Picture],
    plan: StylePlan,
    folder: Path,
    every: int = 100,
    until: int | None = None,
    begin_from: Path | None = None,
) -> keras.Model:
    """Train (or go on training) the style network.

    Args:
        predictor: The teacher's style network.
        paintings: RGB uint8 style pictures.
        photos: RGB uint8 photos.
        plan: The run.
        folder: Where its state and plan lie.
        every: Steps between two states.
        until: The step to stop at.
        begin_from: A state whose weights a new run begins from.

    Returns:
        The network with averaged weights.

    Raises:
        UsageError: The run in the folder has another plan.
    """
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / "style_state.npz"
    step, saved = 0, {}
    if state.exists():
        with np.load(state) as arrays:
            saved = dict(arrays)
        step = int(saved["step"])
        if step >= plan.steps:
            return read_style(state)
    keras.utils.set_random_seed(plan.seed)
    pictures = StylePictures(paintings, photos, plan.batch, plan.seed)
    scales = channel_scales(predictor, np.concatenate([pictures.step(10**6 + k) for k in range(4)]))
    stages = build_style_stages()
    models = [w for s in stages for w in s.trainable_variables]
    if not saved and begin_from is not None:
        with np.load(begin_from) as arrays:
            for k, w in enumerate(models):
                w.assign(arrays[f"average/{k}"])
            scales[-1] = arrays["scale/mean"], arrays["scale/spread"]  # those in which it gives its codes
    averages = [np.array(ops.convert_to_numpy(w)) for w in models]
    keep_plan(folder / "style_plan.json", asdict(plan), longer="", begun=step > 0)
    last = min(plan.steps, until if until is not None else plan.steps)

    def make(forced: bool) -> StyleDistiller:
        d = StyleDistiller(stages, predictor, scales, forced)
        d.compile(optimizer=Muon(plan.rate))
        d.optimizer.build(models)
        return d

    distiller = make(step < plan.forced)
    if saved:
        for k, w in enumerate(models):
            w.assign(saved[f"weight/{k}"])
            averages[k] = saved[f"average/{k}"].copy()
        if step != plan.forced:  # where another optimizer begins
            distiller.optimizer.load_own_variables(
                {k.split("/", 1)[1]: v for k, v in saved.items() if k.startswith("optimizer/")}
            )
    clock, since = time.monotonic(), step
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(pictures.step, step)
        while step < last:
            if step == plan.forced and distiller.forced:
                distiller = make(False)
            batch, coming = coming.result(), pool.submit(pictures.step, step + 1)
            distiller.optimizer.learning_rate = plan.rate_at(step)
            logs = distiller.train_on_batch(batch, batch[:, 0, 0, 0], return_dict=True)
            step += 1
            if step % 5 == 0:
                decay = min(0.99, (1 + step) / (10 + step))
                for kept, new in zip(averages, models, strict=True):
                    kept += (1 - decay) * (np.asarray(ops.convert_to_numpy(new)) - kept)
            if step % every == 0 or step == last:
                line = " ".join(f"{k} {float(v):.4f}" for k, v in logs.items())
                speed = plan.batch * (step - since) / (time.monotonic() - clock)
                print(f"{step}/{plan.steps} {speed:.1f} pictures/s {line}", flush=True)
                optimizer: dict[str, Any] = {}
                distiller.optimizer.save_own_variables(optimizer)
                arrays = {f"weight/{k}": np.asarray(ops.convert_to_numpy(w)) for k, w in enumerate(models)}
                arrays |= {f"average/{k}": v for k, v in enumerate(averages)}
                arrays |= {f"optimizer/{k}": np.asarray(ops.convert_to_numpy(v)) for k, v in optimizer.items()}
                arrays |= {"scale/mean": scales[-1][0], "scale/spread": scales[-1][1]}
                np.savez(folder / "style_state.tmp.npz", step=step, **arrays)
                os.replace(folder / "style_state.tmp.npz", state)
                distiller.reset_metrics()
                clock, since = time.monotonic(), step
    for kept, w in zip(averages, models, strict=True):
        w.assign(kept)
    return finished(stages, scales)
