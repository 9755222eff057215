"""What a quantity is: a canonical value, its unit, and how it was bounded and measured where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from index.types import Span

Unit = Literal[
    "number", "percent", "CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD",
    "km", "m2", "m3", "kg", "flops", "W", "Wh", "byte", "duration",
    "year", "half", "quarter", "date", "plan",
]  # fmt: skip
Bound = Literal["exact", "about", "nearly", "above", "below", "at least", "at most"]
Kind = Literal["count", "percent", "money", "length", "area", "volume", "mass", "compute", "energy", "data", "duration", "time"]

MONEY: tuple[Unit, ...] = ("CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD")
CALENDAR: tuple[Unit, ...] = ("year", "half", "quarter", "date", "plan")
_KINDS: dict[Unit, Kind] = {
    "number": "count", "percent": "percent", "km": "length", "m2": "area", "m3": "volume", "kg": "mass",
    "flops": "compute", "W": "energy", "Wh": "energy", "byte": "data", "duration": "duration",
} | dict.fromkeys(MONEY, "money") | dict.fromkeys(CALENDAR, "time")  # fmt: skip
_SUFFIX = {"percent": "%", "duration": "s"} | {u: u for u in ("km", "m2", "m3", "kg", "flops", "W", "Wh", "byte")}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A canonical value and where it stands in the text given.

    `value` is in units of `unit`: kilometres, square metres, kilograms, operations a second, seconds (a year is the
    mean Gregorian one, 365.2425 days, and a month its twelfth) and so on. Calendar units: a `year` is its number, a
    `quarter` or `half` year * 10 + its number, a `date` year * 10000 + month * 100 + day, where a part that is not
    said is 0 (`20260200` is February 2026, `203` the 3rd of February); a `plan` is the number of the Five-Year Plan.
    `upper` is the end of a range (`10 to 15`) in the same unit. `bound` says on which side of `value` the truth lies.
    `measure` is the unit of measure or the Chinese counter as written (`month`, `mu`, `PFLOPS`, `家`), or empty.
    """

    value: Decimal
    unit: Unit
    span: Span
    bound: Bound = "exact"
    upper: Decimal | None = None
    measure: str = ""

    @property
    def kind(self) -> Kind:
        """The class of the unit: `CNY` is `money`, a `year` is a `time`."""
        return _KINDS[self.unit]

    @property
    def terms(self) -> tuple[str, ...]:
        """Lexical terms equal for equal values, whatever the language, the main one first: `#2E+11`, `#30%`, `#2028y`.

        Money has the term of the bare number, for a question may leave the currency out. A range has the terms of both
        ends, a date those of its parts (`#02-03`, `#2026y`). Bounds do not count.
        """
        values = (self.value,) if self.upper is None else (self.value, self.upper)
        return tuple(dict.fromkeys(t for v in values for t in self._terms(v)))

    @property
    def term(self) -> str:
        """The first of `terms`."""
        return self._terms(self.value)[0]

    def _terms(self, value: Decimal) -> list[str]:
        if self.unit == "year":
            return [f"#{value:f}y"]
        if self.unit == "plan":
            return [f"#plan{value:f}"]
        if self.unit in ("quarter", "half"):
            year, part = divmod(int(value), 10)
            return [f"#{self.unit[0].upper()}{part}"] + ([f"#{year}y"] if year else [])
        if self.unit == "date":
            year, month, day = int(value) // 10000, int(value) // 100 % 100, int(value) % 100
            return [f"#{month:02d}-{day:02d}" if day else f"#{month:02d}m"] + ([f"#{year}y"] if year else [])
        return [f"#{_rounded(value).normalize():E}{_SUFFIX.get(self.unit, '')}"]


def agrees(stated: Quantity, given: Quantity) -> bool:
    """True if text that says `given` bears out `stated`: the same value, or an end of the range given, of a unit that
    does not contradict (a bare number agrees with money or people, yuan with dollars never); a date agrees as far as
    both say it. Bounds are not compared."""
    if stated.unit != given.unit:
        if {stated.unit, given.unit} == {"year", "date"} or {stated.unit, given.unit} & {"quarter", "half"}:
            return bool({_year(stated), _year(stated, upper=True)} & {_year(given), _year(given, upper=True)} - {0})
        if "number" not in (stated.unit, given.unit) or "percent" in (stated.unit, given.unit):
            return False
    if stated.unit in ("date", "quarter", "half"):
        return all(any(_dates_agree(s, g, stated.unit) for g in _ends(given)) for s in _ends(stated))
    given_values = {_rounded(v) for v in _ends(given)}
    return all(_rounded(v) in given_values for v in _ends(stated))


def _ends(quantity: Quantity) -> tuple[Decimal, ...]:
    return (quantity.value,) if quantity.upper is None else (quantity.value, quantity.upper)


def _year(quantity: Quantity, upper: bool = False) -> int:
    value = int(quantity.upper if upper and quantity.upper is not None else quantity.value)
    return {"year": value, "date": value // 10000, "quarter": value // 10, "half": value // 10}.get(quantity.unit, 0)


def _dates_agree(a: Decimal, b: Decimal, unit: Unit) -> bool:
    """True if no part that both say differs."""
    if unit != "date":
        return int(a) % 10 == int(b) % 10 and (int(a) // 10 == int(b) // 10 or not (int(a) // 10 and int(b) // 10))
    parts = ((int(v) // 10000, int(v) // 100 % 100, int(v) % 100) for v in (a, b))
    return all(x == y or not x or not y for x, y in zip(*parts, strict=True))


def _rounded(value: Decimal) -> Decimal:
    """`value` to nine significant digits, so that a third is a third whichever way it was reckoned."""
    return value if len(value.as_tuple().digits) <= 9 else Decimal(f"{value:.8E}")
