"""What only large indexes do, made to happen in small ones: lists, lazy checks, builds from an older index."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from fakes import ConceptEmbedder, write_town
from hypothesis import given
from hypothesis import strategies as st

from eval.scale import LANGS, Space, main
from index import coded, dense, files
from index.dense import Dense
from index.embedder import unit_rows
from index.errors import IndexCorrupt
from index.store import build, examine, open_index

QUESTIONS = ("Wann wurde die Brücke am Hafen eröffnet?", "Who brings bread?", "天文台什么时候开放?")


def many(folder: Path, number: int = 40) -> Path:
    """The articles of a town and so many more, each of two passages or more."""
    write_town(folder)
    for i in range(number):
        text = f"The ferry number {i} is at the harbour {i % 7}. " * 30
        (folder / f"ship{i:02}.txt").write_text(text + f"\n\nBread {i} is sold by baker {i % 3}.", encoding="utf-8")
    return folder


def answers(folder: Path) -> list:
    index = open_index(folder, ConceptEmbedder())
    return [[(h.passage, h.score, h.why) for h in index.search(q, 9)] for q in QUESTIONS]


def contents(folder: Path) -> dict[str, bytes]:
    """The files of an index but the manifest, by name below the data folder."""
    data = next(folder.glob("data-*"))
    return {p.relative_to(data).as_posix(): p.read_bytes() for p in sorted(data.rglob("*")) if p.is_file()}


@pytest.fixture
def large(monkeypatch):
    """Files of more than a few hundred bytes are large, and their blocks small; languages of many passages are cut into lists."""
    monkeypatch.setattr(dense, "EXACT", 50)
    monkeypatch.setattr(files, "LARGE", 200)
    monkeypatch.setattr(files, "BLOCK", 4096)


def test_large_files_are_opened_unread_and_answer_alike(tmp_path, monkeypatch):
    town = many(tmp_path / "town")
    monkeypatch.setattr(dense, "EXACT", 50)
    build(town, tmp_path / "small", ConceptEmbedder())
    wanted = answers(tmp_path / "small")
    monkeypatch.setattr(files, "LARGE", 200)
    monkeypatch.setattr(files, "BLOCK", 4096)
    build(town, tmp_path / "large", ConceptEmbedder())
    assert answers(tmp_path / "large") == wanted
    assert len([n for n in contents(tmp_path / "large") if n.endswith(".sums.npy")]) > 5
    read = []
    monkeypatch.setattr(files, "sha256", lambda path: read.append(path) or hash_of(path))
    open_index(tmp_path / "large", ConceptEmbedder())
    assert read and all(path.stat().st_size <= 200 or path.name.endswith(".sums.npy") for path in read)


hash_of = files.sha256


def test_a_damaged_block_of_a_large_file_is_never_answered_from(tmp_path, large):
    town, folder = many(tmp_path / "town"), tmp_path / "index"
    build(town, folder, ConceptEmbedder())
    before, rng = answers(folder), np.random.default_rng(5)
    found = 0
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.stat().st_size > 200 and p.parent != folder):
        whole = path.read_bytes()
        for at in [0, len(whole) - 1, *rng.integers(0, len(whole), 12).tolist()]:
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
            with pytest.raises(IndexCorrupt, match=r"is damaged or missing; build it: crosscite build --index"):
                examine(folder)
            try:
                assert answers(folder) == before  # what is damaged was not needed
            except IndexCorrupt as error:
                found += 1
                assert f"{path} is damaged" in str(error)
        path.write_bytes(whole[:-1])
        with pytest.raises(IndexCorrupt, match=path.name):
            open_index(folder, ConceptEmbedder())
        path.write_bytes(whole)
    assert found > 50 and examine(folder).keys() >= {"hafen.txt"}


def test_a_build_mends_a_damaged_block(tmp_path, large):
    town, folder = many(tmp_path / "town"), tmp_path / "index"
    build(town, folder, ConceptEmbedder())
    before = answers(folder)
    path = next(folder.glob("data-*/vectors/vectors.npy"))
    data = path.read_bytes()
    path.write_bytes(data[:-40] + b"\1" + data[-39:])
    assert build(town, folder, ConceptEmbedder()).rebuilt
    assert answers(folder) == before


def test_an_index_made_from_an_older_one_is_that_made_anew(tmp_path):
    town, folder = many(tmp_path / "town"), tmp_path / "index"
    build(town, folder, ConceptEmbedder())
    (town / "ship03.txt").unlink()
    (town / "ship17.txt").write_text("An observatory stands here. It is closed.", encoding="utf-8")
    (town / "a new one.txt").write_text("The river is wide.", encoding="utf-8")
    built = build(town, folder, ConceptEmbedder())
    assert (built.added, built.changed, built.removed) == (("a new one",), ("ship17",), ("ship03",))
    build(town, tmp_path / "anew", ConceptEmbedder())
    assert contents(folder) == contents(tmp_path / "anew")


def test_only_what_changed_is_read_again(tmp_path):
    class Counting(ConceptEmbedder):
        read = 0

        def count_tokens(self, text):
            self.read += 1
            return super().count_tokens(text)

        def token_vectors(self, texts):
            self.read += len(texts)
            return super().token_vectors(texts)

    town, folder = many(tmp_path / "town"), tmp_path / "index"
    build(town, folder, ConceptEmbedder())
    (town / "ship17.txt").write_text("An observatory stands here.", encoding="utf-8")
    counting = Counting()
    build(town, folder, counting)
    assert 0 < counting.read < 10


def test_a_group_of_many_rows_is_searched_by_lists(monkeypatch):
    monkeypatch.setattr(dense, "EXACT", 100)
    space, rows = Space(48, 3), np.arange(3000)
    codes = rows % len(LANGS)
    vectors = space.rows(rows, codes)
    found = Dense.build(vectors, LANGS, codes)
    asked, right = space.asked(vectors[::60]), 0
    for query in asked:
        for code, tag in enumerate(LANGS):
            own = np.flatnonzero(codes == code)
            exact = found.search(query, 10, own)
            every = found.search_group(query, 10, tag, probes=10**6)
            assert [row for row, _ in every] == [row for row, _ in exact]
            assert [score for _, score in every] == pytest.approx([score for _, score in exact], abs=1e-6)
            some = found.search_group(query, 10, tag, probes=40)
            assert all(codes[row] == code for row, _ in some) and len(some) == 10
            right += len({r for r, _ in exact} & {r for r, _ in some})
    assert 0.9 < right / (10 * len(asked) * len(LANGS)) < 1


@given(st.integers(1, 60), st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_nearest_codes_are_those_of_the_vectors_they_stand_for(n, k, seed):
    rng = np.random.default_rng(seed)
    vectors = unit_rows(rng.standard_normal((n, 24), dtype=np.float32))
    query, ranges = unit_rows(rng.standard_normal((1, 24), dtype=np.float32))[0], coded.ranges_of(vectors)
    codes = coded.encoded(vectors, ranges)
    decoded = ranges[0] + (codes + 0.5) / 255 * ranges[1]
    assert np.abs(decoded - vectors).max() <= ranges[1].max() / 255
    edges = [0, *sorted(rng.integers(0, n + 1, 3).tolist()), n]
    found = coded.nearest(codes, ranges, query, k, pairwise(edges))
    assert len(set(found.tolist())) == len(found) == min(k, n)
    scores = decoded @ query
    assert np.sort(scores[found])[::-1] == pytest.approx(np.sort(scores)[::-1][:k], abs=1e-5)


def test_the_cosines_of_a_group_in_lists_are_those_of_its_full_vectors(monkeypatch):
    monkeypatch.setattr(dense, "EXACT", 100)
    vectors = Space(48, 3).rows(np.arange(900), np.zeros(900, int))
    for row, score in Dense.build(vectors).search_group(vectors[7], 20, ""):
        assert score == pytest.approx(float(vectors[row] @ vectors[7]), abs=1e-6)


def test_lists_survive_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(dense, "EXACT", 100)
    vectors = Space(48, 3).rows(np.arange(900), np.zeros(900, int))
    built = Dense.build(vectors)
    Dense.write(tmp_path / "streamed", vectors, ("",), np.zeros(900, int))
    opened = Dense.open(tmp_path / "streamed")
    assert opened.search_group(vectors[7], 5, "") == built.search_group(vectors[7], 5, "")
    assert (opened[np.array([5, 899, 0])] == vectors[[5, 899, 0]]).all()


def test_the_number_of_lists_grows_with_the_root_and_stops():
    assert [dense.lists_for(n) for n in (0, 20_000, 40_000, 250_000, 10_000_000)] == [1, 1, 800, 2000, 2048]


@pytest.mark.slow
def test_the_measurement_prints_a_row_a_size(tmp_path, capsys):
    assert main(["60", "180", "--texts", "60", "--questions", "8", "--folder", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split("|")[1:-1] for line in lines[2:]]
    assert len(rows) == 2 and all(len(row) == 11 for row in rows)
    assert int(rows[1][0].replace(",", "")) == 3 * int(rows[0][0].replace(",", ""))
    assert rows[0][8].strip() == rows[0][9].strip() == "1.000"  # compared whole
    shutil.rmtree(tmp_path)
