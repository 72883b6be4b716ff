"""What the commands of the training tools do: train, evaluate, export, unpack and sheet."""

from __future__ import annotations

import argparse
import functools
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from realtime.core.errors import UsageError

from .strokes import chosen_weights


def train(options: argparse.Namespace) -> None:
    """Train (or go on training) both networks, then export and evaluate them.

    Args:
        options: Those of ``train``.

    Raises:
        UsageError: A folder, a file or a weight is not what it must be, or the run in the folder has another plan.
    """
    import cv2
    import keras

    from .codes import all_codes, own_codes
    from .data import Floats, load_held_back, load_training, read_held_back
    from .distiller import Distiller
    from .frame_network import build_frame
    from .losses import SETTLING, Weights
    from .plan import Plan
    from .samples import Samples
    from .sheet import save
    from .state import Average
    from .teacher import Predictor, labeller
    from .train import fit, progress_sheet
    from .train_style import StylePlan, fit_style
    from .whitening import Whitening

    cv2.setNumThreads(1)
    chosen = chosen_weights(options.weight, Weights)
    held = read_held_back()
    photos = load_training(options.photos, held["photos"], options.clips)
    styles = [picture for folder in options.styles for picture in load_training(folder, held["styles"])]
    print(f"{len(photos)} photos, {len(styles)} styles", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    predictor = Predictor(options.teacher)
    style_plan = StylePlan(
        steps=options.style_steps,
        forced=0 if options.begin_style else options.style_steps // 8,
        rate=options.style_rate,
        seed=options.seed,
    )
    style_net = fit_style(predictor, styles, photos, style_plan, options.out, begin_from=options.begin_style)
    if options.only_style:
        return

    keras.utils.set_random_seed(options.seed)
    plan = Plan(
        steps=options.steps,
        rounds=options.rounds,
        round_steps=options.round_steps,
        batch=options.batch,
        fresh=max(1, options.batch // 4),
        view=options.view,
        rate=options.rate,
        round_rate=options.round_rate,
        last_rate=options.last_rate,
        seed=options.seed,
        weights=Weights(**chosen),
        late=replace(SETTLING, **chosen),
    )
    if options.begin:
        plan = replace(plan, turn=(0.0, 0.0))  # it can paint already

    @functools.cache
    def bank(seed: int) -> tuple[Floats, Floats]:
        codes = all_codes(options.teacher, styles, photos, 7, seed, options.out / f"codes_{seed}.npz")
        return codes, own_codes(style_net, styles, photos, 7, seed)

    state = options.out / "state.npz"
    whitening = Whitening.of_state(state) if state.exists() else Whitening.of(bank(plan.seed)[1])
    if whitening is None:
        raise UsageError(f"{state} is of an older version of the program; begin anew with another --out")

    def banks(step: int) -> tuple[Floats, Floats]:
        codes, given = bank(plan.seed + plan.rounds_before(step))
        return codes, whitening(given)

    label = labeller(options.teacher)
    samples = Samples(
        photos,
        banks,
        label,
        plan.view,
        plan.batch,
        plan.fresh,
        seed=plan.seed,
    )
    distiller = Distiller(build_frame(), predictor)
    seen = load_held_back(options.photos, held["photos"])

    def show(d: Distiller, average: Average, step: int) -> None:
        if step % 500 == 0 or step == plan.whole:
            save(progress_sheet(d, average, seen, *banks(0), label), options.out / f"sheet_{step:06d}.jpg")

    fit(distiller, samples, plan, options.out, whitening, show=show, begin_from=options.begin)
    if keras.backend.backend() != "tensorflow":
        print(f"trained; export with KERAS_BACKEND=tensorflow python -m realtime.training export --out {options.out}")
        return
    export(options)
    evaluate(
        argparse.Namespace(
            **{
                **vars(options),
                "model": options.out / "model",
                "count": (0, 0),
                "all": False,
                "styles": options.styles[0],
                "report": options.out / "evaluation.json",
            }
        )
    )


def _pictures(options: argparse.Namespace) -> tuple[list[Any], list[Any]]:
    from .data import list_pictures, load_held_back, read_held_back, read_picture

    held = read_held_back()
    found = []
    for folder, kind, count in zip((options.photos, options.styles), ("photos", "styles"), options.count, strict=True):
        pictures = (
            [read_picture(p) for p in list_pictures(folder)] if options.all else load_held_back(folder, held[kind])
        )
        found.append(pictures[:: max(1, len(pictures) // count)][:count] if count else pictures)
    return found[0], found[1]


def evaluate(options: argparse.Namespace) -> None:
    """Measure an exported pair and the teacher, print the figures, and write them to ``--report``.

    Args:
        options: Those of ``evaluate``.

    Raises:
        UsageError: A folder has no pictures or no networks.
    """
    import numpy as np

    from .evaluate import LitePair, measure, seconds_a_call, table

    photos, styles = _pictures(options)
    teacher, lite = LitePair.teacher(options.teacher), LitePair.folder(options.model)
    print(f"{len(photos)} photos, {len(styles)} styles, {time.strftime('%Y-%m-%d %H:%M')}", flush=True)
    ours, theirs = measure(lite, photos, styles, teacher), measure(teacher, photos, styles, teacher)
    print(table(ours, theirs))
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    for pair in (lite, teacher):  # which also sets the size
        pair.frame(frame, pair.encode(styles[0]))
    ms = {
        "lite frame 640x480": seconds_a_call(lite.net.invoke),
        "teacher frame 640x480": seconds_a_call(teacher.net.invoke, 7),
        "lite style": seconds_a_call(lite.style.invoke),
    }
    for name, seconds in ms.items():
        print(f"{name}: {seconds * 1000:.1f} ms")
    print(f"times faster: {ms['teacher frame 640x480'] / ms['lite frame 640x480']:.1f}")
    report = {"photos": len(photos), "styles": len(styles), "lite": ours, "teacher": theirs, "seconds": ms}
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


def export(options: argparse.Namespace) -> None:
    """Write the files that ship from the state of a run.

    Args:
        options: Those of ``export``.
    """
    from . import export as files
    from .state import read_frame
    from .train_style import read_style

    folder = getattr(options, "to", None) or options.out / "model"
    networks = options.out / "state" / "networks.npz"
    if networks.is_file():
        frame, style = files.read_networks(networks)
    else:
        frame = read_frame(options.out / "state.npz")
        style = read_style(options.out / "style_state.npz")
    print(f"{files.export(frame, style, folder, options.frame_weights)} bytes in {folder}")


def unpack(options: argparse.Namespace) -> None:
    """Write states to begin from, with the weights of an exported model.

    Args:
        options: Those of ``unpack``.

    Raises:
        UsageError: The folder has no exported model.
    """
    from .export import read_exported
    from .state import write_frame
    from .train_style import write_style

    _check_exported(options.model)
    frame, style = read_exported(options.model)
    options.to.mkdir(parents=True)
    write_frame(options.to / "state.npz", frame)
    write_style(options.to / "style_state.npz", style)
    print(options.to)


def accelerated(options: argparse.Namespace) -> None:
    """Write the frame network for accelerators anew, in the folder of an exported model.

    Args:
        options: Those of ``accelerated``.

    Raises:
        UsageError: The folder has no exported model.
    """
    from .export import export_accelerated

    _check_exported(options.model)
    file = export_accelerated(options.model)
    print(f"{file.stat().st_size} bytes in {file}")


def _check_exported(folder: Path) -> None:
    if not (folder / "hub" / "variables").is_dir():
        raise UsageError(f"{folder} is no exported model: there is no hub/variables in it")


def sheet(options: argparse.Namespace) -> None:
    """Draw content, style, teacher and lite side by side.

    Args:
        options: Those of ``sheet``.

    Raises:
        UsageError: A folder has no pictures or no networks.
    """
    from .evaluate import LitePair
    from .sheet import save, sheet

    photos, styles = _pictures(options)
    painters: list[Any] = [LitePair.teacher(options.teacher)] if options.teacher else []
    save(sheet(photos, styles, [*painters, LitePair.folder(options.model)]), options.output)
    print(options.output)
