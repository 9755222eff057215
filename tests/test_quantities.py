"""Quantities have one canonical value in every language."""

from __future__ import annotations

import datetime
import re
import time
from decimal import Decimal
from fractions import Fraction

import pytest
from fakes import ascending_and_disjoint
from hypothesis import given
from hypothesis import strategies as st
from quantity_cases import CASES

from index.normalise import normalise
from index.quantities import Quantity, agrees, chinese_number, find, terms
from index.quantities.numerals import english_number, german_number, latin_number
from index.quantities.units import BY_MEASURE

BOUNDS = {"": "exact", ">": "above", "<": "below", "~": "about", "≲": "nearly", ">=": "at least", "<=": "at most"}
DURATIONS = ("year", "quarter", "month", "week", "day", "hour", "minute")
MEASURES = {
    f"{measure}s" if measure in DURATIONS else measure: (unit, measure, factor)
    for (unit, measure), factor in BY_MEASURE.items()
    if measure
}


def read(said: str) -> list[tuple]:
    """The quantities of a case, as `facts` gives them."""
    out = []
    for item in filter(None, said.split("; ")):
        bound, number, word = re.fullmatch(r"(>=|<=|[<>~≲]?)(\S+) (\S+)", item).groups()
        unit, measure, factor = MEASURES.get(word, (word, "", Fraction(1)))
        if "/" in number:  # a fraction, of which the value is a percentage
            part, whole = number.split("/")
            out.append((BOUNDS[bound], unit, number, [Decimal(part) * 100 / int(whole)]))
            continue
        values = [Decimal(n) * factor.numerator / factor.denominator for n in number.split("..")]
        out.append((BOUNDS[bound], unit, measure, values))
    return out


def facts(quantity: Quantity) -> tuple:
    ends = [quantity.value] if quantity.upper is None else [quantity.value, quantity.upper]
    counter = len(quantity.measure) == 1 and quantity.measure > "\u3400"
    return (quantity.bound, quantity.unit, "" if counter else quantity.measure, ends)


@pytest.mark.parametrize(("lang", "text", "said"), CASES)
def test_find_gives_canonical_values(lang, text, said):
    assert [facts(q) for q in find(text, lang)] == read(said)


def test_the_cases_of_each_script_hold_quantities_and_what_is_none():
    for lang in ("de", "en", "zh-Hans", "zh-Hant"):
        said = [said for tag, _, said in CASES if tag == lang]
        assert len(said) >= 40 and said.count("") >= 5


@pytest.mark.parametrize(
    ("lang", "text", "quote"),
    [
        ("de", "Wuhan erreichte 1,1 Billionen Yuan, mehr nicht.", "1,1 Billionen Yuan"),
        ("en", "exceed 200 billion yuan by then", "200 billion yuan"),
        ("en", "it cost about US$3.2m.", "US$3.2m"),
        ("zh-Hans", "规模超两千亿元。", "两千亿元"),
        ("zh-Hant", "產(chǎn)業(yè)規(guī)模達(dá)200億元,", "200億元"),
        ("zh-Hans", "约３５％左右", "３５％"),
        ("zh-Hans", "超2400家企业", "2400"),
        ("zh-Hans", "2025年第一季度", "2025年第一季度"),
        ("de", "etwa 80 % davon", "80 %"),
        ("de", "am 3.–5. März 2026 in Wuhan", "3.–5. März 2026"),
        ("en", "from two to three years", "three years"),
        ("en", "takes two to three years", "two to three years"),
        ("zh-Hans", "“十四五”目标", "十四五"),
    ],
)
def test_a_span_covers_the_original_characters(lang, text, quote):
    assert quote in [q.span.of(text) for q in find(text, lang)]


