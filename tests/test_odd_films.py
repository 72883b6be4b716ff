"""Films as other programs and phones make them: what they hold is kept or said, and nothing is found out too late."""

from __future__ import annotations

import os
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2

# isort: split
import av
import films
import media
import numpy as np
import pytest
from test_render import CODES, LOOK, Echo, Watch, numbers, render, seen

from realtime.core.errors import RealtimeError, SinkError, UsageError
from realtime.models.stylizer import Stylizer
from realtime.render import painting
from realtime.render.rendering import Rendering
from realtime.render.schedule import Schedule
from realtime.render.task import Task

# ---- what a film holds ----


@pytest.mark.parametrize("ending", [".mkv", ".mp4", ".mov", ".webm"])
@pytest.mark.parametrize(
    ("sounds", "strange"),
    [(["aac"], []), (["libopus"], []), (["ac3"], []), (["flac"], []), (["pcm_s16le"], []), (["alac"], []), ([], ["dts"]),
     ([], ["truehd"]), (["libmp3lame", "eac3"], [])],
    ids=lambda names: "+".join(names),
)  # fmt: skip
def test_sound_is_copied_where_it_can_be_and_else_the_way_out_is_true(
    tmp_path: Path, sounds: list[str], strange: list[str], ending: str
) -> None:
    clip = films.film(tmp_path / "in.mkv", sounds=sounds, strange=strange)
    before = films.packets(clip, "audio")
    watch = Watch()
    outcome = render(clip, tmp_path / f"out{ending}", watch=watch)
    assert outcome.finished
    after = films.packets(tmp_path / f"out{ending}", "audio")
    assert len(after) + len(outcome.notes) == len(before) == len(sounds) + len(strange)
    assert watch.notes == outcome.notes
    for found in after:
        assert [data for _, data in found] in [[data for _, data in track] for track in before]
    for note in outcome.notes:  # what is said to hold it does
        assert f"does not go into {ending} files" in note
        elsewhere = "." + note.rpartition("an .")[2].split()[0]
        assert elsewhere != ending
        again = render(clip, tmp_path / f"again{elsewhere}", force=True)
        assert len(films.packets(tmp_path / f"again{elsewhere}", "audio")) == len(before)
        assert again.notes == []


@pytest.mark.parametrize(
    ("codec", "ending", "kept"),
    [
        ("hdmv_pgs_subtitle", ".mkv", True),
        ("dvd_subtitle", ".mkv", True),
        ("dvb_subtitle", ".mkv", True),
        ("ass", ".mkv", True),
        ("subrip", ".mkv", True),
        ("webvtt", ".webm", True),
        ("dvd_subtitle", ".mp4", True),
        ("hdmv_pgs_subtitle", ".mp4", False),
        ("subrip", ".mp4", False),
        ("ass", ".webm", False),
    ],
)
def test_subtitles_are_copied_where_they_can_be(tmp_path: Path, codec: str, ending: str, kept: bool) -> None:
    clip = films.film(tmp_path / "in.mkv", subtitles=[codec])
    outcome = render(clip, tmp_path / f"out{ending}")
    told = [f"({codec}) does not go into {ending} files and is left out; an .mkv holds it" in n for n in outcome.notes]
    assert told == ([] if kept else [True])
    assert films.packets(tmp_path / f"out{ending}", "subtitle") == (films.packets(clip, "subtitle") if kept else [])


def test_subtitles_of_a_blu_ray_are_kept(tmp_path: Path) -> None:
    plain = films.film(tmp_path / "plain.mkv", sounds=["ac3"])
    clip = films.with_subtitles(tmp_path / "in.mkv", plain, films.pgs(tmp_path / "s.sup"))
    assert render(clip, tmp_path / "out.mkv").notes == []
    assert films.packets(tmp_path / "out.mkv", "subtitle") == films.packets(clip, "subtitle")
    assert ("subtitle", "hdmv_pgs_subtitle") in films.streams(tmp_path / "out.mkv")


@pytest.mark.parametrize(("cover", "name"), [("mjpeg", "a cover picture (mjpeg)"), ("png", "a cover picture (png)")])
def test_covers_are_kept_or_said(tmp_path: Path, cover: str, name: str) -> None:
    clip = films.film(tmp_path / "in.mp4", cover=cover)
    picture = films.packets(clip, "video")[1][0][1]
    for ending in (".mp4", ".mkv"):
        assert render(clip, tmp_path / f"out{ending}").notes == []
        with av.open(str(tmp_path / f"out{ending}")) as container:
            shown, kept = container.streams.video
            assert kept.disposition & av.stream.Disposition.attached_pic
            assert not shown.disposition & av.stream.Disposition.attached_pic
        assert films.packets(tmp_path / f"out{ending}", "video")[1][0][1] == picture
        assert numbers(tmp_path / f"out{ending}") == list(range(20))
    for ending in (".webm", ".mov"):
        said = f"{name} does not go into {ending} files and is left out; an .mp4 holds it"
        assert render(clip, tmp_path / f"out{ending}").notes == [said]


