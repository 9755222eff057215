"""How far a score, or the difference of two runs, may be chance: by facts drawn anew and by runs swapped fact by fact.

The language versions of one fact are not independent, so a fact with all its questions is the unit in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.run import Result
from eval.scores import SCORES, scores

SEED = 20260204
ROUNDS = 2000
_EXACT = 13  # up to this many differing facts, all 2**n swaps are tried instead of drawn ones

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Difference:
    """A score in two runs over the same questions: `b - a` with its 95 % interval and the p of a randomisation test.

    The sign is that of `b - a`, also for scores where less is better. `n` is how many questions count in either run.
    """

    score: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float
    n: int


def intervals(
    results: Sequence[Result], rounds: int = ROUNDS, seed: int = SEED
) -> dict[str, Interval | None]:
    """The 95 % bootstrap percentile interval of every score; None where `scores` is None.

    Facts are resampled, not questions: the same fact asked in several languages is one draw (a cluster
    bootstrap, Davison & Hinkley, 1997, section 3.8). The same results and seed give the same intervals.
    """
    values = scores(results)
    sums = _sums(results, _facts(results))
    above, below = (_draws(sums.shape[1], rounds, seed) @ part for part in sums)
    out: dict[str, Interval | None] = {}
    for column, name in enumerate(SCORES):
        drawn = below[:, column] > 0
        out[name] = None if values[name] is None else _percentiles(above[drawn, column] / below[drawn, column])
    return out


def differences(
    a: Sequence[Result], b: Sequence[Result], rounds: int = ROUNDS, seed: int = SEED
) -> dict[str, Difference | None]:
    """Every score compared between two runs over the same questions; None where one of them has no such score.

    The interval is a paired bootstrap: both runs are scored on the same facts, drawn anew. The p-value is two-sided,
    of a randomisation test (Smucker, Allan & Carterette, 2007): under the null hypothesis the runs can be swapped fact
    by fact. Where few facts differ all swaps are counted, otherwise `rounds` are drawn and p is (1 + as large) /
    (1 + rounds) (Phipson & Smyth, 2010). ValueError if the questions differ.
    """
    if [r.question.id for r in a] != [r.question.id for r in b]:
        raise ValueError(f"needs the same questions in the same order, got {len(a)} and {len(b)} questions")
    facts = _facts(a)
    sums_a, sums_b = _sums(a, facts), _sums(b, facts)
    values_a, values_b = scores(a), scores(b)
    draws = _draws(len(facts), rounds, seed)
    drawn_a, drawn_b = draws @ sums_a, draws @ sums_b
    out: dict[str, Difference | None] = {}
    for column, name in enumerate(SCORES):
        value_a, value_b = values_a[name], values_b[name]
        if value_a is None or value_b is None:
            out[name] = None
            continue
        both = (drawn_a[1, :, column] > 0) & (drawn_b[1, :, column] > 0)
        ratio_a, ratio_b = (d[0, both, column] / d[1, both, column] for d in (drawn_a, drawn_b))
        low, high = _percentiles(ratio_b - ratio_a)
        p = _randomisation(sums_a[:, :, column], sums_b[:, :, column], rounds, seed)
        n = sum(x.parts[name][1] > 0 or y.parts[name][1] > 0 for x, y in zip(a, b, strict=True))
        out[name] = Difference(name, value_a, value_b, value_b - value_a, low, high, p, n)
    return out


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p-values corrected for how many they are, by Holm's step-down rule (1979); same keys, at most 1."""
    out: dict[str, float] = {}
    highest = 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p))
        out[name] = highest
    return {name: out[name] for name in p_values}


def _facts(results: Sequence[Result]) -> dict[str, int]:
    return {fact: row for row, fact in enumerate(dict.fromkeys(r.question.fact for r in results))}


def _sums(results: Sequence[Result], facts: Mapping[str, int]) -> np.ndarray:
    """(2, facts, scores) what each fact's questions add above and below the line."""
    sums = np.zeros((2, len(facts), len(SCORES)))
    for result in results:
        sums[:, facts[result.question.fact]] += np.array([result.parts[name] for name in SCORES]).T
    return sums


def _draws(facts: int, rounds: int, seed: int) -> np.ndarray:
    """(rounds, facts) how often each fact is drawn, `facts` draws a round."""
    return np.random.default_rng(seed).multinomial(facts, np.full(facts, 1 / facts), rounds).astype(float)


def _percentiles(values: np.ndarray) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _randomisation(a: np.ndarray, b: np.ndarray, rounds: int, seed: int) -> float:
    """The share of swaps whose difference is at least as large as the one found; `a`, `b` are (2, facts) sums."""
    differing = (a != b).any(axis=0)
    gain = (b - a)[:, differing]
    count = gain.shape[1]
    if not count:
        return 1.0
    exact = count <= _EXACT
    if exact:
        swaps = (np.arange(2**count)[:, None] >> np.arange(count) & 1).astype(float)
    else:
        swaps = np.random.default_rng(seed).integers(0, 2, (rounds, count)).astype(float)
    moved = swaps @ gain.T  # (rounds, 2): what changing sides adds to a and takes from b
    sum_a, sum_b = a.sum(axis=1), b.sum(axis=1)
    swapped_a, swapped_b = sum_a + moved, sum_b - moved
    defined = (swapped_a[:, 1] > 0) & (swapped_b[:, 1] > 0)
    found = abs(sum_b[0] / sum_b[1] - sum_a[0] / sum_a[1])
    ratio_a, ratio_b = (s[defined, 0] / s[defined, 1] for s in (swapped_a, swapped_b))
    as_large = int((np.abs(ratio_b - ratio_a) >= found - 1e-12).sum())
    return as_large / int(defined.sum()) if exact else (1 + as_large) / (1 + int(defined.sum()))
