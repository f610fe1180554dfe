"""Writes tests/tuning/torchModules.json: for every golden decoder, the linear modules that transformers gives its config.

    python tools/golden/torch_modules.py && npm run format

Of one layer, with the number of inputs and outputs of each: what a LoRA of that model may name in `target_modules`.
"""

import json
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

ROOT = Path(__file__).resolve().parents[2]
LAYER = ".1."


def modules_of(folder: Path) -> dict[str, list[int]]:
    config = AutoConfig.from_pretrained(folder)
    # Families assume a token beyond these small vocabularies.
    config.pad_token_id = None
    if config.model_type == "llama4_text":
        # MobileLLM, whose file has no experts.
        config.moe_layers, config.intermediate_size_mlp = [], config.intermediate_size
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    found = {}
    for path, module in model.named_modules():
        if LAYER in path and isinstance(module, torch.nn.Linear | Conv1D):
            outputs, inputs = module.weight.shape if isinstance(module, torch.nn.Linear) else module.weight.shape[::-1]
            found[path] = [inputs, outputs]
    return found


if __name__ == "__main__":
    folders = sorted(path.parent for path in (ROOT / "tests" / "fixtures").glob("*/config.json"))
    table = {folder.name: modules_of(folder) for folder in folders}
    lines = (f'  "{name}": {json.dumps(modules)}' for name, modules in table.items())
    (ROOT / "tests" / "tuning" / "torchModules.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
