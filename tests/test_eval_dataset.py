"""Question files are read whole, or refused with the line and the reason."""

import json
from pathlib import Path

import pytest

from eval.dataset import SPLITS, Gold, Question, article_langs, check, dumps, load, shared_facts, shipped
from index.errors import UserError
from index.types import Article, Span

LINE = {
    "id": "a.de",
    "question": "Wie viele?",
    "lang": "de",
    "fact": "a",
    "answerable": True,
    "kind": "figure",
    "gold": [{"article_id": "x", "start": 2, "end": 5}],
    "answers": ["40"],
}
NOTHING = {"answerable": False, "gold": [], "answers": []}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_line_becomes_a_question(tmp_path):
    second = LINE | NOTHING | {"id": "b.en", "fact": "b", "note": "passed over"}
    questions = load(write(tmp_path / "q.jsonl", LINE, second))
    assert questions[0] == Question(
        "a.de", "Wie viele?", "de", "a", True, "figure", (Gold("x", 2, 5),), ("40",)
    )
    assert questions[0].gold[0].span == Span(2, 5)
    assert not questions[1].answerable and questions[1].gold == ()


def test_blank_lines_count_as_lines_but_not_as_questions(tmp_path):
    path = tmp_path / "q.jsonl"
    path.write_text("\n" + json.dumps(LINE) + "\n\nnot json\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"q\.jsonl, line 4: not JSON"):
        load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question": " "}, "'question' is empty"),
        ({"lang": 3}, "'lang' must be str, got int"),
        ({"answerable": 1}, "'answerable' must be bool, got int"),
        ({"gold": []}, "an answerable question needs gold and answers, got 0 and 1"),
        ({"answers": []}, "an answerable question needs gold and answers, got 1 and 0"),
        ({"answers": [""]}, "answers are strings that say something, got ''"),
        ({"answerable": False}, "neither, got 1 gold and 1 answers"),
        ({"gold": [{"article_id": "x", "start": 5, "end": 5}]}, "0 <= start < end, got start=5, end=5"),
        ({"gold": [{"article_id": "x", "start": -1, "end": 5}]}, "got start=-1, end=5"),
        ({"gold": [{"article_id": "x", "start": "1", "end": 5}]}, "'start' must be int, got str"),
        ({"gold": ["x"]}, "gold items are objects"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path, change, message):
    path = write(tmp_path / "q.jsonl", LINE, LINE | {"id": "b"} | change)
    with pytest.raises(UserError) as caught:
        load(path)
    assert "line 2: " in str(caught.value) and message in str(caught.value)


def test_a_missing_key_is_named(tmp_path):
    path = write(tmp_path / "q.jsonl", {key: value for key, value in LINE.items() if key != "answerable"})
    with pytest.raises(UserError, match="line 1: 'answerable' is missing; a line needs id, question"):
        load(path)


def test_what_may_be_left_out_has_a_meaning(tmp_path):
    bare = {key: LINE[key] for key in ("id", "question", "lang", "answerable", "gold", "answers")}
    full = LINE | {"id": "b", "split": "dev", "parallel_id": "a", "gold": [LINE["gold"][0] | {"quote": "345"}]}
    first, second = load(write(tmp_path / "q.jsonl", bare, full))
    assert (first.fact, first.split, first.kind, first.gold[0].quote) == ("a.de", "", "", "")
    assert (second.fact, second.split, second.kind, second.gold[0].quote) == ("a", "dev", "figure", "345")
    with pytest.raises(UserError, match="line 1: 'fact' and 'parallel_id' are two names of one thing"):
        load(write(tmp_path / "q.jsonl", LINE | {"parallel_id": "b"}))


def test_gold_or_answers_may_be_unknown_but_not_both(tmp_path):
    passages, words = ({k: v for k, v in LINE.items() if k != key} for key in ("answers", "gold"))
    path = write(tmp_path / "q.jsonl", passages, words | {"id": "b"})
    first, second = load(path)
    assert first.gold and not first.answers and second.answers and not second.gold
    path.write_text(dumps([first, second]), encoding="utf-8")
    assert load(path) == (first, second)
    with pytest.raises(UserError, match="needs gold and answers, got 0 and 0"):
        load(write(path, {k: v for k, v in words.items() if k != "answers"}))


def test_all_errors_of_a_file_are_named_at_once_in_the_order_of_the_lines(tmp_path):
    path = tmp_path / "q.jsonl"
    wrong = [LINE | {"gold": [{"article_id": "x", "start": 2, "end": 9}]}, LINE | {"id": "b", "question": ""}]
    last = LINE | {"id": "c", "lang": "German"}
    path.write_text("\n".join([json.dumps(LINE), "{", *map(json.dumps, wrong), "", json.dumps(last)]), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load(path, [Article("x", "de", "", "12345", ())])
    lines = str(caught.value).splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{path}, line {n}" for n in (2, 3, 3, 4, 6)]
    for line, part in zip(lines, ("not JSON", "already used in line 1", "ends at 9", "write it", "'German'"), strict=True):
        assert part in line


def test_a_quote_must_stand_where_its_span_says(tmp_path):
    path = write(tmp_path / "q.jsonl", LINE | {"gold": [{"article_id": "x", "start": 2, "end": 5, "quote": "345"}]})
    assert load(path, [Article("x", "de", "", "12345", ())])[0].gold[0].quote == "345"
    with pytest.raises(UserError, match="gold 2-5 of article x reads '678', its quote says '345'"):
        load(path, [Article("x", "de", "", "456789", ())])


@pytest.mark.parametrize(("change", "message"), [(NOTHING, "'answerable' is False here and True in line 1"),
                                                 ({"split": "test"}, "'split' is 'test' here and '' in line 1")])
def test_questions_that_ask_for_the_same_may_not_contradict_each_other(tmp_path, change, message):
    with pytest.raises(UserError, match=f"line 2: {message}, which shares its parallel_id 'a'"):
        load(write(tmp_path / "q.jsonl", LINE, LINE | {"id": "b"} | change))


def test_a_file_written_is_the_file_read(tmp_path):
    path = tmp_path / "q.jsonl"
    for split in SPLITS:
        assert dumps(load(shipped(split))) == shipped(split).read_text(encoding="utf-8")
    questions = load(write(path, LINE | {"gold": [LINE["gold"][0] | {"quote": "345"}], "split": "a"}))
    path.write_text(dumps(questions), encoding="utf-8")
    assert load(path) == questions


def test_an_id_used_twice_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"line 2: id 'a\.de' is already used in line 1"):
        load(write(tmp_path / "q.jsonl", LINE, LINE))


def test_a_file_without_questions_without_text_or_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="holds no questions"):
        load(write(tmp_path / "q.jsonl"))
    (tmp_path / "latin1.jsonl").write_bytes("ä".encode("latin-1"))
    with pytest.raises(UserError, match="not UTF-8"):
        load(tmp_path / "latin1.jsonl")
    with pytest.raises(UserError, match="cannot read the questions in"):
        load(tmp_path / "missing.jsonl")


