"""`realtime doctor`: a line for each thing, an exit status, and the repair of clips that a program left behind."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_cli import Run, run  # noqa: F401
from test_recorder import killed_clip, read

from realtime.core.errors import ModelError, SinkError
from realtime.core.installed import install_command
from realtime.media import codecs, coders, unfinished
from realtime.media.audio import Microphone, microphones


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, with a folder for clips."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    monkeypatch.setattr("platformdirs.user_videos_path", lambda: home / "Videos")
    monkeypatch.setattr("platformdirs.user_pictures_path", lambda: home / "Pictures")
    return home


def lines(out: str) -> dict[str, list[str]]:
    """The doctor's lines by what they are about."""
    found: dict[str, list[str]] = {}
    for line in out.splitlines():
        mark, what, text = line.split(maxsplit=2)
        found.setdefault(what, []).append(f"{mark} {text}")
    return found


def test_a_line_for_each_thing(run: Run, home: Path) -> None:  # noqa: F811
    status, out, _ = run("doctor")
    found = lines(out)
    assert status == 0
    assert list(found) == [
        "versions",
        "model",
        "display",
        "cameras",
        "clips",
        "graphics",
        "sound",
        "folder",
        "unfinished",
    ]
    assert all(name in found["versions"][0] for name in ("realtime", "Python", "opencv-python", "av", "ai-edge-litert"))
    assert found["model"][0].startswith("ok a fake: a frame of 640x480 in ")
    assert found["display"] == ["note no window can be opened (DISPLAY is not set); clips can be recorded without one"]
    assert [text.split()[:2] for text in found["clips"]] == [["ok", name] for name in codecs.CODECS]
    assert all("can be written to" in text for text in found["folder"]) and len(found["folder"]) == 2
    assert list(home.iterdir()) == []  # looking makes nothing


def test_what_is_essential_and_fails_is_exit_status_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def fail(text: str, threads: int) -> None:
        raise ModelError("LiteRT is not there")

    monkeypatch.setattr("realtime.models.stylizer.open_model", fail)
    status, out, _ = run("doctor")
    assert status == 1
    assert lines(out)["model"] == ["FAILS LiteRT is not there"]


@pytest.mark.skipif(sys.platform == "win32", reason="no folder is known that nobody may write into")
def test_a_folder_that_cannot_be_written_is_essential(run: Run, tmp_path: Path) -> None:  # noqa: F811
    status, out, _ = run("doctor", "--out", "/proc/realtime")
    assert status == 1
    assert lines(out)["folder"][0].startswith("FAILS /proc/realtime cannot be written to (")


