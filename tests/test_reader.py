"""The whole article: its text to the letter, its cited passages, and places that are found again or honestly not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_render import SEEDS, Read, a_citation, an_answer, an_article, anything, shown

from index.errors import UserError
from index.types import Article, Span
from ui import reader
from ui.conversation import kept_turn, turn_of
from ui.places import Place, locate
from ui.reader import headings, reader_html
from ui.records import fingerprint

TEXT = "Eins ist eins. Zwei ist zwei. Drei ist drei."


@st.composite
def articles_with_citations(draw) -> tuple[Article, list[Span], Place | None]:
    text = draw(anything)
    inside = st.integers(0, len(text))
    spans = [Span(*sorted(pair)) for pair in draw(st.lists(st.tuples(inside, inside), max_size=5))]
    keep = Span(*sorted((draw(inside), draw(inside))))
    place = Place("same", draw(st.sampled_from(spans))) if spans and draw(st.booleans()) else None
    pages = tuple(sorted(draw(st.sets(inside, max_size=3)) - {0, len(text)}))
    return an_article(text, keep=(keep,), pages=pages), spans, place


@given(articles_with_citations())
def test_the_reader_shows_the_article_to_the_letter_and_marks_what_is_cited(drawn):
    article, spans, place = drawn
    page = Read(reader_html(article, spans, place))
    ((_, text),) = page.all("div", "cc-text")
    assert text == shown(article.text)
    marks = page.all("mark")
    for attributes, quote in marks:
        start, end = int(attributes["data-start"]), int(attributes["data-end"])
        assert Span(start, end) in spans
        assert quote == shown(article.text[start:end])
    pages = [a["data-page"] for a, _ in page.all("span", "cc-page")]
    assert pages == [f"p. {article.page(begin)}" for begin in article.pages]
    if place and len(place.span):
        assert [(int(a["data-start"]), int(a["data-end"])) for a, _ in marks if "aria-current" in a] == [
            (place.span.start, place.span.end)
        ]
    apart = [Span(int(a["data-start"]), int(a["data-end"])) for a, _ in marks]
    for span in spans:
        if len(span) and not any(s.start < span.end and span.start < s.end for s in apart):
            raise AssertionError(f"{span} overlaps nothing and is not marked")


def test_a_very_long_article_is_shown_around_the_place(monkeypatch):
    monkeypatch.setattr(reader, "WINDOW", 200)
    article = an_article("".join(f"line {n:04}\n" for n in range(200)))
    at = article.text.index("line 0100")
    page = Read(reader_html(article, [], Place("same", Span(at, at + 9))))
    ((attributes, text),) = page.all("div", "cc-text")
    start, end = int(attributes["data-start"]), int(attributes["data-end"])
    assert text == article.text[start:end]
    assert 150 < len(text) <= 200
    assert page.all("mark")[0][1] == "line 0100"
    assert len(page.all("p", "cc-state")) == 1


def test_short_lines_above_running_text_are_the_contents():
    prose = "Es war ein langer Satz, der so lange weiterging, bis er wirklich lang genug war, um Text zu sein. "
    text = f"Titel\n\nErster Teil\n\n{prose}\n\nEin Satz.\n{prose}\n第二部分\n{'很长的句子' * 20}。\nEnde"
    article = an_article(text, title="Titel", keep=(Span(0, len(text)),))
    assert [span.of(text) for span in headings(article)] == ["Erster Teil", "第二部分"]
    page = Read(reader_html(article, []))
    assert [t for a, t in page.all("span", "cc-section") if a["role"] == "heading"] == ["Erster Teil", "第二部分"]
    targets = {a["data-target"] for a, _ in page.all("button", "cc-jump")}
    assert targets == {a["id"] for a, _ in page.all("span", "cc-section")}


@pytest.mark.parametrize(
    ("text", "state", "quote"),
    [
        (TEXT, "same", "Zwei ist zwei."),
        (f"Neu davor. {TEXT}", "moved", "Zwei ist zwei."),
        (TEXT.replace("Zwei ist", "Zwei war"), "changed", None),
        ("", "changed", None),
        (None, "gone", None),
    ],
)
def test_a_place_is_found_by_its_fingerprint_or_said_to_be_changed(text, state, quote):
    start = TEXT.index("Zwei")
    article = None if text is None else an_article(text)
    place = locate(article, start, start + 14, fingerprint("Zwei ist zwei."))
    assert (place.state, place.span.of(text) if place.span else None) == (state, quote)


def test_of_two_places_with_the_same_words_the_nearer_is_taken():
    text = "aa bb aa bb aa"
    assert locate(an_article(f"x{text}"), 6, 8, fingerprint("aa")).span == Span(7, 9)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (9, 3), (0, 9999), (-4, 2)])
def test_offsets_that_are_none_open_nothing(start, end):
    assert locate(an_article(TEXT), start, end).state == "changed"


def test_a_kept_answer_says_which_of_its_articles_have_changed():
    before = an_article(TEXT)
    start = TEXT.index("Zwei")
    answer = an_answer("So [1].", a_citation(1, before, start, start + 14, Span(start + 9, start + 13)))
    record = turn_of(answer, 0, lambda _: before)["record"]

    def again(text: str | None) -> Read:
        def find(article_id: str) -> Article:
            if text is None:
                raise UserError(f"no article {article_id!r}")
            return an_article(text)

        turn = kept_turn(record, 0, find)
        return Read(turn["html"] + turn["sources"])

    same = again(TEXT)
    assert (len(same.all("p", "cc-state")), same.all("mark")[0][1]) == (0, "Zwei ist zwei.")
    moved = again(f"Neu davor. {TEXT}")
    assert (len(moved.all("p", "cc-state")), moved.all("mark")[0][1]) == (1, "Zwei ist zwei.")
    assert [text for a, text in moved.all("strong")] == ["zwei"]
    for gone in (again("Anders."), again(None)):
        assert len(gone.all("p", "cc-state")) == 1
        assert not gone.all("mark")
        assert "Zwei ist zwei." in gone.all("div", "cc-quotation")[0][1]


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.stem[:3])
def test_every_seed_is_read_to_the_letter(path):
    article = an_article(path.read_text(encoding="utf-8"))
    assert Read(reader_html(article, [])).all("div", "cc-text")[0][1] == article.text
