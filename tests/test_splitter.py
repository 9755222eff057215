"""Sentences and passages: where they end, and that every passage quotes its article."""

from __future__ import annotations

import re
import time

import pytest
from fakes import article, ascending_and_disjoint
from hypothesis import given
from hypothesis import strategies as st

from index.splitter import sentences, split
from index.types import Article, Span


def said(text: str) -> list[str]:
    """The sentences of a text, as strings."""
    return [s.of(text) for s in sentences(text, Span(0, len(text)))]


def count_words(text: str) -> int:
    """A tokenizer for the tests: Latin runs, and every other visible character, are a token each."""
    return len(re.findall(r"[A-Za-z0-9äöüÄÖÜß]+|[^\sA-Za-z0-9äöüÄÖÜß]", text))


@pytest.mark.parametrize(
    "sentence",
    [
        # German
        "Am 3. Februar fand in Wuhan eine Konferenz statt.",
        "Der Vorschlag für die 15. Fünfjahresplanung betont das mehrfach.",
        "Sie erreichte 1,1 Billionen Yuan und 15.000 Petaflops.",
        "Das gilt z. B. für Dr. Müller und Prof. Lang.",
        "Das gilt z.B. für Müller, d.h. für alle.",
        "Sie kostet ca. 3 Mio. Euro bzw. 4 Mrd. Yuan.",
        "Am 21. Oktober 2024 war das Wetter gut.",
        "Im 19. Jahrhundert war das so.",
        "Er kam am 5. an.",
        "Herr J. Weber sprach.",
        "Die Kosten betragen 3.900 Kilometer.",
        "Laut Art. 5 des Gesetzes gilt Nr. 7 nicht.",
        # English
        "The U.S. economy grew by 2.5 percent.",
        "Dr. Smith and Mr. Lee met at 5 p.m. in the hall.",
        "It fell e.g. in Berlin, Prague etc. and elsewhere.",
        "John F. Kennedy spoke.",
        "See www.example.org for more.",
        "Version 2.0.1 is out.",
        # Chinese
        "规模达1.5万亿元,同比增长12.3%。",
        "他说:“未来已来。”",
        "他喊:「快走!」",
        "這是《中國報告》的結論。",
    ],
)
def test_a_sentence_is_not_cut_inside(sentence):
    assert said(sentence) == [sentence]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Eins. Zwei! Drei?", ["Eins.", "Zwei!", "Drei?"]),
        ("Er sagte: „Ja.“ Dann ging er.", ["Er sagte: „Ja.“", "Dann ging er."]),
        ("Das war 2025. Danach kam nichts.", ["Das war 2025.", "Danach kam nichts."]),
        ("Sie machen 80 % aus. Die Rate beträgt 30 %.", ["Sie machen 80 % aus.", "Die Rate beträgt 30 %."]),
        ("Was ist das?\nEs ist neu.", ["Was ist das?", "Es ist neu."]),
        ("He said: “Yes.” Then he left.", ["He said: “Yes.”", "Then he left."]),
        ("It works! (Really.) Good.", ["It works!", "(Really.)", "Good."]),
        ("Wait… What?", ["Wait…", "What?"]),
        ("北京是其中之一。官方公布的数据显示。", ["北京是其中之一。", "官方公布的数据显示。"]),
        ("他说:“好。”然后走了。", ["他说:“好。”", "然后走了。"]),
        ("他喊:「快走！」然後走了。", ["他喊:「快走！」", "然後走了。"]),
        ("真的吗?!是的。", ["真的吗?!", "是的。"]),
        ("第一;第二；第三。", ["第一;第二；", "第三。"]),
        ("Mixed 武汉。Then English.", ["Mixed 武汉。", "Then English."]),
        ("Released today [1][2] - The plan aims high [1]", ["Released today", "The plan aims high"]),
        ("It grew fast.[3] Prices fell.", ["It grew fast.", "Prices fell."]),
        ("- Erster Punkt\n- Zweiter Punkt", ["Erster Punkt", "Zweiter Punkt"]),
        ("• 第一条\n• 第二条", ["第一条", "第二条"]),
        ("Überschrift\nEin Satz.", ["Überschrift", "Ein Satz."]),
        ("a line that goes\non in lower case.", ["a line that goes\non in lower case."]),
        ("Ende.\n\n\nAnfang.", ["Ende.", "Anfang."]),
        ("  \n ", []),
        ("", []),
    ],
)
def test_sentences_end_where_a_reader_would_say(text, expected):
    assert said(text) == expected


