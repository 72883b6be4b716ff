"""Text from outside the program, made fit to be shown and stored."""


def clean(text: str) -> str:
    """Give `text` with "?" for each lone surrogate.

    Python keeps the odd bytes of a file name as lone surrogates: OpenCV crashes on them, and they cannot be printed.
    """
    return text.encode("utf-8", "replace").decode()
