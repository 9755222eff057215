"""Reading articles: what is kept of a page, what is left out, and what is wrong with a file, by name."""

from __future__ import annotations

import hashlib
import re

import pytest
from fakes import ascending_and_disjoint
from hypothesis import given
from hypothesis import strategies as st

from index.articles import keep_spans, read_article, read_articles
from index.errors import ArticleUnreadable, UserError

# By file, the numbers (from 1) of the lines that are not the article's own: datelines, navigation, related news,
# footers, the repeated page title. All other lines that hold a character are prose, headings or the title.
FURNITURE = {
    "000": set(),
    "001": {2, 6},
    "002": set(),
    "003": {3, *range(33, 65)},
    "004": {1, 2, 3, 7, *range(75, 92)},
}


def kept_lines(text: str) -> set[int]:
    """The numbers of the lines with a kept character; ValueError if a line is kept in part."""
    keep = keep_spans(text)
    numbers, at = set(), 0
    for number, line in enumerate(text.split("\n"), 1):
        own = [i for i in range(at, at + len(line)) if not text[i].isspace()]
        inside = [any(k.start <= i < k.end for k in keep) for i in own]
        if own and any(inside):
            if not all(inside):
                raise ValueError(f"line {number} is kept in part")
            numbers.add(number)
        at += len(line) + 1
    return numbers


def kept(text: str) -> list[str]:
    """The lines kept, stripped."""
    lines = text.split("\n")
    return [lines[n - 1].strip() for n in sorted(kept_lines(text))]


@pytest.mark.parametrize("number", sorted(FURNITURE))
def test_all_prose_of_a_seed_is_kept_and_nothing_else(seed_index, number):
    article = next(a for a in seed_index.articles.values() if a.id.startswith(number))
    filled = {n for n, line in enumerate(article.text.split("\n"), 1) if line.strip()}
    assert kept_lines(article.text) == filled - FURNITURE[number]
    assert article.keep == keep_spans(article.text)


def test_no_passage_of_the_seeds_holds_furniture(seed_index):
    words = ["Reportify", "相关文章", "友情链接", "首頁", "聲明:", "ICP", "CopyRight", "相關(guān)新聞", "精彩專題", "08:47", "來源", "CCTIME",
             "西南地区", "关于我们", "未經(jīng)書面許可"]
    assert [(w, p.id) for p in seed_index.passages for w in words if w in p.text] == []


def test_article_text_is_the_file_with_universal_newlines(seeds, seed_index):
    for path in seeds.glob("*.txt"):
        assert seed_index.articles[path.stem].text == path.read_text(encoding="utf-8")
    assert len(seed_index.articles) == 5


def test_the_seeds_say_what_sources_toml_says(seed_index):
    facts = {a.id[:3]: (a.lang, a.date, a.publisher) for a in seed_index.articles.values()}
    assert facts == {
        "000": ("de", "2026-02", "Urban Evolution Theory / 36Kr"),
        "001": ("en", "2026-02-04", "Chang Jiang Ri Bao"),
        "002": ("de", None, "Urban Evolution Theory / 36Kr"),
        "003": ("zh-Hans", "2025-02-15", "中新社"),
        "004": ("zh-Hant", "2021-02-23", "第一財經"),
    }


GERMAN_PAGE = """\
Startseite | Politik | Wirtschaft | Sport | Kultur
Startseite > Wirtschaft > Häfen
Anmelden

Der Hafen wächst weiter

14.03.2024, 08:15 Uhr
2024-03-14 von Eva Muster

Der Hafen von Altmünde hat im vergangenen Jahr mehr Güter umgeschlagen als je zuvor.

Neue Kräne

Zwei Kräne kamen aus Rotterdam. Sie heben je 60 Tonnen.

Mehr zum Thema
• Fähre fährt wieder
• Brücke wird saniert
• Streit über die Hafengebühr hält an und der Stadtrat berät in der nächsten Woche darüber ...

Impressum | Datenschutz | Kontakt
© 2024 Altmünder Bote
Alle Rechte vorbehalten
"""

ENGLISH_PAGE = """\
Home » News » Harbours
News | Sport | Weather | Travel

Harbour traffic hits a record

2024/03/14 08:15

The harbour of Oldmouth handled more goods last year than ever before.

New cranes

Two cranes came from Rotterdam. Each lifts 60 tonnes.

The next two are on their way, the port authority says.

Related articles
Ferry sails again
Bridge to be repaired
Row over harbour fees goes on as the council meets again next week to discuss the matter...

Privacy Policy
Copyright 2024 The Oldmouth Gazette
All rights reserved.
"""


def test_a_german_page_keeps_title_headings_and_prose():
    assert kept(GERMAN_PAGE) == [
        "Der Hafen wächst weiter",
        "Der Hafen von Altmünde hat im vergangenen Jahr mehr Güter umgeschlagen als je zuvor.",
        "Neue Kräne",
        "Zwei Kräne kamen aus Rotterdam. Sie heben je 60 Tonnen.",
    ]


