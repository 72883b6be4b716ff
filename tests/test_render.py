"""Files painted whole: every frame once and at its time, all else kept, and the same result however often it was interrupted."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2

# isort: split
import av
import media
import numpy as np
import pytest
from fakes import FakeModel
from PIL import Image

from realtime import cli
from realtime.core.errors import RealtimeError, SinkError, SourceError, UsageError
from realtime.core.frame import Picture
from realtime.look.look import Look
from realtime.media.hdr import to_sdr
from realtime.models.base import StyleCode
from realtime.models.registry import LITE
from realtime.models.stylizer import Stylizer
from realtime.render import painting
from realtime.render.cluster import connected
from realtime.render.reading import open_footage
from realtime.render.rendering import Rendering
from realtime.render.schedule import Schedule, parse_change
from realtime.render.task import Outcome, Task
from realtime.render.writing import KINDS, Segment
from realtime.styles.library import StyleLibrary

SHARED = Path(__file__).parent.parent.parent / "shared" / "data" / "clips"
RED, BLUE = (20, 20, 220), (220, 20, 20)
needs_lite = pytest.mark.skipif(
    not (LITE / "frame.tflite").is_file(), reason="the embedded model is not in this checkout"
)


class Echo(FakeModel):
    """Paints the frame as it is, with a bar of the style's colour along the top; the number of the frame stays readable."""

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        self.check(code)
        painted: Picture = picture.copy()
        painted[: picture.shape[0] // 4] = np.round(code.arrays[0]).astype(np.uint8)
        return painted


CODES = {
    name: StyleCode(Echo.identity, (np.array(colour, np.float32),))
    for name, colour in {"red": RED, "blue": BLUE}.items()
}
LOOK = Look((("red", 1.0),))


class Watch:
    """Notes what it is told."""

    def __init__(self, on_painted: Callable[[int], None] = lambda count: None) -> None:
        self.on_painted = on_painted
        self.total: int | None = None
        self.count = 0
        self.damage: list[tuple[float, str]] = []
        self.notes: list[str] = []
        self.outcome: Outcome | None = None

    def begin(self, name: str, frames: int | None, done: int) -> None:
        self.total, self.count = frames, done

    def note(self, text: str) -> None:
        self.notes.append(text)

    def painted(self, count: int) -> None:
        self.count += count
        self.on_painted(self.count)

    def broken(self, seconds: float, why: str) -> None:
        self.damage.append((seconds, why))

    def end(self, outcome: Outcome) -> None:
        self.outcome = outcome


def render(source: Path | str, out: Path, look: Look = LOOK, *, stop_after: int = 0, watch: Watch | None = None,
           stylizers: int = 2, changes: tuple[Any, ...] = (), mirror: bool = False, **task: Any) -> Outcome:  # fmt: skip
    """Render with the echoing model; stopped as by Ctrl-C when so many frames are done."""
    stop = threading.Event()
    watch = watch or Watch()
    if stop_after:
        watch.on_painted = lambda count: stop.set() if count >= stop_after else None
    team = [Stylizer(Echo()) for _ in range(stylizers)]
    schedule = Schedule(look, changes, mirror=mirror)
    return Rendering(Task(str(source), out, schedule, **task), team, CODES.__getitem__, watch, stop.is_set).run()


def seen(path: Path) -> list[tuple[float, Picture]]:
    """The frames of a file with their times in seconds."""
    with av.open(str(path)) as container:
        return [
            (media.seconds(frame.pts, frame.time_base), frame.to_ndarray(format="bgr24").astype(np.uint8, copy=False))
            for frame in container.decode(video=0)
        ]


def numbers(path: Path) -> list[int]:
    return [media.number(picture) for _, picture in seen(path)]


def packets(path: Path, kind: str) -> list[list[tuple[float, bytes]]]:
    """The packets of every stream of a kind ("audio", "subtitles"), with their times."""
    with av.open(str(path)) as container:
        streams = getattr(container.streams, kind)
        found: dict[int, list[tuple[float, bytes]]] = {stream.index: [] for stream in streams}
        for packet in container.demux(*streams) if streams else ():
            if packet.pts is not None:
                found[packet.stream_index].append((round(float(packet.pts * packet.time_base), 3), bytes(packet)))
        return list(found.values())


def deep(levels: np.ndarray) -> Any:
    """A frame of 10 bits in 4:2:0 from its three planes one above the other."""
    width, height = levels.shape[1], levels.shape[0] * 2 // 3
    frame = av.VideoFrame(width, height, "yuv420p10le")
    flat, begin = levels.reshape(-1), 0
    for plane in frame.planes:
        rows = np.zeros((plane.height, plane.line_size // 2), np.uint16)
        rows[:, : plane.width] = flat[begin : begin + plane.width * plane.height].reshape(plane.height, plane.width)
        plane.update(rows.tobytes())
        begin += plane.width * plane.height
    return frame


def encoded(path: Path, pictures: list[Any], codec: str = "libx264", pixels: str = "yuv420p", *, format: str = "bgr24",
            options: dict[str, str] | None = None, rate: int = 25, tags: dict[str, Any] | None = None) -> Path:  # fmt: skip
    """A video of pictures, tagged as told."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=rate, options=options or {"crf": "5"})
        stream.height, stream.width = pictures[0].shape[:2]
        if format.startswith("yuv420p"):
            stream.height = stream.height * 2 // 3
        stream.pix_fmt = pixels
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        for index, picture in enumerate(pictures):
            frame = deep(picture) if format == "yuv420p10le" else av.VideoFrame.from_ndarray(picture, format=format)
            frame.pts, frame.time_base = index, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments of 0.4 s, so that a small clip has several."""
    monkeypatch.setattr(painting, "SEGMENT_SECONDS", Fraction(2, 5))


# ---- every frame once, at its time ----

TIMES = [0, 0.04, 0.08, 0.2, 0.21, 0.5, 0.9, 0.94, 0.98, 1.3, 1.34, 2.0]


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".webm", ".gif"])
def test_every_frame_once_and_at_its_time(short_segments: None, tmp_path: Path, ending: str) -> None:
    clip = media.clip_at(tmp_path / "in.mp4", TIMES)
    outcome = render(clip, tmp_path / f"out{ending}")
    assert outcome.finished
    assert outcome.frames == len(TIMES)
    assert outcome.broken == 0
    found = seen(tmp_path / f"out{ending}")
    assert [media.number(picture) for _, picture in found] == list(range(len(TIMES)))
    # Matroska counts in thousandths of a second, GIF in hundredths, and shows no frame for less than two
    within = {".mp4": 1e-6, ".gif": 0.011}.get(ending, 0.0006)
    assert [time for time, _ in found] == pytest.approx(TIMES, abs=within)
    assert list(tmp_path.iterdir()) == [path for path in tmp_path.iterdir() if path.suffix in (".mp4", ending)]


def test_the_last_frame_lasts_as_long_as_it_did(tmp_path: Path) -> None:
    clip = encoded(tmp_path / "in.mp4", [media.numbered(i) for i in range(10)], rate=5)
    render(clip, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert media.seconds(stream.duration, stream.time_base) == pytest.approx(2.0)


def test_a_folder_of_numbered_pictures_with_their_times(short_segments: None, tmp_path: Path) -> None:
    clip = media.clip_at(tmp_path / "in.mp4", TIMES)
    outcome = render(clip, tmp_path / "out")
    assert outcome.finished
    names = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert names == [f"{number:06}.png" for number in range(1, len(TIMES) + 1)]
    assert [media.number(media.read_image(tmp_path / "out" / name)) for name in names] == list(range(len(TIMES)))
    lines = (tmp_path / "out" / "frames.ffconcat").read_text().splitlines()
    assert [line.split()[1] for line in lines if line.startswith("file")] == names
    lasting = [float(line.split()[1]) for line in lines if line.startswith("duration")]
    assert np.cumsum([0, *lasting[:-1]]) == pytest.approx(TIMES, abs=1e-5)


def test_ffprobe_finds_what_players_want(tmp_path: Path) -> None:
    if not shutil.which("ffprobe"):
        pytest.skip("ffprobe is not installed")
    clip = media.clip_at(tmp_path / "in.mp4", TIMES)
    render(clip, tmp_path / "out.mp4")
    words = [
        "ffprobe",
        *["-v", "error", "-of", "json", "-show_streams", "-count_packets", "-show_entries", "packet=flags"],
    ]
    told = json.loads(
        subprocess.run([*words, tmp_path / "out.mp4"], capture_output=True, check=True, timeout=60).stdout
    )
    (stream,) = told["streams"]
    assert (stream["codec_name"], stream["pix_fmt"], stream["color_range"]) == ("h264", "yuv420p", "tv")
    assert stream["sample_aspect_ratio"] == "1:1"
    assert stream["nb_read_packets"] == str(len(TIMES))
    assert told["packets"][0]["flags"].startswith("K")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # a browser begins to play before it has all of it


def test_odd_sizes_lose_nothing(tmp_path: Path) -> None:
    folder = media.pictures(tmp_path / "in", 3, (63, 47))
    render(folder, tmp_path / "out.mp4")
    render(folder, tmp_path / "png")
    assert seen(tmp_path / "out.mp4")[0][1].shape == (48, 64, 3)
    assert media.read_image(tmp_path / "png" / "000001.png").shape == (47, 63, 3)


# ---- what is read ----


def test_a_turned_clip_is_painted_upright(tmp_path: Path) -> None:
    clip = media.turned(media.clip_at(tmp_path / "in.mp4", [0, 0.1]))
    render(clip, tmp_path / "out.mp4")
    picture = seen(tmp_path / "out.mp4")[1][1]
    assert picture.shape == (64, 48, 3)
    upright = cv2.rotate(media.numbered(1), cv2.ROTATE_90_CLOCKWISE)
    assert np.abs(picture[20:].astype(int) - upright[20:]).mean() < 8


def test_pixels_that_are_not_square_become_square(tmp_path: Path) -> None:
    clip = encoded(
        tmp_path / "in.mp4", [media.numbered(i) for i in range(3)], tags={"sample_aspect_ratio": Fraction(3, 2)}
    )
    render(clip, tmp_path / "out.mp4")
    assert [picture.shape for _, picture in seen(tmp_path / "out.mp4")] == [(48, 96, 3)] * 3
    assert numbers(tmp_path / "out.mp4") == [0, 1, 2]


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (64, 48)) -> Picture:
    return np.full((size[1], size[0], 3), colour, np.uint8)


def yuv(colour: tuple[int, int, int], matrix: str, full: bool, depth: int) -> np.ndarray:
    """A plane of one colour (B, G, R) in 4:2:0, worked out by hand."""
    kr, kb = {"bt601": (0.299, 0.114), "bt709": (0.2126, 0.0722), "bt2020": (0.2627, 0.0593)}[matrix]
    b, g, r = (level / 255 for level in colour)
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    unit, top = 2 ** (depth - 8), 2**depth - 1
    levels = (y * top, cb * top + 128 * unit, cr * top + 128 * unit) if full else (
        (16 + 219 * y) * unit, (128 + 224 * cb) * unit, (128 + 224 * cr) * unit)  # fmt: skip
    kind = np.uint8 if depth == 8 else np.uint16
    planes = [np.full(n, round(level)) for n, level in zip((48 * 64, 24 * 32, 24 * 32), levels, strict=True)]
    return np.concatenate(planes).reshape(72, 64).astype(kind)


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("matrix", "tag"), [("bt601", 6), ("bt709", 1)])
def test_colours_are_read_as_they_were_meant(tmp_path: Path, matrix: str, tag: int, full: bool, depth: int) -> None:
    colour = (60, 120, 200)
    pixels = "yuv420p" if depth == 8 else "yuv420p10le"
    tags = {"colorspace": tag, "color_range": 2 if full else 1, "color_primaries": 1, "color_trc": 1}
    clip = encoded(tmp_path / "in.mkv", [yuv(colour, matrix, full, depth)] * 2, "ffv1", pixels, format=pixels,
                   options={}, tags=tags)  # fmt: skip
    shot = next(open_footage(str(clip)).shots())
    assert np.abs(shot.picture.astype(int) - colour).max() <= 2
    render(clip, tmp_path / "out.mp4")
    painted = seen(tmp_path / "out.mp4")[0][1][20:]
    assert np.abs(painted.reshape(-1, 3).mean(axis=0) - colour).max() < 4


