"""The mean of the networks of several runs on strokes.

Runs that began from the same weights end close enough that their mean paints, too, and what each run does wrong in its own way
is less in it. Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", ICML 2022, arXiv 2203.05482.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

from realtime.core.errors import UsageError

from .data import Floats, Picture, resized
from .export import read_networks
from .frame_network import build_frame, recode
from .layers import CODE_SIZE
from .style_network import STYLE_SIZE, build_style

Networks = tuple[keras.Model, keras.Model]


def mean(networks: Sequence[Networks], shares: Sequence[float], styles: Sequence[Picture]) -> Networks:
    """Make the mean of frame networks and of their style networks.

    Args:
        networks: Frame and style networks; their weights are changed.
        shares: What each counts; 1 together.
        styles: Style pictures, uint8, H×W×3, RGB: codes are given about the mean of theirs.

    Returns:
        A frame and a style network.

    Raises:
        UsageError: A share is below 0, or they are not 1 together.
    """
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        raise UsageError(
            f"shares of {', '.join(f'{s:g}' for s in shares)}: none may be below 0, and together they are 1"
        )
    for pair in networks:  # each run gives codes about a mean of its own, so weights mean the same only without it
        _move(pair, pair[1].get_layer("code_scale").get_weights()[1])
    result = build_frame(), build_style()
    for k, model in enumerate(result):
        found = [pair[k].get_weights() for pair in networks]
        model.set_weights([sum(s * w for s, w in zip(shares, same, strict=True)) for same in zip(*found, strict=True)])
    _move(result, codes(result[1], styles).mean(axis=0))
    return result


def codes(style: keras.Model, pictures: Sequence[Picture]) -> Floats:
    """Compute the codes of style pictures (H×W×3, RGB) by a style network: (M, 100)."""
    whole = np.stack([resized(p, STYLE_SIZE, STYLE_SIZE) for p in pictures]).astype(np.float32) / 255
    return np.asarray(style.predict(whole, batch_size=32, verbose=0)).reshape(len(whole), CODE_SIZE)


def of_runs(runs: Sequence[Path]) -> list[Networks]:
    """Read the networks of runs on strokes.

    Args:
        runs: Their folders.

    Returns:
        The networks at the end of each.

    Raises:
        UsageError: A folder has none.
    """
    for run in runs:
        if not (run / "state" / "networks.npz").is_file():
            raise UsageError(f"{run} is no folder of a run on strokes: there is no state/networks.npz in it")
    return [read_networks(run / "state" / "networks.npz") for run in runs]


def _move(networks: Networks, mean_code: Floats) -> None:
    """Give codes about another mean, and let the frame network take them so."""
    frame, style = networks
    spread, offset = style.get_layer("code_scale").get_weights()
    style.get_layer("code_scale").set_weights([spread, offset - mean_code])
    recode(frame, np.eye(CODE_SIZE, dtype=np.float32), mean_code)
