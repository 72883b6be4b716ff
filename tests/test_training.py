"""The training tools on made-up media: samples, losses, a run that is resumed, the export, the measures."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import astuple
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import cv2
import numpy as np
import pytest

pytest.importorskip("keras")

from keras import ops

from realtime.core.errors import UsageError
from realtime.models.grain import MIDDLE, Grain
from realtime.training import augment, data, evaluate, losses, muon, train
from realtime.training import sheet as sheets
from realtime.training.codes import all_codes, draw_code
from realtime.training.distiller import Distiller
from realtime.training.frame_network import build_frame
from realtime.training.plan import Plan, keep_plan
from realtime.training.samples import MARGIN, Samples
from realtime.training.state import Average, read_frame, save_state
from realtime.training.style_network import build_style
from realtime.training.whitening import Whitening

LITE = Path(train.__file__).parent.parent / "models" / "lite"
SHARED = Path(__file__).resolve().parents[2] / "shared"
TEACHER = SHARED / "models" / "magenta-mobile"
needs_shared = pytest.mark.skipif(not TEACHER.is_dir(), reason="the teacher's files (../shared) are not here")


class StubPredictor:
    """Stands in for the teacher's style network: pooled pictures as feature maps, colour means as codes."""

    def maps(self, x: Any, taps: tuple[int, ...] = (), top: bool = True) -> tuple[list[Any], Any]:
        found = [ops.average_pool(x, 2**k, 2**k) for k in (1, 2, 3)]
        local = ops.tile(ops.average_pool(x, 32, 32), (1, 1, 1, 34))[..., :100]
        return found, local if top else None


def pictures(count: int, seed: int = 0, size: int = 160) -> list[data.Picture]:
    rng = np.random.default_rng(seed)
    return [augment.scribbled(rng, size) for _ in range(count)]


def make_samples() -> Samples:
    codes = np.random.default_rng(5).normal(0, 1, (10, 100)).astype(np.float32)
    return Samples(
        pictures(3), lambda step: (codes, codes), lambda contents, _: 1 - contents, view=48, batch=4, fresh=2, start=6
    )


def test_samples_follow_from_their_number_alone() -> None:
    first, second = make_samples(), make_samples()
    for k in range(3):
        first.step(k)
    one, other = first.step(3), second.step(3)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])
    assert one["first"].shape == (4, 48, 48, 3)
    assert one["code"].shape == (4, 1, 1, 100)
    assert 0 <= one["first"].min() <= one["first"].max() <= 1


def test_views_lie_shifted_as_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtime.training.samples.grain", lambda: Grain(np.full((8, 8), MIDDLE, np.uint8)))
    samples = make_samples()
    samples.photos = [cv2.GaussianBlur(picture, (0, 0), 4).astype(np.uint8) for picture in samples.photos]
    parts = 0
    for k in range(6):
        batch = samples.step(k, noise=0.0)
        shift = batch["shift"]
        parts += bool(np.any(shift % 1))

        def apart(shift: np.ndarray, batch: dict[str, np.ndarray] = batch) -> float:
            return float(ops.max(losses.still_loss(batch["first"], batch["second"], shift, MARGIN)))

        assert apart(shift) < 0.3 * apart(shift + np.float32(0.5)) and apart(shift) < 2 / 255
    assert parts >= 2


def test_grain_lies_still_and_the_teacher_sees_it() -> None:
    samples = make_samples()
    samples.photos = [np.full((160, 160, 3), 128, np.uint8)]
    for k in range(4):
        batch = samples.step(k, noise=0.0)
        assert batch["first"].std(axis=(1, 2, 3)).min() * 255 > 2  # more than the noise of half a step there always is
        assert np.abs(batch["first"] - batch["second"]).max() * 255 < 6  # whatever the shift
        assert np.abs(batch["label"] - (1 - batch["first"])).max() * 255 < 4
        # What is plain has none; half of the photos are jittered, each in one colour.
        assert np.ptp(batch["plain"], axis=(1, 2)).max() == 0


def test_grain_can_be_repeated_and_lightens_as_much_as_it_darkens() -> None:
    tile = augment.grain().tile.astype(int) - MIDDLE
    assert abs(tile.mean()) < 0.1 and 3 < tile.std() < 5
    for axis in (0, 1):
        steps = np.abs(np.diff(tile, axis=axis)).mean()
        border = np.abs(np.take(tile, 0, axis) - np.take(tile, -1, axis)).mean()
        assert border < 1.3 * steps


