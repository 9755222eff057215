"""Dates, months, quarters, half-years, years and Five-Year Plans in folded text."""

from __future__ import annotations

import re
from decimal import Decimal

from index.quantities.numerals import SCALES, chinese_number
from index.quantities.records import MONEY, Unit
from index.quantities.units import COUNTERS, HAN_UNITS, PEOPLE, UNITS

MONTHS = {
    name: i + 1
    for i, names in enumerate(
        (
            "january januar jänner jan", "february februar feber feb", "march märz mar mär", "april apr", "may mai",
            "june juni jun", "july juli jul", "august aug", "september sept sep", "october oktober oct okt",
            "november nov", "december dezember dec dez",
        )
    )
    for name in names.split()
}
_WORDS_TOO = ("may", "mai", "march")  # alone they are a month only behind "in", "since" and the like
_FULL_NAMES = {n for n in MONTHS if len(n) > 4 or n in ("june", "july", "juni", "juli", "märz")} - set(_WORDS_TOO) | {"jänner"}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_Y = r"(?P<y>(?:1[89]|20)\d\d)(?!\d)"
_HAN_DAY = "(?:三十一|三十|二十[一二三四五六七八九]?|廿[一二三四五六七八九]?|十[一二三四五六七八九]?|[一二三四五六七八九])"
_HAN_MONTH = "(?:十[一二]?|[一二三四五六七八九])"
# Each alternative starts with the digit, numeral or letter it is tried at. Named groups: y year, m month, d day,
# e the last day of a range, q quarter, h half.
DIGIT_DATE = re.compile(
    rf"""
    (?P<y1>(?:1[89]|20)?\d\d)\ ?年\ ?(?P<m1>\d{{1,2}})\ ?月(?:\ ?份|\ ?(?P<d1>\d{{1,2}})\ ?(?:日|号)?(?:\ ?[-–~至到]\ ?(?P<e1>\d{{1,2}})\ ?[日号])?)?
    | (?P<y2>(?:1[89]|20)\d\d)(?P<sep>[-/.])(?P<m2>\d{{1,2}})(?P=sep)(?P<d2>\d{{1,2}})(?![\d.])
    | (?P<d3>\d{{1,2}})\.\ ?(?P<m3>\d{{1,2}})\.\ ?(?P<y3>(?:19|20)\d\d)(?!\d)
    | (?P<d4>\d{{1,2}})(?:\.|st|nd|rd|th)?(?:\ ?(?:[-–]|bis|to)\ ?(?P<e4>\d{{1,2}})(?:\.|st|nd|rd|th)?)?\ (?:of\ )?(?P<n4>{_MONTH})(?![a-zäöü])\.?(?:,?\ (?P<y4>(?:1[89]|20)\d\d)(?!\d))?
    | (?P<m5>\d{{1,2}})\ ?月(?:\ ?份|\ ?(?P<d5>\d{{1,2}})\ ?(?:日|号)(?:\ ?[-–~至到]\ ?(?P<e5>\d{{1,2}})\ ?[日号])?)?
    | (?P<a6>\d{{1,2}})/(?P<b6>\d{{1,2}})/(?P<y6>(?:19|20)\d\d)(?!\d)
    """,
    re.VERBOSE,
)
_GERMAN_DAY = re.compile(r"(?P<d>\d{1,2})\. ?(?P<m>\d{1,2})\.(?!\d)")
_GERMAN_LEAD = re.compile(r"(?<![a-zäöü])(?:am|vom|bis|zum|ab|seit) $")
MONTH_DATE = re.compile(
    rf"(?P<n>{_MONTH})(?![a-zäöü])\.? ?(?:(?P<d>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.,]?\d)(?: ?[-–] ?(?P<e>\d{{1,2}})(?!\d))?(?:,? {_Y})?"
    r"|,?(?:of )?(?P<y2>(?:1[89]|20)\d\d)(?!\d))?"
)
_MONTH_LEAD = re.compile(
    r"(?:\b(?:im|in|since|seit|ab|until|by|of|during|ende|anfang|mitte|late|early|mid|last|next|vom|bis|monat)|mid-)[ -]?$"
)
HAN_DATE = re.compile(
    rf"(?:(?P<y>[一二][零〇○一二三四五六七八九]{{3}})年)?(?P<m>{_HAN_MONTH})月(?:份|(?P<d>{_HAN_DAY})[日号]?(?:[至到-](?P<e>{_HAN_DAY})[日号]|(?<=[日号])))?"
)
HAN_YEAR = re.compile(r"[一二][零〇○一二三四五六七八九]{3}年(?!代)")
YEAR = re.compile(r"(?P<y>(?:19|20)\d\d)(?:/\d\d(?!\d)| ?年(?!代))?(?!\d|[.,]\d)|(?P<z>1[0-8]\d\d) ?年(?!代)")
_EARLY_YEAR = re.compile(r"(?P<y>1[0-8]\d\d)(?P<z>)(?![\d.,]\d|\d)")
_YEAR_LEAD = re.compile(r"(?<![a-zäöü])(?:in|since|until|by|year|jahre?|seit|ab|um) $")
_NOT_A_YEAR = re.compile(r" ?(?:er\b|ern\b|['’]?s\b|年代)")
_AFTER_WORD = re.compile(r" ?-?([a-zäöü]+)")
# Nouns that are counted far more often than they follow a year.
_COUNTED_NOUNS = frozenset(
    "firms companies enterprises employees people students firmen unternehmen betriebe menschen personen mitarbeiter "
    "beschäftigte einwohner startups users jobs stations schools hospitals patents tonnen crowns kronen franken rubel rupees members mitglieder soldiers soldaten arbeitsplätze pages seiten voters customers visitors passengers residents wähler kunden besucher".split()
)
_AMOUNT = frozenset("above below nearly at_least".split())
QUARTER = re.compile(
    rf"(?:{_Y} ?年?(?:的|, | )?)?(?P<f>前)?(?:第?(?P<q>[一二三四1-4])季度|(?<![a-z])q(?P<r>[1-4])(?![\da-z]))(?:(?: of |/| ?, ?| ){_Y.replace('<y>', '<z>')})?"
)
HALF = re.compile(
    rf"(?:{_Y} ?年?(?:的|, | )?)?(?:(?P<h>[上下])半年|(?<![a-z])h(?P<i>[12])(?=[ /](?:19|20)\d\d))(?:(?: of |/| ){_Y.replace('<y>', '<z>')})?"
)
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "erst": 1, "zweit": 2,
             "dritt": 3, "viert": 4, "1.": 1, "2.": 2, "3.": 3, "4.": 4}  # fmt: skip
