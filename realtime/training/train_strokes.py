"""Training of frame networks and the style network on strokes, from end to end, by perceptual losses. Needs JAX.

All frame networks learn at once in one code space, from the same views and targets. The network averaged over the last
steps is what ships.
"""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from realtime.errors import UsageError
from realtime.models.grain import MIDDLE

from . import losses
from .data import Floats, grain, resized
from .muon import Muon
from .pack import Pack
from .percept import Percept, content_gap, gram_gap, local_deviation, moments_gap, pooled, statistics
from .student import AROUND, LAYOUTS, build_frame, build_style
from .train import Whitening, keep_plan
from .views import STYLE_SIDE, Draws, canvas, rows, sampled

Tensor = Any


@dataclass(frozen=True)
class StrokeWeights:
    """How much each term counts.

    Attributes:
        gram: Gram matrices of relu1_1 to relu4_1, as seen.
        moments: Means and deviations of the same maps.
        coarse: Both again at half the size: large strokes.
        content: relu4_1 of the content; people count half as much again.
        detail: relu3_1 of the content: eyes and mouths.
        edges: Strengths of the content's edges.
        coarse_edges: The same at half the size.
        calm: Stillness of two views that differ in noise alone.
        moved: Stillness of two views that lie shifted.
        grid: What repeats every 4 or 8 pixels.
        fringe: Colour detail at the content's edges, beyond what the style has anywhere.
        plain: Strokes lacking where the content is plain.
        rim: Sharpness of the outer six pixels other than that of the rest.
        border: Difference of what is painted at the border of a view from what is painted there inside another view.
        blotch: Colour that changes over large patches where the content is plain.
        own: Difference from the content where it is its own style.
    """

    gram: float = 1.0
    moments: float = 1.0
    coarse: float = 0.5
    content: float = 1.7
    detail: float = 0.5
    edges: float = 0.3
    coarse_edges: float = 0.3
    calm: float = 36.0
    moved: float = 34.0
    grid: float = 30.0
    fringe: float = 8.0
    plain: float = 1.2
    rim: float = 0.2
    border: float = 40.0
    blotch: float = 12.0
    own: float = 2.0


BEGINNING = StrokeWeights(
    content=1.4, detail=0.35, calm=40.0, moved=30.0, plain=0.4, rim=1.0, border=0.0, blotch=0.0
)
"""For the first steps."""
TERMS = tuple(f.name for f in fields(StrokeWeights))


@dataclass(frozen=True)
class StrokePlan:
    """A run: after `steps` the rate rises and falls again, once, for `last_steps` with the weights `late`.

    Stillness counts little at first and as much as `weights` says from the share `settled` of the steps on: strokes come
    before they hold still.
    """

    nets: tuple[str, ...] = ("lite", "rich")
    steps: int = 12000
    last_steps: int = 0
    batch: int = 32
    view: int = 256
    loss_side: int = 192
    rate: float = 4e-3
    style_rate: float = 1e-3
    last_share: float = 0.01
    last_rise: float = 0.75
    warmup: int = 150
    settled: float = 0.5
    average: float = 0.998
    seed: int = 1
    new: bool = False
    weights: StrokeWeights = BEGINNING
    late: StrokeWeights = field(default_factory=StrokeWeights)

    @property
    def whole(self) -> int:
        """All steps of the run."""
        return self.steps + self.last_steps

    def share_at(self, step: int) -> float:
        """The learning rate as a share of the highest: a short rise, then a cosine down; so in both rounds."""
        length, top, at = self.steps, 1.0, step
        if step >= self.steps:
            length, top, at = self.last_steps, self.last_rise, step - self.steps
        rise = min(1.0, (at + 1) / self.warmup)
        return top * rise * (self.last_share + (1 - self.last_share) * 0.5 * (1 + math.cos(math.pi * at / length)))

    def weights_at(self, step: int) -> Floats:
        """What each term counts at a step, in the order of `TERMS`."""
        if step >= self.steps:
            return np.array(astuple(self.late), np.float32)
        asked = min(1.0, step / (self.settled * self.steps)) if self.settled else 1.0
        share = np.array([0.15 + 0.85 * asked if name in ("calm", "moved") else 1.0 for name in TERMS])
        return np.asarray(np.array(astuple(self.weights)) * share, np.float32)


