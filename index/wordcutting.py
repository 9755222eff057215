"""Texts cut into words for the word table: which types there are, and which each word is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from index import interaction
from index.normalise import normalise
from index.types import Embedder

# An encoder that gives a word another vector wherever it stands has as many types as words: beyond this number the
# table would outgrow the index, and words are made when they are needed.
_TYPES = 50_000


class Types:
    """The distinct word vectors met so far, in the order they were met."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder, self.words, self._count = embedder, 0, 0
        self._numbers: dict[int, int] = {}
        self._parts: list[tuple[np.ndarray, ...]] = []

    def start(self, types: np.ndarray, sizes: np.ndarray, keys: np.ndarray, words: int) -> None:
        """Takes the types of an earlier table with so many words, before any other."""
        self._numbers = {key: number for number, key in enumerate(keys.tolist())}
        self._parts, self.words, self._count = [(types, sizes, keys)], words, len(keys)

    def of(self, sums: np.ndarray) -> np.ndarray:
        """(n,) the numbers of the types of (n, dim) word vectors; those not met before are taken in."""
        found, first, inverse = np.unique(_keys(sums), return_index=True, return_inverse=True)
        numbers = [self._numbers.setdefault(key, len(self._numbers)) for key in found.tolist()]
        new = [i for i, number in enumerate(numbers) if number >= self._count]
        if new:
            new.sort(key=numbers.__getitem__)
            self._parts.append((*_unit(sums[first[new]]), found[new]))
            self._count += len(new)
        self.words += len(sums)
        return np.array(numbers, np.int32)[inverse]

    @property
    def too_many(self) -> bool:
        """True if the types hang on their context, and are not worth keeping."""
        return self._count > _TYPES and 2 * self._count > self.words

    def arrays(self) -> tuple[np.ndarray, ...]:
        """The types, their sizes and keys, as `WordTable` takes them."""
        dim = self._parts[0][0].shape[1] if self._parts else self.embedder.dim
        none = (*_unit(np.zeros((0, dim), np.float32)), np.zeros(0, np.uint64))
        return tuple(np.concatenate(column) for column in zip(none, *self._parts, strict=True))


class Cut(NamedTuple):
    """The words of some texts: their types, pair lengths; the words of each sentence, the sentences of each text."""

    ids: np.ndarray
    pairs: np.ndarray
    words: np.ndarray
    sentences: np.ndarray

    @classmethod
    def none(cls) -> Cut:
        """That of no text."""
        return cls(np.zeros(0, np.int32), np.zeros(0, np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))


def cut(texts: Sequence[str], starts: Sequence[Sequence[int]], types: Types) -> Cut:
    """The words of texts whose sentences begin at `starts`; a text without any is one sentence."""
    folded = [normalise(text) for text in texts]
    sums, pairs, words = [], [], []
    for own, f, begins in zip(types.embedder.token_vectors([f.text for f in folded]), folded, starts, strict=True):
        vectors, first, last = interaction.word_sums(f.text, own)
        length = np.zeros(len(vectors), np.float32)
        length[:-1] = np.linalg.norm(vectors[:-1] + vectors[1:], axis=1) * interaction.neighbours(first, last)
        places = [f.starts[own.spans[i].start] for i in first]
        inner = np.searchsorted(places, np.asarray(begins[1:], dtype=np.int64)) if places else [0] * len(begins[1:])
        sums.append(vectors)
        pairs.append(length)
        words += np.diff([0, *inner, len(vectors)]).tolist()
    sentences = np.array([max(1, len(begins)) for begins in starts], np.int64)
    if not sums:
        return Cut.none()
    return Cut(types.of(np.concatenate(sums)), np.concatenate(pairs), np.array(words, np.int64), sentences)


def _keys(sums: np.ndarray) -> np.ndarray:
    """(n,) 64 bits of each row's bytes, by multilinear hashing: equal rows have equal keys, others almost surely not."""
    bits = np.ascontiguousarray(sums, dtype=np.float32).view(np.uint32)
    mixed = (bits ^ (bits >> np.uint32(16))).astype(np.uint64)  # what is in the high bits alone must reach the low ones
    return mixed @ _multipliers(bits.shape[1])


@cache
def _multipliers(dim: int) -> np.ndarray:
    return np.random.default_rng(dim).integers(0, 2**64, dim, dtype=np.uint64) | np.uint64(1)


def _unit(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Types and sizes of word vectors."""
    norms = np.linalg.norm(matrix, axis=1)
    unit = matrix / np.maximum(norms, 1e-12)[:, None]
    scales = np.maximum(np.abs(unit).max(axis=1, initial=0), 1e-12) / 127
    return np.rint(unit / scales[:, None]).astype(np.int8), np.stack([scales, norms], axis=1).astype(np.float32)
