"""Search among articles about other things: `python -m eval.distractors --corpus DIR [--passages 2000] [--latency 10000]`.

The questions are asked of an index of the seeds alone and of one with as many more passages of German, English and
Chinese news (both scripts), cut from the sentence pairs in DIR/pairs/; then single searches are timed. The passages are
the same in every run.
"""

from __future__ import annotations

import argparse
import lzma
import shutil
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from eval.dataset import SPLITS, Question, article_langs, load, shipped
from eval.metrics import first_rank, percentile
from index.errors import UserError
from index.languages import to_traditional
from index.search import Index
from index.store import build, open_index
from index.types import Embedder

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
# File of pairs, names of the sets in it, whose rows stand in the order of their documents.
SOURCES = (
    ("en_de.tsv.xz", ("wmt_news2008_2020",)),
    ("en_zh-Hans.tsv.xz", ("newscommentary10k", "wmt_news2017_2021")),
)
TOKENS = 140  # of a distractor at most, so that it is one passage
DROP, PAIR_DROP = 0.03, 0.08  # the most that hit@5 may lose, over all questions and in one pair of languages


@dataclass(frozen=True, slots=True)
class Distractor:
    """A text about something else, in `lang`."""

    lang: str
    text: str


def distractors(
    corpus: Path, number: int, embedder: Embedder, sources: Sequence[tuple[str, Sequence[str]]] = SOURCES
) -> Iterator[Distractor]:
    """`number` texts, by turns English, German and Chinese, every second Chinese one in traditional characters.

    English and German ones are two sides of one text. `sources` are an English-German file and an English-Chinese one,
    each with the names of the sets to take. UserError if the corpus has not enough.
    """
    (western, chinese) = (_texts(corpus / "pairs" / name, sets, embedder) for name, sets in sources)
    made = 0
    for traditional in cycle((False, True)):
        try:
            (english, german), (_, simplified) = next(western), next(chinese)
        except StopIteration:
            raise UserError(f"{corpus} has text for {made} distractors, {number} are wanted") from None
        hant = to_traditional(simplified) if traditional else simplified
        for lang, text in (("en", english), ("de", german), ("zh-Hant" if traditional else "zh-Hans", hant)):
            if made == number:
                return
            made += 1
            yield Distractor(lang, text)


def _texts(path: Path, sets: Sequence[str], embedder: Embedder) -> Iterator[tuple[str, str]]:
    """Runs of neighbouring rows, at most `TOKENS` long on either side, as both their sides."""
    left: list[str] = []
    right: list[str] = []
    size = 0
    try:
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                a, b, name = line.rstrip("\n").split("\t")
                if name not in sets:
                    continue
                tokens = max(embedder.count_tokens(a), embedder.count_tokens(b))
                if left and size + tokens > TOKENS:
                    yield "\n".join(left), "\n".join(right)
                    left, right, size = [], [], 0
                if tokens <= TOKENS:
                    left, right, size = [*left, a], [*right, b], size + tokens
    except (OSError, ValueError, lzma.LZMAError) as error:
        raise UserError(f"cannot read {path} ({error}); it needs lines of text, text, set, tab-separated, as xz") from error


def indexed(folder: Path, embedder: Embedder, more: Iterable[Distractor] = (), seeds: Path = SEEDS) -> Index:
    """An index in `folder` of the seeds and one article a distractor."""
    articles = folder / "articles"
    shutil.copytree(seeds, articles, dirs_exist_ok=True)
    for number, distractor in enumerate(more):
        (articles / f"distractor-{number:06d}-{distractor.lang}.txt").write_text(distractor.text, encoding="utf-8")
    build(articles, folder / "index", embedder)
    return open_index(folder / "index", embedder)


def found(index: Index, questions: Sequence[Question], k: int = 5) -> dict[str, list[bool]]:
    """For each pair of languages (`de-zh-Hant`: question, article) whether each question's passage is in the first `k`."""
    langs = {article.id: article.lang for article in index.articles.values()}
    out: dict[str, list[bool]] = defaultdict(list)
    for q in questions:
        rank = first_rank((hit.passage for hit in index.search(q.question, k)), q.gold)
        out[f"{q.lang} > {article_langs(q, langs)}"].append(rank is not None)
    return dict(out)


def seconds(index: Index, questions: Sequence[str], k: int = 10) -> list[float]:
    """How long each of every second question takes, after the others have warmed the index up."""
    for question in questions[1::2]:
        index.search(question, k)
    times = []
    for question in questions[::2]:
        begun = time.perf_counter()
        index.search(question, k)
        times.append(time.perf_counter() - begun)
    return times


def table(alone: dict[str, list[bool]], among: dict[str, list[bool]]) -> str:
    """hit@5 without and with distractors, for all questions and each pair; `!` marks what loses too much."""
    rows = {"all": tuple([hit for hits in side.values() for hit in hits] for side in (alone, among))}
    rows |= {pair: (alone[pair], among[pair]) for pair in sorted(alone)}
    lines = [f"{'question > article':24}{'n':>5}{'alone':>8}{'among':>8}{'drop':>8}"]
    for name, (before, after) in rows.items():
        a, b = sum(before) / len(before), sum(after) / len(after)
        mark = " !" if a - b > (DROP if name == "all" else PAIR_DROP) + 1e-9 else ""
        lines.append(f"{name:24}{len(before):5}{a:8.3f}{b:8.3f}{a - b:8.3f}{mark}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table and the times; returns 1 if a person can fix what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m eval.distractors", description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder with pairs/*.tsv.xz")
    parser.add_argument("--split", choices=SPLITS, default="dev", help="questions (dev)")
    parser.add_argument("--passages", type=int, default=2000, help="distractors (2000)")
    parser.add_argument("--latency", type=int, default=10_000, help="passages of the index that is timed; 0: none (10000)")
    options = parser.parse_args(arguments)
    from index.embedder import load_embedder

    embedder = load_embedder()
    questions = [q for q in load(shipped(options.split)) if q.answerable]
    try:
        with tempfile.TemporaryDirectory() as folder:
            alone = found(indexed(Path(folder) / "alone", embedder), questions)
            more = distractors(options.corpus, options.passages, embedder)
            among = indexed(Path(folder) / "among", embedder, more)
            print(f"{len(among.passages)} passages, {options.split} questions, hit@5")
            print(table(alone, found(among, questions)), flush=True)
            if options.latency:
                more = distractors(options.corpus, options.latency, embedder)
                large = indexed(Path(folder) / "among", embedder, more)
                times = seconds(large, [q.question for q in questions])
                p50, p99 = (1000 * percentile(times, p) for p in (50, 99))
                print(f"{len(large.passages)} passages: warm search p50 {p50:.1f} ms, p99 {p99:.1f} ms, {len(times)} questions")
    except UserError as error:
        print(f"eval.distractors: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
