"""Articles added and deleted while others ask: what is taken, what is refused, and what the index then answers."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from fakes import ConceptEmbedder
from hypothesis import given
from hypothesis import strategies as st

from index.errors import UserError
from index.store import build
from rag.chatbot import Chatbot
from ui.library import LONGEST_NAME, REMOVED, Library, holds, safe_name
from ui.texts import say

FIRST = "Ein Fluss\n\nDer Fluss ist breit und tief. Er hat 40 Brücken in der ganzen Stadt.\n"
SECOND = "A bridge\n\nThe bridge was built in 1950 and is 300 metres long. It crosses the river.\n"


@pytest.fixture
def library(tmp_path) -> Library:
    seeds, index, embedder = tmp_path / "seeds", tmp_path / "index", ConceptEmbedder()
    seeds.mkdir()
    (seeds / "fluss.txt").write_text(FIRST, encoding="utf-8")
    build(seeds, index, embedder)

    def reopen() -> dict[str, Chatbot]:
        return {"": Chatbot.open(index, None, embedder)}

    return Library(reopen(), reopen=reopen, seeds=seeds, index=index, embedder=embedder)


def ids(library: Library) -> list[str]:
    return [article.id for article in library.chatbot().articles()]


def files(library: Library) -> list[str]:
    return sorted(path.name for path in library._seeds.iterdir())


def test_an_added_file_is_read_encoded_and_answered_from(library):
    before = library.chatbot()
    events = list(library.add([("brücke.txt", SECOND.encode())]))
    assert [(e.get("file"), e["stage"]) for e in events if e["stage"] != "encode"] == [
        ("brücke.txt", "received"), (None, "open"), ("brücke.txt", "ready")
    ]
    assert any(e["stage"] == "encode" and 0 < e["done"] <= e["total"] for e in events)
    assert ids(library) == ["brücke", "fluss"]
    assert library.chatbot().article("brücke").text == SECOND
    assert [a.id for a in before.articles()] == ["fluss"]  # who was asking then is answered from what was there then
    assert (library._seeds / "brücke.txt").read_bytes() == SECOND.encode()


def test_one_bad_file_is_named_and_the_others_go_on(library):
    given_ = [
        ("good.txt", SECOND.encode()), ("image.exe", b"MZ"), ("big.txt", b"x" * (10 * (1 << 20) + 1)),
        ("fluss.md", b"again"), ("empty.txt", b" \n"), ("../../etc/cron.txt", SECOND.replace("1950", "1951").encode()),
    ]
    last = {e["file"]: (e["stage"], e["text"]) for e in library.add(given_, "de") if "file" in e}
    assert {name: stage for name, (stage, _) in last.items()} == {
        "good.txt": "ready", "image.exe": "failed", "big.txt": "failed", "fluss.md": "failed", "empty.txt": "failed",
        "cron.txt": "ready",
    }
    assert last["fluss.md"][1] == say("de", "stage_failed", reason=say("de", "file_exists"))
    assert "10.0 MB" in last["big.txt"][1] and ".txt" in last["image.exe"][1] and "empty.txt" in last["empty.txt"][1]
    assert files(library) == ["cron.txt", "fluss.txt", "good.txt"]


def test_a_deleted_article_is_out_of_the_index_and_kept_aside(library):
    list(library.add([("b.txt", SECOND.encode())]))
    assert list(library.delete("b"))[-1]["stage"] == "ready"
    assert ids(library) == ["fluss"]
    assert (library._seeds / REMOVED / "b.txt").read_text(encoding="utf-8") == SECOND
    last = list(library.delete("fluss"))[-1]
    assert (last["stage"], last["text"]) == ("failed", say("en", "stage_failed", reason=say("en", "last_article")))
    assert list(library.delete("nowhere"))[-1]["stage"] == "failed"
    assert ids(library) == ["fluss"]


def test_a_change_that_fails_leaves_everything_as_it_was(library, monkeypatch):
    def broken() -> dict:
        raise UserError("the disk is full")

    monkeypatch.setattr(library, "_reopen", broken)
    assert list(library.add([("b.txt", SECOND.encode())]))[-1]["text"] == "not added: the disk is full"
    assert (ids(library), files(library)) == (["fluss"], ["fluss.txt"])


def test_only_one_change_at_a_time_and_questions_go_on(library):
    go, begun = threading.Event(), threading.Event()
    reopen = library._reopen

    def slowly() -> dict:
        begun.set()
        assert go.wait(60)
        return reopen()

    library._reopen = slowly
    events = library.add([("b.txt", SECOND.encode())])
    assert begun.wait(60)
    with pytest.raises(UserError, match="Another change"):
        library.delete("fluss")
    *_, answer = library.chatbot().stream("Wie viele Brücken?")
    assert {hit.passage.article_id for hit in answer.hits} <= {"fluss"}
    go.set()
    assert list(events)[-1]["stage"] == "ready"
    assert ids(library) == ["b", "fluss"]


def test_a_library_without_a_folder_is_fixed(library):
    fixed = Library({"": library.chatbot()})
    assert not fixed.writable
    with pytest.raises(UserError, match="fixed"):
        fixed.add([("b.txt", b"x")])


def test_the_model_is_chosen_by_name(library):
    plain = library.chatbot()
    other = Chatbot(plain._index)
    models = Library({"fake:model": other, "": plain})
    assert models.models == ("fake:model", "")
    assert [models.chatbot(m) for m in (None, "", "fake:model", "unknown")] == [other, plain, other, other]
    assert models.plain() is plain


def test_an_index_is_built_again_only_from_the_folder_of_its_articles(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("a.txt", "sub/b.c.md", "rows.csv"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert holds(tmp_path, ["a", "sub/b.c", "rows/1", "rows/2"]) and holds(tmp_path, [])
    assert not holds(tmp_path, ["a", "other"])
    assert not holds(tmp_path / "nowhere", ["a"])


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"), ("../../x.txt", "x.txt"), ("C:\\temp\\a b.md", "a b.md"), (".hidden.txt", "hidden.txt"),
        ("\u202egnp.txt", "_gnp.txt"), ("<img src=x>.txt", "_img src=x_.txt"), ("", "article.txt"), ("...", "article.txt"),
        ("武汉.txt", "武汉.txt"), ("a\0\n.txt", "a__.txt"),
    ],
)
def test_a_file_name_is_made_harmless(name, safe):
    assert safe_name(name) == safe


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_any_name_stays_in_the_folder(name):
    safe = safe_name(name)
    path = Path(safe)
    assert path.name == safe and not safe.startswith(".") and 0 < len(safe) <= LONGEST_NAME + 10
    assert not set(safe) & set("/\\\0\n\r<>:\"|?*\u202e\u2066")
    safe.encode("utf-8")
