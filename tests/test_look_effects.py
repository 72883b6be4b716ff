"""The three effects after the model: own colours, guided upsampling, steadiness; on the demo scene, with paintings that
shimmer as a network's do (`fake_painting`)."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest

from realtime.core.frame import Picture
from realtime.look import steady
from realtime.look.colours import own_colours
from realtime.look.steady import Steady
from realtime.models.upsample import upsample
from realtime.sources.base import shrunk
from realtime.sources.scene import Scene

SIZES = [(1, 1), (3, 2), (17, 16), (64, 48), (161, 15), (161, 41), (320, 241)]


@pytest.fixture(scope="module")
def scene() -> np.ndarray:
    """The demo scene, 320×240."""
    return Scene((320, 240)).draw(12.0)


def noisy(picture: np.ndarray, seed: int, sigma: float = 3.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def fake_painting(content: np.ndarray, turned: bool = False) -> np.ndarray:
    """Strong contrasts, so that noise shimmers, in other colours; `turned`: as another style has them."""
    contrast = cv2.addWeighted(content, 3.0, cv2.GaussianBlur(content, (0, 0), 4), -2.0, 10)
    return np.ascontiguousarray(contrast[:, :, ::-1] if turned else 255 - contrast)


def apart(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


def random_picture(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def luminance(picture: np.ndarray) -> np.ndarray:
    """0..255, of linear light taken as the square."""
    return np.sqrt((picture.astype(np.float64) ** 2) @ [0.0722, 0.7152, 0.2126])


def chroma(picture: np.ndarray) -> np.ndarray:
    return picture - (picture.astype(np.float64) @ [0.0722, 0.7152, 0.2126])[..., None]


# ---- own colours


def test_own_colours_keep_the_paintings_brightness_whatever_the_colours() -> None:
    painted, content = random_picture((300, 200), 1), random_picture((300, 200), 2)
    off = np.abs(luminance(own_colours(painted, content, 1.0)) - luminance(painted))
    assert off.mean() < 0.5
    assert off.max() < 2


def test_own_colours_are_the_contents_hues_also_where_they_do_not_fit() -> None:
    painted, content = random_picture((300, 200), 1), random_picture((300, 200), 2)
    now, wanted = chroma(own_colours(painted, content, 1.0)), chroma(content)
    size = np.linalg.norm(now, axis=-1) * np.linalg.norm(wanted, axis=-1)
    clear = np.linalg.norm(now, axis=-1) > 20  # of a nearly grey pixel rounding decides the hue
    assert clear.mean() > 0.5
    assert ((now * wanted).sum(-1)[clear] / size[clear]).min() > 0.99
    assert (np.linalg.norm(now, axis=-1) <= np.linalg.norm(wanted, axis=-1) + 2).all(), "never more than there was"


def test_colours_that_can_be_shown_are_kept_whole(scene: np.ndarray) -> None:
    assert np.abs(own_colours(scene, scene, 1.0).astype(int) - scene).max() <= 1


def test_own_colours_draw_no_bands() -> None:
    ramp = np.repeat(np.linspace(0, 255, 512).astype(np.uint8)[None], 40, axis=0)
    painted, content = np.dstack([ramp, ramp, ramp]), np.full((40, 512, 3), (40, 90, 200), np.uint8)
    steps = np.diff(own_colours(painted, content, 1.0)[20].astype(int), axis=0)
    assert np.abs(steps).max() <= 3
    assert (np.diff(luminance(own_colours(painted, content, 1.0))[20]) > -1.5).all()


def test_the_amount_of_own_colours_fades_from_the_painting(scene: np.ndarray) -> None:
    painted = fake_painting(scene)
    assert own_colours(painted, scene, 0.0) is painted
    before = painted.copy()
    half, whole = own_colours(painted, scene, 0.5), own_colours(painted, scene, 1.0)
    assert np.abs(half - (painted.astype(float) + whole) / 2).max() <= 1
    assert np.array_equal(painted, before), "what was given is not written into"


# ---- guided upsampling


def small_and_painted(content: np.ndarray, turned: bool = False) -> tuple[np.ndarray, np.ndarray]:
    small = cv2.resize(content, (content.shape[1] // 2, content.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return small, 255 - small if turned else small


def edges(picture: np.ndarray) -> np.ndarray:
    grey = cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), 1)
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))


@pytest.mark.parametrize("turned", [False, True], ids=["as bright", "dark for light"])
def test_upsampling_brings_the_frames_edges_back(scene: np.ndarray, turned: bool) -> None:
    small, painted = small_and_painted(scene, turned)
    sharp = 255 - scene if turned else scene
    linear = cv2.resize(painted, (320, 240))
    guided = upsample(painted, small, scene)
    assert apart(guided, sharp) < 0.9 * apart(linear, sharp)
    found, before = (np.corrcoef(edges(p).ravel(), edges(scene).ravel())[0, 1] for p in (guided, linear))
    assert found > before


@pytest.mark.parametrize("turned", [False, True], ids=["as bright", "dark for light"])
def test_upsampling_draws_no_halos(turned: bool) -> None:
    content = np.full((120, 160, 3), 60, np.uint8)
    content[:, 83:] = 180
    small, painted = small_and_painted(content, turned)
    row = upsample(painted, small, content)[60, :, 1].astype(int)
    low, high = (75, 195) if turned else (60, 180)
    assert row.min() >= low - 40 and row.max() <= high + 40
    assert np.abs(row[:76] - painted[0, 0, 0]).max() <= 3 and np.abs(row[90:] - painted[0, -1, 0]).max() <= 3


def test_upsampling_lets_no_noise_in_where_the_frame_is_flat(scene: np.ndarray) -> None:
    guided, linear = [], []
    scene = cv2.GaussianBlur(scene, (0, 0), 8)
    for seed in range(2):
        content = noisy(scene, seed)
        small, painted = small_and_painted(content)
        guided.append(upsample(painted, small, content))
        linear.append(cv2.resize(painted, (320, 240)))
    assert apart(*guided) < 1.1 * apart(*linear)


def test_strokes_of_which_the_frame_knows_nothing_stay(scene: np.ndarray) -> None:
    flat = np.full((240, 320, 3), 128, np.uint8)
    painted = shrunk(scene, (160, 120))
    assert np.array_equal(upsample(painted, flat[:120, :160], flat), cv2.resize(painted, (320, 240)))


# ---- steady


def steadied(
    paintings: list[np.ndarray], contents: list[np.ndarray], amount: float = 1.0, fps: float = 30
) -> list[Picture]:
    steady = Steady()
    return [steady(p, c, amount, k / fps) for k, (p, c) in enumerate(zip(paintings, contents, strict=True))]


def shimmer(pictures: list[np.ndarray]) -> float:
    return float(np.mean([apart(a, b) for a, b in itertools.pairwise(pictures)]))


def test_at_amount_0_the_very_picture_comes_back(scene: np.ndarray) -> None:
    steady = Steady()
    for k in range(3):
        painted = fake_painting(noisy(scene, k))
        assert steady(painted, scene, 0.0, k / 30) is painted


def test_a_still_scene_is_still_and_the_more_the_higher_the_amount(scene: np.ndarray) -> None:
    contents = [noisy(scene, k) for k in range(12)]
    paintings = [fake_painting(c) for c in contents]
    before = [p.copy() for p in paintings]
    whole, half = (shimmer(steadied(paintings, contents, amount)) for amount in (1.0, 0.5))
    assert whole < 0.35 * shimmer(paintings)
    assert whole < half < shimmer(paintings)
    assert all(np.array_equal(a, b) for a, b in zip(paintings, before, strict=True))


def test_a_moving_camera_is_steadied_along_its_motion(scene: np.ndarray) -> None:
    large = cv2.resize(scene, (480, 360), interpolation=cv2.INTER_CUBIC)
    contents = [noisy(large[40 + k : 280 + k, 30 + 3 * k : 350 + 3 * k], k) for k in range(14)]
    paintings = [fake_painting(c) for c in contents]

    def along(pictures: list[np.ndarray]) -> float:
        pairs = itertools.pairwise(pictures)
        return float(np.mean([apart(a[20:-20, 20:-20], b[19:-21, 17:-23]) for a, b in pairs]))

    assert along(steadied(paintings, contents)) < 0.75 * along(paintings)


@pytest.mark.parametrize("size", [(480, 360), (479, 641)], ids=str)
def test_a_thing_that_moves_is_steadied_and_so_is_the_rest(scene: np.ndarray, size: tuple[int, int]) -> None:
    thing, ground = cv2.resize(scene[60:180, 100:220], (71, 90)), cv2.resize(scene, size)
    contents = []
    for k in range(14):
        content = ground.copy()
        content[200:290, 200 + k : 271 + k] = thing
        contents.append(noisy(content, k))
    paintings = [fake_painting(c) for c in contents]

    def shimmers(pictures: list[np.ndarray]) -> tuple[float, float]:
        """Of the thing, along its way, and of what lies above it."""
        things = [picture[205:285, 205 + k : 266 + k] for k, picture in enumerate(pictures)]
        return shimmer(things), shimmer([picture[:150] for picture in pictures])

    (thing_is, rest_is), (thing_was, rest_was) = shimmers(steadied(paintings, contents)), shimmers(paintings)
    assert thing_is < 0.9 * thing_was
    assert rest_is < 0.35 * rest_was


def test_things_that_move_apart_are_moved_as_if_all_between_them_was(
    scene: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground, thing = cv2.resize(scene, (640, 480)), cv2.resize(scene[60:180, 100:220], (80, 90))
    contents = []
    for k in range(8):
        content = ground.copy()
        for top, left in ((20, 30 + 3 * k), (200, 400 - 2 * k), (370, 60 + k), (300 - k, 540)):
            content[top : top + 90, left : left + 80] = thing
        contents.append(noisy(content, k, 1.0))
    paintings = [fake_painting(c) for c in contents]
    boxes = list[int]()
    find = steady._boxes

    def counted(moving: np.ndarray, height: int) -> list[tuple[int, int, int, int]]:
        found = find(moving, height)
        boxes.append(len(found))
        return found

    monkeypatch.setattr(steady, "_boxes", counted)
    apart_from_each_other = steadied(paintings, contents)
    assert max(boxes) > 1
    monkeypatch.setattr(steady, "_MOST_BOXES", 0)
    together = steadied(paintings, contents)
    assert apart(together[-1], paintings[-1]) > 0.5
    for one, other in zip(apart_from_each_other, together, strict=True):
        assert apart(one, other) < 0.02


def test_a_portrait_picture_is_steadied_while_the_camera_moves(scene: np.ndarray) -> None:
    large = cv2.resize(scene, (520, 700), interpolation=cv2.INTER_CUBIC)
    contents = [noisy(large[20:661, 2 * k : 479 + 2 * k], k) for k in range(6)]
    paintings = [fake_painting(c) for c in contents]
    assert all(p.shape == (641, 479, 3) for p in steadied(paintings, contents))


def test_nothing_is_left_of_the_old_scene_after_a_cut(scene: np.ndarray) -> None:
    other = np.ascontiguousarray(scene[::-1, ::-1])
    contents = [noisy(scene if k < 5 else other, k) for k in range(7)]
    paintings = [fake_painting(c) for c in contents]
    pictures = steadied(paintings, contents)
    assert np.array_equal(pictures[5], paintings[5])


def test_what_moves_fast_leaves_no_trail(scene: np.ndarray) -> None:
    hand = cv2.resize(scene[60:180, 100:220], (60, 80))
    contents, places = [], []
    for k in range(16):
        content, x = scene.copy(), int(130 + 120 * np.sin(k * 0.5))
        content[80:160, x : x + 60] = hand
        contents.append(noisy(content, k))
        place = np.zeros(scene.shape[:2], bool)
        place[80:160, x : x + 60] = True
        places.append(place)
    paintings = [fake_painting(c) for c in contents]
    for k, picture in enumerate(steadied(paintings, contents)):
        moved = places[k] | places[max(0, k - 1)] | places[max(0, k - 2)]
        assert apart(picture[moved], paintings[k][moved]) < 6


def test_the_picture_follows_the_light(scene: np.ndarray) -> None:
    contents = [noisy(cv2.convertScaleAbs(scene, alpha=0.6 if k < 4 else 1.0), k) for k in range(12)]
    slowly = [noisy(cv2.convertScaleAbs(scene, alpha=0.6 + min(0.4, 0.01 * k)), k) for k in range(60)]
    for clip, seconds in ((contents, 0.2), (slowly, 0.3)):
        paintings = [fake_painting(c) for c in clip]
        lit = 4 + round(seconds * 30) if clip is contents else 40 + round(seconds * 30)
        lit = min(lit, len(clip) - 1)
        picture = steadied(paintings, clip)[lit]
        assert apart(cv2.blur(picture, (15, 15)), cv2.blur(paintings[lit], (15, 15))) < 3


def test_another_style_is_seen_at_once(scene: np.ndarray) -> None:
    contents = [noisy(scene, k) for k in range(8)]
    paintings = [fake_painting(c, turned=k >= 5) for k, c in enumerate(contents)]
    assert np.array_equal(steadied(paintings, contents)[5], paintings[5])


def test_a_network_that_flickers_in_every_frame_is_held(scene: np.ndarray) -> None:
    contents = [noisy(scene, k) for k in range(10)]
    rng = np.random.default_rng(1)
    paintings = [np.clip(255 - c + rng.normal(0, 25, c.shape), 0, 255).astype(np.uint8) for c in contents]
    held = steadied(paintings, contents)
    assert apart(paintings[4], paintings[5]) > 20
    for k in range(4, 9):
        assert apart(held[k], held[k + 1]) < 0.5 * apart(paintings[k], paintings[k + 1])


def test_a_style_that_morphs_is_followed_within_a_fifth_of_a_second(scene: np.ndarray) -> None:
    contents = [noisy(scene, k) for k in range(22)]
    shares = [min(1.0, max(0.0, (k - 3) / 12)) for k in range(22)]
    paintings = [
        cv2.addWeighted(fake_painting(c), 1 - s, fake_painting(c, True), s, 0)
        for c, s in zip(contents, shares, strict=True)
    ]
    pictures = steadied(paintings, contents)
    assert apart(cv2.blur(pictures[21], (15, 15)), cv2.blur(paintings[21], (15, 15))) < 4


def test_a_picture_in_fewer_or_more_lines_is_held_on(scene: np.ndarray) -> None:
    """Where quality changes the size, what is shown goes on: not even the frame of the change shimmers."""
    large = cv2.resize(scene, (640, 480), interpolation=cv2.INTER_CUBIC)
    steady, shown, plain = Steady(), list[Picture](), list[Picture]()
    for k in range(20):
        height = 480 - 16 * max(0, min(3, k - 10))
        content = shrunk(noisy(large, k), (round(height * 4 / 3), height))
        painted = fake_painting(content)
        for pictures, picture in ((shown, steady(painted, content, 1.0, k / 30)), (plain, painted)):
            pictures.append(np.asarray(cv2.resize(picture, (640, 480)), np.uint8))
    assert shimmer(shown[9:15]) < 0.5 * shimmer(plain[9:15])


@pytest.mark.parametrize("how", ["reset", "a gap", "backwards", "another size", "off"])
def test_it_starts_anew(scene: np.ndarray, how: str) -> None:
    steady = Steady()
    for k in range(4):
        steady(fake_painting(noisy(scene, k)), noisy(scene, k), 1.0, k / 30)
    content = noisy(scene, 9)
    at = {"a gap": 2.0, "backwards": 0.05}.get(how, 4 / 30)
    if how == "reset":
        steady.reset()
    if how == "off":
        steady(content, content, 0.0, 3.5 / 30)
    if how == "another size":
        content = content[:200]
    painted = fake_painting(content)
    assert steady(painted, content, 1.0, at) is painted


def test_streams_of_different_rates_are_alike(scene: np.ndarray) -> None:
    """Something that appears in the painting alone is there to the same degree after a tenth of a second."""
    found = []
    for fps in (20, 60):
        paintings = [fake_painting(scene) for _ in range(2 + fps // 10)]
        for painting in paintings[2:]:
            painting[100:140, 100:140] //= 2
        final = steadied(paintings, [scene] * len(paintings), fps=fps)[-1][110:130, 110:130]
        found.append(apart(final, paintings[-1][110:130, 110:130]))
    assert abs(found[0] - found[1]) < 6


# ---- all of them


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_pictures_of_any_size_will_do(size: tuple[int, int]) -> None:
    content, painted = random_picture(size), random_picture(size, 1)
    assert own_colours(painted, content, 0.7).shape == content.shape
    large = upsample(painted, content, random_picture((size[0] * 2 + 1, size[1] * 3), 2))
    assert large.shape == (size[1] * 3, size[0] * 2 + 1, 3) and large.dtype == np.uint8
    steady = Steady()
    for k in range(4):
        shown = steady(noisy(painted, k), noisy(np.roll(content, k // 2, 1), k), 0.5, k / 30)
        assert shown.shape == painted.shape and shown.dtype == np.uint8
