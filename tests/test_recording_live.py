"""Recording in a session: what a person at the keyboard notices of clips, the last seconds, and a disk that is full."""

from __future__ import annotations

import errno
import os
import re
import time
from pathlib import Path
from typing import Any

import cv2  # before av, always: the other way round OpenCV's first window would hang

# isort: split
import av
import numpy as np
import pytest
from media import seconds
from test_live import Stage, stage  # noqa: F401
from test_recorder import FakeMicrophone, beeps

import realtime.live.display
import realtime.sinks.hud
from realtime.control.actions import Record, SaveReplay
from realtime.control.settings import Settings
from realtime.core.errors import SinkError
from realtime.core.frame import Picture
from realtime.look.look import Look
from realtime.media import clip_file
from realtime.media.coders import Encoder
from realtime.media.encoder import Encoding
from realtime.sinks.view import ViewSettings


def pictures(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [found.to_ndarray(format="bgr24") for found in container.decode(video=0)]


def test_b_saves_what_was_just_seen(stage: Stage) -> None:  # noqa: F811
    session = stage.session(seconds=20, replay=True)

    def look(picture: Picture) -> None:
        shown = len(stage.window.shown)
        if shown == 40:
            stage.window.type(SaveReplay())
        elif shown > 40 and any(text.startswith("saved") for text in stage.said):
            session.stop()

    stage.window.on_show = look
    session.run()
    (clip,) = stage.out.glob("*.mp4")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_red\.mp4", clip.name)
    found = pictures(clip)
    assert 20 <= len(found) <= len(stage.window.shown)
    assert np.abs(found[-1].astype(int) - (0, 0, 200)).max() <= 6
    assert any(re.fullmatch(rf"saved {re.escape(str(clip))} \(the last \d\.\d s\)", text) for text in stage.said)


def test_b_says_so_when_the_last_seconds_are_not_kept(stage: Stage) -> None:  # noqa: F811
    stage.window.type(SaveReplay())
    stage.session(frames=5).run()
    assert "the last seconds are not kept; --replay keeps them" in stage.said
    assert not list(stage.out.glob("*.mp4"))


@pytest.mark.parametrize("info", [False, True])
def test_the_heads_up_line_is_in_the_clip_only_if_it_is_wanted(info: bool, stage: Stage, tmp_path: Path) -> None:  # noqa: F811
    stage.source._size = (320, 240)
    clip = tmp_path / "clip.mp4"
    settings = Settings(Look((("red", 1.0),)))
    stage.session(settings, ViewSettings(), record=clip, record_info=info, frames=10).run()
    assert np.ptp(stage.window.shown[-1]) > 210  # in the window it is, and the recording's clock, too
    found = pictures(clip)[-1].astype(int)
    assert (np.abs(found - (0, 0, 200)).max() > 60) == info
    assert np.abs(found[:120] - (0, 0, 200)).max() <= 6


@pytest.mark.parametrize(("codec", "ending"), [("vp9", ".webm"), ("ffv1", ".mkv")])
def test_the_recording_key_names_the_clip_after_its_codec(codec: str, ending: str, stage: Stage) -> None:  # noqa: F811
    session = stage.session(seconds=20, codec=codec)

    def look(picture: Picture) -> None:
        if len(stage.window.shown) in (2, 20):
            stage.window.type(Record())
        elif any(text.startswith("saved") for text in stage.said):
            session.stop()

    stage.window.on_show = look
    session.run()
    (clip,) = stage.out.glob("*_red.*")
    assert clip.suffix == ending and len(pictures(clip)) >= 15
    assert any(text.startswith(f"{clip.name} is encoded by ") for text in stage.said)


def test_dropped_frames_are_counted_on_the_screen(
    stage: Stage,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[str] = []
    real = realtime.sinks.hud.draw

    def draw(picture: Picture, line: str, recording: str = "", *rest: Any) -> Picture:
        drawn.append(recording)
        return real(picture, line, recording, *rest)

    write = Encoding.write
    monkeypatch.setattr(realtime.live.display, "draw", draw)
    monkeypatch.setattr(
        Encoding, "write", lambda self, picture, time: len(drawn) % 2 == 0 and write(self, picture, time)
    )
    figures = stage.session(record=tmp_path / "clip.mp4", frames=20).run()
    assert re.fullmatch(r"0:0\d · \d+ dropped", drawn[-1])
    lost = int(drawn[-1].split()[-2])
    assert lost >= 5 and figures.dropped >= lost
    assert any(f"{lost} frames dropped" in text for text in stage.said)


@pytest.mark.parametrize("replay", [False, True])
def test_a_full_disk_is_a_notice_and_the_picture_goes_on(
    replay: bool,
    stage: Stage,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written: list[int] = []
    real = clip_file._Disk._try

    def try_(disk: Any, do: Any) -> int:
        written.append(1)
        if len(written) > 20 and not disk.error:
            disk.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(disk, do)

    monkeypatch.setattr(clip_file._Disk, "_try", try_)
    session = stage.session(record=tmp_path / "clip.mp4", seconds=30, replay=replay)
    at: list[int] = []

    def look(picture: Picture) -> None:
        if not at and any("ended early (No space left on device); what came before is kept" in t for t in stage.said):
            at.append(len(stage.window.shown))
        if at and len(stage.window.shown) > at[0] + 20:
            session.stop()

    stage.window.on_show = look
    with pytest.raises(SinkError, match="ended early"):  # for who asked for a clip: the exit status is 1
        session.run()
    assert at
    assert [tmp_path / "clip.mp4"] == list(tmp_path.glob("clip*"))
    capture = cv2.VideoCapture(str(tmp_path / "clip.mp4"))
    assert capture.read()[0]
    capture.release()


def test_without_a_window_the_session_ends_with_its_clip(
    stage: Stage,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(encoder: Encoder, *words: Any) -> None:
        raise SinkError("the graphics card went away")

    session = stage.session(record=tmp_path / "clip.mp4", window=None, frames=100_000, seconds=60)
    monkeypatch.setattr(Encoder, "encode", fail)
    with pytest.raises(SinkError, match="went away"):
        session.run()
    assert session.figures.shown < 1000


def test_a_session_with_a_microphone(stage: Stage, tmp_path: Path) -> None:  # noqa: F811
    microphone = FakeMicrophone(beeps(1), rate=48_000)
    begin = time.monotonic()
    microphone._begin = begin - 0.1

    def look(picture: Picture) -> None:
        microphone.now = time.monotonic()

    stage.window.on_show = look
    stage.session(record=tmp_path / "clip.mp4", seconds=1.5, microphone=microphone, replay=True).run()
    with av.open(str(tmp_path / "clip.mp4")) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert video.duration and sound.duration
        assert seconds(sound.duration, sound.time_base) == pytest.approx(
            seconds(video.duration, video.time_base), abs=0.15
        )
    assert not microphone.closed
