"""Paints the style pictures that ship: every one is made here, by code, from a seed.

    python styles/paint.py                   repaint all, next to this file
    python styles/paint.py wave glass        repaint some
    python styles/paint.py --out DIR         paint elsewhere
    python styles/paint.py --seed 7          another variant of each

A painter is a function ``(rng, size) -> uint8 H x W x 3 BGR``. It draws in fractions of the side, so that a variant
of 256 has the strokes of one of 768, shrunk. Call one with random seeds for as many variants of its hand as wanted:
``PAINTERS[name](rng, 256)``.
"""

from __future__ import annotations

import argparse
import functools
import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Colour = tuple[float, float, float]
Painter = Callable[[np.random.Generator, int], Array]

SIZE = 768
MAX_BYTES = 250_000
SHIFT = 4  # sub-pixel bits of the coordinates given to OpenCV
PAINTERS: dict[str, Painter] = {}
SEEDS: dict[str, int] = {}


def painter(seed: int, oversample: int = 2) -> Callable[[Painter], Painter]:
    """Register a painter with the seed of its shipped picture; it draws `oversample` times larger, for smooth edges."""

    def register(draw: Painter) -> Painter:
        @functools.wraps(draw)
        def paint(rng: np.random.Generator, size: int) -> Array:
            large = draw(rng, size * oversample)
            if large.dtype != np.uint8:
                large = np.clip(large + 0.5, 0, 255).astype(np.uint8)
            return large if oversample == 1 else cv2.resize(large, (size, size), interpolation=cv2.INTER_AREA)

        PAINTERS[draw.__name__] = paint
        SEEDS[draw.__name__] = seed
        return paint

    return register


# ---- colours -------------------------------------------------------------------------------------------------------


def bgr(code: str) -> Colour:
    """'d9a441' (red, green, blue) as a BGR tuple."""
    return int(code[4:6], 16), int(code[2:4], 16), int(code[0:2], 16)


def palette(rng: np.random.Generator, codes: str, spread: float = 4.0) -> Array:
    """Give the colours of `codes`, each a little off, so that no two variants share an exact palette: (n, 3) float BGR."""
    colours = np.array([bgr(code) for code in codes.split()], np.float32)
    return np.clip(colours + rng.normal(0, spread, colours.shape), 0, 255).astype(np.float32)


def ink_of(colour: Sequence[float] | Array) -> Colour:
    """Give a colour in the form that OpenCV's drawing functions take."""
    return float(colour[0]), float(colour[1]), float(colour[2])


def canvas_of(size: int, colour: Sequence[float] | Array) -> Array:
    """Make a blank canvas of one colour."""
    return np.full((size, size, 3), np.clip(colour, 0, 255), np.uint8)


def mix(below: Array, above: Array | Sequence[float], cover: Array | float) -> Array:
    """`above` laid over `below` where `cover` is 1; float32."""
    cover = np.asarray(cover, np.float32)
    if cover.ndim == 2:
        cover = cover[..., None]
    return below + (np.asarray(above, np.float32) - below) * cover


def ramp(values: Array, colours: Array) -> Array:
    """Colours looked up on a smooth scale: 0 is the first colour, 1 the last."""
    place = np.clip(values, 0, 1) * (len(colours) - 1)
    stops = np.arange(len(colours))
    return np.stack([np.interp(place, stops, colours[:, c]) for c in range(3)], -1).astype(np.float32)


# ---- fields --------------------------------------------------------------------------------------------------------


def grid(size: int) -> tuple[Array, Array]:
    """Give x and y of every pixel, in 0..1."""
    axis = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = np.meshgrid(axis, axis)
    return x, y


def step(low: float, high: float, values: Array) -> Array:
    """0 below `low`, 1 above `high`, smooth between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def noise(rng: np.random.Generator, size: int, cells: float | tuple[float, float], octaves: int = 1) -> Array:
    """Smooth noise of mean 0 and deviation 1; `cells` hills across the side (or a pair: across, down)."""
    across, down = cells if isinstance(cells, tuple) else (cells, cells)
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        w, h = (max(2, round(n * 2**octave)) for n in (across, down))
        coarse = rng.normal(0, 1, (h + 3, w + 3)).astype(np.float32)
        # Cropping one cell on each side hides the flat border that cubic enlargement leaves.
        large = cv2.resize(coarse, None, fx=size / w, fy=size / h, interpolation=cv2.INTER_CUBIC)
        y, x = int(size / h), int(size / w)
        total += large[y : y + size, x : x + size] / 2**octave
    return (total - total.mean()) / (total.std() + 1e-6)


def warp(picture: Array, dx: Array, dy: Array, interpolation: int = cv2.INTER_LINEAR) -> Array:
    """Each pixel fetched from (dx, dy) further on, in fractions of the side; the border mirrors."""
    size = picture.shape[0]
    rows, columns = np.mgrid[0:size, 0:size].astype(np.float32)
    x, y = columns + dx.astype(np.float32) * size, rows + dy.astype(np.float32) * size
    return cv2.remap(picture, x, y, interpolation, borderMode=cv2.BORDER_REFLECT)


def moved(mask: Array, by: float) -> Array:
    """Push a mask right and down by a fraction of the side, as a shadow falls."""
    push = max(1, round(by * mask.shape[0]))
    return cv2.copyMakeBorder(mask, push, 0, push, 0, cv2.BORDER_REPLICATE)[: mask.shape[0], : mask.shape[1]]


def blur(picture: Array, radius: float) -> Array:
    """Gaussian blur; `radius` is a fraction of the side."""
    return cv2.GaussianBlur(picture, (0, 0), max(radius * picture.shape[0], 0.3))


def light(height: Array, strength: float, angle: float = 225.0) -> Array:
    """Light that a relief throws back: 1 on the flat, more where it faces the lamp (in degrees; 225 is top left)."""
    side = height.shape[0]
    dx = cv2.Sobel(height, cv2.CV_32F, 1, 0, scale=side / 8)
    dy = cv2.Sobel(height, cv2.CV_32F, 0, 1, scale=side / 8)
    slope = -(dx * np.cos(np.deg2rad(angle)) + dy * np.sin(np.deg2rad(angle)))
    return 1 - strength * np.tanh(slope * 0.05)  # clipped softly: a cliff of paint may not burn out the picture


def paper(rng: np.random.Generator, size: int, amount: float) -> Array:
    """Multiplier for paper or plaster: fine grain and soft clouds around 1."""
    grain = 0.7 * noise(rng, size, 220) + 0.5 * noise(rng, size, 60) + 0.6 * noise(rng, size, 5, 2)
    return (1 + amount * grain)[..., None]


def cells_of(size: int, sites: Array) -> Array:
    """Which of the (n, 2) sites is nearest, for every pixel; sites outside count at the border."""
    place = np.clip((sites * size).astype(int), 0, size - 1)
    mask = np.ones((size, size), np.uint8)
    mask[place[:, 1], place[:, 0]] = 0
    _, labels = cv2.distanceTransformWithLabels(mask, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    index = np.zeros(labels.max() + 1, np.int32)
    index[labels[place[:, 1], place[:, 0]]] = np.arange(len(sites))
    return index[labels]


def seam(labels: Array) -> Array:
    """Distance from the nearest border between labels, in fractions of the side."""
    inside = np.ones(labels.shape, np.uint8)
    inside[:, 1:][labels[:, 1:] != labels[:, :-1]] = 0
    inside[1:][labels[1:] != labels[:-1]] = 0
    return cv2.distanceTransform(inside, cv2.DIST_L2, 5) / labels.shape[0]


def scatter(rng: np.random.Generator, across: int, jitter: float = 0.42) -> Array:
    """Points all over the picture and a little outside, evenly strewn: (n, 2)."""
    steps = (np.arange(-1, across + 1) + 0.5) / across
    x, y = np.meshgrid(steps, steps)
    return np.stack([x.ravel(), y.ravel()], 1) + rng.uniform(-jitter, jitter, (x.size, 2)) / across


# ---- drawing, in fractions of the side -----------------------------------------------------------------------------


def at(x: float, y: float) -> Array:
    """One point, or a way to go."""
    return np.array([x, y])


def points(text: str) -> Array:
    """'0.1 0.2  0.3 0.4' as points: (n, 2)."""
    return np.array(text.split(), float).reshape(-1, 2)


def unit(angle: Array | float) -> Array:
    """Give unit vectors that point along the angles (radians): (..., 2)."""
    return np.stack([np.cos(angle), np.sin(angle)], -1)


RING = unit(np.linspace(0, 2 * np.pi, 60))


def fixed(canvas: Array, path: Array) -> Array:
    """Fractions to OpenCV's fixed-point pixels."""
    return np.round(np.asarray(path) * canvas.shape[0] * (1 << SHIFT)).astype(np.int32)


