"""Looks: what may be in one, how they are written and read, and what a painter makes of them."""

from __future__ import annotations

import math
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fakes import FakeModel, opened
from PIL import Image

from realtime.control.actions import Action, KeepLook, RecallLook, Record
from realtime.control.commands import (
    PRESETS,
    STOPS,
    AwaitPreset,
    BlendSecond,
    Command,
    LeaveOutStyle,
    NextStop,
    Nudge,
    Preset,
    SelectStyle,
    SetBlend,
    SetLook,
    SetMorph,
    SetSlideshow,
    SetStyles,
    StepStyle,
    Toggle,
    ToggleView,
    UseLook,
)
from realtime.control.controls import Controls
from realtime.control.settings import Settings, reduce
from realtime.core.errors import StyleError, UsageError
from realtime.core.events import Events
from realtime.core.frame import Frame
from realtime.look.look import FULL, MORPH, Look, parse_mixture
from realtime.look.look_files import read_look, read_mirror, write_look
from realtime.look.pipeline import Pipeline
from realtime.look.stylized import Stylized
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.sinks.snapshot import SnapshotSink

RED, BLUE = (0, 0, 200), (200, 0, 0)
CODES = {
    name: StyleCode(FakeModel.identity, (np.array(colour, np.float32),))
    for name, colour in (("red", RED), ("blue", BLUE))
}


def alone(name: str, **amounts: float) -> Look:
    return Look(((name, 1.0),), **amounts)


def frame(
    seconds: float = 0.0, colour: tuple[int, int, int] = (10, 100, 50), size: tuple[int, int] = (64, 48)
) -> Frame:
    return Frame(np.full((size[1], size[0], 3), colour, np.uint8), seconds)


def painter(morph: float = MORPH) -> Pipeline:
    return Pipeline(Stylizer(FakeModel()), CODES.get, morph)


def colour(stylized: Stylized) -> list[int]:
    return [int(value) for value in stylized.picture[5, 5]]


@pytest.mark.parametrize(
    ("text", "styles"),
    [
        ("wave", (("wave", 1.0),)),
        ("wave:0.6,glass:0.4", (("wave", 0.6), ("glass", 0.4))),
        ("wave, glass", (("wave", 0.5), ("glass", 0.5))),
        ("wave:3,glass:1", (("wave", 0.75), ("glass", 0.25))),
        (r"C:\cat.jpg", ((r"C:\cat.jpg", 1.0),)),
    ],
)
def test_mixtures_as_written(text: str, styles: object) -> None:
    assert parse_mixture(text) == styles


