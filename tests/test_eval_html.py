"""The report as a page: complete, self-contained, and deaf to what hostile texts would have it do."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import judged
import pytest

from eval import report_compare, report_html, report_svg
from eval.compare import compare
from eval.confidence import failures, reliability
from eval.judge import Verdict
from eval.provenance import provenance
from eval.report import Report
from eval.run import Facts, judge
from eval.scores import SCORES
from index.types import Hit, Passage
from ui.cli import main

HOSTILE = '</title></p><script>alert(1)</script><img src=x onerror="alert(1)">\'"&{{7*7}}<!--'
VOID = {"meta"}


class Page(HTMLParser):
    """The tags and attributes of a page; fails where tags are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict]] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data

    def of(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Report:
    origin = provenance("mine", judged.QUESTIONS, tmp_path_factory.mktemp("no-index"), "concepts")
    return Report(judged.report().results, origin, {"q1": Verdict(5, 4), "q4": Verdict(2, 1)})


@pytest.fixture(scope="module")
def hostile() -> Report:
    gold = judged.Q2.gold
    passage = Passage("x", 'de" onclick="x', 24, 38, HOSTILE)
    answer = replace(
        judged.answered(judged.Q2, []), text=HOSTILE, hits=(Hit(passage, 1.0),), lang='"><script>', confidence=0.9
    )
    question = replace(judged.Q2, id=f"q{HOSTILE}", question=HOSTILE, lang='de"><script>', answers=(HOSTILE,), gold=gold)
    return Report((judge(question, answer, Facts(HOSTILE, 0.1, ((HOSTILE, 'de"><b>'),), (HOSTILE,))), *judged.report().results))


def test_the_page_stands_alone(report):
    page = Page(report_html.page(report))
    assert {"script", "link", "iframe", "object", "img", "form", "base"}.isdisjoint(t for t, _ in page.tags)
    assert all(not {"src", "href", "srcset", "data", "action"} & attrs.keys() for _, attrs in page.tags)
    text = report_html.page(report)
    assert "url(" not in text and "@import" not in text and not re.search(r"https?://", text)
    (policy,) = [m["content"] for m in page.of("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("view", ["report", "comparison"])
def test_hostile_texts_are_shown_and_never_obeyed(hostile, view):
    calm = Report((replace(hostile.results[0], rank=3, right=True), *hostile.results[1:]))
    made = report_html.page(hostile) if view == "report" else report_compare.page(compare(hostile, calm, (HOSTILE, "b")))
    page = Page(made)
    assert "<script" not in made and "<img" not in made and not page.of("script") and not page.of("img")
    assert all(not name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert HOSTILE in page.words


def test_the_page_can_be_read_without_seeing_it(report):
    page = Page(report_html.page(report))
    assert page.of("html") == [{"lang": "en"}] and len(page.of("h1")) == 1
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert all(attrs["aria-labelledby"] in ids for attrs in page.of("section"))
    for svg in page.of("svg"):
        assert (svg.get("role") == "img" and svg["aria-label"]) or svg.get("aria-hidden") == "true"
    assert all(attrs.get("scope") for attrs in page.of("th"))
    assert {attrs.get("lang") for _, attrs in page.tags} >= {"en", "de"}  # texts name their language


def test_the_page_holds_every_score_every_cell_and_the_failures_with_their_gold(report):
    page = Page(report_html.page(report))
    for name, score in SCORES.items():
        assert name in page.words and score.words in page.words
    for row in report.rows():
        assert f"{row.question_lang}{row.article_lang}{row.n}" in page.words
    assert "refused, though the articles answer" in page.words and "answered, though the articles do not say" in page.words
    assert judged.TEXT[slice(*judged.SECOND)] in page.words and "holds the answer" in page.words
    assert "2 answers graded, 0 replies could not be read." in page.words
    assert set(report_html.GROUPS) and {n for names in report_html.GROUPS.values() for n in names} == set(SCORES)


def test_a_run_without_judge_provenance_or_unanswerable_questions_has_a_page_too():
    page = Page(report_html.page(Report(judged.report().results[:2])))
    assert "opinion" not in page.words and "Where to refuse" not in page.words
    assert "2 questions about 2 facts; 2 can be answered, 0 cannot" in page.words


def test_a_comparison_shows_differences_and_changed_questions(report):
    better = judged.report(q1=judged.answered(judged.Q1, [judged.FIRST], [judged.FIRST]))
    page = Page(report_compare.page(compare(report, better, ("old", "new"))))
    assert "old → new" in page.words and "+0.500" in page.words and "+0.50" in page.words
    assert "rank 2, right → rank 1, right" in page.words and "1 changed, 1 for the better, 0 for the worse" in page.words


def test_failures_come_worst_first_in_words(report):
    assert [(f.result.question.id, f.what, round(f.loss, 2)) for f in failures(report.results)] == [
        ("q2", "refused, though the articles answer", 0.8), ("q4", "answered, though the articles do not say", 0.6)
    ]


def test_reliability_is_that_worked_out_by_hand():
    found = reliability([0.1, 0.1, 0.9, 1.0], [False, True, True, True])
    assert [(b.confidence, b.share, b.n) for b in found.bins] == [(0.1, 0.5, 2), (0.95, 1.0, 2)]
    assert found.ece == pytest.approx((0.4 * 2 + 0.05 * 2) / 4)
    assert found.brier == pytest.approx((0.01 + 0.81 + 0.01 + 0) / 4)
    with pytest.raises(ValueError, match="got 0 and 0"):
        reliability([], [])


def test_plots_are_drawn_where_their_numbers_are():
    line = report_svg.curve("t", [(0, 1), (0.5, 0.5), (1, 0)], "x", "y")
    assert 'points="44.0,12.0 196.0,111.0 348.0,210.0"' in line
    dot = re.search(r'cx="([\d.]+)"', report_svg.interval(0.5, (0.25, 0.75)))[1]
    assert float(dot) == 80
    assert 'x1="80.0" x2="80.0"' in report_svg.interval(0.1, (0.05, 0.2), -1, 1)  # where 0 is
    assert "clear" in report_svg.interval(0.1, (0.05, 0.2), -1, 1) and "clear" not in report_svg.interval(0.1, (-0.05, 0.2), -1, 1)
    cells = report_svg.heat_map("t", ["a", "b"], [("r", [(0.5, "0.50\n4"), (None, "")])])
    assert cells.count("<rect") == 2 and "--heat:25%" in cells and 'class="cell empty"' in cells
    bars = re.findall(r'height="([\d.]+)"', report_svg.histogram("t", [1, 1, 1, 1, 3, 3], "ms", bins=2))
    assert [float(h) for h in bars] == [198, 99]


@pytest.mark.parametrize("values", [[0.0], [0.0, 0.0], [5.0], [0.001, 1000.0]])
def test_a_histogram_of_anything_is_drawn(values):
    Page(report_svg.histogram("t", values, "ms", [(values[-1], "here")]))


def test_the_command_writes_the_page_from_a_saved_run(report, tmp_path, capsys):
    from eval.saved import save

    save(report, tmp_path / "a.jsonl")
    assert main(["score", "--run", str(tmp_path / "a.jsonl"), "--html", str(tmp_path / "a.html")]) == 0
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == report_html.page(report)
    assert main(["score", "--run", str(tmp_path / "a.jsonl"), "--html", str(tmp_path)]) == 1
    assert "cannot write" in capsys.readouterr().err
