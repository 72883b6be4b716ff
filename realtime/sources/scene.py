"""The demo scene: a woman by a lake in the evening, painted and moved by this file alone, for when there is no camera.

At the start every part is painted once, stroke by stroke, onto a transparent layer of its own (`Canvas`). A frame only
moves what is there: cloud strips slide, the lake mirrors the sky through waves, and tree, meadow and woman are bent by
a few smooth displacement fields (`Layer`), whose weights are sines of the time. Nothing is remembered from frame to
frame, so any `t` can be drawn at any moment, and hours do not wear it out.

Pictures are uint8, BGR; layers are uint8, BGRA, premultiplied (the colour is already multiplied by its alpha). Lengths
on a canvas are in its own `unit`, so many pixels; colours come from ramps, from dark to light, by a tone 0..1.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from realtime.core.buffers import reused

Picture = NDArray[np.uint8]
Field = NDArray[Any]  # coordinates, tones, displacements: float32 where there are many
Tone = Callable[[Field, Field], Field]

BLOCK = 8  # displacement is smooth: one value for so many pixels either way is enough
BAND = 64  # rows that are drawn at a time: so much stays in the processor's cache
NO_MAP: Any = None  # for remap's second map, which its type stubs do not let be None
SHIFT = 4  # cv2 draws at 1/16 pixel when coordinates come with 4 fractional bits

SKY = "2d5f86 4f93a3 9cc3ae f0dfae fbc98a f7a56b"
CIRRUS, CUMULUS = "e8a98f ffe3bd", "76698f a9809a e79a86 ffc893 fff0cc"
FAR_HILLS, NEAR_HILLS, SHORE = "8d86a6 c79c98", "4d6380 8f8f8a", "1b3b48 2f5550 6b7350 b39750"
GLINT, SUN = "000000 7a3c10 ffb458 fff4d0", "fff0c4 fff0c4"
LEAVES = "0e2a36 17454a 2b6a45 6d9438 c9b43c ffe07a"
BARK, HULL, SAIL, BIRD = "1c1a26 3b2a2e 6e4634 c07a48", "2a1822 7c2f2a", "b07a80 ffe9c4", "38384e 6a5a72"
GRASS, POPPY, DAISY = "10302f 1f5442 4b7f3f 97a444 ecc65c", "8e1f24 d83a26 ff7a4a", "b8a8c0 fff6e0"
SKIN, LIPS = "54303f 8a4550 c4735f eeaf86 ffdcb0 fff0d4", "4a1420 8c2a30 c4504a ec8a74 ffc8a8"
HAIR = "22101c 4a1d1f 87351f c8652a f2a048 ffd98c"
IRIS = "140d10 1d2a28 3f6f5c 78a070 fff8e8"
SCARF, DRESS = "5e1020 a51f26 e0452e ff8a50 ffc080", "0d2438 15405a 1f6a7c 4f9c9a a8d0b4"


# ---- tools: colours, noise, curves, brush ----------------------------------------------------------------------------


@functools.cache
def ramp(colours: str) -> Picture:
    """Make a table 256x1x3 from dark to light through some "rrggbb"."""
    stops = np.array([[int(c[i : i + 2], 16) for i in (4, 2, 0)] for c in colours.split()])
    at = np.linspace(0, len(stops) - 1, 256)
    table = np.stack([np.interp(at, np.arange(len(stops)), channel) for channel in stops.T], axis=-1)
    return table.astype(np.uint8)[:, None]


def tinted(tone: Field, colours: str) -> Picture:
    """Colour a field of tones (HxW, 0..1) by a ramp."""
    return cv2.applyColorMap(np.clip(tone * 255, 0, 255).astype(np.uint8), ramp(colours)).astype(np.uint8, copy=False)


def smoothstep(low: float, high: float, x: Field) -> Field:
    """0 up to `low`, 1 from `high` on, an S between."""
    f = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(f * f * (3 - 2 * f))


def bump(x: Field, y: Field, at: tuple[float, float], size: tuple[float, float]) -> Field:
    """Make a soft hill of height 1 at a point."""
    hill: Field = np.exp(-(((x - at[0]) / size[0]) ** 2)) * np.exp(-(((y - at[1]) / size[1]) ** 2))
    return hill


def noise(rng: np.random.Generator, shape: tuple[int, int], cell: tuple[float, float], octaves: int) -> Field:
    """Soft noise (HxW, about -1..1), periodic along x; `cell`: (width, height) of its largest blots in pixels."""
    rows, columns = (max(2, round(n / c)) for n, c in zip(shape, cell[::-1], strict=True))
    field: Field = np.zeros((rows + 1, columns), np.float32)
    for octave in range(octaves):
        if octave:
            around = np.pad(field, ((0, 0), (2, 2)), mode="wrap")
            field = cv2.resize(around, None, fx=2, fy=2)[:, 4:-4]
        field += rng.standard_normal(field.shape, np.float32) * 0.6 * 0.5**octave
    around = np.pad(field, ((0, 0), (2, 2)), mode="wrap")
    scale = field.shape[1] / shape[1], (field.shape[0] - 1) / shape[0]
    to_field = np.array([[scale[0], 0, 2 + scale[0] / 2 - 0.5], [0, scale[1], 0]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(around, to_field, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)


def spline(points: ArrayLike, samples: int, closed: bool = False) -> Field:
    """Draw a smooth curve (..., samples, 2) through points (..., n, 2): Catmull and Rom's."""
    p = np.asarray(points, np.float32)
    first, last = p[..., :1, :], p[..., -1:, :]
    before, after = (last, first) if closed else (2 * first - p[..., 1:2, :], 2 * last - p[..., -2:-1, :])
    q = np.concatenate([before, p, after, p[..., 1:2, :]], axis=-2)
    segments = p.shape[-2] - (not closed)
    u = np.linspace(0, segments, samples, endpoint=not closed, dtype=np.float32)
    i = np.minimum(u.astype(int), segments - 1)
    f = (u - i)[:, None]
    a, b, c, d = (q[..., i + k, :] for k in range(4))
    curve: Field = b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)))
    return curve


def fill(picture: Picture, outlines: Field, colours: ArrayLike) -> None:
    """Fill outlines (n, m, 2), in pixels, each with its opaque colour (n, 3), with soft edges, in place."""
    points = np.round(outlines * (1 << SHIFT)).astype(np.int32)
    for outline, colour in zip(points, np.asarray(colours).reshape(-1, 3).tolist(), strict=True):
        cv2.fillPoly(picture, [outline], (*colour, 255), cv2.LINE_AA, SHIFT)


