"""The postings of BM25, made block by block, so that an index of any size is built in the memory of one block."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from index.files import Array, array

K1, B = 1.2, 0.6
_ROWS = 2048  # a block
_CHUNK = 1 << 18  # postings merged at once
_SHORT = 8
_ARRAYS = ("keys", "begins", "rows", "counts")


@lru_cache(1 << 16)
def key(term: str) -> int:
    """A term as 64 bits: its own bytes where it has less than eight of them, else 63 bits of their hash.

    Two of five million long terms share a key in one of a million indexes; they are then one term.
    """
    text = term.encode("utf-8", "surrogatepass")
    if len(text) < _SHORT:
        return int.from_bytes(text, "little")
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") | 1 << 63


@dataclass(frozen=True, slots=True)
class Postings:
    """Terms by `keys` (u,), ascending; those of term t are `begins[t]:begins[t + 1]` of `rows`, ascending, and
    `counts`, how often the row has the term."""

    keys: Array
    begins: Array
    rows: Array
    counts: Array


class Blocks:
    """The postings of rows given in ascending order, kept in `scratch`, which is removed by `clear`."""

    def __init__(self, scratch: Path | None = None) -> None:
        self._scratch, self.done = scratch, []
        self._begin()

    def _begin(self) -> None:
        self._numbers: dict[str, int] = {}
        self._said: list[int] = []
        self._rows: list[int] = []
        self._lengths: list[int] = []

    def add(self, row: int, terms: Sequence[str]) -> None:
        """Takes the terms of a row, with repetitions."""
        numbers = self._numbers
        self._said += [numbers.setdefault(term, len(numbers)) for term in terms]
        self._rows.append(row)
        self._lengths.append(len(terms))
        if len(self._rows) == _ROWS:
            self.end()

    def end(self) -> None:
        """Closes the last block."""
        if self._rows:
            made = _block(list(self._numbers), self._said, self._rows, self._lengths)
            self.done.append(made if self._scratch is None else self._kept(made))
            self._begin()

    def clear(self) -> None:
        """Removes what was kept."""
        self.done = []
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _kept(self, made: Postings) -> Postings:
        self._scratch.mkdir(parents=True, exist_ok=True)
        paths = [self._scratch / f"{len(self.done)}-{name}.npy" for name in _ARRAYS]
        for path, name in zip(paths, _ARRAYS, strict=True):
            np.save(path, getattr(made, name), allow_pickle=False)
        return Postings(*map(array, paths))


def _block(terms: list[str], said: list[int], rows: list[int], lengths: list[int]) -> Postings:
    keys, place = np.unique(np.array([key(t) for t in terms], np.uint64), return_inverse=True)
    at = np.repeat(np.arange(len(rows)), lengths)
    pairs, counts = np.unique(place[np.array(said, np.int64)] * len(rows) + at, return_counts=True)
    begins = np.searchsorted(pairs, np.arange(len(keys) + 1) * len(rows))
    own = np.array(rows, np.int32)[pairs % len(rows)] if len(pairs) else np.zeros(0, np.int32)
    return Postings(keys, begins, own, np.minimum(counts, 65535).astype(np.uint16))


def merged(
    sources: Sequence[tuple[Postings, np.ndarray | None]], lengths: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """keys, sizes, rows, counts and weights of all terms, some of them at a time, in ascending order of keys.

    A source's second item gives the new number of each of its rows, ascending, -1 for one that is left out. `lengths`
    (n,) are how many terms each row has. A weight is what the term adds to a row's score, in Lucene's form of BM25
    (Kamphuis et al., ECIR 2020): idf = ln(1 + (N - n + .5) / (n + .5)), times tf / (tf + k1 (1 - b + b |d| / avg)).
    """
    keys = np.unique(np.concatenate([s.keys[:] for s, _ in sources])) if sources else np.zeros(0, np.uint64)
    sizes = np.zeros(len(keys), np.int64)
    for source, _ in sources:
        sizes[np.searchsorted(keys, source.keys[:])] += np.diff(source.begins[:])
    norms = K1 * ((1 - B) + B * lengths / (lengths.mean() if lengths.any() else 1.0))
    for first, last in _ranges(sizes):
        found = [_between(s, mapped, keys[first:last]) for s, mapped in sources]
        number, rows, counts = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.argsort(number * len(lengths) + rows, kind="stable")
        number, rows, counts = number[order], rows[order], counts[order]
        having = np.bincount(number, minlength=last - first)
        idf = np.log(1 + (len(lengths) - having + 0.5) / (having + 0.5)).astype(np.float32)
        weights = (idf[number] * (counts / (norms[rows] + counts))).astype(np.float32)
        yield keys[first:last][having > 0], having[having > 0], rows, counts, weights


def _ranges(sizes: np.ndarray) -> Iterable[tuple[int, int]]:
    ends, first = np.cumsum(sizes), 0
    while first < len(sizes):
        done = ends[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
        yield first, last
        first = last


def _between(source: Postings, mapped: np.ndarray | None, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The number in `keys` (a run of them), the row and the count of the source's postings of these terms."""
    first, last = np.searchsorted(source.keys[:], keys[0]), np.searchsorted(source.keys[:], keys[-1], side="right")
    begins = source.begins[first : last + 1]
    number = np.repeat(np.searchsorted(keys, source.keys[first:last]), np.diff(begins))
    rows, counts = source.rows[begins[0] : begins[-1]], source.counts[begins[0] : begins[-1]]
    if mapped is None:
        return number, rows.astype(np.int64), counts
    kept = mapped[rows]
    return number[kept >= 0], kept[kept >= 0].astype(np.int64), counts[kept >= 0]
