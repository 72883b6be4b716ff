"""Where the module behind a handle lies: downloaded or unpacked into a cache, with the reason and a way out where it cannot be."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import socket
import tarfile
import tempfile
import urllib.error
import zlib
from collections.abc import Iterator
from pathlib import Path

import psutil
import tensorflow as tf
import tensorflow_hub as hub

from realtime.core.errors import ModelError
from realtime.core.paths import user_path
from realtime.models.base import fingerprint
from realtime.models.hub_cache import cache_folder, kept_folder
from realtime.models.native_output import first_line

PATIENCE = 30.0
"""Seconds that a server may be silent."""


def module_folder(handle: str) -> Path:
    """Find the SavedModel folder behind a handle, downloaded or unpacked into the cache when it is not there yet.

    Args:
        handle: An http or https address, a folder, or a .tar.gz.

    Returns:
        The folder.

    Raises:
        ModelError: There is no complete module behind the handle, or it cannot be kept.
    """
    return _downloaded(handle) if is_address(handle) else _unpacked(user_path(handle))


def is_address(handle: str) -> bool:
    """Tell whether a handle is an address rather than a path.

    Args:
        handle: The handle.

    Returns:
        True for http and https.
    """
    return handle.startswith(("http://", "https://"))


def _downloaded(handle: str) -> Path:
    os.environ.setdefault("TFHUB_CACHE_DIR", str(cache_folder()))
    _drop_dead_lock(handle)
    way_out = "download it with a browser and name the .tar.gz or the unpacked folder instead (--model PATH)"
    kept = kept_folder(handle).is_dir()
    try:
        with _patience():
            folder = Path(hub.resolve(handle))
        if not kept:
            _check_whole(folder)
        return folder
    except urllib.error.HTTPError as error:
        error.close()
        raise ModelError(f"{handle} answered {error.code} {error.reason}; {way_out}") from error
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.InvalidURL) as error:
        raise ModelError(f"{handle} cannot be reached ({getattr(error, 'reason', error)}); {way_out}") from error
    except PermissionError as error:
        raise _no_cache(error) from error
    except tf.errors.OpError as error:  # how TensorFlow's file functions fail
        raise _no_cache(error) from error
    except (tarfile.TarError, zlib.error, http.client.HTTPException, EOFError, OSError, ValueError) as error:
        raise ModelError(
            f"what {handle} sent is no complete .tar.gz of a model ({first_line(error)}); nothing of it was kept in"
            f" {cache_folder()}: try again, or {way_out}"
        ) from error


def _check_whole(folder: Path) -> None:
    """Remove a module that was downloaded in part: not every Python notices that an archive ends too early.

    Raises:
        ValueError: The module cannot be loaded.
    """
    try:
        hub.load(str(folder))
    except Exception as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ValueError(first_line(error)) from error


def _unpacked(path: Path) -> Path:
    if not hasattr(tarfile, "data_filter"):
        raise ModelError(f"this Python is too old to unpack {path} safely; unpack it yourself and name the folder")
    if path.is_dir():
        return path
    try:
        folder = cache_folder() / f"unpacked-{fingerprint([path])}"
        if (folder / "saved_model.pb").is_file():
            return folder
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, ignore_cleanup_errors=True) as scratch:
            fresh = Path(scratch, "model")
            try:
                with tarfile.open(path, "r:*") as archive:
                    archive.extractall(fresh, filter="data")
                    while archive.fileobj and archive.fileobj.read(1 << 20):
                        pass  # to the end, where the check sum is compared
            except (tarfile.TarError, zlib.error, EOFError, OSError, ValueError) as error:
                raise ModelError(
                    f"{path} is no complete .tar.gz of a SavedModel ({first_line(error)}); get a fresh copy of it"
                ) from error
            inside = [found.parent for found in sorted(fresh.glob("**/saved_model.pb"))]
            if not inside:
                raise ModelError(f"{path} holds no saved_model.pb: it is not a SavedModel of TensorFlow")
            with contextlib.suppress(OSError):  # another process may have been faster
                os.rename(inside[0], folder)
    except OSError as error:
        raise _no_cache(error) from error
    if not (folder / "saved_model.pb").is_file():
        raise ModelError(f"{folder} is in the way of unpacking {path}; remove it and try again")
    return folder


def _no_cache(error: Exception) -> ModelError:
    return ModelError(
        f"the model cannot be kept in {cache_folder()} ({first_line(error)});"
        " set TFHUB_CACHE_DIR to a folder that can be written, or name an unpacked model folder (--model PATH)"
    )


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    """tensorflow-hub sets no time limit of its own: a server that falls silent would be waited for without end."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _drop_dead_lock(handle: str) -> None:
    """Remove the lock that a download of this machine left behind when it was killed.

    tensorflow-hub would wait ten minutes for it, and say nothing. It holds "host.process.task".
    """
    lock = Path(f"{kept_folder(handle)}.lock")
    try:
        host, process, _ = lock.read_text().rsplit(".", 2)
        if host == socket.gethostname() and not psutil.pid_exists(int(process)):
            lock.unlink()
    except (OSError, ValueError):
        pass  # no lock, or not one that can be judged
