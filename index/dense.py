"""Inner-product search over unit vectors, language by language.

A group (the passages of one language) of at most `EXACT` rows is compared whole. A larger one is cut into lists by
FAISS's spherical k-means, and the `PROBES` lists whose centres are nearest to the query are compared; every language is asked
through lists of its own, so that none is crowded out where the encoder lays languages apart. Lists are compared by
vectors of a byte a number, a quarter of the memory to read, and the best `AGAIN` times as many as are asked for once more
in full: the cosines that are given are those of the exact search.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from index import coded
from index.errors import IndexCorrupt
from index.files import Array, Checks, Growing, array

# Of four languages (python -m eval.scale) 96 lists find 0.97 of the nearest ten and 0.93 of the nearest forty at 100,000
# passages, 0.99 and 0.95 at a million; what the bytes lose of that is below 0.0001.
EXACT = 20_000
PROBES = 96
AGAIN = 2
_SAMPLE = 32  # rows a list that its centre is learnt from
_ROUNDS = 6
_BLOCK = 8192  # rows in memory at once
_VECTORS, _CODES, _GROUPS = "vectors.npy", "codes.npy", "groups.json"
_ARRAYS = ("order", "lists", "centres", "ranges")


def lists_for(rows: int) -> int:
    """How many lists a group of so many rows is cut into: four times the root, at most 2048, so that building stays linear."""
    return 1 if rows <= EXACT else min(2048, int(4 * rows**0.5))


class Dense:
    """Vectors of passages. Scores are cosines, since all rows are unit rows.

    `vectors` (n, dim) stand place by place; `order` (n, 2) gives for i the row at place i and the place of row i. List i
    is the places from `lists[i]` to `lists[i + 1]`, with centre `centres[i]`; `groups` are a tag's first list and the
    list after its last. `codes` (m, dim) are the `coded` vectors of the groups that are cut, one group after the other,
    `ranges` (2 g, dim) the ranges of all groups.
    """

    def __init__(
        self, vectors: Array, codes: Array, order: Array, lists: Array, centres: Array, ranges: Array,
        groups: Mapping[str, Sequence[int]],
    ) -> None:
        self._vectors, self._codes, self._order, self._centres, self._groups = vectors, codes, order, centres, groups
        self._lists = lists[:]
        self._coded: dict[str, tuple[int, np.ndarray]] = {}  # how far the codes of a group that is cut lie from its places
        cut = 0
        for number, (tag, (first, last)) in enumerate(groups.items()):
            if last - first > 1:
                self._coded[tag] = cut - int(self._lists[first]), ranges[2 * number : 2 * number + 2]
                cut += int(self._lists[last] - self._lists[first])

    @classmethod
    def build(cls, vectors: np.ndarray, tags: Sequence[str] = ("",), codes: np.ndarray | None = None) -> Dense:
        """From (n, dim) float32 unit rows, row i in group `tags[codes[i]]`; ValueError if a row's length is not 1."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        refuse_others(vectors)
        plan = _arranged(vectors, tags, np.zeros(len(vectors), int) if codes is None else codes)
        none = np.zeros((0, vectors.shape[1]), np.float32), np.zeros((0, vectors.shape[1]), np.uint8)
        return cls(*map(np.concatenate, zip(none, *_placed(vectors, *plan), strict=True)), *plan)

    @classmethod
    def write(cls, folder: Path, vectors, tags: Sequence[str], codes: np.ndarray) -> None:
        """As `build`, into the folder, with some thousand rows in memory at once; `vectors[rows]` gives rows by number."""
        folder.mkdir(parents=True, exist_ok=True)
        plan = _arranged(vectors, tags, codes)
        dim = vectors.shape[1]
        with Growing(folder / _VECTORS, np.float32, dim) as full, Growing(folder / _CODES, np.uint8, dim) as short:
            for some, code in _placed(vectors, *plan):
                refuse_others(some)
                full.add(some)
                short.add(code)
        _save(folder, *plan)

    @classmethod
    def open(cls, folder: Path, checks: Checks | None = None) -> Dense:
        """The vectors saved in `folder`, mapped into memory, not read."""
        try:
            groups = json.loads((folder / _GROUPS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise IndexCorrupt(f"{folder.name}/ cannot be read; rebuild: crosscite build") from error
        vectors, *arrays = (array(folder / name, checks) for name in (_VECTORS, _CODES, *(f"{n}.npy" for n in _ARRAYS)))
        return cls(vectors, *arrays, groups)

    def __len__(self) -> int:
        return len(self._order)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """(m, dim) float32: the vectors of these rows."""
        return self._vectors[self._order[rows][:, 1]]

    def places(self, tag: str) -> tuple[int, int]:
        """Where a group's vectors stand: `at(slice(*places(tag)))` are all of them."""
        first, last = self._groups[tag]
        return int(self._lists[first]), int(self._lists[last])

    def at(self, places: slice) -> np.ndarray:
        """(m, dim) float32: the vectors at these places."""
        return self._vectors[places]

    def cosines(self, query: np.ndarray, rows: Sequence[int]) -> np.ndarray:
        """(len(rows),) the cosines of these rows with one (dim,) unit vector."""
        return self[np.asarray(rows, dtype=np.int64)] @ np.asarray(query, dtype=np.float32)

    def search(self, query: np.ndarray, k: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The `k` rows nearest to one (dim,) unit vector as (row, cosine), best first, ties by row; all are compared.

        `among` limits the search to these rows.
        """
        if among is None:
            return self._best(query, k, 0, len(self))
        rows = np.asarray(among, dtype=np.int64)
        return _first(rows, self.cosines(query, rows), k)

    def search_group(self, query: np.ndarray, k: int, tag: str, probes: int = PROBES) -> list[tuple[int, float]]:
        """The `k` rows of a group nearest to the query, as `search`, among those of its nearest lists; `probes` are
        how many lists are compared. KeyError if there is no such group."""
        if tag not in self._coded:
            return self._best(query, k, *self.places(tag))
        if k <= 0:
            return []
        query = np.asarray(query, np.float32)
        first, last = self._groups[tag]
        lists = np.arange(first, last)
        if len(lists) > probes:
            near = self._centres[first:last] @ query
            lists = first + np.sort(np.argpartition(-near, probes)[:probes])
        far, ranges = self._coded[tag]
        runs = zip((self._lists[lists] + far).tolist(), (self._lists[lists + 1] + far).tolist(), strict=True)
        places = coded.nearest(self._codes, ranges, query, AGAIN * k, runs) - far
        return _first(self._order[places][:, 0], self._vectors[places] @ query, k)

    def _best(self, query: np.ndarray, k: int, begin: int, end: int) -> list[tuple[int, float]]:
        if k <= 0 or begin == end:
            return []
        # One query at a time, where the product of matrix and vector reads memory twice as fast as faiss.knn does.
        cosines = self._vectors[begin:end] @ np.asarray(query, dtype=np.float32)
        least = np.partition(cosines, -k)[-k] if k < len(cosines) else -np.inf
        kept = np.flatnonzero(cosines >= least)
        return _first(self._order[begin + kept][:, 0], cosines[kept], k)


def _first(rows: np.ndarray, scores: np.ndarray, k: int) -> list[tuple[int, float]]:
    order = np.lexsort((rows, -scores))[: max(k, 0)]
    return list(zip(rows[order].tolist(), scores[order].tolist(), strict=True))


def _save(folder: Path, *plan) -> None:
    *arrays, groups = plan
    for name, values in zip(_ARRAYS, arrays, strict=True):
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
    (folder / _GROUPS).write_text(json.dumps(groups), encoding="utf-8")


def refuse_others(vectors: np.ndarray) -> None:
    """ValueError if a row's length is not 1."""
    norms = np.linalg.norm(vectors, axis=1)
    if len(vectors) and not np.allclose(norms, 1, atol=1e-3):
        raise ValueError(f"rows must be unit rows, got lengths from {norms.min():.4f} to {norms.max():.4f}")


def _arranged(vectors, tags: Sequence[str], codes: np.ndarray) -> tuple:
    """order, lists, centres, ranges and groups, as `Dense` takes them."""
    rows, sizes, groups = [], [], {}
    centres, ranges = [np.zeros((0, vectors.shape[1]), np.float32)], []
    for code, tag in enumerate(tags):
        own = np.flatnonzero(codes == code).astype(np.int32)
        middle, wide = _learnt(vectors, own)
        found = _nearest(vectors, own, middle)
        rows.append(own[np.argsort(found, kind="stable")])
        groups[tag] = [len(sizes), len(sizes) + len(middle)]
        sizes += np.bincount(found, minlength=len(middle)).tolist()
        centres.append(middle)
        ranges.append(wide)
    order = np.zeros((len(vectors), 2), np.int32)
    order[:, 0] = np.concatenate(rows)
    order[order[:, 0], 1] = np.arange(len(order), dtype=np.int32)
    return order, np.cumsum([0, *sizes]), np.concatenate(centres), np.concatenate(ranges), groups


def _placed(vectors, order: np.ndarray, lists: np.ndarray, centres: np.ndarray, ranges: np.ndarray, groups) -> Iterator:
    """The vectors place by place, some at a time, with their codes where their group is cut."""
    for number, (first, last) in enumerate(groups.values()):
        for block in _blocks(order[lists[first] : lists[last], 0]):
            some = vectors[block]
            cut = last - first > 1
            yield some, coded.encoded(some, ranges[2 * number : 2 * number + 2]) if cut else np.zeros((0, some.shape[1]), np.uint8)


def _learnt(vectors, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(lists, dim) the centres of the lists of a group, and its `coded.ranges_of`; zeros where it is compared whole."""
    count = lists_for(len(rows))
    if count == 1:
        return np.zeros((1, vectors.shape[1]), np.float32), np.zeros((2, vectors.shape[1]), np.float32)
    import faiss

    sample = np.sort(np.random.default_rng(0).choice(rows, min(len(rows), _SAMPLE * count), replace=False))
    found = np.concatenate([vectors[block] for block in _blocks(sample)])
    kmeans = faiss.Kmeans(found.shape[1], count, niter=_ROUNDS, spherical=True, seed=1, min_points_per_centroid=1)
    kmeans.train(found)
    return kmeans.centroids, coded.ranges_of(found)


def _nearest(vectors, rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(n,) the list of each row."""
    if len(centres) == 1:
        return np.zeros(len(rows), np.int64)
    return np.concatenate([(vectors[block] @ centres.T).argmax(axis=1) for block in _blocks(rows)])


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[at : at + _BLOCK] for at in range(0, len(rows), _BLOCK))
