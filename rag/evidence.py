"""The sentences of the hits that answer a question best, and how well they do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from index.languages import detect
from index.parts import parts_of
from index.quantities import terms
from index.reader import reader
from index.search import Index
from index.types import Hit, Span
from rag.calibration import Linear, calibration
from rag.expected import Wanted, wanted
from rag.places import each_place
from rag.signals import SIGNALS, Judged, judged, preceding

READ = 10  # hits whose sentences are weighed
CLOSELY = 5  # sentences of them that the reader reads; with 3 to 10 no difference on the development questions
WEIGHED = (*SIGNALS, "reader")  # what a sentence is weighed by in the end
# The fit knows questions in four languages; in another, whose meaning the encoder does not know, words alone count.
FITTED = ("en", "de", "zh", "und")
_WORDS = {"own": 1.0, "before": 0.5, "passage": 0.25}
BY_WORDS = Linear(
    WEIGHED, tuple(_WORDS.get(name, 0.0) for name in WEIGHED), (0.0,) * len(WEIGHED), (1.0,) * len(WEIGHED)
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of hit number `hit` (0-based) that may answer, higher `score` better.

    `kind` is what the question wants, `signals` are those that `WEIGHED` names, and `marks` the spans of the article
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
    fitted = lang.split("-")[0] in FITTED
    for part in parts_of(question) or each_place(question) or (question,):
        kind = wanted(part)
        sentences = judged(index, part, kind, lang, hits)
        if fitted:
            sentences = closely(index, part, hits, sentences, calibration().first)
        else:
            sentences = [replace(j, signals=(*j.signals, 0.0)) for j in sentences]
        found.append(ranked(sentences, kind, calibration().sentence if fitted else BY_WORDS, part))
    firsts = [f[0] for f in found if f]
    return (*_best_first(firsts), *_best_first([e for f in found for e in f[1:]]))


def closely(
    index: Index, question: str, hits: Sequence[Hit], found: Sequence[Judged], first: Linear
) -> list[Judged]:
    """The sentences with what the reader says as their last signal, in the same order; it reads the `CLOSELY` best by the
    model `first`, and the others count as the worst of these."""
    order = sorted(range(len(found)), key=lambda n: -first(found[n].signals))[:CLOSELY]
    if not order:
        return []
    sentences, titles, before = [], [], []
    for j in (found[n] for n in order):
        article = index.articles[hits[j.hit].passage.article_id]
        sentences.append(j.span.of(article.text))
        titles.append(article.title)
        last = next(iter(preceding(article, hits[j.hit], j.span)), None)
        before.append(last.of(article.text) if last else "")
    said = dict(zip(order, map(float, reader().scores(question, sentences, titles, before)), strict=True))
    least = min(said.values())
    return [replace(j, signals=(*j.signals, said.get(n, least))) for n, j in enumerate(found)]


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
