"""A saved run gives the same report again; a file that is none is named, with the line."""

import json

import judged
import pytest

from eval.judge import Verdict
from eval.provenance import provenance
from eval.records import from_json
from eval.report import Report
from eval.saved import load_run, save
from index.errors import UserError
from index.types import Span


@pytest.fixture
def report(tmp_path):
    origin = provenance("mine", judged.QUESTIONS, tmp_path, "concepts", {"llm": None})
    return Report(judged.report().results, origin, {"q1": Verdict(5, 3)})


def test_a_saved_run_is_the_same_report(report, tmp_path):
    path = tmp_path / "runs" / "a.jsonl"
    save(report, path)
    again = load_run(path)
    assert again.json() == report.json()
    assert again.verdicts == report.verdicts and again.provenance == report.provenance
    assert [r.parts for r in again.results] == [r.parts for r in report.results]
    for was, now in zip(report.results, again.results, strict=True):
        assert now.answer.citations == was.answer.citations and now.facts == was.facts
        assert [(h.passage, h.score) for h in now.answer.hits] == [(h.passage, h.score) for h in was.answer.hits]


def test_a_saved_run_holds_every_number_of_every_question(report, tmp_path):
    path = tmp_path / "a.jsonl"
    save(report, path)
    head, *rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert head["provenance"]["encoder"] == "concepts" and head["provenance"]["seeds"]["bootstrap"] > 0
    assert [row["numbers"]["rank"] for row in rows] == [2, 1, None, None]
    assert rows[0]["numbers"]["scores"]["mrr"] == 0.5 and rows[0]["facts"]["gold_texts"] == [[judged.TEXT[:23], "de"]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [], "line 1: not JSON"),
        (lambda lines: ["[]"], "line 1: expected an object, got list"),
        (lambda lines: ['{"id": "q1"}'], "is not a run of this version"),
        (lambda lines: lines[:1], "holds no questions"),
        (lambda lines: [*lines[:2], lines[2][:50]], "line 3: not JSON"),
        (lambda lines: [*lines[:2], "{}"], "line 3: not a question of a run"),
        (lambda lines: [lines[0].replace('"encoder": "concepts"', '"encoder": 5')], "line 1: Provenance.encoder"),
        (lambda lines: [lines[0], lines[1].replace('"found": true', '"found": "yes"')], "line 2: .*Answer.found"),
    ],
)
def test_a_file_that_is_no_run_is_named_with_its_line(report, tmp_path, change, message):
    path = tmp_path / "a.jsonl"
    save(report, path)
    path.write_text("\n".join(change(path.read_text(encoding="utf-8").splitlines())), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load_run(path)


def test_a_run_that_cannot_be_read_or_written_is_said(report, tmp_path):
    with pytest.raises(UserError, match=r"cannot read the run .*none\.jsonl: No such file"):
        load_run(tmp_path / "none.jsonl")
    with pytest.raises(UserError, match="cannot save the run"):
        save(report, tmp_path)


def test_records_pass_over_keys_of_other_versions_and_name_what_does_not_fit():
    assert from_json(Span, {"start": 1, "end": 2, "colour": "red"}) == Span(1, 2)
    for value, message in (({"start": 1}, "Span lacks 'end'"), ({"start": 1, "end": "2"}, "Span.end must be int"), (3, "Span must be")):
        with pytest.raises(ValueError, match=message):
            from_json(Span, value)
