"""How far an answer's confidence can be believed, and the failures that it should have prevented."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eval.run import Result

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Questions of like confidence: the mean confidence, the share for which it held, and how many they are."""

    confidence: float
    share: float
    n: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability diagram: `bins` that hold questions, ascending; the expected calibration error is the mean distance
    between confidence and share, weighted by the bins' sizes (Naeini et al., 2015), `brier` the mean squared error of
    the confidence (Brier, 1950); 0 is best in both."""

    bins: tuple[Bin, ...]
    ece: float
    brier: float


def reliability(confidences: Sequence[float], held: Sequence[bool], bins: int = BINS) -> Reliability:
    """Over bins of equal width on 0..1, the last one closed. ValueError without questions or if the lengths differ."""
    if len(confidences) != len(held) or not confidences:
        raise ValueError(f"needs as many confidences as outcomes, at least one, got {len(confidences)} and {len(held)}")
    groups: dict[int, list[tuple[float, bool]]] = {}
    for c, h in zip(confidences, held, strict=True):
        groups.setdefault(min(int(c * bins), bins - 1), []).append((c, h))
    found = []
    for number in sorted(groups):
        group = groups[number]
        n = len(group)
        found.append(Bin(sum(c for c, _ in group) / n, sum(h for _, h in group) / n, n))
    total = len(confidences)
    ece = sum(abs(b.confidence - b.share) * b.n for b in found) / total
    brier = sum((c - h) ** 2 for c, h in zip(confidences, held, strict=True)) / total
    return Reliability(tuple(found), ece, brier)


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that went wrong, in words, and how wrong the confidence was about it (0..1)."""

    result: Result
    what: str
    loss: float


def failures(results: Sequence[Result]) -> list[Failure]:
    """The questions that went wrong, worst first: a wrong answer weighs its confidence, a refusal of an answerable
    question what was lacking of it; among equals those come first whose right passage was ranked lower."""
    found = []
    for r in results:
        if r.succeeded:
            continue
        if not r.question.answerable:
            what = "answered, though the articles do not say"
        elif r.refused:
            what = "refused, though the articles answer"
        elif r.rank is None:
            what = "answered wrongly: the right passage was not found"
        elif r.rank > 1:
            what = f"answered wrongly: the right passage came {_ordinal(r.rank)}"
        else:
            what = "answered wrongly from the right passage"
        loss = 1 - r.answer.confidence if r.refused else r.answer.confidence
        found.append(Failure(r, what, loss))
    return sorted(found, key=lambda f: (-f.loss, -(f.result.rank or len(f.result.answer.hits) + 1), f.result.question.id))


def _ordinal(n: int) -> str:
    ending = "th" if 10 <= n % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
