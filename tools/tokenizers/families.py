"""The tokenizer of each model family: the pipeline of its real tokenizer.json, around a small vocabulary."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Family:
    name: str
    model: str
    """byte_level, byte_fallback or unigram: how the vocabulary is trained and laid out."""
    normalizer: Json | None = None
    pre_tokenizer: Json | None = None
    post_processor: Json | None = None
    decoder: Json | None = None
    first: list[str] = field(default_factory=list)
    """Tokens at the start of the vocabulary."""
    added: list[Json] = field(default_factory=list)
    """Added tokens, first ones included; what is not in the vocabulary goes behind it."""
    options: Json = field(default_factory=dict)
    """Fields of the model in tokenizer.json that differ from the default."""
    config: Json = field(default_factory=dict)
    template: str | list[str] | None = None
    """Name in templates/; several become a named list. `+` in front: in a file of its own."""
    extra_texts: list[str] = field(default_factory=list)
    merge_pairs: bool = False
    """Merges as pairs, as newer files have them, instead of strings."""


def token(content: str, **flags: bool) -> Json:
    base = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"content": content, **base, **flags}


def plain(content: str, **flags: bool) -> Json:
    return token(content, special=False, **flags)


def sequence(kind: str, *parts: Json) -> Json:
    return {"type": "Sequence", kind: list(parts)}


def byte_level(prefix_space: bool = False, regex: bool = True, trim: bool = True) -> Json:
    return {"type": "ByteLevel", "add_prefix_space": prefix_space, "trim_offsets": trim, "use_regex": regex}


def split(regex: str, behavior: str = "Isolated", invert: bool = False) -> Json:
    return {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}


def replace(pattern: str, content: str) -> Json:
    return {"type": "Replace", "pattern": {"String": pattern}, "content": content}


def template_processing(before: list[str] = [], after: list[str] = []) -> Json:
    """`ids` are filled in when the vocabulary is known."""
    special = [{"SpecialToken": {"id": name, "type_id": 0}} for name in before]
    end = [{"SpecialToken": {"id": name, "type_id": 0}} for name in after]
    a, b = ({"Sequence": {"id": which, "type_id": i}} for i, which in enumerate("AB"))
    names = {name: {"id": name, "ids": [], "tokens": [name]} for name in before + after}
    return {
        "type": "TemplateProcessing",
        "single": [*special, a, *end],
        "pair": [*special, a, *end, b],
        "special_tokens": names,
    }


DIGITS = {"type": "Digits", "individual_digits": True}
NFC = {"type": "NFC"}
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = QWEN.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%(c)s"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%(c)s"
    r"|\p{N}%(n)s| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
TEKKEN = CASED % {"c": "", "n": ""}
O200K = CASED % {"c": "(?i:'s|'t|'re|'ve|'m|'ll|'d)?", "n": "{1,3}"}
DEEPSEEK = (
    "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
    "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"
)

SPM_NORMALIZER = sequence("normalizers", {"type": "Prepend", "prepend": "▁"}, replace(" ", "▁"))
SPM_DECODER = sequence(
    "decoders",
    replace("▁", " "),
    {"type": "ByteFallback"},
    {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0},
)
METASPACE = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
CHATML = ["<|im_start|>", "<|im_end|>"]

FAMILIES = [
    Family(
        "gpt2",
        "byte_level",
        pre_tokenizer=byte_level(),
        post_processor=byte_level(prefix_space=True, trim=False),
        decoder=byte_level(prefix_space=True),
        added=[token("<|endoftext|>", normalized=True)],
        # As the file on the hub: no type, empty strings for what is not used.
        options={"type": None, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": False},
        config={"model_max_length": 1024},
        extra_texts=["one<|endoftext|>two <|endoftext|> three"],
    ),
    Family(
        "smollm2",
        "byte_level",
        pre_tokenizer=sequence("pretokenizers", DIGITS, byte_level()),
        decoder=byte_level(prefix_space=True),
        first=["<|endoftext|>", *CHATML, "<repo_name>"],
        added=[token(name) for name in ["<|endoftext|>", *CHATML, "<repo_name>"]],
        config={"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "pad_token": "<|im_end|>"},
        template="smollm2",
        extra_texts=["<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", "a <|im_end|> b"],
    ),
    Family(
        "smollm3",
        "byte_level",
        merge_pairs=True,
        pre_tokenizer=sequence("pretokenizers", split(LLAMA3), byte_level(regex=False)),
        post_processor=byte_level(prefix_space=True, trim=False),
        decoder=byte_level(prefix_space=True),
        added=[*map(token, ["<|begin_of_text|>", "<|end_of_text|>", *CHATML]), plain("<think>"), plain("</think>")],
        options={"ignore_merges": True},
        config={"bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|im_end|>"},
        template="+smollm3",
    ),
    Family(
        "qwen2",
        "byte_level",
        normalizer=NFC,
        pre_tokenizer=sequence("pretokenizers", split(QWEN), byte_level(regex=False, trim=False)),
        post_processor=byte_level(trim=False, regex=False),
        decoder=byte_level(trim=False, regex=False),
        added=[*map(token, ["<|endoftext|>", *CHATML]), plain("<tool_call>"), plain("</tool_call>")],
        config={"bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None},
        template="qwen2",
        extra_texts=["<|im_start|>user\n Hi <|im_end|>\n", "<tool_call>\n{}\n</tool_call>"],
    ),
    Family(
        "qwen3",
        "byte_level",
        merge_pairs=True,
        normalizer=NFC,
        pre_tokenizer=sequence("pretokenizers", split(QWEN), byte_level(regex=False, trim=False)),
        post_processor=byte_level(trim=False, regex=False),
        decoder=byte_level(trim=False, regex=False),
        added=[
            *map(token, ["<|endoftext|>", *CHATML]),
            *map(plain, ["<tool_call>", "</tool_call>", "<think>", "</think>"]),
        ],
        config={"bos_token": None, "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None},
        template="+qwen3",
        extra_texts=["<think>\n\n</think>\n\nYes", "a<think> b </think>c"],
    ),
    Family(
        "llama3",
        "byte_level",
        merge_pairs=True,
        pre_tokenizer=sequence("pretokenizers", split(LLAMA3), byte_level(regex=False)),
        post_processor=sequence("processors", byte_level(prefix_space=True, trim=False), template_processing(["<|begin_of_text|>"])),
        decoder=byte_level(prefix_space=True),
        added=[
            token(name)
            for name in [
                "<|begin_of_text|>",
                "<|end_of_text|>",
                "<|finetune_right_pad_id|>",
                "<|start_header_id|>",
                "<|end_header_id|>",
                "<|eom_id|>",
                "<|eot_id|>",
            ]
        ],
        options={"ignore_merges": True},
        config={
            "bos_token": "<|begin_of_text|>",
            "eos_token": "<|eot_id|>",
            "clean_up_tokenization_spaces": True,
        },
        template="llama3",
        extra_texts=["<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"],
    ),
    Family(
        "gemma3",
        "byte_fallback",
        merge_pairs=True,
        normalizer=replace(" ", "▁"),
        pre_tokenizer={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        post_processor=template_processing(["<bos>"]),
        decoder=sequence("decoders", replace("▁", " "), {"type": "ByteFallback"}, {"type": "Fuse"}),
        first=["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>", "\n", "\n\n", "\n\n\n", "▁▁", "▁▁▁", "<table>"],
        added=[
            *map(token, ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]),
            *map(plain, ["\n", "\n\n", "\n\n\n", "▁▁", "▁▁▁", "<table>"]),
            token("<start_of_image>"),
        ],
        options={"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
        config={
            "bos_token": {"content": "<bos>"},
            "eos_token": "<eos>",
            "unk_token": "<unk>",
            "pad_token": "<pad>",
            "add_bos_token": True,
        },
        template="gemma3",
        extra_texts=["<start_of_turn>user\nHi <end_of_turn>\n", "<bos>text"],
    ),
    Family(
        "phi3",
        "byte_fallback",
        normalizer=SPM_NORMALIZER,
        post_processor=template_processing(),
        decoder=SPM_DECODER,
        first=["<unk>", "<s>", "</s>"],
        added=[
            token("<unk>"),
            token("<s>"),
            plain("</s>", rstrip=True),
            token("<|endoftext|>"),
            *(token(name, rstrip=True) for name in ["<|assistant|>", "<|system|>", "<|end|>", "<|user|>"]),
        ],
        options={"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
        config={
            "bos_token": "<s>",
            "eos_token": "<|endoftext|>",
            "unk_token": "<unk>",
            "pad_token": "<|endoftext|>",
            "legacy": False,
        },
        template="phi3",
        extra_texts=["<|user|>\nHi<|end|>\n<|assistant|>\n", "<|user|>  \n x <|end|>y", "a</s> \n b"],
    ),
    Family(
        "tinyllama",
        "byte_fallback",
        normalizer=SPM_NORMALIZER,
        post_processor=template_processing(["<s>"]),
        decoder=SPM_DECODER,
        first=["<unk>", "<s>", "</s>"],
        added=[token("<unk>"), token("<s>"), token("</s>")],
        options={"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
        config={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "</s>", "legacy": False},
        template="tinyllama",
        extra_texts=["<|user|>\nHi</s>\n<|assistant|>", "a</s>b </s> c", "<s>begun"],
    ),
    Family(
        "mistral",
        "byte_fallback",
        pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": False},
        post_processor=template_processing(["<s>"]),
        decoder=SPM_DECODER,
        first=["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"],
        added=[
            token(name)
            for name in ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]"]
        ],
        options={"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
        config={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "legacy": False},
        template="mistral",
        extra_texts=["[INST] Hi[/INST] Hello</s>[INST]again[/INST]", "text [INST] x"],
    ),
    Family(
        "tekken",
        "byte_level",
        merge_pairs=True,
        pre_tokenizer=sequence("pretokenizers", split(TEKKEN), byte_level(regex=False)),
        post_processor=template_processing(["<s>"]),
        decoder=byte_level(prefix_space=True),
        first=["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"],
        added=[
            token(name) for name in ["<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]"]
        ],
        options={"ignore_merges": True},
        config={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
        template="tekken",
        extra_texts=["[INST]Hi[/INST]Hello</s>"],
    ),
    Family(
        "bloom",
        "byte_level",
        pre_tokenizer=sequence("pretokenizers", split(" ?[^(\\s|[.,!?…。，、।۔،])]+"), byte_level(regex=False)),
        post_processor=byte_level(prefix_space=True, trim=False, regex=False),
        decoder=byte_level(prefix_space=True, regex=False),
        first=["<unk>", "<s>", "</s>", "<pad>"],
        added=[token(name) for name in ["<unk>", "<s>", "</s>", "<pad>"]],
        config={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"},
        extra_texts=["one</s>two"],
    ),
    Family(
        "opt",
        "byte_level",
        pre_tokenizer=byte_level(),
        post_processor=template_processing(["</s>"]),
        decoder=byte_level(prefix_space=True),
        first=["<s>", "<pad>", "</s>", "<unk>"],
        added=[token(name, normalized=True) for name in ["<s>", "<pad>", "</s>", "<unk>"]],
        options={"unk_token": "</s>", "continuing_subword_prefix": "", "end_of_word_suffix": ""},
        config={"bos_token": {"content": "</s>"}, "eos_token": {"content": "</s>"}, "add_bos_token": True},
        extra_texts=["one</s>two"],
    ),
    Family(
        "neox",
        "byte_level",
        normalizer=NFC,
        pre_tokenizer=byte_level(),
        post_processor=byte_level(prefix_space=True),
        decoder=byte_level(prefix_space=True),
        first=["<|endoftext|>", "<|padding|>"],
        added=[
            token("<|endoftext|>"),
            token("<|padding|>"),
            *(plain(" " * count, normalized=True) for count in range(24, 1, -1)),
        ],
        config={"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"},
        extra_texts=["one<|endoftext|>two", "if x:\n    if y:\n        z()"],
    ),
    Family(
        "cohere",
        "byte_level",
        normalizer=NFC,
        pre_tokenizer=sequence("pretokenizers", DIGITS, byte_level()),
        post_processor=template_processing(["<BOS_TOKEN>"]),
        decoder=byte_level(prefix_space=True),
        first=["<PAD>", "<UNK>", "<BOS_TOKEN>", "<EOS_TOKEN>"],
        added=[
            token(name)
            for name in [
                "<PAD>",
                "<UNK>",
                "<BOS_TOKEN>",
                "<EOS_TOKEN>",
                "<|START_OF_TURN_TOKEN|>",
                "<|END_OF_TURN_TOKEN|>",
                "<|USER_TOKEN|>",
                "<|CHATBOT_TOKEN|>",
                "<|SYSTEM_TOKEN|>",
            ]
        ],
        config={"bos_token": "<BOS_TOKEN>", "eos_token": "<|END_OF_TURN_TOKEN|>", "pad_token": "<PAD>"},
        template=["cohere", "cohere_tool_use"],
        extra_texts=["<|START_OF_TURN_TOKEN|><|USER_TOKEN|>Hi<|END_OF_TURN_TOKEN|>"],
    ),
    Family(
        "granite",
        "byte_level",
        pre_tokenizer=sequence("pretokenizers", DIGITS, byte_level()),
        post_processor=byte_level(prefix_space=True),
        decoder=byte_level(prefix_space=True),
        first=["<|end_of_text|>", "<fim_prefix>"],
        added=[
            token(name)
            for name in ["<|end_of_text|>", "<fim_prefix>", "<|start_of_role|>", "<|end_of_role|>", "<|tool_call|>"]
        ],
        config={"bos_token": "<|end_of_text|>", "eos_token": "<|end_of_text|>", "pad_token": "<|end_of_text|>"},
        template="granite",
        extra_texts=["<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n"],
    ),
    Family(
        "falcon",
        "byte_level",
        pre_tokenizer=sequence(
            "pretokenizers",
            {"type": "Punctuation", "behavior": "Contiguous"},
            byte_level(),
            {"type": "Digits", "individual_digits": False},
            split("[0-9][0-9][0-9]"),
        ),
        decoder=byte_level(prefix_space=True),
        first=[">>TITLE<<", "<|endoftext|>"],
        added=[token(">>TITLE<<"), token("<|endoftext|>")],
        config={"eos_token": "<|endoftext|>"},
        extra_texts=["one<|endoftext|>two"],
    ),
    Family(
        "deepseek",
        "byte_level",
        normalizer=sequence("normalizers"),
        pre_tokenizer=sequence(
            "pretokenizers",
            split(r"\p{N}{1,3}"),
            split("[一-龥\u3040-ゟ゠-ヿ]+"),
            split(DEEPSEEK),
            byte_level(regex=False),
        ),
        post_processor=byte_level(prefix_space=True, trim=False),
        decoder=byte_level(prefix_space=True),
        first=["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
        added=[
            token("<｜begin▁of▁sentence｜>"),
            token("<｜end▁of▁sentence｜>"),
            *(plain(name, normalized=True) for name in ["<｜User｜>", "<｜Assistant｜>", "<think>", "</think>"]),
        ],
        config={"bos_token": {"content": "<｜begin▁of▁sentence｜>"}, "eos_token": {"content": "<｜end▁of▁sentence｜>"}},
        template="deepseek",
        extra_texts=["<｜User｜>Hi<｜Assistant｜><think>\n", "a\n<think> b"],
    ),
    Family(
        "phi4",
        "byte_level",
        pre_tokenizer=sequence("pretokenizers", split(O200K, "Removed", invert=True), byte_level(regex=False)),
        post_processor=byte_level(prefix_space=True, trim=False),
        decoder=byte_level(prefix_space=True),
        added=[
            token("<|endoftext|>"),
            *(token(name, rstrip=True) for name in ["<|assistant|>", "<|end|>", "<|user|>", "<|system|>"]),
        ],
        config={"bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>"},
        template="phi4",
        extra_texts=["<|user|>Hi<|end|><|assistant|>"],
    ),
    Family(
        "t5",
        "unigram",
        pre_tokenizer=sequence("pretokenizers", {"type": "WhitespaceSplit"}, METASPACE),
        post_processor=template_processing(after=["</s>"]),
        decoder=METASPACE,
        first=["<pad>", "</s>", "<unk>"],
        added=[*map(token, ["<pad>", "</s>", "<unk>"]), token("<extra_id_0>")],
        options={"unk_id": 2, "byte_fallback": False},
        config={"eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "clean_up_tokenization_spaces": True},
        extra_texts=["fill <extra_id_0> here</s>"],
    ),
    Family(
        "llmjp",
        "unigram",
        normalizer=sequence("normalizers"),
        pre_tokenizer={"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True},
        post_processor=template_processing(["<s>"]),
        decoder=SPM_DECODER,
        first=["<unk>", "<s>", "</s>"],
        added=[token("<unk>"), token("<s>"), token("</s>")],
        options={"unk_id": 0, "byte_fallback": True},
        config={"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"},
        extra_texts=["one</s>two"],
    ),
    # No model's own: the parts that none of those above has, and the way in which older files write them.
    Family(
        "words",
        "byte_fallback",
        pre_tokenizer=sequence("pretokenizers", {"type": "Whitespace"}, {"type": "Punctuation", "behavior": "Isolated"}),
        first=["<unk>", "</s>"],
        added=[token("<unk>"), token("</s>")],
        options={"unk_token": "<unk>"},
        config={"eos_token": "</s>"},
    ),
    Family(
        "metaspace",
        "byte_fallback",
        pre_tokenizer={"type": "Metaspace", "replacement": "▁", "add_prefix_space": False, "prepend_scheme": "never"},
        decoder={"type": "Metaspace", "replacement": "▁", "add_prefix_space": False, "prepend_scheme": "never"},
        first=["<unk>", "</s>"],
        added=[token("<unk>"), token("</s>")],
        options={"unk_token": "<unk>", "fuse_unk": True, "byte_fallback": True},
        config={"eos_token": "</s>"},
    ),
    Family(
        "merged",
        "byte_fallback",
        pre_tokenizer=sequence(
            "pretokenizers",
            split("[aeiou]", "MergedWithPrevious"),
            split("[nrst]", "MergedWithNext"),
            {"type": "Split", "pattern": {"String": "."}, "behavior": "MergedWithNext", "invert": False},
            split("[0-9]", "Contiguous"),
            {"type": "Punctuation", "behavior": "MergedWithPrevious"},
        ),
        first=["<unk>", "</s>"],
        added=[token("<unk>"), token("</s>")],
        options={"unk_token": "<unk>"},
        config={"eos_token": "</s>"},
    ),
]
