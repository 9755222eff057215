"""Articles that give orders, forge markers, close delimiters or hide characters: quoted, never obeyed, never ours."""

import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.types import Hit, Passage, Span
from rag.chat_model import _claim
from rag.citations import Citations
from rag.draft import Draft
from rag.generator import ExtractiveGenerator
from rag.prompt import LONGEST_PASSAGE, messages_for, on_one_line, rewriting_for
from rag.types import Answer
from tests.fakes import ConceptEmbedder, article, index_of
from ui.render import answer_html

ROWS = [json.loads(line) for line in Path(__file__).with_name("hostile.jsonl").read_text(encoding="utf-8").splitlines()]
TEXTS = [row["text"] + row.get("repeat", "") * row.get("times", 0) for row in ROWS]
IDS = [f"{n}-{row['lang']}-{row['kind']}" for n, row in enumerate(ROWS)]
QUESTIONS = {"en": "Where is the harbour and its bridge?", "de": "Wo ist der Hafen mit der Brücke?", "zh-Hans": "港口和桥梁在哪里？",
             "zh-Hant": "港口和橋樑在哪裡？"}
BENIGN = "The harbour lies in the east. It has one bridge."
TAGS = {"p", "span", "a", "button", "bdi", "q", "cite", "blockquote", "mark", "strong", "em", "small", "div", "br", "sup", "ol", "ul", "li"}
hostile = pytest.mark.parametrize(("row", "text"), list(zip(ROWS, TEXTS, strict=True)), ids=IDS)


def hit(text: str, id: str = "x") -> Hit:
    return Hit(Passage(id, "en", 0, len(text), text, (Span(0, len(text)),)), 1.0)


def test_there_are_forty_and_more_in_three_languages():
    assert len(set(TEXTS)) >= 40 and {row["lang"] for row in ROWS} == set(QUESTIONS)
    assert len({row["kind"] for row in ROWS}) >= 12


class Page(HTMLParser):
    """The tags, the attributes and the text of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = set(), [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data!r}")


def markers(text: str) -> list[int]:
    """What a reader takes for a marker: every number in brackets of any kind."""
    return [int(n) for n in re.findall(r"[\[［【]\s*(\d+)[^\]］】]*[\]］】]", text)]


@hostile
def test_the_answer_quotes_to_the_character_and_frame_and_markers_are_ours(row, text):
    articles = {a.id: a for a in (article(text, row["lang"], "bad", "Bericht"), article(BENIGN, "en", "good", "Report"))}
    index = index_of(list(articles.values()), ConceptEmbedder())
    question = QUESTIONS[row["lang"]]
    hits = tuple(index.search(question, 5))
    citations, said = Citations(articles, hits), ""
    for claim in ExtractiveGenerator(index).write(question, hits, row["lang"]):
        said += citations.add(claim)
    assert citations.found
    frame = said
    for c in citations.found:
        assert c.quote == articles[c.article_id].text[c.start : c.end]
        frame = frame.replace("\u2060", "").replace(c.quote, "")
    assert markers(said.replace("\u2060", "x")) == [c.marker for c in citations.found]
    assert not re.search(r"[<>{}`]|https?:|javascript:|data:|PWNED|\[\D", frame)
    assert not [c for c in frame if unicodedata.category(c) in ("Cf", "Cc") and c != "\n"]

    answer = Answer(question, row["lang"], True, said, tuple(citations.found), hits, None, 0.1)
    page = Page(answer_html(answer, 0, articles.__getitem__))
    assert page.tags <= TAGS, page.tags - TAGS
    for name, value in page.attributes:
        assert not name.startswith("on") and not re.match(r"\s*(javascript|data|https?):", value or "")
        assert name not in ("src", "style")


@hostile
def test_nothing_in_a_passage_ends_its_fence_or_begins_a_line(row, text):
    lang = row["lang"]
    plain = messages_for(QUESTIONS[lang], [hit(BENIGN)] * 3, lang)
    system, human = messages_for(QUESTIONS[lang], [hit(BENIGN), hit(text), hit(BENIGN)], lang)
    assert system == plain[0]
    lines, usual = human.split("\n"), plain[1].split("\n")
    assert lines[:2] == usual[:2] and lines[3:] == usual[3:] and len(human.splitlines()) == len(lines) == 6
    number, shown = lines[2][:4], lines[2][4:]
    assert number == "[2] " and len(shown) <= LONGEST_PASSAGE
    assert not re.search(r"[\[\]<>［］【】＜＞｜|`{}]", shown)
    assert all(c.isprintable() for c in shown)


@hostile
def test_a_question_is_one_line_of_the_prompt_too(row, text):
    _, human = messages_for(text, [hit(BENIGN)], "en")
    assert len(human.splitlines()) == 4 and human.count("<passages>") == human.count("</passages>") == 1
    _, human = rewriting_for("Why?", [text, text])
    assert len(human.splitlines()) == 3


@hostile
def test_a_model_that_repeats_a_passage_says_nothing_with_a_source(row, text):
    draft = Draft()
    sentences = [*draft.feed(on_one_line(text)[:LONGEST_PASSAGE]), *draft.close()]
    assert sentences or not on_one_line(text)
    assert [s.numbers for s in sentences if s.numbers] == []


@hostile
def test_a_draft_that_holds_the_text_itself_brings_no_marker_but_ours(row, text):
    passages = [article(BENIGN, "en", "good", "Report")]
    hits = [hit(BENIGN, "good")]
    draft = Draft()
    citations, said = Citations({a.id: a for a in passages}, hits), ""
    for sentence in [*draft.feed(text + " The harbour lies in the east [1]."), *draft.close()]:
        claim = _claim(sentence, hits, "en", "")
        assert all(s.hit == 0 for s in claim.sources)
        assert claim.text.isprintable() and "](" not in claim.text
        if claim.sources:
            said += citations.add(claim)
    assert set(markers(said.replace("\u2060", "x"))) <= {1} and len(citations.found) <= 1


@given(st.lists(st.text(alphabet=st.characters(), max_size=60), max_size=5), st.text(max_size=60))
def test_no_text_at_all_breaks_the_frame_of_the_prompt(texts, question):
    _, human = messages_for(question, [hit(t) for t in texts], "en")
    first, *lines, last, asked = human.split("\n")
    assert (first, last) == ("<passages>", "</passages>")
    assert [line.split(" ")[0] for line in lines if line] == [f"[{n}]" for n in range(1, len(texts) + 1)]
    assert not any(c in line.split(" ", 1)[-1] for line in lines if " " in line for c in "[]<>")
    assert len(human.splitlines()) == len(human.split("\n")) and "\n" not in asked


PIECES = st.sampled_from(
    [*"ab1甲。.!？ \n[]【】()`*-#“”「」!", "[1]", "[2]", "【1】", "[1, 2]", "```", "**", "<think>", "</think>", "[x](y)", "am 3. ", "z. B. ", "\u200b"]
)


@given(st.lists(PIECES, max_size=25), st.lists(st.integers(1, 5), min_size=1, max_size=8))
def test_a_draft_has_the_same_sentences_however_it_is_cut(pieces, sizes):
    text = "".join(pieces)
    whole = Draft()
    expected = [*whole.feed(text), *whole.close()]
    cut, found, at, turn = Draft(), [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        found += cut.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    assert [*found, *cut.close()] == expected
