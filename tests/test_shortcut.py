"""`realtime shortcut`: an entry in the menu of each system, which replaces no file of anybody else."""

from __future__ import annotations

import importlib
import os
import plistlib
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from test_cli import Run, run  # noqa: F401

from realtime.cli.shortcut import MARK, desktop_entry, draw_icon, entry_path, icon_path, is_ours

module = importlib.import_module("realtime.cli.shortcut")  # where the command has the same name


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, on any system."""
    home = tmp_path / "home of mine"
    places = {"HOME": "", "USERPROFILE": "", "XDG_DATA_HOME": "data", "APPDATA": "roaming", "LOCALAPPDATA": "local"}
    for name, place in places.items():
        monkeypatch.setenv(name, str(home / place))
    home.mkdir()
    return home


def files(home: Path) -> list[str]:
    return sorted(path.name for path in home.rglob("*") if path.is_file())


def words_of(entry: str) -> list[str]:
    """The words of Exec as a desktop reads them: strings are unescaped, then words are unquoted, then fields are expanded."""
    (line,) = (line for line in entry.splitlines() if line.startswith("Exec="))
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"', line.removeprefix("Exec=").replace("\\\\", "\\"))
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in quoted]


@pytest.mark.skipif(sys.platform != "linux", reason="the entry of Linux")
def test_an_entry_is_made_made_anew_and_removed(run: Run, home: Path) -> None:  # noqa: F811
    status, out, _ = run("shortcut")
    entry = home / "data" / "applications" / "realtime-stylizer.desktop"
    assert (status, str(entry) in out) == (0, True)
    assert words_of(entry.read_text("utf-8"))[-1].endswith("realtime")
    with Image.open(icon_path(entry)) as icon:
        assert (icon.size, icon.mode) == ((512, 512), "RGBA")
    assert run("shortcut")[0] == 0
    assert files(home) == ["realtime-stylizer.desktop", "realtime-stylizer.png"]
    assert run("shortcut", "--remove")[0] == 0
    assert files(home) == []
    status, out, _ = run("shortcut", "--remove")
    assert (status, out) == (0, "there is no entry of this program in the menu\n")


@pytest.mark.skipif(sys.platform != "linux", reason="the entry of Linux")
def test_an_entry_of_somebody_else_stays(run: Run) -> None:  # noqa: F811
    entry_path().parent.mkdir(parents=True)
    entry_path().write_text("[Desktop Entry]\nName=mine\n")
    for words in ((), ("--remove",)):
        status, _, err = run("shortcut", *words)
        assert (status, "was not made by this program" in err) == (2, True)
    assert entry_path().read_text() == "[Desktop Entry]\nName=mine\n"
    entry_path().unlink()
    entry_path().symlink_to("/etc/hostname")
    assert run("shortcut")[0] == 2
    assert entry_path().is_symlink()


@pytest.mark.skipif(sys.platform != "linux", reason="no folder is known that nobody may write into")
def test_a_folder_that_cannot_be_written_is_a_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setenv("XDG_DATA_HOME", "/proc/none")
    status, _, err = run("shortcut")
    assert status == 1
    assert "cannot be changed" in err


def test_odd_letters_in_paths_reach_the_program() -> None:
    command = ['/a "b" $c`d/100%/back\\slash/python', "-m", "realtime"]
    text = desktop_entry(command, Path("/icons/a.png"), Path("/my folder"))
    assert words_of(text) == command
    assert text.startswith("[Desktop Entry]\nType=Application\n")
    assert MARK in text


def test_what_starts_the_program_does_not_depend_on_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    assert module.start_command() == [str(python), "-m", "realtime"]
    clone = tmp_path / "clone"
    (clone / "realtime" / "cli").mkdir(parents=True)
    (clone / "pyproject.toml").touch()
    monkeypatch.setattr(module, "__file__", str(clone / "realtime" / "cli" / "shortcut.py"))
    assert module._folder() == clone, "without an installation it starts in the clone"
    script = tmp_path / ("realtime.exe" if sys.platform == "win32" else "realtime")
    script.touch()
    assert module.start_command() == [str(script)]
    assert module._folder() == Path.home()


def test_on_macos_it_is_an_app_that_may_ask_for_the_camera(
    run: Run,  # noqa: F811
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert run("shortcut")[0] == 0
    app = home / "Applications" / "realtime.app"
    about = plistlib.loads((app / "Contents" / "Info.plist").read_bytes())
    assert about["NSCameraUsageDescription"] and about["CFBundleExecutable"] == "realtime"
    started = app / "Contents" / "MacOS" / "realtime"
    assert os.access(started, os.X_OK)
    assert subprocess.run(["sh", "-n", str(started)], timeout=20).returncode == 0
    assert (app / "Contents" / "Resources" / "realtime.icns").stat().st_size > 1000
    assert run("shortcut", "--remove")[0] == 0
    assert not app.exists()
    (app / "Contents").mkdir(parents=True)
    assert run("shortcut", "--remove")[0] == 2, "another program of this name stays"
    assert app.is_dir()


def test_on_windows_powershell_makes_the_link(
    run: Run,  # noqa: F811
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[dict[str, str]] = []

    def powershell(command: list[str], env: dict[str, str], **options: Any) -> SimpleNamespace:
        assert command[0] == "powershell" and str(home) not in command[-1], "paths are no code"
        asked.append(env)
        Path(env["REALTIME_LINK"]).write_bytes(b"\x4c\0\0\0" + env["REALTIME_MARK"].encode("utf-16-le"))
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(module, "sys", SimpleNamespace(platform="win32", executable=str(home / "python.exe")))
    monkeypatch.setattr(subprocess, "run", powershell)
    assert run("shortcut")[0] == 0
    link = home / "roaming" / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "realtime.lnk"
    assert asked[0]["REALTIME_LINK"] == str(link)
    assert (asked[0]["REALTIME_TARGET"], asked[0]["REALTIME_ARGUMENTS"]) == (str(home / "python.exe"), "-m realtime")
    with Image.open(asked[0]["REALTIME_ICON"]) as icon:
        assert icon.format == "ICO"
    assert is_ours(link)
    assert run("shortcut", "--remove")[0] == 0
    assert files(home) == []
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=1, stderr="no\nmore"))
    status, _, err = run("shortcut")
    assert (status, "PowerShell could not make" in err, "(no)" in err) == (1, True, True)


def test_the_icon_is_a_picture_with_round_corners() -> None:
    icon = draw_icon(128)
    assert icon.shape == (128, 128, 4)
    assert icon[0, 0, 3] == 0 and icon[64, 64, 3] == 255
    assert np.ptp(icon[:, 70:, 0]) > 100, "the right half is painted"
