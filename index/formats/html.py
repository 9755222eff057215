"""Saved web pages: the article without navigation, comments and footers, through trafilatura."""

from __future__ import annotations

import re

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw
from index.formats.text import decode

_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]{2,40})", re.IGNORECASE)
_DEEPEST = 250  # elements inside one another; deeper trees overrun the C stack of some parsers


def read(name: str, data: bytes) -> Parsed:
    """The page's main text with its title, date and publisher."""
    import trafilatura

    page = _decoded(name, data)
    if _depth(page) > _DEEPEST:
        raise ArticleUnreadable(f"{name}: its elements are nested more than {_DEEPEST} deep; save the page as text")
    found = trafilatura.bare_extraction(page, include_comments=False, with_metadata=True, as_dict=False)
    if found is not None and found.text and found.text.strip():
        publisher = found.sitename or found.hostname
        return Parsed([Raw(found.text, title=found.title, date=_day(found.date), publisher=publisher, cleaned=True)])
    text = plain(page)
    if not text.strip():
        raise ArticleUnreadable(f"{name}: the page holds no text")
    return Parsed([Raw(text)])


def plain(page: str) -> str:
    """All text of a page, a line a block, without scripts and styles."""
    from lxml import etree, html

    try:
        tree = html.document_fromstring(page.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8", huge_tree=False))
    except (etree.ParserError, ValueError):
        return ""
    for element in tree.xpath("//script|//style|//noscript|//template|//head"):
        element.drop_tree()
    for element in tree.iter():
        if isinstance(element.tag, str) and element.tag in _BLOCKS:
            element.tail = "\n" + (element.tail or "")
            element.text = "\n" + (element.text or "")
    lines = (" ".join(line.split()) for line in tree.text_content().split("\n"))
    return "\n".join(line for line in lines if line)


_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt figcaption footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p "
    "pre section table td th tr ul".split()
)


def _decoded(name: str, data: bytes) -> str:
    """The page's text, in the encoding it names where the bytes are valid in it."""
    named = _CHARSET.search(data[:4096])
    if named:
        encoding = named[1].decode("ascii").lower()
        encoding = "gb18030" if encoding in ("gb2312", "gbk") else encoding
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            pass
    return decode(name, data)


def _depth(page: str) -> int:
    """How deep tags are nested at most, void elements and forgotten end tags aside: an upper bound that is quick."""
    depth = deepest = 0
    for m in re.finditer(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)([^<>]*+)>", page):
        if m[2].lower() in _VOID or m[3].endswith("/") or m[2].lower() in ("p", "li", "td", "tr", "th", "dd", "dt", "option"):
            continue
        depth = max(0, depth + (-1 if m[1] else 1))
        deepest = max(deepest, depth)
    return deepest


_VOID = frozenset("area base br col embed hr img input link meta param source track wbr html body".split())


def _day(date: str | None) -> str | None:
    return date[:10] if date and re.match(r"\d{4}-\d\d-\d\d", date) else None
