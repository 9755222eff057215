"""Words around a number that say on which side of it the truth lies, and words that join two numbers to a range."""

from __future__ import annotations

import re

from index.quantities.records import Bound

_BEFORE: dict[Bound, str] = {
    "above": "über|mehr als|knapp über|gut|more than|over|above|exceed|exceeds|exceeded|exceeding|in excess of|surpass|surpasses|"
             "surpassed|surpassing|greater than|larger than|übersteigt|überschritten|überschreitet|upwards of|beyond|"
             "超|超过|超过了|逾|突破|突破了|高于|大于|多于|过|已过|破|上",
    "below": "unter|weniger als|less than|fewer than|under|below|lower than|不到|不足|低于|少于|小于|未满",
    "nearly": "fast|knapp|beinahe|nahezu|annähernd|nearly|almost|close to|近|将近|接近|几乎",
    "about": "rund|etwa|circa|ca.|ca|ungefähr|zirka|schätzungsweise|about|around|approximately|approx.|roughly|some|an estimated|"
             "约|大约|大概|约为|约合|大致",
    "at least": "mindestens|wenigstens|zumindest|at least|a minimum of|no less than|not less than|no fewer than|"
                "至少|不少于|不低于|最少|起码",
    "at most": "höchstens|maximal|bis zu|nicht mehr als|up to|at most|a maximum of|no more than|not more than|"
               "最多|至多|不超过|不超|不高于|不多于|最高",
}  # fmt: skip
_BOUND_OF: dict[str, Bound] = {word: bound for bound, words in _BEFORE.items() for word in words.split("|")}
_REACH = max(map(len, _BOUND_OF)) + 1
_LATIN = [word for word in _BOUND_OF if word[0] < "\u3000"]
_LAST_LETTERS = frozenset(word[-1] for word in _LATIN)
_LONGEST_HAN = max(len(word) for word in _BOUND_OF if word[0] > "\u3000")
_LEAD = re.compile(rf"(?<![a-zäöü])(?P<w>{'|'.join(re.escape(w) for w in sorted(_LATIN, key=len, reverse=True))}) ?$")
_AFTER: dict[str, Bound] = {
    "以上": "at least", "以下": "below", "以内": "at most", "之内": "at most", "左右": "about", "上下": "about",
    "or more": "at least", "and above": "at least", "oder mehr": "at least", "und mehr": "above", "plus": "above",
    "or less": "at most", "oder weniger": "at most",
}  # fmt: skip
_FIRST_LETTERS = frozenset(word[0] for word in _AFTER)
_TRAIL = re.compile("|".join(map(re.escape, _AFTER)))
# What joins the ends of a range. "and" and "und" do so only after "between" and "zwischen".
JOINS = re.compile(r" ?(?:[-–—~]|to|bis(?: zu)?|至|到) ?")
_BETWEEN = re.compile(r"(?:between|zwischen|介于) ?(?:etwa |rund |about |approximately )?$")
_AND = re.compile(r" (?:and|und) |和|与|至|到")
_SHARING = re.compile(r" (?:to|or|and|oder|und|auf|x) |或|和|到| ?/ ?")
_FROM = re.compile(r"(?:(?<![a-z])from|从|由) ?$")


def bound_before(text: str, at: int) -> Bound:
    """What the words that end at `at` say of the number that begins there."""
    end = at - 1 if text[at - 1 : at] == " " else at
    last = text[end - 1 : end]
    if last >= "\u3000":
        for length in range(min(_LONGEST_HAN, end), 0, -1):
            if bound := _BOUND_OF.get(text[end - length : end]):
                return bound
    elif last in _LAST_LETTERS and (m := _LEAD.search(text, max(0, at - _REACH), at)):
        return _BOUND_OF[m["w"]]
    return "exact"


def bound_after(text: str, at: int) -> Bound:
    """What the words at `at` say of the number before them."""
    start = at + 1 if text[at : at + 1] == " " else at
    m = _TRAIL.match(text, start) if text[start : start + 1] in _FIRST_LETTERS else None
    return _AFTER[m.group()] if m else "exact"


def joined(text: str, first: int, end: int, start: int) -> bool:
    """True if numbers at `first`-`end` and from `start` are the two ends of a range, not two numbers."""
    gap = text[end:start]
    if _BETWEEN.search(text[max(0, first - 24) : first]):
        return bool(_AND.fullmatch(gap) or JOINS.fullmatch(gap))
    return bool(JOINS.fullmatch(gap))


def shares_unit(text: str, end: int, start: int) -> bool:
    """True if a number that ends at `end` has the unit of the one from `start`: `5 or 6 years`, `von 10 auf 15 Prozent`."""
    return bool(_SHARING.fullmatch(text[end:start]))


def moves(text: str, at: int) -> bool:
    """True if "from" stands before `at`: `from 10 to 15` says that something grew, not how much it may be."""
    return bool(_FROM.search(text[max(0, at - 5) : at]))
