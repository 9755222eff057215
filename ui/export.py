"""A conversation as Markdown or JSON, its citations with it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from rag.types import Answer, Citation
from ui.records import answer_of, fingerprint
from ui.texts import date_name, language_name, say

FORMAT = 1
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_LINE_START = re.compile(r"^(\s*)([-+=]|\d+(?=[.)]))", re.MULTILINE)


def permalink(address: str, article_id: str, start: int, end: int, quote: str) -> str:
    """The address that opens an article at a quotation, with the fingerprint of what it said."""
    query = {"article": article_id, "start": start, "end": end, "hash": fingerprint(quote)}
    return f"{address.split('?')[0].split('#')[0]}?{urlencode(query)}"


def as_json(title: str, turns: Sequence[Mapping[str, Any]], address: str = "") -> str:
    """The conversation as JSON: every answer as it was, each citation with a permalink.

    A turn is `{"record", ...}`; UserError if a record is no answer.
    """
    rows = []
    for turn in turns:
        record = dict(turn["record"])
        answer = answer_of(record)
        links = [permalink(address, c.article_id, c.start, c.end, c.quote) for c in answer.citations]
        record["citations"] = [{**c, "link": link} for c, link in zip(record["citations"], links, strict=True)]
        rows.append({"asked": turn.get("asked"), **record})
    return json.dumps({"format": FORMAT, "title": title, "turns": rows}, ensure_ascii=False, indent=1)


def as_markdown(title: str, turns: Sequence[Mapping[str, Any]], address: str = "", ui: str = "en") -> str:
    """The conversation as Markdown: questions as headings, answers, and a list of sources under each.

    What stands in an article cannot become markup: its special characters are escaped.
    """
    parts = [f"# {plain(title)}"] if title else []
    for turn in turns:
        answer = answer_of(turn["record"])
        parts += [f"## {plain(' '.join(answer.question.split()))}", answer_markdown(answer, turn["record"], address, ui)]
    return "\n\n".join(parts) + "\n"


def answer_markdown(answer: Answer, record: Mapping[str, Any], address: str = "", ui: str = "en") -> str:
    """One answer as Markdown, its sources below it."""
    kept = {c["marker"]: c for c in record["citations"]}
    text = re.sub(r"\\\[([1-9][0-9]{0,2})\\\]", r"[\1]", plain(answer.text))
    parts = [text] + ([f"*{plain(answer.note)}*"] if answer.note else [])
    if answer.citations:
        parts.append("\n".join(_source(c, kept[c.marker], address, ui) for c in answer.citations))
    return "\n\n".join(parts)


def _source(citation: Citation, kept: Mapping[str, Any], address: str, ui: str) -> str:
    facts = [language_name(citation.lang)]
    facts += [str(kept["publisher"])] if kept.get("publisher") else []
    facts += [date_name(str(kept["date"]), ui)] if kept.get("date") else []
    facts += [say(ui, "page", number=kept["page"])] if isinstance(kept.get("page"), int) else []
    title = plain(" ".join(str(kept.get("title") or citation.article_id).split()))
    link = permalink(address, citation.article_id, citation.start, citation.end, citation.quote)
    quote = plain(" ".join(citation.quote.split()))
    return (
        f"- [{citation.marker}] **[{title}](<{link}>)** ({plain(', '.join(facts))}, "
        f"{citation.start}-{citation.end})\n  > {quote}{_also(kept, ui)}"
    )


def _also(kept: Mapping[str, Any], ui: str) -> str:
    """The line that names the twins of a citation's article; the record comes from outside, so what is odd is skipped."""
    also = kept.get("also")
    editions = [e for e in also if isinstance(e, Mapping)] if isinstance(also, Sequence) else []
    if not editions:
        return ""
    named = (", ".join(str(e[k]) for k in ("publisher", "date", "file") if e.get(k)) for e in editions)
    return f"\n\n  {plain(say(ui, 'also_at', where=' '.join('; '.join(named).split())))}"


def plain(text: str) -> str:
    """`text` so that Markdown shows it as it is."""
    return _LINE_START.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", text.replace("\0", "␀"))).replace("\r", " ")
