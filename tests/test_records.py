"""What a browser keeps of an answer, exports of it, and ratings: nothing is lost, nothing foreign is taken."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Scripted
from test_render import HOSTILE, a_citation, an_answer, an_article, anything

from eval.dataset import load
from index.errors import UserError
from index.types import Span
from ui import export, texts
from ui.feedback import Feedback
from ui.records import answer_of, fingerprint, record_of

SCRIPTED = Scripted()


@pytest.mark.parametrize("question", ["How large?", "武汉?", "what weather?"])
def test_an_answer_comes_back_as_it_was_kept(question):
    *_, answer = SCRIPTED.stream(question)
    record = json.loads(json.dumps(record_of(answer, SCRIPTED.article)))
    assert answer_of(record) == answer
    assert [c["hash"] for c in record["citations"]] == [fingerprint(c.quote) for c in answer.citations]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda c: st.lists(c) | st.dictionaries(
    st.sampled_from("question lang found text citations hits reason seconds".split()), c), max_leaves=8))
def test_what_is_no_answer_is_refused(thing):
    with pytest.raises(UserError, match="not an answer"):
        answer_of(thing)


class NoMarkup(HTMLParser):
    def handle_starttag(self, tag, attrs):
        raise AssertionError(f"<{tag}> in the export")


@given(anything, anything, anything)
def test_nothing_of_an_article_becomes_markup_in_an_export(title, quote, question):
    article = an_article(f"{quote}.", title=title, publisher=title)
    answer = an_answer("So [1].", a_citation(1, article, 0, len(article.text)))
    record = {**record_of(answer, lambda _: article), "question": question}
    text = export.as_markdown(title, [{"record": record}], "http://x/")
    unescaped = re.sub(r"\\.", "", text, flags=re.DOTALL)
    links = re.findall(r"\]\((.*?)\)", unescaped)
    assert len(links) == 1 and links[0].startswith("<http://x/?article=a1&start=0&")
    assert "![" not in unescaped and "`" not in unescaped
    NoMarkup().feed(unescaped.replace(f"({links[0]})", ""))


def test_an_export_has_every_question_answer_and_source():
    answers = [list(SCRIPTED.stream(question))[-1] for question in ("How large?", "what weather?")]
    turns = [{"record": record_of(a, SCRIPTED.article), "asked": "2026-01-01"} for a in answers]
    data = json.loads(export.as_json("Talk", turns, "http://x/?article=other"))
    assert [t["question"] for t in data["turns"]] == ["How large?", "what weather?"]
    first = data["turns"][0]["citations"][0]
    assert first["quote"] in SCRIPTED.article(first["article_id"]).text
    assert first["link"] == (
        f"http://x/?article={first['article_id']}&start={first['start']}&end={first['end']}&hash={first['hash']}"
    )
    text = export.as_markdown("Talk", turns, "http://x/", "de")
    assert text.startswith("# Talk\n\n## How large?\n\n")
    assert "- [1] **[" in text and "15. Februar 2025" in text and "4000亿元" in text


def test_a_rating_is_a_question_that_the_evaluation_reads(tmp_path):
    feedback = Feedback(tmp_path / "feedback")
    *_, answer = SCRIPTED.stream("How large?")
    *_, refusal = SCRIPTED.stream("what weather?")
    for given_ in (answer, refusal):
        feedback.save(record_of(given_, SCRIPTED.article), "good", "fine")
    right, refused = load(feedback.folder / "good.jsonl")
    assert (right.question, right.answerable, right.answers) == ("How large?", True, ("4000亿元", "40"))
    gold = right.gold[0]
    assert (gold.article_id, gold.start, gold.end) == tuple(
        getattr(answer.citations[0], name) for name in ("article_id", "start", "end")
    )
    assert (refused.answerable, refused.gold) == (False, ())
    assert "fine" in (feedback.folder / "good.jsonl").read_text(encoding="utf-8")


def test_a_rating_replaces_the_one_before_and_can_be_taken_back(tmp_path):
    feedback, record = Feedback(tmp_path), record_of(list(SCRIPTED.stream("How large?"))[-1], SCRIPTED.article)

    def lines() -> tuple[int, int]:
        return tuple(
            len((tmp_path / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()) if (tmp_path / f"{name}.jsonl").exists() else 0
            for name in ("good", "bad")
        )

    feedback.save(record, "good")
    feedback.save(record, "good", "really")
    assert lines() == (1, 0)
    feedback.save(record, "bad")
    assert lines() == (0, 1)
    feedback.save(record, None)
    assert lines() == (0, 0)
    with pytest.raises(UserError, match="good, bad"):
        feedback.save(record, "splendid")


def test_the_answers_of_a_good_rating_lie_inside_the_quotation(tmp_path):
    article = an_article("Es waren 40 Stationen.")
    answer = an_answer("So [1].", a_citation(1, article, 0, 22, Span(9, 11)))
    Feedback(tmp_path).save(record_of(answer, lambda _: article), "good")
    assert load(tmp_path / "good.jsonl")[0].answers == ("40",)


@pytest.mark.parametrize("text", HOSTILE)
def test_escaped_markdown_reads_as_it_was(text):
    escaped = export.plain(text)
    assert re.sub(r"\\([\\`*_{}\[\]<>#|~!&+=-])", r"\1", escaped) == text.replace("\0", "␀").replace("\r", " ")


def test_every_text_speaks_every_language_with_the_same_blanks():
    blanks = [
        {key: frozenset(re.findall(r"{(\w+)", text)) for key, text in texts.catalog(ui).items()} for ui in texts.INTERFACES
    ]
    assert all(b == blanks[0] for b in blanks)
    assert all(text.strip() for ui in texts.INTERFACES for text in texts.catalog(ui).values())
    with pytest.raises(ValueError, match="fr"):
        texts.catalog("fr")
