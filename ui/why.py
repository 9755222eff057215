"""Why this answer: what was searched, what was found and how, which sentence rests on what, and the time it took."""

from __future__ import annotations

import re
from collections.abc import Callable

from index.languages import detect, direction
from index.types import Article
from rag.types import Answer
from ui.places import article_or_none
from ui.render import MARKER, escape, language_badge
from ui.texts import catalog, language_name, say

_SENTENCE = re.compile(rf".*?(?:{MARKER}\s*)+|.+", re.DOTALL)


def why_html(answer: Answer, find: Callable[[str], Article], ui: str = "en") -> str:
    """A fold-out that shows the whole way from the question to the answer."""
    asked, answered = language_name(detect(answer.question)), language_name(answer.lang)
    percent = f"{100 * answer.confidence:.0f} %"
    meter = (
        f'<span class="cc-meter" aria-hidden="true"><span style="inline-size:{100 * answer.confidence:.0f}%"></span></span>'
        f"{percent}"
    )
    facts = [
        (say(ui, "why_query"), f'<bdi lang="{escape(detect(answer.query))}">{escape(answer.query)}</bdi>'),
        (say(ui, "why_language"), escape(f"{asked} → {answered}")),
        (say(ui, "why_confidence"), meter),
    ]
    if answer.reason:
        facts.append((say(ui, "why_reason"), escape(say(ui, f"reason_{answer.reason}"))))
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in facts)
    parts = [f"<dl>{listed}</dl>", _sentences(answer, ui), _hits(answer, find, ui), _stages(answer, ui)]
    return f'<details class="cc-why"><summary>{escape(say(ui, "why"))}</summary>{"".join(parts)}</details>'


def sentences(answer: Answer) -> list[tuple[str, tuple[int, ...]]]:
    """The answer's text cut after each run of markers: what is said, and the markers it rests on."""
    found = []
    for match in _SENTENCE.finditer(answer.text):
        markers = tuple(dict.fromkeys(int(m["marker"]) for m in re.finditer(MARKER, match[0])))
        text = re.sub(rf"\s*{MARKER}", "", match[0]).strip()
        if text:
            found.append((text, markers))
    return found


def _sentences(answer: Answer, ui: str) -> str:
    rows = []
    if answer.found:
        for text, markers in sentences(answer):
            named = "".join(f"[{m}]" for m in markers)
            verdict = f'<span class="cc-verdict">{escape(say(ui, "supported"))} {named}</span>' if markers else ""
            rows.append(f'<li><span dir="auto" lang="{escape(answer.lang)}">{escape(text)}</span> {verdict}</li>')
    for dropped in answer.dropped:
        reason = escape(say(ui, "unsupported", reason=say(ui, f"reason_{dropped.reason}")))
        rows.append(
            f'<li class="cc-dropped"><s dir="auto">{escape(dropped.text)}</s> <span class="cc-verdict">{reason}</span></li>'
        )
    return f"<h3>{escape(say(ui, 'why_sentences'))}</h3><ol>{''.join(rows)}</ol>" if rows else ""


def _hits(answer: Answer, find: Callable[[str], Article], ui: str) -> str:
    if not answer.hits:
        return ""
    cited = {(c.article_id, c.passage.start, c.passage.end) for c in answer.citations}
    heads = [say(ui, key) for key in ("rank", "passage", "score", "by_meaning", "by_words", "together", "terms")]
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in heads)
    best = max((hit.score for hit in answer.hits), default=0.0)
    rows = []
    for rank, hit in enumerate(answer.hits, 1):
        p = hit.passage
        title = _title(p.article_id, find)
        begin = " ".join(p.text.split())[:70]
        used = ' class="cc-used"' if (p.article_id, p.start, p.end) in cited else ""
        width = max(0.0, 100 * hit.score / best) if best > 0 else 0.0
        common = [escape(term) for term in hit.why.terms if term not in hit.why.quantities][:6]
        common += [f"<strong>{escape(quantity.strip('#'))}</strong>" for quantity in hit.why.quantities]
        part = f'<span class="cc-begin" dir="auto">{escape(hit.why.part)}</span>' if hit.why.part else ""
        also = "".join(
            f'<span class="cc-begin">{_open(o.article_id, o.start, o.end, o.lang, "≈ " + _title(o.article_id, find))}</span>'
            for o in hit.also
        )
        rows.append(
            f'<tr{used}><th scope="row">{rank}</th>'
            f"<td>{_open(p.article_id, p.start, p.end, p.lang, title)}"
            f'<span class="cc-begin" lang="{escape(p.lang)}" dir="{direction(p.lang)}">{escape(begin)}…</span>{also}{part}</td>'
            f'<td><span class="cc-meter" aria-hidden="true"><span style="inline-size:{width:.0f}%"></span></span>'
            f"{hit.score:.3f}</td><td>{_place(hit.why.dense_rank, hit.why.dense_score)}</td>"
            f"<td>{_place(hit.why.lexical_rank, hit.why.lexical_score)}</td>"
            f"<td>{_place(hit.why.fused_rank, None)}</td>"
            f'<td lang="{escape(p.lang)}">{", ".join(common)}</td></tr>'
        )
    title = escape(say(ui, "why_hits"))
    return (
        f'<h3>{title}</h3><div class="cc-scroll" tabindex="0" role="group" aria-label="{title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _title(article_id: str, find: Callable[[str], Article]) -> str:
    article = article_or_none(find, article_id)
    return article.title if article and article.title else article_id


def _open(article_id: str, start: int, end: int, lang: str, title: str) -> str:
    """A button that opens an article at a passage, and the article's language."""
    place = f'data-article="{escape(article_id)}" data-start="{start}" data-end="{end}" lang="{escape(lang)}"'
    button = f'<button type="button" class="cc-link cc-read" {place}><bdi>{escape(title)}</bdi></button>'
    return f"{button} {language_badge(lang)}"


def _place(rank: int | None, score: float | None) -> str:
    if rank is None:
        return "–"
    return f"{rank}." + ("" if score is None else f' <span class="cc-dim">{score:.2f}</span>')


def _stages(answer: Answer, ui: str) -> str:
    if not answer.stages:
        return ""
    known = catalog(ui)
    whole = max(answer.seconds, *(seconds for _, seconds in answer.stages), 1e-9)
    rows = "".join(
        f'<tr><th scope="row">{escape(say(ui, f"stage_of_{name}") if f"stage_of_{name}" in known else name)}</th>'
        f'<td><span class="cc-meter" aria-hidden="true"><span style="inline-size:{100 * seconds / whole:.0f}%"></span>'
        f"</span>{1000 * seconds:.0f} ms</td></tr>"
        for name, seconds in (*answer.stages, ("total", answer.seconds))
    )
    return f'<h3>{escape(say(ui, "why_stages"))}</h3><table class="cc-stages"><tbody>{rows}</tbody></table>'