def test_a_picture_file_with_commas_in_its_name_is_one_style(tmp_path: Path) -> None:
    path = tmp_path / "me, you:0.5.png"
    path.write_bytes(b"")
    assert parse_mixture(str(path)) == ((str(path), 1.0),)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,c,d,e", "1 to 4"),
        ("a:0,b:0", "all weights are 0"),
        ("a:-1,b:1", "-1"),
        ("a:nan,b:1", "nan"),
        (f"a:{'9' * 400}", "weight of a"),
        ("a,a", "twice"),
    ],
)
def test_mixtures_that_cannot_be(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_mixture(text)


@pytest.mark.parametrize(
    "amounts",
    [
        {"strength": 1.5},
        {"own_colours": -0.1},
        {"brush": 0.0},
        {"brush": 16.5},
        {"brush": float("-inf")},
        {"brush": float("nan")},
        {"brush": True},
        {"steady": float("nan")},
    ],
)
def test_amounts_out_of_range(amounts: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="is not between"):
        alone("red", **amounts)


def test_a_look_comes_back_from_its_file(tmp_path: Path) -> None:
    look = Look((('odd "name" ü', 0.25), ("wave", 0.75)), 0.7, 0.5, 0.35, 1.0)
    path = tmp_path / "new" / "look.toml"
    write_look(look, path)
    assert read_look(path) == look
    write_look(replace(look, strength=0.1), path)
    assert read_look(path).strength == 0.1
    write_look(replace(look, brush=FULL), path)
    assert read_look(path).brush == FULL and 'brush = "full"' in path.read_text("utf-8")


@pytest.mark.parametrize("name", ["😀", "del\x7f", "caf\udce9"])  # the last is a file name whose bytes are no text
def test_any_file_name_can_be_kept_in_a_look(name: str, tmp_path: Path) -> None:
    write_look(alone(name), tmp_path / "look.toml")
    assert read_look(tmp_path / "look.toml") == alone(name)


def test_a_snapshot_brings_back_a_style_whose_file_name_is_no_text(tmp_path: Path) -> None:
    sink, odd = opened(SnapshotSink(tmp_path)), alone("caf\udce9")
    sink.write(replace(painter(0).paint(frame(), alone("red")), look=odd))
    assert sink.path is not None
    assert read_look(sink.path) == odd


def test_a_look_written_by_hand(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('styles = "wave:0.6,glass:0.4"\nsteady = 1\n')
    assert read_look(path) == Look((("wave", 0.6), ("glass", 0.4)), steady=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names its styles"),
        ("styles = 3", "names its styles"),
        ("styles = {}", "names its styles"),
        ("styles = { wave = 'much' }", "much"),
        ("style = 'wave'", "no 'style'"),
        ("styles = 'wave'\nstrength = 'all'", "'all'"),
        ("styles = 'wave'\nstrength = 7", "7"),
        ("styles = ", "no look"),
        ("\x00", "no look"),
    ],
)
def test_files_that_are_no_look_say_why(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "look.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as told:
        read_look(path)
    assert "look.toml" in str(told.value)


def test_other_files_are_no_look(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "holiday.png"), np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\xff")
    for name in ("holiday.png", "broken.png", "bytes.toml", "none.toml"):
        with pytest.raises(UsageError, match=name):
            read_look(tmp_path / name)
    with pytest.raises(UsageError, match=r"broken\.png"):
        read_mirror(tmp_path / "broken.png")


def test_a_look_from_a_stranger_is_data_of_a_limited_size(tmp_path: Path) -> None:
    deep, large, other = tmp_path / "deep.toml", tmp_path / "large.toml", tmp_path / "other.png"
    deep.write_text(f"styles = {'[' * 50_000}")
    large.write_text("styles = 'wave'" + "\n" * 200_000)
    Image.new("RGB", (4, 4)).save(other, format="EPS")  # Pillow would start another program for it
    for path, said in ((deep, "deep.toml: this is no look"), (large, "larger than 100 kB"), (other, "other.png")):
        with pytest.raises(UsageError, match=said):
            read_look(path)


def test_the_picture_of_a_snapshot_is_not_decoded_for_its_look(tmp_path: Path) -> None:
    """A picture of 7,000 × 7,000 would take 147 MB, and this one has only the first few of its bytes."""
    sink = opened(SnapshotSink(tmp_path))
    sink.write(painter(0).paint(frame(), alone("red")))
    assert sink.path is not None
    data = bytearray(sink.path.read_bytes())
    start = data.index(b"IHDR")
    data[start + 4 : start + 12] = (7_000).to_bytes(4, "big") * 2
    data[start + 17 : start + 21] = zlib.crc32(data[start : start + 17]).to_bytes(4, "big")
    sink.path.write_bytes(data)
    assert read_look(sink.path) == alone("red")
    data[start + 4 : start + 12] = (60_000).to_bytes(4, "big") * 2
    data[start + 17 : start + 21] = zlib.crc32(data[start : start + 17]).to_bytes(4, "big")
    sink.path.write_bytes(data)
    with pytest.raises(UsageError, match=sink.path.name):
        read_look(sink.path)


def test_a_snapshot_holds_its_look(tmp_path: Path) -> None:
    look = Look((("red", 0.5), ("blue", 0.5)), 0.8, 0.5, 0.75, 0.5)
    sink = opened(SnapshotSink(tmp_path, keep_original=True))
    sink.write(painter(0).paint(frame(), look))
    (path,) = tmp_path.glob("*red-blue.png")
    assert read_look(path) == look
    (original,) = tmp_path.glob("*_original.png")
    with pytest.raises(UsageError, match="holds no look"):
        read_look(original)


# ---- the painter ----


def test_a_mixture_lies_between_its_styles() -> None:
    assert colour(painter().paint(frame(), Look((("red", 0.75), ("blue", 0.25))))) == [50, 0, 150]


def test_one_style_turns_into_the_next_within_the_morph() -> None:
    brush = painter()
    assert colour(brush.paint(frame(10.0), alone("red"))) == [0, 0, 200]
    at = {
        seconds: colour(brush.paint(frame(seconds), alone("blue"))) for seconds in (10.1, 10.2, 10.3, 10.4, 10.5, 10.6)
    }
    blues = [blue for blue, _, _ in at.values()]
    assert blues == sorted(blues)
    assert blues[0] == 0, "it begins where it was"
    assert blues[2] == 100, "half way"
    assert blues[-1] == 200
    assert all(blue + red == 200 for blue, _, red in at.values())


def test_a_morph_that_is_interrupted_goes_on_from_where_it_is() -> None:
    brush = painter()
    brush.paint(frame(0.0), alone("red"))
    brush.paint(frame(0.1), alone("blue"))
    half = brush.paint(frame(0.3), alone("blue"))
    back = brush.paint(frame(0.31), alone("red"))
    assert np.abs(np.subtract(colour(half), colour(back))).max() <= 8
    assert not brush.settled
    assert colour(brush.paint(frame(0.8), alone("red"))) == [0, 0, 200]
    assert brush.settled


def test_what_is_painted_on_the_way_says_how_it_was_painted() -> None:
    brush = painter(1.0)
    brush.paint(frame(0.0), alone("red"))
    brush.paint(frame(0.1), alone("blue"))
    for seconds, look in ((0.4, alone("blue")), (0.5, alone("red")), (0.7, alone("red"))):
        half = brush.paint(frame(seconds), look)
        assert {name for name, _ in half.look.styles} == {"red", "blue"}
        again = painter().paint(frame(), half.look)
        assert np.abs(np.subtract(colour(half), colour(again))).max() <= 1
    assert brush.paint(frame(9.0), alone("red")).look == alone("red")


def test_of_many_styles_on_the_way_the_heaviest_are_named() -> None:
    codes = dict.fromkeys("abcdefg", CODES["red"])
    brush = Pipeline(Stylizer(FakeModel()), codes.get, 1.0)
    brush.paint(frame(0.0), Look((("a", 0.4), ("b", 0.3), ("c", 0.3))))
    after = Look((("d", 0.5), ("e", 0.3), ("f", 0.2)))
    brush.paint(frame(0.1), after)
    assert [name for name, _ in brush.paint(frame(0.3), after).look.styles] == ["a", "b", "c", "d"]
    assert [name for name, _ in brush.paint(frame(0.9), after).look.styles] == ["a", "d", "e", "f"]


def test_without_a_morph_it_switches_at_once() -> None:
    brush = painter(0)
    brush.paint(frame(0.0), alone("red"))
    assert colour(brush.paint(frame(0.01), alone("blue"))) == [200, 0, 0]


def test_until_a_style_is_ready_the_one_before_goes_on() -> None:
    known = {"red": CODES["red"]}
    brush = Pipeline(Stylizer(FakeModel()), known.get, morph=0)
    nothing = brush.paint(frame(0.0), alone("blue"))
    assert colour(nothing) == [10, 100, 50]
    brush.paint(frame(0.1), alone("red"))
    still = brush.paint(frame(0.2), alone("blue"))
    assert (colour(still), still.look.name) == ([0, 0, 200], "red")
    known["blue"] = CODES["blue"]
    assert colour(brush.paint(frame(0.3), alone("blue"))) == [200, 0, 0]


def test_a_style_whose_picture_has_changed_turns_into_the_new_one() -> None:
    codes = dict(CODES)
    brush = Pipeline(Stylizer(FakeModel()), codes.get)
    brush.paint(frame(0.0), alone("red"))
    codes["red"] = CODES["blue"]
    brush.paint(frame(0.1), alone("red"))
    assert colour(brush.paint(frame(0.6), alone("red"))) == [200, 0, 0]


def test_strength_moves_evenly_and_0_is_the_frame_untouched() -> None:
    brush = painter()
    brush.paint(frame(0.0), alone("red"))
    strengths = [brush.paint(frame(k / 10), alone("red", strength=0.0)).look.strength for k in range(1, 6)]
    assert strengths == pytest.approx([0.75, 0.5, 0.25, 0.0, 0.0])
    last = frame(1.0)
    assert brush.paint(last, alone("red", strength=0.0)).picture is last.picture


def test_half_strength_lies_between_the_frame_and_the_style() -> None:
    assert colour(painter().paint(frame(), alone("red", strength=0.5))) == [5, 50, 125]


def test_the_frames_own_code_follows_it_without_a_jump() -> None:
    brush, look = painter(), alone("red", strength=0.5)
    greens = [colour(brush.paint(frame(k / 30, (0, 100 if k < 10 else 200, 0)), look))[1] for k in range(60)]
    assert (greens[0], greens[-1]) == (50, 100)
    assert max(np.abs(np.diff(greens))) <= 6


def test_a_picture_that_stays_is_painted_once() -> None:
    model = FakeModel()
    brush = Pipeline(Stylizer(model), CODES.get)
    same = frame()
    first = brush.paint(same, alone("red"))
    again = brush.paint(Frame(same.picture, 1.0), alone("red"))
    assert again.picture is first.picture
    assert (again.frame.time, again.model_seconds, model.frames) == (1.0, 0.0, 1)
    brush.paint(Frame(same.picture, 2.0), alone("red", own_colours=0.5))
    assert model.frames == 2


def test_a_picture_that_stays_is_painted_once_at_half_strength_too() -> None:
    model = FakeModel()
    brush = Pipeline(Stylizer(model), CODES.get)
    same = frame().picture
    for k in range(100):
        brush.paint(Frame(same, k / 30), alone("red", strength=0.5))
    assert model.frames < 20
    assert model.encoded == 1


def test_the_model_sees_a_smaller_frame_for_a_larger_brush() -> None:
    class Sizes(FakeModel):
        def stylize(self, picture: np.ndarray, code: StyleCode) -> np.ndarray:
            seen.append(picture.shape[:2])
            return super().stylize(picture, code)

    seen: list[tuple[int, ...]] = []
    pipeline = Pipeline(Stylizer(Sizes()), CODES.get)
    sizes = {0.25: (120, 160), 0.5: (240, 320), 1.0: (480, 640), 2.0: (600, 800), FULL: (600, 800)}
    for amount, size in sizes.items():
        out = pipeline.paint(frame(size=(800, 600)), alone("red", brush=amount))
        assert seen[-1] == size and out.picture.shape == (600, 800, 3)
    for size, expected in (((1280, 720), (480, 853)), ((720, 1280), (853, 480)), ((320, 240), (240, 320))):
        pipeline.paint(frame(size=size), alone("red"))
        assert seen[-1] == expected


def test_the_model_sees_fewer_lines_than_the_brush_asks_for_where_it_is_told_so() -> None:
    class Sizes(FakeModel):
        def stylize(self, picture: np.ndarray, code: StyleCode) -> np.ndarray:
            seen.append(picture.shape[:2])
            return super().stylize(picture, code)

    seen: list[tuple[int, ...]] = []
    pipeline = Pipeline(Stylizer(Sizes()), CODES.get)
    for lines, size in ((480, (480, 640)), (408, (408, 544)), (360, (360, 480)), (900, (600, 800))):
        out = pipeline.paint(frame(size=(800, 600)), alone("red"), lines)
        assert seen[-1] == size and out.picture.shape == (600, 800, 3) and out.look == alone("red")


def test_near_strength_0_a_broad_brush_leaves_the_frame_as_sharp_as_it_is() -> None:
    content = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    faint = painter(0).paint(Frame(content, 0.0), alone("red", strength=0.01, brush=0.2)).picture
    assert np.abs(faint.astype(int) - content).max() <= 16


def test_everything_composes_and_keeps_size_and_type() -> None:
    brush = painter()
    rng = np.random.default_rng(0)
    look = Look((("red", 0.5), ("blue", 0.5)), strength=0.6, own_colours=0.5, brush=0.25, steady=0.5)
    for k in range(5):
        picture = rng.integers(0, 256, (241, 322, 3), np.uint8)
        before = picture.copy()
        out = brush.paint(Frame(picture, k / 30), look)
        assert out.picture.shape == picture.shape
        assert out.picture.dtype == np.uint8
        assert np.array_equal(picture, before), "the frame is never drawn into"


def test_a_painter_without_memory_of_another_model() -> None:
    other = {"red": StyleCode("another", (np.zeros(3, np.float32),))}
    with pytest.raises(StyleError):
        Pipeline(Stylizer(FakeModel()), other.get).paint(frame(), alone("red"))
    with pytest.raises(UsageError, match="morph"):
        Pipeline(Stylizer(FakeModel()), CODES.get, -1.0)


# ---- the controls ----

SAID: list[str] = []
DONE: list[Action] = []


@pytest.fixture
def controls() -> Controls:
    return heard(Settings(alone("b")), ["a", "b", "c"])


def heard(settings: Settings, names: list[str]) -> Controls:
    """Controls whose notices are in SAID and whose actions are in DONE."""
    SAID.clear()
    DONE.clear()
    events = Events()
    events.subscribe(lambda event: SAID.append(event.text) if event.text else None)
    return Controls(settings, lambda: names, events, DONE.append)


def styles(controls: Controls) -> list[tuple[str, float]]:
    return [(name, round(weight, 2)) for name, weight in controls.settings.look.styles]


def test_a_second_style_is_blended_in_moved_to_and_let_go(controls: Controls) -> None:
    controls.apply(BlendSecond())
    assert styles(controls) == [("b", 0.5), ("c", 0.5)]
    controls.apply(Nudge("blend", 0.1))
    assert styles(controls) == [("b", 0.4), ("c", 0.6)]
    controls.apply(StepStyle(1))
    assert styles(controls) == [("b", 0.4), ("a", 0.6)]
    controls.apply(StepStyle(1))
    assert styles(controls) == [("b", 0.4), ("c", 0.6)], "the first one is not blended with itself"
    for _ in range(9):
        controls.apply(Nudge("blend", 0.1))
    assert styles(controls) == [("b", 0.0), ("c", 1.0)]
    controls.apply(Nudge("blend", -0.1))
    assert styles(controls) == [("b", 0.1), ("c", 0.9)], "the first one is still held"
    controls.apply(BlendSecond())
    assert styles(controls) == [("c", 1.0)]


def test_all_of_the_last_style_and_back_keeps_the_proportions_of_the_others() -> None:
    look = Look((("a", 0.6), ("b", 0.2), ("c", 0.2)))
    controls = Controls(Settings(look), lambda: ["a", "b", "c"])
    controls.apply(Nudge("blend", 1.0))
    assert styles(controls) == [("a", 0.0), ("b", 0.0), ("c", 1.0)]
    controls.apply(Nudge("blend", -0.8))
    assert styles(controls) == [("a", 0.6), ("b", 0.2), ("c", 0.2)]


def test_a_blend_that_is_set_is_the_last_one_that_was_asked_for_whatever_it_was_before() -> None:
    """A slider or an OSC message says where it is, not how far it went: two at once must not add up."""
    look = Look((("a", 0.6), ("b", 0.2), ("c", 0.2)), strength=0.4)
    controls = Controls(Settings(look), lambda: ["a", "b", "c"])
    first, second = SetBlend(0.9), SetBlend(0.6)  # both are made before either is applied
    controls.apply(first)
    controls.apply(second)
    assert styles(controls) == [("a", 0.3), ("b", 0.1), ("c", 0.6)]
    controls.apply(SetBlend(1))
    controls.apply(SetBlend(0.2))
    assert styles(controls) == [("a", 0.6), ("b", 0.2), ("c", 0.2)] and controls.settings.look.strength == 0.4


def test_styles_that_are_mixed_leave_the_rest_of_the_look_to_those_who_change_it_meanwhile() -> None:
    controls = Controls(Settings(alone("a")), lambda: ["a", "b"])
    mixed = SetStyles((("a", 1.0), ("b", 3.0)))
    controls.apply(SetLook("strength", 0.3))
    controls.apply(mixed)
    assert styles(controls) == [("a", 0.25), ("b", 0.75)] and controls.settings.look.strength == 0.3
    with pytest.raises(UsageError, match="there is no style 'x'"):
        controls.apply(SetStyles((("x", 1.0),)))


def test_blending_without_a_second_style_says_how(controls: Controls) -> None:
    controls.apply(Nudge("blend", 0.1))
    assert any("x blends" in text for text in SAID)
    assert styles(controls) == [("b", 1.0)]


def test_with_one_style_there_is_nothing_to_blend() -> None:
    controls = heard(Settings(alone("a")), ["a"])
    controls.apply(BlendSecond())
    assert any("no second style" in text for text in SAID)


def test_a_key_ends_the_morph_and_begins_it_again() -> None:
    controls = heard(Settings(alone("b"), morph=0.7), ["a", "b"])
    seen = []
    for value in (None, None, 0.2, None, None):
        controls.apply(SetMorph(value))
        seen.append(controls.settings.morph)
    assert seen == [0.0, 0.7, 0.2, 0.0, 0.7]
    assert SAID[:2] == ["styles switch at once", "styles morph over 0.7 s"]


@pytest.mark.parametrize("field", STOPS)
def test_a_key_goes_through_the_stops_and_back(controls: Controls, field: Any) -> None:
    stops = STOPS[field]
    seen = []
    for _ in stops:
        controls.apply(NextStop(field))
        seen.append(getattr(controls.settings.look, field))
    assert seen == [*stops[1:], stops[0]]
    controls.apply(SetLook(field, 0.9))
    assert getattr(controls.settings.look, field) == 0.9


def test_a_brush_is_said_as_the_heads_up_line_has_it() -> None:
    controls = heard(Settings(alone("a")), ["a"])
    for value in (0.5, float("inf")):
        controls.apply(SetLook("brush", value))
    assert SAID == ["brush 50%", "brush full"]


def test_keep_then_a_number_keeps_and_the_number_alone_recalls(controls: Controls) -> None:
    controls.apply(Preset(2))
    controls.apply(AwaitPreset())
    assert controls.settings.awaits_preset
    controls.apply(Preset(PRESETS))
    assert not controls.settings.awaits_preset
    assert [RecallLook(2), KeepLook(PRESETS)] == DONE
    controls.apply(AwaitPreset())
    controls.apply(StepStyle(1))
    assert not controls.settings.awaits_preset, "any other key leaves it"


@pytest.mark.parametrize(
    ("command", "values"),
    [
        (SetBlend, (1.1,)),
        (SetBlend, ("x",)),
        (SetBlend, (True,)),
        (SetStyles, ((("a", -1.0),),)),
        (SetStyles, ((),)),
        (
            Nudge,
            (
                "strength",
                "x",
            ),
        ),
        (
            Nudge,
            (
                "strength",
                math.nan,
            ),
        ),
        (
            Nudge,
            (
                "steady",
                0.1,
            ),
        ),
        (
            SetLook,
            (
                "strength",
                "x",
            ),
        ),
        (
            SetLook,
            (
                "strength",
                math.nan,
            ),
        ),
        (
            SetLook,
            (
                "strength",
                1.1,
            ),
        ),
        (
            SetLook,
            (
                "colour",
                1.0,
            ),
        ),
        (NextStop, ("strength",)),
        (SelectStyle, (-1,)),
        (SelectStyle, (3.7,)),
        (SelectStyle, (math.nan,)),
        (SelectStyle, (True,)),
        (SelectStyle, (None,)),
        (StepStyle, ("x",)),
        (SetMorph, ("y",)),
        (SetMorph, (-1.0,)),
        (SetMorph, (math.inf,)),
        (SetSlideshow, ("x",)),
        (Toggle, ("compare",)),
        (
            Toggle,
            (
                "mirror",
                "yes",
            ),
        ),
        (ToggleView, ("mirror",)),
        (Preset, (0,)),
        (Preset, (PRESETS + 1,)),
        (KeepLook, ("1",)),
        (Record, ("x",)),
        (UseLook, ("wave",)),
    ],
)
def test_a_wrong_command_is_an_error_where_it_is_made(command: Any, values: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError):
        command(*values)


def test_what_is_no_command_for_a_stream_changes_nothing(controls: Controls) -> None:
    before = controls.settings
    for command in (Command(), ToggleView("compare")):
        with pytest.raises(UsageError, match="no command"):
            controls.apply(command)
    assert (controls.settings, DONE) == (before, [])


def test_settings_are_reduced_without_a_trace_elsewhere() -> None:
    before = Settings(alone("b"))
    change = reduce(before, Nudge("strength", -0.3), ["a", "b"])
    assert (before.look.strength, change.settings.look.strength) == (1.0, 0.7)


def test_a_style_that_cannot_be_used_takes_nothing_else_back(controls: Controls) -> None:
    controls.apply(SelectStyle("c"))
    controls.apply(Nudge("strength", -0.3))  # a key between the failure and what follows from it
    controls.apply(LeaveOutStyle("c", (("b", 1.0),)))
    assert controls.settings.look == Look((("b", 1.0),), 0.7)
    controls.apply(LeaveOutStyle("c", (("a", 1.0),)))
    assert controls.settings.look.style == "b", "it is not in use any more"


def test_a_look_is_taken_up_when_its_styles_are_there(controls: Controls) -> None:
    look = Look((("a", 0.5), ("c", 0.5)), 0.5)
    controls.apply(UseLook(look))
    assert controls.settings.look == look
    with pytest.raises(UsageError, match="no style 'z'"):
        controls.apply(UseLook(alone("z")))
    assert controls.settings.look == look


def test_stepping_when_the_style_in_use_was_removed() -> None:
    names = ["a", "c"]
    controls = Controls(Settings(alone("b")), lambda: names)
    controls.apply(StepStyle(1))
    assert styles(controls) == [("c", 1.0)]
    controls = Controls(Settings(alone("b")), lambda: names)
    controls.apply(StepStyle(-1))
    assert styles(controls) == [("a", 1.0)]
    controls = Controls(Settings(Look((("a", 0.5), ("b", 0.5)))), lambda: ["a"])
    controls.apply(StepStyle(1))
    assert styles(controls) == [("a", 0.5), ("b", 0.5)], "there is no other"


def test_a_small_painting_gets_its_colours_and_is_held_before_it_is_brought_to_full_size() -> None:
    large = frame(size=(960, 720))
    brush, look = painter(morph=0), alone("red", brush=0.5, steady=1.0, own_colours=1.0)
    painted = brush.paint(large, look)
    assert painted.picture.shape == large.picture.shape
    assert brush.state()["steady picture"].shape == (240, 320, 3)  # a ninth of the work, and of the memory
    blue, green, red = colour(painted)
    assert green > red > blue  # the frame's hue, in the painting's brightness
