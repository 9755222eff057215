"""Quantities have one canonical value in every language."""

from __future__ import annotations

from decimal import Decimal

import pytest
from fakes import ascending_and_disjoint
from hypothesis import given
from hypothesis import strategies as st

from index.normalise import normalise
from index.quantities import chinese_number, find

YEAR, MONTH = 31_556_952, 2_629_746  # seconds in a mean Gregorian year and in its twelfth

# language, text, then what is in it: value and unit, in order.
CASES = [
    # German: comma for decimals, point for thousands, long scale
    ("de", "200 Milliarden Yuan", [("2e11", "CNY")]),
    ("de", "1,1 Billionen Yuan", [("1.1e12", "CNY")]),
    ("de", "1 Billion Euro", [("1e12", "EUR")]),
    ("de", "über 3 Billionen Yuan", [("3e12", "CNY")]),
    ("de", "3,5 Mrd. Euro", [("3.5e9", "EUR")]),
    ("de", "12 Mio. Dollar", [("1.2e7", "USD")]),
    ("de", "15.000 Petaflops", [("1.5e19", "flops")]),
    ("de", "3.900 Kilometer", [("3900", "km")]),
    ("de", "1.500 Unternehmen", [("1500", "number")]),
    ("de", "1.234.567 Einwohner", [("1234567", "number")]),
    ("de", "1.234,5 km", [("1234.5", "km")]),
    ("de", "80 %", [("80", "percent")]),
    ("de", "12,3 Prozent", [("12.3", "percent")]),
    ("de", "0,5%", [("0.5", "percent")]),
    ("de", "10 000 Menschen", [("10000", "number")]),
    ("de", "2 Millionen", [("2e6", "number")]),
    ("de", "5 Tausend", [("5e3", "number")]),
    ("de", "€ 25", [("25", "EUR")]),
    ("de", "Am 3. Februar begann es", [("203", "date")]),
    ("de", "am 21. Oktober 2024", [("20241021", "date")]),
    ("de", "15. März 1999", [("19990315", "date")]),
    ("de", "bis 2029", [("2029", "year")]),
    ("de", "drei Jahre", [(3 * YEAR, "duration")]),
    ("de", "zwölf Städte", [("12", "number")]),
    ("de", "40 5G-Basisstationen", [("40", "number")]),
    ("de", "der 4-Billionen-Club", [("4e12", "number")]),
    # English: point for decimals, comma for thousands, short scale
    ("en", "200 billion yuan", [("2e11", "CNY")]),
    ("en", "1.1 trillion yuan", [("1.1e12", "CNY")]),
    ("en", "1 billion euros", [("1e9", "EUR")]),
    ("en", "$3.5 million", [("3.5e6", "USD")]),
    ("en", "$1,200", [("1200", "USD")]),
    ("en", "12 million dollars", [("1.2e7", "USD")]),
    ("en", "15,000 petaflops", [("1.5e19", "flops")]),
    ("en", "20 exaflops", [("2e19", "flops")]),
    ("en", "3,900 kilometers", [("3900", "km")]),
    ("en", "1,500 companies", [("1500", "number")]),
    ("en", "1,234,567 people", [("1234567", "number")]),
    ("en", "1.500 metres of wire", [("0.0015", "km")]),
    ("en", "80 percent", [("80", "percent")]),
    ("en", "12.3%", [("12.3", "percent")]),
    ("en", "7 per cent", [("7", "percent")]),
    ("en", "February 3", [("203", "date")]),
    ("en", "3 February 2026", [("20260203", "date")]),
    ("en", "Oct. 21st, 2024", [("20241021", "date")]),
    ("en", "the 5th of May", [("505", "date")]),
    ("en", "2026-02-04", [("20260204", "date")]),
    ("en", "by 2028", [("2028", "year")]),
    ("en", "2026-2028", [("2026", "year")]),
    ("en", "three years", [(3 * YEAR, "duration")]),
    ("en", "2000 million euros", [("2e9", "EUR")]),
    ("en", "2000 yuan in 2000", [("2000", "CNY"), ("2000", "year")]),
    ("en", "$1999", [("1999", "USD")]),
    ("de", "1900 Millionen Euro", [("1.9e9", "EUR")]),
    ("de", "2000 Kilometer", [("2000", "km")]),
    ("de", "1987 eröffnet", [("1987", "year")]),
    ("zh-Hans", "2025年天津", [("2025", "year")]),
    ("en", "eight cities", [("8", "number")]),
    ("en", "hundred 5G stations", []),
    ("en", "2 thousand", [("2000", "number")]),
    ("en", "about 6 months", [(6 * MONTH, "duration")]),
    # Chinese, both scripts
    ("zh-Hans", "两千亿元", [("2e11", "CNY")]),
    ("zh-Hans", "2000亿元", [("2e11", "CNY")]),
    ("zh-Hans", "1.1万亿元", [("1.1e12", "CNY")]),
    ("zh-Hans", "3000亿元人民币", [("3e11", "CNY")]),
    ("zh-Hans", "1565亿美元", [("1.565e11", "USD")]),
    ("zh-Hans", "超2400家企业", [("2400", "number")]),
    ("zh-Hans", "3万家", [("3e4", "number")]),
    ("zh-Hans", "二十五家", [("25", "number")]),
    ("zh-Hans", "一百零五个", [("105", "number")]),
    ("zh-Hans", "四批清单", [("4", "number")]),
    ("zh-Hans", "三家公司", [("3", "number")]),
    ("zh-Hans", "一些城市", []),
    ("zh-Hans", "一批企业", []),
    ("zh-Hans", "约35%", [("35", "percent")]),
    ("zh-Hans", "百分之三十五", [("35", "percent")]),
    ("zh-Hans", "百分之12.5", [("12.5", "percent")]),
    ("zh-Hans", "1000多家", [("1000", "number")]),
    ("zh-Hans", "550余家", [("550", "number")]),
    ("zh-Hans", "2月14日", [("214", "date")]),
    ("zh-Hans", "2025年2月14日", [("20250214", "date")]),
    ("zh-Hans", "到2028年", [("2028", "year")]),
    ("zh-Hans", "三十公里以外", [("30", "km")]),
    ("zh-Hans", "3900公里", [("3900", "km")]),
    ("zh-Hans", "未来3年", [(3 * YEAR, "duration")]),
    ("zh-Hans", "18个月", [(18 * MONTH, "duration")]),
    ("zh-Hans", "５０００万", [("5e7", "number")]),
    ("zh-Hant", "規模達2,000億元", [("2e11", "CNY")]),
    ("zh-Hant", "200億元", [("2e10", "CNY")]),
    ("zh-Hant", "兩萬億美元", [("2e12", "USD")]),
    ("zh-Hant", "增長83%、67%", [("83", "percent"), ("67", "percent")]),
    ("zh-Hant", "產(chǎn)業(yè)規(guī)模達(dá)500億元", [("5e10", "CNY")]),
    ("zh-Hant", "1月20日", [("120", "date")]),
    ("zh-Hant", "523家", [("523", "number")]),
    # none
    ("de", "5G und 6G", []),
    ("en", "GPT4 and A100", []),
    ("en", "", []),
    ("en", "no numbers here, not one", []),
]


