"""Recording while live: clips in every codec that nothing can take away, sound in sync, the last seconds, and repair."""

from __future__ import annotations

import errno
import gc
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2  # before av, always: the other way round OpenCV's first window would hang

# isort: split
import av
import numpy as np
import pytest
from fakes import opened
from media import number, numbered

from realtime.core.errors import SinkError, UsageError
from realtime.core.events import Events
from realtime.core.frame import Frame
from realtime.look.look import Look
from realtime.look.stylized import Stylized
from realtime.media import clip_file, codecs, coders, unfinished
from realtime.media.audio import Aligner, Block, SharedSound
from realtime.media.clip_file import ClipFile, timed_name, whole_fragments
from realtime.media.codecs import CODECS
from realtime.media.coders import Encoder
from realtime.media.repair import mend
from realtime.sinks.recorder import RecorderSink
from realtime.sinks.replay import ReplaySink

TESTS = Path(__file__).parent
SIZE = (64, 48)
LOOK = Look((("iris", 1.0),))


@pytest.fixture(autouse=True)
def notes(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where unfinished clips are noted, for each test anew."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


def frame(picture: np.ndarray, seconds: float) -> Stylized:
    return Stylized(Frame(picture, 1000 + seconds), picture, LOOK, 0.01)


def noise(size: tuple[int, int], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)


def write(sink: RecorderSink | ReplaySink, times: list[float], first: int = 0, size: tuple[int, int] = SIZE) -> None:
    """Numbered pictures at these times, without haste, so that the encoder need not drop any."""
    for index, seconds in enumerate(times, first):
        if index % 3 == 0:
            sink.settle()
        sink.write(frame(numbered(index % 256, size), seconds))
    sink.settle()
    assert sink.dropped == 0


def saying(said: list[str]) -> Events:
    """A feed whose texts are in `said`."""
    events = Events()
    events.subscribe(lambda event: said.append(event.text))
    return events


def record(path: Path, times: list[float], **options: Any) -> RecorderSink:
    with opened(RecorderSink(path, **options)) as sink:
        write(sink, times)
    return sink


def at(rate: float, count: int, begin: float = 0.0) -> list[float]:
    return [begin + index / rate for index in range(count)]


def read(path: Path) -> tuple[list[int], list[float]]:
    """The numbers of a clip's pictures and their times, as PyAV gives them; any picture that is broken is an error."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        assert all(picture.time is not None for picture in frames)
        return [number(f.to_ndarray(format="bgr24")) for f in frames], [float(f.time or 0) for f in frames]


def opens_everywhere(path: Path) -> int:
    """How many pictures OpenCV finds; ffprobe, where there is one, has nothing to say against it."""
    capture, count = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG), 0
    while capture.read()[0]:
        count += 1
    try:
        words = ["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=codec_name", str(path)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "codec_name=" in done.stdout, done.stderr
    except FileNotFoundError:
        pass
    return count


def program(code: str, *words: str | Path) -> subprocess.Popen[str]:
    """A Python program that may import from the tests; its words to come are `sys.argv[1:]`."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env={**os.environ, "PYTHONPATH": f"{TESTS.parent}{os.pathsep}{TESTS}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


# ---- codecs ----------------------------------------------------------------------------------------------------------


@pytest.fixture(params=list(CODECS))
def codec(request: pytest.FixtureRequest) -> codecs.Codec:
    """Each codec that the library can encode."""
    codec = CODECS[request.param]
    try:
        Encoder(codec, SIZE)
    except SinkError as error:
        pytest.skip(str(error))
    return codec


def test_every_codec_keeps_pictures_and_times_and_its_files_fit(codec: codecs.Codec, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    times = [0.0, *np.cumsum(rng.uniform(0.004, 0.3, 40)).tolist()]
    said: list[str] = []
    path = record(tmp_path / f"clip{codec.ending}", times, codec=codec.name, events=saying(said)).path
    numbers, found = read(path)
    assert numbers == list(range(41))
    assert found == pytest.approx(times, abs=0.0015)  # WebM and Matroska count milliseconds
    assert [path] == list(tmp_path.iterdir())
    assert len(said) == 1 and said[0].startswith(f"{path.name} is encoded by ")


def test_ffv1_loses_nothing(tmp_path: Path) -> None:
    with opened(RecorderSink(tmp_path / "clip.mkv", codec="ffv1")) as sink:
        for index in range(3):
            sink.write(frame(noise((33, 17), index), index / 10))
    with av.open(str(sink.path)) as container:
        for index, found in enumerate(container.decode(video=0)):
            assert np.array_equal(found.to_ndarray(format="bgr24"), noise((33, 17), index))


def test_h265_has_the_tag_that_apples_players_want(tmp_path: Path) -> None:
    with av.open(str(record(tmp_path / "clip.mp4", at(30, 5), codec="h265").path)) as container:
        assert container.streams.video[0].codec_context.codec_tag == "hvc1"


@pytest.mark.parametrize(
    ("name", "codec", "help"),
    [
        ("clip.webm", "h264", "ends in .mp4, not like 'clip.webm'; call it clip.mp4, or choose --codec vp9"),
        ("clip.mp4", "ffv1", "call it clip.mkv, or choose --codec h264 or h265 or av1"),
        ("clip.avi", "vp9", "call it clip.webm"),
        ("clip", "h264", "call it clip.mp4"),
        ("clip.mp4", "divx", "there is no codec 'divx'; there are h264, h265, vp9, av1, ffv1"),
    ],
)
def test_what_does_not_fit_is_said_with_what_does(name: str, codec: str, help: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        opened(RecorderSink(tmp_path / name, codec))
    assert help in str(error.value)
    assert list(tmp_path.iterdir()) == []


class Broken:
    """A device that opens and then gives nothing, or fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, fail: Callable[[], None]) -> None:
        opened = self.opened = []  # type: ignore[var-annotated]
        real = Encoder._open

        def open_(encoder: Encoder, codec: Any, choice: Any, size: Any, level: int) -> None:
            opened.append((choice.name, size))
            if choice.name == name:
                fail()
            else:
                real(encoder, codec, choice, size, level)

        monkeypatch.setattr(Encoder, "_open", open_)
        monkeypatch.setattr(coders, "_known", lambda each: each in (name, "libx264"))
        coders._works.cache_clear()


def test_hardware_is_tried_first_and_left_quietly_when_it_does_not_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise OSError("no device")

    broken = Broken(monkeypatch, "h264_nvenc", fail)
    said: list[str] = []
    for name in ("one", "two"):
        record(tmp_path / f"{name}.mp4", at(30, 3), events=saying(said))
    coders._works.cache_clear()
    assert broken.opened == [("h264_nvenc", (320, 192)), ("libx264", SIZE), ("libx264", SIZE)]  # tried once
    assert said == ["one.mp4 is encoded by libx264", "two.mp4 is encoded by libx264"]
    assert capfd.readouterr() == ("", "")


def test_a_device_that_works_but_not_at_this_size_is_left_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ValueError("too small")

    Broken(monkeypatch, "h264_nvenc", fail)
    monkeypatch.setattr(coders, "_works", lambda codec, name: True)
    assert read(record(tmp_path / "clip.mp4", at(30, 3)).path)[0] == [0, 1, 2]


def test_where_nothing_encodes_the_clip_ends_with_a_line_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coders, "_known", lambda name: False)
    sink = opened(RecorderSink(tmp_path / "clip.mp4"))
    sink.write(frame(noise(SIZE), 0))
    with pytest.raises(SinkError, match=r"h264 cannot be encoded here .* choose another codec \(h265"):
        sink.close()
    assert list(tmp_path.iterdir()) == []


# ---- the encoder keeps out of the way --------------------------------------------------------------------------------


def test_a_slow_encoder_is_followed_by_quicker_ones_in_the_same_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels: list[int] = []
    turn = threading.Semaphore(0)
    real = Encoder.encode

    def encode(encoder: Encoder, *words: Any) -> list[codecs.Packet]:
        turn.acquire()
        levels.append(encoder.level)
        return real(encoder, *words)

    monkeypatch.setattr(Encoder, "encode", encode)
    with opened(RecorderSink(tmp_path / "clip.mp4")) as sink:
        for index in range(60):
            sink.write(frame(numbered(index, (320, 240)), index / 30))
            if index >= 8:  # eight frames behind
                turn.release()
                while len(levels) < index - 7:
                    time.sleep(0.001)
        for _ in range(20):
            turn.release()
    assert sink.dropped == 0
    assert sorted(set(levels)) == [0, 1, 2] and levels == sorted(levels)
    numbers, times = read(sink.path)
    assert numbers == list(range(60))
    assert times == pytest.approx(at(30, 60), abs=0.001)
    assert opens_everywhere(sink.path) == 60


@pytest.mark.parametrize("name", ["h264", "vp9"])
def test_levels_differ_in_nothing_that_a_file_is_told_once(name: str) -> None:
    found = [Encoder(CODECS[name], SIZE, level) for level in range(3)]
    assert len({(encoder.track.head, encoder.size) for encoder in found}) == 1
    assert found[-1].level == found[0].levels - 1


@pytest.mark.skipif(sys.platform != "linux", reason="the library changes the scheduling of threads on Linux alone")
@pytest.mark.parametrize("name", CODECS)
def test_no_thread_becomes_a_real_time_one(name: str) -> None:
    """As root SVT-AV1 makes real-time threads, and of the one that opens it, too: all that it starts kept the machine busy."""
    try:
        encoder = Encoder(CODECS[name], SIZE)
    except SinkError as error:
        pytest.skip(str(error))
    for count in range(3):
        encoder.encode(noise(SIZE, count), 3000 * count, count == 0)
    assert {os.sched_getscheduler(int(thread)) for thread in os.listdir("/proc/self/task")} == {os.SCHED_OTHER}
    encoder.finish()
    asked = [sys.executable, "-c", "import os; print(os.sched_getscheduler(0))"]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == str(os.SCHED_OTHER)


@pytest.mark.parametrize("name", CODECS)
def test_encoders_go_with_their_clips(name: str, tmp_path: Path) -> None:
    """Each takes 22 MB at 640×480, and PyAV's objects name each other: they stayed until Python looked for cycles."""

    def encoders() -> int:
        return sum(isinstance(one, av.VideoCodecContext) for one in gc.get_objects())

    coders.encoders()  # tried once, and remembered
    gc.collect()
    gc.disable()
    try:
        before = encoders()
        record(tmp_path / f"clip{CODECS[name].ending}", at(30, 5), codec=name)
        with opened(ReplaySink(codec=name)) as sink:
            write(sink, at(30, 5))
            sink.save(tmp_path / f"last{CODECS[name].ending}")
        assert encoders() == before
    finally:
        gc.enable()


def test_a_gap_of_hours_stays_and_the_file_opens(tmp_path: Path) -> None:
    """A lid that was closed over night, on a system whose clock goes on meanwhile."""
    times = [*at(30, 10), *at(30, 10, begin=10 * 3600.0)]
    path = record(tmp_path / "clip.mp4", times).path
    numbers, found = read(path)
    assert [found[numbers.index(n)] for n in range(20)] == pytest.approx(times, abs=0.001)
    assert set(np.diff(numbers)) <= {0, 1}  # meanwhile the picture stood still
    assert opens_everywhere(path) == len(numbers)


def test_time_that_stands_still_or_runs_back_is_no_trouble(tmp_path: Path) -> None:
    path = record(tmp_path / "clip.mp4", [0, 0.1, 0.1, 0.1, 0.05, 0.2]).path
    numbers, times = read(path)
    assert numbers == list(range(6))
    assert times == sorted(set(times))


# ---- nothing is lost -------------------------------------------------------------------------------------------------


def record_for_ever(path: str) -> None:
    """What a program does that will be killed: says the time of each frame before it gives it away."""
    with opened(RecorderSink(Path(path))) as sink:
        begin = time.monotonic()
        for index in range(10**6):
            while (now := time.monotonic() - begin) < index / 30:
                time.sleep(0.001)
            print(now, flush=True)
            sink.write(frame(noise((320, 240), index % 50), now))


def killed_at(path: Path, after: float) -> tuple[float, float]:
    """Kill a program that records in real time; the seconds that it had been given, and those that the clip holds."""
    with program("import sys, test_recorder; test_recorder.record_for_ever(sys.argv[1])", path) as writer:
        assert writer.stdout
        given = float(writer.stdout.readline())
        end = time.monotonic() + after
        while time.monotonic() < end:
            given = float(writer.stdout.readline())
        writer.kill()
        rest = writer.stdout.read().rpartition("\n")[0]
        given = float(rest.split()[-1]) if rest else given
    partial = unfinished.partial_of(path)
    assert opens_everywhere(partial) > 0 and not path.exists()
    return given, read(partial)[1][-1]


@pytest.mark.parametrize("after", random.Random(3).choices(np.linspace(1.2, 3.2).round(2).tolist(), k=3))
def test_killed_at_any_moment_the_clip_holds_all_but_the_last_second_and_is_mended(
    after: float, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    given, kept = killed_at(path, after)
    assert kept > given - 1.0
    found = unfinished.find([tmp_path])
    assert found == [unfinished.partial_of(path)]
    before = read(found[0])[1]
    assert mend(found[0]) == path
    assert read(path)[1] == pytest.approx(before)
    assert list(tmp_path.iterdir()) == [path] and unfinished.find([tmp_path]) == []


def test_what_is_killed_is_found_at_the_next_start_wherever_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "far" / "away" / "clip.mp4"
    killed_at(path, 0.8)
    assert unfinished.find([]) == [unfinished.partial_of(path)]
    unfinished.partial_of(path).unlink()
    assert unfinished.find([]) == []


class FullDisk:
    """The file of a clip, on a drive that fails from a certain byte on with a certain error."""

    def __init__(self, real: Any, room: int, number: int) -> None:
        self._real, self.room, self._number = real, room, number

    def write(self, data: memoryview) -> int:
        if self._real.tell() + len(data) > self.room:
            raise OSError(self._number, os.strerror(self._number))
        return int(self._real.write(data))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def on_a_bad_drive(sink: RecorderSink, room: int, number: int) -> None:
    disk = sink._clip.file._disk
    disk._file = FullDisk(disk._file, room, number)  # type: ignore[assignment]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("name", ["h264", "vp9", "ffv1"])
def test_a_full_disk_or_a_pulled_drive_ends_the_clip_and_keeps_it(name: str, number: int, tmp_path: Path) -> None:
    sink = opened(RecorderSink(tmp_path / f"clip{CODECS[name].ending}", name))
    on_a_bad_drive(sink, 600_000, number)
    reason = rf"clip\.\w+ ended early \({os.strerror(number)}\); what came before is kept"
    given = 0
    with pytest.raises(SinkError, match=reason):
        for index in range(2000):
            sink.settle()
            sink.write(frame(noise((160, 120), index), index / 30))
            given += 1
    with pytest.raises(SinkError, match=reason):
        sink.close()
    assert list(tmp_path.iterdir()) == [sink.path]  # not called unfinished: there will never be more of it
    assert opens_everywhere(sink.path) >= given - 40
    assert read(sink.path)[1][-1] > given / 30 - 1.2


@pytest.mark.parametrize("more", [0, 40, 400])
def test_a_disk_that_is_full_when_the_clip_is_closed_takes_nothing_away(more: int, tmp_path: Path) -> None:
    sink = opened(RecorderSink(tmp_path / "clip.mp4"))
    write(sink, at(30, 50), size=(160, 120))
    disk = sink._clip.file._disk
    on_a_bad_drive(sink, sink.partial.stat().st_size + more, errno.ENOSPC)
    with pytest.raises(SinkError, match="No space left"):
        sink.close()
    assert not disk._syncing.is_alive()
    assert read(sink.path)[0] == list(range(len(read(sink.path)[0])))
    assert opens_everywhere(sink.path) >= 30


def test_a_drive_that_fails_only_when_it_is_told_to_keep_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = threading.Event()

    def sync(number: int) -> None:
        failed.set()
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(clip_file, "_SYNC_SECONDS", 0.01)
    monkeypatch.setattr(os, "fdatasync", sync, raising=False)
    sink = opened(RecorderSink(tmp_path / "clip.mp4"))
    with pytest.raises(SinkError, match="Input/output error"):
        write(sink, at(30, 5))  # it may be told among these already
        failed.wait(20)
        write(sink, at(30, 200, 1.0))
    with pytest.raises(SinkError, match="Input/output error"):
        sink.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory with room for 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=20)
    except FileNotFoundError:
        pytest.skip("there is no mount on this system")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True, timeout=20)


@pytest.mark.parametrize("name", ["h264", "ffv1"])
def test_a_small_disk_that_fills_up(name: str, small_disk: Path) -> None:
    sink = opened(RecorderSink(small_disk / f"clip{CODECS[name].ending}", name))
    with pytest.raises(SinkError, match="No space left on device"):
        for index in range(2000):
            sink.settle()
            sink.write(frame(noise((160, 120), index), index / 30))
    with pytest.raises(SinkError, match="No space left on device"):
        sink.close()
    assert list(small_disk.iterdir()) == [sink.path]
    assert opens_everywhere(sink.path) >= 5


def test_a_clip_that_was_deleted_meanwhile_is_said_to_be_gone(tmp_path: Path) -> None:
    sink = opened(RecorderSink(tmp_path / "clip.mp4"))
    write(sink, at(30, 5))
    if sys.platform == "win32":
        pytest.skip("a file that is open cannot be deleted on Windows")
    sink.partial.unlink()
    with pytest.raises(SinkError, match=r"clip\.mp4 is gone"):
        sink.close()
    assert list(tmp_path.iterdir()) == []


# ---- names -----------------------------------------------------------------------------------------------------------


def test_until_it_is_closed_a_clip_says_that_it_is_partial_and_opens(tmp_path: Path) -> None:
    sink = opened(RecorderSink(tmp_path / "clip.mp4"))
    write(sink, at(30, 65))
    assert list(tmp_path.iterdir()) == [tmp_path / "clip.partial.mp4"] == [sink.partial]
    assert opens_everywhere(sink.partial) >= 35
    assert unfinished.find([tmp_path]) == []  # it is being written: nothing to mend
    with pytest.raises(SinkError, match="is being recorded now"):
        mend(sink.partial)
    sink.close()
    assert list(tmp_path.iterdir()) == [tmp_path / "clip.mp4"]


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    sink = opened(RecorderSink(tmp_path / "clip.mp4"))
    write(sink, at(30, 5))
    for name in ("clip.mp4", "clip_2.mp4"):
        (tmp_path / name).write_text("mine")
    sink.close()
    assert sink.path == tmp_path / "clip_3.mp4"
    assert [(tmp_path / name).read_text() for name in ("clip.mp4", "clip_2.mp4")] == ["mine", "mine"]
    assert len(read(sink.path)[0]) == 5


def test_an_unfinished_clip_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "clip.partial.mp4").write_text("mine")
    with pytest.raises(
        UsageError, match=r"not finished; choose another name, or mend that one: .*realtime doctor --repair"
    ):
        opened(RecorderSink(tmp_path / "clip.mp4"))
    assert (tmp_path / "clip.partial.mp4").read_text() == "mine"


def test_timed_names_say_when_and_which_style_and_are_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "strftime", lambda form: "2026-11-23_10-00-00_")
    names = []
    for _ in range(3):
        sink = opened(RecorderSink(timed_name(tmp_path / "new", "wave & more/x", ".mp4")))
        names.append(sink.path.name)
        write(sink, [0.0])
        if len(names) == 2:
            sink.close()
    stem = "2026-11-23_10-00-00_wave-more-x"
    assert names == [f"{stem}.mp4", f"{stem}_2.mp4", f"{stem}_3.mp4"]


