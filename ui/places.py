"""Where a quotation stands in an article as it is now: in its place, elsewhere, or no longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from index.errors import UserError
from index.types import Article, Span
from rag.types import Answer, Citation
from ui.records import fingerprint

State = Literal["same", "moved", "changed", "gone"]
SEARCHED = 400_000  # the longest article in which a moved quotation is looked for, in characters


@dataclass(frozen=True, slots=True)
class Place:
    """`span` is where the quoted characters stand now; None if they do not, or if the article is gone."""

    state: State
    span: Span | None


def locate(article: Article | None, start: int, end: int, digest: str = "") -> Place:
    """The place of the quotation whose fingerprint is `digest`; without one the offsets are taken at their word.

    A quotation that moved is found again by its fingerprint alone: the same characters, to the letter, at the
    nearest other offset. O(length of the article) hashes.
    """
    if article is None:
        return Place("gone", None)
    if 0 <= start < end <= len(article.text) and digest in ("", fingerprint(article.text[start:end])):
        return Place("same", Span(start, end))
    size, last = end - start, len(article.text) - (end - start)
    if digest and size > 0 and last >= 0 and len(article.text) <= SEARCHED:
        for at in sorted(range(last + 1), key=lambda at: abs(at - start)):
            if fingerprint(article.text[at : at + size]) == digest:
                return Place("moved", Span(at, at + size))
    return Place("changed", None)


def article_or_none(find: Callable[[str], Article], article_id: str) -> Article | None:
    """The article of that id, or None if it is not in the index."""
    try:
        return find(article_id)
    except (UserError, KeyError):
        return None


def placed(answer: Answer, find: Callable[[str], Article]) -> tuple[Answer, dict[int, State]]:
    """`answer` with its citations where they stand today, and by marker the state of each that is not in its place.

    A citation whose words are gone keeps its old offsets; hits that no longer fit their article are left out.
    """
    citations, states = [], {}
    for citation in answer.citations:
        article = article_or_none(find, citation.article_id)
        place = locate(article, citation.start, citation.end, fingerprint(citation.quote))
        if place.state != "same":
            states[citation.marker] = place.state
        citations.append(_moved(citation, place.span.start - citation.start) if place.span else citation)
    hits = []
    for hit in answer.hits:
        p, article = hit.passage, article_or_none(find, hit.passage.article_id)
        if article and 0 <= p.start <= p.end and article.text[p.start : p.end].startswith(p.text):
            hits.append(hit)
    return replace(answer, citations=tuple(citations), hits=tuple(hits)), states


def _moved(citation: Citation, by: int) -> Citation:
    """The citation `by` characters further on; the passage around it shrinks to it if that is not where it was."""
    start, end = citation.start + by, citation.end + by
    marks = tuple(Span(mark.start + by, mark.end + by) for mark in citation.marks)
    passage = citation.passage if by == 0 else Span(start, end)
    return replace(citation, start=start, end=end, passage=passage, marks=marks)
