"""The records and seams of the index: articles, passages, hits, and what an embedder and a retriever must do."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets, `text[start:end]`."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, got start={self.start}, end={self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """The characters this span covers in `text`."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Article:
    """A source text as decoded, untouched. `keep` are the spans worth indexing, ascending and disjoint.

    `id` is the file name without its ending; `lang` a BCP 47 tag; `date` ISO 8601 (`2025-02-14`) or None;
    `sha256` the hash of the file's bytes, in hex. `pages` are the offsets at which pages after the first begin, where
    the file has pages. `file` is the path of its file below the articles' folder. `also` are the ids of its twins, the
    same story captured or published again; of these and itself the one with the smallest id stands for all.
    """

    id: str
    lang: str
    title: str
    text: str
    keep: tuple[Span, ...]
    date: str | None = None
    publisher: str | None = None
    sha256: str = ""
    pages: tuple[int, ...] = ()
    file: str = ""
    also: tuple[str, ...] = ()

    @property
    def is_twin(self) -> bool:
        """True if another article stands for this one."""
        return any(other < self.id for other in self.also)

    def page(self, offset: int) -> int | None:
        """The number of the page, from 1, that holds the character at `offset`; None if the file has no pages."""
        return bisect_right(self.pages, offset) + 1 if self.pages else None


@dataclass(frozen=True, slots=True)
class Passage:
    """A run of whole sentences of one article: `article.text[start:end] == text`, to the character.

    `sentences` are the sentence spans inside, in offsets of the article.
    """

    article_id: str
    lang: str
    start: int
    end: int
    text: str
    sentences: tuple[Span, ...] = ()

    @property
    def id(self) -> str:
        """`{article_id}:{start}-{end}`."""
        return f"{self.article_id}:{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Why:
    """How a hit was found: its 1-based rank and score in each list (None: not in that list) and what it shares with the
    question.

    `dense_score` is a cosine, `lexical_score` a BM25 sum, `coverage` the idf-weighted share of the question (0..1) that
    the passage's token vectors answer; higher is better in all of them. The ranks are among the candidates of all
    languages; `fused_rank` is the place before late interaction. `terms` are the index terms of the question that the
    passage or its title has, `quantities` those of them that are figures or dates, by value. `part` is the part of the
    question that found the hit, where the question was taken apart, else empty. `search_score` is the score before a later
    stage gave another, None where none did.
    """

    dense_rank: int | None = None
    dense_score: float | None = None
    lexical_rank: int | None = None
    lexical_score: float | None = None
    coverage: float | None = None
    terms: tuple[str, ...] = ()
    fused_rank: int | None = None
    quantities: tuple[str, ...] = ()
    part: str = ""
    search_score: float | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query. Higher `score` is better; scores compare within one ranking only.

    `also` are near-duplicates that the ranking would have held further down, best first.
    """

    passage: Passage
    score: float
    why: Why = field(default_factory=Why)
    also: tuple[Passage, ...] = ()

    @property
    def searched(self) -> float:
        """The score that the search gave, whatever stage came after it."""
        return self.score if self.why.search_score is None else self.why.search_score


@dataclass(frozen=True, slots=True)
class TokenVectors:
    """A text's token vectors in context or not, as the encoder has them.

    `vectors` is (n, dim) float32 with unit rows; `weights` is (n,) float32, how much each token says (>= 0);
    `spans` are the tokens' offsets in the text given.
    """

    vectors: np.ndarray
    weights: np.ndarray
    spans: tuple[Span, ...]


@runtime_checkable
class Embedder(Protocol):
    """Text to unit vectors. Queries and passages go through different doors, also where the model has only one."""

    @property
    def name(self) -> str:
        """A name and fingerprint that change whenever the vectors would."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def max_tokens(self) -> int:
        """The longest text, in tokens, that is read to its end."""

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The token vectors of each text, for late interaction."""

    def count_tokens(self, text: str) -> int:
        """How many tokens the encoder makes of `text`."""


@runtime_checkable
class Retriever(Protocol):
    """A query to a ranking."""

    def search(self, query: str, k: int, langs: Sequence[str] = ()) -> list[Hit]:
        """At most `k` hits, best first; `langs` (BCP 47, `zh` matches both scripts) limits the articles' languages."""