def fill(canvas: Array, outline: Array, colour: Sequence[float] | Array) -> None:
    """Draw a filled polygon."""
    cv2.fillPoly(canvas, [fixed(canvas, outline)], ink_of(colour), cv2.LINE_AA, SHIFT)


def line(canvas: Array, path: Array, colour: Sequence[float] | Array, width: float, closed: bool = False) -> None:
    """Draw a line of one width along a path."""
    thick = max(1, round(width * canvas.shape[0]))
    cv2.polylines(canvas, [fixed(canvas, path)], closed, ink_of(colour), thick, cv2.LINE_AA, SHIFT)


def disc(canvas: Array, centre: Sequence[float] | Array, radius: float, colour: Sequence[float] | Array) -> None:
    """Draw a filled circle."""
    x, y = fixed(canvas, np.asarray(centre))
    reach = int(radius * canvas.shape[0] * (1 << SHIFT))
    cv2.circle(canvas, (int(x), int(y)), reach, ink_of(colour), -1, cv2.LINE_AA, SHIFT)


def spline(knots: Sequence[Sequence[float] | Array] | Array, count: int = 80, closed: bool = False) -> Array:
    """Draw out a smooth (Catmull-Rom) curve through the knots: (count, 2)."""
    p = np.asarray(knots, np.float64)
    p = np.vstack([p[-1:], p, p[:2]]) if closed else np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, len(p) - 3, count, endpoint=not closed)
    i = np.minimum(t.astype(int), len(p) - 4)
    t = (t - i)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


def normals(path: Array) -> Array:
    """Give the unit normals of a curve, a quarter turn from x towards y."""
    along = np.gradient(path, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True) + 1e-9
    return np.stack([-along[:, 1], along[:, 0]], 1)


def ribbon(canvas: Array, path: Array, widths: Array | float, colour: Sequence[float] | Array) -> None:
    """Draw a brush mark whose width changes on its way."""
    side = normals(path) * (np.broadcast_to(np.asarray(widths, float), len(path))[:, None] / 2)
    fill(canvas, np.vstack([path + side, (path - side)[::-1]]), colour)


def swell(count: int, start: float = 0.0, end: float = 1.0) -> Array:
    """Widths that grow and shrink again like half a sine wave, or the part of it from `start` to `end`."""
    return np.sin(np.pi * np.linspace(start, end, count))


def follow(angle: Array, starts: Array, length: float, steps: int = 9) -> Array:
    """Paths along a field of angles, centred on `starts`: (n, 2 * steps - 1, 2)."""
    size = angle.shape[0]
    halves = []
    for sign in (-1, 1):
        here, path = starts.astype(np.float64), []
        for _ in range(steps - 1):
            x, y = np.clip((here * size).astype(int), 0, size - 1).T
            turn = angle[y, x]
            here = here + sign * length / (2 * steps - 2) * unit(turn)
            path.append(here)
        halves.append(path)
    return np.stack([*halves[0][::-1], starts, *halves[1]], 1)


def brush(
    rng: np.random.Generator,
    canvas: Array,
    height: Array,
    paths: Array,
    colours: Array,
    width: float,
    bristles: int = 5,
    shade: float = 16.0,
) -> None:
    """Oil strokes of several bristles; `height` (uint8, one channel) gets the thickness of the paint for `light`."""
    for path, colour in zip(paths, colours, strict=True):
        side = normals(path) * width
        tone = rng.normal(0, shade, bristles)
        load = rng.uniform(60, 255, bristles)
        for bristle, offset in enumerate(np.linspace(-0.5, 0.5, bristles)):
            mark = path + side * offset
            line(canvas, mark, np.clip(colour + tone[bristle], 0, 255), width / bristles * 1.5)
            line(height, mark, (load[bristle], 0, 0), width / bristles)


# ---- the painters --------------------------------------------------------------------------------------------------


def _foam(
    rng: np.random.Generator, canvas: Array, roots: Array, ways: Array, reach: float, white: Array, dark: Array
) -> None:
    """Foam that ends in hooked fingers: all outlines first, then all the white, so that fingers melt together."""
    fingers: list[tuple[Array, Array]] = []
    for root, way in zip(roots, ways, strict=True):
        for _ in range(2):
            turn = np.arctan2(way[1], way[0]) + rng.normal(0, 0.45)
            bend = rng.choice([-1, 1]) * rng.uniform(0.9, 1.9)
            long = reach * rng.uniform(0.5, 1.25)
            t = np.linspace(0, 1, 14)
            angle = turn + bend * t**1.5
            path = root + np.cumsum(unit(angle) * long / 14, 0)
            fingers.append((path, reach * 0.42 * (1 - t) ** 0.7 + reach * 0.05))
    for extra, colour in ((reach * 0.2, dark), (0.0, white)):
        for path, widths in fingers:
            ribbon(canvas, path, widths + extra, colour)
            disc(canvas, path[0], (widths[0] + extra) * 0.62, colour)


@painter(seed=2)
def wave(rng: np.random.Generator, size: int) -> Array:
    """Woodblock print: a breaking wave in bold indigo lines, fingers of foam, a far mountain on paper."""
    dark, mid, pale, cream, foam, sand, rose = palette(rng, "10307a 3a78d0 a0cdf0 efe4c6 fffdf4 cdb98d e0603a")
    _, y = grid(size)
    canvas = ramp(y * 1.25, np.stack([sand, cream, cream, cream * 0.97])).astype(np.uint8)
    disc(canvas, (0.83 + rng.normal(0, 0.03), 0.2), 0.085, rose)

    peak = at(0.74 + rng.normal(0, 0.03), 0.47)
    slope = spline(peak + points("-.3 .24  -.12 .12  0 0  .12 .12  .34 .24"), 60)
    fill(canvas, np.vstack([slope, points("1.1 .9  .4 .9")]), mid)
    fill(canvas, peak + points("-.1 .1  0 0  .1 .1  .05 .075  .02 .115  -.02 .07  -.06 .11"), foam)
    line(canvas, slope, dark, 0.006)

    def roll(base: float, rise: float, crests: float, phase: float, bands: int) -> None:
        x = np.linspace(-0.05, 1.05, 120)
        hump = np.abs(np.sin(np.pi * (x * crests + phase))) ** 0.7  # narrow troughs, full crests
        ridge = np.stack([x, base - rise * hump], 1)
        for band in range(bands):
            drop = band / bands
            low = ridge + np.stack([0.03 * drop * np.sin(9 * x), 0.5 * drop * (0.35 + 0.65 * (1 - hump * drop))], 1)
            fill(canvas, np.vstack([low, points("1.1 1.1  -.1 1.1")]), (dark, pale, mid)[band % 3])
        line(canvas, ridge, dark, 0.008)
        tops = ridge[4:-4:5]
        _foam(rng, canvas, tops, at(0.6, -0.5) + rng.normal(0, 0.3, tops.shape), rise * 0.3, foam, dark)

    roll(0.78, 0.1, 1.6, rng.uniform(0, 1), 9)
    lean = rng.normal(0, 0.02, 2)
    lips = np.array([0, 0, 0, 1, 1, 1])[:, None] * lean
    outer = spline(points("-.06 .66  .03 .42  .17 .2  .38 .09  .57 .14  .68 .33") + lips, 100)
    inner = spline(points(".46 1.06  .28 .86  .25 .64  .33 .45  .46 .345  .64 .37") + lips, 100)
    fill(canvas, np.vstack([outer, inner[::-1], points("-.1 1.1")]), dark)
    edges = np.linspace(0.0, 1.0, 16) ** 0.9
    for k in range(1, 15, 2):  # stripes that flow from the swell up into the lip
        a, b = outer + (inner - outer) * edges[k], outer + (inner - outer) * edges[k + 1]
        fill(canvas, np.vstack([a, b[::-1]]), pale if k % 4 == 1 else mid)
    line(canvas, outer, dark, 0.01)
    line(canvas, inner, dark, 0.01)
    crest = np.vstack([outer[38::4], inner[70::4]])
    ways = np.vstack([normals(outer)[38::4] * -0.4 + at(0.5, 0.4), normals(inner)[70::4] * 0.6 + at(0.2, 0.5)])
    _foam(rng, canvas, crest, ways, 0.085, foam, dark)
    roll(0.98, 0.15, 1.3, rng.uniform(0.2, 0.6), 8)
    for spot in rng.uniform((0.45, 0.08), (0.98, 0.62), (60, 2)):
        disc(canvas, spot, rng.uniform(0.003, 0.009), foam)
    return canvas * (1 + 0.03 * noise(rng, size, (6, 160)))[..., None] * paper(rng, size, 0.018)


