"""Ratios and quantiles of saved results."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from eval.metrics import percentile

Record = dict[str, Any]


def ratios(theirs: Sequence[float], ours: Sequence[float]) -> list[float]:
    """Theirs over ours, measurement by measurement, as they were made in turn."""
    return [a / b for a, b in zip(theirs, ours, strict=True)]


def spread(values: Sequence[float], unit: str = "") -> str:
    """Median, and least and greatest where there are several."""
    if not values:
        return "-"
    middle = f"{short(statistics.median(values))}{unit}"
    return middle if len(values) == 1 else f"{middle} ({short(min(values))} to {short(max(values))})"


def short(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def p(times: Sequence[float], percent: float) -> float:
    """A percentile of seconds, in milliseconds."""
    return 1000 * percentile(list(times), percent)


def hit5(side: Record) -> float:
    """The share of the questions asked one by one whose passage was among the first five."""
    ranks = side["ranks"]
    return sum(rank is not None and rank <= 5 for rank in ranks) / len(ranks) if ranks else 0.0


def all_times(side: Record) -> list[float]:
    """Seconds of every question asked one by one."""
    return [seconds for times in side["rounds"] for seconds in times]


def p50_ratios(pair: Record) -> list[float]:
    """For each round of a search in turn the peer's median time over ours."""
    rounds = zip(pair["peer"]["rounds"], pair["ours"]["rounds"], strict=True)
    return [statistics.median(theirs) / statistics.median(ours) for theirs, ours in rounds if theirs and ours]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "/") for cell in line) + " |" for line in lines)
