"""Memory handed back."""

import ctypes
from pathlib import Path

import pytest

from index.memory import trim

PIECE, PIECES = 100_000, 1000  # below what glibc maps on its own, and many of them


def resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="glibc alone can be asked")
def test_what_was_freed_between_things_still_held_goes_back_to_the_system():
    libc = ctypes.CDLL(None)
    libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    held = []
    for _ in range(PIECES):
        piece, after = libc.malloc(PIECE), libc.malloc(5000)
        ctypes.memset(piece, 1, PIECE)
        held.append((piece, after))
    for piece, _ in held:
        libc.free(piece)
    before = resident()
    trim()
    assert resident() < before - PIECE * PIECES // 2
    for _, after in held:
        libc.free(after)


def test_where_the_allocator_cannot_be_asked_nothing_happens(monkeypatch):
    monkeypatch.setattr("index.memory._call", lambda: None)
    trim()
