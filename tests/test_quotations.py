"""Every quotation of every answer is exact: for the whole eval set, and for whatever is asked."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.dataset import load, shipped
from eval.metrics import in_language, in_script
from index.errors import UserError
from rag.chatbot import Chatbot
from rag.places import places


def assert_exact(answer, chatbot):
    markers = [c.marker for c in answer.citations]
    assert markers == list(range(1, len(markers) + 1))
    for c in answer.citations:
        text = chatbot.article(c.article_id).text
        assert c.quote == text[c.start : c.end] and c.quote.strip()
        assert c.passage.start <= c.start < c.end <= c.passage.end
        assert f"[{c.marker}]" in answer.text
        assert c.quote in answer.text
        for mark in c.marks:
            assert c.start <= mark.start < mark.end <= c.end
    for hit in answer.hits:
        p = hit.passage
        assert p.text == chatbot.article(p.article_id).text[p.start : p.end]
    assert answer.found == bool(answer.citations)
    assert (answer.reason is None) == answer.found
    assert answer.text.strip()


@pytest.mark.parametrize("split", ["dev", "test"])
def test_every_quotation_of_the_eval_set_is_exact(split, chatbot: Chatbot):
    for question in load(shipped(split)):
        assert_exact(chatbot.ask(question.question), chatbot)


def test_every_answer_and_refusal_is_in_the_language_and_script_of_the_question(chatbot: Chatbot):
    for question in load(shipped("dev")):
        answer = chatbot.ask(question.question)
        articles = [chatbot.article(c.article_id) for c in answer.citations]
        originals = re.findall(r"(?:im Original|in the original): ([^)]*)\)|（原文：([^）]*)）", answer.text)
        foreign = [
            *(c.quote for c in answer.citations), *(a.title for a in articles), *(a.publisher or "" for a in articles),
            *(part for pair in originals for part in pair), *(p.span.of(answer.text) for p in places(answer.text)),
        ]
        assert answer.lang == question.lang, question.id
        assert in_script(answer.text, question.lang, foreign), (question.id, answer.text)
        assert in_language(answer.text, question.lang, foreign), (question.id, answer.text)


_MIXED = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("武汉深圳上海人工智能企业产业规模多少 [1][2]【】（）\n\t Wuhan KI 2028 200 Milliarden?"),
    ),
    max_size=200,
)


@given(question=_MIXED)
def test_whatever_is_asked_is_answered_exactly_or_refused_clearly(question, chatbot):
    try:
        answer = chatbot.ask(question)
    except UserError as error:
        assert "question" in str(error)
        return
    assert_exact(answer, chatbot)


@pytest.mark.parametrize(
    ("question", "reason"),
    [("🙂🙂🎉", "nothing_retrieved"), ("???", "nothing_retrieved"), ("\u202ehello\u202c zzzzqqq", "out_of_scope")],
)
def test_a_question_without_content_is_refused_with_a_reason(question, reason, chatbot):
    answer = chatbot.ask(question)
    assert (answer.found, answer.reason) == (False, reason)


@pytest.mark.parametrize("question", ["", "  \n\t ", "\x00\x01\x02", "a" * 10_000, "人" * 10_000])
def test_an_empty_or_endless_question_is_an_error_that_says_what_to_do(question, chatbot):
    with pytest.raises(UserError, match=r"(type one|ask more briefly)"):
        chatbot.ask(question)


@pytest.mark.parametrize(
    ("question", "lang", "words"),
    [
        ("Wie hoch ist der Eiffelturm in Paris?", "de", "Artikel"),
        ("How do I bake sourdough bread at home?", "en", "articles"),
        ("怎么做红烧肉才好吃？", "zh-Hans", "这些文章"),
        ("請問紅燒肉要怎麼做才好吃？", "zh-Hant", "這些文章"),
        ("Comment faire une bonne ratatouille provençale ?", "en", "articles"),
    ],
)
def test_a_refusal_is_in_the_language_and_script_of_the_asker(question, lang, words, chatbot):
    answer = chatbot.ask(question)
    assert not answer.found
    assert answer.lang == lang
    assert words in answer.text


@pytest.mark.parametrize("question", ["Сколько компаний в Шэньчжэне?", "كم عدد الشركات في شنتشن؟", "선전에 기업이 몇 개 있나요?"])
def test_a_language_that_is_not_read_is_refused_and_told_so(question, chatbot):
    answer = chatbot.ask(question)
    assert (answer.found, answer.reason) == (False, "nothing_retrieved")
    assert "English, German and Chinese" in answer.text


def test_control_characters_in_a_question_change_nothing(chatbot):
    plain = chatbot.ask("How many AI companies does Chengdu have?")
    dirty = chatbot.ask("How many\x00 AI\x07 companies does\x1b Chengdu have?")
    assert plain.found and plain.text == dirty.text


def test_the_answer_language_can_be_set(chatbot):
    answer = chatbot.ask("How many AI companies does Chengdu have?", answer_lang="de")
    assert answer.lang == "de"
    assert answer.text.startswith("Genannt werden über 550: „")


def test_source_languages_limit_the_articles(chatbot):
    answer = chatbot.ask("Wuhan AI industry 2028", source_langs=["zh"])
    assert answer.hits
    assert {h.passage.lang for h in answer.hits} <= {"zh-Hans", "zh-Hant"}


def test_no_articles_in_a_language_means_nothing_retrieved(chatbot):
    answer = chatbot.ask("How many AI companies does Chengdu have?", source_langs=["fr"])
    assert (answer.found, answer.reason, answer.hits) == (False, "nothing_retrieved", ())


def test_a_stream_ends_with_the_answer_and_shows_only_its_text(chatbot):
    *texts, answer = chatbot.stream("How many AI companies does Chengdu have?")
    assert texts[-1] == answer.text
    assert all(answer.text.startswith(t) for t in texts)