def pq(light: float) -> float:
    """SMPTE ST 2084, by the book."""
    y = (light / 10_000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375)


@pytest.mark.parametrize(("trc", "transfer", "paper"), [(16, "pq", pq(203)), (18, "hlg", 0.75)])
def test_high_dynamic_range_is_toned_down(tmp_path: Path, trc: int, transfer: str, paper: float) -> None:
    def picture(code: float) -> np.ndarray:
        level = round(code * 255)
        return yuv((level, level, level), "bt2020", False, 10)

    tags = {"colorspace": 9, "color_range": 1, "color_primaries": 9, "color_trc": trc}
    codes = [0.0, paper * 0.6, paper, 1.0]
    clip = encoded(tmp_path / "in.mkv", [picture(code) for code in codes], "ffv1", "yuv420p10le", format="yuv420p10le",
                   options={}, tags=tags)  # fmt: skip
    levels = [int(shot.picture[10, 10].mean()) for shot in open_footage(str(clip)).shots()]
    assert levels == sorted(set(levels))
    assert levels[0] <= 2
    assert 215 <= levels[2] <= 240  # white paper is bright, and leaves room for what shines
    assert levels[3] >= 250
    for code, level in zip(codes, levels, strict=True):  # the table is as fine as the formula
        assert abs(to_sdr(np.full(3, round(code * 255) / 255), transfer)[0] * 255 - level) <= 3


