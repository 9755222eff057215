"""The files of an index's data folder: arrays and text that are mapped into memory, and what is known of their bytes.

A file of at most `LARGE` bytes is hashed whenever the index is opened. Of a larger one the size is compared then, and
each block of `BLOCK` bytes with its CRC-32 when it is first read: opening takes as long for gigabytes as for
megabytes, and nothing is answered from bytes that have not been checked. A build and `crosscite doctor` hash all.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from index.errors import IndexCorrupt
from index.manifest import retype

LARGE = 1 << 20
BLOCK = 1 << 16
_SUMS = ".sums.npy"
_CHUNK = 1 << 20
_WAITING = 8


def sha256(path: Path) -> str:
    """The hash of the file's bytes, in hex; OSError if it cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seal(data: Path) -> dict[str, dict[str, object]]:
    """What the manifest says of every file in `data`: its size and sha256; writes the checksums of large ones' blocks."""
    for path in [p for p in data.rglob("*") if p.is_file() and p.stat().st_size > LARGE]:
        with open(path, "rb") as file:
            sums = [zlib.crc32(block) for block in iter(lambda file=file: file.read(BLOCK), b"")]
        np.save(path.with_name(path.name + _SUMS), np.array(sums, np.uint32), allow_pickle=False)
    made = sorted(p for p in data.rglob("*") if p.is_file())
    with ThreadPoolExecutor(_WAITING) as pool:  # a disk that is asked for many files writes them together
        return dict(zip((p.relative_to(data).as_posix() for p in made), pool.map(_sealed, made), strict=True))


def _sealed(path: Path) -> dict[str, object]:
    """Waits until the file is on the disk; its size and hash."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        return {"size": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def damaged(data: Path, written: Mapping[str, Mapping[str, object]], whole: bool = False) -> Iterator[Path]:
    """The files in `data` that are not as `written`, missing ones among them; large ones are hashed with `whole` only."""
    for name, file in written.items():
        try:
            size = (data / name).stat().st_size
            by_blocks = size > LARGE and not whole and not name.endswith(_SUMS)
            good = size == file["size"] and (by_blocks or sha256(data / name) == file["sha256"])
        except OSError:
            good = False
        if not good:
            yield data / name


def refused(path: Path, folder: Path) -> IndexCorrupt:
    """The error that names a damaged file of the index in `folder`."""
    return IndexCorrupt(f"{path} is damaged or missing; {retype(folder)}")


class Blocks:
    """The blocks of one file, each compared with its checksum once."""

    def __init__(self, path: Path, sums: np.ndarray, folder: Path) -> None:
        self._path, self._sums, self._folder = path, sums, folder
        self._bytes = np.asarray(np.memmap(path, dtype=np.uint8, mode="r"))
        self._seen = np.zeros(len(sums), dtype=bool)
        self.between(0, 1)  # what describes the rest

    def between(self, begin: int, end: int) -> None:
        """IndexCorrupt if a block with a byte of `begin:end` is damaged."""
        if end > begin:
            first, last = begin // BLOCK, (end - 1) // BLOCK + 1
            if not self._seen[first:last].all():
                self._check(first + np.flatnonzero(~self._seen[first:last]))

    def around(self, begins: np.ndarray, size: int) -> None:
        """The same for `size` bytes, at most a block, from each of `begins`."""
        for blocks in (begins // BLOCK, (begins + (size - 1)) // BLOCK):
            if not self._seen[blocks].all():
                self._check(np.unique(blocks[~self._seen[blocks]]))

    def _check(self, blocks: np.ndarray) -> None:
        for block in blocks.tolist():
            if zlib.crc32(self._bytes[block * BLOCK : (block + 1) * BLOCK]) != self._sums[block]:
                raise refused(self._path, self._folder)
            self._seen[block] = True


class Checks:
    """How the files of the data folder of an index are checked as they are read."""

    def __init__(self, folder: Path, manifest: Mapping) -> None:
        """IndexCorrupt if a small file is damaged, or a large one is not of its size."""
        self._folder, self._data = folder, folder / manifest["data"]
        for path in damaged(self._data, manifest["files"]):
            raise refused(path, folder)

    def blocks(self, path: Path) -> Blocks | None:
        """The blocks of a large file, None for a small one, which is known to be whole."""
        if path.stat().st_size <= LARGE:
            return None
        return Blocks(path, np.load(path.with_name(path.name + _SUMS), allow_pickle=False), self._folder)


class Column:
    """An array of a large file, (n,) or (n, m): a slice or some of its rows are checked before they are given."""

    def __init__(self, array: np.ndarray, offset: int, blocks: Blocks) -> None:
        self._array, self._offset, self._blocks = array, offset, blocks
        self._size = array.strides[0]
        if self._size > BLOCK:
            raise ValueError(f"a row has {self._size} bytes, a block {BLOCK}")

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, and how many numbers each has."""
        return self._array.shape

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, key) -> np.ndarray:
        if isinstance(key, slice):
            first, last, _ = key.indices(len(self))
            self._blocks.between(self._offset + first * self._size, self._offset + last * self._size)
        else:
            key = np.asarray(key)
            self._blocks.around(self._offset + key.astype(np.int64) * self._size, self._size)
        return self._array[key]


