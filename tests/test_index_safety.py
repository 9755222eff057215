"""An index survives kills at any moment and never answers from damaged files."""

from __future__ import annotations

import errno
import itertools
import json
import random
from pathlib import Path

import numpy as np
import pytest
from fakes import ConceptEmbedder, write_town

from index import manifest as manifests
from index.encoded import Encoded, key
from index.errors import IndexCorrupt, IndexStale
from index.store import build, open_index

QUESTION = "Wann wurde die Brücke am Hafen eröffnet?"


def answers(folder: Path) -> list[tuple[str, str, float]]:
    return [(h.passage.id, h.passage.text, h.score) for h in open_index(folder, ConceptEmbedder()).search(QUESTION, 5)]


def damage(data: bytes, rng: random.Random) -> bytes:
    """`data` with a range of bytes flipped, cut out, put in, or its end cut off; never the same bytes."""
    out = bytearray(data)
    at, size = rng.randrange(len(out)), rng.choice([1, 1, 2, 16, 300])
    kind = rng.randrange(4)
    if kind == 0:
        for i in range(at, min(at + size, len(out))):
            out[i] ^= rng.randrange(1, 256)
    elif kind == 1:
        del out[at : at + size]
    elif kind == 2:
        out[at:at] = rng.randbytes(size)
    else:
        del out[at:]
    return bytes(out)


def test_a_build_mends_any_damage(tmp_path):
    folder, town = tmp_path / "index", write_town(tmp_path / "town")
    build(town, folder, ConceptEmbedder())
    before, rng = answers(folder), random.Random(3)
    for name in sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file() and p.name != "lock"):
        path = next(folder.glob(f"data-*/{'/'.join(name.parts[1:])}")) if len(name.parts) > 1 else folder / name
        path.write_bytes(damage(path.read_bytes(), rng))
        assert build(town, folder, ConceptEmbedder()).passages == 3
        assert answers(folder) == before


def test_a_manifest_that_lost_its_seal_and_more_is_refused(tmp_path):
    folder = tmp_path / "index"
    build(write_town(tmp_path / "town"), folder, ConceptEmbedder())
    path = folder / "manifest.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    for lost in itertools.chain.from_iterable(itertools.combinations(whole, n) for n in (1, 2, 3)):
        path.write_text(json.dumps({key: value for key, value in whole.items() if key not in lost}), encoding="utf-8")
        with pytest.raises((IndexCorrupt, IndexStale), match="crosscite build --index"):
            open_index(folder, ConceptEmbedder())
        assert manifests.read_or_none(folder) is None


def test_a_manifest_that_cannot_be_written_leaves_the_old_one_and_nothing_beside(tmp_path, monkeypatch):
    manifests.write(tmp_path, {"settings": 1, "files": {}})
    before = (tmp_path / "manifest.json").read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(manifests.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        manifests.write(tmp_path, {"settings": 2, "files": {}})
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("manifest.json", before)]


def test_a_torn_file_of_encoded_passages_gives_the_whole_records_only(tmp_path):
    texts = [f"The harbour has {i} ships." for i in range(5)]
    path, embedder = tmp_path / "encoded.partial", ConceptEmbedder()
    keys, every = [key(text) for text in texts], np.arange(5)

    def encode(name=embedder.name):
        counted = []
        known = Encoded(path, name, embedder.dim)
        return known.encode(keys, texts.__getitem__, embedder, lambda done, total: counted.append(done))[every], counted[0]

    want, _ = encode()
    whole = path.read_bytes()
    record = (len(whole) - 16) // 5
    edges = {16 + i * record + d for i in range(6) for d in (-1, 0, 1, 4, 20, 21)} | {0, 1, 15}
    for size in sorted(e for e in edges if e < len(whole)):
        path.write_bytes(whole[:size])
        again, known = encode()
        assert (again == want).all()
        assert known == (max(0, size - 16) // record if size >= 16 else 0)
        assert path.read_bytes() == whole
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    assert (encode()[0] == want).all()
    assert encode("another encoder")[1] == 0
