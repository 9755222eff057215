"""Hybrid search: dense and lexical candidates of every language, fused by reciprocal rank, ordered by late interaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from index import interaction
from index.dense import Dense
from index.languages import detect, same_language
from index.lexical import Lexical, terms
from index.names import Name, names
from index.normalise import fold, normalise
from index.quantities import terms as quantity_terms
from index.types import Article, Embedder, Hit, Passage, Why

CANDIDATES = 100
PER_LANGUAGE = 40
RRF_K = 60
_CACHE = 8192
# score = coverage + DENSE * cosine; a word that only the title or a neighbouring passage has counts CONTEXT of one that
# the passage has itself. Chosen on the development questions (eval/LOG.md).
DENSE = 1.0
CONTEXT = 0.35


def rrf(rankings: Sequence[Sequence[int]], weights: Sequence[float], k: int = RRF_K) -> dict[int, float]:
    """Each row's sum of weight / (k + rank) over the rankings that hold it, ranks from 1.

    Cormack, Clarke & Büttcher, Reciprocal rank fusion, SIGIR 2009. ValueError if the counts differ.
    """
    if len(rankings) != len(weights):
        raise ValueError(f"need a weight a ranking, got {len(rankings)} rankings and {len(weights)} weights")
    fused: dict[int, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, row in enumerate(ranking, 1):
            fused[row] = fused.get(row, 0.0) + weight / (k + rank)
    return fused


def context(article: Article, passage: Passage) -> str:
    """What the encoder and BM25 read for a passage: the article's title before its text."""
    return f"{article.title}\n{passage.text}"


@dataclass(frozen=True, slots=True)
class Question:
    """A query as the index reads it: folded text, its content words, the terms of its quantities, and for each name
    that another script writes too the numbers of its words."""

    text: str
    words: interaction.Words
    quantities: frozenset[str]
    names: tuple[tuple[Name, tuple[int, ...]], ...] = ()


class Index:
    """Articles, their passages and the two indexes over them; a `Retriever`."""

    def __init__(
        self, articles: Iterable[Article], passages: Sequence[Passage], dense: Dense, lexical: Lexical,
        embedder: Embedder,
    ) -> None:
        self.articles = {a.id: a for a in articles}
        self.passages = tuple(passages)
        self.embedder = embedder
        self._dense = dense
        self._lexical = lexical
        if not len(passages) == len(dense) == len(lexical):
            raise ValueError(f"{len(passages)} passages, {len(dense)} vectors, {len(lexical)} lexical rows")
        self.words_of = lru_cache(_CACHE)(self._words_of)
        self._row_quantities = lru_cache(_CACHE)(
            lambda row: frozenset(quantity_terms(self.passages[row].text, self.passages[row].lang))
        )

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the passages, sorted."""
        return tuple(sorted({p.lang for p in self.passages}))

    def search(self, query: str, k: int = 10, langs: Sequence[str] = ()) -> list[Hit]:
        """At most `k` hits, best first; an empty query or index finds nothing.

        The dense and the lexical ranking of each language are cut to `PER_LANGUAGE`, so that passages in the asker's
        own language cannot crowd out the others, and fused by reciprocal rank; the best `CANDIDATES` are ordered by
        `coverage` (late interaction) plus `DENSE` times the cosine. `langs` (BCP 47; `zh` means both scripts) limits
        the languages.
        """
        query_terms = terms(query, detect(query))
        vector = self.embedder.encode_queries([fold(query)])[0] if query_terms else None
        dense: dict[int, float] = {}
        lexical: dict[int, float] = {}
        for rows in self._rows_by_language(langs) if vector is not None and k > 0 else ():
            dense |= self._dense.search(vector, PER_LANGUAGE, rows)
            lexical |= self._lexical.search(query_terms, PER_LANGUAGE, rows)
        dense_rank, lexical_rank = _ranks(dense), _ranks(lexical)
        fused = rrf([list(dense_rank), list(lexical_rank)], (1.0, 1.0))
        rows = sorted(fused, key=lambda row: (-fused[row], row))[:CANDIDATES]
        if not rows:
            return []
        coverage = self._coverage(self.question(query), rows)
        scores = {row: c + DENSE * dense.get(row, 0.0) for row, c in zip(rows, coverage, strict=True)}
        covered = dict(zip(rows, coverage, strict=True))
        best = sorted(rows, key=lambda row: (-scores[row], row))[:k]
        return [
            Hit(
                self.passages[row],
                scores[row],
                Why(dense_rank.get(row), dense.get(row), lexical_rank.get(row), lexical.get(row), covered[row], held),
            )
            for row, held in zip(best, self._lexical.matched(query_terms, best), strict=True)
        ]

    def question(self, query: str) -> Question:
        """The query, read once for all the comparisons that follow."""
        text = fold(query)
        words = interaction.content_words(text, self.embedder.token_vectors([text])[0])
        named = []
        for name in names(query.strip()):
            inside = tuple(i for i, s in enumerate(words.spans) if s.start < name.span.end and name.span.start < s.end)
            if inside:
                named.append((name, inside))
        return Question(text, words, frozenset(quantity_terms(query, detect(query))), tuple(named))

    def matched(self, asked: Question, text: str) -> np.ndarray:
        """(n,) how well each content word of the question is matched by `text`, 0..1: by likeness of token vectors,
        and a name wholly where the text writes it in the other script."""
        out = interaction.matched(asked.words, self.words_of(text))
        folded = normalise(text).text
        for name, words in asked.names:
            if name.is_in(folded):
                out[list(words)] = 1.0
        return out

    def _words_of(self, text: str) -> interaction.Words:
        """The words of a text of an article, to compare a question with; spans are those of `normalise(text).text`."""
        text = normalise(text).text
        return interaction.words(text, self.embedder.token_vectors([text])[0], pairs=True)

    def _coverage(self, asked: Question, rows: Sequence[int]) -> list[float]:
        near = {row: self._neighbours(row) for row in rows}
        everything = sorted({*rows, *(n for ns in near.values() for n in ns)})
        matches = {row: self.matched(asked, self.passages[row].text) for row in everything}
        ids = {self.passages[row].article_id for row in rows}
        titles = {i: self.matched(asked, self.articles[i].title) for i in ids}
        own = np.array([matches[row] for row in rows])
        around = np.array(
            [np.max([titles[self.passages[r].article_id], *(matches[n] for n in near[r])], axis=0) for r in rows]
        )
        weights = interaction.word_weights(asked.words, own)
        held = np.array([len(asked.quantities & self._row_quantities(r)) for r in rows])
        # A quantity of the question weighs as much as an average word of it.
        each = float(weights.mean()) if len(weights) else 1.0
        total = float(weights.sum()) + each * len(asked.quantities)
        if total <= 0:
            return [0.0] * len(rows)
        return ((np.maximum(own, CONTEXT * around) @ weights + each * held) / total).tolist()

    def _neighbours(self, row: int) -> list[int]:
        article_id = self.passages[row].article_id
        return [
            n for n in (row - 1, row + 1)
            if 0 <= n < len(self.passages) and self.passages[n].article_id == article_id
        ]

    def _rows_by_language(self, langs: Sequence[str]) -> list[list[int]]:
        groups: dict[str, list[int]] = {}
        for row, passage in enumerate(self.passages):
            if not langs or any(same_language(passage.lang, lang) for lang in langs):
                groups.setdefault(passage.lang, []).append(row)
        return list(groups.values())


def _ranks(scores: dict[int, float]) -> dict[int, int]:
    ordered = sorted(scores, key=lambda row: (-scores[row], row))
    return {row: rank for rank, row in enumerate(ordered, 1)}
