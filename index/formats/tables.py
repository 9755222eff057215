"""Corpora in rows: CSV, TSV and JSON lines, an article a row."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw, harmless
from index.formats.text import decode

# What the columns are called, best first; compared without case.
_COLUMNS = {
    "text": ("text", "content", "body", "article", "inhalt", "正文", "内容", "內容", "文本"),
    "name": ("id", "_id", "doc_id", "docid", "编号", "編號"),
    "title": ("title", "headline", "titel", "überschrift", "标题", "標題"),
    "date": ("date", "published", "datum", "日期"),
    "publisher": ("publisher", "source", "quelle", "来源", "來源"),
    "lang": ("lang", "language", "sprache", "语言", "語言"),
}
_MAX_ROWS = 2_000_000


def read(name: str, data: bytes) -> Parsed:
    """An article a row that has a text; rows that cannot be read are named by their number."""
    text = decode(name, data).lstrip("\ufeff")
    rows = _json_rows(name, text) if PurePath(name).suffix.lower() == ".jsonl" else _csv_rows(name, text)
    parsed, seen = Parsed(), set()
    for number, row in rows:
        if number > _MAX_ROWS:
            parsed.problems.append(f"{name}: has more than {_MAX_ROWS:,} rows, the rest is left out; split it")
            break
        if isinstance(row, str):
            parsed.problems.append(f"{name}:{number}: {row}")
            continue
        found = _fields(row)
        if not found.get("text", "").strip():
            parsed.problems.append(f"{name}:{number}: has no text (a column called {', '.join(_COLUMNS['text'][:3])})")
            continue
        found["name"] = harmless(re.sub(r"[\s/\\]+", "_", found.get("name") or str(number)), "_")[:100]
        if found["name"] in seen:
            parsed.problems.append(f"{name}:{number}: has the same id as a row before it, {found['name']}")
            continue
        seen.add(found["name"])
        parsed.raws.append(Raw(**found, cleaned=True))
    if not parsed.raws:
        raise ArticleUnreadable("; ".join(parsed.problems[:1]) or f"{name}: holds no rows")
    return parsed


def _fields(row: Mapping[str, object]) -> dict[str, str]:
    by_name = {str(k).strip().casefold(): v for k, v in row.items() if isinstance(v, str | int | float)}
    out = {}
    for field, names in _COLUMNS.items():
        for column in names:
            if str(by_name.get(column, "")).strip():
                out[field] = str(by_name[column]).replace("\r\n", "\n").replace("\r", "\n")
                break
    if not re.fullmatch(r"\d{4}(-\d\d){0,2}", out.get("date", "")[:10]):
        out.pop("date", None)
    else:
        out["date"] = out["date"][:10]
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]+)*", out.get("lang", "")) or out["lang"].lower().startswith("zh"):
        out.pop("lang", None)  # "zh" does not name the script; it is told from the text
    return out


def _json_rows(name: str, text: str) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, f"is no JSON ({error})"
            continue
        yield number, row if isinstance(row, dict) else "is no JSON object"


def _csv_rows(name: str, text: str) -> Iterator[tuple[int, Mapping[str, object] | str]]:
    first = text.split("\n", 1)[0]
    delimiter = max("\t,;", key=first.count)
    csv.field_size_limit(1 << 28)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    if not any(c and c.strip().casefold() in _COLUMNS["text"] for c in reader.fieldnames or ()):
        raise ArticleUnreadable(f"{name}: its first line names no column {', '.join(_COLUMNS['text'][:3])}")
    try:
        for row in reader:
            yield reader.line_num, {k: v for k, v in row.items() if k is not None}
    except csv.Error as error:
        yield reader.line_num, f"is no row ({error})"
