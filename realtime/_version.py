"""The one place of the version: the package, the program and the build read it here."""

__version__ = "0.1.0"
