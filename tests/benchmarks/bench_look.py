"""What own colours, guided upsampling and steady are worth, and what they cost. Not a test: it prints figures.

    python tests/benchmarks/bench_look.py                     on frames of the demo scene, in the styles that come with the program
    python tests/benchmarks/bench_look.py --photos ../shared/data/photos --teacher ../shared/models/magenta-mobile --clip CLIP.mp4
    python tests/benchmarks/bench_look.py --before-after CLIP.mp4   the same clip without and with each of the three

Times are medians of rounds in which what is compared takes turns. The measures are those of realtime/training/evaluate.py.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np

from realtime.core.frame import Picture, Size
from realtime.diagnose.timing import in_turns
from realtime.look.colours import own_colours
from realtime.look.steady import Steady
from realtime.media.images import load_picture
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.models.upsample import upsample
from realtime.sources.scene import Scene
from realtime.training.evaluate import camera, edge_strength, flicker

ROUNDS = 40
LARGE, SMALL = (1280, 720), (640, 360)
Paint = Callable[[Picture], Picture]


def resized(picture: Picture, size: Size) -> Picture:
    """A picture scaled to `size` (width, height)."""
    shrinks = picture.shape[1] > size[0]
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return scaled.astype(np.uint8, copy=False)


def main() -> None:
    parser = argparse.ArgumentParser(description="Figures of own colours, guided upsampling and steady.")
    parser.add_argument("--photos", type=Path, help="a folder of photos (../shared/data/photos); else the demo scene")
    parser.add_argument(
        "--styles", type=Path, default=Path(__file__).parents[2] / "styles", help="a folder of pictures"
    )
    parser.add_argument("--teacher", help="Magenta's mobile pair (../shared/models/magenta-mobile), steadied as well")
    parser.add_argument("--clip", type=Path, help="a clip with a cut (../shared/data/clips/skv_bikes.mp4)")
    parser.add_argument("--before-after", type=Path, help="a clip to be painted without and with each of the three")
    parser.add_argument("--most", type=int, default=12, help="how many photos, evenly spread over the folder")
    parser.add_argument("--no-times", action="store_true", help="leave out what needs a quiet machine")
    options = parser.parse_args()

    if options.before_after:
        before_after(Stylizer("lite"), options.before_after, spread(options.styles, 3))
        return
    photos = spread(options.photos, options.most) if options.photos else scenes(options.most)
    styles = spread(options.styles, 8)
    lite = Stylizer("lite")
    codes = [lite.encode(style) for style in styles]
    print(
        f"{len(photos)} photos of {options.photos or 'the demo scene'}, {len(styles)} styles of {options.styles}, lite"
    )
    colours(lite, codes, photos)
    upsampling(lite, codes, photos)
    steadiness("lite", lite, codes, photos)
    if options.teacher:
        teacher = Stylizer(options.teacher)
        steadiness("teacher", teacher, [teacher.encode(style) for style in styles[:4]], photos)
    waving(lite, codes, photos)
    cut(lite, codes, clip(options.clip) if options.clip else [*[photos[0]] * 6, *[photos[1][::-1]] * 6])
    if not options.no_times:
        times(lite, codes[0], photos[0])


def spread(folder: Path, count: int) -> list[Picture]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in (".jpg", ".png"))
    return [load_picture(file) for file in files[:: max(1, len(files) // count)][:count]]


def scenes(count: int) -> list[Picture]:
    scene = Scene((640, 480))
    return [scene.draw(7.0 * k) for k in range(count)]


def filling(photo: Picture, size: tuple[int, int]) -> Picture:
    """The middle of a photo, scaled to fill `size`."""
    scale = max(size[0] / photo.shape[1], size[1] / photo.shape[0])
    large = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA)
    large = cv2.resize(large, (max(size[0], large.shape[1]), max(size[1], large.shape[0])))
    x, y = (large.shape[1] - size[0]) // 2, (large.shape[0] - size[1]) // 2
    return np.ascontiguousarray(large[y : y + size[1], x : x + size[0]])


def noisy(picture: np.ndarray, rng: np.random.Generator) -> Picture:
    return np.clip(picture + rng.normal(0, 3, picture.shape), 0, 255).astype(np.uint8)


def apart(a: Picture, b: Picture) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def pairs(photos: Sequence[Picture], codes: Sequence[StyleCode]) -> list[tuple[Picture, StyleCode]]:
    """Every third pair."""
    return [(p, c) for i, p in enumerate(photos) for j, c in enumerate(codes) if (i + j) % 3 == 0]


# ---- the measures


def colours(lite: Stylizer, codes: Sequence[StyleCode], photos: Sequence[Picture]) -> None:
    """How far the lightness is from the painting's and the hue from the photo's, against a plain exchange of Cr and Cb."""
    found: dict[str, list[tuple[float, float, float]]] = {"own_colours": [], "YCrCb, for scale": []}
    for photo, code in pairs(photos, codes):
        content = filling(photo, (640, 480))
        painted = lite(content, code)
        mixed = cv2.cvtColor(painted, cv2.COLOR_BGR2YCrCb)
        mixed[:, :, 1:] = cv2.cvtColor(content, cv2.COLOR_BGR2YCrCb)[:, :, 1:]
        exchanged = cv2.cvtColor(mixed, cv2.COLOR_YCrCb2BGR).astype(np.uint8, copy=False)
        results = own_colours(painted, content, 1.0), exchanged
        lab_painted, lab_content = lab(painted), lab(content)
        for values, result in zip(found.values(), map(lab, results), strict=True):
            off = np.abs(result[..., 0] - lab_painted[..., 0])
            clear = (np.hypot(*np.moveaxis(lab_content[..., 1:], 2, 0)) > 15) & (
                np.hypot(*np.moveaxis(result[..., 1:], 2, 0)) > 8
            )
            turn = np.angle(np.exp(1j * (hue(result) - hue(lab_content))))[clear]
            values.append(
                (off.mean(), float(np.percentile(off, 99)), np.degrees(np.abs(turn).mean()) if turn.size else 0)
            )
    print("\nown colours: error of lightness L* (0..100), its 99th percentile, error of hue in degrees")
    for name, values in found.items():
        print(f"  {name:22}" + "".join(f"{value:8.2f}" for value in np.mean(values, axis=0)))


def lab(picture: Picture) -> np.ndarray:
    return cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_BGR2Lab)


def hue(picture: np.ndarray) -> np.ndarray:
    angles: np.ndarray = np.arctan2(picture[..., 2], picture[..., 1])
    return angles


def upsampling(lite: Stylizer, codes: Sequence[StyleCode], photos: Sequence[Picture]) -> None:
    """Edge correlation to the content, and flicker of a still scene with noise, against the model at full size."""
    edges: dict[str, list[float]] = {"model at 1280×720": [], "linear": [], "upsample": []}
    flick: dict[str, list[float]] = {name: [] for name in edges}
    rng = np.random.default_rng(0)

    def ways(content: Picture, code: StyleCode) -> list[Picture]:
        small = resized(content, SMALL)
        painted = lite(small, code)
        return [lite(content, code), resized(painted, LARGE), upsample(painted, small, content)]

    for photo, code in pairs(photos, codes):
        content = filling(photo, LARGE)
        strength = edge_strength(content).ravel()
        for values, picture in zip(edges.values(), ways(content, code), strict=True):
            values.append(float(np.corrcoef(strength, edge_strength(picture).ravel())[0, 1]))
        for values, *two in zip(flick.values(), *(ways(noisy(content, rng), code) for _ in range(2)), strict=True):
            values.append(apart(*two))
    print(
        "\nupsampling, 640×360 to 1280×720: edge correlation (bar: that of the model at 1280×720 less 0.02), still noisy scene"
    )
    for name in edges:
        print(f"  {name:22}{np.mean(edges[name]):8.4f}{np.mean(flick[name]):8.2f}")


def steadiness(name: str, stylizer: Stylizer, codes: Sequence[StyleCode], photos: Sequence[Picture]) -> None:
    """`flick` and `flick0` with and without, and how much of the sharpness of a moving picture stays."""
    found: dict[str, list[tuple[float, float]]] = {"flick": [], "flick0": []}
    sharp = []
    for number, code in enumerate(codes):
        for measure, moving in (("flick", True), ("flick0", False)):
            contents, matrices = camera(photos[number % len(photos)], moving, number)
            painted = [stylizer(content, code) for content in contents]
            held = steadied(painted, contents)
            found[measure].append((flicker(painted, matrices), flicker(held, matrices)))
            if moving:
                sharp.append(
                    np.mean(
                        [
                            edge_strength(h).mean() / edge_strength(p).mean()
                            for h, p in zip(held[3:], painted[3:], strict=True)
                        ]
                    )
                )
    print(f"\nsteady, {name}: without, with, ratio (bars: flick0 {'0.5' if name == 'lite' else '0.35'},"
          f" flick {'0.9' if name == 'lite' else '0.75'})")  # fmt: skip
    for measure, values in found.items():
        without, with_it = np.mean(values, axis=0)
        print(f"  {measure:22}{without:8.2f}{with_it:8.2f}{with_it / without:8.3f}")
    print(f"  edge strength kept while the camera moves: {np.mean(sharp):.3f}")


def steadied(painted: Sequence[Picture], contents: Sequence[Picture]) -> list[Picture]:
    steady = Steady()
    return [steady(p, c, 1.0, k / 30) for k, (p, c) in enumerate(zip(painted, contents, strict=True))]


def waving(lite: Stylizer, codes: Sequence[StyleCode], photos: Sequence[Picture]) -> None:
    """A textured object moved fast over a photo with sensor noise: where it is and was, with against without."""
    rng = np.random.default_rng(0)
    soft = np.zeros((190, 150, 1), np.float32)
    cv2.ellipse(soft, (75, 95), (70, 90), 0, 0, 360, (1.0,), -1)
    soft[:, :, 0] = cv2.GaussianBlur(soft, (0, 0), 1.5)
    everywhere, uncovered = [], []
    for number, code in enumerate(codes):
        ground = filling(photos[number % len(photos)], (640, 480))
        hand = cv2.resize(photos[(number + 1) % len(photos)], (150, 190))
        contents, places = [], []
        for k in range(24):
            x, y = int(245 + 220 * np.sin(0.45 * k)), int(140 + 40 * np.sin(0.8 * k))
            content = ground.astype(np.float32)
            content[y : y + 190, x : x + 150] += soft * (hand - content[y : y + 190, x : x + 150])
            place = np.zeros((480, 640), bool)
            place[y : y + 190, x : x + 150] = soft[:, :, 0] > 0.5
            contents.append(noisy(content, rng))
            places.append(place)
        painted = [lite(content, code) for content in contents]
        off = [
            np.abs(h.astype(int) - p).mean(axis=2) for h, p in zip(steadied(painted, contents), painted, strict=True)
        ]
        for k in range(2, 24):
            was = places[k - 1] | places[k - 2]
            everywhere.append(off[k][places[k] | was].mean())
            uncovered.append(off[k][was & ~places[k]].mean())
    print("\nsteady, a hand waved: difference to the unsteadied picture, of 255 (bar: 6)")
    print(f"  where it is and was {np.mean(everywhere):.2f} (worst frame {np.max(everywhere):.2f}),"
          f" where it just was {np.mean(uncovered):.2f}")  # fmt: skip


def clip(path: Path) -> list[Picture]:
    import av  # after cv2: the other way round its windows would hang

    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False) for frame in container.decode(video=0)]


def cut(lite: Stylizer, codes: Sequence[StyleCode], contents: Sequence[Picture]) -> None:
    """What of the old scene is seen in the first frame after each cut: difference to the unsteadied picture."""
    means = [resized(content, (32, 24)) for content in contents]
    cuts = [k for k, (a, b) in enumerate(pairwise(means), 1) if apart(a, b) > 25]
    left = []
    for k in cuts:
        around = [filling(content, (640, 480)) for content in contents[max(0, k - 5) : k + 1]]
        painted = [lite(content, codes[0]) for content in around]
        left.append(apart(steadied(painted, around)[-1], painted[-1]))
    print(
        f"\nsteady, {len(cuts)} cuts: difference to the unsteadied picture one frame later {[round(x, 2) for x in left]}"
    )


def before_after(lite: Stylizer, path: Path, styles: Sequence[Picture]) -> None:
    """The first three seconds of a clip, painted in some styles, without and with each of the three effects."""
    contents = [filling(frame, (640, 480)) for frame in clip(path)[:90]]
    codes = [lite.encode(style) for style in styles]
    print(f"{path}: {len(contents)} frames at 640×480, {len(codes)} styles, lite")
    found: dict[str, list[tuple[float, float]]] = {"what is still": [], "what moves": [], "edge strength": []}
    for code in codes:
        painted = [lite(content, code) for content in contents]
        held = steadied(painted, contents)
        for k in range(2, len(contents)):
            a, b = (cv2.blur(c, (9, 9)).astype(int) for c in contents[k - 1 : k + 1])
            moves = cv2.dilate((np.abs(a - b).max(axis=2) > 3).astype(np.uint8), np.ones((15, 15))) > 0
            for name, where in (("what is still", ~moves), ("what moves", moves)):
                if where.mean() > 0.02:
                    found[name].append((apart_at(painted, k, where), apart_at(held, k, where)))
            found["edge strength"].append((edge_strength(painted[k]).mean(), edge_strength(held[k]).mean()))
    print("\nsteady: difference of one picture to the next, of 255, without and with; and how sharp both are")
    for name, values in found.items():
        if values:
            without, with_it = np.mean(values, axis=0)
            print(f"  {name:22}{without:8.2f}{with_it:8.2f}{with_it / without:8.3f}")
    colours(lite, codes, contents[::15])
    upsampling(lite, codes, contents[::15])


def apart_at(pictures: Sequence[Picture], k: int, where: np.ndarray) -> float:
    return float(np.abs(pictures[k].astype(int) - pictures[k - 1])[where].mean())


# ---- times


def times(lite: Stylizer, code: StyleCode, photo: Picture) -> None:
    large, middle = filling(photo, LARGE), filling(photo, (640, 480))
    small = resized(large, SMALL)
    painted = lite(middle, code)

    def whole() -> None:
        reduced = resized(large, SMALL)
        upsample(lite(reduced, code), reduced, large)

    def holding(moving: bool) -> Callable[[], None]:
        contents, _ = camera(photo, moving, 0, size=(640, 480))
        paintings = [lite(content, code) for content in contents]
        steady, state = Steady(), [0]

        def task() -> None:
            state[0] += 1
            k = abs(state[0] % 22 - 11)  # to and fro: a jump back to the beginning would be a cut
            steady(paintings[k], contents[k], 1.0, state[0] / 30)

        return task

    tasks: dict[str, Callable[[], object]] = {
        "the model at 640×360": lambda: lite(small, code),
        "smaller, model, upsample": whole,
        "the model at 1280×720": lambda: lite(large, code),
        "own_colours at 640×480": lambda: own_colours(painted, middle, 1.0),
        "steady at 640×480, still": holding(False),
        "steady, camera moves": holding(True),
    }
    took = in_turns(tasks, ROUNDS, warm=3)
    print(f"\ntimes, medians of {ROUNDS} rounds")
    for name, laps in took.items():
        print(f"  {name:26}{statistics.median(laps.wall) * 1000:8.2f} ms")
    alone, with_it = (took[name].wall for name in list(tasks)[:2])
    ratio = statistics.median(w / a for w, a in zip(with_it, alone, strict=True))
    print(f"  smaller, model, upsample: {ratio:.2f} of the model at 640×360 (bar: 1.6)")


if __name__ == "__main__":
    main()
