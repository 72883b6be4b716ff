"""The graphics card of this machine and its driver, as far as the system tells them without loading the driver."""

from __future__ import annotations

import contextlib
import os
import platform
import sys
from pathlib import Path

_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel", "0x1af4": "virtual", "0x15ad": "VMware"}
_WINDOWS_LIBRARIES = ("dxcompiler.dll", "dxil.dll")
_DISPLAY_CLASS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"


def may_have_gpu() -> bool:
    """Say whether it is worth a try: on Linux whether a driver shows a device, elsewhere always."""
    if not sys.platform.startswith("linux"):
        return sys.platform in ("win32", "darwin")
    return any(any(Path("/dev").glob(name)) for name in ("dri/renderD*", "nvidia[0-9]*", "dxg"))


def gpu_name() -> str:
    """Name the graphics card, or give "the GPU" where the system does not."""
    found = _windows_drivers() if sys.platform == "win32" else _nvidia_names() or _drm_names()
    return found[0].partition(",")[0] if found else "the GPU"


def driver_identity() -> str:
    """Give a text that changes when a card or its driver does."""
    system = f"{platform.system()} {platform.machine()}"
    if sys.platform == "darwin":
        return f"{system} {platform.mac_ver()[0]}"
    if sys.platform == "win32":
        return " ".join([system, *_windows_drivers(), *missing_libraries()])
    found = [system, platform.release(), _line(Path("/proc/driver/nvidia/version")), *_nvidia_names(), *_drm_names()]
    for name in ("VK_DRIVER_FILES", "VK_ICD_FILENAMES"):
        found.append(os.environ.get(name, ""))
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


def _nvidia_names() -> list[str]:
    names = []
    for file in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in file.read_text().splitlines():
                if line.startswith("Model:"):
                    names.append(line.partition(":")[2].strip())
    return names


def _drm_names() -> list[str]:
    """Name cards by their makers and numbers."""
    names = []
    for folder in sorted(Path("/sys/class/drm").glob("renderD*/device")):
        maker, number = _line(folder / "vendor"), _line(folder / "device")
        if maker:
            names.append(f"{_VENDORS.get(maker, f'maker {maker}')} GPU {number}")
    return names


def _windows_drivers() -> list[str]:
    """Name the cards that Windows knows, each with the version of its driver after a comma."""
    if sys.platform != "win32":
        return []
    import winreg

    found = []
    for number in range(8):
        with (
            contextlib.suppress(OSError),
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{_DISPLAY_CLASS}\{number:04d}") as key,
        ):
            found.append(", ".join(str(winreg.QueryValueEx(key, name)[0]) for name in ("DriverDesc", "DriverVersion")))
    return found


def _line(file: Path) -> str:
    """Read the first line of a file; nothing where it cannot be read."""
    try:
        return file.read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        return ""