def test_gold_outside_the_articles_is_refused(tmp_path):
    questions = load(write(tmp_path / "q.jsonl", LINE))
    check(questions, [Article("x", "de", "", "12345", ())])
    with pytest.raises(UserError, match="gold ends at 5, article x has 4 characters"):
        check(questions, [Article("x", "de", "", "1234", ())])
    with pytest.raises(UserError, match="no article 'x'; there are: y"):
        check(questions, [Article("y", "de", "", "12345", ())])


def test_a_fact_in_two_splits_is_found(tmp_path):
    first = load(write(tmp_path / "1.jsonl", LINE, LINE | {"id": "b", "fact": "b"}))
    second = load(
        write(tmp_path / "2.jsonl", LINE | {"id": "c", "fact": "c"}, LINE | {"id": "d", "fact": "b"})
    )
    assert shared_facts(first, second) == {"b"}
    assert shared_facts(first) == set()


def test_article_languages_are_sorted_and_unique():
    gold = (Gold("x", 0, 1), Gold("y", 0, 1), Gold("x", 2, 3))
    question = Question("q", "?", "de", "f", True, "figure", gold, ("1",))
    assert article_langs(question, {"x": "en", "y": "de"}) == "de+en"
    assert article_langs(Question("q", "?", "de", "f", False, "x", (), ()), {}) == "none"


def test_only_the_shipped_splits_have_a_path():
    assert shipped("dev").name == "dev.jsonl"
    with pytest.raises(ValueError, match="got 'train'"):
        shipped("train")
