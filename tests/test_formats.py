"""What each format holds comes out whole; what is hostile or damaged is one clear line and stops nothing else."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import formats
from index.articles import read_article, read_articles
from index.errors import ArticleUnreadable
from index.formats import archive, pdf, text
from index.formats.sandbox import Sandbox

GERMAN = "Die Brücke am Hafen wurde im Jahr 1987 eröffnet. Über sie fahren täglich 2.400 Wagen."
CHINESE = "天文台位于城市北部，每天上午九点开放。去年有三万人参观。"
TAIWAN = "天文臺位於城市北部，每天上午九點開放。去年有三萬人參觀。"


def word(paragraphs: list[str], title: str = "") -> bytes:
    from docx import Document

    document = Document()
    document.core_properties.title = title
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    table = document.add_table(rows=1, cols=2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "Wagen", "2.400"
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def epub(chapters: list[str]) -> bytes:
    items = "".join(f'<item id="c{i}" href="text/c{i}.xhtml" media-type="application/xhtml+xml"/>' for i in range(len(chapters)))
    spine = "".join(f'<itemref idref="c{i}"/>' for i in range(len(chapters)))
    package = (
        '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Der Hafen</dc:title><dc:date>1999-05-04</dc:date>'
        f"<dc:language>de-DE</dc:language></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    container = (
        '<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    members = {"META-INF/container.xml": container, "OEBPS/book.opf": package}
    for i, chapter in enumerate(chapters):
        members[f"OEBPS/text/c{i}.xhtml"] = (
            '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title>'
            f"<style>p {{}}</style></head><body><h1>Kapitel {i + 1}</h1><p>{chapter}</p></body></html>"
        )
    return packed({k: v.encode() for k, v in members.items()})


def packed(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return out.getvalue()


def paged(pages: list[list[str]]) -> bytes:
    """A PDF with these lines of Latin-1 text on its pages."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"]
    kids = []
    for lines in pages:
        body = "BT /F1 12 Tf 14 TL 72 720 Td " + " ".join(
            "(" + line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") + ") Tj T*" for line in lines
        ) + " ET"
        objects.append(f"<< /Length {len(body.encode('latin-1'))} >>\nstream\n{body}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = "".join(f"{o:010d} 00000 n \n" for o in offsets)
    start = len(out)
    size = len(objects) + 1
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()


@pytest.mark.parametrize(
    ("words", "encodings"),
    [
        (GERMAN, ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-32"]),
        (CHINESE, ["utf-8", "gb18030", "gbk", "utf-16", "utf-16-be"]),
        (TAIWAN, ["big5", "gb18030", "utf-16"]),
        ("Größe", ["latin-1"]),
        ("Die Brück€ kostet 3 €.", ["cp1252"]),
    ],
)
def test_any_usual_encoding_is_read(words, encodings):
    for encoding in encodings:
        assert text.decode("a.txt", words.encode(encoding)).lstrip("\ufeff") == words, encoding


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_one_clear_line(data):
    try:
        decoded = text.decode("a.txt", data)
    except ArticleUnreadable as error:
        assert str(error).startswith("a.txt: is ") and "\n" not in str(error)
    else:
        assert "\r" not in decoded and (b"\0" in data or "\0" not in decoded)


def test_a_saved_page_is_read_without_its_navigation(tmp_path):
    paragraphs = "".join(f"<p>{GERMAN} Das ist der {i}. Absatz eines langen Artikels über die Brücke.</p>" for i in range(8))
    (tmp_path / "page.html").write_text(
        "<html><head><title>Die Brücke am Hafen</title><meta charset='utf-8'><script>alert(1)</script></head><body>"
        "<nav><a href='/'>Startseite</a><a href='/sport'>Sport</a></nav><article><h1>Die Brücke am Hafen</h1>"
        f"{paragraphs}</article><footer>Impressum Datenschutz AGB</footer></body></html>", encoding="utf-8",
    )
    article = read_article(tmp_path / "page.html")
    assert article.title == "Die Brücke am Hafen" and article.lang == "de"
    assert article.text.count(GERMAN) == 8
    assert not any(w in article.text for w in ("Startseite", "Impressum", "alert", "<p>"))


def test_a_chinese_page_is_read_in_the_encoding_it_names(tmp_path):
    body = "".join(f"<p>{CHINESE}这是第{i}段，介绍天文台的历史和建筑。</p>" for i in range(8))
    page = f"<html><head><meta http-equiv='Content-Type' content='text/html; charset=gb2312'><title>天文台</title></head><body><article>{body}</article></body></html>"
    (tmp_path / "page.htm").write_bytes(page.encode("gb18030"))
    article = read_article(tmp_path / "page.htm")
    assert article.text.count(CHINESE) == 8 and article.lang == "zh-Hans"


def test_a_pdf_is_read_with_its_pages(tmp_path):
    body = ["The bridge across the harbour was opened in the year 1987 and is", "used by 2,400 cars a day, more than any other bridge of the re-", "gion. It will be closed next year."]
    pages = [["Harbour News", *body, "Page 1"], ["Harbour News", "The second page says that the school has 300 pupils", "and 20 teachers.", "Page 2"], ["Harbour News", "The end.", "Page 3"]]
    (tmp_path / "a.pdf").write_bytes(paged(pages))
    article = read_article(tmp_path / "a.pdf")
    assert "was opened in the year 1987 and is used by 2,400 cars a day, more than any other bridge of the region." in article.text
    assert "Harbour News" not in article.text and "Page 2" not in article.text
    assert [article.page(article.text.index(w)) for w in ("bridge", "pupils", "teachers", "The end")] == [1, 2, 2, 3]


def test_a_pdf_without_text_or_with_a_password_says_so():
    with pytest.raises(ArticleUnreadable, match=r"a\.pdf: holds no text layer"):
        pdf.read("a.pdf", paged([[], []]))
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(paged([["Secret text of the harbour."]]))))
    writer.encrypt("harbour", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    with pytest.raises(ArticleUnreadable, match="is encrypted"):
        pdf.read("a.pdf", out.getvalue())


def test_word_files_books_and_rows_are_read(tmp_path):
    (tmp_path / "word.docx").write_bytes(word([GERMAN, CHINESE], "Die Brücke"))
    (tmp_path / "book.epub").write_bytes(epub([GERMAN, "Im zweiten Kapitel kommt die Schule vor."]))
    with open(tmp_path / "rows.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["ID", "Titel", "Inhalt", "Datum"], ["7", "Hafen", GERMAN, "2024-01-31"], ["8", "Leer", "", ""]])
    lines = [json.dumps({"_id": "d1", "title": "天文台", "text": CHINESE, "lang": "zh"}), "kaputt", json.dumps({"_id": "d1", "text": "again"})]
    (tmp_path / "corpus.jsonl").write_text("\n".join(lines), encoding="utf-8")
    articles, problems = read_articles(tmp_path)
    found = {a.id: a for a in articles}
    assert set(found) == {"word", "book", "rows/7", "corpus/d1"}
    assert found["word"].title == "Die Brücke" and found["word"].text.startswith(f"{GERMAN}\n{CHINESE}\nWagen\t2.400")
    book = found["book"]
    assert (book.title, book.date, book.lang) == ("Der Hafen", "1999-05-04", "de") and "Kapitel 1\n" + GERMAN in book.text
    assert "Schule" in book.text and book.page(book.text.index("Schule")) is None and "p {}" not in book.text
    assert (found["rows/7"].title, found["rows/7"].date, found["rows/7"].text) == ("Hafen", "2024-01-31", GERMAN)
    assert (found["corpus/d1"].lang, found["corpus/d1"].title) == ("zh-Hans", "天文台")
    assert [p.message.split(":")[:2] for p in problems] == [["corpus.jsonl", "2"], ["corpus.jsonl", "3"], ["rows.csv", "3"]]


def test_an_archive_is_read_in_memory_and_what_leads_out_of_it_is_left_out(tmp_path):
    members = {
        "a.txt": GERMAN.encode(), "sub/b.md": CHINESE.encode("gb18030"), "rows.jsonl": json.dumps({"id": "x", "text": TAIWAN}).encode(),
        "../evil.txt": b"Out of the folder.", "/abs.txt": b"At the root.", "inner.zip": packed({"c.txt": b"Inside."}),
        "__MACOSX/a.txt": b"Not an article.", "picture.png": b"\x89PNG", ".hidden.txt": b"Hidden text here.",
    }
    (tmp_path / "all.zip").write_bytes(packed(members))
    articles, problems = read_articles(tmp_path)
    assert {a.id for a in articles} == {"all/a", "all/sub/b", "all/rows/x"}
    assert sorted(p.message.split(": ")[1].split(" ")[0] for p in problems) == ["is", "its", "its"]
    assert [p.name for p in tmp_path.iterdir()] == ["all.zip"] and not (tmp_path.parent / "evil.txt").exists()


def test_a_bomb_and_a_liar_are_refused(monkeypatch):
    with pytest.raises(ArticleUnreadable, match="like a ZIP bomb"):
        archive.read("a.zip", packed({"a.txt": b"a" * (4 << 20)}))
    with pytest.raises(ArticleUnreadable, match="like a ZIP bomb"):
        formats.read("a.docx", packed({"word/document.xml": b" " * (4 << 20)}))
    monkeypatch.setattr(formats, "MAX_BYTES", 1000)
    noise = random.Random(1).randbytes(3000).hex().encode()
    assert "the most that is read" in archive.read("a.zip", packed({"a.txt": noise, "b.txt": GERMAN.encode()})).problems[0]


def test_deep_html_is_refused_and_shallow_is_not(tmp_path):
    (tmp_path / "deep.html").write_text("<div>" * 100_000 + GERMAN, encoding="utf-8")
    (tmp_path / "wide.html").write_text("<p>" + GERMAN + "<br>" * 300 + "<li>x" * 300, encoding="utf-8")
    articles, problems = read_articles(tmp_path)
    assert [a.id for a in articles] == ["wide"] and "nested more than" in problems[0].message


DAMAGED = {"a.pdf": paged([["The bridge was opened in 1987.", "It is closed."]] * 3), "a.docx": word([GERMAN]), "a.epub": epub([GERMAN]),
           "a.zip": packed({"a.txt": GERMAN.encode()}), "a.html": f"<html><body><p>{GERMAN}</p></body></html>".encode()}  # fmt: skip


@pytest.mark.parametrize("name", sorted(DAMAGED))
def test_a_damaged_file_is_read_or_refused_in_one_line(tmp_path, name):
    rng, whole = random.Random(name), DAMAGED[name]
    with Sandbox() as sandbox:
        for _ in range(60):
            data = bytearray(whole)
            for _ in range(rng.choice([1, 3, 20])):
                at = rng.randrange(len(data) or 1)
                kind = rng.randrange(3)
                if kind == 0 and data:
                    data[at] ^= 1 << rng.randrange(8)
                elif kind == 1:
                    del data[at : at + rng.randrange(1, 1 + len(whole) // 10)]
                else:
                    data[at:at] = rng.randbytes(rng.randrange(1, 50))
            (tmp_path / name).write_bytes(data or b"x")
            try:
                parsed = sandbox.read(name, tmp_path / name)
            except ArticleUnreadable as error:
                assert str(error).startswith(name) and "\n" not in str(error)
            else:
                assert all(isinstance(raw.text, str) for raw in parsed.raws)


def test_a_reader_that_hangs_or_dies_loses_its_own_file_only(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, types\n"
        "stub = types.ModuleType('index.formats.pdf')\n"
        "def read(name, data):\n"
        "    import os, time\n"
        "    from index.formats import Parsed, Raw\n"
        "    if b'hang' in data: time.sleep(60)\n"
        "    if b'die' in data: os.abort()\n"
        "    if b'eat' in data: bytearray(1 << 40)\n"
        "    return Parsed([Raw(data.decode())])\n"
        "stub.read = read\n"
        "sys.modules['index.formats.pdf'] = stub\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    said = {}
    with Sandbox(seconds=3) as sandbox:
        for word_ in ("hang", "die", "eat", "fine"):
            (tmp_path / "a.pdf").write_text(word_)
            try:
                said[word_] = sandbox.read("a.pdf", tmp_path / "a.pdf").raws[0].text
            except ArticleUnreadable as error:
                said[word_] = str(error)
    assert "took longer than 3 s" in said["hang"] and "broke its reader" in said["die"] and "needs more than" in said["eat"]
    assert said["fine"] == "fine"


def test_special_files_and_huge_ones_are_left_out(tmp_path, monkeypatch):
    import os

    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "good.txt").write_text(GERMAN, encoding="utf-8")
    (tmp_path / "huge.txt").write_text(GERMAN * 50, encoding="utf-8")
    monkeypatch.setattr(formats, "MAX_BYTES", 1000)
    articles, problems = read_articles(tmp_path)
    assert [a.id for a in articles] == ["good"]
    assert {Path(p.name).stem for p in problems} == {"pipe", "huge"}
