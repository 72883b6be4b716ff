"""`realtime shortcut`: an entry in the system's menu that starts the program without a terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtime.core.errors import RealtimeError, UsageError

if TYPE_CHECKING:
    from realtime.core.frame import Picture

MARK = "made by realtime shortcut"
"""What every entry of this program holds, so that no other file is replaced or removed."""
_NAME = "realtime-stylizer"
_SECONDS = 60.0  # that PowerShell may take
_LINK = (
    "$link = (New-Object -ComObject WScript.Shell).CreateShortcut($env:REALTIME_LINK);"
    " $link.TargetPath = $env:REALTIME_TARGET; $link.Arguments = $env:REALTIME_ARGUMENTS;"
    " $link.IconLocation = $env:REALTIME_ICON; $link.Description = $env:REALTIME_MARK;"
    " $link.WorkingDirectory = $env:REALTIME_FOLDER; $link.Save()"
)


@click.command()
@click.option("--remove", is_flag=True, help="Take the entry out of the menu again.")
def shortcut(remove: bool) -> None:
    """Put realtime into the system's menu.

    It then starts without a terminal.
    """
    entry = entry_path()
    there = os.path.lexists(entry)
    if there and not is_ours(entry):
        raise UsageError(f"{entry} was not made by this program; move it away or rename it first")
    try:
        if remove:
            _remove(entry)
            click.echo(f"removed {entry}" if there else "there is no entry of this program in the menu")
        else:
            _make(entry)
            click.echo(f"realtime is in the menu now: {entry}; realtime shortcut --remove takes it out again")
    except OSError as error:
        raise RealtimeError(
            f"{entry} cannot be changed ({error.strerror or error}); see who may write there"
        ) from error


def entry_path() -> Path:
    """Say where the entry of the menu lies; it need not exist."""
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA") or str(Path.home() / "AppData" / "Roaming")
        return Path(roaming) / "Microsoft" / "Windows" / "Start Menu" / "Programs" / "realtime.lnk"
    if sys.platform == "darwin":
        return Path.home() / "Applications" / "realtime.app"
    return _data_home() / "applications" / f"{_NAME}.desktop"


def icon_path(entry: Path) -> Path:
    """Say where the icon of an entry lies; it need not exist."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
        return Path(local) / "realtime" / "realtime.ico"
    if sys.platform == "darwin":
        return entry / "Contents" / "Resources" / "realtime.icns"
    return _data_home() / "icons" / "hicolor" / "512x512" / "apps" / f"{_NAME}.png"


def is_ours(entry: Path) -> bool:
    """Say whether this program made an entry."""
    file = entry / "Contents" / "Info.plist" if sys.platform == "darwin" else entry
    try:
        data = file.read_bytes()
    except OSError:
        return False
    return MARK.encode() in data or MARK.encode("utf-16-le") in data


def start_command() -> list[str]:
    """Give the command that starts the program from any folder."""
    script = Path(sys.executable).with_name("realtime.exe" if sys.platform == "win32" else "realtime")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "realtime"]


def _data_home() -> Path:
    chosen = os.environ.get("XDG_DATA_HOME", "")
    return Path(chosen) if os.path.isabs(chosen) else Path.home() / ".local" / "share"


def _folder() -> Path:
    """Give the folder to start in: that of the package, where it is found by that alone, else the person's own."""
    home = Path(__file__).parent.parent.parent
    return home if (home / "pyproject.toml").is_file() and len(start_command()) > 1 else Path.home()


def _remove(entry: Path) -> None:
    icon = icon_path(entry)
    if entry.is_dir():
        shutil.rmtree(entry)
    elif os.path.lexists(entry):
        entry.unlink()
        icon.unlink(missing_ok=True)


def _make(entry: Path) -> None:
    icon = icon_path(entry)
    icon.parent.mkdir(parents=True, exist_ok=True)
    entry.parent.mkdir(parents=True, exist_ok=True)
    _save_icon(icon)
    if sys.platform == "win32":
        _make_link(entry, icon)
    elif sys.platform == "darwin":
        _make_app(entry)
    else:
        _write(entry, desktop_entry(start_command(), icon, _folder()))


def desktop_entry(command: list[str], icon: Path, folder: Path) -> str:
    """Write an entry as the Desktop Entry Specification 1.5 of freedesktop.org has it.

    Args:
        command: The program and its arguments.
        icon: A PNG file.
        folder: The folder to start in.

    Returns:
        The text of the file.
    """
    words = []
    for word in command:
        quoted = "".join(f"\\{letter}" if letter in '"`$\\' else letter for letter in word).replace("%", "%%")
        words.append(f'"{quoted}"')
    lines = {
        "Type": "Application", "Version": "1.5", "Name": "realtime", "Comment": "See yourself painted, live",
        "Exec": _escaped(" ".join(words)), "Icon": _escaped(str(icon)), "Path": _escaped(str(folder)), "Terminal": "false",
        "Categories": "AudioVideo;Video;Graphics;", "X-Realtime": MARK,
    }  # fmt: skip
    return "[Desktop Entry]\n" + "".join(f"{key}={value}\n" for key, value in lines.items())


