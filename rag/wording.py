"""Figures, dates and names as the asker's language writes them, and the sentence that leads to a quotation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest

from index.languages import to_traditional
from index.normalise import fold
from index.quantities import Quantity
from index.quantities.units import BY_MEASURE
from rag.measures import BOUNDS, MEASURES, MONEY, PARTS, SCALES
from rag.messages import written_language

Said = Quantity | str
"""What an answer says: a quantity, or a name as it is to be written."""

_DECIMALS = 3  # more of them behind a scale word read worse than the number in full
_TO = {"en": " to ", "de": " bis ", "zh": "至"}
_MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
}
_ORDINALS = ("first", "second", "third", "fourth")
_HAN = "零一二三四五六七八九十"


def written_in(quantity: Quantity, lang: str) -> str:
    """A quantity as `lang` writes it, bound and range included: `über 200 Milliarden Yuan`, `more than 200 billion yuan`,
    `超过2000亿元`, `3. Februar 2026`, `2026年2月3日`, `10 bis 15 %`, `18 Monate`. Counters stay where Chinese asks (`2400家`).

    `find(written_in(q, lang), lang)` gives value, unit, bound and range of `q` again; only fractions without a name
    (`3/7`) are rounded, and a month alone that is also a word (`May`) needs its sentence to be read again.
    """
    lang = written_language(lang)
    tag = lang[:2]
    if quantity.kind == "time":
        text = _calendar(quantity, tag)
    else:
        text = BOUNDS[tag].get(quantity.bound, "") + _amount(quantity, tag)
    return to_traditional(text) if lang == "zh-Hant" else text


def _amount(q: Quantity, tag: str) -> str:
    if q.unit == "percent" and "/" in q.measure:
        if tag == "zh":
            part, whole = q.measure.split("/")
            return "一半" if q.measure == "1/2" else f"{_han(whole)}分之{_han(part)}"
        if q.measure in PARTS[tag]:
            return PARTS[tag][q.measure]
        q = Quantity(round(q.value, 1), "percent", q.span)
    factor, one, several = _names(q, tag)
    ends = [v if factor == 1 else v * factor.denominator / factor.numerator for v in _ends(q)]
    years = tag == "zh" and (several == "年" or not several)
    scales = [_scaled(v, tag) for v in ends]
    if scales[-1][1] and not scales[0][1]:  # "9 to 12 million" would lend its scale to the first
        scales[-1] = (ends[-1], "")
    numbers = [_number(v, tag, years) for v, _ in scales]
    name = one if ends[-1] == 1 else several
    last = scales[-1][1] + name
    if len(ends) == 1:
        return numbers[0] + last
    first = scales[0][1] if tag == "zh" or scales[0][1].strip() != scales[-1][1].strip() else ""
    return numbers[0] + first + (name if name.strip() == "%" and tag != "de" else "") + _TO[tag] + numbers[1] + last


def _names(q: Quantity, tag: str) -> tuple[Fraction, str, str]:
    """How much of the unit the measure written is, and its name for one and for several."""
    column = {"en": 0, "de": 2, "zh": 4}[tag]
    if q.unit == "percent":
        names = {"en": "%", "de": " %", "zh": "%"}[tag]
        if q.measure == "point":
            points = {"en": (" percentage point", " percentage points"), "de": (" Prozentpunkt", " Prozentpunkte"), "zh": ("个百分点",) * 2}
            return Fraction(1), *points[tag]
        return Fraction(1), names, names
    if q.unit in MONEY[tag]:
        one, several = MONEY[tag][q.unit]
    elif q.unit in MEASURES:
        known = MEASURES[q.unit]
        measure = q.measure if q.measure in known else _fitting(q)
        names = known[measure]
        one, several = names[column], names[min(column + 1, 4)]
        return BY_MEASURE[q.unit, measure], *(n if tag == "zh" else f" {n}" for n in (one, several))
    elif q.measure == "times":
        one, several = {"en": ("times", "times"), "de": ("fach", "fach"), "zh": ("倍", "倍")}[tag]
        return Fraction(1), *(("-" if tag == "de" else " " if tag == "en" else "") + n for n in (one, several))
    elif q.measure == "people":
        return Fraction(1), *{"en": (" person", " people"), "de": (" Person", " Personen"), "zh": ("人", "人")}[tag]
    else:
        counter = q.measure if tag == "zh" else ""
        return Fraction(1), counter, counter
    return Fraction(1), *(n if tag == "zh" else f" {n}" for n in (one, several))


def _fitting(q: Quantity) -> str:
    """The measure in which the value needs the fewest digits, the largest of several."""
    def digits(measure: str) -> tuple[int, int, Fraction]:
        factor = BY_MEASURE[q.unit, measure]
        value = (q.value * factor.denominator / factor.numerator).normalize()
        return (max(-value.as_tuple().exponent, 0), len(f"{value:f}"), -factor)

    return min((m for m in MEASURES[q.unit] if (q.unit, m) in BY_MEASURE and m != "quarter"), key=digits)


def _ends(q: Quantity) -> tuple[Decimal, ...]:
    return (q.value,) if q.upper is None else (q.value, q.upper)


def _scaled(value: Decimal, tag: str) -> tuple[Decimal, str]:
    """`value` in the largest scale of the language that leaves few decimals, and the name of the scale."""
    for exponent, one, several in SCALES[tag]:
        if value >= Decimal(10) ** exponent:
            scaled = value.scaleb(-exponent).normalize()
            if -scaled.as_tuple().exponent <= _DECIMALS:
                return scaled, one if scaled == 1 else several
    return value, ""


def _number(value: Decimal, tag: str, years: bool) -> str:
    """Digits with the language's separators. Chinese groups only what would look like a year."""
    plain = f"{value.normalize():f}"
    if tag == "zh":
        return f"{value.normalize():,f}" if (years and len(plain) == 4) or value >= 10**8 else plain
    grouped = f"{value.normalize():,f}"
    return grouped.translate(str.maketrans(",.", ".,")) if tag == "de" else grouped


