"""Answers and quotations as HTML: pure functions, everything that comes from outside escaped.

What a reader sees of an article is the article: the text content of a quotation is `article.text[start:end]`,
to the character. Only what HTML cannot carry has a stand-in (NUL is U+2400, half of a surrogate pair U+FFFD).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape as escape_markup

from index.languages import direction
from index.types import Article, Span
from rag.citations import disarm
from rag.types import Answer, Citation
from ui import texts
from ui.records import fingerprint

CONTEXT = 260  # characters of the article shown on either side of a passage
CONTEXT_CJK = 110  # as much to read as 260 letters
STUB = 60  # the end of a line is left out if it is shorter
MARKER = r"\[(?P<marker>[1-9][0-9]{0,2})\]"
OPENING, CLOSING = '„“«「『《"', '“”»」』》"'
CHARACTERS = {"\0": "␀", "\r": "&#13;", **{chr(c): "�" for c in range(0xD800, 0xE000)}}
BREAK = re.compile(r"[\s。!?;,、！？；，]+")
UNSAFE = re.compile("[\0\r\ud800-\udfff]")


def escape(text: str) -> str:
    """`text` as HTML, safe as content and inside a quoted attribute."""
    return UNSAFE.sub(lambda match: CHARACTERS[match[0]], escape_markup(text, quote=True))


def highlighted(text: str, span: Span, marks: Sequence[Span] = ()) -> str:
    """`text[span]` as HTML, with the parts of it that `marks` cover strong; overlapping marks are joined."""
    html, at = [], span.start
    for mark in sorted(marks, key=lambda m: (m.start, m.end)):
        start, end = max(mark.start, at), min(mark.end, span.end)
        if start < end:
            html += [escape(text[at:start]), f"<strong>{escape(text[start:end])}</strong>"]
            at = end
    return "".join(html) + escape(text[at : span.end])


def answer_html(answer: Answer, turn: int, find: Callable[[str], Article], ui: str = "en") -> str:
    """The answer's text, its markers as buttons that name their source, its quotations in their language.

    The text content is `answer.text`. Quotations and titles in quotation marks are taken whole: a `[1]` that
    an article itself contains stays text. So does a marker that no citation answers.
    """
    by_marker = {citation.marker: citation for citation in answer.citations}
    quoted = {}
    for citation in answer.citations:
        article = find(citation.article_id)
        quoted[disarm(article.title)] = _quoted(escape(disarm(article.title)), article.lang)
    for citation in answer.citations:
        quoted[disarm(citation.quote)] = _quoted(_disarmed(citation), citation.lang)
    words = "|".join(re.escape(text) for text in sorted(quoted, key=len, reverse=True) if text)
    either = f"(?<=[{OPENING}])(?:{words})(?=[{CLOSING}])| ?{MARKER}" if words else MARKER
    html, at = [], 0
    for match in re.finditer(either, answer.text):
        citation = by_marker.get(int(match["marker"] or 0))
        if citation:
            space = " " if match[0].startswith(" ") else ""  # stays with the marker: no line begins with one
            marker = marker_html(citation, turn, find(citation.article_id), ui)
            piece = f'<span class="cc-tied">{space}{marker}</span>'
        else:
            piece = quoted.get(match[0]) or escape(match[0])
        html += [escape(answer.text[at : match.start()]), piece]
        at = match.end()
    return "".join(html) + escape(answer.text[at:])


def quotation_html(article: Article, passage: Span, cited: Span | None = None, marks: Sequence[Span] = ()) -> str:
    """A passage of `article` between its neighbours, the `cited` span in it highlighted.

    The text content is `article.text[a:b]`, where `a` and `b` are the element's `data-start` and `data-end`;
    the `<mark>` has its own, and they are those of `cited`.
    """
    # An empty span is false, so `cited` is compared with None.
    inner = passage
    if cited is not None:
        inner = Span(min(passage.start, cited.start), max(passage.end, cited.end))
    outer = _neighbourhood(article, inner)
    cut = Span(inner.end, inner.end) if cited is None else cited
    before = "cc-far cc-before" + (" cc-cut" if _mid_line(article.text, outer.start) else "")
    after = "cc-far cc-after" + (" cc-cut" if _mid_line(article.text, outer.end) else "")
    pieces = [
        _piece(before, article, outer.start, inner.start),
        _piece("cc-near", article, inner.start, cut.start),
    ]
    if cited is not None:
        mark = highlighted(article.text, cited, marks)
        pieces.append(f'<mark class="cc-cited" {offsets_html(article, cited)}>{mark}</mark>')
    pieces += [
        _piece("cc-near", article, cut.end, inner.end),
        _piece(after, article, inner.end, outer.end),
    ]
    text = "".join(pieces)
    attributes = f'{offsets_html(article, outer)} lang="{escape(article.lang)}" dir="{direction(article.lang)}"'
    return f'<div class="cc-quotation" {attributes}>{text}</div>'


def language_badge(lang: str) -> str:
    """The language by its own name, in its own language."""
    return f'<span class="cc-lang" lang="{escape(lang)}">{escape(texts.language_name(lang))}</span>'


def heading_html(article: Article, ui: str = "en", at: int | None = None) -> str:
    """Title, language, publisher and date of an article, and the page that holds the character `at`."""
    title = escape(article.title or texts.say(ui, "untitled"))
    facts = [language_badge(article.lang)]
    if article.publisher:
        facts.append(f"<bdi>{escape(article.publisher)}</bdi>")
    if article.date:
        day = escape(texts.date_name(article.date, ui))
        facts.append(f'<time datetime="{escape(article.date)}">{day}</time>')
    if at is not None and (page := article.page(at)):
        facts.append(f'<span class="cc-at-page">{escape(texts.say(ui, "page", number=page))}</span>')
    return (
        f'<span class="cc-heading"><bdi class="cc-title" lang="{escape(article.lang)}">{title}</bdi>'
        f'<span class="cc-facts">{" ".join(facts)}</span></span>'
    )


def marker_html(citation: Citation, turn: int, article: Article, ui: str = "en") -> str:
    """The button that opens the article at the citation; its quotation goes along for the pointer that rests on it."""
    language, title = texts.language_name(article.lang), article.title or texts.say(ui, "untitled")
    label = texts.say(ui, "marker_label", marker=citation.marker, title=title, language=language)
    place = f'data-article="{escape(article.id)}" data-start="{citation.start}" data-end="{citation.end}"'
    return (
        f'<button type="button" class="cc-marker" data-turn="{turn}" data-marker="{citation.marker}" {place} '
        f'data-hash="{fingerprint(citation.quote)}" aria-label="{escape(label)}">'
        f"<span>[</span>{citation.marker}<span>]</span></button>"
    )


def _quoted(html: str, lang: str) -> str:
    return f'<span class="cc-quoted" lang="{escape(lang)}" dir="{direction(lang)}">{html}</span>'


def _disarmed(citation: Citation) -> str:
    """The citation's quote as it stands in an answer, brackets disarmed, its marks strong."""
    text, places, at = disarm(citation.quote), [], 0
    for character in citation.quote:
        at = text.index(character, at)
        places.append(at)
        at += 1
    places.append(len(text))
    marks = [(places[m.start - citation.start], places[m.end - citation.start]) for m in inside(citation)]
    return highlighted(text, Span(0, len(text)), [Span(*mark) for mark in marks])


