"""The spans of a text that are the article's own, by what its lines look like in general; title and date."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from index.normalise import fold
from index.quantities import find
from index.types import Span

_HAN = r"\u3400-\u9fff"
_CLOSERS = "\"'”’“»«』」】》）)]"
_SENTENCE_END = re.compile(r"[.!?。！？…；;:：।॥۔؟؛።៕។။]\W{0,3}$|[。！？][^。！？]{0,2}$")
_DENSE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # written without spaces

# Page furniture, by what it is in general; each line is matched alone, after folding (lower case, simplified script).
_RELATED = re.compile(
    r"^[#*\s]*(相关(文章|新闻|阅读|报道|推荐|链接)|推荐阅读|延伸阅读|热门(文章|新闻|推荐)|更多(新闻|文章|阅读)|猜你喜欢|精彩专题|"
    r"related( articles?| news| stories| posts| links)?|read (more|next|also)|more (on this|from|stories|news)\b.{0,20}|"
    r"you (may|might) also like|recommended|most (read|popular)|"
    r"verwandte artikel|weitere (artikel|nachrichten|meldungen|themen)|mehr zum thema|das könnte sie auch interessieren|"
    r"lesen sie auch|auch interessant|meistgelesen|empfohlen)\s*[:：]?\s*$"
)
_FOOTER = re.compile(
    r"^(©|\(c\)|copyright\b\s*([^\w\s]|\d|by\b|$)|all rights reserved|alle rechte vorbehalten|友情链接|版权所有|责任编辑|编\s*辑\s*[:：]|"
    r"(免责)?声明\s*[:：]|关于我们|联系我们|公司名称\s*[:：]|未经(书面)?(许可|授权))"
    r"|icp[备证]|公网安备|经营许可证|copyright\s*©|©\s*\d{4}"
)
_FOOTER_LINK = re.compile(r"(impressum|datenschutz|privacy policy|terms of (use|service))\b")
_CRUMBS = re.compile(r"[^\s>»›→]+(\s*[>»›→]+\s*[^\s>»›→]+)+")  # in one way only, or a long trail takes for ever
_SEPARATED = re.compile(r"\s*[|｜丨]\s*|\s+[·•]\s+")
_DATE = re.compile(
    r"(?P<y>(?:19|20)\d\d)\s*(?:年|-|/|\.)\s*(?P<m>\d{1,2})\s*(?:月|-|/|\.)\s*(?P<d>\d{1,2})\s*(?:日|\b)"
)
# German and English datelines; a date with the month in words only where the line begins with it, for titles have such.
_DAY_FIRST = re.compile(r"(?<!\d)(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>(?:19|20)\d\d)(?!\d)")
_LEAD = re.compile(r"(?:\w+[:,]\s*){0,2}")
_BULLET = re.compile(r"^\s+\S|^\s*[•·▪◦*\-–]\s+\S")


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    text: str
    folded: str

    @property
    def is_prose(self) -> bool:
        return is_prose(self.folded)

    @property
    def is_list(self) -> bool:
        """Navigation: breadcrumbs, or three and more short items with separators between them."""
        items = [i for i in _SEPARATED.split(self.folded) if i]
        short = sum(len(i) for i in items) <= 14 * len(items)
        return (len(items) >= 3 and short) or (bool(_CRUMBS.fullmatch(self.folded)) and not self.is_prose)

    @property
    def is_dateline(self) -> bool:
        """A line that says when and by whom, and nothing else."""
        date = self.date
        return bool(date) and len(self.folded) - len(date[1]) <= 40 and self.folded[-1] not in ".!?。！？"

    @property
    def date(self) -> tuple[str, Span] | None:
        """The day that the line names first, in ISO 8601, and where it stands in the folded line."""
        if len(self.folded) > 80:
            return None
        if (m := _DATE.search(self.folded) or _DAY_FIRST.search(self.folded)) and _is_day(m["m"], m["d"]):
            return f"{m['y']}-{int(m['m']):02d}-{int(m['d']):02d}", Span(*m.span())
        lead = _LEAD.match(self.folded).end()
        found = find(self.folded, "en")
        for day in (q for q in found if q.unit == "date" and q.span.start == lead):
            if day.value >= 10000 and day.value % 100:
                return f"{day.value // 10000}-{int(day.value) // 100 % 100:02d}-{int(day.value) % 100:02d}", day.span
        return None

    @property
    def is_footer(self) -> bool:
        link = _FOOTER_LINK.match(self.folded)
        sentence = len(self.folded) >= 60 and _SENTENCE_END.search(self.folded)
        return bool(_FOOTER.search(self.folded) or (link and not sentence))

    @property
    def is_related(self) -> bool:
        return bool(_RELATED.match(self.folded))


def is_prose(folded: str) -> bool:
    """True if a folded line is a sentence, or long enough to be one: 60 letters of an alphabet, 25 characters of a script
    without spaces."""
    dense = len(_DENSE.findall(folded))
    if _SENTENCE_END.search(folded) and len(folded) >= (6 if dense else 12):
        return True
    return dense >= 25 or len(folded) >= 60


def keep_spans(text: str) -> tuple[Span, ...]:
    """The spans of `text` that are the article's own: ascending, disjoint, each whole lines with trimmed ends.

    Left out, line by line and by what a line looks like: link lists and breadcrumbs, datelines, footers (imprint,
    rights, disclaimers), a "related news" heading with the list under it, and short scraps before the first or
    after the last sentence that are not the title. Headings between paragraphs stay. Where no line is left
    (a note of a few words), all that is not white space is kept.
    """
    lines = _lines(text)
    own: list[_Line] = []
    in_list = False
    for line in lines:
        if line.is_related:
            in_list = True
        elif in_list and line.is_prose and not _BULLET.match(line.text) and not line.is_footer:
            in_list = _teaser(line, own)
        if not (in_list or line.is_list or line.is_dateline or line.is_footer):
            own.append(line)
    prose = [i for i, line in enumerate(own) if line.is_prose]
    if prose:
        first = max(range(prose[0]), key=lambda i: len(own[i].folded)) if prose[0] else 0
        own = _without_title_echo(own[first : prose[-1] + 1])
    spans: list[Span] = []
    kept = {line.start for line in own}
    open_span: Span | None = None
    for line in lines:
        trimmed = _trim(line)
        if line.start in kept:
            open_span = Span(open_span.start if open_span else trimmed.start, trimmed.end)
        elif open_span:
            spans.append(open_span)
            open_span = None
    if open_span:
        spans.append(open_span)
    if not spans and text.strip():
        start = len(text) - len(text.lstrip())
        spans = [Span(start, start + len(text.strip()))]
    return tuple(spans)


def _lines(text: str) -> list[_Line]:
    out, at = [], 0
    for raw in re.findall(r"[^\n]*\n|[^\n]+", text):
        if folded := fold(raw):
            out.append(_Line(at, raw.rstrip("\n"), folded))
        at += len(raw)
    return out


def _trim(line: _Line) -> Span:
    stripped = line.text.strip()
    start = line.start + line.text.index(stripped)
    return Span(start, start + len(stripped))


def _teaser(line: _Line, own: list[_Line]) -> bool:
    """True if a sentence under a "related" heading belongs to that list: it is cut off, or the article has ended."""
    return line.folded.endswith(("...", "…")) or any(line.folded == o.folded for o in own)


def _without_title_echo(own: list[_Line]) -> list[_Line]:
    """Drops the page title that captures repeat below the text ("Title - Site")."""
    heading = own[0].folded
    return [
        line for i, line in enumerate(own)
        if i == 0 or not (line.folded.startswith(heading) and len(line.folded) <= len(heading) + 40)
    ]


def title(text: str, keep: Iterable[Span]) -> str:
    """The first line kept, cut at 120 characters."""
    first = next(iter(keep)).of(text).split("\n", 1)[0].strip(" #\t\ufeff")
    return first if len(first) <= 120 else first[:117].rstrip() + "..."


def date(text: str) -> str | None:
    """The day (ISO 8601) that the first dateline names, or None."""
    return next((line.date[0] for line in _lines(text) if line.is_dateline), None)


def _is_day(month: str, day: str) -> bool:
    return 1 <= int(month) <= 12 and 1 <= int(day) <= 31
