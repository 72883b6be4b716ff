"""The page as people use it: in Chromium, with its fake camera, against the program."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from chromium import PATIENCE, Program, chromium, drawn, painting, picture_is, pixels  # noqa: F401  a fixture

from realtime.control.keymap import KEY_MAP
from realtime.models.registry import LITE

pytestmark = pytest.mark.skipif(
    not (LITE / "frame.tflite").is_file(), reason="the embedded model is not in this checkout"
)

Open = Callable[..., Any]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def program(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:  # noqa: F811
    folder = tmp_path_factory.mktemp("page")
    running = Program(folder, "--take-home", "--source", str(painting(folder, (30, 160, 90))))
    page = chromium.new_page(locale="en-GB")
    page.goto(running.addresses["/"])
    page.get_by_role("button", name="A visitor").click()
    running.addresses["/guest"] = page.get_by_role("dialog").locator(".address").first.inner_text()
    page.close()
    yield running
    running.close()


class Visitors:
    """Visitors, each with cookies of its own. One who has gone comes again as another: a browser's context has processes."""

    def __init__(self, chromium: Any, host: str) -> None:  # noqa: F811
        self._chromium, self._host = chromium, host
        self._gone: dict[str, list[Any]] = {}
        self.wrong: list[str] = []
        """What went wrong in pages, or left this machine."""

    def come(self, script: str = "", **given: Any) -> Any:
        """A page of somebody whom the program does not know."""
        gone = self._gone.setdefault(repr((script, sorted(given.items()))), [])
        if gone:
            return gone.pop()
        context = self._chromium.new_context(**given)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(f"{page.url}: {error}"))
        page.on("request", lambda asked: self.wrong.append(asked.url) if not self._here(asked.url) else None)
        page.on("console", lambda said: self._hear(said.text))
        if script:
            page.add_init_script(script)
        return page

    def go(self, page: Any, script: str = "", **given: Any) -> None:
        """Leave the page, and forget who was there."""
        page.goto(f"{self._host}/static/icon.svg")
        page.evaluate("localStorage.clear()")
        page.context.clear_cookies()
        page.context.clear_permissions()
        self._gone[repr((script, sorted(given.items())))].append(page)

    def _here(self, url: str) -> bool:
        return url.startswith((self._host, "blob:"))

    def _hear(self, said: str) -> None:
        if "Content Security Policy" in said:
            self.wrong.append(said)


@pytest.fixture(scope="module")
def visitors(chromium: Any, program: Program) -> Visitors:  # noqa: F811
    return Visitors(chromium, program.address(""))


@pytest.fixture
def visit(visitors: Visitors, program: Program) -> Iterator[Open]:
    """Opens a page as a visitor of its own; at the end nothing may have gone wrong in it or left this machine."""
    here: list[tuple[Any, dict[str, Any]]] = []

    def visit(path: str = "/", *, token: str | None = None, **given: Any) -> Any:
        given = {"locale": "en-GB"} | given
        page = visitors.come(**given)
        here.append((page, given))
        if token == "":
            page.goto(program.address(path))
            return page
        with page.expect_response("**/token"):  # the token leaves the address before there is a cookie
            page.goto(program.addresses[token or path.partition("?")[0]])
        if path not in program.addresses:
            page.goto(program.address(path))
        return page

    visitors.wrong.clear()
    yield visit
    for page, given in here:
        visitors.go(page, **given)
    assert not visitors.wrong


def style(page: Any, name: str) -> Any:
    return page.get_by_role("radiogroup", name="Styles").get_by_role("radio", name=name, exact=True)


def choose(page: Any, name: str) -> None:
    style(page, name).click()
    page.wait_for_function(
        "(name) => document.querySelector('[role=radio][aria-checked=true]')?.dataset.control === `style:${name}`",
        arg=name,
    )


def slider(page: Any, name: str) -> Any:
    return page.get_by_role("slider", name=name, exact=True)


# ---- the picture -----------------------------------------------------------------------------------------------------