def _escaped(text: str) -> str:
    """Escape a string of a desktop entry."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def _make_app(entry: Path) -> None:
    about = {
        "CFBundleName": "realtime", "CFBundleIdentifier": f"local.{_NAME}", "CFBundleExecutable": "realtime",
        "CFBundleIconFile": "realtime.icns", "CFBundlePackageType": "APPL", "NSHighResolutionCapable": True,
        "NSCameraUsageDescription": "realtime paints what the camera sees.",
        "NSMicrophoneUsageDescription": "realtime records sound where --audio asks for it.", "RealtimeMark": MARK,
    }  # fmt: skip
    program = entry / "Contents" / "MacOS" / "realtime"
    program.parent.mkdir(parents=True, exist_ok=True)
    _write(program, f"#!/bin/sh\ncd {shlex.quote(str(_folder()))}\nexec {shlex.join(start_command())}\n")
    program.chmod(0o755)
    import plistlib  # for macOS alone

    _write(entry / "Contents" / "Info.plist", plistlib.dumps(about).decode())


def _make_link(entry: Path, icon: Path) -> None:
    target, *arguments = start_command()
    values = {
        "LINK": str(entry), "TARGET": target, "ARGUMENTS": subprocess.list2cmdline(arguments), "ICON": str(icon),
        "MARK": MARK, "FOLDER": str(_folder()),
    }  # fmt: skip
    environment = {**os.environ, **{f"REALTIME_{name}": value for name, value in values.items()}}
    command = ["powershell", "-NoProfile", "-NonInteractive", "-Command", _LINK]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise RealtimeError("PowerShell did not answer; try again, or pin the program by hand") from error
    if done.returncode or not entry.is_file():
        reason = next(iter(done.stderr.strip().splitlines()), f"exit status {done.returncode}")
        raise RealtimeError(f"PowerShell could not make {entry} ({reason}); pin the program by hand")


def _write(path: Path, text: str) -> None:
    """Write a text file, which is there whole or as it was before."""
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, "utf-8", newline="\n")
    partial.replace(path)


def _save_icon(path: Path) -> None:
    import cv2
    from PIL import Image

    partial = path.with_name(f"partial-{path.name}")
    try:
        Image.fromarray(cv2.cvtColor(draw_icon(), cv2.COLOR_BGRA2RGBA)).save(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def draw_icon(side: int = 512) -> Picture:
    """Draw the icon: a face, half as the camera sees it and half in strokes.

    Args:
        side: Its width and height, in pixels.

    Returns:
        uint8, H×W×4, BGRA.
    """
    import cv2
    import numpy as np

    rows, columns = np.mgrid[0:side, 0:side] / side
    waves = np.sin(28 * rows + 5 * np.sin(9 * columns)) * 0.5 + 0.5
    ground = np.where(columns < 0.5, 0.35 + 0.0 * waves, waves)[..., None]
    night, gold = np.array((120, 60, 30)), np.array((70, 190, 245))
    picture = (night + (gold - night) * 0.6 * ground).astype(np.uint8)
    centre = side // 2
    face = np.zeros((side, side), np.uint8)
    cv2.circle(face, (centre, round(0.52 * side)), round(0.29 * side), 255, -1, cv2.LINE_AA)
    skin = np.where(
        columns[..., None] < 0.5, np.array((175, 205, 235)), np.array((235, 190, 120)) - 70 * waves[..., None]
    )
    mix = face[..., None] / 255
    picture = (picture * (1 - mix) + skin * mix).astype(np.uint8)
    for across in (-0.11, 0.11):
        cv2.circle(
            picture,
            (round((0.5 + across) * side), round(0.46 * side)),
            round(0.033 * side),
            (50, 35, 25),
            -1,
            cv2.LINE_AA,
        )
    smile = round(0.14 * side), round(0.1 * side)
    cv2.ellipse(picture, (centre, round(0.57 * side)), smile, 0, 15, 165, (50, 35, 25), max(1, side // 36), cv2.LINE_AA)
    shape, corner = np.zeros((side, side), np.uint8), round(0.2 * side)
    cv2.rectangle(shape, (corner, 0), (side - corner - 1, side - 1), 255, -1)
    cv2.rectangle(shape, (0, corner), (side - 1, side - corner - 1), 255, -1)
    for down in (corner, side - corner - 1):
        for across in (corner, side - corner - 1):
            cv2.circle(shape, (across, down), corner, 255, -1, cv2.LINE_AA)
    return np.dstack([picture, shape])
