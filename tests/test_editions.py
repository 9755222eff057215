"""Pages and twins, from the files to whoever reads: the command line, JSON, the page, an export."""

from __future__ import annotations

import json
import re

import pytest
from test_formats import paged
from test_render import Read

from index.store import build, open_index
from rag.chatbot import Chatbot
from ui import cli, export
from ui.conversation import kept_turn, turn_of
from ui.reader import reader_html
from ui.sources import also_html, collection_html

QUESTION = "How many pupils does the school have?"
PAGES = [
    ["The bridge across the harbour was opened in the year 1987 and is used by", "2,400 cars a day, more than any other bridge of the region."],
    ["The town had little money in those years, and most of it was spent on the", "water supply of the upper quarters and on the new hospital in the east."],
    ["The school of the old town has 312 pupils and 24 teachers, who moved into", "the new building behind the church in the autumn of last year."],
]
STORY = (
    "Die Fähre am Hafen\n\nDie Fähre über den Fluss fährt seit dem Jahr 1951 vom alten Hafen zur Insel. Sie trägt 80 Fahrgäste "
    "und zwölf Räder. Der Fahrpreis blieb lange gleich. Im Winter ruht der Betrieb, weil das Eis auf dem Fluss zu dick wird.\n"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory, embedder):
    """An index of a PDF of three pages and of one story in two files, and its folder."""
    seeds = tmp_path_factory.mktemp("editions")
    (seeds / "town.pdf").write_bytes(paged(PAGES))
    (seeds / "ferry.txt").write_text(STORY, encoding="utf-8")
    (seeds / "sub").mkdir()
    (seeds / "sub" / "ferry.md").write_text(f"Start | Sport | Kultur | Wetter\n{STORY}", encoding="utf-8")
    (seeds / "SOURCES.toml").write_text(
        '[[article]]\nfile = "sub/ferry.md"\npublisher = "Der Bote"\ndate = "2024-05-06"\n', encoding="utf-8"
    )
    build(seeds, seeds / ".index", embedder)
    return seeds / ".index"


@pytest.fixture(scope="module")
def asked(built, embedder):
    """The chatbot over it."""
    return Chatbot(open_index(built, embedder))


def said(capsys, *arguments) -> str:
    assert cli.main([str(a) for a in arguments]) == 0
    return capsys.readouterr().out


def test_a_citation_of_a_pdf_names_its_page_wherever_it_is_read(built, asked, capsys):
    answer = asked.ask(QUESTION)
    [citation] = answer.citations
    assert "312 pupils" in citation.quote
    text = asked.article("town").text
    assert text[citation.start : citation.end] == citation.quote

    assert re.search(rf"\(town {citation.start}-{citation.end}, p\. 3, en\)$", said(capsys, "ask", QUESTION, "--index", built), re.M)
    assert ", S. 3, en)" in said(capsys, "ask", QUESTION, "--index", built, "--answer-lang", "de")
    row = json.loads(said(capsys, "ask", QUESTION, "--index", built, "--json"))
    assert [c["page"] for c in row["citations"]] == [3] and "also" not in row["citations"][0]
    assert all(h.get("page") == asked.article(h["article_id"]).page(h["start"]) for h in row["hits"])
    assert [h["article_id"] for h in row["hits"]] == ["town", "ferry"]
    first = said(capsys, "search", QUESTION, "--index", built).splitlines()[0]
    assert re.search(r"town \d+-\d+ p\. \d en$", first)

    turn = turn_of(answer, 0, asked.article, "zh-Hans")
    assert '<span class="cc-at-page">第3页</span>' in turn["sources"]
    assert kept_turn(turn["record"], 0, asked.article, "zh-Hans")["sources"] == turn["sources"]
    assert ", p. 3, " in export.as_markdown("", [{"record": turn["record"]}])
    assert json.loads(export.as_json("", [{"record": turn["record"]}]))["turns"][0]["citations"][0]["page"] == 3


def test_the_reader_shows_where_pages_begin_and_keeps_the_text(asked):
    from index.types import Span
    from ui.places import Place

    article = asked.article("town")
    assert len(article.pages) == 2
    across = Span(article.pages[0] - 20, article.pages[0] + 20)
    html = reader_html(article, [across], Place("same", across))
    assert re.findall(r'class="cc-page" role="separator" data-page="(.*?)"', html) == ["p. 2", "p. 3"]
    [(_, text)] = Read(html).all("div", "cc-text")
    assert text == article.text
    assert '<span class="cc-at-page">p. 1</span>' in html


def test_a_build_says_which_articles_are_one(built, capsys):
    """Also where nothing has changed."""
    lines = said(capsys, "build", "--seeds", built.parent, "--index", built).splitlines()
    assert lines == ["= sub/ferry: the same article as ferry", f"{built}: up to date, 3 articles, {lines[-1].split()[-2]} passages"]


def test_an_article_that_is_there_twice_is_one_with_its_other_places_named(built, asked, capsys):
    question = "Seit wann fährt die Fähre vom Hafen zur Insel?"
    answer = asked.ask(question)
    assert {c.article_id for c in answer.citations} == {"ferry"} and [h.passage.article_id for h in answer.hits].count("sub/ferry") == 0
    edition = {"article_id": "sub/ferry", "publisher": "Der Bote", "date": "2024-05-06", "file": "sub/ferry.md"}
    row = json.loads(said(capsys, "ask", question, "--index", built, "--json"))
    assert row["citations"][0]["also"] == [edition] == next(h for h in row["hits"] if h["article_id"] == "ferry")["also"]
    assert "    Auch erschienen bei: Der Bote, 6. Mai 2024, sub/ferry.md" in said(capsys, "ask", question, "--index", built)
    assert json.loads(said(capsys, "search", question, "--k", 1, "--index", built, "--json"))["also"] == [edition]
    assert "    Also published at: Der Bote, 6 May 2024, sub/ferry.md" in said(capsys, "search", question, "--k", 1, "--index", built)

    turn = turn_of(answer, 0, asked.article, "de")
    link = 'Auch erschienen bei: <button type="button" class="cc-link cc-read" data-article="sub/ferry"><bdi>Der Bote, 6. Mai 2024, sub/ferry.md</bdi>'
    assert link in turn["sources"] and link in also_html(asked.article("ferry"), asked.article, "de")
    markdown = export.as_markdown("", [{"record": turn["record"]}], ui="de")
    assert "Auch erschienen bei: Der Bote, 2024-05-06, sub/ferry.md" in markdown.replace("\\", "")
    assert json.loads(export.as_json("", [{"record": turn["record"]}]))["turns"][0]["citations"][0]["also"] == [edition]
    assert 'data-article="ferry"' in collection_html(asked.articles()) and "sub/ferry" not in collection_html(asked.articles())
    assert asked.article("sub/ferry").text.endswith(STORY) and asked.article("sub/ferry").also == ("ferry",)


def test_what_a_browser_sends_as_twins_is_shown_only_where_it_is_some(asked):
    record = turn_of(asked.ask(QUESTION), 0, asked.article)["record"]
    for odd in (None, 7, "x", [1], [{}], {"file": "x"}):
        record["citations"][0]["also"] = odd
        record["citations"][0]["page"] = odd
        assert isinstance(export.as_markdown("", [{"record": record}]), str)
