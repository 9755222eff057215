"""An answer as the browser keeps it (JSON), and back: what a conversation is made of, and what an export holds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from index.errors import UserError
from index.types import Article, Hit, Passage, Span, Why
from rag.types import Answer, Citation, Dropped
from ui.output import citation_json

HASH = 12  # hex digits of a quotation's fingerprint: what a permalink carries
KEPT_TEXT = 400  # characters of a hit's text that a record keeps


def fingerprint(quote: str) -> str:
    """The short hash of a quotation, by which a permalink knows whether the article still says it."""
    return hashlib.sha256(quote.encode("utf-8", "surrogatepass")).hexdigest()[:HASH]


def record_of(answer: Answer, find: Callable[[str], Article]) -> dict[str, Any]:
    """The answer as JSON-ready data, its citations with title, publisher, date and fingerprint of their articles."""
    return {
        "question": answer.question,
        "query": answer.query,
        "lang": answer.lang,
        "found": answer.found,
        "text": answer.text,
        "reason": answer.reason,
        "note": answer.note,
        "confidence": round(answer.confidence, 4),
        "seconds": round(answer.seconds, 4),
        "stages": [[name, round(seconds, 5)] for name, seconds in answer.stages],
        "dropped": [[d.text, d.reason] for d in answer.dropped],
        "citations": [_citation(c, find) for c in answer.citations],
        "hits": [_hit(h) for h in answer.hits],
    }


def _citation(citation: Citation, find: Callable[[str], Article]) -> dict[str, Any]:
    article = find(citation.article_id)
    return {
        **citation_json(citation, find),
        "passage": [citation.passage.start, citation.passage.end],
        "marks": [[mark.start, mark.end] for mark in citation.marks],
        "title": article.title,
        "publisher": article.publisher,
        "date": article.date,
        "hash": fingerprint(citation.quote),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    why = {f.name: getattr(hit.why, f.name) for f in fields(hit.why)}
    return {
        **_passage(hit.passage),
        "score": round(hit.score, 6),
        "why": {name: value for name, value in why.items() if _plain(value)},
        "also": [_passage(other) for other in hit.also],
    }


def _passage(passage: Passage) -> dict[str, Any]:
    text = passage.text[:KEPT_TEXT]
    place = {"article_id": passage.article_id, "start": passage.start, "end": passage.end}
    return {**place, "lang": passage.lang, "text": text}


def _plain(value: Any) -> bool:
    """Whether a detail of a ranking is a number, a string, or a sequence of these, and says anything."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(isinstance(v, (int, float, str)) for v in value)
    return isinstance(value, (int, float, str))


def answer_of(record: Mapping[str, Any]) -> Answer:
    """The answer of a record that a browser kept. UserError if it is none: it comes from outside."""
    try:
        citations = tuple(
            Citation(
                int(c["marker"]), str(c["article_id"]), int(c["start"]), int(c["end"]), str(c["quote"]),
                str(c["lang"]), _span(c["passage"]), tuple(_span(m) for m in c["marks"]),
            )
            for c in record["citations"]
        )
        known = {f.name for f in fields(Why)}
        hits = tuple(
            Hit(
                _passage_of(h),
                float(h["score"]),
                Why(**{
                    name: tuple(value) if isinstance(value, list) else value
                    for name, value in h["why"].items() if name in known and _plain(value)
                }),
                tuple(_passage_of(other) for other in h["also"]),
            )
            for h in record["hits"]
        )
        return Answer(
            question=str(record["question"]), lang=str(record["lang"]), found=bool(record["found"]),
            text=str(record["text"]), citations=citations, hits=hits, reason=record["reason"],
            seconds=float(record["seconds"]), confidence=float(record["confidence"]), query=str(record["query"]),
            stages=tuple((str(name), float(seconds)) for name, seconds in record["stages"]),
            dropped=tuple(Dropped(str(text), reason) for text, reason in record["dropped"]),
            note=None if record["note"] is None else str(record["note"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"this is not an answer that CrossCite wrote: {error!r}") from error


def _passage_of(kept: Any) -> Passage:
    return Passage(str(kept["article_id"]), str(kept["lang"]), int(kept["start"]), int(kept["end"]), str(kept["text"]))


def _span(pair: Any) -> Span:
    start, end = pair
    return Span(int(start), int(end))
