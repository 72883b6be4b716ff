"""Painting several frames of a film at a time, also where a frame depends on those before."""

from __future__ import annotations

import io
import threading
from collections.abc import Generator
from fractions import Fraction

import media
import numpy as np
import pytest
from fakes import FakeModel

from realtime.core.errors import ModelError, SourceError
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
        self._pictures: list[Picture] = list(media.numbered(0) // 2 + noise)
        self.size = self._pictures[0].shape[1], self._pictures[0].shape[0]

    def picture(self, number: int) -> Picture:
        return self._pictures[number]

    def shots(self, since: int | None = None) -> Generator[Shot, None, None]:
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
    taken: list[Painted] = []
    Painters(stylizers, code, Schedule(LOOK), state).paint(film, since, None, lambda: False, taken.append)
    return taken


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


@pytest.mark.parametrize("copies", [1, 2])
def test_what_comes_before_a_failure_is_taken_and_nothing_after_it(copies: int) -> None:
    """Whoever fails: what reads, what paints, what takes."""
    for failing in ("reading", "painting", "taking"):
        taken: list[int] = []

        class Broken(Film):
            def shots(self, since: int | None = None) -> Generator[Shot, None, None]:
                for shot in super().shots(since):
                    if failing == "reading" and shot.pts == 7:  # noqa: B023
                        raise SourceError("frame 7 is broken")
                    yield shot

        class Torn(Darker):
            def stylize(self, picture: Picture, code: StyleCode) -> Picture:
                if failing == "painting" and np.array_equal(picture, film.picture(7)):  # noqa: B023
                    raise SourceError("frame 7 is broken")
                return super().stylize(picture, code)

        def take(one: Painted) -> None:
            if failing == "taking" and one.shot.pts == 7:  # noqa: B023
                raise SourceError("frame 7 is broken")
            taken.append(one.shot.pts)  # noqa: B023

        film = Broken(60)
        painters = Painters([Stylizer(Torn()) for _ in range(copies)], code, Schedule(LOOK))
        with pytest.raises(SourceError, match="frame 7 is broken"):
            painters.paint(film, None, None, lambda: False, take)
        assert taken == list(range(7))


def test_one_stylizer_paints_while_other_frames_are_read_and_taken() -> None:
    """The first frame is not taken before the third is being read."""
    film, third = Film(9), threading.Event()

    class Watched(Film):
        def shots(self, since: int | None = None) -> Generator[Shot, None, None]:
            for shot in film.shots(since):
                if shot.pts == 2:
                    third.set()
                yield shot

    taken: list[int] = []

    def take(one: Painted) -> None:
        assert third.wait(SECONDS)
        taken.append(one.shot.pts)

    Painters([Stylizer(Darker())], code, Schedule(LOOK)).paint(Watched(9), None, None, lambda: False, take)
    assert taken == list(range(9))


def test_a_frame_that_is_finished_is_its_own_whatever_another_thread_finishes_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the pipeline remembers of the last frame is lost at once, as if another thread had put its own in its place."""
    monkeypatch.setattr(Pipeline, "_last", property(lambda pipeline: None, lambda pipeline, last: None), raising=False)
    found = painted([Stylizer(Darker()) for _ in range(2)], Film(9))
    assert [one.shot.pts for one in found] == list(range(9))


def test_a_quick_core_does_not_wait_for_a_slow_one() -> None:
    """While one stylizer is at the first frame, the other paints the three after it; all are taken in their order."""
    film, others, three = Film(40), list[int](), threading.Event()
    first = film.picture(0)

    class Uneven(Darker):
        def stylize(self, picture: Picture, code: StyleCode) -> Picture:
            if np.array_equal(picture, first):
                assert three.wait(SECONDS)
            else:
                others.append(1)
                if len(others) == 3:
                    three.set()
            return super().stylize(picture, code)

    found = painted([Stylizer(Uneven()) for _ in range(2)], film)
    assert [one.shot.pts for one in found] == list(range(40))


def test_painting_ends_when_it_is_to_stop_and_all_that_was_read_is_taken() -> None:
    taken: list[int] = []
    painters = Painters([Stylizer(Darker()) for _ in range(2)], code, Schedule(LOOK))
    painters.paint(Film(60), None, None, lambda: len(taken) >= 5, lambda one: taken.append(one.shot.pts))
    assert taken == list(range(len(taken)))
    assert 5 <= len(taken) < 10
