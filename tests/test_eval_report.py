"""A run over hand-made answers gives the rows, the texts and the JSON worked out by hand."""

import json
import re

import judged
import pytest
from judged import ANSWERS, ARTICLES, FIRST, Q3, QUESTIONS, answered, asked

from eval.dataset import Gold
from eval.judge import Verdict
from eval.provenance import provenance
from eval.report import OVERALL, Report, score
from eval.report_text import markdown, matrix, table
from eval.run import Facts, judge, run
from eval.scores import SCORES, scores
from index.errors import UserError

BY_HAND = {
    "hit@1": 0.5,
    "hit@3": 1.0,
    "hit@5": 1.0,
    "mrr": 0.75,
    "citation_precision": 0.5,
    "citation_recall": 0.5,
    "accuracy": 0.5,
    "answered": 0.5,
    "refusal_precision": 0.5,
    "refusal_recall": 0.5,
}


@pytest.fixture(scope="module")
def report() -> Report:
    return judged.report()


def test_scores_are_those_worked_out_by_hand(report):
    rows = {row.name: row for row in report.rows()}
    assert {name: rows[OVERALL].scores[name] for name in BY_HAND} == BY_HAND
    assert rows[OVERALL].n == 4
    assert rows["en -> de"].scores["mrr"] == 0.5
    assert rows["de -> de"].scores["citation_precision"] is None  # nothing was cited


def test_rows_are_cells_totals_and_unanswerable_questions(report):
    assert [(row.name, row.n) for row in report.rows()] == [
        ("de -> de", 1),
        ("de -> none", 1),
        ("de -> all", 2),
        ("en -> de", 1),
        ("en -> none", 1),
        ("en -> all", 2),
        ("all -> de", 2),
        ("all -> same", 1),
        ("all -> other", 1),
        ("all -> none", 2),
        ("overall", 4),
    ]


def test_refusal_precision_needs_questions_of_both_sorts(report):
    rows = {row.name: row.scores for row in report.rows()}
    assert rows["en -> de"]["refusal_precision"] is None
    assert rows["en -> none"]["refusal_precision"] is None
    assert rows["en -> none"]["refusal_recall"] == 1 and rows["de -> none"]["refusal_recall"] == 0
    assert rows["en -> none"]["hit@5"] is None


def test_a_refusal_is_never_right_though_its_text_says_the_figure(report):
    assert [result.right for result in report.results] == [True, False, False, False]


def test_both_chinese_scripts_are_one_language():
    gold = (Gold("z", *FIRST),)
    for lang, crosses in (("zh-Hans", False), ("zh-Hant", False), ("de", True)):
        question = asked("q", lang, gold, ("40",))
        assert judge(question, answered(question, []), Facts("zh-Hant")).crosses is crosses
    question = asked("q", "de", gold, ("40",))
    assert not judge(question, answered(question, []), Facts("de+zh-Hant")).crosses
    assert not judge(Q3, answered(Q3, []), Facts("none")).crosses


def test_run_measures_time_and_keeps_order():
    results = run(ANSWERS.__getitem__, QUESTIONS, ARTICLES)
    assert [r.question for r in results] == list(QUESTIONS)
    assert all(0 < r.seconds < 1 for r in results)


def test_run_refuses_gold_that_is_not_in_the_articles():
    with pytest.raises(UserError, match="no article 'x'"):
        run(ANSWERS.__getitem__, QUESTIONS, ARTICLES[1:])


def test_scores_of_nothing_are_none():
    assert scores(()) == dict.fromkeys(SCORES)


def test_the_terminal_table_shows_totals_with_intervals_and_matrices_with_counts(report):
    totals, *blocks = table(report).split("\n\n")
    head, rule, *lines = totals.split("\n")
    assert head.split("  ")[0] == "score (95 % interval)" and set(rule) == {"-"} and len(rule) > len("hit@1 ") + 40
    assert re.search(r"^mrr +0\.75 0\.50-1\.00 +1\.00 1\.00-1\.00 +0\.50 0\.50-0\.50 +mean", "\n".join(lines), re.M)
    assert blocks[0].split("\n")[3:] == [
        "en   1.00 (1)  1.00 (1)",
        "de   1.00 (1)  1.00 (1)",
        "all  1.00 (2)  1.00 (2)",
    ]


def test_a_matrix_has_a_row_and_a_column_per_language_and_their_totals(report):
    assert matrix(report, "accuracy") == [
        ["", "de", "all"], ["en", "1.00 (1)", "1.00 (1)"], ["de", "0.00 (1)", "0.00 (1)"], ["all", "0.50 (2)", "0.50 (2)"]
    ]
    refused = matrix(report, "refusal_recall")
    assert refused[0] == ["", "none", "all"] and refused[-1] == ["all", "0.50 (2)", "0.50 (2)"]


def test_markdown_tables_have_as_many_cells_in_every_row_and_hold_every_cell(report):
    text = markdown(report)
    blocks = [block.split("\n") for block in text.split("\n\n") if block.startswith("|")]
    assert len(blocks) == 4
    for block in blocks:
        assert len({line.count("|") for line in block}) == 1 and set(block[1]) <= set("|-: ")
    assert len(blocks[-1]) == 2 + len(report.rows()) and blocks[-1][0].count("|") == len(SCORES) + 6


def test_the_trade_off_is_told(report):
    # Answerable 0.9 and 0.2, unanswerable 0.1 and 0.6: answering both answerable ones refuses one of two.
    assert (
        "Refusing below confidence 0.200 answers 100.0% of the answerable and refuses 50.0%" in table(report)
    )
    assert "more confidence than an unanswerable one: 0.750" in markdown(report)


def test_the_json_holds_rows_curves_and_questions_without_their_text(report):
    data = json.loads(report.json())
    assert [row["name"] for row in data["rows"]] == [row.name for row in report.rows()]
    assert data["rows"][-1]["scores"]["mrr"] == 0.75 and len(data["rows"][-1]["ranges"]["mrr"]) == 2
    assert data["separation"] == 0.75
    assert data["risk_coverage"]["area"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert [entry["id"] for entry in data["questions"]] == ["q1", "q2", "q3", "q4"]
    assert data["questions"][0]["rank"] == 2 and data["questions"][1]["reason"] == "not_supported"
    assert "q1?" not in report.json()


def test_every_report_names_where_its_numbers_come_from(tmp_path):
    origin = provenance("mine", QUESTIONS, tmp_path, "concepts", {"llm": "ollama:qwen3"})
    made = score(ANSWERS.__getitem__, QUESTIONS, ARTICLES, progress=False, provenance=origin)
    for text in (table(made), markdown(made)):
        assert text.startswith("mine: 4 questions (")
        assert "; encoder concepts; index in memory; " in text and "; llm ollama:qwen3; " in text
    assert json.loads(made.json())["provenance"]["questions_sha256"] == origin.questions_sha256


def test_a_judge_is_told_with_its_agreement(report):
    judged_too = Report(report.results, None, {"q1": Verdict(5, 4), "q4": Verdict(1, 4)})
    said = table(judged_too)
    assert "Judge (no part of the gate): 2 answers graded, 0 replies unreadable." in said
    assert "Judge: faithfulness 3.00 of 5, 50% good; citation_precision calls 50% right; kappa 1.00, correlation 1.00 (n=2)." in said
    assert "Judge" not in table(report)
