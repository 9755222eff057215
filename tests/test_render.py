"""HTML of answers and sources: the highlight is the quotation, and nothing from outside is markup."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Article, Hit, Passage, Span, Why
from rag.citations import disarm
from rag.types import Answer, Citation, Dropped
from ui import texts
from ui.conversation import examples_html, kept_turn, turn_of
from ui.places import Place
from ui.reader import reader_html
from ui.render import CONTEXT, answer_html, escape, quotation_html
from ui.sources import collection_html, sources_html

SEEDS = Path(__file__).parent.parent / "seeds"
TAGS = set(
    "article bdi button dd details div dl dt h2 h3 header li mark ol p s section span strong summary table tbody td th thead "
    "time tr ul".split()
)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</mark></div>",
    "&lt;b&gt;&amp;",
    "![x](http://example.org/x.png) [y](javascript:alert(1))",
    "${alert(1)} {{7*7}} `",
    "\u202egnp.exe\u2066",
    "[1] [2]",
    "\r\n\0\ud800",
)
anything = st.lists(st.text(st.characters(exclude_categories=())) | st.sampled_from(HOSTILE), max_size=6).map(
    "".join
)


class Read(HTMLParser):
    """HTML read back: `elements` as (tag, attributes, text content), in order of their opening tags."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict, list[str]]] = []
        self._open: list[tuple[str, dict, list[str]]] = []
        self.feed(markup)
        self.close()
        assert not self._open, f"left open: {self._open}"

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs), []))
        self._open.append(self.elements[-1])

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, _, text in self._open:
            text.append(data)

    def all(self, tag: str, name: str = "") -> list[tuple[dict, str]]:
        """Attributes and text content of the elements with this tag and class."""
        wanted = {name} if name else set()
        return [
            (a, "".join(t))
            for g, a, t in self.elements
            if g == tag and wanted <= set(a.get("class", "").split())
        ]

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The tags and the names of their attributes: everything but the words."""
        return [(tag, tuple(attributes)) for tag, attributes, _ in self.elements]


def shown(text: str) -> str:
    """What HTML can carry of `text`."""
    return "".join("␀" if c == "\0" else "�" if "\ud800" <= c <= "\udfff" else c for c in text)


def an_article(text: str, lang: str = "de", **more) -> Article:
    return Article("a1", lang, more.pop("title", "Title"), text, more.pop("keep", ()), **more)


def an_answer(text: str, *citations: Citation, found: bool = True, hits: tuple[Hit, ...] = ()) -> Answer:
    reason = None if found else "not_supported"
    return Answer("question", "en", found, text, citations, hits, reason, 0.2)


def a_citation(marker: int, article: Article, start: int, end: int, *marks: Span) -> Citation:
    quote = article.text[start:end]
    return Citation(marker, article.id, start, end, quote, article.lang, Span(start, end), marks)


@st.composite
def cited_articles(draw) -> tuple[Article, Span, Span, list[Span]]:
    """An article of any text, a passage in it, a cited span in that, and marks that may stick out of it."""
    text = draw(anything)
    inside = st.integers(0, len(text))
    start, end = sorted((draw(inside), draw(inside)))
    passage = Span(start, end)
    cited = Span(*sorted((draw(st.integers(start, end)), draw(st.integers(start, end)))))
    marks = [Span(*sorted(pair)) for pair in draw(st.lists(st.tuples(inside, inside), max_size=4))]
    lang = draw(st.sampled_from(["de", "zh-Hant", "ar"]))
    return an_article(text, lang), passage, cited, marks


@given(cited_articles())
def test_the_highlight_is_the_cited_span_and_the_rest_is_the_article(drawn):
    article, passage, cited, marks = drawn
    page = Read(quotation_html(article, passage, cited, marks))
    ((outer, content),) = page.all("div", "cc-quotation")
    start, end = int(outer["data-start"]), int(outer["data-end"])
    assert start <= passage.start and passage.end <= end
    assert content == shown(article.text[start:end])
    ((mark, quote),) = page.all("mark")
    assert (mark["data-article"], int(mark["data-start"]), int(mark["data-end"])) == (
        "a1",
        cited.start,
        cited.end,
    )
    assert quote == shown(article.text[cited.start : cited.end])
    covered = {i for m in marks for i in range(max(m.start, cited.start), min(m.end, cited.end))}
    strong = "".join(text for _, text in page.all("strong"))
    assert strong == shown("".join(article.text[i] for i in sorted(covered)))


@given(anything)
def test_escaping_loses_nothing_and_leaves_no_markup(text):
    escaped = escape(text)
    assert not set(escaped) & set("<>\"'\0\r")
    assert html.unescape(escaped) == shown(text)
    escaped.encode("utf-8")


@given(anything, anything, anything, anything)
def test_no_words_from_outside_add_an_element_or_an_attribute(name, title, question, text):
    def page(name: str, title: str, question: str, text: str) -> Read:
        article = Article(name, "de", title, text, (), date=title, publisher=title)
        passage = Passage(name, "de", 0, len(text), text)
        hit = Hit(passage, 1.0, Why(terms=(title,), quantities=(f"{text}7",), part=title), (passage,))
        refusal = Answer(question, "en", False, text, (), (hit,), "not_supported", 0.1, dropped=(Dropped(text, "no_source"),))
        cited = (a_citation(1, article, 0, len(text)),)
        answer = Answer(question, "en", True, "So [1].", cited, (hit,), None, 0.1, query=title, note=text)
        turns = [turn_of(a, i, lambda _: article) for i, a in enumerate((refusal, answer))]
        turns += [kept_turn(turn["record"], 2, lambda _: article) for turn in turns]
        place = Place("same", Span(0, len(text)))
        parts = [turn["html"] + turn["sources"] for turn in turns]
        parts += [collection_html([article]), reader_html(article, [], place), examples_html([("de", question)])]
        return Read("".join(parts))

    hostile, plain = page("x" + name, "x" + title, question, "x" + text), page("x", "x", "x", "xx")
    assert hostile.shape() == plain.shape()
    assert {tag for tag, _ in hostile.shape()} <= TAGS


@given(anything)
def test_an_answer_reads_as_its_text_whatever_it_is(text):
    article = an_article("One. Two.")
    answer = an_answer(text, a_citation(1, article, 0, 4), a_citation(2, article, 5, 9))
    page = Read(f"<p>{answer_html(answer, 0, lambda _: article)}</p>")
    assert page.all("p")[0][1] == shown(text)
    assert len(page.all("button")) == len(re.findall(r"\[[12]\]", text))


def test_a_marker_is_a_button_that_names_its_source():
    article = an_article("Es waren 40 Stationen.", title="Zahlen & Fakten")
    answer = an_answer("It was forty [1], not fifty [2].", a_citation(1, article, 0, 22))
    page = Read(answer_html(answer, 7, lambda _: article))
    ((attributes, text),) = page.all("button", "cc-marker")
    assert (attributes["data-turn"], attributes["data-marker"], text) == ("7", "1", "[1]")
    assert attributes["aria-label"] == "Source 1: Zahlen & Fakten (Deutsch). Open the article at the sentence."


def test_a_quotation_in_an_answer_has_its_language_its_figures_and_its_own_brackets():
    path = next(SEEDS.glob("001*"))
    article = an_article(path.read_text(encoding="utf-8"), "en")
    start = article.text.index("The plan aims for")
    end = article.text.index("[1]", start) + 3
    figure = article.text.index("200 billion yuan")
    citation = a_citation(1, article, start, end, Span(figure, figure + 16), Span(end - 3, end))
    text = f"„Title“ schreibt: „{disarm(citation.quote)}“ [1]"
    page = Read(f"<p>{answer_html(an_answer(text, citation), 0, lambda _: article)}</p>")
    assert page.all("p")[0][1] == text
    quoted = [(attributes["lang"], words) for attributes, words in page.all("span", "cc-quoted")]
    assert quoted == [("en", "Title"), ("en", disarm(citation.quote))]
    assert [strong for _, strong in page.all("strong")] == ["200 billion yuan", disarm("[1]")]
    assert len(page.all("button")) == 1


def test_the_neighbouring_text_stops_at_what_is_kept_and_at_whole_words():
    words = "word " * 200
    text = f"NAVIGATION {words}Here it is. {words}FOOTER"
    start = text.index("Here")
    article = an_article(text, keep=(Span(11, start + 11 + 1000),))

    def around(start: int, end: int) -> str:
        return Read(quotation_html(article, Span(start, end))).all("div")[0][1]

    middle = around(start, start + 11)
    assert middle.startswith("word word") and middle.endswith("word word")
    assert CONTEXT < len(middle) <= 2 * CONTEXT + 11
    assert around(11, 15).startswith("word word")
    assert around(start + 1000, start + 1010).endswith("word")


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.txt")), ids=lambda path: path.stem[:3])
def test_every_line_of_every_seed_is_highlighted_to_the_letter(path):
    article = an_article(path.read_text(encoding="utf-8"))
    at = 0
    for line in article.text.splitlines(keepends=True):
        page = Read(quotation_html(article, Span(at, at + len(line)), Span(at, at + len(line))))
        assert page.all("mark")[0][1] == line
        at += len(line)


def test_text_that_is_cut_inside_a_line_says_so():
    text = "First line.\n" + "word " * 300
    article = an_article(text)
    assert Read(quotation_html(article, Span(265, 270))).all("div")[0][1].startswith("word")

    def cut(start: int, end: int) -> list[bool]:
        far = Read(quotation_html(article, Span(start, end))).all("span", "cc-far")
        return ["cc-cut" in attributes["class"] for attributes, _ in far]

    assert cut(12, 16) == [False, True]
    assert cut(600, 604) == [True, True]
    assert cut(len(text) - 5, len(text)) == [True]


def test_a_refusal_offers_the_nearest_passages_and_highlights_nothing():
    article = an_article("First sentence. Second sentence.")
    hits = tuple(Hit(Passage("a1", "de", i, i + 9, article.text[i : i + 9]), 1.0) for i in range(5))
    page = Read(sources_html(an_answer("No.", found=False, hits=hits), 0, lambda _: article))
    assert page.all("h2")[0][1] == texts.say("en", "nearest")
    assert len(page.all("article", "cc-source")) == 3
    assert not page.all("mark")


@pytest.mark.parametrize(
    ("date", "name"),
    [
        ("2025-02-04", "4 February 2025"),
        ("2025-12", "December 2025"),
        ("2025", "2025"),
        ("2025-13-01", "2025-13-01"),
        ("soon-ish", "soon-ish"),
    ],
)
def test_dates_are_written_out(date, name):
    assert texts.date_name(date) == name


@pytest.mark.parametrize(
    ("tag", "name"), [("zh-Hant", "繁體中文"), ("de-AT", "Deutsch"), ("zh-TW", "中文"), ("xx", "xx")]
)
def test_languages_have_their_own_names(tag, name):
    assert texts.language_name(tag) == name