# What is one thing in several languages: all of them have the terms of the first.
SAME = [
    (("de", "über 200 Milliarden Yuan"), ("en", "RMB 200bn"), ("zh-Hans", "超两千亿元"), ("zh-Hant", "2,000億")),
    (("de", "15.000 Petaflops"), ("en", "15 exaflops"), ("zh-Hans", "1.5万P算力")),
    (("de", "zwölf Städte"), ("en", "a dozen cities"), ("zh-Hans", "十二个城市"), ("zh-Hant", "12個城市")),
    (("de", "30 Prozent"), ("en", "30%"), ("zh-Hans", "三成"), ("zh-Hant", "百分之三十")),
    (("de", "ein Drittel"), ("en", "one third"), ("zh-Hans", "三分之一")),
    (("de", "anderthalb Jahre"), ("en", "18 months"), ("zh-Hans", "一年半"), ("zh-Hant", "18個月")),
    (("de", "3. Februar 2026"), ("en", "Feb. 3, 2026"), ("zh-Hans", "2026年2月3日"), ("de", "3.2.2026"), ("en", "2026-02-03")),
    (("de", "Februar 2026"), ("en", "February 2026"), ("zh-Hans", "2026年2月")),
    (("de", "erstes Quartal 2025"), ("en", "Q1 2025"), ("zh-Hans", "2025年第一季度")),
    (("de", "1. Halbjahr 2025"), ("en", "first half of 2025"), ("zh-Hant", "2025年上半年")),
    (("de", "14. Fünfjahresplan"), ("en", "14th Five-Year Plan"), ("zh-Hans", "“十四五”"), ("zh-Hant", "第十四個五年規劃")),
    (("de", "15 Hektar"), ("en", "0.15 square kilometres"), ("zh-Hans", "225亩")),
    (("de", "500 Meter"), ("en", "0.5 km"), ("zh-Hans", "1里路")),
    (("de", "10 bis 15 Prozent"), ("en", "10–15%"), ("zh-Hans", "10至15%")),
    (("de", "2026–2028"), ("en", "from 2026 to 2028"), ("zh-Hans", "2026年至2028年")),
]


@pytest.mark.parametrize("writings", SAME, ids=lambda w: w[0][1])
def test_two_spellings_of_one_value_have_the_same_terms(writings):
    first = terms(writings[0][1], writings[0][0])
    assert first and all(terms(text, lang) == first for lang, text in writings)


def test_different_values_have_different_terms():
    lines = [terms(text, lang) for (lang, text), *_ in SAME]
    assert len({t for line in lines for t in line if not t.endswith("y")}) == sum(
        1 for line in lines for t in line if not t.endswith("y")
    )


def one(text: str, lang: str = "en") -> Quantity:
    (quantity,) = find(text, lang)
    return quantity


@pytest.mark.parametrize(
    ("stated", "given", "right"),
    [
        ("200 billion yuan", "more than 200 billion yuan", True), ("200 billion", "200 billion yuan", True),
        ("200 billion dollars", "200 billion yuan", False), ("300 billion yuan", "200 billion yuan", False),
        ("20%", "20 firms", False), ("20%", "20%", True), ("20 percentage points", "20%", True),
        ("3 February 2026", "February 3", True), ("3 February 2026", "2026", True), ("3 February 2026", "2025", False),
        ("3 February 2026", "3 February 2025", False), ("2026", "3 February 2026", True), ("February 2026", "3 February 2026", True),
        ("4 February", "3 February", False), ("Q1 2025", "Q2 2025", False), ("Q1 2025", "the first quarter", True),
        ("2028", "2026-2028", True), ("2027", "2026-2028", False), ("10 to 15 firms", "10 to 15 firms", True),
        ("10 to 15 firms", "10 to 16 firms", False), ("3 years", "36 months", True), ("2000 km", "2000 yuan", False),
    ],
)
def test_what_is_stated_agrees_with_what_is_given(stated, given, right):
    assert agrees(one(stated), one(given)) is right


def spoken(n: int) -> str:
    """`n` as a Chinese numeral, by the definition: digits with their steps, a zero for a gap, groups of four."""
    def section(n: int) -> str:
        out, zero = "", False
        for step, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, value = divmod(n, step)
            n = value
            if digit:
                out += ("零" if zero and out else "") + "零一二三四五六七八九"[digit] + name
                zero = False
            else:
                zero = True
        return out

    out = ""
    for base, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part, n = divmod(n, base)
        if part:
            out += ("零" if out and part < 1000 else "") + section(part) + name
    return out or "零"


@given(st.integers(0, 10**12 - 1))
def test_chinese_number_reads_what_division_writes(n):
    assert chinese_number(spoken(n)) == n


