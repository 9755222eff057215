"""Whether a text says an accepted answer, numbers written one way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from index.normalise import fold

_MARKER = re.compile(r"\[\d+\]")
# 15.000, 15,000, 15'000, 15 000 (also thin and no-break spaces, which folding makes plain) -> 15000
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:([.,' ’])\d{3})(?:\1\d{3})*(?!\d|\1\d)")
_DECIMAL_COMMA = re.compile(r"(?<=\d),(?=\d)")
_LATIN = "a-zà-öø-ÿ"


def normalised(text: str) -> str:
    """`text` folded (NFKC, case, simplified, no pinyin debris), no markers `[1]`, numbers one way.

    Thousands lose their separators and decimals get a point: "15.000", "15,000" and "15 000" become "15000",
    "1,1" becomes "1.1". One group of three is read as thousands, so "1.565" (three decimals) becomes "1565".
    """
    plain = fold(_MARKER.sub(" ", text))
    plain = _THOUSANDS.sub(lambda m: re.sub(r"\D", "", m[0]), plain)
    return _DECIMAL_COMMA.sub(".", plain)


def says(text: str, answer: str) -> bool:
    """True if `answer` occurs in `text`, both normalised, white space ignored.

    A number is matched whole ("5000" is not in "15000" nor "3" in "1.3"). A Latin word must begin a word and
    may have an ending of up to two letters ("acht" is not in "Macht" nor "achtzig", "Park" is in "Parks").
    """
    wanted = re.sub(r"\s", "", normalised(answer))
    if not wanted:
        return False
    left = right = ""
    if wanted[0].isdigit():
        left = r"(?<!\d)(?<!\d[.])"
    elif re.match(f"[{_LATIN}]", wanted[0]):
        left = f"(?<![{_LATIN}])"
    if wanted[-1].isdigit():
        right = r"(?!\d)(?![.]\d)"
    elif re.match(f"[{_LATIN}]", wanted[-1]):
        right = f"(?![{_LATIN}]{{3}})"
    pattern = left + r"\s*".join(map(re.escape, wanted)) + right
    return re.search(pattern, normalised(text)) is not None


def answer_right(texts: Iterable[str], answers: Sequence[str]) -> bool:
    """True if one of `texts` (the answer's text and its quotes) says one of the accepted `answers`."""
    return any(says(text, answer) for text in texts for answer in answers)
