"""What a search asks of every passage: columns, so that no record is made of a passage that is not shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from index.shelf import Articles, Passages
from index.types import Article, Passage


@dataclass(frozen=True, slots=True)
class Columns:
    """`numbers` gives the numbers of the articles of some passages, `title` the title of an article by number;
    `tags[codes()[row]]` is a passage's language."""

    numbers: Callable[[np.ndarray], np.ndarray]
    codes: Callable[[], np.ndarray]
    tags: Sequence[str]
    title: Callable[[int], str]

    @classmethod
    def of(cls, articles: Mapping[str, Article], passages: Sequence[Passage]) -> Columns:
        """The columns of passages on disk or in memory."""
        if isinstance(articles, Articles) and isinstance(passages, Passages):
            return cls(passages.numbers, lambda: passages.codes, passages.tags, lambda number: articles.about(number)["title"])
        number = {article_id: i for i, article_id in enumerate(articles)}
        titles = [a.title for a in articles.values()]
        tags: dict[str, int] = {}
        codes = np.array([tags.setdefault(p.lang, len(tags)) for p in passages], np.int64)
        numbers = np.array([number[p.article_id] for p in passages], np.int64)
        return cls(numbers.__getitem__, lambda: codes, tuple(tags), titles.__getitem__)
