"""Where style pictures lie: those that come with the program, and a person's own."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from realtime.media.kinds import PICTURES


def shipped_folder() -> Path:
    """Say where the styles that come with the program lie: in the package when installed, beside it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "gallery"
    return installed if installed.is_dir() else package.parent / "styles"


def user_folder() -> Path:
    """Say where a person's own styles lie; the folder need not exist."""
    return platformdirs.user_config_path("realtime") / "styles"


def gallery() -> dict[str, Path]:
    """Give the pictures of both folders by the names of their styles; a person's own picture comes before a shipped one."""
    found: dict[str, Path] = {}
    for folder in (shipped_folder(), user_folder()):
        if os.path.isdir(folder):
            found |= {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in PICTURES}
    return found
