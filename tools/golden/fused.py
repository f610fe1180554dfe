"""Fused operators: ONNX Runtime's own (com.microsoft), the attention of opset 23, every form of quantised weight.

q is [batch, heads, time, headDim], k and v [batch, kvHeads, keys, headDim] throughout.
"""

from functools import partial

import torch

from operators import layer_norm, rms_norm

HIDDEN = -torch.inf
# The 16 values of NF4 (Dettmers et al. 2023).
NF4 = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]  # fmt: skip


def split_heads(x, heads):
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x):
    return x.transpose(1, 2).flatten(2)


def causal(time, keys, window=-1):
    """0 where query t, which stands at keys - time + t, may see key j, -inf elsewhere. [time, keys]"""
    distance = torch.arange(keys - time, keys)[:, None] - torch.arange(keys)
    visible = (distance >= 0) & ((distance < window) if window > 0 else True)
    return torch.zeros(time, keys, dtype=torch.float64).masked_fill(~visible, HIDDEN)


def attend(q, k, v, scale, bias, softcap=0.0, sink=None):
    """softmax(softcap(scale · q · kᵀ) + bias) · v; a sink [heads] is one more score, with nothing behind it."""
    heads, kv_heads = q.shape[1], k.shape[1]
    k, v = (x.repeat_interleave(heads // kv_heads, 1) for x in (k, v))
    scores = scale * q @ k.transpose(-1, -2)
    if softcap:
        scores = softcap * (scores / softcap).tanh()
    scores = scores + bias
    if sink is None:
        return scores.softmax(-1) @ v
    more = sink.reshape(1, -1, 1, 1).expand(*scores.shape[:3], 1)
    return torch.cat([scores, more], -1).softmax(-1)[..., :-1] @ v


def rotate(x, positions, cos, sin, interleaved):
    """Tables [positions, rotated / 2]; what of a head is wider than the tables passes through."""
    cos, sin = cos[positions][:, None], sin[positions][:, None]
    rotated = 2 * cos.shape[-1]
    turning, rest = x[..., :rotated], x[..., rotated:]
    if interleaved:
        a, b = turning[..., ::2], turning[..., 1::2]
        turned = torch.stack([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)
    else:
        a, b = turning.chunk(2, -1)
        turned = torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
    return torch.cat([turned, rest], -1)


def rotary(a, x, positions, cos, sin):
    """x on three axes or on four. One position alone is that of the first token."""
    batch, time = x.shape[0], x.shape[-2]
    if positions.numel() == 1:
        positions = positions.reshape(1, 1) + torch.arange(time).expand(batch, time)
    turn = partial(rotate, positions=positions, cos=cos, sin=sin, interleaved=a.get("interleaved", 0))
    if x.dim() == 4:
        return turn(x)
    heads = a.get("num_heads") or x.shape[-1] // (2 * cos.shape[-1])
    return merge_heads(turn(split_heads(x, heads)))


def rotary_23(a, x, cos, sin, positions):
    turn = partial(rotate, positions=positions, cos=cos, sin=sin, interleaved=a.get("interleaved", 0))
    return turn(x) if x.dim() == 4 else merge_heads(turn(split_heads(x, a["num_heads"])))


def group_query_attention(
    a, query, key, value, past_k, past_v, _lengths, _total, cos=None, sin=None, positions=None, bias=None, sink=None
):
    """Input 5 and 6 count the mask's ones: with a mask of ones they say nothing that the shapes do not."""
    heads, kv_heads = a["num_heads"], a["kv_num_heads"]
    if key is None:
        head_dim = query.shape[-1] // (heads + 2 * kv_heads)
        query, key, value = query.split([heads * head_dim, kv_heads * head_dim, kv_heads * head_dim], -1)
    q, k, v = split_heads(query, heads), split_heads(key, kv_heads), split_heads(value, kv_heads)
    past = past_k.shape[2]
    if a.get("do_rotary"):
        if positions is None:
            positions = past + torch.arange(q.shape[2]).expand(q.shape[0], -1)
        q, k = (rotate(x, positions, cos, sin, a.get("rotary_interleaved", 0)) for x in (q, k))
    k, v = torch.cat([past_k, k], 2), torch.cat([past_v, v], 2)
    mask = causal(q.shape[2], k.shape[2], a.get("local_window_size", -1))
    if sink is None and a.get("smooth_softmax"):
        sink = torch.zeros(heads, dtype=torch.float64)
    scale = a.get("scale") or q.shape[-1] ** -0.5
    out = attend(q, k, v, scale, mask if bias is None else mask + bias, a.get("softcap", 0.0), sink)
    return merge_heads(out), k, v


def multi_head_attention(
    a, query, key, value, bias=None, padding=None, attention_bias=None, past_key=None, past_value=None
):
    assert padding is None
    heads = a["num_heads"]
    if bias is not None:
        query, key, value = (x + part for x, part in zip((query, key, value), bias.chunk(3)))
    q, k, v = (split_heads(x, heads) for x in (query, key, value))
    if past_key is not None:
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
    mask = causal(q.shape[2], k.shape[2]) if a.get("unidirectional") else 0.0
    scale = a.get("scale") or q.shape[-1] ** -0.5
    return merge_heads(attend(q, k, v, scale, mask if attention_bias is None else mask + attention_bias)), k, v


def attention_23(a, query, key, value, mask=None, past_key=None, past_value=None):
    flat = query.dim() == 3
    if flat:
        query = split_heads(query, a["q_num_heads"])
        key, value = (split_heads(x, a["kv_num_heads"]) for x in (key, value))
    if past_key is not None:
        key, value = torch.cat([past_key, key], 2), torch.cat([past_value, value], 2)
    bias = torch.zeros((), dtype=torch.float64)
    if mask is not None:
        bias = bias.masked_fill(~mask, HIDDEN) if mask.dtype == torch.bool else mask
    if a.get("is_causal"):
        bias = bias + causal(query.shape[2], key.shape[2])
    out = attend(query, key, value, a.get("scale") or query.shape[-1] ** -0.5, bias, a.get("softcap", 0.0))
    return (merge_heads(out) if flat else out), key, value


def skip_rms_norm(a, x, skip, w, bias=None):
    """Outputs: the norm, two statistics nobody reads, and the sum that goes on as the residual."""
    total = x + skip if bias is None else x + skip + bias
    return rms_norm(a, total, w), None, None, total


def skip_layer_norm(a, x, skip, w, b=None, bias=None):
    total = x + skip if bias is None else x + skip + bias
    return layer_norm({"epsilon": 1e-12, **a}, total, w, b), None, None, total


def nibbles(packed):
    """Low nibble first. [..., n] -> [..., 2n]"""
    return torch.stack([packed & 15, packed >> 4], -1).flatten(-2)


def unpack_blocks(bits, packed, scales, zero_points, rows, columns, block):
    """(q - zero) · scale in blocks of a row; the last block may reach beyond the columns. [rows, columns]"""
    blocks = -(-columns // block)
    unpack = nibbles if bits == 4 else lambda x: x
    q = unpack(packed.reshape(rows, -1)).reshape(rows, blocks, block)
    zero = torch.tensor(2 ** (bits - 1))
    if zero_points is not None:
        zero = unpack(zero_points.reshape(rows, -1))[:, :blocks, None]
    return ((q - zero) * scales.reshape(rows, blocks, 1)).reshape(rows, -1)[:, :columns]


def gather_block_quantized(a, packed, ids, scales):
    assert (a["gather_axis"], a["quantize_axis"], a["bits"]) == (0, 1, 4)
    rows, width = packed.shape
    return unpack_blocks(4, packed, scales, None, rows, 2 * width, a["block_size"])[ids]


def matmul_nbits(a, x, packed, scales, zero_points=None, g_idx=None, bias=None):
    assert g_idx is None
    w = unpack_blocks(a.get("bits", 4), packed, scales, zero_points, a["N"], a["K"], a["block_size"])
    return x @ w.T if bias is None else x @ w.T + bias


def matmul_bnb4(a, x, packed, absmax):
    """Blocks run through the flat weight [N, K]; the high nibble comes first here."""
    assert a["quant_type"] == 1
    flat = torch.stack([packed >> 4, packed & 15], -1).flatten()
    values = torch.tensor(NF4, dtype=torch.float32).double()[flat].reshape(-1, a["block_size"])
    return x @ (values * absmax[:, None]).reshape(a["N"], a["K"]).T


def dequantize_linear(a, x, scale, zero=None):
    zero = torch.tensor(0) if zero is None else zero
    if a.get("block_size"):
        scale, zero = (t if t.dim() == 0 else t.repeat_interleave(a["block_size"], a["axis"]) for t in (scale, zero))
    elif scale.dim() == 1 and scale.numel() > 1:
        shape = [-1 if i == a.get("axis", 1) % x.dim() else 1 for i in range(x.dim())]
        scale, zero = scale.reshape(shape), zero.reshape(shape) if zero.dim() else zero
    return (x - zero) * scale


MICROSOFT = "com.microsoft"
FUSED = {
    "Attention": attention_23,
    "RotaryEmbedding": rotary_23,
    "DequantizeLinear": dequantize_linear,
    # Straight through: activations stay what they are, with scale 1 and zero point 0.
    "DynamicQuantizeLinear": lambda a, x: (x, torch.tensor(1.0, dtype=torch.float64), torch.tensor(0)),
    "MatMulInteger": lambda a, x, w, x_zero=0, w_zero=0: (x - x_zero) @ (w - w_zero).double(),
    f"{MICROSOFT}.RotaryEmbedding": rotary,
    f"{MICROSOFT}.GroupQueryAttention": group_query_attention,
    f"{MICROSOFT}.MultiHeadAttention": multi_head_attention,
    f"{MICROSOFT}.SkipSimplifiedLayerNormalization": skip_rms_norm,
    f"{MICROSOFT}.SkipLayerNormalization": skip_layer_norm,
    f"{MICROSOFT}.GatherBlockQuantized": gather_block_quantized,
    f"{MICROSOFT}.MatMulNBits": matmul_nbits,
    f"{MICROSOFT}.MatMulBnb4": matmul_bnb4,
    f"{MICROSOFT}.BiasGelu": lambda a, x, b: torch.nn.functional.gelu(x + b),
    f"{MICROSOFT}.Gelu": lambda a, x: torch.nn.functional.gelu(x),
    f"{MICROSOFT}.FastGelu": lambda a, x, b=0: torch.nn.functional.gelu(x + b, approximate="tanh"),
    f"{MICROSOFT}.QuickGelu": lambda a, x: x * (a.get("alpha", 1.702) * x).sigmoid(),
}