def _han(number: str) -> str:
    return _HAN[int(number)] if number.isdigit() and int(number) <= 10 else number


def _calendar(q: Quantity, tag: str) -> str:
    ends = [int(v) for v in _ends(q)]
    if q.unit == "date":
        return _dates(ends, tag)
    write = {"year": _year, "quarter": _quarter, "half": _half, "plan": _plan}[q.unit]
    joint = "–" if q.unit == "year" and tag != "zh" else _TO[tag]
    return joint.join(write(end, tag) for end in ends)


def _dates(ends: list[int], tag: str) -> str:
    first, last = ends[0], ends[-1]
    if len(ends) == 2 and first // 100 == last // 100 and first % 100:
        whole = _day(last, tag)
        if tag == "zh":
            return f"{_day(first, tag)}至{last % 100}日"
        return f"{first % 100}.–{whole}" if tag == "de" else f"{first % 100}–{whole}"
    return _TO[tag].join(_day(end, tag) for end in ends)


def _day(value: int, tag: str) -> str:
    year, month, day = value // 10000, value // 100 % 100, value % 100
    if tag == "zh":
        return (f"{year}年" if year else "") + f"{month}月" + (f"{day}日" if day else "" if year else "份")
    name = _MONTHS[tag][month - 1] + (f" {year}" if year else "")
    return f"{day}. {name}" if day and tag == "de" else f"{day} {name}" if day else name


def _year(value: int, tag: str) -> str:
    return f"{value}年" if tag == "zh" else str(value)


def _quarter(value: int, tag: str) -> str:
    year, number = divmod(value, 10)
    if tag == "zh":
        return (f"{year}年" if year else "") + f"第{_HAN[number]}季度"
    if tag == "de":
        return f"{number}. Quartal" + (f" {year}" if year else "")
    return f"{_ORDINALS[number - 1]} quarter" + (f" of {year}" if year else "")


def _half(value: int, tag: str) -> str:
    year, number = divmod(value, 10)
    if tag == "zh":
        return (f"{year}年" if year else "") + ("上" if number == 1 else "下") + "半年"
    if tag == "de":
        return f"{number}. Halbjahr" + (f" {year}" if year else "")
    return f"{_ORDINALS[number - 1]} half of " + (str(year) if year else "the year")


