"""Ranking measures against hand calculations and against ir_measures."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics import Place, hit_at, ndcg, over_gold, prefers_own, rank_of_first, recall, reciprocal_rank, success


@dataclass(frozen=True)
class At:
    article_id: str
    start: int
    end: int


def test_ndcg_by_hand():
    # a at rank 2, b at rank 4, c missing: (1/log2(3) + 1/log2(5)) / (1/log2(2) + 1/log2(3) + 1/log2(4))
    got = ndcg(["x", "a", "y", "b"], {"a", "b", "c"}, 10)
    assert got == pytest.approx((1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3) + 1 / 2), abs=1e-12)
    assert ndcg(["a", "b"], {"a": 1, "b": 3}, 10) == pytest.approx((1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3)))
    assert ndcg(["x", "a"], {"a"}, 1) == 0
    assert ndcg(["a"], (), 10) == 0


def test_recall_success_and_first_rank_by_hand():
    ranking, relevant = ["x", "a", "y", "b"], {"a": 2, "b": 1, "c": 1, "x": 0}
    assert [recall(ranking, relevant, k) for k in (1, 2, 4)] == [0, 1 / 3, 2 / 3]
    assert [success(ranking, relevant, k) for k in (1, 2, 4)] == [0, 1, 1]
    assert rank_of_first(ranking, relevant) == 2 and reciprocal_rank(2) == 0.5
    assert rank_of_first(["x"], relevant) is None and success(["x"], relevant, 5) == 0


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_every_question_scores_as_ir_measures_says(data):
    ir_measures = pytest.importorskip("ir_measures")
    from ir_measures import RR, R, Success, nDCG

    names = [f"d{i}" for i in range(14)]
    questions = {}
    for q in range(data.draw(st.integers(1, 4))):
        ranking = data.draw(st.permutations(names))[: data.draw(st.integers(1, 14))]
        graded = data.draw(st.dictionaries(st.sampled_from(names), st.integers(0, 3), min_size=1))
        if any(graded.values()):
            questions[f"q{q}"] = (ranking, graded)
    qrels = [ir_measures.Qrel(q, d, grade) for q, (_, graded) in questions.items() for d, grade in graded.items()]
    run = [
        ir_measures.ScoredDoc(q, d, float(-rank)) for q, (ranking, _) in questions.items() for rank, d in enumerate(ranking)
    ]
    ours = {nDCG @ 10: lambda r, g: ndcg(r, g, 10), nDCG @ 3: lambda r, g: ndcg(r, g, 3)}
    ours |= {R @ 5: lambda r, g: recall(r, g, 5), Success @ 3: lambda r, g: success(r, g, 3)}
    ours |= {RR: lambda r, g: reciprocal_rank(rank_of_first(r, g))}
    seen = 0
    for metric in ir_measures.iter_calc(list(ours), qrels, run):
        ranking, graded = questions[metric.query_id]
        assert ours[metric.measure](ranking, graded) == pytest.approx(metric.value, abs=1e-9), metric
        seen += 1
    assert seen == len(ours) * len(questions)


GOLD = (At("x", 10, 20), At("y", 0, 100), At("x", 22, 30))


def test_gold_spans_are_what_is_found():
    hits: list[Place] = [At("z", 0, 50), At("y", 0, 60), At("y", 50, 100), At("x", 0, 40)]
    ranking, relevant = over_gold(hits, GOLD)
    # The third hit holds half of y too, which was found already; the fourth finds both spans of x, which become one.
    assert ranking == ["other-0", "gold-1", "other-2", "gold-0"]
    assert relevant == {"gold-0", "gold-1"}
    assert recall(ranking, relevant, 3) == 0.5
    assert over_gold([], GOLD)[1] == {"gold-0", "gold-1", "gold-2"}


PLACES = st.builds(lambda a, s, n: At(a, s, s + n), st.sampled_from("xy"), st.integers(0, 40), st.integers(1, 40))


@given(st.lists(PLACES, max_size=8), st.lists(PLACES, min_size=1, max_size=4))
def test_success_over_gold_is_a_hit_on_any_span_and_the_best_ranking_scores_one(hits, gold):
    from eval.metrics import first_rank

    ranking, relevant = over_gold(hits, gold)
    for k in (1, 3, 5):
        assert success(ranking, relevant, k) == hit_at(first_rank(hits, gold), k)
    assert len(ranking) == len(hits) and 0 <= ndcg(ranking, relevant, 10) <= 1
    found_first = sorted(ranking, key=lambda name: name not in relevant)
    if relevant <= set(ranking):
        assert ndcg(found_first, relevant, 10) == pytest.approx(1) and recall(ranking, relevant, len(hits)) == 1


def test_a_preference_for_the_own_language_shows_only_where_the_answer_is_elsewhere():
    assert prefers_own("de", ["de", "zh-Hans"], ["zh-Hans"]) == 1
    assert prefers_own("de", ["en", "de"], ["zh-Hans"]) == 0
    assert prefers_own("zh-Hant", ["zh-Hans"], ["de"]) == 1  # scripts do not count
    assert prefers_own("de", ["de"], ["de", "en"]) is None
    assert prefers_own("de", [], ["en"]) is None
    assert prefers_own("de", ["de"], []) is None
