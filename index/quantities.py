"""Numbers, money, percentages, dates and years in German, English and Chinese text, by canonical value.

`200 billion yuan`, `200 Milliarden Yuan`, `2000亿元` and `两千亿元` are one quantity: 2e11 CNY.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from index.normalise import normalise
from index.types import Span

Unit = Literal["number", "percent", "CNY", "USD", "EUR", "km", "flops", "duration", "year", "date"]

# The long scale of German against the short scale of English: "Billion" alone depends on the language of the text.
_SCALES = {
    "tausend": 3, "tsd": 3, "thousand": 3, "mio": 6, "million": 6, "millionen": 6, "millions": 6, "mrd": 9,
    "milliarde": 9, "milliarden": 9, "bn": 9, "billions": 9, "billionen": 12, "bio": 12, "trillion": 12,
    "trillions": 12, "hundert": 2, "hundred": 2,
    "百": 2, "千": 3, "万": 4, "亿": 8, "百万": 6, "千万": 7, "万亿": 12, "千亿": 11, "百亿": 10, "十亿": 9, "兆": 12,
}
_CN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_CN_STEPS = {"十": 1, "百": 2, "千": 3}
_UNITS: tuple[tuple[str, Unit, int], ...] = (
    (r"%|percent\b|per cent\b|prozent\w*|个百分点", "percent", 0),
    (r"yuan\b|rmb\b|renminbi\b|cny\b|元人民币|人民币|元(?!宇宙)", "CNY", 0),
    (r"us[- ]?dollars?\b|dollars?\b|usd\b|美元", "USD", 0),
    (r"euros?\b|eur\b|欧元", "EUR", 0),
    (r"km\b|kilomet\w+|公里|千米", "km", 0),
    (r"年(?!代)|个月|years?\b|months?\b|jahren?\b|jahre\b|monaten?\b|monate\b|tagen?\b|days?\b|天", "duration", 0),
    (r"pflops?\b|petaflops?\b", "flops", 15),
    (r"eflops?\b|exaflops?\b", "flops", 18),
)
_UNIT = re.compile("|".join(f"(?P<u{i}>{pattern})" for i, (pattern, _, _) in enumerate(_UNITS)))
_SIGNS = {"$": "USD", "€": "EUR", "¥": "CNY"}
_LATIN_SCALE = (
    r"tausend|tsd\.?|thousand|million(?:en|s)?|mio\.?|milliarden?|mrd\.?|billion(?:en|s)?|bn|bio\.?|trillions?|"
    r"hundred|hundert"
)
_NUMBER = re.compile(
    rf"(?P<pct>百分之)?(?P<sign>[$€¥]\s?)?(?<![a-z\d])(?<!\d[.,])(?P<num>\d+(?:[.,'’]\d+| \d{{3}}(?!\d))*)"
    rf"(?P<more>多|余|来)?"
    rf"(?:\s?(?P<scale>万亿|千亿|百亿|十亿|千万|百万|[百千万亿兆])|\s?-?(?P<word>{_LATIN_SCALE})(?![a-zäöüß]))?"
)
# "1999 million", "2000 Yuan" and "$2000" are amounts, not years.
_AMOUNT_AFTER = re.compile(rf"\s?-?(?:(?!tausend|thousand|hund)(?:{_LATIN_SCALE})(?![a-zäöüß])|{_UNIT.pattern})")
_CHINESE = re.compile(r"(?P<pct>百分之)?(?P<num>[零〇一二两三四五六七八九十百千]*[一二两三四五六七八九十百千][零〇一二两三四五六七八九十百千万亿]*)")
# Small numbers in words; "one" is left out, for it is an article or a pronoun more often than a number.
_WORDS = {
    word: i
    for i, words in enumerate(
        (
            "two zwei", "three drei", "four vier", "five fünf", "six sechs", "seven sieben", "eight acht", "nine neun",
            "ten zehn", "eleven elf", "twelve zwölf",
        ),
        start=2,
    )
    for word in words.split()
}
_WORD = re.compile(rf"(?<![\w-])(?P<num>{'|'.join(_WORDS)})(?![\w-])")
_COUNTED = re.compile(r"(?P<num>[二两三四五六七八九十])(?=个|家|大(?!学)|项|类|款|座|种|条|地|市|所)")
_MONTHS = {
    name: i + 1
    for i, names in enumerate(
        (
            "january januar jänner jan", "february februar feb", "march märz mar mär", "april apr", "may mai",
            "june juni jun", "july juli jul", "august aug", "september sep sept", "october oktober oct okt",
            "november nov", "december dezember dec dez",
        )
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?P<y>(?:19|20)\d\d)"
_DATES = (
    re.compile(rf"(?:{_YEAR}\s?年\s?)?(?<!\d)(?P<m>\d{{1,2}})\s?月\s?(?P<d>\d{{1,2}})\s?[日号]"),
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th)?\s(?:of\s)?(?P<month>{_MONTH})\b\.?(?:,?\s{_YEAR})?"),
    re.compile(rf"\b(?P<month>{_MONTH})\.?\s(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s{_YEAR})?"),
    re.compile(rf"(?<!\d){_YEAR}-(?P<m>\d{{2}})-(?P<d>\d{{2}})(?!\d)"),
)
_YEAR_ALONE = re.compile(r"(?<!\d)(?<!\d[.,])(?P<y>(?:19|20)\d\d)(?:\s?年(?!代)|(?![\d]|[.,]\d|\s?(?:万|亿|千|多|余|家|个|元|%)))")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A canonical value and where it stands in the text given. For `date`, the value is month * 100 + day."""

    value: Decimal
    unit: Unit
    span: Span

    @property
    def term(self) -> str:
        """A lexical term equal for equal values, whatever the language: `#2e11`, `#2028y`, `#02-03`."""
        if self.unit == "date":
            return f"#{int(self.value) // 100:02d}-{int(self.value) % 100:02d}"
        if self.unit == "year":
            return f"#{self.value}y"
        return f"#{self.value.normalize():E}" + ("%" if self.unit == "percent" else "")


