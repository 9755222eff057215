"""Passages in the order of the sentences in them that answer: the last stage of a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from index.reader import reader
from index.search import CANDIDATES, Index
from index.types import Hit
from rag.candidates import candidates
from rag.evidence import READ, evidence
from rag.expected import Wanted, how_many, wanted

# score = that of the search + SENTENCE * that of the passage's best sentence. Between .05 and .4 no difference: on 804
# development questions hit@1 .808 -> .866 to .871, hit@5 .958 -> .965 to .969 (sentences weighed by models that saw no
# question of the fact).
SENTENCE = 0.1
COUNTED = 2  # hits from further behind that are read, at most, for listing as many things as are asked for


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
        hits = tuple(searched(self._index, query, max(k, READ), langs))
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


def searched(index: Index, query: str, k: int = READ, langs: Sequence[str] = ()) -> list[Hit]:
    """The `k` best hits of the search. Of a question that counts its answers ("which five cities") those
    further behind that list so many and would not be read take the last places of those that are, with the score there: the
    words of such a question say little about a list of names."""
    kind = wanted(query)
    if kind not in ("list", "place") or not how_many(query):
        return index.search(query, k, langs)
    hits = index.search(query, max(k, CANDIDATES), langs)
    far = [hit for hit in hits[READ:] if _lists_so_many(index, query, kind, hit)][:COUNTED]
    if not far:
        return hits[:k]
    first = hits[: READ - len(far)]
    moved = [replace(hit, score=first[-1].score) for hit in far]
    return [*first, *moved, *(hit for hit in hits[len(first) :] if hit not in far)][:k]


def _lists_so_many(index: Index, query: str, kind: Wanted, hit: Hit) -> bool:
    article = index.articles[hit.passage.article_id]
    texts = (span.of(article.text) for span in hit.passage.sentences)
    return any(f.fit == 1 for text in texts for f in candidates(text, article.lang, kind, query))
