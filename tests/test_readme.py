"""The pages that a person reads: every command line in them runs, and what they say of the installation is so."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import media
import pytest
from fakes import FakeDevice, FakeModel, device  # noqa: F401
from packaging.requirements import Requirement
from test_bench import TINY
from test_cli import Run, run  # noqa: F401

from realtime.cli.live import realtime as program
from realtime.control.presets import looks_folder
from realtime.diagnose import bench
from realtime.look.look import Look
from realtime.look.look_files import write_look
from realtime.models.registry import how_to_get_tensorflow

tomllib = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / ".github").glob("*.md"))]
README = PAGES[0].read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

NETWORK_CAMERA = "rtsp://user:secret@192.168.0.20/stream"
"""In its place the tests put a camera on this machine that wants the same password."""

INSTALL = re.compile(
    r"python3 -m venv .venv && .venv/bin/pip install -q -c constraints.txt"
    r" (\.|(?:-e )?\"\.\[(\w+)\]\")( && .venv/bin/(realtime|pytest))?"
)
CHECKED_OTHERWISE = {
    "py -m venv .venv": "the workflow runs it on Windows",
    '.venv\\Scripts\\pip install -q -c constraints.txt ".[hub]"': "as the next, with another extra",
    '.venv\\Scripts\\pip install -q -c constraints.txt ".[test]"': "the workflow runs it on Windows",
    ".venv\\Scripts\\pytest": "the workflow runs it on Windows",
    ".venv\\Scripts\\realtime": "it is the command `realtime`",
    'pipx install --pip-args="-c constraints.txt" ".[hub]"': "by hand: it takes 2.5 GB",
    'uv tool install -c constraints.txt ".[hub]"': "by hand: it takes 2.5 GB",
    'realtime --kiosk --wait --source 0 --size 1280x720 --fill --slideshow 20 --kiosk-keys "left right" --log realtime.log': (
        "tests/test_kiosk.py parses it, and runs others like it"
    ),
    "realtime page --export painter --runtime package": "tests/test_page_alone.py does it",
    ".venv/bin/ruff check . && .venv/bin/ruff format . && .venv/bin/mypy && .venv/bin/codespell": ".ci/run does it",
    ".venv/bin/pytest tests/test_look.py": ".ci/run does it",
}
"""Lines that no test runs, and how they are checked."""


def blocks(page: Path) -> list[list[str]]:
    """The command lines of each block of a page, for shells."""
    found = re.findall(r"```(?:sh|bat)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    return [block.splitlines() for block in found]


def spans(page: Path) -> list[str]:
    """The command lines within the text of a page."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    return sorted(set(re.findall(r"`(realtime (?:-|[a-z]+\b)[^`.…]*(?:\.\w+[^`]*)?)`", text)))


UNITS = [(page.name, tuple(lines)) for page in PAGES for lines in blocks(page)]
UNITS += [(page.name, (span,)) for page in PAGES if page.name in ("README.md", "MANUAL.md") for span in spans(page)]


@pytest.fixture
def belongings(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: type[FakeDevice],  # noqa: F811
) -> Iterator[str]:
    """The files that the command lines name, a virtual camera, and a network camera, whose address is given."""
    for name in ("CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    for name in ("HOME", "APPDATA", "LOCALAPPDATA"):  # where shortcuts go
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr("realtime.models.registry.open_model", lambda text, threads=None: FakeModel())  # no download
    for effort in ("QUICK", "FULL"):
        monkeypatch.setattr(bench, effort, TINY)
    for name in ("holiday.mp4", "a.mov", "b.mov"):
        media.clip_at(tmp_path / name, range(13))
    media.pictures(tmp_path / "shots", 3)
    media.pictures(tmp_path / "holiday", 1)
    picture = media.numbered(77)
    for name in ("photo", "my-painting", "me", "cat", "dog", "holiday/beach"):
        cv2.imwrite(str(tmp_path / f"{name}.jpg"), picture)
    with media.NetworkCamera(password="user:secret") as camera:
        yield camera.url.replace("//", "//user:secret@")


@pytest.mark.parametrize(("page", "lines"), UNITS, ids=[f"{page}:{lines[0]}" for page, lines in UNITS])
def test_every_command_line_runs(page: str, lines: tuple[str, ...], run: Run, belongings: str, tmp_path: Path) -> None:  # noqa: F811
    for line in lines:
        if INSTALL.fullmatch(line) or line in CHECKED_OTHERWISE:
            continue
        program, *words = shlex.split(line.replace(NETWORK_CAMERA, belongings))
        assert program == "realtime", f"{line!r} is neither run nor known"
        named = words and (words[0] == "demo" or (tmp_path / words[0]).is_file())
        if not words or words[0].startswith("-") or named:  # live: a few frames, and no window
            words += ["--frames", "3", "--no-window"]
            words += [] if "--source" in words or named else ["--source", "demo"]
        if words[:1] == ["serve"]:  # it would go on until Ctrl-C
            words += ["--seconds", "1"]
        if "snapshot.png" in words:
            assert run("photo", "photo.jpg", "--style", "wave", "-o", "snapshot.png")[0] == 0
        if {"looks", "evening"} <= {*words} or words[:2] == ["--look", "evening"]:
            (looks_folder() / "evening.toml").unlink(missing_ok=True)
            for kept in ("1", "evening") if "--look" in words else ("1",):
                write_look(Look((("wave", 1.0),)), looks_folder() / f"{kept}.toml")
        if "remove" in words and not (tmp_path / "config").exists():
            assert run("styles", "add", "photo.jpg", "--name", "evening")[0] == 0
        status, _, err = run(*words)
        assert status == 0, f"{line}: {err}"


def options(command: click.Command) -> set[str]:
    """The options of a command and of the commands below it, as they are written."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    own = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    return {name for name in own if name.startswith("-")}.union(*map(options, below))


def test_the_manual_names_every_option_of_every_command() -> None:
    manual = (ROOT / ".github" / "MANUAL.md").read_text("utf-8")
    assert {name for name in options(program) if not re.search(rf"{name}(?![\w-])", manual)} == set()


def test_the_readme_says_what_may_leave_the_computer() -> None:
    (privacy,) = re.findall("## Privacy (.*?) ## ", " ".join(README.split()))
    for door in ("--page", "--lan", "--osc", "realtime serve", "TensorFlow Hub", "Ray cluster", "network camera"):
        assert door in privacy


def test_the_links_of_the_pages_lead_somewhere() -> None:
    for page in [*PAGES, ROOT / "realtime" / "models" / "lite" / "MODEL_CARD.md"]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text("utf-8")):
            assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


# ---- the installation ------------------------------------------------------------------------------------------------


def brought(extra: str | None = None, python: str = "3.12") -> set[str]:
    """The packages that an installation brings, with an extra or without."""
    texts = PROJECT["optional-dependencies"][extra] if extra else PROJECT["dependencies"]
    found = set() if extra is None else brought(None, python)
    for requirement in map(Requirement, texts):
        if requirement.name == PROJECT["name"]:
            found |= set[str]().union(*(brought(other, python) for other in requirement.extras))
        elif requirement.marker is None or requirement.marker.evaluate({"python_version": python}):
            found.add(requirement.name)
    return found


def installs() -> list[tuple[str, str | None]]:
    """What each line of the README that installs brings, and the program that it then starts."""
    found = [INSTALL.fullmatch(line) for lines in blocks(PAGES[0]) for line in lines]
    return [(match[2], match[4]) for match in found if match]


def test_the_main_command_brings_the_hub_the_next_is_light_and_the_tests_have_it() -> None:
    assert installs() == [("hub", "realtime"), (None, "realtime"), ("test", "pytest")]
    hub = {"opencv-python", "numpy", "tensorflow", "tensorflow-hub"}
    assert hub <= brought("hub")
    assert hub <= brought("test")
    assert hub <= brought("gpu")
    assert brought() & hub == {"opencv-python", "numpy"}


@pytest.mark.parametrize("python", ["3.10", "3.11", "3.12", "3.13"])
def test_every_promised_python_has_tensorflow(python: str) -> None:
    assert {"tensorflow", "tensorflow-hub"} <= brought("hub", python)
    assert f"Programming Language :: Python :: {python}" in PROJECT["classifiers"]


def test_a_python_without_tensorflow_installs_the_rest() -> None:
    assert not {"tensorflow", "tensorflow-hub"} & brought("hub", "3.14")
    assert not {"tensorflow", "tensorflow-hub"} & brought("gpu", "3.14")


def test_a_model_of_the_hub_without_tensorflow_is_a_line_with_the_command() -> None:
    code = (
        "import sys; sys.modules['tensorflow'] = None; import realtime.cli\n"
        "sys.argv = 'realtime --source demo --no-window --model magenta'.split(); realtime.cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("realtime: ")
    assert f"{sys.executable} -m pip install -c {ROOT}/constraints.txt" in done.stderr.splitlines()[-1]
    assert f"{ROOT}[hub]" in done.stderr.splitlines()[-1]
    assert "Python 3.14 has no TensorFlow yet" in how_to_get_tensorflow((3, 14))


def test_constraints_name_a_version_of_everything_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()[1:]
    line_of = re.compile(r"([a-z0-9.-]+)==[\w.]+(; python_version (<|>=) \"3\.\d+\")?")
    named = {match[1] for match in map(line_of.fullmatch, lines) if match}
    assert all(map(line_of.fullmatch, lines))
    wanted = brought().union(*(brought(extra, "3.10") for extra in PROJECT["optional-dependencies"]))
    assert not {name.lower() for name in wanted} - named


def test_the_pages_name_no_folder_of_the_machine_that_made_them() -> None:
    for page in PAGES:
        assert not re.search(r"/work/|/root/|/home/\w", page.read_text("utf-8")), page.name


def test_the_program_is_found_where_the_pages_say() -> None:
    assert PROJECT["scripts"] == {"realtime": "realtime.cli:program"}
    assert shutil.which("git") is None or "git pull" in README
