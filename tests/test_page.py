"""The page, spoken to as browsers speak: pictures, commands, lists, cameras, styles that visitors bring."""

from __future__ import annotations

import gc
import io
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from chromium import free_port
from fakes import FakeDevice, device  # noqa: F401
from page_client import BLUE, GREEN, RED, Browser, PageHouse, house, house_of, is_colour, png  # noqa: F401
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from realtime.control.quality import Quality
from realtime.core.errors import SinkError
from realtime.core.events import Events
from realtime.core.frame import Frame
from realtime.look.look import Look
from realtime.look.stylized import Stylized
from realtime.page.access import Access, read_secret
from realtime.page.address import Address, listen, parse
from realtime.page.quality import LEVELS, CameraQuality
from realtime.sinks.base import Format
from realtime.sinks.jpegs import JpegEncoder
from realtime.sinks.page import PagePicture, PageSink
from realtime.sinks.virtual_camera import VirtualCameraSink


def test_the_picture_moves_and_a_style_that_is_chosen_changes_it(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    browser.say("want", pictures=True)
    assert is_colour(RED)(browser.picture())
    assert browser.do("morph", 0)["type"] == "done"
    browser.do("style", browser.style("blue"))
    browser.picture(is_colour(BLUE))
    browser.do("original", True)
    browser.picture()
    numbers = [number for number, _ in browser.pictures]
    assert numbers == sorted(set(numbers)), "pictures come in order, each once"


def test_every_command_of_the_inventory_reaches_the_stream_and_is_told_to_all(house: PageHouse) -> None:  # noqa: F811
    browser, other = house.browser().join(), house.browser().join()
    blue, green = browser.style("blue"), browser.style("green")
    asked: list[tuple[str, object, Callable[[dict[str, object]], bool]]] = [
        ("strength", 0.3, lambda state: state["look"]["strength"] == 0.3),  # type: ignore[index]
        ("own_colours", 0.25, lambda state: state["look"]["own_colours"] == 0.25),  # type: ignore[index]
        ("steady", 1, lambda state: state["look"]["steady"] == 1),  # type: ignore[index]
        ("brush", "full", lambda state: state["look"]["brush"] == -1),  # type: ignore[index]
        ("next_stop", "brush", lambda state: state["look"]["brush"] != -1),  # type: ignore[index]
        ("mix", [[blue, 0.25], [green, 0.75]], lambda state: state["look"]["name"] == "blue+green"),  # type: ignore[index]
        ("blend", 0.5, lambda state: [w for _, w in state["look"]["styles"]] == [0.5, 0.5]),  # type: ignore[index]
        ("nudge", {"field": "blend", "by": 0.25}, lambda state: state["look"]["styles"][1][1] == 0.75),  # type: ignore[index]
        ("second", None, lambda state: state["look"]["name"] == "green"),  # type: ignore[index]
        ("step", 1.0, lambda state: state["look"]["name"] != "green"),  # type: ignore[index]
        ("morph", 2.5, lambda state: state["morph"] == 2.5),
        ("slideshow", 60, lambda state: state["slideshow"] == 60),
        ("mirror", None, lambda state: state["mirror"] is True),
        ("original", True, lambda state: state["original"] is True),
        ("frozen", True, lambda state: state["frozen"] is True),
        ("compare", True, lambda state: state["compare"] is True),
        ("info", False, lambda state: state["info"] is False),
        ("blackout", True, lambda state: state["blackout"] is True),
    ]
    for name, value, told in asked:
        assert browser.do(name, value)["type"] == "done", name
        other.hear("state", told)


def test_a_slider_that_is_drawn_fast_ends_where_it_was_let_go(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    browser.do("mix", [[browser.style("blue"), 0.5], [browser.style("green"), 0.5]])
    for number, value in enumerate((0.9, 0.1, 0.8, 0.3)):  # no one waits for the answer to the one before
        browser.say("command", name="blend", value=value, n=900 + number)
    browser.hear("done", lambda message: message["n"] == 903)
    browser.hear("state", lambda state: [weight for _, weight in state["look"]["styles"]] == [0.7, 0.3])


def test_snapshots_clips_and_the_last_seconds_are_listed_with_thumbnails_and_downloads(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    browser.say("want", pictures=True)
    browser.picture()
    for name, value in (("snapshot", None), ("record", True)):
        assert browser.do(name, value)["type"] == "done"
    saved = browser.hear("saved")["file"]
    browser.hear("state", lambda state: (state["recording"] or 0) > 0.3)
    browser.do("record", False)
    clip = browser.hear("saved")["file"]
    browser.do("replay")
    replay = browser.hear("saved")["file"]
    assert [saved["kind"], clip["kind"], replay["kind"]] == ["snapshot", "clip", "clip"]
    files = browser.hear("files", lambda message: len(message["files"]) == 3)["files"]
    assert {file["id"] for file in files} == {saved["id"], clip["id"], replay["id"]}
    for file in files:
        status, data, headers = browser.ask(f"/files/{file['id']}")
        assert (status, len(data)) == (200, file["bytes"]) and data == (house.out / file["name"]).read_bytes()
        assert headers["content-disposition"].startswith("attachment")
        status, small, _ = browser.ask(f"/files/{file['id']}/thumbnail")
        assert status == 200 and Image.open(io.BytesIO(small)).size == (160, 120)
    status, begin, headers = browser.ask(f"/files/{clip['id']}?show", Range="bytes=0-9")
    assert status == 206 and len(begin) == 10 and headers["content-disposition"].startswith("inline")


def test_older_files_are_listed_when_those_who_steer_ask(house: PageHouse) -> None:  # noqa: F811
    house.out.mkdir(exist_ok=True)
    (house.out / "2020-01-01_00-00-00_wave.png").write_bytes(png(RED))
    (house.out / "letters.png").write_bytes(png(RED))
    (house.out / "2020-01-01_00-00-00_away.png").symlink_to("/etc/passwd")
    browser = house.browser().join()
    assert browser.hear("files")["files"] == []
    browser.say("older")
    (file,) = browser.hear("files", lambda message: bool(message["files"]))["files"]
    assert file["name"] == "2020-01-01_00-00-00_wave.png" and file["older"]
    assert browser.ask(f"/files/{file['id']}")[0] == 200


def test_looks_are_kept_recalled_listed_and_downloaded(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    browser.say("want", pictures=True)
    browser.picture()
    browser.do("strength", 0.4)
    assert browser.do("keep_look", 2)["type"] == "done"
    browser.do("strength", 0.9)
    browser.hear("state", lambda state: state["look"]["strength"] == 0.9)
    assert browser.do("recall_look", 2)["type"] == "done"
    browser.hear("state", lambda state: state["look"]["strength"] == 0.4)


def test_thumbnails_are_the_present_frame_in_the_styles_that_are_on_the_screen(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    blue, green = browser.style("blue"), browser.style("green")
    browser.say("want", thumbnails=[blue])
    browser.hear("thumbnail", lambda message: message["style"] == blue)
    assert is_colour(BLUE)(browser.thumbnails[blue]) and browser.thumbnails[blue].shape == (120, 160, 3)
    browser.say("want", thumbnails=[blue, green])
    browser.hear("thumbnail", lambda message: message["style"] == green)
    assert is_colour(GREEN)(browser.thumbnails[green])


def test_page_virtual_camera_and_clip_show_the_same_picture_at_a_time(
    house: PageHouse,  # noqa: F811
    device: type[FakeDevice],  # noqa: F811
) -> None:
    assert house.stream
    camera = VirtualCameraSink()
    camera.open(Format((64, 48), 100))
    house.stream.add_sink(camera)
    browser = house.browser().join()
    browser.say("want", pictures=True)
    browser.do("record", True)
    browser.do("morph", 0)
    browser.do("style", browser.style("blue"))
    browser.picture(is_colour(BLUE))
    made = device.made[0]
    with made.given:
        assert made.given.wait_for(lambda: bool(made.pictures) and is_colour(BLUE)(made.pictures[-1]), 20)
    browser.do("record", False)
    assert (house.out / browser.hear("saved")["file"]["name"]).is_file()
    house.close()


def test_a_client_that_acknowledges_nothing_holds_up_nobody(house: PageHouse) -> None:  # noqa: F811
    assert house.stream
    stalled, browser = house.browser("view").join(), house.browser().join()
    stalled.say("want", pictures=True)
    browser.say("want", pictures=True)
    for _ in range(100):
        browser.picture()
    assert stalled.socket
    pictures = 0
    stalled.said.clear()
    try:
        while True:
            pictures += isinstance(stalled.socket.recv(timeout=0.05), bytes)
    except TimeoutError:
        pass
    assert pictures == 1, "one picture is on its way to a client, and no more"


def test_a_picture_is_encoded_once_for_all_who_watch_and_the_replay(house: PageHouse) -> None:  # noqa: F811
    assert house.stream
    browsers = [house.browser("view").join() for _ in range(4)]
    for browser in browsers:
        browser.say("want", pictures=True)
    for _ in range(30):
        for browser in browsers:
            browser.picture()
    painted = house.stream.meter.stylized.count
    assert house.stream.view.jpegs.count <= painted + 2


def test_nothing_is_encoded_while_nobody_watches(house_of: Callable[..., PageHouse]) -> None:  # noqa: F811
    jpegs, delivered = JpegEncoder(), threading.Event()
    pictures: list[PagePicture] = []

    def deliver(picture: PagePicture) -> None:
        pictures.append(picture)
        delivered.set()

    with PageSink(jpegs, deliver) as sink:
        sink.open(Format((8, 8)))
        for number in range(5):
            picture = np.full((8, 8, 3), 40 * number, np.uint8)
            sink.write(Stylized(Frame(picture, float(number)), picture, Look((("any", 1.0),)), 0.0))
        assert jpegs.count == 0
        sink.want()
        assert delivered.wait(10)
        assert [p.time for p in pictures] == [4.0] and jpegs.count == 1, "the newest alone"
    assert not any(thread.name == "page pictures" for thread in threading.enumerate())


def test_the_windows_line_says_how_many_watch_and_steer(house: PageHouse) -> None:  # noqa: F811
    assert house.stream
    assert house.stream.view.company == ""
    watching, steering = house.browser("view").join(), house.browser().join()
    watching.say("want", pictures=True)
    watching.picture()
    steering.hear("clients", lambda message: len(message["clients"]) == 2)
    assert house.stream.view.company == "1 watching, 1 steering"
    latest = house.stream.latest
    assert latest and house.stream.view.line(latest).endswith("1 watching, 1 steering")
    watching.leave()
    steering.hear("clients", lambda message: len(message["clients"]) == 1)
    assert house.stream.view.company == "1 steering"


def test_figures_tell_rate_latency_and_size(house: PageHouse) -> None:  # noqa: F811
    browser = house.browser().join()
    browser.say("want", pictures=True)
    told = browser.hear("figures", lambda message: message["latency"] is not None)
    assert told["size"] == [64, 48] and told["rate"] > 5 and 0 <= told["latency"] < 5000
    assert told["clients"] == {"view": 0, "control": 1, "guest": 0}


# ---- cameras that are lent ----


def lend(browser: Browser, colour: tuple[int, int, int] = (90, 90, 90)) -> dict[str, object]:
    """Lend a camera; its first picture has come back."""
    browser.say("camera", on=True)
    told = browser.hear("camera")
    browser.say("want", pictures=True)
    browser.camera(1, colour)
    browser.hear("taken")
    return told


def test_two_guests_have_their_own_cameras_styles_and_looks(house: PageHouse) -> None:  # noqa: F811
    first, second = house.browser("guest").join(), house.browser("guest").join()
    for browser, name, colour in ((first, "blue", BLUE), (second, "green", GREEN)):
        assert lend(browser)["on"] is True
        browser.do("morph", 0)
        assert browser.do("style", browser.style(name))["type"] == "done"
        for number in range(2, 30):
            browser.camera(number, (number, number, number))
            if is_colour(colour)(browser.picture()):
                break
        else:
            pytest.fail(f"no {name} picture came back")
    owner = house.browser().join()
    state = owner.hear("state")
    assert state["stream"] == 0 and state["look"]["name"] == "red", "the owner's stream is as it was"
    owner.hear("clients", lambda message: sum(c["stream"] is not None for c in message["clients"]) == 2)


def test_the_owner_refuses_cameras_and_removes_a_guest_for_good(house: PageHouse) -> None:  # noqa: F811
    owner, guest = house.browser().join(), house.browser("guest").join()
    lend(guest)
    number = next(c["id"] for c in owner.hear("clients", has_guest)["clients"] if c["role"] == "guest")
    owner.say("guests", cameras=False)
    assert guest.hear("camera")["reason"] == "refused"
    guest.say("camera", on=True)
    assert guest.hear("camera")["reason"] == "refused"
    owner.say("remove", client=number)
    owner.hear("clients", lambda message: not has_guest(message))
    with pytest.raises(Exception, match="4403"):
        guest.hear("never")
    with pytest.raises(Exception, match="403"):
        guest.join()


def has_guest(message: dict[str, object]) -> bool:
    return any(client["role"] == "guest" for client in message["clients"])  # type: ignore[attr-defined]


def test_a_guest_who_goes_leaves_nothing_running(house: PageHouse) -> None:  # noqa: F811
    owner, guest = house.browser().join(), house.browser("guest").join()
    lend(guest)
    owner.hear("clients", lambda message: any(c["stream"] for c in message["clients"]))
    assert len(house.session.streams) == 2
    guest.leave()
    owner.hear("clients", lambda message: not has_guest(message))
    end = time.monotonic() + 10
    while len(house.session.streams) > 1 or any("camera of" in t.name for t in threading.enumerate()):
        assert time.monotonic() < end, "the stream of the guest goes on"
        time.sleep(0.01)


def test_of_guests_who_went_the_program_keeps_nothing(house: PageHouse) -> None:  # noqa: F811
    def feeds() -> int:
        gc.collect()
        return sum(isinstance(found, Events) for found in gc.get_objects())

    before = feeds()
    for _ in range(5):
        guest = house.browser("guest").join()
        lend(guest)
        guest.picture()
        guest.leave()
    end = time.monotonic() + 20
    while len(house.session.streams) > 1 or feeds() > before + 1:  # the host's thread still knows whose turn was last
        assert time.monotonic() < end, "streams that ended are kept"
        time.sleep(0.05)


def test_serve_has_no_picture_until_somebody_lends_a_camera_and_the_owner_puts_it_on_the_wall(
    house_of: Callable[..., PageHouse],  # noqa: F811
) -> None:
    house = house_of(own=False)  # noqa: F811
    owner, guest = house.browser().join(), house.browser("guest").join()
    assert owner.hear("hello")["own_camera"] is False
    lend(guest)
    clients = owner.hear("clients", lambda message: any(c["stream"] for c in message["clients"]))["clients"]
    owner.say("want", pictures=True)
    owner.say("wall", stream=next(c["stream"] for c in clients if c["stream"]))
    for number in range(2, 30):
        guest.camera(number, (number, 0, 0))
        guest.hear("taken")
    owner.picture()


def test_the_quality_of_a_lent_camera_adapts() -> None:
    quality = CameraQuality()
    assert not any(quality.measure(30.0, float(second)) for second in range(20)) and quality.level == LEVELS[0]
    changes = [second for second in range(20, 40) if quality.measure(5.0, float(second))]
    assert changes == [23, 26] and quality.level == LEVELS[2], "it is lowered step by step"
    assert not any(quality.measure(12.0, float(second)) for second in range(40, 60)), "in between it stays"
    assert [s for s in range(60, 90) if quality.measure(25.0, float(s))] == [70, 80] and quality.level == LEVELS[0]
    assert Quality().share == 1


# ---- what is brought ----


def upload(browser: Browser, data: bytes, query: str = "as=style&name=my%20cat") -> tuple[int, dict[str, object]]:
    status, body, _ = browser.ask(f"/upload?{query}", "POST", data)
    return status, json.loads(body)


def test_a_picture_that_is_handed_over_is_a_style_at_once_and_for_the_session_alone(
    house: PageHouse,  # noqa: F811
    tmp_path: Path,
) -> None:
    browser = house.browser().join()
    browser.say("want", pictures=True)
    browser.do("morph", 0)
    status, told = upload(browser, png((10, 180, 170)), "as=style&name=%E2%80%AEcat%0A" + "x" * 60)
    assert status == 200 and told["shown"] is True
    style: dict[str, object] = told["style"]  # type: ignore[assignment]
    assert style["label"] == "cat " + "x" * 36 and style["name"] == "picture 1"
    browser.picture(is_colour((10, 180, 170)))
    browser.hear("styles", lambda message: any(s["label"] == style["label"] for s in message["styles"]))
    assert not list((tmp_path / "XDG_CONFIG_HOME").rglob("*.png")), "it lies in none of the owner's folders"
    assert browser.do("keep_style", style["id"])["type"] == "done"
    (kept,) = (tmp_path / "XDG_CONFIG_HOME").rglob("*.png")
    assert kept.stem == style["label"]


def test_a_guest_brings_a_style_to_the_wall_where_the_owner_opened_it(house: PageHouse) -> None:  # noqa: F811
    owner, guest = house.browser().join(), house.browser("guest").join()
    owner.say("want", pictures=True)
    owner.do("morph", 0)
    assert upload(guest, png(GREEN)) == (
        403,
        {"error": "not-allowed", "message": "the owner has not opened the picture for visitors' styles"},
    )
    owner.say("guests", styles=True)
    owner.hear("state", lambda state: state["guests"]["styles"] is True)
    assert upload(guest, png((200, 180, 10)))[0] == 200
    owner.picture(is_colour((200, 180, 10)))


def test_of_a_look_that_is_handed_over_amounts_and_known_names_are_taken_alone(
    house: PageHouse,  # noqa: F811
    tmp_path: Path,
) -> None:
    browser = house.browser().join()
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(GREEN))
    look = f'strength = 0.5\n[styles]\nblue = 0.5\n"{secret}" = 0.25\n"../secret" = 0.25\n'
    status, told = upload(browser, look.encode(), "as=look")
    assert (status, told) == (200, {"ignored": [str(secret), "../secret"]})
    state = browser.hear("state", lambda state: state["look"]["strength"] == 0.5)
    assert state["look"]["name"] == "blue"
    info = PngInfo()
    info.add_itxt("realtime:look", f'strength = 0.125\nstyles = {{ "{secret}" = 1.0 }}\n')
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG", pnginfo=info)
    status, told = upload(browser, out.getvalue(), "as=look")
    assert (status, told) == (200, {"ignored": [str(secret)]})
    assert browser.hear("state", lambda state: state["look"]["strength"] == 0.125)["look"]["name"] == "blue"
    assert "secret" not in house.library.names


# ---- to take home ----


def test_a_snapshot_is_taken_home_by_an_address_of_its_own_for_an_hour_and_tells_nothing(
    house_of: Callable[..., PageHouse],  # noqa: F811
) -> None:
    house = house_of(take_home=True)  # noqa: F811
    owner, watching = house.browser().join(), house.browser("view").join()
    owner.say("want", pictures=True)
    owner.picture()
    owner.do("snapshot")
    told = owner.hear("take")
    assert watching.hear("take")["url"] == told["url"] and told["qr"].startswith("<?xml")
    visitor = house.browser(None)
    path = told["url"].split(house.host)[1]
    assert len(path.rpartition("/")[2]) == 22, "128 random bits"
    assert visitor.ask(path)[0] == 200
    status, data, headers = visitor.ask(f"{path}/file")
    assert status == 200 and headers["content-disposition"] == 'attachment; filename="painted.png"'
    picture = Image.open(io.BytesIO(data))
    picture.load()
    assert picture.info == {} and b"red" not in data and b"fake" not in data
    assert json.loads(visitor.ask(f"{path}/about")[1])["kind"] == "snapshot"
    assert visitor.ask(path[:-1] + ("A" if path[-1] != "A" else "B"))[0] == 404
    owner.do("record", True)
    owner.hear("state", lambda state: (state["recording"] or 0) > 0.3)
    owner.do("record", False)
    clip = owner.hear("take", lambda message: message["kind"] == "clip")
    status, data, headers = visitor.ask(clip["url"].split(house.host)[1] + "/file")
    assert status == 200 and b"realtime" not in data and headers["content-disposition"].endswith('"painted.mp4"')


def test_an_hour_later_nothing_is_given_away(tmp_path: Path) -> None:
    from realtime.page.take_home import SECONDS, TakeHome

    now = [0.0]
    gifts = TakeHome(lambda: now[0])
    name = gifts.give_picture(png(RED))
    gift = gifts.get(name)
    assert gift and gift.path.exists()
    now[0] = SECONDS + 1
    assert gifts.get(name) is None
    gifts.tidy()
    assert not gift.path.exists()
    gifts.close()


# ---- addresses ----


@pytest.mark.parametrize(
    ("text", "lan", "wanted"),
    [
        ("", False, ("127.0.0.1", 8000)),
        ("9000", False, ("127.0.0.1", 9000)),
        ("", True, ("0.0.0.0", 8000)),
        ("192.168.0.5:8080", False, ("192.168.0.5", 8080)),
        ("studio.local", False, ("studio.local", 8000)),
        ("[::1]:8001", False, ("::1", 8001)),
    ],
)
def test_addresses_as_people_write_them(text: str, lan: bool, wanted: tuple[str, int]) -> None:
    assert parse(text, lan) == Address(*wanted)


@pytest.mark.parametrize("text", ["a b", "127.0.0.1:99999", "http://x", ":::", "1:2:3", "holiday mp4"])
def test_what_is_no_address_is_an_error_with_its_value(text: str) -> None:
    from realtime.core.errors import UsageError

    with pytest.raises(UsageError, match="port" if "999" in text else "address"):
        parse(text)


def test_where_a_port_is_taken_the_page_is_at_the_next_one_that_is_free() -> None:
    with listen(Address("127.0.0.1", free_port())) as first:
        port = first.getsockname()[1]
        with listen(Address("127.0.0.1", port)) as second:
            assert port < second.getsockname()[1] < port + 20
    with pytest.raises(SinkError, match=r"the page cannot be at 192\.0\.2\.77:8000"):
        listen(Address("192.0.2.77", 8000))  # an address of nobody (RFC 5737)


def test_a_program_that_is_started_again_knows_its_tokens_and_browsers(tmp_path: Path) -> None:
    first = Access(read_secret(tmp_path / "key"))
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    again = Access(read_secret(tmp_path / "key"))
    assert again.token("control") == first.token("control") and len(first.token("control")) == 22
    assert again.token("guest") != first.token("guest"), "visitors of yesterday are not those of today"
    known = again.read_cookie(first.new_cookie("control"))
    assert known and known.role == "control"
    assert Access(read_secret(tmp_path / "other")).read_cookie(first.new_cookie("control")) is None


def test_a_browser_comes_back_to_a_program_that_was_started_again(
    house_of: Callable[..., PageHouse],  # noqa: F811
    tmp_path: Path,
) -> None:
    first = house_of(secret=tmp_path / "key")
    browser = first.browser().join()
    browser.say("want", pictures=True)
    browser.picture()
    cookie, port = browser.cookie, int(first.host.split(":")[1])
    first.close()
    again = house_of(secret=tmp_path / "key", address=Address("127.0.0.1", port))
    assert again.host == first.host
    back = again.browser(None)
    back.cookie = cookie
    back.join().say("want", pictures=True)
    back.picture()
