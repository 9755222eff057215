"""What stage `joint` learns from, as text in two files: parallel texts, and questions with the passages that answer them."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from index.training import asked, mixture, retrieve, written
from index.training import data as corpus

PARALLEL, ASKED = "parallel.tsv.xz", "asked.tsv.xz"
DOCS, DOCS_BLOCKS = 2300, 400  # sentences and paragraphs of a set of documentation, at most
MOST = {"twlaw": 40_000, "tatoeba": 100_000, "osm_web": 1000, "tldr": 3000}  # sentences of other sets, where not all
TITLES = 0.35  # of those of stage `mix`
LONGEST = 900  # characters of the English side of a paragraph
CLOZES = 3.0  # times as many as stage `retrieve` makes
AROUND = 2  # sentences of a written article on either side of the one that answers


def parallel(
    data: Path, ban: set[str], rng: np.random.Generator, scale: float, abouts: list[asked.About], articles: list[written.Written]
) -> Iterator[tuple[str, str, str]]:
    """(kind, English, the same in another language, or nothing)."""
    for name in corpus.ENGLISH_FIRST:
        if (data / "pairs" / f"{name}.tsv.xz").exists():
            for source, rows in groupby(corpus.read_pairs(data, name), key=lambda r: r[2]):
                yield from _of_set(source, [(a, b) for a, b, _ in rows], name, ban, rng, scale)
    for a, b in mixture.titles(data, TITLES * scale, rng):
        if corpus.fold(a) not in ban:
            yield "title", a, b
    for text in mixture.english(data, ban, int(20_000 * scale)):
        yield "english", text, ""
    same = [*(a.questions for a in abouts), *(fact.questions for article in articles for fact in article.facts)]
    for questions in same:
        for lang, text in questions.items():
            if "en" in questions and lang != "en":
                yield "question", questions["en"], text


def _of_set(
    source: str, block: list[tuple[str, str]], name: str, ban: set[str], rng: np.random.Generator, scale: float
) -> Iterator[tuple[str, str, str]]:
    docs = source.startswith(("docs_", "ms"))

    def allowed(pairs: list[tuple[str, str]]) -> bool:
        return not any(corpus.any_in(ban, pair) for pair in pairs)

    most = int(scale * (DOCS if docs else MOST.get(source, len(block))))
    for pair in mixture.picked(block, most, lambda pair: allowed([pair]), rng):
        yield "docs" if docs else "sentence", *pair
    if not mixture.ordered(source, len(block)):
        return
    joint = " " if name == "en_de" else ""
    for _ in range(1 if docs else 2):  # two ways of cutting
        made, at = [], int(rng.integers(3))
        while at + 1 < len(block):
            size, whole = int(rng.integers(2, 9)), 0
            for stop in range(at, min(at + size, len(block))):
                whole += len(block[stop][0])
                if whole > LONGEST:
                    break
            made.append(block[at : max(stop, at + 2)])
            at += len(made[-1])
        most = int(scale * DOCS_BLOCKS) if docs else len(made)
        for some in mixture.picked(made, most, allowed, rng):
            yield "docs paragraph" if docs else "paragraph", " ".join(a for a, _ in some), joint.join(b for _, b in some)


def questions(
    data: Path, ban: set[str], rng: np.random.Generator, scale: float, abouts: list[asked.About], articles: list[written.Written],
    seed: int,
) -> Iterator[tuple[str, str, str]]:
    """(kind, question, a passage that answers it), each in any language."""
    switch = retrieve.Switch(data, seed)
    for question, passage in retrieve.questions(data, ban):
        yield "qa", question, passage
        yield "switched", switch(question), passage
    for about in abouts:
        for lang, question in about.questions.items():
            for other, passage in about.passages.items():
                if len(about.passages) > 1 or lang != other:
                    yield "translated", question, passage
    for article in articles:
        for fact in article.facts:
            if fact.golds:
                at = fact.golds[0]
                some = article.sentences[max(0, at - int(rng.integers(AROUND + 1))) : at + 1 + int(rng.integers(AROUND + 1))]
                passage = ("" if article.lang.startswith("zh") else " ").join(some)
                yield from (("written", question, passage) for question in fact.questions.values())
    for name in sorted(p.name.removesuffix(".tsv.xz") for p in (data / "pairs").glob("*.tsv.xz")):
        yield from (("cloze", *row) for row in retrieve.clozes(data, name, ban, rng, CLOZES * scale))


def build(
    data: Path, work: Path, benchmarks: Path | None, scale: float = 1.0, seed: int = 0, folder: Path = written.FOLDER
) -> None:
    """Writes both files to `work`, unless they are there; `scale` shrinks every share; `folder` has the written articles."""
    if (work / ASKED).exists():
        return
    ban, rng = corpus.banned(data, benchmarks), np.random.default_rng(seed)
    abouts, articles = list(asked.read(data, ban)), list(written.read(folder))
    pairs = parallel(data, ban, rng, scale, abouts, articles)
    for file, rows in ((PARALLEL, pairs), (ASKED, questions(data, ban, rng, scale, abouts, articles, seed))):
        count: dict[str, int] = {}
        beside = (work / file).with_suffix(".part")
        with lzma.open(beside, "wt", encoding="utf-8", newline="\n", preset=6) as out:
            for kind, *texts in rows:
                count[kind] = count.get(kind, 0) + 1
                out.write("\t".join((kind, *(re.sub(r"\s+", " ", text).strip() for text in texts))) + "\n")
        beside.replace(work / file)
        print(f"{file}: {count}, {(work / file).stat().st_size:,} bytes", flush=True)


def read(path: Path) -> tuple[list[str], list[str], list[str]]:
    """The columns of a file that `build` wrote."""
    with lzma.open(path, "rt", encoding="utf-8", newline="\n") as file:
        rows = [line.rstrip("\n").split("\t") for line in file]
    kinds, left, right = zip(*rows, strict=True)
    return list(kinds), list(left), list(right)