Array = np.ndarray | Column


def array(path: Path, checks: Checks | None = None) -> Array:
    """The array saved at `path`, mapped into memory; IndexCorrupt if it is none."""
    try:
        blocks = checks.blocks(path) if checks else None
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        plain = np.asarray(mapped)  # a memmap's own slicing is slow
        return plain if blocks is None else Column(plain, mapped.offset, blocks)
    except (OSError, ValueError) as error:
        raise IndexCorrupt(f"{path.parent.name}/{path.name} cannot be read; rebuild: crosscite build") from error


class Text:
    """Bytes of UTF-8, of which pieces are decoded when they are asked for."""

    def __init__(self, path: Path, checks: Checks | None = None) -> None:
        self._blocks = checks.blocks(path) if checks else None
        self._bytes = np.asarray(np.memmap(path, np.uint8, "r")) if path.stat().st_size else np.zeros(0, np.uint8)

    def of(self, begin: int, end: int) -> str:
        """The text of the bytes `begin:end`."""
        if self._blocks is not None:
            self._blocks.between(begin, end)
        return self._bytes[begin:end].tobytes().decode("utf-8", "surrogatepass")


class Growing:
    """An npy file written row by row: (n,), or (n, width) with `width`; to be closed, or it holds no row."""

    def __init__(self, path: Path, dtype: type, width: int | None = None) -> None:
        self._dtype, self._width, self._rows = np.dtype(dtype), width, 0
        self._held: list[np.ndarray] = []
        self._waiting = 0  # bytes
        self._file = open(path, "wb")  # noqa: SIM115 (closed by close)
        self._head()

    def add(self, rows) -> None:
        """Appends rows, cast to the file's type."""
        rows = np.array(rows, dtype=self._dtype)
        self._held.append(rows)
        self._rows += len(rows)
        self._waiting += rows.nbytes
        if self._waiting >= _CHUNK:
            self._flush()

    def _flush(self) -> None:
        self._file.write(b"".join(rows.tobytes() for rows in self._held))
        self._held, self._waiting = [], 0

    def close(self) -> None:
        """Writes what waits, and the number of rows into the head, and closes the file."""
        with self._file:
            self._flush()
            self._file.seek(0)
            self._head()

    def __enter__(self) -> Growing:
        return self

    def __exit__(self, *error) -> None:
        self.close()

    def __len__(self) -> int:
        return self._rows

    def _head(self) -> None:
        shape = (self._rows,) if self._width is None else (self._rows, self._width)
        about = {"descr": np.lib.format.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._file, about)  # it leaves room for more digits of the first axis
