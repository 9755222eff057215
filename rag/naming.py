"""What an answer says in its own words: the figure, date, person or place that is marked in a quotation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

from index.quantities import Quantity, find
from index.types import Span
from rag.expected import QUANTITIES, Wanted
from rag.places import Place, places, written
from rag.wording import Said

_HAN = re.compile(r"[\u3400-\u9fff]")
_GAP = 12  # characters between two places of one enumeration ("Tianjin (Binhai), Hangzhou")


def said(text: str, text_lang: str, kind: Wanted, marks: Sequence[Span], lang: str) -> tuple[list[Said], list[str]]:
    """(what is said, how the text writes each) of the first of `marks` in `text`; nothing where a quotation has to speak
    for itself, because what is wanted is no figure, date or name. Names are written for readers of `lang`."""
    if not marks:
        return [], []
    mark = marks[0]
    if kind in QUANTITIES:
        quantity = marked(text, text_lang, mark)
        return ([quantity], [mark.of(text)]) if quantity else ([], [])
    if kind == "place":
        found = enumerated(text, mark)
        return [written(p.name, lang) for p in found], [p.span.of(text) for p in found]
    if kind == "person":
        name = mark.of(text)
        return [pinyin(name) if _HAN.search(name) and not lang.startswith("zh") else name], [name]
    return [], []


def pinyin(name: str) -> str:
    """A Chinese person's name in Latin script, surname first: `Jiang Guangzhi`. Of several readings the commonest."""
    syllables = [_reading(c) for c in name]
    return " ".join("".join(s).capitalize() for s in (syllables[:1], syllables[1:]) if s)


@cache
def _reading(han: str) -> str:
    from pypinyin.constants import PINYIN_DICT

    letters = unicodedata.normalize("NFD", PINYIN_DICT.get(ord(han), han).split(",")[0])
    return unicodedata.normalize("NFC", "".join(c for c in letters if not unicodedata.combining(c) or c == "\u0308"))


def marked(text: str, lang: str, mark: Span) -> Quantity | None:
    """The quantity of `text` that stands at `mark`."""
    return next((q for q in find(text, lang) if q.span == mark), None)


def enumerated(text: str, mark: Span) -> list[Place]:
    """The place at `mark` with those that stand in one enumeration with it, in order, each once."""
    runs: list[list[Place]] = []
    for place in places(text):
        gap = text[runs[-1][-1].span.end : place.span.start] if runs else "."
        if runs and len(gap) <= _GAP and not re.search(r"[.。;；:：!！?？]", gap):
            runs[-1].append(place)
        else:
            runs.append([place])
    run = next((r for r in runs if any(p.span == mark for p in r)), [])
    return list({p.name: p for p in run}.values())
