"""Fits `rag/calibration.json` to the development questions: `python -m eval.calibrate [--index DIR] [--dry-run]`.

These are those of the development split, the same facts in other words (`eval/questions/wordings.jsonl`), and questions
about articles that no rule was made on (`eval/transfer/`). Never sees the test questions. Prints, cross-validated with
all questions of a fact in one fold, how often the best sentence is a right one, and the trade-off between questions
answered and unanswerable questions refused.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from eval.dataset import TRANSFER, WORDINGS, Question, load, shipped
from eval.fitting import FOLDS, choice, folds_by, logistic
from eval.metrics import supports
from index.embedder import load_embedder
from index.languages import detect
from index.reader import reader
from index.search import Index
from index.store import build, open_index
from index.types import Embedder, Hit
from rag.answerability import FEATURES, SIGNS, best_score, features
from rag.calibration import CALIBRATION, VERSION, Calibration, Linear, save
from rag.evidence import READ, WEIGHED, Evidence, closely, ranked
from rag.expected import Wanted, wanted
from rag.ranking import searched
from rag.signals import SIGNALS, Judged, judged
from rag.support import nearness

ANSWERED = 0.88  # the share of the answerable that is answered; of the others as many are refused as that leaves
NEAR = 0.05  # the share of the right sentences that are farther from their question than a claim may be from its source
FAR = 0.01  # the share of the answerable whose best hit may score too low for their topic to count as covered
_L2_CHOICE, _L2_ANSWERABLE = 3.0, 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence, as the metrics want it."""

    article_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Read:
    """A question and the sentences found for it in `index`, and (n,) whether they answer."""

    index: Index
    question: Question
    kind: Wanted
    hits: tuple[Hit, ...]
    found: tuple[Judged, ...]
    right: np.ndarray

    @property
    def signals(self) -> np.ndarray:
        """(n, signals) of the sentences."""
        return np.array([j.signals for j in self.found])

    def closely(self, first: Linear) -> Read:
        """With what the reader says of the best sentences by `first`."""
        found = closely(self.index, self.question.question, self.hits, self.found, first)
        return replace(self, found=tuple(found))

    def unread(self) -> Read:
        """As if the reader had nothing to say."""
        return replace(self, found=tuple(replace(j, signals=(*j.signals[:-1], 0.0)) for j in self.found))

    def evidence(self, model: Linear) -> list[Evidence]:
        """The sentences by `model`, best first."""
        return ranked(self.found, self.kind, model)

    def best_is_right(self, model: Linear) -> bool:
        """True if the best sentence by `model` answers."""
        return bool(self.right[int(np.argmax([model(row) for row in self.signals]))])


def read(index: Index, questions: Sequence[Question]) -> list[Read]:
    """What the search and the signals give for each question; those that find nothing are left out."""
    out = []
    for q in questions:
        hits = tuple(searched(index, q.question))
        kind = wanted(q.question)
        found = judged(index, q.question, kind, detect(q.question), hits[:READ])
        if found:
            places = [Place(hits[j.hit].passage.article_id, j.span.start, j.span.end) for j in found]
            right = np.array([supports([p], q.gold) for p in places])
            out.append(Read(index, q, kind, hits, tuple(found), right))
    return out


def sentence_model(reads: Sequence[Read], names: Sequence[str] = WEIGHED) -> Linear:
    """How to weigh the signals `names` of a sentence, fitted to the answerable questions."""
    known = [r for r in reads if r.question.answerable]
    w, mean, scale = choice([r.signals for r in known], [r.right for r in known], _L2_CHOICE)
    return Linear(tuple(names), *(tuple(v.round(4).tolist()) for v in (w, mean, scale)))


def answerable_model(reads: Sequence[Read], sentence: Linear) -> Linear:
    """How to weigh the features of a question."""
    x = np.array([features(r.evidence(sentence), r.hits, detect(r.question.question)) for r in reads])
    y = np.array([r.question.answerable for r in reads], dtype=float)
    b, w, mean, scale = logistic(x, y, _L2_ANSWERABLE, [SIGNS.get(name, 0) for name in FEATURES])
    return Linear(FEATURES, *(tuple(v.round(4).tolist()) for v in (w, mean, scale)), intercept=round(b, 4))


def cross_validated(reads: Sequence[Read]) -> tuple[np.ndarray, np.ndarray]:
    """For each question whether the best sentence is right, and the log odds that it is answerable (minus infinity if its
    topic is not covered), by models that saw no question of its fact."""
    folds = folds_by([r.question.fact for r in reads])
    right, odds = np.zeros(len(reads), bool), np.full(len(reads), -np.inf)
    for i in range(FOLDS):
        others = [r for r, f in zip(reads, folds, strict=True) if f != i]
        sentence = sentence_model(others)
        answerable, topic = answerable_model(others, sentence), topic_cut(others)
        for n in np.flatnonzero(folds == i):
            right[n] = reads[n].best_is_right(sentence)
            if best_score(reads[n].hits) >= topic:
                odds[n] = answerable(features(reads[n].evidence(sentence), reads[n].hits, detect(reads[n].question.question)))
    return right, odds


