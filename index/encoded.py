"""Vectors of texts encoded before, so that a build encodes only what is new and goes on where it was broken off."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.dense import Dense, refuse_others
from index.types import Embedder

_BATCH = 256
_KEY = 16
_CRC = 4


def key(text: str) -> bytes:
    """What a text is known by."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()


class Encoded:
    """A file of (checksum, key of a text, vector) records that only grows; made for one encoder, `name`.

    A record that a crash cut short, and all after it, are left out. OSError if the file cannot be written. No vector
    is held in memory.
    """

    def __init__(self, path: Path, name: str, dim: int) -> None:
        self._path, self._dim = path, dim
        self._head = hashlib.blake2b(f"{name}/{dim}".encode(), digest_size=_KEY).digest()
        self._record = np.dtype([("crc", "<u4"), ("key", f"V{_KEY}"), ("vector", "<f4", (dim,))])
        self._places: dict[bytes, int] = {}  # of a record, or below 0 of a row of the earlier index
        self._earlier: Dense | None = None
        self._written = 0
        self._read()

    def add(self, keys: Sequence[bytes], earlier: Dense) -> None:
        """Takes the vectors that an earlier index holds of the texts with these keys; they are not written to the file."""
        self._earlier = earlier
        for row, known in enumerate(keys):
            self._places.setdefault(known, -1 - row)

    def encode(
        self, keys: Sequence[bytes], text: Callable[[int], str], embedder: Embedder,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Vectors:
        """The vectors of the texts with these keys; what is not known, `text(i)`, is encoded and written, a batch at a
        time. ValueError if the encoder's rows are no unit rows."""
        new = list({k: i for i, k in enumerate(keys) if k not in self._places}.values())
        progress(len(keys) - len(new), len(keys))
        for at in range(0, len(new), _BATCH):
            batch = new[at : at + _BATCH]
            vectors = embedder.encode_passages([text(i) for i in batch])
            refuse_others(vectors)
            self._write([keys[i] for i in batch], vectors)
            progress(len(keys) - len(new) + at + len(batch), len(keys))
        places = np.array([self._places[k] for k in keys], np.int64)
        records = np.memmap(self._path, self._record, "r", _KEY, (self._written,)) if self._written else None
        return Vectors(places, records, self._earlier, self._dim)

    def forget(self) -> None:
        """Removes the file: an index holds the vectors now."""
        self._path.unlink(missing_ok=True)

    def _write(self, keys: list[bytes], vectors: np.ndarray) -> None:
        fresh = not self._path.exists()
        with open(self._path, "ab") as file:
            if fresh:
                file.write(self._head)
            for known, vector in zip(keys, np.asarray(vectors, dtype="<f4"), strict=True):
                body = known + vector.tobytes()
                file.write(zlib.crc32(body).to_bytes(_CRC, "little") + body)
                self._places[known] = self._written
                self._written += 1

    def _read(self) -> None:
        size = self._record.itemsize
        try:
            with open(self._path, "rb") as file:
                whole = file.read(_KEY) == self._head
                while whole and len(record := file.read(size)) == size:
                    if zlib.crc32(record[_CRC:]) != int.from_bytes(record[:_CRC], "little"):
                        break
                    self._places[record[_CRC : _CRC + _KEY]] = self._written
                    self._written += 1
        except FileNotFoundError:
            return
        if not whole:
            self._path.unlink()
        elif self._path.stat().st_size != _KEY + self._written * size:
            with open(self._path, "r+b") as file:
                file.truncate(_KEY + self._written * size)


class Vectors:
    """The (n, dim) vectors of n texts, read when they are asked for: `vectors[rows]`."""

    def __init__(self, places: np.ndarray, records: np.ndarray | None, earlier: Dense | None, dim: int) -> None:
        self._places, self._records, self._earlier = places, records, earlier
        self.shape = len(places), dim

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        places = self._places[rows]
        out = np.empty((len(places), self.shape[1]), np.float32)
        if (fresh := places >= 0).any():
            out[fresh] = self._records["vector"][places[fresh]]
        if not fresh.all():
            out[~fresh] = self._earlier[-1 - places[~fresh]]
        return out
