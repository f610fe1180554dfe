"""A decoder's file as a float64 PyTorch function: its nodes in order, its own weights dequantised, autograd for free.

Nothing here knows a model family. What an operator means is written from its specification (operators.py, fused.py)
and held against ONNX Runtime (checks.py) and transformers (make.py). Numbers that a file keeps in float16 or float32
are read as they are and computed with in float64; a Cast between floats changes nothing.
"""

import numpy as np
import torch
from onnx import helper, numpy_helper

from fused import FUSED
from operators import OPERATORS

TABLE = {**OPERATORS, **FUSED}


def to_torch(proto):
    """Floats as float64, booleans as they are, every integer (packed ones too) as int64."""
    array = numpy_helper.to_array(proto)
    if array.dtype == bool:
        return torch.from_numpy(array.copy())
    floats = array.dtype.kind == "f"
    return torch.from_numpy(array.astype(np.float64 if floats else np.int64))


def attributes_of(node):
    values = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}


class Twin:
    def __init__(self, model):
        self.graph = model.graph
        self.opset = max(entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx"))
        self.weights = {tensor.name: to_torch(tensor) for tensor in model.graph.initializer}

    def __call__(self, feeds, wanted):
        """feeds: tensors by input name. Returns the wanted values by name."""
        values = self._run(self.graph, {**self.weights, **feeds})
        return {name: values[name] for name in wanted}

    def _run(self, graph, values):
        for node in graph.node:
            outputs = self._node(node, values)
            values.update(zip(node.output, outputs if isinstance(outputs, tuple) else (outputs,)))
        return values

    def _node(self, node, values):
        attributes = attributes_of(node)
        if node.op_type == "If":
            taken = attributes["then_branch" if values[node.input[0]].item() else "else_branch"]
            inner = {tensor.name: to_torch(tensor) for tensor in taken.initializer}
            inside = self._run(taken, {**values, **inner})
            return tuple(inside[output.name] for output in taken.output)
        if node.op_type in ("Constant", "ConstantOfShape") and "value" in attributes:
            attributes["value"] = to_torch(attributes["value"])
        name = f"{node.domain}.{node.op_type}" if node.domain not in ("", "ai.onnx") else node.op_type
        attributes.update(opset=self.opset, outputs=len(node.output))
        return TABLE[name](attributes, *(values[name] if name else None for name in node.input))
