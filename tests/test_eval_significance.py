"""Intervals and p-values compared with hand calculations, known distributions and scipy."""

from itertools import product

import numpy as np
import pytest
from judged import FIRST, Q1, SECOND, answered, asked

from eval.run import Facts, judge
from eval.significance import differences, holm, intervals

RIGHT, WRONG = answered(Q1, [FIRST]), answered(Q1, [SECOND])


def results(right: list[bool], facts: list[str] | None = None):
    facts = facts or [str(i) for i in range(len(right))]
    return [
        judge(asked(f"{i}", "en", Q1.gold, Q1.answers, fact), RIGHT if r else WRONG, Facts("de"))
        for i, (r, fact) in enumerate(zip(right, facts, strict=True))
    ]


def test_intervals_resample_facts_not_questions():
    made = results([True] * 50 + [False] * 50, ["a"] * 50 + ["b"] * 50)
    # Of two facts, a quarter of the draws holds only the right one and a quarter only the wrong one.
    assert intervals(made)["hit@1"] == (0.0, 1.0)
    assert intervals(made)["refusal_precision"] is None
    alone = results([i % 4 > 0 for i in range(100)])
    low, high = intervals(alone)["hit@1"]
    # Binomial standard error at 0.75 and n = 100 is 0.0433, so +-1.96 of them is about 0.665 to 0.835.
    assert low == pytest.approx(0.665, abs=0.01) and high == pytest.approx(0.835, abs=0.01)
    assert intervals(alone) == intervals(alone)
    few = alone[:7]
    assert intervals(few, rounds=9, seed=1) != intervals(few, rounds=9, seed=2)


def test_the_difference_and_its_interval_are_those_of_paired_facts():
    a = [i % 2 == 0 for i in range(200)]
    b = [x or i % 10 == 1 for i, x in enumerate(a)]  # 20 of 200 gained, none lost
    found = differences(results(a), results(b))["hit@1"]
    assert (found.a, found.b, found.n) == (0.5, pytest.approx(0.6), 200) and found.difference == pytest.approx(0.1)
    # The paired gain is 0 or 1 with mean 0.1: standard error sqrt(0.1 * 0.9 / 200) = 0.0212. Unpaired it would be 0.05.
    assert found.low == pytest.approx(0.1 - 1.96 * 0.0212, abs=0.008)
    assert found.high == pytest.approx(0.1 + 1.96 * 0.0212, abs=0.008)


def test_equal_runs_differ_by_nothing():
    made = results([True, False, True])
    found = differences(made, made)["hit@1"]
    assert (found.difference, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert differences(made, made)["refusal_recall"] is None


@pytest.mark.parametrize("gains", [[1, 1, 1, 1], [1, 1, 1, -1, -1], [1] * 9 + [-1]])
def test_the_p_value_of_few_differing_facts_is_exact(gains):
    a = [g < 0 for g in gains] + [True, False]
    b = [g > 0 for g in gains] + [True, False]
    flips = [abs(np.dot(signs, gains)) >= abs(sum(gains)) for signs in product((1, -1), repeat=len(gains))]
    assert differences(results(a), results(b))["hit@1"].p == pytest.approx(np.mean(flips))


def test_the_p_value_of_many_facts_agrees_with_scipy():
    permutation_test = pytest.importorskip("scipy.stats").permutation_test
    rng = np.random.default_rng(5)
    a, b = rng.random(150) < 0.6, rng.random(150) < 0.7
    reference = permutation_test(
        (b.astype(float), a.astype(float)), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples",
        n_resamples=20_000, rng=np.random.default_rng(0), vectorized=True,
    )
    found = differences(results(list(a)), results(list(b)), rounds=20_000)["hit@1"]
    assert found.p == pytest.approx(reference.pvalue, abs=0.015)


def test_versions_of_one_fact_are_swapped_together():
    facts = [f"f{i // 4}" for i in range(16)]
    gained = differences(results([False] * 16, facts), results([True] * 16, facts))["hit@1"]
    assert gained.p == pytest.approx(2 / 2**4)  # sixteen independent questions would give 2 / 2**16


def test_runs_over_other_questions_are_refused():
    with pytest.raises(ValueError, match="got 2 and 3 questions"):
        differences(results([True, False]), results([True, False, True]))


def test_holm_multiplies_by_what_is_left_and_never_falls():
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.9, "b": 0.8}) == {"a": 1.0, "b": 1.0}
