"""Figures, dates and lead sentences in the asker's language."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from index.quantities import Quantity, find
from index.types import Span
from rag.wording import lead, written_in


@pytest.mark.parametrize(
    ("value", "unit", "lang", "text"),
    [
        ("2e11", "CNY", "de", "200 Milliarden Yuan"), ("2e11", "CNY", "en", "200 billion yuan"),
        ("2e11", "CNY", "zh-Hans", "2000亿元"), ("2e11", "CNY", "zh-Hant", "2000億元"),
        ("1.1e12", "CNY", "de", "1,1 Billionen Yuan"), ("1e9", "EUR", "de", "1 Milliarde Euro"),
        ("1565e8", "USD", "en", "156.5 billion US dollars"), ("2800", "number", "de", "2.800"),
        ("12.3", "percent", "de", "12,3 %"), ("12.3", "percent", "en", "12.3%"), ("50000", "number", "zh-Hans", "5万"),
    ],
)
def test_a_figure_is_written_as_the_language_writes_it_and_reads_back(value, unit, lang, text):
    written = written_in(Quantity(Decimal(value), unit, Span(0, 0)), lang)
    assert written == text
    (read,) = find(written, lang)
    assert (read.value, read.unit) == (Decimal(value), unit)


@pytest.mark.parametrize(
    ("text", "source", "lang", "said"),
    [
        ("两千亿元", "zh-Hans", "de", "Genannt werden 200 Milliarden Yuan (im Original: 两千亿元):"),
        ("两千亿元", "zh-Hans", "en", "The figure given is 200 billion yuan (in the original: 两千亿元):"),
        ("2026年2月3日", "zh-Hans", "de", "Genannt wird der 3. Februar 2026 (im Original: 2026年2月3日):"),
        ("200 Milliarden Yuan", "de", "zh-Hant", "文中給出的數字是2000億元（原文：200 Milliarden Yuan）："),
        ("2.000", "de", "en", "The figure given is 2,000:"),
    ],
)
def test_a_lead_says_what_was_found_before_the_quotation(text, source, lang, said):
    (quantity,) = find(text, source)
    assert lead([quantity], lang, [text]) == said


WRITTEN = [
    # value, unit, bound, upper, measure: German, English, simplified Chinese
    ("2e11", "CNY", "above", None, "", "über 200 Milliarden Yuan", "more than 200 billion yuan", "超过2000亿元"),
    ("1500", "number", "above", None, "家", "über 1.500", "more than 1,500", "超过1500家"),
    ("2000", "number", "exact", None, "", "2.000", "2,000", "2,000"),
    ("3e4", "number", "nearly", None, "", "fast 30.000", "nearly 30,000", "近3万"),
    ("12345", "number", "exact", None, "", "12.345", "12,345", "12345"),
    ("1e6", "EUR", "about", None, "", "rund 1 Million Euro", "about 1 million euros", "约100万欧元"),
    ("1", "USD", "exact", None, "", "1 US-Dollar", "1 US dollar", "1美元"),
    ("1e10", "CNY", "exact", "1.5e10", "", "10 bis 15 Milliarden Yuan", "10 to 15 billion yuan", "100亿至150亿元"),
    ("9e8", "EUR", "exact", "1.1e9", "", "900 Millionen bis 1,1 Milliarden Euro", "900 million to 1.1 billion euros",
     "9亿至11亿欧元"),
    ("35", "percent", "about", None, "", "rund 35 %", "about 35%", "约35%"),
    ("10", "percent", "exact", "15", "", "10 bis 15 %", "10% to 15%", "10%至15%"),
    ("7", "percent", "exact", None, "point", "7 Prozentpunkte", "7 percentage points", "7个百分点"),
    ("1.5e19", "flops", "above", None, "PFLOPS", "über 15.000 Petaflops", "more than 15,000 petaflops", "超过1.5万PFLOPS"),
    ("1e20", "flops", "exact", None, "EFLOPS", "100 Exaflops", "100 exaflops", "100EFLOPS"),
    ("31556952", "duration", "exact", None, "year", "1 Jahr", "1 year", "1年"),
    ("94670856", "duration", "at least", None, "year", "mindestens 3 Jahre", "at least 3 years", "至少3年"),
    ("47335428", "duration", "exact", None, "month", "18 Monate", "18 months", "18个月"),
    ("47335428", "duration", "exact", None, "", "18 Monate", "18 months", "18个月"),
    ("86400", "duration", "exact", None, "day", "1 Tag", "1 day", "1天"),
    ("5400", "duration", "at most", None, "minute", "höchstens 90 Minuten", "at most 90 minutes", "至多90分钟"),
    ("852037704", "duration", "exact", None, "age", "27 Jahre alt", "27 years old", "27岁"),
    ("3900", "km", "nearly", None, "km", "fast 3.900 Kilometer", "nearly 3,900 kilometres", "近3900公里"),
    ("0.5", "km", "exact", None, "m", "500 Meter", "500 metres", "500米"),
    ("10", "km", "exact", None, "li", "10 Kilometer", "10 kilometres", "10公里"),
    ("1e6", "m2", "exact", None, "mu", "1.500 Mu", "1,500 mu", "1500亩"),
    ("1000", "kg", "exact", None, "t", "1 Tonne", "1 tonne", "1吨"),
    ("3", "number", "exact", None, "times", "3-fach", "3 times", "3倍"),
    ("12000", "number", "exact", None, "people", "12.000 Personen", "12,000 people", "1.2万人"),
    ("20260203", "date", "exact", None, "", "3. Februar 2026", "3 February 2026", "2026年2月3日"),
    ("203", "date", "exact", None, "", "3. Februar", "3 February", "2月3日"),
    ("20260200", "date", "exact", None, "", "Februar 2026", "February 2026", "2026年2月"),
    ("20260303", "date", "exact", "20260305", "", "3.–5. März 2026", "3–5 March 2026", "2026年3月3日至5日"),
    ("20260203", "date", "exact", "20260305", "", "3. Februar 2026 bis 5. März 2026", "3 February 2026 to 5 March 2026",
     "2026年2月3日至2026年3月5日"),
    ("2028", "year", "exact", None, "", "2028", "2028", "2028年"),
    ("2026", "year", "exact", "2028", "", "2026–2028", "2026–2028", "2026年至2028年"),
    ("20251", "quarter", "exact", None, "", "1. Quartal 2025", "first quarter of 2025", "2025年第一季度"),
    ("20252", "half", "exact", None, "", "2. Halbjahr 2025", "second half of 2025", "2025年下半年"),
    ("14", "plan", "exact", None, "", "14. Fünfjahresplan", "14th Five-Year Plan", "“十四五”"),
]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda c: f"{c[5]}")
def test_every_unit_is_written_and_reads_back_in_every_language(case):
    value, unit, bound, upper, measure, *said = case
    quantity = Quantity(Decimal(value), unit, Span(0, 0), bound, None if upper is None else Decimal(upper), measure)
    assert [written_in(quantity, lang) for lang in ("de", "en", "zh-Hans")] == said
    for lang in ("de", "en", "zh-Hans", "zh-Hant"):
        (read,) = find(written_in(quantity, lang), lang)
        assert (read.value, read.unit, read.bound, read.upper) == (quantity.value, unit, bound, quantity.upper), lang


@pytest.mark.parametrize("part", ["1/2", "1/3", "2/3", "1/4", "3/4", "1/5", "2/5", "3/5", "4/5", "1/10"])
def test_a_fraction_is_written_in_words_and_reads_back(part):
    n, whole = map(Decimal, part.split("/"))
    quantity = Quantity(n * 100 / whole, "percent", Span(0, 0), "exact", None, part)
    for lang in ("de", "en", "zh-Hans", "zh-Hant"):
        (read,) = find(written_in(quantity, lang), lang)
        assert (read.value, read.unit, read.measure) == (quantity.value, "percent", part), lang


VALUES = st.decimals(min_value=Decimal("0.01"), max_value=10**14, places=2).map(Decimal.normalize)
BOUNDS = st.sampled_from(["exact", "about", "nearly", "above", "below", "at least", "at most"])
LANGS = st.sampled_from(["de", "en", "zh-Hans", "zh-Hant"])
UNITS = st.sampled_from(
    [("number", ""), ("number", "家"), ("percent", ""), ("percent", "point"), ("CNY", ""), ("USD", ""), ("EUR", ""), ("GBP", ""), ("JPY", ""),
     ("HKD", ""), ("TWD", ""), ("km", "km"), ("m2", "m2"), ("m3", "m3"), ("kg", "kg"), ("W", "W"), ("duration", "second"), ("number", "times"),
     ("number", "people")]
)


@given(VALUES, UNITS, BOUNDS, LANGS)
def test_any_figure_reads_back_as_it_was(value, unit, bound, lang):
    quantity = Quantity(value, unit[0], Span(0, 0), bound, None, unit[1])
    (read,) = find(written_in(quantity, lang), lang)
    assert (read.value, read.unit, read.bound) == (value, unit[0], bound)


@given(VALUES, VALUES, UNITS, BOUNDS, LANGS)
def test_any_range_reads_back_as_it_was(a, b, unit, bound, lang):
    assume(a != b)
    quantity = Quantity(min(a, b), unit[0], Span(0, 0), bound, max(a, b), unit[1])
    (read,) = find(written_in(quantity, lang), lang)
    assert (read.value, read.upper, read.unit, read.bound) == (min(a, b), max(a, b), unit[0], bound)


@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2099, 12, 31)), LANGS, st.sampled_from(["day", "month", "year"]))
def test_any_date_reads_back_as_it_was(date, lang, precision):
    value = {"day": f"{date:%Y%m%d}", "month": f"{date:%Y%m}00", "year": f"{date:%Y}"}[precision]
    quantity = Quantity(Decimal(value), "year" if precision == "year" else "date", Span(0, 0))
    (read,) = find(written_in(quantity, lang), lang)
    assert (read.value, read.unit) == (quantity.value, quantity.unit)


@pytest.mark.parametrize(
    ("said", "originals", "lang", "sentence"),
    [
        (["Jiang Guangzhi"], ["姜广智"], "de", "Genannt wird Jiang Guangzhi (im Original: 姜广智):"),
        (["Peking", "Tianjin", "Hangzhou"], [], "de", "Genannt werden Peking, Tianjin und Hangzhou:"),
        (["Beijing", "Tianjin"], ["北京", "天津"], "en", "The article names Beijing (in the original: 北京) and Tianjin (in the original: 天津):"),
        (["北京", "天津", "杭州"], ["北京"], "zh-Hant", "文中提到的是北京、天津和杭州："),
        (["武漢"], ["武汉"], "zh-Hant", "文中提到的是武漢："),
        ([], [], "de", ""),
    ],
)
def test_names_and_lists_lead_too(said, originals, lang, sentence):
    assert lead(said, lang, originals) == sentence


@pytest.mark.parametrize(
    ("text", "source", "lang", "sentence"),
    [
        ("2028年", "zh-Hans", "de", "Genannt wird das Jahr 2028:"),
        ("2028年", "zh-Hans", "en", "The time given is 2028:"),
        ("2026-2028", "en", "de", "Genannt wird der Zeitraum 2026–2028:"),
        ("第一季度", "zh-Hans", "en", "The time given is the first quarter (in the original: 第一季度):"),
        ("“十四五”", "zh-Hans", "de", "Genannt wird der 14. Fünfjahresplan (im Original: “十四五”):"),
        ("10亿元", "zh-Hans", "de", "Genannt wird 1 Milliarde Yuan (im Original: 10亿元):"),
        ("超过10亿元", "zh-Hans", "de", "Genannt wird über 1 Milliarde Yuan (im Original: 超过10亿元):"),
        ("三分之一", "zh-Hans", "de", "Genannt wird ein Drittel (im Original: 三分之一):"),
        ("三分之二", "zh-Hans", "de", "Genannt werden zwei Drittel (im Original: 三分之二):"),
        ("2400家", "zh-Hans", "de", "Genannt werden 2.400:"),
        ("35 %", "de", "zh-Hans", "文中给出的数字是35%："),
        ("1,500", "en", "fr", "The figure given is 1,500:"),
    ],
)
def test_a_lead_agrees_in_number_and_translates_only_what_needs_it(text, source, lang, sentence):
    (quantity,) = find(text, source)
    assert lead([quantity], lang, [text]) == sentence


def test_several_figures_and_mixed_things_are_listed():
    first, second = find("3600亿元和2800家", "zh-Hans")
    assert lead([first, second], "de") == "Genannt werden 360 Milliarden Yuan und 2.800:"
    assert lead([first, "Shenzhen"], "en") == "The article names 360 billion yuan and Shenzhen:"
