"""The public names: all of them import, and importing the package costs next to nothing."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import cv2
import media
import pytest
from fakes import FakeModel

import realtime
from realtime.models.registry import LITE


@pytest.mark.parametrize("name", realtime.__all__)
def test_a_public_name_is_there_and_has_a_docstring(name: str) -> None:
    found = getattr(realtime, name)
    assert isinstance(found, str) if name == "__version__" else found.__doc__


def test_the_names_that_python_users_and_other_packages_need_are_public() -> None:
    command_line = {
        "Stylizer",
        "StyleLibrary",
        "Look",
        "Pipeline",
        "Presets",
        "LiveSession",
        "open_source",
        "paint_photo",
        "paint_video",
        "compare",
    }
    of_one_s_own = {
        "Source",
        "Frame",
        "Sink",
        "Format",
        "Stylized",
        "Engine",
        "StyleEngine",
        "EngineSpec",
        "EngineModel",
        "Model",
    }
    errors = {"RealtimeError", "UsageError", "SourceError", "SourceEndedError", "SinkError", "ModelError", "StyleError"}
    assert command_line | of_one_s_own | errors <= set(realtime.__all__)
    assert dir(realtime) == sorted(realtime.__all__)


def test_a_name_that_is_not_there_is_said() -> None:
    with pytest.raises(AttributeError, match="no attribute 'stilizer'"):
        importlib.import_module("realtime").stilizer  # noqa: B018 - it raises


def test_importing_the_package_loads_neither_opencv_nor_numpy() -> None:
    code = (
        "import sys, realtime; print(sorted({'numpy', 'cv2', 'av', 'PIL', 'click', 'tensorflow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_a_video_is_painted_as_the_command_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    clip = media.clip_at(tmp_path / "in.mp4", [0, 0.1, 0.2])
    stylizer = realtime.Stylizer(FakeModel())
    made = realtime.paint_video(stylizer, clip, tmp_path / "out.mp4", "wave:0.6,glass:0.4")
    assert (made.finished, made.frames, made.out) == (True, 3, tmp_path / "out.mp4")
    with pytest.raises(realtime.UsageError, match="exists"):
        realtime.paint_video(stylizer, clip, tmp_path / "out.mp4", realtime.Look((("wave", 1.0),)))
    with pytest.raises(realtime.UsageError, match="no style"):
        realtime.paint_video(stylizer, clip, tmp_path / "other.mp4", "no-such-style")


@pytest.mark.skipif(not (LITE / "frame.tflite").is_file(), reason="the embedded model is not in this checkout")
def test_the_examples_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("style.jpg", "photo.jpg"):
        cv2.imwrite(name, media.numbered(77, (160, 120)))
    media.clip_at(Path("holiday.mp4"), [0, 0.1, 0.2])
    readme = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
    examples = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        exec(example, {})
    assert all(Path(name).stat().st_size for name in ("painted.png", "photo-painted.jpg", "holiday-painted.mp4"))
