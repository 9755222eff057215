"""Late interaction: how much of a question a text answers, word by word, over the encoder's token vectors.

MaxSim (Khattab & Zaharia, ColBERT, SIGIR 2020) with the words weighted: sum_i w_i m_i / sum_i w_i, where m_i is the
best cosine of question word i with a word of the text, stretched so that FLOOR is 0 (unrelated) and CEILING is 1
(a translation), and w_i the word's weight times its inverse document frequency, log(1 + (N - n_i + .5) / (n_i + .5))
as in BM25, with the soft count n_i = sum of m_i over the N texts compared. In 0..1, higher is better.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from index.languages import STOP_WORDS
from index.normalise import fold
from index.types import Span, TokenVectors

_DIGITS = re.compile(r"[\W_\d]*")
# On the development questions FLOOR .15-.3 and CEILING .6-.8 score within .02 of each other (hit@5).
FLOOR, CEILING = 0.2, 0.7

_HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Words:
    """A text's words: (n, dim) unit rows, (n,) weights, and their spans in the text."""

    vectors: np.ndarray
    weights: np.ndarray
    spans: tuple[Span, ...]


def words(text: str, tokens: TokenVectors, pairs: bool = False) -> Words:
    """Token vectors joined to words: pieces of one Latin word are summed, and runs of single Han characters too
    (深 + 圳). Punctuation and bare digits are left out: quantities are compared by value, not by likeness.

    With `pairs`, the sum of each two neighbours is a word as well, so that "Stadt der Zukunft" can meet 未来之城 and
    a name that one language splits can meet it whole.
    """
    groups: list[list[int]] = []
    for i, span in enumerate(tokens.spans):
        piece = span.of(text).strip()
        if not len(span) or _DIGITS.fullmatch(piece):
            continue
        if groups:
            last = tokens.spans[groups[-1][-1]]
            gap = text[last.end : span.start] + span.of(text)[: len(span.of(text)) - len(span.of(text).lstrip())]
            before = last.of(text).strip()
            one_word = not gap and not _HAN.match(piece) and not _HAN.match(before[-1:])
            singles = not gap and len(piece) == 1 and _HAN.match(piece) and len(before) == 1 and _HAN.match(before)
            if groups[-1][-1] == i - 1 and (one_word or singles):
                groups[-1].append(i)
                continue
        groups.append([i])
    if pairs:
        groups += [a + b for a, b in pairwise(groups) if b[0] - a[-1] <= 2]
    weighted = tokens.vectors * tokens.weights[:, None]
    sums = np.array([weighted[g].sum(axis=0) for g in groups], dtype=np.float32).reshape(-1, tokens.vectors.shape[1])
    norms = np.linalg.norm(sums, axis=1)
    spans = tuple(Span(tokens.spans[g[0]].start, tokens.spans[g[-1]].end) for g in groups)
    return Words(sums / np.maximum(norms, 1e-12)[:, None], norms, spans)


def content_words(text: str, tokens: TokenVectors) -> Words:
    """The `words` of a question that say what it is about: stop words and question words are left out."""
    every = words(text, tokens)
    rows = [i for i, span in enumerate(every.spans) if fold(span.of(text)) not in STOP_WORDS]
    return Words(every.vectors[rows], every.weights[rows], tuple(every.spans[i] for i in rows))


def similarities(question: Words, text: Words) -> np.ndarray:
    """(n,) for each question word its best cosine with a word of the text, not below 0; zeros for an empty text."""
    if not len(text.weights) or not len(question.weights):
        return np.zeros(len(question.weights), dtype=np.float32)
    return np.maximum(question.vectors @ text.vectors.T, 0).max(axis=1)


def matched(question: Words, text: Words) -> np.ndarray:
    """(n,) the stretched similarities m_i of each question word, in 0..1."""
    return np.clip((similarities(question, text) - FLOOR) / (CEILING - FLOOR), 0, 1)


def word_weights(question: Words, matches: np.ndarray) -> np.ndarray:
    """(n,) the weights w_i, from the (N, n) matches of all texts compared."""
    count, total = matches.sum(axis=0), len(matches)
    return question.weights * np.log1p((total - count + 0.5) / (count + 0.5)).astype(np.float32)
