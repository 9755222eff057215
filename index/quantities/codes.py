"""Digits that are no quantity: codes, model names, versions, ordinals, times of day, telephone numbers, addresses."""

from __future__ import annotations

import re

from index.quantities.dates import YEAR
from index.quantities.numerals import NUMBER

WEB = re.compile(r"(?:https?://|www\.)[!-~]+|(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}")
_PHONE = re.compile(
    r"(?:\d{2,4}[- ])?\d{3,4}[- ]\d{4}(?![\d.,])(?! ?[a-z%€])|0\d{2,4}[-/ ]\d{5,8}(?!\d)|1[3-9]\d{9}(?!\d)|\d{3,4}-\d{3,4}-\d{3,4}|"
    r"\d{12,}"
)
_PHONE_LEAD = re.compile(r"(?:(?:tel|telefon|phone|fon|fax|hotline|电话|热线|传真|手机)[^\d\n]{0,4}|\+)\d{0,3}[ -]?\(?$")
_PHONE_REST = re.compile(r"\d[\d ()/-]{4,}\d")
_ITEM = re.compile(r"\d{1,3}(?:\.?\)|\. (?=\D)|、)")
_CLOCK = re.compile(
    r"\d{1,2}(?::\d\d)+(?: ?uhr)?|\d{1,2}(?:\.\d\d)?(?: ?(?:und|bis|oder|[-–]) ?\d{1,2}(?:\.\d\d)?)? uhr|"
    r"\d{1,2}(?:[.:]\d\d)? ?(?:[ap]m\b|[ap]\.m\.|o['’]clock)|\d{1,2} ?[时点](?: ?\d{1,2} ?分?|半)?(?!代)|\d+:\d+"
)
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|s?te[nrs]?)\b|\d+ ?(?:号|日(?![内元圆])|年代|周年|年级|世纪)|\d0后|\d+['’]s\b")
_GERMAN_ORDINAL = re.compile(r"\d{1,3}\.(?= [a-zäöü]|[,;)])")
_GERMAN_RANKED = re.compile(
    r"\d{1,3}\. (?:strasse|minute|mal|platz|rang|geburtstag|jahrestag|jahrhundert|spieltag|runde|klasse|auflage|kapitel|etage|stock|"
    r"sitzung|generation|lebensjahr|parteitag|nationaler|nationale|weltkrieg|quartal|mai)"
)
_ARTICLE = re.compile(r"\b(?:der|die|das|dem|den|des|am|im|zum|zur|ins|jede[rnms]?|ihre[rmn]?|seine[rmn]?|beim|vom|sein|ihr|mein|dein|unser) $")
_NAMED = re.compile(
    r"(?:(?<![a-zäöü])(?:no|nr|nummer|title|grade|titel|number|platz|rang|rank|ranked|ranking|kapitel|chapter|seite|page|artikel|article|section|"
    r"abschnitt|absatz|figure|fig|abb|abbildung|table|tabelle|phase|stufe|level|group|gruppe|version|v|ver|linie|room|raum|teil|"
    r"stage|klasse|class|layer|tier|step|schritt|top|terminal|gate|vol|volume|windows|iphone|python|web|industrie|industry|"
    r"release|modell|model|typ|type|mark|paragraph)\.? ?|(?:linie|autobahn|strasse|nummer|zimmer|gleis) |图 ?|(?<![代发])表 ?|§ ?|版本 ?|第 ?|# ?|工业|top)$"
)
# The characters that these patterns need at their start or end, looked at first because most digits have none of them.
_NAMED_ENDS = frozenset("abcdefghijklmnopqrstuvwxyz.§本第#业图表")
_LEADS_TO_PHONE = frozenset("+.:( lnexk话线真机")
_LONG = re.compile(r"\d{2,4}[-/ ]\d{3}|\d{11}")
_FOLLOWED = re.compile(r"\d+ ?[:.uatpbors–n'’时点号日年世周后-]")
_CODE = re.compile(r"[\da-z]+(?:[.\-][\da-z]+)*")
_LETTER = re.compile(r"[a-zäöüßμ]")


def code_end(text: str, at: int, before: str) -> int:
    """Where a code, name or telephone number ends that the digit at `at` belongs to; 0 if to none. `before` is the text
    that ends there."""
    last = before[-1:]
    if (last in _LEADS_TO_PHONE or before[-2:-1] in _LEADS_TO_PHONE) and last:
        m = _PHONE_REST.match(text, at)
        if m and _PHONE_LEAD.search(before):
            return m.end()
    if (last and last in "_#@\\") or _LETTER.match(last):
        return _CODE.match(text, at).end()
    m = _LONG.match(text, at)
    if m and not YEAR.match(text, at) and (m := _PHONE.match(text, at)):
        return m.end()
    if last == "-" and _LETTER.match(before[-2:-1]) and not YEAR.match(text, at):
        return _CODE.match(text, at).end()
    return 0


def ordinal_end(text: str, at: int, before: str) -> int:
    """Where a time of day, a score, an ordinal or a number in a name (`Platz 3`, `Version 2.1`) ends; 0 if none is here."""
    m = _FOLLOWED.match(text, at) and (_CLOCK.match(text, at) or _ORDINAL.match(text, at))
    if not m and before.rstrip(" ")[-1:] in _NAMED_ENDS and _NAMED.search(before):
        m = NUMBER.match(text, at)
    if not m and (german := _GERMAN_ORDINAL.match(text, at)) and (_ARTICLE.search(before) or _GERMAN_RANKED.match(text, at)):
        m = german
    return m.end() if m else 0


def item_end(text: str, at: int, first: bool) -> int:
    """Where the number of a list item ends: `3.` that is `first` in its line, or `(3)` anywhere; 0 if it is none."""
    m = _ITEM.match(text, at)
    if m is None:
        return 0
    closed = m.group()[-1] == ")"
    return m.end() if (text[at - 1 : at] == "(" if closed else first) else 0
