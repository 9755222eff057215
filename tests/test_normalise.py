"""Folding for search, and the way back to the characters it came from."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from index.normalise import _normalised, debris_spans, fold, normalise
from index.types import Span

PIECES = st.sampled_from(
    ["監(jiān)管", "產(chǎn)業(yè)", "局?jǐn)?shù)據(jù)", "(jiān)", "ÄÖÜß", "ﬁn", "Ａ１％", "e\u0301", "a\u0323\u0308", "½", "㎞", "\u200b",
     "\ufeff", "\u00ad", "　", " \n\t", "国", "國", "发", "🙂", "👨‍👩‍👧", "ﷺ", "İ", "ﬃ", "\x07", "word", "?", "(", ")", "㈱", "Ⅷ", "각"]
)
TEXT = st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=25).map("".join)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("監(jiān)管", "监管"),
        ("產(chǎn)業(yè)", "产业"),
        ("國家人工智能先導(dǎo)區(qū)增至8個", "国家人工智能先导区增至8个"),
        ("成都市經(jīng)信局?jǐn)?shù)據(jù)顯示", "成都市经信局据显示"),  # a character is lost for good
        ("ＡＢＣ　１２３％", "abc 123%"),
        ("ﬁnanz ½", "finanz 1⁄2"),
        ("Straße", "strasse"),
        ("BRÜCKE", "brücke"),
        ("Bru\u0308cke", "brücke"),
        ("a \n\t b", "a b"),
        ("so\u00adft\u200bhy\ufeffphen", "softhyphen"),
        ("  both ends  ", "both ends"),
        ("bell\x07\x00", "bell"),
        ("㎞", "km"),
        ("", ""),
    ],
)
def test_fold_makes_spellings_of_one_text_alike(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    "text", ["Pinyin (Jiān) is toned", "ein Café) hier", "Nǐ hǎo", "(abc)", "國(guo)家", "人民(rén mín)", "f(x) = ā)"]
)
def test_debris_is_not_seen_in_ordinary_brackets(text):
    assert debris_spans(text) == []


def test_debris_is_found_where_it_stands():
    text = "監(jiān)管和產(chǎn)業(yè)"
    assert [s.of(text) for s in debris_spans(text)] == ["(jiān)", "(chǎn)", "(yè)"]


def test_debris_of_the_traditional_seed_is_gone_after_folding(seed_index):
    article = next(a for a in seed_index.articles.values() if a.id.startswith("004"))
    assert len(debris_spans(article.text)) > 500
    kept = "".join(s.of(article.text) for s in article.keep)
    assert [c for c in fold(kept) if c in "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"] == []


@given(TEXT)
def test_spans_of_folded_characters_are_monotone_and_inside_the_source(text):
    folded = normalise(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    for start, end in zip(folded.starts, folded.ends, strict=True):
        assert 0 <= start < end <= len(text)
    for (a, b), (c, d) in pairwise(zip(folded.starts, folded.ends, strict=True)):
        assert a <= c and b <= d


@given(TEXT)
@example("e\u0301x")
@example("ﬃ")
def test_the_origin_of_each_folded_character_folds_to_it(text):
    folded = normalise(text)
    for char, start, end in zip(folded.text, folded.starts, folded.ends, strict=True):
        alone = normalise(text[start:end]).text
        assert char in alone or (char == " " and text[start:end].isspace())


@given(TEXT)
def test_fold_is_idempotent(text):
    once = fold(text)
    if not debris_spans(once):  # what only looks like debris once other debris is gone stays
        assert fold(once) == once


@given(TEXT)
@example("각")
@example("Ệ")
def test_composed_and_decomposed_letters_fold_alike(text):
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    if debris_spans(composed) == debris_spans(decomposed):
        assert fold(composed) == fold(decomposed)


@given(TEXT, st.data())
def test_original_of_a_span_covers_the_origins_of_its_characters(text, data):
    folded = normalise(text)
    start = data.draw(st.integers(0, len(folded.text)))
    end = data.draw(st.integers(start, len(folded.text)))
    span = folded.original(Span(start, end))
    assert span.end <= len(text)
    if start < end:
        assert span == Span(folded.starts[start], folded.ends[end - 1])
    else:
        assert not len(span)


def test_original_gives_a_word_in_the_readers_own_spelling():
    text = "  成都市經(jīng)信局?jǐn)?shù)據(jù)顯示 "
    folded = normalise(text)
    at = folded.text.index("经信局")
    assert folded.original(Span(at, at + 3)).of(text) == "經(jīng)信局"


def test_original_of_a_space_is_all_the_white_space_it_stands_for():
    assert normalise("a \n\tb").original(Span(1, 2)) == Span(1, 4)


def test_original_refuses_a_span_beyond_the_text():
    with pytest.raises(ValueError, match=r"9.*3"):
        normalise("abc").original(Span(1, 9))


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_ascii_is_only_lower_cased_and_its_spaces_joined(text):
    assert fold(text) == " ".join(text.lower().split())


@given(TEXT | st.text(alphabet="aÄßﬁ \t\n\u00a0\u200b\u0301é監管jiān()?カ゛한ᄒ\ue000\ud800１²İ"))
def test_folding_is_normalising_without_the_way_back(text):
    assert fold(text) == slow(text).text.strip()
    quick, whole = normalise(text), slow(text)
    assert (quick.text, [*quick.starts], [*quick.ends]) == (whole.text, [*whole.starts], [*whole.ends])


def slow(text):
    """`normalise` by clusters, whatever the text."""
    from unittest.mock import patch

    with patch("index.normalise._folded_alone", lambda text: None):
        return _normalised(text)