def test_an_english_page_keeps_title_headings_and_prose():
    assert kept(ENGLISH_PAGE) == [
        "Harbour traffic hits a record",
        "The harbour of Oldmouth handled more goods last year than ever before.",
        "New cranes",
        "Two cranes came from Rotterdam. Each lifts 60 tonnes.",
        "The next two are on their way, the port authority says.",
    ]


def test_prose_after_a_related_box_is_the_articles_own():
    text = "Title here\n\nThe first paragraph is here.\n\nRead more\n• Ferry sails\n\nThe second paragraph goes on.\n"
    assert kept(text) == ["Title here", "The first paragraph is here.", "The second paragraph goes on."]


def test_the_page_title_repeated_in_the_text_is_left_out():
    text = "Harbour opens\n\nThe harbour opened today.\n\nHarbour opens - The Gazette\n\nIt has a bridge as well.\n"
    assert kept(text) == ["Harbour opens", "The harbour opened today.", "It has a bridge as well."]


@pytest.mark.parametrize(
    "line",
    [
        "Datenschutz ist in Wuhan ein Thema, das viele Unternehmen beschäftigt.",
        "Copyright law changed in 2021, and publishers have argued about it ever since.",
        "Related companies moved to the new park, the mayor said on Monday.",
        "Am 14.03.2024 wurde der neue Hafen von Altmünde mit einem Fest eröffnet.",
        "„Das ist | wie gesagt | kein Problem“, sagte sie.",
        "声明说,双方将继续加强合作,推动人工智能产业发展。",
        "北京、上海、广州、深圳。",
    ],
)
def test_prose_that_looks_like_furniture_is_kept(line):
    text = f"A title\n\nThe first sentence of the article is this one.\n{line}\nThe last sentence of the article is this.\n"
    assert line in kept(text)


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("2024-03-14 08:15", "2024-03-14"),
        ("2024年3月14日 来源:新华社", "2024-03-14"),
        ("14.03.2024, 08:15 Uhr", "2024-03-14"),
        ("Stand: 14. März 2024, 08:15 Uhr", "2024-03-14"),
        ("Thursday, March 14, 2024", "2024-03-14"),
        ("14 March 2024 | By Eva Muster", "2024-03-14"),
        ("Reuters · 2024/03/14", "2024-03-14"),
    ],
)
def test_a_dateline_is_left_out_and_gives_the_date(tmp_path, line, date):
    path = tmp_path / "a.txt"
    path.write_text(f"A title\n\n{line}\n\nThe first sentence of the article is this one.\n", encoding="utf-8")
    article = read_article(path)
    assert article.date == date
    assert kept(article.text) == ["A title", "The first sentence of the article is this one."]


@pytest.mark.parametrize("title", ["Was am 14. März 2024 geschah", "Minutes of 14 March 2024", "Version 3.14.2024b is out"])
def test_a_title_with_a_date_in_words_is_kept(title):
    assert kept(f"{title}\n\nThe first sentence of the article is this one.\n")[0] == title


@pytest.mark.parametrize("note", ["Milch kaufen", "开会", "42", "  ok  ", "Home | News | Sport", "Related", "© 2024"])
def test_a_note_without_prose_is_kept_whole(note):
    assert [s.of(note) for s in keep_spans(note)] == [note.strip()]


def test_white_space_has_nothing_to_keep():
    assert keep_spans(" \n\t\n") == ()


LINES = st.sampled_from([*GERMAN_PAGE.splitlines(), *ENGLISH_PAGE.splitlines(), "", "相关文章", "北京是其中之一。", "  • x", "\u200b"])


@given(st.lists(st.one_of(LINES, st.text(max_size=12)), max_size=15).map("\n".join))
def test_kept_spans_are_whole_lines_ascending_and_trimmed(text):
    keep = keep_spans(text)
    assert ascending_and_disjoint(keep)
    assert bool(keep) == bool(text.strip())
    for span in keep:
        assert span.of(text) == span.of(text).strip() != ""
        assert not text[:span.start].rpartition("\n")[2].strip()
        assert not text[span.end :].partition("\n")[0].strip()


# Files that cannot be read, each with what its report must say.
BAD = {
    "empty.txt": (b"", r"empty\.txt: is empty"),
    "blank.txt": (" \n\t\u200b\n".encode(), r"blank\.txt: is empty"),
    "binary.txt": (b"PK\x03\x04\0\0\x08\0", r"binary\.txt: is binary"),
    "random.txt": (bytes(range(1, 256)) * 4, r"random\.txt: is in no encoding that can be told"),
}


@pytest.mark.parametrize("name", sorted(BAD))
def test_an_unreadable_article_is_reported_by_name_and_the_rest_is_read(tmp_path, name):
    data, message = BAD[name]
    (tmp_path / name).write_bytes(data)
    (tmp_path / "good.txt").write_text("The harbour was opened in 1987.", encoding="utf-8")
    articles, problems = read_articles(tmp_path)
    assert [a.id for a in articles] == ["good"]
    assert [p.name for p in problems] == [name]
    assert re.match(message, problems[0].message) and "\n" not in problems[0].message


