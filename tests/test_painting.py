"""Painting several frames of a film at a time, also where a frame depends on those before."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from fractions import Fraction

import media
import numpy as np
import pytest
from fakes import FakeModel

from realtime.core.errors import ModelError
from realtime.core.frame import Frame, Picture
from realtime.look.look import Look
from realtime.look.pipeline import Pipeline
from realtime.models.base import StyleCode
from realtime.models.stylizer import Stylizer
from realtime.render import painting
from realtime.render.footage import Footage, Shot
from realtime.render.painting import Painted, Painters
from realtime.render.schedule import Schedule

RATE = 25
LOOK = Look((("red", 1.0),), strength=0.6, steady=0.7)
SECONDS = 30
CODE = StyleCode(FakeModel.identity, (np.array((20, 20, 220), np.float32),))


class Film(Footage):
    """A still picture with noise."""

    def __init__(self, count: int) -> None:
        self.name, self.time_base, self.start = "film", Fraction(1, RATE), 0
        noise = np.random.default_rng(0).integers(0, 9, (count, *media.numbered(0).shape), np.uint8)
        self._pictures = list(media.numbered(0) // 2 + noise)
        self.size = self._pictures[0].shape[1], self._pictures[0].shape[0]

    def shots(self, since: int | None = None) -> Iterator[Shot]:
        for number, picture in enumerate(self._pictures):
            if since is None or number >= since:
                yield Shot(picture, number, 1)


class Darker(FakeModel):
    """Paints pictures with half of their brightness, so that what is held of the one before is seen."""

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        self.check(code)
        return picture // 2


class Together(Darker):
    """Paints pictures two at a time: none alone."""

    meeting = threading.Barrier(2)

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        self.meeting.wait(SECONDS)
        return super().stylize(picture, code)


class Failing(Darker):
    """Fails at the fifth picture."""

    painted = 0

    def stylize(self, picture: Picture, code: StyleCode) -> Picture:
        self.painted += 1
        if self.painted == 5:
            raise ModelError("out of paint")
        return super().stylize(picture, code)


def code(name: str) -> StyleCode:
    return CODE


def painted(stylizers: list[Stylizer], film: Film, state: bytes = b"", since: int | None = None) -> list[Painted]:
    return list(Painters(stylizers, code, Schedule(LOOK), state).paint(film, since, None, lambda: False))


def test_frames_are_painted_at_the_same_time_and_held_steady_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painting, "SEGMENT_SECONDS", 1)
    film = Film(60)
    alone = Pipeline(Stylizer(Darker()), code, morph=0)
    wanted = [alone.paint(Frame(shot.picture, shot.pts / RATE), LOOK).picture for shot in film.shots()]
    found = painted([Stylizer(Together()) for _ in range(2)], film)
    assert [one.shot.pts for one in found] == list(range(60))
    for one, picture in zip(found, wanted, strict=True):
        assert np.array_equal(one.picture, picture)
    assert any(not np.array_equal(one.picture, one.shot.picture // 2) for one in found)  # something is held
    assert [one.shot.pts for one in found if one.state] == [0, 25, 50]


def test_what_is_remembered_at_a_segment_is_what_the_frame_before_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(painting, "SEGMENT_SECONDS", 1)
    film = Film(60)
    found = painted([Stylizer(Darker()) for _ in range(3)], film)
    again = painted([Stylizer(Darker())], film, found[25].state, since=25)
    for one, other in zip(found[25:], again, strict=True):
        assert np.array_equal(one.picture, other.picture)
    alone = painted([Stylizer(Darker())], film)
    with np.load(io.BytesIO(found[50].state)) as many, np.load(io.BytesIO(alone[50].state)) as single:
        assert set(many) == set(single)
        assert all(np.array_equal(many[name], single[name]) for name in many)


def test_a_model_that_fails_ends_the_painting_with_its_error() -> None:
    before = set(threading.enumerate())
    with pytest.raises(ModelError, match="out of paint"):
        painted([Stylizer(Failing()) for _ in range(2)], Film(60))
    assert set(threading.enumerate()) == before
