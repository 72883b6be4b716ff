"""Where modules of TensorFlow Hub are kept, without TensorFlow: who only asks does not wait for it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """Tell where modules are kept.

    Returns:
        The folder of TFHUB_CACHE_DIR, or one in the user's cache folder.
    """
    return Path(os.environ.get("TFHUB_CACHE_DIR") or platformdirs.user_cache_path("realtime") / "hub")


def kept_folder(address: str) -> Path:
    """Tell where the module of an address is kept once it is downloaded, as tensorflow-hub names it.

    Args:
        address: An http or https address.

    Returns:
        The folder, which may not be there yet.
    """
    return cache_folder() / hashlib.sha1(address.encode()).hexdigest()
