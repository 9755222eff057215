"""What speaks for a sentence as the answer to a question: numbers in fixed places, to be weighed by a fitted model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index import interaction
from index.embedder import unit_rows
from index.normalise import fold, normalise
from index.quantities import terms
from index.search import Index, Question
from index.types import Article, Embedder, Hit, Span
from rag.candidates import Found, candidates
from rag.expected import QUANTITIES, Wanted, how_many
from rag.places import BROAD, named, topic

SIGNALS = (
    "own",  # share of the question's words the sentence matches, weighted by rarity
    "before",  # the same with the two sentences before it and the title
    "passage",  # the same for its whole passage
    "gap",  # the hit's score less the best hit's
    "cosine",  # of question and sentence, under its title
    "cosine_before",  # of the question and the mean of the sentence and the one before it in the passage
    "elsewhere",  # 1 if it is about other places only
    "year",  # 1 if a year asked for is the sentence's, -1 if only others are
    "figures",  # share of the question's other quantities it states
    "figure",  # how well and how near the words asked for it has the quantity wanted
    "kind",  # 1 if it has the quantity wanted at all
    "phrase",  # as `figure`, for wanted people, places, lists and the like
    "listed",  # how well the best of them fits, wherever it stands
    "counted",  # 1 if it lists just as many as are asked for, from six on, less for fewer, which more sentences do
    "missing",  # weight of the weightiest word it does not match, as a share of the weightiest of the question
    "names",  # share of the question's names, places aside, that it or what stands before it has
    "own_language",  # 1 if it is in the asker's language, where words and encoder favour it for the same support
    "heading",  # a heading or a question, which announce and do not answer
    "length",  # log of its words
    "backward",  # how much of the sentence is asked about
)
_REACH = 24.0  # characters over which nearness to a matched word fades to 1/e
_NEAR = 600  # characters before a sentence in which its topic may have been named
_STOP = re.compile(r"[.!。！…;；][\"'”’“»」』）)\]]*\s*$")
_ASKS = re.compile(r"[?？][\"'”’“»」』）)\]]*\s*$")
# Acronyms and coined names; those of the trade are words like others.
_ENTITY = re.compile(r"(?<![^\W_])(?:[A-Z][a-z]*[A-Z]\w*|[A-Z]{2,})(?![^\W_])")
_COMMON = frozenset("AI KI IT US EU".split())
_YEAR = re.compile(r"#\d{4}y")
# Abbreviations whose letters differ between languages, and what they are short for.
_SHORT = (
    ("ai|ki", "artificial intelligence|künstliche\\w*[- ]intelligen|人工智[能慧]"),
    ("gdp|bip", "gross domestic product|bruttoinlandsprodukt|生产总值"),
    ("eu", "european union|europäische\\w* union|欧盟"),
    ("us|usa", "united states|vereinigte\\w* staaten|美国"),
)
_THIS_YEAR = re.compile(r"今年|本年|this year|dieses jahr|diesem jahr|in diesem jahr")
_LAST_YEAR = re.compile(r"去年|上年|last year|(letzten|letztes|letztem|vergangenen|vergangenes|vorigen|vergangenem) jahr")


@dataclass(frozen=True, slots=True)
class Judged:
    """A sentence of hit number `hit`: its signals in the order of `SIGNALS`, and the spans of the article that carry
    what is wanted."""

    hit: int
    span: Span
    signals: tuple[float, ...]
    marks: tuple[Span, ...]


def judged(index: Index, question: str, kind: Wanted, lang: str, hits: Sequence[Hit]) -> list[Judged]:
    """The sentences of `hits`, each once, with their signals; none if nothing is asked."""
    asked = index.question(question)
    first: dict[tuple[str, Span], int] = {}
    for number, hit in enumerate(hits):
        for span in hit.passage.sentences:
            first.setdefault((hit.passage.article_id, span), number)
    if not first or not (len(asked.words.weights) or asked.quantities):
        return []
    match = _Matcher(index, asked)
    own = {key: match(_text(index, key)) for key in first}
    weights = interaction.word_weights(asked.words, np.array(list(own.values())))
    vector = index.embedder.encode_queries([fold(question)])[0]
    scale = _Scale(index, question, asked, kind, lang, weights, vector, match)
    passages = [match(h.passage.text) for h in hits]
    return [scale.judge(key, hits, number, own, passages[number]) for key, number in first.items()]


class _Matcher:
    """How well each content word of a question is matched by a text (`Index.matched`); a word that is short for a term
    wholly where the text has the term or what it is short for in another language."""

    def __init__(self, index: Index, asked: Question) -> None:
        self._index, self._asked = index, asked
        said = [span.of(asked.text).strip() for span in asked.words.spans]
        self._short = [(i, term) for i, word in enumerate(said) for term in _SHORT if re.fullmatch(term[0], word)]

    def __call__(self, text: str) -> np.ndarray:
        matches = self._index.matched(self._asked, text)
        for i, (short, long) in self._short:
            if re.search(rf"(?<![^\W_\u3400-\u9fff])(?:{short})(?![^\W_\u3400-\u9fff])|{long}", fold(text)):
                matches[i] = 1.0
        return matches


@dataclass(frozen=True, slots=True)
class _Scale:
    index: Index
    question: str
    asked: Question
    kind: Wanted
    lang: str
    weights: np.ndarray
    vector: np.ndarray
    match: _Matcher

    def judge(
        self, key: tuple[str, Span], hits: Sequence[Hit], number: int, own: dict[tuple[str, Span], np.ndarray],
        passage: np.ndarray,
    ) -> Judged:
        article, span = self.index.articles[key[0]], key[1]
        text, hit = span.of(article.text), hits[number]
        before = preceding(article, hit, span)
        context = [own.get((article.id, s)) for s in before[:2]]
        context = [c if c is not None else self.match(s.of(article.text)) for c, s in zip(context, before[:2], strict=True)]
        title = self.match(article.title)
        stated = set(terms(text, article.lang))
        marks, nearness, fit = self._marks(text, article.lang)
        quantity = self.kind in QUANTITIES
        words = self.index.words_of(text)
        narrow = named(self.question) - BROAD
        about = topic([text, *(s.of(article.text) for s in before), article.title])
        vectors = _sentence_vectors(self.index.embedder, article.title, tuple(s.of(article.text) for s in hit.passage.sentences))
        row = hit.passage.sentences.index(span)
        signals = (
            self._share(own[key]),
            self._share(np.max([own[key], *context, title], axis=0)),
            self._share(passage),
            hit.score - max(h.score for h in hits),
            float(self.vector @ vectors[row]),
            float(self.vector @ unit_rows(vectors[max(0, row - 1) : row + 1].sum(axis=0, keepdims=True))[0]),
            float(bool(narrow) and bool(about) and not narrow & about),
            self._year([text, *(s.of(article.text) for s in before[:2])], article),
            self._held(stated),
            nearness if quantity else 0.0,
            float(bool(nearness)) if quantity else 0.5,
            nearness if not quantity else 0.0,
            fit if not quantity else 0.5,
            self._counted(fit),
            self._missing(own[key]),
            self._names(" ".join([article.title, *(s.of(article.text) for s in before[:2]), text])),
            float(article.lang.split("-")[0] == self.lang.split("-")[0]),
            float(bool(_ASKS.search(text)) or _is_heading(article.text, span)),
            float(np.log(len(words.weights) + 2)),
            self._backward(words),
        )
        return Judged(number, span, signals, tuple(Span(span.start + m.start, span.start + m.end) for m in marks))

    def _share(self, matches: np.ndarray) -> float:
        return float(matches @ self.weights) / max(float(self.weights.sum()), 1e-9)

    def _counted(self, fit: float) -> float:
        asked = how_many(self.question) if self.kind in ("list", "place") and fit == 1 else ()
        return min(1.0, max(asked, default=0) / 6)

    def _missing(self, matches: np.ndarray) -> float:
        if not len(self.weights):
            return 0.0
        return float((self.weights * (1 - matches)).max()) / max(float(self.weights.max()), 1e-9)

    def _names(self, text: str) -> float:
        folded = fold(text)
        latin = {m.group() for m in _ENTITY.finditer(self.question)} - _COMMON
        held = [fold(n) in folded for n in latin]
        for name, _ in self.asked.names:
            if name.han is not None:
                written = name.span.of(self.asked.text)
                if not named(written.title()):
                    held.append(name.is_in(folded) or written in folded)
        return sum(held) / len(held) if held else 0.5

    def _held(self, stated: set[str]) -> float:
        other = {q for q in self.asked.quantities if not _YEAR.fullmatch(q)}
        if self.kind in ("list", "place"):  # "which five cities" counts its answers
            other = {q for q in other if not q.endswith("E+0")}
        return len(other & stated) / len(other) if other else 0.5

    def _year(self, texts: Sequence[str], article: Article) -> float:
        """1 if a year asked for stands in the sentence, which comes first in `texts`, -1 if only others do; half of that
        where it has none and those before it decide, or else the article's own."""
        asked = {q for q in self.asked.quantities if _YEAR.fullmatch(q)}
        if not asked:
            return 0.0
        for place, text in enumerate((*texts, article.date[:4] if article.date else "")):
            if given := years(text, article):
                return (1.0 if asked & given else -1.0) * (0.5 if place else 1.0)
        return 0.0

    def _backward(self, words: interaction.Words) -> float:
        if not len(words.weights) or not len(self.asked.words.weights):
            return 0.0
        best = (self.asked.words.vectors @ words.vectors.T).max(axis=0)
        return float(np.clip((best - interaction.FLOOR) / (1 - interaction.FLOOR), 0, 1) @ words.weights) / max(
            float(words.weights.sum()), 1e-9
        )

    def _marks(self, text: str, lang: str) -> tuple[tuple[Span, ...], float, float]:
        """What is wanted and stands nearest to the question's words, and how near (0..1); without one, the words that
        match the question best, and 0; last how well the best candidate fits. Spans are those of `text`."""
        words = self.index.words_of(text)
        found = candidates(text, lang, self.kind, self.question)
        if not len(self.asked.words.weights) or not len(words.weights):
            return tuple(f.span for f in found[:1]), float(bool(found)), float(bool(found))
        folded = normalise(text)
        places = [folded.original(s) for s in words.spans]
        cosines = self.asked.words.vectors @ words.vectors.T
        matches = np.clip((cosines - interaction.FLOOR) / (interaction.CEILING - interaction.FLOOR), 0, 1)
        if not found:
            rows = {int(matches[i].argmax()) for i in np.argsort(-self.weights)[:3] if matches[i].max() >= 0.999}
            return tuple(sorted((_bare(text, places[j]) for j in rows), key=lambda p: p.start)), 0.0, 0.0

        def nearness(f: Found) -> float:
            gaps = np.array([max(p.start - f.span.end, f.span.start - p.end, 0) for p in places])
            return f.fit * self._share((matches * np.exp(-gaps / _REACH)).max(axis=1))

        best = max(found, key=nearness)
        return (best.span,), max(nearness(best), 1e-6), max(f.fit for f in found)


