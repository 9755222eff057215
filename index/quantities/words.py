"""Quantities that begin with a Latin word: numerals, dozens, fractions, and German compounds such as `dreijährig`."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from index.quantities.numerals import ENGLISH, GERMAN, english_number, german_number
from index.quantities.units import Meaning

# Where a number word, a fraction, a month or a period may begin; what follows decides.
ANCHOR = re.compile(
    r"(?:one|two|three|four|fort|fi[fvr]|six|seven|eight|nin|ten|ele|twe|thir|one (?=half)|a (?=hun|tho|mil|bil|tri|doz|qua|thi|fif)|half|"
    r"ein(?=und|hun|tau|einh|e?[mns]? (?:mil|bil|dut|dri|vie|fün|hal|zeh|ach))|zw|dre|dri|vier|fünf|sech|sieb|acht|neun|zehn|elf|"
    r"hundert|tausend|hälfte|anderthalb|erst|second|fourt|seven|jan|jän|feb|m[aä]r|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])"
)
WORD_ANCHOR = re.compile(rf"(?<![a-zäöü\d]){ANCHOR.pattern}")  # faster where most characters are Latin
_LETTER = re.compile(r"[a-zäöü]")
_ARTICLE_SCALE = re.compile(r"(?:a|one|eine?) (?=(?:million|billion|trillion|milliarde|billiarde)\b)")
_DOZEN = re.compile(r"(?:(half )?(?:a|one) dozen|(halbes )?dutzend|ein(?:e[mns])? (halbe[sn] )?dutzend)\b")
_HALF_A = re.compile(r"(?:half an? |half-(?=million|billion)|eine? halbe[snm]? |einem halben )(?=million|milliarde|billion|year|jahr|month|monat|hour|stunde|day|tag)")
_FOLD = re.compile(r"(two|three|four|five|six|seven|eight|nine|ten)(?=fold\b)")
_AND_A_HALF = re.compile(r"(ein|zwei|drei|vier|fünf)einhalb|anderthalb")
_VAGUE = re.compile(r"(?:einige|mehrere|viele|paar|several|few|many|etliche) $")
_NOT_ACHT = re.compile(r"(?:in|ausser|gib|geben sie) $")
_PARTS = {
    "half": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4, "fifth": 5, "fifths": 5, "sixth": 6,
    "tenth": 10, "tenths": 10, "eighth": 8, "drittel": 3, "viertel": 4, "fünftel": 5, "sechstel": 6, "achtel": 8, "zehntel": 10,
}  # fmt: skip
_COUNT = {"a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "ein": 1, "eine": 1, "einem": 1, "zwei": 2, "drei": 3, "vier": 4}
_SHARE = re.compile(rf"(?P<n>{'|'.join(_COUNT)})[ -](?P<part>{'|'.join(_PARTS)})(?![a-zäöü])(?! ?(?:year|jahr|hour|stunde|century|mile|final))")
_HALF = re.compile(r"half(?= of| the\b| its| their| all)|(?:die |der )?hälfte")
_COMPOUND = re.compile(r"-?(jahres|jährig|monats|monatig|wochen|wöchig|tages|tägig|stündig|minütig|fach(?!kr|leu|kom|ge)|fold\b)")
_COMPOUNDS: dict[str, Meaning] = {
    "jahres": ("duration", Fraction(31_556_952), "year"), "jährig": ("duration", Fraction(31_556_952), "year"),
    "monats": ("duration", Fraction(2_629_746), "month"), "monatig": ("duration", Fraction(2_629_746), "month"),
    "wochen": ("duration", Fraction(604_800), "week"), "wöchig": ("duration", Fraction(604_800), "week"),
    "tages": ("duration", Fraction(86_400), "day"), "tägig": ("duration", Fraction(86_400), "day"),
    "stündig": ("duration", Fraction(3600), "hour"), "minütig": ("duration", Fraction(60), "minute"),
    "fach": ("number", Fraction(1), "times"), "fold": ("number", Fraction(1), "times"),
}  # fmt: skip


def number(text: str, at: int) -> tuple[Decimal, int, bool] | None:
    """The value of the number words at `at`, where they end, and whether they count without a unit or scale: "one"
    and "ein" do not. None if there are none."""
    if m := _ARTICLE_SCALE.match(text, at):
        return Decimal(1), m.end() - 1, False
    if m := _DOZEN.match(text, at):
        return Decimal(6 if any(m.groups()) else 12), m.end(), True
    if m := _HALF_A.match(text, at):
        return Decimal("0.5"), m.end() - 1, False
    if m := _AND_A_HALF.match(text, at):
        return (german_number(m[1]) if m[1] else Decimal(1)) + Decimal("0.5"), m.end(), True
    m = ENGLISH.match(text, at) or _FOLD.match(text, at)
    if m:
        value = english_number(m.group())
        return value, m.end(), value != 1
    m = GERMAN.match(text, at)
    if m is None or (_LETTER.match(text[m.end() : m.end() + 1]) and not _COMPOUND.match(text, m.end())):
        return None
    word = m.group()
    if word in ("hundert", "tausend") and _VAGUE.search(text[max(0, at - 9) : at]):
        return None
    if word == "acht" and _NOT_ACHT.search(text[max(0, at - 10) : at]):
        return None
    return german_number(word), m.end(), word not in ("ein", "eins")


def share(text: str, at: int) -> tuple[Decimal, int, str] | None:
    """A fraction in words as a percentage, where it ends, and how it was said (`2/3`)."""
    if m := _SHARE.match(text, at):
        part, whole = _COUNT[m["n"]], _PARTS[m["part"]]
        return Decimal(part) * 100 / whole, m.end(), f"{part}/{whole}"
    m = _HALF.match(text, at)
    return (Decimal(50), m.end(), "1/2") if m else None


def compound(text: str, at: int) -> tuple[Meaning, int] | None:
    """The unit inside a German compound: `3-Jahresplan`, `dreijährig`, `zehnfach`."""
    m = _COMPOUND.match(text, at)
    return (_COMPOUNDS[m[1]], m.end()) if m else None
