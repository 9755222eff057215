"""Two saved runs compared: scores, chance, what changed, and refusals to compare what cannot be."""

import json
import re
from dataclasses import replace

import judged
import pytest

from eval.compare import compare, markdown, run_names, settings_changed, table, to_json
from eval.provenance import provenance
from eval.report import Report
from eval.run import Facts, judge
from eval.saved import save
from index.errors import UserError
from ui.cli import main


@pytest.fixture
def runs(tmp_path):
    """Run b finds q1 first instead of second, and refuses q4, rightly."""
    a = judged.report()
    b = judged.report(
        q1=judged.answered(judged.Q1, [judged.FIRST], [judged.FIRST], confidence=0.9),
        q4=judged.answered(judged.Q4, [judged.FIRST], found=False),
    )
    origin = provenance("mine", judged.QUESTIONS, tmp_path, "concepts")
    return Report(a.results, origin), Report(b.results, replace(origin, encoder="other", commit="f" * 40))


def test_both_values_and_their_difference_are_told_for_every_cell(runs):
    found = compare(*runs)
    hit = found.cells["overall"]["hit@1"]
    assert (hit.a, hit.b, hit.difference, hit.n) == (0.5, 1.0, 0.5, 2)
    assert hit.p == 1.0  # one differing fact: swapping it gives as large a difference, always
    assert found.cells["de -> de"]["hit@1"].difference == 0 and found.cells["de -> de"]["citation_precision"] is None
    assert found.cells["all -> none"]["refusal_recall"].difference == 0.5
    assert list(found.cells) == [row.name for row in runs[0].rows()]


def test_the_questions_that_changed_are_named_with_what_happened(runs):
    changes = {c.id: c for c in compare(*runs).changes}
    assert set(changes) == {"q1", "q4"}
    assert (changes["q1"].a, changes["q1"].b, changes["q1"].better) == ("rank 2, right", "rank 1, right", True)
    assert changes["q4"].a.startswith("answered, though") and changes["q4"].b == "refused" and changes["q4"].better
    worse = compare(runs[1], runs[0]).changes
    assert [c.better for c in worse] == [False, False]


def test_what_was_changed_between_the_runs_is_told(runs):
    assert "encoder: concepts -> other" in settings_changed(*runs)
    assert settings_changed(runs[0], runs[0]) == []
    assert "encoder: concepts -> other" in table(compare(*runs))


def test_the_order_of_the_questions_does_not_matter(runs):
    a, b = runs
    turned = Report(b.results[::-1], b.provenance)
    assert to_json(compare(a, turned)) == to_json(compare(a, b))


def test_runs_over_other_questions_are_refused_with_what_to_type(runs):
    a, b = runs
    with pytest.raises(UserError, match=r"a 4, b 3, 3 in common; run both over the same file: crosscite score"):
        compare(a, Report(b.results[:3]), ("a", "b"))
    first = b.results[0]
    other = judge(replace(first.question, answers=("41",)), first.answer, Facts("de"))
    with pytest.raises(UserError, match=r"1 of 4 were changed between them \(first 'q1': answers\)"):
        compare(a, Report((other, *b.results[1:])))


def test_texts_hold_every_score_and_json_no_question(runs):
    found = compare(*runs)
    assert re.search(r"^hit@1 +0\.500 +1\.000 +\+0\.500 ", table(found), re.M)
    assert "Questions that changed: 2 of 4 (2 better, 0 worse, 0 neither)\n+ q1 (en -> de)" in table(found)
    told = sum(d is not None for cell in found.cells.values() for d in cell.values())
    assert markdown(found).count("\n| overall | ") + markdown(found).count(" -> ") >= told
    data = json.loads(to_json(found))
    assert data["cells"]["overall"]["mrr"]["b"] == 1.0 and "q1?" not in to_json(found)


def test_equal_runs_say_so(runs):
    said = table(compare(runs[0], runs[0]))
    assert "No cell differs by more than chance" in said and "nothing that is recorded" in said and "0 of 4" in said


def test_the_command_compares_two_files_and_refuses_in_one_line(runs, tmp_path, capsys):
    for name, report in zip(("a", "b"), runs, strict=True):
        save(report, tmp_path / f"{name}.jsonl")
    save(Report(runs[1].results[1:]), tmp_path / "short.jsonl")
    assert main(["score", "--compare", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")]) == 0
    assert "a: mine: 4 questions" in capsys.readouterr().out
    assert main(["score", "--compare", str(tmp_path / "a.jsonl"), str(tmp_path / "short.jsonl")]) == 1
    out, err = capsys.readouterr()
    assert not out and err.startswith("crosscite: the runs ask different questions") and err.count("\n") == 1


def test_runs_are_called_by_their_files_unless_these_are_the_same(tmp_path):
    assert run_names([tmp_path / "old.jsonl", tmp_path / "new.jsonl"]) == ("old", "new")
    assert run_names([tmp_path / "x" / "run.jsonl", tmp_path / "run.jsonl"]) == ("A", "B")


def test_a_difference_is_clear_only_where_facts_enough_differ():
    from eval.compare import is_clear
    from eval.significance import Difference

    assert is_clear(Difference("hit@1", 0.5, 0.7, 0.2, 0.05, 0.3, 0.01, 50))
    assert not is_clear(Difference("hit@1", 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1))  # one question says nothing
    assert not is_clear(Difference("hit@1", 0.5, 0.7, 0.2, -0.01, 0.3, 0.04, 50))


def test_no_difference_has_no_sign_of_loss():
    from eval.report_text import signed

    assert (signed(-0.0004), signed(0.0), signed(-0.0005001)) == ("+0.000", "+0.000", "-0.001")