@pytest.mark.parametrize(
    ("text", "value"),
    [("两千亿", 2 * 10**11), ("一百零五", 105), ("三万", 30000), ("十二", 12), ("二十", 20), ("万亿", 10**12), ("百亿亿", 10**18),
     ("两千零一", 2001), ("一万零三百", 10300), ("三万五", 35000), ("一百五", 150), ("廿五", 25), ("壹佰贰拾叁", 123), ("二〇二五", 2025),
     ("三点五亿", 350_000_000), ("零点零五", Decimal("0.05")), ("〇", 0), ("", None), ("三五", None), ("三点", None), ("元", None)],
)
def test_chinese_number_reads_common_forms(text, value):
    assert chinese_number(text) == value


ENGLISH_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
GERMAN_ONES = "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn".split()
GERMAN_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()


def english(n: int) -> str:
    """`n` from 1 to 999,999 in English words, by the definition."""
    if n >= 1000:
        return f"{english(n // 1000)} thousand" + (f" {english(n % 1000)}" if n % 1000 else "")
    if n >= 100:
        return f"{ENGLISH_ONES[n // 100]} hundred" + (f" and {english(n % 100)}" if n % 100 else "")
    return ENGLISH_ONES[n] if n < 20 else ENGLISH_TENS[n // 10 - 2] + (f"-{ENGLISH_ONES[n % 10]}" if n % 10 else "")


def german(n: int) -> str:
    """`n` from 1 to 999,999 as one German word, by the definition."""
    if n >= 1000:
        return f"{german(n // 1000)}tausend" + (german(n % 1000) if n % 1000 else "")
    if n >= 100:
        return f"{GERMAN_ONES[n // 100]}hundert" + (german(n % 100) if n % 100 else "")
    if n < 20:
        return GERMAN_ONES[n]
    return (f"{GERMAN_ONES[n % 10]}und" if n % 10 else "") + GERMAN_TENS[n // 10 - 2]


@given(st.integers(2, 999_999))
def test_number_words_are_read_as_they_are_formed(n):
    assert english_number(english(n)) == n == german_number(german(n).replace("ß", "ss"))
    assert one(f"There are {english(n)} firms.").value == n
    assert one(f"Es gibt {german(n)} Firmen.", "de").value == n


@pytest.mark.parametrize(
    ("digits", "german_value", "english_value"),
    [("1.500", "1500", "1.5"), ("1,500", "1.5", "1500"), ("1.5", "1.5", "1.5"), ("1,5", "1.5", "1.5"), ("0.500", "0.5", "0.5"),
     ("1.234,5", "1234.5", "1234.5"), ("1,234.5", "1234.5", "1234.5"), ("1.234.567", "1234567", "1234567"),
     ("1234.567", "1234.567", "1234.567"), ("10 000", "10000", "10000"), ("10'000", "10000", "10000"), ("1.2.3", None, None),
     ("1.234,567.8", None, None), ("1.23,4", None, None)],
)
def test_separators_are_read_by_language_only_where_they_do_not_speak_for_themselves(digits, german_value, english_value):
    for lang, value in (("de", german_value), ("en", english_value)):
        assert latin_number(digits, lang) == (None if value is None else Decimal(value))


LOCALES = {"de_DE": "de", "de_AT": "de", "en_US": "en", "en_GB": "en", "zh_Hans_CN": "zh-Hans", "zh_Hant_TW": "zh-Hant"}
AMOUNTS = st.decimals(min_value=1, max_value=999_999_999, places=2).map(Decimal.normalize)


@given(AMOUNTS, st.sampled_from(sorted(LOCALES)))
def test_a_number_written_by_any_locale_is_read_back(amount, locale):
    numbers = pytest.importorskip("babel.numbers")
    written = numbers.format_decimal(amount, locale=locale, decimal_quantization=False)
    text = {"de": f"Es sind {written} km.", "en": f"It is {written} km."}.get(LOCALES[locale], f"共{written}公里。")
    assert (one(text, LOCALES[locale]).value, one(text, LOCALES[locale]).unit) == (amount, "km")


@given(st.decimals(min_value=0, max_value=1000, places=1).map(Decimal.normalize), st.sampled_from(sorted(LOCALES)))
def test_a_percentage_written_by_any_locale_is_read_back(percent, locale):
    numbers = pytest.importorskip("babel.numbers")
    written = numbers.format_percent(percent / 100, locale=locale, decimal_quantization=False)
    assert (one(f"({written})", LOCALES[locale]).value, one(f"({written})", LOCALES[locale]).unit) == (percent, "percent")


@given(AMOUNTS, st.sampled_from(sorted(LOCALES)), st.sampled_from(["CNY", "USD", "EUR", "GBP"]))
def test_money_written_by_any_locale_is_read_back(amount, locale, currency):
    numbers = pytest.importorskip("babel.numbers")
    amount = round(amount, 2)
    written = numbers.format_currency(amount, currency, locale=locale)
    assert [(q.value, q.unit) for q in find(written, LOCALES[locale])] == [(amount, currency)]


@given(st.integers(1, 999), st.integers(3, 12), st.sampled_from(sorted(LOCALES)))
def test_a_scale_written_by_any_locale_is_read_back(n, exponent, locale):
    numbers = pytest.importorskip("babel.numbers")
    amount = n * 10**exponent
    style = "short" if locale.startswith("zh") else "long"  # Chinese has one form only
    written = numbers.format_compact_decimal(amount, format_type=style, locale=locale, fraction_digits=2)
    assert one(f"({written})", LOCALES[locale]).value == amount


@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2099, 12, 31)), st.sampled_from(sorted(LOCALES)), st.sampled_from(["long", "medium"]))
def test_a_date_written_by_any_locale_is_read_back(date, locale, style):
    dates = pytest.importorskip("babel.dates")
    written = dates.format_date(date, style, locale=locale)
    (read_back,) = find(f"({written})", LOCALES[locale])
    assert (read_back.value, read_back.unit) == (Decimal(f"{date:%Y%m%d}"), "date")


