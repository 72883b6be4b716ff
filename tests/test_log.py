"""The log: silent unless asked for, on the terminal or in a file, and never with a password in it."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtime import cli
from realtime.core.addresses import without_secrets
from realtime.core.errors import UsageError
from realtime.core.log import end_logs, log_to_file, log_to_terminal

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (DEBUG|INFO|WARNING|ERROR) +\[([^]]+)\] realtime[\w.]*: .+")
log = logging.getLogger("realtime.test")


@pytest.fixture(autouse=True)
def silence() -> Iterator[None]:
    """Whatever a test logs to, the next one begins in silence."""
    yield
    end_logs()


def command(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["realtime", *arguments])
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_a_library_that_is_imported_writes_nothing() -> None:
    code = "import logging, realtime.core.errors; logging.getLogger('realtime.live').error('lost')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout + done.stderr == ""


def test_lines_hold_time_level_thread_and_module(tmp_path: Path) -> None:
    path = tmp_path / "realtime.log"
    log_to_file(path)
    worker = threading.Thread(target=lambda: log.debug("4 frames dropped"), name="stylize")
    worker.start()
    worker.join()
    log.warning("the camera is gone")
    end_logs()
    log.warning("after the end")
    lines = path.read_text("utf-8").splitlines()
    found = [LINE.fullmatch(line) for line in lines]
    assert all(found), lines
    assert [match.groups() for match in found if match][1:] == [("DEBUG", "stylize"), ("WARNING", "MainThread")]
    assert "realtime.core.log: realtime " in lines[0]  # the program, its version and the system


def test_a_log_file_is_continued_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "realtime.log"
    path.write_text("yesterday\n", "utf-8")
    log_to_file(path)
    log.info("today")
    end_logs()
    assert path.read_text("utf-8").startswith("yesterday\n")
    assert "today" in path.read_text("utf-8")


def test_a_log_that_cannot_be_written_is_said_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nowhere.*cannot be written.*--log"):
        log_to_file(tmp_path / "nowhere" / "realtime.log")


@pytest.mark.parametrize(("detail", "seen"), [(1, ["course"]), (2, ["course", "everything"])])
def test_detail_on_the_terminal(detail: int, seen: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    log_to_terminal(detail)
    log.info("course")
    log.debug("everything")
    assert [line.rpartition(" ")[2] for line in capsys.readouterr().err.splitlines()] == seen


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:secret@192.168.0.20/stream", "rtsp://…@192.168.0.20/stream"),
        ("rtsp://admin:12/34secret@192.168.0.20:554/s", "rtsp://…@192.168.0.20:554/s"),
        ("rtsp://admin:1234#56secret@host/s", "rtsp://…@host/s"),
        ("rtsp://admin:pass secret@host/s", "rtsp://…@host/s"),
        ("rtsp://host:1/user=admin_password=secret_channel=1.sdp", "rtsp://host:1/…"),
        ("http://host/video?user=me&password=secret", "http://host/…"),
        ("http://[fe80::1]:8080/video", "http://[fe80::1]:8080/video"),
        ("https://host.example/google/magenta/module/2", "https://host.example/google/magenta/module/2"),
        ("http://me:secret/", "http://me/…"),
    ],
)
def test_addresses_lose_what_may_be_secret(address: str, shown: str) -> None:
    assert without_secrets(f"no answer from {address}") == f"no answer from {shown}"
    assert without_secrets(f"no answer from '{address}'; try again").startswith(f"no answer from '{shown}")


def test_no_password_in_the_log_nor_in_its_tracebacks(tmp_path: Path) -> None:
    path = tmp_path / "realtime.log"
    log_to_file(path)
    try:
        raise OSError("cannot open rtsp://admin:secret@127.0.0.1/stream")
    except OSError:
        log.error("trying %s again", "rtsp://admin:secret@127.0.0.1/stream", exc_info=True)
    end_logs()
    text = path.read_text("utf-8")
    assert "Traceback" in text
    assert "127.0.0.1/stream" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "arguments",
    [["styles", "--log", "x.log"], ["--log", "x.log", "styles"], ["styles", "list", "--log", "x.log"]],
)
def test_every_command_has_the_options_of_the_log(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(arguments, monkeypatch) == 0
    text = (tmp_path / "x.log").read_text("utf-8")
    assert "the exit status is 0" in text
    assert "realtime.core.log" not in capsys.readouterr().err  # the terminal is as without a log


def test_what_ends_the_program_is_in_the_log_with_its_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("realtime.styles.folders.find_styles", lambda folders: 1 / 0)
    assert command(["styles", "--log", "x.log"], monkeypatch) == 1
    assert "this should not happen" in capsys.readouterr().err
    assert "Traceback" in (tmp_path / "x.log").read_text("utf-8")


def test_the_log_of_a_session_names_the_engine_the_source_the_threads_and_the_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    words = "--source demo --size 64x48 --style wave --no-window --frames 3"
    assert command([*words.split(), "--log", "x.log"], monkeypatch) == 0
    text = (tmp_path / "x.log").read_text("utf-8")
    for line in (
        "the engine is lite",
        "the source is demo",
        "[stylize] realtime.core.threads: thread ends",
        "3 frames shown",
    ):
        assert line in text
    assert command([*words.split(), "-v"], monkeypatch) == 0
    err = capsys.readouterr().err
    assert "the engine is lite" in err
    assert err.count("demo, wave, lite") == 1 + text.count(
        "demo, wave, lite"
    )  # said once a run, and not by the log again


def test_a_log_that_grows_loses_its_older_half_and_no_other_file_is_shortened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("realtime.core.log.MOST_BYTES", 20_000)
    path = tmp_path / "realtime.log"
    log_to_file(path)
    for number in range(2000):
        log.info("line %d", number)
    lines = path.read_text("utf-8").splitlines()
    assert path.stat().st_size <= 20_100
    assert all(LINE.fullmatch(line) for line in lines)
    numbers = [int(line.rpartition(" ")[2]) for line in lines]
    assert numbers == list(range(numbers[0], 2000)), "the newest lines, all of them"
    end_logs()
    notes = tmp_path / "notes.txt"
    notes.write_text("what a person wrote\n" * 2000)
    log_to_file(notes)
    log.info("after it")
    end_logs()
    assert notes.read_text().startswith("what a person wrote\n" * 2000)
