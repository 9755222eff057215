"""`crosscite doctor`: each thing that can be wrong is found, with what to type against it."""

from __future__ import annotations

import importlib.metadata
import json
import socket
import threading
from pathlib import Path

import numpy as np
import pytest
from fakes import ConceptEmbedder, write_town
from openai_server import free_port, says, serving
from scripted import Scripted

from index.store import build
from ui import app, doctor
from ui.api import Service
from ui.cli import main
from ui.health import Health
from ui.library import Library


class Confused(ConceptEmbedder):
    """Brings a sentence together with a translation of another one."""

    def encode_passages(self, texts):
        return super().encode_passages(texts)[::-1]


class Long(ConceptEmbedder):
    """Vectors of length 2."""

    def encode_queries(self, texts):
        return 2 * super().encode_queries(texts)


class Broken(ConceptEmbedder):
    """Fails in a way that nobody foresaw."""

    def encode_passages(self, texts):
        raise RuntimeError("the weights are\nnot those expected")


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def look(tmp_path, monkeypatch, port):
    """`look(...)` gives what is not well as {subject: what is said}, over three articles without an index."""
    monkeypatch.setattr(doctor, "_embedder", lambda encoder: ConceptEmbedder())
    given = {"seeds": write_town(tmp_path / "town"), "folder": tmp_path / "index", "encoder": None, "llm": None, "port": port}

    def said(**other) -> dict[str, str]:
        found = list(doctor.examine(**given | other))
        assert all("\n" not in f.says and f.says for f in found)
        return {f.subject: f.says for f in found if not f.well}

    return said


def test_a_well_installation_is_found_well_for_people_and_for_programs(index_folder, seeds, capsys, port):
    command = ["doctor", "--index", str(index_folder), "--seeds", str(seeds), "--port", str(port)]
    subjects = ["python", "packages", "disk", "memory", "port", "encoder", "articles", "index"]
    assert main(command) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split() for line in lines] == [["ok", s] for s in subjects]
    assert "5 in" in lines[6] and "articles," in lines[7]
    assert main([*command, "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(r["subject"], r["ok"]) for r in rows] == [(s, True) for s in subjects] and all(r["says"] for r in rows)


def test_something_wrong_ends_with_1_and_says_so_in_json(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(doctor, "_embedder", lambda encoder: ConceptEmbedder())
    town = write_town(tmp_path / "town")
    assert main(["doctor", "--index", str(tmp_path / "index"), "--seeds", str(town), "--json"]) == 1
    rows = {r["subject"]: r for r in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["index"]["ok"] is False and rows["python"]["ok"] is True


def test_a_missing_stale_damaged_or_outdated_index_says_the_whole_command(look, tmp_path, monkeypatch):
    town, folder = tmp_path / "town", tmp_path / "index"
    command = f"crosscite build --index {folder} --seeds {town}"
    assert look()["index"] == f"no index in {folder}; build it: {command}"
    build(town, folder, ConceptEmbedder())
    assert "index" not in look()
    (town / "new.txt").write_text("A new observatory stands here.", encoding="utf-8")
    (town / "hafen.txt").unlink()
    assert "2 files" in look()["index"] and look()["index"].endswith(command)
    vectors = next(folder.glob("data-*/vectors/vectors.npy"))
    vectors.write_bytes(b"")
    assert str(vectors) in look()["index"] and look()["index"].endswith(command)
    build(town, folder, ConceptEmbedder("another"))
    assert "other settings" in look()["index"] and look()["index"].endswith(command)
    build(town, folder, ConceptEmbedder())
    assert "index" not in look()
    default = doctor._own(Path(doctor.SEEDS))
    assert default == ""


def test_a_command_that_doctor_names_mends_what_it_found(tmp_path, monkeypatch, capsys, look):
    monkeypatch.setattr("index.embedder.load_embedder", lambda encoder: ConceptEmbedder())
    command = look()["index"].split("build it: crosscite ")[1].split()
    assert main(command) == 0 and "index" not in look()


def test_a_folder_without_articles_is_found(look, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "--seeds" in look(seeds=tmp_path / "empty")["articles"]
    assert "--seeds DIR" in look(seeds=tmp_path / "no")["articles"]


def test_a_full_disk_and_a_folder_that_cannot_be_written_are_found(look, tmp_path, monkeypatch):
    assert "disk" not in look()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert "file cannot be written; name another folder with --index" in look(folder=tmp_path / "file" / "index")["disk"]
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: doctor.shutil._ntuple_diskusage(1 << 40, 1 << 40, 3 << 20))
    assert look()["disk"].startswith("3 MB free at ") and "make room" in look()["disk"] and "--index" in look()["disk"]
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: Path(path).name != "lock")
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "lock").touch()
    assert "lock cannot be written; name another folder with --index" in look()["disk"]


def test_little_memory_is_found(look, tmp_path, monkeypatch):
    (tmp_path / "meminfo").write_text("MemTotal: 8000000 kB\nMemFree: 1000 kB\nMemAvailable:    102400 kB\n", encoding="ascii")
    monkeypatch.setattr(doctor, "_MEMINFO", tmp_path / "meminfo")
    assert look()["memory"].startswith("100 MB free, 600 wanted; end other programs")
    monkeypatch.setattr(doctor, "_MEMINFO", tmp_path / "nothing")
    assert "memory" not in look()


def test_a_taken_port_is_found_unless_our_page_has_it(look, tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        threading.Thread(target=greet, args=(other,), daemon=True).start()
        assert f"crosscite chat --port {taken + 1}" in look(port=taken)["port"]
    health = Health(tmp_path / "index", ConceptEmbedder())
    for state in ("index_missing", "ok"):
        page, url = app.start(Service(Library({"": Scripted(0)}), health=health), port=taken)
        try:
            assert health.report(False, True)[1] == {"status": state} and "port" not in look(port=taken), url
        finally:
            page.close(verbose=False)
        build(tmp_path / "town", tmp_path / "index", ConceptEmbedder())


def greet(listening: socket.socket) -> None:
    """Another program, which speaks first and no HTTP."""
    client, _ = listening.accept()
    with client:
        client.sendall(b"SSH-2.0-other\r\n")


def test_missing_packages_are_named_with_what_to_type(look, monkeypatch):
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["numpy", "never-heard-of[it]<3,>=2", "no-extra; extra == 'x'"])
    assert look()["packages"] == "not installed: never-heard-of[it]<3,>=2; type: pip install 'never-heard-of[it]<3,>=2'"


def test_an_old_python_is_found(look, monkeypatch):
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 1))
    assert "CrossCite needs 3.11 or newer" in look()["python"]