def preceding(article: Article, hit: Hit, span: Span) -> list[Span]:
    """The sentences of the hit's passage before `span`, and what the article says in the `_NEAR` characters before the
    passage, the nearest first."""
    inside = [s for s in hit.passage.sentences if s.end <= span.start][::-1]
    begin = inside[-1].start if inside else span.start
    start = max(0, begin - _NEAR)
    kept = [Span(max(k.start, start), min(k.end, begin)) for k in article.keep if k.start < begin and k.end > start]
    return inside + [Span(*m) for k in kept[::-1] for m in _lines(article.text, k)]


def _lines(text: str, span: Span) -> list[tuple[int, int]]:
    return [
        (m.start(), m.end()) for m in re.finditer(r"[^。.!！?？\n]+[。.!！?？]?", text[: span.end]) if m.start() >= span.start
    ][::-1]


def years(text: str, article: Article) -> set[str]:
    """The years `text` names, as terms, this and last year counted from the article's date."""
    found = {t for t in terms(text, article.lang) if _YEAR.fullmatch(t)}
    if article.date and article.date[:4].isdigit():
        folded = fold(text)
        year = int(article.date[:4])
        found |= {f"#{year}y"} if _THIS_YEAR.search(folded) else set()
        found |= {f"#{year - 1}y"} if _LAST_YEAR.search(folded) else set()
    return found


@lru_cache(maxsize=2048)
def _sentence_vectors(embedder: Embedder, title: str, sentences: tuple[str, ...]) -> np.ndarray:
    """(n, dim) the sentences of a passage, each under its article's title."""
    return embedder.encode_passages([fold(f"{title}\n{s}") for s in sentences])


def _is_heading(text: str, span: Span) -> bool:
    return text[span.end : span.end + 1] in ("", "\n") and not _STOP.search(span.of(text))


def _text(index: Index, key: tuple[str, Span]) -> str:
    return key[1].of(index.articles[key[0]].text)


def _bare(text: str, span: Span) -> Span:
    start = span.end - len(span.of(text).lstrip())
    return Span(start, span.end)
