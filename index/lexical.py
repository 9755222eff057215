"""BM25 over words, CJK bigrams, Latin subword grams and quantities, with bm25s."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from index.errors import IndexCorrupt
from index.languages import STOP_WORDS
from index.normalise import fold
from index.quantities import terms as quantity_terms

VERSION = 4

_NO_SPACES = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer: marks among the letters
_MARKS = r"\u0300-\u036f\u0900-\u0903\u093a-\u094f\u0962\u0963"
_LETTER = rf"[^\W_\u3400-\u9fff{_NO_SPACES}]"
_RUN = re.compile(rf"[\u3400-\u9fff]+|[{_NO_SPACES}]+|(?:{_LETTER}[{_MARKS}]*)+(?:['’][^\W\d_]+)?")
_SPACELESS = re.compile(rf"[{_NO_SPACES}]")
_VOWELS = re.compile(r"[\u0591-\u05c7\u064b-\u065f\u0670]")  # points of Hebrew and Arabic, written or not
_CLUSTER = re.compile(r"[^\W_][^\w\s]*")
_GRAM = 5


def terms(text: str, lang: str) -> list[str]:
    """The index terms of `text`, with repetitions: word stems, `_`-marked 5-grams of longer Latin words (they find
    parts of German compounds), Han characters and bigrams, threes of letters (with their marks) of other scripts without
    spaces, and canonical quantities (`#2E+11`)."""
    out = quantity_terms(text, lang)
    for run in _RUN.findall(_VOWELS.sub("", fold(text))):
        if "\u3400" <= run[0] <= "\u9fff":
            out += [c for c in run if c not in STOP_WORDS]
            out += [run[i : i + 2] for i in range(len(run) - 1) if run[i : i + 2] not in STOP_WORDS]
        elif _SPACELESS.match(run):
            clusters = _CLUSTER.findall(run)
            out += ["".join(clusters[i : i + 3]) for i in range(max(1, len(clusters) - 2)) if clusters]
        elif run not in STOP_WORDS:
            out.append(_stem(run, "german" if lang.startswith("de") else "english"))
            if len(run) > _GRAM and run.isalpha():
                out += dict.fromkeys(f"_{run[i : i + _GRAM]}" for i in range(len(run) - _GRAM + 1))
    return out


def stems_of(word: str) -> tuple[str, ...]:
    """The terms that a folded Latin word may have become, by the language of the text."""
    return tuple(dict.fromkeys(_stem(word, language) for language in ("english", "german")))


@cache
def _stem(word: str, language: str) -> str:
    return _stemmer(language).stemWord(word)


@cache
def _stemmer(language: str):
    import snowballstemmer

    return snowballstemmer.stemmer(language)


_POSTINGS = ("data", "indices", "indptr")  # as bm25s calls weights, rows and begins
_TERMS = "terms.json"


class Lexical:
    """A BM25 index over passages, built once and opened by memory map.

    `weights` and `rows` hold the postings of all terms one after another; those of term `vocabulary[t]` are in
    `begins[t]:begins[t + 1]`. A weight is what the term adds to its row's score.
    """

    def __init__(
        self, vocabulary: dict[str, int], weights: np.ndarray, rows: np.ndarray, begins: np.ndarray, size: int
    ) -> None:
        self._vocabulary, self._size = vocabulary, size
        self._weights, self._rows, self._begins = (np.asarray(a) for a in (weights, rows, begins))  # a memmap slices slowly

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]]) -> Lexical:
        """From the terms of each passage, in row order; a passage may have none."""
        import bm25s

        bm25 = bm25s.BM25(method="lucene", k1=1.2, b=0.6)
        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(t, len(vocabulary)) for t in document] for document in documents]
        if not vocabulary:
            ids, vocabulary = [[0]], {"": 0}  # bm25s cannot index no term at all; no query has the empty one
        bm25.index((ids, vocabulary), show_progress=False, create_empty_token=True)
        return cls(bm25.vocab_dict, *(bm25.scores[name] for name in _POSTINGS), len(documents))

    @classmethod
    def open(cls, folder: Path) -> Lexical:
        """The index saved in `folder`, its postings mapped into memory."""
        try:
            about = json.loads((folder / _TERMS).read_text(encoding="utf-8"))
            arrays = [np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _POSTINGS]
            return cls(about["terms"], *arrays, about["passages"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexCorrupt(f"{folder.name}/ cannot be read; rebuild: crosscite build") from error

    def save(self, folder: Path) -> None:
        """Writes postings (npy) and vocabulary (JSON) to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, array in zip(_POSTINGS, (self._weights, self._rows, self._begins), strict=True):
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
        about = {"passages": self._size, "terms": self._vocabulary}
        (folder / _TERMS).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")

    def __len__(self) -> int:
        return self._size

    def __contains__(self, term: str) -> bool:
        """True if any passage has the term."""
        return term in self._vocabulary

    def rows_with(self, term: str) -> np.ndarray:
        """The rows that have the term, ascending."""
        if term not in self:
            return np.zeros(0, np.int64)
        return np.sort(self._rows[self._postings(term)])

    def _postings(self, term: str) -> slice:
        column = self._vocabulary[term]
        return slice(self._begins[column], self._begins[column + 1])

    def known(self, query_terms: Sequence[str]) -> list[str]:
        """Those of the terms that any passage has, without repetitions, in order."""
        return [t for t in dict.fromkeys(query_terms) if t in self._vocabulary]

    def matched(self, query_terms: Sequence[str], rows: Sequence[int]) -> list[tuple[str, ...]]:
        """For each of the rows those of the terms that it has, in order, without repetitions."""
        known = self.known(query_terms)
        held = [set(self.rows_with(t).tolist()) for t in known]
        return [tuple(t for t, having in zip(known, held, strict=True) if row in having) for row in rows]

    def search(
        self, query_terms: Sequence[str], k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """The `k` rows with the highest BM25 sums as (row, score), best first, ties by row; rows with 0 are left out.

        `among` limits the search to these rows.
        """
        return self.search_each(query_terms, k, [range(self._size) if among is None else among])[0]

    def search_each(
        self, query_terms: Sequence[str], k: int, groups: Sequence[Sequence[int]]
    ) -> list[list[tuple[int, float]]]:
        """`search` in each group of rows, over one reading of the postings."""
        known = self.known(query_terms)
        if not known or k <= 0:
            return [[] for _ in groups]
        scores = np.zeros(self._size, dtype=np.float32)
        for postings in map(self._postings, known):
            scores[self._rows[postings]] += self._weights[postings]
        return [_best(scores, np.asarray(rows, dtype=np.int64), k) for rows in groups]


def _best(scores: np.ndarray, rows: np.ndarray, k: int) -> list[tuple[int, float]]:
    own = scores[rows]
    if len(own) > k:
        least = np.partition(own, len(own) - k)[len(own) - k]
        rows, own = rows[own >= least], own[own >= least]
    order = np.lexsort((rows, -own))[:k]
    return [(int(rows[i]), float(own[i])) for i in order if own[i] > 0]
