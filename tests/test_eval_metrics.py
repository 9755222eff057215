"""Metrics against hand calculations and definitions."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import (
    answer_right,
    citation_precision,
    citation_recall,
    finds,
    first_rank,
    hit_at,
    normalised,
    overlap,
    percentile,
    reciprocal_rank,
    risk_coverage,
    says,
    separation,
    thresholds,
)


@dataclass(frozen=True)
class At:
    article_id: str
    start: int
    end: int


GOLD = (At("x", 10, 20), At("y", 0, 100))
PLACES = st.builds(
    lambda article, start, length: At(article, start, start + length),
    st.sampled_from("xy"),
    st.integers(0, 60),
    st.integers(1, 60),
)


@given(PLACES, PLACES)
def test_overlap_counts_shared_characters(a, b):
    shared = (
        set(range(a.start, a.end)) & set(range(b.start, b.end)) if a.article_id == b.article_id else set()
    )
    assert overlap(a, b) == len(shared)


@pytest.mark.parametrize(
    ("passage", "found"),
    [
        (At("x", 0, 15), True),  # 5 of 10 characters: half is enough
        (At("x", 0, 14), False),
        (At("x", 0, 99), True),  # contains it
        (At("x", 12, 17), True),  # inside, half of it
        (At("x", 20, 30), False),  # touches
        (At("z", 10, 20), False),  # right offsets, wrong article
        (At("y", 40, 90), True),
    ],
)
def test_a_passage_finds_gold_from_half_of_its_characters_on(passage, found):
    assert finds(passage, GOLD) is found


def test_rank_hit_and_reciprocal_rank_by_hand():
    hits = [At("z", 0, 50), At("x", 0, 14), At("x", 5, 18), At("y", 0, 100)]
    rank = first_rank(hits, GOLD)
    assert rank == 3
    assert [hit_at(rank, k) for k in (1, 2, 3, 5)] == [0, 0, 1, 1]
    assert reciprocal_rank(rank) == 1 / 3
    assert first_rank(hits[:2], GOLD) is None
    assert hit_at(None, 5) == reciprocal_rank(None) == 0


@given(st.lists(PLACES, max_size=8), st.lists(PLACES, min_size=1, max_size=3))
def test_hit_at_k_never_falls_as_k_grows(hits, gold):
    rank = first_rank(hits, gold)
    found = [hit_at(rank, k) for k in range(1, 10)]
    assert found == sorted(found)
    assert found[-1] == any(finds(hit, gold) for hit in hits)


def test_citation_precision_by_hand():
    around, inside = (
        At("x", 0, 30),
        At("y", 3, 9),
    )  # a sentence around the clause; a sentence of a longer span
    edge, elsewhere = At("x", 19, 39), At("z", 10, 20)
    assert citation_precision([around, inside, edge, elsewhere], GOLD) == 0.5
    assert citation_precision([around], GOLD) == 1
    assert citation_precision([], GOLD) is None
    assert citation_precision([around], ()) == 0


def test_citation_recall_joins_citations_of_one_alternative():
    assert citation_recall([At("x", 0, 30)], GOLD) == 1
    assert citation_recall([At("y", 0, 30)], GOLD) == 0
    assert citation_recall([At("y", 0, 30), At("y", 60, 80)], GOLD) == 1  # 50 of 100
    assert (
        citation_recall([At("y", 0, 30), At("y", 10, 45)], GOLD) == 0
    )  # 45 of 100, overlapping counted once
    assert citation_recall([], GOLD) == 0


@pytest.mark.parametrize(
    "written", ["15.000", "15,000", "15 000", "15\u202f000", "15\u00a0000", "15'000", "１５０００"]
)
def test_thousands_are_unified(written):
    assert normalised(written) == "15000"


@given(st.integers(0, 10**12))
def test_a_figure_is_the_same_in_english_and_german_writing(n):
    english = f"{n:,}"
    german = english.replace(",", ".")
    for text in (english, german, german.replace(".", " ")):
        assert normalised(text) == str(n)
        assert says(f"rund {text} Yuan", str(n))
        assert not says(f"rund {text} Yuan", f"{n}0") and not says(f"rund 7{n} Yuan", str(n))


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("1,1 Billionen", "1.1 billionen"),
        ("12.3%", "12,3%"),
        ("1.565.000,5", "1565000.5"),
        ("監(jiān)管", "监管"),
        ("ＡＩ", "ai"),
        ("40 [1] Firmen [12]", "40 firmen"),
    ],
)
def test_writings_of_the_same_are_unified(text, same):
    assert normalised(text) == normalised(same)


@pytest.mark.parametrize(
    ("text", "answer", "said"),
    [
        ("規(guī)模達(dá)200億元、", "200亿元", True),
        ("über 80 % aus", "80%", True),
        ("40 5G-Basisstationen", "40 5G-Basisstationen", True),
        ("Hochleistungs- Innovation", "Hochleistungs-Innovation", True),
        ("15.000 Petaflops", "5.000 Petaflops", False),
        ("1,3 Billionen", "3 Billionen", False),
        ("3,5", "3", False),
        ("2600家", "600家", False),
        ("die Macht betrachtet", "acht", False),
        ("achtzig Zonen", "acht", False),
        ("acht Zonen", "acht", True),
        ("mehrere Parks", "Park", True),
        ("in 2035.", "2035", True),
        ("Gao Wen's plan", "gao wen", True),
        ("anything", " ", False),
    ],
)
def test_an_answer_is_said_or_not(text, answer, said):
    assert says(text, answer) is said


def test_an_answer_is_right_if_any_text_says_any_accepted_string():
    assert answer_right(["nothing", "about 3,600 firms"], ["9", "3600"])
    assert not answer_right(["nothing"], ["9", "3600"])
    assert not answer_right([], ["9"])


def test_risk_coverage_by_hand():
    curve = risk_coverage([0.9, 0.8, 0.2], [True, False, True])
    assert curve.points == ((1 / 3, 1.0), (2 / 3, 0.5), (1.0, 2 / 3))
    assert curve.area == pytest.approx((1 + 1 / 2 + 2 / 3) / 3)
    assert risk_coverage([], []).area == 0
    with pytest.raises(ValueError, match="got 1 and 2"):
        risk_coverage([0.5], [True, False])


def test_equal_confidences_enter_together():
    curve = risk_coverage([0.5, 0.5, 0.1], [True, False, False])
    assert curve.points == ((2 / 3, 0.5), (1.0, 1 / 3))
    assert curve.area == pytest.approx((1 / 2 + 1 / 2 + 1 / 3) / 3)


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.4, 0.7]), st.booleans()), min_size=1), st.randoms())
def test_the_order_of_questions_does_not_change_the_curves(pairs, random):
    shuffled = random.sample(pairs, len(pairs))
    first, second = (risk_coverage(*zip(*p, strict=True)) for p in (pairs, shuffled))
    assert first.points == second.points
    assert first.area == pytest.approx(second.area)
    assert separation(*zip(*pairs, strict=True)) == separation(*zip(*shuffled, strict=True))


def test_thresholds_by_hand():
    rows = thresholds([0.9, 0.5, 0.5, 0.1], [True, True, False, False])
    assert [(t.confidence, t.answered, t.refused) for t in rows] == [
        (0.1, 1.0, 0.0),
        (0.5, 1.0, 0.5),
        (0.9, 0.5, 1.0),
    ]
    assert thresholds([0.9], [True]) == ()


def test_separation_by_hand():
    # pairs: 0.9 beats 0.5 and 0.1; 0.5 ties 0.5, beats 0.1
    assert separation([0.9, 0.5, 0.5, 0.1], [True, True, False, False]) == 3.5 / 4
    assert separation([0.9], [True]) is None


def test_percentiles_are_nearest_rank():
    values = [5.0, 1.0, 4.0, 2.0, 3.0]
    assert [percentile(values, p) for p in (1, 20, 50, 95, 100)] == [1, 1, 3, 5, 5]
    with pytest.raises(ValueError, match="got 0 values"):
        percentile([], 50)
