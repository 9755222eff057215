"""How much of a question each candidate answers, in one of its sentences and as a whole, with title and neighbours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from index import interaction
from index.lexical import Lexical
from index.names import Name
from index.normalise import normalise
from index.quantities import terms
from index.types import Article, Embedder, Passage
from index.wordtable import WordTable, sentence_starts

# Coverage is SENTENCE parts that of the best sentence, where a word that only the rest of the passage has counts
# ELSEWHERE, and else that of the passage. A word that only the title or a neighbouring passage has counts TITLE or
# NEAR. Chosen by cross-validation over the facts of the development questions (eval/LOG.md).
SENTENCE = 0.5
ELSEWHERE = 0.5
TITLE = 0.35
NEAR = 0.15
_CACHE = 1024


@dataclass(frozen=True, slots=True)
class Question:
    """A query as the index reads it: folded text, its content words, the terms of its quantities, and for each name
    that another script writes too the numbers of its words."""

    text: str
    words: interaction.Words
    quantities: frozenset[str]
    names: tuple[tuple[Name, tuple[int, ...]], ...] = ()
    name_terms: tuple[tuple[str, ...], ...] = ()


class Coverage:
    """Late interaction of questions with passages, their neighbours and the titles of their articles.

    The rows of `table` are the passages and, behind them, the titles; without it words are made when they are needed.
    ValueError if its rows are of another number.
    """

    def __init__(
        self, articles: Iterable[Article], passages: Sequence[Passage], lexical: Lexical, embedder: Embedder,
        table: WordTable | None = None,
    ) -> None:
        self._passages, self._lexical, self._embedder, self._table = passages, lexical, embedder, table
        self._titles = [(a.id, a.title) for a in articles]
        self._title_rows = {article_id: len(passages) + i for i, (article_id, _) in enumerate(self._titles)}
        if table is not None and len(table) != len(passages) + len(self._titles):
            raise ValueError(f"{len(table)} rows of words, {len(passages)} passages and {len(self._titles)} titles")
        self._words_of = lru_cache(_CACHE)(self._make_words)
        self._quantities = lru_cache(_CACHE)(lambda text, lang: frozenset(terms(text, lang)))

    def of(self, asked: Question, rows: Sequence[int]) -> np.ndarray:
        """(len(rows),) the idf-weighted share of the question that each passage answers, 0..1."""
        near = [self._neighbours(row) for row in rows]
        titles = [self._title_rows[self._passages[row].article_id] for row in rows]
        every = list(dict.fromkeys([*rows, *titles, *(n for ns in near for n in ns)]))
        said, first = self._matches(asked, every)
        whole = np.maximum.reduceat(said, first, axis=0)
        at = {row: i for i, row in enumerate(every)}
        own = whole[: len(rows)]
        around = TITLE * whole[[at[title] for title in titles]]
        for i, neighbours in enumerate(near):
            for n in neighbours:
                np.maximum(around[i], NEAR * whole[at[n]], out=around[i])
        weights = interaction.word_weights(asked.words, own)
        # A quantity of the question weighs as much as an average word of it.
        each = float(weights.mean()) if len(weights) else 1.0
        total = float(weights.sum()) + each * len(asked.quantities)
        if total <= 0:
            return np.zeros(len(rows))
        first = np.append(first, len(said))[: len(rows) + 1]
        said, first, row_of = said[: first[-1]], first[:-1], np.repeat(np.arange(len(rows)), np.diff(first))
        figures = self._figures(asked, rows, first, len(said))
        held = np.maximum.reduceat(figures, first, axis=0)
        passage = np.maximum(own, around) @ weights + each * held.sum(axis=1)
        words = np.maximum(said, np.maximum(ELSEWHERE * own, around)[row_of]) @ weights
        sentences = words + each * np.maximum(figures, ELSEWHERE * held[row_of]).sum(axis=1)
        return ((1 - SENTENCE) * passage + SENTENCE * np.maximum.reduceat(sentences, first)) / total

    def _matches(self, asked: Question, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """`WordTable.matches` of passages and titles; names count wholly where they stand in the other script."""
        if self._table is not None:
            said, first = self._table.matches(asked.words, rows)
        else:
            each = [self._words_of(row).matches(asked.words, [0])[0] for row in rows]
            said, first = np.concatenate(each), np.cumsum([0, *(len(m) for m in each[:-1])])
        at = dict(zip(rows, first.tolist(), strict=True))
        for (name, words), spelled in zip(asked.names, asked.name_terms, strict=True):
            found = {r for term in spelled for r in self._lexical.rows_with(term).tolist()} & at.keys()
            titles = {self._title_rows[self._passages[row].article_id] for row in found} & at.keys()
            for row in found | titles:
                for i, text in enumerate(self._sentences(row)):
                    if name.is_in(normalise(text).text):
                        said[at[row] + i, list(words)] = 1.0
        return said, first

    def _figures(self, asked: Question, rows: Sequence[int], first: np.ndarray, sentences: int) -> np.ndarray:
        """(sentences, quantities of the question): 1 where a sentence has the quantity by value."""
        wanted = sorted(asked.quantities)
        out = np.zeros((sentences, len(wanted)))
        at = dict(zip(rows, first.tolist(), strict=True))
        for column, term in enumerate(wanted):
            for row in set(self._lexical.rows_with(term).tolist()) & at.keys():
                for i, text in enumerate(self._sentences(row)):
                    out[at[row] + i, column] = term in self._quantities(text, self._passages[row].lang)
        return out

    def _neighbours(self, row: int) -> list[int]:
        article_id = self._passages[row].article_id
        return [
            n for n in (row - 1, row + 1)
            if 0 <= n < len(self._passages) and self._passages[n].article_id == article_id
        ]

    def _sentences(self, row: int) -> list[str]:
        """The texts of a row's sentences, as the table cuts them."""
        if row >= len(self._passages):
            return [self._titles[row - len(self._passages)][1]]
        passage = self._passages[row]
        starts = [0, *sentence_starts(passage)[1:], len(passage.text)]
        return [passage.text[a:b] for a, b in pairwise(starts)]

    def _make_words(self, row: int) -> WordTable:
        if row >= len(self._passages):
            return WordTable.build(self._sentences(row), [[0]], self._embedder)
        passage = self._passages[row]
        return WordTable.build([passage.text], [sentence_starts(passage)], self._embedder)
