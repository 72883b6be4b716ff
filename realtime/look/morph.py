"""Style codes on their way: from one mixture of styles to the next, and along with the content."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from realtime.core.frame import Picture
from realtime.look.look import MOST_STYLES, Mixture, between, eased, mixture
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer

_OWN_CODE_SECONDS = 0.5  # how often the content's own code is worked out, for strengths below 1


class Morph:
    """The code of a mixture of styles, on its way there from the mixture before.

    Attributes:
        seconds: How long a change takes, from the next one on; 0 is at once.
        since: The time of the last change, in seconds.
    """

    def __init__(self, code: Callable[[str], StyleCode | None], seconds: float) -> None:
        """Begin with no style.

        Args:
            code: Gives a style's code by its name; None means that the styles before go on.
            seconds: How long a change takes.
        """
        self._code_of, self.seconds, self.since = code, seconds, 0.0
        self._styles: Mixture = ()
        self._before: Mixture = ()
        self._codes: list[StyleCode] = []
        self._from: StyleCode | None = None
        self._to: StyleCode | None = None

    @property
    def over(self) -> bool:
        """Whether the mixture wished for is reached."""
        return self._from is None

    def code(self, styles: Mixture, now: float) -> StyleCode | None:
        """Work out the code of a moment.

        Args:
            styles: The mixture wished for.
            now: The time of the frame, in seconds.

        Returns:
            The code, or None where no style's code is known yet.
        """
        found = [self._code_of(name) for name, _ in styles]
        codes = [code for code in found if code is not None]
        if len(codes) == len(found) and (
            styles != self._styles or any(a is not b for a, b in zip(codes, self._codes, strict=True))
        ):
            target = mixed(codes, [weight for _, weight in styles])
            same_space = self._to is not None and self._to.identity == target.identity
            self._before = self.styles(now)
            self._from = self._between(now) if same_space else None
            self._to, self.since = target, now
            self._styles, self._codes = styles, codes
        return self._between(now)

    def styles(self, now: float) -> Mixture:
        """Give the mixture of a moment, of its heaviest styles where it is one of many.

        Args:
            now: The time of the frame, in seconds.

        Returns:
            The mixture.
        """
        if self._from is None:
            return self._styles
        styles = [part for part in between(self._before, self._styles, self._share(now)) if part[1]]
        heaviest = sorted(styles, key=lambda part: -part[1])[:MOST_STYLES]
        return mixture([part for part in styles if part in heaviest])

    def _between(self, now: float) -> StyleCode | None:
        if self._from is None or self._to is None:
            return self._to
        share = self._share(now)
        if share == 1.0:
            self._from = None
            return self._to
        return self._from.blend(self._to, share)

    def _share(self, now: float) -> float:
        """How far the morph to the mixture wished for is: 0..1."""
        return eased(min(1.0, max(0.0, (now - self.since) / self.seconds))) if self.seconds else 1.0


def mixed(codes: Sequence[StyleCode], weights: Sequence[float]) -> StyleCode:
    """Mix style codes.

    Args:
        codes: Codes of one style network, at least one.
        weights: A weight for each, from 0 up.

    Returns:
        The mixture.

    Raises:
        StyleError: The codes are of several style networks.
    """
    mixture, total = codes[0], weights[0]
    for code, weight in zip(codes[1:], weights[1:], strict=True):
        total += weight
        mixture = mixture.blend(code, weight / total if total else 0.0)
    return mixture


class OwnCode:
    """The content's own style code, eased from one that is worked out twice a second to the next."""

    def __init__(self, stylizer: Stylizer) -> None:
        """Begin before the first frame.

        Args:
            stylizer: Makes the codes.
        """
        self._stylizer = stylizer
        self._picture: Picture | None = None
        self._from: StyleCode | None = None
        self._to: StyleCode | None = None
        self._since = 0.0

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """Tell what the next code depends on.

        Returns:
            The two codes and the time of the second, as arrays by name; nothing before the first frame.
        """
        if self._from is None or self._to is None:
            return {}
        arrays: dict[str, npt.NDArray[Any]] = {"since": np.array(self._since)}
        for name, code in (("from", self._from), ("to", self._to)):
            arrays |= {f"{name} {number}": array for number, array in enumerate(code.arrays)}
        return arrays

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        """Go on after the frame that `state` was taken after.

        Args:
            state: What `state` returned, perhaps read from a file.

        Raises:
            ValueError: An array is missing.
        """
        if not state:
            return
        count = len(state) // 2
        try:
            before, after = (
                StyleCode(self._stylizer.model.identity, tuple(state[f"{name} {n}"] for n in range(count)))
                for name in ("from", "to")
            )
            self._from, self._to, self._since = before, after, float(state["since"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"the content's own code lacks {error}") from error

    def __call__(self, picture: Picture, now: float) -> StyleCode:
        """Work out the code of a moment.

        Args:
            picture: The frame: uint8, H×W×3, BGR. A picture that stays is worked out once.
            now: The time of the frame, in seconds.

        Returns:
            The code.
        """
        passed, new = now - self._since, picture is not self._picture
        if self._to is None or (new and not 0 <= passed <= 2 * _OWN_CODE_SECONDS):
            self._to = self._from = self._stylizer.encode(picture)
            self._picture, self._since = picture, now
        elif new and passed >= _OWN_CODE_SECONDS:
            self._from, self._to = self._to, self._stylizer.encode(picture)
            self._picture, self._since = picture, now
        assert self._from is not None
        return self._from.blend(self._to, min(1.0, max(0.0, now - self._since) / _OWN_CODE_SECONDS))
