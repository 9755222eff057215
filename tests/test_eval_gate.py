"""The gate fails on exactly the scores that fell, says by how much, and refuses expectations that could not fail."""

import re
import tomllib

import judged
import pytest

from eval.gate import FEWEST, expected_toml, gate, limits, load_expected
from eval.report import Report, Row
from eval.run import Facts, judge
from eval.scores import SCORES
from index.errors import UserError


@pytest.fixture(scope="module")
def rows():
    return judged.report().rows()


def said(rows, expected):
    return [str(miss) for miss in gate(rows, expected)]


def row(score, value, interval, counted):
    nothing = dict.fromkeys(SCORES)
    return Row("de", "en", counted, nothing | {score: value}, {}, nothing | {score: interval}, {score: counted})


def test_the_gate_names_cell_got_expected_and_by_how_much(rows):
    assert said(rows, {"overall": {"hit@1": 0.5, "mrr": 0.75, "p95_seconds": 5}, "en -> de": {"hit@3": 1}}) == []
    assert said(rows, {"overall": {"hit@1": 0.51}, "en -> de": {"mrr": 0.75, "hit@5": 1.0}}) == [
        "overall: hit@1 is 0.500, expected at least 0.510 (0.010 below, n=2)",
        "en -> de: mrr is 0.500, expected at least 0.750 (0.250 below, n=1)",
    ]
    assert said(rows, {"de -> de": {"citation_precision": 0.1}}) == [
        "de -> de: citation_precision is not measured, expected at least 0.100"
    ]
    (slow,) = said(rows, {"overall": {"p95_seconds": 0}})
    assert re.fullmatch(
        r"overall: p95_seconds is 0\.\d{3}, expected at most 0\.000 \(0\.\d{3} above, n=4\)", slow
    )


def test_the_gate_fails_on_names_it_does_not_know(rows):
    name, key = said(rows, {"fr -> de": {"mrr": 0}, "overall": {"hit@7": 0}})
    assert name.startswith("fr -> de: no such row; there are: de -> de, ")
    assert key.startswith("overall: no such score 'hit@7'; there are: hit@1, ")


def test_a_limit_leaves_half_of_the_interval_and_at_least_one_question():
    assert limits(row("hit@1", 0.8, (0.6, 0.9), 100)) == {"hit@1": pytest.approx(0.7 - 0.0005)}
    assert limits(row("hit@1", 0.8, (0.78, 0.9), 10)) == {"hit@1": pytest.approx(0.7 - 0.0005)}
    assert limits(row("hit@1", 1.0, (1.0, 1.0), 8)) == {"hit@1": pytest.approx(0.875 - 0.0005)}


def test_a_limit_that_could_not_be_missed_is_left_out_and_so_are_a_handful_of_questions():
    assert limits(row("hit@1", 0.1, (0.0, 0.3), 5)) == {}
    assert limits(row("hit@1", 1.0, (1.0, 1.0), FEWEST - 1)) == {}
    assert limits(row("hit@1", None, None, 0)) == {}
    assert limits(row("error_rate", 0.1, (0.0, 0.3), 50)) == {}  # one less `answered`, which is gated


def many(right: int) -> Report:
    """Twenty questions of as many facts, the first `right` of them answered rightly."""
    results = []
    for i in range(20):
        question = judged.asked(f"q{i}", "de", judged.Q1.gold, judged.Q1.answers)
        place = judged.FIRST if i < right else judged.SECOND
        results.append(judge(question, judged.answered(question, [place], [place]), Facts("en", exact=1.0)))
    return Report(tuple(results))


def test_what_is_published_passes_its_own_gate_and_misses_it_when_it_falls(tmp_path):
    path = tmp_path / "expected.toml"
    path.write_text(expected_toml({"dev": many(18), "test": many(18)}), encoding="utf-8")
    assert set(tomllib.loads(path.read_text(encoding="utf-8"))) == {"dev", "test"}
    expected = load_expected(path, "test")
    assert gate(many(18).rows(), expected) == gate(many(17).rows(), expected) == []
    missed = gate(many(16).rows(), expected)
    # 18 of 20 are 0.90 with an interval from 0.75: half of that arm is 0.075, so 17 pass and 16 do not.
    assert {miss.row for miss in missed} == {"overall", "de -> en", "de -> all", "all -> en", "all -> other"}
    assert {miss.score for miss in missed} >= {"hit@1", "accuracy", "citation_precision"}
    assert "overall: hit@1 is 0.800, expected at least 0.8" in str(next(m for m in missed if m.row == "overall"))


def test_expected_scores_are_read_for_one_question_file(tmp_path):
    path = tmp_path / "expected.toml"
    path.write_text('[test.overall]\n"hit@5" = 0.75\n[test."de -> zh-Hans"]\nmrr = 1\n', encoding="utf-8")
    assert load_expected(path, "test") == {"overall": {"hit@5": 0.75}, "de -> zh-Hans": {"mrr": 1}}
    with pytest.raises(UserError, match=r"expects nothing of 'dev'; add a section such as \[dev.overall\]"):
        load_expected(path, "dev")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[test", "is not TOML"),
        ("[test.overall]", "needs lines such as"),
        ("test = 3", "expects nothing"),
        ('[test.overall]\nmrr = "x"', "must be a number, got 'x'"),
        ("[test]\nmrr = 1", "needs lines such as"),
    ],
)
def test_an_expectation_that_could_not_fail_is_refused(tmp_path, text, message):
    path = tmp_path / "expected.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=message):
        load_expected(path, "test")


def test_a_missing_expectation_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot read the expected scores"):
        load_expected(tmp_path / "expected.toml", "test")
