"""Scores of one question, and curves over many: pure functions, higher is better, hand-calculable."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from index.normalise import fold


class Place(Protocol):
    """Anything that names characters of an article: a gold span, a passage, a citation."""

    @property
    def article_id(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def overlap(a: Place, b: Place) -> int:
    """How many characters both cover; 0 in different articles."""
    if a.article_id != b.article_id:
        return 0
    return max(0, min(a.end, b.end) - max(a.start, b.start))


def finds(passage: Place, gold: Sequence[Place]) -> bool:
    """True if `passage` covers at least half of the characters of one gold span."""
    return any(2 * overlap(passage, g) >= g.end - g.start for g in gold)


def first_rank(passages: Iterable[Place], gold: Sequence[Place]) -> int | None:
    """The 1-based rank of the first passage that finds a gold span, or None."""
    return next((rank for rank, passage in enumerate(passages, 1) if finds(passage, gold)), None)


def hit_at(rank: int | None, k: int) -> float:
    """1.0 if the first right passage is among the best `k`, else 0.0."""
    return float(rank is not None and rank <= k)


def reciprocal_rank(rank: int | None) -> float:
    """1 / rank of the first right passage, 0.0 without one; the mean over questions is MRR (TREC-8, 1999)."""
    return 0.0 if rank is None else 1 / rank


def citation_precision(citations: Sequence[Place], gold: Sequence[Place]) -> float | None:
    """The share of citations that are right; None without citations.

    A citation is right if it shares with a gold span at least half of the shorter of the two: a sentence
    around a gold clause is right, so is one sentence of a longer gold span; touching an edge is not.
    """
    if not citations:
        return None
    return sum(any(_agree(c, g) for g in gold) for c in citations) / len(citations)


def citation_recall(citations: Sequence[Place], gold: Sequence[Place]) -> float:
    """1.0 if the citations together cover at least half of the characters of some gold span, else 0.0.

    Gold spans are alternatives, so one of them is enough.
    """
    for g in gold:
        covered: set[int] = set()
        for c in citations:
            if overlap(c, g):
                covered.update(range(max(c.start, g.start), min(c.end, g.end)))
        if 2 * len(covered) >= g.end - g.start:
            return 1.0
    return 0.0


def _agree(citation: Place, gold: Place) -> bool:
    shared = overlap(citation, gold)
    return shared > 0 and 2 * shared >= min(citation.end - citation.start, gold.end - gold.start)


_MARKER = re.compile(r"\[\d+\]")
# 15.000, 15,000, 15'000, 15 000 (also thin and no-break spaces, which folding makes plain) -> 15000
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:([.,' ’])\d{3})(?:\1\d{3})*(?!\d|\1\d)")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_LATIN = "a-zà-öø-ÿ"


def normalised(text: str) -> str:
    """`text` folded (NFKC, case, simplified, no pinyin debris), no markers `[1]`, numbers one way.

    Thousands lose their separators and decimals get a point: "15.000", "15,000" and "15 000" become "15000",
    "1,1" becomes "1.1". One group of three is read as thousands, so "1.565" (three decimals) becomes "1565".
    """
    plain = fold(_MARKER.sub(" ", text))
    plain = _THOUSANDS.sub(lambda m: re.sub(r"\D", "", m[0]), plain)
    return _DECIMAL_COMMA.sub(".", plain)


def says(text: str, answer: str) -> bool:
    """True if `answer` occurs in `text`, both normalised, white space ignored.

    A number is matched whole ("5000" is not in "15000" nor "3" in "1.3"). A Latin word must begin a word and
    may have an ending of up to two letters ("acht" is not in "Macht" nor "achtzig", "Park" is in "Parks").
    """
    wanted = re.sub(r"\s", "", normalised(answer))
    if not wanted:
        return False
    left = right = ""
    if wanted[0].isdigit():
        left = r"(?<!\d)(?<!\d[.])"
    elif re.match(f"[{_LATIN}]", wanted[0]):
        left = f"(?<![{_LATIN}])"
    if wanted[-1].isdigit():
        right = r"(?!\d)(?![.]\d)"
    elif re.match(f"[{_LATIN}]", wanted[-1]):
        right = f"(?![{_LATIN}]{{3}})"
    pattern = left + r"\s*".join(map(re.escape, wanted)) + right
    return re.search(pattern, normalised(text)) is not None


def answer_right(texts: Iterable[str], answers: Sequence[str]) -> bool:
    """True if one of `texts` (the answer's text and its quotes) says one of the accepted `answers`."""
    return any(says(text, answer) for text in texts for answer in answers)


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


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value with at least `percent` % of `values` at or below it (nearest rank)."""
    if not values or not 0 < percent <= 100:
        raise ValueError(f"needs values and 0 < percent <= 100, got {len(values)} values and {percent}")
    return sorted(values)[math.ceil(percent / 100 * len(values)) - 1]


def _same_length(a: Sequence[object], b: Sequence[object]) -> None:
    if len(a) != len(b):
        raise ValueError(f"needs as many confidences as outcomes, got {len(a)} and {len(b)}")