def lightness(picture: Tensor) -> Tensor:
    """(N, H, W, 3) -> (N, H, W, 1)."""
    return picture[..., :1] * 0.299 + picture[..., 1:2] * 0.587 + picture[..., 2:] * 0.114


def smoothed(picture: Tensor, sigma: float) -> Tensor:
    """The picture (N, H, W, C) blurred by a Gaussian, its ends reflected."""
    reach = math.ceil(3 * sigma)
    row = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    blurs = []
    for side in picture.shape[1:3]:
        matrix = losses.banded(row / row.sum(), side + 2 * reach)
        fold = np.pad(np.eye(side), ((reach, reach), (0, 0)), mode="symmetric")
        blurs.append(matrix @ fold)
    return ops.transpose(losses.along(blurs[0], picture, blurs[1]), (0, 2, 3, 1))


def colour_detail(picture: Tensor) -> Tensor:
    """How much the hue changes within a few pixels: (N, H, W)."""
    chroma = picture - lightness(picture)
    return ops.sqrt(ops.sum(ops.square(chroma - smoothed(chroma, 2.0)), axis=-1) + 1e-6)


def rim_gap(picture: Tensor, content: Tensor, width: int = 6) -> Tensor:
    """Squared logarithm of how much sharper than the rest the border is, less that of the content: (N,)."""
    height, across = picture.shape[1:3]
    inner = np.zeros((height, across), np.float32)
    inner[width:-width, width:-width] = 1
    ratios = []
    for x in (picture, content):
        grey = ops.mean(x, axis=-1, keepdims=True)
        sharp = ops.abs(grey - smoothed(grey, 2.0))[..., 0]
        inside = ops.sum(sharp * inner, axis=(1, 2)) / inner.sum()
        rim = ops.sum(sharp * (1 - inner), axis=(1, 2)) / (1 - inner).sum()
        ratios.append(ops.log((rim + 2e-3) / (inside + 2e-3)))
    return ops.square(ratios[0] - ratios[1])


def plainness(content: Tensor, window: int) -> Tensor:
    """Where the content is plain, 0..1, in cells of `window` pixels: (N, H / window, W / window)."""
    grey = lightness(content)
    deviation = local_deviation(grey, window)
    return ops.exp(-ops.square(deviation / 0.035))


def fineness(content: Tensor, side: int, stride: int) -> Tensor:
    """Weights (N, side, side, 1) about 1 for maps of the content's middle, larger where it has much detail."""
    grey = lightness(content)
    detail = ops.abs(grey - smoothed(grey, 2.5))
    spare = (content.shape[1] - stride * side) // 2
    detail = detail[:, spare : spare + stride * side, spare : spare + stride * side]
    cells = smoothed(pooled(detail, stride), 10 / stride)
    share = cells / (ops.mean(cells, axis=(1, 2), keepdims=True) + 2e-3)
    return 0.5 + 0.5 * ops.minimum(share, 4.0)


