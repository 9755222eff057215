"""Whether a Chinese numeral is a number where it stands, or a part of a word (三位一体, 万一, 二十大)."""

from __future__ import annotations

import re
from decimal import Decimal

from index.quantities.ranges import Found
from index.quantities.units import NOT_COUNTED

_ALONE = re.compile(r"[,.;:、，。；：!?)\]”」]|$|\s")
_BIG = re.compile("大(?!学|会|家|人|多|小|量|力|型|众|陆|桥|数据|模型|湾|道|街|厦|师|幅|奖|赛|部|批|意|伟|洋|楼|气|刀|不)")
_CONGRESSES = ("十七", "十八", "十九", "二十")  # 二十大 is a party congress
_COUNTED_BIG = tuple("城项品企行产重类战工领")
_WORDS_OF_SCALES = ("千万", "百万", "万千", "万万", "百千", "千百", "亿万")
_JOIN_NEXT = re.compile("[-–~至到][一二两三四五六七八九十]")


def counts(text: str, run: str, found: Found) -> bool:
    """True unless the numeral is more often part of a word than a number."""
    end = found.end
    unit = found.meaning is not None
    if NOT_COUNTED.match(text, found.start + len(run)) or ("点" in run and not unit and run[-1] not in "百千万亿"):
        return False
    if len(run) == 1:
        if text[found.start - 1 : found.start] in ("周", "期", "拜"):  # a day of the week
            return False
        if run in "零〇一二":
            return run == "一" and found.number == Decimal("1.5")
        if run in "百千万亿":
            return unit and (found.bound != "exact") and found.meaning[2] != "li"
        if not unit and _JOIN_NEXT.match(text, end):
            return True
        return (unit and found.meaning[2] not in ("li", "l", "g", "jin", "W")) or bool(_BIG.match(text, end))
    if run == "万一":
        return False
    if unit:
        return True
    if run in _WORDS_OF_SCALES:
        return False
    if run[-1] in "百千万亿":
        return True
    big = _BIG.match(text, end) and not (run in _CONGRESSES and text[end + 1 : end + 2] not in _COUNTED_BIG)
    return bool((_ALONE.match(text, end) and run != "十一") or big)
