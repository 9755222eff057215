"""Files in, plain texts out: what each format holds, before it becomes an article."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path, PurePath

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
# What a name or title must not hold: control characters, halves of surrogate pairs, ends of lines, and the marks that turn
# the direction of what follows them.
_HARMFUL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


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


def harmless(text: str, instead: str = "") -> str:
    """`text` with `instead` for each character that may not stand in a name or title."""
    return _HARMFUL.sub(instead, text)


def escaped(name: str) -> str:
    """`name` for a message: as it is, or with what may not stand in a name written as escapes."""
    return _HARMFUL.sub(lambda m: m[0].encode("unicode_escape").decode("ascii"), name)


def read_bytes(name: str, path: Path) -> bytes:
    """The content of the file at `path`; ArticleUnreadable if it is too long, OSError if it cannot be read."""
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    check_size(name, len(data))
    return data


def check_size(name: str, size: int) -> None:
    """ArticleUnreadable if a file of `size` bytes is too long to be read."""
    if size > MAX_BYTES:
        raise ArticleUnreadable(f"{name}: has more than {MAX_BYTES >> 20} MB, the most that is read; split it")


def kind(name: str) -> str | None:
    """The reader of a file of that name, or None if there is none."""
    return READERS.get(PurePath(name).suffix.lower())


def read(name: str, data: bytes) -> Parsed:
    """What `data`, the content of a file called `name`, holds. ArticleUnreadable says why it cannot be read."""
    reader = kind(name)
    if reader is None:
        raise ArticleUnreadable(f"{name}: no reader for this format; it reads {', '.join(READERS)}")
    check_size(name, len(data))
    parse: Callable[[str, bytes], Parsed] = import_module(f"index.formats.{reader}").read
    return parse(name, data)
