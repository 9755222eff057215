"""Answers without a language model: what is said, what is quoted, and what two articles disagree about."""

from decimal import Decimal

import pytest

from index.quantities import find
from index.types import Article, Hit, Passage, Span
from rag.disagreement import disagreeing
from rag.evidence import Evidence
from rag.naming import enumerated, marked, pinyin, said
from rag.signals import SIGNALS


def mark(text, part):
    return Span(text.index(part), text.index(part) + len(part))


def test_a_figure_is_said_with_how_the_article_writes_it():
    text = "产业规模超2000亿元"
    (q,) = find(text, "zh-Hans")
    things, originals = said(text, "zh-Hans", "money", [q.span], "de")
    assert things[0].value == Decimal(2) * 10**11 and originals == [q.span.of(text)]
    assert marked(text, "zh-Hans", Span(0, 2)) is None
    assert said(text, "zh-Hans", "money", [], "de") == ([], [])


def test_a_persons_name_is_said_in_the_readers_script():
    text = "局长姜广智表示"
    assert said(text, "zh-Hans", "person", [mark(text, "姜广智")], "en") == (["Jiang Guangzhi"], ["姜广智"])
    assert said(text, "zh-Hans", "person", [mark(text, "姜广智")], "zh-Hans") == (["姜广智"], ["姜广智"])
    assert pinyin("李萌") == "Li Meng"


def test_places_of_one_enumeration_are_said_together():
    text = "Wuhan lobt sie. Nach Peking, Shanghai und Shenzhen kommt viel später auch noch Chengdu."
    assert [p.name for p in enumerated(text, mark(text, "Shanghai"))] == ["北京", "上海", "深圳"]
    assert said(text, "de", "place", [mark(text, "Shanghai")], "en")[0] == ["Beijing", "Shanghai", "Shenzhen"]


@pytest.mark.parametrize("kind", ["list", "title", "reason", "definition", "other"])
def test_other_answers_are_left_to_the_quotation(kind):
    assert said("Ein Satz.", "de", kind, [Span(0, 3)], "en") == ([], [])


NEW = "Beijing has over 2,400 AI firms in 2025."
OLD = "Beijing had 2,200 AI firms in 2024."
SHANGHAI = "Shanghai has 1,900 AI firms."
MONEY = "Beijing spends 500 million yuan on AI firms."
SAME = "Beijing counts 2,400 AI firms."


def case(*texts, kind="figure", signals=None):
    """One article a text, each with its sentence as the only hit; what is marked is its first count or sum."""
    articles, hits, out = {}, [], []
    for n, text in enumerate(texts):
        articles[str(n)] = Article(str(n), "en", "AI", text, (Span(0, len(text)),))
        hits.append(Hit(Passage(str(n), "en", 0, len(text), text, (Span(0, len(text)),)), 1.0))
        figure = next(q for q in find(text, "en") if q.kind != "time")
        values = tuple((signals or {}).get(n, {}).get(name, 0.0 if name == "elsewhere" else 0.5) for name in SIGNALS)
        out.append(Evidence(n, Span(0, len(text)), 10.0 - n, kind, values, (figure.span,), "q"))
    return [articles[str(e.hit)].text for e in disagreeing(out, hits, articles)]


def test_another_figure_for_the_same_thing_is_shown_beside_the_first():
    assert case(NEW, OLD) == [OLD]


@pytest.mark.parametrize("other", [SHANGHAI, MONEY, SAME])
def test_another_place_another_unit_or_the_same_figure_is_no_disagreement(other):
    assert case(NEW, other) == []


def test_a_figure_for_another_year_than_the_one_asked_for_is_no_disagreement():
    assert case(NEW, OLD, signals={0: {"year": 1.0}, 1: {"year": -1.0}}) == []


def test_a_sentence_that_matches_less_of_the_question_is_no_disagreement():
    assert case(NEW, OLD, signals={0: {"own": 0.9}, 1: {"own": 0.5}}) == []


def test_each_other_figure_is_shown_once():
    assert case(NEW, OLD, "Beijing had 2,200 AI firms then.", "Beijing has 1,000 AI firms.") == [
        OLD, "Beijing has 1,000 AI firms.",
    ]


def test_words_do_not_disagree():
    assert case(NEW, OLD, kind="list") == []


def test_the_figure_asked_for_leads_in_the_askers_language(chatbot):
    answer = chatbot.ask("Wie groß war die KI-Branche in Chengdu 2020?")
    assert answer.text.startswith("Genannt werden 20 Milliarden Yuan (im Original: 200億元): „")
    (citation,) = answer.citations
    assert "200億元" in citation.quote and citation.quote in answer.text
    assert [m.of(chatbot.article(citation.article_id).text) for m in citation.marks] == ["200億元"]


def test_a_question_about_two_cities_is_answered_for_both(chatbot):
    answer = chatbot.ask("深圳和上海的人工智能产业规模各是多少？")
    assert len(answer.citations) == 2
    assert "3600亿元" in answer.text and "4000亿元" in answer.text


def test_a_city_that_no_article_counts_is_not_answered_with_another_ones_figure(chatbot):
    for question in ("How big is Nanjing's AI industry?", "南京的人工智能产业规模有多大？", "Wie groß ist die KI-Branche in Nanjing?"):
        assert not chatbot.ask(question).found


@pytest.mark.parametrize("lang", ["en", "de", "zh-Hans", "zh-Hant"])
def test_the_frame_is_in_the_language_and_script_asked_for(chatbot, lang):
    answer = chatbot.ask("深圳和上海的人工智能产业规模各是多少？", answer_lang=lang)
    frame = answer.text.replace(answer.citations[0].quote, "")
    assert {"en": "The figure given", "de": "Genannt", "zh-Hans": "文中给出的数字", "zh-Hant": "文中給出的數字"}[lang] in frame