# ---- repair ----------------------------------------------------------------------------------------------------------


def killed_clip(path: Path, **options: Any) -> Path:
    """A clip whose program was killed, with 65 pictures."""
    code = "import sys, os, test_recorder as t; t.leave(sys.argv[1], sys.argv[2])"
    with program(code, path, options.get("codec", "h264")) as writer:
        writer.wait(60)
    return unfinished.partial_of(path)


def leave(path: str, codec: str) -> None:
    write(opened(RecorderSink(Path(path), codec)), at(30, 65))
    os._exit(9)


def test_every_codec_is_mended(codec: codecs.Codec, tmp_path: Path) -> None:
    path = tmp_path / f"clip{codec.ending}"
    partial = killed_clip(path, codec=codec.name)
    numbers, times = read(partial)
    assert len(numbers) >= 45
    assert mend(partial) == path
    assert read(path) == (numbers, times)
    assert list(tmp_path.iterdir()) == [path]
    with av.open(str(path)) as container:
        assert container.duration and container.duration / 1e6 == pytest.approx(times[-1] + 1 / 30, abs=0.05)


def test_a_mended_mp4_begins_with_its_table_of_contents(tmp_path: Path) -> None:
    path = mend(killed_clip(tmp_path / "clip.mp4"))
    assert path
    data = path.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


