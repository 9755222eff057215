"""Plain text in any encoding."""

from __future__ import annotations

import codecs

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw
from index.formats.encodings import likeliest

_MARKS = (  # longest first: UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)


def read(name: str, data: bytes) -> Parsed:
    """The file's text."""
    return Parsed([Raw(decode(name, data))])


def decode(name: str, data: bytes) -> str:
    """`data` as text with universal newlines, otherwise untouched: UTF-8 where it is valid, else by its byte order
    mark, else in the encoding that is likeliest by far.

    ArticleUnreadable if it is binary, no encoding fits, or two fit alike.
    """
    text = utf8 = _utf8(data) if b"\0" not in data else None
    if text is None or (text.isascii() and not _is_text(text)):  # UTF-16 may look like ASCII with control characters
        text = _other(data) or utf8
    if text is None:
        what = "is binary, not text" if b"\0" in data else "is in no encoding that can be told"
        raise ArticleUnreadable(f"{name}: {what}; save it as UTF-8 text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _utf8(data: bytes) -> str | None:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _other(data: bytes) -> str | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strictly(data, encoding)
    encoding = likeliest(data)
    text = _strictly(data, encoding) if encoding else None
    return text if text is not None and _is_text(text) else None


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeError:
        return None


def _is_text(text: str) -> bool:
    """Few control characters, few unassigned or private ones: what random bytes decode to has many."""
    some = text[:20_000]
    odd = sum((c < " " and c not in "\t\n\r\f") or "\x7f" <= c <= "\x9f" or "\ue000" <= c <= "\uf8ff" or c == "\ufffd" for c in some)
    return odd * 100 <= len(some)