def inside(citation: Citation) -> list[Span]:
    """The citation's marks, cut to the cited span."""
    cut = [(max(m.start, citation.start), min(m.end, citation.end)) for m in citation.marks]
    return [Span(start, end) for start, end in cut if start < end]


def _neighbourhood(article: Article, inner: Span) -> Span:
    """`inner` and some text around it, cut at white space or punctuation.

    Nothing comes from before the first kept span or from after the last: that is navigation, not the article.
    """
    reach = CONTEXT_CJK if article.lang.split("-")[0] in {"zh", "ja"} else CONTEXT
    first, last = (article.keep[0].start, article.keep[-1].end) if article.keep else (0, len(article.text))
    start, end = max(first, inner.start - reach), min(last, inner.end + reach)
    before, after = article.text[start : inner.start], article.text[inner.end : end]
    if start > first and (cut := BREAK.search(before)) and before[cut.end() :].strip():
        line = before.find("\n", 0, STUB)
        before = before[max(cut.end(), line) :]
    if end < last and (cuts := list(BREAK.finditer(after))) and after[: cuts[-1].end()].strip():
        after = after[: cuts[-1].end()]
    return Span(inner.start - len(before.lstrip()), inner.end + len(after.rstrip()))


def _mid_line(text: str, at: int) -> bool:
    """Whether a line runs across the offset `at`."""
    return 0 < at < len(text) and text[at - 1] != "\n" and text[at] != "\n"


def _piece(name: str, article: Article, start: int, end: int) -> str:
    return f'<span class="{name}">{escape(article.text[start:end])}</span>' if start < end else ""


def offsets_html(article: Article, span: Span) -> str:
    """The attributes that say which characters of which article an element shows."""
    return f'data-article="{escape(article.id)}" data-start="{span.start}" data-end="{span.end}"'