PERIOD = re.compile(
    rf"(?P<o>first|second|third|fourth|1st|2nd|3rd|4th|(?:erst|zweit|dritt|viert)(?:e[nsrm]?)?|[1-4]\.)[ -]"
    rf"(?:(?P<q>quarter|quartals?)|(?P<h>half(?= (?:of )?(?:the year|20|19|this|last)|-year| year)|halbjahre?s?))"
    rf"(?:[ -]year)?(?:,? (?:of |in |des jahres )?(?:the year )?{_Y})?"
)
_PLAN_NUMBERS = {w: i for i, words in enumerate((
    "first erst", "second zweit", "third dritt", "fourth viert", "fifth fünft", "sixth sechst", "seventh siebt",
    "eighth acht", "ninth neunt", "tenth zehnt", "eleventh elft", "twelfth zwölft", "thirteenth dreizehnt",
    "fourteenth vierzehnt", "fifteenth fünfzehnt", "sixteenth sechzehnt"), start=1) for w in words.split()}  # fmt: skip
PLAN = re.compile(
    r"(?P<n>\d{1,2})(?:\.|st|nd|rd|th) (?:five|5|fünf)[ -]?(?:years?|jahre?s?)[ -]?(?:plan(?:e?s|ung|s?zeitraums?)?\b|period)"
    r"|(?P<w>[a-zäöü]+?)(?:e[nsrm]?)? (?:five|fünf)[ -]?(?:years?|jahre?s?)[ -]?(?:plan(?:e?s|ung)?\b|period)"
    r"|第?(?P<c>十?[一二三四五六七八九十]|\d{1,2})个五年(?:规划|计划)?"
)
HAN_PLAN = re.compile(r"十(?P<c>[一二三四五六])五(?![十百千万亿个家年月日号天元%五])")

