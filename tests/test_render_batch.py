"""`realtime render` over whatever people have: each file is made or named, one that fails never ends the others."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2

# isort: split
import av
import films
import media
import numpy as np
import pytest
from PIL import Image
from test_render import encoded, flat, numbers, render, run, seen

from realtime.core.errors import UsageError
from realtime.core.paths import beside
from realtime.media.unfinished import is_partial, partial_of
from realtime.render.guard import segments_of
from realtime.render.places import find_inputs, place_outputs
from realtime.render.reading import open_footage

__all__ = ["run"]  # a fixture

STYLE = ("--style", "scarlet.png")

# ---- colours ----


def raw(path: Path, pictures: list[np.ndarray], pixels: str, codec: str = "rawvideo") -> Path:
    """A film of uncompressed pictures."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pixels
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format=pixels)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def first(path: Path) -> np.ndarray:
    return next(open_footage(str(path)).shots()).picture


@pytest.mark.parametrize(("ending", "codec"), [(".avi", "rawvideo"), (".nut", "rawvideo"), (".avi", "huffyuv")])
def test_a_fourth_byte_that_is_not_used_is_no_transparency(tmp_path: Path, ending: str, codec: str) -> None:
    picture = np.dstack([media.numbered(77), np.zeros((48, 64), np.uint8)])
    clip = raw(tmp_path / f"in{ending}", [picture] * 3, "bgra", codec)
    assert np.abs(first(clip).astype(int) - media.numbered(77)).max() <= 1
    seen_from_the_middle = [shot.picture for shot in open_footage(str(clip)).shots(2)]
    assert all(np.abs(p.astype(int) - media.numbered(77)).max() <= 1 for p in seen_from_the_middle)


@pytest.mark.parametrize(
    ("ending", "codec", "pixels"),
    [(".mov", "png", "rgba"), (".mov", "qtrle", "argb"), (".mkv", "ffv1", "bgra"), (".mov", "prores_ks", "yuva444p10le"),
     (".mkv", "ffv1", "gbrap16le"), (".webm", "libvpx-vp9", "yuva420p"), (".mov", "png", "rgba64be"), (".avi", "rawvideo", "bgra")],
)  # fmt: skip
def test_what_is_transparent_is_white_in_every_format(tmp_path: Path, ending: str, codec: str, pixels: str) -> None:
    picture = np.zeros((48, 64, 4), np.uint8)
    picture[:, :32] = (200, 40, 40, 255)  # red, green, blue: the right half is transparent
    with av.open(str(tmp_path / f"in{ending}"), "w") as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixels
        for index in range(2):
            frame = av.VideoFrame.from_ndarray(picture, format="rgba").reformat(format=pixels)
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = first(tmp_path / f"in{ending}")
    assert np.abs(found[24, 12].astype(int) - (40, 40, 200)).max() < 12
    if pixels != "yuva420p":  # FFmpeg's own decoder of VP9 leaves its transparency out
        assert found[24, 50].min() > 250


