"""Files made to harm: each is one line that names it, the others are read, and neither time nor memory runs away."""

from __future__ import annotations

import io
import json
import os
import random
import re
import socket
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from test_formats import GERMAN, epub, packed, paged, word

from index import articles as articles_module
from index import files, formats
from index.articles import MAX_CHARACTERS, read_articles, read_file, scan
from index.errors import ArticleUnreadable
from index.formats import archive
from index.formats.html import _depth
from index.formats.sandbox import Sandbox
from index.keep import keep_spans
from index.store import build, open_index
from tests.fakes import ConceptEmbedder
from ui.hits import ranked_plain

GOOD = "The harbour bridge was opened in the year 1987. It is used by 2,400 cars a day.\n"


def left_out(folder: Path) -> dict[str, str]:
    """What is said of each file of `folder` but `good.txt`, which is read whatever lies beside it."""
    (folder / "good.txt").write_text(GOOD, encoding="utf-8")
    started = time.monotonic()
    articles, problems = read_articles(folder)
    assert time.monotonic() - started < 30
    assert "good" in {a.id for a in articles}
    for problem in problems:
        assert problem.message.startswith(problem.name) and problem.message.isprintable(), problem
    return {p.name: p.message.removeprefix(p.name).removeprefix(": ") for p in problems}


def refused(reader, name: str, data: bytes) -> str:
    with pytest.raises(ArticleUnreadable) as error:
        reader(name, data)
    assert str(error.value).isprintable()
    return str(error.value)


# Archives

def declared(data: bytes, size: int) -> bytes:
    """The archive, every member of which says in the central directory that it has `size` bytes."""
    out = bytearray(data)
    for m in re.finditer(rb"PK\x01\x02", data):
        struct.pack_into("<I", out, m.start() + 24, size)
    return bytes(out)


def overlapping(members: int) -> bytes:
    """An archive whose directory names one packed member again and again."""
    one = packed({"a0.txt": b"a" * 50_000})
    at = one.index(b"PK\x01\x02")
    entry, end = one[at : one.index(b"PK\x05\x06")], one[one.index(b"PK\x05\x06") :]
    entries = entry * members
    return one[:at] + entries + end[:8] + struct.pack("<HHII", members, members, len(entries), at) + end[20:]


def test_archives_that_unpack_to_more_than_they_are_are_refused():
    noise = random.Random(1).randbytes(2 << 20)
    assert "packed 200 times" in refused(archive.read, "a.zip", packed({"a.txt": b"a" * (8 << 20)}))
    assert "unpacks to" in refused(archive.read, "a.zip", declared(packed({"a.txt": noise, "b.txt": noise}), 200 << 20))
    assert "lies over another member" in refused(archive.read, "a.zip", overlapping(9))
    assert zipfile.ZipFile(io.BytesIO(overlapping(9))).testzip() is None  # nothing else is wrong with it
    assert "is an archive inside an archive" in archive.read("a.zip", packed({"b.zip": packed({"c.zip": b""}), "a.txt": b"x"})).problems[0]
    liar = archive.read("a.zip", declared(packed({"a.txt": GOOD.encode() * 100}), 10))
    assert not liar.raws and "is damaged" in liar.problems[0]


def test_an_archive_of_many_tiny_members_is_bounded_and_told_in_few_lines(tmp_path, monkeypatch):
    many = packed({f"{i}.pdf": b"x" for i in range(2000)} | {"a.txt": GOOD.encode()})
    (tmp_path / "many.zip").write_bytes(many)
    (tmp_path / "good.txt").write_text(GOOD, encoding="utf-8")
    articles, problems = read_articles(tmp_path)
    assert {a.id for a in articles} == {"good", "many/a"} and len(problems) == 21
    assert problems[-1].message == "many.zip: and 1,980 more like these were left out"
    monkeypatch.setattr(archive, "_MAX_MEMBERS", 1000)
    assert "has 2,001 members" in refused(archive.read, "many.zip", many)


def test_a_member_that_leads_out_links_or_steers_a_terminal_is_left_out():
    link = zipfile.ZipInfo("link.txt")
    link.external_attr = 0o120777 << 16
    names = ["../a.txt", "/etc/a.txt", "C:\\a.txt", "..\\..\\a.txt", "x/../../a.txt", "bell\x07.txt", "line\nbreak.txt", "\u202etxt.txt", link]
    for name in names:
        parsed = archive.read("a.zip", packed({name: b"/etc/passwd", "good.txt": GOOD.encode()}))
        assert [r.name for r in parsed.raws] == ["good"], name
        [problem] = parsed.problems
        assert problem.startswith("a.zip/") and problem.isprintable()


