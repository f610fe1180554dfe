"""Loads an adapter that Prelude wrote with PEFT and measures it on the file it was tuned on, beside what Prelude says.

    npm run -s tune -- --model public/models/fable-7m --data public/samples/sentiment.jsonl --out out --json
    python tools/peft/check.py public/models/fable-7m out public/samples/sentiment.jsonl

Needs torch, transformers, peft, onnx. The base model in PyTorch is rebuilt from the dequantised weights of the ONNX file,
so both run the same numbers. Prints the accuracy and the label's loss of the base model and with the adapter, over all rows.
"""

import json
import sys

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from peft import PeftModel
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast


def dequantise(tensors, name):
    packed, scales = tensors[f"{name}.q4"], tensors[f"{name}.scales"]
    nibbles = np.stack([packed & 15, packed >> 4], -1).astype(np.float32) - 8
    rows, blocks = packed.shape[:2]
    weights = nibbles.reshape(rows, blocks, -1) * scales.reshape(rows, blocks, 1)
    return torch.tensor(weights.reshape(rows, -1))


def load_base(folder):
    graph = onnx.load(f"{folder}/onnx/model_q4.onnx").graph
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    with open(f"{folder}/config.json") as file:
        fields = json.load(file)
    for key in ("architectures", "transformers.js_config", "torch_dtype"):
        fields.pop(key, None)
    model = LlamaForCausalLM(LlamaConfig(**fields)).eval()
    state = model.state_dict()
    for name in state:
        source = "model.embed_tokens.weight" if name == "lm_head.weight" else name
        state[name] = dequantise(tensors, source) if f"{source}.q4" in tensors else torch.tensor(tensors[source])
    model.load_state_dict(state)
    return model


@torch.no_grad()
def nll(model, prompt, target):
    ids = torch.tensor([prompt + target])
    log_probs = model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].log_softmax(-1)
    return -sum(log_probs[len(prompt) + i - 1, token].item() for i, token in enumerate(target))


def measure(model, tokenizer, rows, template, target):
    labels = sorted({row[target] for row in rows})
    prompt_template = template[: template.rindex("{" + target + "}")].rstrip()
    right, loss = 0, 0.0
    for row in rows:
        prompt = tokenizer.encode(prompt_template.format(**row))
        losses = {label: nll(model, prompt, tokenizer.encode(" " + label)) for label in labels}
        right += min(losses, key=losses.get) == row[target]
        loss += losses[row[target]]
    return {"accuracy": right / len(rows), "label_loss": loss / len(rows)}


def main():
    model_folder, adapter, data = sys.argv[1:4]
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=f"{model_folder}/tokenizer.json")
    with open(f"{adapter}/prelude.json") as file:
        record = json.load(file)
    with open(data) as file:
        rows = [json.loads(line) for line in file if line.strip()]
    template = record["template"]
    target = template[template.rindex("{") + 1 : template.rindex("}")]
    base = load_base(model_folder)
    print("base   ", measure(base, tokenizer, rows, template, target))
    tuned = PeftModel.from_pretrained(base, adapter).eval()
    print("adapter", measure(tuned, tokenizer, rows, template, target))
    print("prelude", {key: record[key] for key in ("baseAccuracy", "accuracy", "baseLoss", "loss")})


if __name__ == "__main__":
    main()
