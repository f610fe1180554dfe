"""Continues a Prelude run with PEFT and Accelerate: on one GPU, on many, or on the CPU.

    accelerate launch train.py --base-model OWNER/NAME

All that the run depends on lies beside this file: hyperparameters.json, data/ (rows as token ids, so no tokenizer is
needed) and adapter/, from which it goes on. What comes of it is a PEFT folder that Prelude imports.
"""

import argparse
import json
import math
import random
from pathlib import Path

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from peft import PeftConfig, get_peft_model, load_peft_weights, set_peft_model_state_dict
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM

HERE = Path(__file__).resolve().parent


def load_adapter(base, folder, hyper):
    """The base model with the adapter of a PEFT folder, its numbers trainable and everything else frozen.

    PeftModel.from_pretrained(is_trainable=True) refuses adapters of virtual tokens, hence the two steps."""
    config = PeftConfig.from_pretrained(folder)
    config.inference_mode = False
    if hyper["method"]["type"] == "lora":
        config.lora_dropout = hyper["method"]["dropout"]
    model = get_peft_model(base, config)
    loaded = set_peft_model_state_dict(model, load_peft_weights(folder, device="cpu"))
    # Virtual tokens are never among the keys that PEFT expects, and of another shape they have failed by now.
    unknown = [key for key in loaded.unexpected_keys if "lora_" in key]
    if unknown:
        raise SystemExit(f"The adapter is for another base model: this one has no place for {unknown[0]}.")
    return model.eval()


def set_dropout(model, on):
    """LoRA's own dropout; the base model has none in training, as in Prelude."""
    for module in model.modules():
        if hasattr(module, "lora_dropout"):
            module.lora_dropout.train(on)


def token_weights(row, hyper):
    """One for each supervised token. The end token counts less, since in a row whose answer is one label it would
    otherwise make up half of the gradient."""
    count = len(row["token_ids"]) - row["target_start"]
    end = min(1.0, hyper["end_token_share"] * (count - 1)) if count > 1 else 1.0
    return [1.0] * (count - 1) + [end]


def weight_of(rows, hyper):
    return sum(sum(token_weights(row, hyper)) for row in rows)


def row_losses(model, rows, hyper, accelerator):
    """Σ weight · −log p over the supervised tokens of each row, in nats: [rows]."""
    device = accelerator.device
    length = max(len(row["token_ids"]) for row in rows)
    ids = torch.zeros(len(rows), length, dtype=torch.long)
    mask = torch.zeros(len(rows), length, dtype=torch.long)
    at_row, at_token, weights = [], [], []
    for i, row in enumerate(rows):
        tokens = row["token_ids"]
        ids[i, : len(tokens)] = torch.tensor(tokens)
        mask[i, : len(tokens)] = 1
        at_row += [i] * (len(tokens) - row["target_start"])
        at_token += range(row["target_start"], len(tokens))
        weights += token_weights(row, hyper)
    ids, mask = ids.to(device), mask.to(device)
    at_row, at_token = torch.tensor(at_row, device=device), torch.tensor(at_token, device=device)
    with accelerator.autocast():
        logits = model(input_ids=ids, attention_mask=mask).logits
    # A prompt's virtual tokens have logits of their own, in front.
    predicting = logits[:, -length:][at_row, at_token - 1].float()
    losses = torch.tensor(weights, device=device) * cross_entropy(predicting, ids[at_row, at_token], reduction="none")
    return torch.zeros(len(rows), device=device).index_add(0, at_row, losses)


def chunks(rows, size):
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def batches(rows, hyper):
    """Endless, each row once per epoch; rows of similar length together, to keep padding low."""
    rng = random.Random(hyper["seed"])
    size = min(hyper["batch_size"], len(rows))
    while True:
        made = []
        for window in chunks(rng.sample(rows, len(rows)), size * hyper["sort_window_batches"]):
            made += chunks(sorted(window, key=lambda row: len(row["token_ids"])), size)
        rng.shuffle(made)
        yield from made


def learning_rate_at(step, hyper):
    """Linear warm-up, then a cosine down to a fraction of the peak. Steps count from 1."""
    peak, warmup, final = (hyper[key] for key in ("learning_rate", "warmup_steps", "final_learning_rate_fraction"))
    if step <= warmup:
        return peak * step / warmup
    progress = (step - warmup) / max(1, hyper["steps"] - warmup)
    return peak * (final + (1 - final) * (1 + math.cos(math.pi * min(1, progress))) / 2)


def make_optimiser(model, hyper):
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    betas, eps, decay = hyper["adam_betas"], hyper["adam_epsilon"], hyper["weight_decay"]
    return torch.optim.AdamW(trainable, lr=hyper["learning_rate"], betas=betas, eps=eps, weight_decay=decay)


