"""Plain text in any encoding."""

from __future__ import annotations

import codecs

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw

_MARKS = (  # longest first: UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)
_LIKELY = ["gb18030", "big5hkscs", "utf_16_le", "utf_16_be", "cp1252", "cp932", "euc_jp", "euc_kr", "cp1250", "cp1251", "cp1256"]
_SAMPLE = 1 << 18  # bytes; enough to tell an encoding, and charset-normalizer takes seconds for megabytes


def read(name: str, data: bytes) -> Parsed:
    """The file's text."""
    return Parsed([Raw(decode(name, data))])


def decode(name: str, data: bytes) -> str:
    """`data` as text with universal newlines, otherwise untouched: UTF-8 where it is valid, else by its byte order
    mark, else in the encoding that charset-normalizer finds likeliest.

    ArticleUnreadable if it is binary or no encoding fits.
    """
    text = _utf8(data) if b"\0" not in data else None
    if text is None:
        text = _other(data)
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
    from charset_normalizer import from_bytes

    sample = data[: _SAMPLE & ~3]
    for match in from_bytes(sample, cp_isolation=_LIKELY, threshold=0.3, enable_fallback=False):
        text = _strictly(data, match.encoding)
        if text is not None and _is_text(text):
            return text
    # Charset-normalizer wants some prose; a few words in cp1252 or gb18030 are valid in few encodings.
    for encoding in ("gb18030", "big5hkscs", "cp1252"):
        text = _strictly(data, encoding) if b"\0" not in data else None
        if text is not None and _is_text(text):
            return text
    return None


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
