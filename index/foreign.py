"""Words in scripts that the encoder does not know, compared by their spelling.

A word's vector is the sum of fixed random vectors of its character n-grams (Bojanowski et al., Enriching word vectors with
subword information, TACL 2017, without the training): forms of one word are alike, other words are not. That finds an
article in the asker's own language; across languages it says nothing.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from functools import lru_cache

import numpy as np

from index.types import TokenVectors

WEIGHT = 20.0  # about that of a content word that the encoder knows
# Letters other than Latin ones, Han and kana.
_LETTER = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_SYLLABLES = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\uac00-\ud7af]")  # Thai to Khmer, Hangul


def with_foreign_words(text: str, tokens: TokenVectors) -> TokenVectors:
    """`tokens`, those of weight 0 that hold foreign letters with the vectors of their spelling and `WEIGHT`."""
    starts = [*(span.start for span in tokens.spans[1:]), len(text)]
    found = [  # the mark of a word's start overlaps its first letter
        i for i, span in enumerate(tokens.spans)
        if not tokens.weights[i] and span.end <= starts[i] and _LETTER.search(text, span.start, span.end)
    ]
    if not found:
        return tokens
    vectors, weights = tokens.vectors.copy(), np.array(tokens.weights, np.float32)
    for i in found:
        vectors[i] = _spelled(tokens.spans[i].of(text).strip(), vectors.shape[1])
        weights[i] = WEIGHT
    return replace(tokens, vectors=vectors, weights=weights)


@lru_cache(maxsize=4096)
def _spelled(word: str, dim: int) -> np.ndarray:
    size = 2 if _SYLLABLES.search(word) else 3
    padded = f"<{word}>"
    total = sum(_gram(padded[i : i + size], dim) for i in range(max(1, len(padded) - size + 1)))
    return (total / np.linalg.norm(total)).astype(np.float32)


@lru_cache(maxsize=16384)
def _gram(gram: str, dim: int) -> np.ndarray:
    return np.random.default_rng(zlib.crc32(gram.encode("utf-8", "surrogatepass"))).standard_normal(dim).astype(np.float32)
