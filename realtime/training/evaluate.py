"""The measures by which the model is judged, each also for the teacher, so that figures can be given relative to it.

``style``: how far the picture has moved from the content's code to the style's, in the teacher's code space (1: all the way).
``edges``: correlation of the edge strengths of content and picture. ``teach``: mean absolute difference from the teacher's
picture, of 255. ``flick`` and ``flick0``: mean absolute difference, of 255, between consecutive pictures of a noisy clip
with and without camera motion, the known motion undone. Pictures here are uint8 RGB.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from realtime.core.errors import UsageError
from realtime.models.fitting import style_input
from realtime.models.grain import Grain, grain_beside

from .data import Floats, Picture, resized
from .frame_network import AROUND, MULTIPLE
from .teacher import PREDICTOR_FILE

DYNAMIC_FILE = "style_transfer_quantized_dynamic.tflite"
Stylize = Callable[[Picture, Picture], Picture]
"""A function from content and style (both RGB) to the stylized picture."""


def to_float(picture: Picture) -> Floats:
    """Convert uint8 (H, W, 3) to float32 (1, H, W, 3) in 0..1."""
    return np.asarray(picture[None].astype(np.float32) / np.float32(255))


def to_bytes(picture: Floats) -> Picture:
    """Convert float32 (1, H, W, 3) in 0..1 to uint8 (H, W, 3)."""
    return np.asarray(np.clip(picture[0], 0, 1) * 255 + 0.5).astype(np.uint8)


def continued(picture: Picture, multiple: int = MULTIPLE, around: int = AROUND) -> Picture:
    """Continue a picture by reflection.

    Args:
        picture: uint8 (H, W, 3).
        multiple: Height and width grow to the right and downwards until this number divides them.
        around: Pixels added on each side after that.

    Returns:
        uint8 (H + 2 around, W + 2 around, 3), at least.
    """
    below, right = (-side % multiple for side in picture.shape[:2])
    return np.pad(picture, ((around, around + below), (around, around + right), (0, 0)), mode="symmetric")


class LitePair:
    """A style file and a frame file run by LiteRT, with the grain beside them, if any.

    The frame is continued by reflection to the sides that the network divides, and around by what its picture is smaller.
    """

    def __init__(self, style_file: Path, frame_file: Path, multiple: int, around: int, threads: int = 2) -> None:
        from ai_edge_litert.interpreter import Interpreter

        for file in (style_file, frame_file):
            if not file.is_file():
                raise UsageError(f"there is no network {file}")
        self.style = Interpreter(model_path=str(style_file), num_threads=threads)
        self.style.allocate_tensors()
        self.net = Interpreter(model_path=str(frame_file), num_threads=threads)
        inputs = self.net.get_input_details()
        content = next(d for d in inputs if d["shape"][-1] == 3)
        self.content_input, self.as_bytes = content["index"], content["dtype"] == np.uint8
        self.code_input = next(d for d in inputs if d["shape"][-1] == 100)
        tile = grain_beside(frame_file)
        self.grain = Grain(tile) if tile is not None else None
        self.multiple, self.around = multiple, around
        self.size: tuple[int, int] | None = None

    @classmethod
    def teacher(cls, folder: str | Path, threads: int = 2) -> LitePair:
        """Open Magenta's mobile pair, with the transformer that takes any size."""
        return cls(Path(folder) / PREDICTOR_FILE, Path(folder) / DYNAMIC_FILE, 4, 0, threads)

    @classmethod
    def folder(cls, folder: str | Path, threads: int = 2) -> LitePair:
        """Open our pair, as exported into a folder."""
        return cls(Path(folder) / "style.tflite", Path(folder) / "frame.tflite", MULTIPLE, AROUND, threads)

    def encode(self, style: Picture) -> Floats:
        """Encode a style picture, RGB uint8 of any size, as a code (100,)."""
        bgr = np.ascontiguousarray(style[:, :, ::-1])
        self.style.set_tensor(self.style.get_input_details()[0]["index"], style_input(bgr))
        self.style.invoke()
        return np.array(self.style.get_tensor(self.style.get_output_details()[0]["index"]), np.float32).reshape(-1)

    def frame(self, content: Picture, code: Floats) -> Picture:
        """Paint content, RGB uint8 (H, W, 3), by a code (100,): RGB uint8 (H, W, 3)."""
        height, width = content.shape[:2]
        padded = continued(self.grain.lay(content) if self.grain else content, self.multiple, self.around)
        if self.size != padded.shape[:2]:
            self.net.resize_tensor_input(self.content_input, [1, *padded.shape])
            self.net.allocate_tensors()
            self.size = padded.shape[:2]
        self.net.set_tensor(self.content_input, padded[None] if self.as_bytes else to_float(padded))
        self.net.set_tensor(self.code_input["index"], code.reshape(self.code_input["shape"]))
        self.net.invoke()
        painted = self.net.get_tensor(self.net.get_output_details()[0]["index"])
        return (painted[0] if self.as_bytes else to_bytes(painted))[:height, :width]

    def __call__(self, content: Picture, style: Picture) -> Picture:
        """Paint content by a style picture, both RGB uint8: see `encode` and `frame`."""
        return self.frame(content, self.encode(style))


