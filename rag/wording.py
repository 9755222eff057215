"""Figures as the asker's language writes them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from index.quantities import Quantity, find
from index.types import Span
from rag.messages import written_language

_SCALES = {
    "en": ((12, " trillion"), (9, " billion"), (6, " million")),
    "de": ((12, " Billionen"), (9, " Milliarden"), (6, " Millionen")),
    "zh-Hans": ((12, "万亿"), (8, "亿"), (4, "万")),
    "zh-Hant": ((12, "萬億"), (8, "億"), (4, "萬")),
}
_UNIT_NAMES = {
    "en": {"CNY": " yuan", "USD": " US dollars", "EUR": " euros", "km": " kilometres", "percent": "%"},
    "de": {"CNY": " Yuan", "USD": " US-Dollar", "EUR": " Euro", "km": " Kilometer", "percent": " %"},
    "zh-Hans": {"CNY": "元人民币", "USD": "美元", "EUR": "欧元", "km": "公里", "percent": "%"},
    "zh-Hant": {"CNY": "元人民幣", "USD": "美元", "EUR": "歐元", "km": "公里", "percent": "%"},
}


def written_in(quantity: Quantity, lang: str) -> str | None:
    """A quantity as `lang` writes it: `200 Milliarden Yuan`, `200 billion yuan`, `2000亿元人民币`; a date or a year or
    computing power, which need no translation, gives None."""
    lang = written_language(lang)
    if quantity.unit in ("date", "year", "flops"):
        return None
    value, scale = quantity.value, ""
    smallest = 5 if lang.startswith("zh") else 6  # 10,000 and more in 万, a million and more in words
    for exponent, name in _SCALES[lang]:
        if value >= 10 ** max(exponent, smallest - 1) and value == round(value, 0):
            value, scale = value.scaleb(-exponent), name
            break
    number = f"{value.normalize():,f}"
    if lang == "de":
        number = number.translate(str.maketrans(",.", ".,"))
        if number == "1":
            scale = scale.replace("Milliarden", "Milliarde").replace("Billionen", "Billion").replace("Millionen", "Million")
    return number + scale + _UNIT_NAMES[lang].get(quantity.unit, "")


def gloss(
    quote: str, article_lang: str, span: Span, marks: Sequence[Span], lang: str
) -> tuple[str, str] | None:
    """The marked figure as the quote writes it and as `lang` does; None if none is marked or both are alike."""
    for quantity in find(quote, article_lang):
        where = Span(span.start + quantity.span.start, span.start + quantity.span.end)
        if where in marks:
            original = quantity.span.of(quote).strip()
            written = written_in(quantity, lang)
            return (original, written) if written and _digits(written) != _digits(original) else None
    return None


def _digits(text: str) -> str:
    """A number without its separators: `2.000` and `2,000` need no translation."""
    return re.sub(r"[\s.,]|[多余餘]$", "", text)