def test_books_and_word_files_do_not_grow(tmp_path):
    laughs = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ) + "]>"
    secret = tmp_path / "secret"
    secret.write_text("the secret", encoding="utf-8")
    outside = f'<!DOCTYPE a [<!ENTITY i SYSTEM "{secret.as_uri()}">]>'
    for doctype in (laughs, outside):
        for name, data, member in (("a.docx", word([GERMAN]), "word/document.xml"), ("a.epub", epub([GERMAN]), "OEBPS/book.opf")):
            (tmp_path / name).write_bytes(changed(data, member, lambda xml, d=doctype: re.sub(r"<\?xml.*?\?>", lambda m: m[0] + d, xml, count=1)
                                                  .replace("Hafen", "&i;")))
            with Sandbox(seconds=20) as sandbox:
                try:
                    text = "".join(r.text + (r.title or "") for r in sandbox.read(name, tmp_path / name).raws)
                except ArticleUnreadable as error:
                    text = str(error)
            assert len(text) < 1000 and "the secret" not in text
    again = changed(epub([GERMAN * 1000]), "OEBPS/book.opf", lambda xml: xml.replace('<itemref idref="c0"/>', '<itemref idref="c0"/>' * 5000))
    assert formats.read("a.epub", again).raws[0].text.count("1987") == 1000
    climbing = changed(epub([GERMAN]), "OEBPS/book.opf", lambda xml: xml.replace("text/c0.xhtml", "../../../../etc/passwd"))
    assert "is no EPUB that can be read" in refused(formats.read, "a.epub", climbing)


def changed(data: bytes, member: str, change) -> bytes:
    """The archive with one member's text changed."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        members = {n: file.read(n) for n in file.namelist()}
    return packed({**members, member: change(members[member].decode()).encode()})


# PDF and HTML

@pytest.mark.slow
def test_hundreds_of_damaged_pdfs_are_each_read_or_refused_in_one_line(tmp_path):
    """Bits, bytes, cuts, numbers and names of the file's own syntax, with fixed dice."""
    whole = paged([["The bridge was opened in 1987 and is used by many.", "It is closed in winter."]] * 4)
    path, rng, read = tmp_path / "a.pdf", random.Random(7), 0
    syntax = [b"/Kids", b"/Type", b"/Parent", b"/Contents", b"endobj", b"stream", b"xref", b"0 R", b"<<", b">>", b"/Length", b"-1", b"99999999999"]
    started = time.monotonic()
    with Sandbox(seconds=5) as sandbox:
        for _ in range(400):
            data = bytearray(whole)
            for _ in range(rng.choice([1, 2, 5, 30])):
                at = rng.randrange(len(data))
                how = rng.randrange(5)
                if how == 0:
                    data[at] = rng.randrange(256)
                elif how == 1:
                    del data[at : at + rng.randrange(1, 200)]
                elif how == 2:
                    data[at:at] = rng.choice(syntax)
                elif how == 3:
                    data[:] = re.sub(rb"\d+", lambda m: b"%d" % rng.randrange(30) if rng.random() < 0.02 else m[0], bytes(data))
                else:
                    data[at:at] = data[at // 2 : at // 2 + rng.randrange(1, 400)]
                data = data or bytearray(b"x")
            path.write_bytes(data)
            try:
                read += bool(sandbox.read("a.pdf", path).raws)
            except ArticleUnreadable as error:
                assert str(error).startswith("a.pdf: ") and "\n" not in str(error)
    assert 40 <= read <= 360, f"{read} of 400 are read"
    assert time.monotonic() - started < 40


@pytest.mark.slow
def test_a_pdf_that_unpacks_to_much_or_goes_in_circles_ends(tmp_path):
    body = zlib.compress(b"BT /F1 12 Tf (a) Tj ET " + b" " * (400 << 20), 9)
    plain = paged([["The bridge."]])
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(body), body)
    bomb = re.sub(rb"<< /Length \d+ >>\nstream.*?endstream", lambda m: stream, plain, flags=re.DOTALL)
    circle = re.sub(rb"/Kids \[.*?\]", b"/Kids [2 0 R 5 0 R 2 0 R]", plain)
    many = re.sub(rb"/Kids \[.*?\]", b"/Kids [" + b"5 0 R " * 200_000 + b"]", plain).replace(b"/Count 1", b"/Count 200000")
    started = time.monotonic()
    with Sandbox(seconds=10, memory=1 << 30) as sandbox:
        for name, data in {"bomb.pdf": bomb, "circle.pdf": circle, "many.pdf": many}.items():
            (tmp_path / name).write_bytes(data)
            try:
                assert len(sandbox.read(name, tmp_path / name).raws[0].text) < 10_000, name
            except ArticleUnreadable as error:
                assert str(error).startswith(f"{name}: ") and str(error).isprintable()
    assert time.monotonic() - started < 35


