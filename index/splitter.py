"""Sentences and passages, as offsets into the article."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import cache

from index.types import Article, Passage, Span

VERSION = 3

_CLOSERS = "\"'”’“»«›‹」』】》〉）)\\]"
# Full stops and question marks of scripts with their own: Devanagari, Urdu, Arabic, Khmer, Burmese, Ethiopic, Armenian.
_OTHER_STOPS = "।॥۔؟។៕။።։"
_STOP = re.compile(rf"[。！？；]+[{_CLOSERS}]*|[.!?…{_OTHER_STOPS}]+[{_CLOSERS}]*|\n")
_HAN_OR_FULLWIDTH = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef“‘「『《（【]")
# Reference marks that web summaries leave behind a sentence ("... in Wuhan [1][2] - The plan ...") end it too.
_REFERENCE = re.compile(r"(?:\s{0,4}\[\d{1,3}\])+(?=\s|$)")
_REFERENCES_AT_END = re.compile(r"(?:\s{0,4}\[\d{1,3}\])+$")
_NEXT = re.compile(r"\s*(\S?)")
_NEXT_ON_LINE = re.compile(r"[ \t]*(\S?)")
_CHARACTERS = 12  # a token, at most; an encoder that does not know a script makes one token of a whole run of it
# Thai and Lao write no full stop: a space between letters ends a sentence or clause, one beside a figure or ๆ does not.
_GAP = re.compile(r"(?<=[\u0e01-\u0e2e\u0e30-\u0e3a\u0e40-\u0e45\u0e47-\u0e4e\u0e81-\u0ec5\u0ec8-\u0ecd])[ \u00a0]+(?=[\u0e01-\u0e2e\u0e40-\u0e44\u0e81-\u0eae\u0ec0-\u0ec4])")
_LEAST = 40  # letters that a Thai or Lao sentence has at least
_BULLET = re.compile(r"[-–•·*]\s+")
_ABBREVIATIONS = frozenset(
    "z b d h u a o ä s v i bzw ca vgl usw etc evtl ggf inkl exkl max min mind tel str nr abs art bd hrsg jh jhd mio "
    "mrd bio tsd dr prof dipl ing med jur phil st sog bspw allg geb gest u.a z.b d.h u.s e.g i.e u.k a.m p.m mr mrs ms "
    "messrs inc ltd co corp vs no vol fig al approx dept est gov jr sr rev sen rep gen col capt lt jan feb mär mar "
    "apr jun jul aug sep sept okt oct nov dez dec".split()
)
_MONTHS = (
    "januar|jänner|februar|märz|april|mai|juni|juli|august|september|oktober|november|dezember|"
    "jan|feb|mär|apr|jun|jul|aug|sep|sept|okt|nov|dez"
)
_ORDINAL_NEXT = re.compile(rf"\s+(?:{_MONTHS}|jahrhundert|[a-zäöüß])", re.IGNORECASE)
_ORDINAL_CUE = frozenset("am der den dem des vom zum zur die das im bis ab seit jeder jedem jeden beim und sowie".split())
_CLAUSE = re.compile(r"[，,、；;：:—،؛]\s*|\s+[-–]\s+")
_LAST_TOKEN = re.compile(r"[^\s„“\"(»«\[]*$")


def sentences(text: str, span: Span) -> list[Span]:
    """The sentences of `text[span]` in order: trimmed, disjoint, and only white space, bullets and reference marks
    (`[1]`) between them.

    A line ends a sentence, except one that goes on in lower case on the next. Stops inside abbreviations ("z. B."),
    dates ("3. Februar"), ordinals ("die 15. Fünfjahresplanung"), initials and numbers do not.
    """
    cuts: list[int] = []
    at = span.start
    for m in _STOP.finditer(text, span.start, span.end):
        if m.start() >= at and _ends_sentence(text, m, span):
            cuts.append(m.end())
            at = m.end()
    for m in _REFERENCE.finditer(text, span.start, span.end):
        after = text[m.end() : m.end() + 3].lstrip()
        if not after or after[0].isupper() or _BULLET.match(after):
            cuts.append(m.end())
    for m in _GAP.finditer(text, span.start, span.end):
        if m.start() - max([span.start, *cuts[-1:]]) >= _LEAST:
            cuts.append(m.end())
    out: list[Span] = []
    start = span.start
    for end in [*sorted(set(cuts)), span.end]:
        if trimmed := _trim(text, start, end):
            out.append(trimmed)
        start = end
    return out


def _ends_sentence(text: str, m: re.Match[str], span: Span) -> bool:
    stop, end = m.group(), m.end()
    if end >= span.end:
        return True
    if stop == "\n":
        following = _NEXT_ON_LINE.match(text, end, span.end)[1]
        before = text[max(span.start, m.start() - 40) : m.start()].rstrip()
        return not (following.islower() and before and (before[-1].isalnum() or before[-1] in ",-–"))
    if stop[0] in "。！？；" or stop[0] in _OTHER_STOPS:
        return True
    following = text[end]
    if not following.isspace():
        # No space after "!" or "?" in Chinese text; "." inside a number, an address or an abbreviation.
        return stop[0] in "!?…" and bool(_HAN_OR_FULLWIDTH.match(following))
    if _NEXT.match(text, end, span.end)[1].islower():
        return False
    if stop != ".":
        return True
    token = _LAST_TOKEN.search(text, max(span.start, m.start() - 40), m.start()).group()
    if token.isdigit() and len(token) <= 2:
        head = text[max(span.start, m.start() - 40) : m.start() - len(token)].split()
        cue = bool(head) and head[-1].casefold() in _ORDINAL_CUE
        return not (cue or _ORDINAL_NEXT.match(text, end))
    if len(token) == 1 and token.isalpha():
        return False
    return token.casefold().strip(".") not in _ABBREVIATIONS


def _trim(text: str, start: int, end: int) -> Span | None:
    while end > start and text[end - 1].isspace():
        end -= 1
    tail = _REFERENCES_AT_END.search(text, max(start, end - 80), end)
    if tail and tail.start() > start:
        end = tail.start()
    while start < end and text[start].isspace():
        start += 1
    if (bullet := _BULLET.match(text, start, end)) and bullet.end() < end:
        start = bullet.end()
    return Span(start, end) if start < end else None


def split(
    article: Article, count_tokens: Callable[[str], int], budget: int = 96, overlap: int = 24
) -> list[Passage]:
    """Passages of whole sentences in order, `budget` tokens of sentences each at most; every kept character is in some.

    Neighbours share the last sentence of the earlier one if it has at most `overlap` tokens. A sentence longer than
    the budget is cut at clause ends, and failing these at a character. A heading (a line without a stop) stays with
    the text that follows it. A passage reaches to the next one's new text, so that what stands between two
    sentences (bullets, reference marks) is not lost.
    """
    if budget < 1 or not 0 <= overlap < budget:
        raise ValueError(f"need budget >= 1 and 0 <= overlap < budget, got budget={budget}, overlap={overlap}")
    count_tokens = cache(count_tokens)  # most sentences are counted alone and again beside the others
    passages: list[Passage] = []
    for keep in article.keep:
        units = [
            piece
            for sentence in sentences(article.text, keep)
            for piece in _pieces(article.text, sentence, count_tokens, budget)
        ]
        for first, last in _pack(article.text, units, count_tokens, budget, overlap):
            start = keep.start if first == 0 else units[first].start
            end = units[last + 1].start if last + 1 < len(units) else keep.end
            end = start + len(article.text[start:end].rstrip())
            passages.append(
                Passage(article.id, article.lang, start, end, article.text[start:end], tuple(units[first : last + 1]))
            )
    return passages


def _pieces(text: str, sentence: Span, count_tokens: Callable[[str], int], budget: int) -> Iterable[Span]:
    most = _CHARACTERS * budget

    def fits(start: int, end: int) -> bool:
        return end - start <= most and count_tokens(text[start:end]) <= budget

    if fits(sentence.start, sentence.end):
        return [sentence]
    out: list[Span] = []
    start = sentence.start
    while start < sentence.end:
        reach = min(start + most, sentence.end)
        clauses = [m.end() for m in _CLAUSE.finditer(text, start, reach) if m.end() < sentence.end]
        ends = [*clauses, *([sentence.end] if reach == sentence.end else [])]
        fitting = bisect_left(ends, True, key=lambda end, start=start: not fits(start, end))
        end = ends[fitting - 1] if fitting else _whole(text, start, _longest(start, ends[0] if ends else reach, fits))
        if trimmed := _trim(text, start, end):
            out.append(trimmed)
        start = end
    return out


def _longest(start: int, end: int, fits: Callable[[int, int], bool]) -> int:
    low, high = start + 1, end
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(start, middle) else (low, middle - 1)
    return low


def _whole(text: str, start: int, end: int) -> int:
    """`end`, or a little before it, where no mark is cut off from its letter."""
    at = end
    while start + 1 < at < len(text) and unicodedata.category(text[at])[0] == "M":
        at -= 1
    return at if start + 1 < at and end - at <= _CHARACTERS else end


def _pack(
    text: str, units: list[Span], count_tokens: Callable[[str], int], budget: int, overlap: int
) -> Iterable[tuple[int, int]]:
    sizes = [max(count_tokens(u.of(text)), -(-len(u) // _CHARACTERS)) for u in units]
    first = 0
    while first < len(units):
        last, total = first, sizes[first]
        while last + 1 < len(units) and total + sizes[last + 1] <= budget:
            last += 1
            total += sizes[last]
        while last > first and last + 1 < len(units) and _is_heading(text, units[last]):
            last -= 1
        yield first, last
        if last + 1 >= len(units):
            return
        shared = last > first and sizes[last] <= overlap and sizes[last] + sizes[last + 1] <= budget
        first = last if shared else last + 1


def _is_heading(text: str, unit: Span) -> bool:
    return text[unit.end : unit.end + 1] == "\n" and text[unit.end - 1].isalnum() and len(unit) <= 80
