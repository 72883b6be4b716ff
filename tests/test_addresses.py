"""Addresses: no user, password or token in what is shown, wherever in the address it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.core.addresses import may_hold_secret, public_name, without_secrets
from realtime.core.errors import UsageError
from realtime.sources.registry import open_source

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://me:secret@cam.local:8080/video?token=secret#secret", "http://cam.local:8080/video"),
        ("rtsp://[::1]:554/1", "rtsp://[::1]:554/1"),
        ("rtsp://admin:s@cret@10.0.0.5/h264Preview_01_main", "rtsp://10.0.0.5/h264Preview_01_main"),
        ("rtsp://10.0.0.5/user=admin_password=secret_channel=1.sdp", "rtsp://10.0.0.5/…"),
        ("rtsp://10.0.0.5/user/secret/ch1", "rtsp://10.0.0.5/…"),
        ("rtsp://10.0.0.5/admin/secret/ch1", "rtsp://10.0.0.5/…"),
        ("rtsp://10.0.0.5/live/secret%40me/1", "rtsp://10.0.0.5/…"),
        ("rtsp://10.0.0.5/me:secret/1", "rtsp://10.0.0.5/…"),
        ("https://cam.example/live/5ecre75ecre75ecre7", "https://cam.example/…"),
        ("https://cam.example/5ec4e700-e29b-41d4-a716-446655440000/index.m3u8", "https://cam.example/…"),
        ("http://cam/@secret/video", "http://…"),
        ("http://cam.example/see?mail=secret@me", "http://…"),
        ("rtsp://sec/ret@cam/1", "rtsp://…"),
    ],
)
def test_the_name_of_a_camera_holds_no_secret(address: str, shown: str) -> None:
    assert public_name(address) == shown


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("rtsp://admin:12/34secret@127.0.0.1:1/s", "%2F"),
        ("rtsp://admin:1234#56secret@127.0.0.1:1/s", "%23"),
        ("rtsp://admin:pa#ssecret@cam/", "%23"),
        ("rtsp://admin:pa?ssecret@cam/", "%3F"),
        ("http://me:sec/ret@cam", "%2F"),
        ("rtsp://secret#admin@10.0.0.5/", "%23"),
    ],
)
def test_signs_in_a_password_are_told_to_be_written_otherwise(address: str, advice: str) -> None:
    with pytest.raises(UsageError, match=advice) as caught:
        public_name(address)
    assert not any(part in str(caught.value) for part in ("secret", "34", "admin", "sec/", "ret@"))


@pytest.mark.parametrize(
    "wrong", ["http://", "http://me:secret@", "http://[::1", "http://cam:secret/", "rtsp://a\nsecret/"]
)
def test_what_is_no_address_is_not_repeated(wrong: str) -> None:
    with pytest.raises(UsageError) as caught:
        public_name(wrong)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "admin:secret@192.168.0.20/stream",
        "192.168.0.20/user=admin_password=secret",
        "192.168.0.20:554/?pwd=secret",
        "rstp://admin:secret@cam/",
        "me:secret://cam",
        "ftp://cam/secret",
    ],
)
def test_a_source_that_is_not_found_is_not_repeated_when_it_may_hold_a_password(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_source(text)
    assert "secret" not in str(caught.value)


def test_ordinary_names_are_repeated() -> None:
    for name in ("holiday.mp4", "Logitech C920", "folder/user pictures", "C:\\Users\\me\\a.mp4", "username.mp4"):
        assert not may_hold_secret(name)
        assert without_secrets(name) == name


def test_the_names_of_schemes_are_no_addresses() -> None:
    text = "addresses that begin with ftp:// are not known here; known are http://, https://, 'ndi://', (rtsp://)"
    assert without_secrets(text) == text
    for rest in (",secret@host", ",:secret@host", ":secret,@host/a"):
        assert "secret" not in without_secrets(f"http://{rest} is gone")


@pytest.mark.parametrize(
    "words",
    [
        ["--source", "rtsp://admin:12/34secret@127.0.0.1:1/s"],
        ["--source", "rtsp://127.0.0.1:1/user=admin_password=secret_channel=1.sdp"],
        ["--source", "http://me:secret@127.0.0.1:1/video?token=secret"],
        ["rtsp://me:secret@127.0.0.1:1/video"],
        ["render", "rtsp://me:secret@127.0.0.1:1/video", "-o", "out.mp4"],
        ["photo", "http://me:secret@127.0.0.1:1/a.jpg"],
        ["photo", "a.jpg", "--style", "http://me:secret@127.0.0.1:1/a.jpg"],
        ["--model", "https://me:secret@127.0.0.1:1/model?token=secret", "--source", "demo"],
    ],
)
def test_the_program_prints_no_password(words: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENCV_LOG_LEVEL": "INFO", "TFHUB_CACHE_DIR": str(tmp_path)}
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff")
    live = ["--no-window", "--frames", "1", "--seconds", "5"] if words[0].startswith("--") else []
    done = subprocess.run(
        [sys.executable, "-m", "realtime", *words, *live],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stderr
    assert "secret" not in done.stdout + done.stderr, done.stderr
