"""The shipped questions: enough, fairly spread, and with gold spans that say the accepted answers."""

from collections import Counter, defaultdict
from pathlib import Path

import pytest

from eval.dataset import SPLITS, TRANSFER, WORDINGS, Question, article_langs, check, load, shared_facts, shipped
from eval.metrics import says
from index.articles import read_articles
from index.languages import detect
from index.types import Article

LANGS = {"de", "en", "zh-Hans", "zh-Hant"}


@pytest.fixture(scope="module")
def articles() -> dict[str, Article]:
    found, problems = read_articles(Path(__file__).parent.parent / "seeds")
    assert not problems
    return {article.id: article for article in found}


@pytest.fixture(scope="module")
def splits() -> dict[str, tuple[Question, ...]]:
    return {split: load(shipped(split)) for split in SPLITS}


@pytest.fixture(scope="module")
def questions(splits) -> list[Question]:
    return [question for split in splits.values() for question in split]


def crosses(question: Question, articles: dict[str, Article]) -> bool:
    own = question.lang.split("-")[0]
    return all(articles[gold.article_id].lang.split("-")[0] != own for gold in question.gold)


def test_there_are_enough_questions_facts_and_questions_without_an_answer(questions):
    assert len(questions) >= 300
    assert len({q.fact for q in questions}) >= 120
    assert 0.25 * len(questions) <= sum(not q.answerable for q in questions) <= 0.35 * len(questions)


def test_the_unanswerable_are_as_many_in_every_language(splits):
    for split in splits.values():
        assert set(Counter(q.lang for q in split if not q.answerable).values()) == {18}
        assert {q.lang for q in split if not q.answerable} == LANGS
        assert max(Counter(q.lang for q in split).values()) <= 1.3 * min(Counter(q.lang for q in split).values())


def test_a_question_names_its_own_split(splits):
    for name, split in splits.items():
        assert {q.split for q in split} == {name}


def test_every_question_is_recognisably_in_its_language_and_script(questions):
    assert [(q.id, detect(q.question)) for q in questions if detect(q.question) != q.lang] == []


def test_no_fact_and_no_wording_is_in_both_splits(splits, questions):
    assert shared_facts(*splits.values()) == set()
    assert len({q.question for q in questions}) == len(questions)
    assert len({q.id for q in questions}) == len(questions)


def test_every_fact_is_asked_in_at_least_two_languages(questions):
    langs = defaultdict(set)
    for q in questions:
        langs[q.fact].add(q.lang)
    assert [fact for fact, asked in langs.items() if len(asked) < 2] == []


def test_most_questions_cross_languages(splits, articles):
    for split in splits.values():
        answerable = [q for q in split if q.answerable]
        assert sum(crosses(q, articles) for q in answerable) >= 0.6 * len(answerable)


def test_both_splits_hold_all_languages_articles_and_sorts_of_unanswerable_questions(splits, articles):
    for split in splits.values():
        assert {q.lang for q in split} == LANGS
        assert min(Counter(q.lang for q in split).values()) >= 0.2 * len(split)
        facts = {(q.fact, gold.article_id) for q in split for gold in q.gold}
        per_article = Counter(article for _, article in facts)
        assert set(per_article) == set(articles) and min(per_article.values()) >= 7
        kinds = {q.kind for q in split if not q.answerable}
        assert {
            "near_figure",
            "near_city",
            "wrong_year",
            "false_premise",
            "not_prose",
            "out_of_scope",
        } <= kinds
        assert {"figure", "name", "date", "list", "definition", "reason", "plan", "comparison"} <= {
            q.kind for q in split if q.answerable
        }


def test_the_splits_are_about_as_large_and_as_hard(splits):
    dev, test = splits.values()
    assert 0.9 <= len(dev) / len(test) <= 1.1
    share = [sum(q.answerable for q in split) / len(split) for split in (dev, test)]
    assert abs(share[0] - share[1]) <= 0.05


def test_every_gold_span_lies_in_the_prose_that_is_indexed(questions, articles):
    check(questions, articles.values())
    for q in questions:
        for gold in q.gold:
            article = articles[gold.article_id]
            assert article.text[gold.start : gold.end].strip() == article.text[gold.start : gold.end] != ""
            assert any(k.start <= gold.start and gold.end <= k.end for k in article.keep), (q.id, gold)


def test_every_gold_span_says_an_accepted_answer(questions, articles):
    for q in questions:
        for gold in q.gold:
            text = articles[gold.article_id].text[gold.start : gold.end]
            assert any(says(text, answer) for answer in q.answers), (q.id, text)


def test_the_questions_of_a_fact_agree_on_what_is_right(questions):
    right = {}
    for q in questions:
        assert right.setdefault(q.fact, (q.answerable, q.kind, q.gold, q.answers)) == (
            (q.answerable, q.kind, q.gold, q.answers)
        )


def test_no_question_gives_its_answer_away(questions):
    # Place names in questions may coincide with an answer in another writing; figures may not.
    for q in questions:
        if q.kind == "figure":
            assert not any(says(q.question, answer) for answer in q.answers), q.id


def test_article_languages_of_the_gold_are_the_four_and_one_pair(questions, articles):
    langs = {article.id: article.lang for article in articles.values()}
    assert {article_langs(q, langs) for q in questions} == LANGS | {"none", "de+en"}


def test_the_further_development_questions_are_sound_and_share_nothing_with_the_test_split(splits, articles):
    invented, problems = read_articles(TRANSFER / "articles")
    assert not problems
    collections = (
        (load(WORDINGS, articles.values()), articles), (load(TRANSFER / "questions.jsonl", invented), {a.id: a for a in invented})
    )
    for some, texts in collections:
        assert {q.lang for q in some} == LANGS and min(Counter(q.lang for q in some).values()) >= 0.2 * len(some)
        assert [q.id for q in some if detect(q.question) != q.lang] == []
        assert shared_facts(some, splits["test"]) == set()
        assert not {q.question for q in some} & {q.question for split in splits.values() for q in split}
        for q in some:
            for gold in q.gold:
                article = texts[gold.article_id]
                assert any(says(article.text[gold.start : gold.end], answer) for answer in q.answers), q.id
                assert any(k.start <= gold.start and gold.end <= k.end for k in article.keep), q.id
