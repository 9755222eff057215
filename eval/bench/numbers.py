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
    """Three digits that count, two of small ones."""
    for least, form in ((100, ".0f"), (10, ".1f"), (0.1, ".2f")):
        if value >= least:
            return format(value, form)
    return format(value, ".2g")


def ms(times: Sequence[float], percent: float) -> str:
    """A percentile of seconds, as milliseconds; `-` of none."""
    return f"{short(1000 * percentile(list(times), percent))} ms" if times else "-"


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
