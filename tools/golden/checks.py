"""Holds a case's golden values against ONNX Runtime: logits with two prefixes, and the gradient by finite differences.

ONNX Runtime runs the file's exact form: float16 widened to float32 and int8 activations left unquantised, which is what
the golden values mean. The file as shipped is run too, and its distance noted.
"""

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from golden import logits_of, loss_of

F16, F32 = TensorProto.FLOAT16, TensorProto.FLOAT


def runner(model, optimised=False):
    """A function of feeds (tensors) that gives logits as float64."""
    levels = onnxruntime.GraphOptimizationLevel
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimised else levels.ORT_DISABLE_ALL
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64}

    def run(feeds):
        named = {i.name: feeds[i.name].detach().numpy().astype(types[i.type]) for i in session.get_inputs()}
        return torch.from_numpy(session.run(["logits"], named)[0]).double()

    return run


def exact(model):
    """The same decoder without its own rounding."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    widen(copy.graph)
    undo_dynamic_int8(copy.graph)
    return copy


def widen(graph):
    for tensor in graph.initializer:
        widen_tensor(tensor)
    for value in (*graph.input, *graph.output, *graph.value_info):
        if value.type.tensor_type.elem_type == F16:
            value.type.tensor_type.elem_type = F32
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == F16:
                attribute.i = F32
            if attribute.HasField("t"):
                widen_tensor(attribute.t)
            if attribute.HasField("g"):
                widen(attribute.g)


def widen_tensor(tensor):
    if tensor.data_type == F16:
        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), tensor.name))


def undo_dynamic_int8(graph):
    nodes = []
    for node in graph.node:
        if node.op_type == "DynamicQuantizeLinear":
            x, (y, scale, zero) = node.input[0], node.output
            nodes.append(helper.make_node("Identity", [x], [y]))
            nodes.append(constant(scale, np.float32(1)))
            nodes.append(constant(zero, np.float32(0)))
        elif node.op_type == "MatMulInteger":
            x, w, _, zero = node.input
            wide = [f"{node.output[0]}/{part}" for part in ("w", "zero", "shifted")]
            nodes.append(helper.make_node("Cast", [w], [wide[0]], to=F32))
            nodes.append(helper.make_node("Cast", [zero], [wide[1]], to=F32))
            nodes.append(helper.make_node("Sub", wide[:2], wide[2:]))
            nodes.append(helper.make_node("MatMul", [x, wide[2]], node.output))
        else:
            nodes.append(node)
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)


def constant(name, value):
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.array(value)))


def distance(rows, expected):
    a, b = torch.cat(rows), torch.cat(expected)
    return ((a - b).norm() / b.norm()).item()


def slope_ratio(run, texts, past, gradient, step):
    """The loss's slope along the gradient by a five-point stencil, divided by the gradient's norm; 1 is right."""
    norm = torch.cat([part.flatten() for part in gradient]).norm()
    along = [part / norm for part in gradient]

    def loss(h):
        return loss_of(logits_of(run, texts, [x + h * d for x, d in zip(past, along)]), texts).item()

    slope = (8 * (loss(step) - loss(-step)) - (loss(2 * step) - loss(-2 * step))) / (12 * step)
    return slope / norm.item()


def check(name, value, expected, bound):
    if not abs(value - expected) <= bound:
        raise SystemExit(f"{name} is {value}, not {expected} within {bound}")
    return value
