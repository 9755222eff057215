"""Hybrid search: dense and lexical rankings fused by reciprocal rank, then ordered by late interaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache

from index import interaction
from index.dense import Dense
from index.languages import detect, same_language
from index.lexical import Lexical, terms
from index.types import Article, Embedder, Hit, Passage, Why

CANDIDATES = 50
RRF_K = 60


def rrf(rankings: Sequence[Sequence[int]], weights: Sequence[float], k: int = RRF_K) -> dict[int, float]:
    """Each row's sum of weight / (k + rank) over the rankings that hold it, ranks from 1.

    Cormack, Clarke & Büttcher, Reciprocal rank fusion, SIGIR 2009. ValueError if the counts differ.
    """
    if len(rankings) != len(weights):
        raise ValueError(f"need a weight a ranking, got {len(rankings)} rankings and {len(weights)} weights")
    fused: dict[int, float] = {}
    for ranking, weight in zip(rankings, weights, strict=True):
        for rank, row in enumerate(ranking, 1):
            fused[row] = fused.get(row, 0.0) + weight / (k + rank)
    return fused


def context(article: Article, passage: Passage) -> str:
    """What the encoder reads for a passage: the article's title before its text."""
    return f"{article.title}\n{passage.text}"


class Index:
    """Articles, their passages and the two indexes over them; a `Retriever`."""

    def __init__(
        self, articles: Iterable[Article], passages: Sequence[Passage], dense: Dense, lexical: Lexical,
        embedder: Embedder,
    ) -> None:
        self.articles = {a.id: a for a in articles}
        self.passages = tuple(passages)
        self.embedder = embedder
        self._dense = dense
        self._lexical = lexical
        if not len(passages) == len(dense) == len(lexical):
            raise ValueError(f"{len(passages)} passages, {len(dense)} vectors, {len(lexical)} lexical rows")
        self._words = lru_cache(maxsize=4096)(self._words_of)

    def search(self, query: str, k: int = 10, langs: Sequence[str] = ()) -> list[Hit]:
        """At most `k` hits, best first; an empty query or index finds nothing.

        The best `CANDIDATES` of the dense and of the lexical ranking are fused by reciprocal rank with a third
        ranking, the same candidates by `coverage`. `langs` (BCP 47; `zh` means both scripts) limits the languages.
        """
        if not query.strip() or k <= 0 or not self.passages:
            return []
        among = self._rows_in(langs) if langs else None
        query_terms = terms(query, detect(query))
        dense = self._dense.search(self.embedder.encode_queries([query])[0], CANDIDATES, among)
        lexical = self._lexical.search(query_terms, CANDIDATES, among)
        asked = interaction.content_words(query, self.embedder.token_vectors([query])[0])
        covered = {row: interaction.coverage(asked, self._words(row)) for row, _ in [*dense, *lexical]}
        by_coverage = sorted(covered, key=lambda row: (-covered[row], row))
        rankings = [[r for r, _ in dense], [r for r, _ in lexical], by_coverage]
        fused = rrf(rankings, self.WEIGHTS)
        ranks = [{row: rank for rank, row in enumerate(ranking, 1)} for ranking in rankings[:2]]
        scores = [dict(dense), dict(lexical)]
        best = sorted(fused, key=lambda row: (-fused[row], row))[:k]
        return [
            Hit(
                self.passages[row],
                fused[row],
                Why(
                    ranks[0].get(row), scores[0].get(row), ranks[1].get(row), scores[1].get(row), covered[row],
                    self._matched(query_terms, row),
                ),
            )
            for row in best
        ]

    WEIGHTS = (1.0, 1.0, 1.0)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the articles, sorted."""
        return tuple(sorted({a.lang for a in self.articles.values()}))

    def _rows_in(self, langs: Sequence[str]) -> list[int]:
        return [i for i, p in enumerate(self.passages) if any(same_language(p.lang, lang) for lang in langs)]

    def _words_of(self, row: int) -> interaction.Words:
        text = self.passages[row].text
        return interaction.words(text, self.embedder.token_vectors([text])[0], pairs=True)

    def _matched(self, query_terms: Sequence[str], row: int) -> tuple[str, ...]:
        passage = self.passages[row]
        own = set(terms(passage.text, passage.lang))
        return tuple(t for t in dict.fromkeys(query_terms) if t in own)
