"""Late interaction: how much of a question a text answers, word by word, over the encoder's token vectors.

MaxSim (Khattab & Zaharia, ColBERT, SIGIR 2020) with the words weighted: sum_i w_i m_i / sum_i w_i, where m_i is the
best cosine of question word i with a word of the text, stretched so that FLOOR is 0 (unrelated) and CEILING is 1
(a translation), and w_i the word's weight times its inverse document frequency, log(1 + (N - n_i + .5) / (n_i + .5))
as in BM25, with the soft count n_i = sum of m_i over the N texts compared. In 0..1, higher is better.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
    (深 + 圳). Punctuation and bare digits are left out (quantities are compared by value, not by likeness), and
    tokens of weight 0, which the encoder does not know.

    With `pairs`, the sum of each two neighbours is a word as well, so that "Stadt der Zukunft" can meet 未来之城 and
    a name that one language splits can meet it whole.
    """
    sums, first, last = word_sums(text, tokens)
    groups = list(zip(first.tolist(), last.tolist(), strict=True))
    if pairs and len(groups) > 1:
        near = np.flatnonzero(neighbours(first, last))
        sums = np.concatenate([sums, sums[near] + sums[near + 1]])
        groups += [(groups[i][0], groups[i + 1][1]) for i in near]
    norms = np.linalg.norm(sums, axis=1)
    spans = tuple(Span(tokens.spans[a].start, tokens.spans[b].end) for a, b in groups)
    unit = (sums / np.maximum(norms, 1e-12)[:, None]).astype(np.float32)
    return Words(unit, norms.astype(np.float32), spans)


def word_sums(text: str, tokens: TokenVectors) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The (n, dim) weighted sums of each word's token vectors, and the (n,) numbers of its first and last token."""
    groups: list[tuple[int, int]] = []
    end, before = -1, ""  # of the token before, if it is part of a word
    for i, span in enumerate(tokens.spans):
        raw = text[span.start : span.end]
        piece = raw.strip()
        if not piece or _DIGITS.fullmatch(piece) or not tokens.weights[i]:
            before = ""
            continue
        joins = before and span.start == end and raw[0] == piece[0] and _one_word(before, piece)
        if joins:
            groups[-1] = (groups[-1][0], i)
        else:
            groups.append((i, i))
        end, before = span.end, piece
    first = np.array([a for a, _ in groups], dtype=np.int64)
    last = np.array([b for _, b in groups], dtype=np.int64)
    dim = tokens.vectors.shape[1]
    if not len(groups):
        return np.zeros((0, dim), np.float32), first, last
    # Every second sum is a word's, those between are what lies between two words. Unlike differences of a running sum
    # they depend on the word's own tokens alone, so that a word has the same vector wherever it stands.
    weighted = np.concatenate([tokens.vectors * tokens.weights[:, None], np.zeros((1, dim))]).astype(np.float32)
    return np.add.reduceat(weighted, np.stack([first, last + 1], axis=1).ravel(), axis=0)[::2], first, last


def neighbours(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """(n - 1,) True where word i and the next one stand together, with at most one token between them."""
    return first[1:] - last[:-1] <= 2


def _one_word(before: str, piece: str) -> bool:
    """True if two pieces with nothing between them are one word: Latin ones, or two single Han characters."""
    if _HAN.match(piece):
        return len(piece) == 1 and len(before) == 1 and bool(_HAN.match(before))
    return not _HAN.match(before[-1])


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


def stretched(cosines: np.ndarray) -> np.ndarray:
    """Cosines as matches m in 0..1: FLOOR and less is 0, CEILING and more is 1."""
    return np.clip((cosines - FLOOR) / (CEILING - FLOOR), 0, 1)


def matched(question: Words, text: Words) -> np.ndarray:
    """(n,) the stretched similarities m_i of each question word, in 0..1."""
    return stretched(similarities(question, text))


def word_weights(question: Words, matches: np.ndarray) -> np.ndarray:
    """(n,) the weights w_i, from the (N, n) matches of all texts compared."""
    count, total = matches.sum(axis=0), len(matches)
    return question.weights * np.log1p((total - count + 0.5) / (count + 0.5)).astype(np.float32)