def test_a_span_limits_the_sentences():
    text = "Eins. Zwei. Drei."
    assert [s.of(text) for s in sentences(text, Span(6, 11))] == ["Zwei."]


PIECES = st.sampled_from(
    ["Der Satz endet hier. ", "z. B. ", "am 3. Februar ", "Dr. ", "1,1 Billionen ", "北京。", "国家，", "「好！」", "。”", "\n", "\n\n",
     "監(jiān)管", "?jǐn)", "[1][2]", " - ", "• ", "(", ")", "[", "]", "🙂", "👨‍👩‍👧", "e\u0301", "\u200b", "\ufeff", "　", "\t", "...", "…", "!?",
     "Heading", " word", "「", "“", "\u2028", "\x85", "\x0b", "\x1c"]
)
MIXED = st.lists(st.one_of(PIECES, st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6)), max_size=30)
TEXT = MIXED.map("".join)


@st.composite
def kept_texts(draw):
    """A text, and some disjoint spans of it to keep."""
    text = draw(TEXT)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return text, tuple(Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False))


def check_passages(text: str, keep: tuple[Span, ...], budget: int, overlap: int) -> None:
    source = article(text, keep=keep)
    passages = split(source, count_words, budget, overlap)
    assert [p.start for p in passages] == sorted(p.start for p in passages)
    covered = [False] * len(text)
    for p in passages:
        assert source.text[p.start : p.end] == p.text and p.text.strip()
        assert (p.article_id, p.lang, p.id) == (source.id, source.lang, f"{source.id}:{p.start}-{p.end}")
        assert any(k.start <= p.start and p.end <= k.end for k in keep)
        assert p.sentences and ascending_and_disjoint(p.sentences)
        for s in p.sentences:
            assert p.start <= s.start < s.end <= p.end
            assert s.of(text) == s.of(text).strip()
            assert count_words(s.of(text)) <= budget or len(s) == 1
        assert sum(count_words(s.of(text)) for s in p.sentences) <= budget or len(p.sentences) == 1
        covered[p.start : p.end] = [True] * (p.end - p.start)
    kept = [False] * len(text)
    for k in keep:
        kept[k.start : k.end] = [True] * len(k)
    lost = [text[i] for i in range(len(text)) if kept[i] and not covered[i] and not text[i].isspace()]
    assert lost == []
    assert not any(c and not k for c, k in zip(covered, kept, strict=True))


@given(kept_texts(), st.integers(1, 40), st.integers(0, 15))
def test_every_passage_quotes_its_article_and_nothing_kept_is_lost(kept_text, budget, overlap):
    text, keep = kept_text
    check_passages(text, keep, budget, min(overlap, budget - 1))