def test_a_clip_that_breaks_off_in_a_fragment_is_mended(tmp_path: Path) -> None:
    partial = killed_clip(tmp_path / "clip.mp4")
    data = partial.read_bytes()
    whole = whole_fragments(partial)
    partial.write_bytes(data[: whole - 100])
    assert whole_fragments(partial) < whole - 100
    path = mend(partial)
    assert path and read(path)[0] == list(range(len(read(path)[0])))
    assert opens_everywhere(path) >= 30


def test_mending_never_overwrites(tmp_path: Path) -> None:
    partial = killed_clip(tmp_path / "clip.mp4")
    (tmp_path / "clip.mp4").write_text("mine")
    assert mend(partial) == tmp_path / "clip_2.mp4"
    assert (tmp_path / "clip.mp4").read_text() == "mine"


@pytest.mark.parametrize("content", [b"no clip at all " * 100, b"\0\0\0\x1cftypisom" + bytes(20)])
def test_what_cannot_be_mended_is_left_as_it_is(content: bytes, tmp_path: Path) -> None:
    partial = tmp_path / "clip.partial.mp4"
    partial.write_bytes(content)
    with pytest.raises(SinkError, match=r"left as it (is|was)"):
        mend(partial)
    assert partial.read_bytes() == content and list(tmp_path.iterdir()) == [partial]
    other = tmp_path / "holiday.mp4"
    other.write_bytes(content)
    with pytest.raises(SinkError, match="is no unfinished clip"):
        mend(other)


