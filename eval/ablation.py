"""What each part of the system buys: `python -m eval.ablation [--split dev] [--encoder NAME_OR_FOLDER ...]`.

Rankings are built up part by part, each compared with the whole search over the same questions: BM25 alone, cosine
alone, both fused (RRF), the same fused language by language, these ordered by late interaction, with the cosine added,
and the whole search, which also makes up for what favours the asker's own language. Below, the whole system answers with
and without its right to refuse. `--encoder` is `embedded`, `static` (the embedded encoder's token vectors alone) or
anything sentence-transformers loads; each gets an index of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from eval import ledger
from eval.dataset import Question, load, shipped
from eval.provenance import provenance
from eval.report_text import p_value, ruled
from eval.run import Result, facts, judge
from eval.scores import SCORES, scores
from eval.significance import Difference, Interval, differences, intervals
from index.dense import Dense
from index.embedder import ENCODER, StaticEmbedder, load_embedder
from index.languages import detect
from index.lexical import Lexical, terms
from index.normalise import fold
from index.search import CANDIDATES, DENSE, PER_LANGUAGE, Index, context, rrf
from index.store import build, open_index
from index.types import Embedder, Hit
from rag.chatbot import Chatbot
from rag.citations import Citations
from rag.generator import ExtractiveGenerator
from rag.support import supported
from rag.types import Answer

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
K = 10
WHOLE = "whole search: + fair to languages"
ALWAYS, REFUSES = "answers always", "whole system: + refusals"
RANKING = ("hit@1", "hit@5", "mrr", "ndcg@10", "own_language_first")
ANSWERING = ("accuracy", "citation_precision", "answered", "refusal_recall", "hallucination_rate")

Ranking = Callable[[str, np.ndarray], Sequence[int]]


@dataclass(frozen=True, slots=True)
class Line:
    """A part of the system over all questions: its scores, their 95 % intervals, and what the whole has over it."""

    encoder: str
    part: str
    scores: Mapping[str, float | None]
    ranges: Mapping[str, Interval | None]
    whole_has: Mapping[str, Difference | None]


class Parts:
    """The rankings that the whole search is made of, over the same passages, each a row number of a passage."""

    def __init__(self, index: Index) -> None:
        texts = [context(index.articles[p.article_id], p) for p in index.passages]
        self.index = index
        self._dense = Dense.build(index.embedder.encode_passages([fold(t) for t in texts]))
        self._lexical = Lexical.build([terms(t, p.lang) for t, p in zip(texts, index.passages, strict=True)])
        langs = sorted({p.lang for p in index.passages})
        self._languages = [[row for row, p in enumerate(index.passages) if p.lang == lang] for lang in langs]
        self._all = list(range(len(index.passages)))
        self._row = {p.id: row for row, p in enumerate(index.passages)}

    def lexical(self, question: str, vector: np.ndarray, groups: Sequence[Sequence[int]] = ()) -> list[int]:
        """By BM25, `PER_LANGUAGE` rows of each group (all passages are one)."""
        return self._best(lambda rows: self._lexical.search(terms(question, detect(question)), PER_LANGUAGE, rows), groups)

    def dense(self, question: str, vector: np.ndarray, groups: Sequence[Sequence[int]] = ()) -> list[int]:
        """By cosine, `PER_LANGUAGE` rows of each group."""
        return self._best(lambda rows: self._dense.search(vector, PER_LANGUAGE, rows), groups)

    def fused(self, question: str, vector: np.ndarray) -> list[int]:
        """Both by reciprocal rank."""
        found = rrf([self.dense(question, vector), self.lexical(question, vector)], (1.0, 1.0))
        return sorted(found, key=lambda row: (-found[row], row))[:CANDIDATES]

    def by_language(self, question: str, vector: np.ndarray) -> list[int]:
        """Both by reciprocal rank within each language."""
        lists = [find(question, vector, [rows]) for rows in self._languages for find in (self.dense, self.lexical)]
        found = rrf(lists, [1.0] * len(lists))
        return sorted(found, key=lambda row: (-found[row], row))[:CANDIDATES]

    def covered(self, question: str, vector: np.ndarray) -> list[int]:
        """The candidates of the whole search by late interaction alone."""
        return self._reordered(question, lambda hit: hit.why.coverage or 0.0)

    def with_cosine(self, question: str, vector: np.ndarray) -> list[int]:
        """The candidates of the whole search by late interaction and cosine."""
        return self._reordered(question, lambda hit: (hit.why.coverage or 0.0) + DENSE * (hit.why.dense_score or 0.0))

    def ladder(self) -> dict[str, Ranking]:
        """The parts in the order they are added."""
        return {
            "words alone (BM25)": self.lexical,
            "vectors alone (cosine)": self.dense,
            "both, fused (RRF)": self.fused,
            "+ language by language": self.by_language,
            "+ late interaction": self.covered,
            "+ cosine": self.with_cosine,
        }

    def _reordered(self, question: str, score: Callable[[Hit], float]) -> list[int]:
        hits = self.index.search(question, CANDIDATES)
        return [self._row[hit.passage.id] for hit in sorted(hits, key=lambda hit: -score(hit))]

    def _best(self, search: Callable, groups: Sequence[Sequence[int]]) -> list[int]:
        found: dict[int, float] = {}
        for rows in groups or [self._all]:
            found |= dict(search(list(rows)))
        return sorted(found, key=lambda row: (-found[row], row))


def ablate(index: Index, questions: Sequence[Question], answering: bool, encoder: str) -> list[Line]:
    """A line per part, the whole last; with `answering` also the two ways to answer, which need the shipped
    calibration and so the encoder it was fitted with."""
    parts = Parts(index)
    vectors = index.embedder.encode_queries([fold(q.question) for q in questions])
    runs: dict[str, list[Result]] = {}
    for name, ranking in parts.ladder().items():
        rows = [ranking(q.question, v)[:K] for q, v in zip(questions, vectors, strict=True)]
        hits = [tuple(Hit(index.passages[r], 1 / rank) for rank, r in enumerate(rs, 1)) for rs in rows]
        runs[name] = [_judged(index, q, _only_hits(q, h)) for q, h in zip(questions, hits, strict=True)]
    if not answering:
        runs[WHOLE] = [_judged(index, q, _only_hits(q, tuple(index.search(q.question, K)))) for q in questions]
        return _lines(encoder, runs, WHOLE)
    answers = [Chatbot(index).ask(q.question, k=K) for q in questions]
    runs[WHOLE] = [_judged(index, q, a) for q, a in zip(questions, answers, strict=True)]
    always = [_judged(index, q, unrefused(index, a)) for q, a in zip(questions, answers, strict=True)]
    return _lines(encoder, runs, WHOLE) + _lines(encoder, {ALWAYS: always, REFUSES: runs[WHOLE]}, REFUSES)


def unrefused(index: Index, answer: Answer) -> Answer:
    """What would have been answered without a threshold, from the same hits."""
    if answer.found:
        return answer
    citations, text = Citations(index.articles, answer.hits), ""
    for claim in ExtractiveGenerator(index).write(answer.question, answer.hits, answer.lang):
        if supported(claim, answer.hits, index.articles, answer.lang):
            text += citations.add(claim)
    if not text:
        return answer
    return replace(answer, found=True, reason=None, text=text, citations=tuple(citations.found))


def table(lines: Iterable[Line], names: Sequence[str], headline: str) -> str:
    """Markdown: a row per part with its scores and 95 % intervals, and what the whole has over it in `headline`."""
    head = ["encoder", "part", *names, f"the whole has more {headline}", "p"]
    rows = [head]
    for line in lines:
        d = line.whole_has[headline]
        gain = ["", ""] if d is None else [f"{d.difference:+.2f} ({d.low:+.2f} to {d.high:+.2f})", p_value(d.p)]
        rows.append([line.encoder, line.part, *(_cell(line, name) for name in names), *gain])
    return ruled(rows)


def _judged(index: Index, question: Question, answer: Answer) -> Result:
    return judge(question, answer, facts(question, answer, index.articles, answer.seconds))


def _only_hits(question: Question, hits: tuple[Hit, ...]) -> Answer:
    return Answer(question.question, question.lang, False, "-", (), hits, "not_supported", 0.0)


def _lines(encoder: str, runs: Mapping[str, list[Result]], whole: str) -> list[Line]:
    nothing = dict.fromkeys(SCORES)
    return [
        Line(
            encoder, name, scores(run), intervals(run), nothing if name == whole else differences(run, runs[whole])
        )
        for name, run in runs.items()
    ]


def _cell(line: Line, name: str) -> str:
    value, interval = line.scores[name], line.ranges[name]
    return "-" if value is None or interval is None else f"{value:.2f} ({interval[0]:.2f}-{interval[1]:.2f})"


def _embedder(name: str) -> Embedder:
    if name == "embedded":
        return load_embedder()
    return StaticEmbedder(ENCODER) if name == "static" else load_embedder(name)


def main(argv: Sequence[str] | None = None) -> None:
    """Prints two Markdown tables, and writes everything as JSON where told to."""
    parser = argparse.ArgumentParser(prog="python -m eval.ablation", description=__doc__.split("\n")[0])
    parser.add_argument("--split", choices=("dev", "test"), default="dev", help="shipped questions (dev)")
    parser.add_argument("--questions", type=Path, metavar="FILE", help="a questions JSONL of your own")
    parser.add_argument("--seeds", type=Path, default=SEEDS, metavar="DIR", help="the articles' folder (seeds)")
    parser.add_argument("--encoder", action="append", metavar="NAME", help="embedded and static, if none is named")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every score of every part there")
    args = parser.parse_args(argv)
    path = args.questions or shipped(args.split)
    questions = load(path)
    ranking: list[Line] = []
    answering: list[Line] = []
    for name in args.encoder or ["embedded", "static"]:
        embedder = _embedder(name)
        with tempfile.TemporaryDirectory() as folder:
            build(args.seeds, Path(folder) / "index", embedder)
            origin = provenance(path.stem, questions, Path(folder) / "index", embedder.name, {"ablation": "all parts"})
            warning = ledger.note(origin, Path("runs"))
            index = open_index(Path(folder) / "index", embedder)
        if warning:
            print(f"crosscite: {warning}", file=sys.stderr)
        lines = ablate(index, questions, name == "embedded", name)
        ranking += [x for x in lines if x.part not in (ALWAYS, REFUSES)]
        answering += [x for x in lines if x.part in (ALWAYS, REFUSES)]
        print(f"{origin.sentence()}\n")
    print(table(ranking, RANKING, "ndcg@10"))
    if answering:
        print("\n" + table(answering, ANSWERING, "accuracy"))
    if args.json:
        args.json.write_text(json.dumps([asdict(x) for x in ranking + answering], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
