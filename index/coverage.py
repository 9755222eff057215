"""How much of a question each candidate answers, in one of its sentences and as a whole, with title and neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from index import interaction
from index.columns import Columns
from index.lexical import Lexical
from index.names import Name
from index.normalise import normalise
from index.quantities import terms
from index.types import Embedder, Passage
from index.wordtable import WordTable, runs, sentence_starts

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

    The rows of `table` are the passages and, behind them, the titles of the `articles`; without it words are made when
    they are needed. ValueError if its rows are of another number.
    """

    def __init__(
        self, articles: int, passages: Sequence[Passage], columns: Columns, lexical: Lexical, embedder: Embedder,
        table: WordTable | None = None,
    ) -> None:
        self._passages, self._columns, self._lexical, self._embedder = passages, columns, lexical, embedder
        self._table = table
        if table is not None and len(table) != len(passages) + articles:
            raise ValueError(f"{len(table)} rows of words, {len(passages)} passages and {articles} titles")
        self._words_of = lru_cache(_CACHE)(self._make_words)
        self._quantities = lru_cache(_CACHE)(lambda text, lang: frozenset(terms(text, lang)))

    def of(self, asked: Question, rows: Sequence[int]) -> np.ndarray:
        """(len(rows),) the idf-weighted share of the question that each passage answers, 0..1."""
        rows = np.asarray(rows, dtype=np.int64)
        titles = len(self._passages) + self._columns.numbers(rows)
        before, after = self._neighbours(rows)
        near = np.concatenate([before, after])
        every, at = np.unique(np.concatenate([rows, titles, near[near >= 0]]), return_inverse=True)
        said, first = self._matches(asked, every)
        whole = np.maximum.reduceat(said, first, axis=0)
        own, title = whole[at[: len(rows)]], whole[at[len(rows) : 2 * len(rows)]]
        beside = np.zeros((len(near), said.shape[1]), np.float32)
        beside[near >= 0] = whole[at[2 * len(rows) :]]
        around = np.maximum(TITLE * title, NEAR * np.maximum(beside[: len(rows)], beside[len(rows) :]))
        weights = interaction.word_weights(asked.words, own)
        # A quantity of the question weighs as much as an average word of it.
        each = float(weights.mean()) if len(weights) else 1.0
        total = float(weights.sum()) + each * len(asked.quantities)
        if total <= 0:
            return np.zeros(len(rows))
        counts = np.diff(np.append(first, len(said)))[at[: len(rows)]]
        said = said[runs(first[at[: len(rows)]], counts)]
        first, row_of = np.cumsum(counts) - counts, np.repeat(np.arange(len(rows)), counts)
        figures = self._figures(asked, rows, first, len(said))
        held = np.maximum.reduceat(figures, first, axis=0)
        passage = np.maximum(own, around) @ weights + each * held.sum(axis=1)
        words = np.maximum(said, np.maximum(ELSEWHERE * own, around)[row_of]) @ weights
        sentences = words + each * np.maximum(figures, ELSEWHERE * held[row_of]).sum(axis=1)
        return ((1 - SENTENCE) * passage + SENTENCE * np.maximum.reduceat(sentences, first)) / total

    def _matches(self, asked: Question, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`WordTable.matches` of passages and titles, ascending; names count wholly where they stand in the other script."""
        if self._table is not None:
            said, first = self._table.matches(asked.words, rows)
        else:
            each = [self._words_of(row).matches(asked.words, [0])[0] for row in rows.tolist()]
            said, first = np.concatenate(each), np.cumsum([0, *(len(m) for m in each[:-1])])
        for (name, words), spelled in zip(asked.names, asked.name_terms, strict=True):
            found = np.zeros(len(rows), dtype=bool)
            for term in spelled:
                found |= self._lexical.having(term, rows)
            titles = len(self._passages) + self._columns.numbers(rows[found])
            for place in np.flatnonzero(found | np.isin(rows, titles)).tolist():
                for i, text in enumerate(self._sentences(int(rows[place]))):
                    if name.is_in(normalise(text).text):
                        said[first[place] + i, list(words)] = 1.0
        return said, first

    def _figures(self, asked: Question, rows: np.ndarray, first: np.ndarray, sentences: int) -> np.ndarray:
        """(sentences, quantities of the question): 1 where a sentence has the quantity by value."""
        wanted = sorted(asked.quantities)
        out = np.zeros((sentences, len(wanted)))
        for column, term in enumerate(wanted):
            for place in np.flatnonzero(self._lexical.having(term, rows)).tolist():
                row = int(rows[place])
                for i, text in enumerate(self._sentences(row)):
                    out[first[place] + i, column] = term in self._quantities(text, self._passages[row].lang)
        return out

    def _neighbours(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(n,) and (n,): the passages before and after each in its article, -1 where there is none."""
        numbers, last = self._columns.numbers, len(self._passages) - 1
        own = numbers(rows)
        before = np.where((rows > 0) & (numbers(np.maximum(rows - 1, 0)) == own), rows - 1, -1)
        return before, np.where((rows < last) & (numbers(np.minimum(rows + 1, last)) == own), rows + 1, -1)

    def _sentences(self, row: int) -> list[str]:
        """The texts of a row's sentences, as the table cuts them."""
        if row >= len(self._passages):
            return [self._columns.title(row - len(self._passages))]
        passage = self._passages[row]
        starts = [0, *sentence_starts(passage)[1:], len(passage.text)]
        return [passage.text[a:b] for a, b in pairwise(starts)]

    def _make_words(self, row: int) -> WordTable:
        if row >= len(self._passages):
            return WordTable.build(self._sentences(row), [[0]], self._embedder)
        passage = self._passages[row]
        return WordTable.build([passage.text], [sentence_starts(passage)], self._embedder)
