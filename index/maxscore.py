"""The best of BM25 without adding up all postings: MaxScore (Turtle & Flood, Query evaluation: strategies and optimizations,
Information Processing & Management 1995), a term's postings at a time.

Terms are taken from the weightiest down. Once the k-th best sum is more than the terms that are left can add together, no
place that was not met yet can come among the best; of the others those that still can are looked up in what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_ROUNDING = 1e-5  # of all that the terms can add: float32 sums of a hundred terms are nearer to their true values
_LOOK_UP = 16  # postings that are added in the time of one look-up
_CHECKED = 2  # the bounds are compared before a run of 1/2 of what was added: 1/4 and 1 are slower by 5 and 12 % at a million


@dataclass(frozen=True, slots=True)
class Run:
    """A term's postings in a group: (n,) int32 ascending `places`, the (n,) `weights` they get, and the `most` it gives any."""

    places: np.ndarray
    weights: np.ndarray
    most: float

    def of(self, places: np.ndarray) -> np.ndarray:
        """What the term adds to each of some int32 places."""
        if not len(self.places):
            return np.zeros(len(places), np.float32)
        at = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
        return np.where(self.places[at] == places, self.weights[at], np.float32(0))


def best(runs: Sequence[Run], begin: int, end: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The at most `k` places of `begin:end` with the highest sums above 0, ties by place, and their sums: those of adding
    up the runs one after the other in float32, to the bit."""
    heavy = sorted((run for run in runs if len(run.places)), key=lambda run: -run.most)
    left = np.append(np.cumsum([run.most for run in reversed(heavy)])[::-1], 0.0)
    slack = _ROUNDING * left[0]
    sums = np.zeros(end - begin, np.float32)
    met, among = 0, None  # the places that can still come among the best, once no others can
    for number, run in enumerate(heavy):
        if among is not None or _CHECKED * len(run.places) > met >= k:
            among = _closed(sums, among, k, left[number] + slack)
        if among is not None and len(among) * _LOOK_UP < len(run.places):
            sums[among] += run.of(among + np.int32(begin))
        else:
            np.add.at(sums, run.places - np.int32(begin), run.weights)  # twice as fast as sums[...] +=
        met += len(run.places)
    rows = np.flatnonzero(sums > 0) if among is None else among
    rows = _reaching(sums, rows, k, slack)
    places = (rows + begin).astype(np.int32)
    exact = np.zeros(len(places), np.float32)
    for run in runs:
        exact += run.of(places)
    order = np.lexsort((places, -exact))[:k]
    return places[order], exact[order]


def _closed(sums: np.ndarray, among: np.ndarray | None, k: int, more: float) -> np.ndarray | None:
    """Those that can come among the best `k` if nothing gets more than `more` on top; None while any other can."""
    rows = np.flatnonzero(sums > 0).astype(np.int32) if among is None else among
    if len(rows) < k or (among is None and _least(sums[rows], k) <= more):
        return among
    return _reaching(sums, rows, k, more)


def _reaching(sums: np.ndarray, rows: np.ndarray, k: int, more: float) -> np.ndarray:
    own = sums[rows]
    return rows if len(rows) <= k else rows[own + more >= _least(own, k)]


def _least(sums: np.ndarray, k: int) -> float:
    return float(np.partition(sums, len(sums) - k)[len(sums) - k])
