"""Which sentence answers: the signals, and the order a fitted model gives them."""

import numpy as np
import pytest

from index.normalise import fold
from index.types import Article, Hit, Passage, Span
from rag.calibration import Linear
from rag.evidence import closely, evidence, ranked, supporting_span
from rag.signals import SIGNALS, Judged, judged, preceding, years
from tests.fakes import ConceptEmbedder, article, index_of

TEXT = (
    "The harbour of Wuhan opened in 2019. It has 12 ferries and 3 bakers. The budget was 40 million euros.\n"
    "The harbour of Chengdu opened in 2021. It has 30 ferries and 5 bakers."
)


@pytest.fixture
def index():
    return index_of([article(TEXT, title="Two cities")], ConceptEmbedder(), budget=40)


def signals(index, question, kind="figure", lang="en"):
    hits = tuple(index.search(question))
    found = judged(index, question, kind, lang, hits)
    return {j.span.of(TEXT): dict(zip(SIGNALS, j.signals, strict=True)) for j in found}, found


def test_every_sentence_is_judged_once_with_every_signal(index):
    by_text, found = signals(index, "How many ferries has the harbour of Wuhan?")
    assert len(by_text) == len(found) == 5
    assert all(len(j.signals) == len(SIGNALS) for j in found)


def test_a_sentence_goes_on_about_the_place_named_before_it(index):
    by_text, _ = signals(index, "How many ferries has the harbour of Wuhan?")
    assert by_text["It has 12 ferries and 3 bakers."]["elsewhere"] == 0
    assert by_text["It has 30 ferries and 5 bakers."]["elsewhere"] == 1


def test_a_year_asked_for_counts_for_its_sentence_and_against_others(index):
    by_text, _ = signals(index, "Did the harbour open in 2019?")
    assert by_text["The harbour of Wuhan opened in 2019."]["year"] == 1
    assert by_text["The harbour of Chengdu opened in 2021."]["year"] == -1
    assert by_text["It has 12 ferries and 3 bakers."]["year"] == 0.5


def test_the_figure_marked_is_the_one_beside_the_words_asked_for(index):
    _, found = signals(index, "How many bakers are there?")
    marks = {j.span.of(TEXT): [m.of(TEXT) for m in j.marks] for j in found}
    assert marks["It has 12 ferries and 3 bakers."] == ["3"]
    assert marks["It has 30 ferries and 5 bakers."] == ["5"]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Which two cities have zones?", {"Wuhan and Chengdu": 2 / 6, "Sichuan and Hubei": 0, "Wuhan, Jinan and Xi'an": 0}),
        ("Which two provinces have zones?", {"Wuhan and Chengdu": 2 / 6, "Sichuan and Hubei": 2 / 6, "Wuhan, Jinan and Xi'an": 0}),
        ("哪三个城市有先导区？", {"Wuhan and Chengdu": 0, "Sichuan and Hubei": 0, "Wuhan, Jinan and Xi'an": 3 / 6}),
        ("Welche Städte haben Zonen?", {"Wuhan and Chengdu": 0, "Sichuan and Hubei": 0, "Wuhan, Jinan and Xi'an": 0}),
    ],
)
def test_as_many_places_as_are_asked_for_count_and_no_provinces_for_cities(question, said):
    texts = {f"Zones are in {places}.": places for places in said}
    own = index_of([article(" ".join(texts), title="Zones")], ConceptEmbedder(), budget=80)
    hits = tuple(own.search("harbour zones"))
    found = judged(own, question + " 港口 harbour", "place", "en", hits)
    got = {texts[j.span.of(" ".join(texts))]: j.signals[SIGNALS.index("counted")] for j in found}
    assert got == pytest.approx(said)


def test_a_figure_wanted_is_there_or_not(index):
    by_text, _ = signals(index, "How many euros is the budget?", "money")
    assert by_text["The budget was 40 million euros."]["kind"] == 1
    assert by_text["The harbour of Wuhan opened in 2019."]["kind"] == 0


def test_headings_and_questions_are_told_from_sentences():
    text = "Ferries of the harbour\nHow many ferries are there? There are 12 ferries in the harbour."
    index = index_of([article(text, title="Ferries")], ConceptEmbedder(), budget=40)
    found = judged(index, "How many ferries are there?", "figure", "en", index.search("How many ferries are there?"))
    heading = SIGNALS.index("heading")
    assert {j.span.of(text): j.signals[heading] for j in found} == {
        "Ferries of the harbour": 1, "How many ferries are there?": 1, "There are 12 ferries in the harbour.": 0,
    }


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("今年增长", "zh-Hans", {"#2025y"}), ("去年增长", "zh-Hans", {"#2024y"}), ("Last year it grew", "en", {"#2024y"}),
        ("Im vergangenen Jahr", "de", {"#2024y"}), ("Seit 2019", "de", {"#2019y"}), ("it grows", "en", set()),
    ],
)
def test_this_year_and_last_year_are_counted_from_the_articles_date(text, lang, found):
    assert years(text, Article("a", lang, "", text, (), date="2025-02-15")) == found