@painter(seed=5, oversample=1)
def swirl(rng: np.random.Generator, size: int) -> Array:
    """Oil strokes that wind around stars over night hills."""
    night, blue, azure, mint, lemon, orange, hill, ink = palette(
        rng, "0b1d51 1b4b9b 4f8fcb a9d3c4 fbe26a f59b1c 16423f 0a1024"
    )
    x, y = grid(size)
    flip = rng.choice([-1.0, 1.0])
    whorls = [(0.5 - 0.13 * flip, 0.36, 0.2, flip), (0.5 + 0.17 * flip, 0.52, 0.13, -flip)]
    sky = points(".1 .1  .32 .06  .55 .1  .9 .13  .74 .27  .12 .38  .92 .42  .24 .6") + rng.normal(0, 0.02, (8, 2))
    stars = [(sx, sy, rng.uniform(0.05, 0.075), rng.choice([-1.0, 1.0])) for sx, sy in sky]
    vx, vy = 1 + 0 * x, 0.25 * np.sin(7 * x + 3 * y + rng.uniform(0, 6))
    for cx, cy, radius, spin in (*whorls, *stars):
        dx, dy = x - cx, y - cy
        pull = spin * 6 * np.exp(-((dx**2 + dy**2) / (1.6 * radius**2))) / radius
        vx, vy = vx - dy * pull, vy + dx * pull
    streaks = noise(rng, size, 7, 2) + 1.1 * np.sin(16 * y + 3 * np.sin(6 * x))
    base = ramp(0.5 + 0.22 * streaks, np.stack([night, blue, blue, azure]))
    for cx, cy, radius, spin in whorls:
        dx, dy = x - cx, y - cy
        reach = np.hypot(dx, dy)
        arms = np.sin(2 * np.arctan2(dy, dx) - spin * 9 * np.log(reach / radius + 0.15))
        inside = 0.9 * np.exp(-((reach / radius / 1.1) ** 4))
        base = mix(base, ramp(0.5 + 0.5 * arms, np.stack([blue, azure, mint])), inside)
    for cx, cy, radius, _ in stars:
        reach = np.hypot(x - cx, y - cy) / radius
        rings = 0.5 + 0.5 * np.cos(reach * 7)
        base = mix(base, mix(ramp(rings, np.stack([mint, lemon])), lemon, 0.4), step(1.35, 0.55, reach))
        base = mix(base, orange, step(0.36, 0.22, reach))
    ridge = 0.76 + 0.05 * np.sin(5 * x + rng.uniform(0, 6)) + 0.03 * np.sin(11 * x)
    land = step(0.0, 0.012, y - ridge)
    furrow = np.sin(60 * (y - ridge) + 6 * noise(rng, size, 3))
    base = mix(base, ramp(0.5 + 0.4 * furrow, np.stack([ink, hill, blue])), land)
    # Blurring the direction as a vector keeps the strokes from breaking where land and sky meet.
    slope = np.gradient(ridge[0]) * size
    sky_way = np.stack([vx, vy], -1) / np.hypot(vx, vy)[..., None]
    vx, vy = mix(sky_way, np.stack([1 + 0 * x, 0 * x + slope], -1), land).transpose(2, 0, 1)
    angle = np.arctan2(blur(vy, 0.004), blur(vx, 0.004))

    canvas, height = canvas_of(size, night), np.zeros((size, size), np.uint8)
    for across, length, width in ((34, 0.11, 0.02), (52, 0.075, 0.0135), (60, 0.06, 0.011)):
        starts = scatter(rng, across)
        rng.shuffle(starts)
        px, py = np.clip((starts * size).astype(int), 0, size - 1).T
        colours = base[py, px] + rng.normal(0, 13, (len(starts), 1)) + rng.normal(0, 6, (len(starts), 3))
        brush(rng, canvas, height, follow(angle, starts, length), colours, width)
    relief = light(blur(height.astype(np.float32) / 255, 0.0012), 0.34)
    return canvas * relief[..., None]


@painter(seed=2, oversample=1)
def glass(rng: np.random.Generator, size: int) -> Array:
    """Stained glass: a rose window in lead, sun behind it."""
    jewels = palette(rng, "c8102e f2a900 0b4fb3 0f8a5f 7a1fa2 19b5d8 f06a1d e8e2a8", 8)
    lead = np.array(bgr("14110f"), np.float32)
    x, y = grid(size)
    cx, cy = np.array([0.5, 0.5]) + rng.normal(0, 0.02, 2)
    reach, turn = np.hypot(x - cx, y - cy), (np.arctan2(y - cy, x - cx) / (2 * np.pi)) % 1
    folds = int(rng.choice([8, 10, 12]))
    labels = np.zeros((size, size), np.int32)
    colour_of: dict[int, Array] = {0: jewels[1]}
    inside = np.zeros((size, size), bool)
    order = rng.permutation(6)
    for ring, (low, scallop, parts) in enumerate([(0.06, 0.0, 1), (0.17, 0.035, 1), (0.29, 0.03, 2), (0.385, 0.0, 2)]):
        n, shift = folds * parts, 0.5 * (ring % 2)
        wavy = low + scallop * np.abs(np.cos(np.pi * (turn * n + shift)))
        shell = ~inside & (reach < wavy)
        if ring:
            sector = np.floor(turn * n + shift).astype(np.int32) % n
            labels[shell] = (ring * 100 + sector)[shell]
            for s in range(n):
                colour_of[ring * 100 + s] = jewels[order[(ring * 2 + s % 2) % 6]]
        inside |= shell
    sites = scatter(rng, 9, 0.45)
    shards = cells_of(size, sites)
    labels = np.where(inside, labels, 1000 + shards)
    for s in range(len(sites)):
        warm = rng.random() < 0.28
        colour_of[1000 + s] = jewels[rng.choice([0, 6, 1])] if warm else jewels[rng.choice([2, 2, 5, 4, 3])]
    frame = ~inside & (reach < 0.43)
    spokes = np.floor(turn * folds * 4).astype(np.int32)
    labels[frame] = (3000 + spokes % (folds * 4))[frame]
    for s in range(folds * 4):
        colour_of[3000 + s] = jewels[(1, 7, 0, 7)[s % 4]]
    keys, flat = np.unique(labels, return_inverse=True)
    tints = np.array([colour_of[int(key)] for key in keys]) * rng.uniform(0.72, 1.1, (len(keys), 1))
    colours = tints[flat.reshape(size, size)].astype(np.float32)
    gap = seam(labels)
    streaks = noise(rng, size, (5, 22), 2) * 0.5 + noise(rng, size, 30) * 0.35
    glow = 0.5 + 0.55 * step(0.0, 0.05, gap) + 0.13 * streaks + 0.3 * np.exp(-((reach / 0.3) ** 2))
    picture = colours * glow[..., None] + 70 * step(0.75, 1.5, glow)[..., None]
    width = 0.0085
    bevel = 1 + 1.2 * np.clip(light(blur(step(width, 0, gap), 0.002), 0.9) - 1, -0.5, 1)
    picture = mix(picture, lead[None, None] * bevel[..., None] + 10 * bevel[..., None], step(width, width * 0.7, gap))
    return picture + 0.1 * blur(np.clip(picture, 0, 255), 0.03)


