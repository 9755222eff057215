"""Articles that are one story: the same file twice, or two captures with the same words around the same figures.

Candidates come from MinHash over the kept text: one permutation hashing (Li, Owen & Zhang, One permutation hashing,
NIPS 2012), empty bins filled from the next full one, and bands of the signature as keys (Broder, On the resemblance and
containment of documents, 1997; Leskovec, Rajaraman & Ullman, Mining of massive datasets, ch. 3). What shares a key is
compared in full, with at most `_COMPARED` others, so that the work grows with the articles and not with their pairs. The
keys are all that is kept of an article; the few that are compared are read again.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from index.keep import is_prose
from index.normalise import normalise
from index.quantities import terms
from index.types import Article, Passage

LIKENESS = 0.7  # Jaccard index of the shingles from which two articles may be twins
_SHINGLE = 5  # letters
_BANDS, _ROWS = 32, 4  # two articles as alike as LIKENESS share a band with probability 1 - (1 - 0.7**4)**32 = 0.9998
_COMPARED = 32
_AROUND = 6  # letters on either side of a figure that say which figure it is
_NEW = 12  # letters from which a sentence that the other twin lacks is worth finding
_FIGURE = re.compile("[\\d〇零一二两三四五六七八九十百千万亿]+")
_DIGITS = re.compile(r"\d+")
_BARE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class _Sketch:
    """What is compared of an article: `shingles` are the ascending hashes of its runs of letters."""

    article: Article
    lines: tuple[str, ...]
    letters: str
    shingles: np.ndarray
    digits: frozenset[str]

    def keys(self) -> Iterator[int]:
        """64-bit hashes of what twins share, with the digits of their sentences: all letters, or the letters' hashes of
        some band."""
        about = hashlib.blake2b(repr((self.article.lang, sorted(self.digits))).encode())
        bins = np.arange(_BANDS * _ROWS, dtype=np.uint64) << np.uint64(64 - (_BANDS * _ROWS - 1).bit_length())
        signature = self.shingles[np.searchsorted(self.shingles, bins) % len(self.shingles)]
        for shared in (self.letters.encode("utf-8", "surrogatepass"), *(band.tobytes() for band in signature.reshape(_BANDS, _ROWS))):
            yield int.from_bytes(hashlib.blake2b(about.digest() + shared, digest_size=8).digest(), "little")


class Fingerprints:
    """The keys of articles, 264 bytes each, and their twins."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._keys = array("Q")

    def add(self, article: Article) -> None:
        """Takes an article, whose id no other may have."""
        self._ids.append(article.id)
        self._keys.extend(_sketch(article).keys())

    def twins(self, of: Callable[[str], Article]) -> dict[str, tuple[str, ...]]:
        """The ids of the twins of each article that has any; `of` gives an article by id.

        Twins are of one language and script, their shingles have a Jaccard index of `LIKENESS` or more, their sentences
        hold the same figures, and no figure stands where the other has a different one: last year's figures in this
        year's words are news. An article is the twin of the first, by id, that it matches.
        """
        sketch_of = lru_cache(_COMPARED)(lambda article_id: _sketch(of(article_id)))
        firsts: dict[tuple[int, int], list[str]] = {}
        groups: dict[str, list[str]] = {}
        for article_id, keys in self._shared():
            found = _candidates(keys, firsts)
            first = next((i for i in found if _same(sketch_of(i), sketch_of(article_id))), None)
            if first is not None:
                groups.setdefault(first, [first]).append(article_id)
                continue
            for key in keys:
                if len(known := firsts.setdefault(key, [])) < _COMPARED:
                    known.append(article_id)
        return {i: tuple(other for other in ids if other != i) for ids in groups.values() for i in ids}

    def _shared(self) -> Iterator[tuple[str, list[tuple[int, int]]]]:
        """The articles that share a key with another, by id, and which: (which of the keys, its value)."""
        keys = np.frombuffer(self._keys, np.uint64).reshape(-1, _BANDS + 1)
        shared = np.zeros(keys.shape, bool)
        for column in range(_BANDS + 1):
            _, back, counts = np.unique(keys[:, column], return_inverse=True, return_counts=True)
            shared[:, column] = counts[back] > 1
        for number in sorted(np.flatnonzero(shared.any(axis=1)).tolist(), key=self._ids.__getitem__):
            yield self._ids[number], [(i, int(keys[number, i])) for i in np.flatnonzero(shared[number]).tolist()]


