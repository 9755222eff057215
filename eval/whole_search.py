"""XQuAD through the whole search: `python -m eval.whole_search NAME=ENCODER... --benchmarks DIR [--dense W]`.

Each paragraph is an article; a question is right if the first hit, among the articles of one language, is in its
paragraph. Encoders are named as in `eval.benchmarks`.
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


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one line an encoder: own language, crossing, and each pair."""
    parser = argparse.ArgumentParser(prog="python -m eval.whole_search", description=__doc__.splitlines()[0])
    parser.add_argument("encoders", nargs="+", metavar="NAME=ENCODER")
    parser.add_argument("--benchmarks", type=Path, required=True, help="folder of the benchmark files")
    parser.add_argument("--questions", type=int, default=70, help="sampled questions a pair (70)")
    parser.add_argument("--dense", type=float, default=index.search.DENSE, help="what the cosine counts in the ranking")
    options = parser.parse_args(arguments)
    index.search.DENSE = options.dense
    for named in options.encoders:
        name, _, where = named.partition("=")
        with tempfile.TemporaryDirectory() as folder:
            shares = first_hits(load(where), options.benchmarks, options.questions, Path(folder))
        own = [v for (a, b), v in shares.items() if a == b]
        crossing = [v for (a, b), v in shares.items() if a != b]
        pairs = "  ".join(f"{a}-{b} {v:.2f}" for (a, b), v in shares.items())
        print(f"{name}: own {sum(own) / len(own):.2f}  crossing {sum(crossing) / len(crossing):.2f}  {pairs}")


if __name__ == "__main__":
    main()