@painter(seed=7, oversample=1)
def mosaic(rng: np.random.Generator, size: int) -> Array:
    """Byzantine mosaic: gold tesserae laid in rings around a medallion, a striped frame."""
    gold, amber, lapis, sky, ruby, leaf, white, black = palette(
        rng, "d9a62b 9a6a14 123a6a 2f7fa7 d9601c 0f6a6d f3ead2 2a1a14"
    )
    x, y = grid(size)
    reach, turn = np.hypot(x - 0.5, y - 0.5), np.arctan2(y - 0.5, x - 0.5)
    petals, phase = int(rng.integers(4, 7)), rng.uniform(0, 6)
    lobe = np.abs(np.cos(petals / 2 * turn + phase)) ** 0.7
    design = canvas_of(size, gold)
    for k in range(4):  # a vine in every corner
        quarter = np.pi / 4 + k * np.pi / 2
        t = np.linspace(0, 1, 60)
        radius, bend = 0.115 * (1 - 0.8 * t), quarter + (-1) ** k * (2.2 + 7.5 * t)
        centre = 0.5 + 0.5 * unit(quarter)
        curl = centre + radius[:, None] * unit(bend)
        line(design, curl, leaf, 0.03)
        disc(design, centre, 0.028, ruby)
    outer, inner = 0.31 * (0.4 + 0.6 * lobe), 0.21 * (0.3 + 0.7 * lobe)
    bands: list[tuple[Any, Array]] = [(0.385, ruby), (0.345, gold), (0.31, white), (outer, lapis), (inner, sky)]
    bands += [(0.13, ruby), (0.085, gold), (0.04, black)]
    for radius, colour in bands:
        design[reach < radius] = colour
    edge = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y))
    for depth, colour in ((0.0999, white), (0.0666, lapis)):
        design[edge < depth] = colour
    checks = np.sin(15 * np.pi * x) * np.sin(15 * np.pi * y) > 0
    design[checks & (edge < 0.0666) & (edge > 0.0333)] = ruby

    pitch, border = 0.0333, 0.0999
    sites: list[Array] = []
    for row in np.arange(pitch / 2, 0.75, pitch):
        n = max(4, round(2 * np.pi * row / pitch * rng.uniform(0.85, 1.05)))
        bend = (np.arange(n) + rng.uniform()) * 2 * np.pi / n + rng.normal(0, 0.1 / n, n)
        sites.append(0.5 + row * unit(bend))
    ring = np.concatenate(sites)
    ring = ring[np.all((ring > border) & (ring < 1 - border), 1)]
    rows = (np.arange(round(1 / pitch)) + 0.5) / round(1 / pitch)
    fx, fy = (a.ravel() for a in np.meshgrid(rows, rows))
    framed = np.minimum(np.minimum(fx, 1 - fx), np.minimum(fy, 1 - fy)) < border
    cubes = np.vstack([ring, np.stack([fx, fy], 1)[framed]])
    cubes += rng.normal(0, 0.0012, cubes.shape)
    labels = cells_of(size, cubes)
    px, py = np.clip((cubes * size).astype(int), 0, size - 1).T
    colours = design[py, px].astype(np.float32)
    gilt = np.abs(colours - gold).sum(1) < 60
    # Every gold cube sits at its own tilt: some throw the lamp back, some keep the dark.
    tilt = rng.beta(1.6, 1.6, len(cubes))[:, None]
    shiny = ramp(tilt[:, 0], np.stack([amber, gold, np.array(bgr("fff0a8"), np.float32)]))
    plain = colours * rng.normal(1, 0.13, (len(cubes), 1)) + rng.normal(0, 7, colours.shape)
    colours = np.where(gilt[:, None], shiny, plain)
    gap = seam(labels)
    face = step(0.0016, 0.0034, gap)
    relief = light(np.minimum(gap, 0.006) * 90, 0.5)
    picture = colours[labels].astype(np.float32) * relief[..., None] * (1 + 0.05 * noise(rng, size, 90))[..., None]
    return mix(canvas_of(size, bgr("6b5236")).astype(np.float32), picture, face)


@painter(seed=1, oversample=1)
def dots(rng: np.random.Generator, size: int) -> Array:
    """Pointillism: a sunny bay with sails, all in dots of pure colour."""
    peach, sky, lilac, sea, deep, grass, lemon, shade, sail, flame = palette(
        rng, "ffcf8a c0d8f2 a862c8 4fc0c8 2a3f9a 8cc03f ffe63b 4a2a82 fffbe8 f2501e", 6
    )
    x, y = grid(size)
    base = ramp(y / 0.45, np.stack([sky, sky, peach]))
    hills = 0.38 + 0.03 * np.sin(6 * x + rng.uniform(0, 6)) + 0.02 * np.sin(15 * x)
    base = mix(base, mix(lilac, sky, 0.2), step(0, 0.004, y - hills))
    ripple = np.sin(110 * y + 5 * noise(rng, size, (5, 12)))
    base = mix(base, ramp(0.45 + 0.35 * ripple + (y - 0.6), np.stack([sea, sea, deep])), step(0, 0.004, y - 0.45))
    shore = 0.72 + 0.16 * (1 - x) ** 2 * np.sin(3 * x + 1) + 0.05 * np.sin(5 * x)
    sunlit = 0.5 + 0.5 * noise(rng, size, (6, 9), 2)
    base = mix(base, ramp(sunlit, np.stack([shade, grass, grass, lemon])), step(0, 0.004, y - shore))
    flat = np.clip(base, 0, 255).astype(np.uint8)
    boats = np.array([(0.22, 0.5, 0.16), (0.42, 0.56, 0.24), (0.6, 0.49, 0.12)]) + rng.normal(0, 0.015, (3, 3))
    for cx, cy, tall in boats:
        mast = at(cx, cy)
        fill(flat, mast + tall * points("0 0  .45 0  0 -1"), sail)
        fill(flat, mast + at(-0.02, 0) + tall * points("0 0  -.3 0  0 -.8"), flame)
        fill(flat, mast + at(0, 0.012) + tall * points("-.35 0  .5 0  .3 .18  -.25 .18"), shade)
    trunk = spline(points(".86 .95  .83 .7  .87 .5  .82 .3"), 40)
    ribbon(flat, trunk, np.linspace(0.06, 0.02, 40), mix(shade, flame, 0.35))
    for _ in range(26):
        spot = rng.normal((0.82, 0.22), (0.1, 0.1))
        sun = np.clip(0.75 - spot[1] * 2 + rng.normal(0, 0.2), 0, 1)
        disc(flat, spot, rng.uniform(0.03, 0.07), mix(shade, grass, 0.3 + 0.7 * sun))
    canvas = canvas_of(size, mix(peach, sail, 0.6))
    for across, radius in ((48, 0.0125), (52, 0.0118), (50, 0.0105)):
        spots = scatter(rng, across, 0.5)
        px, py = np.clip((spots * size).astype(int), 0, size - 1).T
        # Seurat's rule: beside a colour its pure neighbours, so the eye mixes and not the brush.
        pure = flat[py, px] + rng.normal(0, 24, (len(spots), 3))
        pure += (pure - pure.mean(1, keepdims=True)) * 0.35
        for spot, colour in zip(spots, np.clip(pure, 0, 255), strict=True):
            disc(canvas, spot, radius * rng.uniform(0.75, 1.15), colour)
    return canvas