def test_an_encoder_that_is_missing_is_a_note(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    real = coders._known
    monkeypatch.setattr(coders, "_known", lambda name: "svtav1" not in name and "265" not in name and real(name))
    status, out, _ = run("doctor")
    assert status == 0
    assert [text.split()[0] for text in lines(out)["clips"]] == ["ok", "note", "ok", "note", "ok"]


def test_unfinished_clips_are_offered_at_the_next_start_and_mended(run: Run, home: Path, tmp_path: Path) -> None:  # noqa: F811
    partial = killed_clip(home / "Videos" / "realtime" / "clip.mp4")
    count = len(read(partial)[0])
    start = ("--source", "demo", "--no-window", "--frames", "1")
    assert "realtime: clip.partial.mp4 of an earlier run was not finished: realtime doctor --repair\n" in run(*start)[2]
    _, out, _ = run("doctor")
    assert lines(out)["unfinished"][0].startswith(f"note {partial} was not finished; realtime doctor --repair mends it")
    whole = home / "Videos" / "realtime" / "clip.mp4"
    assert run("doctor", "--repair") == (0, f"mended: {whole}\n", "")
    assert len(read(whole)[0]) == count
    assert not partial.exists()
    assert run("doctor", "--repair") == (0, "", "realtime: there is no unfinished clip\n")
    assert "not finished" not in run(*start)[2]


def test_unfinished_clips_elsewhere_are_named_in_the_offer(run: Run, tmp_path: Path) -> None:  # noqa: F811
    partial = killed_clip(tmp_path / "far away" / "clip.webm", codec="vp9")
    unfinished.forget(partial)  # by another user, say
    _, _, err = run("--source", "demo", "--no-window", "--frames", "1", "--out", str(partial.parent))
    assert f"was not finished: realtime doctor --repair '{partial}'\n" in err
    assert run("doctor", "--repair", str(partial.parent))[0] == 0
    assert [path.name for path in partial.parent.iterdir()] == ["clip.webm"]


def test_what_cannot_be_mended_is_exit_status_1_and_the_others_are(run: Run, tmp_path: Path) -> None:  # noqa: F811
    broken = tmp_path / "broken.partial.mp4"
    broken.write_bytes(b"nothing that anyone could read")
    partial = killed_clip(tmp_path / "clip.mp4")
    status, out, err = run("doctor", "--repair")
    assert (status, out) == (1, f"mended: {partial.with_name('clip.mp4')}\n")
    assert f"{broken} cannot be mended" in err and broken.exists()


# ---- microphones -----------------------------------------------------------------------------------------------------


class FakePortAudio:
    """Stands in for the sounddevice package."""

    class PortAudioError(Exception): ...

    devices: tuple[dict[str, Any], ...] = (
        {"name": "Speakers", "max_input_channels": 0, "default_samplerate": 48000.0},
        {"name": "Inner microphone", "max_input_channels": 2, "default_samplerate": 44100.0},
        {"name": "USB microphone", "max_input_channels": 8, "default_samplerate": 16000.0},
    )

    def __init__(self) -> None:
        self.opened: dict[str, Any] = {}
        self.closed = False

    def query_devices(self, device: Any = None, kind: str = "") -> Any:
        if not kind:
            return self.devices
        if device is None:
            return self.devices[1]
        found = [d for n, d in enumerate(self.devices) if device == n or str(device) in d["name"]]
        if not found or not found[0]["max_input_channels"]:
            raise ValueError(f"No input device matching {device!r}")
        return found[0]

    def InputStream(self, **options: Any) -> Any:  # noqa: N802  its name there
        self.opened = options
        return SimpleNamespace(start=lambda: None, close=lambda: setattr(self, "closed", True))


@pytest.fixture
def port_audio(monkeypatch: pytest.MonkeyPatch) -> FakePortAudio:
    fake = FakePortAudio()
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    return fake


def test_a_microphone_by_default_number_or_name(port_audio: FakePortAudio) -> None:
    for text, name, rate in (("", "Inner", 44100), ("2", "USB", 16000), ("USB", "USB", 16000)):
        microphone = Microphone(text)
        assert microphone.name == f"{name} microphone"
        assert (microphone.rate, microphone.channels) == (rate, 2)
        microphone.close()
        assert port_audio.closed
    assert microphones() == ["1 Inner microphone", "2 USB microphone"]


def test_blocks_carry_the_time_of_their_first_sample(
    port_audio: FakePortAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [50.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    microphone = Microphone()
    callback, data = port_audio.opened["callback"], np.ones((441, 2), np.float32)
    callback(data, 441, SimpleNamespace(currentTime=7.0, inputBufferAdcTime=6.97), None)
    callback(data, 441, SimpleNamespace(currentTime=0.0, inputBufferAdcTime=0.0), None)  # a driver that does not know
    data[:] = 0  # PortAudio uses its memory again
    blocks = microphone.take()
    assert [block.time for block in blocks] == pytest.approx([49.97, 49.99])
    assert all((block.samples == 1).all() for block in blocks)
    assert microphone.take() == []
    unknown = SimpleNamespace(currentTime=0.0, inputBufferAdcTime=0.0)
    for _ in range(4000):  # a driver that gives without end; and who should take it does not
        callback(data, 441, unknown, None)
    assert sum(len(block.samples) for block in microphone.take()) <= 3 * 44100
    now[0] += 100.0
    for _ in range(4000):
        callback(data, 441, unknown, None)
    assert sum(len(block.samples) for block in microphone.take()) <= 30 * 44100


def test_a_microphone_that_is_not_there(port_audio: FakePortAudio) -> None:
    for text in ("Speakers", "0", "nobody's"):
        with pytest.raises(SinkError, match=r"cannot be used .* there are: 1 Inner microphone, 2 USB microphone; name"):
            Microphone(text)


def test_without_the_package_or_its_library_one_line_says_what_to_install(
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    status, _, err = run("--source", "demo", "--no-window", "--frames", "1", "--audio")
    assert status == 1
    assert f"not installed: {install_command('audio')}" in err

    def missing(name: str) -> None:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(SinkError, match=r"PortAudio library .* apt install libportaudio2"):
        Microphone()
