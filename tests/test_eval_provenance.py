"""Where numbers come from, and the ledger that keeps held-out questions held out."""

import json
import subprocess
from dataclasses import replace

import pytest
from judged import QUESTIONS

from eval import ledger
from eval.dataset import load, shipped
from eval.provenance import Provenance, git_state, index_fingerprint, provenance, questions_digest, source_digest


@pytest.fixture
def origin(tmp_path) -> Provenance:
    return replace(provenance("test", QUESTIONS, tmp_path, "concepts"), time="2026-05-04T10:00:00+00:00")


def test_the_fingerprint_of_questions_knows_their_words_and_not_their_order():
    assert questions_digest(QUESTIONS) == questions_digest(QUESTIONS[::-1])
    assert questions_digest(QUESTIONS) != questions_digest((*QUESTIONS[:3], replace(QUESTIONS[3], lang="en")))
    assert questions_digest(QUESTIONS) != questions_digest(QUESTIONS[:3])


def test_the_commit_is_that_of_the_checkout_and_changes_are_told(tmp_path):
    assert git_state(tmp_path) == (None, None)

    def git(*args):
        subprocess.run(
            ["git", "-C", tmp_path, "-c", "user.name=x", "-c", "user.email=x@example.org", *args], check=True,
            capture_output=True,
        )

    git("init")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "a")
    commit, dirty = git_state(tmp_path)
    assert len(commit) == 40 and dirty is False
    (tmp_path / "a").write_text("2")
    assert git_state(tmp_path) == (commit, True)
    (tmp_path / "inside").mkdir()
    assert git_state(tmp_path / "inside") == (None, None)  # a copy inside another project is not its commit


def test_the_source_fingerprint_changes_with_code_and_coefficients_that_answer(tmp_path):
    for package in ("index", "rag"):
        (tmp_path / package).mkdir()
    (tmp_path / "index" / "search.py").write_text("A = 1")
    (tmp_path / "rag" / "calibration.json").write_text("{}")
    seen = [source_digest(tmp_path)]
    (tmp_path / "rag" / "calibration.json").write_text('{"threshold": 1}')
    seen.append(source_digest(tmp_path))
    (tmp_path / "index" / "search.py").write_text("A = 2")
    seen.append(source_digest(tmp_path))
    (tmp_path / "README.md").write_text("words")
    assert len(set(seen)) == 3 and source_digest(tmp_path) == seen[-1]


def test_the_index_is_named_by_its_manifest(tmp_path):
    assert index_fingerprint(tmp_path) == "in memory"
    (tmp_path / "manifest.json").write_text('{"fingerprint": "00ff"}')
    assert index_fingerprint(tmp_path) == "00ff"


def test_provenance_names_no_path_and_no_host(origin, tmp_path):
    text = json.dumps([origin.machine, origin.libraries, origin.sentence(), origin.index])
    assert str(tmp_path) not in text and origin.machine["cores"] >= 1 and origin.libraries["numpy"]


def test_held_out_questions_asked_again_on_the_same_day_with_other_settings_warn(origin, tmp_path):
    folder = tmp_path / "runs"
    assert ledger.note(origin, folder) is None
    assert ledger.note(origin, folder) is None  # the same settings: a repetition, not a choice
    changed = replace(origin, source_sha256="other")
    assert "already asked once today with other settings; choose on --split dev" in ledger.note(changed, folder)
    assert "asked 2 times today" in ledger.note(replace(origin, encoder="third"), folder)
    assert ledger.note(replace(changed, time="2026-05-05T00:00:01+00:00"), folder) is None
    others = replace(origin, questions_sha256="their own", source_sha256="new")
    assert ledger.note(others, folder) is None


def test_the_ledger_holds_no_text_and_survives_damage(origin, tmp_path):
    ledger.note(origin, tmp_path)
    path = tmp_path / "ledger.jsonl"
    assert all(set(json.loads(x)) == {"time", "settings", "questions_sha256"} for x in path.read_text().splitlines())
    path.write_text(path.read_text() + '{"time": 3}\nnot json\n[1]\n{"time": "2026-05-0')
    assert ledger.note(replace(origin, encoder="other"), tmp_path)


def test_development_questions_are_free(origin, tmp_path):
    assert ledger.note(replace(origin, name="dev"), tmp_path) is None
    assert not list(tmp_path.iterdir())


def test_the_shipped_test_questions_are_held_out_under_any_name(origin):
    digest = questions_digest(load(shipped("test")))
    assert ledger.is_held_out(replace(origin, name="copy", questions_sha256=digest))
    assert not ledger.is_held_out(replace(origin, name="copy"))


def test_a_ledger_that_cannot_be_written_is_said_and_stops_nothing(origin, tmp_path, capsys):
    file = tmp_path / "file"
    file.write_text("")
    assert ledger.note(origin, file) is None
    assert "cannot note this run" in capsys.readouterr().err
