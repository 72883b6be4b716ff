"""`realtime` without a command: live from a camera."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realtime import __version__
from realtime.cli.options import (
    chosen_look,
    file,
    finite,
    folder,
    given_option,
    look_options,
    model_option,
    say,
    say_loading,
    size,
    styles_option,
)
from realtime.cli.startup import close_unless_hung, has_display, kept_original, say_unfinished
from realtime.control.settings import Settings
from realtime.core.addresses import without_secrets
from realtime.look.look import MORPH
from realtime.look.look_files import read_mirror

if TYPE_CHECKING:
    from realtime.core.frame import Size


def _new_clip(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Said before a model is loaded, which can take a while."""
    if value is not None and os.path.lexists(value):
        raise click.BadParameter(f"{value} exists already; clips are never overwritten, choose another name")
    return value


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Press h in the window for the keys.",
)
@click.option("--source", metavar="S", help="Camera number or name, video, picture, folder of pictures, http(s):// or"
              " rtsp:// address, or demo. Default: the first camera, or the demo where there is none.")  # fmt: skip
@look_options
@styles_option
@model_option
@click.option(
    "--size",
    type=size,
    metavar="WxH",
    default="640x480",
    show_default=True,
    help="Asked of cameras; larger frames are scaled to fit.",
)
@click.option(
    "--fps",
    type=click.FloatRange(1, 240),
    callback=finite,
    default=30.0,
    show_default=True,
    help="Asked of cameras and the demo.",
)
@click.option(
    "--morph",
    type=click.FloatRange(0),
    callback=finite,
    default=MORPH,
    show_default=True,
    metavar="SECONDS",
    help="How long one style takes to turn into the next.",
)
@click.option(
    "--slideshow",
    type=click.FloatRange(0, min_open=True),
    callback=finite,
    metavar="SECONDS",
    help="Walk through the styles, so long for each.",
)
@click.option(
    "--mirror/--no-mirror",
    default=None,
    help="As in a mirror. Default: as a snapshot given by --look was; else cameras are, others are not.",
)
@click.option("--original", is_flag=True, help="Begin with the original.")
@click.option("--compare", is_flag=True, help="Begin with the original beside the stylized picture.")
@click.option("--fullscreen", is_flag=True, help="Begin in full screen.")
@click.option("--info/--no-info", default=True, help="The heads-up line.  [default: on]")
@click.option(
    "--record",
    type=file,
    callback=_new_clip,
    metavar="FILE",
    help="Record a clip from the start; its ending is the codec's.",
)
@click.option(
    "--codec",
    default="h264",
    show_default=True,
    metavar="C",
    help="Of clips: h264, h265, av1 (.mp4), vp9 (.webm), or ffv1 (.mkv), which loses nothing.",
)
@click.option(
    "--audio",
    is_flag=False,
    flag_value="",
    metavar="[DEVICE]",
    help="Record a microphone with the clips: the default one, or by number or (part of) name.",
)
@click.option("--record-info", is_flag=True, help="Record the heads-up line, too.")
@click.option(
    "--replay/--no-replay",
    default=None,
    help="Keep the last 10 seconds, for the key b. Default: where there is a window.",
)
@click.option(
    "--out",
    type=folder,
    metavar="DIR",
    help="Folder for snapshots and clips. Default: `realtime` in Pictures and Videos.",
)
@click.option("--keep-original", is_flag=True, help="Save the original beside each snapshot.")
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="NAME[:TEXT]",
    help="Show it in a sink that another package adds, too.",
)
@click.option("--no-window", is_flag=True, help="Open no window; end with --frames, --seconds or Ctrl-C.")
@click.option("--frames", type=click.IntRange(1), metavar="N", help="End after N frames.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), callback=finite, metavar="N", help="End after N seconds."
)
@click.version_option(__version__, prog_name="realtime")
@click.pass_context
def realtime(context: click.Context, /, **options: Any) -> None:
    """See yourself painted, live: a camera's picture in the style of any picture.

    Without a command it opens the camera and a window.
    """
    if context.invoked_subcommand is None:
        _live(**options)
        return
    if option := given_option(context):
        command = context.invoked_subcommand
        raise click.UsageError(
            f"options go after the command: realtime {command} {option} ...; see realtime {command} --help"
        )


def _live(
    source: str | None,
    style: str | None,
    look_file: Path | None,
    strength: float | None,
    own_colours: float | None,
    brush: float | None,
    steady: float | None,
    folders: tuple[Path, ...],
    model: str,
    size: Size,
    fps: float,
    morph: float,
    slideshow: float | None,
    mirror: bool | None,
    original: bool,
    compare: bool,
    fullscreen: bool,
    info: bool,
    record: Path | None,
    codec: str,
    audio: str | None,
    record_info: bool,
    replay: bool | None,
    out: Path | None,
    keep_original: bool,
    sinks: tuple[str, ...],
    no_window: bool,
    frames: int | None,
    seconds: float | None,
) -> None:
    from realtime.core.events import Event
    from realtime.core.signals import ended_in_time
    from realtime.live.outputs import Saving
    from realtime.live.session import LiveSession
    from realtime.media.audio import Microphone
    from realtime.media.clip_file import clips_folder
    from realtime.media.codecs import find_codec
    from realtime.models.stylizer import Stylizer
    from realtime.sinks.registry import make_sink
    from realtime.sinks.view import ViewSettings
    from realtime.sinks.window import WindowSink
    from realtime.sources.registry import open_source
    from realtime.styles.library import StyleLibrary

    find_codec(codec, record.name if record else None)
    more_sinks = [make_sink(name) for name in sinks]
    windowed = not no_window and has_display(needed=record is None and not more_sinks)
    with ExitStack() as stack:
        stack.enter_context(ended_in_time(say))
        frames_from = stack.enter_context(open_source(source, size, fps))
        say_loading(model)
        stylizer = Stylizer(model)
        stack.callback(close_unless_hung, stylizer)
        library = StyleLibrary(stylizer, folders)
        look = chosen_look(
            library, style, look_file, strength=strength, own_colours=own_colours, brush=brush, steady=steady
        )
        taken = read_mirror(look_file) if look_file and not kept_original(source) else None
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
        window = WindowSink() if windowed else None
        session = LiveSession(stylizer, library)

        def hear(event: Event) -> None:
            if event.text:
                say(event.text)

        session.events.subscribe(hear)
        stream = session.add(
            frames_from,
            Settings(
                look,
                mirror=next(m for m in (mirror, taken, frames_from.mirror) if m is not None),
                original=original,
                morph=morph,
                slideshow=slideshow or 0.0,
            ),
            ViewSettings(compare=compare, info=info, fullscreen=fullscreen),
        )
        about = {
            "model": without_secrets(model),
            "model-identity": stylizer.model.fingerprint,
            "source": frames_from.name,
            "version": __version__,
        }
        saving = Saving(
            folder=out,
            record=record,
            record_info=record_info,
            codec=codec,
            microphone=microphone,
            replay=windowed if replay is None else replay,
            keep_original=keep_original,
            about=about,
        )
        session.save(stream, saving, windowed)
        for added in more_sinks:
            stream.add_sink(added)
        if source is None and frames_from.name == "demo":
            say("no camera found: showing the demo; --source names a camera, a file or an address")
        source_line = f"{frames_from.name} ({frames_from.about})" if frames_from.about else frames_from.name
        say(
            f"{source_line}, {look.name}, {stylizer.model.description}" + ("; press h for the keys" if windowed else "")
        )
        say(str(session.run(window, frames=frames, seconds=seconds)))
