"""Training of the frame network and the style network on strokes, from end to end, by perceptual losses. Needs JAX."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from realtime.core.errors import UsageError
from realtime.models.grain import MIDDLE

from . import losses
from .augment import grain
from .data import Floats, Picture, resized
from .export import write_networks
from .frame_network import AROUND, build_frame, recode
from .muon import Muon
from .pack import Pack
from .percept import Percept
from .plan import keep_plan
from .stroke_losses import Losses, plainness, rim_gap
from .stroke_plan import TERMS, StrokePlan
from .style_network import build_style
from .views import STYLE_SIDE, Draws, canvas, overlap, rows, sampled, views_of
from .whitening import Whitening

Tensor = Any


class Trainer:
    """Networks, averages and optimizers of a run, and its step, compiled for many steps at once."""

    def __init__(self, pack: Pack, plan: StrokePlan, percept_type: str = "bfloat16") -> None:
        if keras.backend.backend() != "jax":
            raise UsageError("strokes are trained with JAX: install it and set KERAS_BACKEND=jax")
        import jax

        keras.utils.set_random_seed(plan.seed)
        self.plan, self.step = plan, 0
        photos, photo_sizes = canvas(pack.photos)
        styles, style_sizes = canvas(pack.styles)
        self.draws = Draws(
            photo_sizes,
            pack.people,
            style_sizes,
            pack.shares,
            plan.batch,
            plan.view,
            plan.loss_side,
            seed=plan.seed,
        )
        self.on_device = {
            "photos": ops.convert_to_tensor(photos),
            "styles": ops.convert_to_tensor(styles),
            "photo_sizes": ops.convert_to_tensor(photo_sizes),
            "style_sizes": ops.convert_to_tensor(style_sizes),
            "grain": ops.convert_to_tensor((grain().tile.astype(np.float32) - MIDDLE) / 255),
        }
        self.losses = Losses(Percept(pack.percept, percept_type))
        self.models = [build_frame(), build_style()]
        for model, name in zip(self.models, ("lite", "style"), strict=True):
            model.set_weights(pack.begin[name])
        side = STYLE_SIDE
        self.styles = [resized(p, side, side) for p in pack.styles]
        others = [resized(p[: p.shape[0] * 2 // 3, : p.shape[1] * 2 // 3], side, side) for p in pack.styles]
        others += [resized(p, side, side) for p in pack.photos[::4]]
        self.whitening = Whitening.of(self._codes(self.styles + others))
        self.whitening.begin(self.models[0])
        self.optimizers = [Muon(plan.rate), Muon(plan.style_rate)]
        for optimizer, model in zip(self.optimizers, self.models, strict=True):
            optimizer.build(model.trainable_variables)
        free = [[v.value for v in m.trainable_variables] for m in self.models]
        self.fixed = [[v.value for v in m.non_trainable_variables] for m in self.models]
        self.state = {
            # Copies, since the device takes the memory of a state for the one after it.
            "weights": jax.tree.map(lambda v: v + 0, free),
            "average": jax.tree.map(lambda v: v + 0, free),
            "optimizer": [[v.value for v in o.variables] for o in self.optimizers],
        }
        self.kept = {"begin": [[np.array(v) for v in group] for group in free]}
        self.many = jax.jit(self._many, donate_argnums=0)

    def _codes(self, pictures: list[Picture]) -> Floats:
        """Compute the codes of pictures (256, 256, 3) by the style network as it is: (M, 100)."""
        codes = []
        for at in range(0, len(pictures), 32):
            group = np.stack((pictures[at : at + 32] * 32)[:32]).astype(np.float32) / 255
            codes.append(np.asarray(self.models[1].predict_on_batch(group)).reshape(32, -1)[: len(pictures) - at])
        return np.concatenate(codes)

    def _wanted(self, draw: Mapping[str, Tensor], style: Tensor) -> tuple[Any, Any]:
        """Compute targets by the styles as the losses see them, and what is usual in these."""
        size = ops.full((len(style),), float(STYLE_SIDE))
        corner = draw["style_seen_corner"]
        axes = [rows(corner[:, k], draw["style_seen"], STYLE_SIDE, STYLE_SIDE, size) for k in range(2)]
        return self.losses.wanted(sampled(axes[0], style, axes[1]))

    def _loss(self, free: Any, views: Mapping[str, Tensor], draw: Mapping[str, Tensor]) -> tuple[Any, Any]:
        """Sum all terms by their weights; give their means, too."""
        n, view, part = self.plan.batch, self.plan.view, draw["mixed"]

        def mixed(x: Tensor, times: int) -> Tensor:
            """Mix each style with the one before, for each of its photos."""
            x = x + ops.reshape(part, (-1, *[1] * (len(x.shape) - 1))) * (ops.roll(x, 1, axis=0) - x)
            return ops.tile(x, (times, *[1] * (len(x.shape) - 1)))

        code = self.models[1].stateless_call(free[1], self.fixed[1], views["style"], training=True)[0][:, 0, 0]
        codes = mixed((code - views["mean"]) @ views["matrix"], 4)[:, None, None, :]
        statistics, style_usual = self._wanted(draw, views["style"])
        *targets, usual = [tuple(ops.stop_gradient(mixed(t, 2)) for t in group) for group in (*statistics, style_usual)]
        padded = ops.pad(views["both"], [[0, 0], [AROUND, AROUND], [AROUND, AROUND], [0, 0]], mode="symmetric")
        painted = self.models[0].stateless_call(free[0], self.fixed[0], [padded, codes], training=True)[0]
        one, two = painted[:n], painted[n:]
        size = ops.full((n,), float(view))
        box = [rows(draw["seen_corner"][:, k], draw["seen"], self.plan.loss_side, view, size) for k in range(2)]
        content, seen = (sampled(box[0], x, box[1]) for x in (views["plain"], one))
        terms = self.losses.terms(seen, content, targets, usual, draw["people"])
        terms |= self._stillness(one, two, views["plain"], draw)
        terms["grid"] = losses.grid_loss(one)
        terms["rim"] = rim_gap(one, views["plain"])
        is_own = np.arange(n) < self.draws.own
        terms["own"] = ops.mean(ops.abs(one - views["plain"]), axis=(1, 2, 3)) * is_own.astype(np.float32)
        means = ops.stack([ops.mean(terms[name]) for name in TERMS])
        return ops.sum(means * draw["weights"]), means

    def _stillness(self, one: Tensor, two: Tensor, plain: Tensor, draw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compare the second views with the first ones that follow them; on plain ground strokes may lie still."""
        view, moves, beside = self.plan.view, draw["moves"], draw["beside"]
        size = ops.full((len(one),), 4.0 * view)  # beyond the view, since nothing is to be reflected
        warp = [rows(draw["shift"][:, k], draw["zoom"] * view, view, view, size) for k in range(2)]
        lies = (moves + beside)[:, None, None, None] > 0.5
        followed = ops.where(lies, sampled(warp[0], one, warp[1]), one)
        within, band = overlap(draw, view)
        even = ops.repeat(ops.repeat(plainness(plain, 16), 16, axis=1), 16, axis=2)
        within = within * (1 - 0.5 * even * moves[:, None, None])

        def mean(gap: Tensor, where: Tensor) -> Tensor:
            return ops.sum(ops.mean(gap, axis=-1) * where, axis=(1, 2)) / (ops.sum(where, axis=(1, 2)) + 1.0)

        gap = mean(ops.abs(followed - two), within)
        border = mean(ops.abs(ops.stop_gradient(followed) - two), band)
        return {"calm": gap * (1 - moves) * (1 - beside), "moved": gap * moves, "border": border * beside}

    def _many(self, state: Any, data: Mapping[str, Tensor], draws: Mapping[str, Tensor]) -> tuple[Any, Any]:
        """Make several steps, one for each first index of the draws; give the state after them and the mean terms."""
        import jax

        def one(state: Any, draw: Mapping[str, Tensor]) -> tuple[Any, Any]:
            views = views_of(data, draw, self.plan.view, self.draws.own) | {k: data[k] for k in ("mean", "matrix")}
            (_, terms), slopes = jax.value_and_grad(self._loss, has_aux=True)(state["weights"], views, draw)
            weights, optimizer = [], []
            for k, (opt, rate) in enumerate(zip(self.optimizers, ("rate", "style_rate"), strict=True)):
                variables = [
                    draw[rate] if known is opt._learning_rate else value
                    for known, value in zip(opt.variables, state["optimizer"][k], strict=True)
                ]
                steep = sum(ops.sum(ops.square(g)) for g in slopes[k])
                good = ops.isfinite(steep)
                factor = ops.minimum(1.0, 5.0 * ops.rsqrt(steep + 1e-9))
                held = [ops.where(good, g * factor, ops.zeros_like(g)) for g in slopes[k]]
                new, variables = opt.stateless_apply(variables, held, state["weights"][k])
                weights.append(new)
                optimizer.append(variables)
            average = jax.tree.map(lambda a, w: w + draw["decay"] * (a - w), state["average"], weights)
            return {"weights": weights, "average": average, "optimizer": optimizer}, terms

        state, terms = jax.lax.scan(one, state, draws)
        return state, ops.mean(terms, axis=0)

    def draw(self, first: int, count: int) -> dict[str, np.ndarray]:
        """Draw what `count` steps from `first` on see, with their rates and weights, stacked."""
        plan, steps = self.plan, []
        for step in range(first, first + count):
            chosen = self.draws.step(step)
            chosen["rate"] = np.float32(plan.rate * plan.share_at(step))
            chosen["style_rate"] = np.float32(plan.style_rate * plan.share_at(step))
            chosen["weights"] = plan.weights_at(step)
            chosen["decay"] = np.float32(min(plan.average, (1 + step) / (10 + step)))
            steps.append(chosen)
        return {name: np.stack([s[name] for s in steps]) for name in steps[0]}

    def finished(self) -> tuple[keras.Model, keras.Model]:
        """Make the frame and the style network that ship.

        Codes learned from end to end have much in common, several times as long as their differences. It tells nothing,
        so they are given about their mean over all whole style pictures.
        """
        share = self.plan.begin_share
        frame, style = build_frame(), build_style()
        style.set_weights(self.models[1].get_weights())
        for k, model in enumerate((frame, style)):
            for place, variable in enumerate(model.trainable_variables):
                begun, found = self.kept["begin"][k][place], np.asarray(self.state["average"][k][place])
                variable.assign(share * begun + (1 - share) * found)
        self.models[1].set_weights(style.get_weights())  # its weights in use are those of the state
        mean = self._codes(self.styles).mean(axis=0)
        recode(frame, self.whitening.matrix, (mean - self.whitening.mean) @ self.whitening.matrix)
        spread, offset = style.get_layer("code_scale").get_weights()
        style.get_layer("code_scale").set_weights([spread, offset - mean])
        return frame, style

    def save(self, folder: Path) -> None:
        """Write the state and the networks as they are now, in files below 16 MB, never half written."""
        new = folder / "state.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        for name, groups in (self.state | self.kept).items():
            values: dict[str, Any] = {f"{k:04d}": v for k, v in enumerate(v for group in groups for v in group)}
            np.savez(new / f"{name}.npz", step=self.step, **values)
        np.savez(new / "whitening.npz", mean=self.whitening.mean, matrix=self.whitening.matrix)
        write_networks(new / "networks.npz", self.finished())
        shutil.rmtree(folder / "state", ignore_errors=True)
        os.replace(new, folder / "state")

    def load(self, folder: Path) -> None:
        """Go on from a state written by `save`."""
        with np.load(folder / "whitening.npz") as file:
            self.whitening = Whitening(file["mean"], file["matrix"])
        for part, convert in ((self.state, ops.convert_to_tensor), (self.kept, np.asarray)):
            for name, groups in part.items():
                with np.load(folder / f"{name}.npz") as file:
                    values = iter([convert(file[k]) for k in sorted(file.files) if k != "step"])
                    self.step = int(file["step"])
                part[name] = [[next(values) for _ in group] for group in groups]