@pytest.mark.parametrize("matrix", [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
def test_every_tag_of_a_matrix_is_read_or_said(tmp_path: Path, matrix: int) -> None:
    clip = encoded(
        tmp_path / "in.mkv", [flat((60, 120, 200))] * 2, "ffv1", "yuv420p", options={}, tags={"colorspace": matrix}
    )
    footage = open_footage(str(clip))
    (shot, _) = footage.shots()
    assert np.abs(shot.picture[20, 20].astype(int) - (60, 120, 200)).max() < 40
    told = matrix in (0, 3, 8, 11, 12, 13, 14)
    with av.open(str(clip)) as container:
        kept = int(container.streams.video[0].codec_context.colorspace) == matrix
    if kept:
        assert any("its colours are tagged" in note for note in footage.notes) == told


@pytest.mark.parametrize("name", ["color_primaries", "color_trc"])
def test_every_tag_of_primaries_and_transfer_is_read(tmp_path: Path, name: str) -> None:
    for number in [*range(1, 19), 22]:
        clip = encoded(
            tmp_path / f"{number}.mkv", [flat((60, 120, 200))] * 2, "ffv1", "yuv420p", options={}, tags={name: number}
        )
        picture = first(clip)[20, 20].astype(int)
        # Wide colours and high dynamic range are other colours on a screen; what nobody converts is as it was.
        assert np.abs(picture - (60, 120, 200)).max() < (90 if number in (9, 11, 12, 16, 18) else 4)


@pytest.mark.parametrize("pixels", ["gray", "gray10le", "gray16le", "rgb48le", "gbrp", "gbrp12le", "yuv444p16le",
                                    "yuv422p10le", "yuv410p", "monow", "bgr0", "nv12", "rgb555le"])  # fmt: skip
def test_every_depth_and_order_of_pixels_is_read(tmp_path: Path, pixels: str) -> None:
    picture = np.full((48, 64, 3), 255, np.uint8)
    picture[:, :32] = 0
    frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
    codec, used = ("png", "monob") if pixels == "monow" else ("rawvideo", pixels)
    with av.open(str(tmp_path / "in.nut"), "w") as container:
        stream: Any = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, used
        for index in range(2):
            made = frame.reformat(format=used)
            made.pts = index
            container.mux(stream.encode(made))
        container.mux(stream.encode(None))
    found = first(tmp_path / "in.nut")
    assert found[24, 8].max() < 20
    assert found[24, 56].min() > 235


def test_wide_primaries_become_those_of_a_screen(tmp_path: Path) -> None:
    colour = (60, 60, 220)
    plain = encoded(tmp_path / "709.mkv", [flat(colour)] * 2, "ffv1", "bgr0", options={}, tags={"color_primaries": 1})
    wide = encoded(tmp_path / "p3.mkv", [flat(colour)] * 2, "ffv1", "bgr0", options={}, tags={"color_primaries": 12})
    assert np.abs(first(plain)[20, 20].astype(int) - colour).max() <= 1
    red = first(wide)[20, 20].astype(int)
    assert red[2] > 225  # a red of P3 is a stronger one in BT.709
    assert red[1] < 55
    grey = encoded(
        tmp_path / "grey.mkv", [flat((128, 128, 128))] * 2, "ffv1", "bgr0", options={}, tags={"color_primaries": 12}
    )
    assert np.abs(first(grey)[20, 20].astype(int) - 128).max() <= 1


# ---- names ----


@pytest.mark.skipif(sys.platform == "win32", reason="Windows counts the whole path")
@pytest.mark.parametrize("letter", ["x", "ü", "写", "🎬"])
@pytest.mark.parametrize("length", [255, 254, 250, 246, 240])
def test_names_as_long_as_the_file_system_takes(tmp_path: Path, letter: str, length: int) -> None:
    count, rest = divmod(length - 4, len(letter.encode()))
    clip = media.clip(tmp_path / "in.avi", 3).rename(tmp_path / f"{letter * count}{'y' * rest}.avi")
    ((_, place),) = place_outputs([str(clip)], str(tmp_path / "o" / "*.webm"))
    assert render(clip, place).finished
    assert len(seen(place)) == 3
    assert list((tmp_path / "o").iterdir()) == [place]
    assert render(clip, place, force=True, preview=True).finished
    assert len(list((tmp_path / "o").glob("*.preview.png"))) == 1
    partial = partial_of(clip.with_suffix(".mp4"))
    assert len(os.fsencode(partial.name)) <= 255
    assert is_partial(partial)
    assert len(os.fsencode(segments_of(clip).name)) <= 255


def test_a_name_that_is_too_long_is_said_before_the_painting(tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "in.avi", 3)
    with pytest.raises(UsageError, match="longer than the 255 bytes"):
        render(clip, tmp_path / f"{'q' * 252}.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["in.avi"]
    assert beside(clip, ".segments").name == "in.avi.segments"


def test_outputs_that_would_have_one_name_are_numbered() -> None:
    pairs = place_outputs(["a/x.mp4", "b/x.mov", "c/X.avi", "x.gif"], "out/*.mp4")
    assert [place.name for _, place in pairs] == ["x.mp4", "x_2.mp4", "X_3.mp4", "x_4.mp4"]


@pytest.mark.parametrize(
    ("sources", "out", "wanted"),
    [
        (["a.mov"], "out/", ["out/a.mov"]),
        (["a.avi", "b.mkv", "c.gif"], "out/", ["out/a.mp4", "out/b.mkv", "out/c.gif"]),
        (["a.avi", "b.mkv"], "out", ["out/a.mp4", "out/b.mkv"]),
        (["a.avi"], "out", ["out"]),
        (["a.avi"], "p-*.MOV", ["p-a.MOV"]),
        (["shots/*.png"], "out/", ["out/pictures.mp4"]),
    ],
)
def test_outputs_as_people_name_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: list[str], out: str, wanted: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for source in sources:
        if "*" not in source:
            Path(source).write_bytes(b"")
    assert [place.as_posix() for _, place in place_outputs(sources, out)] == wanted


# ---- folders, endings that lie ----


def test_a_folder_of_films_is_painted_film_by_film(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "DCIM"
    folder.mkdir()
    for name in ("b.avi", "a.avi", ".hidden.avi"):
        media.clip(folder / name, 3)
    (folder / "notes.txt").write_text("mine")
    status, _, err = run("DCIM", "-o", "out/", *STYLE)
    assert status == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4", "b.mp4"]
    assert "DCIM: 1 files are left out beside the films: notes.txt" in err
    assert "file 1 of 2: saved out/a.mp4 (3 frames" in err
    assert "2 made (" in err


def test_films_beside_pictures_are_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    media.clip(media.pictures(tmp_path / "seq") / "making-of.avi", 3)
    found = find_inputs(["seq", "seq/*.avi", "nothing-*.mp4"])
    assert found.sources == ["seq", "seq/making-of.avi", "nothing-*.mp4"]
    assert found.notes == ["seq: 1 files are left out beside the pictures: making-of.avi"]


def test_a_file_is_what_its_content_says(tmp_path: Path) -> None:
    film = media.clip(tmp_path / "film.avi", 5).rename(tmp_path / "film.jpg")
    assert len(list(open_footage(str(film)).shots())) == 5
    still = tmp_path / "still.mp4"
    Image.fromarray(media.numbered(9)).save(still, "JPEG", quality=95)
    assert [media.number(shot.picture) for shot in open_footage(str(still)).shots()] == [9]
    moving = tmp_path / "moving.png"
    slides = [Image.fromarray(media.numbered(i)) for i in range(3)]
    slides[0].save(moving, "GIF", save_all=True, append_images=slides[1:], duration=100)
    assert len(list(open_footage(str(moving)).shots())) == 3


# ---- stretches and previews ----


@pytest.mark.parametrize("ending", [".mp4", ".mkv", ".gif", ""])
def test_a_stretch_of_a_film(tmp_path: Path, ending: str) -> None:
    clip = films.film(tmp_path / "in.mkv", 50, sounds=["ac3"], subtitles=["subrip"])
    out = tmp_path / f"out{ending}"
    outcome = render(clip, out, begin=0.4, end=1.2)
    assert (outcome.frames, outcome.truncated) == (20, False)
    if ending in (".mp4", ".mkv"):
        found = seen(out)
        assert [media.number(picture) for _, picture in found] == list(range(10, 30))
        assert [time for time, _ in found] == pytest.approx([n / 25 for n in range(20)], abs=0.001)
        (sound,) = films.packets(out, "audio")
        (whole,) = films.packets(clip, "audio")
        begin = seen(clip)[10][0]
        wanted = [(time, data) for time, data in whole if begin <= time < begin + 0.8]
        assert [data for _, data in sound] == [data for _, data in wanted]
        assert [time + begin for time, _ in sound] == pytest.approx([time for time, _ in wanted], abs=0.002)
    if ending == ".mkv":  # the first line is on from 0.2 to 0.4 s, the second from 0.5 to 0.7
        ((line,),) = films.packets(out, "subtitle")
        assert line == (0.1, b"line 1")
    assert render(clip, tmp_path / "tail.mp4", begin=1.8).frames == 5
    with pytest.raises(UsageError, match=r"no frame from 9 s.*lasts 2\.0 s"):
        render(clip, tmp_path / "none.mp4", begin=9)


def test_a_stretch_is_resumed_and_its_styles_change_by_the_films_clock(run: Any, tmp_path: Path) -> None:
    media.clip(tmp_path / "in.avi", 75)
    words = ("in.avi", *STYLE, "--from", "0:01", "--to", "2", "--at", "1.4=navy.png", "--morph", "0")
    assert run(*words, "-o", "out.mp4")[0] == 0
    found = seen(tmp_path / "out.mp4")
    assert [media.number(picture) for _, picture in found] == list(range(25, 50))
    bars = [picture[2:8].reshape(-1, 3).mean(axis=0) for _, picture in found]
    assert [bool(bar[0] > bar[2]) for bar in bars] == [n >= 10 for n in range(25)]
    for wrong in (("--from", "2", "--to", "1"), ("--from", "x"), ("--to", "1:99")):
        assert run("in.avi", *STYLE, "-o", "no.mp4", *wrong)[0] == 2


def test_a_sheet_of_four_frames_before_the_work(run: Any, tmp_path: Path) -> None:
    media.clip(tmp_path / "in.avi", 100)
    status, _, err = run("in.avi", "-o", "out.mp4", *STYLE, "--preview")
    assert status == 0
    assert "four frames as they will be: " in err and "saved out.mp4" in err
    sheet = cv2.imread(str(tmp_path / "out.preview.png"))
    assert sheet is not None
    assert sheet.shape == (2 * 96, 2 * 88, 3)
    shown = [sheet[y + 12 : y + 60, x + 12 : x + 76] for y in (0, 96) for x in (0, 88)]
    assert [media.number(picture) for picture in shown] == [0, 25, 50, 75]
    assert all(np.abs(picture[3, 30].astype(int) - (20, 20, 220)).max() < 12 for picture in shown)
    run("in.avi", "-o", "out.mp4", *STYLE, "--preview", "--force")
    assert (tmp_path / "out.preview_2.png").is_file()  # no sheet is overwritten


# ---- a folder of odd files in one go ----


def odd_films(folder: Path) -> dict[str, bool]:
    """Sixty files as people have them, and whether a film can be made of each."""
    folder.mkdir()
    makers: dict[str, Callable[[Path], object]] = {
        "plain.avi": lambda path: media.clip(path, 3),
        "turned.mp4": lambda path: media.turned(media.clip_at(path, [0, 0.1])),
        "sound.mkv": lambda path: films.film(path, 4, sounds=["aac", "ac3"], subtitles=["ass"]),
        "truehd.mkv": lambda path: films.film(path, 4, strange=["truehd"]),
        "dts.mkv": lambda path: films.film(path, 4, strange=["dts"], subtitles=["hdmv_pgs_subtitle"]),
        "cover.mp4": lambda path: films.film(path, 4, cover="mjpeg"),
        "two.mp4": lambda path: films.film(path, 4, second=True),
        "late.ts": lambda path: films.film(path, 4, start=9000, sounds=["aac"]),
        "data.ts": lambda path: films.film(path, 4, data=True),
        "raw.h264": lambda path: films.film(path, 4, format="h264"),
        "old.mpg": lambda path: films.film(path, 4, codec="mpeg2video", sounds=["mp2"]),
        "iphone.mov": lambda path: films.film(path, 4, metadata={"com.apple.quicktime.make": "Apple"},
                                              muxing={"movflags": "use_metadata_tags"}),
        "fonts.mkv": lambda path: films.film(path, 4, attachments=[("a.ttf", "font/ttf")]),
        "ictcp.mkv": lambda path: encoded(path, [media.numbered(1)] * 2, "ffv1", "yuv420p", options={}, tags={"colorspace": 14}),
        "ycgco.mkv": lambda path: encoded(path, [media.numbered(1)] * 2, "ffv1", "yuv420p", options={}, tags={"colorspace": 8}),
        "capture.avi": lambda path: raw(path, [np.zeros((48, 64, 4), np.uint8)] * 2, "bgra"),
        "deep.nut": lambda path: raw(path, [np.zeros((48, 64, 3), np.uint16)] * 2, "rgb48le"),
        "moving.gif": lambda path: Image.new("P", (64, 48)).save(path, save_all=True, append_images=[Image.new("P", (64, 48), 3)]),
        "tiny.mkv": lambda path: encoded(path, [flat((9, 9, 9), (2, 2))] * 2, "ffv1", "bgr0", options={}),
        "odd.mkv": lambda path: encoded(path, [flat((9, 9, 9), (63, 47))] * 2, "ffv1", "bgr0", options={}),
        "café – 写真 🎬.avi": lambda path: media.clip(path, 3),
        "-dash.avi": lambda path: media.clip(path, 3),
        "12:30.avi": lambda path: shutil.copy(media.clip(path.parent.parent / "colon.avi", 3), path),
        "per%cent.avi": lambda path: media.clip(path.parent.parent / "percent.avi", 3).rename(path),
        f"{'n' * 251}.avi": lambda path: media.clip(path.parent.parent / "long.avi", 3).rename(path),
        "CAPITAL.AVI": lambda path: media.clip(path.parent.parent / "capital.avi", 3).rename(path),
    }  # fmt: skip
    for size in ((1, 1), (2, 3), (3, 2), (16, 1), (4, 16), (5, 5), (64, 2), (2, 64), (127, 33), (31, 97)):
        makers[f"{size[0]}x{size[1]}.mkv"] = partial(
            encoded, pictures=[flat((9, 90, 9), size)] * 2, codec="ffv1", pixels="bgr0", options={}
        )
    for pixels in ("gray", "gray16le", "yuv410p", "yuv411p", "yuv422p", "yuv440p", "yuv444p", "yuv420p10le", "yuv444p12le",
                   "yuva420p", "yuva444p", "bgra"):  # fmt: skip
        makers[f"{pixels}.mkv"] = partial(
            encoded, pictures=[media.numbered(1)] * 2, codec="ffv1", pixels=pixels, options={}
        )
    if sys.platform == "win32":  # which has no such names
        makers = {name: make for name, make in makers.items() if ":" not in name and len(name) < 200}
    for name, make in makers.items():
        make(folder / name)
    broken: dict[str, bytes] = {
        "empty.mp4": b"",
        "text.mp4": b"this is a text\n" * 50,
        "noise.mkv": bytes(np.random.default_rng(1).integers(0, 256, 4000, np.uint8)),
        "half.mp4": (folder / "cover.mp4").read_bytes()[:300],
        "page.webm": b"<!doctype html><html><body>404</body></html>",
        "zeros.mp4": bytes(5000),
        "data.mkv": b'{"frames": []}',
        "archive.mov": b"PK\x03\x04" + bytes(200),
        "program.avi": b"MZ" + bytes(200),
        "words.mov": "words".encode("utf-16") * 40,
        "header.avi": b"RIFF\x10\0\0\0AVI ",
        "start.mkv": b"\x1aE\xdf\xa3" + bytes(30),
    }
    for name, content in broken.items():
        (folder / name).write_bytes(content)
    return dict.fromkeys(makers, True) | dict.fromkeys(broken, False)


@pytest.mark.parametrize("ending", [".mp4", ".webm", ".gif", ".mkv"])
def test_a_folder_of_odd_films_in_one_go(run: Any, tmp_path: Path, ending: str) -> None:
    odd = odd_films(tmp_path / "odd")
    (tmp_path / "odd" / "notes.txt").write_text("mine")
    (tmp_path / "odd" / "folder.mp4").mkdir()
    before = {path.name: path.read_bytes() for path in (tmp_path / "odd").iterdir() if path.is_file()}
    status, out, err = run("odd", "missing.mp4", "-o", f"out/*{ending}", *STYLE, "--json")
    assert status == 1
    told = [json.loads(line) for line in out.splitlines()]
    failed = {Path(line["file"]).name: line["error"] for line in told if line["event"] == "error"}
    assert set(failed) == {name for name, good in odd.items() if not good} | {"missing.mp4"}
    assert all(name in text and "should not happen" not in text for name, text in failed.items())
    made = [line for line in told if line["event"] == "end"]
    assert {Path(line["file"]).name for line in made if line["finished"]} == {
        name for name, good in odd.items() if good
    }
    outs = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(outs) == len(made) == sum(odd.values())
    assert all(seen(tmp_path / "out" / name) for name in outs)
    summary = told[-1]
    assert summary["event"] == "summary"
    assert summary["text"].startswith(f"{len(made)} made, {len(failed)} failed: ")
    assert all(name in summary["text"] for name in failed)
    assert before == {path.name: path.read_bytes() for path in (tmp_path / "odd").iterdir() if path.is_file()}
    assert "odd: 1 files are left out beside the films: notes.txt" in err


def test_what_cannot_be_read_is_named_and_the_rest_is_made(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "gone", "c"):
        media.clip(tmp_path / f"{name}.avi", 3)
    (tmp_path / "locked").mkdir()
    locked = tmp_path / "locked"
    whole = Path.iterdir

    def iterdir(path: Path) -> Any:
        if path == locked or path.name == "locked":
            raise PermissionError(13, "Permission denied")
        return whole(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)  # this test may run as one who may read all
    make = open_footage

    def remove(text: str, rate: float) -> Any:
        footage = make(text, rate)
        if text == "gone.avi":
            (tmp_path / text).unlink()
        return footage

    monkeypatch.setattr("realtime.render.rendering.open_footage", remove)
    status, _, err = run("a.avi", "gone.avi", "locked", "c.avi", "-o", "out/", *STYLE)
    assert status == 1
    assert "should not happen" not in err
    assert "locked cannot be read (Permission denied)" in err
    assert "2 made, 2 failed: gone.avi, locked" in err


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (3, 3), (16, 2)])
@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv", ".webm", ".gif", ""])
def test_pictures_of_hardly_any_size(tmp_path: Path, size: tuple[int, int], ending: str) -> None:
    cv2.imwrite(str(tmp_path / "in.png"), flat((200, 100, 50), size))
    assert render(tmp_path / "in.png", tmp_path / f"out{ending}").finished


def test_what_somebody_put_among_the_segments_stays(tmp_path: Path) -> None:
    clip = media.clip(tmp_path / "in.avi", 20)
    render(clip, tmp_path / "out.mp4", stop_after=5)
    folder = tmp_path / "out.mp4.segments"
    (folder / "letter.txt").write_text("precious")
    assert render(clip, tmp_path / "out.mp4", resume=True).finished
    assert {path.name for path in folder.iterdir()} == {"letter.txt"}


def test_a_fault_of_our_own_ends_one_file_and_names_it(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        media.clip(tmp_path / f"{name}.avi", 3)
    whole = open_footage

    def fail(text: str, rate: float) -> Any:
        if text == "b.avi":
            raise ZeroDivisionError("in the middle")
        return whole(text, rate)

    monkeypatch.delenv("REALTIME_TRACEBACK", raising=False)
    monkeypatch.setattr("realtime.render.rendering.open_footage", fail)
    status, _, err = run("a.avi", "b.avi", "c.avi", "-o", "out/", *STYLE)
    assert status == 1
    assert "b.avi: this should not happen: ZeroDivisionError: in the middle" in err
    assert "2 made, 1 failed: b.avi" in err
    assert numbers(tmp_path / "out" / "c.mp4") == [0, 1, 2]
