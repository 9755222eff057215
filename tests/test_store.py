"""The index on disk: built whole or not at all, opened only if it is what the manifest says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from fakes import ConceptEmbedder, FailingEmbedder, index_of, write_town

from index.articles import read_articles
from index.errors import IndexCorrupt, IndexMissing, IndexStale, UserError
from index.store import BUDGET, OVERLAP, build, open_index

QUESTION = "Wann wurde die Brücke am Hafen eröffnet?"


@pytest.fixture
def town(tmp_path) -> Path:
    """Three articles."""
    return write_town(tmp_path / "town")


@pytest.fixture
def folder(town, tmp_path) -> Path:
    """An index of the three articles."""
    build(town, tmp_path / "index", ConceptEmbedder())
    return tmp_path / "index"


def answers(folder: Path) -> list[tuple[str, str, float]]:
    return [(h.passage.id, h.passage.text, h.score) for h in open_index(folder, ConceptEmbedder()).search(QUESTION, 5)]


def data_files(folder: Path) -> list[Path]:
    """All files of the index but the manifest, the lock, and what a broken build left for the next."""
    return [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name not in ("manifest.json", "lock", "encoded.partial")]


def test_an_index_opened_from_disk_searches_as_the_one_in_memory(town, folder):
    embedder = ConceptEmbedder()
    memory = index_of(read_articles(town)[0], embedder, BUDGET, OVERLAP)
    disk = open_index(folder, embedder)
    assert tuple(disk.passages) == memory.passages
    assert disk.articles == memory.articles
    for question in (QUESTION, "Who brings bread?", "天文台什么时候开放?", "harbour"):
        assert disk.search(question, 5) == memory.search(question, 5) != []


def test_a_build_says_what_it_did_and_a_second_does_nothing(town, tmp_path):
    seen: list[tuple[int, int]] = []
    first = build(town, tmp_path / "index", ConceptEmbedder(), lambda done, total: seen.append((done, total)))
    assert (first.added, first.changed, first.removed, first.unchanged) == (("hafen", "school", "tianwen"), (), (), ())
    assert first.rebuilt and first.passages == 3 and seen == [(0, 3), (3, 3)]
    before = {p: p.stat().st_mtime_ns for p in data_files(tmp_path / "index")}
    second = build(town, tmp_path / "index", FailingEmbedder(), lambda done, total: seen.append((done, total)))
    assert (second.added, second.changed, second.removed, second.unchanged) == ((), (), (), first.added)
    assert not second.rebuilt and second.passages == 3 and len(seen) == 2
    assert {p: p.stat().st_mtime_ns for p in data_files(tmp_path / "index")} == before


def test_changed_added_and_removed_articles_are_told_apart(town, folder):
    write_town(town, hafen="Der Hafen ist heute geschlossen.", school=None)
    (town / "new.txt").write_text("A new observatory stands here.", encoding="utf-8")
    built = build(town, folder, ConceptEmbedder())
    assert (built.added, built.changed, built.removed, built.unchanged) == (("new",), ("hafen",), ("school",), ("tianwen",))
    index = open_index(folder, ConceptEmbedder())
    assert set(index.articles) == {"hafen", "new", "tianwen"}
    assert index.search("Hafen", 1)[0].passage.text == "Der Hafen ist heute geschlossen."
    assert len([p for p in folder.iterdir() if p.is_dir()]) == 1


def test_another_title_in_sources_is_a_change(town, folder):
    (town / "SOURCES.toml").write_text('[[article]]\nfile = "hafen.txt"\ntitle = "Neu"\n', encoding="utf-8")
    built = build(town, folder, ConceptEmbedder())
    assert built.changed == ("hafen",)
    assert open_index(folder, ConceptEmbedder()).articles["hafen"].title == "Neu"


def test_a_problem_article_is_reported_and_the_rest_is_built(town, tmp_path):
    (town / "broken.txt").write_bytes(b"\xff\xfe\x00")
    built = build(town, tmp_path / "index", ConceptEmbedder())
    assert [p.name for p in built.problems] == ["broken.txt"]
    assert built.added == ("hafen", "school", "tianwen")


def test_an_article_without_any_term_is_indexed(tmp_path):
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "smile.txt").write_text("🙂🙂", encoding="utf-8")
    assert build(tmp_path / "town", tmp_path / "index", ConceptEmbedder()).passages == 1
    assert open_index(tmp_path / "index", ConceptEmbedder()).search("🙂 harbour", 3) is not None


def test_an_encoder_that_fails_halfway_leaves_the_old_index(town, folder):
    before, files = answers(folder), data_files(folder)
    (town / "long.txt").write_text(" ".join(f"The harbour has {i} ships." for i in range(20_000)), encoding="utf-8")
    with pytest.raises(MemoryError):
        build(town, folder, FailingEmbedder(good=1))
    assert answers(folder) == before and data_files(folder) == files
    seen: list[tuple[int, int]] = []
    built = build(town, folder, ConceptEmbedder(), lambda done, total: seen.append((done, total)))
    assert seen[0] == (3 + 256, built.passages) and built.added == ("long",)  # it goes on where it was broken off
    assert not (folder / "encoded.partial").exists()
    build(town, folder.with_name("anew"), ConceptEmbedder())
    assert answers(folder.with_name("anew")) == answers(folder)


def test_vectors_that_are_no_unit_rows_leave_the_old_index_and_no_rest(town, folder):
    class Doubled(ConceptEmbedder):
        def encode_passages(self, texts):
            return 2 * super().encode_passages(texts)

    before, files = answers(folder), data_files(folder)
    write_town(town, hafen="Der Hafen ist heute geschlossen.")
    with pytest.raises(ValueError, match="unit rows"):
        build(town, folder, Doubled())
    assert answers(folder) == before and data_files(folder) == files


def test_unreadable_articles_leave_the_old_index(town, folder):
    before = answers(folder)
    for path in town.iterdir():
        path.write_bytes(b"\0\0")
    with pytest.raises(UserError, match=r"no article in .* can be read: hafen\.txt: is binary.*; school\.txt.*; tianwen"):
        build(town, folder, ConceptEmbedder())
    (town / "SOURCES.toml").write_text("broken", encoding="utf-8")
    with pytest.raises(UserError, match=r"SOURCES\.toml"):
        build(town, folder, ConceptEmbedder())
    assert answers(folder) == before


def test_an_empty_folder_is_an_error(tmp_path):
    (tmp_path / "town").mkdir()
    with pytest.raises(UserError, match=r"it holds no file in \.txt, "):
        build(tmp_path / "town", tmp_path / "index", ConceptEmbedder())
    with pytest.raises(UserError, match="no folder"):
        build(tmp_path / "nowhere", tmp_path / "index", ConceptEmbedder())


# A file may have this many bytes at most, as if the disk were full then: in the articles, in the vectors.
@pytest.mark.parametrize("limit", [300, 6000])
def test_a_full_disk_is_one_readable_error_and_leaves_the_old_index(town, folder, run_python, limit):
    before, files = answers(folder), data_files(folder)
    write_town(town, hafen="Der Hafen ist heute geschlossen.")
    said = run_python(f"""
