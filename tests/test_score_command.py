"""`crosscite score` from end to end, over a few development questions and the real index of the seeds."""

import json
import shutil
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from eval import judge, provenance
from eval.dataset import shipped
from eval.report import Report
from eval.saved import load_run
from ui.cli import main


@pytest.fixture(scope="module")
def home(index_folder, tmp_path_factory) -> Path:
    """A folder of its own with an index and six development questions, one of them unanswerable."""
    folder = tmp_path_factory.mktemp("home")
    shutil.copytree(index_folder, folder / "index")
    rows = [json.loads(line) for line in shipped("dev").read_text(encoding="utf-8").splitlines()]
    chosen = [r for r in rows if r["answerable"]][:5] + [r for r in rows if not r["answerable"]][:1]
    (folder / "mine.jsonl").write_text("\n".join(json.dumps(r) for r in chosen), encoding="utf-8")
    shutil.copy(folder / "mine.jsonl", folder / "test.jsonl")
    return folder


def score(home: Path, *args: object) -> int:
    return main(["score", "--index", str(home / "index"), *map(str, args)])


def test_a_run_is_saved_beside_the_index_and_reported_again_without_asking(home, capsys):
    assert score(home, "--questions", home / "mine.jsonl", "--json", "--save") == 0
    out, err = capsys.readouterr()
    (path,) = (home / "runs").glob("mine-*.jsonl")
    assert f"saved in {path}" in err
    data = json.loads(out)
    assert data["provenance"]["name"] == "mine" and data["provenance"]["questions"] == 6
    assert data["rows"][-1]["n"] == 6 and data["rows"][-1]["ranges"]["mrr"]
    assert main(["score", "--run", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == data
    assert isinstance(load_run(path), Report)


def test_the_report_is_also_markdown(home, capsys):
    assert score(home, "--questions", home / "mine.jsonl", "--markdown") == 0
    out = capsys.readouterr().out
    assert out.startswith("mine: 6 questions (") and "**Every cell**" in out and "| overall" not in out


def test_held_out_questions_warn_on_the_second_setting_of_a_day(home, capsys, monkeypatch):
    for source, warned in (("one", False), ("one", False), ("two", True)):
        monkeypatch.setattr(provenance, "source_digest", lambda source=source: source)
        assert score(home, "--questions", home / "test.jsonl") == 0
        assert ("already asked once today with other settings" in capsys.readouterr().err) is warned
    assert score(home, "--questions", home / "mine.jsonl") == 0
    assert capsys.readouterr().err == ""


def test_a_chat_model_judges_without_a_voice_in_the_gate(home, capsys, monkeypatch):
    replies = (AIMessage('{"faithfulness": 1, "relevance": 1}') for _ in range(99))
    monkeypatch.setattr(judge.Judge, "load", classmethod(lambda cls, spec: cls(GenericFakeChatModel(messages=replies))))
    assert score(home, "--questions", home / "mine.jsonl", "--json") == 0
    plain = json.loads(capsys.readouterr().out)
    assert score(home, "--questions", home / "mine.jsonl", "--json", "--judge", "fake:model") == 0
    judged = json.loads(capsys.readouterr().out)
    assert plain["judge"] is None and judged["judge"]["graded"] == judged["judge"]["faithfulness"]["n"] > 0
    assert judged["judge"]["relevance"]["mean"] == 1.0
    assert [row["scores"] for row in judged["rows"]] == [row["scores"] for row in plain["rows"]]


@pytest.mark.parametrize(
    ("args", "says"),
    [(["--judge", "nonsense"], "--judge needs PROVIDER:MODEL"), (["--llm", "nonsense"], "PROVIDER:MODEL")],
)
def test_a_model_that_cannot_be_had_is_said_in_one_line(home, capsys, args, says):
    assert score(home, "--questions", home / "mine.jsonl", *args) == 1
    out, err = capsys.readouterr()
    assert says in err and err.count("\n") == 1 and not out


def test_the_gate_counts_what_it_missed(home, tmp_path, capsys, monkeypatch):
    from ui import score_command

    expected = tmp_path / "expected.toml"
    expected.write_text('[mine]\noverall = { "hit@1" = 0.0, "mrr" = 1.01 }\n"fr -> de" = { "mrr" = 0.5 }\n', encoding="utf-8")
    monkeypatch.setattr(score_command, "EXPECTED", expected)
    assert score(home, "--questions", home / "mine.jsonl", "--gate") == 1
    err = capsys.readouterr().err.splitlines()
    assert err[0].startswith("crosscite: below the gate: overall: mrr is ") and "no such row" in err[1]
    assert err[2] == "crosscite: 2 of 3 limits missed, in 2 of 2 cells"
