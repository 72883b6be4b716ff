"""``python -m realtime.training train | pack | strokes | evaluate | export | unpack | sheet``: see ``--help`` of each."""

from __future__ import annotations

import argparse
import functools
import importlib.util
import json
import os
import time
import zipfile
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from realtime.core.errors import UsageError

from . import strokes

os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m realtime.training", description="Train, measure and export the lite model."
    )
    commands = parser.add_subparsers(dest="command", required=True)

    train = commands.add_parser("train", help="train (or go on training), evaluate and export")
    train.add_argument("--photos", required=True, type=Path, help="folder of photos")
    train.add_argument("--styles", required=True, type=Path, nargs="+", help="folders of style pictures")
    train.add_argument("--clips", type=Path, help="folder of .mp4 clips whose frames serve as photos too")
    train.add_argument("--teacher", required=True, type=Path, help="folder of Magenta's mobile pair")
    train.add_argument("--out", required=True, type=Path, help="folder for state, samples and the exported model")
    train.add_argument("--steps", type=int, default=4800, help="steps of the frame network (default %(default)s)")
    train.add_argument("--rounds", type=int, default=2, help="rounds after these, whose mean is taken (%(default)s)")
    train.add_argument("--round-steps", type=int, default=850, help="steps of a round (default %(default)s)")
    train.add_argument("--style-steps", type=int, default=6000, help="steps of the style network (default %(default)s)")
    train.add_argument("--batch", type=int, default=8)
    train.add_argument("--view", type=int, default=192, help="side of a crop, a multiple of 48 (default %(default)s)")
    train.add_argument("--rate", type=float, default=3e-3, help="learning rate at the start")
    train.add_argument("--round-rate", type=float, default=1.5e-3, help="learning rate at the start of a round")
    train.add_argument("--last-rate", type=float, default=1e-5, help="learning rate at the end")
    train.add_argument("--weight", action="append", default=[], metavar="TERM=NUMBER", help="weight of a loss term")
    train.add_argument("--begin", type=Path, help="state.npz of an earlier run to begin from")
    train.add_argument("--begin-style", type=Path, help="style_state.npz of an earlier run to begin from")
    train.add_argument("--style-rate", type=float, default=4e-3, help="learning rate of the style network at the start")
    train.add_argument("--only-style", action="store_true", help="stop when the style network is trained")
    train.add_argument("--seed", type=int, default=1)
    strokes.add_commands(commands)
    evaluate = commands.add_parser(
        "evaluate", help="measure an exported pair against the teacher on held-back pictures"
    )
    evaluate.add_argument("--report", type=Path, help="write the figures to this file (JSON)")
    export = commands.add_parser("export", help="write the files that ship from the state of a run")
    export.add_argument("--out", required=True, type=Path, help="the run's folder")
    export.add_argument("--to", type=Path, help="where the model goes (default: OUT/model)")
    unpack = commands.add_parser("unpack", help="make states to begin from of an exported model")
    unpack.add_argument("--to", required=True, type=Path, help="folder for state.npz and style_state.npz")
    for command in (train, export):
        command.add_argument("--frame-weights", choices=("float32", "float16", "dynamic"), default="dynamic")
    drawn = commands.add_parser("sheet", help="draw content, style, teacher and lite side by side")
    for command in (evaluate, drawn, unpack):
        command.add_argument(
            "--model", type=Path, default=Path(__file__).parent.parent / "models" / "lite", help="folder of the pair"
        )
    for command in (evaluate, drawn):
        command.add_argument("--photos", required=True, type=Path)
        command.add_argument("--styles", required=True, type=Path)
        command.add_argument(
            "--teacher", required=command is evaluate, type=Path, help="folder of Magenta's mobile pair"
        )
        command.add_argument(
            "--count", type=int, nargs=2, default=(0, 0), metavar=("PHOTOS", "STYLES"), help="take only so many"
        )
        command.add_argument(
            "--all", action="store_true", help="take every picture of the folders, not the held-back ones"
        )
    drawn.add_argument("-o", "--output", required=True, type=Path)
    return parser


def _check(options: argparse.Namespace) -> None:
    """UsageError for what cannot be, and when something would be written over that was not made by the same run."""
    for name in ("batch", "steps", "round_steps", "style_steps"):
        if (value := getattr(options, name, None)) is not None and value < 1:
            raise UsageError(f"--{name.replace('_', '-')} {getattr(options, name)} is less than 1")
    if options.command == "train" and (options.view % 48 or options.view < 48):
        raise UsageError(f"--view {options.view} is no multiple of 48")
    if min(getattr(options, "count", (0, 0))) < 0:
        raise UsageError(f"--count {options.count[0]} {options.count[1]}: numbers from 0 up, where 0 is all of them")
    if options.command == "sheet" and options.output.suffix.lower() not in (".jpg", ".jpeg", ".png"):
        raise UsageError(f"a sheet is a .jpg or .png file, not {options.output.name!r}")
    for state in _states_wanted(options):
        if not zipfile.is_zipfile(state):
            raise UsageError(f"{state} is no state of a run" if state.exists() else f"there is no state {state}")
    if options.command in ("export", "unpack") and importlib.util.find_spec("tensorflow") is None:
        raise UsageError(f"to {options.command} takes TensorFlow; do it on a machine that has it")
    places = {"evaluate": "report", "export": "to", "unpack": "to", "sheet": "output"}
    place: Path | None = getattr(options, places.get(options.command, ""), None)
    if place and place.exists():
        raise UsageError(f"{place} exists already; choose another name, or remove it first")


