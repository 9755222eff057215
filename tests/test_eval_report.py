"""A run over hand-made answers gives the table, the JSON and the gate worked out by hand."""

import json
import re
from types import MappingProxyType

import pytest

from eval.dataset import Gold, Question
from eval.report import OVERALL, Report, load_expected, score
from eval.run import SCORES, intervals, judge, run, scores
from index.errors import UserError
from index.types import Article, Hit, Passage, Span
from rag.types import Answer, Citation

TEXT = "Wuhan hat 40 Stationen. Peking hat 50. Sonst nichts."
ARTICLES = (
    Article("x", "de", "x", TEXT, (Span(0, len(TEXT)),)),
    Article("z", "zh-Hant", "z", TEXT, (Span(0, len(TEXT)),)),
)
FIRST, SECOND = (0, 23), (24, 38)


def asked(
    id: str, lang: str, gold: tuple[Gold, ...], answers: tuple[str, ...], fact: str | None = None
) -> Question:
    return Question(id, f"{id}?", lang, fact or id, bool(gold), "figure", gold, answers)


def answered(
    question: Question,
    hits: list[tuple[int, int]],
    cites: list[tuple[int, int]] = (),
    found: bool = True,
    confidence: float = 0.5,
    article: str = "x",
) -> Answer:
    passages = [Passage(article, "de", start, end, TEXT[start:end]) for start, end in hits]
    return Answer(
        question=question.question,
        lang=question.lang,
        found=found,
        text="See below." if found else "The articles say nothing of 40 or 50.",
        citations=tuple(
            Citation(i, article, start, end, TEXT[start:end], "de", Span(start, end))
            for i, (start, end) in enumerate(cites, 1)
        ),
        hits=tuple(Hit(p, 1 / i) for i, p in enumerate(passages, 1)),
        reason=None if found else "not_supported",
        seconds=0.0,
        confidence=confidence,
    )


Q1 = asked("q1", "en", (Gold("x", *FIRST),), ("40",))
Q2 = asked("q2", "de", (Gold("x", *SECOND),), ("50",))
Q3 = asked("q3", "en", (), ())
Q4 = asked("q4", "de", (), ())
ANSWERS = MappingProxyType(
    {
        Q1.question: answered(
            Q1, [SECOND, FIRST], [FIRST, SECOND], confidence=0.9
        ),  # rank 2, right, cit. P 1/2
        Q2.question: answered(Q2, [SECOND], found=False, confidence=0.2),  # rank 1, refused
        Q3.question: answered(Q3, [FIRST], found=False, confidence=0.1),  # refused, rightly
        Q4.question: answered(Q4, [FIRST], [FIRST], confidence=0.6),  # should have been refused
    }
)
QUESTIONS = (Q1, Q2, Q3, Q4)


@pytest.fixture(scope="module")
def report() -> Report:
    return score(ANSWERS.__getitem__, QUESTIONS, ARTICLES, progress=False)


