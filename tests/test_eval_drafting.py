"""A drafted sheet points at real sentences, spreads over the articles, and loads once its questions are written."""

import json
from collections import Counter
from pathlib import Path

import pytest

from eval.dataset import load
from eval.drafting import BLANK, draft, facts, write
from eval.metrics import says
from index.articles import read_articles
from index.errors import UserError
from index.types import Article, Span
from ui.cli import main

SEEDS = Path(__file__).parent.parent / "seeds"


def article(name: str, lang: str, text: str) -> Article:
    return Article(name, lang, name, text, (Span(0, len(text)),))


GERMAN = article("a", "de", "Es war einmal ein Plan.\nDie Branche wuchs 2024 auf über 200 Milliarden Yuan.\nDer Bericht „Neue Wege“ ist da.")
CHINESE = article("b", "zh-Hans", "上海共有2800家人工智能企业。会议于2月3日在武汉召开。没有别的内容可说了。")


@pytest.fixture(scope="module")
def seeds() -> list[Article]:
    return read_articles(SEEDS)[0]


def test_a_figure_goes_before_a_name_and_a_name_before_a_date():
    figure, name = facts(GERMAN)
    assert (figure.kind, figure.answers) == ("figure", ("200 Milliarden Yuan", "200 billion yuan", "2000亿元"))
    assert figure.cloze == f"Die Branche wuchs 2024 auf über {BLANK} Yuan.".replace(" Yuan", "")
    assert (name.kind, name.answers) == ("name", ("Neue Wege",))
    firms, day = facts(CHINESE)
    assert firms.kind == "figure" and "2800" in firms.answers[0]
    assert day.kind == "date" and {"2月3日", "3. Februar"} <= set(day.answers)


def test_every_drafted_line_points_at_a_sentence_that_says_its_answer(seeds):
    texts = {a.id: a.text for a in seeds}
    lines = draft(seeds)
    assert len({line["id"] for line in lines}) == len(lines) > 80
    for line in lines:
        assert line["question"] == "" and line["hint"]
        for gold in line["gold"]:
            sentence = texts[gold["article_id"]][gold["start"] : gold["end"]]
            assert sentence == gold["quote"] and says(sentence, line["answers"][0]), line


def test_facts_come_from_all_articles_and_languages_and_a_quarter_cannot_be_answered(seeds):
    lines = draft(seeds, 12)
    asked = {line["parallel_id"]: line["gold"][0] for line in lines if line["answerable"]}
    per_lang = Counter(next(a.lang for a in seeds if a.id == gold["article_id"]) for gold in asked.values())
    assert set(per_lang.values()) == {3}
    assert len(per_lang) == 4 and {gold["article_id"] for gold in asked.values()} == {a.id for a in seeds}
    assert sum(not line["answerable"] for line in lines) == len(lines) / 4
    assert set(Counter(line["lang"] for line in lines)) == {"en", "de", "zh-Hans", "zh-Hant"}
    starts = [gold["start"] for gold in asked.values() if gold["article_id"].startswith("003")]
    assert max(starts) - min(starts) > 500  # spread over the text, not its beginning


def test_each_fact_is_asked_in_its_own_language_and_across(seeds):
    langs = {a.id: a.lang for a in seeds}
    by_fact: dict[str, list[str]] = {}
    for line in draft(seeds, 12):
        if line["answerable"]:
            by_fact.setdefault(line["parallel_id"], []).append(line["lang"])
            own = langs[line["gold"][0]["article_id"]]
    assert all(len(asked) == 2 and asked[0].split("-")[0] != asked[1].split("-")[0] for asked in by_fact.values())
    assert own in by_fact[line["parallel_id"].removeprefix("none-")]


def test_a_sheet_says_which_lines_are_still_to_be_written_and_loads_when_they_are(tmp_path):
    path = tmp_path / "sheet.jsonl"
    count = write(path, [GERMAN, CHINESE], 3)
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(lines) == count == 8  # three facts in two languages, two near misses
    lines[0]["question"] = "Wie groß ist die Branche?"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(UserError) as caught:
        load(path, [GERMAN, CHINESE])
    said = str(caught.value).splitlines()
    assert [line.split(": ")[0].rsplit(" ", 1)[1] for line in said] == [str(n) for n in range(2, 9)]
    assert all("'question' is empty; write it, or delete the line" in line for line in said)
    for number, line in enumerate(lines):
        line["question"] = f"Frage {number}?"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert len(load(path, [GERMAN, CHINESE])) == 8


def test_a_sheet_is_never_written_over_and_never_empty(tmp_path):
    path = tmp_path / "sheet.jsonl"
    with pytest.raises(UserError, match="no sentence of the articles"):
        write(path, [article("c", "de", "Nichts weiter als Worte hier.")])
    write(path, [GERMAN])
    before = path.read_bytes()
    with pytest.raises(UserError, match="is there already"):
        write(path, [GERMAN])
    assert path.read_bytes() == before


def test_the_command_drafts_a_sheet_of_the_index_and_refuses_to_score_it(tmp_path, index_folder, capsys):
    path = tmp_path / "sheet.jsonl"
    assert main(["score", "--new-questions", str(path), "--index", str(index_folder)]) == 0
    count = len(path.read_text(encoding="utf-8").splitlines())
    assert f"has {count} lines" in capsys.readouterr().out
    assert main(["score", "--questions", str(path), "--index", str(index_folder)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == count