def train_step(model, optimiser, batch, step, hyper, accelerator):
    """One step of the optimiser. An adapter is small: its gradient is all that the processes exchange, once per step.

    Returns the batch's mean loss and the gradient's norm before clipping."""
    mine = batch[accelerator.process_index :: accelerator.num_processes]
    total = weight_of(batch, hyper)
    loss = torch.zeros((), device=accelerator.device)
    set_dropout(model, True)
    for rows in chunks(mine, micro_batch_size(hyper)):
        part = row_losses(model, rows, hyper, accelerator).sum() / total
        part.backward()
        loss += part.detach()
    set_dropout(model, False)
    [group] = optimiser.param_groups
    for parameter in group["params"]:
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        parameter.grad = accelerator.reduce(gradient, "sum")
    frozen = hyper["method"].get("frozen_tokens", 0)
    with torch.no_grad():
        # Rows of a prefix that stay as they are: neither the norm nor weight decay may see them.
        kept = [parameter[:frozen].clone() for parameter in group["params"]] if frozen else []
        for parameter in group["params"] if frozen else []:
            parameter.grad[:frozen] = 0
        norm = torch.nn.utils.clip_grad_norm_(group["params"], hyper["max_grad_norm"], error_if_nonfinite=True)
        group["lr"] = learning_rate_at(step, hyper)
        optimiser.step()
        for parameter, rows in zip(group["params"], kept):
            parameter[:frozen] = rows
    optimiser.zero_grad()
    return accelerator.reduce(loss, "sum").item(), norm.item()


def micro_batch_size(hyper):
    """Rows that one process computes at a time. What `auto` was in the browser says nothing of the memory here."""
    size = hyper["micro_batch_size"]
    return hyper["batch_size"] if size == "auto" else size


def choices_of(row, labels):
    """The row itself, and where there are labels, the row with each of the others for its target."""
    others = [tokens for label, tokens in labels.items() if label != row["label"]] if len(labels) > 1 else []
    prompt = row["token_ids"][: row["target_start"]]
    return [row, *({**row, "token_ids": prompt + tokens} for tokens in others)]


@torch.no_grad()
def evaluate(model, rows, labels, hyper, accelerator):
    """Mean loss over supervised tokens; and the share of rows whose label is likelier than every other, where there are
    labels."""
    mine = rows[accelerator.process_index :: accelerator.num_processes]
    choices = [choice for row in mine for choice in choices_of(row, labels)]
    parts = [row_losses(model, part, hyper, accelerator).tolist() for part in chunks(choices, micro_batch_size(hyper))]
    groups = chunks(sum(parts, []), max(1, len(labels)))
    right = sum(all(own < other for other in others) for own, *others in groups)
    sums = torch.tensor([sum(own for own, *_ in groups), weight_of(mine, hyper), right], device=accelerator.device)
    loss, weight, right = accelerator.reduce(sums, "sum").tolist()
    return {"loss": loss / weight, "accuracy": right / len(rows) if len(labels) > 1 else None}


def read_rows(name):
    return [json.loads(line) for line in (HERE / "data" / name).read_text("utf-8").splitlines()]


def save(model, out, steps, hyper, measured):
    """PEFT's folder, and beside it prelude.json: what Prelude shows of an adapter that it imports."""
    model.save_pretrained(out, save_embedding_layers=False)
    record = json.loads((HERE / "adapter" / "prelude.json").read_text("utf-8"))
    record["steps"] = (record.get("steps") or 0) + steps
    record |= {"learningRate": hyper["learning_rate"], "seed": hyper["seed"], **measured}
    (out / "prelude.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-model", help="name on the hub or folder; default: what adapter_config.json says")
    parser.add_argument("--dtype", default="float32", help="of the base model: float32, bfloat16 or auto")
    parser.add_argument("--steps", type=int, help="default: as in hyperparameters.json")
    parser.add_argument("--micro-batch", type=int, help="rows that one GPU computes at a time, if its memory is short")
    parser.add_argument("--out", type=Path, default=HERE / "tuned")
    options = parser.parse_args()
    hyper = json.loads((HERE / "hyperparameters.json").read_text("utf-8"))
    hyper["steps"] = options.steps or hyper["steps"]
    hyper["micro_batch_size"] = options.micro_batch or hyper["micro_batch_size"]

    accelerator = Accelerator()
    # LoRA's dropout differs between processes; the order of the rows must not, and so `batches` has a seed of its own.
    set_seed(hyper["seed"], device_specific=True)
    name = options.base_model or PeftConfig.from_pretrained(HERE / "adapter").base_model_name_or_path
    base = AutoModelForCausalLM.from_pretrained(name, dtype=options.dtype)
    model = load_adapter(base, HERE / "adapter", hyper).to(accelerator.device)
    optimiser = make_optimiser(model, hyper)
    rows, validation = read_rows("train.jsonl"), read_rows("validation.jsonl")
    labels = json.loads((HERE / "data" / "labels.json").read_text("utf-8"))
    source = batches(rows, hyper)

    measured = evaluate(model, validation, labels, hyper, accelerator)
    accelerator.print(json.dumps({"step": 0, "processes": accelerator.num_processes, "validation": measured}))
    for step in range(1, hyper["steps"] + 1):
        loss, norm = train_step(model, optimiser, next(source), step, hyper, accelerator)
        rate = learning_rate_at(step, hyper)
        accelerator.print(json.dumps({"step": step, "loss": loss, "lr": rate, "grad_norm": norm}))
        if step % hyper["eval_every"] == 0 or step == hyper["steps"]:
            measured = evaluate(model, validation, labels, hyper, accelerator)
            accelerator.print(json.dumps({"step": step, "validation": measured}))
            if accelerator.is_main_process:
                save(model, options.out, step, hyper, measured)
    accelerator.print(f"Written to {options.out}; drop its files on Prelude to import it.")
    accelerator.end_training()


if __name__ == "__main__":
    main()
