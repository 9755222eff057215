"""Names across scripts: 姜广智 and Jiang Guangzhi are one name, by pinyin."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise, product

from index.languages import STOP_WORDS
from index.lexical import stems_of
from index.normalise import Normalised, normalise
from index.types import Span

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN_NAME = re.compile(r"[A-Z][a-zü'’]+(?:[ -][A-Z][a-zü'’]+){0,2}")
_LATIN_WORD = re.compile(r"[a-zü]+")
# A superset of pinyin, so that most words need no dictionary: an initial, then vowels, then n, ng or r.
_SYLLABLES = re.compile(r"(?:(?:[bpmfdtnlgkhjqxrzcsyw]|[zcs]h)?[aeiouü]{1,3}(?:ng?|r)?){2,}")
_LONGEST = 4  # Han characters in a name
_SHORTEST = 4  # letters of a spelling that is looked up as a word
_READINGS = 8  # combinations of readings tried for one name


@dataclass(frozen=True, slots=True)
class Name:
    """A name of a question: where it stands in the folded question, and how the other script writes it."""

    span: Span
    han: re.Pattern[str] | None = None
    latin: frozenset[str] = frozenset()
    syllables: tuple[tuple[str, ...], ...] = ()  # the readings behind `han`

    def is_in(self, folded: str) -> bool:
        """True if folded text holds the name in the other script: as Han characters with these readings, or as one
        Latin word or several neighbours."""
        if self.han is not None:
            return bool(self.han.search(folded))
        return not self.latin.isdisjoint(_joined(folded))

    def terms(self, known: Callable[[Sequence[str]], Sequence[str]]) -> list[str]:
        """The index terms by which a text that holds the name in the other script is found: its Han bigrams with these
        readings, whose characters are terms or stop words, or the stems of its spellings. `known` gives those of some
        terms that the index has."""
        if self.han is not None:
            pairs = dict.fromkeys(pair for reading in self.syllables for pair in pairwise(reading))
            syllables = dict.fromkeys(s for pair in pairs for s in pair)
            there = {c for s in syllables for c in _characters()[s]}
            there = set(known(sorted(there))) | (there & STOP_WORDS)
            chars = {s: [c for c in _characters()[s] if c in there] for s in syllables}
            return list(known([a + b for first, second in pairs for a in chars[first] for b in chars[second]]))
        stems = dict.fromkeys(s for word in sorted(self.latin) for s in stems_of(word) if len(word) >= _SHORTEST)
        return list(known(list(stems)))


def names(question: str) -> tuple[Name, ...]:
    """What in `question` may be a name that the other script writes too: capitalised Latin words that read as two to
    four pinyin syllables, and runs of two to four Han characters, of which most are none and match nothing."""
    out = list(latin_names(question))
    folded = normalise(question)
    for run in _HAN.finditer(folded.text):
        for length in range(2, _LONGEST + 1):
            for start in range(run.start(), run.end() - length + 1):
                span = Span(start, start + length)
                out.append(Name(span, latin=_spellings(span.of(folded.text))))
    return tuple(out)


def latin_names(text: str) -> list[Name]:
    """The names of `names` that Latin words write."""
    found = [m for m in _LATIN_NAME.finditer(text) if len(m.group()) >= 4]
    return [n for m in found for n in _from_latin(m, normalise(text))]


@lru_cache(maxsize=8192)
def _joined(folded: str) -> frozenset[str]:
    """The Latin words of a text, and each two and three neighbours as one."""
    words = _LATIN_WORD.findall(folded)
    return frozenset("".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1))


def _from_latin(m: re.Match[str], folded: Normalised) -> list[Name]:
    letters = "".join(_LATIN_WORD.findall(m.group().casefold()))
    if not _SYLLABLES.fullmatch(letters):
        return []
    found = [s for s in _syllables(letters) if 2 <= len(s) <= _LONGEST]
    if not found:
        return []
    pattern = "|".join("".join(f"[{_characters()[syllable]}]" for syllable in s) for s in found)
    inside = [i for i, at in enumerate(folded.starts) if m.start() <= at < m.end()]
    return [Name(Span(inside[0], inside[-1] + 1), han=re.compile(pattern), syllables=tuple(found))]


def _syllables(letters: str) -> list[tuple[str, ...]]:
    """The ways to read `letters` as pinyin, fewest syllables first, at most `_READINGS`."""
    ways: list[list[tuple[str, ...]]] = [[()]] + [[] for _ in letters]
    for end in range(1, len(letters) + 1):
        for start in range(max(0, end - 6), end):
            if letters[start:end] in _characters():
                ways[end] += [(*way, letters[start:end]) for way in ways[start]][:_READINGS]
    return sorted(ways[-1], key=len)[:_READINGS]


def _spellings(han: str) -> frozenset[str]:
    readings = [_readings().get(c, ()) for c in han]
    return frozenset("".join(r) for r, _ in zip(product(*readings), range(_READINGS), strict=False))


@cache
def _readings() -> dict[str, tuple[str, ...]]:
    """Han character -> its readings without tones, commonest first."""
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")  # phrases are 4 of 5 parts of the import, and unused here
    from pypinyin.constants import PINYIN_DICT

    plain = _Plain()
    return {
        chr(code): tuple(dict.fromkeys(text.translate(plain).split(",")))
        for code, text in PINYIN_DICT.items() if 0x3400 <= code <= 0x9FFF
    }


@cache
def _characters() -> dict[str, str]:
    """Pinyin syllable -> the characters that read so."""
    out: dict[str, list[str]] = {}
    for char, readings in _readings().items():
        for reading in readings:
            out.setdefault(reading, []).append(char)
    return {syllable: "".join(chars) for syllable, chars in out.items()}


class _Plain(dict):
    """Code point of a pinyin letter -> the letter without its tone; the dots of ü stay."""

    def __missing__(self, code: int) -> str:
        letters = unicodedata.normalize("NFD", chr(code))
        self[code] = unicodedata.normalize("NFC", "".join(c for c in letters if not unicodedata.combining(c) or c == "\u0308"))
        return self[code]
