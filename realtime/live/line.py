"""The heads-up line: what is shown, and how."""

from __future__ import annotations

from collections.abc import Sequence

from realtime.control.quality import Quality
from realtime.control.settings import Settings
from realtime.look.look import Look, brush_text
from realtime.look.stylized import Stylized


def heads_up_line(
    stylized: Stylized, settings: Settings, names: Sequence[str], rate: float, quality: Quality | None = None
) -> str:
    """Describe a frame.

    Args:
        stylized: The frame; on the way from one look to the next its own look is named.
        settings: The settings of its stream.
        names: The names of all styles, for the place of the one in use.
        rate: Frames a second that are shown.
        quality: The stream's automatic quality; None where it has none.

    Returns:
        One line of text.
    """
    look = stylized.look
    place = f"{names.index(look.name) + 1}/{len(names)} " if look.name in names else ""
    amounts = {"strength": settings.look.strength, "own colours": look.own_colours, "steady": look.steady}
    texts = [place + _mixture(look)]
    texts += [f"{name} {amount:.0%}" for name, amount in amounts.items() if amount != (name == "strength")]
    texts += [f"brush {brush_text(look.brush)}"] if look.brush != 1 else []
    texts = ["original"] if settings.original else texts
    texts += [f"quality {quality.share:.0%}"] if quality and quality.share < 1 else []
    wished = f" of {quality.wished:.0f}" if quality and quality.falls_short else ""
    texts += [f"{rate:.0f}{wished} fps", "frozen" if settings.frozen else ""]
    return "  ·  ".join(text for text in texts if text)


def _mixture(look: Look) -> str:
    """Name the styles of a look, with their weights where there are several."""
    if len(look.styles) == 1:
        return look.name
    return " + ".join(f"{name} {weight:.0%}" for name, weight in look.styles)