@painter(seed=1, oversample=1)
def ink(rng: np.random.Generator, size: int) -> Array:
    """Ink wash: ridges in mist, bamboo in the foreground, a red seal."""
    sheet, black, seal = palette(rng, "efe8d6 1b1b1e b3271e", 3)
    y = grid(size)[1]
    wash = np.zeros((size, size), np.float32)
    for k, base in enumerate((0.3, 0.42, 0.55, 0.7, 0.88)):
        skyline = base - (0.11 - 0.012 * k) * noise(rng, size, (4 + k, 2), 4)[size // 2]
        below = y - skyline[None]
        texture = noise(rng, size, (26, 7), 3)
        tone = (0.24 + 0.19 * k) * np.exp(-np.clip(below, 0, None) / (0.05 + 0.015 * k)) * (1 + 0.35 * texture)
        wash = np.where(below > 0, wash * np.clip(0.55 - 3 * below, 0, 1), wash)  # a nearer ridge hides the farther
        wash += step(0, 0.006, below) * np.clip(tone, 0, 1)
    wash = np.clip(wash, 0, 0.95)
    drawn = np.zeros((size, size), np.uint8)
    for cx, width in ((0.86, 0.075), (0.66, 0.045)):
        lean, low = rng.normal(0.05, 0.03), 1.02
        while low > -0.1:
            high = low - rng.uniform(0.17, 0.22)
            t = np.linspace(0, 1, 20)
            stalk = np.stack([cx + lean * (1 - low + t * (low - high)), low + t * (high - low)], 1)
            ribbon(drawn, stalk, width * (0.82 + 0.5 * (t - 0.5) ** 2 * 2), (rng.uniform(150, 215), 0, 0))
            knot = points("-.6 0  0 0  .6 0") * width + points("0 .003  0 -.004  0 .003")
            line(drawn, stalk[0] + knot, (255, 0, 0), 0.008)
            low = high - 0.008
    for _ in range(13):
        root = at(rng.uniform(0.35, 1.0), rng.uniform(0.02, 0.62))
        for _ in range(int(rng.integers(3, 6))):
            angle = np.deg2rad(rng.normal(105, 38))
            long = rng.uniform(0.13, 0.25)
            t = np.linspace(0, 1, 24)
            leaf = root + unit(angle + 0.5 * t) * (t * long)[:, None]
            ribbon(drawn, leaf, 0.045 * np.sin(np.pi * t**0.6) + 0.001, (rng.uniform(190, 255), 0, 0))
    # A dry brush: the paper's ribs show through where there was little ink.
    dry = step(-1.6, -0.3, noise(rng, size, (150, 26)) + drawn / 90.0 - 1.2)
    wash = np.maximum(wash, drawn / 255.0 * (0.45 + 0.55 * dry))
    drops = step(1.9, 2.4, noise(rng, size, 16)) * 0.35 * step(0.35, 0.1, y)
    picture = mix(np.broadcast_to(sheet, (size, size, 3)), black, np.clip(blur(wash, 0.0012) + drops, 0, 1))
    stamp = np.clip(picture * paper(rng, size, 0.02), 0, 255).astype(np.uint8)
    corner = at(0.07, 0.1)
    fill(stamp, corner + points("0 0  .09 0  .09 .11  0 .11"), seal)
    for _ in range(7):
        marks = corner + 0.012 + rng.uniform(0, 1, (2, 2)) * at(0.066, 0.086)
        upright = int(rng.integers(2))
        marks[1, upright] = marks[0, upright]
        line(stamp, marks, sheet, 0.007)
    return stamp


@painter(seed=2, oversample=1)
def hatch(rng: np.random.Generator, size: int) -> Array:
    """Charcoal: a still life built of hatching that bends around each body."""
    sheet, coal = palette(rng, "e6e1d8 0c0b0e", 3)
    x, y = grid(size)
    lamp = np.array([-0.55, -0.6, 0.58])
    edge_of_table = 0.6 + 0.02 * rng.normal()
    tone: Array = np.where(y < edge_of_table, 0.34 + 0.3 * x, 0.78 - 0.25 * (y - edge_of_table)).astype(np.float32)
    bend = np.where(y < edge_of_table, 0.25 * x, 1.2 + 0 * x).astype(np.float32)
    outline = np.abs(y - edge_of_table)
    bottle = points("-1 .26  -.62 .28  -.5 .3  -.3 .7  -.1 .95  .5 1  .95 .97  1 .85")
    pear = points("-1 .12  -.9 .34  -.5 .46  0 .78  .45 1  .8 .86  1 .3")
    ball = unit(np.linspace(np.pi, 0, 60))
    for profile, place in (
        (bottle, (0.28, 0.44, 0.115, 0.38)),
        (ball, (0.6, 0.62, 0.19, 0.19)),
        (pear, (0.42, 0.74, 0.12, 0.18)),
        (ball, (0.84, 0.8, 0.11, 0.1)),
    ):
        cx, cy, rx, ry = np.array(place) + rng.normal(0, (0.012, 0.008, 0.005, 0.005))
        shadow = ((x - cx - 1.1 * rx) / (1.9 * rx)) ** 2 + ((y - cy - 0.95 * ry) / (0.34 * rx)) ** 2
        tone = tone * (1 - 0.75 * step(1.15, 0.7, shadow))
        ny = (y - cy) / ry
        half = rx * np.interp(ny, profile[:, 0], profile[:, 1], left=0, right=0)
        nx = (x - cx) / np.maximum(half, 1e-4)
        body = (np.abs(nx) < 1) & (np.abs(ny) < 1)
        # The normal of a turned body: round across, tilted where the profile swells.
        tilt = ny if profile is ball else 0.6 * np.gradient(-half, axis=0) * size / 2
        nz = np.sqrt(np.clip(1 - nx**2, 0, 1))
        shine = np.clip(nx * lamp[0] + tilt * lamp[1] * 0.9 + nz * lamp[2], -1, 1)
        tone = np.where(body, 0.4 + 0.62 * shine + 0.14 * step(0.8, 1, np.abs(nx)), tone)
        bend = np.where(body, 0.9 * nx + 0.35 * ny, bend)
        mask = body.astype(np.uint8)
        near = (cv2.distanceTransform(mask, cv2.DIST_L2, 5) + cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5)) / size
        outline = np.where(body, near, np.minimum(outline, near))
    tone = np.clip(tone, 0, 1)
    wobble = noise(rng, size, 9, 2)
    grain = noise(rng, size, 200) * 0.6 + noise(rng, size, 70) * 0.5
    ink_ = np.zeros((size, size), np.float32)
    for angle, dark, pitch in ((38, 0.82, 0.019), (-48, 0.56, 0.02), (8, 0.36, 0.017), (82, 0.2, 0.018)):
        a = np.deg2rad(angle)
        across = (x * np.sin(a) + y * np.cos(a)) / pitch + 3.2 * bend + 0.35 * wobble
        near = np.abs(across - np.floor(across) - 0.5) * 2  # 0 in the middle of a line, 1 between two
        along = noise(rng, size, 14)
        width = np.clip((dark - tone) * 1.5 + 0.1 * along, 0, 0.85)
        ink_ = np.maximum(ink_, step(0.14, -0.14, near - width) * (width > 0.03) * np.clip(0.8 + 0.28 * grain, 0, 1))
    ink_ = np.maximum(ink_, step(0.0085, 0.004, outline + 0.002 * wobble) * np.clip(0.85 + 0.3 * grain, 0, 1))
    smudge = 0.26 * np.clip(1 - blur(tone, 0.01) * 1.3, 0, 1)
    return mix(np.broadcast_to(sheet, (size, size, 3)), coal, np.clip(ink_ + smudge, 0, 0.97)) * paper(rng, size, 0.025)


@painter(seed=3, oversample=1)
def watercolour(rng: np.random.Generator, size: int) -> Array:
    """Watercolour: loose flowers that bleed into wet white paper."""
    rose, coral, violet, aqua, leaf, sun, plum = palette(rng, "f25a96 ff8d5f 9a78e0 5fd3d6 7cc064 ffd24a 6b357f", 6)
    picture: Array = np.full((size, size, 3), 255, np.float32)

    def wash(shape: Array, colour: Array, density: float, soft: float = 0.03, ragged: float = 0.1) -> None:
        """Lay one wash: wandering edge, pigment gathered on the rim, blooms where the water ran back."""
        nonlocal picture
        field = blur(shape.astype(np.float32) / 255, soft * 0.4) + ragged * noise(rng, size, 9, 4)
        cover = step(0.42, 0.42 + soft * 8, field)
        rim = np.exp(-(((field - 0.47) / 0.05) ** 2))
        blooms = 0.3 * noise(rng, size, 5, 3)
        amount = np.clip(cover * (density * (0.75 + blooms) + 0.35 * density * rim), 0, 1)
        picture = picture * (1 - amount[..., None] * (1 - colour / 255))

    def blank() -> Array:
        return np.zeros((size, size), np.uint8)

    for colour in (aqua, sun, violet):
        shape = blank()
        for _ in range(3):
            disc(shape, rng.uniform(0.1, 0.9, 2), rng.uniform(0.14, 0.22), (255, 0, 0))
        wash(shape, colour, 0.42, 0.07, 0.22)
    hearts = points(".3 .32  .68 .26  .52 .6  .2 .7  .82 .66") + rng.normal(0, 0.025, (5, 2))
    for heart in hearts:
        shape = blank()
        stem = spline([heart, heart + at(rng.normal(0, 0.06), 0.2), (0.5 + rng.normal(0, 0.1), 1.08)], 40)
        ribbon(shape, stem, 0.02, (255, 0, 0))
        for t in (14, 24):
            side = rng.choice([-1, 1])
            blade = spline(stem[t] + np.array([(0, 0), (side * 0.09, -0.04), (side * 0.17, rng.normal(0, 0.03))]), 30)
            ribbon(shape, blade, 0.055 * swell(30) + 0.002, (255, 0, 0))
        wash(shape, mix(leaf, aqua, rng.uniform(0, 0.5)), 0.75, 0.02, 0.07)
    for k, heart in enumerate(hearts):
        hue = (rose, coral, violet, coral, rose)[k]
        n, phase, radius = int(rng.integers(5, 7)), rng.uniform(0, 6), rng.uniform(0.13, 0.17)
        for turn in (0, 1):
            shape = blank()
            for p in range(turn, n, 2):
                a = phase + p * 2 * np.pi / n
                petal = heart + unit(a) * np.linspace(0.01, radius, 24)[:, None]
                ribbon(shape, petal, radius * swell(24, 0.08, 0.95) ** 0.7, (255, 0, 0))
            wash(shape, mix(hue, violet, rng.uniform(0, 0.3)), 0.72, 0.025, 0.09)
        shape = blank()
        disc(shape, heart, 0.034, (255, 0, 0))
        wash(shape, plum, 0.9, 0.03, 0.06)
    for spot in rng.uniform(0, 1, (40, 2)):
        colour = (rose, aqua, sun, violet)[int(rng.integers(4))]
        speck = blank()
        disc(speck, spot, rng.uniform(0.002, 0.008), (255, 0, 0))
        picture *= 1 - 0.7 * (speck[..., None] / 255) * (1 - colour / 255)
    return picture * paper(rng, size, 0.02)


