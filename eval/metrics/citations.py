"""Citations against gold spans: as a whole, and sentence by sentence in the manner of ALCE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from eval.metrics.places import Place, overlap
from index.splitter import sentences
from index.types import Span

_MARKERS = re.compile(r"\[(\d{1,3})\]")
_LEADING = re.compile(r"(?:\s*\[\d{1,3}\])*\s*")


class Quotation(Place, Protocol):
    """A place, the marker that opens it, and what it is said to read."""

    @property
    def marker(self) -> int: ...
    @property
    def quote(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, and the markers that stand in or right behind it, each once."""

    text: str
    markers: tuple[int, ...]


def statements(text: str, quotes: Iterable[str] = ()) -> tuple[Statement, ...]:
    """The sentences of an answer with their markers; a quotation is never cut, however many sentences it has.

    Full stops of German, English and Chinese end a sentence. What has neither letter nor digit belongs to the
    sentence before.
    """
    whole = text
    for quote in sorted(set(quotes), key=len, reverse=True):
        if quote:
            whole = whole.replace(quote, "x" * len(quote))
    spans: list[Span] = []
    for span in sentences(whole, Span(0, len(whole))):
        # Markers right behind a full stop are those of the sentence before it.
        start = _LEADING.match(whole, span.start, span.end).end()
        if any(c.isalnum() for c in _MARKERS.sub("", whole[start : span.end])):
            spans.append(Span(start, span.end))
    ends = [*(span.start for span in spans), len(text)][1:]
    return tuple(
        Statement(text[s.start : s.end], tuple(dict.fromkeys(int(m) for m in _MARKERS.findall(whole[s.start : end]))))
        for s, end in zip(spans, ends, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Attribution:
    """ALCE's two scores of an answer, and the share of its sentences that cite nothing; None without any to count."""

    precision: float | None
    recall: float | None
    uncited: float | None


def attribution(
    text: str, citations: Sequence[Quotation], gold: Sequence[Place], titles: Iterable[str] = ()
) -> Attribution:
    """Citation quality sentence by sentence (ALCE: Gao et al., 2023, section 4), gold spans in place of an entailment model.

    A sentence is supported if its citations together are (`supports`); recall is the share of supported sentences. A
    citation is precise if its sentence is supported and it is not idle: idle is one that alone does not support a sentence
    which the others support without it. Precision is the share of precise citations, each counted in each sentence.
    `titles` are names in the answer's text that a full stop in them does not end.
    """
    opened = {c.marker: c for c in citations}
    said = statements(text, [*(c.quote for c in citations), *titles])
    supported, precise, uncited = 0, [], 0
    for statement in said:
        cited = [opened[m] for m in statement.markers if m in opened]
        uncited += not cited
        holds = supports(cited, gold)
        supported += holds
        for c in cited:
            others = [o for o in cited if o is not c]
            precise.append(holds and (supports([c], gold) or not supports(others, gold)))
    count = len(said)
    return Attribution(
        precision=sum(precise) / len(precise) if precise else None,
        recall=supported / count if count else None,
        uncited=uncited / count if count else None,
    )


def supports(citations: Sequence[Place], gold: Sequence[Place]) -> bool:
    """True if one citation is right, or all together cover at least half of a gold span."""
    return any(_agree(c, g) for c in citations for g in gold) or citation_recall(citations, gold) == 1


def exactness(citations: Sequence[Quotation], texts: Mapping[str, str]) -> float | None:
    """The share of citations whose quote is what the article (`texts`, by id) reads there; None without citations."""
    if not citations:
        return None
    return sum(texts.get(c.article_id, "")[c.start : c.end] == c.quote for c in citations) / len(citations)


def citation_precision(citations: Sequence[Place], gold: Sequence[Place]) -> float | None:
    """The share of citations that are right; None without citations.

    A citation is right if it shares with a gold span at least half of the shorter of the two: a sentence
    around a gold clause is right, so is one sentence of a longer gold span; touching an edge is not.
    """
    if not citations:
        return None
    return sum(any(_agree(c, g) for g in gold) for c in citations) / len(citations)


def citation_recall(citations: Sequence[Place], gold: Sequence[Place]) -> float:
    """1.0 if the citations together cover at least half of the characters of some gold span, else 0.0.

    Gold spans are alternatives, so one of them is enough.
    """
    for g in gold:
        covered: set[int] = set()
        for c in citations:
            if overlap(c, g):
                covered.update(range(max(c.start, g.start), min(c.end, g.end)))
        if 2 * len(covered) >= g.end - g.start:
            return 1.0
    return 0.0


def _agree(citation: Place, gold: Place) -> bool:
    shared = overlap(citation, gold)
    return shared > 0 and 2 * shared >= min(citation.end - citation.start, gold.end - gold.start)
