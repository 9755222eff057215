"""Answers and hits for programs (the JSON contract) and for a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from index.types import Hit
    from rag.chatbot import Chatbot
    from rag.types import Answer, Citation


YIELDING = ("query", "note")  # keys of an answer that give way to keys of the same name in a file of questions


def json_line(row: dict[str, Any]) -> str:
    """`row` as one line of JSON in readable letters; escaped if it holds what UTF-8 cannot write (a lone surrogate)."""
    line = json.dumps(row, ensure_ascii=False)
    try:
        line.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(row)
    return line


def hit_json(hit: Hit) -> dict[str, Any]:
    """A hit as the JSON contract has it."""
    p = hit.passage
    return {
        "article_id": p.article_id,
        "start": p.start,
        "end": p.end,
        "text": p.text,
        "lang": p.lang,
        "score": round(hit.score, 6),
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    """A citation as the JSON contract has it."""
    return {
        "marker": citation.marker,
        "article_id": citation.article_id,
        "start": citation.start,
        "end": citation.end,
        "quote": citation.quote,
        "lang": citation.lang,
    }


def answer_json(answer: Answer) -> dict[str, Any]:
    """An answer as the JSON contract has it, without its id."""
    return {
        "question": answer.question,
        "query": answer.query,
        "lang": answer.lang,
        "found": answer.found,
        "text": answer.text,
        "reason": answer.reason,
        "citations": [citation_json(c) for c in answer.citations],
        "hits": [hit_json(h) for h in answer.hits],
        "note": answer.note,
        "seconds": round(answer.seconds, 4),
    }


def plain(answer: Answer, chatbot: Chatbot) -> str:
    """The answer for a terminal: its text, then a line a citation."""
    lines = [answer.text, *([answer.note] if answer.note else [])]
    for c in answer.citations:
        article = chatbot.article(c.article_id)
        lines.append(f"[{c.marker}] {article.title} ({c.article_id} {c.start}-{c.end}, {c.lang})")
    return "\n".join(lines)
