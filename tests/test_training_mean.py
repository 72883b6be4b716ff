"""The mean of runs on strokes, on networks with random weights."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from realtime.core.errors import UsageError
from realtime.training import mean
from realtime.training.export import read_networks, write_networks
from realtime.training.frame_network import AROUND, build_frame
from realtime.training.layers import CODE_SIZE
from realtime.training.style_network import STYLE_SIZE, build_style


def made(seed: int, offset: float) -> mean.Networks:
    """Networks of a run that gives codes about a mean of its own."""
    keras.utils.set_random_seed(seed)
    frame, style = build_frame(), build_style()
    style.get_layer("code_scale").set_weights(
        [np.full(CODE_SIZE, 0.1, np.float32), np.full(CODE_SIZE, offset, np.float32)]
    )
    return frame, style


def painted(networks: mean.Networks, content: np.ndarray, picture: np.ndarray) -> np.ndarray:
    frame, style = networks
    code = style.predict(picture[None].astype(np.float32) / 255, verbose=0)
    return np.asarray(frame.predict([content[None], code.reshape(1, 1, 1, CODE_SIZE)], verbose=0))


def test_a_mean_of_one_run_paints_as_the_run_does_about_the_mean_of_the_styles(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    styles = [rng.integers(0, 256, (STYLE_SIZE, STYLE_SIZE, 3), dtype=np.uint8) for _ in range(3)]
    content = rng.random((48 + 2 * AROUND, 48 + 2 * AROUND, 3), np.float32)
    run = made(1, 0.3)
    before = painted(run, content, styles[0])
    for name in ("run", "mean"):
        (tmp_path / name / "state").mkdir(parents=True)
    write_networks(tmp_path / "run" / "state" / "networks.npz", run)
    twice = mean.of_runs([tmp_path / "run", tmp_path / "run"])
    result = mean.mean(twice, [0.25, 0.75], styles)
    assert np.abs(mean.codes(result[1], styles).mean(axis=0)).max() < 1e-4
    np.testing.assert_allclose(painted(result, content, styles[0]), before, atol=2e-4)
    write_networks(tmp_path / "mean" / "state" / "networks.npz", result)
    again = read_networks(tmp_path / "mean" / "state" / "networks.npz")
    np.testing.assert_array_equal(painted(again, content, styles[1]), painted(result, content, styles[1]))


def test_weights_are_averaged_by_their_shares() -> None:
    styles = [np.zeros((STYLE_SIZE, STYLE_SIZE, 3), np.uint8)]
    runs = [made(1, 0.0), made(2, 0.0)]
    stem = [np.array(frame.get_weights()[0]) for frame, _ in runs]
    frame, _ = mean.mean(runs, [0.25, 0.75], styles)
    np.testing.assert_allclose(frame.get_weights()[0], 0.25 * stem[0] + 0.75 * stem[1], atol=1e-6)


def test_shares_and_runs_that_cannot_be_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from realtime.training.__main__ import main

    with pytest.raises(UsageError, match=r"shares of 0\.9, 0\.3: .* together they are 1"):
        mean.mean([], [0.9, 0.3], [])
    with pytest.raises(UsageError, match=r"shares of 1\.2, -0\.2: none may be below 0"):
        mean.mean([], [1.2, -0.2], [])
    for words, said in (
        (f"--run {tmp_path / 'none'} 0.5", "is no folder of a run on strokes"),
        (f"--run {tmp_path / 'none'} half", "half is no number"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["mean", "--pack", str(tmp_path / "pack.npz"), *words.split(), "--out", str(tmp_path / "out")])
        assert stopped.value.code == 2 and said in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()
