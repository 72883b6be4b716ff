"""A session from the options of `realtime`: what is opened, in which order, and what is said of it."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from realtime._version import __version__
from realtime.cli.announce import Announcer
from realtime.cli.calls import make_virtual_camera, open_virtual_camera, show_in_calls, watch_source
from realtime.cli.kiosk import seen_alive
from realtime.cli.memory import Memory, camera_is_there, remember, remembered, usable
from realtime.cli.options import LookOptions, say, say_loading, was_given
from realtime.cli.remote import check_osc, listen_for_osc
from realtime.cli.serve import PageChoice, check_page, open_page
from realtime.cli.startup import close_unless_hung, has_display, kept_original, say_unfinished
from realtime.control.keymap import KEY_MAP
from realtime.control.settings import Settings
from realtime.core.addresses import without_secrets
from realtime.look.look_files import read_mirror

if TYPE_CHECKING:
    from realtime.cli.kiosk import Kiosk
    from realtime.core.frame import Size
    from realtime.sources.base import Source


def show_live(
    *,
    source: tuple[str, ...],
    wished: LookOptions,
    folders: tuple[Path, ...],
    model: str,
    device: str,
    size: Size,
    capture: Size | None,
    fps: float,
    quality: str,
    morph: float,
    slideshow: float | None,
    mirror: bool | None,
    original: bool,
    compare: bool,
    fullscreen: bool,
    on_screen: int | None,
    fill: bool,
    clean: bool,
    info: bool,
    record: Path | None,
    codec: str,
    audio: str | None,
    record_info: bool,
    replay: bool | None,
    out: Path | None,
    keep_original: bool,
    virtual_camera: str | None,
    when_watched: bool,
    page: str | None,
    lan: bool,
    open_browser: bool,
    take_home: bool,
    osc: tuple[str, int] | None,
    osc_record: bool,
    sinks: tuple[str, ...],
    no_window: bool,
    fresh: bool,
    strobe: bool,
    announce: bool,
    wait: bool,
    kiosk: Kiosk | None,
    frames: int | None,
    seconds: float | None,
) -> None:
    """Run `realtime` without a command; the arguments are its options.

    Raises:
        RealtimeError: Something cannot be opened, or the session ended with an error.
    """
    from realtime.control.quality import Quality
    from realtime.control.slideshow import FLASH_SECONDS, flashing
    from realtime.core.events import Event
    from realtime.core.memory import return_large_blocks
    from realtime.core.signals import ended_in_time
    from realtime.live.outputs import Saving
    from realtime.live.session import LiveSession
    from realtime.live.several import SeveralStreams
    from realtime.media.audio import Microphone
    from realtime.media.clip_file import clips_folder
    from realtime.media.codecs import find_codec
    from realtime.models.litert import leave_cores_to_model
    from realtime.models.stylizer import Stylizer
    from realtime.sinks.registry import make_sink
    from realtime.sinks.view import ViewSettings
    from realtime.sinks.window import POINTER_SECONDS, WindowSink
    from realtime.sources.camera import CameraSource
    from realtime.sources.registry import open_source, wait_for_source
    from realtime.styles.library import StyleLibrary

    session: LiveSession | None = None
    check_osc(osc, osc_record)
    leave_cores_to_model()
    return_large_blocks()
    find_codec(codec, record.name if record else None)
    more_sinks = [make_sink(name) for name in sinks]
    virtual = make_virtual_camera(virtual_camera, when_watched)
    choice = PageChoice(page, lan, open_browser, take_home)
    check_page(choice)
    elsewhere = bool(record or more_sinks or virtual or choice.wanted)
    windowed = not no_window and has_display(needed=kiosk is not None or not elsewhere)

    def opened_source(name: str | None) -> Source:
        found = None if wait else open_source(name, size, fps, capture)
        return wait_for_source(name, size, fps, capture, found) if kiosk or found is None else found

    with ExitStack() as stack:
        stack.enter_context(ended_in_time(say))
        if kiosk:
            stack.enter_context(seen_alive(lambda: session))
        last = Memory() if fresh or kiosk or not windowed else remembered()
        names = source or ((last.camera if camera_is_there(last.camera) else None),)
        opened = [stack.enter_context(opened_source(name)) for name in names]
        say_loading(model)
        stylizer = Stylizer(model)
        stack.callback(lambda: close_unless_hung(stylizer, session))
        stylizer.use(device, wait=False)
        library = StyleLibrary(stylizer, folders)
        before = usable(last.look, library) if wished.style is None and wished.file is None else None
        look = wished.look(library, before)
        taken = (
            read_mirror(wished.file) if wished.file and wished.file.exists() and not kept_original(names[0]) else None
        )
        turned = taken if mirror is None else mirror
        for name, _ in look.styles:
            library.code(name)
        for notice in library.notices:
            say(notice)
        microphone = None
        if audio is not None:
            microphone = Microphone(audio)
            stack.callback(microphone.close)
            say(f"microphone: {microphone.name}")
        say_unfinished([clips_folder(), *([out] if out else []), *([record.parent] if record else [])])
        chosen = opened[0].name if isinstance(opened[0], CameraSource) and source else last.camera
        if virtual:
            open_virtual_camera(stack, virtual, opened[0], size, fps)
            if when_watched:
                reopen = [partial(opened_source, name) for name in names]
                opened = [watch_source(stack, virtual, *pair) for pair in zip(opened, reopen, strict=True)]
        place = None if was_given("size") else last.place  # it must not shrink the size that a person asks for
        window = None
        if windowed:
            rest, keymap = (0.0, kiosk.keys) if kiosk else (POINTER_SECONDS, KEY_MAP)
            window = WindowSink(fill=fill, on_screen=on_screen, place=place, pointer_seconds=rest, keymap=keymap)
        session = LiveSession(stylizer, library, strobe)
        if slideshow and slideshow < FLASH_SECONDS:
            say(flashing(slideshow, strobe))

        def hear(event: Event) -> None:
            if event.text:
                say(event.text)

        session.events.subscribe(hear)
        view = ViewSettings(
            compare=compare,
            info=info and (not kiosk or was_given("info")),
            fullscreen=fullscreen or kiosk is not None,
            clean=clean,
        )
        settings = Settings(look, original=original, morph=morph, slideshow=slideshow or 0.0)
        for frames_from in opened:
            session.add(
                frames_from,
                replace(settings, mirror=frames_from.mirror if turned is None else turned),
                view,
                quality=Quality(fps if was_given("fps") else None) if quality == "auto" else None,
            )
        if len(opened) > 1:
            session.shown = SeveralStreams(session.streams)
        shown = session.shown
        assert shown
        if announce:
            session.events.subscribe(Announcer(lambda: shown.stream.controls.settings, say).hear)
        about = {
            "model": without_secrets(model),
            "model-identity": stylizer.model.fingerprint,
            "source": shown.name,
            "version": __version__,
        }
        saving = Saving(
            folder=out,
            record=record,
            record_info=record_info,
            codec=codec,
            microphone=microphone,
            replay=(windowed or choice.wanted)
            and replay is not False
            and (not kiosk or bool(replay) or "b" in kiosk.keys),
            keep_original=keep_original,
            about=about,
        )
        outputs = session.save(shown, saving, windowed or virtual is not None or choice.wanted)
        open_page(stack, choice, session, stylizer, shown, saving, outputs)
        listen_for_osc(stack, osc, shown, outputs, osc_record)
        if virtual:
            shown.add_sink(show_in_calls(virtual, shown))
        if replay and not (windowed or choice.wanted):
            say("the last seconds are not kept: without a window nobody can ask for them")
        for added in more_sinks:
            shown.add_sink(added)
        greeting = ["press h for the keys, Tab for all styles"]
        if not source and shown.name == "demo":
            say("no camera found: showing the demo; --source names a camera, a file or an address")
            greeting.insert(0, "no camera found: this is the demo")
        source_line = f"{shown.name} ({shown.stream.source.about})" if shown.stream.source.about else shown.name
        say(
            f"{source_line}, {look.name}, {stylizer.model.description}"
            + ("; press h for the keys" if windowed and not kiosk else "")
        )
        if no_window and not (elsewhere or frames or seconds):
            say(
                "no window and no clip: the picture goes nowhere; --record FILE keeps it, --frames N, --seconds N or Ctrl-C end it"
            )
        if windowed and not kiosk:
            stack.callback(
                lambda: remember(Memory(chosen, shown.stream.controls.settings.look, window.place if window else None))
            )
        if before:
            say("the look and the window are as they were the last time; --fresh begins anew")
        keys = frozenset(kiosk.keys) if kiosk else None
        figures = session.run(window, frames=frames, seconds=seconds, greeting=greeting, kiosk=keys)
        if len(opened) == 1:
            say(str(figures))
        for number, stream in enumerate(shown.streams if len(opened) > 1 else (), 1):
            say(f"source {number}, {stream.source.name}: {session.figures_of(stream)}")
