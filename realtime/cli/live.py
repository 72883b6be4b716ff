"""`realtime` without a command: live from a camera."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click

from realtime import __version__
from realtime.cli.group import ProgramGroup
from realtime.cli.kiosk import chosen_keys, chosen_kiosk, watch, watched
from realtime.cli.options import (
    device_option,
    file,
    finite,
    folder,
    given_option,
    look_options,
    model_option,
    size,
    styles_option,
)
from realtime.cli.remote import osc_address
from realtime.cli.serve import page_options
from realtime.look.look import MORPH


def _new_clip(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Said before a model is loaded, which can take a while."""
    if value is not None and os.path.lexists(value):
        raise click.BadParameter(f"{value} exists already; clips are never overwritten, choose another name")
    return value


@click.group(
    cls=ProgramGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--source", multiple=True, metavar="S",
              help="A camera, file, folder, address or demo. A camera is a number or (part of) a name,"
              " a file a video or a picture, a folder one of pictures, an address http(s):// or rtsp://. Default: the first"
              " camera, or the demo where there is none. Given more than once: the key v switches between them.")  # fmt: skip
@look_options
@styles_option
@model_option
@device_option
@click.option(
    "--size",
    type=size,
    metavar="WxH",
    default="640x480",
    show_default=True,
    help="Asked of cameras, or 720p, 1080p. Larger frames are scaled to fit.",
)
@click.option("--capture", type=size, metavar="WxH", help="Asked of a camera instead of --size. The picture is made smaller,"
              " and snapshots are painted at this size, too.")  # fmt: skip
@click.option(
    "--fps",
    type=click.FloatRange(1, 240),
    callback=finite,
    default=30.0,
    show_default=True,
    help="Asked of cameras and the demo, and held by --quality auto.",
)
@click.option(
    "--quality",
    type=click.Choice(("auto", "fixed")),
    default="auto",
    show_default=True,
    help="auto: on a slow machine the model sees up to a quarter fewer lines, so that the rate is held.",
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
    help="As in a mirror, as cameras are. Default: as a snapshot given by --look was; else cameras are, others are not.",
)
@click.option("--original", is_flag=True, help="Begin with the original.")
@click.option("--compare", is_flag=True, help="Begin with the original beside the stylized picture.")
@click.option("--fullscreen", is_flag=True, help="Begin in full screen.")
@click.option(
    "--screen", "on_screen", type=click.IntRange(1), metavar="N", help="Open the window on this screen, from 1."
)
@click.option("--fill", is_flag=True, help="Crop the picture to the window. Without it there are black edges.")
@click.option("--clean", is_flag=True, help="Never draw anything over the picture.")
@click.option("--info/--no-info", default=True, help="The line of text at the foot.  [default: on]")
@click.option(
    "--record",
    type=file,
    callback=_new_clip,
    metavar="FILE",
    help="Record a clip from the start. Its ending is the codec's.",
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
    help="Record a microphone with the clips. The default one, or by number or (part of) name.",
)
@click.option("--record-info", is_flag=True, help="Record the heads-up line, too.")
@click.option(
    "--replay/--no-replay",
    default=None,
    help="Keep the last 10 seconds, for the key b. Default: where there is a window or a page.",
)
@click.option(
    "--out",
    type=folder,
    metavar="DIR",
    help="Folder for snapshots and clips. Default: `realtime` in Pictures and Videos.",
)
@click.option("--keep-original", is_flag=True, help="Save the original beside each snapshot.")
@click.option(
    "--virtual-camera",
    is_flag=False,
    flag_value="",
    metavar="[DEVICE]",
    help="Show it in a virtual camera, too, for calls. The first one, or a device such as /dev/video9.",
)
@click.option(
    "--when-watched", is_flag=True, help="Hold the real camera only while a program reads the virtual one. Linux."
)
@click.option(
    "--osc",
    type=osc_address,
    metavar="[HOST:]PORT",
    help="Be steered by OSC. On this computer alone, unless an address of it is named.",
)
@click.option("--osc-record", is_flag=True, help="Let OSC save clips, snapshots and looks, too.")
@click.option(
    "--sink",
    "sinks",
    multiple=True,
    metavar="NAME[:TEXT]",
    help="Show it in a sink that another package adds, too.",
)
@page_options
@click.option(
    "--announce", is_flag=True, help="Print each change, for screen readers. Of style, strength and the like."
)
@click.option(
    "--fresh", is_flag=True, help="Begin anew, not as the last time. That is, without its camera, look and window."
)
@click.option("--strobe", is_flag=True, help="Let a slideshow change more than three times a second. Such flashes can cause"
              " seizures.")  # fmt: skip
@click.option("--wait", is_flag=True, help="Wait for a source that is not there yet, or is gone. Without it a missing source"
              " is an error.")  # fmt: skip
@click.option("--kiosk", is_flag=True, help="For installations: full screen, no pointer, no key. It is started anew when it"
              " hangs or fails.")  # fmt: skip
@click.option("--kiosk-keys", "kiosk_keys", callback=chosen_keys, metavar="KEYS",
              help='The keys that work with --kiosk, as "left right s".')  # fmt: skip
@click.option("--no-window", is_flag=True, help="Open no window. End with --frames, --seconds or Ctrl-C.")
@click.option("--frames", type=click.IntRange(1), metavar="N", help="End after N frames.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), callback=finite, metavar="N", help="End after N seconds."
)
@click.version_option(__version__, prog_name="realtime")
@click.pass_context
def realtime(context: click.Context, /, **options: Any) -> None:
    """See yourself painted, live: a camera's picture in the style of any picture."""
    if context.invoked_subcommand is None:
        kiosk = chosen_kiosk(options.pop("kiosk"), options.pop("kiosk_keys"), options["no_window"])
        if kiosk and not watched():
            sys.exit(watch())
        from realtime.cli.session import show_live  # here, so that --help waits for no large package

        show_live(kiosk=kiosk, **options)
        return
    if option := given_option(context):
        command = context.invoked_subcommand
        raise click.UsageError(
            f"options go after the command: realtime {command} {option} ...; see realtime {command} --help"
        )
