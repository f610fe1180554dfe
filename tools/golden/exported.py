"""Decoders of transformers with random weights, exported by PyTorch with their past as inputs and outputs."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper
from onnxruntime.transformers import optimizer
from transformers import AutoConfig, AutoModelForCausalLM, DynamicCache

from golden import VOCABULARY, Shape, past_names

HEAD_DIM = 16
WIDTHS = {
    "vocab_size": VOCABULARY,
    "hidden_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 96,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}


@dataclass(frozen=True)
class Family:
    model_type: str
    # beside WIDTHS; None takes one of these away
    config: dict = field(default_factory=dict)
    kv_heads: int = 4
    positions: bool = True

    def build(self):
        fields = {name: value for name, value in {**WIDTHS, **self.config}.items() if value is not None}
        config = AutoConfig.for_model(self.model_type, **fields)
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").eval()
        for name, parameter in model.named_parameters():
            spread(name, parameter.data)
        return model

    @property
    def shape(self):
        return Shape(2, self.kv_heads, HEAD_DIM)

    @property
    def inputs(self):
        return ["input_ids", "attention_mask", *(["position_ids"] if self.positions else []), *past_names(2)]


def spread(name, values):
    """Larger numbers than a fresh model has, so that every part of it matters to the gradient."""
    if values.dim() == 2:
        embeds = "embed" in name or "wte" in name or "wpe" in name
        values.normal_(0, 0.4 if embeds else 1.2 * values.shape[1] ** -0.5)
    else:
        values.add_(0.1 * torch.randn_like(values))


class WithPast(torch.nn.Module):
    """(ids, mask[, positions], key, value, ...) -> (logits, key, value, ...)"""

    def __init__(self, model, family):
        super().__init__()
        self.model, self.positions = model, family.positions

    def forward(self, input_ids, attention_mask, *rest):
        positions, past = (rest[0], rest[1:]) if self.positions else (None, rest)
        cache = DynamicCache(tuple(zip(past[::2], past[1::2])))
        more = {"position_ids": positions} if self.positions else {}
        output = self.model(
            input_ids=input_ids, attention_mask=attention_mask, past_key_values=cache, use_cache=True, **more
        )
        return output.logits, *(part for layer in output.past_key_values.layers for part in (layer.keys, layer.values))


def example(family):
    batch, time, past = 2, 7, 3
    ids = torch.randint(3, VOCABULARY, (batch, time))
    positions = [torch.arange(past, past + time).repeat(batch, 1)] if family.positions else []
    cache = [torch.randn(batch, family.kv_heads, past, HEAD_DIM) for _ in past_names(2)]
    return (ids, torch.ones(batch, past + time, dtype=torch.int64), *positions, *cache)


def axes_of(name):
    if name.startswith("past"):
        return {0: "batch_size", 2: "past_sequence_length"}
    if name.startswith("present"):
        return {0: "batch_size", 2: "total_sequence_length"}
    return {0: "batch_size", 1: "total_sequence_length" if name == "attention_mask" else "sequence_length"}


def export(family, model, exporter, opset, attention):
    """exporter: 'torchscript' (tracing) or 'dynamo' (torch.export)."""
    model.set_attn_implementation(attention)
    inputs = family.inputs
    outputs = ["logits", *(name.replace("past_key_values", "present") for name in past_names(2))]
    axes = {name: axes_of(name) for name in (*inputs, *outputs)}
    if exporter == "torchscript":
        options = {"dynamo": False, "dynamic_axes": axes}
    else:
        auto = [dict.fromkeys(axes[name], torch.export.Dim.AUTO) for name in inputs]
        options = {"dynamo": True, "dynamic_shapes": (*auto[:2], tuple(auto[2:])), "verbose": False}
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        path = Path(folder) / "model.onnx"
        names = {"input_names": inputs, "output_names": outputs}
        torch.onnx.export(
            WithPast(model, family), example(family), path, opset_version=opset, external_data=False, **names, **options
        )
        exported = onnx.load(path)
    for value in (*exported.graph.input, *exported.graph.output):
        for axis, symbol in axes[value.name].items():
            value.type.tensor_type.shape.dim[axis].dim_param = symbol
    return exported


def fuse(model, model_type):
    """What onnxruntime.transformers.optimizer makes of an export: fused norms, activations and rotary embeddings."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        onnx.save(model, path)
        options = optimizer.FusionOptions(model_type)
        fused = optimizer.optimize_model(
            str(path), model_type=model_type, num_heads=4, hidden_size=64, optimization_options=options, opt_level=0
        )
    for tensor in fused.model.graph.initializer:
        if tensor.name in ("cos_cache", "sin_cache"):
            # 131072 positions, of which a fixture needs few
            shorter = numpy_helper.to_array(tensor)[: WIDTHS["max_position_embeddings"]]
            tensor.CopyFrom(numpy_helper.from_array(shorter, tensor.name))
    return fused.model
