"""
Writes tests/evaluation/metrics/goldens: what sacreBLEU, rouge-score, seqeval and scikit-learn say. See README.md.

    python tools/metrics/make_goldens.py
"""

from __future__ import annotations

import json
import random
import unicodedata
import warnings
from pathlib import Path
from typing import Any

from nltk.util import ngrams
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from seqeval.metrics.sequence_labeling import get_entities, precision_recall_fscore_support
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score

from texts import AWKWARD, Pair, random_pairs

OUT = Path(__file__).parent.parent.parent / "tests/evaluation/metrics/goldens"

bleu = BLEU(force=True)
sentence_bleu = BLEU(effective_order=True, force=True)
chrf = CHRF()
rouge = RougeScorer(["rougeL"], use_stemmer=False)
words_13a = Tokenizer13a()


def is_latin(text: str) -> bool:
    """Whether all its letters are of the Latin script: of others, rouge-score sees nothing."""
    return all("LATIN" in unicodedata.name(c, "") or c in "ªº" for c in text if c.isalpha())


def sentence(answer: str, target: str) -> dict[str, Any]:
    latin = is_latin(answer) and is_latin(target)
    return {
        "answer": answer,
        "target": target,
        "words": words_13a(answer.rstrip()).split(),
        "bleu": sentence_bleu.sentence_score(answer, [target]).score,
        "chrf": chrf.sentence_score(answer, [target]).score,
        "rouge_l": rouge.score(target, answer)["rougeL"].fmeasure if latin else None,
    }


def distinct(answers: list[str], n: int) -> float:
    found = [gram for answer in answers for gram in ngrams(words_13a(answer.rstrip()).split(), n)]
    return len(set(found)) / len(found) if found else 0.0


def corpus(pairs: list[Pair], first: int, end: int) -> dict[str, Any]:
    """`first` and `end`: which of the sentences it consists of."""
    answers = [answer for answer, _ in pairs[first:end]]
    targets = [target for _, target in pairs[first:end]]
    return {
        "first": first,
        "end": end,
        "bleu": bleu.corpus_score(answers, [targets]).score,
        "chrf": chrf.corpus_score(answers, [targets]).score,
        "distinct_1": distinct(answers, 1),
        "distinct_2": distinct(answers, 2),
    }


def texts() -> dict[str, Any]:
    pairs = AWKWARD + random_pairs(260, seed=1)
    chance = random.Random(2)
    corpora = [(0, len(pairs)), (0, len(AWKWARD)), (0, 1), (4, 5), (5, 6)]
    for _ in range(35):
        first = chance.randrange(len(pairs))
        corpora.append((first, min(len(pairs), first + chance.randint(1, 60))))
    return {
        "sentences": [sentence(*pair) for pair in pairs],
        "corpora": [corpus(pairs, first, end) for first, end in corpora],
    }


TAGS = {
    "any": ["O", "O", *(f"{place}-{kind}" for place in "BIES" for kind in ("PER", "LOC", "ORG-X"))],
    "iob2": ["O", "O", "B-PER", "I-PER", "I-PER", "B-LOC", "I-LOC"],
    "bilou": ["O", "B-PER", "I-PER", "L-PER", "U-PER", "U-LOC"],
    "untyped": ["O", "B", "I", "E", "S", "B-PER"],
}


def tag_sequences(chance: random.Random) -> dict[str, Any]:
    """Some sequences of tags and a tagger's answer to each, a share of it wrong."""
    tags = TAGS[chance.choice(list(TAGS))]
    wrong = chance.choice([0.0, 0.2, 0.5, 1.0])
    targets = [chance.choices(tags, k=chance.randint(1, 12)) for _ in range(chance.randint(1, 6))]
    answers = [[chance.choice(tags) if chance.random() < wrong else tag for tag in target] for target in targets]
    precision, recall, f1, _ = precision_recall_fscore_support(targets, answers, average="micro", zero_division=0)
    types = sorted({kind for tags in (targets, answers) for kind, _, _ in get_entities(tags)})
    by_type = precision_recall_fscore_support(targets, answers, average=None, zero_division=0) if types else [[]] * 4
    return {
        "targets": [" ".join(target) for target in targets],
        "answers": [" ".join(answer) for answer in answers],
        "entities": [[[kind, f"{first}-{last}"] for kind, first, last in get_entities(target)] for target in targets],
        "precision": float(precision),
        "recall": float(recall),
        "f1": float(f1),
        "by_type": {kind: [float(values[i]) for values in by_type[:3]] for i, kind in enumerate(types)},
    }


def entities() -> list[dict[str, Any]]:
    chance = random.Random(3)
    return [tag_sequences(chance) for _ in range(200)]


def labelled(chance: random.Random) -> dict[str, Any]:
    """Labels and answers to them; some labels never occur, and now and then what occurs is no label."""
    labels = [f"label {i}" for i in range(chance.randint(2, 7))]
    used = chance.sample(labels, k=chance.randint(1, len(labels)))
    said = labels + (["something else"] if chance.random() < 0.2 else [])
    targets = chance.choices(used, k=chance.randint(1, 40))
    right = chance.random()
    answers = [target if chance.random() < right else chance.choice(said) for target in targets]
    # The default would be this, and the answers that are no label.
    occurring = [label for label in labels if label in targets or label in answers]
    return {
        "labels": labels,
        "targets": targets,
        "answers": answers,
        "accuracy": float(accuracy_score(targets, answers)),
        "macro_f1": float(f1_score(targets, answers, labels=occurring, average="macro", zero_division=0)),
        "confusion": confusion_matrix(targets, answers, labels=labels).tolist(),
    }


def classification() -> list[dict[str, Any]]:
    chance = random.Random(4)
    return [labelled(chance) for _ in range(120)]


def write(name: str, content: Any) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / name).write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    write("texts.json", texts())
    write("entities.json", entities())
    write("classification.json", classification())
