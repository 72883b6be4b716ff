"""A graph in two halves: what depends on the style alone, run once a style, and the rest, run for each frame.

Found by reachability, not by names. Walk forward from the content input and from the style input; the tensors that
depend on the style alone and feed an operation that also depends on the content are where it is split. On the architecture of
Ghiasi et al. (BMVC 2017, arXiv 1705.06830) these are 26 tensors: a scale and a shift for each of 13 instance norms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2


class CannotSplitError(Exception):
    """A graph has no useful place to be split at; the message says why."""


def split(function: Any, content: str, style: str) -> tuple[Callable[..., Any], Callable[..., Any], int]:
    """Split a ConcreteFunction of two pictures.

    Args:
        function: The function.
        content: The name of its content input.
        style: The name of its style input.

    Returns:
        The style half (style picture -> list of tensors), the frame half (content, *tensors -> picture) and the number of
        tensors between them.

    Raises:
        CannotSplitError: There is no useful place.
    """
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False, aggressive_inlining=True)
    inputs = {tensor.op.name: tensor.name for tensor in frozen.inputs}
    definition = frozen.graph.as_graph_def()
    for node in definition.node:
        # Control edges say who waits for whom, not what depends on what, and nothing is left here that must wait.
        # Inlining ties both inputs to every constant by them: then nothing depends on the style alone.
        data = [name for name in node.input if not name.startswith("^")]
        del node.input[:]
        node.input.extend(data)
    whole = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(definition, name=""), [])
    content_in, style_in, output = (
        whole.graph.as_graph_element(name) for name in (inputs[content], inputs[style], frozen.outputs[0].name)
    )

    from_content, from_style = _reached(content_in.op), _reached(style_in.op)
    between = {
        tensor.name: tensor
        for op in whole.graph.get_operations()
        if op in from_content
        for tensor in op.inputs
        if tensor.op in from_style and tensor.op not in from_content
    }
    if not between:
        raise CannotSplitError("the picture that comes out does not depend on the style")
    if any(_original(tensor) is style_in for tensor in between.values()):
        raise CannotSplitError("the frame meets the style picture itself")
    if any(tensor.dtype != tf.float32 for tensor in between.values()):
        raise CannotSplitError("what comes of the style is not float32 alone")
    tensors = list(between.values())
    return _style_half(definition, style_in, tensors), whole.prune([content_in, *tensors], output), len(tensors)


def _style_half(definition: Any, style_in: Any, tensors: list[Any]) -> Any:
    """`style_in` to `tensors`, bit for bit as the whole function works them out.

    There the weights are variables. As constants here they would be folded, and Inception's convolutions round otherwise
    with filters known beforehand: 1e-7 in a code, 2e-6 in a picture. A placeholder with a default is a constant that
    TensorFlow does not fold; to feed the filters in at each call is as exact, but takes several times as long.
    """
    definition = type(definition).FromString(definition.SerializeToString())
    constants = {node.name: node.attr["value"].tensor for node in definition.node if node.op == "Const"}
    for node in definition.node:
        if node.op == "Identity" and (weights := constants.get(node.input[0])) and weights.dtype == tf.float32:
            node.op = "PlaceholderWithDefault"
            node.attr.clear()
            node.attr["dtype"].type = weights.dtype
            node.attr["shape"].shape.CopyFrom(weights.tensor_shape)
    graph = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(definition, name=""), [])
    find = graph.graph.as_graph_element
    return graph.prune(find(style_in.name), [find(tensor.name) for tensor in tensors])


def _original(tensor: Any) -> Any:
    """Find the tensor that a tensor is a mere copy of."""
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor


def _reached(start: Any) -> set[Any]:
    """Find every operation that a value of `start` flows into, itself included."""
    reached = {start}
    waiting = [start]
    while waiting:
        for tensor in waiting.pop().outputs:
            new = [user for user in tensor.consumers() if user not in reached]
            reached.update(new)
            waiting.extend(new)
    return reached