@painter(seed=2)
def halftone(rng: np.random.Generator, size: int) -> Array:
    """Pop art: bold black outlines and screens of printed dots."""
    red, yellow, blue, white, black, pink = palette(rng, "e4002b ffd500 0067c5 fffdf5 0c0a0c ff5a78", 4)

    def screen(below: Array, dot: Array, pitch: float, amount: Array | float, angle: float) -> Array:
        x, y = grid(size)
        a = np.deg2rad(angle)
        u, v = (x * np.cos(a) + y * np.sin(a)) / pitch, (-x * np.sin(a) + y * np.cos(a)) / pitch
        off = np.hypot(u % 1 - 0.5, v % 1 - 0.5)
        return mix(np.broadcast_to(below, (size, size, 3)), dot, step(0.04, -0.04, off - amount))

    x, y = grid(size)
    sky = screen(white, blue, 0.03, 0.2 + 0.28 * (1 - y), 45)
    skin = screen(white, pink, 0.034, 0.36 + 0.1 * x, 30)
    shift = rng.normal(0, 0.012, 2)
    face = points(".34 .2  .7 .1  1.1 .1  1.1 1.1  .62 1.1  .5 .97  .42 .86  .4 .74  .31 .64  .36 .45")
    face = spline(face + shift, 120, True)
    mask = np.zeros((size, size), np.uint8)
    fill(mask, face, (255, 0, 0))
    picture = mix(sky, skin, mask / 255).clip(0, 255).astype(np.uint8)
    line(picture, face, black, 0.016, True)
    for eye in points(".5 .42  .83 .4") + shift:
        lid = spline(eye + points("-.11 .015  -.03 -.06  .06 -.055  .12 0"), 40)
        low = spline(eye + points(".12 0  .03 .05  -.06 .045  -.11 .015"), 40)
        fill(picture, np.vstack([lid, low]), white)
        for radius, colour in ((0.052, black), (0.042, blue), (0.022, black)):
            disc(picture, eye + at(0, -0.008), radius, colour)
        disc(picture, eye + at(-0.014, -0.025), 0.012, white)
        ribbon(picture, lid, 0.014 + 0.022 * np.linspace(0, 1, 40), black)
        line(picture, low, black, 0.007)
        for t in (22, 28, 34, 39):
            way = normals(lid)[t] * -0.06 + at(0.03, 0)
            way = way if way[1] < 0 else -way  # lashes point up
            ribbon(picture, lid[t] + way * np.linspace(0, 1, 12)[:, None], np.linspace(0.014, 0.001, 12), black)
        brow = spline(eye + points("-.12 -.1  0 -.15  .13 -.1"), 40)
        ribbon(picture, brow, 0.034 * swell(40, 0.12, 0.97), black)
    drop = spline(at(0.45, 0.56) + shift + points("0 -.06  .032 .02  0 .05  -.032 .02"), 50, True)
    fill(picture, drop, white)
    line(picture, drop, black, 0.008, True)
    mouth = at(0.6, 0.83) + shift
    upper = spline(mouth + points("-.14 0  -.05 -.055  0 -.035  .06 -.055  .17 0"), 50)
    lower = spline(mouth + points(".17 0  .07 .085  -.05 .08  -.14 0"), 50)
    fill(picture, np.vstack([upper, lower]), red)
    line(picture, np.vstack([upper, lower]), black, 0.01, True)
    ribbon(picture, spline(mouth + points("-.14 0  0 .012  .17 0"), 30), 0.014, black)
    ribbon(picture, spline(mouth + points("0 .05  .04 .053  .08 .045"), 20), 0.016 * swell(20, 0.05, 0.95), white)
    line(picture, spline(shift + points(".66 .5  .67 .62  .64 .69  .68 .71"), 30), black, 0.011)
    for k in range(7):  # locks of hair, the front ones last
        first = points("1.05 -.08  .72 .06  .34 .22  .24 .52  .3 .8  .16 1.1")
        apart = points("-.17 0  -.13 .02  -.05 .05  -.05 0  -.07 0  -.06 0")
        swing = np.array([0, rng.normal(0, 0.02), 0, 0, 0, 0])
        lock = spline(first + k * apart + swing[:, None] * at(1, 0), 80)
        for extra, colour in ((0.02, black), (0.0, yellow)):
            ribbon(picture, lock, 0.13 * swell(80, 0.25, 0.85) + extra, colour)
        for offset in (-0.03, 0.01, 0.035):
            strand = lock[10:70] + normals(lock)[10:70] * offset
            ribbon(picture, strand, 0.009 * swell(60) + 0.001, mix(black, red, 0.8 * (offset > 0.03)))
    return picture


@painter(seed=6)
def cutout(rng: np.random.Generator, size: int) -> Array:
    """Paper cut-outs: lobed leaves in flat gouache colours on coloured blocks."""
    colours = palette(rng, "00a88a f6f0d8 ff7a5a 005a7a ffd05a e8e0c8 00c8b0 ff9f8a", 5)
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = colours[5]
    columns = np.cumsum([0, 0.36, 0.3, 0.34]) + np.array([0, *rng.normal(0, 0.02, 2), 0])
    streak = noise(rng, size, (5, 120)) * 0.02 + noise(rng, size, (120, 5)) * 0.015
    order = rng.permutation(8)
    for c in range(3):
        rows = np.cumsum([0, 0.32, 0.36, 0.32]) + np.array([0, *rng.normal(0, 0.04, 2), 0])
        for r in range(3):
            top, bottom, left, right = (int(edge * size) for edge in (rows[r], rows[r + 1], columns[c], columns[c + 1]))
            ground, leaf = order[(3 * c + r) % 8], order[(3 * c + r + 4) % 8]
            picture[top : bottom + 1, left : right + 1] = colours[ground]
            mask = np.zeros((size, size), np.uint8)
            centre = at((columns[c] + columns[c + 1]) / 2, (rows[r] + rows[r + 1]) / 2)
            lean, long = rng.uniform(-0.6, 0.6), 0.14
            way, side = unit(lean - np.pi / 2), unit(lean)
            spine = spline([centre - way * long, centre + side * rng.normal(0, 0.02), centre + way * long], 40)
            ribbon(mask, spine, 0.035, (255, 0, 0))
            lobes = int(rng.integers(3, 5))
            for k in range(lobes):
                root = spine[int((k + 0.4) / lobes * 39)]
                for hand in (-1, 1):
                    reach = 0.135 * (0.75 + 0.4 * np.sin(np.pi * (k + 0.5) / lobes)) * rng.uniform(0.85, 1.1)
                    t = np.linspace(0, 1, 24)[:, None]
                    lobe = root + hand * side * reach * t + way * reach * 0.9 * t**2
                    ribbon(mask, lobe, 0.026 + 0.022 * t[:, 0], (255, 0, 0))
                    disc(mask, lobe[-1], 0.024, (255, 0, 0))
            disc(mask, spine[-1], 0.026, (255, 0, 0))
            cover = mask / 255.0
            shadow = blur(moved(cover.astype(np.float32), 0.006), 0.005)
            picture = mix(picture * (1 - 0.4 * shadow)[..., None], colours[leaf], cover)
    return picture * (1 + streak)[..., None]


@painter(seed=1)
def lowpoly(rng: np.random.Generator, size: int) -> Array:
    """Facets: an evening range of mountains, folded from triangles."""
    sky = palette(rng, "5a10a0 c0169a ff3f7d ff8f3c ffd84d", 6)
    lit, dim = palette(rng, "ff9a70 f2407f a81a8c 5a1090", 6), palette(rng, "8a1fa5 4c0f92 2a0a70 12064a", 6)
    n = 19
    ticks = np.arange(-1, n + 2) / n
    px, py = np.meshgrid(ticks, ticks)
    p = np.stack([px, py], -1) + rng.uniform(-0.33, 0.33, (*px.shape, 2)) / n
    peaks = np.array([(0.3, 0.24, 1.15), (0.8, 0.4, 1.0), (0.5, 0.66, 0.55)]) + rng.normal(0, 0.02, (3, 3))
    canvas = canvas_of(size, sky[2])
    sun = at(0.62, 0.2) + rng.normal(0, 0.03, 2)
    for j in range(p.shape[0] - 1):
        for i in range(p.shape[1] - 1):
            a, b, c, d = p[j, i], p[j, i + 1], p[j + 1, i + 1], p[j + 1, i]
            for triangle in ((a, b, c), (a, c, d)) if rng.random() < 0.5 else ((a, b, d), (b, c, d)):
                corners = np.array(triangle)
                mx, my = corners.mean(0)
                inside = my - peaks[:, 1] - peaks[:, 2] * np.abs(mx - peaks[:, 0])
                tone = rng.normal(0, 0.09)
                if (inside > 0).any():
                    k = int(np.flatnonzero(inside > 0)[-1])  # the nearest range hides those behind
                    side = lit if mx > peaks[k, 0] + 0.1 * (my - peaks[k, 1]) else dim
                    colour = ramp(np.array([(my - peaks[k, 1]) * 1.5 + tone]), side)[0]
                elif np.hypot(mx - sun[0], my - sun[1]) < 0.1:
                    colour = np.array(bgr("fff6d0"))
                else:
                    colour = ramp(np.array([my * 2.7 + tone]), sky)[0]
                fill(canvas, corners, np.clip(colour * (1 + 0.7 * tone), 0, 255))
    return canvas


