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
    """A sentence of a draft, without markers, and its sources; none if it named no passage that was shown.

    `before` is the white space that parts it from the claim before. `lang` is the language it is written in where
    that is not the language asked for.
    """

    text: str
    sources: tuple[Source, ...]
    before: str = "\n"
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """A sentence of a draft that is not part of the answer, and why: `no_source` (no marker of a passage that was
    shown) or `not_supported` (its passages do not say so)."""

    text: str
    reason: str


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

    `query` is what was searched: the question, or the question completed from the conversation. `stages` are the
    seconds each step took, in order (`understand`, `search`, `evidence`, `write`, `check`). `dropped` are the sentences of
    a draft that were left out. `note` is a sentence in `lang` about the answer as a whole, or None.
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
    query: str = ""
    stages: tuple[tuple[str, float], ...] = ()
    dropped: tuple[Dropped, ...] = ()
    note: str | None = None

    def __post_init__(self) -> None:
        if not self.query:
            object.__setattr__(self, "query", self.question)


@runtime_checkable
class Generator(Protocol):
    """Writes what the hits say to a question, claim by claim, in `lang` (BCP 47). GeneratorError if it cannot."""

    def write(self, question: str, hits: Sequence[Hit], lang: str) -> Iterator[Claim]:
        """The claims in reading order, each as soon as it is whole; none if the hits do not answer."""
