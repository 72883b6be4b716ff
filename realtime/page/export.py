"""The page without a server: a folder of files in which `lite` runs in the visitor's browser, on his GPU or CPU."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import cv2

from realtime.core.errors import SinkError, UsageError
from realtime.core.frame import Picture
from realtime.media.gallery import shipped_folder
from realtime.media.images import load_picture
from realtime.models.fixed_size import fixed_size
from realtime.models.litert import LiteRTEngine
from realtime.models.registry import LITE
from realtime.models.stylizer import Stylizer
from realtime.styles.folders import find_styles
from realtime.styles.library import FIRST

PACKAGE = "@litertjs/core"
SIZES = (640, 480), (480, 640), (320, 240), (240, 320)
"""Sizes of frames, in pixels, that the page paints: a phone's camera stands upright."""

_HERE = Path(__file__).parent
_SHARED = "dom.js", "say.js", "icon.svg", "style.css", "text.js", "text.??.js"
_RUNTIME = "dist/index.js", "package.json"
_WASM = "litert_wasm_internal", "litert_wasm_compat_internal"
_IMPORT = re.compile(r'from "@litertjs/wasm-utils"')
_THUMBNAIL = 320, 240


def export_page(folder: Path, runtime: Path) -> int:
    """Write the page into a folder, for any host of static files over https.

    Args:
        folder: A new or an empty folder.
        runtime: The npm package `@litertjs/core`, unpacked.

    Returns:
        The bytes of what was written.

    Raises:
        UsageError: The folder is not empty, or `runtime` is not the package.
        SinkError: A file cannot be written.
    """
    script = _runtime_script(runtime)
    if os.path.lexists(folder) and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not an empty folder; nothing is overwritten, choose another name")
    try:
        (folder / "wasm").mkdir(parents=True)
        for pattern in _SHARED:
            for file in sorted((_HERE / "static").glob(pattern)):
                shutil.copyfile(file, folder / file.name)
        for file in sorted((_HERE / "alone").iterdir()):
            shutil.copyfile(file, folder / file.name)
        (folder / "litert.js").write_text(script, encoding="utf-8")
        for name in _WASM:
            for ending in (".js", ".wasm"):
                shutil.copyfile(runtime / "wasm" / (name + ending), folder / "wasm" / (name + ending))
        _write_model(folder)
    except OSError as error:
        raise SinkError(f"the page cannot be written into {folder} ({error.strerror})") from error
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _runtime_script(runtime: Path) -> str:
    """Read the runtime's module, with the one name in it that browsers cannot resolve made an address."""
    wanted = [*_RUNTIME, *(f"wasm/{name}{ending}" for name in _WASM for ending in (".js", ".wasm"))]
    if missing := [name for name in wanted if not (runtime / name).is_file()]:
        raise UsageError(
            f"{runtime} holds no {missing[0]}, so it is not the package {PACKAGE}; get it by `npm pack {PACKAGE}`, unpack the"
            " file and name the folder `package` in it"
        )
    try:
        about = json.loads((runtime / "package.json").read_text("utf-8"))
        script = (runtime / "dist" / "index.js").read_text("utf-8")
    except ValueError as error:
        raise UsageError(f"{runtime} is damaged ({error}); unpack the package {PACKAGE} again") from error
    if not isinstance(about, dict) or about.get("name") != PACKAGE:
        raise UsageError(f"{runtime / 'package.json'} is not that of the package {PACKAGE}; name its folder")
    script, count = _IMPORT.subn('from "./wasm_lib.js"', script)
    if count != 1:
        raise UsageError(f"{PACKAGE} {about.get('version')} is built in another way than 2.5; use version 2.5")
    return re.sub(r"(?m)^//# sourceMappingURL=.*$", "", script)


def _write_model(folder: Path) -> None:
    """Write the networks at their sizes, the grain, and the gallery: each style's name, code and picture."""
    spec = LiteRTEngine(LITE / "frame.tflite", 1).spec
    twin = LITE / "frame_gpu.tflite"
    network = twin if twin.is_file() else LITE / "frame.tflite"
    for width, height in SIZES:
        size = width + 2 * spec.margin, height + 2 * spec.margin
        (folder / f"frame-{width}x{height}.tflite").write_bytes(fixed_size(network, size))
    shutil.copyfile(LITE / "style.tflite", folder / "style.tflite")
    shutil.copyfile(LITE / "grain.png", folder / "grain.png")
    stylizer = Stylizer("lite")
    styles = []
    for number, style in enumerate(find_styles([shipped_folder()])[0]):
        picture = load_picture(style.path)
        code = [round(float(value), 5) for value in stylizer.encode(picture).arrays[0].ravel()]
        name = f"style-{number}.jpg"
        (folder / name).write_bytes(_thumbnail(picture))
        styles.append({"name": style.name, "picture": name, "code": code})
    text = json.dumps({"margin": spec.margin, "first": FIRST, "styles": styles}, ensure_ascii=False)
    (folder / "styles.json").write_text(text, encoding="utf-8")


def _thumbnail(picture: Picture) -> bytes:
    height, width = picture.shape[:2]
    scale = max(_THUMBNAIL[0] / width, _THUMBNAIL[1] / height)
    wide, high = min(width, round(_THUMBNAIL[0] / scale)), min(height, round(_THUMBNAIL[1] / scale))
    left, top = (width - wide) // 2, (height - high) // 2
    small = cv2.resize(picture[top : top + high, left : left + wide], _THUMBNAIL, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 88])[1])
