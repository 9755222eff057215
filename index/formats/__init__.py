"""Files in, plain texts out: what each format holds, before it becomes an article."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import PurePath

from index.errors import ArticleUnreadable

# Ending -> module of this package; each has `read(name, data) -> Parsed`.
READERS = {
    ".txt": "text", ".md": "text",
    ".html": "html", ".htm": "html", ".xhtml": "html",
    ".pdf": "pdf", ".docx": "docx", ".epub": "epub",
    ".csv": "tables", ".tsv": "tables", ".jsonl": "tables",
    ".zip": "archive",
}
# Parsers of these have been made to hang, crash or eat memory by files: they run in a process of their own.
RISKY = frozenset({"html", "pdf", "docx", "epub", "archive"})
MAX_BYTES = 128 << 20  # of one file, unpacked


@dataclass(frozen=True, slots=True)
class Raw:
    """One article's text as its format gives it.

    `name` tells the articles of one file apart ("" where there is only one). `pages` are the offsets at which the
    pages after the first begin. `cleaned` means that navigation and footers are gone already.
    """

    text: str
    name: str = ""
    title: str | None = None
    date: str | None = None
    publisher: str | None = None
    lang: str | None = None
    pages: tuple[int, ...] = ()
    cleaned: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """The articles of one file, and what of it was left out: one line each, which names the place."""

    raws: list[Raw] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def kind(name: str) -> str | None:
    """The reader of a file of that name, or None if there is none."""
    return READERS.get(PurePath(name).suffix.lower())


def read(name: str, data: bytes) -> Parsed:
    """What `data`, the content of a file called `name`, holds. ArticleUnreadable says why it cannot be read."""
    reader = kind(name)
    if reader is None:
        raise ArticleUnreadable(f"{name}: no reader for this format; it reads {', '.join(READERS)}")
    if len(data) > MAX_BYTES:
        raise ArticleUnreadable(f"{name}: has {len(data) >> 20} MB, at most {MAX_BYTES >> 20} are read; split it")
    parse: Callable[[str, bytes], Parsed] = import_module(f"index.formats.{reader}").read
    return parse(name, data)
