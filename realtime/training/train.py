"""Training of the frame network, step by step, resumable: ``train_on_batch`` of a Keras model on any backend."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from realtime.core.errors import UsageError

from . import losses
from .data import MARGIN, Floats, Picture, Samples, grain, make_codes, resized
from .evaluate import LitePair, continued, to_bytes, to_float
from .losses import COPYING, SETTLING, Weights
from .muon import Muon
from .student import AROUND, build_frame, recode
from .teacher import Predictor, Transformer

Tensor = Any


@dataclass(frozen=True)
class Plan:
    """A run: its lengths, rates and what it is trained for.

    A network that is asked for stillness and arrival before it can paint at all settles on a blur that it never leaves:
    so it first copies the teacher, with the weights `early`, until the share `turn[0]` of `steps`; from `turn[1]` on
    `weights` hold. After `steps` the rate rises and falls again in `rounds` of `round_steps`, the last with the weights `late`. The
    mean of the network at the ends of the rounds arrives further and is stiller than any of them (Izmailov et al.,
    Averaging Weights Leads to Wider Optima and Better Generalization, 2018). After each of them the styles are cropped
    anew: a network that always sees the same codes learns their errors by heart.
    """

    steps: int = 4800
    rounds: int = 2
    round_steps: int = 850
    batch: int = 8
    fresh: int = 2
    view: int = 192
    rate: float = 3e-3
    round_rate: float = 1.5e-3
    last_rate: float = 1e-5
    warmup: int = 100
    noise: float = 6.0
    seed: int = 1
    weights: Weights = field(default_factory=Weights)
    early: Weights = COPYING
    late: Weights = SETTLING
    turn: tuple[float, float] = (0.2, 0.5)

    @property
    def whole(self) -> int:
        """All steps of the run."""
        return self.steps + self.rounds * self.round_steps

    def rounds_before(self, step: int) -> int:
        """How many rounds have ended before a step."""
        return max(0, step - self.steps) // self.round_steps

    def ends_round(self, step: int) -> bool:
        """Whether a round ends with `step` steps done."""
        return step > self.steps and (step - self.steps) % self.round_steps == 0

    def rate_at(self, step: int) -> float:
        """Learning rate: a short rise, then a cosine down; so in every round."""
        length, rate, at = self.steps, self.rate, step
        if step >= self.steps:
            length, rate, at = self.round_steps, self.round_rate, (step - self.steps) % self.round_steps
        rise = min(1.0, (at + 1) / max(1, self.warmup))
        return rise * (self.last_rate + (rate - self.last_rate) * 0.5 * (1 + math.cos(math.pi * at / length)))

    def weights_at(self, step: int) -> Floats:
        """What each loss term counts at a step, in the order of the fields of `Weights`."""
        if self.rounds and step >= self.whole - self.round_steps:
            return np.array(astuple(self.late), np.float32)
        begin, end = (share * self.steps for share in self.turn)
        part = min(1.0, max(0.0, (step - begin) / (end - begin))) if end > begin else 1.0
        begun, wanted = (np.array(astuple(w), np.float32) for w in (self.early, self.weights))
        return np.asarray(begun + np.float32(part) * (wanted - begun))


TERMS = ("pixel", "tone", "feature", "texture", "arrival", "still", "grid", "edges")


class Distiller(keras.Model):  # type: ignore[misc]
    """The frame network with its losses: batches as `data.Samples.step` makes them."""

    def __init__(self, student: keras.Model, predictor: Predictor) -> None:
        super().__init__()
        self.student = student
        self.predictor = predictor
        self.parts = [keras.metrics.Mean(name=n) for n in TERMS]

    def call(self, inputs: dict[str, Tensor], training: bool = False) -> Tensor:
        """Pictures of both views, one after the other: (2 N, V, V, 3)."""
        both = ops.concatenate([inputs["first"], inputs["second"]], axis=0)
        codes = ops.concatenate([inputs["code"], inputs["code"]], axis=0)
        around = [[0, 0], [AROUND, AROUND], [AROUND, AROUND], [0, 0]]
        return self.student([ops.pad(both, around, mode="symmetric"), codes], training=training)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The weighted sum of all terms, averaged over the batch."""
        x = {name: ops.convert_to_tensor(value) for name, value in x.items()}
        y = {name: ops.convert_to_tensor(value) for name, value in y.items()}
        pixel, tone, feature, texture, arrival, moved, calm, grid, edges = (x["weights"][k] for k in range(9))
        first, second = ops.split(y_pred, 2)
        found, local = self.predictor.maps(losses.as_seen(first), losses.TAPS)
        wanted = [ops.stop_gradient(m) for m in losses.wanted_maps(self.predictor, losses.as_seen(y["label"]))]
        terms = [
            losses.pixel_loss(first, y["label"]),
            losses.tone_loss(first, y["label"]),
            losses.feature_loss(found, wanted),
            losses.texture_loss(found, wanted),
            losses.arrival_loss(local, y["target"]),
            losses.still_loss(first, second, x["shift"], MARGIN),
            losses.grid_loss(first),
            losses.edges_loss(first, x["plain"]),
        ]
        total = 0.0
        unmoved = ops.cast(ops.all(ops.equal(x["shift"], 0)), "float32")
        still = moved + (calm - moved) * unmoved
        factors = (pixel, tone, feature, texture, arrival, still, grid, edges)
        for term, factor, metric in zip(terms, factors, self.parts, strict=True):
            value = ops.mean(term)
            metric.update_state(value)
            total = total + factor * value
        return total

    @property
    def metrics(self) -> list[Any]:
        """The running means of the terms."""
        return [*super().metrics, *self.parts] if self.parts[0] not in super().metrics else super().metrics


