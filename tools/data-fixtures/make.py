"""Writes the corpus of awkward datasets, tests/fixtures/data. What a person should get of each is in its expected.json.

Needs pyarrow. The files differ from run to run in nothing: times in archives are fixed.
"""

import gzip
import io
import json
import shutil
import struct
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OUT = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "data"
KEPT = {"expected.json", "README.md"}
ROWS = [("good soup", "yes"), ("cold soup", "no"), ("fine bread", "yes")]
CSV = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
JSONL = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ROWS)


def write(name: str, content: str | bytes) -> None:
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def zipped(entries: dict[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def encrypted(archive: bytes) -> bytes:
    """The same with the flag set that says so, in the local header and in the directory."""
    data = bytearray(archive)
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def parquet(table: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def chat(*turns: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in turns]


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def delimited() -> None:
    write("empty.csv", "")
    write("only_mark.csv", b"\xef\xbb\xbf")
    write("spaces.txt", "   \n \n\t\n")
    write("header_only.csv", "text,label\n")
    write("one_column.csv", "text\ngood soup\ncold soup\n")
    write("ragged.csv", "text,label\ngood soup,yes\ncold soup\nfine, fresh bread,yes\nold bread,no\n")
    write("embedded_newlines.csv", 'text,label\r\n"good\r\nsoup",yes\r\n"cold\r\n\r\nsoup",no\r\nfine,yes\r\n')
    write("nul_bytes.csv", "text,label\ngood soup,yes\ncold\0soup,no\n" + "plain bread,no\n" * 20)
    write("utf16le_mark.csv", b"\xff\xfe" + CSV.replace("soup", "суп").encode("utf-16-le"))
    write("utf16be_mark.csv", b"\xfe\xff" + CSV.encode("utf-16-be"))
    write("utf16le_no_mark.csv", CSV.encode("utf-16-le"))
    write("utf16be_no_mark.csv", CSV.encode("utf-16-be"))
    write("latin1.csv", "text;label\nCafé noir;gut\nTee;schlecht\nKäse für 5 €;gut\n".encode("cp1252"))
    write("latin1_chosen_utf8.csv", "text;label\nTee;gut\nCafé noir;gut\nBrot;schlecht\n".encode("cp1252"))
    write("damaged_utf8.csv", "text,label\nCafé noir très bon,yes\n".encode() + b"caf\xe9,no\nfine,yes\n")
    write("shift_jis.csv", "text,label\n美味しいスープです,良い\n冷たいスープでした,悪い\n".encode("shift_jis"))
    write("cyrillic_1251.csv", "text,label\nхороший суп,да\nхолодный суп,нет\n".encode("cp1251"))
    write("emoji.csv", "text,label\n👍🏽 great,😀\n👎 awful,😡\n👩‍👩‍👧 fine,😀\n")
    write("right_to_left.csv", "text,label\nשלום עולם,טוב\nمرحبا بالعالم,سيئ\n")
    write("duplicate_headers.csv", "text,text,label\na,b,yes\nc,d,no\n")
    write("empty_headers.csv", "text,,label\na,b,yes\nc,d,no\n")
    write("no_header.csv", "I liked the soup,good\nI hated it,bad\nGrand,good\nPoor,bad\nFine,good\n")
    write("number_labels.csv", "text,label\ngood,1\nbad,0\nso so,2\n")
    write("trailing_commas.csv", "text,label,\ngood,yes,\nbad,no,\n")
    write("semicolons_decimal_commas.csv", "text;price\nsoup;1,50\nbread;2,25\nwine;12,00\n")
    write("pipes.txt", "text|label\ngood soup|yes\ncold soup|no\n")
    write("tab_quotes.tsv", 'text\tlabel\n"Good" soup\tyes\n"Well\tno\nplain\tno\n')
    write("tabs_named_csv.csv", "text\tlabel\nWell, yes\tgood\nNo, no\tbad\n")
    write("tilde.csv", "text~label\ngood soup~yes\ncold soup~no\n")
    write("unclosed_quote.csv", 'text,label\ngood,yes\n"cold,no\nfine,yes\n"so" so,no\nplain,no\n')
    write("cr_only.csv", CSV.replace("\n", "\r"))
    write("crlf.csv", CSV.replace("\n", "\r\n"))
    write("mixed_line_ends.csv", "text,label\r\ngood,yes\ncold,no\r\nfine,yes\n")
    write("no_final_newline.csv", CSV.rstrip("\n"))
    write("blank_lines.csv", "\n\ntext,label\n\ngood,yes\n,\n\ncold,no\n\n")
    write("quoted_header.csv", '"text","label"\n"good ""hot"" soup","yes"\n"a, b","no"\n')
    write("header_named_like_code.csv", "text,__proto__,constructor\na,b,c\nd,e,f\n")
    write("spaced_header.csv", " text , label \ngood,yes\nbad,no\n")
    write("split_column.csv", "text,label,split\na,x,train\nb,y,train\nc,x,test\nd,y,validation\n")
    write("split_other.csv", "text,label,split\na,x,train\nb,y,left\nc,x,test\n")
    write("json_cells.csv", 'text,entities\nAnn saw Bo,"[{""name"": ""Ann""}]"\nnobody,[]\n')
    write("long_ending.CSV", CSV)


def json_files() -> None:
    write("array.json", json.dumps([{"text": t, "label": l} for t, l in ROWS], indent=1))
    write("data_key.json", json.dumps({"version": 1, "tags": ["a"], "data": [{"text": t, "label": l} for t, l in ROWS]}))
    write("columns.json", json.dumps({"text": [t for t, _ in ROWS], "label": [l for _, l in ROWS]}))
    write("pandas.json", json.dumps({"text": {"0": "a", "1": "b"}, "label": {"0": 1, "1": 0}}))
    write("comments.json", '// reviews\n[\n  {"text": "a", "label": "x"}, /* fine */\n  {"text": "b", "label": "y"}\n]\n')
    write("trailing_commas.json", '[\n{"text": "a", "label": "x",},\n{"text": "b", "label": "y"},\n]\n')
    write("cut_off.json", '[\n{"text": "a"},\n{"text": "b"\n')
    write("scalar.json", "5\n")
    write("empty_list.json", "[]")
    write("empty_objects.json", "[{}, {}]")
    write("single_quotes.json", "[{'text': 'a'}, {'text': 'b'}]")
    write("nested.json", json.dumps([{"meta": {"who": {"age": 3}}, "tags": ["a", 2], "pairs": [{"k": 1}]}]))
    write("hub_rows.json", json.dumps({"features": [], "rows": [{"row_idx": 0, "row": {"text": "a", "label": 1}}]}))
    write("jsonl_named.json", JSONL)
    write("array_named.jsonl", json.dumps([{"text": t, "label": l} for t, l in ROWS], indent=1))
    write("json_named.csv", JSONL)
    write("broken_line.jsonl", '{"text": "a", "label": "x"}\n{"text": "b" "label": "y"}\n{"text": "c", "label": "x"}\n')
    write("arrays.jsonl", '["good", "yes"]\n["bad", "no"]\n')
    write("mark.jsonl", b"\xef\xbb\xbf" + JSONL.encode())
    write("mixed_keys.jsonl", lines({"text": "a", "label": "x"}, {"text": "b", "score": 2}, {"label": "y"}))
    write("null_true.jsonl", lines({"text": "a", "label": None}, {"text": "b", "label": True}))
    write("big_numbers.jsonl", lines({"text": "a", "id": 12345678901, "x": 1e-7}, {"text": "b", "id": 2, "x": 0.5}))
    write("wiki.txt", "{{Infobox}}\n[laughs] Good soup.\nNo more to say here.\n")


def shapes() -> None:
    user, answer = ("user", "Hi"), ("assistant", "Hello.")
    write("messages.jsonl", lines({"messages": chat(user, answer)}, {"messages": chat(("user", "Bye"), answer)}))
    write(
        "messages_system.jsonl",
        lines({"messages": chat(("system", "Be brief."), user, answer, ("user", "Bye"), ("assistant", "Farewell."))}),
    )
    write("messages_unanswered.jsonl", lines({"messages": chat(user, answer)}, {"messages": chat(user, answer, user)}))
    parts = [{"role": "user", "content": [{"type": "text", "text": "What is"}, {"type": "text", "text": "this?"}]}]
    write("messages_parts.jsonl", lines({"messages": [*parts, {"role": "assistant", "content": "Soup."}]}))
    write("messages_tool.jsonl", lines({"messages": chat(user, ("tool", "42"), answer)}))
    sharegpt = [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Me."}]
    write("sharegpt.json", json.dumps([{"id": "1", "conversations": sharegpt}, {"id": "2", "conversations": sharegpt}]))
    write("sharegpt_system.jsonl", lines({"system": "Be kind.", "conversations": sharegpt}))
    alpaca = {"instruction": "Add.", "input": "1 + 1", "output": "2"}
    write("alpaca.json", json.dumps([alpaca, {**alpaca, "input": ""}]))
    write("prompt_completion.jsonl", lines({"prompt": "a", "completion": "b"}, {"prompt": "c", "completion": "d"}))
    write("prompt_completion_chat.jsonl", lines({"prompt": chat(user), "completion": chat(answer)}))
    write(
        "preference.jsonl",
        lines({"prompt": "Hi", "chosen": chat(user, answer), "rejected": chat(user, ("assistant", "What?"))}),
    )
    write("question_answer.csv", "question,answer\nWho?,Me.\nWhere?,Here.\n")


def texts() -> None:
    write("lines.txt", "The soup was good.\nI liked it, and so did she.\nWe left, late, and tired.\n")
    write("paragraphs.txt", "The soup\nwas good.\n\n\nThe bread\nwas not, alas.\n\nWe left.\n")
    write("one_line.txt", "Just this")


def others() -> None:
    write("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(64)))
    write("photo.json", b"\xff\xd8\xff\xe0" + bytes(40))
    write("paper.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n")
    write("sheet.csv", zipped({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"}))
    write("letter.docx", zipped({"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}))
    write("sheet.ods", zipped({"mimetype": "x", "content.xml": "<x/>", "META-INF/manifest.xml": "<x/>"}))
    write("old_sheet.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64))
    write("page.csv", "\n<!DOCTYPE html>\n<title>Not, found</title>\n")
    write("feed.txt", '<?xml version="1.0"?>\n<rows><row/></rows>\n')
    write("shortcut.csv.lnk", b"\x4c\0\0\0\x01\x14\x02\0" + bytes(60))
    write("pointer.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n")
    write("noise.csv", bytes((i * 73 + i * i * 7) % 256 for i in range(2000)))


def archives() -> None:
    write("rows.jsonl.gz", gzip.compress(JSONL.encode(), mtime=0))
    write("cut_off.csv.gz", gzip.compress((CSV * 50).encode(), mtime=0)[:-40])
    junk = {"__MACOSX/._train.csv": b"\0\5\x16\7", "reviews/.DS_Store": b"\0\0\0\1", "reviews/README.md": "# Reviews\n"}
    write("folders.zip", zipped({"reviews/train.csv": CSV, "reviews/test.csv": CSV, "reviews/plot.png": b"\x89PNG\r\n\x1a\n", **junk}))
    write("nested.zip", zipped({"data/rows.csv": CSV, "data/more.zip": zipped({"more.csv": CSV})}))
    write("only_nested.zip", zipped({"more.zip": zipped({"more.csv": CSV})}))
    write("encrypted.zip", encrypted(zipped({"rows.csv": CSV})))
    write("bomb.zip", bomb())
    write("cut_off.zip", zipped({"rows.csv": CSV * 20})[:-30])
    write("no_rows.zip", zipped({"README.md": "# Nothing\n"}))
    write("imdb.zip", zipped({
        "aclImdb/README": "About.\n",
        "aclImdb/train/pos/1_9.txt": "A joy,\nfrom end to end.",
        "aclImdb/train/neg/2_1.txt": "A bore.",
        "aclImdb/test/pos/1_8.txt": "A delight.",
        "aclImdb/test/neg/10_2.txt": "A mess.",
    }))  # fmt: skip


def bomb() -> bytes:
    """A gigabyte of spaces, by what its headers say; the data is that of a thousand."""
    data = bytearray(zipped({"rows.csv": " " * 1000}))
    struct.pack_into("<I", data, 22, 2**30)
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 2**30)
    return bytes(data)


def parquet_files() -> None:
    table = pa.table({"text": [t for t, _ in ROWS], "label": [l for _, l in ROWS]})
    write("plain.parquet", parquet(table, compression="none"))
    write("snappy.parquet", parquet(table, compression="snappy", row_group_size=2))
    write("zstd.parquet", parquet(table, compression="zstd"))
    write("gzip_brotli.parquet", parquet(table, compression={"text": "gzip", "label": "brotli"}))
    nested = pa.table({
        "id": pa.array([2**60, 2], pa.int64()),
        "when": pa.array([0, 1_700_000_000_000], pa.timestamp("ms")),
        "tags": [["a", "b"], []],
        "answers": [{"text": ["Me."], "start": [3]}, {"text": [], "start": []}],
        "score": pa.array([0.5, None], pa.float64()),
        "image": pa.array([b"\x89PNG", b""], pa.binary()),
    })  # fmt: skip
    write("nested.parquet", parquet(nested))
    message = pa.struct([("role", pa.string()), ("content", pa.string())])
    talk = [chat(("user", "Hi"), ("assistant", "Hello.")), chat(("user", "Bye"), ("assistant", "Farewell."))]
    write("messages.parquet", parquet(pa.table({"messages": pa.array(talk, pa.list_(message))})))
    write("empty.parquet", parquet(table.slice(0, 0)))
    write("cut_off.parquet", parquet(table)[:-20])
    write("named.csv", parquet(table))


def folders() -> None:
    write("splits/train.jsonl", JSONL)
    write("splits/validation.jsonl", lines({"text": "new soup", "label": "yes", "stars": 5}))
    write("splits/test.jsonl", lines({"text": "test soup", "label": "no"}))
    write("splits/LICENSE", "CC0\n")
    write("splits/notes.txt", "Written by hand.\nMore to come.\n")
    write("train_dev/train.csv", CSV)
    write("train_dev/dev.tsv", "text\tlabel\nnew soup\tyes\n")
    write("labels/bad/1.txt", "Awful.")
    write("labels/good/2.txt", "Lovely,\nall of it.")
    write("shards/data-00000-of-00002.jsonl", JSONL)
    write("shards/data-00001-of-00002.jsonl", JSONL)
    write("one_broken/a.csv", CSV)
    write("one_broken/b.json", "[{]")


if __name__ == "__main__":
    for old in OUT.iterdir():
        if old.name not in KEPT:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for part in (delimited, json_files, shapes, texts, others, archives, parquet_files, folders):
        part()
