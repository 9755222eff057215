"""PDF with a text layer; the pages' offsets are kept for citations."""

from __future__ import annotations

import io
import logging
import re
from collections import Counter

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw

_MAX_PAGES = 5_000
_EDGE = 2  # lines at the top and the foot of a page that may be a running head, a footer or a page number
_HAN = r"\u3000-\u9fff\uff00-\uffef"
_ENDS = re.compile(r"[.!?:;。！？：；…][\"'”’»«」』）)]*$")


def read(name: str, data: bytes) -> Parsed:
    """The text of all pages, lines joined to paragraphs, without running heads and page numbers."""
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it reports every flaw it repairs
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted and not reader.decrypt(""):
            raise ArticleUnreadable(f"{name}: is encrypted; save it without a password")
        if len(reader.pages) > _MAX_PAGES:
            raise ArticleUnreadable(f"{name}: has {len(reader.pages):,} pages, at most {_MAX_PAGES:,} are read; split it")
        pages = [page.extract_text() for page in reader.pages]
        about = reader.metadata
        title, made = (about.title, about.creation_date) if about else (None, None)
    except ArticleUnreadable:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, NotImplementedError) as error:
        raise ArticleUnreadable(f"{name}: is no PDF that can be read ({type(error).__name__}: {error})") from error
    texts = [_paragraphs(lines) for lines in _without_edges([p.splitlines() for p in pages])]
    if not any(t.strip() for t in texts):
        raise ArticleUnreadable(f"{name}: holds no text layer; it may be a scan, run a text recognition first")
    offsets, at = [], 0
    for text in texts:
        offsets.append(at)
        at += len(text) + 1
    title = str(title).strip() if title else None
    date = made.date().isoformat() if made else None
    return Parsed([Raw("\n".join(texts), title=title, date=date, pages=tuple(offsets[1:]), cleaned=True)])


def _without_edges(pages: list[list[str]]) -> list[list[str]]:
    """The pages without the lines near their edges that stand on more than half of them, numbers aside."""
    pages = [[line for line in page if line.strip()] for page in pages]
    if len(pages) < 3:
        return [[line for line in page if not _is_number(line)] if len(page) > 1 else page for page in pages]
    seen = Counter(key for page in pages for key in {_key(line) for line in [*page[:_EDGE], *page[-_EDGE:]]})
    running = {key for key, count in seen.items() if count * 2 > len(pages)}
    out = []
    for page in pages:
        last = len(page) - _EDGE
        out.append([
            line for i, line in enumerate(page) if not ((i < _EDGE or i >= last) and (_key(line) in running or _is_number(line)))
        ])
    return out


def _key(line: str) -> str:
    return re.sub(r"\d+", "0", " ".join(line.split()).casefold())


def _is_number(line: str) -> bool:
    return re.fullmatch(r"[\s\-–—]*(page|seite|第)?\s*\d{1,4}\s*(页|頁)?[\s\-–—]*(/\s*\d+)?", line.strip(), re.IGNORECASE) is not None


def _paragraphs(lines: list[str]) -> str:
    """Lines joined to paragraphs: a line goes on in the next unless it ends a sentence short of the right edge."""
    longest = max((len(line) for line in lines), default=0)
    out: list[str] = []
    goes_on = False
    for line in (" ".join(line.split()) for line in lines):
        if not line:
            continue
        if not goes_on:
            out.append(line)
        elif re.search(r"[^\W\d_]-$", out[-1]) and re.match(r"[^\W\d_]", line) and line[0].islower():
            out[-1] = out[-1][:-1] + line
        else:
            tight = re.search(rf"[{_HAN}]$", out[-1]) and re.match(rf"[{_HAN}]", line)
            out[-1] += line if tight else " " + line
        short = len(line) < 0.6 * longest
        goes_on = not (short and (_ENDS.search(line) or len(line) < 0.4 * longest))
    return "\n".join(out)