PIECES = st.sampled_from(
    ["12", "1,1", "1.000", ".", ",", " ", "亿", "万", "千", "百分之", "%", "元", "年", "月", "日", "3. Februar", "Milliarden", "billion",
     "$", "零", "十", "2028", "多", "-", "二", "½", "²", "Ⅷ", "٣", "１", "⁄", "'", "分之", "成", "半", "点", "壹", "佰", "参", "兆", "第", "季度",
     "上半年", "h1 2025", "q3", "two", "hundred", "zwei", "und", "drei", "hundert", "tausend", "fünf", "Five-Year Plan", "to", "bis", "至",
     "between", "mehr als ", "超", "左右", "家", "m", "G", "km²", "per cent", "a dozen", "Hälfte", "one third", "May", "im ", "tel. ", "+",
     "/", ":", "www.", "@", "\u200b", "\ud800", "0", "00", "９", "廿", "○", "·"]
)
LANGS = st.sampled_from(["de", "en", "zh-Hans", "zh-Hant", "und"])


@given(st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=15).map("".join), LANGS)
def test_any_text_gives_finite_values_at_disjoint_places(text, lang):
    found = find(text, lang)
    assert all(q.value.is_finite() and q.value >= 0 and len(q.span) and q.span.end <= len(text) for q in found)
    assert all(q.upper is None or q.upper > q.value for q in found)
    assert all(term.startswith("#") for q in found for term in q.terms) and all(q.kind for q in found)
    assert [q.span.start for q in found] == sorted(q.span.start for q in found)
    starts = normalise(text).starts
    if len(set(starts)) == len(starts):  # no character folds to several, as ½ does
        assert ascending_and_disjoint([q.span for q in found])


@pytest.mark.parametrize(
    "piece",
    ["1", "1,", "1.234,", "12 345 ", "一", "十", "千", "万亿", "两三", "百分之", "dreizehn", "einund", "hundert", "two ", "twenty-",
     "a hundred ", "a", " ", "$", "http://", "1-", "2026-", "10 to ", "over ", "über", "第", "上半年", "January ", "3.", "1/", "个", "人", ":",
     "tel 1-", "0-", "分之"],
)
def test_a_long_text_takes_time_in_proportion(piece):
    def seconds(repeats: int) -> float:
        took = []
        for again in range(3):
            text = piece * repeats + " x" * again  # a text of its own each time, for results are kept
            normalise(text)
            began = time.process_time()
            find(text, "de")
            took.append(time.process_time() - began)
        return min(took)

    size = 3_000 // len(piece)
    assert seconds(8 * size) < 32 * max(seconds(size), 0.01)  # eight times the text; a square would be 64 times