def _plan(value: int, tag: str) -> str:
    if tag == "zh":
        return f"“十{_HAN[value - 10]}五”" if 11 <= value <= 16 else f"第{_han(str(value))}个五年计划"
    return f"{value}. Fünfjahresplan" if tag == "de" else f"{value}th Five-Year Plan"


# What stands before a quotation, for one thing said and for several.
_LEADS = {
    "en": {"figure": ("The figure given is {}:", "The figures given are {}:"), "time": ("The time given is {}:", "The dates given are {}:"),
           "name": ("The article names {}:",) * 2},
    "de": dict.fromkeys(("figure", "time", "name"), ("Genannt wird {}:", "Genannt werden {}:")),
    "zh": {"figure": ("文中给出的数字是{}：",) * 2, "time": ("文中给出的时间是{}：",) * 2, "name": ("文中提到的是{}：",) * 2},
}  # fmt: skip
_ORIGINAL = {"en": " (in the original: {})", "de": " (im Original: {})", "zh": "（原文：{}）"}
_LIST = {"en": (", ", " and "), "de": (", ", " und "), "zh": ("、", "和")}
_GERMAN_ARTICLES = {"date": "der ", "year": "das Jahr ", "quarter": "das ", "half": "das ", "plan": "der "}


def lead(said: Sequence[Said], lang: str, originals: Sequence[str] = ()) -> str:
    """The sentence of `lang` that says what was found and leads to the quotation, with a colon at its end and no white
    space after it: `Genannt werden über 200 Milliarden Yuan (im Original: 2000亿元):`.

    `said` are figures, dates or names in the order in which they are to stand, names as `lang` is to write them;
    `originals`, one for each where given, is how the article writes it, shown where that looks different. Empty if
    nothing is said.
    """
    if not said:
        return ""
    lang = written_language(lang)
    tag = lang[:2]
    items = []
    for item, original in zip_longest(said, originals[: len(said)], fillvalue=""):
        text = _named(item, lang)
        shown = bool(original) and not _alike(item, text, original)
        items.append(text + (_localised(_ORIGINAL[tag], lang).format(original.strip()) if shown else ""))
    comma, last = _LIST[tag]
    listed = comma.join(items[:-1]) + (last if len(items) > 1 else "") + items[-1]
    kinds = {"name" if isinstance(item, str) else "time" if item.kind == "time" else "figure" for item in said}
    kind = kinds.pop() if len(kinds) == 1 else "name"
    several = len(said) > 1 or (tag == "de" and not isinstance(said[0], str) and _is_plural(said[0]))
    return _localised(_LEADS[tag][kind][several], lang).format(listed)


def _localised(template: str, lang: str) -> str:
    return to_traditional(template) if lang == "zh-Hant" else template


def _named(item: Said, lang: str) -> str:
    if isinstance(item, str):
        return item
    text = written_in(item, lang)
    if lang == "de" and item.kind == "time":
        return ("der Zeitraum " if item.upper is not None else _GERMAN_ARTICLES[item.unit]) + text
    if lang == "en" and item.unit in ("quarter", "half", "plan") and item.upper is None:
        return f"the {text}"
    return text


def _is_plural(quantity: Quantity) -> bool:
    """True if German has the verb in the plural: `werden 35 %`, but `wird 1 Milliarde`, `wird ein Drittel`."""
    if quantity.kind == "time":
        return False
    if "/" in quantity.measure:
        return not quantity.measure.startswith("1/")
    return quantity.upper is not None or not re.match(r"(?:\D+ )?1 ", written_in(quantity, "de"))


def _alike(item: Said, text: str, original: str) -> bool:
    """True if a reader needs no translation: years, and the same figure with other separators or a bound."""
    if isinstance(item, str):
        return fold(text) == fold(original)
    bare = _digits(original).rstrip("%")  # without a bound, which stands beside it: `2800` of 超2800家
    return item.unit == "year" or _digits(text) == _digits(original) or (bare.isdigit() and re.sub(r"\D", "", text) == bare)


def _digits(text: str) -> str:
    """A number without its separators and counters: `2.000`, `2,000` and `2000` look alike."""
    return re.sub(r"[\s.,]|[多余餘家个個]$", "", text)