# What must follow the first digits of a date or period, looked at first because most numbers have none of it.
_MAY_BE_DATE = re.compile(r"\d{1,4}(?: ?[年月季上下个前第的q,-]|[-/.] ?\d|(?:\.|st|nd|rd|th)? ?(?:[-–]|[a-zäö])|\. )|[^\d]")

Reading = tuple[Decimal, Decimal | None, Unit, int]
"""Value, upper end of a range or None, unit, end."""


def digit_date(text: str, at: int, lang: str) -> Reading | None:
    """The date, quarter, half-year or Five-Year Plan that starts with the digit at `at`; None if there is none."""
    if not _MAY_BE_DATE.match(text, at):
        return None
    m = DIGIT_DATE.match(text, at)
    if not m and (m := _GERMAN_DAY.match(text, at)) and _GERMAN_LEAD.search(text, max(0, at - 5), at):
        return _date(None, m["m"], m["d"], None, m.end())
    if m and m.re is DIGIT_DATE:
        g = m.groupdict()
        if g["a6"]:
            first, second = (g["b6"], g["a6"]) if not lang.startswith("de") and int(g["a6"]) <= 12 else (g["a6"], g["b6"])
            return _date(g["y6"], second, first, None, m.end())
        month = g["m1"] or g["m2"] or g["m3"] or g["m5"] or str(MONTHS.get(g["n4"] or "", 0))
        year = g["y1"] or g["y2"] or g["y3"] or g["y4"]
        if year and len(year) == 2:
            year = ("20" if int(year) <= 40 else "19") + year
        found = _date(year, month, g["d1"] or g["d2"] or g["d3"] or g["d4"] or g["d5"], g["e1"] or g["e4"] or g["e5"], m.end())
        if found:
            return found
    return _period(text, at) or _plan(text, at)


def word_date(text: str, at: int) -> Reading | None:
    """The date or period that starts with the Latin letter at `at`."""
    if m := MONTH_DATE.match(text, at):
        year = m["y"] or m["y2"]
        alone = not m["d"] and not year
        if alone:
            led = m["n"] in _WORDS_TOO and _MONTH_LEAD.search(text[max(0, at - 8) : at])
            if not led and m["n"] not in _FULL_NAMES:
                return None
        return _date(year, str(MONTHS[m["n"]]), m["d"], m["e"], at + len(m["n"]) if alone else m.end())
    return _period(text, at) or _plan(text, at)


def han_date(text: str, at: int) -> Reading | None:
    """The date, year, quarter or Five-Year Plan that starts with the Chinese numeral at `at`."""
    if (m := QUARTER.match(text, at)) and m["q"]:
        return _quarter(text, at, m)
    if (m := HAN_DATE.match(text, at)) and (m["d"] or m["y"] or m.group().endswith("份") or m["m"] != "一"):
        day = chinese_number(m["d"]) if m["d"] else None
        year = str(chinese_number(m["y"])) if m["y"] else None
        last = chinese_number(m["e"]) if m["e"] else None
        return _date(year, str(chinese_number(m["m"])), str(day) if day else None, str(last) if last else None, m.end())
    if m := HAN_YEAR.match(text, at):
        return chinese_number(m.group()[:4]) or Decimal(0), None, "year", m.end()
    if m := HAN_PLAN.match(text, at):
        return 10 + (chinese_number(m["c"]) or Decimal(0)), None, "plan", m.end()
    return None


