"""The page of a session: its options, what is opened, and what is said of it; and `realtime serve`, the page alone."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realtime.cli.options import finite, folder, model_option, say, say_loading, styles_option
from realtime.core.errors import UsageError
from realtime.core.installed import install_command

if TYPE_CHECKING:
    from realtime.live.outputs import Outputs, Saving
    from realtime.live.session import LiveSession
    from realtime.live.stream import Shown
    from realtime.models.stylizer import Stylizer
    from realtime.page.page import Page

_PACKAGES = ("starlette", "uvicorn", "websockets", "segno")

_MORE = (
    click.option(
        "--lan", is_flag=True, help="Let the local network reach the page, by https with a certificate of its own."
    ),
    click.option("--open", "open_browser", is_flag=True, help="Open the page in the browser."),
    click.option(
        "--take-home", is_flag=True, help="Give each snapshot an address by which visitors take it home, for an hour."
    ),
)


@dataclass(frozen=True, slots=True)
class PageChoice:
    """What the options say of the page; `address` is None where there is to be none."""

    address: str | None
    lan: bool
    open_browser: bool
    take_home: bool

    @property
    def wanted(self) -> bool:
        """Whether there is to be a page."""
        return self.address is not None


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a page: --page and those that go with it."""
    for option in reversed(_MORE):
        command = option(command)
    return click.option(
        "--page",
        is_flag=False,
        flag_value="",
        metavar="[HOST:PORT]",
        help="Show and steer it in a browser, too. Default: 127.0.0.1:8000, or the next free port.",
    )(command)


def check_page(choice: PageChoice) -> None:
    """Find out what is wrong with the options of a page before anything is opened.

    Raises:
        UsageError: An option needs --page, the address is none, or a package is missing.
    """
    if not choice.wanted:
        given = {"--lan": choice.lan, "--open": choice.open_browser, "--take-home": choice.take_home}
        if alone := next((name for name, value in given.items() if value), None):
            raise UsageError(f"{alone} is about the page; give --page, too")
        return
    for package in _PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise UsageError(f"the page needs {package}, which is not installed: {install_command()}")
    from realtime.page.address import parse

    address = parse(choice.address or "", choice.lan)
    if not address.local and importlib.util.find_spec("cryptography") is None:
        raise UsageError(f"https needs a package that is not installed: {install_command('lan')}")


def open_page(
    stack: ExitStack,
    choice: PageChoice,
    session: LiveSession,
    stylizer: Stylizer,
    shown: Shown | None,
    saving: Saving,
    outputs: Outputs | None = None,
) -> Page | None:
    """Open the page of a session, if one was asked for, and say where it is.

    Args:
        stack: Closes it.
        choice: What the options say.
        session: The session.
        stylizer: Makes codes of pictures that people bring.
        shown: What the program itself shows, where it has a source.
        saving: Where and how pictures are saved.
        outputs: What saves those of it.

    Returns:
        The page, open.

    Raises:
        RealtimeError: It cannot be opened.
    """
    if not choice.wanted:
        return None
    from realtime.page.address import parse
    from realtime.page.giving import qr_for_terminal
    from realtime.page.page import Page, PageOptions

    address = parse(choice.address or "", choice.lan)
    page = Page(session, stylizer, shown, PageOptions(address, choice.take_home, saving), outputs)
    page.open()
    stack.callback(page.close)
    # Not by `say`, which the log hears: these addresses hold tokens.
    click.echo(f"realtime: the page is at {page.url()}", err=True)
    click.echo(f"realtime: the picture alone, for OBS or a projector: {page.plain_view()}", err=True)
    for number, stream in enumerate(shown.streams if shown and len(shown.streams) > 1 else (), 1):
        click.echo(f"realtime: source {number}, {stream.source.name}, alone: {page.plain_view(number)}", err=True)
    if page.secure:
        click.echo(f"realtime: visitors lend their cameras at {page.url('guest')}", err=True)
        say(f"browsers warn of the page's own certificate; {page.warning} explains it")
        if sys.stderr.isatty():
            click.echo(qr_for_terminal(page.url()), err=True)
    if choice.open_browser:
        import webbrowser

        if not webbrowser.open(page.url_once()):
            say("no browser could be opened; open the address by hand")
    return page


@click.command()
@click.argument("address", default="")
@styles_option
@model_option
@click.option("--out", type=folder, metavar="DIR", help="Folder for snapshots and clips.")
@click.option("--strobe", is_flag=True, help="Let slideshows change more than three times a second.")
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    callback=finite,
    metavar="N",
    help="End after N seconds. Default: with Ctrl-C.",
)
def serve(
    address: str,
    folders: tuple[Path, ...],
    model: str,
    out: Path | None,
    strobe: bool,
    seconds: float | None,
    lan: bool,
    open_browser: bool,
    take_home: bool,
) -> None:
    """Serve the page alone: each browser lends its own camera, and all share one model."""
    choice = PageChoice(address, lan, open_browser, take_home)
    check_page(choice)
    from realtime.cli.startup import close_unless_hung
    from realtime.core.signals import ended_in_time
    from realtime.live.outputs import Saving
    from realtime.live.session import LiveSession
    from realtime.models.stylizer import Stylizer
    from realtime.styles.library import StyleLibrary

    session: LiveSession | None = None
    with ExitStack() as stack:
        stack.enter_context(ended_in_time(say))
        say_loading(model)
        stylizer = Stylizer(model)
        stack.callback(lambda: close_unless_hung(stylizer, session))
        library = StyleLibrary(stylizer, folders)
        library.first()
        for notice in library.notices:
            say(notice)
        session = LiveSession(stylizer, library, strobe)
        open_page(stack, choice, session, stylizer, None, Saving(folder=out))
        say("serving; end with Ctrl-C")
        session.run(seconds=seconds)


for _option in reversed(_MORE):
    _option(serve)
