"""Makes tests/fixtures/attention.safetensors: what each head of some golden decoders attends to, in float64.

    python tools/golden/attention.py

Of the first text of a case behind its prefix, [heads, time, columns] per layer, named `{case}.{layer}`; the columns are
the prefix, the text, and a sink where the case has one. The twin is watched while it computes. One case is a Llama in
every detail, and there transformers' own `output_attentions` is held against it.
"""

import json
import warnings
from pathlib import Path

import onnx
import torch
from safetensors.torch import load_file, save
from torch.overrides import TorchFunctionMode
from transformers import DynamicCache, LlamaConfig, LlamaForCausalLM

from checks import check
from golden import feeds_of, past_names
from twin import Twin, to_torch

FIXTURES = Path(__file__).resolve().parents[2] / "tests" / "fixtures"
# float32 rotary angles and softmax in transformers
BOUND = 1e-6

CASES = (
    "llama_fp32",  # GroupQueryAttention
    "qwen3_q4_unfused",  # two heads to each key
    "opt_llama_q4",  # a softmax of the file's own
    "gpt2_merged",  # inside of a branch
    "mha_q4",  # MultiHeadAttention
    "sinks_gqa_q4",  # a sink of each head's own, a window
    "gemma2_ts17_q4f16",  # a softcap
    "bloom_ts14_q4_asym",  # ALiBi, a softmax of opset 14
)


class SoftmaxWatch(TorchFunctionMode):
    """Collects every softmax over `columns` scores or one more."""

    def __init__(self, columns):
        super().__init__()
        self.columns, self.seen = columns, []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if function is torch.Tensor.softmax and result.shape[-1] - self.columns in (0, 1):
            self.seen.append(result)
        return result


def case_of(name):
    """The file, and the feeds of its first text behind its prefix."""
    folder = FIXTURES / name
    case, golden = json.loads((folder / "case.json").read_text()), load_file(folder / "golden.safetensors")
    ids = case["input_ids"][0][: case["lengths"][0]]
    names = past_names(case["layers"])
    past = [golden["prefix." + past.removeprefix("past_key_values.")].double() for past in names]
    extra = {"use_cache_branch": torch.tensor([True]), "num_logits_to_keep": torch.tensor(0)}
    return onnx.load(folder / "model.onnx"), {**feeds_of(ids, past), **extra}, case["layers"]


def attention_of(name):
    """[heads, time, columns] of each layer."""
    model, feeds, layers = case_of(name)
    time, columns = feeds["input_ids"].shape[1], feeds["attention_mask"].shape[1]
    with SoftmaxWatch(columns) as watch:
        Twin(model)(feeds, ["logits"])
    assert len(watch.seen) == layers, name
    return [weights.reshape(-1, time, weights.shape[-1]) for weights in watch.seen]


def against_transformers(name):
    model, feeds, layers = case_of(name)
    llama = llama_of(name, {tensor.name: to_torch(tensor) for tensor in model.graph.initializer})
    cache = DynamicCache()
    for layer in range(layers):
        cache.update(*(feeds[f"past_key_values.{layer}.{what}"] for what in ("key", "value")), layer)
    inputs = {key: feeds[key] for key in ("input_ids", "attention_mask", "position_ids")}
    with torch.no_grad():
        theirs = llama(**inputs, past_key_values=cache, output_attentions=True).attentions
    for own, other in zip(attention_of(name), theirs, strict=True):
        check("distance of attention to transformers", (own - other[0]).abs().max().item(), 0, BOUND)


def llama_of(name, stored):
    """The PyTorch model that a file of ONNX Runtime's builder came from; its head is tied to its embeddings."""
    config = LlamaConfig.from_pretrained(FIXTURES / name, attn_implementation="eager")
    kv_width = config.num_key_value_heads * config.head_dim
    state = {"embed_tokens.weight": stored["lm_head.MatMul.weight"].T}
    state["norm.weight"] = stored[f"model.layers.{config.num_hidden_layers}.final_norm_layernorm.weight"]
    for key, tensor in stored.items():
        layer, _, module = key.removeprefix("model.layers.").partition(".")
        path = f"layers.{layer}.{module.replace('attn.', 'self_attn.').replace('.MatMul', '')}"
        if module == "attn.qkv_proj.MatMul.weight":
            parts = tensor.T.split([config.hidden_size, kv_width, kv_width])
            state.update({path.replace("qkv", what): part for what, part in zip("qkv", parts)})
        elif key.startswith("model.layers.") and "final_norm" not in key:
            state[path] = tensor.T if module.endswith("MatMul.weight") else tensor
    llama = LlamaForCausalLM(config).double().eval().model
    llama.load_state_dict(state)
    return llama


def main():
    warnings.filterwarnings("ignore")
    against_transformers("llama_fp32")
    found = {
        f"{name}.{layer}": weights.float().contiguous()
        for name in CASES
        for layer, weights in enumerate(attention_of(name))
    }
    (FIXTURES / "attention.safetensors").write_bytes(save(found))
    for key, weights in found.items():
        print(key, list(weights.shape), f"rows sum to 1 within {(weights.sum(-1) - 1).abs().max().item():.1e}")


main()
