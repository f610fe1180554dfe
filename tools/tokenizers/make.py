"""Writes tests/models/tokenizers: see README.md. Ids and text are those of `tokenizers`, prompts those of transformers."""

from __future__ import annotations

import datetime
import json
import math
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import jinja2
from tokenizers import Tokenizer, trainers
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerFast

from families import FAMILIES, Family, Json, byte_level, sequence, split
from texts import CHATS, TEXTS

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
OUT = ROOT / "tests/models/tokenizers"
TODAY = datetime.datetime(2025, 7, 4, 12)
"""Some templates write the date; the tests set their clock to this day."""
PIECES = 640


def corpus() -> list[str]:
    samples = sorted((ROOT / "public/samples").glob("*.*"))
    lines = [line for path in samples for line in path.read_text().splitlines()]
    return lines[:300] + [text for text in TEXTS if len(text) < 200] * 20


def common_characters() -> list[str]:
    """A small alphabet, so that rare characters fall back to bytes; the library's own choice among equals is random."""
    counts = Counter("".join(corpus()).replace(" ", "▁"))
    return sorted(counts, key=lambda character: (-counts[character], character))[:140]


def frequent_pieces() -> list[list[Any]]:
    """
    Characters and longer pieces with logarithms of their frequencies. Not by the library's trainer, which is never the
    same twice. Few digits, since the library reads longer ones with an error in the last place, which then settles ties.
    """
    text = "\n".join(corpus()).replace(" ", "▁")
    counts = Counter(text[at : at + length] for length in range(2, 7) for at in range(len(text) - length + 1))
    longer = sorted(counts, key=lambda piece: (-counts[piece] * (len(piece) - 1), piece))[: PIECES - 140]
    common = common_characters()
    counts.update(character for character in text)
    return [[piece, round(math.log(counts[piece] / len(text)), 4)] for piece in [*common, *longer]]


def empty(model: Json, normalizer: Json | None, pre_tokenizer: Json | None) -> Tokenizer:
    parts: Json = {"normalizer": normalizer, "pre_tokenizer": pre_tokenizer, "post_processor": None, "decoder": None}
    return Tokenizer.from_str(
        json.dumps({"version": "1.0", "truncation": None, "padding": None, "added_tokens": [], **parts, "model": model})
    )


def trained(family: Family, model: Json, trainer: Any) -> Json:
    """
    The model, trained on pieces of 12 characters. So there are merges over every boundary at which a pre-tokenizer cuts,
    and each cut that is left out or put elsewhere changes the ids.
    """
    spaces: Json = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    cut = split("(?m:.{1,12})")
    if family.model == "byte_level":
        trainee = empty(model, None, sequence("pretokenizers", cut, byte_level(regex=False)))
    else:
        trainee = empty(model, spaces, cut)
    trainee.train_from_iterator(corpus(), trainer)
    return json.loads(trainee.to_str())["model"]


def model_of(family: Family) -> Json:
    byte_pieces = [f"<0x{byte:02X}>" for byte in range(256)]
    if family.model == "unigram":
        head = family.first + (byte_pieces if family.options["byte_fallback"] else [])
        scored = [pair for pair in frequent_pieces() if pair[0] not in head]
        vocab = [[piece, 0.0] for piece in head] + scored
        return {"type": "Unigram", "vocab": vocab, **family.options}

    bytes_first = family.model == "byte_fallback"
    alphabet = common_characters() if bytes_first else sorted(ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=PIECES, show_progress=False, initial_alphabet=alphabet, limit_alphabet=len(alphabet)
    )
    model = trained(family, {"type": "BPE", "vocab": {}, "merges": []}, trainer)
    head = family.first + (byte_pieces if bytes_first else [])
    pieces = [piece for piece in sorted(model["vocab"], key=model["vocab"].get) if piece not in head]
    merges = model["merges"] if family.merge_pairs else [" ".join(pair) for pair in model["merges"]]
    defaults: Json = {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
    }
    if "ignore_merges" in family.options:
        # What only `ignore_merges` can reach: a word that no merge makes.
        pieces.append("Supercalifragilisticexpialidocious")
    options = {key: value for key, value in {**defaults, **family.options}.items() if (key, value) != ("type", None)}
    return {**options, "vocab": {piece: i for i, piece in enumerate(head + pieces)}, "merges": merges}


