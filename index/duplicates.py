"""Passages that say the same in the same words: a summary repeated in its article, two captures of one story."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from index.normalise import fold

LIKENESS = 0.8  # Jaccard index of character trigrams from which two passages count as one
_DIGITS = re.compile(r"\d+")


def groups(texts: Iterable[str], k: int) -> list[list[int]]:
    """The numbers of the first `k` texts that are no near-duplicates of one before, each with its near-duplicates
    behind it, in order; texts after the last that is needed are not looked at.

    Two texts are near-duplicates if their trigrams have a Jaccard index of `LIKENESS` or more and they write the same
    digits: last year's figures in this year's words are news.
    """
    found: list[list[int]] = []
    kept: list[str] = []
    for number, text in enumerate(texts):
        twin = next((i for i, other in enumerate(kept) if same(text, other)), None)
        if twin is not None:
            found[twin].append(number)
        elif len(kept) == k:
            break
        else:
            found.append([number])
            kept.append(text)
    return found


def same(a: str, b: str) -> bool:
    """True if two texts are near-duplicates."""
    if a == b:
        return True
    if min(len(a), len(b)) < LIKENESS / 2 * max(len(a), len(b)):
        return False
    (grams, digits), (others, other_digits) = _features(a), _features(b)
    return digits == other_digits and len(grams & others) >= LIKENESS * len(grams | others) > 0


@lru_cache(maxsize=512)
def _features(text: str) -> tuple[frozenset[str], Sequence[str]]:
    folded = "".join(fold(text).split())
    return frozenset(folded[i : i + 3] for i in range(len(folded) - 2)), sorted(_DIGITS.findall(folded))
