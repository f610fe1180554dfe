"""Pairs of an answer and its target on which the metrics of texts are compared."""

from __future__ import annotations

import random

Pair = tuple[str, str]

AWKWARD: list[Pair] = [
    ("", ""),
    ("", "The cat sat on the mat."),
    ("The cat sat on the mat.", ""),
    (" ", "\n"),
    ("the", "the"),
    ("the", "a"),
    ("The cat", "The cat"),
    ("The cat sat", "The cat sat"),
    ("The cat sat on", "The cat sat on"),
    ("The cat sat on the mat.", "The cat sat on the mat."),
    ("the the the the the the the", "The cat is on the mat."),
    ("no word in common", "yet nothing matches here"),
    ("ab", "abcdefgh"),
    ("abcdefgh", "ab"),
    ("The Cat Sat", "the cat sat"),
    ("It costs 1,000.5 dollars, not 1000.50.", "It costs 1,000.5 dollars, not 1,000.50!"),
    ("3.14 and .5 and 5. and 1,2,3", "3.14, .5, 5. and 1, 2, 3"),
    ("2024-11-05 10-20 a-b 5-", "2024-11-05, 10 - 20, a - b, 5 -"),
    ("-5 to -10", "-5 - -10"),
    ("1-\n2 hyphen-\nated", "12 hyphenated"),
    ("one\ntwo\r\nthree\tfour", "one two three four"),
    ("ends in a hyphen-\n", "ends in a hyphen-"),
    ("trailing spaces   ", "   leading spaces"),
    ('"Quotes" and \'quotes\'', "“Quotes” and ‘quotes’"),
    ("&quot;Tom &amp; Jerry&quot; &lt;3", '"Tom & Jerry" <3'),
    ("&amp;quot; &amp;amp;", '&quot; &'),
    ("a <skipped> b<skipped>", "a b"),
    ("<b>bold</b> [link](url) {x} ~y~ `z`", "bold link x y z"),
    ("a@b.com https://x.org/y?z=1&w=2#f", "a@b.com http://x.org/y?z=1"),
    ("C++ C# $5 50% ^_^ a_b = |x|", "C ++ C # $ 5 50 % ^ _ ^ a _ b = | x |"),
    ("Wait... what?! No!!!", "Wait … what ? ! No !"),
    ("I'm you're don't CAN'T", "I 'm you 're do n't can't"),
    ("x.y,z.", ".x,y.z"),
    ("..,,..", ",.,."),
    (".", "."),
    ("!", "?"),
    ("Él comió piñas en São Paulo", "El comio pinas en Sao Paulo"),
    ("Straße naïve façade œuvre Łódź", "Straße naïve façade œuvre Łódź"),
    ("e\u0301te\u0301", "été"),
    ("no\u00a0break\u2003em\u3000wide", "no break em wide"),
    ("zero\u200bwidth \ufeffmark", "zerowidth mark"),
    ("next\u0085line", "next line"),
    ("½ cup, 5 m², 1º", "0.5 cup, 5 m2, 1o"),
    ("ＦＵＬＬ width １２", "full width 12"),
    ("İstanbul ıslak", "istanbul islak"),
    ("😀 smile 😀.", "😀 smile."),
    ("👩‍👩‍👧 family 🇳🇴,5", "👩‍👩‍👧 family 🇳🇴, 5"),
    ("你好，世界！今天天气很好。", "你好世界，今天天气真好。"),
    ("日本語のテキスト、カタカナ", "日本語のテキスト"),
    ("한국어 문장입니다. AI 기술", "한국어 문장입니다, AI 기술"),
    ("สวัสดีชาวโลก", "สวัสดีชาวโลก"),
    ("Привет, мир!", "Привет, Мир."),
    ("שלום עולם ٣٫١٤", "שלום ٣"),
    ("नमस्ते दुनिया", "नमस्ते दुनिया।"),
    ("a " * 300, "a " * 299 + "b"),
    ("word " * 3 + "x" * 200, "x" * 201),
]

WORDS = (
    "the a cat dog sat ran on under mat house red big , . ! ? ; : ( ) \" ' - 1 12 1,000.5 3.14 2024-11-05 don't "
    "U.S. e.g. café naïve it's self-made A.B, x/y 5% $3 &amp; &quot; The Cat [x] www.a.org a_b — … é"
).split(" ")


def random_pairs(count: int, seed: int) -> list[Pair]:
    """Answers that are their target with words dropped, doubled, swapped or replaced, and some that have nothing of it."""
    chance = random.Random(seed)
    pairs: list[Pair] = []
    for _ in range(count):
        words = chance.choices(WORDS, k=chance.randint(1, 24))
        noise = chance.choice([0.0, 0.1, 0.3, 0.6, 1.0])
        answer: list[str] = []
        for word in words:
            kind = chance.random()
            if kind >= noise:
                answer.append(word)
            elif kind < noise * 0.3:
                answer += [word, word]
            elif kind < noise * 0.7:
                answer.append(chance.choice(WORDS))
        if chance.random() < noise * 0.5:
            chance.shuffle(answer)
        glue = chance.choice([" ", " ", " ", "", "  ", "\n"])
        pairs.append((glue.join(answer), " ".join(words)))
    return pairs
