"""Sinks: one contract for all of them, then what each does besides. What needs a window runs in a program of its own:
highgui belongs to the main thread, and ends the program where something is wrong with the display."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import cv2  # before av, always: the other way round OpenCV's first window would hang

# isort: split
import av
import numpy as np
import pytest
from conftest import Screen, bare_screen
from fakes import device, opened  # noqa: F401
from media import read_image
from PIL import Image

from realtime.control.actions import Quit
from realtime.control.keymap import KEY_MAP
from realtime.core.errors import SinkError, UsageError
from realtime.core.frame import Frame, Size
from realtime.look.look import Look
from realtime.look.stylized import Stylized
from realtime.media import coders
from realtime.sinks import hud
from realtime.sinks.base import Format, Sink
from realtime.sinks.jpegs import JpegEncoder
from realtime.sinks.keys import key_name
from realtime.sinks.page import PageSink
from realtime.sinks.recorder import RecorderSink
from realtime.sinks.replay import ReplaySink
from realtime.sinks.screen import display_problem
from realtime.sinks.snapshot import SnapshotSink
from realtime.sinks.virtual_camera import VirtualCameraSink
from realtime.sinks.window import WindowSink

TESTS = Path(__file__).parent
COLOURS = ((0, 0, 255), (0, 255, 0), (255, 0, 0), (128, 128, 128), (40, 80, 160), (200, 180, 90))


def stylized(picture: np.ndarray, seconds: float = 0.0, style: str = "iris") -> Stylized:
    return Stylized(Frame(255 - picture, 1000 + seconds), picture, Look(((style, 1.0),), strength=0.7), 0.01)


def noise(width: int, height: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def bars(width: int = 96, height: int = 64) -> np.ndarray:
    """Upright bars of six colours."""
    row = np.array(COLOURS, np.uint8)[np.arange(width) * len(COLOURS) // width]
    return np.ascontiguousarray(np.broadcast_to(row, (height, width, 3)))


def program(*words: str | Path, code: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    """A Python program that may import from the tests; its words to come are `sys.argv[1:]`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env={**(environment or os.environ), "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# ---- the contract ----------------------------------------------------------------------------------------------------


def takes_frames_of_any_size(sink: Sink) -> None:
    sink.open(Format((64, 48)))
    with sink:
        for size in ((64, 48), (33, 17), (1, 1), (640, 480), (7, 120)):
            sink.write(stylized(noise(*size)))


def does_not_change_the_pictures(sink: Sink) -> None:
    frame = stylized(noise(64, 48))
    picture, original = frame.picture.copy(), frame.frame.picture.copy()
    sink.open(Format((64, 48)))
    with sink:
        sink.write(frame)
    assert np.array_equal(frame.picture, picture)
    assert np.array_equal(frame.frame.picture, original)


def takes_nothing_before_open(sink: Sink) -> None:
    assert sink.format is None
    with pytest.raises(SinkError, match="not opened"):
        sink.write(stylized(noise(64, 48)))
    sink.open(Format((64, 48), 25.0))
    assert sink.format == Format((64, 48), 25.0)
    sink.write(stylized(noise(64, 48)))
    sink.close()


def opens_once(sink: Sink) -> None:
    sink.open(Format((64, 48)))
    with pytest.raises(SinkError, match="open already, for 64×48; it cannot be opened for 32×24"):
        sink.open(Format((32, 24)))
    sink.close()
    with pytest.raises(SinkError, match="closed"):
        sink.open(Format((64, 48)))


def takes_nothing_after_close(sink: Sink) -> None:
    sink.open(Format((64, 48)))
    sink.write(stylized(noise(64, 48)))
    sink.close()
    sink.close()
    with pytest.raises(SinkError, match="closed"):
        sink.write(stylized(noise(64, 48)))
    sink.close()


def closes_without_a_frame(sink: Sink) -> None:
    sink.open(Format((64, 48)))
    sink.close()
    sink.close()


def closes_unopened(sink: Sink) -> None:
    assert sink.name
    sink.close()
    sink.close()


CONTRACT = (
    takes_frames_of_any_size,
    does_not_change_the_pictures,
    takes_nothing_before_open,
    opens_once,
    takes_nothing_after_close,
    closes_without_a_frame,
    closes_unopened,
)


@pytest.mark.parametrize(
    ("size", "rate", "channels", "named"),
    [((0, 48), 30.0, "bgr", "0×48"), ((64, 48), 0.0, "bgr", "0 pictures"), ((64, 48), float("nan"), "bgr", "nan"),
     ((64, 48), 30.0, "rgb", "'rgb'")],
)  # fmt: skip
def test_a_format_that_cannot_be_is_an_error_with_its_value(size: Size, rate: float, channels: Any, named: str) -> None:
    with pytest.raises(UsageError, match=named):
        Format(size, rate, channels)


@pytest.mark.parametrize("clause", CONTRACT)
@pytest.mark.parametrize("kind", ["snapshot", "recorder", "replay", "virtual camera", "page", "window"])
def test_contract(kind: str, clause: Callable[[Sink], None], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "snapshot":
        clause(SnapshotSink(tmp_path, keep_original=True))
    elif kind == "recorder":
        clause(RecorderSink(tmp_path / "clip.mp4"))
    elif kind == "replay":
        clause(ReplaySink())
    elif kind == "virtual camera":
        request.getfixturevalue("device")
        clause(VirtualCameraSink())
    elif kind == "page":
        sink = PageSink(JpegEncoder(), lambda picture: None)
        sink.want()
        clause(sink)
    else:
        code = f"import test_sinks; test_sinks.{clause.__name__}(test_sinks.WindowSink()); print('kept')"
        with program(code=code, environment=request.getfixturevalue("screen").environment) as window:
            assert window.communicate(timeout=60)[0] == "kept\n"


# ---- snapshot --------------------------------------------------------------------------------------------------------


def test_snapshot_is_exactly_the_picture_and_says_how_it_was_made(tmp_path: Path) -> None:
    picture = noise(101, 67)
    sink = opened(SnapshotSink(tmp_path / "new" / "folder", about={"model": "lite"}))
    sink.write(stylized(picture, style="Sternennacht ★"))
    assert sink.path
    assert np.array_equal(read_image(sink.path), picture)
    with Image.open(sink.path) as image:
        fields = image.info
    assert fields["realtime:style"] == "Sternennacht ★"
    assert fields["realtime:strength"] == "0.7"
    assert fields["realtime:model"] == "lite"


@pytest.mark.parametrize(
    "style", ["iris", "../../etc/passwd", "/abs", "a\\b:c*?", "日本 画", "é" * 300, "", "nul\0", ".", "bad\udcff"]
)
def test_snapshot_is_named_after_date_time_and_style(tmp_path: Path, style: str) -> None:
    folder = tmp_path / "out"
    sink = opened(SnapshotSink(folder))
    sink.write(stylized(noise(8, 8), style=style))
    assert sink.path and [sink.path] == list(folder.iterdir())
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[\w-]*\.png", sink.path.name)
    assert style[:50].strip("/.\0\udcff") in sink.path.name or not style[:5].isalnum()
    assert [folder] == list(tmp_path.iterdir())


def test_snapshots_never_overwrite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda form: "2026-11-23_10-00-00_")
    sink = opened(SnapshotSink(tmp_path, keep_original=True))
    frames = [stylized(np.full((8, 8, 3), value, np.uint8)) for value in (1, 2, 3)]
    for frame in frames:
        sink.write(frame)
    assert len(list(tmp_path.iterdir())) == 6
    for number, frame in zip(("", "_2", "_3"), frames, strict=True):
        stem = f"2026-11-23_10-00-00_iris{number}"  # the original's name begins with the whole of the other's
        assert np.array_equal(read_image(tmp_path / f"{stem}.png"), frame.picture)
        assert np.array_equal(read_image(tmp_path / f"{stem}_original.png"), frame.frame.picture)


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is known that nobody may write into")
def test_snapshot_folder_that_cannot_be_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below", Path("/proc/realtime")):
        with pytest.raises(SinkError, match=r"nothing can be saved in .* --out"):
            opened(SnapshotSink(folder)).write(stylized(noise(8, 8)))
    assert [tmp_path / "file"] == list(tmp_path.iterdir())


def test_snapshot_and_its_original_are_a_pair_when_the_second_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter(range(10, 60))
    monkeypatch.setattr(time, "strftime", lambda form: f"2026-11-23_10-00-{next(seconds)}_")
    opened(SnapshotSink(tmp_path, keep_original=True)).write(stylized(noise(8, 8)))
    stem = "2026-11-23_10-00-10_iris"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{stem}.png", f"{stem}_original.png"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("odd"), MemoryError()])
def test_snapshot_on_a_full_disk_is_an_error_and_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def save(image: Image.Image, file: BinaryIO, *_: object, **__: object) -> None:
        file.write(b"half a file")
        raise error

    sink = opened(SnapshotSink(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(Image.Image, "save", save)
        with pytest.raises(SinkError, match=r"could not be saved in .* \((No space left on device|odd|MemoryError)\)"):
            sink.write(stylized(noise(8, 8)))
    assert list(tmp_path.iterdir()) == []
    assert sink.path is None
    sink.write(stylized(noise(8, 8)))  # and when there is room again it goes on
    assert sink.path


# ---- recorder --------------------------------------------------------------------------------------------------------


def write_all(sink: RecorderSink, times: list[float], picture: Callable[[int], np.ndarray]) -> None:
    """Write without haste, so that the encoder need not drop any."""
    for index, seconds in enumerate(times):
        if index % 4 == 3:
            sink.settle()
        sink.write(stylized(picture(index), seconds))
    assert sink.dropped == 0


def record(path: Path, times: list[float], picture: Callable[[int], np.ndarray] = lambda index: bars()) -> RecorderSink:
    """A clip of pictures with these times."""
    with opened(RecorderSink(path)) as sink:
        write_all(sink, times, picture)
    return sink


def frames_of(path: Path) -> list[np.ndarray]:
    """All pictures of a clip, as OpenCV opens it."""
    capture, found = cv2.VideoCapture(str(path), cv2.CAP_ANY), []
    while (got := capture.read())[0]:
        found.append(got[1])
    return found


def test_clip_keeps_the_real_times(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    times = [0.0, *np.cumsum(rng.uniform(0.004, 0.3, 60)).tolist()]
    sink = record(tmp_path / "clip.mp4", times)
    assert sink.seconds == pytest.approx(times[-1])
    with av.open(str(sink.path)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        found = [frame.time for frame in container.decode(video)]
        assert container.duration is not None
        assert container.duration / 1e6 == pytest.approx(times[-1], abs=0.3)  # and the last frame is shown a while
    assert found == pytest.approx(times, abs=0.001)


def test_clip_opens_in_opencv_with_all_its_pictures_in_their_colours(tmp_path: Path) -> None:
    path = record(tmp_path / "clip.mp4", [index / 30 for index in range(40)], lambda index: bars(192, 108)).path
    found = frames_of(path)
    assert len(found) == 40
    middle = found[20][54, 16::32].astype(int)
    assert np.abs(middle - COLOURS).max() <= 6
    assert np.ptp(middle[3]) <= 1  # grey stays grey


@pytest.mark.parametrize("size", [(33, 17), (1, 1), (64, 47), (640, 481)])
def test_clip_of_an_odd_size(tmp_path: Path, size: Size) -> None:
    found = frames_of(
        record(tmp_path / "clip.mp4", [0, 0.1, 0.2], lambda _: np.full((size[1], size[0], 3), 90, np.uint8)).path
    )
    assert len(found) == 3
    assert found[0].shape[:2] == (size[1] + size[1] % 2, size[0] + size[0] % 2)
    assert abs(int(found[0].mean()) - 90) <= 2  # no black edge


def test_pictures_of_another_size_are_fitted_into_the_clip(tmp_path: Path) -> None:
    white = [np.full((height, width, 3), 255, np.uint8) for width, height in ((160, 120), (324, 120), (60, 120))]
    found = frames_of(record(tmp_path / "clip.mp4", [0, 0.1, 0.2], lambda index: white[index]).path)
    assert [picture.shape for picture in found] == [(120, 160, 3)] * 3
    assert [round(float((picture > 128).mean()), 1) for picture in found] == [1.0, 0.5, 0.4]


def test_frames_that_the_encoder_has_no_time_for_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, fitted = threading.Event(), coders.fitted
    monkeypatch.setattr(coders, "fitted", lambda picture, size: go.wait() and fitted(picture, size))
    with opened(RecorderSink(tmp_path / "clip.mp4")) as sink:
        for index in range(40):
            sink.write(stylized(bars(), index / 30))
        assert sink.dropped >= 20
        go.set()
    assert len(frames_of(sink.path)) == 40 - sink.dropped
    assert sink.seconds == pytest.approx(39 / 30)


def test_clip_never_overwrites_and_has_its_codecs_ending(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_text("mine")
    with pytest.raises(UsageError, match=r"clip\.mp4 exists already"):
        opened(RecorderSink(tmp_path / "clip.mp4"))
    assert (tmp_path / "clip.mp4").read_text() == "mine"
    for name in ("clip.avi", "clip", "mp4"):
        with pytest.raises(UsageError, match=r"a clip in h264 ends in \.mp4, not like .*; call it (clip|mp4)\.mp4$"):
            opened(RecorderSink(tmp_path / name))
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is known that nobody may write into")
def test_clip_where_nothing_can_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file" / "clip.mp4", Path("/proc/realtime/clip.mp4")):
        with pytest.raises(SinkError, match=r"clip\.mp4 cannot be made \("):
            opened(RecorderSink(path))


def test_clip_without_a_frame_leaves_no_file(tmp_path: Path) -> None:
    with opened(RecorderSink(tmp_path / "clip.mp4")):
        pass
    assert list(tmp_path.iterdir()) == []


def test_clip_with_a_colon_in_its_name_is_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(frames_of(record(Path("12:30 ü %d.mp4"), [0, 0.1]).path.absolute())) == 2


def record_and_wait(path: str, count: str, rate: str) -> None:
    """What a program does that will be killed."""
    with opened(RecorderSink(Path(path))) as sink:
        write_all(sink, [index / float(rate) for index in range(int(count))], lambda index: noise(160, 120, index))
        sink.settle()
        print("written", flush=True)
        sys.stdin.read()


@pytest.mark.parametrize(("count", "rate", "kept"), [(150, 30, 100), (25, 1.4, 20), (10, 1, 7)])
def test_clip_of_a_program_that_was_killed_opens_with_all_but_its_last_seconds(
    tmp_path: Path, count: int, rate: float, kept: int
) -> None:
    path = tmp_path / "clip.mp4"
    code = "import sys, test_sinks; test_sinks.record_and_wait(*sys.argv[1:])"
    with program(path, str(count), str(rate), code=code) as writer:
        assert writer.stdout and writer.stdout.readline() == "written\n"
        writer.kill()
    assert len(frames_of(path.with_name("clip.partial.mp4"))) >= kept
    assert not path.exists()


def record_and_forget(path: str) -> None:
    """What a program does that was interrupted while it was tidying up."""
    sink = opened(RecorderSink(Path(path)))
    opened(RecorderSink(Path(path).with_name("empty.mp4")))
    write_all(sink, [index / 30 for index in range(50)], lambda index: noise(160, 120, index))


def interrupted_in_close(path: str) -> None:
    """A second Ctrl-C, while the clip is being finished."""
    sink = opened(RecorderSink(Path(path)))
    write_all(sink, [index / 30 for index in range(50)], lambda index: noise(160, 120, index))

    def interrupt(timeout: float | None = None) -> None:
        del thread.join  # only the first time
        raise KeyboardInterrupt

    assert sink._encoding
    thread = sink._encoding._thread
    thread.join = interrupt  # type: ignore[method-assign]  # as an interrupt in the middle of it
    sink.close()


@pytest.mark.parametrize(("end", "status"), [("record_and_forget", 0), ("interrupted_in_close", -2)])
def test_clip_that_is_not_closed_is_finished_when_the_program_ends(tmp_path: Path, end: str, status: int) -> None:
    path = tmp_path / "clip.mp4"
    with program(path, code=f"import sys, test_sinks; test_sinks.{end}(sys.argv[1])") as writer:
        assert writer.wait(60) == status or sys.platform == "win32"
    assert len(frames_of(path)) == 50
    assert [path] == list(tmp_path.iterdir())


def record_until_the_disk_is_full(path: str) -> None:
    """Record with room for 500 kB only; say what came of it and how many threads are left."""
    import resource
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
    sink = opened(RecorderSink(Path(path)))
    steps: tuple[Callable[[], None], ...] = (
        lambda: write_all(sink, [index / 30 for index in range(300)], lambda index: noise(160, 120, index)),
        sink.close,
    )
    for step in steps:
        try:
            step()
        except SinkError as error:
            print(error)
    print(threading.active_count())


@pytest.mark.skipif(sys.platform == "win32", reason="file sizes cannot be limited")
def test_clip_on_a_disk_that_fills_up_keeps_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    code = "import sys, test_sinks; test_sinks.record_until_the_disk_is_full(sys.argv[1])"
    with program(path, code=code) as writer:
        lines = writer.communicate(timeout=60)[0].splitlines()
    assert lines == ["the clip clip.mp4 ended early (File too large); what came before is kept"] * 2 + ["1"]
    assert len(frames_of(path)) >= 5


# ---- heads-up line ---------------------------------------------------------------------------------------------------


def test_hud_writes_over_a_copy() -> None:
    picture = np.full((480, 640, 3), 200, np.uint8)
    drawn = hud.draw(picture, "iris  ·  30 fps", "0:12", ["saved a.png", "no picture from camera 0"])
    assert (picture == 200).all()
    changed = (drawn != 200).any(axis=2)
    assert changed[-120:-60].any() and changed[-60:, :320].any() and changed[-60:, 320:].any()
    assert not changed[:380].any()
    assert ((drawn[..., 2] > 200) & (drawn[..., 0] < 120)).any()  # the red dot
    assert (hud.draw(picture, "", help_page=1) != 200).any(axis=2)[120:400].any()


@pytest.mark.parametrize("size", [(16, 16), (16, 640), (640, 16), (3, 2), (1, 1), (1920, 1080)])
def test_hud_fits_any_picture_and_any_text(size: Size) -> None:
    picture = noise(*size)
    for text in ("iris", "sehr langer Name " * 30, "日本画 ★ é\n\t", "nul\0", "bad\udcff", ""):
        assert hud.draw(picture, text, text, [text] * 6, help_page=1).shape == picture.shape


# ---- window ----------------------------------------------------------------------------------------------------------

_WINDOW = """
import select, sys
from test_sinks import *
end = time.monotonic() + 60
with WindowSink("realtime") as sink:
    sink.open(Format((320, 240)))
    picture = bars(320, 240)
    while time.monotonic() < end:
        sink.show(picture)
        for command in sink.commands():
            print(command, flush=True)
            if command == Quit():
                sys.exit()
        if select.select([sys.stdin], [], [], 0.005)[0]:
            picture = bars(*map(int, sys.stdin.readline().split()))
"""


@pytest.fixture
def window(screen: Screen) -> Iterator[subprocess.Popen[str]]:
    """A program with a window on the screen that says which commands it was given, and shows bars of the size it is told."""
    screen.clear()
    with program(code=_WINDOW, environment=screen.environment) as running:
        yield running
        running.kill()


@bare_screen
def test_every_key_of_the_table_arrives(screen: Screen, window: subprocess.Popen[str]) -> None:
    number = screen.find_window("realtime")
    names = {
        " ": "space",
        "?": "question",
        ".": "period",
        ",": "comma",
        **{name: name.capitalize() for name in KEY_MAP if len(name) > 1},
    }
    last = [name for name, command in KEY_MAP.items() if command == Quit()]
    assert window.stdout
    for name, command in KEY_MAP.items():
        for key in {names.get(name, name), names.get(name, name.upper())}:  # n and N
            if name not in last:
                screen.press(number, key)
                assert window.stdout.readline() == f"{command}\n", key
    screen.press(number, "F9")
    for key in ("Cyrillic_te", "Greek_nu", "hebrew_mem"):  # what is on the key of n
        screen.press(number, key)
        assert window.stdout.readline() == f"{KEY_MAP['n']}\n", key
    screen.press(number, "q")
    assert window.stdout.read() == f"{Quit()}\n"
    assert window.wait(10) == 0


def test_keys_with_modifiers() -> None:
    arrows = ((0xFF51, "left"), (0x10FF51, "left"), (0x250000, "left"))
    for code, name in (*arrows, (0x10001B, "escape"), (0x10006E, "n"), (0xFFBE, "f1"), (0x730000, "f4")):
        assert key_name(code) == name
    assert key_name(0x740000) == ""  # F5 on Windows


@pytest.mark.parametrize(
    ("codec", "page", "letters", "keys"),
    [
        ("koi8_r", 0x06, "йцукенгшщзфывапролдячсмить", "qwertyuiopasdfghjklzxcvbnm"),
        ("iso8859_7", 0x07, "ερτυθιοπασδφγηξκλζχψωβνμ", "ertyuiopasdfghjklzxcvbnm"),
        ("iso8859_8", 0x0C, "קראטוןםשדגכעיחלךזסבהנמצ", "ertyuioasdfghjklzxcvbnm"),
    ],
)
def test_letters_of_other_alphabets_are_the_keys_that_they_lie_on(
    codec: str, page: int, letters: str, keys: str
) -> None:
    for letter, key in zip(letters, keys, strict=True):
        for written in {letter, letter.upper()}:
            keysym = page << 8 | written.encode(codec)[0]
            assert (key_name(keysym), key_name(0x1000000 | ord(written)), key_name(ord(written))) == (key, key, key)


@bare_screen
def test_q_quits(screen: Screen, window: subprocess.Popen[str]) -> None:
    screen.press(screen.find_window("realtime"), "q")
    assert window.communicate(timeout=20)[0] == f"{Quit()}\n"
    assert window.returncode == 0


def ask_to_close(display: str, window: int) -> None:
    """What a window manager does when the cross in a window's corner is clicked."""

    class Message(ctypes.Structure):
        _fields_ = (("type", ctypes.c_int), ("serial", ctypes.c_ulong), ("send", ctypes.c_int), ("display", ctypes.c_void_p),
                    ("window", ctypes.c_ulong), ("kind", ctypes.c_ulong), ("format", ctypes.c_int),
                    ("data", ctypes.c_long * 5), ("room", ctypes.c_long * 16))  # fmt: skip

    name = ctypes.util.find_library("X11") or pytest.skip("libX11 is not installed")
    x11 = ctypes.CDLL(name)
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XInternAtom.argtypes, x11.XInternAtom.restype = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int], ctypes.c_ulong
    x11.XSendEvent.argtypes = [ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = x11.XOpenDisplay(display.encode())
    protocols, delete = (x11.XInternAtom(connection, atom, 0) for atom in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW"))
    client_message = 33
    message = Message(client_message, 0, 1, connection, window, protocols, 32, (ctypes.c_long * 5)(delete, 0))
    x11.XSendEvent(connection, window, 0, 0, ctypes.byref(message))
    x11.XCloseDisplay(connection)


@bare_screen
def test_closing_the_window_quits(screen: Screen, window: subprocess.Popen[str]) -> None:
    ask_to_close(screen.display, int(screen.find_window("realtime")))
    assert window.communicate(timeout=20)[0] == f"{Quit()}\n"
    assert window.returncode == 0


@bare_screen
def test_picture_is_on_the_screen_in_its_colours_and_keeps_its_aspect(
    screen: Screen, window: subprocess.Popen[str]
) -> None:
    number = screen.find_window("realtime")
    assert window.stdin

    def seen() -> tuple[float, float, list[tuple[int, ...]]]:
        """Width and height of the red bar and what is right of it, and the colours along the middle of that."""
        picture = screen.picture().astype(int)
        red, last = (np.nonzero(np.abs(picture - COLOURS[k]).max(axis=2) <= 2) for k in (0, 5))
        if not (len(red[0]) and len(last[0])):
            return 0, 0, []
        left, right, top, bottom = red[1].min(), last[1].max() + 1, red[0].min(), red[0].max() + 1
        across = (left + (right - left) * (np.arange(6) + 0.5) / 6).astype(int)
        return right - left, bottom - top, [tuple(picture[(top + bottom) // 2, x].tolist()) for x in across]

    def wait_for(aspect: float, smallest: int) -> None:
        end = time.monotonic() + 15
        while True:
            width, height, colours = seen()
            right = width >= smallest and abs(width / height / aspect - 1) < 0.03
            if right and np.abs(np.subtract(colours, COLOURS)).max() <= 2:
                return
            assert time.monotonic() < end, (width, height, colours)
            time.sleep(0.02)

    wait_for(320 / 240, 310)
    for size in (("600", "200"), ("300", "500")):  # far wider, far taller than the picture
        screen.xdotool("windowsize", number, *size)
        wait_for(320 / 240, 250)
    print("1284 480", file=window.stdin, flush=True)  # what comparing does, on a screen that is 800 wide
    wait_for(1284 / 480, 700)
    print("320 240", file=window.stdin, flush=True)
    wait_for(320 / 240, 600)  # as tall as it was made


def test_display_problem(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", screen.display)
    assert display_problem() == ""
    monkeypatch.setenv("DISPLAY", ":987")
    assert display_problem() == "the display :987 cannot be reached"
    with pytest.raises(SinkError, match="no window can be opened: the display :987"):
        WindowSink()
    monkeypatch.delenv("DISPLAY")
    assert display_problem() == "DISPLAY is not set"


def test_the_line_at_the_foot_leaves_room_for_the_clock_of_a_clip() -> None:
    grey = np.full((480, 640, 3), 200, np.uint8)
    long = "neon 30% + swirl 70%  ·  own colours 50%  ·  steady 50%  ·  brush 75%  ·  18 fps"
    clock = hud.draw(grey, "", "0:11 · 14 dropped")
    both = hud.draw(grey, long, "0:11 · 14 dropped")
    written = np.flatnonzero((clock != grey).any(axis=(0, 2)))
    assert np.array_equal(both[:, written[0] :], clock[:, written[0] :])
