"""Adapters that PEFT makes for small random decoders of several families, and the logits that PyTorch has with them.

    PYTHONHASHSEED=0 python tools/peft/families.py [FAMILY ...]

Writes tests/adapters/families/FAMILY: the decoder as ONNX in float32, config.json, an adapter with random numbers for each
method in peft_*, and logits.safetensors. Needs what tools/golden needs, and peft 0.21, which writes the modules that LoRA is
put on in the order of Python's hashes.
"""

import json
import shutil
import sys
from dataclasses import dataclass, field
from pathlib import Path

import onnx
import torch
from peft import (
    CartridgeConfig,
    LoraConfig,
    PrefixTuningConfig,
    PromptEncoderConfig,
    PromptTuningConfig,
    get_peft_model,
)
from safetensors.torch import save

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "golden"))

from exported import Family, export  # noqa: E402
from golden import VOCABULARY  # noqa: E402

FOLDER = ROOT / "tests" / "adapters" / "families"
TOKENS = 7
VIRTUAL = {"task_type": "CAUSAL_LM", "num_virtual_tokens": 3}

SMALL = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 48}
GROUPED = {**SMALL, "num_key_value_heads": 1}
GPT2 = {"n_embd": 32, "n_head": 2, "n_layer": 2, "n_positions": 96}
NOT_GPT2 = dict.fromkeys(["hidden_size", "num_attention_heads", "num_hidden_layers", "max_position_embeddings"])


@dataclass(frozen=True)
class Tuned:
    family: Family
    # linear layers that LoRA is put on
    targets: list
    # what PEFT cannot find out by itself
    prefix: dict = field(default_factory=dict)
    variants: bool = False


FAMILIES = {
    # the model multiplies embeddings behind the place where PEFT inserts a prompt
    "granite": Tuned(
        Family("granite", {**GROUPED, "embedding_multiplier": 12.0, "logits_scaling": 2.0}, 1), ["q_proj", "v_proj"]
    ),
    # here their own module does, in front of it
    "gemma2": Tuned(
        Family("gemma2", {**GROUPED, "head_dim": 16, "query_pre_attn_scalar": 16}, 1), ["o_proj", "gate_proj"]
    ),
    # heads wider than hidden / heads
    "qwen3": Tuned(
        Family("qwen3", {**GROUPED, "hidden_size": 24, "head_dim": 16}, 1), ["k_proj", "down_proj"], variants=True
    ),
    # Conv1D, whose weights lie the other way round; two modules with the same last name
    "gpt2": Tuned(Family("gpt2", {**NOT_GPT2, **GPT2}, 2), ["c_attn", "mlp.c_proj"]),
    # query, key and value of each head lie together
    "gpt_neox": Tuned(Family("gpt_neox", {**SMALL, "rotary_pct": 0.5}, 2), ["query_key_value", "dense_h_to_4h"]),
    # one matrix for query, key and value, one for gate and up
    "phi3": Tuned(Family("phi3", GROUPED, 1), ["qkv_proj", "gate_up_proj"]),
    # a norm behind the embeddings, and distances in the scores
    "bloom": Tuned(
        Family("bloom", {**SMALL, "max_position_embeddings": None}, 2, positions=False), ["query_key_value", "dense"]
    ),
    # learned positions with an offset
    "opt": Tuned(
        Family("opt", {**SMALL, "ffn_dim": 48, "word_embed_proj_dim": 32}, 2, positions=False),
        ["q_proj", "out_proj", "fc1"],
    ),
    # one key and value head
    "falcon": Tuned(
        Family("falcon", {**SMALL, "ffn_hidden_size": 48, "multi_query": True}, 1),
        ["query_key_value"],
        {"num_attention_heads": 1, "token_dim": 16},
    ),
}


def adapters(tuned):
    lora = {"task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 6, "target_modules": tuned.targets}
    yield "prefix", PrefixTuningConfig(**VIRTUAL, **tuned.prefix)
    yield "prompt", PromptTuningConfig(**VIRTUAL)
    yield "lora", LoraConfig(**lora)
    if not tuned.variants:
        return
    yield "prefix_projection", PrefixTuningConfig(**VIRTUAL, prefix_projection=True, encoder_hidden_size=8)
    yield "prefix_cartridge", CartridgeConfig(**VIRTUAL, num_frozen_tokens=1)
    yield "prompt_mlp", PromptEncoderConfig(**VIRTUAL, encoder_hidden_size=8)
    yield "prompt_lstm", PromptEncoderConfig(**VIRTUAL, encoder_hidden_size=8, encoder_reparameterization_type="LSTM")
    yield "lora_rslora", LoraConfig(**{**lora, "use_rslora": True})
    patterns = {"rank_pattern": {"k_proj": 3}, "alpha_pattern": {r"layers\.1\..*down_proj": 1}}
    yield "lora_patterns", LoraConfig(**{**lora, "target_modules": r".*\.[01]\..*(k|down)_proj"}, **patterns)


def spread(model):
    torch.manual_seed(2)
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data.normal_(0, 0.3)


@torch.no_grad()
def make(name):
    tuned = FAMILIES[name]
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    base = tuned.family.build()
    onnx.save(export(tuned.family, base, "torchscript", 17, "eager"), folder / "model.onnx")
    (folder / "config.json").write_text(json.dumps(base.config.to_diff_dict(), indent=2) + "\n")
    ids = torch.randint(3, VOCABULARY, (1, TOKENS), generator=torch.Generator().manual_seed(1))
    feeds = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    logits = {"ids": ids[0], "base": base(**feeds).logits[0]}
    for method, config in adapters(tuned):
        # a model of its own each: LoRA changes the one it is put on
        model = get_peft_model(tuned.family.build(), config).eval()
        spread(model)
        model.peft_config["default"].base_model_name_or_path = f"tiny-random/{name}"
        logits[method] = model(**feeds).logits[0, -TOKENS:].contiguous()
        model.save_pretrained(folder / f"peft_{method}")
        (folder / f"peft_{method}" / "README.md").unlink()
    (folder / "logits.safetensors").write_bytes(save(logits))
    print(name, *sorted(logits))


for name in sys.argv[1:] or FAMILIES:
    make(name)
