"""The parts of a question that a follow-up can exchange: places, other names, years, dates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from index.languages import STOP_WORDS, detect, to_simplified
from index.names import names
from index.normalise import normalise
from index.quantities import find
from index.types import Span
from rag.places import places

Kind = Literal["place", "name", "year", "date"]

LETTER = "A-Za-zÀ-ɏ"
_ENDS = re.compile(rf"(?:['’]?s)?(?![{LETTER}\d])")
_HAN_PLACE = re.compile(r"(?:^|(?<=[在和与到从、，及]))[\u3400-\u9fff]{1,3}(?:自治区|新区|(?<![上城都超本全各该个])市|[省州县])(?=$|[^\u3400-\u9fff]|[的在有和与呢])")
# Pinyin that reads as no German or English word: most short words (Lage, Woche, Danke) are syllables, too.
_PINYIN = re.compile(r"zh|x|q(?!u)|[iu]?ong|[iu]ang|iao|uo|ian")
# Two and more capitalised words in a row, or a word with a capital inside: a name also in German.
_CAPITALISED = re.compile(
    r"(?<![\w-])(?:[A-ZÄÖÜ][\w’']*[a-zäöüß](?:[ -][A-ZÄÖÜ][\w’']*[a-zäöüß])+|[A-Z][a-z]+[A-Z]\w*)(?![\w-])"
)
_CAPITAL = re.compile(r"(?<![\w-])[A-ZÄÖÜ][\w-]*[a-zäöüß]\w*")
_AFTER_PREPOSITION = re.compile(r"\b(?:in|bei|aus|nach|von) (?P<noun>[A-ZÄÖÜ][\w-]+)(?=\s*[?.!,]|$|\s+[a-zäöüß])")
_PREPOSITIONAL = re.compile(r"(?:in|bei|aus|nach|von|at|from)\s+(?P<noun>[A-ZÄÖÜ][\w-]*[a-zäöüß])")


@dataclass(frozen=True, slots=True)
class Slot:
    """A part of a question; `span` leaves out the `s` of a genitive."""

    kind: Kind
    span: Span


def slots(text: str) -> list[Slot]:
    """The slots of `text` in order, without overlaps: dates and years, known places, what is written as a name. A
    bare `in Weimar` in German is taken for a place."""
    plain = to_simplified(text)
    lang = detect(text)
    found: list[Slot] = []

    def add(kind: Kind, start: int, end: int) -> None:
        if not any(s.span.start < end and start < s.span.end for s in found):
            found.append(Slot(kind, Span(start, end)))

    for q in find(text, lang):
        if q.unit in ("date", "year"):
            add(q.unit, q.span.start, q.span.end)
    for place in places(text):
        if _ENDS.match(text, place.span.end) or place.span.of(text)[0] >= "\u3400":  # not the one in "Pekinger"
            add("place", place.span.start, place.span.end)
    for m in _HAN_PLACE.finditer(plain):
        add("place", *m.span())
    for span in _written_as_names(text, lang):
        start = span.start + _head_length(span.of(text))
        if start == span.start or " " in text[start : span.end]:
            add("name", start, start + len(_bare(text[start : span.end])))
    folded = normalise(text)
    for name in names(text):
        if name.han is not None:
            span = folded.original(name.span)
            if _PINYIN.search(span.of(text).casefold()):
                add("name", span.start, span.start + len(_bare(span.of(text))))
    return sorted(found, key=lambda s: s.span.start)


def _written_as_names(text: str, lang: str) -> list[Span]:
    found = [Span(*m.span()) for m in _CAPITALISED.finditer(text)]
    if lang == "en":
        found += [Span(*m.span()) for m in _CAPITAL.finditer(text) if m.start() and m.group().casefold() not in STOP_WORDS]
    if m := _PREPOSITIONAL.fullmatch(text):
        found.append(Span(*m.span("noun")))
    return found


def after_preposition(text: str) -> list[str]:
    """Nouns of a German question that stand behind a preposition without an article, as places do."""
    return [m["noun"] for m in _AFTER_PREPOSITION.finditer(text)]


def _head_length(name: str) -> int:
    """How much of `Der Plan` or `Who Is` at its head is no name."""
    head = 0
    for word in re.finditer(r"\S+\s*", name):
        if word.group().strip().casefold() not in STOP_WORDS | _HEADS:
            return head
        head = word.end()
    return head


def _bare(name: str) -> str:
    return re.sub(r"['’]s?$", "", name.rstrip())


_HEADS = frozenset("die der das in an im was will hat and und or oder also what how who".split())
