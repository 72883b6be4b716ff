"""The folder of an unfinished render: it is data, whoever made it, and one process at a time works in it."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import media
import numpy as np
import pytest
from fakes import FakeModel

from realtime.core.errors import UsageError
from realtime.core.frame import Frame
from realtime.core.paths import beside
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render.painting import Painters
from realtime.render.schedule import Schedule
from realtime.render.workspace import Done, Workspace

PLAN = {"footage": "a.mp4"}
LOOK = Look((("red", 1.0),), strength=0.6, steady=0.7)


class Runs:
    """Runs a command where it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def code(name: str) -> StyleCode:
    return StyleCode(FakeModel.identity, (np.array((20, 20, 220), np.float32),))


@pytest.mark.parametrize("form", ["pickle", "npy", "npz", "dotted"])
def test_a_state_from_somebody_else_runs_nothing(tmp_path: Path, form: str) -> None:
    mark = tmp_path / "ran"
    bomb = Runs(f"echo ran > {mark}")
    file = io.BytesIO()
    if form == "pickle":
        file.write(pickle.dumps(bomb))
    elif form == "dotted":  # as restricted unpicklers let it through

        def text(word: str) -> bytes:
            return b"\x8c" + bytes([len(word.encode())]) + word.encode()

        call = text("realtime.models.base") + text("os.system") + b"\x93" + text(f"echo ran > {mark}") + b"\x85R."
        file.write(b"\x80\x05" + call)
    elif form == "npy":
        np.save(file, np.array([bomb], object), allow_pickle=True)
    else:
        np.savez(file, numbers=np.array([bomb], object))
    with pytest.raises(UsageError, match="--force begins anew"):
        Painters([Stylizer(FakeModel())], code, Schedule(LOOK), file.getvalue())
    assert not mark.exists()


def painted_state() -> dict[str, np.ndarray]:
    painter = Pipeline(Stylizer(FakeModel()), code, morph=0)
    for number in range(5):
        painter.paint(Frame(media.numbered(number), number / 25), LOOK)
    return painter.state()


def test_a_painter_goes_on_from_its_state_as_if_nothing_had_been() -> None:
    whole, resumed = (Pipeline(Stylizer(FakeModel()), code, morph=0) for _ in range(2))
    frames = [Frame(media.numbered(number), number / 25) for number in range(40)]
    pictures = [whole.paint(frame, LOOK).picture for frame in frames[:20]]
    resumed.restore(whole.state(), lambda time: LOOK)
    for frame in frames[20:]:
        pictures.append(whole.paint(frame, LOOK).picture)
        assert np.array_equal(resumed.paint(frame, LOOK).picture, pictures[-1])


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("numbers", np.zeros(3)),
        ("steady picture", np.zeros((3, 3, 3), np.uint8)),
        ("steady picture", np.zeros((48, 64, 3), np.float32)),
        ("steady content", np.zeros((1, 1), np.uint8)),
        ("steady numbers", np.zeros((2, 2))),
        ("own since", np.zeros((2, 2))),
        ("own from 0", None),
        ("steady probe", None),
    ],
)
def test_a_state_that_does_not_fit_is_refused(name: str, array: np.ndarray | None) -> None:
    state = painted_state()
    assert name in state
    state.pop(name)
    if array is not None:
        state[name] = array
    file = io.BytesIO()
    np.savez(file, **state)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="cannot be read"):
        Painters([Stylizer(FakeModel())], code, Schedule(LOOK), file.getvalue())


@pytest.mark.parametrize(
    "line",
    [
        '{"segment": "../../../etc/passwd", "frames": 1, "broken": [], "last": 1, "duration": 1}',
        '{"segment": -1, "frames": 1, "broken": [], "last": 1, "duration": 1}',
        '{"segment": 0, "frames": true, "broken": [], "last": 1, "duration": 1}',
        '{"segment": 0, "frames": 1, "broken": ["x"], "last": 1, "duration": 1}',
        '{"segment": 0, "frames": 1, "broken": [], "last": 1, "duration": 1e300}',
        '{"part": 0}',
        "[1, 2]",
        "null",
        "no JSON",
    ],
)
def test_a_list_of_segments_from_somebody_else_is_not_believed(tmp_path: Path, line: str) -> None:
    out = tmp_path / "o.mp4"
    with closing(Workspace(out, PLAN, False, False)) as space:
        space.file(0).write_bytes(b"segment")
        (space.path / "done.jsonl").write_text(line + "\n")
    with closing(Workspace(out, PLAN, True, False)) as space:
        assert space.done == {}