def test_the_picture_moves_and_the_token_is_gone_from_the_address(visit: Open, program: Program) -> None:
    page = visit()
    drawn(page, 2)
    assert page.url == program.address("/")
    before = pixels(page)
    assert before.std() > 10
    drawn(page, 15)
    assert np.abs(pixels(page).astype(int) - before).max() > 20
    figures = page.get_by_role("group", name="Rate, latency and engine")
    figures.get_by_text(re.compile(r"^[1-9]\d* fps$")).wait_for()
    figures.get_by_text(re.compile(r"^\d+ ms$")).wait_for()
    figures.get_by_text("lite").wait_for()


def test_a_style_that_is_clicked_changes_the_picture(visit: Open) -> None:
    page = visit()
    choose(page, "lava")  # orange and black
    picture_is(page, "r > 1.5 * b")
    choose(page, "wave")  # blue and white
    picture_is(page, "b > r")


def test_the_deck_shows_the_present_frame_in_every_style(visit: Open) -> None:
    page = visit("/deck", viewport={"width": 1600, "height": 1400})
    painted = (
        "[...document.querySelectorAll('.tile[role=radio] canvas')].filter((canvas) => canvas.dataset.painted > {})"
    )
    count = page.locator(".tile[role=radio]").count
    page.wait_for_function(f"() => {painted.format(0)}.length >= 18")
    assert count() >= 18
    page.wait_for_function(f"() => {painted.format(1)}.length >= 3")  # they are painted again: the frame is another
    assert pixels(page, "[data-control='style:lava'] canvas").mean((0, 1))[2] < 90
    assert pixels(page, "[data-control='style:wave'] canvas").std() > 10


