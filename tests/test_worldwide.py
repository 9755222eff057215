"""Articles in languages that nothing here was trained on: read, told apart, cut, found by their own words, shown."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from test_render import Read
from worldwide import ARTICLES, QUESTIONS, RIGHT_TO_LEFT

from index.articles import read_articles
from index.foreign import WEIGHT, with_foreign_words
from index.languages import detect, direction, name_in
from index.lexical import terms
from index.splitter import sentences, split
from index.store import build, open_index
from index.types import Span, TokenVectors
from rag.chatbot import Chatbot
from rag.messages import LANGUAGES
from tests.fakes import article
from ui.conversation import turn_of
from ui.reader import reader_html
from ui.texts import language_name

BUDGET = 160
SPACELESS = ("th", "lo", "km", "my", "ja")
every = pytest.mark.parametrize("lang", sorted(ARTICLES))


@pytest.fixture(scope="module")
def world(tmp_path_factory, embedder) -> Chatbot:
    """The chatbot over one article in each of the languages."""
    folder = tmp_path_factory.mktemp("world")
    for lang, text in ARTICLES.items():
        (folder / f"{lang}.txt").write_text(text, encoding="utf-8")
    build(folder, folder / ".index", embedder)
    return Chatbot(open_index(folder / ".index", embedder))


@every
def test_an_article_is_read_whole_and_its_language_told(world, lang):
    found = world.article(lang)
    assert (found.lang, found.text) == (lang, ARTICLES[lang])
    assert found.title == ARTICLES[lang].split("\n")[0]
    assert [s.of(found.text) for s in found.keep] == [found.text]
    assert all(name_in(lang, ours) != lang for ours in LANGUAGES) and language_name(lang) != lang
    assert [detect(q) for q in QUESTIONS[lang]] == [lang, lang]


@every
def test_sentences_end_where_the_language_ends_them(lang):
    text = ARTICLES[lang]
    found = [s.of(text) for s in sentences(text, Span(0, len(text)))]
    assert len(found) >= (4 if lang == "th" else 6), found
    assert "".join("".join(found).split()) == "".join(text.split())
    assert sum("80" in s or "۸۰" in s or "៨០" in s or "၈၀" in s for s in found) == 1


@every
def test_passages_of_a_long_text_are_exact_and_bounded(lang, embedder):
    """Also where nothing in it ends a sentence or parts two words."""
    body = ARTICLES[lang].split("\n\n")[1]
    bare = "".join(c for c in body if c.isalpha() or (not c.isascii() and not c.isspace()))
    for text in (body * 60, "\n".join([body] * 60), bare * 60):
        one = article(text, lang)
        passages = split(one, embedder.count_tokens, BUDGET, 40)
        assert all(p.text == text[p.start : p.end] and len(p.text) <= 13 * BUDGET for p in passages)
        assert passages[0].start == 0 and passages[-1].end == len(text)
        assert all(not text[a.end : b.start].strip() for a, b in pairwise(passages))
        assert all(s.of(text).strip() for p in passages for s in p.sentences)


def test_a_cut_leaves_a_mark_with_its_letter(embedder):
    text = "ที่นี่มีเรือข้ามฟากและท่าเรือ" * 200
    for passage in split(article(text, "th"), embedder.count_tokens, BUDGET, 40)[1:]:
        assert passage.text[0] not in "ัิีึืุู็่้๊๋์ํ"


@every
def test_a_question_in_its_language_is_answered_from_it_to_the_character(world, lang):
    answer = world.ask(QUESTIONS[lang][0])
    [citation] = answer.citations
    assert citation.article_id == lang and answer.hits[0].passage.article_id == lang
    assert any(figure in citation.quote for figure in ("80", "۸۰", "៨០", "၈၀"))
    assert citation.quote == ARTICLES[lang][citation.start : citation.end]


@every
def test_a_question_that_no_article_answers_is_refused_in_english_and_told_what_is_read(world, lang):
    answer = world.ask(QUESTIONS[lang][1])
    assert not answer.found and not answer.citations and answer.lang == "en"
    assert answer.text.endswith("in another language only the articles' own words are found.")
    assert world.ask(QUESTIONS[lang][1], answer_lang="de").text.startswith(("Zu dieser", "Die Artikel"))


@every
def test_it_is_shown_in_its_language_and_direction(world, lang):
    answer = world.ask(QUESTIONS[lang][0])
    runs = "rtl" if lang in RIGHT_TO_LEFT else "ltr"
    turn = turn_of(answer, 0, world.article)
    [(quotation, _)] = Read(turn["sources"]).all("div", "cc-quotation")
    [(text, shown)] = Read(reader_html(world.article(lang), [])).all("div", "cc-text")
    assert {(e["lang"], e["dir"]) for e in (quotation, text)} == {(lang, runs)} and shown == ARTICLES[lang]
    quoted = Read(turn["html"]).all("span", "cc-quoted")
    assert quoted and all((e["lang"], e["dir"]) == (lang, runs) for e, _ in quoted)
    assert json.loads(json.dumps(turn["record"]))["citations"][0]["lang"] == lang


def test_directions():
    assert [direction(t) for t in ("ar-EG", "he", "ur", "de", "zh-Hant", "und", "")] == ["rtl", "rtl", "rtl", "ltr", "ltr", "auto", "auto"]


def test_words_of_any_script_are_index_terms():
    assert terms("नदी पार कराती", "hi") == ["नदी", "पार", "कराती"]
    assert terms("راكبًا", "ar") == terms("راكبا", "ar")
    assert "เรือ" in terms("เรือ", "th") and not [t for t in terms("่้ ์", "th") if not t]
    shared = set(terms(QUESTIONS["th"][0], "th")) & set(terms(ARTICLES["th"], "th"))
    assert len(shared) >= 10


def test_a_foreign_word_is_like_its_own_forms_and_like_no_other(embedder):
    def vector(word):
        tokens = embedder.token_vectors([word])[0]
        [at] = [i for i, w in enumerate(tokens.weights) if w]
        assert tokens.weights[at] == pytest.approx(WEIGHT)
        return tokens.vectors[at]

    a, b, c = map(vector, ("пассажиров", "пассажиры", "ледоколом"))
    assert a @ a == pytest.approx(1, abs=1e-5) and a @ b > 0.6 and abs(a @ c) < 0.2


def test_words_of_known_scripts_stay_as_the_encoder_has_them():
    import numpy as np

    text = "zxqv 鬱 あ 12 ?"
    spans = tuple(Span(i, j) for i, j in ((0, 4), (5, 6), (7, 8), (9, 11), (12, 13)))
    tokens = TokenVectors(np.zeros((5, 8), np.float32), np.zeros(5, np.float32), spans)
    assert with_foreign_words(text, tokens) is tokens


def test_a_folder_of_many_languages_is_read_in_their_old_encodings(tmp_path):
    for lang, encoding in (("ru", "cp1251"), ("ja", "shift_jis"), ("ko", "euc_kr"), ("fr", "latin-1"), ("es", "cp1252"), ("ar", "utf-16")):
        (tmp_path / f"{lang}.txt").write_bytes(ARTICLES[lang].encode(encoding, "replace"))
    articles, problems = read_articles(tmp_path)
    assert not problems and {a.id: a.lang for a in articles} == {a: a for a in ("ru", "ja", "ko", "fr", "es", "ar")}
    assert all(a.text.lstrip("\ufeff") == ARTICLES[a.id] for a in articles)
