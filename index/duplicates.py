"""Passages that say the same in the same words: a summary repeated in its article, a sentence of an agency."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from index.normalise import fold

LIKENESS = 0.8  # Jaccard index of character trigrams from which two passages count as one
_DIGITS = re.compile(r"\d+")
T = TypeVar("T")


def groups(things: Iterable[T], k: int, same: Callable[[T, T], bool]) -> list[list[int]]:
    """The numbers of the first `k` things that are not the `same` as one before, each with those that are behind it,
    in order; things after the last that is needed are not looked at."""
    found: list[list[int]] = []
    kept: list[T] = []
    for number, thing in enumerate(things):
        twin = next((i for i, other in enumerate(kept) if same(thing, other)), None)
        if twin is not None:
            found[twin].append(number)
        elif len(kept) == k:
            break
        else:
            found.append([number])
            kept.append(thing)
    return found


def same(a: str, b: str) -> bool:
    """True if two texts are near-duplicates: their trigrams have a Jaccard index of `LIKENESS` or more and they write
    the same digits. Last year's figures in this year's words are news."""
    if a == b:
        return True
    if min(len(a), len(b)) < LIKENESS / 2 * max(len(a), len(b)):
        return False
    (grams, digits), (others, other_digits) = _features(a), _features(b)
    return digits == other_digits and len(grams & others) >= LIKENESS * len(grams | others) > 0


def overlap(a: str, b: str) -> float:
    """The share (0..1) of the shorter text's trigrams that the other has too."""
    grams, others = _features(a)[0], _features(b)[0]
    return len(grams & others) / max(1, min(len(grams), len(others)))


@lru_cache(maxsize=512)
def _features(text: str) -> tuple[frozenset[str], Sequence[str]]:
    folded = "".join(fold(text).split())
    return frozenset(folded[i : i + 3] for i in range(len(folded) - 2)), sorted(_DIGITS.findall(folded))