def test_tone_loss_sees_halos_and_no_strokes() -> None:
    flat = np.full((1, 96, 96, 3), 0.5, np.float32)
    strokes, halo = flat.copy(), flat.copy()
    strokes[:, ::2] += 0.1
    strokes[:, 1::2] -= 0.1
    halo[:, 32:48] += 0.1
    assert float(losses.tone_loss(strokes, flat)[0]) < 1e-6
    assert float(losses.tone_loss(halo, flat)[0]) == pytest.approx(0.1 * 16 / 96, rel=1e-4)
    assert float(losses.pixel_loss(strokes, flat)[0]) == pytest.approx(0.1, rel=1e-3)


def test_codes_lie_beside_those_of_the_banks_alike() -> None:
    rng = np.random.default_rng(3)
    bank = np.eye(30, 100, dtype=np.float32)
    for _ in range(20):
        one, other = draw_code([bank, 2 * bank], rng, mixed=0.0, moved=1.0)
        np.testing.assert_allclose(other, 2 * one, atol=1e-6)
        assert one.sum() == pytest.approx(1, abs=1e-5) and 0 < np.abs(one - bank).sum(axis=1).min() <= 0.7


def test_edges_loss_compares_where_edges_are() -> None:
    picture, other = (p[None].astype(np.float32) / 255 for p in pictures(2, seed=4))
    assert float(losses.edges_loss(picture, picture)[0]) == pytest.approx(0, abs=1e-3)
    assert float(losses.edges_loss(1 - 0.5 * picture, picture)[0]) == pytest.approx(0, abs=1e-2)
    assert float(losses.edges_loss(other, picture)[0]) > 0.5