class Losses:
    """The terms of one picture each, for frames painted from views that `Draws` describes."""

    def __init__(self, percept: Percept) -> None:
        self.percept = percept

    def wanted(self, style: Tensor) -> tuple[list[tuple[Tensor, ...]], Tensor]:
        """Statistics of style pictures at both sizes, and how much texture they have where they have little, (M, 2)."""
        whole = [*self.percept.vgg(style), self.percept.small(style)[1]]
        return [statistics(m) for m in (*whole, *self.percept.vgg(pooled(style, 2)))], self._faint(whole)

    @staticmethod
    def _faint(whole: list[Tensor]) -> Tensor:
        found = []
        for maps, window in zip(whole[:2], (16, 8), strict=True):
            local = local_deviation(maps, window)
            ordered = ops.sort(ops.reshape(local, (-1, local.shape[1] * local.shape[2])), axis=-1)
            found.append(ordered[:, int(0.35 * ordered.shape[1])])
        return ops.stack(found, axis=-1)

    def terms(
        self,
        seen: Tensor,
        content: Tensor,
        targets: Sequence[tuple[Tensor, ...]],
        faint: Tensor,
        style_colour: Tensor,
        people: Tensor,
    ) -> dict[str, Tensor]:
        """Terms of what is painted, `seen` (N, L, L, 3), of `content` seen alike: each (N,)."""
        vgg, (small3, small4) = self.percept.vgg(seen), self.percept.small(seen)
        content3, content4 = (ops.stop_gradient(m) for m in self.percept.small(content))
        half = self.percept.vgg(pooled(seen, 2))
        found = [statistics(m) for m in (*vgg, small4, *half)]
        grams = [gram_gap(f, w) for f, w in zip(found, targets, strict=True)]
        moments = [moments_gap(f, w) for f, w in zip(found, targets, strict=True)]
        fine = [fineness(content, m.shape[1], stride) for m, stride in ((small4, 8), (small3, 4))]
        worth = 1.0 + 0.5 * people
        plain, lacking = plainness(content, 16), 0.0
        low = pooled(seen, 12)
        hues, even = low - 0.5 * lightness(low), plainness(content, 12)
        turns = [
            ops.sqrt(ops.sum(ops.square(a - b), axis=-1) + 1e-6) * c * d
            for a, b, c, d in (
                (hues[:, 1:], hues[:, :-1], even[:, 1:], even[:, :-1]),
                (hues[:, :, 1:], hues[:, :, :-1], even[:, :, 1:], even[:, :, :-1]),
            )
        ]
        for k, (maps, window) in enumerate(zip(vgg[:2], (16, 8), strict=True)):
            local = local_deviation(maps, window)
            wanted = faint[:, k][:, None, None]
            at = plain[:, : local.shape[1], : local.shape[2]]
            lacking += ops.sum(at * ops.relu(wanted - local) / (wanted + 0.05), axis=(1, 2)) / (at.shape[1] * at.shape[2])
        edge = ops.transpose(losses.edge_strength(content), (0, 2, 3, 1))[..., 0]
        edge = edge / (ops.mean(edge, axis=(1, 2), keepdims=True) + 0.02)
        colour = colour_detail(seen)[:, 5:-5, 5:-5]
        at_edges = ops.sum(colour * edge, axis=(1, 2)) / (ops.sum(edge, axis=(1, 2)) + 1e-3)
        return {
            "gram": sum(grams[:4]),
            "moments": sum(moments[:4]),
            "coarse": sum(grams[4:]) + sum(moments[4:]),
            "content": worth * content_gap(small4, content4, fine[0]),
            "detail": worth * content_gap(small3, content3, fine[1]),
            "edges": losses.edges_loss(seen, content),
            "coarse_edges": losses.edges_loss(pooled(seen, 2), pooled(content, 2)),
            "fringe": ops.relu(at_edges - style_colour),
            "plain": lacking,
            "blotch": sum(ops.mean(turn, axis=(1, 2)) for turn in turns),
        }