class TeacherModel(keras.Model):  # type: ignore[misc]
    """The teacher as a model without weights to train, for ``predict_on_batch``."""

    def __init__(self, transformer: Transformer) -> None:
        super().__init__()
        self.transformer = transformer

    def call(self, inputs: list[Tensor]) -> Tensor:
        return self.transformer(inputs[0], inputs[1])


def labeller(folder: str | Path) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function from contents (N, S, S, 3) and codes (N, 100) to the teacher's pictures."""
    model = TeacherModel(Transformer(folder))
    return lambda contents, codes: np.asarray(model.predict_on_batch([contents, codes]))


def all_codes(
    folder: str | Path,
    styles: Sequence[Picture],
    photos: Sequence[Picture],
    crops: int,
    seed: int,
    cache: Path | None = None,
) -> Floats:
    """The codes to train with, (M, 100), by the teacher's style network; kept in the file `cache` for the same pictures."""
    digest = hashlib.blake2b(f"{crops} {seed}".encode(), digest_size=8)
    for picture in (*styles, *photos):
        digest.update(str(picture.shape).encode() + picture.tobytes())
    made_of = digest.hexdigest()
    if cache is not None and cache.exists():
        with np.load(cache) as arrays:
            if str(arrays.get("made_of")) == made_of:
                return np.asarray(arrays["codes"], np.float32)
    teacher = LitePair.teacher(folder)
    codes = make_codes(teacher.encode, styles, photos, crops, seed)
    if cache is not None:
        partial = cache.with_suffix(".tmp.npz")
        np.savez(partial, codes=codes, made_of=made_of)
        os.replace(partial, cache)
    return codes


def own_codes(
    style_net: keras.Model, styles: Sequence[Picture], photos: Sequence[Picture], crops: int, seed: int
) -> Floats:
    """The same codes (M, 100) by our own style network, so that the frame network learns to live with its errors."""
    waiting: list[Floats] = []
    done: list[Floats] = []

    def encode(picture: Picture) -> Floats:
        waiting.append(to_float(picture))
        if len(waiting) == 32:
            flush()
        return np.zeros(1, np.float32)

    def flush() -> None:
        full = np.concatenate(waiting + [waiting[-1]] * (32 - len(waiting)))
        done.append(np.asarray(style_net.predict_on_batch(full), np.float32).reshape(32, -1)[: len(waiting)])
        waiting.clear()

    make_codes(encode, styles, photos, crops, seed)
    if waiting:
        flush()
    return np.concatenate(done)


