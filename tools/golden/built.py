"""Decoders written node by node, as onnxruntime-genai, ONNX Runtime's optimizer and opset 23 have them.

One architecture (RMS norm, grouped attention, gated MLP) with the switches of `Built`; random weights, quantised from the
start: the packed numbers themselves are drawn.
"""

from dataclasses import dataclass, replace

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from golden import VOCABULARY, Shape, past_names, seed_of

HIDDEN, INNER, HEADS, LAYERS, POSITIONS = 64, 96, 4, 2, 96
MICROSOFT = "com.microsoft"
F32, I64 = TensorProto.FLOAT, TensorProto.INT64


@dataclass(frozen=True)
class Built:
    name: str
    model_type: str
    notes: str
    # 'gqa', 'mha' (com.microsoft) or 'onnx' (ai.onnx 23)
    attention: str = "gqa"
    kv_heads: int = 2
    head_dim: int = 16
    # per layer: 'inside' the attention, 'node' before it, or None
    rotary: tuple = ("inside", "inside")
    interleaved: int = 0
    rotated: int = 16
    # LongRoPE: an If takes the long tables where mask and past are longer than this
    original_positions: int | None = None
    packed: bool = False
    windows: tuple = (-1, -1)
    softcap: float = 0.0
    final_softcap: float = 0.0
    # per layer: 'head_sink', 'smooth_softmax' or None
    sinks: tuple = (None, None)
    # a mask in the graph as the attention's bias, which also carries the window
    bias_window: int | None = None
    # MatMulNBits: bits, block, zero points, bias; or 'qdq' for int8 columns
    bits: int = 4
    block: int = 32
    zero_points: bool = False
    linear_bias: bool = False
    qdq: bool = False
    # opset 23: [batch, time, heads · headDim] instead of four axes
    flat: bool = True

    @property
    def shape(self):
        return Shape(LAYERS, self.kv_heads, self.head_dim)

    def build(self):
        return Builder(self).model()