class Trainer:
    """Networks, averages and optimizers of a run, and its step, compiled for many steps at once."""

    def __init__(self, pack: Pack, plan: StrokePlan, percept_type: str = "bfloat16") -> None:
        import jax

        if keras.backend.backend() != "jax":
            raise UsageError("strokes are trained with JAX: set KERAS_BACKEND=jax")
        keras.utils.set_random_seed(plan.seed)
        self.plan, self.style = plan, build_style()
        self.style.set_weights(pack.begin["style"])
        self.frames = {name: build_frame(**LAYOUTS[name]) for name in plan.nets}
        self.photos, self.photo_sizes = canvas(pack.photos)
        self.styles, self.style_sizes = canvas(pack.styles)
        self.draws = Draws(
            self.photo_sizes, pack.people, self.style_sizes, pack.shares, plan.batch, plan.view, plan.loss_side,
            seed=plan.seed,
        )
        self.whitening = self._whitening(pack)
        for name, frame in self.frames.items():
            if name in pack.begin and not plan.new:
                frame.set_weights(pack.begin[name])
                self.whitening.begin(frame)
        self.models = [*self.frames.values(), self.style]
        self.optimizers = []
        for model in self.models:
            rate = plan.style_rate if model is self.style else plan.rate
            optimizer = Muon(rate)
            optimizer.build(model.trainable_variables)
            self.optimizers.append(optimizer)
        free = [[v.value for v in m.trainable_variables] for m in self.models]
        fixed = [[v.value for v in m.non_trainable_variables] for m in self.models]
        self.fixed = fixed
        self.state = {
            "weights": free,
            "average": jax.tree.map(lambda v: v + 0, free),
            "optimizer": [[v.value for v in o.variables] for o in self.optimizers],
        }
        self.losses = Losses(Percept(pack.percept, percept_type))
        self.on_device = {
            "photos": ops.convert_to_tensor(self.photos),
            "styles": ops.convert_to_tensor(self.styles),
            "photo_sizes": ops.convert_to_tensor(self.photo_sizes),
            "style_sizes": ops.convert_to_tensor(self.style_sizes),
            "grain": ops.convert_to_tensor((grain().tile.astype(np.float32) - MIDDLE) / 255),
        }
        self.many = jax.jit(self._many, donate_argnums=0)
        self.step = 0

    def _whitening(self, pack: Pack) -> Whitening:
        """Of the codes of all styles, whole and in a crop."""
        codes = []
        seen = [resized(p, STYLE_SIDE, STYLE_SIDE) for p in pack.styles]
        seen += [resized(p[: p.shape[0] * 2 // 3, : p.shape[1] * 2 // 3], STYLE_SIDE, STYLE_SIDE) for p in pack.styles]
        seen += [resized(p, STYLE_SIDE, STYLE_SIDE) for p in pack.photos[::4]]
        for at in range(0, len(seen), 32):
            group = np.stack((seen[at : at + 32] * 32)[:32]).astype(np.float32) / 255
            codes.append(np.asarray(self.style.predict_on_batch(group)).reshape(32, -1)[: len(seen) - at])
        return Whitening.of(np.concatenate(codes))

    def _views(self, data: Mapping[str, Tensor], draw: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Both views of the contents, the styles, and how the first view lies in the second."""
        import jax

        view, n = self.plan.view, self.plan.batch
        photos = ops.cast(ops.take(data["photos"], draw["photo"], axis=0), "float32") / 255
        sizes = ops.take(data["photo_sizes"], draw["photo"], axis=0)
        gamma = draw["gamma"][:, None, None, None]

        def view_of(corner: Tensor, side: Tensor) -> Tensor:
            axes = [
                rows(corner[:, k], side, view, photos.shape[1 + k], sizes[:, k]) for k in range(2)
            ]
            return ops.power(ops.clip(sampled(axes[0], photos, axes[1]), 1e-4, 1.0), gamma)

        pixel = (draw["side"] / view)[:, None]
        first = view_of(draw["corner"], draw["side"])
        second = view_of(draw["corner"] + draw["shift"] * pixel, draw["side"] * draw["zoom"])
        pictures = ops.cast(ops.take(data["styles"], draw["style"], axis=0), "float32") / 255
        sizes = ops.take(data["style_sizes"], draw["style"], axis=0)
        axes = [
            rows(
                draw["style_corner"][:, k], draw["style_box"][:, k], STYLE_SIDE, pictures.shape[1 + k], sizes[:, k],
                draw["style_mirrored"] > 0.5 if k else None,
            )
            for k in range(2)
        ]
        style = ops.clip(sampled(axes[0], pictures, axes[1]), 1e-4, 1.0)
        swap = ops.one_hot(draw["order"], 3)[:, None, None]
        style = sum(style[..., c : c + 1] * swap[..., c] for c in range(3))
        style = ops.power(style, draw["style_gamma"][:, None, None, None])
        own = self.draws.own
        style = ops.concatenate([first[:own] if view == STYLE_SIDE else self._sized(first[:own]), style[own:]], axis=0)
        laid = ops.concatenate([self._grain(data["grain"], draw, share) for share in (0.0, 1.0)], axis=0)
        noise = jax.random.normal(jax.random.key(draw["noise_seed"], impl="rbg"), (2 * n, view, view, 3)) * draw["noise"]
        both = ops.clip(ops.concatenate([first, second], axis=0) + noise, 0.0, 1.0)
        seen = {"plain": first, "both": ops.clip(both + laid, 0.0, 1.0), "style": style}
        return seen | {name: data[name] for name in ("mean", "matrix")}

    def _grain(self, tile: Tensor, draw: Mapping[str, Tensor], share: float) -> Tensor:
        """What the grain adds, (N, V, V, 1): it goes along with views that lie beside the first."""
        n, view = self.plan.batch, self.plan.view
        aside = ops.cast(draw["shift"] * draw["beside"][:, None] * share, "int32")
        down, across = ((ops.arange(view)[None] + draw["grain"][k] + aside[:, k : k + 1]) % 256 for k in range(2))
        rows_of = ops.take(tile, down, axis=0)
        return ops.take_along_axis(rows_of, ops.broadcast_to(across[:, None, :], (n, view, view)), axis=2)[..., None]

    @staticmethod
    def _sized(pictures: Tensor) -> Tensor:
        return ops.image.resize(pictures, (STYLE_SIDE, STYLE_SIDE), antialias=True, data_format="channels_last")

    def _loss(self, free: Any, views: Mapping[str, Tensor], draw: Mapping[str, Tensor], weights: Tensor) -> tuple[Any, Any]:
        """The sum of all terms of all networks, and the mean terms of each, (networks, terms)."""
        n, m, view, loss_side = self.plan.batch, self.plan.batch // 2, self.plan.view, self.plan.loss_side
        counts = {name: weights[k] for k, name in enumerate(TERMS)}
        code = self.style.stateless_call(free[-1], self.fixed[-1], views["style"], training=True)[0][:, 0, 0]
        code = (code - views["mean"]) @ views["matrix"]
        part = draw["mixed"]

        def mixed(x: Tensor) -> Tensor:
            return x + ops.reshape(part, (m, *[1] * (len(x.shape) - 1))) * (ops.roll(x, 1, axis=0) - x)

        codes = ops.tile(mixed(code), (4, 1))[:, None, None, :]
        ends = [[STYLE_SIDE] * m for _ in range(2)]
        axes = [
            rows(
                draw["style_seen_corner"][:, k], draw["style_seen"], STYLE_SIDE, STYLE_SIDE,
                ops.convert_to_tensor(np.array(ends[k], np.float32)),
            )
            for k in range(2)
        ]
        style = ops.stop_gradient(sampled(axes[0], views["style"], axes[1]))
        targets, faint = self.losses.wanted(style)
        targets = [
            tuple(ops.stop_gradient(ops.tile(mixed(t), (2, *[1] * (len(t.shape) - 1)))) for t in group)
            for group in targets
        ]
        faint = ops.stop_gradient(ops.tile(mixed(faint), (2, 1)))
        style_colour = ops.stop_gradient(ops.tile(mixed(ops.mean(colour_detail(style), axis=(1, 2))), (2,)))
        size = ops.convert_to_tensor(np.full(n, view, np.float32))
        box = [rows(draw["seen_corner"][:, k], draw["seen"], loss_side, view, size) for k in range(2)]
        content = sampled(box[0], views["plain"], box[1])
        warp = [
            rows(draw["shift"][:, k], draw["zoom"] * view, view, view, size * 4) for k in range(2)
        ]  # sizes beyond the view: what lies outside is not reflected, and is left out below
        within, band = self._within(draw)
        even = ops.repeat(ops.repeat(plainness(views["plain"], 16), 16, axis=1), 16, axis=2)
        within = within * (1 - 0.5 * even * draw["moves"][:, None, None])
        total, found = 0.0, []
        padded = ops.pad(views["both"], [[0, 0], [AROUND, AROUND], [AROUND, AROUND], [0, 0]], mode="symmetric")
        moves, beside = draw["moves"], draw["beside"]
        for k, frame in enumerate(self.frames.values()):
            painted = frame.stateless_call(free[k], self.fixed[k], [padded, codes], training=True)[0]
            one, two = painted[:n], painted[n:]
            terms = self.losses.terms(
                sampled(box[0], one, box[1]), content, targets, faint, style_colour, draw["people"]
            )
            lies = (moves + beside)[:, None, None, None] > 0.5
            followed = ops.where(lies, sampled(warp[0], one, warp[1]), one)
            gap = ops.sum(ops.mean(ops.abs(followed - two), axis=-1) * within, axis=(1, 2)) / ops.sum(within, axis=(1, 2))
            terms["calm"], terms["moved"] = gap * (1 - moves) * (1 - beside), gap * moves
            apart = ops.mean(ops.abs(ops.stop_gradient(followed) - two), axis=-1) * band
            terms["border"] = beside * ops.sum(apart, axis=(1, 2)) / (ops.sum(band, axis=(1, 2)) + 1.0)
            terms["grid"] = losses.grid_loss(one)
            terms["rim"] = rim_gap(one, views["plain"])
            is_own = np.zeros(n, np.float32)
            is_own[: self.draws.own] = 1
            terms["own"] = ops.mean(ops.abs(one - views["plain"]), axis=(1, 2, 3)) * is_own
            means = [ops.mean(terms[name]) for name in TERMS]
            total += sum(counts[name] * mean for name, mean in zip(TERMS, means, strict=True))
            found.append(ops.stack(means))
        return total, ops.stack(found)

    def _within(self, draw: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Which pixels of the second view the first one holds too, less a border; and which lie at the border of the
        second but not of the first: (N, V, V) each."""
        view, border, band = self.plan.view, 6, self.plan.view // 8
        at = ops.arange(view, dtype="float32") + 0.5
        inside, deep, outer = [], [], []
        for k in range(2):
            place = draw["shift"][:, k][:, None] + at * draw["zoom"][:, None]
            inside.append((place > border) & (place < view - border) & (at > border) & (at < view - border))
            deep.append((place > band) & (place < view - band))
            outer.append((at < band) | (at > view - band))
        kept, deep_enough = (ops.cast(a[:, :, None] & b[:, None, :], "float32") for a, b in (inside, deep))
        return kept, deep_enough * ops.cast(outer[0][:, None] | outer[1][None, :], "float32")

    def _many(self, state: Any, data: Mapping[str, Tensor], draws: Mapping[str, Tensor]) -> tuple[Any, Any]:
        """Several steps, one for each first index of the draws; the state after them and the mean terms."""
        import jax

        def one(state: Any, draw: Mapping[str, Tensor]) -> tuple[Any, Any]:
            views = jax.tree.map(jax.lax.stop_gradient, self._views(data, draw))
            gradient = jax.value_and_grad(self._loss, has_aux=True)
            (_, terms), slopes = gradient(state["weights"], views, draw, draw["weights"])
            weights, optimizer = [], []
            for k, opt in enumerate(self.optimizers):
                variables = list(state["optimizer"][k])
                places = [i for i, v in enumerate(opt.variables) if v is opt._learning_rate]
                variables[places[0]] = draw["style_rate" if k == len(self.frames) else "rate"]
                steep = sum(ops.sum(ops.square(g)) for g in slopes[k])
                good = ops.isfinite(steep)
                factor = ops.where(good, ops.minimum(1.0, 5.0 * ops.rsqrt(steep + 1e-9)), 0.0)
                slopes[k] = [ops.where(good, g * factor, ops.zeros_like(g)) for g in slopes[k]]
                new, variables = opt.stateless_apply(variables, slopes[k], state["weights"][k])
                weights.append(new)
                optimizer.append(variables)
            decay = draw["decay"]
            average = jax.tree.map(lambda a, w: a + (1 - decay) * (w - a), state["average"], weights)
            return {"weights": weights, "average": average, "optimizer": optimizer}, terms

        state, terms = jax.lax.scan(one, state, draws)
        return state, ops.mean(terms, axis=0)

    def draw(self, first: int, count: int) -> dict[str, np.ndarray]:
        """What the steps from `first` on see, with their rates and weights, stacked."""
        plan, steps = self.plan, []
        for step in range(first, first + count):
            chosen = self.draws.step(step)
            chosen["rate"] = np.float32(plan.rate * plan.share_at(step))
            chosen["style_rate"] = np.float32(plan.style_rate * plan.share_at(step))
            chosen["weights"] = plan.weights_at(step)
            chosen["decay"] = np.float32(min(plan.average, (1 + step) / (10 + step)))
            steps.append(chosen)
        return {name: np.stack([s[name] for s in steps]) for name in steps[0]}

    def finished(self) -> tuple[dict[str, keras.Model], keras.Model]:
        """The averaged networks, which take codes as they come."""
        frames = {}
        for k, name in enumerate(self.frames):
            frame = build_frame(**LAYOUTS[name])
            for variable, value in zip(frame.trainable_variables, self.state["average"][k], strict=True):
                variable.assign(value)
            self.whitening.finish(frame)
            frames[name] = frame
        for variable, value in zip(self.style.trainable_variables, self.state["average"][-1], strict=True):
            variable.assign(value)
        return frames, self.style

    def save(self, folder: Path) -> None:
        """Write the state, in files below 16 MB, and the networks as they are now; never half written."""
        new = folder / "state.new"
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(parents=True)
        for name, groups in self.state.items():
            values = [np.asarray(v) for group in groups for v in group]
            np.savez(new / f"{name}.npz", step=self.step, **{f"{k:04d}": v for k, v in enumerate(values)})
        np.savez(new / "whitening.npz", mean=self.whitening.mean, matrix=self.whitening.matrix)
        frames, style = self.finished()
        arrays = {f"{name}/{k:03d}": w for name, net in frames.items() for k, w in enumerate(net.get_weights())}
        arrays |= {f"style/{k:03d}": w for k, w in enumerate(style.get_weights())}
        np.savez(new / "networks.npz", step=self.step, **{k: v.astype(np.float32) for k, v in arrays.items()})
        shutil.rmtree(folder / "state", ignore_errors=True)
        os.replace(new, folder / "state")

    def load(self, folder: Path) -> None:
        """Go on from a state written by `save`."""
        with np.load(folder / "whitening.npz") as file:
            self.whitening = Whitening(file["mean"], file["matrix"])
        for name, groups in self.state.items():
            with np.load(folder / f"{name}.npz") as file:
                values = [ops.convert_to_tensor(file[k]) for k in sorted(file.files) if k != "step"]
                self.step = int(file["step"])
            kept, at = [], 0
            for group in groups:
                kept.append(values[at : at + len(group)])
                at += len(group)
            self.state[name] = kept


def fit(
    trainer: Trainer,
    folder: Path,
    until: int | None = None,
    time_left: float | None = None,
    every: int = 20,
    seconds: float = 45,
) -> None:
    """Train to the end of the plan, or `until`, from the state that lies in `folder`; write it every `seconds`.

    With `time_left` the plan of a new run gets as many steps as fit into so many seconds, compiling included, by the pace
    of a few.
    """
    plan = trainer.plan
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "state").is_dir():
        trainer.load(folder / "state")
    keep_plan(folder / "plan.json", asdict(plan), longer="last_steps", begun=trainer.step > 0)
    last = min(plan.whole, until if until is not None else plan.whole)
    data = trainer.on_device | {k: ops.convert_to_tensor(v) for k, v in asdict(trainer.whitening).items()}
    started = begun = saved = time.monotonic()
    first = trainer.step

    def coming(step: int) -> dict[str, np.ndarray]:
        return trainer.draw(step, min(every, last - step)) if step < last else {}

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(coming, trainer.step)
        terms = None
        while trainer.step < last:
            draws = waiting.result()
            count = len(draws["rate"])
            waiting = pool.submit(coming, trainer.step + count)
            before = terms
            trainer.state, terms = trainer.many(trainer.state, data, draws)
            trainer.step += count
            if before is not None:
                np.asarray(before)  # wait, so that no more than one call is ahead
            now = time.monotonic()
            if before is None:
                np.asarray(terms)
                print(f"compiled, and {count} steps done, in {time.monotonic() - begun:.0f} s", flush=True)
                begun = saved = now = time.monotonic()
                first = trainer.step
            if time_left is not None and trainer.step - first == 3 * every:
                np.asarray(terms)
                pace = (time.monotonic() - begun) / (trainer.step - first)
                spent = time.monotonic() - started
                steps = trainer.step + max(0, int((time_left - spent) / pace)) // every * every
                name = "steps" if plan.steps else "last_steps"
                trainer.plan = plan = replace(plan, **{name: steps - (plan.last_steps if plan.steps else 0)})
                last, time_left = plan.whole, None
                (folder / "plan.json").unlink()
                keep_plan(folder / "plan.json", asdict(plan), longer="last_steps", begun=False)
                print(f"{pace * 1000:.1f} ms a step: {plan.whole} steps", flush=True)
            if (now - saved > seconds / 4 and trainer.step % (every * 5) == 0) or trainer.step == last:
                values = np.asarray(terms)
                done = plan.batch * (trainer.step - first)
                speed = done / max(1e-3, time.monotonic() - begun)
                for name, row in zip(plan.nets, values, strict=True):
                    line = " ".join(f"{term} {value:.4f}" for term, value in zip(TERMS, row, strict=True))
                    print(f"{trainer.step}/{plan.whole} {speed:.0f} pictures/s {name}: {line}", flush=True)
            if now - saved > seconds or trainer.step == last:
                trainer.save(folder)
                saved = time.monotonic()
