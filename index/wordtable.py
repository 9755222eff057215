"""The words of all passages for late interaction, stored once: MaxSim over hundreds of passages in milliseconds."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from index import interaction
from index.files import Array, Checks, Growing, array
from index.types import Embedder, Passage
from index.wordcutting import Cut, Types, cut

_BATCH = 256
_WORDS = 1 << 22  # read at once
Part = tuple[int, int] | tuple[Sequence[str], Sequence[Sequence[int]]]  # rows of an old table, or texts and starts
ARRAYS = ("types", "sizes", "keys", "ids", "pairs", "sentences", "rows")


class WordTable:
    """Rows of texts, each cut into sentences, each a run of words; a word is a number into a table of types.

    `types` is (t, dim) int8, unit rows divided by their scales; `sizes` (t, 2) are scales and lengths, `keys` (t,) what types
    are told apart by; `ids` and `pairs` (w,) are each word's type and the length of its sum with the next word
    (0 where they do not stand together); `sentences` (s + 1,) are the words at which sentences begin, `rows` (r + 1,)
    the sentences at which rows begin. A pair's cosine with q is (q.a + q.b) / |a + b|, so that pairs need no vectors
    of their own.
    """

    def __init__(self, types: Array, sizes: Array, keys: Array, ids: Array, pairs: Array, sentences: Array, rows: Array) -> None:
        self.types, self.sizes, self.keys = types, sizes, keys
        self.ids, self.pairs, self.sentences, self.rows = ids, pairs, sentences, rows

    @classmethod
    def build(cls, texts: Sequence[str], starts: Sequence[Sequence[int]], embedder: Embedder) -> WordTable | None:
        """From texts and the offsets in them at which their sentences begin; a text may have none.

        None if the encoder's token vectors hang on their context and there are too many to keep.
        """
        types, parts = Types(embedder), [Cut.none()]
        for at in range(0, len(texts), _BATCH):
            parts.append(cut(texts[at : at + _BATCH], starts[at : at + _BATCH], types))
            if types.too_many:
                return None
        ids, pairs, words, sentences = (np.concatenate(column) for column in zip(*parts, strict=True))
        return cls(*types.arrays(), ids, pairs, np.append(0, np.cumsum(words)), np.append(0, np.cumsum(sentences)))

    @classmethod
    def write(cls, folder: Path, parts: Iterable[Part], embedder: Embedder, old: WordTable | None = None) -> bool:
        """Into the folder, a part in memory at a time; False, and nothing is written, where `build` gives None.

        Types come in the order of their keys, so that a table made from an old one is that made anew.
        """
        folder.mkdir(parents=True, exist_ok=True)
        types = Types(embedder)
        if old is not None:
            types.start(old.types[:], old.sizes[:], old.keys[:], len(old.ids))
        met = folder / "met.npy"  # the types' numbers in the order they were met
        with Growing(met, np.int32) as ids, Growing(folder / "pairs.npy", np.float32) as pairs:
            words, sentences = [np.zeros(1, np.int64)], [np.zeros(1, np.int64)]
            for part in parts:
                made = old.cut(*part) if isinstance(part[0], int) else cut(*part, types)
                for column, values in zip((ids, pairs), made[:2], strict=True):
                    column.add(values)
                words.append(made.words)
                sentences.append(made.sentences)
                if types.too_many:
                    shutil.rmtree(folder)
                    return False
        _sorted(folder, array(met), types.arrays())
        met.unlink()
        for name, counts in (("sentences", words), ("rows", sentences)):
            np.save(folder / f"{name}.npy", np.cumsum(np.concatenate(counts)), allow_pickle=False)
        return True

    def cut(self, first: int, last: int) -> Cut:
        """The rows from `first` to `last` as they were put in."""
        rows = self.rows[first : last + 1]
        sentences = self.sentences[rows[0] : rows[-1] + 1]
        own = slice(sentences[0], sentences[-1])
        return Cut(self.ids[own], self.pairs[own], np.diff(sentences), np.diff(rows))

    def save(self, folder: Path) -> None:
        """Writes one npy file an array to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, name)[:], allow_pickle=False)

    @classmethod
    def open(cls, folder: Path, checks: Checks | None = None) -> WordTable:
        """The table saved in `folder`, mapped into memory."""
        return cls(*(array(folder / f"{name}.npy", checks) for name in ARRAYS))

    def __len__(self) -> int:
        return len(self.rows) - 1

    def matches(self, asked: interaction.Words, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """The (s, n) matches of each question word with each sentence of the rows in turn, 0..1, and the (r,) numbers
        of the rows' first sentences. A text matches as well as the best of its sentences."""
        picked = np.asarray(rows, dtype=np.int64)
        counts = self.rows[picked + 1] - self.rows[picked]
        sentences = runs(self.rows[picked], counts)
        lengths = self.sentences[sentences + 1] - self.sentences[sentences]
        words = runs(self.sentences[sentences], lengths)
        out = np.zeros((len(sentences), len(asked.weights)), np.float32)
        if len(words) and len(asked.weights):
            ids = self.ids[words]
            used = np.zeros(len(self.keys), dtype=bool)  # marked, not sorted: a tenth of the time of np.unique
            used[ids] = True
            used = np.flatnonzero(used)
            place = np.empty(len(self.keys), np.int32)
            place[used] = np.arange(len(used), dtype=np.int32)
            scales, norms = self.sizes[used].T
            cosines = (asked.vectors @ self.types[used].astype(np.float32).T) * scales
            at = place[ids]
            best, sums = cosines[:, at], (cosines * norms)[:, at]
            length = self.pairs[words]
            sums[:, :-1] += sums[:, 1:]
            sums /= np.where(length, length, np.inf)
            np.maximum(best, sums, out=best)
            held = np.flatnonzero(lengths)
            begin = np.cumsum(lengths) - lengths
            out[held] = interaction.stretched(np.maximum.reduceat(best, begin[held], axis=1)).T
        return out, np.cumsum(counts) - counts


def sentence_starts(passage: Passage) -> list[int]:
    """Where the sentences of a passage begin, in offsets of its text; one sentence if it names none."""
    return [s.start - passage.start for s in passage.sentences] or [0]


def _sorted(folder: Path, met: np.ndarray, arrays: tuple[np.ndarray, ...]) -> None:
    """Writes the types that are used, by key, and the words' numbers among them."""
    used = np.zeros(len(arrays[-1]), dtype=bool)
    for at in range(0, len(met), _WORDS):
        used[met[at : at + _WORDS]] = True
    order = np.flatnonzero(used)
    order = order[np.argsort(arrays[-1][order])]
    place = np.zeros(len(used), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    for name, values in zip(ARRAYS, arrays, strict=False):
        np.save(folder / f"{name}.npy", values[order], allow_pickle=False)
    with Growing(folder / "ids.npy", np.int32) as ids:
        for at in range(0, len(met), _WORDS):
            ids.add(place[met[at : at + _WORDS]])


def runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """start, start + 1, ... for each run, one after the other."""
    total = int(lengths.sum())
    return np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(total)
