"""Where hits, citations and gold spans meet: characters of articles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol


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
