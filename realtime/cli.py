"""The commands and their options, nothing else."""

from __future__ import annotations

import math
import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from realtime import __version__
from realtime.commands import Settings
from realtime.errors import RealtimeError, SinkError, UsageError
from realtime.models.registry import DEFAULT_MODEL, NAMES

if TYPE_CHECKING:
    from realtime.frame import Picture, Size


def _size(text: str) -> Size:
    """WIDTHxHEIGHT, in pixels, to (width, height)."""
    width, times, height = text.lower().partition("x")
    if not (times and width.isdecimal() and height.isdecimal()):
        raise click.BadParameter(f"{text!r} is no size; write it as 640x480")
    size = int(width), int(height)
    if not all(16 <= side <= 7680 for side in size):
        raise click.BadParameter(f"{text} is out of range; each side is 16 to 7680 pixels")
    return size


def _finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number to count with")
    return value


def _new_clip(context: click.Context, parameter: click.Parameter, value: Path | None) -> Path | None:
    """Said before a model is loaded, which can take a while."""
    if value is not None and value.suffix.lower() != ".mp4":
        raise click.BadParameter(f"a clip is an .mp4 file, not {value.name!r}")
    if value is not None and os.path.exists(value):
        raise click.BadParameter(f"{value} exists already; clips are never overwritten, choose another name")
    return value


_folder = click.Path(path_type=Path, file_okay=False)
_file = click.Path(path_type=Path, dir_okay=False)
_model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    metavar="M",
    help=f"{' or '.join(NAMES)}; a folder or .tar.gz; STYLE.tflite,FRAME.tflite; or a TensorFlow Hub address.",
)
_styles_option = click.option(
    "--styles", "folders", multiple=True, metavar="DIR", type=_folder, help="Add a folder of style pictures."
)


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Press h in the window for the keys.",
)
@click.option("--source", metavar="S", help="Camera number or name, video, picture, folder of pictures, http(s):// or"
              " rtsp:// address, or demo. Default: the first camera, or the demo where there is none.")  # fmt: skip
@click.option("--style", metavar="NAME", help="Style to begin with: a name (see `realtime styles`) or a picture file.")
@_styles_option
@click.option(
    "--strength",
    type=click.FloatRange(0, 1),
    callback=_finite,
    default=1.0,
    show_default=True,
    help="From 0, the frame itself, to 1.",
)
@_model_option
@click.option(
    "--size",
    type=_size,
    metavar="WxH",
    default="640x480",
    show_default=True,
    help="Asked of cameras; larger frames are scaled to fit.",
)
@click.option(
    "--fps",
    type=click.FloatRange(1, 240),
    callback=_finite,
    default=30.0,
    show_default=True,
    help="Asked of cameras and the demo.",
)
@click.option("--mirror/--no-mirror", default=None, help="As in a mirror. Default: cameras are, others are not.")
@click.option("--original", is_flag=True, help="Begin with the original.")
@click.option("--compare", is_flag=True, help="Begin with the original beside the stylized picture.")
@click.option("--fullscreen", is_flag=True, help="Begin in full screen.")
@click.option("--info/--no-info", default=True, help="The heads-up line.  [default: on]")
@click.option(
    "--record",
    type=_file,
    callback=_new_clip,
    metavar="FILE",
    help="Record a clip (.mp4) from the start.",
)
@click.option(
    "--out",
    type=_folder,
    metavar="DIR",
    help="Folder for snapshots and clips. Default: `realtime` in Pictures and Videos.",
)
@click.option("--keep-original", is_flag=True, help="Save the original beside each snapshot.")
@click.option("--no-window", is_flag=True, help="Open no window; end with --frames, --seconds or Ctrl-C.")
@click.option("--frames", type=click.IntRange(1), metavar="N", help="End after N frames.")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), callback=_finite, metavar="N", help="End after N seconds."
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
    for name in options:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            command = context.invoked_subcommand
            raise click.UsageError(
                f"options go after the command: realtime {command} --{name} ...; see realtime {command} --help"
            )


def _live(
    source: str | None,
    style: str | None,
    folders: tuple[Path, ...],
    strength: float,
    model: str,
    size: Size,
    fps: float,
    mirror: bool | None,
    original: bool,
    compare: bool,
    fullscreen: bool,
    info: bool,
    record: Path | None,
    out: Path | None,
    keep_original: bool,
    no_window: bool,
    frames: int | None,
    seconds: float | None,
) -> None:
    from realtime.live import LiveSession
    from realtime.sinks import WindowSink
    from realtime.sources import open_source
    from realtime.styles import StyleLibrary
    from realtime.stylizer import Stylizer

    windowed = not no_window and _has_display(needed=record is None)
    with ExitStack() as stack:
        frames_from = stack.enter_context(open_source(source, size, fps))
        if model == "magenta" or "://" in model:
            _say(f"loading {model}; the first time it is downloaded, which can take minutes")
        stylizer = stack.enter_context(Stylizer(model))
        library = StyleLibrary(stylizer, folders)
        name = library.first() if style is None else library.find(style)
        library.code(name)
        for notice in library.notices:
            _say(notice)
        settings = Settings(
            name,
            strength,
            mirror=frames_from.mirror if mirror is None else mirror,
            original=original,
            compare=compare,
            fullscreen=fullscreen,
            info=info,
        )
        about = {
            "model": model,
            "model-identity": stylizer.model.identity,
            "source": frames_from.name,
            "mirror": "yes" if settings.mirror else "no",
            "version": __version__,
        }
        window = WindowSink() if windowed else None
        if window:
            stack.callback(window.close)
        session = LiveSession(
            frames_from,
            stylizer,
            library,
            settings,
            window,
            record=record,
            out=out,
            keep_original=keep_original,
            frames=frames,
            seconds=seconds,
            say=_say,
            about=about,
        )
        if source is None and frames_from.name == "demo":
            _say("no camera found: showing the demo; --source names a camera, a file or an address")
        source_line = f"{frames_from.name} ({frames_from.about})" if frames_from.about else frames_from.name
        _say(f"{source_line}, {name}, {stylizer.model.description}" + ("; press h for the keys" if windowed else ""))
        _say(str(session.run()))


