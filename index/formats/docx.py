"""Word files: paragraphs and tables in reading order, through python-docx."""

from __future__ import annotations

import io
import zipfile

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw
from index.formats.archive import check_sizes


def read(name: str, data: bytes) -> Parsed:
    """The document's text; a table's row is a line, its cells parted by tabs."""
    from docx import Document
    from docx.table import Table

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_sizes(name, archive)
        document = Document(io.BytesIO(data))
        lines = []
        for block in document.iter_inner_content():
            if isinstance(block, Table):
                lines += ["\t".join(cell.text.replace("\n", " ") for cell in row.cells) for row in block.rows]
            else:
                lines.append(block.text)
        about = document.core_properties
        title, made = about.title, about.modified or about.created
    except ArticleUnreadable:
        raise
    except Exception as error:  # python-docx and lxml raise whatever the damage leads to; the process is its own
        raise ArticleUnreadable(f"{name}: is no Word file that can be read ({type(error).__name__})") from error
    text = "\n".join(lines)
    if not text.strip():
        raise ArticleUnreadable(f"{name}: holds no text")
    return Parsed([Raw(text, title=title or None, date=made.date().isoformat() if made else None, cleaned=True)])
