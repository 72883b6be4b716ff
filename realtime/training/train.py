"""Training of the frame network, step by step, resumable: ``train_on_batch`` of a Keras model on any backend."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from .augment import grain
from .data import Floats, Picture, resized
from .distiller import Distiller
from .evaluate import continued, to_bytes, to_float
from .muon import Muon
from .plan import Plan, keep_plan
from .samples import Samples
from .state import Average, load_state, read_frame, save_state
from .whitening import Whitening


def progress_sheet(
    distiller: Distiller,
    average: Average,
    photos: Sequence[Picture],
    codes: Floats,
    given: Floats,
    label: Callable[[Floats, Floats], Floats],
) -> Picture:
    """Draw six rows of photo, teacher's picture and ours, by averaged weights.

    Args:
        distiller: The network in training.
        average: The averages of its weights.
        photos: RGB uint8 photos.
        codes: The teacher's codes (M, 100).
        given: The codes (M, 100) that the network is given.
        label: The teacher.

    Returns:
        RGB uint8 (6 * 288, 3 * 384, 3).
    """
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
    """Train to the end of the plan, or `until`, from the state that lies in `folder`.

    Args:
        distiller: The network with its losses.
        samples: The batches; their codes are whitened already.
        plan: The run.
        folder: Where its state, log and plan lie.
        whitening: The form of the codes.
        until: The step to stop at.
        every: Steps between two states.
        show: Called after each state with the network, the averages and the step.
        begin_from: A state whose weights a new run begins from.

    Returns:
        The averages of the weights.

    Raises:
        UsageError: The run in the folder has another plan, or a state is of an older version.
    """
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
