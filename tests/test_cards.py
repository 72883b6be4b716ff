"""Graphics cards: their names and drivers by what each system says, and what of the program runs on them."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from realtime.core import cards as cards_module
from realtime.core.cards import Card, cards, run
from realtime.diagnose import doctor

_PCI_IDS = """# a list
1002  Advanced Micro Devices, Inc. [AMD/ATI]
\t164e  Raphael
\t\t1849 0001  of some board
8086  Intel Corporation
\t9a49  TigerLake-LP GT2 [Iris Xe Graphics]
C 03  Display controller
"""
_NVIDIA_VERSION = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 01:44:30 UTC 2024\nGCC version:\n"
)


def device(root: Path, address: str, maker: str, number: str, driver: str = "", kind: str = "0x030000") -> None:
    """A device as Linux shows it."""
    folder = root / "sys/bus/pci/devices" / address
    folder.mkdir(parents=True)
    for name, text in (("class", kind), ("vendor", f"0x{maker}"), ("device", f"0x{number}")):
        (folder / name).write_text(f"{text}\n")
    if driver:
        target = root / "sys/bus/pci/drivers" / driver
        target.mkdir(parents=True, exist_ok=True)
        (folder / "driver").symlink_to(target)


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file system of a Linux, without programs."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(cards_module, "run", lambda command: "")
    (tmp_path / "usr/share/misc").mkdir(parents=True)
    (tmp_path / "usr/share/misc/pci.ids").write_text(_PCI_IDS)
    return tmp_path


def test_linux_names_a_card_by_its_numbers_and_its_driver_by_the_kernel(linux: Path) -> None:
    device(linux, "0000:00:02.0", "8086", "9a49", "i915")
    device(linux, "0000:00:1f.0", "8086", "a082", "snd", kind="0x040300")
    device(linux, "0000:05:00.0", "1002", "164e", "amdgpu")
    module = linux / "sys/module/amdgpu"
    module.mkdir(parents=True)
    (module / "version").write_text("6.3.6\n")
    assert cards(linux) == [
        Card("Intel TigerLake-LP GT2 [Iris Xe Graphics]", f"i915 of Linux {platform.release()}", "Intel"),
        Card("AMD Raphael", "amdgpu 6.3.6", "AMD"),
    ]


def test_a_card_without_driver_and_without_a_name_is_named_by_its_numbers(linux: Path) -> None:
    (linux / "usr/share/misc/pci.ids").unlink()
    device(linux, "0000:01:00.0", "10de", "2204", kind="0x030200")
    assert [str(card) for card in cards(linux)] == ["NVIDIA card 10de:2204, no driver"]


def test_nvidias_driver_names_its_cards_and_its_version(linux: Path) -> None:
    device(linux, "0000:01:00.0", "10de", "2204", "nvidia")
    place = linux / "proc/driver/nvidia/gpus/0000:01:00.0"
    place.mkdir(parents=True)
    (place / "information").write_text("Model: \t\t NVIDIA GeForce RTX 3090\nIRQ:   33\n")
    (linux / "proc/driver/nvidia/version").write_text(_NVIDIA_VERSION)
    assert cards(linux) == [Card("NVIDIA GeForce RTX 3090", "nvidia 550.54.14", "NVIDIA")]


def test_in_a_container_nvidias_program_names_them(linux: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"nvidia-smi": "NVIDIA H100 80GB HBM3, 570.86.15\nNVIDIA H100 80GB HBM3, 570.86.15\n"}
    monkeypatch.setattr(cards_module, "run", lambda command: said.get(command[0], ""))
    assert cards(linux) == 2 * [Card("NVIDIA H100 80GB HBM3", "nvidia 570.86.15", "NVIDIA")]


def test_a_board_without_pci_is_named_by_its_device_tree(linux: Path) -> None:
    folder = linux / "sys/class/drm/card0/device"
    folder.mkdir(parents=True)
    (folder / "uevent").write_text("DRIVER=v3d\nOF_COMPATIBLE_0=brcm,2711-v3d\nOF_COMPATIBLE_N=1\n")
    assert [str(card) for card in cards(linux)] == ["brcm,2711-v3d, no driver"]


def test_macos_says_it_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("14.5", ("", "", ""), "arm64"))
    said = {"SPDisplaysDataType": [{"_name": "Apple M2", "sppci_model": "Apple M2", "sppci_cores": "10"}]}
    monkeypatch.setattr(cards_module, "run", lambda command: json.dumps(said))
    assert cards() == [Card("Apple M2", "of macOS 14.5", "Apple")]
    for broken in ("", "no json"):
        monkeypatch.setattr(cards_module, "run", lambda command, said=broken: said)
        assert cards() == []


def test_windows_says_it_in_its_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    known = [("NVIDIA GeForce RTX 3060", "31.0.15.5222", "NVIDIA"), ("AMD Radeon(TM) Graphics", "31.0.21", "AMD Inc.")]
    monkeypatch.setattr(cards_module, "windows_cards", lambda: known)
    assert cards() == [
        Card("NVIDIA GeForce RTX 3060", "31.0.15.5222 of NVIDIA", "NVIDIA"),
        Card("AMD Radeon(TM) Graphics", "31.0.21 of AMD Inc.", "AMD"),
    ]


def test_a_program_of_the_system_that_is_missing_fails_or_hangs_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["no-such-program-anywhere"]) == ""
    for error in (subprocess.TimeoutExpired("x", 1), PermissionError()):

        def fail(*words: object, error: Exception = error, **options: object) -> None:
            raise error

        monkeypatch.setattr(subprocess, "run", fail)
        assert run(["lspci"]) == ""


# ---- what runs on them -----------------------------------------------------------------------------------------------

NVIDIA = Card("NVIDIA GeForce RTX 3090", "nvidia 550.54.14", "NVIDIA")


def test_encoders_of_the_card_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_has_cuda", lambda: False)
    encoders = {"h264": "h264_nvenc", "h265": "hevc_nvenc", "vp9": "libvpx-vp9", "av1": ""}
    assert doctor.uses_of(NVIDIA, encoders) == ["it encodes h264, h265"]
    assert doctor.uses_of(Card("Intel UHD", "i915", "Intel"), encoders) == []
    assert doctor.uses_of(Card("some board", ""), encoders) == []


def test_what_it_would_take_is_a_command_or_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    amd = Card("AMD Raphael", "amdgpu 6", "AMD")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(doctor, "_has_cuda", lambda: False)
    monkeypatch.setattr(doctor, "find_library", lambda name: "libvulkan.so.1")
    monkeypatch.setattr("realtime.models.registry.install_command", lambda extra: f"install {extra}")
    if sys.version_info < (3, 14):
        assert doctor.wanted_for(NVIDIA) == ["for TensorFlow models to run on it: install gpu"]
    assert "NVIDIA's own driver" in doctor.wanted_for(Card("NVIDIA card", "nouveau of Linux 6.1", "NVIDIA"))[0]
    assert doctor.wanted_for(amd) == []
    monkeypatch.setattr(doctor, "_has_cuda", lambda: True)
    assert doctor.wanted_for(NVIDIA) == []
    assert doctor.uses_of(NVIDIA, {}) == ["it runs TensorFlow models"]
    monkeypatch.setattr(doctor, "find_library", lambda name: None)
    assert doctor.wanted_for(amd) == ["for lite to run on it, on Debian or Ubuntu: sudo apt install libvulkan1"]
    monkeypatch.setattr(sys, "platform", "win32")
    assert doctor.wanted_for(amd) == []


def test_the_doctor_says_it_in_a_line_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "cards", lambda: [NVIDIA, Card("Intel UHD", "i915", "Intel")])
    monkeypatch.setattr(doctor, "wanted_for", lambda card: ["for more: a command"] if card is NVIDIA else [])
    monkeypatch.setattr(doctor, "_has_cuda", lambda: False)
    found = list(doctor._graphics({"h264": "h264_qsv"}))
    assert [finding.well for finding in found] == [False, True]
    assert found[0].text == "NVIDIA GeForce RTX 3090, driver nvidia 550.54.14; for more: a command"
    assert found[1].text == "Intel UHD, driver i915; it encodes h264"
    monkeypatch.setattr(doctor, "cards", list)
    assert "no graphics card" in next(doctor._graphics({})).text
