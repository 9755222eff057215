"""Vectors of texts encoded before, so that a build encodes only what is new and goes on where it was broken off."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from index.types import Embedder

_BATCH = 256
_KEY = 16
_CRC = 4


class Encoded:
    """A file of (key of a text, checksum, vector) records that only grows; made for one encoder, `name`.

    A record that a crash cut short, and all after it, are left out. OSError if the file cannot be written.
    """

    def __init__(self, path: Path, name: str, dim: int) -> None:
        self._path, self._dim = path, dim
        self._head = hashlib.blake2b(f"{name}/{dim}".encode(), digest_size=_KEY).digest()
        self._known: dict[bytes, np.ndarray] = {}
        self._read()

    def add(self, texts: Iterable[str], vectors: Iterable[np.ndarray]) -> None:
        """Takes vectors that an earlier index holds; they are not written to the file."""
        self._known.update((_key(t), v) for t, v in zip(texts, vectors, strict=True))

    def encode(
        self, texts: Sequence[str], embedder: Embedder, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> np.ndarray:
        """(n, dim) float32 rows of `texts`; what is not known is encoded and written down, a batch at a time."""
        keys = [_key(t) for t in texts]
        new = [i for i, key in enumerate(keys) if key not in self._known]
        new = list({keys[i]: i for i in new}.values())
        progress(len(texts) - len(new), len(texts))
        for at in range(0, len(new), _BATCH):
            batch = new[at : at + _BATCH]
            vectors = embedder.encode_passages([texts[i] for i in batch])
            if np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):  # others are refused when the index is made
                self._write([keys[i] for i in batch], vectors)
            self._known.update(zip((keys[i] for i in batch), vectors, strict=True))
            progress(len(texts) - len(new) + at + len(batch), len(texts))
        out = np.zeros((len(texts), self._dim), dtype=np.float32)
        for row, key in enumerate(keys):
            out[row] = self._known[key]
        return out

    def forget(self) -> None:
        """Removes the file: an index holds the vectors now."""
        self._path.unlink(missing_ok=True)

    def _write(self, keys: list[bytes], vectors: np.ndarray) -> None:
        fresh = not self._path.exists()
        with open(self._path, "ab") as file:
            if fresh:
                file.write(self._head)
            for key, vector in zip(keys, np.asarray(vectors, dtype="<f4"), strict=True):
                body = key + vector.tobytes()
                file.write(zlib.crc32(body).to_bytes(_CRC, "little") + body)

    def _read(self) -> None:
        size = _CRC + _KEY + 4 * self._dim
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        whole = data.startswith(self._head)
        at = len(self._head) if whole else 0
        while whole and at + size <= len(data):
            crc, body = data[at : at + _CRC], data[at + _CRC : at + size]
            if zlib.crc32(body) != int.from_bytes(crc, "little"):
                break
            self._known[body[:_KEY]] = np.frombuffer(body[_KEY:], dtype="<f4")
            at += size
        if not at:
            self._path.unlink()
        elif at != len(data):
            with open(self._path, "r+b") as file:
                file.truncate(at)


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
