"""The commands ``pack``, ``strokes`` and ``mean``: all that training on strokes reads, the training, and the mean of runs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from realtime.core.errors import UsageError

LITE = Path(__file__).parent.parent / "models" / "lite"
NUMBERS = ("steps", "batch", "view", "loss_side", "seed", "rate", "style_rate", "begin_share")


def add_commands(commands: Any) -> None:
    """Add these commands to the command line.

    Args:
        commands: The subparsers of the program.
    """
    packed = commands.add_parser("pack", help="write one file of all that the training of strokes reads")
    packed.add_argument("--photos", required=True, type=Path, help="folder of photos")
    packed.add_argument("--clips", type=Path, help="folder of .mp4 clips whose frames serve as photos too")
    packed.add_argument("--styles", required=True, type=Path, nargs="+", help="folders of paintings and textures")
    packed.add_argument("--painted", type=Path, nargs="*", default=[], help="folders of pictures by styles/paint.py")
    packed.add_argument("--percept", required=True, type=Path, help="the loss networks (.npz)")
    packed.add_argument("--begin", type=Path, default=LITE, help="folder of the exported model to begin from")
    packed.add_argument("-o", "--output", required=True, type=Path, help="the file to write (.npz)")
    strokes = commands.add_parser("strokes", help="train frame networks and the style network on strokes; needs JAX")
    strokes.add_argument("--pack", required=True, type=Path, help="file written by pack")
    strokes.add_argument("--out", required=True, type=Path, help="folder for the state")
    strokes.add_argument("--until", type=int, help="stop after so many steps; the same command goes on from there")
    for name in NUMBERS:
        kind = float if "rate" in name or "share" in name else int
        strokes.add_argument(f"--{name.replace('_', '-')}", type=kind)
    strokes.add_argument("--weight", action="append", default=[], metavar="TERM=NUMBER", help="what a loss term counts")
    averaged = commands.add_parser(
        "mean", help="write the mean of several runs on strokes, and of what they began from"
    )
    averaged.add_argument("--pack", required=True, type=Path, help="file written by pack, with their beginning")
    averaged.add_argument(
        "--run", action="append", required=True, nargs=2, metavar=("FOLDER", "SHARE"), help="a run, and what it counts"
    )
    averaged.add_argument("--out", required=True, type=Path, help="folder for the state")


def pack(options: argparse.Namespace) -> None:
    """Write a pack.

    Args:
        options: Those of ``pack``.

    Raises:
        UsageError: A folder is missing or has nothing that can be read.
    """
    from .data import read_held_back
    from .export import read_exported
    from .pack import write

    frame, style = read_exported(options.begin)
    begin = {"lite": frame.get_weights(), "style": style.get_weights()}
    print(
        write(
            options.output,
            options.photos,
            options.clips,
            options.styles,
            options.painted,
            options.percept,
            begin,
            read_held_back(),
        )
    )


def chosen_weights(texts: Sequence[str], kind: type[Any]) -> dict[str, float]:
    """Read weights of loss terms from the command line.

    Args:
        texts: Each TERM=NUMBER.
        kind: The dataclass whose fields are the terms.

    Returns:
        The numbers by term.

    Raises:
        UsageError: There is no such term, or its weight is no number.
    """
    known = {f.name for f in fields(kind)}
    chosen: dict[str, float] = {}
    for text in texts:
        name, _, number = text.partition("=")
        if name not in known:
            raise UsageError(f"there is no loss term {name!r}; there are {', '.join(sorted(known))}")
        try:
            chosen[name] = float(number)
        except ValueError:
            raise UsageError(f"the weight {number!r} of {name} is no number; write it as {name}=0.5") from None
    return chosen


def train(options: argparse.Namespace) -> None:
    """Train to the end of the plan, from the state that lies in the folder, if any.

    Args:
        options: Those of ``strokes``.

    Raises:
        UsageError: There is no pack, no JAX or no such term, or the run in the folder has another plan.
    """
    from .pack import read
    from .stroke_plan import StrokePlan, StrokeWeights
    from .train_strokes import Trainer, fit

    plan = StrokePlan()
    plan = replace(plan, **{n: getattr(options, n) for n in NUMBERS if getattr(options, n) is not None})
    plan = replace(plan, weights=replace(plan.weights, **chosen_weights(options.weight, StrokeWeights)))
    fit(Trainer(read(options.pack), plan), options.out, until=options.until)
    print(f"trained; export with KERAS_BACKEND=tensorflow python -m realtime.training export --out {options.out}")


def mean(options: argparse.Namespace) -> None:
    """Write the mean of runs; what is missing from 1 is the beginning.

    Args:
        options: Those of ``mean``.

    Raises:
        UsageError: A folder has no run, a share is no number, or there is no pack.
    """
    from . import mean as averages
    from .export import write_networks
    from .frame_network import build_frame
    from .pack import read
    from .style_network import build_style

    try:
        shares = [float(share) for _, share in options.run]
    except ValueError:
        raise UsageError(f"a share of {', '.join(s for _, s in options.run)} is no number; write it as 0.5") from None
    runs = averages.of_runs([Path(folder) for folder, _ in options.run])
    pack = read(options.pack)
    begin = build_frame(), build_style()
    for model, name in zip(begin, ("lite", "style"), strict=True):
        model.set_weights(pack.begin[name])
    networks = averages.mean([*runs, begin], [*shares, 1 - sum(shares)], pack.styles)
    (options.out / "state").mkdir(parents=True)
    write_networks(options.out / "state" / "networks.npz", networks)
    print(f"written; export with python -m realtime.training export --out {options.out}")