def test_the_original_stays_until_the_new_one_was_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    partial = killed_clip(tmp_path / "clip.mp4")
    before = partial.read_bytes()
    import realtime.media.repair

    real = realtime.media.repair._copy

    def copy(old: Path, new: Path) -> Any:
        copied = real(old, new)
        os.truncate(new, new.stat().st_size // 2)  # a disk that lies
        return copied

    with monkeypatch.context() as patch:
        patch.setattr(realtime.media.repair, "_copy", copy)
        with pytest.raises(SinkError):
            mend(partial)
    assert partial.read_bytes() == before and list(tmp_path.iterdir()) == [partial]
    assert mend(partial)


def test_an_empty_left_over_simply_goes(tmp_path: Path) -> None:
    partial = tmp_path / "clip.partial.mp4"
    partial.touch()
    assert mend(partial) is None
    assert list(tmp_path.iterdir()) == []


# ---- sound -----------------------------------------------------------------------------------------------------------


class FakeMicrophone:
    """A sound card whose clock runs `fast` times too fast and whose blocks come up to `jitter` seconds late.

    `signal` gives the sound pressure at true times. Nothing takes real time: `now` says what time it is.
    """

    name = "fake"

    def __init__(
        self, signal: Callable[[np.ndarray], np.ndarray], rate: int = 16_000, channels: int = 1, fast: float = 0.0,
        jitter: float = 0.0, block: int = 320,
    ) -> None:  # fmt: skip
        self.rate, self.channels = rate, channels
        self._signal, self._true, self._jitter, self._block = signal, rate * (1 + fast), jitter, block
        self._rng = np.random.default_rng(2)
        self._count = 0
        self._begin = 999.8  # before the first picture
        self.now = 999.8
        self.lost = (0.0, 0.0)
        """From when to when nothing comes."""
        self.closed = False

    def take(self) -> list[Block]:
        blocks = []
        while (end := self._begin + (self._count + self._block) / self._true) <= self.now:
            times = self._begin + (self._count + np.arange(self._block)) / self._true
            samples = np.repeat(self._signal(times).astype(np.float32)[:, None], self.channels, axis=1)
            if not self.lost[0] <= end < self.lost[1]:
                blocks.append(Block(samples, float(times[0]) + self._rng.uniform(0, self._jitter)))
            self._count += self._block
        return blocks

    def close(self) -> None:
        self.closed = True


def beeps(every: float) -> Callable[[np.ndarray], np.ndarray]:
    """A tenth of a second of 800 Hz at every so many seconds after 1000."""

    def signal(times: np.ndarray) -> np.ndarray:
        return 0.5 * np.sin(2 * np.pi * 800 * times) * ((times - 1000) % every < 0.1)

    return signal


def onsets(path: Path, every: float) -> tuple[list[float], list[float]]:
    """When the clip flashes and when it beeps, in seconds."""
    flashes: list[float] = []
    heard: list[float] = []
    with av.open(str(path)) as container:
        for found in container.decode(video=0):
            if found.to_ndarray(format="gray").mean() > 128 and (
                not flashes or float(found.time or 0) > flashes[-1] + every / 2
            ):
                flashes.append(float(found.time or 0))
    with av.open(str(path)) as container:
        for piece in container.decode(audio=0):
            loud = np.abs(piece.to_ndarray().astype(np.float32).reshape(len(piece.layout.channels), -1)[0])
            loud = loud / 32768 if piece.format.name.startswith("s16") else loud
            for place in np.flatnonzero(loud > 0.25)[:1]:
                moment = float(piece.time or 0) + place / piece.sample_rate
                if not heard or moment > heard[-1] + every / 2:
                    heard.append(moment)
    return flashes, heard


def flashes_and_beeps(path: Path, seconds: float, every: float, codec: str = "h264") -> list[float]:
    """Record flashes and beeps of the same moments; how much later the beeps are in the clip, in seconds."""
    microphone = FakeMicrophone(beeps(every), fast=0.001, jitter=0.02)
    with opened(RecorderSink(path, codec, microphone=microphone)) as sink:
        for index in range(round(seconds * 20)):
            now = index / 20
            microphone.now = 1000 + now + 0.03
            sink.write(frame(np.full((48, 64, 3), 255 if now % every < 0.1 else 0, np.uint8), now))
            sink.settle()
    flashes, heard = onsets(path, every)
    assert len(flashes) == len(heard) == round(seconds / every), (flashes, heard)
    return [sound - picture for picture, sound in zip(flashes, heard, strict=True)]


@pytest.mark.parametrize(("codec", "sound"), [("h264", "aac"), ("vp9", "opus"), ("ffv1", "flac")])
def test_sound_is_in_sync(codec: str, sound: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip{CODECS[codec].ending}"
    apart = flashes_and_beeps(path, 60, 6, codec)
    assert max(map(abs, apart)) < 0.05
    with av.open(str(path)) as container:
        assert container.streams.audio[0].codec_context.name.removeprefix("lib") == sound


@pytest.mark.parametrize("fast", [-0.001, 0.0, 0.001])
def test_ten_minutes_of_sound_stay_where_they_belong(fast: float) -> None:
    """The sound says what time it is: a ramp, whose value is the true time in thousands of seconds."""
    microphone = FakeMicrophone(lambda times: (times - 1000) / 1000, fast=fast, jitter=0.02, block=960)
    aligner, expected = Aligner(microphone.rate, 1, 1000.0), 0
    microphone.now = 1600.0
    for block in microphone.take():
        first, samples = aligner.add(block)
        assert first == expected or expected == 0
        expected = first + len(samples)
        if len(samples):
            says = 1000 * float(samples[-1, 0])
            assert abs(says - (expected - 1) / 48_000) < 0.03
    assert expected / 48_000 == pytest.approx(600, abs=0.2)


def test_sound_that_is_no_number_or_far_too_loud_does_not_end_the_clip(tmp_path: Path) -> None:
    bad = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 0.5])
    microphone = FakeMicrophone(lambda times: bad[np.arange(len(times)) % len(bad)])
    with opened(RecorderSink(tmp_path / "clip.mp4", microphone=microphone)) as sink:
        for index in range(20):
            microphone.now = 1000 + index / 10
            sink.write(frame(numbered(index), index / 10))
            sink.settle()
    assert read(sink.path)[0] == list(range(20))


