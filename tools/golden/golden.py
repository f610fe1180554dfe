"""What a case asks and what is true of it: its text and prefix, and the float64 loss, logits and gradient.

Rows are computed one by one, without padding: with a causal decoder that is what a padded batch means, and operators
that refuse batches with a past (GroupQueryAttention) can be asked too.
"""

import zlib
from dataclasses import dataclass

import numpy as np
import torch

P = 5
LENGTHS = (9, 6)
SEQUENCE = max(LENGTHS)
VOCABULARY = 320
# The first label of a row: what stands before it is the question.
FIRST_LABEL = 3
IGNORE = -100


@dataclass(frozen=True)
class Shape:
    layers: int
    kv_heads: int
    head_dim: int


def seed_of(name):
    return zlib.crc32(name.encode())


def past_names(layers):
    return [f"past_key_values.{layer}.{what}" for layer in range(layers) for what in ("key", "value")]


def text_of(name):
    """Token ids of each row, without padding."""
    random = np.random.default_rng(seed_of(name))
    return [random.integers(3, VOCABULARY, length).tolist() for length in LENGTHS]


def prefix_of(name, shape, scale=0.6):
    """Key and value of each layer, [1, kv_heads, P, head_dim], numbers that float32 holds exactly."""
    random = np.random.default_rng(seed_of(name) + 1)
    size = (2 * shape.layers, 1, shape.kv_heads, P, shape.head_dim)
    return list(torch.from_numpy(random.normal(0, scale, size).astype(np.float32)).double())


def feeds_of(ids, past):
    """Every input that a decoder may have, for one row."""
    time = len(ids)
    return {
        "input_ids": torch.tensor([ids]),
        "attention_mask": torch.ones(1, P + time, dtype=torch.int64),
        "position_ids": torch.arange(P, P + time)[None],
        **dict(zip(past_names(len(past) // 2), past)),
    }


def loss_of(rows, texts):
    """Mean cross entropy over the supervised tokens of all rows. rows: logits [time, vocabulary] of each text."""
    total, count = 0.0, 0
    for logits, ids in zip(rows, texts):
        labels = torch.tensor(ids[FIRST_LABEL:])
        total = total + torch.nn.functional.cross_entropy(logits[FIRST_LABEL - 1 : -1], labels, reduction="sum")
        count += len(labels)
    return total / count


def logits_of(run, texts, past):
    """run(feeds) -> logits [1, time, vocabulary]"""
    return [run(feeds_of(ids, past))[0] for ids in texts]


def gradient_of(run, texts, past):
    """Loss, logits per row, and the gradient of each key and value."""
    past = [part.clone().requires_grad_() for part in past]
    rows = logits_of(run, texts, past)
    loss = loss_of(rows, texts)
    gradient = torch.autograd.grad(loss, past)
    return loss.item(), [row.detach() for row in rows], gradient


def padded(rows, fill):
    return [list(row) + [fill] * (SEQUENCE - len(row)) for row in rows]


def description(texts):
    """The part of case.json that says what is fed."""
    labels = padded([[IGNORE] * FIRST_LABEL + ids[FIRST_LABEL:] for ids in texts], IGNORE)
    return {
        "P": P,
        "batch": len(texts),
        "sequence": SEQUENCE,
        "lengths": list(LENGTHS),
        "input_ids": padded(texts, 0),
        "attention_mask": [[1] * (P + len(ids)) + [0] * (SEQUENCE - len(ids)) for ids in texts],
        "position_ids": [list(range(P, P + SEQUENCE))] * len(texts),
        "labels": labels,
        "targets": [row[1:] + [IGNORE] for row in labels],
        "supervised": sum(len(ids) - FIRST_LABEL for ids in texts),
    }


def tensors(past, gradient, rows):
    """golden.safetensors: prefix, gradient, and logits [batch, sequence, vocabulary], zero at padding."""
    logits = torch.zeros(len(rows), SEQUENCE, rows[0].shape[-1])
    for row, values in enumerate(rows):
        logits[row, : len(values)] = values
    named = {"logits": logits}
    for name, part, grad in zip(past_names(len(past) // 2), past, gradient):
        tail = name.removeprefix("past_key_values.")
        named[f"prefix.{tail}"], named[f"grad.{tail}"] = part, grad
    return {name: value.float().contiguous() for name, value in named.items()}