def test_the_depth_of_a_page_is_told_in_time_that_grows_with_it():
    started = time.monotonic()
    for page in ("<" + "a" * 2_000_000, "<a " * 500_000, "</a" * 500_000, "<div>" * 200_000, "<a b='" + "x" * 2_000_000):
        _depth(page)
    assert time.monotonic() - started < 5
    assert _depth("<div><b><p><br><p></b></div><i>") == 2


# Long texts

@pytest.mark.slow
def test_a_text_of_100_megabytes_is_refused_and_one_of_many_in_a_line_is_read(tmp_path, run_python):
    (tmp_path / "huge.txt").write_text(GOOD * (100 << 20 >> 6), encoding="utf-8")
    (tmp_path / "line.txt").write_text(GOOD.strip() * 30_000, encoding="utf-8")
    (tmp_path / "word.txt").write_text("a" * (2 << 20), encoding="utf-8")
    with open(tmp_path / "sparse.txt", "wb") as sparse:
        sparse.truncate(1 << 40)
    said = json.loads(run_python(f"""
import json, re, time
from pathlib import Path
from index.articles import read_articles
started = time.monotonic()
articles, problems = read_articles(Path({str(tmp_path)!r}))
peak = int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10  # ru_maxrss is that of the parent, too
print(json.dumps([{{a.id: len(a.text) for a in articles}}, {{p.name: p.message for p in problems}}, peak, time.monotonic() - started]))
"""))
    found, problems, peak, seconds = said
    assert found == {"line": len(GOOD.strip()) * 30_000, "word": 2 << 20}
    assert f"at most {MAX_CHARACTERS:,} are read as one article; split it" in problems["huge.txt"]
    assert "has more than 128 MB" in problems["sparse.txt"] and len(problems) == 2
    print(f"{peak} MB, {seconds:.1f} s")
    assert peak < 1000 and seconds < 30, (peak, seconds)


@pytest.mark.parametrize("line", ["a>" * 5000 + " b c.", ">" * 5000 + " b c", "a > " * 5000 + "b c.", "| " * 9000, "1." * 9000, "[1]" * 9000, "一" * 9000])
def test_no_line_takes_the_cleaning_long(line):
    started = time.monotonic()
    keep_spans(f"{line}\n{GOOD}")
    assert time.monotonic() - started < 2


# Characters

