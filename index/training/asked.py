"""Questions written or translated for this training, in files beside: about QA sets' contexts, and about aligned paragraphs.

A line of `asked/*.jsonl` is an `id` and the question by language (`en`, `de`, `zh`). The id names a row of a QA file
(`cmrc2018.zh.train:12`), whose own question is in the language that the line lacks, or rows of a set of aligned pairs that
stand together (`en_de:wmt_news2008_2020:40:4`: four from the set's 40th on).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from index.training import data as corpus
from index.training.retrieve import WINDOW, window

FOLDER = Path(__file__).parent / "asked"


@dataclass(frozen=True, slots=True)
class About:
    """Questions that mean the same, by language, and the passages, by language, that each answer them."""

    questions: dict[str, str]
    passages: dict[str, str]


Sets = dict[str, dict[int, list[dict[str, str]]]]
Pairs = dict[str, dict[str, list[tuple[int, int, dict[str, str]]]]]


def lines(folder: Path = FOLDER) -> tuple[Sets, Pairs]:
    """The questions by QA set and row, and by pair file, set and rows. ValueError names a bad line."""
    of_sets: Sets = defaultdict(lambda: defaultdict(list))
    of_pairs: Pairs = defaultdict(lambda: defaultdict(list))
    for path in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(path.open(encoding="utf-8"), start=1):
            try:
                row = json.loads(line)
                where = row.pop("id").split(":")
                if not row or not all(lang in ("en", "de", "zh") and text.strip() for lang, text in row.items()):
                    raise ValueError(f"questions {row}")
                if len(where) == 2:
                    of_sets[where[0]][int(where[1])].append(row)
                else:
                    name, source, at, size = where
                    of_pairs[name][source].append((int(at), int(size), row))
            except (ValueError, KeyError, AttributeError, TypeError) as error:
                raise ValueError(f"{path.name}, line {number}: {type(error).__name__}: {error}") from error
    return of_sets, of_pairs


def read(data: Path, ban: set[str], folder: Path = FOLDER) -> Iterator[About]:
    """What is asked about the corpus in `data`; what it lacks, or `ban` holds, is left out. ValueError as `lines`."""
    of_sets, of_pairs = lines(folder)
    for name, rows in of_sets.items():
        path = data / "qa" / f"{name}.jsonl.xz"
        yield from _of_set(path, rows, ban) if path.exists() else ()
    for name, sources in of_pairs.items():
        if (data / "pairs" / f"{name}.tsv.xz").exists():
            yield from _of_pairs(data, name, sources, ban)


def _of_set(path: Path, rows: dict[int, list[dict[str, str]]], ban: set[str]) -> Iterator[About]:
    lang = "en" if path.name.split(".")[1] == "en" else "zh"
    for number, (question, context, start) in enumerate(corpus.read_answers(path)):
        passage = window(context, start, WINDOW["en" if lang == "en" else "zh"])
        for row in rows.get(number, ()):
            if not corpus.any_in(ban, (question, context, *row.values())):
                yield About({lang: question} | row, {lang: passage})


def _of_pairs(data: Path, name: str, sources: dict[str, list[tuple[int, int, dict]]], ban: set[str]) -> Iterator[About]:
    blocks: dict[str, list[tuple[str, str]]] = {source: [] for source in sources}
    for a, b, source in corpus.read_pairs(data, name):
        if source in blocks:
            blocks[source].append((a, b))
    langs = [lang.split("-")[0] for lang in name.split("_")]
    for source, asked in sources.items():
        for at, size, row in asked:
            some = blocks[source][at : at + size]
            if len(some) == size and not any(corpus.any_in(ban, pair) for pair in some) and not corpus.any_in(ban, row.values()):
                sides = (("" if lang == "zh" else " ").join(pair[i] for pair in some) for i, lang in enumerate(langs))
                yield About(row, dict(zip(langs, sides, strict=True)))