import resource, sys
sys.path.insert(0, "tests")
from pathlib import Path
from fakes import ConceptEmbedder
from index.errors import UserError
from index.store import build
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))
try:
    build(Path({str(town)!r}), Path({str(folder)!r}), ConceptEmbedder())
except UserError as error:
    print(error)
""")
    assert "cannot write the index to" in said and "is kept" in said and said.count("\n") == 1
    assert answers(folder) == before and data_files(folder) == files
    assert build(town, folder, ConceptEmbedder()).changed == ("hafen",)


def test_a_folder_that_cannot_be_made_is_one_readable_error(town, tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UserError, match=r"cannot write to .*file.index .*--index"):
        build(town, tmp_path / "file" / "index", ConceptEmbedder())


def test_a_second_builder_is_turned_away_while_the_first_is_at_work(town, tmp_path):
    refused: list[str] = []

    def meanwhile(done: int, total: int) -> None:
        with pytest.raises(UserError, match="another build is at work") as error:
            build(town, tmp_path / "index", ConceptEmbedder())
        refused.append(str(error.value))

    build(town, tmp_path / "index", ConceptEmbedder(), meanwhile)
    assert len(refused) == 2 and "\n" not in refused[0]
    assert not build(town, tmp_path / "index", ConceptEmbedder()).rebuilt


def test_a_reader_opened_before_a_rebuild_still_answers(town, folder):
    reader, before = open_index(folder, ConceptEmbedder()), answers(folder)
    write_town(town, hafen="Der Hafen ist heute geschlossen.")
    build(town, folder, ConceptEmbedder())
    assert [(h.passage.id, h.passage.text, h.score) for h in reader.search(QUESTION, 5)] == before != answers(folder)


def test_a_missing_index_says_what_to_type(town, folder, tmp_path):
    for empty in (tmp_path / "nowhere", town):
        with pytest.raises(IndexMissing, match=f"no index in .*{empty.name}; build it: crosscite build --index"):
            open_index(empty, ConceptEmbedder())
    with pytest.raises(IndexMissing, match=r"crosscite build$"):
        open_index(tmp_path / ".index", ConceptEmbedder())
    (folder / "manifest.json").unlink()
    with pytest.raises(IndexMissing, match="crosscite build --index"):
        open_index(folder, ConceptEmbedder())
    assert build(town, folder, ConceptEmbedder()).rebuilt
    assert answers(folder)


def test_an_index_of_another_encoder_is_stale_and_a_build_renews_it(town, folder):
    other = ConceptEmbedder("another")
    with pytest.raises(IndexStale, match="crosscite build --index"):
        open_index(folder, other)
    built = build(town, folder, other)
    assert built.rebuilt and built.unchanged == ("hafen", "school", "tianwen")
    assert open_index(folder, other).search(QUESTION, 1)
    with pytest.raises(IndexStale):
        open_index(folder, ConceptEmbedder())


def test_an_encoder_that_reads_little_gets_shorter_passages(town, tmp_path):
    built = build(town, tmp_path / "index", ConceptEmbedder(max_tokens=20))
    index = open_index(tmp_path / "index", ConceptEmbedder(max_tokens=20))
    assert built.passages > 3
    assert max(index.embedder.count_tokens(p.text) for p in index.passages) <= 10


@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_any_damaged_file_is_found_and_a_build_repairs_it(town, folder, tmp_path, damage):
    names = [p.relative_to(folder) for p in data_files(folder)]
    assert len(names) >= 6
    for name in names:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(folder, copy)
        path = copy / name
        data = path.read_bytes()
        if damage == "flip":
            path.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :])
        elif damage == "cut":
            path.write_bytes(data[:-1])
        else:
            path.unlink()
        with pytest.raises(IndexCorrupt, match=f"{path.name} is damaged or missing; build it: crosscite build --index"):
            open_index(copy, ConceptEmbedder())
        assert build(town, copy, ConceptEmbedder()).rebuilt
        assert answers(copy) == answers(folder)


def test_a_damaged_manifest_is_refused_or_harmless(folder):
    path, before = folder / "manifest.json", answers(folder)
    whole = path.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"[]", b"{}", b"null", b"\xff\xfe"):
        path.write_bytes(broken)
        with pytest.raises(IndexCorrupt, match=r"manifest\.json .*; build it: crosscite build"):
            open_index(folder, ConceptEmbedder())
    for at in range(0, len(whole), 41):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            index = open_index(folder, ConceptEmbedder())
        except (IndexCorrupt, IndexStale):
            continue
        assert [(h.passage.id, h.passage.text, h.score) for h in index.search(QUESTION, 5)] == before


def test_the_index_works_under_a_folder_name_in_any_script(town, tmp_path):
    folder = tmp_path / "索引 Übersicht 🙂"
    build(town, folder, ConceptEmbedder())
    assert open_index(folder, ConceptEmbedder()).search(QUESTION, 1)[0].passage.article_id == "hafen"


def test_the_index_is_in_plain_formats_without_pickle(folder):
    for path in data_files(folder):
        if path.suffix == ".npy":
            assert np.load(path, allow_pickle=False).dtype.kind in "iuf"
        elif path.suffix == ".utf8":
            assert "天文台" in path.read_text(encoding="utf-8")
        elif path.suffix == ".jsonl":
            assert all(isinstance(json.loads(line), dict) for line in path.read_text(encoding="utf-8").splitlines())
        else:
            assert path.suffix == ".json" and json.loads(path.read_text(encoding="utf-8")) is not None


def test_the_manifest_names_every_file_and_every_article(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    data = folder / manifest["data"]
    assert sorted(manifest["files"]) == sorted(str(p.relative_to(data)) for p in data_files(folder))
    assert sorted(json.loads((data / "sources.json").read_text(encoding="utf-8"))["articles"]) == ["hafen", "school", "tianwen"]
    assert manifest["settings"]["encoder"] == "concepts" and manifest["passages"] == 3


def test_passages_opened_quote_their_articles(seed_index, index_folder, embedder):
    assert tuple(open_index(index_folder, embedder).passages) == tuple(seed_index.passages)
    for p in seed_index.passages:
        text = seed_index.articles[p.article_id].text
        assert text[p.start : p.end] == p.text
        assert all(p.start <= s.start < s.end <= p.end for s in p.sentences)
