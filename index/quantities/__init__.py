"""Numbers, money, percentages, measures, durations and dates in German, English and Chinese text, by canonical value.

`200 billion yuan`, `200 Milliarden Yuan`, `2000亿元` and `两千亿元` are one quantity: 2e11 CNY.
"""

from index.quantities.finder import find, terms
from index.quantities.numerals import chinese_number
from index.quantities.records import CALENDAR, MONEY, Bound, Kind, Quantity, Unit, agrees

__all__ = ["CALENDAR", "MONEY", "Bound", "Kind", "Quantity", "Unit", "agrees", "chinese_number", "find", "terms"]
