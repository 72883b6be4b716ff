"""How this program was installed and started, so that a command that a person copies from a message is right here."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import re
import shlex
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PACKAGE = "realtime-stylizer"


def install_command(extra: str = "") -> str:
    """Give the command that installs this program again with an extra, in the way in which it was installed.

    Args:
        extra: A name of the extras in pyproject.toml; "" for none.

    Returns:
        The command for a shell, cmd or PowerShell. It begins with words where the clone is gone that it needs.
    """
    extras = sorted(_extras() | ({extra} if extra else set()))
    clone = _clone()
    if clone is None:
        first, folder, constraints = "in the folder of a clone: ", ".", "constraints.txt"
    else:
        first, folder, constraints = "", _short(str(clone)), quoted(_short(str(clone / "constraints.txt")))
    where = quoted(f"{folder}[{','.join(extras)}]" if extras else folder)
    if (Path(sys.prefix) / "pipx_metadata.json").is_file():
        return f"{first}pipx install --force --pip-args={quoted(f'-c {constraints}')} {where}"
    if (Path(sys.prefix) / "uv-receipt.toml").is_file():
        return f"{first}uv tool install --force -c {constraints} {where}"
    editable = "-e " if _origin().get("dir_info", {}).get("editable") else ""
    if importlib.util.find_spec("pip") is None:  # as in the environments that uv makes
        return f"{first}uv pip install --python {_python()} -c {constraints} {editable}{where}"
    return f"{first}{_python()} -m pip install -c {constraints} {editable}{where}"


def program() -> str:
    """Give the command that starts this program: `realtime` where the shell finds it by that name."""
    started = Path(sys.argv[0])
    if started.name and started.stem != "realtime":  # `python -m`, or a program of somebody else
        return f"{_python()} -m realtime"
    if not started.parent.name and not started.is_absolute():
        return started.name or "realtime"
    found = shutil.which(started.stem)
    with suppress(OSError):
        if found and os.path.samefile(found, started):
            return started.stem
    return quoted(_short(str(started)))


def _python() -> str:
    return quoted(_short(sys.executable))


def quoted(text: str) -> str:
    """Quote a word for the shells of the system; on Windows for cmd and PowerShell alike."""
    if sys.platform == "win32":
        return text if re.fullmatch(r"[\w@%+=:./\\~-]+", text) else f'"{text}"'
    return shlex.quote(text)


def _short(path: str) -> str:
    """Give a path without spaces on Windows, where the file system keeps such names: PowerShell starts no quoted program."""
    if sys.platform == "win32" and " " in path:
        import ctypes

        name = ctypes.create_unicode_buffer(1024)
        if ctypes.windll.kernel32.GetShortPathNameW(path, name, len(name)):
            return name.value
    return path


def _origin() -> dict[str, Any]:
    """Give what the installer noted of where the package came from (PEP 610); empty where it noted nothing."""
    from importlib.metadata import PackageNotFoundError, distribution  # `realtime --help` does not wait for it

    with suppress(PackageNotFoundError, OSError, ValueError):
        found = json.loads(distribution(PACKAGE).read_text("direct_url.json") or "{}")
        if isinstance(found, dict):
            return found
    return {}


def _clone() -> Path | None:
    """Find the clone that the package was installed from, or runs in; None where it is gone."""
    from urllib.request import url2pathname  # nor for this one

    address = urlsplit(str(_origin().get("url", "")))
    places = [Path(url2pathname(address.path))] if address.scheme == "file" else []
    places.append(Path(__file__).parent.parent.parent)
    return next((place for place in places if (place / "pyproject.toml").is_file()), None)


def _extras() -> set[str]:
    """Give the extras that pipx or uv noted, which a new installation must name again."""
    found: Any = None
    with suppress(OSError, ValueError, KeyError, TypeError):
        main = json.loads((Path(sys.prefix) / "pipx_metadata.json").read_text("utf-8"))["main_package"]
        found = re.search(r"\[([\w,\s-]+)\]$", str(main["package_or_url"]))
        return set(re.split(r"[\s,]+", found[1])) if found else set()
    with suppress(OSError, ValueError, KeyError, TypeError):
        toml = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
        receipt = toml.loads((Path(sys.prefix) / "uv-receipt.toml").read_text("utf-8"))
        for one in receipt["tool"]["requirements"]:
            if one["name"] == PACKAGE:
                return set(one.get("extras", []))
    return set()
