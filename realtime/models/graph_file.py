"""The graph of a .tflite file, to be rewritten in memory: its tensors, constants and operators."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class GraphFile:
    """A .tflite file with one subgraph.

    Attributes:
        schema: The classes and numbers of the file's format.
        model: The whole file.
        graph: Its subgraph.
    """

    def __init__(self, data: bytes) -> None:
        """Take the content of the file."""
        from ai_edge_litert import schema_py_generated as schema

        self.schema: Any = schema
        self.model: Any = schema.ModelT.InitFromPackedBuf(data, 0)
        self.graph = self.model.subgraphs[0]
        self._names = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}

    def pack(self) -> bytes:
        """Give the content of the file."""
        import flatbuffers  # type: ignore[import-untyped]

        builder = flatbuffers.Builder(1 << 21)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())

    def kind(self, operator: Any) -> str:
        """Name the kind of an operator, such as ``CONV_2D``."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        name: str = self._names[max(code.builtinCode, code.deprecatedBuiltinCode)]
        return name

    def operator(
        self, kind: str, inputs: list[int], output: int, options: str, version: int = 1, **settings: Any
    ) -> Any:
        """Make an operator, to be put among those of the graph.

        Args:
            kind: Its kind, such as ``CAST``.
            inputs: The tensors that it takes.
            output: The tensor that it makes.
            options: The kind of its options, such as ``Cast``.
            version: The least version of the kind that can do this.
            settings: Its options.

        Returns:
            The operator.
        """
        code = self.schema.OperatorCodeT()
        value = getattr(self.schema.BuiltinOperator, kind)
        code.builtinCode, code.deprecatedBuiltinCode, code.version = value, min(value, 127), version
        self.model.operatorCodes.append(code)
        operator = self.schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        operator.builtinOptionsType = getattr(self.schema.BuiltinOptions, f"{options}Options")
        operator.builtinOptions = getattr(self.schema, f"{options}OptionsT")()
        for name, setting in settings.items():
            setattr(operator.builtinOptions, name, setting)
        return operator

    def constant(self, value: float) -> int:
        """Add a number in float32; its tensor."""
        tensor = self._tensor((), None, self.schema.TensorType.FLOAT32)
        self.graph.tensors[tensor].buffer = self.buffer(np.float32(value))
        return tensor

    def like(self, other: int, kind: int = 0) -> int:
        """Add a tensor of another one's shape, by default of float32."""
        model = self.graph.tensors[other]
        return self._tensor(model.shape, model.shapeSignature, kind)

    def levels_like(self, other: int) -> int:
        """Add a tensor of another one's shape, of bytes that stand for 0..1."""
        tensor = self.like(other, self.schema.TensorType.UINT8)
        steps = self.schema.QuantizationParametersT()
        steps.scale, steps.zeroPoint = np.array([1 / 255], np.float32), np.array([0], np.int64)
        self.graph.tensors[tensor].quantization = steps
        return tensor

    def buffer(self, array: npt.NDArray[Any] | np.float32) -> int:
        """Add the numbers of a constant; their place in the file."""
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(array.tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        return len(self.model.buffers) - 1

    def replace_border(self, border: str, old: int, new: int) -> None:
        """Let one of the network's ``inputs`` or ``outputs`` be another tensor, in its signatures as well."""
        places = [new if place == old else int(place) for place in getattr(self.graph, border)]
        setattr(self.graph, border, np.array(places, np.int32))
        for signature in self.model.signatureDefs or []:
            for entry in getattr(signature, border):
                if entry.tensorIndex == old:
                    entry.tensorIndex = new

    def _tensor(self, shape: Any, signature: Any, kind: int) -> int:
        tensor = self.schema.TensorT()
        tensor.shape, tensor.type, tensor.buffer = np.array(shape, np.int32), kind, 0
        tensor.shapeSignature = None if signature is None else np.array(signature, np.int32)
        tensor.name = f"border{len(self.graph.tensors)}".encode()
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1
