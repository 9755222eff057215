"""Late interaction, compared with its formulas on vectors that can be followed by hand."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from fakes import ConceptEmbedder
from hypothesis import given
from hypothesis import strategies as st

from index.interaction import (
    CEILING,
    FLOOR,
    Words,
    content_words,
    matched,
    neighbours,
    similarities,
    word_sums,
    word_weights,
    words,
)
from index.normalise import fold
from index.types import Span, TokenVectors


def of(*rows, weights=None) -> Words:
    """Words of the given vectors; their lengths are made 1."""
    vectors = np.array(rows, np.float32).reshape(len(rows), -1 if rows else 2)
    if len(rows):
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Words(vectors, np.array(weights or [1.0] * len(rows), np.float32), tuple(Span(i, i + 1) for i in range(len(rows))))


def test_similarity_is_the_best_cosine_and_never_below_zero():
    question = of((1, 0), (0, 1), (-1, 0))
    text = of((1, 0), (1, 1))
    assert similarities(question, text) == pytest.approx([1, 2**-0.5, 0])


def test_an_empty_text_or_question_matches_nothing():
    assert similarities(of((1, 0)), of()).tolist() == [0]
    assert similarities(of(), of((1, 0))).tolist() == []
    assert matched(of((1, 0)), of()).tolist() == [0]


@pytest.mark.parametrize("cosine", [0.0, FLOOR - 0.01, FLOOR, 0.45, CEILING, CEILING + 0.01, 1.0])
def test_a_match_is_stretched_between_floor_and_ceiling(cosine):
    text = of((cosine, (1 - cosine**2) ** 0.5))
    expected = min(max((cosine - FLOOR) / (CEILING - FLOOR), 0), 1)
    assert matched(of((1, 0)), text) == pytest.approx([expected], abs=1e-5)


def test_word_weights_are_inverse_document_frequencies_of_soft_counts():
    question = of((1, 0), (0, 1), weights=[1, 2])
    matches = np.array([[1, 0.5], [1, 0], [0, 0.25]])
    # N = 3; soft counts 2 and 0.75.
    expected = [log(1 + (3 - 2 + 0.5) / (2 + 0.5)), 2 * log(1 + (3 - 0.75 + 0.5) / (0.75 + 0.5))]
    assert word_weights(question, matches) == pytest.approx(expected)


@given(st.integers(0, 10**6), st.integers(1, 6), st.integers(1, 9))
def test_maxsim_equals_the_double_loop(seed, asked, said):
    rng = np.random.default_rng(seed)
    question, text = of(*rng.normal(size=(asked, 5))), of(*rng.normal(size=(said, 5)))
    expected = [max(0.0, *(float(q @ t) for t in text.vectors)) for q in question.vectors]
    assert similarities(question, text) == pytest.approx(expected, abs=1e-6)


def tokens(*pieces: tuple[str, int]) -> tuple[str, TokenVectors]:
    """A text made of pieces ("▁" is a space before one), each with its own axis and a length."""
    text, spans, rows = "", [], []
    for piece, length in pieces:
        start = len(text)
        text += piece.replace("▁", " ")
        spans.append(Span(start, len(text)))
        rows.append(length)
    vectors = np.eye(len(pieces), dtype=np.float32)
    return text, TokenVectors(vectors, np.array(rows, np.float32), tuple(spans))


def test_pieces_of_a_word_are_summed_by_weight():
    text, vectors = tokens(("har", 3), ("bour", 4), ("▁city", 2))
    found = words(text, vectors)
    assert [s.of(text).strip() for s in found.spans] == ["harbour", "city"]
    assert found.weights == pytest.approx([5, 2])
    assert found.vectors == pytest.approx(np.array([[0.6, 0.8, 0], [0, 0, 1]]))


def test_single_han_characters_are_joined_and_longer_han_words_are_not():
    text, vectors = tokens(("深", 1), ("圳", 1), ("城市", 1), ("港口", 1))
    assert [s.of(text) for s in words(text, vectors).spans] == ["深圳", "城市", "港口"]


def test_punctuation_and_digits_are_no_words():
    text, vectors = tokens(("port", 1), (",", 1), ("▁2028", 1), ("▁city", 1), ("。", 1))
    assert [s.of(text).strip() for s in words(text, vectors).spans] == ["port", "city"]


def test_pairs_add_each_two_neighbours():
    text, vectors = tokens(("city", 1), ("▁of", 1), ("▁trams", 1))
    found = words(text, vectors, pairs=True)
    assert [s.of(text).strip() for s in found.spans] == ["city", "of", "trams", "city of", "of trams"]
    assert found.vectors[3] == pytest.approx([2**-0.5, 2**-0.5, 0])


def test_content_words_leave_stop_words_out():
    text = fold("Wann wurde die Brücke am Hafen eröffnet?")
    found = content_words(text, ConceptEmbedder().token_vectors([text])[0])
    assert [s.of(text) for s in found.spans] == ["brücke", "hafen", "eröffnet"]


def test_words_of_different_languages_meet():
    embedder = ConceptEmbedder()
    german, chinese = fold("Brücke und Hafen"), fold("这座桥梁")
    question = content_words(german, embedder.token_vectors([german])[0])
    assert matched(question, words(chinese, embedder.token_vectors([chinese])[0])).tolist() == [1, 0]


def test_an_empty_text_has_no_words(embedder):
    assert len(words("", embedder.token_vectors([""])[0], pairs=True).weights) == 0


@given(st.text(max_size=30))
def test_words_of_any_text_have_unit_rows_at_places_in_it(embedder, text):
    found = words(text, embedder.token_vectors([text])[0], pairs=True)
    assert len(found.vectors) == len(found.weights) == len(found.spans)
    assert all(len(s) and s.end <= len(text) for s in found.spans)
    lengths = np.linalg.norm(found.vectors, axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-4) | (found.weights < 1e-6))


def test_a_word_has_the_same_sum_wherever_it_stands():
    embedder = ConceptEmbedder()
    for text in ("Hafen", "Alter Hafen", "Brot, Fisch und 12 Wörter vor dem Hafen"):
        text = fold(text)
        tokens = embedder.token_vectors([text])[0]
        sums, first, last = word_sums(text, tokens)
        assert sums[-1].tobytes() == (embedder.token_vectors(["hafen"])[0].vectors[0]).tobytes() and first[-1] == last[-1]


def test_neighbours_have_at_most_one_token_between_them():
    text, vectors = tokens(("a", 1), ("▁b", 1), (",", 1), ("▁c", 1), (",", 1), (",", 1), ("▁d", 1))
    _, first, last = word_sums(text, vectors)
    assert neighbours(first, last).tolist() == [True, True, False]
