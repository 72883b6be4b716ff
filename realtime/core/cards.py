"""The graphics cards of this machine: their names and drivers, as the system tells them without loading a driver."""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = 10.0  # that a program of the system may take
_MAKERS = {"10de": "NVIDIA", "1002": "AMD", "8086": "Intel", "1af4": "virtio", "15ad": "VMware", "1234": "QEMU"}
_NAMES = ("usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids", "usr/share/pci.ids")
_WINDOWS_CARDS = r"SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}"


@dataclass(frozen=True, slots=True)
class Card:
    """A graphics card.

    Attributes:
        name: What its maker calls it.
        driver: The driver and its version, "" where there is none.
        maker: "NVIDIA", "AMD", "Intel", "Apple", or "" where it is another.
    """

    name: str
    driver: str
    maker: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {f'driver {self.driver}' if self.driver else 'no driver'}"


def cards(root: Path = Path("/")) -> list[Card]:
    """List the graphics cards.

    Args:
        root: Where the file system of Linux begins.

    Returns:
        The cards, none where the system names none.
    """
    if sys.platform == "win32":
        return [_made(name, f"{version} of {maker}") for name, version, maker in windows_cards()]
    if sys.platform == "darwin":
        return _mac_cards()
    return _linux_cards(root)


def _made(name: str, driver: str) -> Card:
    known = ("NVIDIA", "AMD", "Intel", "Apple")
    found = next((maker for maker in known if maker.casefold() in name.casefold()), "")
    return Card(name, driver, found or ("AMD" if "Radeon" in name else ""))


# ---- Linux ----


def _linux_cards(root: Path) -> list[Card]:
    nvidia = _nvidia_cards(root)
    found = []
    for device in sorted((root / "sys/bus/pci/devices").glob("*")):
        if not _line(device / "class").startswith("0x03"):  # display controllers
            continue
        maker, number = (_line(device / name).removeprefix("0x") for name in ("vendor", "device"))
        driver = _driver(device, root)
        if maker == "10de" and nvidia:
            continue  # its driver names it better
        name = _pci_name(root, maker, number) or f"card {maker}:{number}"
        brand = _MAKERS.get(maker, "")
        found.append(Card(f"{brand} {name}" if brand and brand not in name else name, driver, brand))
    for device in sorted((root / "sys/class/drm").glob("card[0-9]/device")):  # boards without PCI
        names = re.findall(r"^OF_COMPATIBLE_0=(.+)$", _text(device / "uevent"), re.MULTILINE)
        found += [Card(name, _driver(device, root)) for name in names]
    return [*nvidia, *found]


def _nvidia_cards(root: Path) -> list[Card]:
    """Ask NVIDIA's driver: by its files, or by its program where a container has no such files."""
    found = re.search(r"(?:Module|x86_64|aarch64) +(\d[\d.]*)", _text(root / "proc/driver/nvidia/version"))
    files = sorted((root / "proc/driver/nvidia/gpus").glob("*/information"))
    if found and files:
        names = [re.search(r"^Model:\s*(.+)$", _text(file), re.MULTILINE) for file in files]
        return [Card(name[1].strip(), f"nvidia {found[1]}", "NVIDIA") for name in names if name]
    lines = run(["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]).splitlines()
    pairs = [line.rpartition(",") for line in lines if "," in line]
    return [Card(name.strip(), f"nvidia {version.strip()}", "NVIDIA") for name, _, version in pairs]


def _driver(device: Path, root: Path) -> str:
    """Name the driver of a device with its version: its own, or that of the kernel that it is a part of."""
    try:
        name = (device / "driver").resolve(strict=True).name
    except OSError:
        return ""
    return f"{name} {_line(root / 'sys/module' / name / 'version') or f'of Linux {platform.release()}'}"


def _pci_name(root: Path, maker: str, number: str) -> str:
    """Find a card in the list of PCI numbers that most systems have; "" where there is no such list."""
    for place in _NAMES:
        own = re.search(rf"^{re.escape(maker)}  .*\n((?:[\t#].*\n|\n)*)", _text(root / place), re.MULTILINE)
        if own and (name := re.search(rf"^\t{re.escape(number)}  (.+)$", own[1], re.MULTILINE)):
            return name[1].strip()
    return ""


def _line(file: Path) -> str:
    return _text(file).partition("\n")[0].strip()


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


# ---- macOS and Windows ----


def _mac_cards() -> list[Card]:
    found: dict[str, Any] = {}
    with suppress(ValueError):
        found = json.loads(run(["system_profiler", "SPDisplaysDataType", "-json"]) or "{}")
    names = [str(one.get("sppci_model") or one.get("_name") or "") for one in found.get("SPDisplaysDataType", [])]
    return [_made(name, f"of macOS {platform.mac_ver()[0]}") for name in names if name]


def windows_cards() -> list[tuple[str, str, str]]:
    """Read the names, driver versions and driver's makers that the registry of Windows has."""
    if sys.platform != "win32":
        return []
    import winreg

    found = []
    for number in range(16):
        with (
            suppress(OSError),
            winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{_WINDOWS_CARDS}\{number:04d}") as key,
        ):
            values = [
                str(winreg.QueryValueEx(key, name)[0]) for name in ("DriverDesc", "DriverVersion", "ProviderName")
            ]
            found.append((values[0], values[1], values[2]))
    return found


def run(command: Sequence[str]) -> str:
    """Give what a program of the system says; "" where there is none, or it fails or takes too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout if done.returncode == 0 else ""
