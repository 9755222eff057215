"""What an index is made of, put on the disk piece by piece: articles as they are read, then vectors, postings, words.

Of an older index everything is taken that belongs to an article that has not changed, so that a build costs as much as
what is new; an index made so has the same postings and words, byte for byte, as one made anew.
"""

from __future__ import annotations

import shutil
from array import array
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from index import encoded, splitter, twins
from index.dense import Dense
from index.lexical import Lexical, terms
from index.memory import trim
from index.normalise import fold
from index.postings import Blocks
from index.search import context
from index.shelf import Articles, Passages, Writer
from index.types import Article, Embedder, Passage
from index.wordtable import Part, WordTable, sentence_starts

if TYPE_CHECKING:
    from index.older import Older

SHELF, VECTORS, LEXICAL, WORDS, SOURCES = "shelf", "vectors", "bm25", "words", "sources.json"
KEYS = f"{VECTORS}/keys.npy"
_SCRATCH = "scratch"
_TEXTS, _ROWS = 128, 8192  # new rows, and rows of an older index, that a part of the word table has


def encoded_text(article: Article, passage: Passage) -> str:
    """What the encoder reads for a passage."""
    return fold(context(article, passage))


class Made:
    """A data folder in the making: `with` it open articles are added, then it is indexed."""

    def __init__(self, data: Path, embedder: Embedder, sizes: tuple[int, int], old: Older | None) -> None:
        self.data, self._embedder, self._sizes, self._old = data, embedder, sizes, old
        self._reused, self._titles = array("q"), array("q")  # the older row of each passage and title, -1 where it is new

    def __enter__(self) -> Made:
        self._shelf = Writer(self.data / SHELF).__enter__()
        return self

    def __exit__(self, *error) -> None:
        self._shelf.__exit__(*error)

    def add(self, article: Article, known: bool, standing: Article | None = None) -> None:
        """Appends an article; `known` says that the older index has it as it is, `standing` is the one that stands for
        it, if another does."""
        if known:
            number = self._old.articles.number(article.id)
            rows = self._old.articles.rows(number)
            passages = self._old.passages[rows.start : rows.stop]
            self._titles.append(len(self._old.passages) + number)
        else:
            passages = splitter.split(article, self._embedder.count_tokens, *self._sizes)
            passages = twins.only_new(article, standing, passages) if standing else passages
            rows = [-1] * len(passages)
            self._titles.append(-1)
        self._reused.extend(rows)
        self._shelf.add(article, passages)

    def index(self, store: encoded.Encoded, progress: Callable[[int, int], None]) -> int:
        """Makes vectors, postings and words of what was added; returns the number of passages."""
        self._articles = Articles(self.data / SHELF)
        self._passages = Passages(self.data / SHELF, self._articles)
        self._old_rows = np.array(self._reused, np.int64)
        trim()
        self._vectors(store, progress)
        trim()
        self._postings()
        trim()
        starts = None if self._old is None else self._old.words
        WordTable.write(self.data / WORDS, self._parts(starts is not None), self._embedder, starts)
        return len(self._passages)

    def _vectors(self, store: encoded.Encoded, progress: Callable[[int, int], None]) -> None:
        def text(row: int) -> str:
            return encoded_text(*self._pair(row))

        keys = [
            self._old.keys[old].tobytes() if old >= 0 else encoded.key(text(row))
            for row, old in enumerate(self._old_rows.tolist())
        ]
        if self._old is not None:
            store.add([k.tobytes() for k in self._old.keys[:]], self._old.dense)
        vectors = store.encode(keys, text, self._embedder, progress)
        Dense.write(self.data / VECTORS, vectors, self._passages.tags, self._passages.codes)
        rows = np.frombuffer(b"".join(keys), np.uint64).reshape(-1, 2)
        np.save(self.data / KEYS, rows, allow_pickle=False)

    def _postings(self) -> None:
        blocks = Blocks(self.data / _SCRATCH)
        lengths = np.zeros(len(self._passages), np.int32)
        sources = []
        if self._old is not None:
            kept = np.flatnonzero(self._old_rows >= 0)
            mapped = np.full(len(self._old.passages), -1, np.int64)
            mapped[self._old_rows[kept]] = kept
            lengths[kept] = self._old.lexical.lengths[self._old_rows[kept]]
            sources.append((self._old.lexical.postings, mapped))
        for row in np.flatnonzero(self._old_rows < 0).tolist():
            article, passage = self._pair(row)
            own = terms(context(article, passage), passage.lang)
            lengths[row] = len(own)
            blocks.add(row, own)
        blocks.end()
        trim()
        Lexical.write(self.data / LEXICAL, [*sources, *((block, None) for block in blocks.done)], lengths)
        shutil.rmtree(self.data / _SCRATCH, ignore_errors=True)

    def _parts(self, reuse: bool) -> Iterator[Part]:
        """The rows of the word table: passages, then titles."""
        old = np.concatenate([self._old_rows, np.array(self._titles, np.int64)])
        if not reuse:
            old[:] = -1
        goes_on = np.where(old[1:] >= 0, old[1:] == old[:-1] + 1, old[:-1] < 0)
        edges = [0, *(np.flatnonzero(~goes_on) + 1).tolist(), len(old)]
        for first, last in pairwise(edges):
            size = _ROWS if old[first] >= 0 else _TEXTS
            for at in range(first, last, size):
                end = min(last, at + size)
                yield (int(old[at]), int(old[at]) + end - at) if old[first] >= 0 else self._texts(range(at, end))

    def _texts(self, rows: range) -> Part:
        count = len(self._passages)
        passages = [self._passages[row] for row in rows if row < count]
        titles = [self._articles.about(row - count)["title"] for row in rows if row >= count]
        return [p.text for p in passages] + titles, [sentence_starts(p) for p in passages] + [[0]] * len(titles)

    def _pair(self, row: int) -> tuple[Article, Passage]:
        return self._articles.at(int(self._passages.numbers(np.array([row]))[0])), self._passages[row]
