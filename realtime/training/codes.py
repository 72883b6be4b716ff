"""Style codes to train with, by the teacher and by our own style network."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np

from realtime.core.errors import UsageError

from .augment import jitter, random_crop, scribbled
from .data import Floats, Picture, resized
from .evaluate import LitePair, to_float


def make_codes(
    encode: Callable[[Picture], Floats], pictures: Sequence[Picture], photos: Sequence[Picture], crops: int, seed: int
) -> Floats:
    """Encode style pictures whole and in crops, some recoloured, and some photos and scribbles.

    Args:
        encode: Gives the code (100,) of an RGB picture (256, 256, 3).
        pictures: Style pictures of any size.
        photos: Photos, one in four of which serves as a style.
        crops: Crops of each style picture.
        seed: From which crops, colours and scribbles follow.

    Returns:
        Codes (M, 100), float32.
    """
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
    """Draw a style and give its code of every bank: of a style of the bank, or of a mixture of two.

    Args:
        banks: Codes (M, 100) of the same M styles, by different encoders.
        rng: Where the choices come from.
        mixed: The share of mixtures.
        moved: The share of codes moved by up to a third of the way between two others, to codes that no style picture has.

    Returns:
        A code (100,) of each bank.

    Raises:
        UsageError: The banks are of different numbers of styles.
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


def all_codes(
    folder: str | Path,
    styles: Sequence[Picture],
    photos: Sequence[Picture],
    crops: int,
    seed: int,
    cache: Path | None = None,
) -> Floats:
    """Make the codes to train with by the teacher's style network, or read them from the cache.

    Args:
        folder: Folder of Magenta's mobile pair.
        styles: Style pictures.
        photos: Photos.
        crops: Crops of each style picture.
        seed: From which crops and scribbles follow.
        cache: The file that keeps the codes; it is used again for the same pictures, crops and seed only.

    Returns:
        Codes (M, 100), float32.
    """
    digest = hashlib.blake2b(f"{crops} {seed}".encode(), digest_size=8)
    for picture in (*styles, *photos):
        digest.update(str(picture.shape).encode() + picture.tobytes())
    made_of = digest.hexdigest()
    if cache is not None and cache.exists():
        with np.load(cache) as arrays:
            if str(arrays.get("made_of")) == made_of:
                return np.asarray(arrays["codes"], np.float32)
    teacher = LitePair.teacher(folder)
    codes = make_codes(teacher.encode, styles, photos, crops, seed)
    if cache is not None:
        partial = cache.with_suffix(".tmp.npz")
        np.savez(partial, codes=codes, made_of=made_of)
        os.replace(partial, cache)
    return codes


def own_codes(
    style_net: keras.Model, styles: Sequence[Picture], photos: Sequence[Picture], crops: int, seed: int
) -> Floats:
    """Make the same codes by our own style network, so that the frame network learns to live with its errors.

    Args:
        style_net: The style network.
        styles: Style pictures.
        photos: Photos.
        crops: Crops of each style picture.
        seed: From which crops and scribbles follow.

    Returns:
        Codes (M, 100), float32.
    """
    waiting: list[Floats] = []
    done: list[Floats] = []

    def encode(picture: Picture) -> Floats:
        waiting.append(to_float(picture))
        if len(waiting) == 32:
            flush()
        return np.zeros(1, np.float32)

    def flush() -> None:
        full = np.concatenate(waiting + [waiting[-1]] * (32 - len(waiting)))
        done.append(np.asarray(style_net.predict_on_batch(full), np.float32).reshape(32, -1)[: len(waiting)])
        waiting.clear()

    make_codes(encode, styles, photos, crops, seed)
    if waiting:
        flush()
    return np.concatenate(done)
