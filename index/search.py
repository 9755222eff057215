"""Hybrid search: dense and lexical candidates of every language, fused by reciprocal rank, ordered by late interaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np

from index import duplicates, interaction
from index.columns import Columns
from index.coverage import TITLE as CONTEXT
from index.coverage import Coverage, Question
from index.dense import Dense
from index.languages import detect, same_language
from index.lexical import Lexical, terms
from index.names import names
from index.normalise import fold, normalise
from index.parts import interleaved, parts_of
from index.quantities import terms as quantity_terms
from index.shelf import Passages
from index.types import Article, Embedder, Hit, Passage, Why
from index.wordtable import WordTable

__all__ = ["CONTEXT", "DENSE", "Index", "Question", "context", "rrf"]

CANDIDATES = 60
PER_LANGUAGE = 40
RRF_K = 60
_CACHE = 1024
# score = coverage + DENSE * cosine, less OWN for a passage in the question's own language, which encoders and words
# favour for the same support. Chosen by cross-validation over the facts of the development questions (eval/LOG.md).
DENSE = 0.7
OWN = 0.14


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
    """What the encoder and BM25 read for a passage: the article's title before its text."""
    return f"{article.title}\n{passage.text}"


class Index:
    """Articles, their passages and the indexes over them; a `Retriever`.

    `table` holds the words of the passages in their order and of the articles' titles behind them; without it they are
    made when they are needed.
    """

    def __init__(
        self, articles: Iterable[Article] | Mapping[str, Article], passages: Sequence[Passage], dense: Dense, lexical: Lexical,
        embedder: Embedder, table: WordTable | None = None,
    ) -> None:
        self.articles: Mapping[str, Article] = articles if isinstance(articles, Mapping) else {a.id: a for a in articles}
        self.passages = passages if isinstance(passages, Passages) else tuple(passages)
        self.embedder = embedder
        self.dense = dense
        self._lexical = lexical
        if not len(passages) == len(dense) == len(lexical):
            raise ValueError(f"{len(passages)} passages, {len(dense)} vectors, {len(lexical)} lexical rows")
        self._columns = Columns.of(self.articles, self.passages)
        self._coverage = Coverage(len(self.articles), self.passages, self._columns, lexical, embedder, table)
        self.words_of = lru_cache(_CACHE)(self._words_of)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages of the passages, sorted."""
        return tuple(sorted(self._rows))

    def search(self, query: str, k: int = 10, langs: Sequence[str] = ()) -> list[Hit]:
        """At most `k` hits, best first; an empty query or index finds nothing.

        The dense and the lexical ranking of each language are cut to `PER_LANGUAGE`, so that passages in the asker's
        own language cannot crowd out the others, and fused by reciprocal rank within their language; the best
        `CANDIDATES` are ordered by late interaction and cosine. Near-duplicates are one hit. A question that compares
        is searched part by part too, and the best hits of every part come first. `langs` (BCP 47; `zh` means both
        scripts) limits the languages.
        """
        if k <= 0:
            return []
        parts = parts_of(query)
        hits = self._ranked(query, k, langs)
        if parts and hits:
            hits = interleaved([hits, *(self._ranked(part, k, langs, part) for part in parts)], k)
        return hits

    def _ranked(self, query: str, k: int, langs: Sequence[str], part: str = "") -> list[Hit]:
        lang = detect(query)
        asked_terms = terms(query, lang)
        if not asked_terms:
            return []
        asked = self.question(query)
        asked_terms += [t for spelled in asked.name_terms for t in spelled]
        vector = self.embedder.encode_queries([asked.text])[0]
        tags = [tag for tag in self._rows if not langs or any(same_language(tag, w) for w in langs)]
        groups = [self._rows[tag] for tag in tags]
        found = [self.dense.search_group(vector, PER_LANGUAGE, tag) for tag in tags]
        worded = self._lexical.search_each(asked_terms, PER_LANGUAGE, groups)
        fused = rrf([[row for row, _ in ranking] for ranking in (*found, *worded)], [1.0] * (2 * len(groups)))
        rows = sorted(fused, key=lambda row: (-fused[row], row))[:CANDIDATES]
        if not rows:
            return []
        dense = {row: score for ranking in found for row, score in ranking}
        lexical = {row: score for ranking in worded for row, score in ranking}
        ranks = _ranks(dense), _ranks(lexical), {row: rank for rank, row in enumerate(rows, 1)}
        cosines = self.dense.cosines(vector, rows)
        coverage = self._coverage.of(asked, rows)
        same = np.array([tag.split("-")[0] == lang.split("-")[0] for tag in self._columns.tags])
        own = same[self._codes[rows]]
        scores = coverage + DENSE * cosines - OWN * own
        order = sorted(range(len(rows)), key=lambda i: (-scores[i], rows[i]))
        best = duplicates.groups((self.passages[rows[i]] for i in order), k, self._same)
        held = self._lexical.matched(asked_terms, [rows[order[first]] for first, *_ in best])
        hits = []
        for (first, *others), shared in zip(best, held, strict=True):
            i = order[first]
            row = rows[i]
            why = Why(
                ranks[0].get(row), float(cosines[i]), ranks[1].get(row), lexical.get(row), float(coverage[i]), shared,
                ranks[2][row], tuple(t for t in shared if t in asked.quantities), part,
            )
            also = tuple(self.passages[rows[order[o]]] for o in others)
            hits.append(Hit(self.passages[row], float(scores[i]), why, also))
        return hits

    def _same(self, a: Passage, b: Passage) -> bool:
        """True for near-duplicates, and for passages of twins that are mostly the same: those differ in a sentence."""
        twins = b.article_id in self.articles[a.article_id].also
        return duplicates.same(a.text, b.text) or (twins and duplicates.overlap(a.text, b.text) >= 0.5)

    def question(self, query: str) -> Question:
        """The query, read once for all the comparisons that follow."""
        text = fold(query)
        words = interaction.content_words(text, self.embedder.token_vectors([text])[0])
        named = []
        for name in names(query.strip()):
            inside = tuple(i for i, s in enumerate(words.spans) if s.start < name.span.end and name.span.start < s.end)
            if inside:
                named.append((name, inside))
        spelled = tuple(tuple(name.terms(self._lexical.known)) for name, _ in named)
        return Question(text, words, frozenset(quantity_terms(query, detect(query))), tuple(named), spelled)

    def matched(self, asked: Question, text: str) -> np.ndarray:
        """(n,) how well each content word of the question is matched by `text`, 0..1: by likeness of token vectors,
        and a name wholly where the text writes it in the other script."""
        out = interaction.matched(asked.words, self.words_of(text))
        folded = normalise(text).text
        for name, words in asked.names:
            if name.is_in(folded):
                out[list(words)] = 1.0
        return out

    def _words_of(self, text: str) -> interaction.Words:
        """The words of a text of an article, to compare a question with; spans are those of `normalise(text).text`."""
        text = normalise(text).text
        return interaction.words(text, self.embedder.token_vectors([text])[0], pairs=True)

    @cached_property
    def _rows(self) -> dict[str, np.ndarray]:
        """Language -> the rows of its passages, ascending."""
        of = self._codes
        return {tag: rows for code, tag in enumerate(self._columns.tags) if len(rows := np.flatnonzero(of == code))}

    @cached_property
    def _codes(self) -> np.ndarray:
        """(n,) the number of each passage's language."""
        return self._columns.codes()


def _ranks(scores: dict[int, float]) -> dict[int, int]:
    ordered = sorted(scores, key=lambda row: (-scores[row], row))
    return {row: rank for rank, row in enumerate(ordered, 1)}
