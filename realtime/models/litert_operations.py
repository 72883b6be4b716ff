"""The floating-point operations of a network in a .tflite file, counted from its operators."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from realtime.core.frame import Size
from realtime.models.native_output import without_announcements


def count_operations(file: Path, size: Size) -> int | None:
    """Count the operations of a run: two for each multiply-add of a convolution or matrix product.

    Args:
        file: The .tflite file of a frame network.
        size: Width and height of the picture that it sees, in pixels.

    Returns:
        The count; None where the network cannot be laid out at this size.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph: Any = schema.ModelT.InitFromPackedBuf(file.read_bytes(), 0)
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}
    shapes = _shapes(file, size)
    if shapes is None:
        return None
    count = 0
    for operator in graph.subgraphs[0].operators:
        code = graph.operatorCodes[operator.opcodeIndex]
        kind = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        inputs = [shapes.get(int(tensor), ()) for tensor in operator.inputs]
        count += 2 * _multiply_adds(kind, inputs, shapes.get(int(operator.outputs[0]), ()))
    return count


def _multiply_adds(kind: str, inputs: list[tuple[int, ...]], output: tuple[int, ...]) -> int:
    if kind == "CONV_2D":  # weights: out, height, width, in
        return math.prod(output) * math.prod(inputs[1][1:])
    if kind == "DEPTHWISE_CONV_2D":  # weights: 1, height, width, channels
        return math.prod(output) * math.prod(inputs[1][1:3])
    if kind == "TRANSPOSE_CONV":  # of the shape wanted, weights (out, height, width, in) and a picture
        return math.prod(inputs[2]) * math.prod(inputs[1][:3])
    if kind in ("FULLY_CONNECTED", "BATCH_MATMUL"):
        return math.prod(output) * inputs[0][-1]
    return 0


def _shapes(file: Path, size: Size) -> dict[int, tuple[int, ...]] | None:
    """Give the shapes of all tensors, by their numbers; LiteRT works them out, without the delegate that hides some."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    try:
        with without_announcements("LiteRT"):
            plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            interpreter = Interpreter(model_path=str(file), experimental_op_resolver_type=plain)
        for detail in interpreter.get_input_details():
            if len(detail["shape"]) == 4 and detail["shape"][-1] == 3:
                interpreter.resize_tensor_input(detail["index"], [1, size[1], size[0], 3])
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError):
        return None
    return {detail["index"]: tuple(int(n) for n in detail["shape"]) for detail in interpreter.get_tensor_details()}