class Builder:
    def __init__(self, it):
        self.it = it
        self.random = np.random.default_rng(seed_of(it.name))
        self.nodes, self.weights = [], []
        self.norm_type = "RMSNormalization" if it.attention == "onnx" else "SimplifiedLayerNormalization"

    def node(self, op, inputs, outputs=None, domain="", **attributes):
        """Adds a node; `outputs` are its names, one name made up if left out. Returns the first."""
        outputs = outputs or [f"{op}_{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, inputs, outputs, outputs[0] + "/node", domain=domain, **attributes))
        return outputs[0]

    def weight(self, name, values):
        self.weights.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def ints(self, *values):
        name = f"ints_{'_'.join(map(str, values))}"
        if all(tensor.name != name for tensor in self.weights):
            self.weight(name, np.array(values, np.int64))
        return name

    def scalar(self, value, kind=np.float32):
        return self.weight(f"scalar_{len(self.weights)}", np.array(value, kind))

    def normal(self, name, shape, deviation, mean=0.0):
        return self.weight(name, self.random.normal(mean, deviation, shape).astype(np.float32))

    # weights -----------------------------------------------------------------

    def linear(self, x, name, rows, columns):
        """x · Wᵀ, W [rows, columns]"""
        it = self.it
        deviation = 1.2 * columns**-0.5
        bias = self.normal(f"{name}.bias", rows, 0.1) if it.linear_bias else None
        if it.qdq:
            w = self.weight(f"{name}.weight", self.random.integers(-127, 128, (columns, rows)).astype(np.int8))
            scale = self.weight(f"{name}.scale", self.spread_scales((rows,), deviation / 73))
            zero = self.weight(f"{name}.zero", np.zeros(rows, np.int8))
            product = self.node("MatMul", [x, self.node("DequantizeLinear", [w, scale, zero], axis=1)])
            return self.node("Add", [product, bias]) if bias else product
        blocks = -(-columns // it.block)
        levels = 2**it.bits
        w = self.random.integers(0, 256, (rows, blocks, it.block * it.bits // 8)).astype(np.uint8)
        inputs = [x, self.weight(f"{name}.weight", w)]
        scales = self.spread_scales((rows, blocks), deviation / (0.29 * levels))
        inputs.append(self.weight(f"{name}.scales", scales))
        if it.zero_points:
            per_row = -(-blocks * it.bits // 8)
            zero = self.random.integers(0, 256, (rows, per_row))
            # near the middle: high bits 0111 or 1000 in every level
            centred = levels // 2 - 1 + zero % 2 if it.bits == 8 else 0x77 + (zero & 0x11)
            inputs.append(self.weight(f"{name}.zero_points", centred.astype(np.uint8)))
        if bias:
            inputs += [""] * (5 - len(inputs)) + [bias]
        sizes = {"N": rows, "K": columns, "bits": it.bits, "block_size": it.block}
        return self.node("MatMulNBits", inputs, domain=MICROSOFT, **sizes)

    def embed(self):
        """Rows of a quantised table: 4 bits in blocks, or int8 with one scale."""
        name = "embed_tokens.weight"
        if self.it.qdq:
            table = self.weight(name, self.random.integers(-127, 128, (VOCABULARY, HIDDEN)).astype(np.int8))
            rows = self.node("Gather", [table, "input_ids"])
            return self.node("DequantizeLinear", [rows, self.scalar(0.4 / 73), self.scalar(0, np.int8)])
        block = 32
        table = self.weight(name, self.random.integers(0, 256, (VOCABULARY, HIDDEN // 2)).astype(np.uint8))
        scales = self.weight(f"{name}_scales", self.spread_scales((VOCABULARY, HIDDEN // block), 0.4 / 4.6))
        axes = {"gather_axis": 0, "quantize_axis": 1, "bits": 4, "block_size": block}
        return self.node("GatherBlockQuantized", [table, "input_ids", scales], domain=MICROSOFT, **axes)

    def spread_scales(self, shape, typical):
        """ONNX Runtime's quantiser gives scales of both signs."""
        return (typical * self.random.uniform(0.6, 1.4, shape) * self.random.choice([-1, 1], shape)).astype(np.float32)

    def norm(self, x, name, skip=None):
        """Returns the norm and the sum that goes on. Without a skip, the sum is x."""
        w = self.normal(f"{name}.weight", HIDDEN, 0.2, mean=1.0)
        if skip is None:
            return self.node(self.norm_type, [x, w], axis=-1, epsilon=1e-5), x
        if self.it.attention == "onnx":
            total = self.node("Add", [x, skip])
            return self.node(self.norm_type, [total, w], axis=-1, epsilon=1e-5), total
        outputs = [f"{name}/output_0", "", "", f"{name}/output_3"]
        self.node("SkipSimplifiedLayerNormalization", [x, skip, w], outputs, MICROSOFT, epsilon=1e-5)
        return outputs[0], outputs[3]

    # positions and masks -----------------------------------------------------

    def tables(self, prefix="", stretch=1.0, factor=1.0):
        """cos and sin [positions, rotated / 2]"""
        half = self.it.rotated // 2
        angles = np.arange(POSITIONS)[:, None] / (stretch * 100.0 ** (np.arange(half) / half))
        return [
            self.weight(f"{prefix}{name}_cache", (factor * function(angles)).astype(np.float32))
            for name, function in (("cos", np.cos), ("sin", np.sin))
        ]

    def chosen_tables(self):
        """As the builder writes LongRoPE: both pairs of tables, one If."""
        branches = {}
        for branch, long in (("then_branch", True), ("else_branch", False)):
            sources = self.tables("long_", 4.0, 1.2) if long else self.tables("short_")
            names = [f"{branch}_cos", f"{branch}_sin"]
            outputs = [helper.make_tensor_value_info(name, F32, [POSITIONS, self.it.rotated // 2]) for name in names]
            identities = [helper.make_node("Identity", [source], [name]) for source, name in zip(sources, names)]
            branches[branch] = helper.make_graph(identities, branch, [], outputs)
        limit = self.scalar(self.it.original_positions, np.int64)
        condition = self.node("Greater", [self.total, limit])
        self.node("If", [condition], ["cos_cache", "sin_cache"], **branches)
        return ["cos_cache", "sin_cache"]

    def mask_lengths(self):
        """seqlens_k (int32 [batch]) and the total length (int64 and int32 scalars), from the attention mask."""
        ones = self.node("ReduceSum", ["attention_mask", self.ints(1)], keepdims=0)
        minus = self.node("Sub", [ones, self.ints(1)])
        self.seqlens = self.node("Cast", [minus], to=TensorProto.INT32)
        width = self.node("Shape", ["attention_mask"], start=1, end=2)
        self.total = self.node("Squeeze", [width, self.ints(0)])
        self.total32 = self.node("Cast", [self.total], to=TensorProto.INT32)

    def visible(self, window):
        """bool [batch, 1, time, past + time]: key j of query i where 0 ≤ i − j < window and the mask has a one."""
        time = self.node("Squeeze", [self.node("Shape", ["input_ids"], start=1, end=2), self.ints(0)])
        zero, one = self.scalar(0, np.int64), self.scalar(1, np.int64)
        keys = self.node("Range", [zero, self.total, one])
        queries = self.node("Range", [self.node("Sub", [self.total, time]), self.total, one])
        apart = self.node("Sub", [self.node("Unsqueeze", [queries, self.ints(1)]), keys])
        seen = self.node("GreaterOrEqual", [apart, zero])
        if window is not None:
            seen = self.node("And", [seen, self.node("Less", [apart, self.scalar(window, np.int64)])])
        real = self.node("Cast", ["attention_mask"], to=TensorProto.BOOL)
        return self.node("And", [seen, self.node("Unsqueeze", [real, self.ints(1, 2)])])

    def bias(self, window):
        """The same as numbers to add, float32."""
        hidden = np.finfo(np.float32).min
        return self.node("Where", [self.visible(window), self.scalar(0.0), self.scalar(hidden)])

    # a layer -----------------------------------------------------------------

    def attention(self, x, layer):
        it = self.it
        name = f"layers.{layer}.attn"
        widths = [HEADS * it.head_dim, it.kv_heads * it.head_dim, it.kv_heads * it.head_dim]
        if it.packed:
            projected = [self.linear(x, f"{name}.qkv", sum(widths), HIDDEN)]
        else:
            projected = [self.linear(x, f"{name}.{part}", width, HIDDEN) for part, width in zip("qkv", widths)]
        out = {"gqa": self.gqa, "mha": self.mha, "onnx": self.onnx_attention}[it.attention](projected, layer)
        return self.linear(out, f"{name}.o", HIDDEN, widths[0])

    def past(self, layer):
        past = past_names(LAYERS)[2 * layer : 2 * layer + 2]
        return past, [name.replace("past_key_values", "present") for name in past]

    def gqa(self, projected, layer):
        it = self.it
        rotary = it.rotary[layer]
        if rotary == "node":
            where = {"domain": MICROSOFT, "interleaved": it.interleaved}
            rotated = [self.node("RotaryEmbedding", [x, "position_ids", *self.caches], **where) for x in projected[:2]]
            projected = [*rotated, projected[2]]
        past, present = self.past(layer)
        inputs = [*projected, *[""] * (3 - len(projected)), *past, self.seqlens, self.total32]
        inputs += self.caches if rotary == "inside" else ["", ""]
        inputs += ["", self.biases[layer] or ""]
        sink = it.sinks[layer]
        inputs.append(self.normal(f"layers.{layer}.sinks", HEADS, 1.0) if sink == "head_sink" else "")
        while inputs[-1] == "":
            inputs.pop()
        attributes = {
            "num_heads": HEADS,
            "kv_num_heads": it.kv_heads,
            "scale": it.head_dim**-0.5,
            "do_rotary": int(rotary == "inside"),
            "rotary_interleaved": it.interleaved,
            "local_window_size": it.windows[layer],
            "softcap": it.softcap,
        }
        if sink == "smooth_softmax":
            attributes["smooth_softmax"] = 1
        outputs = [f"layers.{layer}.attn/output_0", *present]
        return self.node("GroupQueryAttention", inputs, outputs, MICROSOFT, **attributes)

    def mha(self, projected, layer):
        """Layer 0: the optimizer's form, causal by attribute, with the biases of q, k and v; then a mask as bias."""
        past, present = self.past(layer)
        where = {"domain": MICROSOFT, "interleaved": self.it.interleaved}
        q, k = (self.node("RotaryEmbedding", [x, "position_ids", *self.caches], **where) for x in projected[:2])
        widths = HEADS * self.it.head_dim
        causal = layer == 0
        shift = self.normal(f"layers.{layer}.qkv_bias", 3 * widths, 0.1) if causal else ""
        inputs = [q, k, projected[2], shift, "", "" if causal else self.bias(None), *past]
        outputs = [f"layers.{layer}.attn/output_0", *present]
        attributes = {"num_heads": HEADS, "unidirectional": int(causal)}
        return self.node("MultiHeadAttention", inputs, outputs, MICROSOFT, **attributes)

    def onnx_attention(self, projected, layer):
        """Layer 0 is causal by attribute, layer 1 by a boolean mask, which may have a window."""
        it = self.it
        past, present = self.past(layer)
        counts = (HEADS, it.kv_heads, it.kv_heads)
        if not it.flat:
            projected = [
                self.node("Transpose", [self.node("Reshape", [x, self.ints(0, 0, n, it.head_dim)])], perm=[0, 2, 1, 3])
                for x, n in zip(projected, counts)
            ]
        heads = [{"num_heads": n} if it.flat else {} for n in counts[:2]]
        partial = it.rotated if it.rotated < it.head_dim else 0
        options = {"interleaved": it.interleaved, "rotary_embedding_dim": partial}
        q, k = (
            self.node("RotaryEmbedding", [x, *self.caches, "position_ids"], **options, **n)
            for x, n in zip(projected, heads)
        )
        mask = "" if layer == 0 else self.visible(it.bias_window)
        outputs = [f"layers.{layer}.attn/output_0", *present]
        attributes = {"is_causal": int(layer == 0), "softcap": it.softcap, "scale": it.head_dim**-0.5}
        if it.flat:
            attributes |= {"q_num_heads": HEADS, "kv_num_heads": it.kv_heads}
        out = self.node("Attention", [q, k, projected[2], mask, *past], outputs, **attributes)
        if it.flat:
            return out
        return self.node("Reshape", [self.node("Transpose", [out], perm=[0, 2, 1, 3]), self.ints(0, 0, -1)])

    def mlp(self, x, layer):
        gate, up = (self.linear(x, f"layers.{layer}.mlp.{part}", INNER, HIDDEN) for part in ("gate", "up"))
        gated = self.node("Mul", [gate, self.node("Sigmoid", [gate])])
        return self.linear(self.node("Mul", [gated, up]), f"layers.{layer}.mlp.down", HIDDEN, INNER)

    def head(self, x):
        cap = self.it.final_softcap
        if not cap:
            self.nodes[-1].output[0] = "logits"
            return
        small = self.node("Tanh", [self.node("Div", [x, self.scalar(cap)])])
        self.node("Mul", [small, self.scalar(cap)], ["logits"])

    def model(self):
        it = self.it
        self.mask_lengths()
        if any(it.rotary):
            self.caches = self.chosen_tables() if it.original_positions else self.tables()
        carried = it.attention == "gqa" and it.bias_window is not None
        self.biases = [self.bias(it.bias_window), self.bias(None)] if carried else [None] * LAYERS
        residual, branch = self.embed(), None
        for layer in range(LAYERS):
            normed, residual = self.norm(residual, f"layers.{layer}.input_norm", branch)
            normed, residual = self.norm(residual, f"layers.{layer}.post_norm", self.attention(normed, layer))
            branch = self.mlp(normed, layer)
        normed, _ = self.norm(residual, "norm", branch)
        self.head(self.linear(normed, "lm_head", VOCABULARY, HIDDEN))
        return self.file()

    def file(self):
        it = self.it
        cache = ["batch_size", it.kv_heads, "past_sequence_length", it.head_dim]
        grown = ["batch_size", it.kv_heads, "total_sequence_length", it.head_dim]
        text = ["batch_size", "sequence_length"]
        inputs = {"input_ids": (I64, text), "attention_mask": (I64, ["batch_size", "total_sequence_length"])}
        if any("position_ids" in node.input for node in self.nodes):
            inputs["position_ids"] = (I64, text)
        inputs |= {name: (F32, cache) for name in past_names(LAYERS)}
        outputs = {"logits": (F32, [*text, VOCABULARY])}
        outputs |= {name.replace("past_key_values", "present"): (F32, grown) for name in past_names(LAYERS)}
        infos = [[helper.make_tensor_value_info(n, *t) for n, t in side.items()] for side in (inputs, outputs)]
        graph = helper.make_graph(self.nodes, it.name, *infos, self.weights)
        opset = 23 if it.attention == "onnx" else 21
        opsets = [helper.make_opsetid("", opset), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=11 if opset == 23 else 10)


BUILT = [
    Built(
        "smollm3_gqa_q4",
        "smollm3",
        "NoPE: GroupQueryAttention with do_rotary 0 and no RotaryEmbedding in layer 1",
        rotary=("inside", None),
        block=16,
    ),
    Built(
        "ministral_gqa_q8_asym",
        "ministral",
        "local_window_size 8 in every layer, packed q, k, v; 8 bits with zero points, block 64, K 96 not a multiple",
        packed=True,
        windows=(8, 8),
        bits=8,
        block=64,
        zero_points=True,
    ),
    Built(
        "longrope_gqa_q4",
        "phi3",
        "LongRoPE: cos and sin tables chosen by an If on the total length, here the long ones",
        original_positions=8,
        packed=True,
    ),
    Built(
        "mobilellm_gqa_q4",
        "llama4_text",
        "rotary_interleaved 1 inside GroupQueryAttention; 4 bits with zero points, block 128 wider than K",
        interleaved=1,
        block=128,
        zero_points=True,
    ),
    Built(
        "ernie_sep_q4",
        "ernie4_5",
        "RotaryEmbedding nodes with interleaved 1, then GroupQueryAttention without rotation",
        rotary=("node", "node"),
        interleaved=1,
    ),
    Built(
        "sinks_gqa_q4",
        "gpt_oss",
        "an attention sink per head (GroupQueryAttention input 11), a window in layer 0, MatMulNBits with bias",
        sinks=("head_sink", "head_sink"),
        windows=(6, -1),
        linear_bias=True,
    ),
    Built(
        "smooth_gqa_qdq8",
        "llama",
        "smooth_softmax 1; weights int8 behind DequantizeLinear(axis 1), one scale per column, with bias",
        sinks=("smooth_softmax", "smooth_softmax"),
        qdq=True,
        linear_bias=True,
    ),
    Built(
        "bias_gqa_q4",
        "cohere2",
        "the mask as GroupQueryAttention's attention_bias (input 10), which carries a window in layer 0",
        rotary=("node", None),
        interleaved=1,
        bias_window=6,
    ),
    Built(
        "gemma2_gqa_q4",
        "gemma2",
        "softcap in the scores and of the logits, a window in layer 0",
        windows=(6, -1),
        softcap=2.0,
        final_softcap=6.0,
    ),
    Built(
        "mha_q4",
        "phi",
        "com.microsoft.MultiHeadAttention with a past: unidirectional and a q/k/v bias, then a mask as attention bias",
        attention="mha",
        kv_heads=HEADS,
        rotary=("node", "node"),
    ),
    Built(
        "onnx23_flat_q4",
        "llama",
        "ai.onnx 23 Attention and RotaryEmbedding on three axes, RMSNormalization; is_causal, then a boolean mask",
        attention="onnx",
    ),
]
BUILT.append(
    replace(
        BUILT[-1],
        name="onnx23_heads_qdq8",
        notes="the same on four axes: window, softcap, interleaved partial rotary; int8 behind DequantizeLinear",
        flat=False,
        bias_window=8,
        interleaved=1,
        rotated=8,
        softcap=3.0,
        qdq=True,
    )
)
