"""`build --watch` and `doctor`, as a person at the keyboard meets them."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from fakes import ConceptEmbedder, write_town

from index.errors import UserError
from index.store import build
from ui import doctor
from ui.build_command import state, watch
from ui.cli import ROOT, main


class Enough(Exception):
    """Ends a watch that would go on for ever."""


def looks(town, steps):
    """What `watch` does while `steps` happen to the folder, one before each look: the folder's files at each build."""
    built: list[list[str]] = []
    left = iter(steps)

    def sleep(seconds: float) -> None:
        step = next(left, None)
        if step is None:
            raise Enough
        step()

    def note() -> None:
        built.append(sorted(p.name for p in town.iterdir()))
        if "broken.txt" in built[-1]:
            raise UserError("broken")

    with pytest.raises(Enough):
        watch(town, note, 0, sleep)
    return built


def test_a_watch_builds_once_after_a_burst_of_changes(tmp_path, capsys):
    town = write_town(tmp_path / "town")

    def add(name):
        return lambda: (town / name).write_text(f"{name} is here.", encoding="utf-8")

    def nothing():
        pass

    burst = [nothing, nothing, add("a.txt"), add("b.txt"), add("c.txt"), nothing, nothing, nothing]
    first = ["hafen.txt", "school.txt", "tianwen.txt"]
    assert looks(town, burst) == [first, ["a.txt", "b.txt", "c.txt", *first]]
    then = [add("broken.txt"), nothing, nothing, (town / "broken.txt").unlink, nothing, nothing]
    assert [len(names) for names in looks(town, [nothing, *then])] == [6, 7, 6]
    assert capsys.readouterr().err == "crosscite: broken\n"


def test_the_state_of_a_folder_sees_what_is_written_renamed_and_removed(tmp_path):
    town = write_town(tmp_path / "town")
    seen = [state(town)]
    (town / "sub").mkdir()
    for change in (
        lambda: (town / "sub" / "x.txt").write_text("Text.", encoding="utf-8"),
        lambda: (town / "hafen.txt").rename(town / "port.txt"),
        lambda: (town / "school.txt").write_text("Another text.", encoding="utf-8"),
        lambda: (town / "port.txt").unlink(),
    ):
        change()
        seen.append(state(town))
    assert all(a != b for a, b in itertools.pairwise(seen))
    (town / ".hidden").write_text("x", encoding="utf-8")
    assert state(town) == seen[-1] and state(tmp_path / "nowhere") == {}


@pytest.mark.slow
def test_ctrl_c_ends_a_watch_quietly_and_the_index_is_there(tmp_path):
    town, folder = write_town(tmp_path / "town"), tmp_path / "index"
    command = [sys.executable, "-m", "ui.cli", "build", "--watch", "--seeds", str(town), "--index", str(folder)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until and "built, 3 articles" not in child.stdout.readline():
            pass
        child.send_signal(signal.SIGINT)
        assert child.wait(30) == 0 and child.stderr.read() == ""
    finally:
        child.kill()
    assert (folder / "manifest.json").exists()


def test_doctor_finds_a_well_installation_well(index_folder, seeds, capsys):
    assert main(["doctor", "--index", str(index_folder), "--seeds", str(seeds)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].split() for line in lines] == [
        ["ok", s] for s in ("python", "packages", "disk", "encoder", "articles", "index")
    ]
    assert "5 in" in lines[4] and "articles," in lines[5]


def test_doctor_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "_embedder", lambda encoder: ConceptEmbedder())
    town, folder = write_town(tmp_path / "town"), tmp_path / "index"

    def said(**other):
        found = doctor.examine(**{"seeds": town, "folder": folder, "encoder": None, "llm": None} | other)
        return {f.subject: f.says for f in found if not f.well}

    assert "crosscite build --index" in said()["index"]
    build(town, folder, ConceptEmbedder())
    assert "index" not in said()
    (town / "new.txt").write_text("A new observatory stands here.", encoding="utf-8")
    (town / "hafen.txt").unlink()
    assert "2 files" in said()["index"] and "crosscite build" in said()["index"]
    next(folder.glob("data-*/vectors/vectors.npy")).write_bytes(b"")
    assert "is damaged or missing" in said()["index"]
    (tmp_path / "empty").mkdir()
    assert "--seeds" in said(seeds=tmp_path / "empty")["articles"] and "--seeds DIR" in said(seeds=tmp_path / "no")["articles"]
    assert "language model" in said(llm="nonsense:x")
    monkeypatch.setattr(doctor, "_ROOM", 1 << 60)
    assert "make room" in said()["disk"]
    monkeypatch.setattr(doctor, "_embedder", lambda encoder: Confused())
    assert "does not bring translations together" in said()["encoder"]


class Confused(ConceptEmbedder):
    """Brings a sentence together with a translation of another one."""

    def encode_passages(self, texts):
        return super().encode_passages(texts)[::-1]


FLOW = """
import json, sys
from ui.cli import main
seeds, index, questions = sys.argv[1:4]
sys.exit(main(["build", "--seeds", seeds, "--index", index]) or main(["search", "--index", index, "KI in Wuhan"])
         or main(["ask", "--index", index, "--file", questions, "--json"]))
"""
GUARD = """
import socket
def refused(*arguments, **named):
    raise AssertionError(f"the network was asked for: {arguments}")
socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = refused
socket.getaddrinfo = socket.create_connection = socket.gethostbyname = refused
"""


@pytest.mark.slow
@pytest.mark.parametrize("cut", ["guard", "namespace"])
def test_nothing_leaves_the_machine(tmp_path, seeds, cut):
    questions = tmp_path / "questions.jsonl"
    asked = ["What does Wuhan plan for 2028?", "Wie viele KI-Firmen hat Peking?", "武汉的目标是什么？", "誰贏了世界盃？"]
    questions.write_text("\n".join(json.dumps({"id": str(i), "question": q}) for i, q in enumerate(asked)), encoding="utf-8")
    command = [sys.executable, "-c", (GUARD if cut == "guard" else "") + FLOW, str(seeds), str(tmp_path / "index"), str(questions)]
    if cut == "namespace":
        probe = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False) if os.path.exists("/usr/bin/unshare") else None
        if probe is None or probe.returncode:
            pytest.skip("no network namespace can be made here")
        command = ["unshare", "-rn", *command]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(answers) == 4 and any(a["found"] for a in answers)
