"""Inner-product search over unit vectors, language by language, with FAISS.

A group (the passages of one language) of at most `EXACT` rows is compared whole. A larger one is cut into lists by
spherical k-means, and the `PROBES` lists whose centres are nearest to the query are compared; every language is asked
through lists of its own, so that none is crowded out where the encoder lays languages apart. The vectors stand in the
file list by list, in full: a list is one run of memory, and its cosines are those of the exact search.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from index.errors import IndexCorrupt
from index.files import Array, Checks, Growing, array

# At 100,000 passages of four languages (python -m eval.scale) 96 of 630 lists find 0.97 of the nearest ten and 0.93 of the
# nearest forty.
EXACT = 20_000
PROBES = 96
_SAMPLE = 32  # rows a list that its centre is learnt from
_ROUNDS = 6
_BLOCK = 8192  # rows in memory at once
_VECTORS, _GROUPS = "vectors.npy", "groups.json"
_ARRAYS = ("order", "lists", "centres")


def lists_for(rows: int) -> int:
    """How many lists a group of so many rows is cut into: four times the root, at most 2048, so that building stays linear."""
    return 1 if rows <= EXACT else min(2048, int(4 * rows**0.5))


class Dense:
    """Vectors of passages. Scores are cosines, since all rows are unit rows.

    `vectors` (n, dim) stand place by place; `order` (n, 2) gives for i the row at place i and the place of row i. List i
    is the places from `lists[i]` to `lists[i + 1]`, with centre `centres[i]`; `groups` are a tag's first list and the
    list after its last.
    """

    def __init__(self, vectors: Array, order: Array, lists: Array, centres: Array, groups: Mapping[str, Sequence[int]]) -> None:
        self._vectors, self._order, self._centres, self._groups = vectors, order, centres, groups
        self._lists = lists[:]

    @classmethod
    def build(cls, vectors: np.ndarray, tags: Sequence[str] = ("",), codes: np.ndarray | None = None) -> Dense:
        """From (n, dim) float32 unit rows, row i in group `tags[codes[i]]`; ValueError if a row's length is not 1."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        refuse_others(vectors)
        order, *rest = _arranged(vectors, tags, np.zeros(len(vectors), int) if codes is None else codes)
        return cls(vectors[order[:, 0]], order, *rest)

    @classmethod
    def write(cls, folder: Path, vectors, tags: Sequence[str], codes: np.ndarray) -> None:
        """As `build`, into the folder, with some thousand rows in memory at once; `vectors[rows]` gives rows by number."""
        folder.mkdir(parents=True, exist_ok=True)
        order, *rest = _arranged(vectors, tags, codes)
        with Growing(folder / _VECTORS, np.float32, vectors.shape[1]) as file:
            for block in _blocks(order[:, 0]):
                file.add(found := vectors[block])
                refuse_others(found)
        _save(folder, order, *rest)

    def save(self, folder: Path) -> None:
        """Writes one npy file an array to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / _VECTORS, self._vectors[:], allow_pickle=False)
        _save(folder, self._order[:], self._lists, self._centres[:], self._groups)

    @classmethod
    def open(cls, folder: Path, checks: Checks | None = None) -> Dense:
        """The vectors saved in `folder`, mapped into memory, not read."""
        try:
            groups = json.loads((folder / _GROUPS).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise IndexCorrupt(f"{folder.name}/ cannot be read; rebuild: crosscite build") from error
        vectors, *arrays = (array(folder / name, checks) for name in (_VECTORS, *(f"{n}.npy" for n in _ARRAYS)))
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
            return self._best(query, k, [(0, len(self))])
        rows = np.asarray(among, dtype=np.int64)
        return _first(rows, self.cosines(query, rows), k)

    def search_group(self, query: np.ndarray, k: int, tag: str, probes: int = PROBES) -> list[tuple[int, float]]:
        """The `k` rows of a group nearest to the query, as `search`, among those of its nearest lists; `probes` are
        how many lists are compared. KeyError if there is no such group."""
        first, last = self._groups[tag]
        lists = np.arange(first, last)
        if len(lists) > probes:
            near = self._centres[first:last] @ np.asarray(query, np.float32)
            lists = first + np.sort(np.argpartition(-near, probes)[:probes])
        return self._best(query, k, zip(self._lists[lists].tolist(), self._lists[lists + 1].tolist(), strict=True))

    def _best(self, query: np.ndarray, k: int, runs) -> list[tuple[int, float]]:
        import faiss

        query = np.asarray(query, dtype=np.float32).reshape(1, -1)
        places, scores = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for begin, end in runs:
            if (most := min(k, end - begin)) > 0:
                cosines, found = faiss.knn(query, self._vectors[begin:end], most, metric=faiss.METRIC_INNER_PRODUCT)
                places.append(begin + found[0])
                scores.append(cosines[0])
        return _first(self._order[np.concatenate(places)][:, 0], np.concatenate(scores), k)


def _first(rows: np.ndarray, scores: np.ndarray, k: int) -> list[tuple[int, float]]:
    order = np.lexsort((rows, -scores))[: max(k, 0)]
    return list(zip(rows[order].tolist(), scores[order].tolist(), strict=True))


def _save(folder: Path, order: np.ndarray, lists: np.ndarray, centres: np.ndarray, groups: Mapping[str, Sequence[int]]) -> None:
    for name, values in zip(_ARRAYS, (order, lists, centres), strict=True):
        np.save(folder / f"{name}.npy", values, allow_pickle=False)
    (folder / _GROUPS).write_text(json.dumps(groups), encoding="utf-8")


def refuse_others(vectors: np.ndarray) -> None:
    """ValueError if a row's length is not 1."""
    norms = np.linalg.norm(vectors, axis=1)
    if len(vectors) and not np.allclose(norms, 1, atol=1e-3):
        raise ValueError(f"rows must be unit rows, got lengths from {norms.min():.4f} to {norms.max():.4f}")


