"""A whole article as HTML: its text to the letter, every cited passage marked, its headings as a table of contents."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from index.languages import direction
from index.types import Article, Span
from ui.output import page_plain
from ui.places import Place
from ui.records import fingerprint
from ui.render import escape, heading_html, offsets_html
from ui.texts import say

WINDOW = 120_000  # characters of a very long article that are shown around the passage
HEADING = 90  # the longest line that is taken for a heading, in letters; Han characters count twice
_SENTENCE_END = re.compile(r"[.!?。！？…；;,，、]\W{0,2}$")
_HAN = re.compile("[㐀-鿿]")


def headings(article: Article) -> tuple[Span, ...]:
    """The lines of the article that head what follows: short, kept, without the end of a sentence, not the last,
    and followed by running text. The title is none of them."""
    found: list[Span] = []
    lines = [Span(m.start(), m.end()) for m in re.finditer(r"[^\n]*\S[^\n]*", article.text)]
    title = "".join(article.title.split())
    for line, following in pairwise(lines):
        text = line.of(article.text).strip()
        size = len(text) + len(_HAN.findall(text))
        after = following.of(article.text).strip()
        is_prose = len(after) + len(_HAN.findall(after)) > HEADING
        kept = any(span.start <= line.start and line.end <= span.end + 1 for span in article.keep)
        plain = "".join(text.strip("# ").split())
        if kept and size <= HEADING and is_prose and not _SENTENCE_END.search(text) and plain not in ("", title):
            found.append(line)
    return tuple(found)


def reader_html(
    article: Article, cited: Sequence[Span], place: Place | None = None, ui: str = "en", also: str = ""
) -> str:
    """The article with its heading, its twins (`also`, HTML), a note on a place that is not as it was, its contents, and
    its text, in which an empty element says where a page begins.

    `cited` are the passages to mark; the one at `place` is marked as the current one. The text content of
    `.cc-text` is `article.text[a:b]`, `a` and `b` its offsets: all of it unless it is longer than `WINDOW`.
    """
    current = place.span if place else None
    shown = _window(article, current)
    spans = _disjoint([*cited, *([current] if current else [])], shown, first=current)
    heads = [h for h in headings(article) if shown.start <= h.start and h.end <= shown.end]
    notes = []
    if place and place.state not in ("same",):
        notes.append(say(ui, place.state))
    if len(shown) < len(article.text):
        notes.append(say(ui, "cut"))
    note = "".join(f'<p class="cc-state" role="note">{escape(text)}</p>' for text in notes)
    return (
        f'<header class="cc-reader-head"><h2 tabindex="-1">{heading_html(article, ui, current.start if current else None)}</h2>'
        f'{also}{note}</header>'
        f'<div class="cc-reader-nav">{_cited_html(article, spans, ui)}{_contents_html(article, heads, ui)}</div>'
        f'<div class="cc-text" {offsets_html(article, shown)} lang="{escape(article.lang)}" dir="{direction(article.lang)}" tabindex="0" '
        f'role="group" aria-label="{escape(say(ui, "article_text"))}">{_body(article, shown, spans, heads, current, ui)}</div>'
    )


def _window(article: Article, current: Span | None) -> Span:
    """All of the article, or as much around `current` as `WINDOW` allows, cut at ends of lines."""
    if len(article.text) <= WINDOW:
        return Span(0, len(article.text))
    middle = current.start if current else 0
    start, end = max(0, middle - WINDOW // 2), min(len(article.text), middle + WINDOW // 2)
    line = article.text.find("\n", start, current.start) if current and start else -1
    return Span(line + 1 if line >= 0 else start, end)


def _disjoint(spans: Sequence[Span], shown: Span, first: Span | None) -> list[Span]:
    """The spans that lie in `shown`, ascending; of two that overlap `first` stays, else the earlier."""
    kept: list[Span] = []
    for span in sorted(set(spans), key=lambda s: (s != first, s.start, -s.end)):
        inside = shown.start <= span.start < span.end <= shown.end
        if inside and all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)


def _body(article: Article, shown: Span, cited: Sequence[Span], heads: Sequence[Span], current: Span | None, ui: str) -> str:
    html, at = [], shown.start
    for number, span in enumerate(cited):
        html.append(_plain(article, Span(at, span.start), heads, ui))
        now = ' aria-current="location"' if span == current else ""
        html.append(
            f'<mark class="cc-cited" id="cc-cited-{number}" tabindex="-1" {offsets_html(article, span)} '
            f'data-hash="{fingerprint(span.of(article.text))}"{now}>{_paged(article, span, ui)}</mark>'
        )
        at = span.end
    html.append(_plain(article, Span(at, shown.end), heads, ui))
    return "".join(html)


def _paged(article: Article, span: Span, ui: str) -> str:
    """The characters of `span`, each page that begins among them after an empty element with its number."""
    html, at = [], span.start
    for number in range(bisect_left(article.pages, span.start), bisect_left(article.pages, span.end)):
        begin, name = article.pages[number], escape(say(ui, "page", number=number + 2))
        html.append(f'{escape(article.text[at:begin])}<span class="cc-page" role="separator" data-page="{name}" aria-label="{name}"></span>')
        at = begin
    return "".join(html) + escape(article.text[at : span.end])


def _plain(article: Article, span: Span, heads: Sequence[Span], ui: str) -> str:
    """A stretch without citations: headings strong, what the index leaves out faint."""
    cuts = {span.start, span.end}
    for part in (*article.keep, *heads):
        cuts |= {offset for offset in (part.start, part.end) if span.start < offset < span.end}
    html = []
    for start, end in pairwise(sorted(cuts)):
        text = _paged(article, Span(start, end), ui)
        if any(h.start <= start and end <= h.end for h in heads):
            at = next(h.start for h in heads if h.start <= start and end <= h.end)
            html.append(f'<span class="cc-section" id="cc-section-{at}" role="heading" aria-level="3">{text}</span>')
        elif article.text[start:end].isspace() or not article.keep or any(k.start <= start and end <= k.end for k in article.keep):
            html.append(text)
        else:
            html.append(f'<span class="cc-aside">{text}</span>')
    return "".join(html)


def _contents_html(article: Article, heads: Sequence[Span], ui: str) -> str:
    if not heads:
        return ""
    items = "".join(
        f'<li><button type="button" class="cc-link cc-jump" data-target="cc-section-{h.start}">'
        f"{escape(h.of(article.text).strip().strip('# '))}</button></li>"
        for h in heads
    )
    summary = escape(say(ui, "toc"))
    return f'<details class="cc-toc"><summary>{summary}</summary><ol lang="{escape(article.lang)}">{items}</ol></details>'


def _cited_html(article: Article, cited: Sequence[Span], ui: str) -> str:
    if not cited:
        return f'<p class="cc-note">{escape(say(ui, "cited_none"))}</p>'
    items = "".join(
        f'<li><button type="button" class="cc-link cc-jump" data-target="cc-cited-{number}">'
        f"{escape(_beginning(span.of(article.text)))}</button>{_at_page(article, span, ui)}</li>"
        for number, span in enumerate(cited)
    )
    summary = escape(say(ui, "cited_here", n=len(cited)))
    return (
        f'<details class="cc-toc"><summary>{summary}</summary><ol lang="{escape(article.lang)}">{items}</ol></details>'
    )


def _at_page(article: Article, span: Span, ui: str) -> str:
    page = page_plain(article, span.start, ui)
    return f' <span class="cc-at-page">{escape(page)}</span>' if page else ""


def _beginning(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 90 else words[:89].rstrip() + "…"