@pytest.mark.parametrize(("lang", "text", "expected"), CASES)
def test_find_gives_canonical_values(lang, text, expected):
    assert [(q.value, q.unit) for q in find(text, lang)] == [(Decimal(v), u) for v, u in expected]


def test_there_are_enough_cases():
    assert len(CASES) >= 60


@pytest.mark.parametrize(
    ("lang", "text", "quote"),
    [
        ("de", "Wuhan erreichte 1,1 Billionen Yuan, mehr nicht.", "1,1 Billionen Yuan"),
        ("en", "exceed 200 billion yuan by then", "200 billion yuan"),
        ("zh-Hans", "规模超两千亿元。", "两千亿元"),
        ("zh-Hant", "產(chǎn)業(yè)規(guī)模達(dá)200億元,", "200億元"),
        ("zh-Hans", "约３５％左右", "３５％"),
        ("de", "etwa 80 % davon", "80 %"),
    ],
)
def test_a_quantity_stands_at_its_own_characters(lang, text, quote):
    assert [q.span.of(text) for q in find(text, lang)] == [quote]


def test_the_terms_of_one_quantity_are_one_in_all_languages():
    said = [("de", "200 Milliarden Yuan"), ("en", "200 billion yuan"), ("zh-Hans", "2000亿元"), ("zh-Hant", "兩千億元")]
    assert len({q.term for lang, text in said for q in find(text, lang)}) == 1
    dates = [("de", "3. Februar"), ("en", "February 3rd"), ("zh-Hans", "2月3日")]
    assert {q.term for lang, text in dates for q in find(text, lang)} == {"#02-03"}
    assert {q.term for lang, text in [("de", "12,3 Prozent"), ("zh-Hans", "12.3%")] for q in find(text, lang)} == {
        "#1.23E+1%"
    }
    assert [q.term for q in find("bis 2028", "de")] == [q.term for q in find("到2028年", "zh-Hans")] == ["#2028y"]


