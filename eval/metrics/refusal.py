"""Refusals: whether they were right, and what another threshold would have given."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Accuracy of the most confident answers: `points` are (coverage, accuracy), ascending."""

    points: tuple[tuple[float, float], ...]
    area: float


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> RiskCoverage:
    """The accuracy-coverage curve: answer only the n most confident questions, for n = 1..all.

    `area` is the mean accuracy over n, one minus AURC (Geifman & El-Yaniv, 2017); 0.0 without questions.
    Equal confidences enter together: inside their block the expected accuracy in random order counts.
    """
    _same_length(confidences, right)
    total = len(right)
    points: list[tuple[float, float]] = []
    area, taken, good = 0.0, 0, 0.0
    for value in sorted(set(confidences), reverse=True):
        block = [r for c, r in zip(confidences, right, strict=True) if c == value]
        rate = sum(block) / len(block)
        for _ in block:
            taken, good = taken + 1, good + rate
            area += good / taken / total
        points.append((taken / total, good / taken))
    return RiskCoverage(tuple(points), area)


@dataclass(frozen=True, slots=True)
class Threshold:
    """Refusing below `confidence` gives these shares of answerable answered and unanswerable refused."""

    confidence: float
    answered: float
    refused: float


def thresholds(confidences: Sequence[float], answerable: Sequence[bool]) -> tuple[Threshold, ...]:
    """One `Threshold` for each confidence that occurs, ascending; empty without questions of both sorts."""
    _same_length(confidences, answerable)
    pairs = list(zip(confidences, answerable, strict=True))
    yes, no = [c for c, a in pairs if a], [c for c, a in pairs if not a]
    if not yes or not no:
        return ()
    return tuple(
        Threshold(t, sum(c >= t for c in yes) / len(yes), sum(c < t for c in no) / len(no))
        for t in sorted(set(confidences))
    )


def separation(confidences: Sequence[float], answerable: Sequence[bool]) -> float | None:
    """The chance that an answerable question has more confidence than an unanswerable one; None without both.

    Ties count half. It is the area under the ROC curve (Mann-Whitney; Hanley & McNeil, 1982).
    """
    _same_length(confidences, answerable)
    pairs = list(zip(confidences, answerable, strict=True))
    yes, no = [c for c, a in pairs if a], [c for c, a in pairs if not a]
    if not yes or not no:
        return None
    return sum((y > n) + (y == n) / 2 for y in yes for n in no) / (len(yes) * len(no))


@dataclass(frozen=True, slots=True)
class Refusals:
    """How well the answerable were told from the unanswerable; None where nothing could be counted.

    A refusal of an unanswerable question is right: `precision` is the share of the refusals that are right, `recall`
    the share of the unanswerable that were refused. `hallucination_rate` is the share of the unanswerable that were
    answered, `error_rate` the share of the answerable that were refused (NoMIRACL, Thakur et al., 2024: lower is better).
    """

    precision: float | None
    recall: float | None
    hallucination_rate: float | None
    error_rate: float | None


def refusals(outcomes: Iterable[tuple[bool, bool]]) -> Refusals:
    """`outcomes` are (answerable, refused), one a question."""
    counts = {(a, r): 0 for a in (True, False) for r in (True, False)}
    for answerable, refused in outcomes:
        counts[answerable, refused] += 1
    right, wrong = counts[False, True], counts[True, True]
    recall = _share(right, counts[False, False])
    return Refusals(
        precision=_share(right, wrong),
        recall=recall,
        hallucination_rate=None if recall is None else 1 - recall,
        error_rate=_share(wrong, counts[True, False]),
    )


def _share(part: int, rest: int) -> float | None:
    return part / (part + rest) if part + rest else None


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value with at least `percent` % of `values` at or below it (nearest rank)."""
    if not values or not 0 < percent <= 100:
        raise ValueError(f"needs values and 0 < percent <= 100, got {len(values)} values and {percent}")
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


def _same_length(a: Sequence[object], b: Sequence[object]) -> None:
    if len(a) != len(b):
        raise ValueError(f"needs as many confidences as outcomes, got {len(a)} and {len(b)}")
