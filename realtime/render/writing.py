"""Segments: a stretch of the painted footage each, encoded on its own, so that it can be made at any time and on any machine.

A segment begins with a key frame and has no B-frames, so that its packets follow those of the segment before it as they are.
Encoders run with a fixed number of threads: x264's output depends on it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.core.errors import SinkError, UsageError
from realtime.core.frame import Picture, Size
from realtime.core.text import clean
from realtime.media.ffmpeg import failures, why
from realtime.media.planes import yuv420


@dataclass(frozen=True)
class Kind:
    """How the segments of one kind of output are encoded."""

    codec: str
    pixels: str
    options: dict[str, str] = field(default_factory=dict)
    threads: int = 2


# The quickest preset: on two cores the encoder would else keep the model waiting, which paints a frame in 8 ms.
_H264 = Kind("libx264", "yuv420p", {"preset": "ultrafast", "crf": "18", "bf": "0", "sc_threshold": "0"}, threads=1)
_VP9 = Kind(
    "libvpx-vp9",
    "yuv420p",
    {"deadline": "realtime", "cpu-used": "7", "crf": "24", "b": "0", "row-mt": "1", "lag-in-frames": "0", "auto-alt-ref": "0"},
)  # fmt: skip
_LOSSLESS = Kind("libx264rgb", "bgr24", {"preset": "ultrafast", "qp": "0"})
_PNG = Kind("png", "rgb24", {"compression_level": "4", "pred": "up"})
KINDS = {".mp4": _H264, ".mov": _H264, ".mkv": _H264, ".webm": _VP9, ".gif": _LOSSLESS, "": _PNG}
"""By the ending of the output; no ending is a folder of PNG files."""


def kind_of(out: Path) -> Kind:
    """Return how the segments of an output are encoded.

    Raises:
        UsageError: Nothing of its ending can be written.
    """
    ending = out.suffix.lower()
    if out.name.lower() in KINDS or not out.name:
        raise UsageError(f"{str(out)!r} is no name for an output; write it as painted.mp4, or name a folder")
    if ending not in KINDS:
        raise UsageError(
            f"{out.name!r} is no kind of output; wanted {', '.join(e for e in KINDS if e)}, or no ending for a folder of PNG files"
        )
    return KINDS[ending]


class Segment:
    """Encodes one segment into a file. The caller closes it, after a failure as well."""

    def __init__(self, path: Path, kind: Kind, size: Size, time_base: Fraction) -> None:
        """Begin a new file.

        Args:
            path: The file.
            kind: How it is encoded.
            size: Of the pictures: (width, height).
            time_base: Seconds of a tick of their times.

        Raises:
            SinkError: The file or its encoder cannot be opened.
        """
        import av

        self.path, self._kind = path, kind
        self._size = (size[0] + size[0] % 2, size[1] + size[1] % 2) if kind.pixels == "yuv420p" else size
        try:
            self._container = av.open(str(path.absolute()), "w", format="nut")
        except failures() as error:
            raise SinkError(f"{clean(str(path))} cannot be made ({why(error)})") from error
        rate = min(Fraction(25), 1 / time_base)  # libvpx refuses frames that by this rate last less than a tick
        stream: Any = self._container.add_stream(kind.codec, rate=rate, options=dict(kind.options))
        stream.width, stream.height = self._size
        stream.pix_fmt = kind.pixels
        coder = stream.codec_context
        coder.time_base = stream.time_base = time_base
        coder.thread_count = kind.threads
        coder.sample_aspect_ratio = Fraction(1)
        coder.color_primaries, coder.color_trc = 1, 1  # BT.709, as screens have it
        if kind.pixels == "yuv420p":
            coder.colorspace, coder.color_range = 6, 1  # BT.601, limited range: what `yuv420` makes
        if kind.codec.startswith("libx264"):
            coder.gop_size = 250
        self._stream, self._time_base = stream, time_base
        try:
            self._container.start_encoding()
        except failures() as error:
            with suppress(Exception):
                self._container.close()
            path.unlink(missing_ok=True)
            width, height = size
            raise SinkError(
                f"pictures of {width}×{height} cannot be encoded as {kind.codec} ({why(error)}); make them smaller, or let"
                " -o name a folder: PNG files may be of any size"
            ) from error

    def write(self, picture: Picture, pts: int, duration: int) -> None:
        """Append a picture.

        Args:
            picture: uint8, H×W×3, BGR.
            pts: Its time, which rises from call to call.
            duration: How long it is shown.

        Raises:
            SinkError: It cannot be written.
        """
        import av

        planes, pixels = self._planes(picture)
        # Without a copy, since encoders take one, where PyAV gets the height right: it must divide by four.
        taken = pixels == "yuv420p" and self._size[1] % 4 == 0
        frame = (av.VideoFrame.from_numpy_buffer if taken else av.VideoFrame.from_ndarray)(planes, pixels)
        frame.time_base, frame.pts, frame.duration = self._time_base, pts, max(1, duration)
        self._mux(self._stream, frame)

    def close(self) -> None:
        """Write what the encoder still holds.

        Raises:
            SinkError: It cannot be written.
        """
        try:
            self._mux(self._stream, None)
        finally:
            try:
                self._container.close()
            except failures() as error:
                raise _not_written(self.path, error) from error

    def _mux(self, stream: Any, frame: Any) -> None:
        try:
            self._container.mux(stream.encode(frame))
        except failures() as error:
            raise _not_written(self.path, error) from error

    def _planes(self, picture: Picture) -> tuple[Any, str]:
        if self._kind.pixels == "bgr24":
            return np.ascontiguousarray(picture), "bgr24"
        if self._kind.pixels == "rgb24":
            return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), "rgb24"
        height, width = picture.shape[:2]
        if (width, height) != self._size:  # 4:2:0 has colours for pairs of rows and columns
            picture = cv2.copyMakeBorder(  # type: ignore[assignment]
                picture, 0, self._size[1] - height, 0, self._size[0] - width, cv2.BORDER_REPLICATE
            )
        return yuv420(picture), "yuv420p"


def _not_written(path: Path, error: BaseException) -> SinkError:
    return SinkError(
        f"{clean(str(path))} cannot be written ({why(error)}); what was made before is kept, --resume goes on from there"
    )
