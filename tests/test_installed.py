"""Commands to copy from a message: right for how the program was installed and started."""

from __future__ import annotations

import importlib.util
import json
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from realtime.core import installed
from realtime.core.installed import install_command, program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="words are quoted otherwise there")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone in a folder with a space, installed into an environment beside it."""
    clone = tmp_path / "my clone"
    clone.mkdir()
    (clone / "pyproject.toml").write_text("")
    monkeypatch.setattr(installed, "_origin", lambda: {"url": clone.as_uri(), "dir_info": {}})
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "environment" / "bin" / "python"))
    (tmp_path / "environment").mkdir()
    return clone


def test_with_pip_it_names_its_own_python_and_the_folder_of_the_clone(clone: Path) -> None:
    assert shlex.split(install_command("audio")) == [
        sys.executable, "-m", "pip", "install", "-c", f"{clone}/constraints.txt", f"{clone}[audio]",
    ]  # fmt: skip
    assert shlex.split(install_command())[-1] == str(clone)


def test_an_editable_installation_stays_one(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed, "_origin", lambda: {"url": clone.as_uri(), "dir_info": {"editable": True}})
    assert shlex.split(install_command("hub"))[-2:] == ["-e", f"{clone}[hub]"]


def test_an_environment_without_pip_is_one_of_uv(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pip" else find(name))
    assert shlex.split(install_command("hub"))[:5] == ["uv", "pip", "install", "--python", sys.executable]


@pytest.mark.parametrize(
    ("noted", "wanted"), [("", "[audio]"), ("[hub]", "[audio,hub]"), ("[hub, ray]", "[audio,hub,ray]")]
)
def test_with_pipx_the_extras_that_are_there_stay(clone: Path, noted: str, wanted: str) -> None:
    notes = {"main_package": {"package_or_url": f"{clone}{noted}"}}
    (Path(sys.prefix) / "pipx_metadata.json").write_text(json.dumps(notes))
    *first, arguments, what = shlex.split(install_command("audio"))
    assert first == ["pipx", "install", "--force"]
    assert shlex.split(arguments.removeprefix("--pip-args=")) == ["-c", f"{clone}/constraints.txt"]
    assert what == f"{clone}{wanted}"


def test_with_uv_the_extras_that_are_there_stay(clone: Path) -> None:
    (Path(sys.prefix) / "uv-receipt.toml").write_text(
        '[tool]\nrequirements = [{ name = "realtime-stylizer", extras = ["hub"], directory = "/x" }]\n'
    )
    assert shlex.split(install_command("audio")) == [
        "uv", "tool", "install", "--force", "-c", f"{clone}/constraints.txt", f"{clone}[audio,hub]",
    ]  # fmt: skip


def test_where_the_clone_is_gone_that_is_said(clone: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (clone / "pyproject.toml").unlink()
    monkeypatch.setattr(installed, "__file__", str(tmp_path / "a" / "b" / "c" / "installed.py"))
    assert install_command("audio").startswith("in the folder of a clone: ")
    assert install_command("audio").endswith("-m pip install -c constraints.txt '.[audio]'")


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"main_package": 3}'])
def test_notes_that_are_damaged_are_passed_over(clone: Path, text: str) -> None:
    (Path(sys.prefix) / "pipx_metadata.json").write_text(text)
    (Path(sys.prefix) / "uv-receipt.toml").write_text(text)
    assert install_command("audio").endswith(shlex.quote(f"{clone}[audio]"))


def test_the_program_is_named_as_it_was_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(argument: str, found: Any = None) -> str:
        monkeypatch.setattr(sys, "argv", [argument])
        monkeypatch.setattr(shutil, "which", lambda name: found)
        return program()

    script = tmp_path / "my bin" / "realtime"
    script.parent.mkdir()
    script.touch()
    assert started("realtime") == "realtime"
    assert started(str(script), str(script)) == "realtime"
    assert started(str(tmp_path / "notebook.py")).endswith(" -m realtime")  # somebody else's program
    assert started(str(script)) == shlex.quote(str(script))
    assert started(str(script), sys.executable) == shlex.quote(str(script)), "another program has the name"
    assert started("/somewhere/realtime/__main__.py") == f"{shlex.quote(sys.executable)} -m realtime"
