"""The command `realtime` as a group: what stands for a command is taken as what it means, and the help in groups."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from realtime.cli.options import say
from realtime.core.paths import user_path

EXAMPLES = (
    ("realtime --style wave", "the first camera, in a style"),
    ("realtime holiday.mp4 --record new.mp4", "a video, recorded as it is shown"),
    ("realtime photo cat.jpg --style glass", "a photo, painted at full size"),
)

GROUPS = {
    "Picture": ("source", "style", "look_file", "strength", "own_colours", "brush", "folders", "model", "size", "mirror",
                "slideshow"),
    "Window": ("fullscreen", "fill", "info", "announce", "kiosk", "page", "no_window"),
    "Saving": ("record", "audio", "out"),
}  # fmt: skip
"""The options that `--help` explains, by their parameters' names; `realtime help all` explains every option."""


class ProgramGroup(click.Group):
    """Takes `realtime holiday.mp4` as `--source holiday.mp4`, and `realtime help` as `--help`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments as they are meant."""
        meant = self._meant(ctx, args) if args else args
        return super().parse_args(ctx, meant)

    def _meant(self, ctx: click.Context, args: list[str]) -> list[str]:
        parser = self.make_parser(ctx)
        rest: list[str] = []
        with suppress(click.UsageError):  # said when the arguments are parsed in earnest
            options, rest, _ = parser.parse_args(list(args))
        if not rest or rest[0] in self.commands:
            return args
        word, before = rest[0], args[: len(args) - len(rest)]
        if word == "help":
            return self._help_wanted(ctx, rest[1:])
        if not _names_source(word):
            return args
        if "source" in options:
            other = options["source"][0]
            raise click.UsageError(
                f"{word} and {other} are two sources; --source {other} --source {word} switches between them by the key v;"
                " realtime render or realtime photo paint several files",
                ctx,
            )
        hint = f"; realtime photo {word} paints it into a file" if _is_picture(word) else ""
        say(f"{word} is taken as --source {word}{hint}")
        return self._meant(ctx, [*before, "--source", word, *rest[1:]])

    def _help_wanted(self, ctx: click.Context, words: list[str]) -> list[str]:
        if words == ["all"]:
            click.echo(self.whole_help(ctx))
            ctx.exit()
        if words and words[0] not in self.commands:
            raise click.UsageError(
                f"there is no command {words[0]!r}; there are {', '.join(sorted(self.commands))}", ctx
            )
        return [*words[:1], "--help"]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; say what a word may have meant that is none."""
        word = args[0]
        if word not in self.commands and not word.startswith("-"):
            import difflib  # for this alone

            near = difflib.get_close_matches(word, [*self.commands, "demo", "help"], 1)
            meant = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(self.commands))}"
            raise click.UsageError(f"{word!r} is no command, no file and no address{meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help: commands first, examples, then the options that most people want."""
        self._write_head(ctx, formatter)
        for heading, names in GROUPS.items():
            self._write_options(ctx, formatter, heading, names)
        shown = self.get_help_option(ctx)
        self._write_options(ctx, formatter, "Help", (str(shown.name) if shown else "", "version"))
        known = {name for names in GROUPS.values() for name in names} | {"help", "version"}
        others = [_spelled(option) for option in self.params if option.name not in known]
        formatter.write_paragraph()
        text = f"More options, explained by realtime help all: {', '.join(others)}"
        formatter.write(
            f"{textwrap.fill(text, formatter.width, break_on_hyphens=False)}\n"
        )  # no option is broken in two

    def whole_help(self, ctx: click.Context) -> str:
        """Give the help with every option."""
        formatter = ctx.make_formatter()
        self._write_head(ctx, formatter)
        self._write_options(ctx, formatter, "Options", [str(option.name) for option in self.get_params(ctx)], False)
        return formatter.getvalue().rstrip("\n")

    def _write_head(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write_usage(ctx.command_path, "[SOURCE | COMMAND] [OPTIONS]...")
        formatter.write_paragraph()
        formatter.write_text(f"{self.get_short_help_str(200)} Press h in the window for the keys.")
        with formatter.section("Commands"):
            room = formatter.width - 14
            commands = [(name, _short(self.commands[name], room)) for name in sorted(self.commands)]
            formatter.write_dl(commands)
        with formatter.section("Examples"):
            formatter.write_dl(EXAMPLES, col_max=45)

    def _write_options(
        self, ctx: click.Context, formatter: click.HelpFormatter, heading: str, names: Sequence[str], brief: bool = True
    ) -> None:
        options = {str(option.name): option for option in self.get_params(ctx)}
        records = [record for name in names if name in options and (record := options[name].get_help_record(ctx))]
        if brief:
            records = [(option, _first_sentence(text)) for option, text in records]
        with formatter.section(heading):
            formatter.write_dl(records)


def _short(command: click.Command, room: int) -> str:
    """Give a command's help in one line, whole where it fits."""
    text = command.get_short_help_str(200)
    return text if len(text) <= room else re.split("[:;]", text)[0] + "."


def _first_sentence(text: str) -> str:
    return re.split(r"\. |\.?  \[", text)[0].rstrip(".")


def _spelled(option: click.Parameter) -> str:
    return max(option.opts, key=len)


def _names_source(word: str) -> bool:
    """Say whether a word that is no command names a source without doubt."""
    return word == "demo" or word.isdecimal() or "://" in word or os.path.exists(user_path(word)) or bool(_ending(word))


def _is_picture(word: str) -> bool:
    from realtime.media.kinds import PICTURES

    return _ending(word) in PICTURES and os.path.isfile(user_path(word))


def _ending(word: str) -> str:
    """Give the ending of a file's name: an address and a hidden file have none."""
    return "" if "://" in word else Path(word).suffix.lower()
