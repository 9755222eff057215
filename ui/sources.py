"""The source panel as HTML: a card for every citation, the nearest passages of a refusal, the collection."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from index.languages import direction
from index.types import Article, Hit, Span
from rag.types import Answer, Citation
from ui.output import edition
from ui.places import article_or_none
from ui.records import fingerprint
from ui.render import escape, heading_html, inside, language_badge, quotation_html
from ui.texts import say

NEAREST = 3  # passages offered with a refusal
LISTED = 12  # articles named on the empty page


def sources_html(
    answer: Answer, turn: int, find: Callable[[str], Article], ui: str = "en", states: Mapping[int, str] | None = None
) -> str:
    """The panel of one answer: a card for every citation, or, for a refusal, for the nearest passages.

    `states` says by marker which citations are not where they were: `moved`, `changed`, `gone` (see `places`).
    """
    if answer.found:
        heading, note = say(ui, "sources", n=len(answer.citations)), ""
        cards = []
        for i, citation in enumerate(answer.citations):
            article = article_or_none(find, citation.article_id)
            state = (states or {}).get(citation.marker, "same")
            cards.append(_citation_card(citation, article, find, turn, i == 0, ui, state))
    else:
        heading, note = say(ui, "nearest"), f'<p class="cc-note">{escape(say(ui, "nearest_note"))}</p>'
        cards = [_hit_card(h, find, turn, i, ui) for i, h in enumerate(answer.hits[:NEAREST])]
    question = f'<p class="cc-for" dir="auto">{escape(answer.question)}</p>'
    return f"<h2>{escape(heading)}</h2>{question}{note}{''.join(cards)}"


def also_html(article: Article, find: Callable[[str], Article], ui: str = "en") -> str:
    """Where else the article was published; each of its twins can be opened."""
    twins = [twin for other in article.also if (twin := article_or_none(find, other))]
    if not twins:
        return ""
    links = "; ".join(
        f'<button type="button" class="cc-link cc-read" data-article="{escape(t.id)}"><bdi>{escape(edition(t, ui))}</bdi></button>'
        for t in twins
    )
    before, behind = (escape(part) for part in say(ui, "also_at", where="\0").split("\0"))
    return f'<p class="cc-also">{before}{links}{behind}</p>'


def collection_html(articles: Sequence[Article], ui: str = "en") -> str:
    """What there is to ask about, twins as one; each title opens its article."""
    articles = [a for a in articles if not a.is_twin]
    if not articles:
        return f'<section class="cc-collection"><p class="cc-note">{escape(say(ui, "collection_none"))}</p></section>'
    items = "".join(
        f'<li><button type="button" class="cc-head cc-read" data-article="{escape(a.id)}">{heading_html(a, ui)}'
        "</button></li>"
        for a in articles[:LISTED]
    )
    more = len(articles) - LISTED
    rest = f'<p class="cc-note">{escape(say(ui, "more", n=more))}</p>' if more > 0 else ""
    heading = say(ui, "collection", n=len(articles))
    note = f'<p class="cc-note">{escape(say(ui, "sources_empty"))}</p>'
    return f'<section class="cc-collection"><h2>{escape(heading)}</h2>{note}<ul>{items}</ul>{rest}</section>'


def _citation_card(
    citation: Citation, article: Article | None, find: Callable[[str], Article], turn: int, is_open: bool, ui: str, state: str
) -> str:
    notice = f'<p class="cc-state" role="note">{escape(say(ui, state))}</p>' if state != "same" else ""
    if article is None or state == "changed":
        words = f'<span class="cc-near">{escape(citation.quote)}</span>'
        body = f'<div class="cc-quotation" lang="{escape(citation.lang)}" dir="{direction(citation.lang)}">{words}</div>'
        heading = heading_html(article, ui) if article else _bare_heading(citation)
        return _card(heading, f"{turn}-{citation.marker}", str(citation.marker), notice + body, is_open)
    cited = Span(citation.start, citation.end)
    quotation = quotation_html(article, citation.passage, cited, inside(citation))
    body = notice + quotation + _read_button(article, cited, citation.quote, ui) + also_html(article, find, ui)
    return _card(heading_html(article, ui, citation.start), f"{turn}-{citation.marker}", str(citation.marker), body, is_open)


def _hit_card(hit: Hit, find: Callable[[str], Article], turn: int, place: int, ui: str) -> str:
    article = find(hit.passage.article_id)
    span = Span(hit.passage.start, hit.passage.end)
    body = quotation_html(article, span) + _read_button(article, span, span.of(article.text), ui) + also_html(article, find, ui)
    return _card(heading_html(article, ui, span.start), f"{turn}-n{place}", "", body, place == 0)


def _card(heading: str, name: str, number: str, body: str, is_open: bool) -> str:
    """One source: a heading that opens and closes it, and the quotation."""
    badge = f'<span class="cc-number">{escape(number)}</span>' if number else ""
    state = "true" if is_open else "false"
    return (
        f'<article class="cc-source" id="cc-source-{name}" data-open="{state}">'
        f'<h3><button type="button" class="cc-head cc-fold" aria-expanded="{state}" aria-controls="cc-text-{name}">'
        f"{badge}{heading}</button></h3>"
        f'<div class="cc-body" id="cc-text-{name}">{body}</div></article>'
    )


def _bare_heading(citation: Citation) -> str:
    """The heading of a citation whose article is gone: all that is known of it without the article."""
    return (
        f'<span class="cc-heading"><bdi class="cc-title">{escape(citation.article_id)}</bdi>'
        f'<span class="cc-facts">{language_badge(citation.lang)}</span></span>'
    )


def _read_button(article: Article, span: Span, quote: str, ui: str) -> str:
    place = f'data-article="{escape(article.id)}" data-start="{span.start}" data-end="{span.end}"'
    return (
        f'<p class="cc-more"><button type="button" class="cc-link cc-read" {place} data-hash="{fingerprint(quote)}">'
        f"{escape(say(ui, 'read_article'))}</button></p>"
    )
