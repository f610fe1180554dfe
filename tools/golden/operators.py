"""The operators of ai.onnx that exporters write, each as a function of its attributes and tensors.

Attributes arrive with `opset` and with `outputs`, the number of outputs wanted.
"""

import torch
from onnx import TensorProto

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)


def axes_of(a, axes):
    return list(a["axes"]) if "axes" in a else axes.tolist() if axes is not None else None


def cast(a, x):
    return x.to(torch.float64 if a["to"] in FLOATS else torch.bool if a["to"] == TensorProto.BOOL else torch.int64)


def reshape(a, x, shape):
    copies = not a.get("allowzero")
    return x.reshape([x.shape[i] if size == 0 and copies else size for i, size in enumerate(shape.tolist())])


def squeeze(a, x, axes=None):
    axes = axes_of(a, axes)
    return x.squeeze() if axes is None else x.squeeze(tuple(axes))


def unsqueeze(a, x, axes=None):
    axes = axes_of(a, axes)
    rank = x.dim() + len(axes)
    for axis in sorted(axis % rank for axis in axes):
        x = x.unsqueeze(axis)
    return x


def slice_(a, x, starts, ends, axes=None, steps=None):
    axes = range(len(starts)) if axes is None else axes.tolist()
    steps = [1] * len(starts) if steps is None else steps.tolist()
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes, steps):
        index = [slice(None)] * x.dim()
        index[axis] = slice(start, None if end > x.shape[axis] else end, step)
        x = x[tuple(index)]
    return x


def gather(a, x, indices):
    axis = a.get("axis", 0) % x.dim()
    flat = indices.reshape(-1) % x.shape[axis]
    return x.index_select(axis, flat).reshape(x.shape[:axis] + indices.shape + x.shape[axis + 1 :])


def gather_nd(a, x, indices):
    return x[tuple(indices.unbind(-1))]


def split(a, x, sizes=None):
    axis = a.get("axis", 0)
    sizes = a.get("split") or (sizes.tolist() if sizes is not None else -(-x.shape[axis] // a["outputs"]))
    return x.split(sizes, axis)


def reduce(function):
    def apply(a, x, axes=None):
        axes = axes_of(a, axes)
        return function(x, axes if axes else tuple(range(x.dim())), keepdim=bool(a.get("keepdims", 1)))

    return apply


def gemm(a, x, w, c=None):
    x, w = (x.T if a.get("transA") else x), (w.T if a.get("transB") else w)
    product = a.get("alpha", 1.0) * x @ w
    return product if c is None else product + a.get("beta", 1.0) * c


def layer_norm(a, x, w, b=None):
    assert a.get("axis", -1) in (-1, x.dim() - 1)
    return torch.nn.functional.layer_norm(x, x.shape[-1:], w, b, a.get("epsilon", 1e-5))


def rms_norm(a, x, w):
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + a.get("epsilon", 1e-5)) * w


def divide(a, x, y):
    return x / y if x.is_floating_point() else x.div(y, rounding_mode="trunc")


def cumsum(a, x, axis):
    assert not a.get("exclusive") and not a.get("reverse")
    return x.cumsum(int(axis))


def constant(a):
    if "value" in a:
        return a["value"]
    if "value_float" in a:
        return torch.tensor(a["value_float"], dtype=torch.float64)
    return torch.tensor(a["value_int"] if "value_int" in a else a["value_ints"])


OPERATORS = {
    # elementwise
    "Add": lambda a, x, y: x + y,
    "Sub": lambda a, x, y: x - y,
    "Mul": lambda a, x, y: x * y,
    "Div": divide,
    "Pow": lambda a, x, y: x**y,
    "Max": lambda a, *x: torch.stack(torch.broadcast_tensors(*x)).amax(0),
    "Min": lambda a, *x: torch.stack(torch.broadcast_tensors(*x)).amin(0),
    "Neg": lambda a, x: -x,
    "Sqrt": lambda a, x: x.sqrt(),
    "Reciprocal": lambda a, x: 1 / x,
    "Erf": lambda a, x: x.erf(),
    "Tanh": lambda a, x: x.tanh(),
    "Sigmoid": lambda a, x: x.sigmoid(),
    "Relu": lambda a, x: x.relu(),
    "Gelu": lambda a, x: torch.nn.functional.gelu(x, approximate=a.get("approximate", "none")),
    "Cos": lambda a, x: x.cos(),
    "Sin": lambda a, x: x.sin(),
    "Softmax": lambda a, x: x.softmax(a.get("axis", -1)),
    "Cast": cast,
    "Identity": lambda a, x: x,
    "Where": lambda a, condition, x, y: torch.where(condition, x, y),
    "Equal": lambda a, x, y: x == y,
    "Less": lambda a, x, y: x < y,
    "LessOrEqual": lambda a, x, y: x <= y,
    "Greater": lambda a, x, y: x > y,
    "GreaterOrEqual": lambda a, x, y: x >= y,
    "And": lambda a, x, y: x & y,
    "Or": lambda a, x, y: x | y,
    "Not": lambda a, x: ~x,
    "IsNaN": lambda a, x: x.isnan(),
    # shapes and parts
    "Constant": constant,
    "ConstantOfShape": lambda a, shape: a["value"].reshape(()).expand(shape.tolist()),
    "Shape": lambda a, x: torch.tensor(x.shape[a.get("start", 0) : a.get("end", x.dim())]),
    "Range": lambda a, start, end, step: torch.arange(start.item(), end.item(), step.item()),
    "Reshape": reshape,
    "Flatten": lambda a, x: x.reshape(x.shape[: a.get("axis", 1)].numel(), -1),
    "Squeeze": squeeze,
    "Unsqueeze": unsqueeze,
    "Transpose": lambda a, x: x.permute(a.get("perm") or list(range(x.dim()))[::-1]),
    "Expand": lambda a, x, shape: x.expand(torch.broadcast_shapes(x.shape, tuple(shape.tolist()))),
    "Concat": lambda a, *x: torch.cat(x, a["axis"]),
    "Split": split,
    "Slice": slice_,
    "Gather": gather,
    "GatherND": gather_nd,
    "CumSum": cumsum,
    # sums and products
    "ReduceMean": reduce(torch.mean),
    "ReduceSum": reduce(torch.sum),
    "MatMul": lambda a, x, y: x @ y,
    "Gemm": gemm,
    "LayerNormalization": layer_norm,
    "RMSNormalization": rms_norm,
    "SimplifiedLayerNormalization": rms_norm,
}