def test_further_tracks_and_files_within_a_film_are_kept_or_said(tmp_path: Path) -> None:
    clip = films.film(tmp_path / "in.mp4", second=True)
    assert render(clip, tmp_path / "second.mp4").notes == [
        "another video track is left out: one is painted, the best of the file"
    ]
    clip = films.film(tmp_path / "data.ts", data=True, format="mpegts")
    assert render(clip, tmp_path / "data.mp4").notes == ["a track of data is left out"]
    files = [("serif.ttf", "font/ttf"), ("notes.txt", "")]
    clip = films.film(tmp_path / "in.mkv", attachments=files[:1])
    assert render(clip, tmp_path / "out.mkv").notes == []
    with av.open(str(tmp_path / "out.mkv")) as container:
        (attached,) = container.streams.attachments
        assert (attached.name, attached.mimetype, attached.data) == ("serif.ttf", "font/ttf", b"a file within a film")
    assert "an attached file (serif.ttf)" in render(clip, tmp_path / "out.mp4").notes[0]


PHONES = {
    "iphone": {
        "com.apple.quicktime.make": "Apple",
        "com.apple.quicktime.model": "iPhone 15",
        "com.apple.quicktime.creationdate": "2024-05-06T07:08:09+0200",
        "com.apple.quicktime.location.ISO6709": "+48.1371+011.5754+519.000/",
        "creation_time": "2024-05-06T05:08:09.000000Z",
        "title": "Été à Zürich 写真",
    },
    "android": {
        "location": "+48.1371+011.5754/",
        "com.android.version": "14",
        "com.android.capture.fps": "30.000000",
        "creation_time": "2024-05-06T05:08:09.000000Z",
    },
    "camera": {"make": "Maker", "model": "Camera 7", "date": "2024-05-06", "location": "-33.8688+151.2093/"},
    "editor": {"title": "A film", "artist": "Somebody", "comment": "none", "copyright": "(c)", "genre": "Home"},
}


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("phone", PHONES)
@pytest.mark.parametrize("source", [".mp4", ".mov", ".mkv"])
def test_places_and_dates_are_kept_in_every_form(tmp_path: Path, phone: str, source: str, ending: str) -> None:
    muxing = {"movflags": "use_metadata_tags"} if source != ".mkv" and phone != "editor" else {}
    clip = films.film(tmp_path / f"in{source}", metadata=PHONES[phone], muxing=muxing)
    render(clip, tmp_path / f"out{ending}")

    def told(path: Path) -> dict[str, str]:
        with av.open(str(path)) as container:
            return {name.lower(): text for name, text in container.metadata.items()}

    before, after = told(clip), told(tmp_path / f"out{ending}")
    assert before.items() >= {name.lower(): text for name, text in PHONES[phone].items()}.items()
    ours = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration"}
    assert {name: after.get(name) for name in before if name not in ours} == {
        name: text for name, text in before.items() if name not in ours
    }


# ---- found out before the painting ----


def test_every_rate_goes_into_every_kind_of_film(tmp_path: Path) -> None:
    folder = media.pictures(tmp_path / "in", 4)
    for ending in (".webm", ".mp4", ".mov", ".mkv", ".gif"):
        for rate in (0.1, 1, 12, 14.9, 24, 59.94, 240):
            out = tmp_path / f"out{rate}{ending}"
            assert render(folder, out, rate=rate).finished
            assert len(seen(out)) == 4
            if ending != ".gif":
                assert [time for time, _ in seen(out)] == pytest.approx(
                    [n / rate for n in range(4)], rel=0.01, abs=0.001
                )


class Never(Echo):
    """A model that must not be asked."""

    def stylize(self, picture: Any, code: Any) -> Any:
        raise AssertionError("it is painted")


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".webm", ".gif"])
def test_a_picture_that_no_encoder_takes_is_refused_before_it_is_painted(tmp_path: Path, ending: str) -> None:
    cv2.imwrite(str(tmp_path / "scroll.png"), np.zeros((70_000, 16, 3), np.uint8))
    task = Task(str(tmp_path / "scroll.png"), tmp_path / f"out{ending}", Schedule(LOOK))
    with pytest.raises(SinkError, match=r"16×70000.*folder"):
        Rendering(task, [Stylizer(Never())], CODES.__getitem__, Watch()).run()
    assert [path.name for path in tmp_path.iterdir()] == ["scroll.png"]


