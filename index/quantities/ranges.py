"""Readings of single numbers, joined to ranges and put into their units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from index.normalise import Normalised
from index.quantities.bounds import joined, moves, shares_unit
from index.quantities.records import MONEY, Bound, Quantity, Unit
from index.quantities.units import Meaning
from index.types import Span

# Calendar units of which ranges are made, and what their values count a year as.
_YEAR_AT = {"year": 1, "date": 10_000, "quarter": 10}
_FAR = 12  # characters between two numbers that belong together
_NUMBER_MEANING: Meaning = ("number", Fraction(1), "")


@dataclass(frozen=True, slots=True)
class Found:
    """A reading before it is put into its unit: `number` times ten to the `exponent`, of what `meaning` says; `weak`
    ones count only as the first end of a range. A calendar reading has its unit in `calendar`."""

    start: int
    end: int
    number: Decimal
    exponent: int = 0
    meaning: Meaning | None = None
    bound: Bound = "exact"
    calendar: Unit | None = None
    upper: Decimal | None = None
    weak: bool = False


def quantity(found: Found, folded: Normalised) -> Quantity:
    """The reading as a quantity of the text that was folded."""
    span = folded.original(Span(found.start, found.end))
    if found.calendar:
        return Quantity(found.number, found.calendar, span, "exact", found.upper)
    unit, factor, measure = found.meaning or _NUMBER_MEANING
    upper = None if found.upper is None else _times(found.upper, factor)
    return Quantity(_times(found.number.scaleb(found.exponent), factor), unit, span, found.bound, upper, measure)


def _times(value: Decimal, factor: Fraction) -> Decimal:
    return value if factor == 1 else value * factor.numerator / factor.denominator


def ranges(text: str, found: list[Found]) -> list[Found]:
    """Neighbours that are the ends of one range become one; the first takes unit and scale from the second."""
    out: list[Found] = []
    for f in found:
        if out and f.start - out[-1].end <= _FAR:
            if merged := _range(text, out[-1], f):
                out[-1] = merged
                continue
            out[-1] = _with_unit(text, out[-1], f)
        out.append(f)
    return [f for f in out if not f.weak]


def _with_unit(text: str, a: Found, b: Found) -> Found:
    """`a` in the unit and scale of `b` if it has none of its own and shares them."""
    if a.meaning or b.meaning is None or a.exponent or a.calendar or b.calendar or not shares_unit(text, a.end, b.start):
        return a
    return replace(a, meaning=b.meaning, exponent=b.exponent if a.number < 1000 else 0)


def _range(text: str, a: Found, b: Found) -> Found | None:
    if a.upper is not None or b.upper is not None or b.weak or not joined(text, a.start, a.end, b.start):
        return None
    if a.calendar or b.calendar:
        if a.calendar != b.calendar or a.calendar not in _YEAR_AT:
            return None
        lower, year = a.number, _YEAR_AT[a.calendar]
        if lower < year <= b.number:  # 3 February to 5 March 2026
            lower += b.number // year * year
        return replace(a, end=b.end, number=lower, upper=b.number) if lower < b.number else None
    if moves(text, a.start):
        return None
    bare = a.meaning is None
    if not bare and a.meaning != b.meaning and not (b.meaning is None and a.meaning[0] in MONEY):
        return None
    meaning = b.meaning if bare else a.meaning
    exponent = a.exponent or (b.exponent if a.number < b.number else 0)
    lower, upper = a.number.scaleb(exponent), b.number.scaleb(b.exponent)
    if not lower < upper:
        return None
    bound = a.bound if a.bound != "exact" else b.bound
    return replace(a, end=b.end, number=lower, exponent=0, meaning=meaning, upper=upper, bound=bound, weak=False)