def strokes(
    picture: Picture, spines: Field, widths: ArrayLike, tones: ArrayLike, colours: str, blunt: float = 0.7
) -> None:
    """Brush strokes along spines (n, m, 2), pixels wide in the middle; the smaller `blunt`, the broader the ends."""
    along = np.gradient(spines, axis=1)
    length = np.hypot(along[..., 0], along[..., 1]) + 1e-6
    profile = np.sin(np.linspace(0.03, math.pi - 0.03, spines.shape[1])) ** blunt
    reach = np.asarray(widths, np.float32).reshape(-1, 1) / 2 * profile / length
    side = np.stack([-along[..., 1] * reach, along[..., 0] * reach], axis=-1)
    index = np.clip(np.asarray(tones) * 255, 0, 255).astype(int)
    fill(picture, np.concatenate([spines + side, (spines - side)[:, ::-1]], axis=1), ramp(colours)[index, 0])


def wave(t: float, period: float, phase: float = 0) -> float:
    """Give a sine of the time, of a period in seconds; phase 0..1."""
    return math.sin(math.tau * (math.fmod(t, period) / period + phase))


# ---- layers: painting them, moving them ------------------------------------------------------------------------------


class Canvas:
    """A transparent layer to paint on, with lengths of its own: pixel = origin + unit * point."""

    def __init__(self, width: int, height: int, unit: float, origin: tuple[float, float]) -> None:
        self.image: Picture = np.zeros((height, width, 4), np.uint8)
        self.unit, self.origin = unit, np.array(origin, np.float32)

    def grid(self) -> tuple[Field, Field]:
        """Give the coordinates x (1, W) and y (H, 1) of the pixels."""
        height, width = self.image.shape[:2]
        return self.points(np.arange(width), np.arange(height))

    def blocks(self) -> tuple[Field, Field]:
        """Give the coordinates of the middles of blocks of BLOCK x BLOCK pixels, and of a ring of blocks around the canvas."""
        x, y = ((np.arange(-1, -(-n // BLOCK) + 1) + 0.5) * BLOCK - 0.5 for n in self.image.shape[1::-1])
        return self.points(x, y)

    def points(self, column: NDArray[Any], row: NDArray[Any]) -> tuple[Field, Field]:
        """Give the coordinates x (1, W) and y (H, 1) of columns and rows of pixels."""
        x, y = (column - self.origin[0]) / self.unit, (row - self.origin[1]) / self.unit
        return x.astype(np.float32)[None], y.astype(np.float32)[:, None]

    def pixels(self, points: ArrayLike) -> Field:
        """Where points (..., 2) lie on the image."""
        pixels: Field = np.asarray(points, np.float32) * np.float32(self.unit) + self.origin
        return pixels

    def wash(self, outline: ArrayLike, tone: Field, colours: str) -> None:
        """Fill an outline (n, 2) with a field of tones (HxW of the canvas, or what broadcasts to it)."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        fill(mask, self.pixels(outline)[None], [255, 0, 0])
        x, y, w, h = cv2.boundingRect(mask)
        inside = np.s_[y : y + h, x : x + w]
        paint = cv2.cvtColor(tinted(np.broadcast_to(tone, mask.shape)[inside], colours), cv2.COLOR_BGR2BGRA)
        weight = mask[inside] / np.float32(255)
        self.image[inside] = cv2.blendLinear(paint, np.ascontiguousarray(self.image[inside]), weight, 1 - weight)

    def strokes(self, spines: Field, widths: ArrayLike, tones: ArrayLike, colours: str, blunt: float = 0.7) -> None:
        """`strokes` on this canvas, in its unit."""
        strokes(self.image, self.pixels(spines), np.multiply(widths, self.unit), tones, colours, blunt)

    def line(self, points: ArrayLike, width: float, tone: float, colours: str, blunt: float = 0.7) -> None:
        """One stroke through a few points (n, 2)."""
        self.strokes(spline(points, 14)[None], [width], [tone], colours, blunt)

    def bundle(
        self, rng: np.random.Generator, guides: ArrayLike, count: int, width: float, colours: str, tone: Tone
    ) -> None:
        """Fill the band between two guide curves (2, n, 2) with strokes along it: hair, cloth, bark.

        `tone(u, v)` is the tone across (u: 0 on the first guide) and along the band (v: 0 at its start).
        """
        first, second = spline(guides, 40)
        ground = ramp(colours)[int(255 * 0.7 * tone(np.array([0.5]), np.array([0.5]))[0])]
        fill(self.image, self.pixels(np.concatenate([first[:36], second[35::-1]]))[None], ground)
        u = rng.permutation(np.linspace(0, 1, count, dtype=np.float32))
        span = rng.uniform(0.3, 0.65, count)
        start = rng.uniform(0, 1, count) * (1 - span)
        at = ((start[:, None] + span[:, None] * np.linspace(0, 1, 14)) * 39).astype(int)
        spines = first[at] * (1 - u)[:, None, None] + second[at] * u[:, None, None]
        spines += rng.normal(0, 0.35 * width, (count, 1, 2)).astype(np.float32)
        tones = tone(u, (start + span / 2).astype(np.float32)) + rng.normal(0, 0.09, count)
        self.strokes(spines, width * rng.uniform(0.5, 1.2, count), tones, colours)


class Layer:
    """A painted canvas that is laid over the frame, bent by a weighted sum of smooth displacement fields."""

    def __init__(self, canvas: Canvas, left: int, top: int, fields: Sequence[tuple[Field, Field]]) -> None:
        """`left`, `top`: its corner on the frame; `fields`: (dx, dy) over `canvas.blocks()`, for a weight of 1."""
        self.image, self.left, self.top = canvas.image, left, top
        x, y = canvas.blocks()
        pairs = [np.stack(np.broadcast_arrays(*pair, x + y)[:2], axis=-1) for pair in fields]
        self.fields = -np.stack(pairs).astype(np.float32) * np.float32(canvas.unit)
        self.still = canvas.pixels(np.stack(np.broadcast_arrays(x, y), axis=-1))
        # Room for the work on a band: memory that comes and goes costs as much as the work itself.
        self.where = np.empty((BAND + 2 * BLOCK, x.size * BLOCK, 2), np.float32)
        self.moved = np.empty((BAND, *self.image.shape[1:]), np.uint8)
        self.first, self.end = painted_columns(self.image[..., 3] > 0)

    def draw(self, frame: Picture, weights: Sequence[float]) -> None:
        """Lay the layer over the frame, in place."""
        height, width = self.image.shape[:2]
        moves = np.tensordot(np.array(weights, np.float32), self.fields, 1)
        reach = math.ceil(float(np.abs(moves).max()) + 1)
        places = self.still + moves
        part = frame[self.top : self.top + height, self.left : self.left + width]
        for row in range(0, height, BAND):
            near = slice(max(row - reach, 0), row + BAND + reach)
            first, end = max(self.first[near].min() - reach, 0), min(self.end[near].max() + reach, width)
            if first >= end:
                continue
            blocks = places[row // BLOCK : (row + BAND) // BLOCK + 2]  # with a ring of its own
            where = self.where[: len(blocks) * BLOCK]
            cv2.resize(blocks, where.shape[1::-1], dst=where)
            high = min(BAND, height - row)
            where, moved = where[BLOCK : BLOCK + high, first + BLOCK : end + BLOCK], self.moved[:high, first:end]
            cv2.remap(self.image, where, NO_MAP, cv2.INTER_LINEAR, moved, cv2.BORDER_REPLICATE)
            over(part[row : row + high, first:end], moved)


def painted_columns(mask: NDArray[np.bool_]) -> tuple[Field, Field]:
    """Find the first column that is true in each row of a mask, and the column after the last; (width, 0) without any."""
    painted, width = mask.any(axis=1), mask.shape[1]
    first = np.where(painted, mask.argmax(axis=1), width)
    return first, np.where(painted, width - mask[:, ::-1].argmax(axis=1), 0)


def over(picture: Picture, layer: Picture) -> None:
    """Lay a premultiplied BGRA layer over a picture of the same size, in place."""
    for row in range(0, len(layer), BAND):
        band, part = layer[row : row + BAND], picture[row : row + BAND]
        behind = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(band, 3)), cv2.COLOR_GRAY2BGR)
        cv2.multiply(part, behind, dst=part, scale=1 / 255)
        cv2.add(part, cv2.cvtColor(band, cv2.COLOR_BGRA2BGR), dst=part)


# ---- the woman: lengths in half heads, (0, 0) between the eyes, y down -----------------------------------------------

FACE = ((0.2, 0.97), (0.42, 0.77), (0.57, 0.48), (0.65, 0.12), (0.67, -0.25), (0.58, -0.65), (0.34, -0.9))
EYES = ((-1, (-0.28, 0.02)), (1, (0.28, 0.02)))  # the side of the face, the middle of the eye
SUNWARDS = (-0.78, -0.3, 0.55)  # x, y, and z out of the picture: the sun stands low on the left


def mirrored(points: ArrayLike, side: int = -1) -> Field:
    """Points (..., 2) for the right (1) or the left (-1) side of the face."""
    return np.multiply(points, (side, 1))


def face_relief(x: Field, y: Field) -> Field:
    """How far the face stands out: an egg, and on it nose, brows, cheeks, lips and chin."""
    side = np.abs(x)
    relief = 0.95 * np.sqrt(np.clip(1.12 - (x / 0.78) ** 2 - (y / 1.18) ** 2, 0.02, None))
    nose = smoothstep(-0.28, 0.36, y) * (1 - smoothstep(0.36, 0.5, y))
    relief += 0.27 * nose * np.exp(-((x / (0.07 + 0.05 * nose)) ** 2)) + 0.05 * bump(side, y, (0.1, 0.39), (0.06, 0.06))
    relief += 0.05 * bump(side, y, (0.28, -0.2), (0.22, 0.08)) - 0.12 * bump(side, y, (0.27, -0.02), (0.17, 0.12))
    relief += 0.07 * bump(side, y, (0.4, 0.3), (0.16, 0.16)) + 0.08 * bump(x, y, (0, 0.88), (0.17, 0.12))
    relief += 0.06 * bump(x, y, (0, 0.6), (0.18, 0.06)) + 0.05 * bump(x, y, (0, 0.71), (0.14, 0.05))
    relief -= 0.05 * bump(x, y, (0, 0.79), (0.15, 0.04)) + 0.04 * bump(side, y, (0.25, 0.63), (0.05, 0.06))
    return relief.astype(np.float32)


def sunlight(relief: Field, unit: float) -> Field:
    """How much sun (up to 1) falls on a relief, smoothed to a painter's planes."""
    soft = cv2.GaussianBlur(relief * np.float32(unit), (0, 0), 0.025 * unit)
    dx, dy = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)
    light: Field = (SUNWARDS[2] - SUNWARDS[0] * dx - SUNWARDS[1] * dy) / np.sqrt(1 + dx * dx + dy * dy)
    return light


def paint_back_hair(canvas: Canvas, rng: np.random.Generator) -> None:
    """Paint the hair behind head and shoulders, blown to the right."""
    left = ((-0.4, -0.9), (-0.86, -0.1), (-0.88, 0.7), (-0.95, 1.3), (-0.8, 1.8))
    right = ((0, -0.9), (-0.4, 0), (-0.3, 0.7), (-0.3, 1.2), (-0.5, 1.6))
    canvas.bundle(rng, (left, right), 30, 0.08, HAIR, lambda u, v: 0.34 - 0.2 * u)
    inner = ((0.2, -0.9), (0.5, -0.2), (0.5, 0.6), (0.65, 1.2), (1.15, 1.55), (1.75, 1.45))
    outer = ((0.1, -1.12), (0.78, -0.84), (0.96, -0.25), (1.1, 0.3), (1.55, 0.75), (2.15, 0.72))
    canvas.bundle(rng, (inner, outer), 110, 0.08, HAIR, lambda u, v: 0.2 + 0.24 * u + 0.18 * np.sin(v * 5 + u * 4) * u)
    lock = (((0.9, 0.3), (1.1, 0.75), (1.5, 1.15), (2.05, 1.2)), ((1.0, 0.2), (1.25, 0.65), (1.6, 1.0), (2.05, 1.1)))
    canvas.bundle(rng, lock, 16, 0.05, HAIR, lambda u, v: 0.5 + 0.2 * v)


def paint_dress(canvas: Canvas, rng: np.random.Generator) -> None:
    """Neck, shoulders, a dress with folds, and a red scarf whose end flies."""
    x, y = canvas.grid()
    neck = ((-0.3, 0.5), (-0.3, 1.1), (-0.6, 1.4), (-0.5, 1.9), (0.5, 1.9), (0.6, 1.4), (0.3, 1.1), (0.3, 0.5))
    under_chin = 0.42 * bump(x, y, (0.08, 0.92), (0.6, 0.3))
    canvas.wash(spline(neck, 60, True), 0.62 - 0.5 * smoothstep(-0.35, 0.4, x) - under_chin, SKIN)
    for side, bright in ((1, 0.3), (-1, 0.78)):

        def folds(u: Field, v: Field, bright: float = bright) -> Field:
            return np.asarray(bright - 0.35 * bright * u + 0.09 * np.sin(u * 11 + 3 * v))

        shoulder = mirrored(((0.3, 1.35), (0.95, 1.58), (1.42, 1.82), (1.62, 2.3), (1.72, 2.9), (1.78, 3.7)), side)
        middle = mirrored([(-0.03, row) for row in (1.6, 2.0, 2.4, 2.8, 3.2, 3.7)], side)
        canvas.bundle(rng, (shoulder, middle), 75, 0.12, DRESS, folds)
    upper = ((0.3, 1.2), (0.7, 1.5), (1.2, 1.5), (1.7, 1.25), (2.2, 1.35))
    lower = ((0.25, 1.5), (0.7, 1.85), (1.2, 1.95), (1.7, 1.65), (2.2, 1.6))
    canvas.bundle(rng, (upper, lower), 50, 0.09, SCARF, lambda u, v: 0.42 + 0.2 * np.sin(7 * u + 4 * v))
    upper = ((-0.42, 0.95), (-0.4, 1.2), (0, 1.42), (0.4, 1.2), (0.44, 0.95))
    lower = ((-0.6, 1.15), (-0.62, 1.5), (0, 1.86), (0.62, 1.5), (0.6, 1.15))
    canvas.bundle(rng, (upper, lower), 60, 0.1, SCARF, lambda u, v: 0.85 - 0.65 * v + 0.16 * np.sin(9 * u))


def paint_face(canvas: Canvas) -> None:
    """Paint the head without hair: skin shaded by its relief, then blush, eyes, nose and mouth."""
    x, y = canvas.grid()
    sun = sunlight(face_relief(x, y), canvas.unit)
    tone = 0.26 + 0.56 * smoothstep(-0.3, 0.95, sun) + 0.14 * smoothstep(0.75, 1.0, sun)
    tone -= 0.25 * bump(x, y, (0.1, -0.85), (0.8, 0.25)) + 0.16 * smoothstep(0.4, 0.7, x)  # the hair's shadow
    outline = np.concatenate([[(0, 1.01)], FACE, [(0, -0.98)], mirrored(FACE)[::-1]])
    canvas.wash(spline(outline, 120, True), tone, SKIN)
    blush = 0.4 * bump(np.abs(x), y, (0.38, 0.36), (0.2, 0.17)) + 0.22 * bump(x, y, (0, 0.4), (0.12, 0.1))
    for channel, loss in ((0, 0.45), (1, 0.38)):  # blue and green: what is left is redder
        canvas.image[..., channel] = canvas.image[..., channel] * (1 - loss * blush)
    for side, eye in EYES:
        paint_eye(canvas, side, eye)
        canvas.line(mirrored(((0.04, 0.452), (0.07, 0.437), (0.1, 0.45)), side), 0.032, 0.1, SKIN)  # nostril
    middle = ((-0.21, 0.624), (-0.1, 0.65), (0, 0.656), (0.1, 0.65), (0.21, 0.624))
    upper = ((0.1, 0.6), (0.04, 0.578), (0, 0.592), (-0.04, 0.578), (-0.1, 0.6))
    canvas.wash(spline((*middle, *upper), 60, True), 0.4 - 0.5 * x, LIPS)
    canvas.wash(spline((*middle, (0.12, 0.715), (0, 0.742), (-0.12, 0.715)), 60, True), 0.56 - 0.6 * x, LIPS)
    canvas.line(middle, 0.022, 0.05, LIPS)


def eyelids(side: int, eye: tuple[float, float]) -> Field:
    """Edges of the upper and the lower lid of an open eye (2, 24, 2), from the nose outwards."""
    low = np.array([(-0.15, 0.035), (-0.07, 0.065), (0.03, 0.07), (0.1, 0.045), (0.16, -0.015)], np.float32)
    high = np.array([(-0.15, 0.035), (-0.08, -0.055), (0.02, -0.09), (0.11, -0.065), (0.16, -0.015)], np.float32)
    return mirrored(spline([high, low], 24), side) + eye


def paint_eye(canvas: Canvas, side: int, eye: tuple[float, float]) -> None:
    """Paint an eye wide open (`Figure` draws the upper lid), the crease above it and the brow."""
    upper, lower = eyelids(side, eye)
    canvas.wash(np.concatenate([upper, lower[::-1]]), np.array([[0.9 if side < 0 else 0.72]]), "6a5a66 fff2e2")
    angle = np.linspace(0, math.tau, 24, endpoint=False)
    rows = np.argsort(upper[:, 0])
    discs = ((0.087, 0.2, 0, 0), (0.072, 0.5, 0, 0), (0.05, 0.74, 0, 0.02), (0.036, 0, 0, 0), (0.02, 1, -0.026, -0.024))
    for radius, tone, dx, dy in discs:  # rim, iris, its lit part, pupil, the sun's reflection
        disc = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * radius + eye + (dx - 0.014, dy - 0.004)
        high, low = (np.interp(disc[:, 0], edge[rows, 0], edge[rows, 1]) for edge in (upper, lower))
        disc[:, 1] = np.clip(disc[:, 1], high, low)
        canvas.wash(disc, np.array([[tone]]), IRIS)
    brow = mirrored(((-0.17, -0.16), (-0.05, -0.215), (0.08, -0.228), (0.2, -0.15)), side) + np.array((eye[0], 0))
    canvas.line(brow, 0.05, 0.22, HAIR, 0.8)
    crease = mirrored(((-0.13, -0.02), (-0.06, -0.11), (0.04, -0.135), (0.15, -0.07)), side) + eye
    canvas.line(crease, 0.022, 0.14, SKIN)
    canvas.line(lower[::6], 0.018, 0.2, SKIN)


def paint_front_hair(canvas: Canvas, rng: np.random.Generator) -> None:
    """Two curtains of hair from the parting, one on each side of the face."""
    right_in = ((0.16, -0.84), (0.36, -0.72), (0.56, -0.36), (0.65, 0.15), (0.58, 0.7), (0.66, 1.15), (1.0, 1.5))
    right_out = ((0.1, -1.14), (0.6, -1.08), (0.88, -0.5), (0.92, 0.15), (0.93, 0.7), (1.1, 1.1), (1.4, 1.35))
    left_out = ((0.14, -1.14), (-0.5, -1.1), (-0.88, -0.55), (-0.9, 0.15), (-0.86, 0.8), (-1.02, 1.4), (-0.9, 2.05))
    left_in = ((0.2, -0.86), (-0.2, -0.66), (-0.5, -0.3), (-0.63, 0.2), (-0.56, 0.8), (-0.62, 1.35), (-0.8, 2.0))

    def shady(u: Field, v: Field) -> Field:
        return np.asarray(0.3 + 0.12 * np.sin(u * 8) + 0.06 * u + 0.25 * bump(u, v, (0, 0.3), (9, 0.1)))

    def sunny(u: Field, v: Field) -> Field:
        return np.asarray(0.6 + 0.16 * np.sin(u * 9 + 1) - 0.25 * u + 0.3 * bump(u, v, (0, 0.35), (9, 0.12)))

    canvas.bundle(rng, (right_in, right_out), 90, 0.07, HAIR, shady)
    canvas.bundle(rng, (left_out, left_in), 100, 0.07, HAIR, sunny)


def figure_fields(x: Field, y: Field) -> list[tuple[Field, Field]]:
    """How she can move, as (dx, dy): turn, nod, tilt, breath, and two running waves through hair and scarf."""
    zero = np.zeros_like(x)
    globe = 0.42 * np.sqrt(np.clip(1 - (x / 0.95) ** 2 - ((y + 0.05) / 1.25) ** 2, 0, None))
    depth = cv2.GaussianBlur(globe.astype(np.float32), (0, 0), 1.0)
    head = 1 - smoothstep(0.7, 1.9, y)
    breath = smoothstep(0.9, 2.2, y) * (1 - smoothstep(2.6, 4.0, y))
    loose = smoothstep(0.8, 2.4, np.hypot(x - 0.1, (y + 0.1) * 0.9)) * (0.4 + 0.6 * smoothstep(-1.2, 0.1, x))
    loose *= 1 - 0.9 * smoothstep(1.7, 2.0, y) * (1 - smoothstep(1.4, 1.9, x))
    fields = [(depth, zero), (zero, depth), (-(y - 1.4) * head, x * head), (0.02 * x * breath, -0.03 * breath)]
    for length, size in ((1.9, 0.13), (0.9, 0.05)):
        for phase in (0.0, 0.25):
            angle = math.tau * ((x + 0.4 * y) / length - phase)
            fields.append((0.4 * size * loose * np.sin(angle * 0.7 + 1), size * loose * np.cos(angle)))
    return fields


def blink(t: float) -> float:
    """How far the eyes are shut (0..1): for a quarter of a second, at times that seem irregular."""
    since = min((t - 1.7) % 4.3, (t - 5.2) % 7.1)
    return math.sin(math.pi * since / 0.26) ** 2 if since < 0.26 else 0.0


class Figure:
    """The woman alive: she breathes, blinks, turns and nods a little; hair and scarf fly in the wind."""

    def __init__(self, size: tuple[int, int], unit: float, rng: np.random.Generator) -> None:
        """`size`: the frame (width, height); `unit`: the scene's, in pixels."""
        width, height = size
        scale = 0.19 * unit
        middle = width * (0.5 + min(max(0.2 * (width / height - 0.6), 0.0), 0.17)), height - 0.6 * unit
        left, right = max(round(middle[0] - 1.9 * scale), 0), min(round(middle[0] + 2.25 * scale), width)
        top = max(round(middle[1] - 1.28 * scale), 0)
        canvas = Canvas(right - left, height - top, scale, (middle[0] - left, middle[1] - top))
        paint_back_hair(canvas, rng)
        paint_dress(canvas, rng)
        paint_face(canvas)
        paint_front_hair(canvas, rng)
        x, y = canvas.blocks()
        self.layer = Layer(canvas, left, top, figure_fields(x, y))
        self.eyelids = np.stack([canvas.pixels(eyelids(*eye)) for eye in EYES])  # eye, lid, point, xy
        x, y = (self.eyelids[:, 0, 12] - (0, 0.08 * scale)).round().astype(int).T
        self.skin = canvas.image[y, x, :3]  # its colour above each eye
        left, top, width, height = cv2.boundingRect(self.eyelids.reshape(-1, 2).astype(np.float32))
        border = math.ceil(0.1 * scale)
        self.eyes = canvas.image[top - border : top + height + border, left - border : left + width + border]
        self.open = self.eyes.copy()
        self.scale = scale

    def draw(self, frame: Picture, t: float) -> None:
        """Lay her over the frame, in place."""
        self.eyes[:] = self.open
        upper, lower = self.eyelids[:, 0], self.eyelids[:, 1]
        lid = upper + (lower - upper) * (0.14 + 0.86 * blink(t))
        fill(self.layer.image, np.concatenate([upper - (0, 0.01 * self.scale), lid[:, ::-1]], axis=1), self.skin)
        strokes(self.layer.image, lid - (0, 0.008 * self.scale), [0.05 * self.scale] * 2, [0.0] * 2, HAIR, 0.5)
        turn = -0.32 + 0.13 * wave(t, 11) + 0.05 * wave(t, 4.7, 0.3)
        tilt = -0.05 + 0.022 * wave(t, 9.1, 0.2)
        wind = [wave(t, period, phase) for period in (3.1, 1.9) for phase in (0.25, 0.0)]
        self.layer.draw(frame, [turn, 0.03 * wave(t, 7.3), tilt, wave(t, 4.2), *wind])


# ---- the landscape: lengths in the scene's unit ----------------------------------------------------------------------


def slid(strip: Picture, x: float, width: int) -> Picture:
    """`width` columns of a strip that repeats itself, from `x` on, also between two: far cheaper than a warp."""
    x %= strip.shape[1] - width - 1
    i = int(x)
    between = cv2.addWeighted(strip[:, i : i + width], 1 - (x - i), strip[:, i + 1 : i + 1 + width], x - i, 0)
    return between.astype(np.uint8, copy=False)


class Sky:
    """An evening sky: two heights of cloud that drift, a low sun that sinks and rises, hills and trees at the horizon.

    All but hills and birds is soft, so it is painted and moved at half size.
    """

    def __init__(
        self, width: int, horizon: int, unit: float, sun: tuple[float, float], rng: np.random.Generator
    ) -> None:
        """`horizon`: its row; `sun`: the pixel (x, y) around which it wanders."""
        self.width, self.horizon, self.unit = width, horizon, unit
        self.half, self.sun = ((width + 1) // 2, (horizon + 1) // 2), (sun[0] / 2, sun[1] / 2)
        self.high, self.low = self.paint_clouds(rng)
        self.hills = self.paint_hills(rng)
        self.margin = math.ceil(0.025 * unit)  # how far the sun wanders, in half pixels
        self.glow = self.paint_glow()

    def paint_clouds(self, rng: np.random.Generator) -> list[Picture]:
        """Two strips: the sky with its high clouds, and a layer of low ones."""
        unit, shape = self.unit / 2, (self.half[1], round(1.7 * self.half[0]))
        up = (np.linspace(shape[0], 0, shape[0], dtype=np.float32) / unit)[:, None]
        brush = noise(rng, shape, (0.16 * unit, 0.022 * unit), 2)
        sky: Picture = tinted(np.clip(1 - up / 0.62, 0, 1) + 0.02 * brush + 0.01, SKY)
        puff = noise(rng, shape, (0.5 * unit, 0.1 * unit), 4)
        weight = 0.55 * smoothstep(0.05, 0.9, puff + 0.5 * brush) * smoothstep(0.05, 0.3, up)
        cv2.blendLinear(tinted(smoothstep(-0.5, 0.8, brush), CIRRUS), sky, weight, 1 - weight, dst=sky)
        bank = 0.55 * np.exp(-(((up - 0.36) / 0.1) ** 2)) + 0.5 * np.exp(-(((up - 0.13) / 0.04) ** 2)) - 0.4
        body = noise(rng, shape, (0.45 * unit, 0.15 * unit), 5) + bank
        below = np.roll(cv2.GaussianBlur(body, (0, 0), 0.012 * unit), -max(1, round(0.02 * unit)), axis=0)
        light = 0.55 + 0.7 * (body - below) - 0.35 * (body - 0.3) + 0.12 * brush  # the low sun shines from beneath
        low = cv2.cvtColor(tinted(light, CUMULUS), cv2.COLOR_BGR2BGRA) * smoothstep(0.02, 0.2, body)[..., None]
        return [np.concatenate([s, s[:, : self.half[0] + 1]], axis=1) for s in (sky, low.astype(np.uint8))]

    def paint_hills(self, rng: np.random.Generator) -> Picture:
        """Two ranges and the far shore with its groves: a layer of the sky's width that stands on the horizon."""
        rows = min(round(0.2 * self.unit), self.horizon)
        canvas = Canvas(self.width, rows, self.unit, (0, rows))
        _, y = canvas.grid()
        right = self.width / self.unit
        edge = np.linspace(-0.02, right + 0.02, 160, dtype=np.float32)
        texture = noise(rng, (rows, self.width), (0.12 * self.unit, 0.02 * self.unit), 3)
        ranges = ((FAR_HILLS, 0.105, 0.05, 60), (NEAR_HILLS, 0.055, 0.03, 40), (SHORE, 0.014, 0.008, 12))
        for colours, rise, rough, cell in ranges:
            ridge = rise + rough * noise(rng, (2, len(edge)), (cell, 9), 4)[0]
            outline = np.concatenate([np.stack([edge, -ridge], 1), [(right + 0.1, 0.1), (-0.1, 0.1)]])
            canvas.wash(outline, 0.85 + y / (1.3 * rise) + 0.16 * texture, colours)
        count = round(110 * right)
        at = rng.uniform(0, right, count)
        tall = rng.uniform(0.01, 0.035, count) * (0.4 + np.sin(at * 8) ** 2)
        crown = np.stack([np.stack([at, 0.004 - tall * v], -1) for v in np.linspace(0, 1, 6)], 1).astype(np.float32)
        canvas.strokes(crown, tall * rng.uniform(0.3, 0.9, count), rng.uniform(0, 0.6, count), SHORE)
        return canvas.image

    def paint_glow(self) -> Picture:
        """Paint the light around the sun, to be added; larger than the sky by the margin on every side."""
        x, y = (np.arange(n + 2 * self.margin, dtype=np.float32) - self.margin for n in self.half)
        dx, dy = ((x - self.sun[0]) / self.unit)[None] * 2, ((y - self.sun[1]) / self.unit)[:, None] * 2
        far, angle = np.hypot(dx, 1.3 * dy), np.arctan2(dy, dx)
        rays = 1 + 0.22 * np.sin(angle * 9 + 2 * np.sin(angle * 4)) * smoothstep(0.03, 0.25, far)
        light = 150 * np.exp(-far / 0.045) + 92 * np.exp(-far / 0.19) * rays
        glow: Field = np.clip(light[..., None] * np.array([0.36, 0.66, 1.0], np.float32), 0, 255)
        return glow.astype(np.uint8)

    def draw(self, frame: Picture, t: float) -> None:
        """Paint the frame down to the horizon, in place."""
        (width, height), speed = self.half, 0.004 * self.unit  # half pixels per second
        dx, dy = 0.12 * self.margin * wave(t, 83), 0.95 * self.margin * wave(t, 61)
        sky = slid(self.high, -speed * t, width)
        angle = np.linspace(0, math.tau, 48, endpoint=False)
        disc = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * 0.021 * self.unit
        fill(sky, disc[None] + (self.sun[0] + dx, self.sun[1] + dy), ramp(SUN)[0])
        over(sky, slid(self.low, -2.2 * speed * t, width))
        top = int(self.margin - dy)
        between, rows = self.margin - dy - top, slid(self.glow[top : top + height + 1], self.margin - dx, width)
        cv2.add(sky, cv2.addWeighted(rows[:-1], 1 - between, rows[1:], between, 0), dst=sky)
        cv2.resize(sky, (self.width, self.horizon), dst=frame[: self.horizon])
        over(frame[self.horizon - self.hills.shape[0] : self.horizon], self.hills)
        self.draw_birds(frame, t)

    def draw_birds(self, sky: Picture, t: float) -> None:
        """Seven birds that cross the sky again and again."""
        k = np.arange(7)
        way = self.width + 0.6 * self.unit
        lead = (0.03 * self.unit * t + 0.62 * way) % way - 0.3 * self.unit
        x = lead + 0.045 * self.unit * (0.3 * np.sin(k * 5) - 0.9 * np.abs(k - 2))
        y = self.horizon - self.unit * (0.46 + 0.022 * (k - 2) + 0.006 * np.sin(t * 0.7 + k))
        size = self.unit * (0.014 + 0.003 * np.sin(k * 3))
        beat = np.sin(math.tau * ((t * 0.55 + 0.13 * k) % 1))
        span = np.linspace(-1, 1, 9)
        lift = 0.4 * np.sin(math.pi * np.abs(span)) + 0.6 * (span**2 - 0.25) * beat[:, None]
        spines = np.stack([x[:, None] + size[:, None] * span, y[:, None] - size[:, None] * lift], axis=-1)
        strokes(sky, spines, size * 0.3, np.full(7, 0.3), BIRD)


class Boat:
    """A small sailing boat that crosses the lake from right to left and, long after, comes again."""

    SHAPES = (  # outline, x to the right, y up, waterline 0; tone; ramp
        (((-0.62, 0.16), (-0.4, 0.13), (0.4, 0.13), (0.55, 0.17), (0.42, 0.0), (-0.45, 0.0)), 0.5, HULL),
        (((0.02, 0.2), (0.02, 1.5), (0.2, 1.0), (0.5, 0.26)), 0.55, SAIL),
        (((-0.03, 0.22), (-0.03, 1.32), (-0.3, 0.75), (-0.62, 0.24)), 1.0, SAIL),
    )

    def __init__(self, width: int, unit: float) -> None:
        self.width, self.size, self.depth = width, 0.075 * unit, 0.045 * unit  # depth: below the horizon, pixels

    def draw(self, picture: Picture, t: float, waterline: float, scale: float) -> None:
        """Draw it on a picture that is `scale` times the frame's size, standing on a row of it."""
        way = self.width + 4 * self.size
        x = (0.42 * self.width - 0.005 * way * t + 2 * self.size) % way - 2 * self.size
        heel = 0.07 + 0.04 * wave(t, 5.3)
        turn = np.array([[math.cos(heel), math.sin(heel)], [math.sin(heel), -math.cos(heel)]])
        for outline, tone, colours in self.SHAPES:
            place = np.array(outline) @ turn * self.size + (x, 0.04 * self.size * wave(t, 3.1))
            fill(picture, place[None] * scale + (0, waterline), ramp(colours)[int(255 * tone)])


class Lake:
    """Water that mirrors what stands above it through waves, with a glittering path below the sun, and the boat.

    A wave that runs is cos(p - wt) = cos(p) cos(wt) + sin(p) sin(wt): two fields that never change and two weights.
    The mirror is made at half size (waves are soft); the glints, which must be crisp, are cut out at full size.
    """

    def __init__(self, size: tuple[int, int], horizon: int, unit: float, sun: float, rng: np.random.Generator) -> None:
        """`size`: the frame (width, height); `horizon`: its row; `sun`: its column."""
        self.width, self.horizon, self.height = size[0], horizon, size[1] - horizon
        self.boat = Boat(size[0], unit)
        height, width = (self.height + 1) // 2, (self.width + 1) // 2
        x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
        near = (2 * y + 1) / unit  # 0 at the horizon, 0.4 at the bottom edge
        away = 1 / (near + 0.15)  # the farther, the smaller: perspective
        across = (2 * x - sun) / unit * away
        self.waves = np.concatenate([running_waves(across, away, fine, rng) for fine in (1.0, 1.9)])
        self.waves *= 0.25 + 0.75 * smoothstep(0.0, 0.08, near)
        bend = np.minimum(near / 0.06, 1) * (0.004 + 0.045 * near) * unit / 2
        self.still, self.bend = (x, height - 1 - y), bend
        tint = smoothstep(0.02, 0.42, near)[..., None] + np.zeros((1, width, 1), np.float32)
        self.tint = (np.array([234, 224, 219]) * (1 - tint) + np.array([178, 148, 107]) * tint).astype(np.uint8)
        self.deep = (np.array([6, 10, 16]) * (1 - tint) + np.array([38, 28, 8]) * tint).astype(np.uint8)
        column, row = np.arange(self.width)[None], np.arange(self.height)[:, None]
        spread = np.abs(column - sun) / unit / (0.035 + 0.3 * row / unit)
        self.dull = np.clip(134 + 30 * spread, 0, 255).astype(np.uint8)  # a crest higher than this glints
        self.first, self.end = painted_columns(self.dull < 255)
        self.glint = ramp(GLINT)

    def draw(self, frame: Picture, t: float) -> None:
        """Paint the frame below the horizon, in place."""
        weights = [wave(t, period, phase) for period in (2.9, 1.7) for phase in (0.25, 0.0)]
        swell = cv2.addWeighted(self.waves[0], weights[0], self.waves[1], weights[1], 0)
        for weight, waves in zip(weights[2:], self.waves[2:], strict=True):
            cv2.scaleAdd(waves, weight, swell, dst=swell)
        small, full = swell.shape[::-1], (self.width, self.height)
        mirror: Any = cv2.resize(frame[self.horizon - self.height : self.horizon], small, interpolation=cv2.INTER_AREA)
        self.boat.draw(mirror, t, (self.height - self.boat.depth) / 2, 0.5)
        (x, y), bent = self.still, self.bend * swell
        mirror = cv2.cvtColor(mirror, cv2.COLOR_BGR2BGRA)  # remap is quickest with four channels
        water = cv2.remap(mirror, x + 0.35 * bent, y + bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        water = cv2.add(cv2.multiply(cv2.cvtColor(water, cv2.COLOR_BGRA2BGR), self.tint, scale=1 / 255), self.deep)
        crest = cv2.resize(cv2.convertScaleAbs(swell + 3, alpha=42), full)
        lake = cv2.resize(water, full, dst=frame[self.horizon :])
        for row in range(0, self.height, BAND):
            first, end = self.first[row : row + BAND].min(), self.end[row : row + BAND].max()
            if first < end:
                band = np.s_[row : row + BAND, first:end]
                high = cv2.convertScaleAbs(cv2.subtract(crest[band], self.dull[band]), alpha=5)
                cv2.add(lake[band], cv2.applyColorMap(high, self.glint), dst=lake[band])
        self.boat.draw(frame, t, self.horizon + self.boat.depth, 1)


def running_waves(across: Field, away: Field, fine: float, rng: np.random.Generator) -> Field:
    """Make the two fields (2xHxW, cosine and sine, about -1..1) of a sea that runs towards us."""
    phases = []
    for k in range(5):
        number, turn = 20 * fine * rng.uniform(0.6, 1.6), rng.normal(0, 0.3)
        bent = np.sin(across * number * 0.11 + k) + 0.8 * np.sin(across * number * 0.23 + 2 * k)
        ahead = math.cos(turn) * away + 0.5 * math.sin(turn) * across
        phases.append(number * ahead + bent + rng.uniform(0, math.tau))
    phase = np.stack(phases).astype(np.float32)
    return np.stack([0.4 * np.cos(phase).sum(axis=0), 0.4 * np.sin(phase).sum(axis=0)])


def plant_fields(x: Field, y: Field, loose: Field, size: float) -> list[tuple[Field, Field]]:
    """Swaying in the wind: a slow bow, and two gusts that run through the leaves."""
    fields = [(size * loose, 0.2 * size * loose)]
    for length, part in ((0.5, 0.5), (0.17, 0.25)):
        for phase in (0.0, 0.25):
            angle = math.tau * ((x - 0.6 * y) / length - phase + 0.3 * np.sin(9 * y + 4 * x))
            fields.append((part * size * loose * np.cos(angle), 0.6 * part * size * loose * np.sin(angle + 1)))
    return fields


def plant_weights(t: float, phase: float) -> list[float]:
    """Give the weights of `plant_fields` at a time."""
    gusts = [wave(t, period, phase + quarter) for period in (3.7, 2.3) for quarter in (0.25, 0.0)]
    return [wave(t, 6.1, phase) + 0.5 * wave(t, 9.7), *gusts]


def tree(size: tuple[int, int], unit: float, rng: np.random.Generator) -> tuple[Picture, Layer]:
    """Paint a tree at the left edge, whose boughs hang into the picture: its trunk, and its crown."""
    width, height = min(size[0], round(0.62 * unit)), min(size[1], round(0.48 * unit))
    trunk = Canvas(min(size[0], round(0.1 * unit)), size[1], unit, (0, 0))
    left, right = ((-0.05, 1.0), (-0.02, 0.6), (-0.04, -0.1)), ((0.07, 1.0), (0.045, 0.6), (0.03, -0.1))
    edges = np.array((left, right)) * (1, 1.15 * size[1] / unit)
    trunk.bundle(rng, edges, 40, 0.022, BARK, lambda u, v: 0.1 + 0.75 * u**2)
    crown = Canvas(width, height, unit, (0, 0))
    x, y = (0.5, 0.42, 0.3, 0.36, 0.2, 0.14, 0.56, 0.26, 0.1), (0.1, 0.2, 0.3, 0.04, 0.17, 0.4, 0, -0.02, 0.08)
    tips = np.stack([x, y], axis=1)  # of the boughs
    roots = np.stack([np.full(len(tips), 0.02), 0.2 + 0.5 * tips[:, 1]], axis=1)
    boughs = spline(np.stack([roots, (roots + tips) / 2 - (0, 0.07), tips], axis=1), 14)
    crown.strokes(boughs, np.full(len(tips), 0.022), np.full(len(tips), 0.2), BARK, 0.4)
    count = 900
    front = np.linspace(0, 1, count)  # from the dark leaves behind to those in the sun
    at = boughs[rng.integers(0, len(tips), count), (rng.beta(2, 1.2, count) * 13).astype(int)]
    at = at + rng.normal(0, (0.045, 0.034), (count, 2)) - 0.012 * (1 - front[:, None])
    angle = rng.normal(1.1, 0.7, count)
    length = rng.uniform(0.016, 0.03, count) * (1.5 - 0.6 * front)
    leaf = np.stack([np.cos(angle), np.sin(angle)], axis=-1) * length[:, None]
    spines = np.stack([at + leaf * v + (0, 0.006 * v * v) for v in (0, 0.33, 0.67, 1)], axis=1)
    tones = 0.04 + 0.6 * front + 0.5 * np.clip(at[:, 1] - 0.02, 0, 0.3) * front + rng.normal(0, 0.1, count)
    crown.strokes(spines, rng.uniform(0.011, 0.018, count) * (1.6 - 0.7 * front), tones, LEAVES, 1.0)
    across, down = crown.blocks()
    return trunk.image, Layer(crown, 0, 0, plant_fields(across, down, smoothstep(0.04, 0.5, across), 0.012))


def meadow(size: tuple[int, int], unit: float, rng: np.random.Generator) -> Layer:
    """Grass and flowers along the bottom edge, tall on the left, low before the woman."""
    height, right = min(size[1], round(0.28 * unit)), size[0] / unit
    canvas = Canvas(size[0], height, unit, (0, height))
    count = round(300 * right)
    at = np.stack([rng.uniform(-0.03, right + 0.03, count), np.sort(rng.uniform(-0.03, 0.04, count))], axis=-1)
    hill = np.exp(-((at[:, 0] / (0.42 * right)) ** 2))
    tall = (0.06 + 0.14 * hill + 0.03 * np.sin(at[:, 0] * 13)) * rng.uniform(0.5, 1.25, count)
    lean = tall * rng.normal(0.25, 0.3, count)
    spines = np.stack([at + np.stack([lean * v * v, -tall * v], -1) for v in np.linspace(0, 1, 7)], axis=1)
    tones = 0.1 + 0.6 * rng.uniform(0, 1, count) * np.linspace(0.3, 1, count)
    tones += 0.25 * np.exp(-(((at[:, 0] - 0.3) / 0.3) ** 2))  # the sun's reflection lights the left
    edge = np.linspace(-0.1, right + 0.1, 24)
    ground = np.stack([edge, -0.035 - 0.05 * np.exp(-((edge / (0.42 * right)) ** 2))], axis=1)
    canvas.wash(np.concatenate([ground, [(right + 0.1, 0.1), (-0.1, 0.1)]]), np.array([[0.06]]), GRASS)
    canvas.strokes(spines, rng.uniform(0.006, 0.013, count), tones, GRASS, 0.8)
    for k, bloom in enumerate(spines[tall > 0.1][:: max(1, count // 70), -2]):
        paint_flower(canvas, bloom, 0.03 if k % 3 else 0.017, POPPY if k % 3 else DAISY, rng)
    x, y = canvas.blocks()
    return Layer(canvas, 0, size[1] - height, plant_fields(x, y, np.clip(-y / 0.25, 0, 1.2) ** 1.5, 0.016))


def paint_flower(canvas: Canvas, at: Field, size: float, colours: str, rng: np.random.Generator) -> None:
    """Petals around a heart, seen a little from the side."""
    angle = np.arange(8) * math.tau / 8 + rng.uniform(0, 1)
    ray = np.stack([np.cos(angle), 0.7 * np.sin(angle)], axis=-1) * size
    spines = np.stack([at + ray * v for v in (0.1, 0.4, 0.7, 1.0)], axis=1)
    canvas.strokes(spines, [size * 0.7] * 8, 0.6 - 0.35 * np.sin(angle) + rng.normal(0, 0.1, 8), colours)
    canvas.line(at + np.multiply(((-0.2, 0), (0, 0), (0.2, 0)), size), size * 0.35, 0.1, POPPY, 0.5)


# ---- the whole -------------------------------------------------------------------------------------------------------


class Scene:
    """The demo picture at any time, for any frame size."""

    def __init__(self, size: tuple[int, int] = (640, 480), seed: int = 0) -> None:
        """`size`: (width, height) in pixels; another `seed` gives other clouds, leaves and flowers."""
        width, height = self.size = size
        rng = np.random.default_rng(seed)
        self.unit = min(height, 1.05 * width)  # pixels
        horizon = height - round(0.4 * self.unit)
        sun = (0.27 * width, horizon - 0.15 * self.unit)
        self.sky = Sky(width, horizon, self.unit, sun, rng)
        self.lake = Lake(size, horizon, self.unit, sun[0], rng)
        self.trunk, self.crown = tree(size, self.unit, rng)
        self.figure = Figure(size, self.unit, rng)
        self.meadow = meadow(size, self.unit, rng)

    def draw(self, t: float) -> Picture:
        """Draw the picture at `t` seconds: uint8, HxWx3, BGR, a new array every time."""
        frame: Picture = reused((self.size[1], self.size[0], 3))
        self.sky.draw(frame, t)
        self.lake.draw(frame, t)
        over(frame[:, : self.trunk.shape[1]], self.trunk)
        self.crown.draw(frame, plant_weights(t, 0.0))
        self.draw_petals(frame, t)
        self.figure.draw(frame, t)
        self.meadow.draw(frame, plant_weights(t, 0.4))
        return frame

    def draw_petals(self, frame: Picture, t: float) -> None:
        """Draw a few petals that the wind carries across."""
        k = np.arange(12)
        way = self.size[0] + 0.2 * self.unit
        x = (k * 0.381966 * way + (0.05 + 0.02 * np.sin(k)) * self.unit * t) % way - 0.1 * self.unit
        up = 0.12 + (k * 0.618 % 1) * 0.55 + 0.03 * np.sin(t * 0.9 + k * 2) + 0.01 * np.sin(t * 2.3 + k)
        y = self.size[1] - self.unit * up
        angle = 0.6 * np.sin(t * 1.3 + k) + k
        ray = np.stack([np.cos(angle), np.sin(angle) * np.cos(t * 1.7 + k)], axis=-1) * 0.009 * self.unit
        spines = np.stack([x, y], -1)[:, None] + ray[:, None] * np.array([-1, -0.3, 0.3, 1])[:, None]
        strokes(frame, spines, np.full(12, 0.009 * self.unit), 0.55 + 0.4 * np.sin(k), POPPY)
