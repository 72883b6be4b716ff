"""A decoder's frame to a picture: its colours as they were meant, upright, with square pixels."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.core.frame import Picture
from realtime.media.hdr import WIDE, cube

# FFmpeg's names of the matrices that its scaler knows, by their numbers (ITU-T H.273).
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "bt601", 7: "smpte240m", 9: "bt2020"}
_NUMBERS = {"bt709": 1, "bt601": 6}
_UNKNOWN = {0: "RGB", 3: "reserved", 8: "YCgCo", 11: "YDzDx", 12: "chromaticity-derived", 13: "chromaticity-derived",
            14: "ICtCp", 15: "IPT-C2", 16: "YCgCo-Re", 17: "YCgCo-Ro"}  # fmt: skip
_UNUSED = frozenset({"rawvideo", "huffyuv", "ffvhuff", "lagarith", "bmp", "msrle", "targa", "sgi"})
"""Codecs in whose files a fourth byte may be of no use: Windows writes 32 bits a pixel for pictures without transparency."""


class Converter:
    """Makes a decoder's frames upright BGR pictures with square pixels."""

    def __init__(self, aspect: Fraction | None, codec: str) -> None:
        """Begin with the first frame of a video.

        Args:
            aspect: The width of a pixel, its height being 1; None where it is not known.
            codec: FFmpeg's name of the codec.
        """
        self._aspect = aspect or Fraction(1)
        self._codec = codec
        self._graph: Any = None
        self._made_for: tuple[object, ...] = ()
        self._opaque: bool | None = None
        self.note = ""
        """What could not be taken as the file says, for a person."""

    def __call__(self, frame: Any) -> Picture:
        """Convert a frame.

        Args:
            frame: PyAV's, of any format and size.

        Returns:
            A picture: uint8, H×W×3, BGR.

        Raises:
            av.FFmpegError: There is no way from the frame's format.
        """
        colours = self._colours(frame)
        key = (frame.format.name, frame.width, frame.height, *colours)
        if key != self._made_for:
            self._graph, self._made_for = self._build(frame, *colours), key
        turn = _turn(frame)
        self._graph.push(frame)
        picture: Picture = self._graph.pull().to_ndarray()
        upright: Picture = turn(self._without_alpha(picture))
        return upright

    def _without_alpha(self, picture: Picture) -> Picture:
        """Lay a picture on white, as picture files are."""
        if picture.shape[2] != 4:
            return picture
        if self._opaque is None:
            self._opaque = self._codec in _UNUSED and not picture[:, :, 3].any()
        if self._opaque:
            return np.ascontiguousarray(picture[:, :, :3])
        alpha = picture[:, :, 3:].astype(np.uint16)
        return ((picture[:, :, :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)

    def _build(self, frame: Any, matrix: str, full: bool, transfer: str, primaries: int) -> Any:
        import av

        width, height = frame.width, frame.height
        if self._aspect > 1:
            width = round(width * self._aspect)
        else:
            height = max(1, round(height / self._aspect))
        # Without scaling it is only about colours, for which bilinear is as exact, and quicker. For what most videos are FFmpeg
        # has a conversion that is eight times as quick: half a level darker, and colours, but not brightness, by pairs of pixels.
        same_size = (width, height) == (frame.width, frame.height)
        scaling = "bilinear" if same_size else "bicubic"
        if transfer or not (same_size and frame.format.name in ("yuv420p", "yuvj420p")):
            scaling += "+accurate_rnd"
        alpha = frame.format.has_palette or any(component.is_alpha for component in frame.format.components)
        graph = av.filter.Graph()
        graph.threads = 1  # cores are busy with painting: more threads only wait for one another
        nodes = [
            graph.add(
                "buffer",
                f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000:pixel_aspect=1/1"
                f":colorspace={int(frame.colorspace)}:range={int(frame.color_range)}",
            ),
            graph.add(
                "scale",
                f"{width}:{height}:flags={scaling}+full_chroma_int:in_color_matrix={matrix}"
                f":in_range={'full' if full else 'limited'}:out_range=full",
            ),
        ]
        if transfer:
            with tempfile.TemporaryDirectory() as folder:
                table = Path(folder) / "sdr.cube"
                table.write_text(_table(transfer, primaries), encoding="ascii")
                nodes += [graph.add("format", "gbrp12"), graph.add("lut3d", file=str(table), interp="tetrahedral")]
        nodes += [graph.add("format", "bgra" if alpha else "bgr24"), graph.add("buffersink")]
        graph.link_nodes(*nodes).configure()
        return graph

    def _colours(self, frame: Any) -> tuple[str, bool, str, int]:
        """Return the matrix, whether the range is full, what is to be toned down (pq, hlg, sdr or ""), and the primaries.

        The frame's own tags become such as FFmpeg's scaler takes.
        """
        number = int(frame.colorspace)
        rgb = frame.format.is_rgb or frame.format.has_palette
        matrix = _MATRICES.get(9 if number == 10 else number, "")  # constant luminance is near enough
        if not matrix:
            # Where nothing is said players take BT.709 for what is as large as HD, and BT.601 for less.
            matrix = "bt709" if min(frame.width, frame.height) >= 720 else "bt601"
            if number in _UNKNOWN and not rgb:
                taken = matrix.upper().replace("BT", "BT.")
                self.note = (
                    f"its colours are tagged {_UNKNOWN[number]}, which cannot be read: they are taken for {taken}"
                )
        if not rgb and number not in (2, *_MATRICES):
            frame.colorspace = 9 if number == 10 else _NUMBERS[matrix]
        full = int(frame.color_range) == 2 or frame.format.name.startswith(("yuvj", "rgb", "bgr", "gbr", "gray", "pal"))
        primaries = int(frame.color_primaries)
        transfer = {16: "pq", 18: "hlg"}.get(int(frame.color_trc), "sdr" if primaries in WIDE else "")
        frame.color_primaries = frame.color_trc = 2  # what is to be done of them is known; the scaler refuses some
        return matrix, full, transfer, primaries if transfer else 0


@cache
def _table(transfer: str, primaries: int) -> str:
    return cube(transfer, primaries)


def _turn(frame: Any) -> Any:
    """Find what turns (and mirrors) the frame's picture as its display matrix asks, by quarter turns."""
    data = next((bytes(d) for d in frame.side_data if d.type.name == "DISPLAYMATRIX"), b"")
    if len(data) < 36:
        return lambda picture: picture
    a, b, _, c, d = np.sign(np.round(np.frombuffer(data, np.int32, 5) / 65536)).astype(int).tolist()
    turns = {
        (1, 0, 0, 1): lambda p: p,
        (0, 1, -1, 0): lambda p: cv2.rotate(p, cv2.ROTATE_90_CLOCKWISE),
        (-1, 0, 0, -1): lambda p: cv2.rotate(p, cv2.ROTATE_180),
        (0, -1, 1, 0): lambda p: cv2.rotate(p, cv2.ROTATE_90_COUNTERCLOCKWISE),
        (-1, 0, 0, 1): lambda p: cv2.flip(p, 1),
        (1, 0, 0, -1): lambda p: cv2.flip(p, 0),
        (0, 1, 1, 0): cv2.transpose,
        (0, -1, -1, 0): lambda p: cv2.rotate(cv2.transpose(p), cv2.ROTATE_180),
    }
    return turns.get((a, b, c, d), turns[(1, 0, 0, 1)])