def test_hdr_colours_stay_in_their_hue() -> None:
    red = to_sdr(np.array([pq(150), pq(70), pq(70)]), "pq")
    assert red[0] > 0.6
    assert red[1] == pytest.approx(red[2], abs=0.12)
    grey = to_sdr(np.linspace(0, 1, 50)[:, np.newaxis].repeat(3, axis=1), "pq")
    assert np.abs(grey - grey[:, :1]).max() < 1e-4
    assert (np.diff(grey[:, 0]) >= -1e-9).all()


def test_an_animated_gif_with_its_own_times(tmp_path: Path) -> None:
    slides = [Image.fromarray(media.numbered(i)) for i in range(4)]
    slides[0].save(tmp_path / "in.gif", save_all=True, append_images=slides[1:], duration=[100, 300, 50, 200])
    render(tmp_path / "in.gif", tmp_path / "out.mp4")
    found = seen(tmp_path / "out.mp4")
    assert [time for time, _ in found] == pytest.approx([0, 0.1, 0.4, 0.45])
    assert [media.number(picture) for _, picture in found] == [0, 1, 2, 3]


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    slides = []
    for place in (0, 32):
        slide = np.zeros((48, 64, 4), np.uint8)
        slide[:, place : place + 32] = (200, 30, 30, 255)
        slides.append(Image.fromarray(slide))
    slides[0].save(tmp_path / "in.gif", save_all=True, append_images=slides[1:], duration=100, disposal=2)
    for index, shot in enumerate(open_footage(str(tmp_path / "in.gif")).shots()):
        assert np.abs(shot.picture[20, 16 + 32 * index].astype(int) - (30, 30, 200)).max() < 6
        assert shot.picture[20, 48 - 32 * index].min() > 250


@pytest.mark.parametrize("written", ["{folder}", "{folder}/%02d.png", "{folder}/*.png", "{folder}/%d.png"])
def test_sequences_of_pictures(tmp_path: Path, written: str) -> None:
    folder = media.pictures(tmp_path / "in", 12)
    render(written.format(folder=folder), tmp_path / "out.mp4", rate=10)
    found = seen(tmp_path / "out.mp4")
    assert [media.number(picture) for _, picture in found] == list(range(12))
    assert [time for time, _ in found] == pytest.approx([i / 10 for i in range(12)])


