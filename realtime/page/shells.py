"""The page's own files: read once, found by name and by nothing else."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
_NAME = re.compile(r"[a-z0-9_-][a-z0-9_.-]*")


def static_folder() -> Path:
    """Say where the page's files lie."""
    return Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file, its type, and a mark that changes with its content."""

    data: bytes
    type: str
    mark: str


def read_static(folder: Path) -> dict[str, StaticFile]:
    """Read the page's files: what is asked for later is looked up here, and no path is ever made of it."""
    found = {}
    for path in sorted(folder.iterdir()):
        if path.suffix in _TYPES and _NAME.fullmatch(path.name) and path.is_file():
            data = path.read_bytes()
            mark = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
            found[path.name] = StaticFile(data, _TYPES[path.suffix], mark)
    return found


def answer(file: StaticFile, request: Request) -> Response:
    """Answer with a file, or with nothing where the browser has it already."""
    headers = {"ETag": file.mark, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.mark:
        return Response(status_code=304, headers=headers)
    return Response(file.data, media_type=file.type, headers=headers)