def test_what_stands_before_a_sentence_is_read_back_to_front(index):
    (hit,) = index.search("harbour Wuhan", k=1)
    last = hit.passage.sentences[-1]
    before = preceding(index.articles["a"], hit, last)
    assert [s.of(TEXT) for s in before[:2]] == [
        "The harbour of Chengdu opened in 2021.", "The budget was 40 million euros.",
    ]


def test_the_order_is_that_of_the_weighted_sum_and_ties_keep_the_place_in_the_article():
    model = Linear(("x", "y"), (1.0, -2.0), (0.0, 1.0), (1.0, 2.0))
    found = [Judged(n, Span(n, n + 1), s, ()) for n, s in enumerate([(1.0, 1.0), (3.0, 5.0), (2.0, 1.0), (1.0, 1.0)])]
    assert [(e.hit, e.score) for e in ranked(found, "other", model)] == [(2, 2.0), (0, 1.0), (3, 1.0), (1, -1.0)]


def test_of_two_places_the_best_sentence_about_each_comes_first(index):
    hits = tuple(index.search("How many ferries do Wuhan and Chengdu have?"))
    first, second, *_ = evidence(index, "How many ferries do Wuhan and Chengdu have?", hits)
    assert {first.part, second.part} == {"How many ferries do Wuhan have?", "How many ferries do Chengdu have?"}


def test_nothing_asked_is_nothing_found(index):
    assert evidence(index, "???", tuple(index.search("harbour"))) == ()


def test_a_statement_is_traced_to_the_sentence_that_says_most_of_it(index):
    (hit,) = index.search("bakers ferries harbour budget", k=1)
    assert supporting_span(index, "The budget is 40 million euros", hit).of(TEXT) == "The budget was 40 million euros."
    bare = Hit(Passage("a", "en", 0, 10, TEXT[:10], ()), 1.0)
    assert supporting_span(index, "harbour", bare) == Span(0, 10)


class Recorded:
    """A reader that says of each sentence how long it is, and keeps what it was given."""

    def scores(self, question, sentences, titles, before):
        self.given = question, sentences, titles, before
        return np.array([float(len(s)) for s in sentences])


def test_the_best_sentences_by_the_first_model_are_read_and_the_others_count_as_the_worst_of_them(index, monkeypatch):
    recorded = Recorded()
    monkeypatch.setattr("rag.evidence.reader", lambda: recorded)
    monkeypatch.setattr("rag.evidence.CLOSELY", 3)
    question = "How many ferries has the harbour of Wuhan?"
    hits = tuple(index.search(question))
    found = judged(index, question, "figure", "en", hits)
    length = Linear(SIGNALS, tuple(float(name == "own") for name in SIGNALS), (0.0,) * len(SIGNALS), (1.0,) * len(SIGNALS))
    read = closely(index, question, hits, found, length)
    said = {j.span.of(TEXT): j.signals[-1] for j in read}
    asked, sentences, titles, before = recorded.given
    assert asked == question and titles == ["Two cities"] * 3 and len(sentences) == 3
    own = {j.span.of(TEXT): j.signals[SIGNALS.index("own")] for j in found}
    assert min(own[s] for s in sentences) >= max(v for s, v in own.items() if s not in sentences)
    assert said == {s: float(len(s)) if s in sentences else min(map(len, sentences)) for s in own}
    assert [j.signals[:-1] for j in read] == [j.signals for j in found]
    order = TEXT.replace("\n", " ").replace(". ", ".|").split("|")
    for sentence, last in zip(sentences, before, strict=True):
        assert last.strip() == ("" if order.index(sentence) == 0 else order[order.index(sentence) - 1])
    assert closely(index, question, hits, [], length) == []


def test_a_cosine_is_taken_with_the_sentence_before_too(index):
    question = "Who bakes for the budget of Chengdu?"
    hits = tuple(index.search(question))
    query = index.embedder.encode_queries([fold(question)])[0]
    for found in judged(index, question, "figure", "en", hits):
        spans = hits[found.hit].passage.sentences
        row = spans.index(found.span)
        rows = index.embedder.encode_passages([fold(f"Two cities\n{s.of(TEXT)}") for s in spans[max(0, row - 1) : row + 1]])
        mean = rows.sum(axis=0)
        expected = query @ mean / np.linalg.norm(mean)
        assert found.signals[SIGNALS.index("cosine_before")] == pytest.approx(float(expected), abs=1e-5)