def test_pictures_are_taken_by_their_numbers_not_by_their_letters(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for index in (2, 10, 9, 1):
        cv2.imwrite(str(tmp_path / "in" / f"shot{index}.png"), media.numbered(index))
    render(tmp_path / "in", tmp_path / "out.mp4")
    assert numbers(tmp_path / "out.mp4") == [1, 2, 9, 10]


def test_pictures_of_other_sizes_are_fitted_to_the_first(tmp_path: Path) -> None:
    folder = media.pictures(tmp_path / "in", 2)
    cv2.imwrite(str(folder / "02.png"), media.numbered(2, (128, 128)))
    render(folder, tmp_path / "out.mp4")
    assert {picture.shape for _, picture in seen(tmp_path / "out.mp4")} == {(48, 64, 3)}
    assert len(numbers(tmp_path / "out.mp4")) == 3


# ---- what is broken ----


def test_a_broken_picture_is_replaced_by_the_one_before_and_counted(tmp_path: Path) -> None:
    folder = media.pictures(tmp_path / "in", 6)
    (folder / "00.png").write_bytes(b"no picture")
    (folder / "03.png").write_bytes((folder / "03.png").read_bytes()[:60])
    watch = Watch()
    outcome = render(folder, tmp_path / "out.mp4", watch=watch, rate=10)
    assert numbers(tmp_path / "out.mp4") == [1, 1, 2, 2, 4, 5]
    assert (outcome.finished, outcome.frames, outcome.broken) == (True, 6, 2)
    assert [seconds for seconds, _ in watch.damage] == pytest.approx([0.0, 0.3])
    assert "03.png" in watch.damage[1][1]


def damaged(path: Path, broken: set[int]) -> Path:
    """The video with the packets of some frames overwritten."""
    with av.open(str(path)) as container:
        contents = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for index in broken:
        position, size = data.index(contents[index]), len(contents[index])
        data[position : position + size] = b"\xa5" * size
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(
    ("codec", "pixels", "ending"),
    [("libx264", "yuv420p", ".mp4"), ("mjpeg", "yuvj420p", ".avi"), ("ffv1", "yuv420p", ".mkv")],
)
def test_a_broken_frame_in_the_middle_of_a_video(tmp_path: Path, codec: str, pixels: str, ending: str) -> None:
    options = {"g": "1", "crf": "5"} if codec == "libx264" else {"g": "1"}
    clip = encoded(tmp_path / f"in{ending}", [media.numbered(i) for i in range(10)], codec, pixels, options=options)
    damaged(clip, {4, 5})
    watch = Watch()
    outcome = render(clip, tmp_path / "out.mp4", watch=watch)
    assert numbers(tmp_path / "out.mp4") == [0, 1, 2, 3, 3, 3, 6, 7, 8, 9]
    assert [time for time, _ in seen(tmp_path / "out.mp4")] == pytest.approx([i / 25 for i in range(10)])
    assert (outcome.finished, outcome.broken) == (True, 2)
    assert [seconds for seconds, _ in watch.damage] == pytest.approx([4 / 25, 5 / 25])


def test_a_video_cut_off_gives_what_there_is(tmp_path: Path) -> None:
    clip = encoded(tmp_path / "in.mkv", [media.numbered(i) for i in range(50)], options={"g": "1"})
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert render(clip, tmp_path / "out.mp4").finished
    found = numbers(tmp_path / "out.mp4")
    assert 10 < len(found) < 45
    assert found == list(range(len(found)))


def test_a_video_that_lacks_its_end_says_so(tmp_path: Path) -> None:
    whole = encoded(tmp_path / "whole.mp4", [media.numbered(i) for i in range(100)], options={"g": "1", "bf": "0"})
    clip = tmp_path / "in.mp4"
    with av.open(str(whole)) as source, av.open(str(clip), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 2 // 3])
    outcome = render(clip, tmp_path / "out.mp4")
    assert outcome.finished
    assert outcome.truncated
    assert any("4.0 s" in note for note in outcome.notes)
    found = numbers(tmp_path / "out.mp4")
    assert found[:40] == list(range(40))
    assert not render(whole, tmp_path / "other.mp4").truncated


@pytest.mark.parametrize("content", [b"", b"no video at all" * 100])
def test_what_is_no_video_is_an_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.mp4").write_bytes(content)
    with pytest.raises(SourceError, match=r"in\.mp4"):
        render(tmp_path / "in.mp4", tmp_path / "out.mp4")
    with pytest.raises(UsageError, match="nothing-there"):
        render(tmp_path / "nothing-there.mp4", tmp_path / "out.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


# ---- what is kept ----


def with_everything(path: Path) -> Path:
    """A clip of 2 s with sound, subtitles, chapters, a title, and another language's sound."""
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream("libx264", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds: list[Any] = [container.add_stream("aac", rate=44100, layout="stereo") for _ in range(2)]
        kind = "mov_text" if path.suffix == ".mp4" else "subrip"
        words: Any = container.add_mux_stream(kind)
        words.metadata["language"] = "fra"
        if kind == "mov_text":
            words.time_base = Fraction(1, 1000)
        sounds[0].metadata["language"], sounds[1].metadata["language"] = "eng", "deu"
        container.metadata["title"] = "Everything"
        tick = Fraction(1, 1000)
        container.set_chapters([
            {"time_base": tick, "id": 1, "start": 0, "end": 900, "metadata": {"title": "One"}},
            {"time_base": tick, "id": 2, "start": 900, "end": 2000, "metadata": {"title": "Two"}},
        ])  # fmt: skip
        for index in range(50):
            frame = av.VideoFrame.from_ndarray(media.numbered(index), format="bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(video.encode(frame))
        for pitch, sound in zip((440, 660), sounds, strict=True):
            for begin in range(0, 88200, 1024):
                wave = np.sin(2 * np.pi * pitch * (begin + np.arange(1024)) / 44100).astype(np.float32)
                block = av.AudioFrame.from_ndarray(np.stack([wave, wave]), format="fltp", layout="stereo")
                block.sample_rate, block.pts, block.time_base = 44100, begin, Fraction(1, 44100)
                container.mux(sound.encode(block))
            container.mux(sound.encode(None))
        container.mux(video.encode(None))
        for begin, text in ((200, "Bonjour"), (1200, "Au revoir")):
            body = text.encode()
            packet = av.Packet(len(body).to_bytes(2, "big") + body if kind == "mov_text" else body)
            packet.stream, packet.time_base = words, Fraction(1, 1000)
            packet.pts = packet.dts = begin
            packet.duration = 500
            container.mux(packet)
    return path


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_sound_subtitles_chapters_and_metadata_are_kept_byte_for_byte(
    short_segments: None, tmp_path: Path, ending: str
) -> None:
    clip = with_everything(tmp_path / f"in{ending}")
    outcome = render(clip, tmp_path / f"out{ending}")
    out = tmp_path / f"out{ending}"
    assert outcome.notes == []
    assert numbers(out) == list(range(50))
    assert len(packets(clip, "audio")) == 2
    assert packets(out, "audio") == packets(clip, "audio")
    texts = [(time, data) for time, data in packets(clip, "subtitles")[0] if len(data) > 2]
    assert [(time, data) for time, data in packets(out, "subtitles")[0] if len(data) > 2] == texts
    assert len(texts) == 2
    with av.open(str(out)) as container, av.open(str(clip)) as source:
        assert container.metadata["title"] == "Everything"
        assert [stream.language for stream in container.streams.audio] == ["eng", "deu"]
        assert container.streams.subtitles[0].language == "fra"
        told = [
            [(media.seconds(c["start"], c["time_base"]), c["metadata"]["title"]) for c in one.chapters()]
            for one in (container, source)
        ]
        assert told[0] == told[1]
        assert len(told[0]) == 2


def test_what_a_container_cannot_hold_is_said(tmp_path: Path) -> None:
    clip = with_everything(tmp_path / "in.mp4")
    outcome = render(clip, tmp_path / "out.webm")
    assert numbers(tmp_path / "out.webm") == list(range(50))
    assert any("aac" in note for note in outcome.notes)
    assert any("mov_text" in note for note in outcome.notes)
    outcome = render(clip, tmp_path / "out.mkv")
    assert [note for note in outcome.notes if "mov_text" in note and "an .mp4 holds it" in note] == outcome.notes


# ---- interrupted, gone on with ----

STEADY = Look((("red", 1.0),), steady=0.7)
OWN = Look((("red", 1.0),), strength=0.6)


@pytest.mark.parametrize("look", [LOOK, STEADY, OWN], ids=["plain", "steady", "own-code"])
@pytest.mark.parametrize("ending", [".mp4", ".gif", ""])
def test_resumed_is_the_same_as_in_one_go(short_segments: None, tmp_path: Path, look: Look, ending: str) -> None:
    rng = np.random.default_rng(3)
    noisy = [cv2.add(media.numbered(i // 5), rng.integers(0, 9, (48, 64, 3), np.uint8)) for i in range(60)]
    clip = encoded(tmp_path / "in.mkv", noisy, "ffv1", "bgr0", options={})
    whole, broken = tmp_path / f"whole{ending}", tmp_path / f"broken{ending}"
    assert render(clip, whole, look).finished
    first = render(clip, broken, look, stop_after=23)
    assert not first.finished
    assert not broken.exists()
    second = render(clip, broken, look, stop_after=38, resume=True)
    assert not second.finished
    assert second.painted < 38
    last = render(clip, broken, look, resume=True)
    assert last.finished
    assert last.frames == 60
    assert last.painted < 60 - 20
    if ending:
        assert broken.read_bytes() == whole.read_bytes()
        assert all(np.array_equal(a[1], b[1]) for a, b in zip(seen(whole), seen(broken), strict=True))
    else:
        assert {p.name: p.read_bytes() for p in whole.iterdir()} == {p.name: p.read_bytes() for p in broken.iterdir()}
    assert not list(tmp_path.glob("*.segments"))


def test_what_was_interrupted_plays_with_its_sound(short_segments: None, tmp_path: Path) -> None:
    clip = with_everything(tmp_path / "in.mp4")
    outcome = render(clip, tmp_path / "out.mp4", stop_after=27)
    found = numbers(outcome.out)
    assert 27 <= len(found) < 50
    assert found == list(range(len(found)))
    sound = packets(outcome.out, "audio")[0]
    assert sound == packets(clip, "audio")[0][: len(sound)]
    assert sound[-1][0] == pytest.approx(len(found) / 25, abs=0.05)
    assert render(clip, tmp_path / "out.mp4", resume=True).finished
    assert packets(tmp_path / "out.mp4", "audio") == packets(clip, "audio")


def test_a_broken_frame_is_counted_once_over_several_runs(short_segments: None, tmp_path: Path) -> None:
    folder = media.pictures(tmp_path / "in", 40)
    (folder / "10.png").write_bytes(b"")
    (folder / "20.png").write_bytes(b"")  # the first of a segment
    assert render(folder, tmp_path / "whole.mp4", STEADY).broken == 2
    assert not render(folder, tmp_path / "out.mp4", STEADY, stop_after=22).finished
    assert render(folder, tmp_path / "out.mp4", STEADY, resume=True).broken == 2
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


def test_resume_wants_the_same_look_and_footage(short_segments: None, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "in.avi", 40)
    render(clip, tmp_path / "out.mp4", stop_after=15)
    with pytest.raises(UsageError, match="--resume goes on"):
        render(clip, tmp_path / "out.mp4")
    with pytest.raises(UsageError, match="another look"):
        render(clip, tmp_path / "out.mp4", Look((("blue", 1.0),)), resume=True)
    media.clip(clip, 41)
    with pytest.raises(UsageError, match="another footage"):
        render(clip, tmp_path / "out.mp4", resume=True)
    assert render(clip, tmp_path / "out.mp4", force=True).finished
    assert numbers(tmp_path / "out.mp4") == list(range(41))


@needs_lite
def test_killed_and_interrupted_the_program_goes_on_to_the_same_result(tmp_path: Path) -> None:
    clip = encoded(tmp_path / "in.mp4", [media.numbered(i % 256, (160, 96)) for i in range(4000)])
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "XDG_CONFIG_HOME": str(tmp_path)}

    def start(out: str, *words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "realtime", "render", str(clip), "-o", str(tmp_path / out), "--style", "wave"]
        return subprocess.Popen(
            [*command, "--json", *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    sent: list[signal.Signals] = []

    def interrupt(program: subprocess.Popen[str], how: signal.Signals) -> str:
        assert program.stdout
        assert program.stderr
        lines = []
        with program:
            for line in program.stdout:
                lines.append(line)
                if json.loads(line)["event"] == "progress" and how not in sent:
                    sent.append(how)
                    program.send_signal(how)
            assert "Traceback" not in program.stderr.read()
        return "".join(lines)

    whole = start("whole.mp4")
    whole.communicate(timeout=240)
    assert whole.returncode == 0
    killed = start("out.mp4")
    interrupt(killed, signal.SIGKILL)
    assert not (tmp_path / "out.mp4").exists()
    stopped = start("out.mp4", "--resume")
    told = json.loads(interrupt(stopped, signal.SIGINT).splitlines()[-1])
    if told["finished"]:  # on a quick machine it was over before it was interrupted
        assert stopped.returncode == 0
    else:
        assert stopped.returncode == 130
        assert len(seen(Path(told["out"]))) == told["frames"]
        last = start("out.mp4", "--resume")
        last.communicate(timeout=240)
        assert last.returncode == 0
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "whole.mp4").read_bytes()


# ---- nothing is lost ----


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "in.avi")
    (tmp_path / "out.mp4").write_bytes(b"precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "letter.txt").write_bytes(b"precious")
    for name in ("out.mp4", "out"):
        with pytest.raises(UsageError, match="--force"):
            render(clip, tmp_path / name)
    assert (tmp_path / "out.mp4").read_bytes() == b"precious"
    assert render(clip, tmp_path / "out.mp4", force=True).finished
    assert render(clip, tmp_path / "out", force=True).finished
    assert (tmp_path / "out" / "letter.txt").read_bytes() == b"precious"
    assert len(numbers(tmp_path / "out.mp4")) == len(list((tmp_path / "out").glob("*.png"))) == 10
    with pytest.raises(UsageError, match="what is read"):
        encoded(tmp_path / "self.mp4", [media.numbered(1)] * 3)
        render(tmp_path / "self.mp4", tmp_path / "self.mp4", force=True)


def test_a_folder_in_the_way_of_the_parts_is_left_alone(tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "in.avi")
    (tmp_path / "out.mp4.segments").mkdir()
    (tmp_path / "out.mp4.segments" / "letter.txt").write_bytes(b"precious")
    for force, resume in ((False, False), (True, False), (False, True)):
        with pytest.raises(UsageError, match="in the way"):
            render(clip, tmp_path / "out.mp4", force=force, resume=resume)
    assert (tmp_path / "out.mp4.segments" / "letter.txt").read_bytes() == b"precious"


def test_an_error_while_painting_ends_the_threads_and_is_raised(tmp_path: Path) -> None:
    class Failing(Echo):
        def stylize(self, picture: Picture, code: StyleCode) -> Picture:
            if media.number(picture) == 7:
                raise RealtimeError("the model gave up")
            return super().stylize(picture, code)

    clip = media.clip(tmp_path / "in.avi", 60)
    before = set(threading.enumerate())
    task = Task(str(clip), tmp_path / "out.mp4", Schedule(LOOK))
    with pytest.raises(RealtimeError, match="gave up"):
        Rendering(task, [Stylizer(Failing())] * 2, CODES.__getitem__, Watch()).run()
    assert set(threading.enumerate()) == before
    assert not (tmp_path / "out.mp4").exists()
    assert render(clip, tmp_path / "out.mp4", resume=True).finished


@pytest.mark.parametrize("look", [LOOK, STEADY], ids=["plain", "steady"])
def test_a_full_disk_is_said_and_what_was_made_is_kept(
    short_segments: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Look
) -> None:
    whole, written = Segment.write, 0

    def write(segment: Segment, picture: Picture, pts: int, duration: int) -> None:
        nonlocal written
        written += 1
        if written > 25:
            raise SinkError("no space left on device")
        whole(segment, picture, pts, duration)

    clip = media.clip(tmp_path / "in.avi", 60)
    before = set(threading.enumerate())
    with monkeypatch.context() as patch:
        patch.setattr(Segment, "write", write)
        with pytest.raises(SinkError, match="no space") as raised:
            render(clip, tmp_path / "out.mp4", look)
    assert set(threading.enumerate()) == before, raised  # also while someone still holds the error
    outcome = render(clip, tmp_path / "out.mp4", look, resume=True)
    assert outcome.painted <= 40
    assert numbers(tmp_path / "out.mp4") == list(range(60))


# ---- the look over time ----


def bar(path: Path, seconds: float) -> np.ndarray:
    """The colour of the bar along the top at a time."""
    at = max(time for time, _ in seen(path) if time <= seconds + 1e-6)
    shown = next(picture for time, picture in seen(path) if time == at)
    return np.asarray(shown[2:8].reshape(-1, 3).mean(axis=0))


def test_styles_change_as_scheduled(short_segments: None, tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "in.avi", 50)
    changes = ((1.0, (("blue", 1.0),)),)
    render(clip, tmp_path / "out.mp4", changes=changes)
    assert np.abs(bar(tmp_path / "out.mp4", 0.9) - RED).max() < 12
    middle = bar(tmp_path / "out.mp4", 1.2)
    assert 60 < middle[0] < 180
    assert 60 < middle[2] < 180
    assert np.abs(bar(tmp_path / "out.mp4", 1.5) - BLUE).max() < 12


def test_a_film_as_in_a_mirror(tmp_path: Path) -> None:
    (tmp_path / "shots").mkdir()
    for number in range(3):
        shot = np.tile(np.arange(64, dtype=np.uint8)[:, None] * 3, (48, 1, 3)) + np.uint8(number * 20)
        cv2.imwrite(str(tmp_path / "shots" / f"{number}.png"), shot)
    for name, mirror in (("plain.mkv", False), ("mirrored.mkv", True)):
        render(tmp_path / "shots", tmp_path / name, mirror=mirror)
    for (_, plain), (_, mirrored) in zip(seen(tmp_path / "plain.mkv"), seen(tmp_path / "mirrored.mkv"), strict=True):
        assert np.abs(plain[:, ::-1].astype(int) - mirrored).mean() < 3 < np.abs(plain.astype(int) - mirrored).mean()


def test_the_schedule_follows_from_the_time_alone() -> None:
    schedule = Schedule(LOOK, ((2.0, (("blue", 1.0),)), (1.0, (("red", 0.5), ("blue", 0.5)))), morph=0.5)
    assert schedule.at(0).styles == (("red", 1.0),)
    assert dict(schedule.at(1.25).styles) == pytest.approx({"red": 0.75, "blue": 0.25})
    assert dict(schedule.at(1.9).styles) == {"red": 0.5, "blue": 0.5}
    assert schedule.at(7).styles == (("blue", 1.0),)
    assert schedule.styles == {"red", "blue"}
    assert not schedule.remembers
    assert Schedule(STEADY).remembers
    others = tuple((name, 0.25) for name in "abcd")
    assert Schedule(LOOK, ((1.0, others),), morph=0).at(1.0).styles == others  # never mixed with what was before
    assert Schedule(LOOK, ((1.0, (("blue", 1.0),)),), morph=0).at(1.0).styles == (("blue", 1.0),)
    five = tuple((name, 1.0) for name in ("b", "c", "d", "e"))
    with pytest.raises(UsageError, match="--at"):
        Schedule(LOOK, ((1.0, five),))


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:05=wave", 5), ("5=wave", 5), ("1:02:03.5=wave", 3723.5), ("2:00=wave", 120)]
)
def test_times_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_change(text) == (seconds, "wave")


@pytest.mark.parametrize(
    "text", ["wave", "5=", "=wave", "x=wave", "1:2:3:4=wave", "-1=wave", "1:99=wave", "1:60:00=wave"]
)
def test_times_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="00:05=wave"):
        parse_change(text)


def test_reading_from_the_middle_gives_the_same_frames(tmp_path: Path) -> None:
    pictures = [media.numbered(i) for i in range(120)]
    for ending, options in ((".mp4", {"g": "15", "bf": "3"}), (".ts", {"g": "15"}), (".mkv", {"g": "250"})):
        footage = open_footage(str(encoded(tmp_path / f"in{ending}", pictures, options=options)))
        shots = list(footage.shots())
        assert len(shots) == 120
        for index in (1, 30, 77, 119):
            rest = list(footage.shots(shots[index].pts))
            assert [shot.pts for shot in rest] == [shot.pts for shot in shots[index:]]
            assert all(np.array_equal(a.picture, b.picture) for a, b in zip(rest, shots[index:], strict=True))


# ---- the command ----


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., tuple[int, str, str]]:
    """`realtime render` in this process, with the echoing model."""
    monkeypatch.setattr("realtime.models.stylizer.open_model", lambda text, threads: Echo())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    for name, colour in {"scarlet": RED, "navy": BLUE}.items():
        cv2.imwrite(str(tmp_path / f"{name}.png"), flat(colour, (256, 256)))

    def render(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["realtime", "render", *words])
        before = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as ended:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, before)
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return render


def test_the_command_paints_a_file_and_says_so(run: Any, tmp_path: Path) -> None:
    media.clip(tmp_path / "in.avi", 50)
    status, out, err = run("in.avi", "-o", "out.mp4", "--style", "scarlet.png", "--at", "00:01=navy.png")
    assert (status, out) == (0, "")
    assert "saved out.mp4 (50 frames" in err
    assert np.abs(bar(tmp_path / "out.mp4", 0.5) - RED).max() < 12
    assert np.abs(bar(tmp_path / "out.mp4", 1.6) - BLUE).max() < 12


def test_a_style_that_would_begin_after_the_end_is_said(run: Any, tmp_path: Path) -> None:
    media.clip(tmp_path / "in.avi", 25)
    words = ("--style", "scarlet.png", "--at", "0.5=navy.png", "--at", "1:30=scarlet.png")
    status, _, err = run("in.avi", "-o", "out.mp4", *words)
    assert status == 0
    assert "it ends after 1.0 s, before it turns to scarlet at 90 s" in err and "navy" not in err


def test_several_files_and_one_that_fails(run: Any, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        media.clip(tmp_path / f"{name}.avi", 12)
    (tmp_path / "b.avi").write_bytes(b"nothing")
    status, _, err = run("a.avi", "b.avi", "c.avi", "-o", "painted/*.mp4", "--style", "scarlet.png", "--steady", "0.5")
    assert status == 1
    assert "b.avi cannot be opened" in err
    assert sorted(path.name for path in (tmp_path / "painted").iterdir()) == ["a.mp4", "c.mp4"]
    assert numbers(tmp_path / "painted" / "c.mp4") == list(range(12))


def test_resume_leaves_the_files_that_were_finished(run: Any, tmp_path: Path) -> None:
    for name in ("a", "b"):
        media.clip(tmp_path / f"{name}.avi", 12)
    words = ("-o", "painted/*.mp4", "--style", "scarlet.png")
    assert run("a.avi", *words)[0] == 0
    first = (tmp_path / "painted" / "a.mp4").read_bytes()
    status, _, err = run("a.avi", "b.avi", *words, "--resume")
    assert status == 0
    assert "painted/a.mp4 is there already and stays as it is" in err and "saved painted/b.mp4" in err
    assert (tmp_path / "painted" / "a.mp4").read_bytes() == first
    assert numbers(tmp_path / "painted" / "b.mp4") == list(range(12))
    status, out, _ = run("a.avi", *words, "--resume", "--json")
    assert (status, json.loads(out)["event"]) == (0, "left")


def test_this_folder_is_a_folder_for_pictures(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    media.clip(tmp_path / "in.avi", 3)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert run("../in.avi", "-o", ".", "--style", "../scarlet.png")[0] == 0
    assert len(list((tmp_path / "here").glob("*.png"))) == 3


def test_outputs_are_called_as_a_pattern_is_without_its_signs(run: Any, tmp_path: Path) -> None:
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"shot_{number:04}.png"), media.numbered(number))
    assert run("shot_%04d.png", "-o", "painted/*.mp4", "--style", "scarlet.png")[0] == 0
    assert (tmp_path / "painted" / "shot.mp4").is_file()


def test_quiet_is_quiet_and_json_is_for_machines(run: Any, tmp_path: Path) -> None:
    folder = media.pictures(tmp_path / "in", 5)
    assert run("in", "-o", "quiet.mp4", "--style", "scarlet.png", "--quiet") == (0, "", "")
    (folder / "02.png").write_bytes(b"")
    status, out, err = run("in", "-o", "lame.mp4", "--style", "scarlet.png", "--quiet")
    assert (status, out) == (3, "") and "1 of 5 frames" in err
    status, out, err = run("in", "-o", "out.mp4", "--style", "scarlet.png", "--json")
    assert (status, err) == (3, "")
    told = [json.loads(line) for line in out.splitlines()]
    assert [line["event"] for line in told] == ["begin", "broken", "end"]
    assert told[0]["frames"] == 5
    assert told[1]["seconds"] == pytest.approx(2 / 25)
    assert (told[2]["frames"], told[2]["broken"], told[2]["finished"]) == (5, 1, True)
    status, out, err = run("nothing.mp4", "-o", "other.mp4", "--style", "scarlet.png", "--json")
    assert (status, err) == (2, "")
    assert json.loads(out)["event"] == "error"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["in.avi", "-o", "out.avi"], "no kind of output"),
        (["in.avi", "-o", ".mp4"], "no name"),
        (["in.avi", "-o", ""], "no name"),
        (["in.avi", "in.avi", "-o", "out.mp4"], r"need a folder or a \*"),
        (["in.avi", "-o", "out.mp4", "--at", "wave"], "00:05=wave"),
        (["in.avi", "-o", "out.mp4", "--at", "1=no-such-style"], "no style"),
        (["in.avi", "-o", "out.mp4", "--resume", "--force"], "choose one"),
        (["in.avi", "-o", "out.mp4", "--ray", "in.avi"], "--ray last"),
        (["-o", "out.mp4"], "IN"),
        (["in.avi"], "out"),
    ],
)
def test_wrong_use_is_said(run: Any, tmp_path: Path, words: list[str], said: str) -> None:
    media.clip(tmp_path / "in.avi", 3)
    status, _, err = run(*words)
    assert status == 2
    assert pytest.importorskip("re").search(said, err)
    assert not (tmp_path / "out.mp4").exists()


# ---- on several machines ----


@needs_lite
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of Ray's own
@pytest.mark.parametrize("look", [Look((("wave", 1.0),)), Look((("wave", 1.0),), steady=0.6)], ids=["plain", "steady"])
def test_a_cluster_gives_the_same_frames_though_a_worker_dies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, look: Look
) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))  # for the workers
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    clip = encoded(tmp_path / "in.mp4", [media.numbered(i % 256, (160, 96)) for i in range(400)], rate=5)
    schedule = Schedule(look, ((31.0, (("swirl", 1.0),)),))
    with Stylizer("lite", threads=1) as stylizer:
        library = StyleLibrary(stylizer, cache=tmp_path)
        alone = Rendering(Task(str(clip), tmp_path / "alone.mp4", schedule), [stylizer], library.code, Watch()).run()
        assert alone.frames == 400
        over, killed = threading.Event(), list[Any]()
        with ExitStack() as stack:
            cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": 80 << 20})
            stack.callback(cluster.shutdown)
            workers = [cluster.add_node(num_cpus=1, object_store_memory=80 << 20) for _ in range(2)]
            ray.init(address=cluster.address, log_to_driver=False)
            stack.callback(ray.shutdown)

            def kill_one_at_work() -> None:
                while not killed and not over.wait(0.02):  # Ray has no event for a task that begins
                    free = ray._private.state.available_resources_per_node()
                    killed.extend([w for w in workers if not free.get(w.node_id, {"CPU": 1}).get("CPU")][:1])
                if killed:
                    cluster.remove_node(killed[0], allow_graceful=False)

            killer = threading.Thread(target=kill_one_at_work)
            killer.start()
            stack.callback(killer.join)
            stack.callback(over.set)
            rendering = stack.enter_context(connected("", "lite"))
            task = Task(str(clip), tmp_path / "spread.mp4", schedule)
            spread = rendering(task, [stylizer], library.code, Watch(), lambda: False).run()
    assert len(killed) == 1
    assert (spread.finished, spread.frames, spread.broken) == (True, 400, 0)
    assert (tmp_path / "spread.mp4").read_bytes() == (tmp_path / "alone.mp4").read_bytes()