@dataclass(frozen=True)
class Whitening:
    """Codes as the frame network learns with them: less their `mean` (100,), times a `matrix` (100, 100).

    As they come, codes have a mean twice as long as their distances from it, and most of their variance in a few
    directions: steps that suit these are far too small for the others. So all directions are made nearly alike, but for
    those in which codes hardly differ. The finished network takes codes as they come again (`recode`).
    """

    mean: Floats
    matrix: Floats

    @classmethod
    def of(cls, codes: Floats, least: float = 0.02) -> Whitening:
        """The whitening of codes (M, 100), of which directions with a variance below `least` count less."""
        mean = codes.mean(axis=0)
        variances, axes = np.linalg.eigh(np.cov(codes - mean, rowvar=False))
        return cls(mean.astype(np.float32), (axes / np.sqrt(variances + least) @ axes.T).astype(np.float32))

    @classmethod
    def of_state(cls, path: Path) -> Whitening | None:
        """That of a state written by `fit`, if it was trained with one."""
        with np.load(path) as state:
            if "whitening/mean" not in state:
                return None
            return cls(state["whitening/mean"], state["whitening/matrix"])

    def __call__(self, codes: Floats) -> Floats:
        return np.asarray((codes - self.mean) @ self.matrix, np.float32)

    def finish(self, frame: keras.Model) -> None:
        """Make a network that learned with these codes take them as they come."""
        recode(frame, self.matrix, -self.mean @ self.matrix)

    def begin(self, frame: keras.Model) -> None:
        """Make a network that takes codes as they come take these."""
        recode(frame, np.linalg.inv(self.matrix.astype(np.float64)).astype(np.float32), self.mean)


def read_frame(path: Path) -> keras.Model:
    """The finished frame network of a state written by `fit`: the weights of `Average.best`, taking codes as they come."""
    student = build_frame()
    average = Average(student)
    with np.load(path) as state:
        average.load(state)
    student.set_weights(average.best)
    if whitening := Whitening.of_state(path):
        whitening.finish(student)
    return student


def write_frame(path: Path, frame: keras.Model) -> None:
    """A state of a finished frame network, for `read_frame` and to begin from."""
    np.savez(path, step=0, **Average(frame).arrays())


def progress_sheet(
    distiller: Distiller,
    average: Average,
    photos: Sequence[Picture],
    codes: Floats,
    given: Floats,
    label: Callable[[Floats, Floats], Floats],
) -> Picture:
    """Six rows of photo, teacher's picture by its `codes` and ours by those `given`, both (M, 100), by averaged weights."""
    raw = distiller.student.get_weights()
    distiller.student.set_weights(average.best)
    rows = []
    for k in range(6):
        photo = resized(photos[(3 * k + 5) % len(photos)], 384, 288)
        at = (480 * k + 8) % len(codes)
        theirs = to_bytes(label(to_float(photo), codes[at][None]))
        seen = to_float(continued(grain().lay(photo)))
        ours = distiller.student.predict_on_batch([seen, given[at][None, None, None, :]])
        rows.append(np.concatenate([photo, theirs, to_bytes(np.asarray(ours))[:288, :384]], axis=1))
    distiller.student.set_weights(raw)
    return np.concatenate(rows, axis=0)


class Average:
    """Exponential moving average of the student's weights, and the mean of what it was at the ends of the rounds."""

    def __init__(self, model: keras.Model, decay: float = 0.998) -> None:
        self.decay = decay
        self.values = [np.array(w) for w in model.get_weights()]
        self.ends = 0
        self.mean = [np.zeros_like(w) for w in self.values]

    @property
    def best(self) -> list[np.ndarray]:
        """The mean over the rounds that have ended; before the first has, the moving average."""
        return self.mean if self.ends else self.values

    def update(self, model: keras.Model, step: int, every: int = 5) -> None:
        """Take in the weights, every few steps."""
        if step % every:
            return
        decay = min(self.decay**every, (1 + step) / (10 + step))
        for kept, new in zip(self.values, model.get_weights(), strict=True):
            kept += (1 - decay) * (new - kept)

    def end_round(self) -> None:
        """Take the moving average into the mean; of many rounds the last few count."""
        self.ends += 1
        for mean, value in zip(self.mean, self.values, strict=True):
            mean += (value - mean) / min(self.ends, 4)

    def arrays(self) -> dict[str, Any]:
        """What `load` needs, by name."""
        named = {f"average/{i}": w for i, w in enumerate(self.values)}
        return named | {f"mean/{i}": w for i, w in enumerate(self.mean)} | {"ends": self.ends}

    def load(self, arrays: Mapping[str, Any]) -> None:
        """Become what gave these `arrays`. UsageError when that was an older version."""
        if "ends" not in arrays:
            raise UsageError("this state is of an older version of the program; begin anew with another --out")
        self.ends = int(arrays["ends"])
        for i in range(len(self.values)):
            self.values[i], self.mean[i] = arrays[f"average/{i}"].copy(), arrays[f"mean/{i}"].copy()


