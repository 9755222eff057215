"""Two articles that give different figures for the same thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from index.quantities import Quantity, agrees
from index.types import Article, Hit
from rag.evidence import Evidence
from rag.expected import QUANTITIES
from rag.naming import marked
from rag.places import BROAD, named, topic
from rag.signals import SIGNALS, preceding

_OWN, _ELSEWHERE, _YEAR, _FIGURE = (SIGNALS.index(n) for n in ("own", "elsewhere", "year", "figure"))
# How much of what the best sentence matches of the question, and of its figure's nearness, another has to reach.
SAME = 0.9


def disagreeing(found: Sequence[Evidence], hits: Sequence[Hit], articles: Mapping[str, Article]) -> list[Evidence]:
    """The best sentence of each other article that gives another figure for what the question asks than the best
    sentence does: of the same unit, about the same place, matching as much of the question. Figures that agree, or of
    which one is the rounded other, do not count; nor does what answers a year asked for less well."""
    if not found or found[0].kind not in QUANTITIES:
        return []
    best = found[0]
    first = _figure(best, hits, articles)
    if first is None:
        return []
    out: dict[str, Evidence] = {}
    given = [first]
    for other in found[1:]:
        article = hits[other.hit].passage.article_id
        if article == hits[best.hit].passage.article_id or article in out or not _alike(best, other, hits, articles):
            continue
        figure = _figure(other, hits, articles)
        if figure is None or (figure.unit, figure.measure) != (first.unit, first.measure):
            continue
        if not any(agrees(figure, g) or agrees(g, figure) for g in given):
            given.append(figure)
            out[article] = other
    return list(out.values())


def _alike(best: Evidence, other: Evidence, hits: Sequence[Hit], articles: Mapping[str, Article]) -> bool:
    a, b = best.signals, other.signals
    return (
        b[_OWN] >= SAME * a[_OWN]
        and b[_FIGURE] >= SAME * a[_FIGURE]
        and b[_YEAR] >= a[_YEAR]
        and not b[_ELSEWHERE]
        and _about(best, hits, articles) == _about(other, hits, articles)
    )


def _about(evidence: Evidence, hits: Sequence[Hit], articles: Mapping[str, Article]) -> frozenset[str]:
    hit = hits[evidence.hit]
    article = articles[hit.passage.article_id]
    before = (s.of(article.text) for s in preceding(article, hit, evidence.span))
    own = evidence.span.of(article.text)
    return named(own) - BROAD or topic(before) - BROAD or named(article.title) - BROAD


def _figure(evidence: Evidence, hits: Sequence[Hit], articles: Mapping[str, Article]) -> Quantity | None:
    article = articles[hits[evidence.hit].passage.article_id]
    if not evidence.marks:
        return None
    span, mark = evidence.span, evidence.marks[0]
    relative = type(span)(mark.start - span.start, mark.end - span.start)
    return marked(span.of(article.text), article.lang, relative)
