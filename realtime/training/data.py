"""Pictures, style codes and training samples: loading, holding back, cropping, noise; everything follows from seeds.

Pictures on disk and in memory are uint8 RGB, (H, W, 3). A training sample is made from an index alone, so a run that
is interrupted and resumed sees the same samples as one that is not.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.core.errors import UsageError
from realtime.models.grain import MIDDLE, Grain

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}
HELD_BACK = Path(__file__).with_name("held_back.txt")
MARGIN = 8
"""A sample is this many pixels larger than a view of it, so that two views can lie shifted within it."""


def read_held_back(path: Path = HELD_BACK) -> dict[str, list[str]]:
    """The names never trained on: ``{"photos": [...], "styles": [...]}``."""
    names: dict[str, list[str]] = {"photos": [], "styles": []}
    section = "photos"
    for line in path.read_text(encoding="utf-8").splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            names[section].append(line)
    return names


def list_pictures(folder: str | Path, without: Sequence[str] = ()) -> list[Path]:
    """The picture files of a folder, sorted by name, without the names given."""
    left_out = set(without)
    if not Path(folder).is_dir():
        raise UsageError(f"there is no folder {folder}")
    found = [p for p in sorted(Path(folder).iterdir()) if p.suffix.lower() in SUFFIXES and p.name not in left_out]
    if not found:
        raise UsageError(f"no pictures in {folder}")
    return found


def read_picture(path: Path) -> Picture:
    """One picture as RGB, (H, W, 3)."""
    data = np.fromfile(path, np.uint8)
    bgr = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    if bgr is None:
        raise UsageError(f"{path} is no picture that can be read; take it out of the folder")
    return np.ascontiguousarray(bgr[:, :, ::-1])


def clip_frames(path: Path, every: int = 30, side: int = 512) -> list[Picture]:
    """One frame in `every` of a clip as RGB, the long side at most `side`."""
    capture = cv2.VideoCapture(str(path))
    frames: list[Picture] = []
    number = 0
    while capture.grab():
        if number % every == every // 2:
            frame = np.asarray(capture.retrieve()[1])
            height, width = frame.shape[:2]
            factor = min(1.0, side / max(height, width))
            small = resized(frame.astype(np.uint8), round(width * factor), round(height * factor))
            frames.append(np.ascontiguousarray(small[:, :, ::-1]))
        number += 1
    capture.release()
    return frames


def load_training(folder: str | Path, without: Sequence[str], clips: str | Path | None = None) -> list[Picture]:
    """The pictures of a folder but those held back, and frames of the clips of another."""
    pictures = [read_picture(p) for p in list_pictures(folder, without)]
    found = sorted(Path(clips).glob("*.mp4")) if clips else []
    if clips and not found:
        raise UsageError(f"there are no .mp4 clips in {clips}")
    for clip in found:
        pictures += clip_frames(clip)
    return pictures


def load_held_back(folder: str | Path, names: Sequence[str]) -> list[Picture]:
    """The held-back pictures that the folder has; all of its pictures, which is said, when it has none of them."""
    listed = list_pictures(folder)
    found = [p for p in listed if p.name in set(names)]
    if not found:
        print(f"none of the pictures held back is in {folder}: all {len(listed)} are taken, trained with or not")
    return [read_picture(p) for p in found or listed]


def resized(picture: Picture, width: int, height: int) -> Picture:
    """The picture at another size: area averaging when it shrinks, bilinear when it grows."""
    shrink = width * height < picture.shape[0] * picture.shape[1]
    return np.asarray(
        cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if shrink else cv2.INTER_LINEAR)
    )


@functools.cache
def grain() -> Grain:
    """The grain that the frame network is trained with, 256x256: noise without what is coarser or finer than a stroke."""
    noise = np.random.default_rng(2).standard_normal((256, 256), np.float32)
    around = np.tile(noise, (3, 3))  # so that it can be repeated
    fine, coarse = (cv2.GaussianBlur(around, (0, 0), reach)[256:512, 256:512] for reach in (1.5, 4))
    strokes = (fine - coarse) / (fine - coarse).std()
    return Grain(np.rint(np.clip(MIDDLE + 4 * strokes, 0, 255)).astype(np.uint8))


def random_crop(picture: Picture, size: int, rng: np.random.Generator, scale: tuple[float, float]) -> Picture:
    """A square of `size` pixels out of the picture, scaled so that its short side is `size` times `scale`; maybe
    mirrored."""
    height, width = picture.shape[:2]
    short = size * rng.uniform(*scale)
    factor = short / min(height, width)
    new_w, new_h = max(size, round(width * factor)), max(size, round(height * factor))
    scaled = resized(picture, new_w, new_h)
    top, left = rng.integers(0, new_h - size + 1), rng.integers(0, new_w - size + 1)
    crop = scaled[top : top + size, left : left + size]
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)


def jitter(picture: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """Random changes of exposure, contrast, saturation and white balance."""
    x = picture.astype(np.float32) / 255
    x = x ** np.float32(np.exp(rng.normal(0, 0.25 * strength)))
    x = (x - 0.5) * np.float32(np.exp(rng.normal(0, 0.2 * strength))) + 0.5 + np.float32(rng.normal(0, 0.05 * strength))
    grey = x.mean(axis=2, keepdims=True)
    x = grey + (x - grey) * np.float32(np.exp(rng.normal(0, 0.3 * strength)))
    x = x * np.exp(rng.normal(0, 0.06 * strength, 3)).astype(np.float32)
    return np.asarray((np.clip(x, 0, 1) * 255 + 0.5).astype(np.uint8))


def vivid(picture: Picture, rng: np.random.Generator) -> Picture:
    """The picture in other, mostly stronger colours: every hue turned alike, saturation and contrast raised."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 180)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(1.0, 3.0), 0, 255)
    hsv[..., 2] = np.clip((hsv[..., 2] - 128) * rng.uniform(0.9, 1.8) + 128, 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def patterned(picture: Picture, rng: np.random.Generator) -> Picture:
    """The picture made small and repeated, every other one mirrored or not, to its own size."""
    size, count = picture.shape[0], int(rng.integers(2, 6))
    small = resized(picture, -(-size // count), -(-size // count))
    mirrored = np.concatenate([small, small[:, ::-1]], axis=1) if rng.random() < 0.5 else np.tile(small, (1, 2, 1))
    return np.ascontiguousarray(np.tile(mirrored, (count, -(-count // 2), 1))[:size, :size])


def scribbled(rng: np.random.Generator, size: int = 256) -> Picture:
    """A picture that no painter made: random ground, gradients, strokes, dots and stripes in a random palette."""
    palette = rng.integers(0, 256, (int(rng.integers(2, 7)), 3))

    def colour() -> tuple[int, int, int]:
        c = np.clip(palette[rng.integers(len(palette))] + rng.normal(0, 12, 3), 0, 255)
        return int(c[0]), int(c[1]), int(c[2])

    canvas = np.full((size, size, 3), colour(), np.uint8)
    low = rng.integers(2, 9)
    blobs = cv2.resize(
        palette[rng.integers(len(palette), size=(low, low))].astype(np.float32),
        (size, size),
        interpolation=[cv2.INTER_NEAREST, cv2.INTER_CUBIC][int(rng.integers(2))],
    )
    canvas = np.clip(canvas + rng.random() * (blobs - canvas), 0, 255).astype(np.uint8)
    kind, thick, long = rng.integers(5), int(rng.integers(1, 12)), rng.uniform(4, 70)
    turn = rng.uniform(0, np.pi)
    for _ in range(int(rng.integers(20, 900))):
        x, y = rng.integers(0, size, 2)
        angle = turn + rng.normal(0, 0.3) if kind != 1 else rng.uniform(0, 2 * np.pi)
        tip = (int(x + long * np.cos(angle)), int(y + long * np.sin(angle)))
        if kind <= 1:
            cv2.line(canvas, (int(x), int(y)), tip, colour(), thick, cv2.LINE_AA)
        elif kind == 2:
            cv2.circle(canvas, (int(x), int(y)), thick, colour(), -1, cv2.LINE_AA)
        elif kind == 3:
            cv2.ellipse(
                canvas,
                (int(x), int(y)),
                (max(1, int(long)), thick),
                np.degrees(angle),
                0,
                int(rng.integers(90, 361)),
                colour(),
                int(rng.integers(1, 4)),
                cv2.LINE_AA,
            )
        else:
            cv2.rectangle(canvas, (int(x), int(y)), tip, colour(), -1 if rng.random() < 0.5 else 2)
    if rng.random() < 0.3:
        canvas = np.asarray(cv2.GaussianBlur(canvas, (0, 0), rng.uniform(0.5, 4)))
    if rng.random() < 0.5:
        grain = rng.normal(0, rng.uniform(2, 25), canvas.shape)
        canvas = np.clip(canvas + grain, 0, 255).astype(np.uint8)
    return canvas


def make_codes(
    encode: Callable[[Picture], Floats], pictures: Sequence[Picture], photos: Sequence[Picture], crops: int, seed: int
) -> Floats:
    """Style codes (M, 100): each style picture whole and in `crops` crops (some recoloured), and some of photos and
    scribbles."""
    rng = np.random.default_rng([seed, 77])
    codes = []
    for picture in pictures:
        codes.append(encode(resized(picture, 256, 256)))
        for k in range(crops):
            crop = random_crop(picture, 256, rng, (1.0, 1.8))
            codes.append(encode(jitter(crop, rng) if k % 2 else crop))
    codes += [encode(resized(p, 256, 256)) for p in photos[::4]]
    codes += [encode(scribbled(rng)) for _ in range(len(pictures))]
    return np.stack(codes).astype(np.float32)


def draw_code(
    banks: Sequence[Floats], rng: np.random.Generator, mixed: float = 0.4, moved: float = 0.5
) -> list[Floats]:
    """A style as each bank (M, 100) has it: one of the M, or in the share `mixed` a mixture of two; codes (100,).

    In the share `moved` it is moved by up to a third of the way between two others: codes that no style picture at hand
    has.
    """
    count = len(banks[0])
    if any(len(bank) != count for bank in banks):
        raise UsageError(
            f"codes of {' and '.join(str(len(bank)) for bank in banks)} styles: they are of other pictures"
        )
    first, second, part = int(rng.integers(count)), int(rng.integers(count)), np.float32(rng.random())
    if rng.random() >= mixed:
        part = np.float32(0)
    codes = [np.asarray(bank[first] + part * (bank[second] - bank[first]), np.float32) for bank in banks]
    if rng.random() < moved:
        start, end, far = int(rng.integers(count)), int(rng.integers(count)), np.float32(rng.uniform(0, 0.35))
        codes = [code + far * (bank[end] - bank[start]) for code, bank in zip(codes, banks, strict=True)]
    return codes


def moved_by(pictures: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Pictures (N, S, S, 3) sampled `part` (2,) of a pixel further down and to the right (bicubic)."""
    move = np.array([[1, 0, part[1]], [0, 1, part[0]]], np.float32)
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.stack(
        [cv2.warpAffine(p, move, p.shape[1::-1], flags=how, borderMode=cv2.BORDER_REFLECT) for p in pictures]
    )


def with_grain(pictures: np.ndarray, laid: np.ndarray) -> Floats:
    """Pictures (N, S, S, 3) in 0..255 with what the grain adds, (N, S, S): in 0..1, as the networks take them."""
    return np.asarray(np.clip(pictures + laid[..., None].astype(np.float32), 0, 255) / np.float32(255), np.float32)


@dataclass
class Sample:
    """A content crop, the code that the student is given, the teacher's code, what the grain adds, and what the teacher
    paints of the crop with it.

    Both pictures are uint8 (S, S, 3), both codes (100,), the grain int16 (S, S).
    """

    content: Picture
    code: Floats
    target: Floats
    grain: NDArray[np.int16]
    label: Picture


Banks = Callable[[int], tuple[Floats, Floats]]
"""The codes that the samples new at a step are drawn from: the teacher's (M, 100), and those of the same styles that the
student is given, (M, 100)."""
Labeller = Callable[[Floats, Floats], Floats]
"""Contents (N, S, S, 3) in 0..1 and codes (N, 100) -> the teacher's pictures (N, S, S, 3) in 0..1."""


class Samples:
    """An endless, growing row of samples, labelled when first needed and kept in memory for a while.

    Sample number i follows from the seed and i alone. Of the `batch` samples of a step, `fresh` are new and the others
    are drawn from the last `keep` ones, which saves most of the teacher's time.
    """

    def __init__(
        self,
        photos: Sequence[Picture],
        banks: Banks,
        label: Labeller,
        view: int,
        batch: int,
        fresh: int,
        keep: int = 6000,
        start: int = 48,
        seed: int = 0,
    ) -> None:
        self.photos, self.banks, self.label = photos, banks, label
        self.view, self.size, self.batch, self.fresh = view, view + MARGIN, batch, fresh
        self.keep, self.start, self.seed = keep, start, seed
        self.cache: OrderedDict[int, Sample] = OrderedDict()
        self.noise = np.random.default_rng([seed, 4]).standard_normal(6 * batch * view * view, np.float32)

    def draw(self, index: int) -> tuple[Picture, Floats, Floats, NDArray[np.int16]]:
        """Content, the teacher's code, the student's, and the grain of sample number `index`, before labelling."""
        rng = np.random.default_rng([self.seed, 1, index])
        crop = random_crop(self.photos[int(rng.integers(len(self.photos)))], self.size, rng, (1.0, 1.8))
        if rng.random() < 0.3:
            crop = jitter(crop, rng, 0.7)
        if rng.random() < 0.06:  # bare walls and backgrounds out of focus
            crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(2, 30)))
        target, code = draw_code(self.banks(max(0, index - self.start) // self.fresh), rng)
        top, left = (int(rng.integers(side)) for side in grain().tile.shape)
        return crop, target, code, grain().piece(self.size, self.size, top, left)

    def fetch(self, indices: Sequence[int]) -> list[Sample]:
        """The samples of these numbers; those not in memory are labelled, `fresh` at a time."""
        missing = [i for i in dict.fromkeys(indices) if i not in self.cache]
        step = max(1, self.fresh)
        for at in range(0, len(missing), step):
            part = missing[at : at + step]
            drawn = [self.draw(i) for i in part + [part[-1]] * (step - len(part))]
            contents = with_grain(np.stack([c for c, _, _, _ in drawn]), np.stack([g for _, _, _, g in drawn]))
            labels = self.label(contents, np.stack([t for _, t, _, _ in drawn]))
            for i, (content, target, code, laid), label in zip(part, drawn, labels, strict=False):
                painted = (np.clip(label, 0, 1) * 255 + 0.5).astype(np.uint8)
                self.cache[i] = Sample(content, code, target, laid, painted)
        found = [self.cache[i] for i in indices]
        while len(self.cache) > self.keep:
            self.cache.popitem(last=False)
        return found

    def step(self, number: int, noise: float = 5.0) -> dict[str, np.ndarray]:
        """The batch of training step `number`.

        ``first`` and ``second``: two noisy views (N, V, V, 3) of the same contents, the second shifted by ``shift``
        (2,) pixels and parts of them, under the same grain, which lies still as a camera moves; ``plain``: the first
        without noise and grain; ``label``: the teacher's picture of it; ``code`` (N, 1, 1, 100), the student's, and
        ``target`` (N, 100), the teacher's.
        """
        rng = np.random.default_rng([self.seed, 2, number])
        newest = self.start + number * self.fresh
        oldest = max(0, newest - self.keep // 2)
        old = rng.integers(oldest, newest, self.batch - self.fresh).tolist()
        picked = self.fetch(old + list(range(newest, newest + self.fresh)))
        still = rng.random() < 0.4
        a = rng.integers(0, MARGIN + 1, 2)
        b = a if still else rng.uniform(0, MARGIN, 2)
        at_b = np.floor(b).astype(int)
        contents = np.stack([s.content for s in picked]).astype(np.float32)
        labels = np.stack([s.label for s in picked]).astype(np.float32) / 255
        laid = np.stack([s.grain for s in picked])
        if rng.random() < 0.5:
            contents, labels, laid = contents[:, :, ::-1], labels[:, :, ::-1], laid[:, :, ::-1]

        def cut(x: np.ndarray, at: np.ndarray) -> np.ndarray:
            return x[:, at[0] : at[0] + self.view, at[1] : at[1] + self.view]

        others = contents if still else moved_by(np.ascontiguousarray(contents), b - at_b)

        def noisy(x: np.ndarray) -> np.ndarray:
            sigma = rng.uniform(0, noise, (len(x), 1, 1, 1)).astype(np.float32)
            at = int(rng.integers(self.noise.size - x.size))  # drawn anew, it would take longer than all else
            grown = self.noise[at : at + x.size].reshape(x.shape) * np.maximum(sigma, 0.5)
            return with_grain(np.clip(np.rint(x + grown), 0, 255), cut(laid, a))

        return {
            "first": noisy(cut(contents, a)),
            "second": noisy(cut(others, at_b)),
            "shift": (b - a).astype(np.float32),
            "plain": np.ascontiguousarray(cut(contents, a)) / np.float32(255),
            "label": np.ascontiguousarray(cut(labels, a)),
            "code": np.stack([s.code for s in picked])[:, None, None, :],
            "target": np.stack([s.target for s in picked]),
        }