def is_counted(text: str, at: int) -> bool:
    """True if a noun that is counted, or a currency, follows at `at`."""
    word = _AFTER_WORD.match(text, at)
    return bool(word) and (word[1] in _COUNTED_NOUNS or UNITS.get(word[1], ("",))[0] in MONEY)


def year(text: str, at: int, bound: str) -> Reading | None:
    """The year that starts at `at`; None for an amount (`2000 yuan`, `more than 2000`) or a decade (`1990s`)."""
    m = YEAR.match(text, at) or (_EARLY_YEAR.match(text, at) if _YEAR_LEAD.search(text, max(0, at - 8), at) else None)
    if m is None:
        return None
    value, end = Decimal(m["y"] or m["z"]), m.end()
    if m.group()[-1] != "年":
        here = text[end : end + 1]
        if bound in _AMOUNT or (bound == "about" and value % 100 == 0):
            return None
        if (here in COUNTERS and here not in "国市省县区组起部") or (here in "万亿千多余元" and here) or here in ("%", "€", "$", "+"):
            return None
        if _NOT_A_YEAR.match(text, end):
            return None
        word = _AFTER_WORD.match(text, end)
        if word and (word[1] in SCALES or word[1] in ("billion", "trillion") or is_counted(text, end)):
            return None
        if word and word[1] in UNITS and word[1] not in ("t", "h", "g", "m", "w", "mu", "day", "days", "tag", "year", "years"):
            return None
        words = (text[end : end + n] for n in range(1, 5)) if here >= "\u3000" else ()
        if any(w in HAN_UNITS and w[0] not in "年日里" and (w[0] != "人" or PEOPLE.match(text, end)) for w in words):
            return None
    return value, None, "year", end


def _period(text: str, at: int) -> Reading | None:
    if (m := QUARTER.match(text, at)) and (m["q"] or m["r"]):
        return _quarter(text, at, m)
    if m := HALF.match(text, at):
        half = {"上": 1, "下": 2}.get(m["h"] or "") or int(m["i"])
        return Decimal(int(m["y"] or m["z"] or 0) * 10 + half), None, "half", m.end()
    if m := PERIOD.match(text, at):
        number = next(n for word, n in _ORDINALS.items() if m["o"].startswith(word))
        if m["h"] and number > 2:
            return None
        return Decimal(int(m["y"] or 0) * 10 + number), None, "quarter" if m["q"] else "half", m.end()
    return None


def _quarter(text: str, at: int, m: re.Match[str]) -> Reading | None:
    number = int(m["r"]) if m["r"] else int(chinese_number(m["q"]) or 0) if not m["q"].isdigit() else int(m["q"])
    base = int(m["y"] or m["z"] or 0) * 10
    if (m["f"] or text[at - 1 : at] == "前") and number > 1:  # the first three quarters
        return Decimal(base + 1), Decimal(base + number), "quarter", m.end()
    return Decimal(base + number), None, "quarter", m.end()


def _plan(text: str, at: int) -> Reading | None:
    m = PLAN.match(text, at)
    if m is None:
        return None
    if m["w"]:
        number = _PLAN_NUMBERS.get(m["w"]) or _PLAN_NUMBERS.get(m["w"].removesuffix("e"))
    elif m["c"] and not m["c"].isdigit():
        number = int(chinese_number(m["c"]) or 0)
    else:
        number = int(m["n"] or m["c"])
    return (Decimal(number), None, "plan", m.end()) if number else None


def _date(year: str | None, month: str, day: str | None, last: str | None, end: int) -> Reading | None:
    """Month and day must be possible ones; a range of days ascends."""
    if not 1 <= int(month) <= 12 or (day and not 1 <= int(day) <= 31):
        return None
    base = int(year or 0) * 10000 + int(month) * 100
    upper = Decimal(base + int(last)) if last and int(day or 0) < int(last) <= 31 else None
    return Decimal(base + int(day or 0)), upper, "date", end