@given(TEXT)
def test_only_white_space_bullets_and_reference_marks_stand_between_sentences(text):
    found = sentences(text, Span(0, len(text)))
    assert ascending_and_disjoint(found)
    edges = [0, *(x for s in found for x in (s.start, s.end)), len(text)]
    between = [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    assert [gap for gap in between if not re.fullmatch(r"(\s|[-–•·*](?=\s)|\[\d{1,3}\])*", gap)] == []


def test_passages_of_the_seeds_keep_every_property(seed_index, embedder):
    for source in seed_index.articles.values():
        check_passages(source.text, source.keep, 60, 20)
    for p in seed_index.passages:
        assert seed_index.articles[p.article_id].text[p.start : p.end] == p.text


def test_neighbours_share_a_short_last_sentence():
    text = "A one two. B three. C four five. D six."
    passages = split(article(text), lambda t: len(t.split()), budget=5, overlap=2)
    assert [p.text for p in passages] == ["A one two. B three.", "B three. C four five.", "D six."]


def test_a_sentence_over_the_budget_is_cut_at_a_clause():
    text = "one two three, four five six, seven eight nine."
    passages = split(article(text), lambda t: len(t.split()), budget=6, overlap=0)
    assert [p.text for p in passages] == ["one two three, four five six,", "seven eight nine."]


def test_a_run_without_any_clause_is_cut_at_a_character():
    text = "国" * 25
    passages = split(article(text, lang="zh-Hans"), len, budget=10, overlap=0)
    assert [len(p.text) for p in passages] == [10, 10, 5]


def test_a_heading_stays_with_the_text_below_it():
    text = "One two three four.\nHeading\nFive six seven eight."
    passages = split(article(text), lambda t: len(t.split()), budget=6, overlap=0)
    assert [p.text for p in passages] == ["One two three four.", "Heading\nFive six seven eight."]


def test_reference_marks_between_sentences_stay_in_a_passage():
    text = "Alpha beta [1][2] - Gamma delta [1]"
    passages = split(article(text), lambda t: len(t.split()), budget=20, overlap=0)
    assert [p.text for p in passages] == [text]
    assert [s.of(text) for s in passages[0].sentences] == ["Alpha beta", "Gamma delta"]


@pytest.mark.parametrize(("budget", "overlap"), [(0, 0), (5, 5), (5, -1)])
def test_split_refuses_a_budget_that_cannot_work(budget, overlap):
    with pytest.raises(ValueError, match=f"budget={budget}, overlap={overlap}"):
        split(article("Text."), count_words, budget, overlap)


def test_an_article_without_kept_text_has_no_passages():
    assert split(article("Text.", keep=()), count_words, 5, 0) == []


@pytest.mark.parametrize(
    "parts",
    [
        ["बंदरगाह का पुल 1987 में खोला गया था।", "हर दिन 2400 गाड़ियाँ गुजरती हैं।"],
        ["متى افتتح الجسر؟", "افتتح جسر الميناء في عام 1987."],
        ["یہ پل 1987 میں کھولا گیا۔", "ہر روز 2400 گاڑیاں گزرتی ہیں۔"],
        ["ស្ពាននេះបើកនៅឆ្នាំ១៩៨៧។", "រថយន្ត២៤០០ឆ្លងកាត់។"],
        ["港の橋は1987年に開通した。", "毎日2400台の車が通る。"],
        ["הגשר בנמל נפתח בשנת 1987.", "מדי יום עוברות עליו 2400 מכוניות."],
    ],
)
def test_other_scripts_end_their_sentences_with_their_own_stops(parts):
    text = " ".join(parts)
    assert [s.of(text) for s in sentences(text, Span(0, len(text)))] == parts


@pytest.mark.parametrize("unit", ["The harbour has ships.\n", " ", "abc, de ", "abcdefghij", "[12] ", "....", "天文台，", '(("', "a - "])
def test_time_grows_with_the_text_and_no_more(unit):
    def seconds(size: int) -> float:
        text = unit * (size // len(unit)) + "End."
        start = time.process_time()
        split(Article("a", "en", "t", text, (Span(0, len(text)),)), lambda t: 2 + len(t) // 4, 160, 40)
        return time.process_time() - start

    seconds(20_000)
    assert seconds(800_000) < 40 * 8 * max(seconds(20_000), 0.01)  # a square would be 1,600 times


def test_a_script_without_tokens_or_stops_makes_passages_of_bounded_length():
    text = "ស្ពាននេះ" * 5_000
    made = split(Article("a", "km", "t", text, (Span(0, len(text)),)), lambda t: 3, 20, 0)
    assert "".join(p.text for p in made) == text and max(len(p.text) for p in made) <= 12 * 20 * 6