def test_the_clean_picture_has_nothing_else_on_it(visit: Open) -> None:
    page = visit("/view?transparent")
    drawn(page, 3, "canvas")
    assert page.locator("button, input, a, p:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgba(0, 0, 0, 0)"
    size = page.viewport_size
    assert page.locator("canvas").bounding_box() == {"x": 0, "y": 0, **size}


def test_a_stalled_client_slows_nobody(visit: Open) -> None:
    script = """
        const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (data) {
            if (!String(data).includes('"ack"')) send.call(this, data);
        };
    """
    stalled = visit(script=script)
    page = visit()
    stalled.wait_for_function("() => document.querySelector('#picture').dataset.seq")
    first = stalled.evaluate("document.querySelector('#picture').dataset.seq")
    drawn(page, 40)
    assert stalled.evaluate("document.querySelector('#picture').dataset.seq") == first  # one in flight, and no more


# ---- steering --------------------------------------------------------------------------------------------------------


def test_the_keys_are_those_of_the_window(visit: Open) -> None:
    page = visit()
    choose(page, "birch")
    page.locator("body").press("n")
    page.wait_for_function("() => document.querySelector('[aria-checked=true]').dataset.control === 'style:chalk'")
    page.locator("body").press("ArrowLeft")
    page.wait_for_function("() => document.querySelector('[aria-checked=true]').dataset.control === 'style:birch'")
    page.locator("body").press("3")
    page.wait_for_function("() => document.querySelector('[aria-checked=true]').dataset.control === 'style:contour'")
    for key, name in (("m", "Mirror"), ("c", "Compare"), (" ", "Freeze")):
        button = page.get_by_role("button", name=name)
        before = button.get_attribute("aria-pressed")
        page.locator("body").press(key)
        page.locator(f"button[aria-pressed={'false' if before == 'true' else 'true'}]", has_text=name).wait_for()
        page.locator("body").press(key)
        page.locator(f"button[aria-pressed={before}]", has_text=name).wait_for()
    page.locator("body").press("ArrowDown")
    page.wait_for_function("() => document.querySelector('#amount-strength').value < 0.95")
    page.locator("body").press("ArrowUp")
    page.wait_for_function("() => document.querySelector('#amount-strength').value > 0.95")
    page.locator("body").press("h")
    card = page.get_by_role("dialog", name="Keys")
    card.get_by_text("straight to a style").wait_for()
    page.keyboard.press("Escape")
    card.wait_for(state="hidden")
    groups = page.evaluate(
        "import('/static/keys.js').then(({GROUPS}) => Object.values(GROUPS).flat().flatMap(([, , keys]) => Object.keys(keys)))"
    )
    same = {key.removeprefix("arrow") for key in groups}
    assert same == set(KEY_MAP) - {"tab", "q"}  # in a browser Tab moves the focus; a page does not end the program


def test_single_keys_can_be_switched_off_and_text_fields_take_theirs(visit: Open) -> None:
    page = visit()
    choose(page, "birch")
    page.get_by_label("Beats a minute").press("n")
    page.evaluate("() => document.activeElement.blur()")
    page.locator("body").press("h")
    page.get_by_label("Single keys steer the picture").uncheck()
    page.keyboard.press("Escape")
    page.locator("body").press("n")
    page.get_by_role("button", name="Keys").click()
    page.get_by_label("Single keys steer the picture").check()
    assert style(page, "birch").get_attribute("aria-checked") == "true"


def test_the_keyboard_alone_is_enough(visit: Open) -> None:
    page = visit()
    choose(page, "birch")
    page.locator("body").evaluate("() => document.activeElement.blur()")
    reached: list[str] = []
    for _ in range(60):
        page.keyboard.press("Tab")
        now = page.evaluate(
            """() => {
                const element = document.activeElement;
                const style = getComputedStyle(element);
                if (element === document.body) return "";
                const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
                return `${seen ? "" : "UNSEEN "}${element.dataset.control ?? element.id ?? element.textContent}`;
            }"""
        )
        if now and now in reached:
            break
        reached.append(now)
    assert not [name for name in reached if name.startswith("UNSEEN")]
    assert {"snapshot", "record", "mirror", "style:birch", "strength", "brush", "tap"} <= set(reached)
    style(page, "birch").focus()
    page.keyboard.press("ArrowRight")  # as in every group of radio buttons
    page.wait_for_function("() => document.activeElement.dataset.control === 'style:chalk'")
    page.wait_for_function("() => document.activeElement.getAttribute('aria-checked') === 'true'")
    page.get_by_role("button", name="Keys").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Keys").wait_for()
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.activeElement.textContent === 'Keys'")


def test_sliders_steer_and_follow_what_others_change(visit: Open) -> None:
    one, other = visit(), visit("/deck")
    choose(one, "birch")
    slider(one, "Own colours").fill("0.5")
    other.wait_for_function("() => document.querySelector('#amount-own_colours').value === '0.5'")
    assert slider(other, "Own colours").get_attribute("aria-valuetext") == "50%"
    slider(other, "Brush").fill("-1")
    one.wait_for_function("() => document.querySelector('label[for=amount-brush] + output').textContent === '50%'")
    assert slider(one, "Blend").is_disabled()
    one.get_by_role("button", name="Blend with a second style").click()
    other.wait_for_function("() => document.querySelectorAll('.tile.blended').length === 1")
    slider(one, "Blend").fill("0.25")
    other.wait_for_function("() => document.querySelector('[aria-checked=true] .share').textContent === '25%'")
    one.get_by_role("button", name="Blend with a second style").click()
    other.wait_for_function("() => document.querySelectorAll('.tile.blended').length === 0")
    slider(one, "Own colours").fill("0")
    slider(one, "Brush").fill("0")
    other.wait_for_function("() => document.querySelector('#amount-own_colours').value === '0'")


def test_a_tempo_is_tapped_and_styles_change_in_beats(visit: Open) -> None:
    page = visit()
    tempo = "(taps) => import('/static/rhythm.js').then((rhythm) => rhythm.tempo(taps))"
    assert page.evaluate(tempo, [0, 310, 600, 890, 1200]) == pytest.approx(200)
    assert page.evaluate(tempo, [0]) is None
    before = page.get_by_label("Beats a minute").input_value()
    for _ in range(4):
        page.get_by_role("button", name="Tap the beat").click()
    assert page.get_by_label("Beats a minute").input_value() != before
    page.get_by_label("Beats a minute").fill("200")
    page.get_by_label("Beats for each style").select_option("2")
    before = page.locator("[aria-checked=true]").get_attribute("data-control")
    page.get_by_role("button", name="Slideshow").click()
    page.wait_for_function(
        "(name) => document.querySelector('[aria-checked=true]').dataset.control !== name", arg=before
    )
    page.locator("button[aria-pressed=true]", has_text="Slideshow").click()
    page.locator("button[aria-pressed=false]", has_text="Slideshow").wait_for()
    page.get_by_label("Beats for each style").select_option("1")
    page.get_by_label("Beats a minute").fill("240")
    page.get_by_label("Beats a minute").press("Enter")
    page.get_by_text("That would flash").wait_for()


MIDI = """
    const pad = { name: "Pad", onmidimessage: null };
    navigator.requestMIDIAccess = async () => ({ inputs: new Map([["1", pad]]), onstatechange: null });
    window.turn = (...data) => pad.onmidimessage({ data: new Uint8Array(data) });
"""


def test_knobs_and_pads_learn_what_they_steer_and_remember_it(visit: Open) -> None:
    page = visit(script=MIDI)
    page.get_by_role("button", name="Connect MIDI").click()
    page.get_by_text("Connected: Pad").wait_for()
    learn = page.get_by_role("button", name="Learn")
    learn.click()
    page.evaluate("turn(0xb0, 21, 64)")
    slider(page, "Steady").click()
    page.get_by_text("Learned: Steady").wait_for()
    page.evaluate("turn(0x90, 40, 100)")
    style(page, "lava").click()
    page.get_by_text("Learned: lava").wait_for()
    learn.click()
    page.reload()
    page.get_by_role("button", name="Connect MIDI").click()
    page.get_by_text("Connected: Pad").wait_for()
    page.evaluate("turn(0xb0, 21, 127)")
    page.wait_for_function("() => document.querySelector('#amount-steady').value === '1'")
    page.evaluate("turn(0x90, 40, 100)")
    page.wait_for_function("() => document.querySelector('[aria-checked=true]').dataset.control === 'style:lava'")
    page.evaluate("turn(0xb0, 21, 0)")
    page.wait_for_function("() => document.querySelector('#amount-steady').value === '0'")


def test_the_programs_cameras_are_switched_by_key_and_list_and_each_keeps_its_style(visit: Open) -> None:
    page = visit()
    choose(page, "wave")
    page.locator("body").press("v")
    page.wait_for_function("() => document.querySelector('#source').value === '1'")
    choose(page, "lava")
    picture_is(page, "r > 1.3 * b")
    page.get_by_label("Camera of the program").select_option("demo")
    page.wait_for_function("() => document.querySelector('[aria-checked=true]').dataset.control === 'style:wave'")
    picture_is(page, "b > r")


# ---- styles that visitors bring --------------------------------------------------------------------------------------


def drop(page: Any, path: Path) -> None:
    data = page.evaluate_handle(
        """async ([bytes, name]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
            return data;
        }""",
        [list(path.read_bytes()), path.name],
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#picture", event, {"dataTransfer": data})


def test_a_picture_that_is_dropped_becomes_a_style_at_once(visit: Open, tmp_path: Path) -> None:
    page = visit()
    choose(page, "wave")
    drop(page, painting(tmp_path, (20, 30, 220)))
    page.get_by_text("tiger <b> is a style now").wait_for()
    picture_is(page, "r > 1.3 * b")
    assert "tiger <b>" in page.locator("[aria-checked=true]").inner_text()


@pytest.mark.parametrize("copied", ["file", "picture"])
def test_a_picture_that_is_pasted_becomes_a_style_at_once(visit: Open, tmp_path: Path, copied: str) -> None:
    """From a file manager comes a file with a name, from a picture on a web page an image without one that is its own."""
    page = visit()
    choose(page, "wave")
    path = painting(tmp_path, (20, 30, 220))
    if copied == "picture":
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.evaluate(
            """async (bytes) => {
                const picture = new Blob([new Uint8Array(bytes)], { type: "image/png" });
                await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
            }""",
            list(path.read_bytes()),
        )
        page.locator("body").press("ControlOrMeta+v")
    else:
        page.evaluate(
            """([bytes, name]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
                document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
            }""",
            [list(path.read_bytes()), path.name],
        )
    page.get_by_text(re.compile("is a style now")).wait_for()
    picture_is(page, "r > 1.3 * b")


def test_a_picture_file_is_chosen_and_one_that_is_none_is_refused(visit: Open, tmp_path: Path) -> None:
    page = visit(locale="de-DE")
    page.get_by_role("radiogroup").wait_for()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Eigenes Bild").click()
    chooser.value.set_files(painting(tmp_path, (200, 160, 20)))
    page.get_by_text("ist jetzt ein Stil").wait_for()
    picture_is(page, "b > r")
    wrong = tmp_path / "letter.png"
    wrong.write_text("Dear cat")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Eigenes Bild").click()
    chooser.value.set_files(wrong)
    page.get_by_text("Diese Datei ist kein JPEG-, PNG- oder WebP-Bild.").wait_for()


def test_a_picture_is_photographed(visit: Open) -> None:
    page = visit()
    page.get_by_role("button", name="Take a photo").click()
    page.get_by_role("dialog").get_by_role("button", name="Take a photo").click()
    page.get_by_text("photo is a style now").wait_for()


# ---- what is saved ---------------------------------------------------------------------------------------------------


def test_a_clip_is_recorded_and_what_is_downloaded_plays(visit: Open, tmp_path: Path) -> None:
    page = visit()
    drawn(page, 2)
    page.get_by_role("button", name="Record").click()
    page.get_by_role("button", name="Stop recording").wait_for()
    drawn(page, 25)
    page.get_by_role("button", name="Stop recording").click()
    page.get_by_role("button", name=re.compile("^Open Clip")).first.click()
    video = page.get_by_role("dialog").locator("video")
    page.wait_for_function("() => document.querySelector('dialog video').currentTime > 0.2")
    assert video.evaluate("(video) => video.videoWidth") == 640
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("link", name="Save on this device").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.suffix == ".mp4"
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    frames = 0
    while capture.read()[0]:
        frames += 1
    capture.release()
    assert frames >= 5


def test_the_last_seconds_are_saved_and_the_picture_fills_the_screen(visit: Open) -> None:
    page = visit()
    drawn(page, 10)
    page.get_by_role("button", name="Last 10 seconds").click()
    page.get_by_text("Clip saved").wait_for()
    page.get_by_role("button", name=re.compile("^Open Clip")).first.wait_for()
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("() => document.fullscreenElement")
    drawn(page, 3)
    page.locator("body").press("f")
    page.wait_for_function("() => !document.fullscreenElement")


def test_a_snapshot_is_taken_home_by_its_code(visit: Open, chromium: Any) -> None:  # noqa: F811
    page = visit()
    drawn(page, 2)
    page.get_by_role("button", name="Snapshot").click()
    code = page.locator(".corner")
    code.get_by_role("img", name=re.compile("QR code of")).wait_for()
    address = code.get_by_role("link").get_attribute("href")
    home = chromium.new_page(**PHONE)
    try:
        home.goto(address)
        home.wait_for_function("() => document.querySelector('main img')?.naturalWidth === 640")
        assert not faults(home)
        with home.expect_download() as download:
            home.get_by_role("link", name="Save on this device").click()
        assert download.value.suggested_filename.endswith(".png")
    finally:
        home.close()


def test_a_look_is_kept_and_asked_about_before_it_is_replaced(visit: Open) -> None:
    page = visit()
    choose(page, "glass")
    page.locator("body").press("k")
    page.locator("body").press("F2")
    page.locator("#looks").get_by_text(re.compile("^glass")).wait_for()
    choose(page, "wave")
    page.get_by_role("button", name="Keep this look as F2").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.locator("#looks").get_by_text(re.compile("^glass")).click()
    page.wait_for_function("() => document.querySelector('[aria-checked=true]').dataset.control === 'style:glass'")
    choose(page, "wave")
    page.get_by_role("button", name="Keep this look as F2").click()
    page.get_by_role("dialog").get_by_role("button", name="Replace").click()
    page.locator("#looks").get_by_text(re.compile("^wave")).wait_for()


# ---- visitors --------------------------------------------------------------------------------------------------------


def test_two_visitors_with_two_styles_of_their_own(visit: Open) -> None:
    red, blue, owner = visit("/guest"), visit("/guest"), visit()
    choose(owner, "chalk")
    for page, name in ((red, "lava"), (blue, "wave")):
        page.get_by_label("Your name").fill(f"{name}'s friend")
        page.get_by_role("button", name="Use my camera").click()
        choose(page, name)
    picture_is(red, "r > 1.3 * b")
    picture_is(blue, "b > r")
    picture_is(owner, "g > r")  # chalk is a green board
    owner.get_by_text("lava's friend").wait_for()
    owner.get_by_role("button", name="Remove wave's friend").click()
    blue.get_by_text("The host has ended your visit.").wait_for()
    drawn(red, 5)
    red.get_by_role("button", name="Stop the camera").click()
    red.get_by_role("button", name="Use my camera").wait_for()


def test_a_visitor_brings_a_style_to_the_wall_where_the_owner_lets_him(visit: Open, tmp_path: Path) -> None:
    owner, guest = visit(), visit("/guest", **PHONE)
    choose(owner, "wave")
    guest.get_by_role("button", name="Use my camera").wait_for()
    assert not guest.get_by_role("button", name="Take a photo").is_visible()
    owner.get_by_label("Visitors may bring styles to this picture").check()
    with guest.expect_file_chooser() as chooser:
        guest.get_by_role("button", name="Take a photo").click()
    assert guest.locator("input[capture]").first.get_attribute("capture") == "environment"
    chooser.value.set_files(painting(tmp_path, (20, 30, 220)))
    picture_is(owner, "r > 1.3 * b")
    owner.get_by_label("Visitors may bring styles to this picture").uncheck()
    guest.get_by_role("button", name="Take a photo").wait_for(state="hidden")


def test_this_devices_camera_for_the_owner(visit: Open) -> None:
    page = visit()
    drawn(page, 2)
    choose(page, "wave")
    own = page.get_by_role("button", name="Use this device's camera")
    own.click()
    page.get_by_role("button", name="Record").wait_for(state="hidden")
    choose(page, "lava")
    picture_is(page, "r > 1.3 * b")
    own.click()
    page.get_by_role("button", name="Record").wait_for()
    picture_is(page, "b > r")  # the program's own camera kept its style


# ---- the door --------------------------------------------------------------------------------------------------------


def test_no_other_page_can_frame_it(chromium: Any, program: Program) -> None:  # noqa: F811
    """A click on what looks like a game must not be a click on somebody's deck."""
    frame = f'<title>A game</title><iframe src="{program.addresses["/deck"]}"></iframe>'

    class Game(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(frame.encode())

        def log_message(self, *words: object) -> None: ...

    page = chromium.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    with HTTPServer(("127.0.0.1", 0), Game) as server:
        serving = threading.Thread(target=server.serve_forever, name="a game")
        serving.start()
        try:
            page.goto(f"http://127.0.0.1:{server.server_port}")  # on this machine, too: others may not even ask
            while not any("frame-ancestors 'none'" in text for text in refused):
                page.wait_for_event("console", timeout=PATIENCE)
            assert page.frames[1].url.startswith("chrome-error:") and page.frames[1].locator("button").count() == 0
        finally:
            page.close()
            server.shutdown()
            serving.join(20)


def test_a_page_without_a_token_asks_for_it(visit: Open, program: Program) -> None:
    page = visit(token="")
    field = page.get_by_label("Token")
    field.fill("AAAAAAAAAAAAAAAAAAAAAA")
    page.keyboard.press("Enter")
    page.get_by_text("This token is not valid.").wait_for()
    page.get_by_label("Token").fill(program.addresses["/"])  # a whole address is as good
    page.get_by_role("button", name="Open").click()
    drawn(page, 2)
    screen = visit("/view", token="")
    screen.get_by_label("Token").fill(program.addresses["/view"])
    screen.keyboard.press("Enter")
    drawn(screen, 2, "canvas")
    screen.goto(program.address("/deck"))
    screen.get_by_text("The token that this browser has is not good for this page.").wait_for()


def test_in_the_local_network_one_screen_explains_the_warning_and_leads_to_the_picture(
    chromium: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    pytest.importorskip("cryptography", reason="the extra lan is not installed")
    running = Program(tmp_path, "--lan")
    try:
        said = "".join(running.said)
        warning = re.search(r"http://\S+/warning", said)
        assert warning and running.addresses["/"].startswith("https://"), said
        plain = f"http://127.0.0.1:{re.findall(r':([0-9]+)/warning', said)[0]}"
        secure = f"https://127.0.0.1:{running.port}"
        token = running.addresses["/"].partition("#")[2]

        strict = chromium.new_page(locale="en-GB")
        with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
            strict.goto(secure)  # the warning that the screen explains
        strict.close()

        page = chromium.new_context(locale="en-GB", ignore_https_errors=True).new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{plain}/warning#{token}")
        page.get_by_text("Fingerprint of the certificate").wait_for()
        go = page.get_by_role("link")
        assert go.get_attribute("href").startswith("https://") and go.get_attribute("href").endswith(f"/#{token}")
        page.goto(f"{secure}/#{token}")
        drawn(page, 3)
        assert page.evaluate("isSecureContext && !location.hash")
        (cookie,) = page.context.cookies()
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        page.get_by_role("button", name="Use this device's camera").click()  # a secure page may have the camera
        page.get_by_role("button", name="Record").wait_for(state="hidden")
        page.context.close()

        steering = chromium.new_context(locale="en-GB").new_page()  # who steers does not go over plain http
        steering.set_default_timeout(PATIENCE)
        steering.goto(f"{plain}/#{token}")
        steering.get_by_role("link").wait_for()
        assert steering.locator("#picture").count() == 0
        steering.context.close()
    finally:
        running.close()


def test_invitations_carry_addresses_that_work(visit: Open, chromium: Any) -> None:  # noqa: F811
    page = visit()
    page.get_by_role("button", name="Another screen").click()
    invitation = page.get_by_role("dialog", name="Another screen")
    address = invitation.locator(".address").first.inner_text()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/view#[\w-]{22}", address)
    screen = chromium.new_page()
    try:
        screen.goto(address)
        drawn(screen, 2, "canvas")
    finally:
        screen.close()


def test_an_open_page_comes_back_when_the_program_was_killed(visit: Open, program: Program) -> None:
    page = visit()
    style(page, "wave").wait_for()
    drawn(page, 2)
    program.kill()
    page.get_by_text("The program does not answer.").first.wait_for()
    program.start()
    drawn(page, 5)
    page.get_by_text("The program does not answer.").first.wait_for(state="hidden")


def test_a_page_of_which_only_the_picture_was_loaded_loads_anew(visit: Open, program: Program) -> None:
    page = visit(token="")
    page.get_by_label("Token").wait_for()
    page.route("**/house.js", lambda route: route.abort(), times=1)
    page.get_by_label("Token").fill(program.addresses["/"])
    page.keyboard.press("Enter")
    style(page, "wave").wait_for()
    drawn(page, 2)


# ---- everybody -------------------------------------------------------------------------------------------------------


def test_the_page_fits_a_phone(visit: Open) -> None:
    for path in ("/", "/deck", "/guest"):
        page = visit(path, **PHONE)
        page.get_by_role("button").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
        sizes = page.evaluate(
            """[...document.querySelectorAll("button, a, select, input:not([type=file])")]
                .filter((element) => element.checkVisibility())
                .map((element) => [element.textContent, element.getBoundingClientRect()])
                .map(([text, { width, height }]) => [text, width, height])"""
        )
        assert not [size for size in sizes if min(size[1:]) < 24], path
    page = visit(**PHONE)
    picture = page.locator("#picture").bounding_box()
    assert picture["width"] == 390 and picture["y"] < 80
    style(page, "lava").tap()
    page.wait_for_function("() => document.querySelector('[aria-checked=true]').dataset.control === 'style:lava'")


def faults(page: Any) -> list[tuple[str, list[str]]]:
    """What axe finds wrong with a page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    found = axe.run(page).response["violations"]
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_axe_finds_nothing(visit: Open, program: Program, scheme: str) -> None:
    looks = {"color_scheme": scheme, "reduced_motion": "reduce"}
    page = visit(**looks)
    page.locator(".tile[aria-checked=true]").wait_for()
    assert not faults(page)
    if scheme == "dark":  # what differs are the colours
        page.get_by_role("button", name="Keys").click()
        assert not faults(page), "the card of keys"
        page.keyboard.press("Escape")
    page.get_by_role("button", name="A visitor").click()
    page.get_by_role("dialog").wait_for()
    assert not faults(page), "the invitation"
    page.goto(program.address("/view"))
    page.locator("canvas[data-seq]").wait_for()
    assert not faults(page), "/view"
    phone = visit(**looks, **PHONE)
    for path in ("/", "/deck", "/guest"):
        phone.goto(program.address(path))
        phone.locator(".tile" if path != "/guest" else "main button").first.wait_for()
        assert not faults(phone), path
    if scheme == "dark":
        stranger = visit(token="", **looks)
        stranger.get_by_label("Token").wait_for()
        assert not faults(stranger), "the door"
        stranger.goto(program.address("/warning"))
        stranger.locator("main:visible > *").first.wait_for(state="attached")
        assert not faults(stranger), "/warning"


@pytest.mark.parametrize(
    ("locale", "language", "heading", "button"),
    [
        ("en-GB", "en", "Styles", "Snapshot"),
        ("de-AT", "de", "Stile", "Foto"),
        ("fr-CA", "fr", "Styles", "Photo"),
        ("es-MX", "es", "Estilos", "Foto"),
        ("ja-JP", "ja", "スタイル", "写真"),
        ("nl-NL", "en", "Styles", "Snapshot"),
    ],
)
def test_the_page_speaks_the_browsers_language(
    visit: Open, locale: str, language: str, heading: str, button: str
) -> None:
    page = visit(locale=locale)
    page.get_by_role("heading", name=heading, exact=True).wait_for()
    page.get_by_role("button", name=button, exact=True).wait_for()
    assert page.locator("html").get_attribute("lang") == language
    assert "undefined" not in page.locator("body").inner_text()


def test_nothing_moves_by_itself_for_those_who_want_that(visit: Open) -> None:
    page = visit(reduced_motion="reduce")
    page.locator(".tile canvas").first.wait_for()
    assert page.evaluate("getComputedStyle(document.querySelector('.tile canvas')).transitionDuration") in ("0s", "")
    assert page.evaluate("document.getAnimations().length") == 0


def test_the_page_is_as_light_as_it_says(visit: Open) -> None:
    page = visit(locale="en-NZ")  # of somebody who was never here: what a browser keeps weighs nothing
    page.locator(".tile").first.wait_for()
    weight = page.evaluate(
        """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .filter((entry) => !entry.name.includes("thumbnail"))
            .reduce((sum, entry) => sum + entry.decodedBodySize, 0)"""
    )
    assert 20_000 < weight < 150_000
