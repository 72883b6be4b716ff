"""Animated GIFs: one palette for the whole, so that nothing flickers, and an ordered dither, by FFmpeg's filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from realtime.media.ffmpeg import open_media
from realtime.render.footage import Footage

_STEP = 2  # hundredths of a second: what is shown for less browsers show for ten
_SAMPLES = 48  # frames that the colours are chosen from
_TICK = Fraction(1, 100)


def write_gif(segments: Sequence[Path], footage: Footage, out: Path, last_duration: int) -> list[str]:
    """Make a GIF of segments.

    Args:
        segments: Their files, in order.
        footage: What they were painted of.
        out: A new file.
        last_duration: How long the last frame is shown, in the footage's time base.

    Returns:
        What is other than in the footage, for a person.

    Raises:
        av.FFmpegError: It cannot be written.
    """
    import av

    count = sum(1 for _ in _frames(segments))
    every = -(-count // _SAMPLES)
    palette = _palette(frame for number, frame in enumerate(_frames(segments)) if number % every == every // 2)
    last, late = -_STEP, Fraction(0)
    begin: Fraction | None = None
    reduction: _Reduction | None = None
    with av.open(str(out.absolute()), "w", format="gif") as container:
        stream: Any = container.add_stream("gif", rate=100)
        stream.pix_fmt = "pal8"
        stream.width, stream.height = footage.size
        stream.codec_context.time_base = stream.time_base = _TICK
        for frame in _frames(segments):
            begin = frame.pts * frame.time_base if begin is None else begin
            shown = frame.pts * frame.time_base - begin
            last = max(last + _STEP, round(shown * 100))
            late = Fraction(last, 100) - shown
            reduction = reduction or _Reduction(frame, palette)
            reduced = reduction(frame)
            reduced.pts, reduced.time_base = last, _TICK
            for packet in stream.encode(reduced):
                packet.duration = max(_STEP, round(last_duration * footage.time_base * 100))  # counts for the last
                container.mux(packet)
        container.mux(stream.encode(None))
    if late > Fraction(1, 10):
        return ["a GIF shows at most 50 frames a second: this one takes longer than the footage"]
    return []


def _frames(segments: Sequence[Path]) -> Iterator[Any]:
    for segment in segments:
        with open_media(segment, "nut") as container:
            yield from container.decode(video=0)


def _buffer(graph: Any, frame: Any) -> Any:
    return graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or _TICK
    )


def _palette(samples: Iterator[Any]) -> Any:
    """Choose the 256 colours that suit some frames: a frame of FFmpeg's own form."""
    import av

    graph: Any = None
    for frame in samples:
        if graph is None:
            graph = av.filter.Graph()
            source = _buffer(graph, frame)
            chosen = graph.add("palettegen", "reserve_transparent=0")
            graph.link_nodes(source, chosen, graph.add("buffersink")).configure()
        source.push(frame)
    source.push(None)
    return graph.pull()


class _Reduction:
    """Brings frames like `like` to the colours of a palette."""

    def __init__(self, like: Any, palette: Any) -> None:
        import av

        graph: Any = av.filter.Graph()
        self._graph = graph  # its filters do not keep it
        self._source, colours = _buffer(graph, like), _buffer(graph, palette)
        reduce, self._sink = graph.add("paletteuse", "dither=bayer:bayer_scale=3"), graph.add("buffersink")
        self._source.link_to(reduce, 0, 0)
        colours.link_to(reduce, 0, 1)
        reduce.link_to(self._sink)
        graph.configure()
        palette.pts, palette.time_base = like.pts, like.time_base
        colours.push(palette)
        colours.push(None)

    def __call__(self, frame: Any) -> Any:
        self._source.push(frame)
        return self._sink.pull()
