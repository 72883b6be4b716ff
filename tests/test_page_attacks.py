"""Attacks on the page, each with what it gets back."""

from __future__ import annotations

import json
import random
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from page_client import RED, PageHouse, house, house_of, jpeg, png  # noqa: F401
from PIL import Image
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtime.core.log import log_to_file
from realtime.core.text import label
from realtime.page import server, uploads
from realtime.page.address import Address
from realtime.page.gate import POLICY
from realtime.page.uploads import UploadError, decode_apart
from realtime.sources.page import decoded, jpeg_size


def error_of(answer: tuple[int, bytes, dict[str, str]]) -> tuple[int, str]:
    return answer[0], str(json.loads(answer[1])["error"])


def upload_head(host: str, cookie: str) -> str:
    """The begin of an upload."""
    return f"POST /upload?as=style HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n"


PATHS = ["/", "/view", "/deck", "/guest", "/warning", "/hello", "/static/index.html", "/nothing", "/files/1"]


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_has_the_headers_that_keep_others_out(house: PageHouse, path: str) -> None:  # noqa: F811
    """Framing is forbidden by the policy's frame-ancestors, scripts of others by script-src."""
    _, _, headers = house.browser(None).ask(path)
    assert (
        headers["content-security-policy"]
        == POLICY
        == (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob:;"
            " media-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
        )
    )
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert "access-control-allow-origin" not in headers and "server" not in headers


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1.evil.example:{port}", "[::1",
                                  "localhost@evil:{port}", "", "127.0.0.1:{port},evil"])  # fmt: skip
def test_a_wrong_host_is_refused_so_that_no_name_can_be_bound_to_this_machine(
    house: PageHouse,  # noqa: F811
    host: str,
) -> None:
    browser = house.browser()
    wrong = host.format(port=house.host.split(":")[1])
    with socket.create_connection(("127.0.0.1", int(house.host.split(":")[1]))) as raw:
        raw.sendall(
            f"GET /hello HTTP/1.1\r\nHost: {wrong}\r\nCookie: {browser.cookie}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: raw.recv(4096), b""))
    assert answer.split(b" ")[1] in (b"403", b"400") and b"control" not in answer


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "", "https://{host}", "http://127.0.0.1:1", "http://{host}.evil"]
)
def test_a_foreign_origin_opens_no_socket_and_posts_nothing(house: PageHouse, origin: str) -> None:  # noqa: F811
    browser = house.browser()
    wrong = origin.format(host=house.host)
    with pytest.raises(InvalidStatus, match="403"):
        browser.join(Origin=wrong)
    for path, body in (("/upload?as=style", png(RED)), ("/token", b"{}")):
        assert error_of(browser.ask(path, "POST", body, Origin=wrong)) == (403, "wrong-origin")


def test_without_a_token_there_are_shells_and_nothing_else(house: PageHouse) -> None:  # noqa: F811
    stranger = house.browser(None)
    for path in ("/", "/view", "/deck", "/guest", "/static/index.html"):
        status, body, _ = stranger.ask(path)
        assert status == 200 and b"red" not in body
    assert json.loads(stranger.ask("/hello")[1])["role"] is None
    for path in ("/files/1", "/files/1/thumbnail", "/looks/1"):
        assert stranger.ask(path)[0] == 403
    assert stranger.ask("/upload?as=style", "POST", png(RED))[0] == 403
    with pytest.raises(InvalidStatus, match="403"):
        stranger.join()