def only_new(article: Article, standing: Article, passages: Sequence[Passage]) -> list[Passage]:
    """Those of a twin's `passages` with a sentence that the article `standing` for it lacks."""
    known = _letters("\n".join(_lines(standing)))
    return [p for p in passages if any(_is_new(s.of(article.text), known) for s in p.sentences)]


def _sketch(article: Article) -> _Sketch:
    lines = _lines(article)
    letters = _letters("\n".join(lines))
    prose = " ".join(line for line in lines if is_prose(line))
    return _Sketch(article, lines, letters, _shingles(letters), frozenset(_DIGITS.findall(prose)))


def _lines(article: Article) -> tuple[str, ...]:
    """The folded lines of what is kept, after the title where that is not the first of them."""
    kept = [normalise(line).text.strip() for span in article.keep for line in span.of(article.text).split("\n")]
    title = normalise(article.title).text.strip()
    return tuple([] if title in kept[:1] else [title]) + tuple(line for line in kept if line)


def _letters(folded: str) -> str:
    return _BARE.sub("", folded)


def _shingles(letters: str) -> np.ndarray:
    """The distinct hashes of all runs of `_SHINGLE` letters, ascending uint64; of the whole where it is shorter."""
    codes = np.frombuffer(letters.ljust(_SHINGLE, "\0").encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
    size = len(codes) - _SHINGLE + 1
    mixed = np.zeros(size, np.uint64)
    for place in range(_SHINGLE):
        mixed = (mixed ^ codes[place : place + size]) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed * np.uint64(0xBF58476D1CE4E5B9))


def _candidates(keys: Sequence[tuple[int, int]], firsts: Mapping[tuple[int, int], Sequence[str]]) -> list[str]:
    """The ids that share a key, those that share the most first, then by id; `_COMPARED` at most."""
    shared = Counter(i for key in keys for i in firsts.get(key, ()))
    return sorted(shared, key=lambda i: (-shared[i], i))[:_COMPARED]


def _same(a: _Sketch, b: _Sketch) -> bool:
    if a.letters == b.letters:
        return a.letters != ""
    both = len(np.intersect1d(a.shingles, b.shingles, assume_unique=True))
    if both < LIKENESS * (len(a.shingles) + len(b.shingles) - both):
        return False
    here, there = _figures(a), _figures(b)
    return all(there.get(place, said) == said for place, said in here.items()) and _values(a) == _values(b)


def _figures(sketch: _Sketch) -> dict[tuple[str, str], frozenset[str]]:
    """The letters before and after each figure, figures among them as 0, -> the figures that stand there."""
    places: dict[tuple[str, str], set[str]] = {}
    text = _FIGURE.sub("0", sketch.letters)
    for place, figure in zip(re.finditer("0", text), _FIGURE.findall(sketch.letters), strict=True):
        before, behind = text[max(0, place.start() - _AROUND) : place.start()], text[place.end() : place.end() + _AROUND]
        places.setdefault((before, behind), set()).add(figure)
    return {around: frozenset(said) for around, said in places.items()}


def _values(sketch: _Sketch) -> frozenset[str]:
    """The figures of the sentences by value, those in words among them."""
    return frozenset(t for line in sketch.lines if is_prose(line) for t in terms(line, sketch.article.lang))


def _is_new(sentence: str, known: str) -> bool:
    letters = _letters(normalise(sentence).text)
    return len(letters) >= _NEW and letters not in known
