"""BM25 over words, CJK bigrams, Latin subword grams and quantities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path
from threading import Lock

import numpy as np

from index.files import Array, Checks, Growing, array
from index.languages import STOP_WORDS
from index.normalise import fold
from index.postings import Blocks, Postings, key, merged
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
_PIECES = 4  # for each of the best


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


# Words that neither stemmer changes, by their ending and for want of a spelled-out umlaut: most of the pinyin that names
# in a Chinese question may be spelled in, which took a third of a search's time.
_WHOLE = re.compile(r"(?!.*[aou]e)[a-z]{2,}(?:[aou]|[^lgct]i|an|[aeo]ng)")


_STEMMING = Lock()  # a stemmer works on a state of its own


@cache
def _stem(word: str, language: str) -> str:
    if _WHOLE.fullmatch(word):
        return word
    with _STEMMING:
        return _stemmer(language).stemWord(word)


@cache
def _stemmer(language: str):
    import snowballstemmer

    return snowballstemmer.stemmer(language)


_RECENT = 1024  # terms whose rows are known: a search asks for each of its own several times
_ARRAYS = ("keys", "begins", "rows", "counts", "weights", "lengths")


class Lexical:
    """A BM25 index over passages.

    `postings` hold the rows of every term, `weights` what each adds to its row's score, `lengths` (n,) the number of
    terms a row has.
    """

    def __init__(self, postings: Postings, weights: Array, lengths: Array) -> None:
        self.postings, self._weights, self.lengths = postings, weights, lengths
        self._keys, self._begins = postings.keys[:], postings.begins[:]
        self.rows_with = lru_cache(_RECENT)(self._rows_with)

    @classmethod
    def build(cls, documents: Sequence[Sequence[str]]) -> Lexical:
        """From the terms of each passage, in row order; a passage may have none."""
        blocks = Blocks()
        for row, document in enumerate(documents):
            blocks.add(row, document)
        blocks.end()
        lengths = np.array([len(document) for document in documents], np.int32)
        parts = list(merged([(block, None) for block in blocks.done], lengths))
        empty = [np.zeros(0, t) for t in (np.uint64, np.int64, np.int32, np.uint16, np.float32)]
        keys, sizes, rows, counts, weights = map(np.concatenate, zip(empty, *parts, strict=True))
        return cls(Postings(keys, np.append(0, np.cumsum(sizes)), rows, counts), weights, lengths)

    @classmethod
    def write(cls, folder: Path, sources: Sequence[tuple[Postings, np.ndarray | None]], lengths: np.ndarray) -> None:
        """From `sources` as `merged` takes them, into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        keys, sizes = [np.zeros(0, np.uint64)], [np.zeros(1, np.int64)]
        with (
            Growing(folder / "rows.npy", np.int32) as rows, Growing(folder / "counts.npy", np.uint16) as counts,
            Growing(folder / "weights.npy", np.float32) as weights,
        ):
            for some, size, *columns in merged(sources, lengths):
                keys.append(some)
                sizes.append(size)
                for file, values in zip((rows, counts, weights), columns, strict=True):
                    file.add(values)
        rest = {"keys": np.concatenate(keys), "begins": np.cumsum(np.concatenate(sizes)), "lengths": lengths}
        for name, values in rest.items():
            np.save(folder / f"{name}.npy", values, allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, checks: Checks | None = None) -> Lexical:
        """The index saved in `folder`, mapped into memory."""
        keys, begins, rows, counts, weights, lengths = (array(folder / f"{name}.npy", checks) for name in _ARRAYS)
        return cls(Postings(keys, begins, rows, counts), weights, lengths)

    def __len__(self) -> int:
        return len(self.lengths)

    def __contains__(self, term: str) -> bool:
        """True if any passage has the term."""
        return bool(self.known([term]))

    def _rows_with(self, term: str) -> np.ndarray:
        """The rows that have the term, ascending."""
        (column,) = self._columns([term])
        return self.postings.rows[self._begins[column] : self._begins[column + 1]] if column >= 0 else np.zeros(0, np.int32)

    def having(self, term: str, rows: np.ndarray) -> np.ndarray:
        """(len(rows),) True where the row has the term."""
        own = self.rows_with(term)
        if not len(own):
            return np.zeros(len(rows), dtype=bool)
        return own[np.minimum(np.searchsorted(own, rows), len(own) - 1)] == rows

    def _columns(self, terms: Sequence[str]) -> np.ndarray:
        """(n,) the number of each term, -1 for one that no passage has."""
        wanted = np.array([key(t) for t in terms], np.uint64)
        if not len(self._keys):
            return np.full(len(wanted), -1)
        found = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[found] == wanted, found, -1)

    def known(self, query_terms: Sequence[str]) -> list[str]:
        """Those of the terms that any passage has, without repetitions, in order."""
        terms = list(dict.fromkeys(query_terms))
        return [t for t, column in zip(terms, self._columns(terms).tolist(), strict=True) if column >= 0]

    def matched(self, query_terms: Sequence[str], rows: Sequence[int]) -> list[tuple[str, ...]]:
        """For each of the rows those of the terms that it has, in order, without repetitions."""
        known, rows = self.known(query_terms), np.asarray(rows, dtype=np.int64)
        held = [self.having(t, rows).tolist() for t in known]
        return [tuple(t for t, having in zip(known, held, strict=True) if having[i]) for i in range(len(rows))]

    def search(
        self, query_terms: Sequence[str], k: int, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """The `k` rows with the highest BM25 sums as (row, score), best first, ties by row; rows with 0 are left out.

        `among` limits the search to these rows.
        """
        return self.search_each(query_terms, k, [range(len(self)) if among is None else among])[0]

    def search_each(
        self, query_terms: Sequence[str], k: int, groups: Sequence[Sequence[int]]
    ) -> list[list[tuple[int, float]]]:
        """`search` in each group of rows, over one reading of the postings."""
        columns = [c for c in self._columns(list(dict.fromkeys(query_terms))).tolist() if c >= 0]
        if not columns or k <= 0:
            return [[] for _ in groups]
        scores = np.zeros(len(self), dtype=np.float32)
        for column in columns:
            own = slice(self._begins[column], self._begins[column + 1])
            np.add.at(scores, self.postings.rows[own], self._weights[own])  # half the time of scores[...] +=
        return [_best(scores, np.asarray(rows, dtype=np.int64), k) for rows in groups]


def _best(scores: np.ndarray, rows: np.ndarray, k: int) -> list[tuple[int, float]]:
    own = scores[rows]
    kept = np.flatnonzero(own >= _least(own, k))
    order = kept[np.lexsort((rows[kept], -own[kept]))[:k]]
    return list(zip(rows[order].tolist(), own[order].tolist(), strict=True))


def _least(scores: np.ndarray, k: int) -> float:
    """What the `k` highest scores above 0 reach at least: the k-th of the highest in each of some pieces, of which the best
    may hold several. A pass over a million scores, where partitioning them takes ten."""
    above = float(np.finfo(np.float32).tiny)
    size = len(scores) // (_PIECES * k)
    if not size:
        return above
    highest = scores[: size * _PIECES * k].reshape(-1, size).max(axis=1)
    return max(above, float(np.partition(highest, len(highest) - k)[len(highest) - k]))
