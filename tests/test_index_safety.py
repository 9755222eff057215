"""An index survives kills at any moment and never answers from damaged files."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes import ConceptEmbedder, write_town

from index.encoded import Encoded, key
from index.errors import IndexCorrupt, IndexMissing, IndexStale
from index.store import build, open_index

QUESTION = "Wann wurde die Brücke am Hafen eröffnet?"


def answers(folder: Path) -> list[tuple[str, str, float]]:
    return [(h.passage.id, h.passage.text, h.score) for h in open_index(folder, ConceptEmbedder()).search(QUESTION, 5)]


@pytest.mark.slow
def test_a_build_killed_at_any_file_operation_leaves_the_old_index_or_the_new(tmp_path):
    script = Path(__file__).parent / "killed_builds.py"
    done = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["kills"] >= 200 and seen["before"] > 100 and seen["after"] > 0


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


def test_a_damaged_index_answers_as_before_or_says_what_to_type(tmp_path):
    folder = tmp_path / "index"
    build(write_town(tmp_path / "town"), folder, ConceptEmbedder())
    before, rng = answers(folder), random.Random(7)
    files = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    assert len(files) > 6
    unharmed = 0
    for path in files:
        whole = path.read_bytes()
        for _ in range(250 if whole else 1):
            path.write_bytes(damage(whole, rng) if whole else b"x")
            try:
                assert answers(folder) == before
                unharmed += 1
            except (IndexCorrupt, IndexStale, IndexMissing) as error:
                said = str(error)
                assert "crosscite build --index" in said and str(folder) in said and "\n" not in said
        path.unlink()
        if path.name != "lock":
            with pytest.raises((IndexCorrupt, IndexMissing), match="crosscite build"):
                answers(folder)
        path.write_bytes(whole)
    assert answers(folder) == before
    assert unharmed <= 20  # the lock's byte, and a manifest whose damage lies in white space


def test_a_build_mends_any_damage(tmp_path):
    folder, town = tmp_path / "index", write_town(tmp_path / "town")
    build(town, folder, ConceptEmbedder())
    before, rng = answers(folder), random.Random(3)
    for name in sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file() and p.name != "lock"):
        path = next(folder.glob(f"data-*/{'/'.join(name.parts[1:])}")) if len(name.parts) > 1 else folder / name
        path.write_bytes(damage(path.read_bytes(), rng))
        assert build(town, folder, ConceptEmbedder()).passages == 3
        assert answers(folder) == before


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


def test_readers_see_one_index_or_the_other_while_builds_go_on(tmp_path):
    town, folder = write_town(tmp_path / "town"), tmp_path / "index"
    other = write_town(tmp_path / "other", hafen="Der Hafen ist heute geschlossen.")
    wanted = []
    for seeds in (town, other):
        shutil.rmtree(folder, ignore_errors=True)
        build(seeds, folder, ConceptEmbedder())
        wanted.append(answers(folder))
    code = (
        "import sys; sys.path[:0] = ['tests', '.']\n"
        "from pathlib import Path; from fakes import ConceptEmbedder; from index.store import build\n"
        f"for i in range(20): build(Path({str(town)!r} if i % 2 else {str(other)!r}), Path({str(folder)!r}), ConceptEmbedder())"
    )
    builder = subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).resolve().parents[1])
    seen = []
    while builder.poll() is None:
        seen.append(answers(folder))
    assert builder.returncode == 0 and all(s in wanted for s in seen) and seen
