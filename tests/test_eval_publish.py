"""What is published comes from the run, and nothing but the marked block of the README changes."""

import judged
import pytest

from eval.dataset import Gold
from eval.publish import scores_page, summary, with_summary
from eval.report import Report
from eval.run import Facts, judge
from eval.scores import SCORES


def test_the_readme_block_shows_main_scores_with_intervals_and_hits_by_language():
    lines = summary(judged.report()).split("\n")
    assert lines[0] == "| test questions | all (95 % interval) | own language | across languages |"
    assert "| right passage first | 0.50 (0.00-1.00) | 1.00 | 0.00 |" in lines
    assert "| unanswerable questions refused | 0.50 (0.00-1.00) |  |  |" in lines
    # The gold article is in German; no column for languages that nobody asked in.
    assert lines[-4:] == ["| hit@5: question in | article in de |", "|---|---|", "| en | 1.00 (n=1) |", "| de | 1.00 (n=1) |"]


def test_the_readme_block_leaves_out_articles_in_several_languages():
    question = judged.asked("q9", "en", (Gold("x", 0, 23),), ("40",))
    mixed = judge(question, judged.answered(question, []), Facts("de+en"))
    assert "de+en" not in summary(Report((*judged.report().results, mixed)))


def test_the_page_of_scores_holds_both_splits_and_every_score():
    text = scores_page({"test": judged.report(), "dev": judged.report()})
    assert text.index("## test") < text.index("## dev") and text.endswith("\n")
    assert all(text.count(f"\n| {name} | ") == 2 for name in SCORES)


def test_only_the_block_between_the_comments_changes():
    readme = "a\n<!-- scores: make score -->\nold\n<!-- end of scores -->\nb\n"
    assert with_summary(readme, "new") == "a\n<!-- scores: make score -->\nnew\n<!-- end of scores -->\nb\n"
    with pytest.raises(ValueError, match="the README needs"):
        with_summary("a", "new")