def tokenizer_json(family: Family) -> Json:
    model = model_of(family)
    pieces = [pair[0] for pair in model["vocab"]] if family.model == "unigram" else list(model["vocab"])
    ids = {piece: i for i, piece in enumerate(pieces)}
    for added in family.added:
        ids.setdefault(added["content"], len(ids))
    processor = json.loads(json.dumps(family.post_processor))
    for part in [processor, *(processor or {}).get("processors", [])]:
        for special in (part or {}).get("special_tokens", {}).values():
            special["ids"] = [ids[special["id"]]]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": sorted(
            ({"id": ids[added["content"]], **added} for added in family.added), key=lambda added: added["id"]
        ),
        "normalizer": family.normalizer,
        "pre_tokenizer": family.pre_tokenizer,
        "post_processor": processor,
        "decoder": family.decoder,
        "model": model,
    }


def encoded(tokenizer: Tokenizer, texts: list[str]) -> tuple[list[Json], Json]:
    """Ids without special tokens, the text they decode to where it differs, and the special tokens around every text."""
    whole = tokenizer.encode("").ids
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    start = tokenizer.encode("a").ids.index(bare[0])
    around = {"before": whole[:start], "after": whole[start:]}
    rows: list[Json] = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        assert tokenizer.encode(text).ids == [*around["before"], *ids, *around["after"]], text
        decoded = tokenizer.decode(ids, skip_special_tokens=False)
        rows.append({"text": text, "ids": ids, **({} if decoded == text else {"decoded": decoded})})
    return rows, around


def rendered(tokenizer: PreTrainedTokenizerFast, chat: Json) -> Json:
    try:
        prompt = tokenizer.apply_chat_template(
            chat["messages"],
            tokenize=False,
            add_generation_prompt=chat["generate"],
            strftime_now=TODAY.strftime,
        )
        return {"prompt": prompt}
    except jinja2.exceptions.TemplateError as error:
        return {"refused": str(error)}


def write(family: Family) -> None:
    folder = OUT / family.name
    folder.mkdir()
    (folder / "tokenizer.json").write_text(compact(tokenizer_json(family)))
    config = dict(family.config)
    template: Any = None
    if isinstance(family.template, list):
        names = ["default", *(name.removeprefix(f"{family.name}_") for name in family.template[1:])]
        template = [{"name": name, "template": source(file)} for name, file in zip(names, family.template)]
        config["chat_template"] = template
    elif family.template is not None and family.template.startswith("+"):
        template = source(family.template[1:])
        (folder / "chat_template.jinja").write_text(template)
    elif family.template is not None:
        template = config["chat_template"] = source(family.template)
    (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n")

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encodings, around = encoded(tokenizer, [*TEXTS, *family.extra_texts])
    expected: Json = {"around": around, "encodings": encodings, "chats": []}
    if template is not None:
        names = ["bos_token", "eos_token", "unk_token", "pad_token"]
        special = {name: content(config[name]) for name in names if config.get(name) is not None}
        default = template if isinstance(template, str) else template[0]["template"]
        rows = PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=default, **special)
        expected["chats"] = [{**chat, **rendered(rows, chat)} for chat in CHATS]
    (folder / "expected.json").write_text(lines(expected))


def source(name: str) -> str:
    return (HERE / "templates" / f"{name}.jinja").read_text().removesuffix("\n")


def content(token: Any) -> str:
    return token["content"] if isinstance(token, dict) else token


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def lines(expected: Json) -> str:
    """One encoding a line, so that a change shows as what it is."""
    parts = [f'"around":{compact(expected["around"]).strip()}']
    for name in ["encodings", "chats"]:
        rows = ",\n".join(compact(row).strip() for row in expected[name])
        parts.append(f'"{name}":[\n{rows}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    for each in FAMILIES:
        write(each)
        print(each.name, sum(file.stat().st_size for file in (OUT / each.name).iterdir()))
