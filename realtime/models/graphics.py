"""The graphics card of this machine and its driver, as far as the system tells them without loading the driver."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path

_WINDOWS_LIBRARIES = ("dxcompiler.dll", "dxil.dll")


def may_have_gpu() -> bool:
    """Say whether it is worth a try: on Linux whether a driver shows a device, elsewhere always."""
    if not sys.platform.startswith("linux"):
        return sys.platform in ("win32", "darwin")
    return any(any(Path("/dev").glob(name)) for name in ("dri/renderD*", "nvidia[0-9]*", "dxg"))


def gpu_name() -> str:
    """Name the graphics card, or give "the GPU" where the system names none. It may take a second."""
    from realtime.core.cards import cards  # it runs programs: no start waits for that

    found = cards()
    return found[0].name if found else "the GPU"


def driver_identity() -> str:
    """Give a text that changes when a card or its driver does. It takes a millisecond, since each start asks for it."""
    found = [platform.system(), platform.machine(), platform.release()]
    if sys.platform == "win32":
        from realtime.core.cards import windows_cards

        return " ".join([*found, *(" ".join(card) for card in windows_cards()), *missing_libraries()])
    found += [os.environ.get(name, "") for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES")]
    told = [Path("/proc/driver/nvidia/version"), *sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))]
    told += [
        folder / name
        for folder in sorted(Path("/sys/class/drm").glob("renderD*/device"))
        for name in ("vendor", "device")
    ]
    for file in told:
        with contextlib.suppress(OSError):
            found.append(file.read_text("utf-8", "replace"))
    for file in _driver_files():
        with contextlib.suppress(OSError):
            found.append(f"{file} {file.stat().st_mtime_ns}")
    return " ".join(found)


def missing_libraries() -> list[str]:
    """Name the libraries that LiteRT's accelerator asks for on Windows, its package lacks, and the system does not have."""
    if sys.platform != "win32":
        return []
    import importlib.util

    places = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    found = importlib.util.find_spec("ai_edge_litert")
    places += [Path(folder) for folder in (found.submodule_search_locations or [])] if found else []
    return [name for name in _WINDOWS_LIBRARIES if not any((place / name).is_file() for place in places)]


def _driver_files() -> list[Path]:
    """Find the files that tell Vulkan's loader which drivers there are, and the loader itself."""
    folders = ("/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d")
    files = [file for folder in folders for file in sorted(Path(folder).glob("*.json"))]
    return files + sorted(Path("/usr/lib").glob("*/libvulkan.so.1*")) + sorted(Path("/usr/lib").glob("libvulkan.so.1*"))