def spoken(n: int) -> str:
    """`n` below 10**12 in Chinese, written section by section: the reverse of reading, by division."""
    def section(value: int) -> str:
        out, zero = "", False
        for step, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
            digit, value = divmod(value, step)
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
    [("两千亿", 2 * 10**11), ("一百零五", 105), ("三万", 30000), ("十二", 12), ("二十", 20), ("万亿", 10**12),
     ("两千零一", 2001), ("一万零三百", 10300), ("〇", 0), ("", None), ("三五", None)],
)
def test_chinese_number_reads_common_forms(text, value):
    assert chinese_number(text) == value


def written(value: Decimal, lang: str) -> str:
    """`value` with at most two decimals as people of `lang` write it."""
    text = f"{value:,.2f}".removesuffix("00").rstrip(".")
    return text.translate(str.maketrans(",.", ".,")) if lang == "de" else text


AMOUNTS = st.decimals(min_value=1, max_value=999_999, places=2).map(Decimal.normalize)
UNITS = {"CNY": ("Yuan", "yuan", "元"), "percent": (" %", "percent", "%"), "km": ("km", "kilometres", "公里")}


@given(AMOUNTS, st.sampled_from(sorted(UNITS)))
def test_one_amount_written_in_three_languages_is_one_value(amount, unit):
    de, en, zh = UNITS[unit]
    texts = {
        "de": f"Es sind {written(amount, 'de')} {de} geworden.",
        "en": f"It came to {written(amount, 'en')} {en} in all.",
        "zh-Hans": f"共计{written(amount, 'zh').replace(',', '')}{zh}。",
    }
    assert {lang: [(q.value, q.unit) for q in find(text, lang)] for lang, text in texts.items()} == {
        lang: [(amount, unit)] for lang in texts
    }


@given(st.integers(1, 9999), st.sampled_from([(8, "{}00 Millionen", "{}00 million", "{}亿"), (6, "{} Millionen", "{} million", "{}00万")]))
def test_one_scaled_amount_in_three_languages_is_one_value(n, scale):
    exponent, de, en, zh = scale
    texts = [("de", f"{de.format(n)} Euro"), ("en", f"{en.format(n)} euros"), ("zh-Hans", f"{zh.format(n)}欧元")]
    assert [[(q.value, q.unit) for q in find(text, lang)] for lang, text in texts] == [
        [(n * Decimal(10) ** exponent, "EUR")]
    ] * 3


@given(st.dates())
def test_one_date_in_three_languages_is_one_value(date):
    german = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()[date.month - 1]
    texts = [("de", f"am {date.day}. {german} los"), ("en", f"on {date:%B} {date.day}, then"), ("zh-Hans", f"{date.month}月{date.day}日起")]
    assert [[(q.value, q.unit) for q in find(text, lang)] for lang, text in texts] == [
        [(Decimal(date.month * 100 + date.day), "date")]
    ] * 3


PIECES = st.sampled_from(
    ["12", "1,1", "1.000", ".", ",", " ", "亿", "万", "千", "百分之", "%", "元", "年", "月", "日", "3. Februar", "Milliarden", "billion",
     "$", "零", "十", "2028", "多", "-", "二", "½", "²", "Ⅷ", "٣", "１", "⁄", "'"]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=3)), max_size=15).map("".join), st.sampled_from(["de", "en", "zh-Hans"]))
def test_any_text_gives_finite_values_at_disjoint_places(text, lang):
    found = find(text, lang)
    assert all(q.value.is_finite() and q.value >= 0 and len(q.span) and q.span.end <= len(text) for q in found)
    assert all(q.term.startswith("#") for q in found)
    assert [q.span.start for q in found] == sorted(q.span.start for q in found)
    starts = normalise(text).starts
    if len(set(starts)) == len(starts):  # no character folds to several, as ½ does
        assert ascending_and_disjoint([q.span for q in found if q.unit != "year"])