def test_scores_are_those_worked_out_by_hand(report):
    rows = {row.name: row for row in report.rows()}
    assert dict(rows[OVERALL].scores) == {
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
        assert judge(question, answered(question, []), "zh-Hant", 0.0).crosses is crosses
    question = asked("q", "de", gold, ("40",))
    assert not judge(question, answered(question, []), "de+zh-Hant", 0.0).crosses
    assert not judge(Q3, answered(Q3, []), "none", 0.0).crosses


def test_run_measures_time_and_keeps_order():
    results = run(ANSWERS.__getitem__, QUESTIONS, ARTICLES)
    assert [r.question for r in results] == list(QUESTIONS)
    assert all(0 < r.seconds < 1 for r in results)


def test_run_refuses_gold_that_is_not_in_the_articles():
    with pytest.raises(UserError, match="no article 'x'"):
        run(ANSWERS.__getitem__, QUESTIONS, ARTICLES[1:])


def test_scores_of_nothing_are_none():
    assert scores(()) == dict.fromkeys(SCORES)


def test_intervals_resample_facts_not_questions():
    right = answered(Q1, [FIRST])
    wrong = answered(Q1, [SECOND])
    results = [
        judge(asked(f"{fact}{i}", "en", Q1.gold, Q1.answers, fact), answer, "de", 0.0)
        for fact, answer in (("a", right), ("b", wrong))
        for i in range(50)
    ]
    # Of two facts, a quarter of the draws holds only the right one and a quarter only the wrong one.
    assert intervals(results)["hit@1"] == (0.0, 1.0)
    assert intervals(results)["refusal_precision"] is None
    alone = [
        judge(asked(f"{i}", "en", Q1.gold, Q1.answers), right if i % 4 else wrong, "de", 0.0)
        for i in range(100)
    ]
    low, high = intervals(alone)["hit@1"]
    # Binomial standard error at 0.75 and n = 100 is 0.0433, so +-1.96 of them is about 0.665 to 0.835.
    assert low == pytest.approx(0.665, abs=0.01) and high == pytest.approx(0.835, abs=0.01)
    assert intervals(alone) == intervals(alone)
    few = alone[:7]
    assert intervals(few, rounds=9, seed=1) != intervals(few, rounds=9, seed=2)


def test_the_table_is_aligned_and_holds_every_row(report):
    head, rule, *rest = report.table().split("\n")
    assert head.startswith("questions  articles") and set(rule) == {"-"}
    body = rest[: rest.index("")]
    assert len({len(line) for line in body if not line.endswith("-")} | {len(rule)}) <= 2
    overall = next(line for line in body if re.match(r"all\s+all\s", line))
    assert overall.split()[2:13] == ["4", "0.50", "1.00", "1.00", "0.75", *["0.50"] * 6]
    after = body[body.index(overall) + 1 :]
    assert [line.split()[:3] for line in after] == [["95", "%", "from"], ["95", "%", "to"]]


def test_markdown_has_as_many_cells_in_every_row(report):
    lines = report.markdown().split("\n")
    table = lines[: lines.index("")]
    assert {line.count("|") for line in table} == {16}
    assert table[1].startswith("| --- | --- | ---: |")


def test_the_trade_off_is_told(report):
    # Answerable 0.9 and 0.2, unanswerable 0.1 and 0.6: answering both answerable ones refuses one of two.
    assert (
        "Refusing below confidence 0.200 answers 100.0% of the answerable and refuses 50.0%" in report.table()
    )
    assert "more confidence than an unanswerable one: 0.750" in report.markdown()


def test_the_json_holds_rows_curves_and_questions_without_their_text(report):
    data = json.loads(report.json())
    assert [row["name"] for row in data["rows"]] == [row.name for row in report.rows()]
    assert data["rows"][-1]["scores"]["mrr"] == 0.75 and len(data["rows"][-1]["ranges"]["mrr"]) == 2
    assert data["separation"] == 0.75
    assert data["risk_coverage"]["area"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert [entry["id"] for entry in data["questions"]] == ["q1", "q2", "q3", "q4"]
    assert data["questions"][0]["rank"] == 2 and data["questions"][1]["reason"] == "not_supported"
    assert "q1?" not in report.json()


def test_the_gate_names_cell_got_and_expected(report):
    assert (
        report.gate({"overall": {"hit@1": 0.5, "mrr": 0.75, "p95_seconds": 5}, "en -> de": {"hit@3": 1}})
        == []
    )
    assert report.gate({"overall": {"hit@1": 0.51}, "en -> de": {"mrr": 0.75, "hit@5": 1.0}}) == [
        "overall: hit@1 is 0.500, expected at least 0.510",
        "en -> de: mrr is 0.500, expected at least 0.750",
    ]
    assert report.gate({"de -> de": {"citation_precision": 0.1}}) == [
        "de -> de: citation_precision is not measured, expected at least 0.100"
    ]
    (slow,) = report.gate({"overall": {"p95_seconds": 0}})
    assert re.fullmatch(r"overall: p95_seconds is 0\.\d{3}, expected at most 0\.000", slow)


def test_the_gate_fails_on_names_it_does_not_know(report):
    row, score_name = report.gate({"fr -> de": {"mrr": 0}, "overall": {"hit@7": 0}})
    assert row.startswith("fr -> de: no such row; there are: de -> de, ")
    assert score_name.startswith("overall: no such score 'hit@7'; there are: hit@1, ")


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