def test_a_cookie_that_was_changed_is_none(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser("guest")
    browser.cookie = browser.cookie.replace("=guest.", "=control.")
    with pytest.raises(InvalidStatus, match="403"):
        browser.join()
    for cookie in ("", "realtime-1=x", "realtime=a.b.c.d", "a" * 4000, "realtime-{port}=control.0.0."):
        browser.cookie = cookie.format(port=house.host.split(":")[1])
        assert json.loads(browser.ask("/hello")[1])["role"] is None


def test_wrong_tokens_are_refused_and_after_ten_none_is_looked_at(house: PageHouse) -> None:  # noqa: F811
    stranger = house.browser(None)
    for token in ["", "x" * 22, "ä", 5, None, ["a"], "' OR 1=1", "../..", True, {}]:
        answer = stranger.ask("/token", "POST", json.dumps({"token": token}), Content_Type="application/json")
        assert error_of(answer) == (403, "wrong-token")
    for token in ["a", "b", "c", "d", "e"]:
        stranger.ask("/token", "POST", json.dumps({"token": token}), Content_Type="application/json")
    right = house.page.url().split("#")[1]
    answer = stranger.ask("/token", "POST", json.dumps({"token": right}), Content_Type="application/json")
    assert error_of(answer) == (429, "too-often")


def test_the_cookie_is_for_this_page_alone(house: PageHouse) -> None:  # noqa: F811
    token = house.page.url().split("#")[1]
    stranger = house.browser(None)
    _, _, headers = stranger.ask("/token", "POST", json.dumps({"token": token}), Content_Type="application/json")
    name, *words = headers["set-cookie"].split("; ")
    assert name.startswith(f"realtime-{house.host.split(':')[1]}=")
    assert {word.lower() for word in words} == {"httponly", "path=/", "samesite=strict"}
    assert token not in headers["set-cookie"], "the cookie does not tell the token"


def test_a_form_of_another_site_exchanges_no_token(house: PageHouse) -> None:  # noqa: F811
    token = house.page.url().split("#")[1]
    answer = house.browser(None).ask("/token", "POST", json.dumps({"token": token}), Content_Type="text/plain")
    assert error_of(answer) == (415, "not-json")


STEERS: list[dict[str, Any]] = [
    {"type": "command", "name": "style", "value": "blue"},
    {"type": "command", "name": "snapshot"},
    {"type": "camera", "on": True},
    {"type": "older"},
    {"type": "guests", "cameras": False},
    {"type": "remove", "client": 1},
    {"type": "invite", "role": "guest"},
    {"type": "wall", "stream": 0},
    {"type": "want", "thumbnails": [1]},
]


def test_who_watches_steers_nothing_and_sees_no_list(house: PageHouse) -> None:  # noqa: F811
    watching = house.browser("view").join()
    watching.hear("state")
    for message in STEERS:
        watching.say(**{("kind" if name == "type" else name): value for name, value in message.items()})
        assert watching.hear("error")["error"] == "not-allowed", message
    assert not {"styles", "files", "looks", "clients", "saved"} & {message["type"] for message in watching.said}
    for path in ("/files/1", "/looks/1"):
        assert watching.ask(path)[0] == 403
    assert watching.ask("/upload?as=style", "POST", png(RED))[0] == 403


def test_a_guest_sees_no_other_stream_no_list_and_no_stranger_s_picture(house: PageHouse) -> None:  # noqa: F811
    owner, guest = house.browser().join(), house.browser("guest").join()
    owner.hear("state")
    assert owner.ask("/upload?as=style&name=mine", "POST", png(RED))[0] == 200
    guest.say("want", pictures=True)
    guest.hear("styles", lambda message: {"red", "blue"} < {style["name"] for style in message["styles"]})
    for message in STEERS[3:8]:
        guest.say(**{("kind" if name == "type" else name): value for name, value in message.items()})
        assert guest.hear("error")["error"] == "not-allowed", message
    assert guest.do("style", "blue")["error"] == "failed", "he steers nothing before he lends a camera"
    guest.say("camera", on=True)
    guest.hear("camera")
    for name in ("record", "replay", "keep_look", "recall_look", "keep_style", "snapshot", "use_look", "source"):
        assert guest.do(name, 1 if "look" in name else None)["error"] == "not-allowed", name
    assert guest.do("style", "picture 1")["error"] == "wrong-value", "others' pictures are not his"
    told = {message["type"] for message in guest.said}
    assert not {"files", "looks", "clients", "saved"} & told and not guest.pictures
    assert "picture 1" not in json.dumps(guest.said)


@pytest.mark.parametrize("path", [
    "/static/../access.py", "/static/..%2faccess.py", "/static/%2e%2e/access.py", "/static//etc/passwd", "/static/.hidden",
    "/static/index.html%00.js", "/static/..\\access.py", "/files/../key", "/files/%2e%2e%2fkey", "/files/-1", "/files/1e3",
    "/files/9999999999999999999999",
    "/files/1/../../key", "/looks/..%2f..%2fsecret", "/looks/wave", "/take/..%2fkey", "/take/x/file",
    "/page-key", "/favicon.ico",
])  # fmt: skip
def test_tricks_with_paths_find_nothing(house: PageHouse, path: str) -> None:  # noqa: F811
    status, body, _ = house.browser().ask(path)
    assert status == 404 and json.loads(body)["error"] == "not-found"


def test_no_get_changes_anything(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser()
    for path in ("/upload?as=style", "/token"):
        assert browser.ask(path)[0] == 405
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        assert browser.ask("/", method)[0] == 405


def messages(seed: int, count: int) -> list[str | bytes]:
    """Messages that nobody should send, and some that are nearly right."""
    chance = random.Random(seed)
    values: list[object] = [None, True, -1, 0, 1, 2.5, 1e308, -0.0, 10**30, "", "x" * 3000, "../../etc/passwd", "\u202e\0", [], {},
                            [[1]], [["wave", 1]], {"field": "blend", "by": "x"}, {"a": {"b": []}}, "NaN", [None] * 70]  # fmt: skip
    names = ["style", "step", "mix", "second", "blend", "nudge", "strength", "brush", "next_stop", "morph", "slideshow",
             "mirror", "keep_style", "use_look", "source", "nothing", "__class__", "", 5, None, ["style"]]  # fmt: skip
    kinds = [
        "command",
        "want",
        "ack",
        "pong",
        "camera",
        "invite",
        "older",
        "guests",
        "remove",
        "wall",
        "label",
        "hello",
        "",
        "\0",
    ]
    valid = json.dumps({"type": "command", "name": "strength", "value": 0.5})
    made: list[str | bytes] = ["[" * 5000, "{" * 5000, '{"type":' * 3000, "null", "[]", '"x"', "1e999", "\ud7ff",
                               "x" * 20_000, '{"type":"command","name":"strength","value":NaN}',
                               '{"type":"ack","seq":1' + "0" * 5000 + "}"]  # fmt: skip
    while len(made) < count:
        match chance.randrange(5):
            case 0:
                made.append(chance.randbytes(chance.randrange(1, 60)))
            case 1:
                place = chance.randrange(len(valid))
                made.append(valid[:place] + chr(chance.randrange(1, 0xD7FF)) + valid[place + 1 :])
            case 2:
                made.append(bytes([chance.randrange(5), 0, 0, 0]) + chance.randbytes(40))
            case _:
                message = {"type": chance.choice(kinds), "name": chance.choice(names), "value": chance.choice(values)}
                more = [
                    "n",
                    "pictures",
                    "thumbnails",
                    "seq",
                    "on",
                    "role",
                    "cameras",
                    "styles",
                    "source",
                    "client",
                    "stream",
                    "text",
                ]
                message |= {key: chance.choice(values) for key in chance.sample(more, 3)}
                made.append(json.dumps(message))
    return made


def test_ten_thousand_malformed_messages_end_nothing(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from realtime.page import client

    monkeypatch.setattr(client, "_RATE", 1e9)
    monkeypatch.setattr(client, "_BURST", 1e9)
    browser = house.browser().join()
    browser.hear("state")
    assert browser.socket
    sending = browser.socket.send

    def send() -> None:
        for message in messages(7, 10_000):
            sending(message)
        sending(json.dumps({"type": "camera", "on": False}))
        sending(json.dumps({"type": "command", "name": "strength", "value": 0.625, "n": 123_456}))

    thread = threading.Thread(target=send)
    thread.start()
    browser.hear("done", lambda message: message["n"] == 123_456)  # the connection is still there, and is followed
    thread.join(20)
    for code, wrong in (  # one by one: of many errors that wait the newest alone is told
        ("not-json", "{"),
        ("unknown-type", '{"type":"cat"}'),
        ("unknown-command", '{"type":"command","name":"cat"}'),
        ("wrong-value", '{"type":"command","name":"strength","value":"cat"}'),
    ):
        sending(wrong)
        browser.hear("error", lambda message, code=code: message["error"] == code)  # type: ignore[misc]
    assert "this should not happen" not in json.dumps(browser.said)
    assert house.stream and house.stream.error is None and not house.session.ending
    watching = house.browser("view").join()
    watching.say("want", pictures=True)
    watching.picture()


def test_a_flood_of_messages_ends_the_connection_that_floods_alone(house: PageHouse) -> None:  # noqa: F811
    browser, other = house.browser().join(), house.browser().join()
    other.say("want", pictures=True)
    assert browser.socket
    with pytest.raises(ConnectionClosed) as closed:
        for _ in range(20_000):
            browser.socket.send('{"type":"pong"}')
        while True:
            browser.socket.recv(timeout=20)
    assert closed.value.rcvd is None or closed.value.rcvd.code == 4429
    other.picture()


@pytest.mark.parametrize("size", [(1 << 20) + 9, 5 << 20])
def test_a_message_that_is_too_large_ends_the_connection(house: PageHouse, size: int) -> None:  # noqa: F811
    browser = house.browser().join()
    assert browser.socket
    with pytest.raises(ConnectionClosed) as closed:
        browser.socket.send(b"\x03" * size)
        while True:
            browser.socket.recv(timeout=20)
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1009


def test_two_hundred_connections_that_say_nothing_keep_nobody_out_and_are_let_go(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 1.0)
    port = int(house.host.split(":")[1])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(200)]
    browser = house.browser().join()
    browser.say("want", pictures=True)
    browser.picture()
    begin = time.monotonic()
    for connection in idle:
        connection.settimeout(20)
        assert closed(connection), "it is let go"
        connection.close()
    assert time.monotonic() - begin < 10
    browser.picture()


def closed(connection: socket.socket) -> bool:
    """Whether the other side ends the connection."""
    try:
        return connection.recv(100) == b""
    except ConnectionResetError:
        return True


def test_more_connections_than_are_taken_are_closed_at_once(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "MOST_OF_ONE", 20)
    port = int(house.host.split(":")[1])
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
    with socket.create_connection(("127.0.0.1", port)) as late:
        late.settimeout(20)
        assert closed(late)
    for connection in idle:
        connection.close()


@pytest.mark.parametrize(
    "begin", ["GET / HTTP/1.1\r\n", "GET /hello HTTP/1.1\r\nHost: {host}\r\n\r\nGET / HTTP/1.1\r\n"]
)
def test_a_head_that_comes_a_byte_at_a_time_is_let_go(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    begin: str,
) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 1.0)
    with socket.create_connection(("127.0.0.1", int(house.host.split(":")[1]))) as slow:
        slow.sendall(begin.format(host=house.host).encode())
        end = time.monotonic() + 15
        try:
            while time.monotonic() < end:
                slow.sendall(b"x")
                time.sleep(0.1)
        except OSError:
            return
    pytest.fail("it was heard out")


def test_a_body_that_comes_too_slowly_is_let_go(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from realtime.page import taking

    monkeypatch.setattr(taking, "SECONDS", 0.5)
    browser = house.browser().join()
    with socket.create_connection(("127.0.0.1", int(house.host.split(":")[1]))) as slow:
        head = upload_head(house.host, browser.cookie)
        slow.sendall(f"{head}Content-Length: 1000\r\n\r\nx".encode())
        slow.settimeout(20)
        assert b" 408 " in slow.recv(4096)


def test_sixty_four_clients_are_taken_and_a_place_is_kept_for_those_who_steer(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from realtime.page import hub

    monkeypatch.setattr(hub, "MOST_CLIENTS", 6)
    watching = [house.browser("view").join() for _ in range(2)]
    for browser in watching:
        browser.hear("hello")
    late = house.browser("view").join()
    with pytest.raises(ConnectionClosed) as closed:
        late.hear("hello")
    assert closed.value.rcvd and closed.value.rcvd.code == 4503
    house.browser().join().hear("hello")


def test_a_client_that_says_nothing_is_let_go(
    house: PageHouse,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from realtime.page import client

    monkeypatch.setattr(client, "SILENT_SECONDS", 1.0)
    browser = house.browser("view").join()
    assert browser.socket
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            browser.socket.recv(timeout=20)
    assert closed.value.rcvd and closed.value.rcvd.code == 4408


# ---- uploads ----


def bomb_png(width: int, height: int) -> bytes:
    """A small PNG of very many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def moving(kind: str, folder: Path) -> bytes:
    """A picture of two frames."""
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    path = folder / f"moving.{kind}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100)
    return path.read_bytes()


def test_pictures_that_are_none_too_large_moving_or_bombs_are_refused_with_the_reason(tmp_path: Path) -> None:
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    bmp = cv2.imencode(".bmp", np.zeros((8, 8, 3), np.uint8))[1].tobytes()
    cases = [
        (b"", 415, "not-a-picture"),
        (b"hello", 415, "not-a-picture"),
        (svg, 415, "not-a-picture"),
        (bmp, 415, "not-a-picture"),
        (bomb_png(60_000, 60_000), 413, "too-many-pixels"),
        (bomb_png(7_000, 7_000), 422, "broken"),
        (moving("webp", tmp_path), 415, "several-frames"),
        (moving("png", tmp_path), 415, "several-frames"),
        (png(RED)[:-30], 422, "broken"),
    ]
    for data, status, code in cases:
        with pytest.raises(UploadError) as refused:
            decode_apart(data)
        assert (refused.value.status, refused.value.code) == (status, code), data[:20]


def test_decoding_has_limits_of_memory_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UploadError, match="too long"):
        decode_apart(png(RED), seconds=0.01)
    large = cv2.imencode(".jpg", np.zeros((6000, 8000, 3), np.uint8))[1].tobytes()
    picture = decode_apart(large)
    assert min(picture.shape[:2]) <= 1024, "of a large picture as much is kept as a style needs"


def test_uploads_are_jpeg_png_and_webp_by_content_whatever_they_are_called(tmp_path: Path) -> None:
    for kind in ("jpg", "png", "webp"):
        path = tmp_path / f"x.{kind}"
        Image.new("RGB", (40, 30), (0, 0, 200)).save(path)
        picture = decode_apart(path.read_bytes())
        assert picture.shape == (30, 40, 3) and abs(int(picture[5, 5, 0]) - 200) < 8


def test_an_upload_that_is_too_large_is_refused_before_it_is_read(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    with socket.create_connection(("127.0.0.1", int(house.host.split(":")[1]))) as raw:
        head = upload_head(house.host, browser.cookie)
        raw.sendall(f"{head}Content-Length: {uploads.MOST_BYTES + 1}\r\n\r\n".encode())
        raw.settimeout(20)
        assert b" 413 " in raw.recv(4096)
    answer = browser.ask("/upload?as=style", "POST", None, Transfer_Encoding="chunked")
    assert answer[0] in (400, 411)


def test_a_browser_that_uploads_without_end_waits_its_turn(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    told = [error_of(browser.ask("/upload?as=look", "POST", b"no look")) for _ in range(25)]
    assert told[:20] == [(422, "broken")] * 20 and told[20:] == [(429, "busy")] * 5


@pytest.mark.parametrize("data", [
    b"", b"\xff\xd8\xff", jpeg()[:200], jpeg(size=(2000, 1500)), png(RED), b"\xff\xd8\xff" + b"\0" * 100,
    jpeg()[:20] + b"\xff" * 500,
])  # fmt: skip
def test_a_camera_picture_that_is_no_plain_jpeg_of_a_fitting_size_is_passed_over(data: bytes) -> None:
    assert decoded(data) is None


def test_a_progressive_jpeg_is_no_camera_picture(tmp_path: Path) -> None:
    """It may hide thousands of passes in a few bytes."""
    Image.new("RGB", (64, 48)).save(tmp_path / "p.jpg", progressive=True)
    assert jpeg_size((tmp_path / "p.jpg").read_bytes()) is None and jpeg_size(jpeg()) == (64, 48)


def test_names_of_strangers_are_text_in_one_line() -> None:
    assert label("  a\n\tb\u202e\u2066c\0d\x1b[31m  ") == "a bcd[31m"
    assert label("é" * 100) == "é" * 40 and label("\u202e\u200b") == "" and label("日本 語") == "日本 語"


# ---- what is told to nobody ----


def test_no_log_holds_a_token_a_cookie_or_an_address_of_a_gift(
    house_of: Callable[..., PageHouse],  # noqa: F811
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    from realtime.core.log import end_logs

    log_to_file(tmp_path / "log.txt")
    try:
        house = house_of(take_home=True)
        browser = house.browser().join()
        browser.say("want", pictures=True)
        browser.picture()
        browser.do("snapshot")
        gift = browser.hear("take")["url"].rpartition("/")[2]
        house.browser(None).ask(f"/take/{gift}")
        house.browser(None).ask(f"/nothing?token={gift}")
        tokens = [house.page.url(invited).split("#")[1] for invited in ("control", "view", "guest")]
        house.close()
    finally:
        end_logs()
    said = (tmp_path / "log.txt").read_text() + "".join(capfd.readouterr())
    assert "a browser joined the page" in said
    for secret in (*tokens, browser.cookie.split("=")[1], gift):
        assert secret not in said


# ---- the local network ----


def test_in_a_network_https_is_for_all_and_http_for_watching_and_taking_alone(
    house_of: Callable[..., PageHouse],  # noqa: F811
    tmp_path: Path,
) -> None:
    pytest.importorskip("cryptography")
    house = house_of(address=Address("0.0.0.0", 0), take_home=True)  # noqa: F811
    assert (tmp_path / "house 0" / "certificate" / "key.pem").stat().st_mode & 0o777 == 0o600
    secure, plain = house.page.url(), house.page.plain_view()
    assert secure.startswith("https://") and plain.startswith("http://")
    port, plain_port = int(secure.split("#")[0].split(":")[2].strip("/")), int(plain.split("/")[2].split(":")[1])
    context = ssl.create_default_context(cafile=str(tmp_path / "house 0" / "certificate" / "certificate.pem"))
    with (
        socket.create_connection(("127.0.0.1", port)) as raw,
        context.wrap_socket(raw, server_hostname="127.0.0.1") as safe,
    ):
        body = json.dumps({"token": secure.split("#")[1]}).encode()
        host = f"127.0.0.1:{port}"
        head = f"POST /token HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\nContent-Type: application/json\r\n"
        safe.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answer = safe.recv(8192)
    assert b" 200 " in answer.split(b"\r\n")[0] and b"Secure" in answer
    stranger = house.browser(None)
    stranger.host = f"127.0.0.1:{plain_port}"
    for invited, status in (("control", 403), ("guest", 403), ("view", 200)):
        token = json.dumps({"token": house.page.url(invited).split("#")[1]})
        assert stranger.ask("/token", "POST", token, Content_Type="application/json")[0] == status
    assert stranger.ask("/view")[0] == 200 and b"warning" in stranger.ask("/")[1]
    assert [stranger.ask(path)[0] for path in ("/deck", "/guest")] == [404, 404]
    assert stranger.ask("/hello", Host="evil.example")[0] == 403
