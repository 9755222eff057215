"""The sentences of the hits that answer a question best, and how well they do."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index import interaction
from index.normalise import normalise
from index.quantities import Quantity, terms
from index.search import CONTEXT, Index, Question
from index.types import Hit, Span
from rag.expected import Wanted, answers_in, fits, wanted

# Sentences are looked for in the best READ hits; score = coverage + the hit's own score + KIND times how near the kind
# of answer wanted stands to the question's words. Chosen on the development questions (eval/LOG.md).
READ = 5
KIND = 0.3
OTHER_UNIT = 0.5
_REACH = 24.0  # characters over which nearness to a matched word fades to 1/e


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of hit number `hit` (0-based) that may answer, higher `score` better.

    `quantities` is the share of the question's own quantities that the passage holds (1 if it has none); `kind` is
    True if the wanted kind of answer is in the sentence, and always where the question does not say what it wants.
    """

    hit: int
    span: Span
    score: float
    quantities: float
    kind: bool
    marks: tuple[Span, ...]


@lru_cache(maxsize=64)
def evidence(index: Index, question: str, hits: tuple[Hit, ...]) -> tuple[Evidence, ...]:
    """The sentences of the best hits, best first, each once; none if there are no hits or nothing is asked."""
    asked = index.question(question)
    kind = wanted(question)
    read = hits[:READ]
    if not read or not (len(asked.words.weights) or asked.quantities):
        return ()
    titles = [index.matched(asked, index.articles[h.passage.article_id].title) for h in read]
    wholes = [index.matched(asked, h.passage.text) for h in read]
    weights = interaction.word_weights(asked.words, np.array(wholes))
    out: dict[tuple[str, Span], Evidence] = {}
    for number, (hit, whole, title) in enumerate(zip(read, wholes, titles, strict=True)):
        near = np.maximum(whole, title)
        given = asked.quantities & set(terms(hit.passage.text, hit.passage.lang))
        share = len(given) / len(asked.quantities) if asked.quantities else 1.0
        for span in hit.passage.sentences:
            found = _judge(index, asked, kind, hit, number, span, near, share, weights)
            key = (hit.passage.article_id, span)
            if key not in out or out[key].score < found.score:
                out[key] = found
    return tuple(sorted(out.values(), key=lambda e: (-e.score, e.hit, e.span.start)))


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


def _judge(
    index: Index, asked: Question, kind: Wanted, hit: Hit, number: int, span: Span, near: np.ndarray,
    share: float, weights: np.ndarray,
) -> Evidence:
    passage = hit.passage
    text = span.of(index.articles[passage.article_id].text)
    words = index.words_of(text)
    own = index.matched(asked, text)
    each = float(weights.mean()) if len(weights) else 1.0
    held = asked.quantities & set(terms(text, passage.lang))
    total = float(weights.sum()) + each * len(asked.quantities)
    coverage = float(np.maximum(own, CONTEXT * near) @ weights + each * len(held)) / total
    candidates = answers_in(text, passage.lang, kind, asked.quantities)
    marks, nearness = _marks(text, asked, kind, words, weights, candidates)
    return Evidence(
        hit=number,
        span=span,
        score=coverage + KIND * (1.0 if kind == "other" else nearness) + hit.score,
        quantities=share,
        kind=kind == "other" or bool(candidates),
        marks=tuple(Span(span.start + m.start, span.start + m.end) for m in marks),
    )


def _marks(
    text: str, asked: Question, kind: Wanted, words: interaction.Words, weights: np.ndarray, candidates: list[Quantity]
) -> tuple[tuple[Span, ...], float]:
    """The figure wanted that stands nearest to the question's words, and how near (0..1); without one, the words that
    match the question best, and 0. Spans are those of `text`."""
    if not len(asked.words.weights) or not len(words.weights):
        return tuple(q.span for q in candidates[:1]), 0.0
    folded = normalise(text)
    places = [folded.original(s) for s in words.spans]
    cosines = asked.words.vectors @ words.vectors.T
    matches = np.clip((cosines - interaction.FLOOR) / (interaction.CEILING - interaction.FLOOR), 0, 1)
    if candidates:
        def nearness(q: Quantity) -> float:
            gaps = np.array([max(p.start - q.span.end, q.span.start - p.end, 0) for p in places])
            near = float((matches * np.exp(-gaps / _REACH)).max(axis=1) @ weights) / max(float(weights.sum()), 1e-9)
            return near * (1.0 if fits(q, kind) else OTHER_UNIT)

        best = max(candidates, key=nearness)
        return (best.span,), nearness(best)
    found = {int(matches[i].argmax()) for i in np.argsort(-weights)[:3] if matches[i].max() >= 0.999}
    return tuple(sorted((_bare(text, places[j]) for j in found), key=lambda p: p.start)), 0.0


def _bare(text: str, span: Span) -> Span:
    start = span.end - len(span.of(text).lstrip())
    return Span(start, span.end)
