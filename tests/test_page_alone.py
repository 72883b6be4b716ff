"""The page without a server: what `realtime page --export` writes, and how it paints in Chromium, on the CPU by wasm."""

from __future__ import annotations

import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from chromium import PATIENCE, chromium, drawn, painting, picture_is, pixels  # noqa: F401  a fixture

from realtime.core.errors import UsageError
from realtime.models.registry import LITE
from realtime.page.export import SIZES, export_page

pytestmark = pytest.mark.skipif(
    not (LITE / "frame.tflite").is_file(), reason="the embedded model is not in this checkout"
)


def package(folder: Path) -> Path:
    """Files like those of the runtime's package, which do nothing."""
    (folder / "dist").mkdir(parents=True)
    (folder / "wasm").mkdir()
    (folder / "package.json").write_text(json.dumps({"name": "@litertjs/core", "version": "2.5.3"}))
    (folder / "dist" / "index.js").write_text('import { createWasmLib } from "@litertjs/wasm-utils";\n')
    for name in ("litert_wasm_internal", "litert_wasm_compat_internal"):
        (folder / "wasm" / f"{name}.js").write_text("")
        (folder / "wasm" / f"{name}.wasm").write_bytes(b"\0asm")
    return folder


def test_the_folder_holds_all_that_the_page_asks_for(tmp_path: Path) -> None:
    target = tmp_path / "page"
    assert export_page(target, package(tmp_path / "runtime")) == sum(
        file.stat().st_size for file in target.rglob("*") if file.is_file()
    )
    text = "\n".join(file.read_text("utf-8") for file in target.iterdir() if file.suffix in (".js", ".html"))
    assert 'from "./wasm_lib.js"' in text and '"@litertjs' not in text
    policy = text.partition('Content-Security-Policy" content="')[2].partition('"')[0]
    assert policy == (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self';"
        " img-src 'self' blob:; media-src 'self' blob:; base-uri 'none'; form-action 'none'"
    )
    styles = json.loads((target / "styles.json").read_text("utf-8"))
    assert styles["first"] in [style["name"] for style in styles["styles"]]
    for style in styles["styles"]:
        assert len(style["code"]) == 100 and (target / style["picture"]).is_file()
    from ai_edge_litert.interpreter import Interpreter

    for width, height in SIZES:
        network = Interpreter(model_path=str(target / f"frame-{width}x{height}.tflite"))
        network.allocate_tensors()
        assert list(network.get_output_details()[0]["shape"]) == [1, height, width, 3]


def test_nothing_is_overwritten_and_a_wrong_runtime_is_said(tmp_path: Path) -> None:
    runtime = package(tmp_path / "runtime")
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "index.html").write_text("mine")
    with pytest.raises(UsageError, match="nothing is overwritten"):
        export_page(tmp_path / "page", runtime)
    with pytest.raises(UsageError, match="npm pack @litertjs/core"):
        export_page(tmp_path / "new", tmp_path)
    (runtime / "package.json").write_text(json.dumps({"name": "something-else"}))
    with pytest.raises(UsageError, match="name its folder"):
        export_page(tmp_path / "new", runtime)
    assert not (tmp_path / "new").exists()


class _Host(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page on a host of static files."""
    runtime = os.environ.get("REALTIME_LITERTJS")
    if not runtime:
        pytest.skip("REALTIME_LITERTJS names no folder with the package @litertjs/core")
    folder = tmp_path_factory.mktemp("alone") / "page"
    export_page(folder, Path(runtime))
    host = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Host, directory=str(folder)))
    thread = threading.Thread(target=host.serve_forever, name="host of the page")
    thread.start()
    yield f"http://127.0.0.1:{host.server_port}/"
    host.shutdown()
    thread.join(30)
    host.server_close()


def test_the_page_paints_by_itself(chromium: Any, address: str, tmp_path: Path) -> None:  # noqa: F811
    context = chromium.new_context(locale="fr-FR")
    context.set_default_timeout(2 * PATIENCE)
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((address, "blob:")) else None)
    page.on("console", lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None)
    try:
        page.goto(address)
        page.get_by_role("button", name="Utiliser ma caméra").click()
        drawn(page, 3)
        before = pixels(page)
        page.get_by_role("radio", name="lava").click()
        picture_is(page, "r > 1.5 * b")
        page.get_by_role("radio", name="wave").click()
        picture_is(page, "b > r")
        drawn(page, 3)
        assert np.abs(pixels(page).astype(int) - before).max() > 20
        page.get_by_role("slider", name="Intensité").fill("0")
        picture_is(page, "g > b && g > r")  # the fake camera's own picture is green
        page.get_by_role("slider", name="Intensité").fill("1")
        with page.expect_file_chooser() as chooser:
            page.get_by_role("button", name="Votre propre image").click()
        chooser.value.set_files(painting(tmp_path, (20, 30, 220)))
        page.get_by_text("tiger <b> est maintenant un style").wait_for()
        picture_is(page, "r > 1.3 * b")
        page.get_by_role("button", name="Photo", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("link", name="Enregistrer sur cet appareil").click()
        download.value.save_as(tmp_path / "snapshot.png")
        snapshot = cv2.imread(str(tmp_path / "snapshot.png"))
        assert snapshot is not None and snapshot.shape in (
            (480, 640, 3),
            (240, 320, 3),
        )  # the smaller where that is slow
        assert not wrong
    finally:
        context.close()
