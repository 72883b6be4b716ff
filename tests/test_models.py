"""Every model keeps the same promises, and what is no model is told apart by its own clear error."""

from __future__ import annotations

import functools
import http.server
import io
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import textwrap
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import hub_module
import numpy as np
import psutil
import pytest
import small_models
import tensorflow as tf

import realtime
from realtime.core.errors import ModelError, StyleError, UsageError
from realtime.media.gallery import shipped_folder
from realtime.models import hub_download
from realtime.models.base import StyleCode
from realtime.models.fitting import style_input
from realtime.models.grain import Grain
from realtime.models.hub import HubEngine
from realtime.models.litert import physical_cores
from realtime.models.model import EngineModel, Model
from realtime.models.registry import open_model
from realtime.models.split_graph import split
from realtime.models.stylizer import FADE, Stylizer

MOBILE = Path(__file__).parent.parent.parent / "shared" / "models" / "magenta-mobile"
LITE = Path(realtime.__file__).parent / "models" / "lite"
SIZES = [(160, 120), (641, 479), (33, 1), (1, 33), (1, 1), (95, 63)]
RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def flat(colour: tuple[int, int, int], width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def stripes(seed: int) -> np.ndarray:
    """A style: two colours in broad stripes."""
    colours = np.random.default_rng(seed).integers(0, 256, (2, 3), dtype=np.uint8)
    picture: np.ndarray = np.broadcast_to(colours[np.arange(300) // 20 % 2][:, None], (300, 200, 3)).copy()
    return picture


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def pair(made: Path) -> Path:
    return small_models.pair(made / "pair")


@pytest.fixture(scope="session")
def fixed(made: Path) -> Path:
    return small_models.pair(made / "fixed", (96, 64))


@pytest.fixture(scope="session")
def tint(made: Path) -> Path:
    return small_models.tint_module(made / "tint")


@pytest.fixture(scope="session")
def unsplittable(made: Path) -> Path:
    return small_models.unsplittable_module(made / "unsplittable")


@pytest.fixture(scope="session")
def magenta_shaped(made: Path) -> Path:
    return hub_module.save(made / "magenta-shaped", width=0.25)


MODELS = ["pair", "fixed", "tint", "magenta_shaped", "unsplittable", "mobile", "lite", "bytes", "floats"]


@pytest.fixture(scope="session", params=MODELS)
def model(request: pytest.FixtureRequest) -> Model:
    if request.param in ("bytes", "floats"):  # the engine for a GPU, on LiteRT's accelerator for CPUs
        folder = request.getfixturevalue("made") / "networks"
        return small_models.accelerated(open_model("lite"), request.param == "bytes", folder)
    if request.param == "mobile":
        if not MOBILE.is_dir():
            pytest.skip("Magenta's mobile pair is not beside this checkout")
        return open_model(str(MOBILE))
    if request.param == "lite":
        if not any(LITE.glob("*.tflite")):
            pytest.skip("the embedded model is not in this checkout")
        return open_model("lite")
    return open_model(str(request.getfixturevalue(request.param)))


@pytest.fixture(scope="session")
def codes(model: Model) -> tuple[StyleCode, StyleCode]:
    return model.encode(stripes(1)), model.encode(stripes(2))


# What every model promises


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_size_stays(model: Model, codes: tuple[StyleCode, StyleCode], size: tuple[int, int]) -> None:
    out = model.stylize(noise(*size), codes[0])
    assert out.shape == (size[1], size[0], 3) and out.dtype == np.uint8


@pytest.mark.parametrize("level", [0, 255])
def test_plain_frame(model: Model, codes: tuple[StyleCode, StyleCode], level: int) -> None:
    out = model.stylize(flat((level,) * 3), codes[0])
    assert out.shape == (48, 64, 3) and out.dtype == np.uint8


def test_same_in_same_out(model: Model, codes: tuple[StyleCode, StyleCode]) -> None:
    frame = noise(64, 48)
    first = model.stylize(frame, codes[0])
    model.stylize(noise(48, 80), codes[1])
    assert np.array_equal(model.stylize(frame, codes[0]), first)
    again = model.encode(stripes(1))
    assert all(np.array_equal(a, b) for a, b in zip(again.arrays, codes[0].arrays, strict=True))


def test_arrays_are_left_alone(model: Model, codes: tuple[StyleCode, StyleCode]) -> None:
    frame, style = noise(64, 48), stripes(1)
    before, style_before = frame.copy(), style.copy()
    model.encode(style)
    out = model.stylize(frame, codes[0])
    given = out.copy()
    model.stylize(noise(64, 48, seed=5), codes[1])
    assert np.array_equal(frame, before) and np.array_equal(style, style_before)
    assert np.array_equal(out, given), "it went on writing into a picture it had given away"
    assert not np.shares_memory(frame, out) and out.flags.writeable


def test_views_and_read_only(model: Model, codes: tuple[StyleCode, StyleCode]) -> None:
    frame = noise(64, 48)
    mirrored = frame[:, ::-1]
    frame.flags.writeable = False
    assert np.array_equal(model.stylize(mirrored, codes[0]), model.stylize(mirrored.copy(), codes[0]))
    model.stylize(frame, codes[0])
    model.encode(frame[::-2, ::-1])


def test_style_matters(model: Model, codes: tuple[StyleCode, StyleCode]) -> None:
    frame = noise(64, 48)
    one, other = (model.stylize(frame, code).astype(int) for code in codes)
    assert np.abs(one - other).mean() > 1


@pytest.mark.parametrize("size", [(1, 1), (1, 200), (700, 3)], ids=str)
def test_any_style_size(model: Model, size: tuple[int, int]) -> None:
    assert all(np.isfinite(array).all() for array in model.encode(noise(*size)).arrays)


def test_another_models_code(model: Model, codes: tuple[StyleCode, StyleCode]) -> None:
    stranger = StyleCode("somebody-else", codes[0].arrays)
    with pytest.raises(StyleError, match="somebody-else"):
        model.stylize(noise(8, 8), stranger)


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
        [[[0, 0, 0]]],
        None,
    ],
    ids=["grey", "four channels", "float", "empty", "batch", "list", "None"],
)
def test_no_picture(model: Model, codes: tuple[StyleCode, StyleCode], wrong: object) -> None:
    with pytest.raises(UsageError, match="uint8"):
        model.stylize(wrong, codes[0])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="uint8"):
        model.encode(wrong)  # type: ignore[arg-type]


