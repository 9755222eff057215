"""Hits of a search for programs and for a terminal."""

import json

from index.types import Article, Hit, Passage, Why
from ui.hits import explained, ranked_json, ranked_plain

HIT = Hit(
    Passage("a", "de", 5, 17, "Der  Hafen\n."), 1.25,
    Why(2, 0.5, None, None, 0.75, ("hafen", "#1987y"), 3, ("#1987y",), "Hafen?"), (Passage("b", "en", 0, 4, "Port"),),
)


ARTICLES = {
    "a": Article("a", "de", "Hafen", "x" * 20, (), pages=(3,), file="a.pdf", also=("b", "c")),
    "b": Article("b", "en", "Port", "Port", (), file="b.txt"),
    "c": Article("c", "de", "Hafen", "", (), "2024-05-06", "Der Bote", file="sub/c.html"),
}


def test_a_hit_as_json_says_where_else_it_stands_and_why_it_is_there():
    row = json.loads(json.dumps(ranked_json(1, HIT, ARTICLES.__getitem__)))
    assert {k: row[k] for k in ("rank", "article_id", "start", "end", "text", "lang", "score")} == {
        "rank": 1, "article_id": "a", "start": 5, "end": 17, "text": "Der  Hafen\n.", "lang": "de", "score": 1.25
    }
    assert row["page"] == 2 and row["also"] == [
        {"article_id": "b", "publisher": None, "date": None, "file": "b.txt", "start": 0, "end": 4, "lang": "en"},
        {"article_id": "c", "publisher": "Der Bote", "date": "2024-05-06", "file": "sub/c.html"},
    ]
    assert row["why"] == {
        "dense_rank": 2, "dense_score": 0.5, "lexical_rank": None, "lexical_score": None, "coverage": 0.75,
        "terms": ["hafen", "#1987y"], "fused_rank": 3, "quantities": ["#1987y"], "part": "Hafen?",
        "search_score": None,
    }


def test_a_hit_for_a_terminal_explains_itself_on_request():
    also = ["    also in b 0-4 en", "    Also published at: Der Bote, 6 May 2024, sub/c.html"]
    plain = ["10. 1.250  a 5-17 p. 2 de", *also, "    Der Hafen ."]
    find = ARTICLES.__getitem__
    assert ranked_plain(10, HIT, find).split("\n") == plain
    said = "dense 2 (0.500); lexical - (-); fused 3; coverage 0.750; language de; terms hafen; quantities #1987y; part 'Hafen?'"
    assert explained(HIT) == said
    assert ranked_plain(10, HIT, find, explain=True).split("\n") == [*plain[:3], f"    {said}", plain[3]]


def test_a_hit_without_reasons_is_explained_by_dashes():
    bare = Hit(Passage("a", "en", 0, 1, "x"), 0.0)
    assert explained(bare) == "dense - (-); lexical - (-); fused -; coverage -; language en; terms -; quantities -"
