"""Answers and hits for programs (the JSON contract) and for a terminal."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from ui.texts import date_name, say

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.types import Article, Hit
    from rag.chatbot import Chatbot
    from rag.types import Answer, Citation


_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
YIELDING = ("query", "note")  # keys of an answer that give way to keys of the same name in a file of questions


def json_line(row: dict[str, Any]) -> str:
    """`row` as one line of JSON in readable letters; escaped if it holds what UTF-8 cannot write (a lone surrogate)."""
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row)
    return line


def edition_json(article: Article) -> dict[str, Any]:
    """Where an article was published: its id, publisher, date and file."""
    return {"article_id": article.id, "publisher": article.publisher, "date": article.date, "file": article.file}


def more_json(article_id: str, start: int, find: Callable[[str], Article]) -> dict[str, Any]:
    """What a place of an article has besides: its `page` where the file has pages, and its twins in `also`."""
    article = find(article_id)
    page, also = article.page(start), [edition_json(find(other)) for other in article.also]
    return {**({"page": page} if page else {}), **({"also": also} if also else {})}


def hit_json(hit: Hit, find: Callable[[str], Article]) -> dict[str, Any]:
    """A hit as the JSON contract has it, and `more_json`."""
    p = hit.passage
    return {
        "article_id": p.article_id,
        "start": p.start,
        "end": p.end,
        "text": p.text,
        "lang": p.lang,
        "score": round(hit.score, 6),
        **more_json(p.article_id, p.start, find),
    }


def citation_json(citation: Citation, find: Callable[[str], Article]) -> dict[str, Any]:
    """A citation as the JSON contract has it, and `more_json`."""
    return {
        "marker": citation.marker,
        "article_id": citation.article_id,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "lang": citation.lang,
        **more_json(citation.article_id, citation.start, find),
    }


def answer_json(answer: Answer, find: Callable[[str], Article]) -> dict[str, Any]:
    """An answer as the JSON contract has it, without its id."""
    return {
        "question": answer.question,
        "query": answer.query,
        "lang": answer.lang,
        "found": answer.found,
        "text": answer.text,
        "reason": answer.reason,
        "citations": [citation_json(c, find) for c in answer.citations],
        "hits": [hit_json(h, find) for h in answer.hits],
        "note": answer.note,
        "seconds": round(answer.seconds, 4),
    }


def plain(answer: Answer, chatbot: Chatbot) -> str:
    """The answer for a terminal: its text, then a line a citation, and a line for its article's twins."""
    lines = [answer.text, *([answer.note] if answer.note else [])]
    for c in answer.citations:
        article = chatbot.article(c.article_id)
        page = f"{page_plain(article, c.start, answer.lang)}, " if article.page(c.start) else ""
        lines.append(f"[{c.marker}] {article.title} ({c.article_id} {c.start}-{c.end}, {page}{c.lang})")
        if article.also:
            twins = "; ".join(edition(chatbot.article(other), answer.lang) for other in article.also)
            lines.append(f"    {say(answer.lang, 'also_at', where=twins)}")
    return harmless("\n".join(lines))


def harmless(text: str) -> str:
    """`text` for a terminal: what would steer it, or what UTF-8 cannot write, is U+FFFD."""
    return _STEERING.sub("\ufffd", text)


def page_plain(article: Article, offset: int, ui: str) -> str:
    """The page that holds the character at `offset`, as a citation says it; empty where the file has no pages."""
    page = article.page(offset)
    return say(ui, "page", number=page) if page else ""


def edition(article: Article, ui: str) -> str:
    """Publisher, date and file of an article, as far as they are known, in one line."""
    day = date_name(article.date, ui) if article.date else ""
    return ", ".join(filter(None, (article.publisher, day, article.file or article.id)))