def test_a_network_trained_with_whitened_codes_takes_codes_as_they_come(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    codes = (
        rng.normal(0, np.geomspace(3, 0.02, 100), (400, 100)) @ np.linalg.qr(rng.normal(size=(100, 100)))[0] + 1
    ).astype(np.float32)
    whitening = Whitening.of(codes)
    white = whitening(codes)
    np.testing.assert_allclose(white.mean(axis=0), 0, atol=1e-3)
    assert np.linalg.eigvalsh(np.cov(white.T)).max() < 1.01
    frame = build_frame()
    picture, code = rng.random((1, 68, 68, 3), np.float32), codes[7]

    def painted(code: np.ndarray) -> np.ndarray:
        return np.asarray(frame.predict_on_batch([picture, code.reshape(1, 1, 1, 100)]))

    before = painted(code)
    whitening.begin(frame)
    np.testing.assert_allclose(painted(whitening(code)), before, atol=1e-4)
    distiller = Distiller(frame, StubPredictor())  # type: ignore[arg-type]
    distiller.compile(optimizer="adam")
    save_state(tmp_path, distiller, Average(frame), whitening, 1)
    frame = read_frame(tmp_path / "state.npz")
    np.testing.assert_allclose(painted(code), before, atol=1e-4)


def test_a_view_is_seen_as_the_judge_sees_a_frame() -> None:
    frame = pictures(1, seed=8, size=384)[0][:288]
    judged = cv2.resize(frame, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    view = frame[None, :144, :144].astype(np.float32) / 255
    assert np.abs(np.asarray(losses.as_seen(view))[0, :120, :90] - judged[:120, :90]).mean() < 0.03
    np.testing.assert_allclose(np.asarray(losses.as_seen(view)).mean((1, 2)), view.mean((1, 2)), atol=1e-4)


def test_grid_loss_sees_a_lattice_only() -> None:
    flat = np.full((1, 96, 96, 3), 0.5, np.float32)
    dots = flat.copy()
    dots[:, ::8, ::8] += 0.3
    stripes = flat.copy()
    stripes[:, :, ::4] += 0.1
    ramp = flat + np.linspace(0, 0.4, 96, dtype=np.float32)[None, None, :, None]
    assert float(losses.grid_loss(dots)[0]) > 0.005
    assert float(losses.grid_loss(stripes)[0]) > 0.02
    assert float(losses.grid_loss(flat)[0]) < 1e-6
    assert float(losses.grid_loss(ramp)[0]) < 1e-4


def test_texture_loss_of_equal_maps_is_nothing() -> None:
    maps = [np.random.default_rng(1).normal(0, 1, (2, 16, 16, 8)).astype(np.float32)]
    other = [np.random.default_rng(2).normal(0, 2, (2, 16, 16, 8)).astype(np.float32)]
    assert float(ops.max(losses.texture_loss(maps, maps))) < 1e-5
    assert float(ops.min(losses.texture_loss(maps, other))) > 0.1


def test_what_is_flat_stays_flat_up_to_its_edges() -> None:
    frame = build_frame()
    code = np.random.default_rng(2).normal(0, 1, (1, 1, 1, 100)).astype(np.float32)
    for shade in (0.0, 0.3, 1.0):
        content = evaluate.to_float(evaluate.continued(np.full((40, 61, 3), round(255 * shade), np.uint8)))
        painted = np.asarray(frame.predict_on_batch([content, code]))
        assert painted.shape == (1, 40, 64, 3)
        blocks = painted.reshape(1, 10, 4, 16, 4, 3)  # the pixels of a block differ in a network that was not trained
        assert np.ptp(blocks, axis=(1, 3)).max() < 1e-4


def test_a_frame_network_paints_in_use_as_in_training() -> None:
    rng = np.random.default_rng(9)
    inputs = [rng.random((2, 84, 100, 3), np.float32), rng.normal(0, 1, (2, 1, 1, 100)).astype(np.float32)]
    frame = build_frame(stem=8, body=8, blocks=2, tail=8)
    trained = np.asarray(ops.convert_to_numpy(frame(inputs, training=True)))
    assert trained.shape == (2, 48, 64, 3)
    np.testing.assert_allclose(frame.predict_on_batch(inputs), trained, atol=1e-4)


def test_muon_steps_are_equal_in_all_directions_of_a_matrix() -> None:
    import keras

    rng = np.random.default_rng(4)
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for n in (24, 12))
    gradient = (left[:, :12] * np.geomspace(1, 0.01, 12) @ right).astype(np.float32)
    kernel, bias = keras.Variable(np.zeros((2, 1, 12, 12), np.float32)), keras.Variable(np.zeros(12, np.float32))
    optimizer = muon.Muon(0.1)
    optimizer.build([kernel, bias])
    optimizer.apply([ops.convert_to_tensor(gradient.reshape(kernel.shape)), ops.convert_to_tensor(gradient[0])])
    step = -np.asarray(ops.convert_to_numpy(kernel)).reshape(24, 12)
    sizes = np.linalg.svd(step, compute_uv=False)
    assert sizes.min() > 0.5 * sizes.max()
    assert np.sqrt(np.mean(step**2)) == pytest.approx(0.1 * 0.2, rel=0.4)  # about as large as Adam's
    assert np.sum(step * gradient) > 0
    np.testing.assert_allclose(ops.convert_to_numpy(bias), -0.025 * np.sign(gradient[0]), rtol=1e-2)  # as Adam does it


def run(folder: Path, until: int) -> Average:
    import keras

    keras.utils.set_random_seed(1)
    plan = Plan(steps=2, rounds=2, round_steps=1, batch=4, fresh=2, view=48, warmup=1)
    frame = build_frame(stem=8, body=8, blocks=1, tail=8)
    distiller = Distiller(frame, StubPredictor())  # type: ignore[arg-type]
    whitening = Whitening(np.zeros(100, np.float32), np.eye(100, dtype=np.float32))
    return train.fit(distiller, make_samples(), plan, folder, whitening, until=until, every=2)


def test_resumed_run_equals_uninterrupted(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 4)
    for until in (2, 3, 4):
        parts = run(tmp_path / "parts", until)
    assert (tmp_path / "parts" / "log.txt").read_text().count("\n") == 3
    for one, other in zip(whole.best, parts.best, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-4)
    start = build_frame(stem=8, body=8, blocks=1, tail=8).get_weights()
    assert any(np.abs(a - b).max() > 1e-3 for a, b in zip(whole.values, start, strict=True))


def test_a_run_goes_on_by_the_plan_that_it_began_with(tmp_path: Path) -> None:
    path, plan = tmp_path / "plan.json", {"view": 192, "rounds": 3, "turn": (0.3, 0.6)}
    keep_plan(path, plan, "rounds", begun=False)
    keep_plan(path, plan, "rounds", begun=True)
    keep_plan(path, {**plan, "rounds": 5}, "rounds", begun=True)
    for other in ({"view": 96}, {"rounds": 4}, {"turn": (0.0, 0.0)}, {"new": 1}):
        with pytest.raises(UsageError, match=f"has {next(iter(other))}"):
            keep_plan(path, {**plan, "rounds": 5, **other}, "rounds", begun=True)
    assert json.loads(path.read_text())["rounds"] == 5
    keep_plan(path, {"view": 96}, "rounds", begun=False)


def test_codes_of_other_pictures_are_not_taken_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Teacher:
        def encode(self, picture: np.ndarray) -> np.ndarray:
            return np.full(100, picture.mean(), np.float32)

    monkeypatch.setattr("realtime.training.codes.LitePair.teacher", lambda folder: Teacher())
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (40, 50, 3), np.uint8) for _ in range(3)]
    cache = tmp_path / "codes.npz"
    first = all_codes("", pictures[:2], pictures, 1, 1, cache)
    assert np.array_equal(all_codes("", pictures[:2], pictures, 1, 1, cache), first)
    assert len(all_codes("", pictures, pictures, 1, 1, cache)) > len(first)
    with pytest.raises(UsageError, match="codes of"):
        draw_code([first, first[1:]], rng)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train --photos p --styles p --teacher p --out o --view 100", "--view 100"),
        ("train --photos p --styles p --teacher p --out o --batch 0", "--batch 0"),
        ("train --photos nowhere --styles p --teacher p --out o", "no folder nowhere"),
        ("train --photos p --styles p --clips p --teacher p --out o", "no .mp4 clips in p"),
        ("train --photos p --styles p --teacher p --out o", "no network p"),
        ("train --photos p --styles p --teacher p --out o --begin typo.npz", "no state typo.npz"),
        ("train --photos p --styles p --teacher p --out o --begin-style p/a.png", "a.png is no state"),
        ("export --out nowhere", "no state nowhere"),
        ("unpack --model p --to new", "p is no exported model"),
        ("train --photos p --styles p --teacher p --out o --weight still=much", "'much' of still is no number"),
        ("sheet --photos p --styles p -o s.xyz", "a sheet is a .jpg or .png"),
        ("sheet --photos p --styles p -o s.jpg --count -1 2", "--count -1 2"),
        ("sheet --photos broken --styles p -o s.jpg", "is no picture that can be read"),
        ("sheet --photos p --styles p -o s.jpg --model nowhere", "no network nowhere"),
    ],
)
def test_wrong_use_is_said_in_one_line(
    words: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from realtime.training.__main__ import main

    monkeypatch.chdir(tmp_path)
    for folder in ("p", "broken"):
        (tmp_path / folder).mkdir()
        sheets.save(np.zeros((60, 80, 3), np.uint8), tmp_path / folder / "a.png")
    (tmp_path / "broken" / "b.png").write_text("no picture")
    for name in ("a.npz", "b.npz", "style_state.npz"):
        np.savez(tmp_path / name, step=0)
    with pytest.raises(SystemExit) as stopped:
        main(words.split())
    assert stopped.value.code == 2 and said in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "s.jpg").exists()