def _states_wanted(options: argparse.Namespace) -> list[Path]:
    """The files of earlier runs that a command reads."""
    if options.command == "train":
        return [state for state in (options.begin, options.begin_style) if state]
    if options.command != "export" or (options.out / "state" / "networks.npz").is_file():
        return []
    return [options.out / "state.npz", options.out / "style_state.npz"]


def _train(options: argparse.Namespace) -> None:
    import cv2
    import keras

    from . import train, train_style
    from .data import Floats, Samples, load_held_back, load_training, read_held_back
    from .losses import SETTLING, Weights
    from .sheet import save
    from .student import build_frame
    from .teacher import Predictor

    cv2.setNumThreads(1)
    known = {f.name for f in fields(Weights)}
    chosen: dict[str, float] = {}
    for text in options.weight:
        name, _, number = text.partition("=")
        if name not in known:
            raise UsageError(f"there is no loss term {name!r}; there are {', '.join(sorted(known))}")
        chosen[name] = _number("weight", name, number)
    held = read_held_back()
    photos = load_training(options.photos, held["photos"], options.clips)
    styles = [picture for folder in options.styles for picture in load_training(folder, held["styles"])]
    print(f"{len(photos)} photos, {len(styles)} styles", flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    predictor = Predictor(options.teacher)
    style_plan = train_style.StylePlan(
        steps=options.style_steps,
        forced=0 if options.begin_style else options.style_steps // 8,
        rate=options.style_rate,
        seed=options.seed,
    )
    style_net = train_style.fit_style(
        predictor, styles, photos, style_plan, options.out, begin_from=options.begin_style
    )
    if options.only_style:
        return

    keras.utils.set_random_seed(options.seed)
    plan = train.Plan(
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
        codes = train.all_codes(options.teacher, styles, photos, 7, seed, options.out / f"codes_{seed}.npz")
        return codes, train.own_codes(style_net, styles, photos, 7, seed)

    state = options.out / "state.npz"
    whitening = train.Whitening.of_state(state) if state.exists() else train.Whitening.of(bank(plan.seed)[1])
    if whitening is None:
        raise UsageError(f"{state} is of an older version of the program; begin anew with another --out")

    def banks(step: int) -> tuple[Floats, Floats]:
        codes, given = bank(plan.seed + plan.rounds_before(step))
        return codes, whitening(given)

    label = train.labeller(options.teacher)
    samples = Samples(
        photos,
        banks,
        label,
        plan.view,
        plan.batch,
        plan.fresh,
        seed=plan.seed,
    )
    distiller = train.Distiller(build_frame(), predictor)
    seen = load_held_back(options.photos, held["photos"])

    def show(d: train.Distiller, average: train.Average, step: int) -> None:
        if step % 500 == 0 or step == plan.whole:
            save(train.progress_sheet(d, average, seen, *banks(0), label), options.out / f"sheet_{step:06d}.jpg")

    train.fit(distiller, samples, plan, options.out, whitening, show=show, begin_from=options.begin)
    if keras.backend.backend() != "tensorflow":
        print(f"trained; export with KERAS_BACKEND=tensorflow python -m realtime.training export --out {options.out}")
        return
    _export(options)
    _evaluate(
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


def _evaluate(options: argparse.Namespace) -> None:
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


def _number(what: str, name: str, text: str) -> float:
    """What stands behind NAME= on the command line."""
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"the {what} {text!r} of {name} is no number; write it as {name}=0.5") from None


def _export(options: argparse.Namespace) -> None:
    from . import export, train, train_style

    folder = getattr(options, "to", None) or options.out / "model"
    networks = options.out / "state" / "networks.npz"
    if networks.is_file():
        frame, style = export.read_networks(networks)
    else:
        frame = train.read_frame(options.out / "state.npz")
        style = train_style.read_style(options.out / "style_state.npz")
    print(f"{export.export(frame, style, folder, options.frame_weights)} bytes in {folder}")


def _unpack(options: argparse.Namespace) -> None:
    from . import export, train, train_style

    if not (options.model / "hub" / "variables").is_dir():
        raise UsageError(f"{options.model} is no exported model: there is no hub/variables in it")
    frame, style = export.read_exported(options.model)
    options.to.mkdir(parents=True)
    train.write_frame(options.to / "state.npz", frame)
    train_style.write_style(options.to / "style_state.npz", style)
    print(options.to)


def _sheet(options: argparse.Namespace) -> None:
    from .evaluate import LitePair
    from .sheet import save, sheet

    photos, styles = _pictures(options)
    painters: list[Any] = [LitePair.teacher(options.teacher)] if options.teacher else []
    save(sheet(photos, styles, [*painters, LitePair.folder(options.model)]), options.output)
    print(options.output)


def main(arguments: list[str] | None = None) -> None:
    """The entry point."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        _check(options)
        {
            "train": _train,
            "pack": strokes.pack,
            "strokes": strokes.train,
            "evaluate": _evaluate,
            "export": _export,
            "unpack": _unpack,
            "sheet": _sheet,
        }[options.command](options)
    except UsageError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