@pytest.mark.parametrize(("encoder", "says"), [(Confused(), "translations together"), (Long(), "not of length 1"),
                                              (Broken(), "RuntimeError: the weights are not those expected")])
def test_an_encoder_that_does_not_pass_its_self_test_is_found(look, monkeypatch, encoder, says):
    monkeypatch.setattr(doctor, "_embedder", lambda name: encoder)
    assert says in look()["encoder"] and ("--encoder" in look()["encoder"] or "install" in look()["encoder"])


def test_the_embedded_encoder_passes_its_self_test(embedder):
    assert "translations agree" in doctor._agreement(embedder)
    assert np.allclose(np.linalg.norm(embedder.encode_queries(["x"]), axis=1), 1, atol=1e-3)


def test_a_language_model_is_called_only_when_asked(look, monkeypatch, capsys):
    assert "nonsense" in look(llm="nonsense:x")["language model"]
    pytest.importorskip("langchain_openai")
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serving(says("What does Wuhan plan?")) as server:
        assert "language model" not in look(llm="openai:m", url=server.url) and server.seen == []
        assert "language model" not in look(llm="openai:m", url=server.url, call=True) and len(server.seen) == 1
    with serving(says("")) as server:
        assert "answers with nothing; try another model" in look(llm="openai:m", url=server.url, call=True)["language model"]
    gone = look(llm="openai:m", url=f"http://127.0.0.1:{free_port()}/v1", call=True)["language model"]
    assert "cannot be reached" in gone or "--llm-url" in gone
    assert main(["doctor", "--call"]) == 1
    assert "crosscite doctor --llm PROVIDER:MODEL --call" in capsys.readouterr().err
