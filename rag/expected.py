"""What kind of answer a question wants: a figure, a percentage, a date, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from index.normalise import fold
from index.quantities import Quantity, Unit, find

Wanted = Literal["figure", "percent", "money", "date", "other"]

_PATTERNS: tuple[tuple[Wanted, re.Pattern[str]], ...] = (
    (
        "percent",
        re.compile(
            r"prozent|anteil\b|um wie ?viel .{0,40}(wuchs|gewachsen|gestiegen|zugenommen)|wachstumsrate|penetrationsrate|"
            r"percent|per cent|what (share|proportion|rate)|how fast|growth rate|(grow|grew|growth|increase|rise|rose)\b.{0,30}"
            r"(how much|rate)|how much .{0,50}(grow|grew|increase|rise|rose)|by how much|wie (stark|schnell)|"
            r"(gewachsen|wuchs|wachstum|zuwachs|gestiegen)|market share|份额|"
            r"百分之?[几多]|百分比|比例|占比|占(全国|全球|全世界)?.{0,6}(多少|几)|(增长|成长|增速|增幅|上升).{0,8}(多少|几|多快)|"
            r"(多少|几)个百分点|增长率|增速|渗透率"
        ),
    ),
    (
        "date",
        re.compile(
            r"\bwann\b|welche[mrs]? (jahr|datum|tag|monat)|an welchem|bis wann|seit wann|"
            r"^(and |so |since |by )?when\b|(what|which) (year|date|day|month)|"
            r"何时|什么时候|哪(一)?[年天日月]|几(月|号|年)|什么(时间|日期)"
        ),
    ),
    (
        "money",
        re.compile(
            r"wie (gross|hoch)\b|welche[nmrs]? (umfang|grösse|höhe|volumen|wert|wirtschaftsleistung)|volumen|umsatz|marktgrösse|"
            r"wert\b|wie ?viel (geld|yuan|euro|dollar)|"
            r"how (big|large|high)|(what|which) (level|amount|sum)|(market|industry) (size|scale)|\b(size|scale|value|worth|volume)\b|"
            r"how much (money|yuan|is|was|will)|规模|产值|多大|多少(钱|元|亿)|金额|gdp|bip\b"
        ),
    ),
    (
        "figure",
        re.compile(
            r"wie ?viele?\b|anzahl|zahl der|wie (lang|weit)|how (many|much|long|far)|(what|which) number|number of|"
            r"多少|几(个|家|所|款|座|条|项|批|大|类|种|倍)|数量|多长|总数"
        ),
    ),
)
_UNITS: dict[Wanted, tuple[Unit, ...]] = {
    "percent": ("percent",),
    "date": ("date", "year"),
    "money": ("CNY", "USD", "EUR", "flops", "km", "number"),
    "figure": ("number", "flops", "km", "CNY", "USD", "EUR"),
    "other": (),
}
_FIRST: dict[Wanted, tuple[Unit, ...]] = {"money": ("CNY", "USD", "EUR", "flops"), "figure": ("number", "flops", "km")}


def wanted(question: str) -> Wanted:
    """The kind of answer `question` asks for, by its question words; `other` if they do not say."""
    text = fold(question)
    return next((kind for kind, pattern in _PATTERNS if pattern.search(text)), "other")


def answers_in(text: str, lang: str, kind: Wanted, asked: Sequence[str] = ()) -> list[Quantity]:
    """The quantities of `text` that a question of `kind` may want, in order; those the question itself names
    (`asked`, as terms) are not answers to it."""
    return [q for q in find(text, lang) if q.unit in _UNITS[kind] and not set(q.terms) <= set(asked)]


def fits(quantity: Quantity, kind: Wanted) -> bool:
    """True if a quantity is of the units first thought of for `kind`: "how big" wants money before a count."""
    return quantity.unit in _FIRST.get(kind, _UNITS[kind])
