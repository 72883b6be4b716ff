"""The frame network as LiteRT's fast path on the CPU (XNNPACK) runs it in the least memory; it paints the same.

Whatever lies at the border of the network, or between what the fast path runs and what it does not, takes memory of its own.
So pictures are bytes at the border, 3 a pixel instead of 12, and the network is nothing but operators of the fast path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from realtime.models.graph_file import GraphFile


def for_cpu(data: bytes) -> bytes:
    """Rewrite a frame network.

    Args:
        data: A .tflite file as `to_litert` makes it of `build_frame`'s network: pictures are float32, 0..1.

    Returns:
        A .tflite file whose pictures are uint8 with the scale 1/255, and whose other tensors and weights are the same.
    """
    file = GraphFile(data)
    _take_bytes(file)
    _crop_at_once(file)
    _give_bytes(file)
    return file.pack()


def _take_bytes(file: GraphFile) -> None:
    """Make floats of bytes behind the space-to-depth that the network begins with."""
    operators = file.graph.operators
    place = next(k for k, operator in enumerate(operators) if file.kind(operator) == "SPACE_TO_DEPTH")
    floats, blocks = int(operators[place].inputs[0]), int(operators[place].outputs[0])
    taken, levels = file.levels_like(floats), file.levels_like(blocks)
    _between(operators[place], taken, levels)
    operators.insert(place + 1, file.operator("DEQUANTIZE", [levels], blocks, "Dequantize", version=2))
    file.replace_border("inputs", floats, taken)


def _crop_at_once(file: GraphFile) -> None:
    """Crop a feature map as soon as it is there: else all of it is kept until the other end of the network."""
    operators = file.graph.operators
    makers = {int(tensor): operator for operator in operators for tensor in operator.outputs}
    for crop in [operator for operator in operators if file.kind(operator) == "STRIDED_SLICE"]:
        operators.remove(crop)
        operators.insert(operators.index(makers[int(crop.inputs[0])]) + 1, crop)


def _give_bytes(file: GraphFile) -> None:
    """Make bytes of floats before the depth-to-space that the network ends with."""
    last = file.graph.operators[-1]
    pixels, floats = int(last.inputs[0]), int(last.outputs[0])
    levels, painted = file.levels_like(pixels), file.levels_like(floats)
    _between(last, levels, painted)
    file.graph.operators.insert(-1, file.operator("QUANTIZE", [pixels], levels, "Quantize"))
    file.replace_border("outputs", floats, painted)


def _between(operator: Any, source: int, target: int) -> None:
    """Let an operator with one input make `target` of `source`."""
    operator.inputs, operator.outputs = np.array([source], np.int32), np.array([target], np.int32)
