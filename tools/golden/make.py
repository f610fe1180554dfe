"""Makes the golden decoders of this folder's README in tests/fixtures, and checks each before it is written.

    python tools/golden/make.py [CASE ...]
"""

import json
import logging
import sys
import warnings
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save

from built import BUILT, HEADS, HIDDEN, INNER, POSITIONS
from checks import check, distance, exact, runner, slope_ratio
from exported import Family, WithPast, export, fuse
from golden import VOCABULARY, description, gradient_of, logits_of, prefix_of, tensors, text_of
from quantise import UINT8, bnb4, float16, nbits, qdq_per_channel
from twin import Twin

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "fixtures"
# What a case may be off: float32 against float64.
BOUND = 3e-6

GROUPED = {"num_key_value_heads": 2, "intermediate_size": 96}
GEMMA2 = {
    "head_dim": 16,
    "sliding_window": 6,
    "query_pre_attn_scalar": 16,
    "attn_logit_softcapping": 2.0,
    "final_logit_softcapping": 6.0,
}
FAMILIES = {
    "neox": Family("gpt_neox", {"intermediate_size": 96, "rotary_pct": 0.5}),
    "bloom": Family("bloom", {"max_position_embeddings": None}, positions=False),
    "opt": Family("opt", {"ffn_dim": 64, "word_embed_proj_dim": 64}, positions=False),
    "gemma2": Family("gemma2", {**GROUPED, **GEMMA2}, kv_heads=2),
    "phi": Family("phi", {"intermediate_size": 96, "partial_rotary_factor": 0.5}),
    "starcoder2": Family("starcoder2", GROUPED, kv_heads=2),
    "falcon": Family("falcon", {"ffn_hidden_size": 96, "multi_query": True}, kv_heads=1),
    "mpt": Family("mpt", {"max_position_embeddings": None, "max_seq_len": 96, "expansion_ratio": 2}, positions=False),
    "mistral": Family("mistral", {**GROUPED, "intermediate_size": 64, "sliding_window": 8}, kv_heads=2),
    "cohere": Family("cohere", {**GROUPED, "logit_scale": 0.25}, kv_heads=2),
}


@dataclass(frozen=True)
class Exported:
    family: str
    exporter: str
    opset: int
    attention: str
    # what the exported file goes through
    steps: tuple
    notes: str


EXPORTED = {
    "neox_ts14_q4": Exported(
        "neox",
        "torchscript",
        14,
        "eager",
        (nbits(block=16),),
        "parallel residual, partial rotary; 4 bits, block 16",
    ),
    "neox_opt17_q4f16": Exported(
        "neox",
        "torchscript",
        17,
        "sdpa",
        (partial(fuse, model_type="gpt_neox"), nbits(), float16),
        "the same through onnxruntime.transformers.optimizer, then 4 bits and float16 inside",
    ),
    "bloom_ts14_q4_asym": Exported(
        "bloom",
        "torchscript",
        14,
        "eager",
        (nbits(symmetric=False),),
        "ALiBi from the mask's CumSum; 4 bits with zero points",
    ),
    "opt_dyn18_q8": Exported(
        "opt",
        "dynamo",
        18,
        "sdpa",
        (nbits(8, 64),),
        "learned positions, offset 2, from the mask's CumSum; 8 bits, block 64",
    ),
    "gemma2_ts17_q4f16": Exported(
        "gemma2",
        "torchscript",
        17,
        "eager",
        (nbits(), float16),
        "softcap in the scores and of the logits, a window in layer 0; 4 bits and float16 inside",
    ),
    "phi_dyn20_qdq8": Exported(
        "phi",
        "dynamo",
        20,
        "sdpa",
        (qdq_per_channel,),
        "parallel block, biases, partial rotary; int8 behind DequantizeLinear(axis 1), one scale per column",
    ),
    "starcoder2_ts17_uint8": Exported(
        "starcoder2",
        "torchscript",
        17,
        "sdpa",
        (UINT8,),
        "biases, grouped heads; dynamic uint8 per tensor, golden values straight through its rounding",
    ),
    "falcon_dyn18_bnb4": Exported(
        "falcon",
        "dynamo",
        18,
        "sdpa",
        (bnb4(),),
        "one key and value head, parallel block; MatMulBnb4, NF4 in blocks of 64",
    ),
    "mpt_ts14_q4": Exported(
        "mpt",
        "torchscript",
        14,
        "eager",
        (nbits(block=128),),
        "ALiBi by slot; 4 bits, block 128 wider than K",
    ),
    "mistral_ts17_fp16": Exported(
        "mistral",
        "torchscript",
        17,
        "sdpa",
        (float16,),
        "a window in the mask that the graph computes; float16 inside",
    ),
    "cohere_dyn20_q8_asym": Exported(
        "cohere",
        "dynamo",
        20,
        "eager",
        (nbits(8, 32, symmetric=False),),
        "interleaved rotary by slices with a step, parallel block; 8 bits with zero points",
    ),
}