def keep_plan(path: Path, plan: Mapping[str, Any], longer: str, begun: bool) -> None:
    """Write the plan of a run. UsageError when a run that has begun had another, save that it may become `longer`."""
    new = json.loads(json.dumps(plan))
    if begun and path.exists():
        old = json.loads(path.read_text())
        for name in sorted(set(old) | set(new)):
            if old.get(name) != new.get(name) and not (name == longer and new[name] > old.get(name, new[name])):
                raise UsageError(
                    f"the run in {path.parent} has {name} {old.get(name)}, not {new.get(name)};"
                    " go on with the options that it began with, or begin anew with another --out"
                )
    path.write_text(json.dumps(new, indent=1))


def save_state(folder: Path, distiller: Distiller, average: Average, whitening: Whitening, step: int) -> None:
    """Write everything that a resumed run needs, in one file that is never half written."""
    arrays = {f"student/{i}": w for i, w in enumerate(distiller.student.get_weights())}
    arrays |= average.arrays()
    optimizer: dict[str, Any] = {}
    distiller.optimizer.save_own_variables(optimizer)
    arrays |= {f"optimizer/{k}": np.asarray(ops.convert_to_numpy(v)) for k, v in optimizer.items()}
    temporary = folder / "state.tmp.npz"
    arrays |= {f"whitening/{k}": v for k, v in asdict(whitening).items()}
    np.savez(temporary, step=step, **arrays)
    os.replace(temporary, folder / "state.npz")


def load_state(path: Path, distiller: Distiller, average: Average) -> int:
    """Take up a saved state; gives the number of steps done."""
    with np.load(path) as state:
        distiller.student.set_weights([state[f"student/{i}"] for i in range(len(average.values))])
        average.load(state)
        saved = {k.split("/", 1)[1]: state[k] for k in state.files if k.startswith("optimizer/")}
        distiller.optimizer.load_own_variables(saved)
        return int(state["step"])


def fit(
    distiller: Distiller,
    samples: Samples,
    plan: Plan,
    folder: Path,
    whitening: Whitening,
    until: int | None = None,
    every: int = 100,
    show: Callable[[Distiller, Average, int], None] | None = None,
    begin_from: Path | None = None,
) -> Average:
    """Train to the end of the plan (or `until`), resuming from `folder` where a state lies; else from the weights of
    `begin_from`. The samples' codes are whitened already."""
    folder.mkdir(parents=True, exist_ok=True)
    distiller.compile(optimizer=Muon(plan.rate))
    distiller.optimizer.build(distiller.student.trainable_variables)
    average = Average(distiller.student)
    step = 0
    if (folder / "state.npz").exists():
        step = load_state(folder / "state.npz", distiller, average)
    elif begin_from is not None:
        distiller.student.set_weights(read_frame(begin_from).get_weights())
        whitening.begin(distiller.student)
        average = Average(distiller.student)
    keep_plan(folder / "plan.json", asdict(plan), longer="rounds", begun=step > 0)
    last = min(plan.whole, until if until is not None else plan.whole)
    clock, since = time.monotonic(), step
    sums: dict[str, float] = {}
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(samples.step, step, plan.noise)
        while step < last:
            batch = coming.result()
            coming = pool.submit(samples.step, step + 1, plan.noise)
            distiller.optimizer.learning_rate = plan.rate_at(step)
            inputs = {k: batch[k] for k in ("first", "second", "plain", "code", "shift")}
            inputs["weights"] = plan.weights_at(step)
            logs = distiller.train_on_batch(inputs, {k: batch[k] for k in ("label", "target")}, return_dict=True)
            for name, value in logs.items():
                sums[name] = sums.get(name, 0.0) + float(value)
            average.update(distiller.student, step)
            distiller.reset_metrics()
            step += 1
            if plan.ends_round(step):
                average.end_round()
            elif step % every and step != last:
                continue
            done = step - since
            speed = plan.batch * done / (time.monotonic() - clock)
            line = " ".join(f"{k} {v / done:.4f}" for k, v in sums.items())
            print(f"{step}/{plan.whole} {speed:.1f} pictures/s {line}", flush=True)
            with (folder / "log.txt").open("a") as log:
                log.write(f"{time.strftime('%H:%M:%S')} {step} {speed:.2f} {line}\n")
            save_state(folder, distiller, average, whitening, step)
            if show is not None:
                show(distiller, average, step)
            clock, since = time.monotonic(), step
            sums.clear()
    return average
