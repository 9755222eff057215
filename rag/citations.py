"""Claims to citations: exact quotations, markers numbered in order of first use, nothing invented."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from index.types import Article, Hit, Span
from rag.types import Citation, Claim

_LOOKS_LIKE_MARKER = re.compile(r"([\[［【])(?=[\d\s,，、\-–^]*\d[\d\s,，、\-–]*[\]］】])")
_WORD_JOINER = "\u2060"


def disarm(text: str) -> str:
    """`text` in which nothing can be taken for a marker: an invisible word joiner follows the opening bracket of
    `[12]` and the like. For words of a source or a model that stand inside an answer."""
    return _LOOKS_LIKE_MARKER.sub(rf"\1{_WORD_JOINER}", text)


@dataclass
class Citations:
    """Collects the citations of one answer while its claims come in."""

    articles: Mapping[str, Article]
    hits: Sequence[Hit]
    found: list[Citation] = field(default_factory=list)

    def add(self, claim: Claim) -> str:
        """The claim's text with its markers, after white space as the claim wants it.

        Each source becomes a citation, or the one that cites the same sentence already. ValueError if a source names
        no hit, or a span outside its passage: a generator's mistake, never shown to a reader.
        """
        markers = []
        for source in claim.sources:
            if not 0 <= source.hit < len(self.hits):
                raise ValueError(f"a claim names hit {source.hit}, there are {len(self.hits)}")
            passage = self.hits[source.hit].passage
            whole = Span(passage.start, passage.end)
            span = whole if source.span is None else source.span
            if not whole.start <= span.start < span.end <= whole.end:
                raise ValueError(f"span {span.start}-{span.end} is not inside passage {passage.id}")
            markers.append(self._marker(passage.article_id, passage.lang, span, whole, source.marks))
        # An opening before the first word separates nothing.
        before = claim.before if self._started else ""
        self._started = True
        return before + disarm(claim.text) + "".join(f" [{m}]" for m in dict.fromkeys(markers))

    _started: bool = False

    def _marker(self, article_id: str, lang: str, span: Span, passage: Span, marks: tuple[Span, ...]) -> int:
        for known in self.found:
            if (known.article_id, known.start, known.end) == (article_id, span.start, span.end):
                return known.marker
        self.found.append(
            Citation(
                marker=len(self.found) + 1,
                article_id=article_id,
                start=span.start,
                end=span.end,
                quote=span.of(self.articles[article_id].text),
                lang=lang,
                passage=passage,
                marks=marks,
            )
        )
        return len(self.found)
