"""Changes of pictures for training: crops, colours, patterns, scribbles and grain, all drawn from seeds."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from realtime.models.grain import MIDDLE, Grain

from .data import Floats, Picture, resized


@functools.cache
def grain() -> Grain:
    """Make the grain that the frame network is trained with: noise without what is coarser or finer than a stroke.

    Returns:
        A tile of 256×256, which can be repeated.
    """
    noise = np.random.default_rng(2).standard_normal((256, 256), np.float32)
    around = np.tile(noise, (3, 3))  # so that it can be repeated
    fine, coarse = (cv2.GaussianBlur(around, (0, 0), reach)[256:512, 256:512] for reach in (1.5, 4))
    strokes = (fine - coarse) / (fine - coarse).std()
    return Grain(np.rint(np.clip(MIDDLE + 4 * strokes, 0, 255)).astype(np.uint8))


def with_grain(pictures: np.ndarray, laid: np.ndarray) -> Floats:
    """Lay grain over pictures.

    Args:
        pictures: (N, S, S, 3) in 0..255.
        laid: What the grain adds, (N, S, S).

    Returns:
        float32 (N, S, S, 3) in 0..1, as the networks take them.
    """
    return np.asarray(np.clip(pictures + laid[..., None].astype(np.float32), 0, 255) / np.float32(255), np.float32)


def moved_by(pictures: np.ndarray, part: np.ndarray) -> np.ndarray:
    """Sample pictures a fraction of a pixel further down and to the right (bicubic).

    Args:
        pictures: (N, S, S, 3).
        part: How far down and to the right, (2,), in pixels.

    Returns:
        The moved pictures, of the same shape.
    """
    move = np.array([[1, 0, part[1]], [0, 1, part[0]]], np.float32)
    how = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.stack(
        [cv2.warpAffine(p, move, p.shape[1::-1], flags=how, borderMode=cv2.BORDER_REFLECT) for p in pictures]
    )


def random_crop(picture: Picture, size: int, rng: np.random.Generator, scale: tuple[float, float]) -> Picture:
    """Take a random square out of a picture, mirrored half of the time.

    Args:
        picture: RGB uint8 (H, W, 3).
        size: The side of the square, in pixels.
        rng: Where the choices come from.
        scale: The picture is resized so that its short side is `size` times a number between these two.

    Returns:
        uint8 (size, size, 3).
    """
    height, width = picture.shape[:2]
    short = size * rng.uniform(*scale)
    factor = short / min(height, width)
    new_w, new_h = max(size, round(width * factor)), max(size, round(height * factor))
    scaled = resized(picture, new_w, new_h)
    top, left = rng.integers(0, new_h - size + 1), rng.integers(0, new_w - size + 1)
    crop = scaled[top : top + size, left : left + size]
    return np.ascontiguousarray(crop[:, ::-1] if rng.random() < 0.5 else crop)


def jitter(picture: Picture, rng: np.random.Generator, strength: float = 1.0) -> Picture:
    """Change exposure, contrast, saturation and white balance at random.

    Args:
        picture: RGB uint8 (H, W, 3).
        rng: Where the changes come from.
        strength: A factor of all changes.

    Returns:
        The changed picture, of the same shape.
    """
    x = picture.astype(np.float32) / 255
    x = x ** np.float32(np.exp(rng.normal(0, 0.25 * strength)))
    x = (x - 0.5) * np.float32(np.exp(rng.normal(0, 0.2 * strength))) + 0.5 + np.float32(rng.normal(0, 0.05 * strength))
    grey = x.mean(axis=2, keepdims=True)
    x = grey + (x - grey) * np.float32(np.exp(rng.normal(0, 0.3 * strength)))
    x = x * np.exp(rng.normal(0, 0.06 * strength, 3)).astype(np.float32)
    return np.asarray((np.clip(x, 0, 1) * 255 + 0.5).astype(np.uint8))


def vivid(picture: Picture, rng: np.random.Generator) -> Picture:
    """Give a picture other, mostly stronger colours: every hue turned alike, saturation and contrast raised.

    Args:
        picture: RGB uint8 (H, W, 3).
        rng: Where the changes come from.

    Returns:
        The changed picture, of the same shape.
    """
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 0] = (hsv[..., 0] + rng.uniform(0, 180)) % 180
    hsv[..., 1] = np.clip(hsv[..., 1] * rng.uniform(1.0, 3.0), 0, 255)
    hsv[..., 2] = np.clip((hsv[..., 2] - 128) * rng.uniform(0.9, 1.8) + 128, 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def patterned(picture: Picture, rng: np.random.Generator) -> Picture:
    """Fill a picture with small copies of itself, every other copy mirrored half of the time.

    Args:
        picture: RGB uint8, square: (S, S, 3).
        rng: Where the choices come from.

    Returns:
        The pattern, of the same shape.
    """
    size, count = picture.shape[0], int(rng.integers(2, 6))
    small = resized(picture, -(-size // count), -(-size // count))
    mirrored = np.concatenate([small, small[:, ::-1]], axis=1) if rng.random() < 0.5 else np.tile(small, (1, 2, 1))
    return np.ascontiguousarray(np.tile(mirrored, (count, -(-count // 2), 1))[:size, :size])


def scribbled(rng: np.random.Generator, size: int = 256) -> Picture:
    """Draw a picture that no painter made: random ground, gradients, strokes, dots and stripes in a random palette.

    Args:
        rng: Where everything comes from.
        size: The side, in pixels.

    Returns:
        RGB uint8 (size, size, 3).
    """
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
