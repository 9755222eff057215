"""Text as the index and the encoder read it, with a way back to the original characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from index.languages import to_simplified
from index.types import Span

VERSION = 2
_LONG = 20_000  # characters of a text too long to be remembered

_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
# What page captures leave when ruby text (pinyin over a character) is flattened: 監(jiān)管. In broken runs a bracket
# is lost or the character before became "?" (局?jǐn)?shù)據). A syllable must carry a tone mark and touch a bracket on
# its right, and Han or "?" on its left, so that "(Jiān)" in a sentence about pinyin, or "café)", is left alone.
_DEBRIS = re.compile(
    rf"(?<=[\u3400-\u9fff?])(?:(?:\?(?=[a-zü]*[{_TONED}]))?\(?[a-zü]{{0,3}}[{_TONED}][a-zü]{{0,3}}\))+"
)


@dataclass(frozen=True, slots=True)
class Normalised:
    """Folded text; character i of it came from `source[origins[i].start:origins[i].end]`."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def original(self, span: Span) -> Span:
        """The span of the source that gave `span` of the folded text; an empty span stays empty."""
        if span.end > len(self.text):
            raise ValueError(f"span ends at {span.end}, the folded text at {len(self.text)}")
        if not len(span):
            at = self.starts[span.start] if span.start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return Span(at, at)
        return Span(self.starts[span.start], self.ends[span.end - 1])


def debris_spans(text: str) -> list[Span]:
    """Where `text` holds pinyin debris, ascending."""
    return [Span(*m.span()) for m in _DEBRIS.finditer(text)]


def normalise(text: str) -> Normalised:
    """`text` without pinyin debris and invisible characters, NFKC, case-folded, in simplified script.

    Runs of white space become one space. Composed and decomposed letters fold alike: a base character and the
    combining marks after it are normalised together and all map to that source range.
    """
    return _remembered(text) if len(text) <= _LONG else _normalised(text)


def _normalised(text: str) -> Normalised:
    if (quick := _folded_alone(text)) is not None and _UNEVEN.isdisjoint(text) and "  " not in quick:
        return Normalised(to_simplified(quick), range(len(text)), range(1, len(text) + 1))
    holes = {i for span in debris_spans(text) for i in range(span.start, span.end)}
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    i = 0
    while i < len(text):
        j = i + 1
        while j < len(text) and text[j] > "\u02ff" and _joins(text[j]):
            j += 1
        cluster = text[i:j]
        if i not in holes:
            for c in _fold(cluster):
                if c == " " and out and out[-1] == " ":
                    ends[-1] = j
                    continue
                out.append(c)
                starts.append(i)
                ends.append(j)
        i = j
    return Normalised(to_simplified("".join(out)), tuple(starts), tuple(ends))


_remembered = lru_cache(maxsize=4096)(_normalised)


def fold(text: str) -> str:
    """`normalise(text).text`, stripped: for comparing, where no way back is needed."""
    return _folded(text) if len(text) <= _LONG else _folded.__wrapped__(text)


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    if (quick := _folded_alone(text)) is not None:
        return " ".join(to_simplified(quick).split())
    return normalise(text).text.strip()


class _Folds(dict):
    """Code point -> what it folds to on its own; `_JOINS` where it must be folded with the character before it."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = folded = _JOINS if char > "\u02ff" and _joins(char) else _fold(char)
        if len(folded) != 1:
            _UNEVEN.add(char)
        return folded


_JOINS = "\ue000"  # for private use: nothing folds to it
_FOLDS = _Folds()
_UNEVEN: set[str] = set()  # characters seen that fold to none or several


def _folded_alone(text: str) -> str | None:
    """`text` folded character by character, five times as fast; None where that is not all there is to do."""
    folded = text.translate(_FOLDS)
    return None if _JOINS in folded or _DEBRIS.search(text) else folded


def _joins(char: str) -> bool:
    """True for a combining mark, and for the vowels and finals that make a Korean syllable with the letter before."""
    return "\u1160" <= char <= "\u11ff" or unicodedata.combining(char) > 0


@lru_cache(maxsize=65536)
def _fold(cluster: str) -> str:
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", cluster).casefold())
    return "".join(
        " " if c.isspace() else c for c in folded if c.isspace() or unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co")
    )
