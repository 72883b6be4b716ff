"""The command line of the training tools: its options, and what they must be."""

from __future__ import annotations

import argparse
import importlib.util
import os
import zipfile
from pathlib import Path

from realtime.core.errors import UsageError
from realtime.models.registry import how_to_get_tensorflow

from . import strokes


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line.

    Returns:
        The parser, with a command for each thing to do.
    """
    words = argparse.ArgumentParser(
        prog="python -m realtime.training", description="Train, measure and export the lite model."
    )
    commands = words.add_subparsers(dest="command", required=True)

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
    accelerated = commands.add_parser("accelerated", help="write MODEL/frame_gpu.tflite anew from MODEL/hub")
    for command in (train, export):
        command.add_argument("--frame-weights", choices=("float32", "float16", "dynamic"), default="dynamic")
    drawn = commands.add_parser("sheet", help="draw content, style, teacher and lite side by side")
    for command in (evaluate, drawn, unpack, accelerated):
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
    return words


def check(options: argparse.Namespace) -> None:
    """Refuse what cannot be, before any work.

    Args:
        options: What `parser` made of the command line.

    Raises:
        UsageError: An option is out of range, a package or a file is missing, or a file would be written over that was not
            made by the same run.
    """
    _need_keras()
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
    if options.command in ("export", "unpack", "accelerated") and importlib.util.find_spec("tensorflow") is None:
        raise UsageError(f"to {options.command} takes TensorFlow; do it on a machine that has it")
    places = {"evaluate": "report", "export": "to", "unpack": "to", "sheet": "output", "mean": "out"}
    place: Path | None = getattr(options, places.get(options.command, ""), None)
    if place and place.exists():
        raise UsageError(f"{place} exists already; choose another name, or remove it first")


def _need_keras() -> None:
    """Raise UsageError where Keras or the package that it is to compute with is not installed."""
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    for name in ("keras", "tensorflow") if backend == "tensorflow" else ("keras",):
        if importlib.util.find_spec(name) is None:
            raise UsageError(f"the training needs {name}, which is not installed; {how_to_get_tensorflow()}")
    if importlib.util.find_spec(backend) is None:
        raise UsageError(f"KERAS_BACKEND is {backend}, which is not installed; install it, or unset KERAS_BACKEND")


def _states_wanted(options: argparse.Namespace) -> list[Path]:
    """List the files of earlier runs that a command reads."""
    if options.command == "train":
        return [state for state in (options.begin, options.begin_style) if state]
    if options.command != "export" or (options.out / "state" / "networks.npz").is_file():
        return []
    return [options.out / "state.npz", options.out / "style_state.npz"]