def _arranged(vectors, tags: Sequence[str], codes: np.ndarray) -> tuple:
    """order, lists, centres and groups, as `Dense` takes them."""
    rows, sizes, groups = [], [], {}
    centres = [np.zeros((0, vectors.shape[1]), np.float32)]
    for code, tag in enumerate(tags):
        own = np.flatnonzero(codes == code).astype(np.int32)
        middle = _centres(vectors, own)
        found = _nearest(vectors, own, middle)
        rows.append(own[np.argsort(found, kind="stable")])
        groups[tag] = [len(sizes), len(sizes) + len(middle)]
        sizes += np.bincount(found, minlength=len(middle)).tolist()
        centres.append(middle)
    order = np.zeros((len(vectors), 2), np.int32)
    order[:, 0] = np.concatenate(rows)
    order[order[:, 0], 1] = np.arange(len(order), dtype=np.int32)
    return order, np.cumsum([0, *sizes]), np.concatenate(centres), groups


def _centres(vectors, rows: np.ndarray) -> np.ndarray:
    """(lists, dim) the centres of the lists of a group; one of zeros where it is compared whole."""
    count = lists_for(len(rows))
    if count == 1:
        return np.zeros((1, vectors.shape[1]), np.float32)
    import faiss

    sample = np.sort(np.random.default_rng(0).choice(rows, min(len(rows), _SAMPLE * count), replace=False))
    found = np.concatenate([vectors[block] for block in _blocks(sample)])
    kmeans = faiss.Kmeans(found.shape[1], count, niter=_ROUNDS, spherical=True, seed=1, min_points_per_centroid=1)
    kmeans.train(found)
    return kmeans.centroids


def _nearest(vectors, rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(n,) the list of each row."""
    if len(centres) == 1:
        return np.zeros(len(rows), np.int64)
    return np.concatenate([(vectors[block] @ centres.T).argmax(axis=1) for block in _blocks(rows)])


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[at : at + _BLOCK] for at in range(0, len(rows), _BLOCK))