def test_a_missing_article_is_reported_by_name(tmp_path):
    (tmp_path / "good.txt").write_text("The harbour was opened.", encoding="utf-8")
    (tmp_path / "SOURCES.toml").write_text('[[article]]\nfile = "gone.txt"\n', encoding="utf-8")
    articles, problems = read_articles(tmp_path)
    assert [a.id for a in articles] == ["good"]
    assert [(p.name, "gone.txt" in p.message) for p in problems] == [("gone.txt", True)]
    with pytest.raises(ArticleUnreadable, match=r"gone\.txt: cannot be read"):
        read_article(tmp_path / "gone.txt")


def test_a_dangling_link_is_reported_by_name(tmp_path):
    (tmp_path / "good.txt").write_text("The harbour was opened.", encoding="utf-8")
    (tmp_path / "link.txt").symlink_to(tmp_path / "nowhere.txt")
    (tmp_path / "outside.txt").symlink_to("/etc/hostname")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "index" / "data-0").mkdir(parents=True)
    (tmp_path / "index" / "manifest.json").write_text("{}", encoding="utf-8")
    (tmp_path / "index" / "data-0" / "articles.jsonl").write_text('{"text": "A copy."}', encoding="utf-8")
    (tmp_path / "folder.txt" / "inside.txt").write_text("The bridge was closed.", encoding="utf-8")
    articles, problems = read_articles(tmp_path)
    assert [a.id for a in articles] == ["folder.txt/inside", "good"]
    assert [p.name for p in problems] == ["outside.txt", "link.txt"] and "leads out of the folder" in problems[0].message


def test_two_files_of_one_stem_are_reported_and_the_first_is_read(tmp_path):
    (tmp_path / "a.md").write_text("From Markdown, this one.", encoding="utf-8")
    (tmp_path / "a.txt").write_text("From text, this one.", encoding="utf-8")
    articles, problems = read_articles(tmp_path)
    assert [a.text for a in articles] == ["From Markdown, this one."]
    assert [p.name for p in problems] == ["a.txt"] and "a.md" in problems[0].message


def test_another_file_than_sources_describes_is_reported(tmp_path):
    (tmp_path / "a.txt").write_text("Changed since then.", encoding="utf-8")
    (tmp_path / "b.txt").write_text("As it was.", encoding="utf-8")
    digest = hashlib.sha256(b"As it was.").hexdigest()
    (tmp_path / "SOURCES.toml").write_text(
        f'[[article]]\nfile = "a.txt"\nsha256 = "{digest}"\n[[article]]\nfile = "b.txt"\nsha256 = "{digest}"\n',
        encoding="utf-8",
    )
    articles, problems = read_articles(tmp_path)
    assert [(a.id, a.sha256) for a in articles] == [("b", digest)]
    assert [p.name for p in problems] == ["a.txt"] and digest[:12] in problems[0].message


@pytest.mark.parametrize(
    "toml",
    [b"[[article]\n", b"article = 3\n", b"[[article]]\ntitle = 'x'\n", b"\xff\xfe", b"article = ['a.txt']\n", b"x = 1\n"],
)
def test_a_broken_sources_toml_is_one_readable_error(tmp_path, toml):
    (tmp_path / "a.txt").write_text("Text.", encoding="utf-8")
    (tmp_path / "SOURCES.toml").write_bytes(toml)
    with pytest.raises(UserError, match=r"SOURCES\.toml: expected \[\[article\]\] tables") as error:
        read_articles(tmp_path)
    assert "\n" not in str(error.value)


def test_a_missing_folder_is_an_error_that_says_what_to_type(tmp_path):
    with pytest.raises(UserError, match=r"no folder .*nowhere; .*crosscite build --seeds DIR"):
        read_articles(tmp_path / "nowhere")


def test_hidden_files_and_other_endings_are_not_articles(tmp_path):
    for name in (".hidden.txt", "picture.png", "notes.md", "A.TXT"):
        (tmp_path / name).write_text("Text of some kind.", encoding="utf-8")
    assert [a.id for a in read_articles(tmp_path)[0]] == ["A", "notes"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_newlines_are_universal_and_nothing_else_changes(tmp_path, newline):
    lines = ["\ufeffTitle", "", "A\u0301 line\u2028with\x0codd  breaks. ", "国家\x85。"]
    path = tmp_path / "a.txt"
    path.write_bytes(newline.join(lines).encode())
    article = read_article(path)
    assert article.text == "\n".join(lines) == path.read_text(encoding="utf-8")


def test_what_sources_does_not_say_is_found_in_the_text(tmp_path):
    path = tmp_path / "港口.txt"
    path.write_text(ENGLISH_PAGE, encoding="utf-8")
    article = read_article(path)
    assert (article.id, article.lang, article.title, article.date, article.publisher) == (
        "港口", "en", "Harbour traffic hits a record", "2024-03-14", None,
    )


def test_a_long_first_line_makes_a_title_of_120_characters_at_most(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("word " * 100 + "end.", encoding="utf-8")
    title = read_article(path).title
    assert len(title) <= 120 and title.endswith("...")
