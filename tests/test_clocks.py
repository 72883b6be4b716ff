"""Films whose clocks jump, run back or are not there: the pictures run on, as in the ffmpeg program."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

# isort: split
import av
import films
import media
import numpy as np
import pytest
from test_render import render, seen

from realtime.render.clock import Clock
from realtime.render.reading import open_footage
from realtime.sources.file import FileSource

# ---- clocks ----


def joined(path: Path, *parts: Path) -> Path:
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def parts_of(folder: Path, starts: Sequence[float], count: int, codec: str, sounds: Sequence[str]) -> list[Path]:
    return [
        films.film(folder / f"{n}.ts", count, codec=codec, sounds=sounds, start=start, first=count * n, format="mpegts")
        for n, start in enumerate(starts)
    ]


STARTS = [(0, 0), (0, 3600), (3600, 0), (10, 5)]


@pytest.mark.parametrize("sounds", [[], ["aac"]], ids=["silent", "sound"])
@pytest.mark.parametrize("starts", STARTS, ids=str)
@pytest.mark.parametrize("codec", ["libx264", "mpeg2video"])
def test_joined_transport_streams_run_on(
    tmp_path: Path, sounds: list[str], starts: tuple[float, float], codec: str
) -> None:
    parts = parts_of(tmp_path, starts, 60, codec, sounds)
    clip = joined(tmp_path / "in.ts", *parts)
    outcome = render(clip, tmp_path / "out.mp4")
    found = seen(tmp_path / "out.mp4")
    assert [media.number(picture) for _, picture in found] == list(range(120))
    times = [time for time, _ in found]
    assert times == sorted(set(times))
    if not sounds:  # with sound FFmpeg leaves a gap where the sound's last packet comes after the next picture
        assert times[-1] == pytest.approx(119 / 25, abs=0.05)
    assert (outcome.truncated, outcome.notes) == (False, [])
    if sounds:
        (sound,) = films.packets(tmp_path / "out.mp4", "audio")
        assert len(sound) == sum(len(films.packets(part, "audio")[0]) for part in parts)
        assert [time for time, _ in sound] == sorted(time for time, _ in sound)


@pytest.mark.parametrize("starts", [*STARTS, (0, 0.3)], ids=str)
def test_joined_transport_streams_run_as_in_the_ffmpeg_program(tmp_path: Path, starts: tuple[float, float]) -> None:
    if not shutil.which("ffmpeg"):
        pytest.skip("the ffmpeg program is not installed")
    clip = joined(tmp_path / "in.ts", *parts_of(tmp_path, starts, 20, "libx264", ["aac"]))
    render(clip, tmp_path / "out.mkv")
    words = ["-c:a", "copy", "-c:v", "libx264", "-bf", "0", "-fps_mode", "passthrough", "-enc_time_base", "-1"]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-i", str(clip), *words, str(tmp_path / "wanted.mkv")]
    subprocess.run(command, check=True, timeout=60)
    wanted, found = ([time for time, _ in seen(tmp_path / name)] for name in ("wanted.mkv", "out.mkv"))
    assert found == pytest.approx(wanted, abs=0.002)
    wanted, found = ([t for t, _ in films.packets(tmp_path / n, "audio")[0]] for n in ("wanted.mkv", "out.mkv"))
    assert found == pytest.approx(wanted, abs=0.002)


def test_a_joined_stream_is_entered_in_the_middle_as_it_was_read_from_the_beginning(tmp_path: Path) -> None:
    parts = [
        films.film(tmp_path / f"{n}.ts", 60, sounds=["aac"], start=start, first=60 * n, format="mpegts")
        for n, start in enumerate((0, 7000, 3))
    ]
    footage = open_footage(str(joined(tmp_path / "in.ts", *parts)))
    shots = list(footage.shots())
    assert [media.number(shot.picture) for shot in shots] == list(range(180))
    for index in (30, 61, 100, 150, 179):
        rest = list(footage.shots(shots[index].pts))
        assert [shot.pts for shot in rest] == [shot.pts for shot in shots[index:]]
        assert all(np.array_equal(a.picture, b.picture) for a, b in zip(rest, shots[index:], strict=True))


def test_a_clip_whose_clock_begins_late_begins_at_once(tmp_path: Path) -> None:
    for ending in (".ts", ".mkv", ".mp4"):
        clip = films.film(tmp_path / f"late{ending}", sounds=["aac"], start=3600)
        render(clip, tmp_path / f"late{ending}.mp4")
        assert films.length(tmp_path / f"late{ending}.mp4") == pytest.approx(0.8, abs=0.1)


def test_sound_whose_time_stands_still_is_kept(tmp_path: Path) -> None:
    clip = films.film(tmp_path / "plain.mp4", 50, sounds=["aac"])
    back = tmp_path / "back.mkv"
    with av.open(str(clip)) as source, av.open(str(back), "w") as container:
        copies = [container.add_stream_from_template(stream, opaque=True) for stream in source.streams]
        still = 0
        for packet in source.demux():
            if packet.dts is None or packet.pts is None:
                continue
            if packet.stream.type == "audio" and 0.4 < packet.dts * packet.time_base < 1:
                still = still + 1 if still else packet.dts  # as the ffmpeg program writes what would run back
                packet.pts = packet.dts = still
            packet.stream = copies[packet.stream.index]
            container.mux(packet)
    for ending in (".mp4", ".mkv", ".mov"):
        assert render(back, tmp_path / f"out{ending}").finished
        (before,), (after,) = films.packets(back, "audio"), films.packets(tmp_path / f"out{ending}", "audio")
        assert [data for _, data in after] == [data for _, data in before]
        times = [time for time, _ in after]
        assert times == sorted(times)


class FakePacket:
    """A packet as `Clock` sees one."""

    def __init__(self, stream: Any, time: float, base: Fraction = Fraction(1, 1000)) -> None:
        self.stream, self.stream_index, self.time_base, self.size = stream, stream.index, base, 1
        self.dts = self.pts = round(time / base)
        self.duration = round(0.04 / base)


class FakeStream:
    """A stream as `Clock` sees one."""

    average_rate = None

    def __init__(self, index: int, type: str) -> None:
        self.index, self.type = index, type


def test_a_clock_is_believed_as_far_as_the_ffmpeg_program_believes_it(tmp_path: Path) -> None:
    video, sound, text = FakeStream(0, "video"), FakeStream(1, "audio"), FakeStream(2, "subtitle")
    for ending, jumps in ((".ts", True), (".mkv", False)):
        clip = films.film(tmp_path / f"in{ending}")
        with av.open(str(clip)) as container:
            clock = Clock(container)
        given = []
        for stream, time in [(video, 0), (sound, 0), (video, 0.04), (video, 9.0), (video, 8.95), (text, 9.0), (video, 30.0),
                             (sound, 30.0), (text, 30.0), (video, 1.0), (video, 1e6)]:  # fmt: skip
            packet = FakePacket(stream, time)
            clock.correct(packet)
            given.append(packet.dts / 1000)
        # Less than 10 s on, and less than 0.1 s back, is what the file says; further it is a jump, for all streams.
        assert given[:6] == [0, 0, 0.04, 9.0, 8.95, 9.0]
        rest = [8.99, 8.99, 8.99, 9.03, 9.07] if jumps else [30.0, 30.0, 30.0, 1.0, 1.04]
        assert given[6:] == pytest.approx(rest)


@pytest.mark.parametrize(
    ("codec", "ending", "rate"),
    [*(("libx264", "h264", rate) for rate in (12, 24, 30, 50, 60)), ("libx265", "hevc", 30), ("mpeg4", "m4v", 30)],
)
def test_streams_without_a_clock_run_at_the_rate_that_they_tell(
    tmp_path: Path, codec: str, ending: str, rate: int
) -> None:
    clip = films.film(tmp_path / f"raw.{ending}", 30, codec=codec, rate=rate, format=ending)
    render(clip, tmp_path / "out.mp4")
    found = seen(tmp_path / "out.mp4")
    assert [media.number(picture) for _, picture in found] == list(range(30))
    assert [time for time, _ in found] == pytest.approx([n / rate for n in range(30)], abs=1e-3)
    footage = open_footage(str(clip))
    shots = list(footage.shots())
    assert [s.pts for s in footage.shots(shots[20].pts)] == [s.pts for s in shots[20:]]


# ---- live ----


def shown(path: Path, count: int) -> list[tuple[int, float]]:
    """The numbers of the first frames of a file that is played live, and their times from the first on."""
    with FileSource(path) as source:
        frames = [media.next_frame(source) for _ in range(count)]
    return [(media.number(frame.picture), frame.time - frames[0].time) for frame in frames]


def test_a_joined_stream_does_not_stand_still_when_it_is_played_live(tmp_path: Path) -> None:
    parts = parts_of(tmp_path, (0, 3600, 5), 6, "libx264", [])
    found = shown(joined(tmp_path / "in.ts", *parts), 12)
    assert [number for number, _ in found] == sorted(number for number, _ in found)
    assert found[-1][0] >= 11
    assert found[-1][1] < 3  # not an hour


def test_what_has_no_clock_is_played_at_its_own_rate(tmp_path: Path) -> None:
    for rate in (12, 50):
        clip = films.film(tmp_path / f"{rate}.h264", 12, rate=rate, format="h264")
        with FileSource(clip) as source:
            assert source.rate == rate
        number, time = shown(clip, 5)[-1]
        assert time == pytest.approx(number / rate, abs=0.01)
