"""``python -m realtime.training COMMAND``; ``--help`` lists the commands, from ``train`` to ``accelerated``."""

from __future__ import annotations

import os

from realtime.core.errors import UsageError

from . import commands, options, strokes

os.environ.setdefault("KERAS_BACKEND", "tensorflow")


def main(arguments: list[str] | None = None) -> None:
    """Run one command.

    Args:
        arguments: The words of the command line, by default those of the process.

    Raises:
        SystemExit: With status 2, after one line that says why, where the command cannot be run as it is.
    """
    parser = options.parser()
    chosen = parser.parse_args(arguments)
    try:
        options.check(chosen)
        {
            "train": commands.train,
            "pack": strokes.pack,
            "strokes": strokes.train,
            "mean": strokes.mean,
            "evaluate": commands.evaluate,
            "export": commands.export,
            "unpack": commands.unpack,
            "accelerated": commands.accelerated,
            "sheet": commands.sheet,
        }[chosen.command](chosen)
    except UsageError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