def test_resampling_leaves_a_tone_clean() -> None:
    microphone = FakeMicrophone(
        lambda times: 0.5 * np.sin(2 * np.pi * 440 * times), rate=48_000, fast=0.0005, jitter=0.01
    )
    aligner = Aligner(microphone.rate, 1, 1000.0)
    microphone.now = 1015.0
    sound = np.concatenate([aligner.add(block)[1] for block in microphone.take()])[-96_000:, 0]
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) ** 2
    peak = int(spectrum.argmax())
    assert peak * 48_000 / len(sound) == pytest.approx(440, abs=1)
    around = spectrum[peak - 12 : peak + 13].sum()
    assert spectrum.sum() - around < 1e-4 * around  # 40 dB below


@pytest.mark.parametrize("missing", [3.0, 25.0])
def test_sound_that_was_lost_for_a_while_is_in_sync_again_afterwards(missing: float) -> None:
    microphone = FakeMicrophone(lambda times: (times - 1000) / 1000, fast=0.001, jitter=0.01)
    microphone.lost = (1005.0, 1005.0 + missing)
    aligner = Aligner(microphone.rate, 1, 1000.0)
    microphone.now = 1060.0
    end = 0
    for block in microphone.take():
        first, samples = aligner.add(block)
        assert first >= end
        end = first + len(samples)
        if len(samples) and end / 48_000 > 5 + missing + 2:
            assert abs(1000 * float(samples[-1, 0]) - (end - 1) / 48_000) < 0.03


