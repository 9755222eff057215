"""Words stored once, compared with late interaction text by text."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import TOWN, ConceptEmbedder, article, words_of_all
from hypothesis import given
from hypothesis import strategies as st

from index import interaction
from index.errors import IndexCorrupt
from index.normalise import fold, normalise
from index.splitter import split
from index.types import Passage, Span, TokenVectors
from index.wordtable import WordTable, sentence_starts

EMBEDDER = ConceptEmbedder()
WORDS = "harbour bridge ferry bread baker school river opened Hafen Brücke 港口 桥梁 stone sand of 12".split()


def asked(question: str) -> interaction.Words:
    text = fold(question)
    return interaction.content_words(text, EMBEDDER.token_vectors([text])[0])


def one_by_one(question: interaction.Words, text: str) -> np.ndarray:
    text = normalise(text).text
    return interaction.matched(question, interaction.words(text, EMBEDDER.token_vectors([text])[0], pairs=True))


@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), max_size=5), st.data())
def test_rows_match_as_their_texts_do(texts, data):
    rows = data.draw(st.lists(st.sampled_from(range(len(texts))), max_size=4)) if texts else []
    table = WordTable.build(texts, [[0]] * len(texts), EMBEDDER)
    question = asked("Welche Brücke und Fähre am Hafen?")
    matches, first = table.matches(question, rows)
    assert first.tolist() == list(range(len(rows))) and matches.shape == (len(rows), 3)
    for row, found in zip(rows, matches, strict=True):
        assert found == pytest.approx(one_by_one(question, texts[row]), abs=0.02)


def test_a_row_is_cut_at_its_sentences():
    text = "The harbour opened. A school stands there. Nothing."
    table = WordTable.build([text, "Bread.", ""], [[0, 20, 43], [0], []], EMBEDDER)
    matches, first = table.matches(asked("Hafen Schule Brot"), [0, 2, 1])
    assert first.tolist() == [0, 3, 4]
    assert matches == pytest.approx(np.array([[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1]]), abs=0.02)


def test_a_question_without_words_and_no_rows_match_nothing():
    table = WordTable.build(["bread"], [[0]], EMBEDDER)
    assert table.matches(asked("the of"), [0])[0].shape == (1, 0)
    assert table.matches(asked("Brot"), [])[0].shape == (0, 1)


def test_a_word_is_stored_once():
    table = WordTable.build(["bread bread bread", "Brot bread"], [[0], [0]], EMBEDDER)
    assert len(table.types) == 1 and len(table.ids) == 5


def test_passages_come_before_the_titles_of_the_articles():
    texts = {name.removesuffix(".txt"): text for name, text in TOWN.items()}
    articles = [article(t, "und", i, t.split("\n")[0]) for i, t in texts.items()]
    passages = [p for a in articles for p in split(a, EMBEDDER.count_tokens, 12, 0)]
    table = words_of_all(articles, passages, EMBEDDER)
    assert len(table) == len(passages) + 3
    assert table.matches(asked("river"), [len(passages) + 1])[0].max() == 1  # "A school by the river"


def test_the_sentences_of_a_passage_begin_where_it_says():
    assert sentence_starts(Passage("a", "en", 10, 20, "One. Two.", (Span(10, 14), Span(15, 19)))) == [0, 5]
    assert sentence_starts(Passage("a", "en", 10, 13, "One")) == [0]


def test_a_saved_table_matches_alike_under_any_folder_name(tmp_path):
    table = WordTable.build(["harbour bridge. bread", "港口"], [[0, 16], [0]], EMBEDDER)
    folder = tmp_path / "索引 für Ünïcode"
    table.save(folder)
    opened, question = WordTable.open(folder), asked("Hafen Brot")
    assert len(opened) == 2 and (opened.matches(question, [0, 1])[0] == table.matches(question, [0, 1])[0]).all()
    (folder / "ids.npy").write_bytes(b"no array")
    with pytest.raises(IndexCorrupt, match="crosscite build"):
        WordTable.open(folder)


class Contextual(ConceptEmbedder):
    """A token's vector is another wherever it stands."""

    def token_vectors(self, texts):
        out = []
        for tokens in super().token_vectors(texts):
            turned = tokens.vectors + np.arange(len(tokens.spans))[:, None] * 1e-3 + np.float32(id(tokens) % 997) * 1e-6
            out.append(TokenVectors(turned.astype(np.float32), tokens.weights, tokens.spans))
        return out


def test_words_that_never_repeat_are_not_stored_beyond_a_limit(monkeypatch):
    monkeypatch.setattr("index.wordcutting._TYPES", 20)
    texts = ["bread harbour school river"] * 10
    assert WordTable.build(texts, [[0]] * 10, ConceptEmbedder()) is not None
    distinct = [" ".join(f"w{10 * i + j}x" for j in range(4)) for i in range(10)]
    assert WordTable.build(distinct, [[0]] * 10, Contextual()) is None
