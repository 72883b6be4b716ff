"""Paths as people write them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def user_path(text: str) -> Path:
    """`text` as a path, "~" and "~name" standing for a home folder where there is one."""
    path = Path(text)
    with suppress(RuntimeError):  # nobody of that name
        path = path.expanduser()
    return path
