"""Finds the quantities of a text: one pass over digits, Chinese numerals and number words, then ranges are joined."""

from __future__ import annotations

import re
from collections import deque
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from index.normalise import Normalised, normalise
from index.quantities import dates, words
from index.quantities.bounds import bound_after, bound_before, joined
from index.quantities.codes import WEB, code_end, item_end, ordinal_end
from index.quantities.han import counts
from index.quantities.numerals import HAN_SCALES, NUMBER, SCALES, chinese_number, latin_number
from index.quantities.ranges import Found, quantity, ranges
from index.quantities.records import Bound, Quantity
from index.quantities.units import COUNTERS, HAN_UNITS, SIGN, SIGN_ENDS, SIGNS, Meaning, unit_at

_NUMERAL = re.compile(r"[\d零〇一二两三四五六七八九十百千万亿廿卅半壹贰叁参肆伍陆柒捌玖]")
_HAN_RUN = re.compile("(?:[零〇一二两三四五六七八九十百千万亿兆廿卅点壹贰叁肆伍陆柒捌玖拾佰仟]|参(?=[拾佰仟]))+")
_SPACED = re.compile(r"\d{1,3}(?: \d{3})+(?![\d.]\d|\d)(?:,\d+)?")
_SCALE = re.compile(r" ?-?([a-zäöü]+)\.?")
_LETTER_SCALE = re.compile(r" ?(k|m|b|bn|mn|tn|t)(?![a-zäöü])")
_LETTER_SCALES = {"k": 3, "m": 6, "mn": 6, "b": 9, "bn": 9, "t": 12, "tn": 12}
_HAN_SCALE = re.compile(" ?(百亿亿|亿亿|万亿|千亿|百亿|十亿|万万|千万|百万|百(?!分)|千(?![米克瓦])|万(?![向科达人空])|万(?=人)|亿|兆(?![瓦字赫比位]))")
_MORE = re.compile("[多余]|[来几](?=[个家项种座条名位人年月天岁])")
_LETTER = re.compile(r"[a-zäöüßμ]")
_SHARE = re.compile("(百|千|万|[一二两三四五六七八九十]+|\\d+)分之([零〇一二两三四五六七八九十百点]+|\\d+(?:\\.\\d+)?)")
_TENTHS = re.compile(
    "([一二两三四五六七八九\\d])成(?:([一二三四五六七八九半]))?(?!为|了|功|都|立|员|果|本|长|就|品|型|交|效|绩|套|语|人|年|熟|倍|因|千|百|分)"
)
_HALF = re.compile("半(个月|个小时|小时|年|天|个世纪)|半数")
_AND_HALF = re.compile("个半(月|小时|星期|钟头)")
_MORE_SIGNS = frozenset("多余来几")
_JOINED_TO = "⁄/分成"
_LONGEST = 24  # characters of a number
_VAGUE = "数几好多每"
def find(text: str, lang: str) -> list[Quantity]:
    """The quantities of `text` in order, at disjoint places. `lang` decides what separators and "Billion" mean.

    A Chinese numeral counts only with a unit, a counter or a scale (一 in 一些 is none); ordinals, versions, model
    names, times of day and telephone numbers are not quantities.
    """
    return list(_find(text, lang))


def terms(text: str, lang: str) -> list[str]:
    """The lexical terms of the quantities of `text`, in order, with repetitions."""
    return [term for q in _find(text, lang) for term in q.terms]


@lru_cache(maxsize=8192)
def _find(text: str, lang: str) -> tuple[Quantity, ...]:
    folded = normalise(text)
    reader = _Reader(text, folded, lang)
    found = reader.read()
    return tuple(quantity(f, folded) for f in ranges(folded.text, found))