def test_a_microphone_that_falls_silent_does_not_hold_the_pictures_up(tmp_path: Path) -> None:
    microphone = FakeMicrophone(beeps(1))
    microphone.lost = (1001.0, 2000.0)
    sink = opened(RecorderSink(tmp_path / "clip.mp4", microphone=microphone))
    for index in range(150):
        microphone.now = 1000 + index / 30
        sink.write(frame(numbered(index), index / 30))
        sink.settle()
    assert len(read(sink.partial)[0]) >= 105  # a program killed now loses a second or so
    sink.close()
    assert read(sink.path)[0] == list(range(150))
    assert not microphone.closed  # it belongs to who made it


def test_stripes_of_two_colours_keep_both(codec: codecs.Codec, tmp_path: Path) -> None:
    stripes = np.zeros((144, 192, 3), np.uint8)
    stripes[:, ::2], stripes[:, 1::2] = (40, 40, 220), (220, 40, 40)
    with opened(RecorderSink(tmp_path / f"clip{codec.ending}", codec.name)) as sink:
        for index in range(10):
            sink.write(frame(stripes, index / 30))
            sink.settle()
    with av.open(str(sink.path)) as clip:
        *_, last = clip.decode(video=0)
    # One pixel of four gave its colour to the others: all was red.
    assert np.abs(last.to_ndarray(format="bgr24").mean((0, 1)) - (130, 40, 130)).max() < 12