def find(text: str, lang: str) -> list[Quantity]:
    """The quantities of `text` in order, without overlaps. `lang` decides what separators and "Billion" mean.

    Longest readings first: a date's day is not a number too, nor is a year of a date. A Chinese numeral counts only
    with a scale in it or a unit behind it (一 in 一些 is not a quantity).
    """
    folded = normalise(text)
    found: list[Quantity] = []
    taken = [False] * len(folded.text)

    def add(value: Decimal, unit: Unit, start: int, end: int) -> None:
        if not any(taken[start:end]):
            taken[start:end] = [True] * (end - start)
            found.append(Quantity(value, unit, folded.original(Span(start, end))))

    for pattern in _DATES:
        for m in pattern.finditer(folded.text):
            groups = m.groupdict()
            month = int(groups["m"]) if groups.get("m") else _MONTHS[groups["month"]]
            if 1 <= month <= 12 and 1 <= int(m["d"]) <= 31:
                add(Decimal(month * 100 + int(m["d"])), "date", *m.span())
                if m["y"]:
                    found.append(Quantity(Decimal(m["y"]), "year", folded.original(Span(*m.span("y")))))
    for m in _YEAR_ALONE.finditer(folded.text):
        signed = folded.text[max(0, m.start() - 2) : m.start()].rstrip()[-1:] in _SIGNS
        if signed or (m.group()[-1] != "年" and _AMOUNT_AFTER.match(folded.text, m.end())):
            continue
        add(Decimal(m["y"]), "year", *m.span())
    for m in _NUMBER.finditer(folded.text):
        value = _latin_number(m["num"], lang)
        if value is None:
            continue
        scale = _SCALES.get(m["scale"] or "", 0)
        if m["word"]:
            word = m["word"].rstrip(".")
            scale = 12 if word == "billion" and lang.startswith("de") else 9 if word == "billion" else _SCALES[word]
        _add_with_unit(folded.text, m, value.scaleb(scale), add)
    for m in _CHINESE.finditer(folded.text):
        value = chinese_number(m["num"])
        if value is not None and (m["pct"] or (any(c in "十百千万亿" for c in m["num"]) and len(m["num"]) > 1)):
            _add_with_unit(folded.text, m, value, add)
    for pattern in (_WORD, _COUNTED):
        for m in pattern.finditer(folded.text):
            value = Decimal(_WORDS[m["num"]]) if m["num"] in _WORDS else chinese_number(m["num"])
            _add_with_unit(folded.text, m, value, add)
    return sorted(found, key=lambda q: (q.span.start, q.span.end))


def _add_with_unit(text: str, m: re.Match[str], value: Decimal, add) -> None:
    groups = m.groupdict()
    unit: Unit = "percent" if groups.get("pct") else "number"
    end = m.end()
    signed = groups.get("sign")
    if signed:
        unit = _SIGNS[signed.strip()]
    after = re.compile(r"[多余]?\s?-?").match(text, end).end()
    if not signed and (u := _UNIT.match(text, after)):
        _, unit, exponent = _UNITS[int(u.lastgroup[1:])]
        value = value.scaleb(exponent)
        end = u.end()
    elif not signed and text[end : end + 1].isascii() and text[end : end + 1].isalpha():
        return  # the 5 of "5G"
    add(value, unit, m.start(), end)


def _latin_number(digits: str, lang: str) -> Decimal | None:
    """`1.500` is 1500 in German and 1.5 in English; `1,1` and `1.1` are 1.1 wherever three digits do not follow."""
    digits = re.sub(r"['’ ]", " ", digits)
    if " " in digits:
        head, *groups = digits.split(" ")
        if not all(len(g) == 3 and g.isdigit() for g in groups):
            digits = head
        digits = digits.replace(" ", "")
    separators = [c for c in digits if c in ".,"]
    if not separators:
        return Decimal(digits)
    thousands, decimal = (".", ",") if lang.startswith("de") else (",", ".")
    if len(set(separators)) == 2:
        decimal = separators[-1]
        thousands = "." if decimal == "," else ","
    elif len(separators) > 1 or not re.fullmatch(r"\d{1,3}[.,]\d{3}", digits):
        groups = re.split(r"[.,]", digits)
        if len(separators) == 1:
            thousands, decimal = "", separators[0]
        elif all(len(g) == 3 for g in groups[1:]):
            thousands, decimal = separators[0], ""
        else:
            return None
    plain = digits.replace(thousands, "") if thousands else digits
    return Decimal(plain.replace(decimal, ".") if decimal else plain)


def chinese_number(text: str) -> Decimal | None:
    """The value of a Chinese numeral in simplified characters (`两千亿`, `一百零五`, `三万`); None if it is not one."""
    total = section = Decimal(0)
    digit: int | None = None
    for c in text:
        if c in _CN_DIGITS:
            if digit is not None and digit != 0 and _CN_DIGITS[c] != 0:
                return None
            digit = _CN_DIGITS[c]
        elif c in _CN_STEPS:
            section += Decimal(1 if digit is None else digit).scaleb(_CN_STEPS[c])
            digit = None
        else:
            section += digit or 0
            digit = None
            if c == "亿":
                total = (total + section).scaleb(8) if section or total else Decimal(10**8)
            else:
                total += (section or Decimal(1)).scaleb(4)
            section = Decimal(0)
    value = total + section + (digit or 0)
    return value if text else None