@pytest.mark.parametrize("plan", ["[1, 2]", "null", "{", "7"])
def test_a_plan_from_somebody_else_is_another_plan(tmp_path: Path, plan: str) -> None:
    out = tmp_path / "o.mp4"
    Workspace(out, PLAN, False, False).close()
    (tmp_path / "o.mp4.segments" / "plan.json").write_text(plan)
    with pytest.raises(UsageError, match="another footage"):
        Workspace(out, PLAN, True, False)


@pytest.mark.parametrize("words", [{}, {"resume": True}, {"force": True}])
def test_two_renders_of_one_output_never_share_its_folder(tmp_path: Path, words: dict[str, bool]) -> None:
    out = tmp_path / "o.mp4"
    wanted = {"resume": False, "force": False} | words
    with closing(Workspace(out, PLAN, False, False)) as first:
        first.working(0).write_bytes(b"being written")
        with pytest.raises(UsageError, match=f"process {os.getpid()} on "):
            Workspace(out, PLAN, **wanted)
        assert first.working(0).read_bytes() == b"being written"
    with closing(Workspace(out, PLAN, True, False)) as second:
        second.remove()
    assert list(tmp_path.iterdir()) == []


def test_another_process_that_holds_the_folder_is_named_and_its_death_frees_it(tmp_path: Path) -> None:
    out = tmp_path / "o.mp4"
    script = (
        "import sys, pathlib; from realtime.render.workspace import Workspace; "
        f"space = Workspace(pathlib.Path({str(out)!r}), {PLAN!r}, False, False); print('ready', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline().strip() == b"ready"
        with pytest.raises(UsageError, match=f"process {other.pid} on "):
            Workspace(out, PLAN, True, False)
        other.kill()
    Workspace(out, PLAN, True, False).close()


def test_a_holder_from_somebody_else_is_shown_as_text(tmp_path: Path) -> None:
    with closing(Workspace(tmp_path / "o.mp4", PLAN, False, False)) as space:
        told = {"process": "\x1b[2J", "host": "a\x1b[31m\nb" + "c" * 999}
        (space.path / "holder.json").write_text(json.dumps(told))
        with pytest.raises(UsageError) as raised:
            Workspace(tmp_path / "o.mp4", PLAN, True, False)
    assert "process ? on a[31mbc" in str(raised.value)
    assert str(raised.value).isprintable()
    assert len(str(raised.value)) < 400


def test_a_folder_of_a_render_that_was_killed_at_once_is_taken(tmp_path: Path) -> None:
    folder = tmp_path / "o.mp4.segments"
    folder.mkdir()
    for name in ("lock", "holder.json"):
        (folder / name).write_text("")
    for resume in (True, False):
        with closing(Workspace(tmp_path / "o.mp4", PLAN, resume, False)) as space:
            assert space.done == {}
            space.remove()
        folder.mkdir()


def test_a_folder_of_the_version_before_is_said_and_left_alone(tmp_path: Path) -> None:
    old = tmp_path / "o.mp4.parts"
    old.mkdir()
    (old / "plan.json").write_text("{}")
    with pytest.raises(UsageError, match=r"o\.mp4\.parts was begun by an older version"):
        Workspace(tmp_path / "o.mp4", PLAN, True, False)
    assert (old / "plan.json").read_text() == "{}"
    Workspace(tmp_path / "o.mp4", PLAN, False, False).close()


def test_what_is_finished_is_found_again(tmp_path: Path) -> None:
    out = tmp_path / "o.mp4"
    done = Done(3, 10, (7, 9), 400, 40)
    with closing(Workspace(out, PLAN, False, False)) as space:
        space.working(3).write_bytes(b"frames")
        space.finish(done, b"state")
    with closing(Workspace(out, PLAN, True, False)) as space:
        assert space.done == {3: done}
        assert space.state(3) == b"state"
    assert json.loads((tmp_path / "o.mp4.segments" / "plan.json").read_text()) == PLAN


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts the whole path")
def test_names_as_long_as_the_file_system_takes_have_room_for_a_folder(tmp_path: Path) -> None:
    for stem in ("x" * 251, "ü" * 125, "写" * 83):
        one, other = (tmp_path / f"{stem[:-1]}{last}.mp4" for last in "ab")
        one.write_bytes(b"")
        assert beside(one, ".segments") != beside(other, ".segments")
        with closing(Workspace(one, PLAN, False, True)) as space:
            assert space.path.is_dir()
