"""The records of an answer, and the seam of whatever writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from index.types import Hit, Span

Reason = Literal["nothing_retrieved", "not_supported", "out_of_scope"]


@dataclass(frozen=True, slots=True)
class Source:
    """What a claim rests on: the 0-based number of a hit, and the span of the article that says so.

    `span` is None where the writer named only the passage; the sentence is then looked for inside it. `marks` are
    the spans inside `span` that carry the answer: a figure, a name, a date.
    """

    hit: int
    span: Span | None = None
    marks: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a draft, without markers, and its sources. `before` is the white space that parts it from the
    claim before."""

    text: str
    sources: tuple[Source, ...]
    before: str = "\n"


@dataclass(frozen=True, slots=True)
class Citation:
    """What a marker `[n]` in an answer opens: `article.text[start:end] == quote`, to the character.

    `start`/`end` span the cited sentence; `passage` is the span of the passage it was found in, for context; `marks`
    are spans inside the quote (offsets of the article) that carry the answer: a figure, a name, a date.
    """

    marker: int
    article_id: str
    start: int
    end: int
    quote: str
    lang: str
    passage: Span
    marks: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A cited answer or an honest refusal.

    `text` is in the language of `lang` (quotations stay in their own); it is never empty. `found` is False for a
    refusal, and then `reason` says why and `citations` is empty. `hits` are the k best passages, best first.
    `confidence` (0..1) is the calibrated probability that the articles answer the question.
    """

    question: str
    lang: str
    found: bool
    text: str
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    reason: Reason | None
    seconds: float
    confidence: float = 0.0


@runtime_checkable
class Generator(Protocol):
    """Writes what the hits say to a question, claim by claim, in `lang` (BCP 47). GeneratorError if it cannot."""

    def write(self, question: str, hits: Sequence[Hit], lang: str) -> Iterator[Claim]:
        """The claims in reading order, each as soon as it is whole; none if the hits do not answer."""