class _Reader:
    """Reads folded text from left to right; each method reads at one place and says where to go on."""

    def __init__(self, original: str, folded: Normalised, lang: str) -> None:
        self.original, self.text, self.starts, self.lang = original, folded.text, folded.starts, lang
        self.done = 0

    def read(self) -> list[Found]:
        text = self.text
        places = [m.start() for m in _NUMERAL.finditer(text)]
        anchor = words.ANCHOR if self.lang.startswith("zh") else words.WORD_ANCHOR
        if starts := [m.start() for m in anchor.finditer(text)]:
            places = sorted(places + starts)
        skipped = deque(m.span() for m in WEB.finditer(text)) if "://" in text or "www." in text or "@" in text else deque()
        out: list[Found] = []
        for at in places:
            if at < self.done:
                continue
            while skipped and skipped[0][0] <= at:
                self.done = max(self.done, skipped.popleft()[1])
            if at < self.done:
                continue
            here = text[at]
            if found := self._digit(at) if here.isdecimal() else self._han(at) if here >= "\u3000" else self._word(at):
                out.append(found)
                self.done = found.end
        return out

    def _digit(self, at: int) -> Found | None:
        text = self.text
        before = text[max(0, at - 14) : at]
        sign = SIGN.search(before) if before.rstrip(" ")[-1:] in SIGN_ENDS else None
        if sign and at - len(sign.group()) < self.done:
            sign = None
        if before[-1:] in ("q", "h") and not before[-2:-1].isalnum() and (reading := dates.word_date(text, at - 1)):
            return _calendar(at - 1, reading)
        if not sign and (skip := code_end(text, at, before)):
            self.done = skip
            return None
        bound = bound_before(text, at - len(sign.group()) if sign else at)
        if not sign:
            reading = dates.digit_date(text, at, self.lang) or dates.year(text, at, bound)
            if reading:
                return _calendar(at, reading)
            first = at == 0 or self.original[self.starts[at] - 1] == "\n"
            if end := ordinal_end(text, at, before) or item_end(text, at, first):
                self.done = end
                return None
        m = NUMBER.match(text, at)
        if text[m.end() : m.end() + 1] == " ":
            m = _SPACED.match(text, at) or m
        end = self.done = m.end()
        digits = m.group()
        value = latin_number(digits, self.lang) if len(digits) <= _LONGEST else None
        if value is None or (digits[0] == "0" and digits[1:2].isdigit()):
            return None
        after = text[end : end + 1]
        if after in _JOINED_TO and after:
            if after in "⁄/" or text.startswith("分之", end):
                return self._fraction(at)
            if tenths := _TENTHS.match(text, at):
                return self._tenths(at, tenths, bound)
        return self._complete(at, end, value, bound, sign.group().strip() if sign else "")

    def _han(self, at: int) -> Found | None:
        text = self.text
        before = text[at - 1 : at]
        if text[at] == "半":
            if before in ("上", "下") and (reading := dates.digit_date(text, at - 1, self.lang)):
                return _calendar(at - 1, reading)
            return self._half(at, before)
        if reading := dates.han_date(text, at):
            return _calendar(at - 1 if before == "第" else at, reading)
        if before == "第":
            reading = dates.digit_date(text, at, self.lang)
            self.done = _HAN_RUN.match(text, at).end()
            return _calendar(at - 1, reading) if reading else None
        m = _HAN_RUN.match(text, at)
        if m is None:
            return None
        run, after = m.group().rstrip("点"), text[m.end() : m.end() + 1]
        if after == "分" and _SHARE.match(text, at):
            return self._fraction(at)
        bound = bound_before(text, at)
        if after == "成" and (m := _TENTHS.match(text, at)):
            return self._tenths(at, m, bound)
        if text.startswith("一半", at):
            return self._share(at, at + 2, Decimal(50), "1/2", bound)
        end = at + len(run)
        self.done = end
        if not run or (before in _VAGUE and before):
            return None
        value = chinese_number(run)
        if value is None:
            return self._either(at, run)
        found = self._complete(at, end, value, bound, "")
        return found if found and counts(text, run, found) else None

    def _either(self, at: int, run: str) -> Found | None:
        """`两三家`, `三五个`: a range of two digits side by side."""
        if len(run) != 2 or not (unit := self._unit(at + 2)):
            return None
        low, high = chinese_number(run[0]), chinese_number(run[1])
        if low is None or high is None or not (high == low + 1 or run == "三五") or run[0] == "一":
            return None
        return Found(at, unit[1], low, 0, unit[0], "about", upper=high)

    def _half(self, at: int, before: str) -> Found | None:
        m = _HALF.match(self.text, at)
        if m is None or before in tuple("大多小一两对过"):
            return None
        bound = bound_before(self.text, at)
        if not m[1]:
            return self._share(at, m.end(), Decimal(50), "1/2", bound)
        unit = unit_at(self.text, self.original, self.starts, at + 1)
        return Found(at, unit[1], Decimal("0.5"), 0, unit[0], bound) if unit else None

    def _fraction(self, at: int) -> Found | None:
        m = _SHARE.match(self.text, at)
        if m is None:
            return None
        self.done = m.end()
        whole, part = (Decimal(x) if x[0].isdecimal() else chinese_number(x) for x in m.groups())
        if not whole or part is None:
            return None
        measure = "" if whole in (100, 1000, 10000) else f"{part}/{whole}"
        return self._share(at, m.end(), part * 100 / whole, measure, bound_before(self.text, at))

    def _tenths(self, at: int, m: re.Match[str], bound: Bound) -> Found | None:
        whole = Decimal(m[1]) if m[1].isdecimal() else chinese_number(m[1])
        rest = Decimal(5) if m[2] == "半" else chinese_number(m[2]) if m[2] else Decimal(0)
        return self._share(at, m.end(), whole * 10 + rest, "", bound)

    def _share(self, at: int, end: int, value: Decimal, measure: str, bound: Bound) -> Found:
        if bound == "exact":
            bound = bound_after(self.text, end)
        return Found(at, end, value, 0, ("percent", Fraction(1), measure), bound)

    def _word(self, at: int) -> Found | None:
        text = self.text
        if at and (_LETTER.match(text[at - 1]) or text[at - 1].isdecimal()):
            return None
        if reading := dates.word_date(text, at):
            return _calendar(at, reading)
        if m := words.share(text, at):
            return self._share(at, m[1], m[0], m[2], bound_before(text, at))
        read = words.number(text, at)
        if read is None:
            return None
        value, end, alone = read
        self.done = end
        found = self._complete(at, end, value, bound_before(text, at), "")
        if found is None or (not alone and not found.exponent and (value == 1 or found.end == end)):
            return None
        if found.end == end and text[end : end + 1] == "-" and not joined(text, at, end, end + 1):
            return None
        return found

    def _complete(self, at: int, end: int, value: Decimal, bound: Bound, sign: str) -> Found | None:
        """The number read up to `end` with its scale, unit and what stands around them."""
        text = self.text
        if text[end : end + 1] == "+":
            bound, end = "above", end + 1
        bound, end = self._more(bound, end)
        exponent, scaled = self._scale(end, sign)
        if scaled > end:
            bound, end = self._more(bound, scaled)
        elif text[end : end + 1] == "个" and (m := _AND_HALF.match(text, end)):
            return Found(at, m.end(), value + Decimal("0.5"), 0, HAN_UNITS["个" + m[1]], bound)
        unit = self._unit(end)
        if sign:
            meaning: Meaning | None = (SIGNS[sign], Fraction(1), "")
            start = at - len(sign) - (text[at - 1] == " ")
            end = unit[1] if unit and unit[0][0] == SIGNS[sign] else end
        else:
            start = at
            meaning, end = unit if unit else (None, end)
            if not unit and (_GLUED.match(text, end) or text[end : end + 1] in ("°", "℃")):
                return None
            if not unit and not exponent and _VERSION.fullmatch(text[at:end]):
                return None
        if meaning and meaning[0] == "duration" and text[end : end + 1] == "半":
            value, end = value + Decimal("0.5"), end + 1
        if bound == "exact":
            bound = bound_after(text, end + 1 if text[end : end + 1] in COUNTERS else end)
        return Found(start, end, value, exponent, meaning, bound)

    def _more(self, bound: Bound, end: int) -> tuple[Bound, int]:
        """The 多 of `1000多家`: above, and where it ends."""
        if self.text[end : end + 1] in _MORE_SIGNS and (m := _MORE.match(self.text, end)):
            return "above", m.end()
        return bound, end

    def _scale(self, end: int, sign: str) -> tuple[int, int]:
        text = self.text
        here = text[end : end + 1]
        if (here >= "\u3000" or here == " ") and (m := _HAN_SCALE.match(text, end)):
            if m[1] == "兆" and self.lang == "zh-Hans" and not re.match("[元美欧日港]", text[m.end() : m.end() + 1]):
                return 0, end
            return HAN_SCALES[m[1]], m.end()
        if (m := _LETTER_SCALE.match(text, end)) and (sign or dates.is_counted(text, m.end())):
            return _LETTER_SCALES[m[1]], m.end()
        m = _SCALE.match(text, end) if here < "\u3000" else None
        if m is None:
            return 0, end
        word = m[1]
        if word in ("billion", "trillion"):
            return (12 if word == "billion" else 18) if self.lang.startswith("de") else (9 if word == "billion" else 12), m.end(1)
        if word not in SCALES:
            return 0, end
        dotted = m.group().endswith(".") and word in ("mio", "mrd", "tsd", "bio")
        return SCALES[word], m.end() if dotted else m.end(1)

    def _unit(self, at: int) -> tuple[Meaning, int] | None:
        """The unit at `at`, or the counter there as a measure, whose place stays outside."""
        text = self.text
        if unit := unit_at(text, self.original, self.starts, at):
            return unit
        if text[at : at + 1] < "\u3000" and (compound := words.compound(text, at)):
            return compound
        start = at + 1 if text[at : at + 1] == " " else at
        if text[start : start + 1] in COUNTERS and text[start : start + 1]:
            return ("number", Fraction(1), text[start]), at
        if (m := _COMPUTE.match(text, at)) and "算力" in text[max(0, at - 24) : at + 8]:
            return ("flops", Fraction(10**15), "PFLOPS"), m.end()
        return None


_COMPUTE = re.compile(r" ?p(?![a-z])")
_GLUED = re.compile(r"[a-z]|-[a-z]\b")
_VERSION = re.compile(r"\d{1,2}[.]0")


def _calendar(at: int, reading: dates.Reading) -> Found:
    value, upper, unit, end = reading
    return Found(at, end, value, calendar=unit, upper=upper)
