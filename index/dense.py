"""Exact inner-product search over unit vectors, with FAISS."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from index.errors import IndexCorrupt


class Dense:
    """Vectors of passages, searched exactly. Scores are cosines, since all rows are unit rows."""

    def __init__(self, index) -> None:
        self._index = index

    @classmethod
    def build(cls, vectors: np.ndarray) -> Dense:
        """From (n, dim) float32 unit rows; ValueError if a row's length is not 1."""
        import faiss

        norms = np.linalg.norm(vectors, axis=1)
        if len(vectors) and not np.allclose(norms, 1, atol=1e-3):
            raise ValueError(f"rows must be unit rows, got lengths from {norms.min():.4f} to {norms.max():.4f}")
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

    @classmethod
    def open(cls, path: Path) -> Dense:
        """The index saved at `path`, its vectors mapped into memory, not read."""
        import faiss

        data = np.memmap(path, dtype=np.uint8, mode="r")
        try:
            reader = faiss.ZeroCopyIOReader(faiss.swig_ptr(data), data.size)
            index = faiss.read_index(reader, faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexCorrupt(f"{path.name} cannot be read; rebuild: crosscite build") from error
        opened = cls(index)
        opened._data = data  # the mapping must outlive the index that points into it
        return opened

    def save(self, path: Path) -> None:
        """Writes the index through Python's own file I/O, which takes any folder name."""
        import faiss

        path.write_bytes(faiss.serialize_index(self._index).tobytes())

    def vectors(self) -> np.ndarray:
        """(n, dim) float32: the rows, in order."""
        return self._index.reconstruct_n(0, len(self))

    def cosines(self, query: np.ndarray, rows: Sequence[int]) -> np.ndarray:
        """(len(rows),) the cosines of these rows with one (dim,) unit vector."""
        return self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64)) @ np.asarray(query, dtype=np.float32)

    def __len__(self) -> int:
        return self._index.ntotal

    def search(self, query: np.ndarray, k: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The `k` rows nearest to one (dim,) unit vector as (row, cosine), best first, ties by row.

        `among` limits the search to these rows.
        """
        import faiss

        k = min(k, len(self) if among is None else len(among))
        if k <= 0:
            return []
        params = None
        if among is not None:
            # A bit a row: made in microseconds and asked in one step, where a set of ids is hashed row by row.
            bits = np.zeros(len(self), dtype=bool)
            bits[np.asarray(among, dtype=np.int64)] = True
            bitmap = np.packbits(bits, bitorder="little")
            params = faiss.SearchParameters(sel=faiss.IDSelectorBitmap(bitmap.size, faiss.swig_ptr(bitmap)))
        scores, rows = self._index.search(query.reshape(1, -1).astype(np.float32), k, params=params)
        pairs = [(int(r), float(s)) for r, s in zip(rows[0], scores[0], strict=True) if r >= 0]
        return sorted(pairs, key=lambda p: (-p[1], p[0]))
