"""Reads the corpus: aligned pairs, dictionaries, questions; leaves out what the scores are measured on."""

from __future__ import annotations

import csv
import json
import lzma
import re
import unicodedata
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

ENGLISH_FIRST = ("en_de", "en_zh-Hans", "en_zh-Hant")
HELD_OUT_EVERY = {"en_de": 150, "en_zh-Hans": 28}  # about 1,200 and 1,100 rows of the set `tatoeba`


def fold(text: str) -> str:
    """The letters and digits of a text, lower case, for comparing: spaces and punctuation do not count."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text).casefold())


def read_pairs(data: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """Rows (text in a, text in b, set) of `pairs/<name>.tsv.xz`, in their order."""
    with lzma.open(data / "pairs" / f"{name}.tsv.xz", "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            cells = line.rstrip("\n").split("\t")
            if len(cells) == 3:
                yield cells[0], cells[1], cells[2]


def read_dictionary(path: Path) -> Iterator[tuple[str, str]]:
    """Rows (text in a, text in b) of a dictionary; a first row of language codes is skipped."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            cells = line.rstrip("\n").split("\t")
            if len(cells) == 2 and cells[0] not in ("en", "de") and all(cells):
                yield cells[0], cells[1]


def dictionaries(data: Path) -> list[tuple[str, str, Path]]:
    """(language a, language b, file) of every dictionary; languages are en, de, zh, zhtw."""
    found = []
    for path in sorted((data / "dict").glob("*.tsv.xz")):
        a, b = path.name.split(".")[1].split("-")
        found.append((a, b, path))
    return found


def read_answers(path: Path) -> Iterator[tuple[str, str, int]]:
    """(question, context, character at which the first answer starts; 0 without one) of a `qa/*.jsonl.xz` file."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield row["question"], row["context"], row["answers"][0]["start"] if row["answers"] else 0


def held_out(data: Path, name: str) -> list[tuple[str, str]]:
    """Every n-th pair of the set `tatoeba` by checksum: kept from training, scored by the benchmarks."""
    rows, seen = [], set()
    for a, b, source in read_pairs(data, name):
        if source == "tatoeba" and is_held_out(a, name) and fold(a) not in seen and fold(b) not in seen:
            rows.append((a, b))
            seen |= {fold(a), fold(b)}
    return rows[:1000]


def is_held_out(text: str, name: str) -> bool:
    """Whether the English sentence falls into the held-out slice of the pair file `name`."""
    return zlib.crc32(fold(text).encode()) % HELD_OUT_EVERY.get(name, 1 << 40) == 0


def any_in(ban: set[str], texts: Iterable[str]) -> bool:
    """Whether one of the texts, folded, is in the set."""
    return any(fold(text) in ban for text in texts)


@lru_cache(maxsize=1)
def banned(data: Path, benchmarks: Path | None) -> set[str]:
    """Folded texts never to train on: the held-out pairs, and every text of the benchmark files."""
    out: set[str] = set()
    for name in HELD_OUT_EVERY:
        if (data / "pairs" / f"{name}.tsv.xz").exists():
            out |= {fold(text) for pair in held_out(data, name) for text in pair}
    for path in sorted(benchmarks.iterdir()) if benchmarks else []:
        if path.suffix == ".tsv":
            with path.open(encoding="utf-8", newline="") as file:
                out |= {fold(c) for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) for c in row}
        elif path.suffix == ".jsonl":
            for line in path.open(encoding="utf-8"):
                row = json.loads(line)
                out |= {fold(row["question"]), fold(row["context"])}
        elif path.suffix == ".json":
            for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
                for paragraph in article["paragraphs"]:
                    out |= {fold(paragraph["context"])} | {fold(q["question"]) for q in paragraph["qas"]}
    out.discard("")
    return out
