"""The files of an index's data folder: articles and passages as JSON lines, their hashes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from index.types import Article, Passage, Span

_ARTICLES = "articles.jsonl"
_PASSAGES = "passages.jsonl"


def write(data: Path, articles: Iterable[Article], passages: Iterable[Passage]) -> None:
    """Writes both into the folder `data`; the passages without their text, which the articles have."""
    _write_lines(data / _ARTICLES, (asdict(a) for a in articles))
    _write_lines(
        data / _PASSAGES,
        (
            {"article_id": p.article_id, "start": p.start, "end": p.end,
             "sentences": [[s.start, s.end] for s in p.sentences]}
            for p in passages
        ),
    )


def articles(data: Path) -> list[Article]:
    """The articles in `data`, in the order written."""
    rows = (json.loads(line) for line in _read_lines(data / _ARTICLES))
    return [
        Article(**{**r, "keep": tuple(Span(**s) for s in r["keep"]), "pages": tuple(r["pages"]), "also": tuple(r["also"])})
        for r in rows
    ]


def passages(data: Path, by_id: dict[str, Article]) -> list[Passage]:
    """The passages in `data`, in the order of their vectors."""
    out = []
    for line in _read_lines(data / _PASSAGES):
        row = json.loads(line)
        article = by_id[row["article_id"]]
        start, end = row["start"], row["end"]
        spans = tuple(Span(*s) for s in row["sentences"])
        out.append(Passage(article.id, article.lang, start, end, article.text[start:end], spans))
    return out


def sha256(path: Path) -> str:
    """The hash of the file's bytes, in hex; OSError if it cannot be read."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(data: Path, digests: dict[str, str]) -> bool:
    """True if every file in `data` that `digests` names is there and has that hash."""
    return not any(damaged(data, digests))


def damaged(data: Path, digests: dict[str, str]) -> Iterator[Path]:
    """The files in `data` that are not as `digests` says, missing ones among them."""
    for name, digest in digests.items():
        try:
            whole = sha256(data / name) == digest
        except OSError:
            whole = False
        if not whole:
            yield data / name


def sync(path: Path) -> None:
    """Waits until the file is on the disk."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def _write_lines(path: Path, rows: Iterable[dict]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(json.dumps(row) + "\n" for row in rows)


def _read_lines(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as f:
        yield from f
