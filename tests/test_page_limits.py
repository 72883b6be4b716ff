"""The page's limits to clients that take nothing or send too much; its browser, its packages, its kept looks."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from chromium import free_port
from page_client import RED, Browser, PageHouse, house, house_of, png  # noqa: F401

from realtime.cli.serve import PageChoice, check_page, open_page
from realtime.control.presets import looks_folder
from realtime.core.errors import UsageError
from realtime.live.outputs import Saving
from realtime.look.look import Look
from realtime.look.look_files import write_look
from realtime.page import server
from realtime.page.uploads import decode_apart

PING, TEXT, MORE = 0x9, 0x1, 0x0


def message(kind: int, data: bytes, last: bool = True) -> bytes:
    """A frame of a WebSocket, masked with zeros (RFC 6455, section 5.2)."""
    return bytes([(0x80 if last else 0) | kind, 0x80 | len(data), 0, 0, 0, 0]) + data


def deaf(browser: Browser, path: str, **headers: str) -> socket.socket:
    """A connection with a request of a browser's, whose end takes hardly a thing that is not read."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.settimeout(20)
    raw.connect(("127.0.0.1", int(browser.host.split(":")[1])))
    lines = [f"GET {path} HTTP/1.1", f"Host: {browser.host}", f"Cookie: {browser.cookie}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    raw.sendall("\r\n".join([*lines, "", ""]).encode())
    return raw


def deaf_socket(browser: Browser) -> socket.socket:
    """A WebSocket that is open, and of which nothing more is read."""
    wanted = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": f"http://{browser.host}"}
    key = {"Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    raw = deaf(browser, "/socket", **wanted, **key)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += raw.recv(1)
    assert b" 101 " in answer
    return raw


def test_a_reader_that_takes_nothing_of_a_file_is_let_go(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house.out.mkdir(exist_ok=True)
    (house.out / "2020-01-01_00-00-00_wave.png").write_bytes(png(RED) + bytes(30_000_000))
    monkeypatch.setattr(server, "STALL_SECONDS", 0.5)
    browser = house.browser().join()
    browser.say("older")
    (file,) = browser.hear("files", lambda told: bool(told["files"]))["files"]
    lost, stall, ended = threading.Event(), server._Http.pause_writing, server._Http.connection_lost
    stalled: list[Any] = []

    def pause_writing(protocol: Any) -> None:
        stalled.append(protocol)
        stall(protocol)

    def connection_lost(protocol: Any, error: Exception | None) -> None:
        ended(protocol, error)
        if protocol in stalled:
            lost.set()

    monkeypatch.setattr(server._Http, "pause_writing", pause_writing)
    monkeypatch.setattr(server._Http, "connection_lost", connection_lost)
    with deaf(browser, f"/files/{file['id']}"):
        assert lost.wait(20), "it is let go, though it did not go"
    browser.say("want", pictures=True)
    browser.picture()


@pytest.mark.parametrize("limit", [("STALL_SECONDS", "_MOST_WAITING"), ("_MOST_WAITING", "STALL_SECONDS")])
def test_pings_whose_answers_nobody_reads_end_the_connection_by_each_of_two_limits(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    limit: tuple[str, str],
) -> None:
    small = {"STALL_SECONDS": 0.2, "_MOST_WAITING": 1 << 18}
    monkeypatch.setattr(server, limit[0], small[limit[0]])
    monkeypatch.setattr(server, limit[1], 10**9)
    other = house.browser().join()
    other.say("want", pictures=True)
    other.picture()
    pings = message(PING, bytes(125)) * 500
    with deaf_socket(house.browser("view")) as flooding, pytest.raises(ConnectionError):
        for _ in range(1000):  # 65 MB
            flooding.sendall(pings)
    other.picture()


def test_a_message_of_few_fragments_is_heard_and_one_of_very_many_ends_the_connection(house: PageHouse) -> None:  # noqa: F811
    asked = json.dumps({"type": "command", "name": "strength", "value": 0.375}).encode()
    first, *rest = [asked[place : place + 2] for place in range(0, len(asked), 2)]
    whole = message(TEXT, first, last=False) + b"".join(message(MORE, two, last=False) for two in rest)
    browser = house.browser().join()
    with deaf_socket(house.browser()) as raw:
        raw.sendall(whole + message(MORE, b""))
        browser.hear("state", lambda state: state["look"]["strength"] == 0.375)
    with deaf_socket(house.browser()) as flooding, pytest.raises(ConnectionError):
        flooding.sendall(message(TEXT, b"", last=False))
        for _ in range(20_000):
            flooding.sendall(message(MORE, b"", last=False) * 100)
    browser.say("want", pictures=True)
    browser.picture()


# ---- the browser that is opened, and what has to be installed ----


def opened(house: PageHouse) -> ExitStack:  # noqa: F811
    """Another page of the same session, opened as `--page --open` does."""
    stack = ExitStack()
    choice = PageChoice(f"127.0.0.1:{free_port()}", lan=False, open_browser=True, take_home=False)
    open_page(stack, choice, house.session, house.stylizer, house.stream, Saving())
    return stack


def test_a_browser_is_opened_with_a_token_that_is_good_once(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[str] = []

    def browse(url: str) -> bool:
        asked.append(url)
        return True

    monkeypatch.setattr(webbrowser, "open", browse)
    with opened(house):
        ((address, token),) = (url.split("#") for url in asked)
        said = capsys.readouterr().err
        assert address in said and token not in said, "other users see what a browser is started with"
        visitor = house.browser(None)
        visitor.host = address.split("/")[2]
        body, kind = json.dumps({"token": token}), "application/json"
        status, told, _ = visitor.ask("/token", "POST", body, Content_Type=kind)
        assert (status, json.loads(told)["role"]) == (200, "control")
        assert visitor.ask("/token", "POST", body, Content_Type=kind)[0] == 403
    assert "no browser" not in said


def test_where_no_browser_opens_the_address_is_to_be_opened_by_hand(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: False)
    with opened(house):
        assert "no browser could be opened; open the address by hand" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "websockets", "segno", "cryptography"])
def test_a_missing_package_is_one_line_with_the_command(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else find(name))
    lan = missing == "cryptography"
    with pytest.raises(UsageError) as refused:
        check_page(PageChoice("", lan=lan, open_browser=False, take_home=False))
    said = str(refused.value)
    assert "not installed: " in said and " install " in said and "\n" not in said
    assert ("[lan]" in said or ",lan" in said or "lan," in said) if lan else missing in said
    check_page(PageChoice(None, lan=False, open_browser=False, take_home=False))


# ---- decoding, and looks ----


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="this system limits no memory of a process")
def test_decoding_ends_where_its_memory_does() -> None:
    large = cv2.imencode(".png", np.zeros((6000, 6000, 3), np.uint8))[1].tobytes()
    assert decode_apart(large).size, "with the memory that it has it is decoded"
    words = "from realtime.page import decoding; decoding.MOST_MEMORY = 1 << 25; decoding.main()"
    environment = {**os.environ, "PYTHONPATH": str(Path(server.__file__).parents[2]), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", words], input=large, capture_output=True, env=environment, timeout=60)
    assert not done.stdout.startswith(b"ok"), "108 MB of pixels are not decoded in 32 MB"
    assert done.returncode or done.stdout.startswith(b"broken it")


def test_kept_looks_are_listed_and_downloaded_by_numbers(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    house = house_of()  # noqa: F811
    write_look(Look((("blue", 1.0),), strength=0.25), looks_folder() / "2.toml")
    write_look(Look((("/home/anna/tiger.png", 1.0),)), looks_folder() / "evening.toml")
    browser = house.browser().join()
    two, evening = browser.hear("looks", lambda told: len(told["looks"]) == 2)["looks"]
    assert (two["name"], two["text"], two["styles"]) == ("2", "blue, strength 25%", [browser.style("blue")])
    assert (evening["text"], evening["styles"]) == ("tiger, strength 100%", []), "no folder of the owner's is told"
    status, data, headers = browser.ask(f"/looks/{two['id']}")
    assert status == 200 and headers["content-disposition"] == 'attachment; filename="2.toml"'
    assert b"strength = 0.25" in data
    assert browser.do("use_look", two["id"])["type"] == "done"
    assert browser.hear("state", lambda state: state["look"]["strength"] == 0.25)["look"]["name"] == "blue"
    assert browser.ask(f"/looks/{two['id'] + 100}")[0] == 404


# ---- notices ----


def test_pages_are_not_told_in_english_what_the_state_tells_them(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    assert browser.do("morph", 2.5)["type"] == "done"
    browser.hear("state", lambda state: state["morph"] == 2.5)
    assert browser.do("recall_look", 3)["type"] == "done"
    while not (notices := [told["text"] for told in browser.said if told["type"] == "notice"]):
        browser.hear("figures")
    (notice,) = notices
    assert notice.startswith("no look is kept under F3"), "what nothing else tells is said"