def test_characters_that_hide_or_steer_stay_in_the_text_and_out_of_names_and_terminals(tmp_path):
    steering = "The \x1b[31mharbour\x1b[0m bridge\x07 \u202ewas\u202c open\u200bed in\u2060 1987\ufeff, they say here."
    (tmp_path / "a.txt").write_text(f"Title\x1b]0;owned\x07\u202e here\n\n{steering}\n", encoding="utf-8")
    rows = [{"id": "i\ud800\x1b\u202e\n/x", "title": "A\ud800\x07 b", "publisher": "P\x1b[2J\udfff", "text": "The ferry\0 goes \ud83d to the river school."}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    build(tmp_path, tmp_path / ".index", ConceptEmbedder())
    index = open_index(tmp_path / ".index", ConceptEmbedder())
    assert index.articles["a"].text.endswith(f"{steering}\n") and index.articles["a"].title == "Title ]0;owned here"
    row = index.articles["rows/i____x"]
    assert (row.title, row.publisher) == ("A b", "P [2J") and "\ufffd goes \ufffd to" in row.text
    for hit in (*index.search("harbour bridge"), *index.search("ferry river school")):
        said = ranked_plain(1, hit, index.articles.__getitem__, explain=True)
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", said)
        assert hit.passage.text == index.articles[hit.passage.article_id].text[hit.passage.start : hit.passage.end]


def test_odd_file_names_are_read_or_refused_in_one_printable_line(tmp_path):
    fine = ["with space.txt", "quote'\".txt", "100%.txt", "-rf.txt", "emoji 🎉.txt", "武汉.txt", "a.b.c.txt", "x" * 250 + ".txt", "$(id).txt", "é.txt", "e\u0301.txt"]
    odd = [b"line\nbreak.txt", b"bell\x07.txt", b"latin\xe9.txt", "right\u202eleft.txt".encode(), b"esc\x1b[31m.txt"]
    for name in [*map(os.fsencode, fine), *odd]:
        Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_text(GOOD, encoding="utf-8")
    assert set(left_out(tmp_path).values()) == {"its name holds control characters or is not in UTF-8; rename it"}
    build(tmp_path, tmp_path / ".index", ConceptEmbedder())
    assert len(open_index(tmp_path / ".index", ConceptEmbedder()).articles) == len(fine) + 1


# What is no file, or is one no longer

def test_pipes_devices_sockets_and_links_are_left_out(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("A secret of the harbour.", encoding="utf-8")
    folder = tmp_path / "seeds"
    folder.mkdir()
    os.mkfifo(folder / "pipe.txt")
    os.mkfifo(folder / "SOURCES.toml")
    (folder / "out.txt").symlink_to(outside / "secret.txt")
    (folder / "out").symlink_to(outside)
    (folder / "zero.txt").symlink_to("/dev/zero")
    (folder / "self.txt").symlink_to(folder / "self.txt")
    (folder / "gone.txt").symlink_to(folder / "nothing.txt")
    (folder / "folder.txt").mkdir()
    where = os.getcwd()
    server = socket.socket(socket.AF_UNIX)
    os.chdir(folder)  # a socket's path may have 108 bytes
    try:
        server.bind("socket.txt")
    finally:
        os.chdir(where)
        server.close()
    try:
        os.mknod(folder / "null.txt", 0o20666, os.makedev(1, 3))
    except PermissionError:
        (folder / "null.txt").symlink_to("/dev/null")
    said = left_out(folder)
    assert set(said) == {"pipe.txt", "out.txt", "out", "zero.txt", "self.txt", "gone.txt", "socket.txt", "null.txt"}
    assert said["pipe.txt"] == said["socket.txt"] == "is no regular file"
    assert said["out.txt"] == said["out"] == said["zero.txt"] == said["self.txt"] == "is a link that leads out of the folder"


def test_what_may_not_be_read_is_named_and_the_rest_is_read(tmp_path, monkeypatch):
    """Root may read everything, so the refusal of the system is played."""
    (tmp_path / "closed.txt").write_text(GOOD, encoding="utf-8")
    (tmp_path / "locked").mkdir()
    (tmp_path / "locked" / "a.txt").write_text(GOOD, encoding="utf-8")
    denied = PermissionError(13, "Permission denied")

    def only(name, real):
        def call(path, *rest):
            if Path(path).name == name:
                raise denied
            return real(path, *rest)
        return call

    monkeypatch.setattr(Path, "iterdir", only("locked", Path.iterdir))
    monkeypatch.setattr(files, "sha256", only("closed.txt", files.sha256))
    assert left_out(tmp_path) == {"closed.txt": "cannot be read (Permission denied)", "locked": "/: cannot be read (Permission denied)"}


@pytest.mark.parametrize("name", ["a.txt", "a.html"])
def test_a_file_that_vanishes_or_changes_while_it_is_read_is_not_indexed_as_something_else(tmp_path, name, monkeypatch):
    path = tmp_path / name
    path.write_text(GOOD, encoding="utf-8")
    [file], _ = scan(tmp_path)
    with Sandbox() as sandbox:
        path.write_text(GOOD.replace("1987", "1988"), encoding="utf-8")
        [problem] = read_file(file, sandbox)[1]
        assert problem.message == f"{name}: changed while it was read; build again: crosscite build"
        path.unlink()
        articles, [problem] = read_file(file, sandbox)
        assert not articles and problem.message == f"{name}: cannot be read (No such file or directory)"
        path.mkdir()
        assert "cannot be read" in read_file(file, sandbox)[1][0].message


def test_a_file_that_was_changed_during_a_build_is_read_by_the_next(tmp_path, monkeypatch):
    path, other = tmp_path / "a.txt", GOOD.replace("1987", "1988")
    path.write_text(GOOD, encoding="utf-8")
    (tmp_path / "b.txt").write_text("The ferry of the old harbour is slow but cheap.", encoding="utf-8")
    real = articles_module._parse

    def meanwhile(file, sandbox):
        parsed = real(file, sandbox)
        path.write_text(other, encoding="utf-8")
        return parsed

    with monkeypatch.context() as patch:
        patch.setattr(articles_module, "_parse", meanwhile)
        built = build(tmp_path, tmp_path / ".index", ConceptEmbedder())
    assert [p.name for p in built.problems] == ["a.txt"] and built.added == ("b",)
    assert build(tmp_path, tmp_path / ".index", ConceptEmbedder()).added == ("a",)
    assert open_index(tmp_path / ".index", ConceptEmbedder()).articles["a"].text == other