# ---- the last seconds ------------------------------------------------------------------------------------------------


def test_the_last_ten_seconds_are_saved_after_the_fact(codec: codecs.Codec, tmp_path: Path) -> None:
    with opened(ReplaySink(codec.name)) as replay:
        write(replay, at(10, 150))
        path, seconds = replay.save(tmp_path / f"clip{codec.ending}")
        numbers, times = read(path)
        assert numbers == list(range(numbers[0], 150))
        assert times[0] == pytest.approx(0, abs=0.001)
        assert times[-1] == pytest.approx(seconds, abs=0.002)
        assert 9.8 <= seconds <= 10.1
        write(replay, at(10, 5, begin=15), first=150)  # and it goes on
        assert read(replay.save(tmp_path / f"again{codec.ending}")[0])[0][-1] == 154


def test_what_is_kept_is_bounded_in_bytes_too() -> None:
    with opened(ReplaySink(seconds=1000, most=300_000)) as replay:
        largest = 0
        for index in range(60):
            replay.write(frame(noise((160, 120), index), index / 10))
            replay.settle()
            largest = max(largest, replay.size)
        assert 250_000 < largest <= 300_000
    assert replay.size == 0


def test_nothing_seen_is_nothing_to_save(tmp_path: Path) -> None:
    with opened(ReplaySink()) as replay, pytest.raises(SinkError, match="nothing to save yet"):
        replay.save(tmp_path / "clip.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_clip_that_cannot_be_encoded_takes_nothing_of_the_last_seconds_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(encoder: Encoder, *words: Any) -> list[codecs.Packet]:
        raise SinkError("the graphics card went away")

    with opened(ReplaySink()) as replay:
        write(replay, at(10, 20))
        with monkeypatch.context() as broken:
            broken.setattr(Encoder, "encode", fail)
            with pytest.raises(SinkError, match="went away"):
                replay.save(tmp_path / "clip.mp4")
        assert list(tmp_path.iterdir()) == []
        write(replay, at(10, 5, begin=2), first=20)
        path, _ = replay.save(tmp_path / "clip.mp4")
    assert read(path)[0] == list(range(25))


@pytest.mark.parametrize(("large", "waiting"), [(False, 12), (True, 6)])  # six of 1280×720 are 16 MB
def test_pictures_for_which_there_is_no_time_are_counted(
    large: bool, waiting: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = threading.Event()
    real = cv2.imencode

    def slow(*words: Any) -> Any:
        going_on.wait()
        return real(*words)

    monkeypatch.setattr(cv2, "imencode", slow)
    with opened(ReplaySink()) as replay:
        for index in range(20):
            picture = numbered(index, (1280, 720)) if large else numbered(index)
            replay.write(frame(picture, index / 10))
        assert replay.dropped == 20 - waiting
        going_on.set()


def test_the_last_seconds_with_their_sound(tmp_path: Path) -> None:
    microphone = FakeMicrophone(beeps(2))
    with opened(ReplaySink(microphone=microphone)) as replay:
        for index in range(20 * 15):
            microphone.now = 1000 + index / 20
            replay.write(frame(np.full((48, 64, 3), 255 if index / 20 % 2 < 0.1 else 0, np.uint8), index / 20))
            replay.settle()
        path, _ = replay.save(tmp_path / "clip.mp4")
    flashes, heard = onsets(path, 2)
    assert len(flashes) >= 5
    assert heard[-5:] == pytest.approx(flashes[-5:], abs=0.05)


def test_a_picture_that_changed_its_size_is_in_the_last_seconds_all_the_same(tmp_path: Path) -> None:
    with opened(ReplaySink()) as replay:
        write(replay, at(10, 40), size=(64, 48))
        write(replay, at(10, 40, begin=4), first=40, size=(128, 48))  # comparing, say
        path, _ = replay.save(tmp_path / "clip.mp4")
    numbers, times = read(path)
    assert numbers[40:] == list(range(40, 80))
    assert times == pytest.approx(at(10, 80), abs=0.001)
    with av.open(str(path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (128, 48)


def test_a_clip_and_the_last_seconds_hear_one_microphone(tmp_path: Path) -> None:
    microphone = FakeMicrophone(beeps(2))
    shared = SharedSound(microphone)
    clip = opened(RecorderSink(tmp_path / "clip.mp4", microphone=shared.listen()))
    with opened(ReplaySink(microphone=shared.listen())) as replay:
        for index in range(20 * 9):
            microphone.now = 1000 + index / 20
            for sink in (clip, replay):
                sink.write(frame(np.full((48, 64, 3), 255 if index / 20 % 2 < 0.1 else 0, np.uint8), index / 20))
                sink.settle()
        path, _ = replay.save(tmp_path / "last.mp4")
        clip.close()
    for file in (path, clip.path):
        flashes, heard = onsets(file, 2)
        assert len(flashes) >= 4
        assert heard[-4:] == pytest.approx(flashes[-4:], abs=0.05)
    assert not microphone.closed


def test_a_clip_file_takes_nothing_before_its_first_key_frame(tmp_path: Path) -> None:
    file, encoder = ClipFile(tmp_path / "clip.mp4", CODECS["h264"]), Encoder(CODECS["h264"], SIZE)
    file.begin(encoder.track, None)
    for index in range(6):
        for packet in encoder.encode(numbered(index), index * 3000, index in (0, 3)):
            if index:
                file.take(packet)
    file.close()
    numbers, times = read(file.path)
    assert numbers == [3, 4, 5]
    assert times == pytest.approx(at(30, 3), abs=0.001)
