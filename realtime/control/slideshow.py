"""The slideshow of styles."""

from __future__ import annotations

import time
from collections.abc import Callable

from realtime.control.commands import StepStyle
from realtime.control.controls import Controls
from realtime.look.look import Mixture

FLASH_SECONDS = 1 / 3
"""The least time between two changes of the whole picture: three a second, as WCAG 2.3.1 has it."""


def flashing(seconds: float, strobe: bool) -> str:
    """Say what becomes of a slideshow that changes more often than `FLASH_SECONDS` allow."""
    if strobe:
        return f"a style every {seconds:g} s flashes: such pictures can cause seizures in people with photosensitive epilepsy"
    return (
        f"a style every {seconds:g} s would flash, which can cause seizures; it changes three times a second at most,"
        " unless --strobe is given"
    )


class Slideshow:
    """Takes the next style when the one that is shown has had its time; a style chosen by key has its time too.

    A tick that comes late does not put off those after it, so that styles change in beats for as long as they are let.
    """

    def __init__(self, controls: Controls, clock: Callable[[], float] = time.monotonic, strobe: bool = False) -> None:
        """Walk through the styles of `controls`, in seconds of `clock`; `strobe` allows more than three changes a second."""
        self._controls, self._clock, self._strobe = controls, clock, strobe
        self._shown: Mixture = ()
        self._since = 0.0  # when the style should have come
        self._changed = 0.0  # when it came

    def tick(self) -> None:
        """Go on if it is time. To be called often."""
        settings, now = self._controls.settings, self._clock()
        rests = not settings.slideshow or settings.frozen or settings.awaits_preset
        if settings.look.styles != self._shown or rests:
            self._shown, self._since, self._changed = settings.look.styles, now, now
            return
        late = now - self._since - settings.slideshow
        if late < 0 or (not self._strobe and now - self._changed < FLASH_SECONDS):
            return
        self._controls.apply(StepStyle(1))
        self._shown = self._controls.settings.look.styles
        self._since, self._changed = now - late if late < settings.slideshow else now, now