def test_what_a_muxer_refuses_is_found_before_the_painting_and_segments_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(painting, "SEGMENT_SECONDS", Fraction(1, 5))
    clip = films.film(tmp_path / "in.mkv", 40)
    assert not render(clip, tmp_path / "out.mp4", stop_after=20).finished
    before = sorted(path.name for path in (tmp_path / "out.mp4.segments").glob("*.nut"))
    assert before
    with monkeypatch.context() as patch:
        patch.setitem(__import__("realtime.render.tracks", fromlist=["FORMATS"]).FORMATS, ".mp4", "wav")
        with pytest.raises(RealtimeError, match="cannot be written"):
            render(clip, tmp_path / "out.mp4", resume=True)
    assert sorted(path.name for path in (tmp_path / "out.mp4.segments").glob("*.nut")) == before
    assert render(clip, tmp_path / "out.mp4", resume=True).finished


# ---- nothing that is read is overwritten ----


def listing(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "spelling", ["seq", "./seq/../seq", "link", "seq/*.png", "seq/%06d.png", "hard", "soft", "SEQ"]
)
def test_a_sequence_is_never_painted_over_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.chdir(tmp_path)
    clip = media.clip(tmp_path / "clip.avi", 4)
    assert render(clip, tmp_path / "seq").finished  # so that all of its files are of a render
    before = listing(tmp_path / "seq")
    (tmp_path / "link").symlink_to("seq")
    for name in ("hard", "soft"):
        (tmp_path / name).mkdir()
        for picture in (tmp_path / "seq").glob("*.png"):
            place = tmp_path / name / picture.name
            os.link(picture, place) if name == "hard" else place.symlink_to(picture)
    if spelling == "SEQ" and not (tmp_path / "SEQ").is_dir():
        pytest.skip("names differ by their case here")
    for out in ("seq", "link", "../" + tmp_path.name + "/seq"):
        with pytest.raises(UsageError, match="is what is read"):
            render(spelling, Path(out), force=True)
    assert listing(tmp_path / "seq") == before


def test_pictures_that_render_did_not_make_are_never_replaced(tmp_path: Path) -> None:
    folder = media.pictures(tmp_path / "other", 4)
    for number, picture in enumerate(sorted(folder.iterdir()), 1):
        picture.rename(folder / f"{number:06}.png")
    before = listing(folder)
    clip = media.clip(tmp_path / "clip.avi", 2)
    for source in (clip, folder / "000001.png"):
        with pytest.raises(UsageError, match=r"render did not make|is what is read"):
            render(source, folder, force=True)
    assert listing(folder) == before
    assert render(clip, tmp_path / "ours").finished
    (tmp_path / "ours" / "000009.png").write_bytes(b"of somebody")
    with pytest.raises(UsageError, match=r"render did not make \(000009\.png\)"):
        render(clip, tmp_path / "ours", force=True)
    (tmp_path / "ours" / "000009.png").unlink()
    longer = media.clip(tmp_path / "longer.avi", 6)
    assert render(longer, tmp_path / "ours", force=True).finished
    assert render(clip, tmp_path / "ours", force=True).finished
    assert sorted(path.name for path in (tmp_path / "ours").glob("*.png")) == ["000001.png", "000002.png"]


@pytest.mark.parametrize("how", ["same", "symlink", "hard link", "other input", "segments"])
def test_a_film_is_never_painted_over_what_is_read(tmp_path: Path, how: str) -> None:
    clip, out = films.film(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    source, read = clip, list[Path]()
    if how == "same":
        out = clip
    elif how == "symlink":
        if sys.platform == "win32":
            pytest.skip("links need a right of their own on Windows")
        out.symlink_to(clip)
    elif how == "hard link":
        os.link(clip, out)
    elif how == "other input":
        read = [clip]
        source, out = films.film(tmp_path / "other.mp4"), clip
    else:
        (tmp_path / "out.mp4.segments").mkdir()
        (tmp_path / "out.mp4.segments" / "plan.json").write_text("{}")
        source = films.film(tmp_path / "out.mp4.segments" / "so-far.mp4")
    before = clip.read_bytes()
    with pytest.raises(UsageError, match="is what is read"):
        render(source, out, force=True, read=read)
    assert clip.read_bytes() == before
    assert source.is_file()