@pytest.mark.parametrize("missing", [("keras", "tensorflow"), ("tensorflow",)])
def test_without_keras_or_tensorflow_the_training_says_how_to_get_them(missing: tuple[str, ...]) -> None:
    program = f"""
import sys
for name in {missing}:
    sys.modules[name] = None  # importing it raises ImportError
from realtime.training.__main__ import main
main(sys.argv[1:])
"""
    words = [sys.executable, "-c", program, "export", "--out", "nowhere"]
    surroundings = os.environ | {"KERAS_BACKEND": "tensorflow"}
    done = subprocess.run(words, env=surroundings, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    said = done.stderr.splitlines()[-1]
    assert f"the training needs {missing[0]}, which is not installed" in said
    assert "[hub]" in said or sys.version_info >= (3, 14)
    told = subprocess.run([*words[:3], "--help"], env=surroundings, capture_output=True, text=True, timeout=120)
    assert told.returncode == 0 and "export" in told.stdout


def test_the_mean_over_the_rounds_is_taken() -> None:
    frame = build_frame(stem=8, body=8, blocks=1, tail=8)
    average = Average(frame)
    begin = [w.copy() for w in frame.get_weights()]
    for shift in (1.0, 3.0):
        average.values = [w + shift for w in begin]
        average.end_round()
    for found, w in zip(average.best, begin, strict=True):
        np.testing.assert_allclose(found, w + 2, atol=1e-6)


def test_a_new_network_copies_first_and_one_that_paints_does_not() -> None:
    plan = Plan(steps=100, rounds=2, round_steps=50, turn=(0.2, 0.6))
    early, wanted, late = (np.array(astuple(w)) for w in (plan.early, plan.weights, plan.late))
    np.testing.assert_allclose(plan.weights_at(20), early, rtol=1e-6)
    np.testing.assert_allclose(plan.weights_at(40), (early + wanted) / 2, rtol=1e-6)
    for step in (60, 99, 149):
        np.testing.assert_allclose(plan.weights_at(step), wanted, rtol=1e-6)
    for step in (150, 199):
        np.testing.assert_allclose(plan.weights_at(step), late, rtol=1e-6)
    np.testing.assert_allclose(Plan(turn=(0.0, 0.0)).weights_at(0), wanted, rtol=1e-6)


def test_rates_rise_and_fall_in_every_round() -> None:
    plan = Plan(steps=300, rounds=2, round_steps=200, warmup=10)
    rates = [plan.rate_at(step) for step in range(plan.whole)]
    assert len(rates) == 700
    assert max(rates[:300]) == pytest.approx(plan.rate, rel=0.01)
    assert rates[299] < 1.1 * plan.last_rate
    for start in (300, 500):
        assert max(rates[start : start + 200]) == pytest.approx(plan.round_rate, rel=0.01)
        assert rates[start + 199] < 1.1 * plan.last_rate
    assert [step for step in range(701) if plan.ends_round(step)] == [500, 700]


def test_a_style_network_takes_large_steps_only_while_it_begins() -> None:
    from realtime.training.train_style import StylePlan

    plan = StylePlan(steps=1000, forced=100, rate=1.0, settled=0.3)
    rates = [plan.rate_at(step) for step in range(1000)]
    assert max(rates[:200]) > 0.85 and rates[100] < 0.02  # another optimizer begins gently
    assert 0.2 < max(rates[200:]) <= 0.3 and rates[999] < 1e-3


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Keras 3.12, the last for Python 3.10: LiteRT cannot resize its file"
)
def test_export_round_trip(tmp_path: Path) -> None:
    import keras
    import tensorflow as tf

    from realtime.training import export

    keras.utils.set_random_seed(2)
    frame, style = build_frame(), build_style()
    export.export(frame, style, tmp_path / "model")
    pair = evaluate.LitePair.folder(tmp_path / "model")
    hub = tf.saved_model.load(str(tmp_path / "model" / "hub"))
    back, back_style = export.read_exported(tmp_path / "model")
    content, picture = pictures(2, 4)
    code = pair.encode(data.resized(picture, 256, 256))
    lite = pair.frame(content, code).astype(np.float32)
    padded = evaluate.to_float(evaluate.continued(augment.grain().lay(content)))
    direct = np.asarray(back.predict_on_batch([padded, code.reshape(1, 1, 1, 100)]))[0] * 255
    direct = direct[: content.shape[0], : content.shape[1]]
    by_hub = hub(evaluate.to_float(content), evaluate.to_float(picture))[0].numpy()[0] * 255
    assert np.abs(lite - direct).mean() < 1
    assert np.abs(lite - by_hub).mean() < 1
    for one, other in zip(frame.get_weights(), back.get_weights(), strict=True):
        np.testing.assert_array_equal(one.astype(np.float16), other.astype(np.float16))
    for one, other in zip(style.get_weights(), back_style.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


@pytest.mark.skipif(
    sys.version_info < (3, 11), reason="Keras 3.12, the last for Python 3.10: LiteRT cannot resize its file"
)
def test_the_frame_networks_that_ship_are_what_the_export_makes_of_their_weights() -> None:
    from realtime.models.graph_file import GraphFile
    from realtime.training import export
    from realtime.training.for_cpu import for_cpu

    def operators(data: bytes) -> Counter[str]:
        network = GraphFile(data)
        return Counter(network.kind(operator) for operator in network.graph.operators)

    frame = export.read_exported(LITE)[0]
    made = for_cpu(export.to_litert(frame, "dynamic")), export.to_litert(frame, "float16")
    for data_made, name in zip(made, ("frame.tflite", "frame_gpu.tflite"), strict=True):
        shipped = (LITE / name).read_bytes()
        assert operators(data_made) == operators(shipped)
        assert abs(len(data_made) - len(shipped)) < 1000


def test_training_can_begin_from_the_files_that_ship(tmp_path: Path) -> None:
    from realtime.training import __main__ as command
    from realtime.training import export, train_style

    command.main(["unpack", "--to", str(tmp_path / "new")])
    frame, style = export.read_exported(LITE)
    for one, other in zip(read_frame(tmp_path / "new" / "state.npz").get_weights(), frame.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    again = train_style.read_style(tmp_path / "new" / "style_state.npz")
    for one, other in zip(again.get_weights(), style.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_other_colours_and_patterns_are_pictures_of_the_same_size() -> None:
    picture = data.resized(pictures(1, 5)[0], 256, 256)
    for change in (augment.vivid, augment.patterned):
        made = [change(picture, np.random.default_rng(seed)) for seed in (1, 1, 2)]
        assert all(m.shape == picture.shape and m.dtype == np.uint8 for m in made)
        assert np.array_equal(made[0], made[1])
        assert not np.array_equal(made[0], made[2])
        assert not np.array_equal(made[0], picture)


def test_measures_know_good_from_bad() -> None:
    photo = pictures(1, 9)[0]
    clip, matrices = evaluate.camera(photo, True, 0, frames=4, size=(96, 72))
    still, same = evaluate.camera(photo, False, 0, frames=4, size=(96, 72))
    assert np.allclose(same[0], same[-1])
    assert 2 < evaluate.flicker(still, same) < 5
    assert evaluate.flicker(clip, matrices) < evaluate.flicker(clip[::-1], matrices)
    code = np.ones(100, np.float32)
    assert evaluate.arrival(code, code, 2 * code) == pytest.approx(1)
    assert evaluate.arrival(2 * code, code, 2 * code) == pytest.approx(0)


def test_sheet_has_a_row_a_pair() -> None:
    shown = sheets.sheet(pictures(2), pictures(3, 1), [lambda content, style: content], size=(40, 30))
    assert shown.shape == (6 * 30, 3 * 40, 3)


def test_held_back_pictures_are_left_out(tmp_path: Path) -> None:
    held = data.read_held_back()
    assert min(len(held["photos"]), len(held["styles"])) >= 20
    for name in (held["photos"][0], "other.png"):
        sheets.save(pictures(1)[0], (tmp_path / name).with_suffix(Path(name).suffix))
    assert [p.name for p in data.list_pictures(tmp_path, held["photos"])] == ["other.png"]
    assert len(data.load_training(tmp_path, held["photos"])) == 1


@needs_shared
def test_held_back_pictures_exist() -> None:
    held = data.read_held_back()
    for folder, names in (("photos", held["photos"]), ("paintings", held["styles"])):
        every = {p.name for p in data.list_pictures(SHARED / "data" / folder)}
        trained = {p.name for p in data.list_pictures(SHARED / "data" / folder, names)}
        assert set(names) <= every
        assert not trained & set(names)
        assert len(trained) == len(every) - len(names)


@needs_shared
def test_ported_teacher_agrees_with_litert() -> None:
    from ai_edge_litert.interpreter import Interpreter

    from realtime.training import teacher

    content = data.resized(pictures(1, 3)[0], 384, 384)
    code = evaluate.LitePair.teacher(TEACHER).encode(data.resized(pictures(1, 6)[0], 256, 256))
    interpreter = Interpreter(model_path=str(TEACHER / teacher.TRANSFORMER_FILE), num_threads=2)
    interpreter.allocate_tensors()
    for detail in interpreter.get_input_details():
        value = evaluate.to_float(content) if detail["shape"][-1] == 3 else code.reshape(1, 1, 1, 100)
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    wanted = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    ours = ops.convert_to_numpy(teacher.Transformer(TEACHER)(evaluate.to_float(content), code[None]))
    assert np.abs(ours - wanted).mean() < 2e-4

    picture = evaluate.to_float(data.resized(pictures(1, 6)[0], 256, 256))
    ported = ops.convert_to_numpy(teacher.Predictor(TEACHER)(picture)).ravel()
    assert np.linalg.norm(ported - code) < 0.08 * np.linalg.norm(code)  # int8 against float


@needs_shared
def test_measures_agree_with_the_judge() -> None:
    path = SHARED / "quality.py"
    if not path.is_file():
        pytest.skip("no ../shared/quality.py here")
    spec = importlib.util.spec_from_file_location("shared_quality", path)
    assert spec and spec.loader
    judge = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(judge)
    photos, styles = pictures(1, 11, 400), pictures(1, 12, 300)
    pair = evaluate.LitePair.teacher(TEACHER)
    ours = evaluate.measure(pair, photos, styles, pair, size=(320, 264))
    flip = [np.ascontiguousarray(p[:, :, ::-1]) for p in (photos[0], styles[0])]
    magenta = judge.Magenta(str(TEACHER))
    theirs = judge.judge(magenta, flip[:1], flip[1:], magenta, size=(320, 264))
    for name, value in ours.items():
        assert value == pytest.approx(theirs[name], abs=0.02, rel=0.02), name


def test_loss_networks_pad_nothing_and_give_the_maps_named() -> None:
    from realtime.training import percept

    weights = made_percept()
    picture = pictures(1, 3, 96)[0][None].astype(np.float32) / 255
    found = percept.Percept(weights).vgg(picture)
    assert [tuple(m.shape[1:]) for m in found] == [(94, 94, 8), (44, 44, 8), (19, 19, 8)]
    inner = percept.Percept(weights).vgg(picture[:, 8:-8, 8:-8])
    np.testing.assert_allclose(found[0][:, 8:-8, 8:-8], inner[0], atol=1e-4)
    np.testing.assert_allclose(found[1][:, 4:-4, 4:-4], inner[1], atol=1e-4)
    small = percept.Percept(weights).small(picture)
    assert [tuple(m.shape[1:]) for m in small] == [(19, 19, 8), (4, 4, 8)]


def test_style_terms_know_the_style_from_another_and_from_a_copy() -> None:
    from realtime.training import percept

    net = percept.Percept(made_percept())
    one, other = (p[None].astype(np.float32) / 255 for p in pictures(2, 8, 96))
    for gap in (percept.gram_gap, percept.moments_gap):
        same, mirrored, apart = (
            sum(
                float(gap(percept.statistics(a), percept.statistics(b))[0])
                for a, b in zip(net.vgg(x), net.vgg(one), strict=True)
            )
            for x in (one, one[:, :, ::-1], other)
        )
        assert same < 0.1 and same <= mirrored < apart


def test_a_view_is_sampled_as_it_lies_and_reflected_beyond_the_picture() -> None:
    from realtime.training import views

    picture = np.arange(12, dtype=np.float32)
    size = np.array([10.0], np.float32)

    def seen(start: float, length: float, count: int) -> np.ndarray:
        place, reach = np.array([start], np.float32), np.array([length], np.float32)
        return np.asarray(ops.convert_to_numpy(views.rows(place, reach, count, 12, size))[0] @ picture)

    np.testing.assert_allclose(seen(2, 4, 4), [2, 3, 4, 5], atol=1e-4)
    np.testing.assert_allclose(seen(-2, 4, 4), [1, 0, 0, 1], atol=1e-4)
    np.testing.assert_allclose(
        seen(7, 4, 4), [7, 8, 9, 9], atol=1e-4
    )  # what the canvas holds beyond the picture is not seen
    np.testing.assert_allclose(
        seen(0, 8, 2), [1.89, 5.5], atol=0.01
    )  # tents four numbers wide, the first short of an end


def test_what_a_step_of_strokes_draws_follows_from_its_number_and_prefers_people() -> None:
    from realtime.training import views

    sizes = np.full((50, 2), 300, np.float32)
    people, shares = np.arange(50) < 5, np.array([1.0] * 9 + [0.01], np.float32)

    def draws() -> views.Draws:
        return views.Draws(sizes, people, sizes[:10], shares, batch=8, view=256, loss_side=192, seed=3)

    one, other = draws().step(7), draws().step(7)
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name])
    many = [draws().step(k) for k in range(200)]
    assert 0.35 < np.mean([s["people"] for s in many]) < 0.55
    assert np.mean([s["style"] == 9 for s in many]) < 0.02
    for step in many:
        assert np.all(step["corner"] >= 0) and np.all(step["corner"] + step["side"][:, None] <= 300)
        assert np.all(step["seen_corner"] + step["seen"][:, None] <= 256 + 1e-3)
        still = (step["moves"] == 0) & (step["beside"] == 0)
        assert np.all(step["shift"][still] == 0) and np.all(step["shift"][step["beside"] > 0] % 1 == 0)


def test_the_plan_of_strokes_ends_gently_and_asks_for_stillness_late() -> None:
    from realtime.training.stroke_plan import TERMS, StrokePlan

    plan = StrokePlan(steps=100, warmup=10)
    assert plan.share_at(0) < 0.2 and plan.share_at(12) > 0.9 and plan.share_at(99) < 0.02
    calm = TERMS.index("calm")
    assert plan.weights_at(0)[calm] < 0.2 * plan.weights_at(99)[calm]


def test_a_pack_holds_pictures_people_and_shares_and_no_copies_of_what_is_held_back(tmp_path: Path) -> None:
    from realtime.training import pack

    names = {
        "photos": ("lp_a.png", "plain.png", "held.png"),
        "styles": ("dtd_a.png", "b.png", "copy.png", "apart.png"),
        "painted": ("wave.png",),
    }
    made = {name: pictures(1, k)[0] for k, name in enumerate(n for group in names.values() for n in group)}
    made["copy.png"] = np.clip(made["apart.png"].astype(int) + 9, 0, 255).astype(np.uint8)
    for folder, files in names.items():
        for name in files:
            sheets.save(made[name], tmp_path / folder / name)
    np.savez(tmp_path / "percept.npz", **made_percept())
    pack.write(
        tmp_path / "pack.npz",
        tmp_path / "photos",
        None,
        [tmp_path / "styles"],
        [tmp_path / "painted"],
        tmp_path / "percept.npz",
        {"lite": [np.ones(3, np.float32)], "style": [np.zeros(2, np.float32)]},
        {"photos": ["held.png"], "styles": ["apart.png"]},
    )
    found = pack.read(tmp_path / "pack.npz")
    assert found.people.tolist() == [True, False] and len(found.photos) == 2
    np.testing.assert_allclose(found.shares, np.array([1.0, 0.12, 0.4]) / 1.52, rtol=1e-5)
    assert set(found.begin) == {"lite", "style"} and len(found.percept) == len(made_percept())
    with pytest.raises(UsageError, match=r"no pack"):
        pack.read(tmp_path / "percept.npz")


def test_strokes_need_jax_and_terms_that_exist(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from realtime.training.__main__ import main

    np.savez(tmp_path / "pack.npz", shares=np.ones(1), people=np.zeros(1))
    for words, said in (
        (f"--pack {tmp_path / 'pack.npz'}", "KERAS_BACKEND=jax"),
        (f"--pack {tmp_path / 'none.npz'}", "there is no pack"),
        (f"--pack {tmp_path / 'pack.npz'} --weight shine=1", "no loss term 'shine'"),
        (f"--pack {tmp_path / 'pack.npz'} --weight calm=much", "'much' of calm is no number"),
    ):
        with pytest.raises(SystemExit) as stopped:
            main(["strokes", *words.split(), "--out", str(tmp_path / "out")])
        assert stopped.value.code == 2 and said in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def made_percept() -> dict[str, Any]:
    """Small loss networks of the real form, with 8 channels each."""
    from realtime.training import percept

    rng, out = np.random.default_rng(4), {}
    for form, names in (("vgg/{}/{}", percept.VGG), ("small/{}.{}", percept.SMALL)):
        kinds = ("w", "b") if form.startswith("vgg") else ("weight", "bias")
        channels = 3
        for name in ("conv0", *(n.strip("*") for n in names if n != "pool")):
            size, wide = (1, 3) if name == "conv0" else (3, 8)
            scale = 1.4 / np.sqrt(channels * size * size)
            out[form.format(name, kinds[0])] = rng.normal(0, scale, (wide, channels, size, size)).astype(np.float32)
            out[form.format(name, kinds[1])] = rng.normal(0, 0.1, wide).astype(np.float32)
            channels = wide
    return out


def test_losses_on_strokes_see_rims_blotches_and_fringes() -> None:
    from realtime.training import stroke_losses

    rng = np.random.default_rng(1)
    plain = np.full((1, 96, 96, 3), 0.5, np.float32) + rng.normal(0, 0.01, (1, 96, 96, 3)).astype(np.float32)
    rim, blotch = plain.copy(), plain.copy()
    rim[:, :2] += 0.2
    blotch[:, 24:48, :, 0] += 0.2
    for term, bad in ((stroke_losses.rim_gap, rim), (stroke_losses.blotches, blotch)):
        assert float(term(bad, plain)[0]) > 3 * float(term(plain, plain)[0])
    edge = np.full((1, 96, 96, 3), 0.3, np.float32)
    edge[:, :, 48:] = 0.7
    fringed = edge.copy()
    fringed[:, :, 46:49, 0] += 0.3
    usual = np.array([0.005], np.float32)
    assert float(stroke_losses.fringe(edge, edge, usual)[0]) == 0
    assert float(stroke_losses.fringe(fringed, edge, usual)[0]) > 0.02
    assert float(stroke_losses.plainness(plain, 16)[0, 0, 0]) > 0.8
    assert (
        float(stroke_losses.plainness(edge, 16)[0, 0, 3])
        > 0.8
        > 0.5
        > float(stroke_losses.plainness(fringed, 16)[0, 0, 2])
    )


def test_losses_on_strokes_see_weaves_busy_grounds_and_turned_tones() -> None:
    from realtime.training import stroke_losses

    rng = np.random.default_rng(2)
    plain = np.full((1, 96, 96, 3), 0.5, np.float32)
    strokes = plain + rng.normal(0, 0.05, (1, 96, 96, 1)).astype(np.float32)
    down, across = np.mgrid[:96, :96]
    woven = plain + 0.05 * (np.sin(down * 2 * np.pi / 7) * np.sin(across * 2 * np.pi / 7))[None, :, :, None].astype(
        np.float32
    )
    none = stroke_losses.repetition(plain)
    assert float(np.abs(none).max()) < 0.01
    assert (
        float(stroke_losses.weave(woven, plain, none)[0]) > 1 > 20 * float(stroke_losses.weave(strokes, plain, none)[0])
    )
    assert float(stroke_losses.weave(woven, plain, stroke_losses.repetition(woven))[0]) < 0.1  # the style is woven, too
    maps = [np.concatenate([x, x], axis=-1) for x in (strokes, strokes[:, ::2, ::2])]
    for usual, wanted in ((0.0, (False, True)), (9.0, (True, False))):
        found = stroke_losses.strokes_on_plain(maps, plain, np.full((1, 2, 2), usual, np.float32))
        assert tuple(float(f[0]) > 0.1 for f in found) == wanted
    ramp = plain * (0.5 + across / 96)[None, :, :, None].astype(np.float32)
    assert float(stroke_losses.tone_gap(0.2 + 0.3 * ramp, ramp)[0]) < 0.1
    assert float(stroke_losses.tone_gap(1 - ramp, ramp)[0]) > 1.9
