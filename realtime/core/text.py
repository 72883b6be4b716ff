"""Text from outside the program, made fit to be shown and stored."""


def clean(text: str) -> str:
    """`text` with "?" for what is no character: Python keeps the odd bytes of a file name as lone surrogates, on which
    OpenCV crashes and which cannot be printed."""
    return text.encode("utf-8", "replace").decode()
