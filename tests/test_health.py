"""`/healthz`: 200 while the index that is served stands whole on the disk, 503 and what to type otherwise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest
from fakes import ConceptEmbedder, write_town
from scripted import Scripted
from test_app import fetch, free_port

from index.store import build
from ui import app
from ui import health as health_module
from ui.api import Service
from ui.cli import ROOT, _parser
from ui.health import NEWER, Health
from ui.library import Library


@pytest.fixture
def town(tmp_path):
    return write_town(tmp_path / "town")


@pytest.fixture
def folder(town, tmp_path):
    build(town, tmp_path / "index", ConceptEmbedder())
    return tmp_path / "index"


@pytest.fixture
def health(folder):
    health = Health(folder, ConceptEmbedder(), model=True, clock=iter([5.0, *(17.26 for _ in range(999))]).__next__)
    health.opened()
    return health


def test_a_whole_index_is_told_in_numbers(health, folder):
    status, said = health.report(True, True)
    fingerprint = json.loads((folder / "manifest.json").read_text())["fingerprint"]
    assert (status, said) == (200, {"status": "ok", "index": fingerprint, "articles": 3, "passages": 3, "encoder": "concepts",
                                    "model": True, "uptime": 12.3})
    assert health.report(False, True) == (200, {"status": "ok"})


def test_a_missing_a_stale_and_a_corrupt_index_say_what_to_type(health, folder, town, tmp_path):
    aside = tmp_path / "aside"

    def expect(state):
        status, said = health.report(True, True)
        assert (status, said["status"]) == (503, state)
        assert f"crosscite build --index {folder}" in said["says"] and "\n" not in said["says"]
        elsewhere = health.report(True, False)[1]["says"]
        assert "crosscite build --index DIR" in elsewhere and str(tmp_path) not in elsewhere
        assert health.report(False, True) == (503, {"status": state})

    shutil.move(folder, aside)
    expect("index_missing")
    shutil.move(aside, folder)
    assert health.report(True, True)[0] == 200
    for path in [folder / "manifest.json", *(p for p in folder.glob("data-*/**/*") if p.is_file())]:
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        expect("index_corrupt")
        path.unlink()
        expect("index_missing" if path.name == "manifest.json" else "index_corrupt")
        path.write_bytes(whole)
        assert health.report(True, True)[0] == 200
    build(town, folder, ConceptEmbedder("another"))
    expect("index_stale")


def test_an_index_built_anew_is_told_until_it_is_served(health, folder, town):
    write_town(town, hafen="Der Hafen ist heute geschlossen.")
    build(town, folder, ConceptEmbedder())
    status, said = health.report(True, True)
    assert (status, said["says"]) == (200, NEWER)
    health.opened()
    status, now = health.report(True, True)
    assert status == 200 and "says" not in now and now["index"] != said["index"]


def test_looking_often_opens_the_index_only_when_a_file_has_changed(health, folder, monkeypatch):
    opened = []
    monkeypatch.setattr("index.store.open_index", lambda *given: opened.append(given))
    monkeypatch.setattr(health_module.manifests, "read_or_none", lambda folder: pytest.fail("the manifest was read again"))
    assert [health.report(True, True)[0] for _ in range(20)] == [200] * 20 and opened == []
    monkeypatch.undo()
    monkeypatch.setattr("index.store.open_index", lambda *given: opened.append(given))
    os.utime(next(folder.glob("data-*/shelf/passages.npy")), (1, 1))
    assert [health.report(True, True)[0] for _ in range(5)] == [200] * 5 and len(opened) == 1


def test_a_stranger_learns_the_state_and_a_reader_elsewhere_no_path(health, folder):
    service = Service(Library({"": Scripted(0)}), health=health)
    page, url = app.start(service, port=free_port(), auth=[("ada", "secret")])
    try:
        assert fetch(f"{url}/healthz") == (200, '{"status":"ok"}')
        (folder / "manifest.json").rename(folder / "away")
        assert fetch(f"{url}/healthz") == (503, '{"status":"index_missing"}')
        assert fetch(f"{url}/healthz", Cookie="access-token-x=guess") == (503, '{"status":"index_missing"}')
    finally:
        page.close(verbose=False)
    page, url = app.start(service, port=free_port())
    try:
        status, said = fetch(f"{url}/healthz")
        assert status == 503 and f"crosscite build --index {folder}" in json.loads(said)["says"]
        for headers in ({"Host": "elsewhere.example"}, {"X-Forwarded-For": "10.0.0.9"}):
            assert str(folder) not in fetch(f"{url}/healthz", **headers)[1]
        (folder / "away").rename(folder / "manifest.json")
        assert json.loads(fetch(f"{url}/healthz")[1])["passages"] == 3
    finally:
        page.close(verbose=False)


def test_the_image_starts_the_page_and_its_health_check_fails_where_the_page_cannot_answer(health, folder):
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "").splitlines()
    commands = {line.split()[0]: json.loads("[" + line.split("[", 1)[1]) for line in lines if line.endswith("]")}
    args = _parser().parse_args(commands["ENTRYPOINT"][1:])
    assert (args.command, args.host, args.port, str(args.index)) == ("chat", "0.0.0.0", 7860, "/data/index")
    _, flag, code = commands["HEALTHCHECK"]
    page, url = app.start(Service(Library({"": Scripted(0)}), health=health), port=free_port())
    try:
        check = [sys.executable, flag, code.replace("http://127.0.0.1:7860", url)]
        assert code != check[2] and subprocess.run(check, check=False).returncode == 0
        (folder / "manifest.json").unlink()
        assert subprocess.run(check, capture_output=True, check=False).returncode == 1
    finally:
        page.close(verbose=False)
