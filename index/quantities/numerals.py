"""Numerals: digits with separators, Chinese numerals, number words of German and English."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

HAN_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0, "两": 2}
_HAN_STEPS = {"十": 10, "百": 100, "千": 1000, "廿": 20, "卅": 30}
_HAN_GROUPS = {"万": 4, "亿": 8, "兆": 12}
_LONGEST_HAN = 32  # characters of a numeral; longer runs are no number that anyone writes
_MOST = Decimal(10) ** 20
_CAPITALS = str.maketrans("壹贰叁参肆伍陆柒捌玖拾佰仟", "一二三三四五六七八九十百千")

# Exponents of scale words; `billion` and `trillion` alone depend on the language (long scale in German).
SCALES = {
    "hundred": 2, "hundert": 2, "thousand": 3, "tausend": 3, "tsd": 3, "million": 6, "millions": 6, "millionen": 6,
    "mio": 6, "mn": 6, "mln": 6, "milliarde": 9, "milliarden": 9, "mrd": 9, "bn": 9, "billions": 9, "billionen": 12,
    "bio": 12, "tn": 12, "trn": 12, "trillions": 12, "billiarde": 15, "billiarden": 15, "trillionen": 18,
}  # fmt: skip
HAN_SCALES = {"百": 2, "千": 3, "万": 4, "百万": 6, "千万": 7, "万万": 8, "亿": 8, "十亿": 9, "百亿": 10, "千亿": 11,
              "万亿": 12, "亿亿": 16, "百亿亿": 18, "兆": 12}  # fmt: skip

_EN = {word: i for i, word in enumerate(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen".split())} | {word: 10 * i for i, word in enumerate(
    "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2)}  # fmt: skip
_DE = {word: i for i, word in enumerate(
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn "
    "achtzehn neunzehn".split())} | {"eins": 1, "eine": 1, "zwo": 2} | {word: 10 * i for i, word in enumerate(
    "zwanzig dreissig vierzig fünfzig sechzig siebzig achtzig neunzig".split(), start=2)}  # fmt: skip
_DE_ONES = r"(?:zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun|ein)"
_DE_TENS = r"(?:zwanzig|dreissig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig)"
_DE_BELOW_100 = (
    rf"(?:(?:{_DE_ONES}und)?{_DE_TENS}|(?:drei|vier|fünf|sech|sieb|acht|neun)zehn|zwölf|elf|zehn|{_DE_ONES})"
)
_DE_BELOW_1000 = rf"(?:{_DE_ONES}?hundert(?:und)?{_DE_BELOW_100}?|{_DE_BELOW_100})"
GERMAN = re.compile(rf"(?>(?:{_DE_BELOW_1000}?tausend(?:und)?{_DE_BELOW_1000}?|{_DE_BELOW_1000}))")
_EN_BELOW_100 = (
    r"(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:one|two|three|four|five|six|seven|eight|nine)\b)?"
    r"|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|ten|eleven|twelve"
    r"|one|two|three|four|five|six|seven|eight|nine)\b"
)
_EN_BELOW_1000 = rf"(?:(?:{_EN_BELOW_100}|a) hundred\b(?: (?:and )?{_EN_BELOW_100})?|{_EN_BELOW_100})"
ENGLISH = re.compile(rf"(?:(?:{_EN_BELOW_1000}|a) thousand\b(?: (?:and )?{_EN_BELOW_1000})?|{_EN_BELOW_1000})")

NUMBER = re.compile(r"\d{1,3}(?:['’]\d{3})+(?!\d)|\d+(?:[.,]\d+)*")


def latin_number(digits: str, lang: str) -> Decimal | None:
    """The value of digits with separators, None if they are no number (`1.2.3`).

    `1.500` is 1500 in German and 1.5 elsewhere, `1,500` the other way about; two different separators, a repeated one
    or a group that has not three digits speak for themselves (`1.234,5`, `1,234,567`, `1.1`, `12,3`).
    """
    if digits.isdecimal():
        return Decimal(digits)
    digits = re.sub(r"(?<=\d)['’ ](?=\d{3}(?!\d))", "", digits)
    marks = [c for c in digits if c in ".,"]
    if not marks:
        return Decimal(digits) if digits.isdecimal() else None
    groups = re.split(r"[.,]", digits)
    decimal = "," if lang.startswith("de") else "."
    if len(set(marks)) == 2:
        if marks.count(marks[-1]) > 1 or not _grouped(groups[:-1]):
            return None
        decimal = marks[-1]
    elif len(marks) > 1:
        if not _grouped(groups):
            return None
        decimal = ""
    elif not _grouped(groups):
        decimal = marks[0]
    whole, _, fraction = digits.rpartition(decimal) if decimal and decimal in digits else (digits, "", "")
    return Decimal(f"{re.sub('[.,]', '', whole)}.{fraction}" if fraction else re.sub("[.,]", "", whole))


def _grouped(groups: list[str]) -> bool:
    return 1 <= len(groups[0]) <= 3 and (groups[0][0] != "0") and all(len(g) == 3 for g in groups[1:])


@lru_cache(maxsize=4096)
def chinese_number(text: str) -> Decimal | None:
    """The value of a Chinese numeral in simplified characters (`两千亿`, `一百零五`, `廿五`, `壹佰`, `三点五亿`, `二〇二五`);
    None if it is not one. A last digit after a step counts in the next lower one: `三万五` is 35,000."""
    if len(text) > _LONGEST_HAN:
        return None
    text = text.translate(_CAPITALS)
    if "点" in text:
        return _with_fraction(text)
    if len(text) > 1 and all(c in HAN_DIGITS for c in text):
        # Digit by digit, as in years; two digits side by side are "three or five", not 35.
        return Decimal("".join(str(HAN_DIGITS[c]) for c in text)) if len(text) >= 4 else None
    total, section, step = Decimal(0), Decimal(0), 1
    digit: int | None = None
    for i, c in enumerate(text):
        if c in HAN_DIGITS:
            if digit:
                return None
            if c in "零〇":
                step = 1
            elif i and i == len(text) - 1 and step >= 100:
                section += HAN_DIGITS[c] * Decimal(step) / 10
                continue
            digit = HAN_DIGITS[c]
        elif c in _HAN_STEPS:
            value = _HAN_STEPS[c]
            if value in (20, 30):
                section += value
                step = 10
            else:
                section += (1 if digit is None else digit) * value
                step = value
            digit = None
        elif c in _HAN_GROUPS:
            section += digit or 0
            digit = None
            exponent = _HAN_GROUPS[c]
            if total >= _MOST:
                return None
            below = total % Decimal(10**exponent)  # what stands before this group and counts in it: 千万亿, 百亿亿
            if i and not section and text[i - 1] in _HAN_GROUPS:
                total = total - below + below.scaleb(exponent) if below else total.scaleb(exponent)
            else:
                total = total - below + (below + (section or 1)).scaleb(exponent)
            section, step = Decimal(0), 10**exponent
        else:
            return None
    return total + section + (digit or 0) if text else None


def _with_fraction(text: str) -> Decimal | None:
    whole, _, rest = text.partition("点")
    digits = re.match("[零〇一二三四五六七八九]+", rest)
    before = chinese_number(whole) if whole else None
    if before is None or digits is None or digits.end() < len(rest) - 3:
        return None
    value = before + Decimal("0." + "".join(str(HAN_DIGITS[c]) for c in digits.group()))
    scale = rest[digits.end() :]
    if scale and scale not in HAN_SCALES:
        return None
    return value.scaleb(HAN_SCALES.get(scale, 0))


def german_number(word: str) -> Decimal:
    """The value of a German numeral in one word, folded (`dreissig`), that `GERMAN` matches."""
    if word in _DE:
        return Decimal(_DE[word])
    for step, value in (("tausend", 1000), ("hundert", 100)):
        before, found, after = word.partition(step)
        if found:
            after = after.removeprefix("und")
            return (german_number(before) if before else 1) * Decimal(value) + (german_number(after) if after else 0)
    ones, _, tens = word.partition("und")
    return Decimal(_DE[ones] + _DE[tens])


def english_number(words: str) -> Decimal:
    """The value of an English numeral in words that `ENGLISH` matches (`one hundred and five`)."""
    total = section = 0
    for word in re.split(r"[ -]", words):
        if word == "a":
            section = 1
        elif word == "hundred":
            section *= 100
        elif word == "thousand":
            total, section = section * 1000, 0
        elif word != "and":
            section += _EN[word]
    return Decimal(total + section)