# ---- a clip from a telephone ----


@needs_lite
@pytest.mark.slow
def test_a_portrait_clip_of_a_telephone(tmp_path: Path) -> None:
    clip = SHARED / "lp_d13.mp4"
    if not clip.is_file():
        pytest.skip("../shared/data/clips/lp_d13.mp4 is not here")
    with Stylizer("lite") as stylizer:
        code = stylizer.encode(media.numbered(90, (256, 256)))
        task = Task(str(clip), tmp_path / "out.mp4", Schedule(Look((("red", 1.0),), brush=0.1)))
        outcome = Rendering(task, [stylizer], lambda name: code, Watch()).run()
    assert outcome.frames == 352
    found = seen(tmp_path / "out.mp4")
    assert found[0][1].shape == (1280, 720, 3)
    assert [time for time, _ in found] == pytest.approx([time for time, _ in seen(clip)])
    assert packets(tmp_path / "out.mp4", "audio") == packets(clip, "audio")


@pytest.mark.parametrize("ending", [".mp4", ".webm"])
def test_stripes_of_two_colours_keep_both(ending: str, tmp_path: Path) -> None:
    stripes = np.zeros((144, 192, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (40, 40, 220), (220, 40, 40)
    path = tmp_path / f"segment{ending}"
    with closing(Segment(path, KINDS[ending], (192, 144), Fraction(1, 30))) as segment:
        for number in range(10):
            segment.write(stripes, number, 1)
    with av.open(str(path)) as clip:
        *_, last = clip.decode(video=0)
    # One pixel of four gave its colour to the others: all was red.
    assert np.abs(last.to_ndarray(format="bgr24").mean((0, 1)) - (130, 40, 130)).max() < 12
