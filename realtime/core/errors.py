"""One family of errors. Each message says what was wrong, with the value, and what to do next."""


class RealtimeError(Exception):
    """Anything that this program can say about a failure; the command line shows it and exits with `exit_status`."""

    exit_status = 1


class UsageError(RealtimeError):
    """The program was asked for something that does not exist or does not fit."""

    exit_status = 2


class SourceError(RealtimeError):
    """A camera, file, folder or address gives no pictures."""


class SourceEndedError(SourceError):
    """A source gives no more frames: it has come to its end, or was closed."""


class ModelError(RealtimeError):
    """A model cannot be found, read or run."""


class StyleError(RealtimeError):
    """A style picture or a style code cannot be used."""


class SinkError(RealtimeError):
    """A window, snapshot or clip cannot be opened or written."""