def edge_strength(picture: Picture) -> Floats:
    """Measure how steep the blurred grey picture is, place by place: (H, W)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), 1.5), np.float32)
    return np.asarray(cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)), np.float32)


def arrival(code_out: Floats, code_style: Floats, code_content: Floats) -> float:
    """Measure how far a code has moved from the content's to the style's: 1 - |out - style| / |content - style|."""
    return float(1 - np.linalg.norm(code_out - code_style) / np.linalg.norm(code_content - code_style))


def camera(
    photo: Picture, moving: bool, seed: int, frames: int = 12, size: tuple[int, int] = (384, 288)
) -> tuple[list[Picture], list[np.ndarray]]:
    """Film a photo by a camera that pans, zooms and turns slowly, or lies still, with sensor noise of 3/255.

    Args:
        photo: RGB uint8 (H, W, 3).
        moving: Whether the camera moves.
        seed: From which the noise follows.
        frames: How many frames there are.
        size: Their width and height, in pixels.

    Returns:
        The frames, and for each the 3×3 matrix from the photo to the frame.
    """
    rng = np.random.default_rng(seed)
    height, width = photo.shape[:2]
    base = max(size[0] / (width * 0.8), size[1] / (height * 0.8))
    clip, matrices = [], []
    for k in range(frames):
        t = k / frames if moving else 0.0
        turn, zoom = np.deg2rad(4 * np.sin(3 * t)), base * (1 + 0.08 * t)
        rotation = zoom * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        centre = np.array([size[0] / 2 + 14 * t, size[1] / 2 + 9 * np.sin(2 * t)])
        matrix = np.eye(3)
        matrix[:2, :2] = rotation
        matrix[:2, 2] = centre - rotation @ np.array([width / 2, height / 2])
        view = cv2.warpPerspective(photo, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT)
        noisy = view.astype(np.float32) + rng.normal(0, 3, view.shape)
        clip.append(np.clip(noisy, 0, 255).astype(np.uint8))
        matrices.append(matrix)
    return clip, matrices


def flicker(pictures: Sequence[Picture], matrices: Sequence[np.ndarray]) -> float:
    """Measure the mean absolute difference, of 255, of consecutive pictures after undoing the motion.

    Args:
        pictures: RGB uint8 pictures of one size.
        matrices: For each the 3×3 matrix from the photo to the frame, as `camera` gives them.

    Returns:
        The mean over all pairs.
    """
    differences = []
    for k in range(1, len(pictures)):
        height, width = pictures[k].shape[:2]
        back = matrices[k - 1] @ np.linalg.inv(matrices[k])
        moved = cv2.warpPerspective(pictures[k].astype(np.float32), back, (width, height))
        seen = cv2.warpPerspective(np.ones((height, width), np.float32), back, (width, height)) > 0.999
        seen[:12] = seen[-12:] = False
        seen[:, :12] = seen[:, -12:] = False
        differences.append(np.abs(moved - pictures[k - 1].astype(np.float32))[seen].mean())
    return float(np.mean(differences))


def measure(
    stylize: Stylize,
    photos: Sequence[Picture],
    styles: Sequence[Picture],
    teacher: LitePair,
    size: tuple[int, int] = (384, 288),
) -> dict[str, float]:
    """Measure a model by all figures, averaged over every other pair of a photo and a style.

    Args:
        stylize: The model.
        photos: RGB uint8 photos of any size.
        styles: RGB uint8 style pictures of any size.
        teacher: The pair in whose code space ``style`` is measured, and whose pictures ``teach`` compares with.
        size: Width and height of the contents, in pixels.

    Returns:
        The figures by name, as the module describes them.
    """
    found: dict[str, list[float]] = {k: [] for k in ("style", "edges", "teach", "flick", "flick0")}
    contents = [resized(p, *size) for p in photos]
    content_codes = [teacher.encode(c) for c in contents]
    for i, style in enumerate(styles):
        code = teacher.encode(style)
        for j, content in enumerate(contents):
            if (i + j) % 2:
                continue
            out = stylize(content, style)
            found["style"].append(arrival(teacher.encode(out), code, content_codes[j]))
            found["edges"].append(float(np.corrcoef(edge_strength(content).ravel(), edge_strength(out).ravel())[0, 1]))
            found["teach"].append(float(np.abs(out.astype(int) - teacher.frame(content, code).astype(int)).mean()))
        photo = photos[i % len(photos)]
        for name, moving in (("flick", True), ("flick0", False)):
            clip, matrices = camera(photo, moving, i, size=size)
            found[name].append(flicker([stylize(f, style) for f in clip], matrices))
    return {name: float(np.mean(values)) for name, values in found.items()}


def table(ours: dict[str, float], teachers: dict[str, float]) -> str:
    """Lay out the figures of both and their ratios as lines of text."""
    lines = [f"{'':10}{'lite':>9}{'teacher':>9}{'relative':>10}"]
    for name, value in ours.items():
        ratio = f"{value / teachers[name]:10.3f}" if teachers.get(name) else f"{'':>10}"
        lines.append(f"{name:10}{value:9.4f}{teachers.get(name, 0.0):9.4f}{ratio}")
    return "\n".join(lines)


def seconds_a_call(call: Callable[[], Any], runs: int = 20) -> float:
    """Time a call: the median of `runs` after a first one, in seconds."""
    import time

    call()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