def _has_display(needed: bool) -> bool:
    """Whether a window can be opened; SinkError when it cannot and is `needed`."""
    from realtime.sinks import display_problem

    problem = display_problem()
    if problem and needed:
        raise SinkError(f"no window can be opened: {problem}; --record FILE or --no-window --frames N work without one")
    if problem:
        _say(f"no window: {problem}; recording without one, end with Ctrl-C, --frames or --seconds")
    return not problem


@realtime.command()
@_styles_option
@click.option(
    "--sheet", type=_file, metavar="FILE", help="Draw the demo scene in every style into a new .png or .jpg file."
)
@_model_option
def styles(folders: tuple[Path, ...], sheet: Path | None, model: str) -> None:
    """List the styles: shipped, your own, and those of --styles."""
    from realtime.pictures import load_picture
    from realtime.styles import find_styles, standard_folders, user_folder

    found, notices = find_styles([*standard_folders(), *folders])
    pictures = []
    for style in found:
        try:
            picture = load_picture(style.path)
        except RealtimeError as error:
            notices.append(str(error))
            continue
        if sheet:
            pictures.append((style.name, picture))
        height, width = picture.shape[:2]
        click.echo(f"{style.name:20}  {width}×{height}  {style.path}")
    for notice in notices:
        _say(notice)
    _say(f"pictures in {user_folder()} are styles too")
    if sheet:
        _draw_sheet(sheet, pictures, model)


def _draw_sheet(path: Path, pictures: list[tuple[str, Picture]], model: str) -> None:
    from PIL import Image

    from realtime.sheet import contact_sheet
    from realtime.sources.scene import Scene
    from realtime.stylizer import Stylizer

    if path.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise UsageError(f"a sheet is a .png or .jpg file, not {path.name!r}")
    with Stylizer(model) as stylizer:
        drawn = contact_sheet(stylizer, Scene((640, 480)).draw(12.0), pictures)
    try:
        with open(path, "xb") as file:
            Image.fromarray(drawn[:, :, ::-1]).save(file, quality=85)
    except FileExistsError:
        raise UsageError(f"{path} exists already; nothing is overwritten, choose another name") from None
    except OSError as error:
        raise SinkError(f"{path} cannot be written ({error.strerror or error})") from error
    _say(f"saved {path}")


@realtime.command()
def cameras() -> None:
    """List the cameras: number, name and sizes."""
    from realtime.sources.camera import list_cameras, sizes

    found = list_cameras()
    for camera in found:
        granted = ", ".join(f"{width}x{height}" for width, height in sizes(camera)) or "busy, or may not be used"
        click.echo(f"{camera.number}  {camera.name}  {granted}")
    if not found:
        _say("there is no camera that the system knows of; --source demo needs none")


@realtime.command()
@_model_option
@click.option("--against", multiple=True, metavar="M", help="Another model, measured in the same run.")
@click.option("--size", type=_size, metavar="WxH", default="640x480", show_default=True, help="Of the frame.")
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True, help="How often each is timed.")
def bench(model: str, against: tuple[str, ...], size: Size, rounds: int) -> None:
    """Measure how fast models are on this machine: medians of rounds in which they take turns."""
    from realtime.bench import bench as measure
    from realtime.models import open_model

    timings = measure([open_model(text) for text in (model, *against)], size, rounds)
    for timing in timings:
        ratio = "" if timing is timings[0] else f", {timing.frame_ms / timings[0].frame_ms:.1f} times as long"
        click.echo(f"{timing.model}: a style {timing.encode_ms:.1f} ms, a frame {timing.frame_ms:.1f} ms{ratio}")


def _say(text: str) -> None:
    click.echo(f"realtime: {text}", err=True)


def main() -> NoReturn:
    """The `realtime` command: errors in a line or two, exit status 2 for wrong use and 1 for a failed run."""
    # Being told to end is like Ctrl-C: threads end, clips are finished.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError):  # a file's name may hold what the terminal has no letters for
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        realtime(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        _say(error.format_message())
        sys.exit(2)
    except click.ClickException as error:
        _say(f"{error.format_message()} (see realtime --help)")
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
    except RealtimeError as error:
        _say(str(error))
        sys.exit(error.exit_status)
    except KeyboardInterrupt:  # before or after the session, which ends quietly itself
        sys.exit(130)
    except ImportError as error:
        if "libGL" in str(error) or "libgthread" in str(error) or "libglib" in str(error):
            _say(
                f"OpenCV needs a library that this system lacks ({error}); on Debian or Ubuntu: apt install libgl1 libglib2.0-0"
            )
        else:
            _say(f"a package is missing ({error}); install the program again")
        sys.exit(1)
    except Exception as error:
        if os.environ.get("REALTIME_TRACEBACK"):
            raise
        _say(
            f"this should not happen: {type(error).__name__}: {error}; REALTIME_TRACEBACK=1 shows where, for a bug report"
        )
        sys.exit(1)
    sys.exit(0)


def program() -> NoReturn:
    """`main` as a process of its own."""
    try:
        main()
    except SystemExit as end:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: one Ctrl-C more changes nothing
        # A reader that a camera's driver holds on to is a daemon: Python ending under it could abort the process.
        reader = sys.modules.get("realtime.sources.reader")
        if reader and reader.stuck_threads():
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(int(end.code or 0))
        raise
