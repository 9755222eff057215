"""Books: the chapters of an EPUB in reading order."""

from __future__ import annotations

import io
import posixpath
import zipfile
from urllib.parse import unquote

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw
from index.formats.archive import check_sizes
from index.formats.html import plain
from index.formats.text import decode

_NAMES = {"c": "urn:oasis:names:tc:opendocument:xmlns:container", "o": "http://www.idpf.org/2007/opf",
          "dc": "http://purl.org/dc/elements/1.1/"}  # fmt: skip


def read(name: str, data: bytes) -> Parsed:
    """The book's text, a chapter after the other. It has no pages: where they break is the reading device's choice."""
    from lxml import etree

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_sizes(name, archive)
            parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
            container = etree.fromstring(archive.read("META-INF/container.xml"), parser)
            root = container.find(".//c:rootfile", _NAMES).get("full-path")
            package = etree.fromstring(archive.read(root), parser)
            files = {i.get("id"): i.get("href") for i in package.iterfind(".//o:manifest/o:item", _NAMES)}
            order = [files[i.get("idref")] for i in package.iterfind(".//o:spine/o:itemref", _NAMES)]
            folder = posixpath.dirname(root)
            chapters = []
            for href in dict.fromkeys(order):  # a chapter named a thousand times is one
                member = posixpath.normpath(posixpath.join(folder, unquote(href)))
                chapters.append(plain(_without_declaration(decode(f"{name}/{member}", archive.read(member)))))
            title, day, lang = (package.findtext(f".//dc:{n}", None, _NAMES) for n in ("title", "date", "language"))
    except ArticleUnreadable:
        raise
    except (zipfile.BadZipFile, KeyError, AttributeError, etree.XMLSyntaxError, OSError, ValueError, RuntimeError, NotImplementedError) as error:
        raise ArticleUnreadable(f"{name}: is no EPUB that can be read ({type(error).__name__}: {error})") from error
    chapters = [c for c in chapters if c.strip()]
    if not chapters:
        raise ArticleUnreadable(f"{name}: holds no text")
    day = day[:10] if day and len(day) >= 10 else None
    return Parsed([Raw("\n".join(chapters), title=title, date=day, lang=_tag(lang), cleaned=True)])


def _without_declaration(page: str) -> str:
    return page.split("?>", 1)[1] if page.lstrip("\ufeff \n").startswith("<?xml") and "?>" in page else page


def _tag(lang: str | None) -> str | None:
    """German and English as the book names them; Chinese and the rest are told from the text, script included."""
    short = (lang or "").split("-")[0].lower()
    return short if short in ("de", "en") else None
