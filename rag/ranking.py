"""Passages in the order of the sentences in them that answer: the last stage of a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.reader import reader
from index.search import Index
from index.types import Hit
from rag.evidence import READ, evidence

# score = that of the search + SENTENCE * that of the passage's best sentence. Between .05 and .4 no difference: on 804
# development questions hit@1 .808 -> .866 to .871, hit@5 .958 -> .965 to .969 (sentences weighed by models that saw no
# question of the fact).
SENTENCE = 0.1


class EvidenceRetriever:
    """The best hits of an index, ordered anew by how well their best sentence answers; a `Retriever` that holds one.

    The passage of the best sentence comes first. `Why.search_score` keeps the score that the search gave.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        reader()  # loads beside the search

    def search(self, query: str, k: int = 10, langs: Sequence[str] = ()) -> list[Hit]:
        """At most `k` hits, best first; those that the search has behind the first `READ` stay behind them."""
        if k <= 0:
            return []
        hits = tuple(self._index.search(query, max(k, READ), langs))
        found = evidence(self._index, query, hits)
        if not found:
            return list(hits[:k])
        best: dict[int, float] = {}
        for e in found:
            best[e.hit] = max(best.get(e.hit, e.score), e.score)
        least = min(best.values())
        scores = [h.score + SENTENCE * best.get(n, least) for n, h in enumerate(hits)]
        scores[found[0].hit] = max(scores)
        order = sorted(range(len(hits)), key=lambda n: (n >= READ, n != found[0].hit, -scores[n], n))
        return [
            replace(hits[n], score=scores[n], why=replace(hits[n].why, search_score=hits[n].score)) for n in order[:k]
        ]