def cut(odds: np.ndarray, answerable: np.ndarray) -> float:
    """The highest log odds from which up at least `ANSWERED` of the answerable are answered; minus infinity if even all
    whose topic is covered are fewer."""
    mine = np.sort(odds[answerable])[::-1]
    return float(mine[int(np.ceil(ANSWERED * len(mine))) - 1])


def topic_cut(reads: Sequence[Read]) -> float:
    """The score below which the best hits of `FAR` of the answerable questions are."""
    return float(np.quantile([best_score(r.hits) for r in reads if r.question.answerable], FAR))


def near_cut(reads: Sequence[Read], embedder: Embedder) -> float:
    """The cosine that `NEAR` of the answerable questions do not reach with the nearest of the sentences that answer them. A
    claim about its source says more of it than a question does."""
    cosines = []
    for r in reads:
        right = [r.found[n].span.of(r.index.articles[r.hits[r.found[n].hit].passage.article_id].text) for n in np.flatnonzero(r.right)]
        if r.question.answerable and right:
            cosines.append(nearness(embedder, r.question.question, right))
    return float(np.quantile(cosines, NEAR))


def read_all(seeds: Path, embedder: Embedder) -> tuple[dict[str, list[Read]], Linear]:
    """What is read for each collection of development questions, and the model by which the reader is given sentences; the
    articles of `TRANSFER` get an index of their own for the while. `seeds` is the folder of the seed articles' index."""
    index = open_index(seeds, embedder)
    found = {"dev": read(index, load(shipped("dev"))), "wordings": read(index, load(WORDINGS))}
    with tempfile.TemporaryDirectory() as folder:
        build(TRANSFER / "articles", Path(folder), embedder)
        found["transfer"] = read(open_index(Path(folder), embedder), load(TRANSFER / "questions.jsonl"))
        first = sentence_model([r for some in found.values() for r in some], SIGNALS)
        return {name: [r.closely(first) for r in some] for name, some in found.items()}, first


def calibrate(collections: Mapping[str, Sequence[Read]], first: Linear, embedder: Embedder) -> tuple[Calibration, str]:
    """The calibration for these questions, read with `embedder` and closely by `first`, and what it reaches
    cross-validated, as Markdown."""
    reads = [r for some in collections.values() for r in some]
    own = np.array([name for name, some in collections.items() for _ in some])
    y = np.array([r.question.answerable for r in reads])
    right, odds = cross_validated(reads)
    threshold = cut(odds, y)
    blind, blind_odds = cross_validated([r.unread() for r in reads])
    lines = [
        f"Best sentence right, of {y.sum()} answerable: {right[y].mean():.3f}; without the reader {blind[y].mean():.3f}, and",
        f"{(blind_odds < cut(blind_odds, y))[~y].mean():.1%} of the unanswerable refused in place of {(odds < threshold)[~y].mean():.1%}.", "",
    ]
    lines += ["| kind wanted | questions | best sentence right |", "|---|---|---|"]
    for kind in sorted({r.kind for r in reads}):
        mine = y & np.array([r.kind == kind for r in reads])
        if mine.any():
            lines.append(f"| {kind} | {mine.sum()} | {right[mine].mean():.2f} |")
    lines += ["", "| answerable answered | unanswerable refused | right of the answered |", "|---|---|---|"]
    for at in [*(float(np.quantile(odds[y], 1 - s)) for s in (0.98, 0.95, 0.92, 0.9, 0.85, 0.8)), threshold]:
        told = odds >= at
        chosen = " (chosen)" if at == threshold else ""
        lines.append(f"| {told[y].mean():.1%}{chosen} | {(~told)[~y].mean():.1%} | {right[y & told].mean():.1%} |")
    lines += ["", "| questions, at the threshold chosen | answered | refused | right of the answered |", "|---|---|---|---|"]
    told = odds >= threshold
    for name in collections:
        mine, others = y & (own == name), ~y & (own == name)
        lines.append(f"| {name} | {told[mine].mean():.1%} | {(~told)[others].mean():.1%} | {right[mine & told].mean():.1%} |")
    sentence = sentence_model(reads)
    fitted = Calibration(
        version=VERSION,
        encoder=embedder.name,
        reader=reader().name,
        first=first,
        sentence=sentence,
        answerable=answerable_model(reads, sentence),
        threshold=round(1 / (1 + float(np.exp(-threshold))), 4),
        topic=round(topic_cut(reads), 4),
        near=round(near_cut(reads, embedder), 4),
    )
    return fitted, "\n".join(lines)


def main() -> None:
    """Fits, prints what is reached, and writes the calibration unless `--dry-run`."""
    parser = argparse.ArgumentParser(prog="python -m eval.calibrate", description=__doc__.split("\n")[0])
    parser.add_argument("--index", type=Path, default=Path(".index"))
    parser.add_argument("--dry-run", action="store_true", help="print only, keep the file as it is")
    args = parser.parse_args()
    embedder = load_embedder()
    fitted, table = calibrate(*read_all(args.index, embedder), embedder)
    print(table)
    for model in (fitted.first, fitted.sentence, fitted.answerable):
        print("\n" + "  ".join(f"{n} {w:+.2f}" for n, w in zip(model.names, model.weights, strict=True)))
    if not args.dry_run:
        save(fitted, CALIBRATION)


if __name__ == "__main__":
    main()
