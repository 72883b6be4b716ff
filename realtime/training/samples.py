"""Training samples of the frame network, labelled by the teacher.

A sample is made from an index alone, so a run that is interrupted and resumed sees the same samples as one that is not.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .augment import grain, jitter, moved_by, random_crop, with_grain
from .codes import draw_code
from .data import Floats, Picture

MARGIN = 8
"""A sample is this many pixels larger than a view of it, so that two views can lie shifted within it."""


@dataclass
class Sample:
    """A content crop, its codes and grain, and what the teacher paints of it.

    Attributes:
        content: uint8 RGB (S, S, 3).
        code: The code (100,) that the student is given.
        target: The teacher's code (100,).
        grain: What the grain adds, int16 (S, S).
        label: What the teacher paints of the crop with its code, uint8 RGB (S, S, 3).
    """

    content: Picture
    code: Floats
    target: Floats
    grain: NDArray[np.int16]
    label: Picture


Banks = Callable[[int], tuple[Floats, Floats]]
"""The codes that the samples new at a step are drawn from: the teacher's (M, 100), and those of the same styles that the
student is given, (M, 100)."""
Labeller = Callable[[Floats, Floats], Floats]
"""Contents (N, S, S, 3) in 0..1 and codes (N, 100) -> the teacher's pictures (N, S, S, 3) in 0..1."""


class Samples:
    """An endless, growing row of samples, labelled when first needed and kept in memory for a while.

    Sample number i follows from the seed and i alone. Of the `batch` samples of a step, `fresh` are new and the others
    are drawn from the last `keep` ones, which saves most of the teacher's time.
    """

    def __init__(
        self,
        photos: Sequence[Picture],
        banks: Banks,
        label: Labeller,
        view: int,
        batch: int,
        fresh: int,
        keep: int = 6000,
        start: int = 48,
        seed: int = 0,
    ) -> None:
        self.photos, self.banks, self.label = photos, banks, label
        self.view, self.size, self.batch, self.fresh = view, view + MARGIN, batch, fresh
        self.keep, self.start, self.seed = keep, start, seed
        self.cache: OrderedDict[int, Sample] = OrderedDict()
        self.noise = np.random.default_rng([seed, 4]).standard_normal(6 * batch * view * view, np.float32)

    def draw(self, index: int) -> tuple[Picture, Floats, Floats, NDArray[np.int16]]:
        """Draw content, the teacher's code, the student's, and the grain of sample number `index`, before labelling."""
        rng = np.random.default_rng([self.seed, 1, index])
        crop = random_crop(self.photos[int(rng.integers(len(self.photos)))], self.size, rng, (1.0, 1.8))
        if rng.random() < 0.3:
            crop = jitter(crop, rng, 0.7)
        if rng.random() < 0.06:  # bare walls and backgrounds out of focus
            crop = np.asarray(cv2.GaussianBlur(crop, (0, 0), rng.uniform(2, 30)))
        target, code = draw_code(self.banks(max(0, index - self.start) // self.fresh), rng)
        top, left = (int(rng.integers(side)) for side in grain().tile.shape)
        return crop, target, code, grain().piece(self.size, self.size, top, left)

    def fetch(self, indices: Sequence[int]) -> list[Sample]:
        """Give the samples of these numbers; those not in memory are labelled, `fresh` at a time."""
        missing = [i for i in dict.fromkeys(indices) if i not in self.cache]
        step = max(1, self.fresh)
        for at in range(0, len(missing), step):
            part = missing[at : at + step]
            drawn = [self.draw(i) for i in part + [part[-1]] * (step - len(part))]
            contents = with_grain(np.stack([c for c, _, _, _ in drawn]), np.stack([g for _, _, _, g in drawn]))
            labels = self.label(contents, np.stack([t for _, t, _, _ in drawn]))
            for i, (content, target, code, laid), label in zip(part, drawn, labels, strict=False):
                painted = (np.clip(label, 0, 1) * 255 + 0.5).astype(np.uint8)
                self.cache[i] = Sample(content, code, target, laid, painted)
        found = [self.cache[i] for i in indices]
        while len(self.cache) > self.keep:
            self.cache.popitem(last=False)
        return found

    def step(self, number: int, noise: float = 5.0) -> dict[str, np.ndarray]:
        """Make the batch of a training step.

        Args:
            number: The step's.
            noise: The largest deviation of the noise, of 255.

        Returns:
            ``first`` and ``second``: two noisy views (N, V, V, 3) of the same contents, the second shifted by ``shift`` (2,)
            pixels and fractions of them, under the same grain, which lies still as a camera moves; ``plain``: the first without
            noise and grain; ``label``: the teacher's picture of it; ``code`` (N, 1, 1, 100), the student's, and ``target``
            (N, 100), the teacher's.
        """
        rng = np.random.default_rng([self.seed, 2, number])
        newest = self.start + number * self.fresh
        oldest = max(0, newest - self.keep // 2)
        old = rng.integers(oldest, newest, self.batch - self.fresh).tolist()
        picked = self.fetch(old + list(range(newest, newest + self.fresh)))
        still = rng.random() < 0.4
        a = rng.integers(0, MARGIN + 1, 2)
        b = a if still else rng.uniform(0, MARGIN, 2)
        at_b = np.floor(b).astype(int)
        contents = np.stack([s.content for s in picked]).astype(np.float32)
        labels = np.stack([s.label for s in picked]).astype(np.float32) / 255
        laid = np.stack([s.grain for s in picked])
        if rng.random() < 0.5:
            contents, labels, laid = contents[:, :, ::-1], labels[:, :, ::-1], laid[:, :, ::-1]

        def cut(x: np.ndarray, at: np.ndarray) -> np.ndarray:
            return x[:, at[0] : at[0] + self.view, at[1] : at[1] + self.view]

        others = contents if still else moved_by(np.ascontiguousarray(contents), b - at_b)

        def noisy(x: np.ndarray) -> np.ndarray:
            sigma = rng.uniform(0, noise, (len(x), 1, 1, 1)).astype(np.float32)
            at = int(rng.integers(self.noise.size - x.size))  # drawn anew, it would take longer than all else
            grown = self.noise[at : at + x.size].reshape(x.shape) * np.maximum(sigma, 0.5)
            return with_grain(np.clip(np.rint(x + grown), 0, 255), cut(laid, a))

        return {
            "first": noisy(cut(contents, a)),
            "second": noisy(cut(others, at_b)),
            "shift": (b - a).astype(np.float32),
            "plain": np.ascontiguousarray(cut(contents, a)) / np.float32(255),
            "label": np.ascontiguousarray(cut(labels, a)),
            "code": np.stack([s.code for s in picked])[:, None, None, :],
            "target": np.stack([s.target for s in picked]),
        }
