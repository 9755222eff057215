"""The sentences of the hits that answer a question best, and how well they do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.languages import detect
from index.parts import parts_of
from index.quantities import terms
from index.search import Index
from index.types import Hit, Span
from rag.calibration import Linear, calibration
from rag.expected import Wanted, wanted
from rag.places import each_place
from rag.signals import SIGNALS, Judged, judged

READ = 10  # hits whose sentences are weighed
# The fit knows questions in four languages; in another, whose meaning the encoder does not know, words alone count.
FITTED = ("en", "de", "zh", "und")
_WORDS = {"own": 1.0, "before": 0.5, "passage": 0.25}
BY_WORDS = Linear(
    SIGNALS, tuple(_WORDS.get(name, 0.0) for name in SIGNALS), (0.0,) * len(SIGNALS), (1.0,) * len(SIGNALS)
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of hit number `hit` (0-based) that may answer, higher `score` better.

    `kind` is what the question wants, `signals` are those of `rag.signals.SIGNALS`, and `marks` the spans of the article
    that carry what is wanted: a figure, a name, a date. `part` is the question it answers, or the part of it.
    """

    hit: int
    span: Span
    score: float
    kind: Wanted
    signals: tuple[float, ...]
    marks: tuple[Span, ...]
    part: str = ""


def evidence(index: Index, question: str, hits: tuple[Hit, ...]) -> tuple[Evidence, ...]:
    """The sentences of the best hits, best first, each once for what is asked; none if there are no hits or nothing is
    asked. Of a question about several things the best sentence for each comes first.

    The order of `hits` and the scores of stages after the search do not matter.
    """
    order = sorted(range(len(hits)), key=lambda n: (-hits[n].searched, hits[n].passage.id))[:READ]
    searched = tuple(
        replace(hits[n], score=hits[n].searched, why=replace(hits[n].why, search_score=None)) for n in order
    )
    return tuple(replace(e, hit=order[e.hit]) for e in _evidence(index, question, searched))


@lru_cache(maxsize=64)
def _evidence(index: Index, question: str, hits: tuple[Hit, ...]) -> tuple[Evidence, ...]:
    lang, found = detect(question), []
    model = calibration().sentence if lang.split("-")[0] in FITTED else BY_WORDS
    for part in parts_of(question) or each_place(question) or (question,):
        kind = wanted(part)
        sentences = judged(index, part, kind, lang, hits)
        found.append(ranked(sentences, kind, model, part))
    firsts = [f[0] for f in found if f]
    return (*_best_first(firsts), *_best_first([e for f in found for e in f[1:]]))


def ranked(found: Sequence[Judged], kind: Wanted, model: Linear, part: str = "") -> list[Evidence]:
    """The sentences by the score of `model`, best first."""
    return _best_first([Evidence(j.hit, j.span, model(j.signals), kind, j.signals, j.marks, part) for j in found])


def _best_first(found: Iterable[Evidence]) -> list[Evidence]:
    return sorted(found, key=lambda e: (-e.score, e.hit, e.span.start))


def supporting_span(index: Index, statement: str, hit: Hit) -> Span:
    """The sentence of the hit that says most of what `statement` says; the whole passage if it has no sentences."""
    passage = hit.passage
    text = index.articles[passage.article_id].text
    asked = index.question(statement)
    if not passage.sentences:
        return Span(passage.start, passage.end)

    def support(span: Span) -> float:
        own = span.of(text)
        matches = index.matched(asked, own)
        shared = asked.quantities & set(terms(own, passage.lang))
        mean = float(asked.words.weights.mean()) if len(asked.words.weights) else 1.0
        return float(matches @ asked.words.weights) + mean * len(shared)

    return max(passage.sentences, key=support)