def make_exported(name):
    it = EXPORTED[name]
    family = FAMILIES[it.family]
    model = family.build()
    file = export(family, model, it.exporter, it.opset, it.attention)
    texts, past = text_of(name), prefix_of(name, family.shape)
    found = {"transformers_rel": against_transformers(family, model, file, texts, past)}
    for step in it.steps:
        file = step(file)
    config = json.loads(model.config.to_json_string())
    for key in ("transformers_version", "_name_or_path"):
        config.pop(key, None)
    about = {"family": family.model_type, "exporter": f"{it.exporter}, opset {it.opset}", "notes": it.notes}
    return file, family.shape, config, about, found


def against_transformers(family, model, file, texts, past):
    """Logits and gradient of the float32 export, in the twin and in the model it comes from."""
    wrapped = WithPast(model.double(), family)
    _, rows, gradient = gradient_of(twin_runner(file), texts, past)
    _, expected, wanted = gradient_of(lambda feeds: wrapped(*(feeds[name] for name in family.inputs))[0], texts, past)
    check("distance of logits to transformers", distance(rows, expected), 0, BOUND)
    flat = [[torch.cat([part.flatten() for part in parts])] for parts in (gradient, wanted)]
    return check("distance of gradients to transformers", distance(*flat), 0, BOUND)


def make_built(it):
    config = {
        "model_type": it.model_type,
        "hidden_size": HIDDEN,
        "intermediate_size": INNER,
        "num_hidden_layers": it.shape.layers,
        "num_attention_heads": HEADS,
        "num_key_value_heads": it.kv_heads,
        "head_dim": it.head_dim,
        "vocab_size": VOCABULARY,
        "max_position_embeddings": POSITIONS,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    about = {"family": it.model_type, "exporter": "built", "notes": it.notes}
    return it.build(), it.shape, config, about, {}


def twin_runner(file):
    twin = Twin(file)
    return lambda feeds: twin(feeds, ["logits"])["logits"]


def strip(graph):
    """Exporters note the Python files that every node comes from."""
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                strip(attribute.g)
    for value in (*graph.input, *graph.output, *graph.initializer):
        del value.metadata_props[:]
    del graph.value_info[:]
    del graph.metadata_props[:]


def write(name, file, shape, config, about, found):
    """Checks the golden values of a file and writes its folder; `found` is what the checks measured so far."""
    strip(file.graph)
    del file.metadata_props[:]
    del file.functions[:]
    texts, past = text_of(name), prefix_of(name, shape)
    loss, rows, gradient = gradient_of(twin_runner(file), texts, past)
    run, second = runner(exact(file)), prefix_of(f"{name} again", shape, 2.4)
    found["grad_norm"] = torch.cat([part.flatten() for part in gradient]).norm().item()
    found["min_layer_grad"] = min(part.norm().item() for part in gradient)
    slope = slope_ratio(twin_runner(file), texts, past, gradient, 1e-3)
    found["fd_ratio"] = check("slope of the twin", slope, 1, 1e-6)
    error = distance(logits_of(run, texts, past), rows)
    found["ort_rel_err_exact"] = check("distance to ONNX Runtime", error, 0, BOUND)
    error = distance(logits_of(run, texts, second), logits_of(twin_runner(file), texts, second))
    found["ort_rel_err_second_prefix"] = check("distance with another prefix", error, 0, BOUND)
    found["ort_rel_err_as_is"] = distance(logits_of(runner(file, optimised=True), texts, past), rows)
    slope = slope_ratio(run, texts, past, gradient, 3e-2)
    found["ort_fd_ratio"] = check("slope in ONNX Runtime", slope, 1, 1e-3)

    folder = FIXTURES / name
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(file.SerializeToString())
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    dims = {
        "layers": shape.layers,
        "kv_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "heads": HEADS,
        "hidden": HIDDEN,
        "vocab": VOCABULARY,
    }
    case = {"case": name, **about, **dims, **description(texts), "loss": loss, **found}
    (folder / "case.json").write_text(json.dumps(case, indent=1) + "\n")
    (folder / "golden.safetensors").write_bytes(save(tensors(past, gradient, rows)))
    operators = Counter(node.op_type for node in file.graph.node)
    print(f"{name}: {(folder / 'model.onnx').stat().st_size} bytes, loss {loss:.4f}, {found}\n  {dict(operators)}")


def main():
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    built = {it.name: it for it in BUILT}
    for name in sys.argv[1:] or [*EXPORTED, *built]:
        made = make_built(built[name]) if name in built else make_exported(name)
        write(name, *made)


main()
