"""Figures, dates and lead sentences in the asker's language."""

from __future__ import annotations

from decimal import Decimal

import pytest

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
