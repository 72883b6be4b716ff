"""The public names: all of them import, and importing the package costs next to nothing."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

import realtime


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
