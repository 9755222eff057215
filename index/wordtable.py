"""The words of all passages for late interaction, stored once: MaxSim over hundreds of passages in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from index import interaction
from index.errors import IndexCorrupt
from index.normalise import normalise
from index.types import Article, Embedder, Passage

_BATCH = 256
_ARRAYS = ("types", "scales", "norms", "ids", "pairs", "sentences", "rows")
# An encoder that gives a word another vector wherever it stands has as many types as words: beyond this number the
# table would outgrow the index, and words are made when they are needed.
_TYPES = 50_000


class WordTable:
    """Rows of texts, each cut into sentences, each a run of words; a word is a number into a table of types.

    `types` is (t, dim) int8, unit rows divided by their `scales` (t,), and `norms` (t,) the lengths; `ids` and `pairs` (w,) are each word's type
    and the length of its sum with the next word (0 where they do not stand together); `sentences` (s + 1,) are the
    words at which sentences begin, `rows` (r + 1,) the sentences at which rows begin. A pair's cosine with q is
    (q.a + q.b) / |a + b|, so that pairs need no vectors of their own.
    """

    def __init__(self, types, scales, norms, ids, pairs, sentences, rows) -> None:
        self._types, self._scales, self._norms, self._ids, self._pairs = types, scales, norms, ids, pairs
        self._sentences, self._rows = sentences, rows

    @classmethod
    def build(cls, texts: Sequence[str], starts: Sequence[Sequence[int]], embedder: Embedder) -> WordTable | None:
        """From texts and the offsets in them at which their sentences begin; a text may have none.

        None if the encoder's token vectors hang on their context and there are too many to keep.
        """
        types: dict[bytes, int] = {}
        vectors: list[np.ndarray] = []
        ids: list[int] = []
        pairs: list[np.ndarray] = []
        sentences, rows = [0], [0]
        for at in range(0, len(texts), _BATCH):
            folded = [normalise(text) for text in texts[at : at + _BATCH]]
            tokens = embedder.token_vectors([f.text for f in folded])
            for own, f, begins in zip(tokens, folded, starts[at : at + _BATCH], strict=True):
                sums, first, last = interaction.word_sums(f.text, own)
                for vector in sums:
                    key = vector.tobytes()
                    if key not in types:
                        types[key] = len(types)
                        vectors.append(vector)
                    ids.append(types[key])
                length = np.zeros(len(sums), np.float32)
                length[:-1] = np.linalg.norm(sums[:-1] + sums[1:], axis=1) * interaction.neighbours(first, last)
                pairs.append(length)
                places = [f.starts[own.spans[i].start] for i in first]
                cuts = np.searchsorted(places, np.asarray(begins[1:], dtype=np.int64)) if places else [0] * len(begins[1:])
                sentences += [*(sentences[-1] + int(c) for c in cuts), len(ids)] if begins else [len(ids)]
                rows.append(len(sentences) - 1)
            if len(types) > _TYPES and 2 * len(types) > len(ids):
                return None
        bounds = np.array(sentences, np.int64), np.array(rows, np.int64)
        return cls(*_unit(vectors, embedder.dim), np.array(ids, np.int32), _joined(pairs), *bounds)

    def save(self, folder: Path) -> None:
        """Writes one npy file an array to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _ARRAYS:
            np.save(folder / f"{name}.npy", getattr(self, f"_{name}"), allow_pickle=False)

    @classmethod
    def open(cls, folder: Path) -> WordTable:
        """The table saved in `folder`, mapped into memory."""
        try:
            mapped = (np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False) for name in _ARRAYS)
            return cls(*map(np.asarray, mapped))  # plain views of the same memory: a memmap's own slicing is slow
        except (OSError, ValueError) as error:
            raise IndexCorrupt(f"{folder.name}/ cannot be read; rebuild: crosscite build") from error

    def __len__(self) -> int:
        return len(self._rows) - 1

    def matches(self, asked: interaction.Words, rows: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """The (s, n) matches of each question word with each sentence of the rows in turn, 0..1, and the (r,) numbers
        of the rows' first sentences. A text matches as well as the best of its sentences."""
        picked = np.asarray(rows, dtype=np.int64)
        counts = self._rows[picked + 1] - self._rows[picked]
        sentences = _runs(self._rows[picked], counts)
        lengths = self._sentences[sentences + 1] - self._sentences[sentences]
        words = _runs(self._sentences[sentences], lengths)
        out = np.zeros((len(sentences), len(asked.weights)), np.float32)
        if len(words) and len(asked.weights):
            ids = self._ids[words]
            used = np.zeros(len(self._norms), dtype=bool)  # marked, not sorted: a tenth of the time of np.unique
            used[ids] = True
            place = np.cumsum(used, dtype=np.int32)
            used = np.flatnonzero(used)
            cosines = (asked.vectors @ self._types[used].astype(np.float32).T) * self._scales[used]
            at = place[ids] - 1
            best, sums = cosines[:, at], (cosines * self._norms[used])[:, at]
            length = self._pairs[words]
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


def words_of_all(articles: Iterable[Article], passages: Sequence[Passage], embedder: Embedder) -> WordTable | None:
    """The table of the passages in their order, and behind them of the articles' titles."""
    titles = [a.title for a in articles]
    starts = [*(sentence_starts(p) for p in passages), *([0] for _ in titles)]
    return WordTable.build([*(p.text for p in passages), *titles], starts, embedder)


def _runs(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """start, start + 1, ... for each run, one after the other."""
    total = int(lengths.sum())
    return np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(total)


def _unit(vectors: list[np.ndarray], dim: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Types, scales and norms of word vectors."""
    matrix = np.stack(vectors) if vectors else np.zeros((0, dim), np.float32)
    norms = np.linalg.norm(matrix, axis=1)
    unit = matrix / np.maximum(norms, 1e-12)[:, None]
    scales = np.maximum(np.abs(unit).max(axis=1, initial=0), 1e-12) / 127
    return np.rint(unit / scales[:, None]).astype(np.int8), scales.astype(np.float32), norms.astype(np.float32)


def _joined(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.float32)
