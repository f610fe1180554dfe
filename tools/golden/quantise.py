"""Turns a float32 decoder into what people ship, with ONNX Runtime's own quantisers."""

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.matmul_bnb4_quantizer import MatMulBnb4Quantizer
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
from onnxruntime.transformers.float16 import convert_float_to_float16
from onnxruntime.transformers.onnx_model import OnnxModel


def nbits(bits=4, block=32, symmetric=True):
    """MatMulNBits."""

    def apply(model):
        config = DefaultWeightOnlyQuantConfig(block_size=block, is_symmetric=symmetric, bits=bits)
        quantizer = MatMulNBitsQuantizer(model, algo_config=config)
        quantizer.process()
        return quantizer.model.model

    return apply


def bnb4(block=64):
    """MatMulBnb4 with the NF4 values."""

    def apply(model):
        quantizer = MatMulBnb4Quantizer(model, quant_type=MatMulBnb4Quantizer.NF4, block_size=block)
        quantizer.process()
        return quantizer.model.model

    return apply


def dynamic(weight_type):
    """DynamicQuantizeLinear and MatMulInteger, one scale per tensor."""

    def apply(model):
        with tempfile.TemporaryDirectory() as folder:
            source, target = Path(folder) / "float.onnx", Path(folder) / "int8.onnx"
            onnx.save(model, source)
            quantize_dynamic(source, target, weight_type=weight_type, per_channel=False)
            return onnx.load(target)

    return apply


def qdq_per_channel(model):
    """Constant weights of MatMul [K, N] as int8 behind DequantizeLinear(axis=1), one scale per column."""
    weights = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        weight = weights.get(node.input[1]) if node.op_type == "MatMul" else None
        if weight is not None:
            w = numpy_helper.to_array(weight)
            scale = np.abs(w).max(0) / 127
            q = np.round(w / scale).astype(np.int8)
            names = [f"{weight.name}_{part}" for part in ("quantized", "scale", "zero_point", "dequantized")]
            for name, values in zip(names, (q, scale.astype(np.float32), np.zeros(len(scale), np.int8))):
                model.graph.initializer.append(numpy_helper.from_array(values, name))
            nodes.append(helper.make_node("DequantizeLinear", names[:3], names[3:], axis=1))
            node.input[1] = names[3]
        nodes.append(onnx.NodeProto.FromString(node.SerializeToString()))
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return drop_unused(model)


def float16(model):
    """float16 inside, float32 inputs and outputs. The converter appends its Casts; files on the hub are sorted."""
    narrow = OnnxModel(convert_float_to_float16(model, keep_io_types=True))
    narrow.topological_sort()
    return narrow.model


def drop_unused(model):
    used = {name for node in model.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    kept = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model


logging.getLogger("onnxruntime.quantization").setLevel(logging.ERROR)
UINT8 = dynamic(QuantType.QUInt8)