def test_encode_while_stylizing(model: Model, codes: tuple[StyleCode, StyleCode]) -> None:
    frame = noise(64, 48)
    expected = model.stylize(frame, codes[0])
    got: list[StyleCode] = []
    thread = threading.Thread(target=lambda: got.extend(model.encode(stripes(1 + i % 2)) for i in range(6)))
    thread.start()
    pictures = [model.stylize(frame, codes[0])]
    while thread.is_alive():
        pictures.append(model.stylize(frame, codes[0]))
    thread.join()
    assert all(np.array_equal(picture, expected) for picture in pictures)
    assert len(got) == 6
    for index, code in enumerate(got):
        assert all(np.array_equal(a, b) for a, b in zip(code.arrays, codes[index % 2].arrays, strict=True))


def test_description_is_a_line(model: Model) -> None:
    assert model.description and "\n" not in model.description
    model.close()
    model.close()


@pytest.mark.parametrize("name", ["pair", "fixed", "tint", "unsplittable"])
def test_blue_stays_blue(name: str, request: pytest.FixtureRequest) -> None:
    model = open_model(str(request.getfixturevalue(name)))
    for colour, style in ((BLUE, RED), (RED, GREEN), ((10, 200, 90), (250, 0, 120))):
        out = model.stylize(flat(colour), model.encode(flat(style)))
        assert np.abs(out - small_models.tinted(colour, style)).max() <= 1


def test_fixed_size_keeps_the_aspect(fixed: Path) -> None:
    """A wide frame, half black and half white, in a network of 3 to 2: nothing is cut off, nothing is squeezed."""
    model = open_model(str(fixed))
    frame = flat((0, 0, 0), 300, 60)
    frame[:, 150:] = 255
    out = model.stylize(frame, model.encode(flat((0, 0, 0)))).astype(int)
    assert out[:, :120].max() < 30 and out[:, 180:].min() > 160


def test_weights_tell_models_apart(pair: Path, fixed: Path, tint: Path, unsplittable: Path, made: Path) -> None:
    prints = [open_model(str(path)).fingerprint for path in (pair, fixed, tint, unsplittable)]
    assert len(set(prints)) == 4
    assert open_model(f"{pair / 'style.tflite'},{pair / 'frame.tflite'}").fingerprint == prints[0]


# The split


def halves(folder: Path, width: int, height: int) -> float:
    """Largest difference between the whole call and the two halves."""
    module = tf.saved_model.load(str(folder))
    whole = module.signatures["serving_default"]
    style_half, frame_half, tensors = split(whole, "placeholder", "placeholder_1")
    assert tensors == 26
    rng = np.random.default_rng(0)
    content, style = (tf.constant(rng.random((1, *size, 3), np.float32)) for size in ((height, width), (256, 256)))
    expected = whole(placeholder=content, placeholder_1=style)["output_0"].numpy()
    assert expected.std() > 0.05
    return float(np.abs(frame_half(content, *style_half(style)).numpy() - expected).max())


def test_split_is_exact(magenta_shaped: Path) -> None:
    assert halves(magenta_shaped, 96, 64) == 0
    assert halves(magenta_shaped, 128, 128) == 0


@pytest.mark.slow
def test_split_is_exact_at_full_size(made: Path) -> None:
    folder = hub_module.save(made / "full")
    assert halves(folder, 256, 256) == 0
    assert "split at 26 tensors" in open_model(str(folder)).description


