"""XQuAD through the whole search: `python -m eval.whole_search NAME=ENCODER... --benchmarks DIR [--dense W]`.

Each paragraph is an article; a question is right if the first hit, among the articles of one language, is in its
paragraph. Then all languages share one index, each paragraph in one of them, and a question must find its own among
all: what a search loses that favours the asker's language. Encoders are named as in `eval.benchmarks`.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import index.search
from eval.benchmarks import load, xquad
from index.store import build, open_index
from index.types import Embedder

LANGS = ("en", "de", "zh")


def first_hits(embedder: Embedder, benchmarks: Path, questions: int, folder: Path) -> dict[tuple[str, str], float]:
    """For each question and article language the share of right first hits, over the same sampled questions."""
    sets = {lang: xquad(benchmarks / f"xquad_dev.{lang}.json") for lang in LANGS}
    seeds = folder / "articles"
    seeds.mkdir(exist_ok=True)
    for lang, held in sets.items():
        for number, paragraph in enumerate(held.paragraphs):
            (seeds / f"{lang}-{number:03d}.txt").write_text(paragraph, encoding="utf-8")
    build(seeds, folder / "index", embedder)
    opened = open_index(folder / "index", embedder)
    picked = random.Random(0).sample(range(len(sets["en"].questions)), questions)
    shares = {}
    for asked in LANGS:
        for lang in LANGS:
            right = 0
            for i in picked:
                hits = opened.search(sets[asked].questions[i], 1, [lang])
                right += bool(hits) and hits[0].passage.article_id == f"{lang}-{sets[asked].right[i]:03d}"
            shares[asked, lang] = right / questions
    return shares


def mixed_hits(embedder: Embedder, benchmarks: Path, questions: int, folder: Path) -> dict[tuple[str, str], float]:
    """As `first_hits`, but paragraph i stands in the index only in language i mod 3, and no question is limited to a
    language; the share is over the sampled questions whose paragraph is in that language."""
    sets = {lang: xquad(benchmarks / f"xquad_dev.{lang}.json") for lang in LANGS}
    seeds = folder / "mixed"
    seeds.mkdir(exist_ok=True)
    for number in range(len(sets["en"].paragraphs)):
        paragraph = sets[LANGS[number % 3]].paragraphs[number]
        (seeds / f"{number:03d}.txt").write_text(paragraph, encoding="utf-8")
    build(seeds, folder / "mixed-index", embedder)
    opened = open_index(folder / "mixed-index", embedder)
    found: dict[tuple[str, str], list[bool]] = {(a, b): [] for a in LANGS for b in LANGS}
    for i in random.Random(0).sample(range(len(sets["en"].questions)), questions):
        for asked in LANGS:
            right = int(sets[asked].right[i])
            hits = opened.search(sets[asked].questions[i], 1)
            found[asked, LANGS[right % 3]].append(bool(hits) and hits[0].passage.article_id == f"{right:03d}")
    return {pair: sum(hits) / len(hits) for pair, hits in found.items() if hits}


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints two lines an encoder, one language and mixed: own language, crossing, and each pair."""
    parser = argparse.ArgumentParser(prog="python -m eval.whole_search", description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="+", metavar="NAME=ENCODER")
    parser.add_argument("--benchmarks", type=Path, required=True, help="folder of the benchmark files")
    parser.add_argument("--questions", type=int, default=70, help="sampled questions a pair (70)")
    parser.add_argument("--dense", type=float, default=index.search.DENSE, help="what the cosine counts in the ranking")
    options = parser.parse_args(arguments)
    index.search.DENSE = options.dense
    for named in options.encoders:
        name, _, where = named.partition("=")
        embedder = load(where)
        with tempfile.TemporaryDirectory() as folder:
            for kind, hits in (("one language", first_hits), ("mixed", mixed_hits)):
                shares = hits(embedder, options.benchmarks, options.questions, Path(folder))
                own = [v for (a, b), v in shares.items() if a == b]
                crossing = [v for (a, b), v in shares.items() if a != b]
                pairs = "  ".join(f"{a}-{b} {v:.2f}" for (a, b), v in shares.items())
                means = "  ".join(f"{n} {sum(v) / max(len(v), 1):.2f}" for n, v in (("own", own), ("crossing", crossing)))
                print(f"{name}, {kind}: {means}  {pairs}", flush=True)


if __name__ == "__main__":
    main()
