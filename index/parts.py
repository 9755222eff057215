"""Questions that ask for several things at once, taken apart by rule: "compare A and B" is asked of A and of B."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from index.types import Hit

_MOST = 4  # things compared
# What shows that a question compares; only then is an enumeration taken apart, for "research and development" is one.
_COMPARES = re.compile(
    r"\b(compar\w+|contrast\w*|versus|vs\.?|differen\w+|respectively|both|each of|either|whether|which (?:of|one|city|is)|"
    r"more|less|larger|bigger|higher|smaller|lower|fewer|"
    r"vergleich\w*|verglichen|unterschied\w*|unterscheid\w*|gegenüber|jeweils|sowohl|beide[nrs]?|mehr|weniger|"
    r"größer|grösser|höher|kleiner|niedriger|eher)\b|"
    r"比较|比較|对比|對比|相比|区别|區別|差异|差異|差别|差別|不同|分别|分別|各自|各有|还是|還是|哪个更|哪個更|谁更|誰更|更[多少大小高低快]",
    re.IGNORECASE,
)
# A thing named in Latin script begins with a capital and may have two words; German and English nouns in lower case
# are no names.
_NAME = r"[A-ZÄÖÜ][\w'’-]*(?: [A-ZÄÖÜ][\w'’-]*)?"
_LATIN = re.compile(
    rf"(?P<a>{_NAME}(?:, {_NAME})*),? (?:and|und|or|oder|with|mit|to|versus|vs\.?|als auch|sowie) "
    rf"(?:(?:that of|those of|in|of|from|for|von|bei|dem|der) )?(?P<b>{_NAME})"
)
# Chinese things compared are two to eight characters between a beginning or a comma and the conjunction.
_HAN = r"[\u3400-\u9fffA-Za-z0-9]{2,8}?"
_CHINESE = re.compile(
    rf"(?:^|(?<=[,，。:：、?？在]))(?P<a>{_HAN}(?:、{_HAN})*)"
    rf"(?:和|与|與|跟|同|及|以及|还是|還是|比)(?P<b>{_HAN})"
    rf"(?=的|在|相比|之间|之間|哪|谁|誰|分别|分別|各|有|两|兩|都|[,，?？]|$)"
)
_VERB = re.compile(r"(?:Compare|Contrast|Vergleiche?|(?:请|請)?(?:比较|比較|对比|對比))\s?")


def parts_of(question: str) -> tuple[str, ...]:
    """The question asked of each thing that it compares; empty if it compares none.

    "Compare Shenzhen and Shanghai's AI industry" gives the question with Shenzhen alone and with Shanghai alone.
    """
    if not _COMPARES.search(question):
        return ()
    for pattern, comma in ((_LATIN, ", "), (_CHINESE, "、")):
        for m in pattern.finditer(question):
            verb = _VERB.match(m["a"])
            start = m.start() + (verb.end() if verb else 0)
            things = [*question[start : m.end("a")].split(comma), m["b"]]
            before, after = question[:start], question[m.end() :]
            if len(set(things)) == len(things) and len(things) <= _MOST and all(things):
                return tuple(f"{before}{thing}{after}" for thing in things)
    return ()


def interleaved(rankings: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """At most `k` hits of the first ranking and those of its parts: the best of every part, then of the whole, in turn.

    A passage comes once, and so do its near-duplicates. A hit's score is raised to the best of those behind it, so that
    the order stays that of the scores.
    """
    turns = [*rankings[1:], rankings[0]]
    hits: list[Hit] = []
    said: set[str] = set()
    for place in range(max(map(len, rankings), default=0)):
        for ranking in turns:
            if place < len(ranking) and ranking[place].passage.id not in said:
                hits.append(ranking[place])
                said |= {p.id for p in (ranking[place].passage, *ranking[place].also)}
    hits = hits[:k]
    for i in range(len(hits) - 2, -1, -1):
        if hits[i].score < hits[i + 1].score:
            hits[i] = replace(hits[i], score=hits[i + 1].score)
    return hits