@painter(seed=1)
def neon(rng: np.random.Generator, size: int) -> Array:
    """Neon tubes on black: a sliced sun, a grid that runs to the horizon, palms."""
    pink, cyan, violet, orange, lime = palette(rng, "ff2bd6 19e3ff 8a3dff ff7a1a 7dff5a", 6)
    glow = np.zeros((size, size, 3), np.float32)
    core = np.zeros((size, size), np.float32)

    def tube(paths: list[Array], colour: Array, width: float = 0.008, closed: bool = False) -> None:
        nonlocal glow, core
        mask = np.zeros((size, size), np.uint8)
        for path in paths:
            line(mask, path, (255, 0, 0), width, closed)
        bright = mask.astype(np.float32) / 255
        small = cv2.resize(bright, (size // 4, size // 4), interpolation=cv2.INTER_AREA)  # wide blurs need no detail
        halo = 1.5 * blur(small, 0.008) + 1.6 * blur(small, 0.028)
        glow = np.maximum(glow, bright[..., None] * colour) + cv2.resize(halo, (size, size))[..., None] * colour * 0.55
        core = np.maximum(core, blur(bright, 0.0015) ** 2)

    horizon = 0.64
    sun = at(0.5 + rng.normal(0, 0.05), 0.4)
    tube([sun + 0.23 * RING], orange, 0.01)
    bars = []
    for drop in np.linspace(-0.1, 0.2, 7):
        half = np.sqrt(0.23**2 - drop**2)
        bars.append(sun + np.array([(-half, drop), (half, drop)]))
    tube(bars, pink, 0.008)
    ridge = points("-.02 .58  .1 .45  .16 .52  .27 .38  .4 .64  .6 .64  .7 .5  .77 .55  .88 .4  1.02 .56")
    ridge[[0, 1, 2, 3, 6, 7, 8, 9], 1] += rng.normal(0, 0.015, 8)  # its feet stay on the horizon
    tube([ridge], violet, 0.009)
    tube([np.array([(0.5 + k * 0.06, horizon), (0.5 + k * 0.42, 1.05)]) for k in range(-9, 10)], cyan, 0.006)
    tube([np.array([(-0.1, horizon + d), (1.1, horizon + d)]) for d in 0.38 * np.linspace(0, 1, 8) ** 2], cyan, 0.006)
    for foot, lean in ((0.1, 0.08), (0.93, -0.09)):
        top = at(foot + lean, 0.2 + rng.normal(0, 0.03))
        tube([spline([(foot, 0.9), (foot + 0.2 * lean, 0.55), top], 40)], pink, 0.009)
        fronds = []
        for a in np.deg2rad([-170, -140, -95, -50, -15, 15, 165.0]):
            way = unit(a)
            fronds.append(spline([top, top + 0.09 * way + at(0, -0.025), top + 0.17 * way + at(0, 0.05)], 24))
        tube(fronds, lime, 0.009)
    picture = np.full((size, size, 3), (22, 8, 12), np.float32) + glow
    return mix(np.clip(picture, 0, 255), (255, 255, 255), 0.75 * core)


@painter(seed=5)
def contour(rng: np.random.Generator, size: int) -> Array:
    """Layered paper: a landscape of height lines, each sheet casting its shadow on the one below."""
    sheets = palette(rng, "0d3b4f 14606b 2a8c82 7cc0a0 d9e2b8 f7e3b0 f4b183 e8785a c44b4b", 5)
    small = size // 2
    land = blur(noise(rng, small, 4, 3), 0.012)
    land = cv2.resize(land, (size, size), interpolation=cv2.INTER_CUBIC)
    down, across = np.gradient(land)
    steep = np.abs(down) + np.abs(across) + 1e-5  # rise per pixel: gives every edge the same softness
    levels = np.quantile(land, np.linspace(0.08, 0.93, 2 * len(sheets) - 1))
    picture = np.empty((size, size, 3), np.float32)
    picture[:] = sheets[0]
    for k, level in enumerate(levels, 1):
        cover = step(-0.5, 0.5, (land - level) / steep)
        shadow = blur(cv2.resize(moved(cover, 0.009), (small, small)), 0.006)
        picture *= 1 - 0.5 * cv2.resize(shadow, (size, size))[..., None]
        colour = ramp(np.array([k / len(levels)]), sheets)[0]
        rim = cover * (1 - moved(cover, 0.002))
        picture = mix(picture, colour, cover) + 26 * rim[..., None]
    return picture * paper(rng, size, 0.015)


@painter(seed=3)
def truchet(rng: np.random.Generator, size: int) -> Array:
    """Op art: bands of quarter circles that wander over the wall, black and white with one colour."""
    white, black, accent = palette(rng, "fffefa 08080a 06cf74", 4)
    n = int(rng.integers(3, 6))
    # From the corner outwards; the same on both sides of 0.5, so that neighbours always meet.
    edges = (0.92, 0.86, 0.80, 0.74, 0.68, 0.62, 0.38, 0.32, 0.26, 0.20, 0.14, 0.08)
    bands = [(edge, accent if edge == 0.62 else (black, white)[k % 2]) for k, edge in enumerate(edges)]
    canvas = canvas_of(size, white)
    for j in range(n):
        for i in range(n):
            corners = [(0, 0), (1, 1)] if rng.random() < 0.5 else [(1, 0), (0, 1)]
            y, x = round(j * size / n), round(i * size / n)
            h, w = round((j + 1) * size / n) - y, round((i + 1) * size / n) - x
            tile = canvas_of(max(h, w), white)
            for corner in corners:
                for radius, colour in bands:
                    disc(tile, corner, radius, colour)
            canvas[y : y + h, x : x + w] = tile[:h, :w]
    return canvas * paper(rng, size, 0.01)


@painter(seed=1, oversample=1)
def birch(rng: np.random.Generator, size: int) -> Array:
    """Palette knife: birches in first leaf, paint laid on so thick that it catches the light."""
    sky, lemon, lime, leaf, shade, moss, bark, dark = palette(
        rng, "b9a6ea e9f25a a4d62e 3f9b33 5b1f4f 2f7f5a f4f0e2 2c1830", 6
    )
    x, y = grid(size)
    canopy = 0.5 + 0.5 * noise(rng, size, 4, 2)
    base = ramp(canopy, np.stack([shade, leaf, lime, lime, lemon]))
    base = mix(base, sky, step(0.5, 0.9, noise(rng, size, 4, 2) + 0.9 - 2.2 * y))
    ground = step(0.76, 0.8, y + 0.03 * np.sin(7 * x))
    base = mix(base, ramp(0.5 + 0.45 * noise(rng, size, (3, 9), 2), np.stack([dark, shade, moss, lime])), ground)
    canvas, height = canvas_of(size, leaf), np.zeros((size, size), np.uint8)
    angle = 0.5 * noise(rng, size, 4) + np.where(y > 0.78, 0.0, 1.1)

    def dab(middle: Array, way: Array, colour: Array, width: float, bristles: int = 6) -> None:
        path = middle + np.array([-0.5, 0.0, 0.5])[:, None] * way
        brush(rng, canvas, height, path[None], colour[None], width, bristles, 9)

    for across, length, width in ((15, 0.11, 0.07), (18, 0.085, 0.052)):
        starts = scatter(rng, across)
        rng.shuffle(starts)
        px, py = np.clip((starts * size).astype(int), 0, size - 1).T
        colours = base[py, px] + rng.normal(0, 14, (len(starts), 1)) + rng.normal(0, 8, (len(starts), 3))
        brush(rng, canvas, height, follow(angle, starts, length, 5), colours, width, 9, 9)
    for cx in np.array([0.14, 0.38, 0.63, 0.87]) + rng.normal(0, 0.025, 4):
        foot, thick, lean = rng.uniform(0.84, 0.97), rng.uniform(0.055, 0.085), rng.normal(0, 0.05)
        for low in np.arange(foot, -0.05, -0.038):
            middle = at(cx + lean * (foot - low), low)
            for shift in (0.3, -0.25):  # the far side in shadow, then the side that faces the sun
                colour = mix(bark, mix(sky, shade, 0.45), 0.8 * (shift > 0)) + rng.normal(0, 8)
                dab(middle + at(shift * thick, rng.normal(0, 0.006)), at(0.012, 0.055), colour, 0.55 * thick)
            if rng.random() < 0.3:
                dab(middle + at(rng.uniform(-0.4, 0.0) * thick, 0), at(0.55 * thick, -0.01), dark, 0.016, 3)
    starts = scatter(rng, 13)
    starts = starts[(starts[:, 1] < 0.72) & (rng.random(len(starts)) < 0.42)]
    for start in starts:
        colour = (lemon, lime, leaf)[int(rng.integers(3))] + rng.normal(0, 12)
        dab(start, 0.06 * unit(rng.normal(1.0, 0.5)), colour, 0.045, 7)
    relief = light(blur(height.astype(np.float32) / 255, 0.0018), 0.4)
    return canvas * relief[..., None]


@painter(seed=1, oversample=1)
def lava(rng: np.random.Generator, size: int) -> Array:
    """Cooling lava: a black crust in plates, fire in the cracks."""
    crust, ash, ember, fire, flame, white = palette(rng, "120a0c 403032 8a0f06 e63c05 ffa51e fff0b0", 4)
    x, y = grid(size)
    flow = noise(rng, size, 2, 2)
    plates = cells_of(size, scatter(rng, 8, 0.5)).astype(np.float32)
    bend_x, bend_y = (0.026 * noise(rng, size, 6, 3) for _ in range(2))
    plates = warp(plates, bend_x, bend_y, cv2.INTER_NEAREST)
    gap = seam(plates.astype(np.int32))
    stream = np.exp(-(((x - 0.5 - 0.22 * np.sin(4 * y + rng.uniform(0, 6))) / 0.2) ** 2))  # where it still runs
    width = 0.005 + 0.015 * stream * np.clip(1 + 0.4 * flow, 0.3, 2)
    heat = np.exp(-((gap / width) ** 1.4)) + (0.1 + 0.34 * stream) * np.exp(-gap / 0.03)
    ropes = np.sin(150 * gap + 4 * noise(rng, size, 5, 2))  # skin that wrinkled while it moved
    relief = light(blur(0.1 * ropes + 0.1 * noise(rng, size, 40, 2), 0.002), 0.75)
    rock = ramp(0.45 + 0.3 * noise(rng, size, 7, 3), np.stack([crust, crust, ash])) * relief[..., None]
    hot = ramp(heat, np.stack([crust, ember, fire, flame, white]))
    return mix(rock, hot, step(0.12, 0.5, heat)) + 0.2 * blur(hot * step(0.3, 0.9, heat)[..., None], 0.02)


@painter(seed=1, oversample=1)
def chalk(rng: np.random.Generator, size: int) -> Array:
    """Chalk on a blackboard: ferns, flowers and a moon in dusty strokes."""
    board, white, rose, lemon, aqua = palette(rng, "0f4a2a fff8e8 ff8a9a ffe04a b0f0a0", 5)
    lines = [np.zeros((size, size), np.uint8) for _ in range(4)]
    areas = [np.zeros((size, size), np.uint8) for _ in range(4)]

    def stroke(path: Array, tint: int, width: float = 0.012) -> None:
        for _ in range(2):
            line(lines[tint], path + rng.normal(0, 0.002, 2), (255, 0, 0), width)

    def shape(path: Array, tint: int) -> None:
        fill(areas[tint], path, (255, 0, 0))
        stroke(path, tint)

    moon = at(rng.uniform(0.25, 0.75), 0.15)
    shape(moon + RING * 0.09, 2)
    for k, foot in enumerate(np.array([0.12, 0.88, 0.5, 0.3, 0.7]) + rng.normal(0, 0.03, 5)):
        lean, tall = rng.normal(0, 0.06), (0.72, 0.66, 0.58, 0.46, 0.42)[k] * rng.uniform(0.92, 1.08)
        stem = spline([(foot, 1.03), (foot + lean * 0.3, 1 - tall * 0.5), (foot + lean, 1 - tall)], 60)
        stroke(stem, 0, 0.014)
        if k < 3:  # a fern: pairs of leaves that shrink towards the tip
            for t in range(10, 58, 8):
                for hand in (-1, 1):
                    long = 0.2 * (1 - t / 68) + 0.02
                    tip = stem[t] + at(hand * long, -0.55 * long)
                    upper = spline([stem[t], (stem[t] + tip) / 2 + at(0, -0.27 * long), tip], 16)
                    lower = spline([tip, (stem[t] + tip) / 2 + at(0, 0.2 * long), stem[t]], 16)
                    shape(np.vstack([upper, lower]), (3, 0, 3)[k])
        else:
            for a in np.arange(0, 2 * np.pi, np.pi / 4) + lean:
                shape(stem[-1] + unit(a) * 0.085 + RING @ np.stack([unit(a) * 0.048, unit(a + np.pi / 2) * 0.029]), 1)
            shape(stem[-1] + 0.026 * RING, 2)
    for spot in rng.uniform((0.03, 0.03), (0.97, 0.3), (9, 2)):
        for a in (0.0, np.pi / 3, 2 * np.pi / 3):
            way = 0.02 * unit(a)
            stroke(np.stack([spot - way, spot + way]), 0, 0.008)
    x, y = grid(size)
    smear = noise(rng, size, (3, 8), 3)
    picture = np.broadcast_to(board, (size, size, 3)) + 9 * smear[..., None]
    tooth = noise(rng, size, 170) + 0.5 * noise(rng, size, 70)
    # The flat side of the chalk, drawn slantwise.
    rubbed = step(0.75, 0.35, np.abs((x + y) * 34 % 1 - 0.5) * 2 + 0.2 * tooth)
    for edge, area, tint in zip(lines, areas, (white, rose, lemon, aqua), strict=True):
        dust = blur(edge.astype(np.float32) / 255, 0.012)
        inside = area.astype(np.float32) / 255 * (0.05 + 0.2 * rubbed)
        broken = edge / 255 * (0.35 + 0.65 * step(-1.2, 0.9, tooth))
        picture = mix(picture, tint, np.clip(np.maximum(broken, inside) + 0.3 * dust, 0, 0.96))
    return picture


@painter(seed=1, oversample=1)
def crayon(rng: np.random.Generator, size: int) -> Array:
    """Crayons scribbled on rose paper, whose grain they leave bare."""
    picture = canvas_of(size, bgr("f6c9c4")).astype(np.float32)
    tones = palette(rng, "d7263d 1b998b 2e294e f46036 fff8f0", 8)
    wax = np.clip(0.75 + 0.55 * noise(rng, size, 220, 2), 0, 1)
    for k in range(26):
        centre, turn, count = rng.random(2), rng.uniform(0, np.pi), int(rng.integers(14, 30))
        wide, tall = rng.uniform(0.1, 0.24), rng.uniform(0.08, 0.2)
        along = np.linspace(-1, 1, count)  # to and fro, within an oval
        across = np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.75, 1.1, count)
        across = across * np.sqrt(np.maximum(1 - along**2, 0.05))
        path = centre + np.outer(along * wide, unit(turn)) + np.outer(across * tall, unit(turn + np.pi / 2))
        mark = np.zeros((size, size), np.uint8)
        line(mark, spline(path, 240), (255, 255, 255), 0.0075)
        picture = mix(picture, tones[k % len(tones)], (mark / 255 * wax)[..., None])
    return picture


# ---- the command ---------------------------------------------------------------------------------------------------


def jpeg(picture: Array) -> bytes:
    """Encode a picture as JPEG, in the best quality that stays within the limit."""
    for quality in range(92, 40, -4):
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if data.size <= MAX_BYTES:
            break
    return data.tobytes()


def main(argv: Sequence[str] | None = None) -> None:
    """Paint the named pictures, or all."""
    parser = argparse.ArgumentParser(description="Paint the style pictures.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {' '.join(PAINTERS)} (default: all)")
    here = pathlib.Path(__file__).parent
    parser.add_argument("--out", type=pathlib.Path, default=here, help="folder (default: this file's own)")
    parser.add_argument("--seed", type=int, help="another variant (default: the seed of the shipped picture)")
    args = parser.parse_args(argv)
    if unknown := sorted(set(args.names) - set(PAINTERS)):
        parser.error(f"no painter called {', '.join(unknown)}")
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or PAINTERS:
        seed = SEEDS[name] if args.seed is None else args.seed
        (args.out / f"{name}.jpg").write_bytes(jpeg(PAINTERS[name](np.random.default_rng(seed), SIZE)))
        print(name)


if __name__ == "__main__":
    main()