def fit(trainer: Trainer, folder: Path, until: int | None = None, every: int = 20, seconds: float = 45) -> None:
    """Train to the end of the plan, or `until`, from the state that lies in `folder`.

    Args:
        trainer: The run.
        folder: Where its state lies, and is written every `seconds`.
        until: The step to stop at.
        every: Steps of one call of the device.
        seconds: Time between two states.

    Raises:
        UsageError: The run in the folder has another plan.
    """
    plan = trainer.plan
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "state").is_dir():
        trainer.load(folder / "state")
    keep_plan(folder / "plan.json", asdict(plan), longer="steps", begun=trainer.step > 0)
    last = min(plan.steps, until if until is not None else plan.steps)
    data = trainer.on_device | {k: ops.convert_to_tensor(v) for k, v in asdict(trainer.whitening).items()}

    def coming(step: int) -> dict[str, np.ndarray]:
        return trainer.draw(step, min(every, last - step)) if step < last else {}

    terms, begun, first = None, time.monotonic(), trainer.step
    saved = begun
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(coming, trainer.step)
        while trainer.step < last:
            draws = waiting.result()
            count = len(draws["rate"])
            waiting = pool.submit(coming, trainer.step + count)
            before = terms
            trainer.state, terms = trainer.many(trainer.state, data, draws)
            trainer.step += count
            np.asarray(terms if before is None else before)  # wait, so that no more than one call is ahead
            if before is None:
                print(f"compiled, and {count} steps done, in {time.monotonic() - begun:.0f} s", flush=True)
                begun, first = time.monotonic(), trainer.step
            if trainer.step % (25 * every) == 0 or trainer.step == last:
                speed = plan.batch * (trainer.step - first) / max(1e-3, time.monotonic() - begun)
                line = " ".join(f"{term} {value:.4f}" for term, value in zip(TERMS, np.asarray(terms), strict=True))
                print(f"{trainer.step}/{plan.steps} {speed:.0f} pictures/s {line}", flush=True)
            if time.monotonic() - saved > seconds or trainer.step == last:
                trainer.save(folder)
                saved = time.monotonic()
