"""The slideshow of styles."""

from __future__ import annotations

import time
from collections.abc import Callable

from realtime.control.commands import StepStyle
from realtime.control.controls import Controls
from realtime.look.look import Mixture


class Slideshow:
    """Takes the next style when the one that is shown has had its time; a style chosen by key has its time too."""

    def __init__(self, controls: Controls, clock: Callable[[], float] = time.monotonic) -> None:
        """Walk through the styles of `controls`, in seconds of `clock`."""
        self._controls, self._clock = controls, clock
        self._shown: Mixture = ()
        self._since = 0.0

    def tick(self) -> None:
        """Go on if it is time. To be called often."""
        settings, now = self._controls.settings, self._clock()
        rests = not settings.slideshow or settings.frozen or settings.awaits_preset
        if settings.look.styles != self._shown or rests:
            self._shown, self._since = settings.look.styles, now
        elif now - self._since >= settings.slideshow:
            self._controls.apply(StepStyle(1))