def test_hub_paints_what_the_whole_call_paints(magenta_shaped: Path) -> None:
    model = open_model(str(magenta_shaped))
    style = stripes(3)[:256, :][:, :, ::-1]  # the whole call gets RGB
    style = np.ascontiguousarray(np.resize(style, (256, 256, 3)))
    frame = noise(96, 64)
    painted = model.stylize(frame, model.encode(style[:, :, ::-1])).astype(int)
    module = tf.saved_model.load(str(magenta_shaped))
    whole = module.signatures["serving_default"](
        placeholder=tf.constant(frame[None, :, :, ::-1] * np.float32(1 / 255)),
        placeholder_1=tf.constant(style[None] * np.float32(1 / 255)),
    )["output_0"].numpy()
    difference = np.abs(painted - np.rint(whole[0, :, :, ::-1] * 255))
    assert difference.max() <= 1 and difference.mean() < 0.01  # at most a rounding the other way here and there


def test_a_module_on_a_gpu_uses_float16_only_where_it_paints_the_same(
    tint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.models.hub._device", lambda: "GPU Stand-in")
    with open_model(str(tint)) as model:
        assert isinstance(model, EngineModel) and isinstance(model.frame, HubEngine)
        assert model.on_gpu and "TensorFlow on GPU Stand-in" in model.description
        frame, code = stripes(3), model.encode(stripes(1))
        exact = model.stylize(frame, code)
        assert model.frame._mixed is True
        paint, off = model.frame._paint, 1

        def rounded(picture: Any, arrays: Any, mixed: bool) -> np.ndarray:
            painted: np.ndarray = paint(picture, arrays, mixed) ^ np.uint8(off * mixed)  # off by 1, or by up to 3
            return painted

        monkeypatch.setattr(model.frame, "_paint", rounded)
        for off, same in ((1, True), (3, False)):  # noqa: B007 - `rounded` reads it
            model.frame._mixed = None
            painted = model.stylize(frame, code)
            assert model.frame._mixed is same and np.array_equal(painted, exact) is not same
    assert not tf.config.optimizer.get_experimental_options().get("auto_mixed_precision")


def test_a_module_stays_on_the_cpu_where_a_person_wants_that(tint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = open_model(str(tint)).stylize(stripes(3), (code := open_model(str(tint)).encode(stripes(1))))
    monkeypatch.setattr("realtime.models.hub._device", lambda: "GPU Stand-in")
    stylizer = Stylizer(str(tint), device="gpu")
    stylizer.use("cpu")
    assert "TensorFlow on the CPU" in stylizer.model.description and not stylizer.model.on_gpu
    assert np.array_equal(stylizer(stripes(3), code), wanted)


def test_unsplittable_says_so(unsplittable: Path) -> None:
    assert (
        "whole, since it cannot be split: the frame meets the style picture"
        in open_model(str(unsplittable)).description
    )


@pytest.mark.parametrize("name", ["magenta_shaped", "unsplittable"])
def test_new_sizes_trace_nothing(name: str, request: pytest.FixtureRequest) -> None:
    model = open_model(str(request.getfixturevalue(name)))
    assert isinstance(model, EngineModel) and isinstance(model.frame, HubEngine)
    codes = [model.encode(stripes(seed)) for seed in (1, 2)]
    model.stylize(noise(64, 48), codes[0])
    first = model.frame._concrete
    for width in range(40, 104, 8):
        model.stylize(noise(width, 60), codes[width // 8 % 2])
    assert model.frame._concrete is first and model.frame._function.experimental_get_tracing_count() == 1


# Pairs that are none


def test_folder_with_several_frame_networks(pair: Path, fixed: Path, tmp_path: Path) -> None:
    for source, name in ((fixed / "frame.tflite", "a.tflite"), (pair / "frame.tflite", "b.tflite")):
        (tmp_path / name).write_bytes(source.read_bytes())
    (tmp_path / "c.tflite").write_bytes((pair / "style.tflite").read_bytes())
    assert open_model(str(tmp_path)).fingerprint == open_model(str(pair)).fingerprint  # the one for any size is taken


def test_a_network_that_paints_less_than_it_sees(pair: Path, tmp_path: Path) -> None:
    """The frame is continued around by what convolutions without padding take away; the picture stays in its place."""

    def run(content: Any, code: Any) -> Any:
        return tf.nn.avg_pool2d(content, 5, 1, "VALID") + 0 * code[:, :, :, :3]

    small_models.write_network(tmp_path / "frame.tflite", run, (1, None, None, 3), (1, 1, 1, small_models.CODE))
    model = open_model(f"{pair / 'style.tflite'},{tmp_path / 'frame.tflite'}")
    code = model.encode(flat(RED))
    for width, height in ((320, 240), (99, 61), (3, 1), (99, 61)):
        frame = noise(width, height)
        expected = cv2.blur(frame, (5, 5), borderType=cv2.BORDER_REFLECT)
        assert np.abs(model.stylize(frame, code).astype(int) - expected).max() <= 1


def test_grain_beside_a_frame_network_is_laid_over_frames(pair: Path, tmp_path: Path) -> None:
    tile = np.array([[128, 138, 108], [128, 128, 255]], np.uint8)
    cv2.imwrite(str(tmp_path / "grain.png"), tile)
    small_models.write_network(
        tmp_path / "frame.tflite",
        lambda content, code: content[:, 2:-2, 2:-2] + 0 * code[:, :, :, :3],  # which is continued around
        (1, None, None, 3),
        (1, 1, 1, small_models.CODE),
    )
    model = open_model(f"{pair / 'style.tflite'},{tmp_path / 'frame.tflite'}")
    code = model.encode(flat(RED))
    for width, height in ((17, 9), (320, 240), (1, 1)):
        frame = noise(width, height)
        kept = frame.copy()
        laid = np.tile(tile.astype(int) - 128, (height, width))[:height, :width, None]
        painted = model.stylize(frame, code)
        assert np.abs(painted - np.clip(frame + laid, 0, 255)).max() <= 1
        assert np.array_equal(frame, kept)


@pytest.mark.parametrize("side", [(256, 256), (8, 8), (300, 17), (1, 1)])
@pytest.mark.parametrize("piece", [(360, 640, 0, 0), (5, 3, 100, 700), (520, 513, 31, 255)])
def test_grain_goes_on_over_pictures_of_any_size_and_place(
    side: tuple[int, int], piece: tuple[int, int, int, int]
) -> None:
    rng = np.random.default_rng(0)
    grain = Grain(rng.integers(100, 156, side).astype(np.uint8))
    picture = rng.integers(0, 256, (*piece[:2], 3)).astype(np.uint8)
    laid = grain.lay(picture, *piece[2:])
    assert (laid == np.clip(picture + grain.piece(*piece)[:, :, None], 0, 255)).all()
    framed = np.zeros((piece[0] + 4, piece[1] + 4, 3), np.uint8)
    inside = framed[2:-2, 2:-2]
    inside[...] = picture
    grain.lay(inside, *piece[2:], dst=inside)
    assert (inside == laid).all() and framed.sum() == laid.sum(dtype=np.int64)


def test_grain_that_is_no_picture(pair: Path, tmp_path: Path) -> None:
    for name in ("style.tflite", "frame.tflite"):
        (tmp_path / name).write_bytes((pair / name).read_bytes())
    for content in (b"", b"no picture"):
        (tmp_path / "grain.png").write_bytes(content)
        with pytest.raises(ModelError, match=r"grain\.png is no picture that can be read"):
            open_model(str(tmp_path))


def test_style_network_for_any_size(pair: Path, tmp_path: Path) -> None:
    small_models.style_network(tmp_path / "style.tflite", size=None)
    model = open_model(f"{tmp_path / 'style.tflite'},{pair / 'frame.tflite'}")
    assert np.allclose(model.encode(flat(RED)).arrays[0].ravel()[:3], [1, 0, 0])


def test_picture_is_clamped(pair: Path, tmp_path: Path) -> None:
    """What a network gives below 0 is black and above 1 white."""
    small_models.write_network(
        tmp_path / "frame.tflite",
        lambda content, code: content * 3 - 1 + 0 * code[:, :, :, :3],
        (1, None, None, 3),
        (1, 1, 1, small_models.CODE),
    )
    model = open_model(f"{pair / 'style.tflite'},{tmp_path / 'frame.tflite'}")
    code = model.encode(flat(RED))
    assert model.stylize(flat((0, 128, 255)), code)[0, 0].tolist() == [0, 129, 255]


def test_no_tflite(pair: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.tflite"
    for content in (b"", b"not a model", (pair / "frame.tflite").read_bytes()[:300]):
        broken.write_bytes(content)
        with pytest.raises(ModelError, match=r"broken\.tflite is not a \.tflite model"):
            open_model(f"{pair / 'style.tflite'},{broken}")
    with pytest.raises(ModelError, match=r"broken\.tflite is not a \.tflite model"):
        open_model(str(tmp_path))


def test_half_a_pair_is_no_model(pair: Path) -> None:
    with pytest.raises(UsageError, match=r"one network of two.*STYLE\.tflite,FRAME\.tflite"):
        open_model(str(pair / "frame.tflite"))


def test_a_folder_with_a_comma_in_its_name(pair: Path, tmp_path: Path) -> None:
    shutil.copytree(pair, tmp_path / "one, two")
    assert open_model(str(tmp_path / "one, two")).identity == open_model(str(pair)).identity


def test_every_pixel_of_a_long_picture_counts() -> None:
    picture = np.zeros((240, 2560, 3), np.uint8)
    picture[:, ::2] = 255
    assert np.abs(style_input(picture) - 0.5).max() < 0.01


def test_missing_half(pair: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"STYLE.tflite,FRAME.tflite"):
        open_model(f"{pair / 'style.tflite'},{tmp_path / 'none.tflite'}")
    (tmp_path / "only.tflite").write_bytes((pair / "style.tflite").read_bytes())
    with pytest.raises(ModelError, match="frame network"):
        open_model(str(tmp_path))
    (tmp_path / "only.tflite").write_bytes((pair / "frame.tflite").read_bytes())
    with pytest.raises(ModelError, match="style network"):
        open_model(str(tmp_path))
    with pytest.raises(ModelError, match="no style network and frame network"):
        open_model(f"{pair / 'frame.tflite'},{pair / 'style.tflite'}")


def test_halves_of_two_models(pair: Path, tmp_path: Path) -> None:
    short = small_models.style_network(tmp_path / "short.tflite", numbers=8)
    with pytest.raises(ModelError, match=r"codes of 8 numbers, but frame.tflite takes 100"):
        open_model(f"{short},{pair / 'frame.tflite'}")


@pytest.mark.parametrize("text", ["nothing-of-this-name", "", "/no/such/folder"])
def test_no_such_model(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, ModelError), match="model"):
        open_model(text)


# Modules from files and over the network


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hub-cache"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(folder))
    return folder


class Handler(http.server.BaseHTTPRequestHandler):
    answers: dict[str, tuple[int, bytes]]

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        path, _, query = self.path.partition("?")
        if path == "/silent":
            self.server.released.wait(10)  # type: ignore[attr-defined]
            return
        status, body = self.server.answers[path] if query == "tf-hub-format=compressed" else (400, b"")  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Server(http.server.ThreadingHTTPServer):
    """A Hub on this machine: what it answers and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.released = threading.Event()

    def handle_for(self, path: str, body: bytes, status: int = 200) -> str:
        self.answers[path] = (status, body)
        return f"http://127.0.0.1:{self.server_port}{path}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=functools.partial(running.serve_forever, poll_interval=0.02))
        thread.start()
        yield running
        running.released.set()
        running.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def archive(tint: Path, made: Path) -> Path:
    return small_models.packed(tint, made / "tint.tar.gz")


@pytest.mark.parametrize("inside", [".", "my-model"])
def test_local_archive(tint: Path, tmp_path: Path, cache: Path, inside: str) -> None:
    file = small_models.packed(tint, tmp_path / "model.tar.gz", inside=inside)
    model = open_model(str(file))
    assert model.identity == open_model(str(tint)).identity
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    open_model(str(file))
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before  # unpacked once
    assert len(list(cache.iterdir())) == 1


def test_local_archive_broken(archive: Path, tmp_path: Path, cache: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    whole = archive.read_bytes()
    for content in (b"", b"text", whole[: len(whole) // 2], whole[:-12] + b"123456789012"):
        broken.write_bytes(content)
        with pytest.raises(ModelError, match=r"broken\.tar\.gz is no complete \.tar\.gz.*fresh copy"):
            open_model(str(broken))
        assert not list(cache.iterdir())


def test_archive_of_something_else(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear reader")
    file = small_models.packed(tmp_path / "letter.txt", tmp_path / "letter.tar.gz", inside="letter.txt")
    with pytest.raises(ModelError, match=r"no saved_model.pb"):
        open_model(str(file))
    assert not list(cache.iterdir())


@pytest.mark.parametrize("name", ["../outside", "../../outside", "a/../../../outside"])
def test_archive_cannot_leave_its_folder(name: str, tmp_path: Path, cache: Path, server: Server) -> None:
    file = small_models.trap(tmp_path / "trap.tar.gz", name)
    with pytest.raises(ModelError, match="no complete"):
        open_model(str(file))
    with pytest.raises(ModelError, match="no complete"):
        open_model(server.handle_for("/trap", file.read_bytes()))
    assert not list(tmp_path.rglob("outside")) and not (tmp_path.parent / "outside").exists()


def test_archive_with_links_out(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "links.tar.gz"
    with tarfile.open(file, "w:gz") as archive:
        link = tarfile.TarInfo("door")
        link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
        archive.addfile(link)
        member = tarfile.TarInfo("door/outside")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(ModelError):
        open_model(str(file))
    assert not (tmp_path / "outside").exists()


def test_download(tint: Path, archive: Path, server: Server) -> None:
    handle = server.handle_for("/me/tint/1", archive.read_bytes())
    model = open_model(handle)
    assert model.identity == open_model(str(tint)).identity
    open_model(handle)
    assert server.asked == ["/me/tint/1?tf-hub-format=compressed"]  # the second time it was in the cache


@pytest.mark.parametrize(("status", "words"), [(403, "403 Forbidden"), (404, "404 Not Found"), (500, "500 Internal")])
def test_refused(status: int, words: str, server: Server, cache: Path) -> None:
    handle = server.handle_for("/model", b"no", status)
    with pytest.raises(ModelError, match=rf"{handle} answered {words}.*--model PATH"):
        open_model(handle)
    assert not list(cache.iterdir())


@pytest.mark.parametrize("kind", ["empty", "web page", "half", "all but the end"])
def test_broken_download(kind: str, archive: Path, server: Server, cache: Path) -> None:
    whole = archive.read_bytes()
    body = {
        "empty": b"",
        "web page": b"<html>We moved</html>",
        "half": whole[: len(whole) // 2],
        "all but the end": whole[:-200],
    }[kind]
    handle = server.handle_for("/model", body)
    with pytest.raises(ModelError, match=r"no complete \.tar\.gz.*--model PATH"):
        open_model(handle)
    assert not [path for path in cache.iterdir() if path.suffix != ".txt"]
    server.handle_for("/model", whole)
    open_model(handle)  # and nothing is in the way of the next try


def test_half_filled_cache(archive: Path, server: Server, cache: Path) -> None:
    handle = server.handle_for("/model", archive.read_bytes())
    open_model(handle)
    (folder,) = (path for path in cache.iterdir() if path.is_dir())
    (folder / "saved_model.pb").write_bytes(b"half of it")
    with pytest.raises(ModelError, match=rf"{folder} cannot be loaded.*delete that folder"):
        open_model(handle)
    (folder / "saved_model.pb").unlink()
    with pytest.raises(ModelError, match=rf"{folder} is not complete.*delete that folder.*--model PATH"):
        open_model(handle)


def test_lock_of_a_killed_download(archive: Path, server: Server, cache: Path) -> None:
    """The download of a process that is gone is not waited for."""
    handle = server.handle_for("/model", archive.read_bytes())
    open_model(handle)
    (folder,) = (path for path in cache.iterdir() if path.is_dir())
    for path in folder.rglob("*"):
        if path.is_file():
            path.unlink()
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir()
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    folder.with_name(folder.name + ".lock").write_text(f"{socket.gethostname()}.{done.pid}.0123456789abcdef")
    open_model(handle)
    assert (folder / "saved_model.pb").is_file()


def test_nobody_there(cache: Path) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and never listened at
        with pytest.raises(ModelError, match=r"cannot be reached.*--model PATH"):
            open_model(f"http://127.0.0.1:{reserved.getsockname()[1]}/model")


def test_silent_server(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_download, "PATIENCE", 0.2)
    with pytest.raises(ModelError, match="cannot be reached"):
        open_model(f"http://127.0.0.1:{server.server_port}/silent")
    assert socket.getdefaulttimeout() is None


def test_cache_that_cannot_be_written(archive: Path, server: Server, cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    for handle in (str(archive), server.handle_for("/model", archive.read_bytes())):
        with pytest.raises(ModelError, match="TFHUB_CACHE_DIR"):
            open_model(handle)


def test_folder_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ModelError, match=r"is not a model: it has no saved_model.pb"):
        open_model(str(tmp_path / "a"))
    (tmp_path / "a" / "saved_model.pb").write_bytes(b"\x00nonsense")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_model(str(tmp_path / "a"))


def test_other_interfaces(tmp_path: Path) -> None:
    one = small_models.save_module(tmp_path / "one", lambda picture: picture * 0.5, ("picture",))
    with pytest.raises(ModelError, match=r"another kind.*it takes picture float32"):
        open_model(str(one))
    classifier = small_models.save_module(
        tmp_path / "classifier", lambda a, b: tf.reduce_mean(a, [1, 2]) + tf.reduce_mean(b, [1, 2])
    )
    with pytest.raises(ModelError, match=r"another kind.*for a content of 1×64×96×3 it gave"):
        open_model(str(classifier))
    tf.saved_model.save(tf.Module(), str(tmp_path / "bare"))
    with pytest.raises(ModelError, match=r"another kind.*no signature"):
        open_model(str(tmp_path / "bare"))


def test_inputs_by_other_names(tmp_path: Path) -> None:
    """Which picture is the content is found by trying, not by name."""
    folder = small_models.save_module(
        tmp_path / "named",
        lambda a_style, the_content: 0.75 * the_content + 0.25 * tf.reduce_mean(a_style, [1, 2], keepdims=True),
        ("a_style", "the_content"),
    )
    model = open_model(str(folder))
    out = model.stylize(flat(BLUE), model.encode(flat(RED)))
    assert np.abs(out - small_models.tinted(BLUE, RED)).max() <= 1
    assert "split at 1 tensor" in model.description


def test_module_without_a_signature(tmp_path: Path) -> None:
    """As hub.load gives them: an object to call, that gives a list."""
    module = tf.Module()
    spec = tf.TensorSpec((None, None, None, 3), tf.float32)
    module.__call__ = tf.function(
        lambda content, style: [0.75 * content + 0.25 * tf.reduce_mean(style, [1, 2], keepdims=True)],
        input_signature=[spec, spec],
        autograph=False,
    )
    tf.saved_model.save(module, str(tmp_path / "callable"), signatures={})
    model = open_model(str(tmp_path / "callable"))
    out = model.stylize(flat(BLUE), model.encode(flat(RED)))
    assert np.abs(out - small_models.tinted(BLUE, RED)).max() <= 1


# Style codes


def code_of(*numbers: float, identity: str = "m") -> StyleCode:
    return StyleCode(identity, (np.array(numbers, np.float32), np.array([sum(numbers)], np.float32)))


def test_code_is_immutable() -> None:
    numbers = np.array([1, 2], np.float32)
    code = StyleCode("m", (numbers,))
    numbers[0] = 9
    assert code.arrays[0].tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        code.arrays[0][0] = 9
    with pytest.raises(AttributeError):
        code.identity = "other"  # type: ignore[misc]


def test_blend() -> None:
    one, other = code_of(0, 4), code_of(8, -4)
    assert one.blend(other, 0) is one and one.blend(other, 1) is other
    quarter = one.blend(other, 0.25)
    assert quarter.identity == "m" and quarter.arrays[0].tolist() == [2, 2] and quarter.arrays[1].tolist() == [4]
    assert np.allclose(one.blend(other, 0.3).arrays[0], other.blend(one, 0.7).arrays[0])
    assert one.arrays[0].tolist() == [0, 4]


@pytest.mark.parametrize("amount", [-0.01, 1.01, float("nan"), float("inf")])
def test_blend_out_of_range(amount: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 1"):
        code_of(1, 2).blend(code_of(3, 4), amount)


@pytest.mark.parametrize("amount", [0, 0.5, 1])
def test_blend_with_another_model(amount: float) -> None:
    with pytest.raises(StyleError, match="stranger"):
        code_of(1, 2).blend(code_of(1, 2, identity="stranger"), amount)
    with pytest.raises(StyleError):
        code_of(1, 2).blend(code_of(1, 2, 3), amount)


def test_code_comes_back_from_a_file(tmp_path: Path) -> None:
    code = code_of(1.5, -2.25, identity="müller")
    code.save(tmp_path / "a.npz")
    back = StyleCode.load(tmp_path / "a.npz")
    assert back.identity == "müller"
    assert [array.tolist() for array in back.arrays] == [array.tolist() for array in code.arrays]
    with pytest.raises(StyleError, match=r"a\.npz exists already"):
        code_of(9, 9).save(tmp_path / "a.npz")
    assert StyleCode.load(tmp_path / "a.npz").arrays[0].tolist() == [1.5, -2.25]
    with pytest.raises(StyleError, match="cannot be written"):
        code.save(tmp_path / "missing" / "a.npz")


def test_many_arrays_keep_their_order(tmp_path: Path) -> None:
    code = StyleCode("m", tuple(np.full(3, index, np.float32) for index in range(26)))
    code.save(tmp_path / "a.npz")
    assert [array[0] for array in StyleCode.load(tmp_path / "a.npz").arrays] == list(range(26))


def test_broken_code_files(tmp_path: Path) -> None:
    code_of(*range(100)).save(tmp_path / "good.npz")
    good = (tmp_path / "good.npz").read_bytes()
    rng = np.random.default_rng(0)
    bad = [b"", b"PK\x03\x04", b"nonsense", good[:-1], good[: len(good) // 2], good[40:]]
    for _ in range(150):
        changed = bytearray(good)
        for place in rng.integers(0, len(good), 5):
            changed[place] ^= int(rng.integers(1, 256))
        bad.append(bytes(changed))
    refused = 0
    for content in bad:
        (tmp_path / "bad.npz").write_bytes(content)
        try:
            StyleCode.load(tmp_path / "bad.npz")
        except StyleError as error:
            refused += 1
            assert "bad.npz" in str(error)
    assert refused > 100  # a changed date inside the archive, say, does no harm
    with pytest.raises(StyleError, match=r"no\.npz"):
        StyleCode.load(tmp_path / "no.npz")


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (os.abort, ())


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "bomb.npz", identity=np.array("m"), array0=np.array([Bomb()], object))
    np.savez(tmp_path / "bomb2.npz", identity=np.array(Bomb(), object), array0=np.zeros(3, np.float32))
    np.save(tmp_path / "bomb3.npz", np.array([Bomb()], object), allow_pickle=True)
    for path in tmp_path.glob("bomb*"):
        with pytest.raises(StyleError, match=path.name):
            StyleCode.load(path)


def test_other_archives(tmp_path: Path) -> None:
    np.savez(tmp_path / "empty.npz", identity=np.array("m"))
    np.savez(tmp_path / "integers.npz", identity=np.array("m"), array0=np.arange(3))
    np.savez(tmp_path / "nameless.npz", array0=np.zeros(3, np.float32))
    np.save(tmp_path / "plain.npy", np.zeros(3, np.float32))
    with zipfile.ZipFile(tmp_path / "other.npz", "w") as other:
        other.writestr("array0.npy", b"nothing")
        other.writestr("identity.npy", b"")
    for path in [path for path in tmp_path.iterdir() if path.is_file()]:
        with pytest.raises(StyleError, match=path.name):
            StyleCode.load(path)


# Strength


@pytest.fixture(scope="session", params=["pair", "magenta_shaped"])
def stylizer(request: pytest.FixtureRequest) -> Stylizer:
    return Stylizer(str(request.getfixturevalue(request.param)))


def scene() -> np.ndarray:
    ramp = np.linspace(0, 255, 64, dtype=np.uint8)
    return np.stack([np.tile(ramp, (48, 1)), np.tile(ramp[::-1], (48, 1)), np.full((48, 64), 90, np.uint8)], 2)


def test_ends_of_strength(stylizer: Stylizer) -> None:
    frame, code = scene(), stylizer.encode(stripes(1))
    assert stylizer(frame, code, strength=0) is frame
    assert np.array_equal(stylizer(frame, code), stylizer.model.stylize(frame, code))
    assert np.array_equal(stylizer(frame, code, strength=1), stylizer(frame, code))


def test_strength_moves_smoothly(stylizer: Stylizer) -> None:
    frame, code = scene(), stylizer.encode(stripes(1))
    steps = sorted({*np.linspace(0, 1, 41), FADE - 1e-3, FADE, FADE + 1e-3, 1e-3, 1 - 1e-3})
    pictures = [stylizer(frame, code, strength=step).astype(int) for step in steps]
    whole = np.abs(pictures[-1] - pictures[0]).mean()
    for before, after, one, other in zip(steps, steps[1:], pictures, pictures[1:], strict=False):
        moved = np.abs(other - one).mean()
        limit = 0.6 + whole * 10 * (after - before)  # a rounding, and ten times the even pace
        assert moved <= limit, f"from strength {before:.3f} to {after:.3f} the picture jumps by {moved:.1f}"
    assert whole > 5


def test_own_code_saves_the_encoding(stylizer: Stylizer) -> None:
    frame, code = scene(), stylizer.encode(stripes(1))
    given = stylizer(frame, code, 0.6, own=stylizer.encode(frame))
    assert np.array_equal(given, stylizer(frame, code, 0.6))
    with pytest.raises(StyleError, match="stranger"):
        stylizer(frame, code, 0.6, own=StyleCode("stranger", code.arrays))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_strength_out_of_range(stylizer: Stylizer, strength: float) -> None:
    with pytest.raises(UsageError, match="strength"):
        stylizer(scene(), stylizer.encode(stripes(1)), strength=strength)


def test_a_code_that_would_fill_the_memory_is_refused_unread(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("array0.npy", bytes(100 << 20))
    with pytest.raises(StyleError, match=r"bomb\.npz is not a style code .*104857600 bytes"):
        StyleCode.load(tmp_path / "bomb.npz")


def test_stylizer_encodes_the_picture_of_a_file(stylizer: Stylizer, tmp_path: Path) -> None:
    picture = np.random.default_rng(3).integers(0, 255, (40, 30, 3), np.uint8)
    cv2.imwrite(str(tmp_path / "style.png"), picture)
    expected = stylizer.encode(picture).arrays
    for path in (tmp_path / "style.png", str(tmp_path / "style.png")):
        assert all(np.array_equal(a, b) for a, b in zip(stylizer.encode(path).arrays, expected, strict=True))
    shipped = stylizer.encode(shipped_folder() / "wave.jpg").arrays
    assert all(np.array_equal(a, b) for a, b in zip(stylizer.encode("wave").arrays, shipped, strict=True))
    with pytest.raises(UsageError, match=r"no picture file tide and no style of that name; there are .*wave"):
        stylizer.encode("tide")
    (tmp_path / "letter.png").write_text("dear reader")
    with pytest.raises(StyleError, match=r"letter\.png is no picture"):
        stylizer.encode(tmp_path / "letter.png")


def test_stylizer_checks_before_it_paints(stylizer: Stylizer) -> None:
    with pytest.raises(StyleError, match="stranger"):
        stylizer(scene(), code_of(1, identity="stranger"), strength=0)
    with pytest.raises(UsageError, match="uint8"):
        stylizer(np.zeros((4, 4), np.uint8), stylizer.encode(stripes(1)), strength=0)


def test_context_manager(pair: Path) -> None:
    with Stylizer(str(pair)) as stylizer:
        stylizer.encode(stripes(1))


# A light start


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=Path(realtime.__file__).parent.parent,
    )


def test_litert_needs_no_tensorflow_and_says_nothing(pair: Path) -> None:
    done = run_python(
        """
        import sys
        import numpy as np
        sys.modules["tensorflow"] = sys.modules["tensorflow_hub"] = None  # importing either raises now
        import realtime
        stylizer = realtime.Stylizer(sys.argv[1])
        frame = np.zeros((48, 64, 3), np.uint8)
        print(stylizer(frame, stylizer.encode(frame)).shape)
        """,
        pair,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "(48, 64, 3)\n", "")


def test_tensorflow_says_nothing(tint: Path) -> None:
    done = run_python("import sys, realtime; print(realtime.Stylizer(sys.argv[1]).model.description)", tint)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("tint (TensorFlow on ")


def test_only_announcements_are_held_back() -> None:
    done = run_python(
        """
        import os, sys
        from realtime.models.native_output import without_announcements
        print("before", file=sys.stderr)
        try:
            with without_announcements("coffee"):
                os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\\nERROR: out of coffee\\n")
                print("a word of our own", file=sys.stderr)
                raise KeyError
        except KeyError:
            os.write(2, b"after\\n")
        """
    )
    assert (done.returncode, done.stderr) == (0, "before\nERROR: out of coffee\na word of our own\nafter\n")


def test_engines_start_without_a_terminal(pair: Path) -> None:
    """A program without standard error, as those started from a desktop have none."""
    done = run_python(
        "import os, sys; os.close(2); sys.stderr = None; import realtime; realtime.Stylizer(sys.argv[1]); print('fine')",
        pair,
    )
    assert (done.returncode, done.stdout) == (0, "fine\n")


@pytest.mark.skipif(sys.platform != "linux", reason="psutil counts elsewhere")
def test_cores_are_counted_as_psutil_does() -> None:
    usable = len(os.sched_getaffinity(0))
    assert physical_cores() == min(usable, psutil.cpu_count(logical=False) or usable)
