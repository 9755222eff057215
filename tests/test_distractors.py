"""Distractors from sentence pairs, and what they cost, with an encoder that can be computed in the head."""

from __future__ import annotations

import lzma

import pytest
from fakes import ConceptEmbedder, write_town

from eval.dataset import Gold, Question
from eval.distractors import TOKENS, Distractor, distractors, found, indexed, main, seconds, table
from index.errors import UserError

WESTERN = [(f"Baker {i} sold bread.", f"Bäcker {i} verkaufte Brot.", "wmt_news2008_2020") for i in range(400)]
CHINESE = [(f"School {i}.", f"学校{i}的教师们很多,国家也来了。", "newscommentary10k") for i in range(400)]
OTHER = [("Never", "Niemals", "tatoeba")]


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    (folder / "pairs").mkdir(parents=True)
    for name, rows in (("en_de", OTHER + WESTERN), ("en_zh-Hans", CHINESE + OTHER)):
        with lzma.open(folder / "pairs" / f"{name}.tsv.xz", "wt", encoding="utf-8") as f:
            f.writelines("\t".join(row) + "\n" for row in rows)
    return folder


def test_distractors_take_turns_and_are_the_same_in_every_run(corpus):
    made = list(distractors(corpus, 8, ConceptEmbedder()))
    assert [d.lang for d in made] == ["en", "de", "zh-Hans", "en", "de", "zh-Hant", "en", "de"]
    assert made == list(distractors(corpus, 8, ConceptEmbedder()))
    assert made[0].text.startswith("Baker 0 sold bread.\nBaker 1") and made[1].text.startswith("Bäcker 0 verkaufte Brot.\n")
    assert "学校0的教师们很多" in made[2].text and "學校" in made[5].text
    assert len({d.text for d in made}) == 8 and not any("Never" in d.text for d in made)


def test_a_distractor_is_as_long_as_a_passage_and_no_longer(corpus):
    sizes = [ConceptEmbedder().count_tokens(d.text) for d in distractors(corpus, 3, ConceptEmbedder())]
    assert all(size <= TOKENS for size in sizes) and min(sizes) > TOKENS / 2


def test_a_corpus_that_is_too_small_or_not_there_is_told(corpus, tmp_path, capsys):
    with pytest.raises(UserError, match=r"has text for \d+ distractors, 5000 are wanted"):
        list(distractors(corpus, 5000, ConceptEmbedder()))
    with pytest.raises(UserError, match=r"en_de\.tsv\.xz"):
        list(distractors(tmp_path / "nowhere", 1, ConceptEmbedder()))
    with pytest.raises(SystemExit):
        main(["--split", "dev"])
    assert "--corpus" in capsys.readouterr().err


def question(text: str, lang: str, article_id: str, start: int, end: int) -> Question:
    return Question(text, text, lang, text, True, "figure", (Gold(article_id, start, end),), ("x",))


def test_questions_are_counted_by_pair_with_and_without_distractors(tmp_path):
    embedder, seeds = ConceptEmbedder(), write_town(tmp_path / "town")
    asked = [
        question("When was the bridge at the harbour opened?", "en", "hafen", 24, 64),
        question("Wer bringt das Brot?", "de", "school", 98, 138),
        question("Welche Brücke?", "de", "tianwen", 7, 20),
    ]
    alone = found(indexed(tmp_path / "alone", embedder, seeds=seeds), asked, 1)
    assert alone == {"en > de": [True], "de > en": [True], "de > zh-Hans": [False]}
    loud = [Distractor("en", f"Bread brings bread, note {i}.") for i in range(30)]
    index = indexed(tmp_path / "among", embedder, loud, seeds)
    assert len(index.articles) == 33
    among = found(index, asked, 1)
    assert among["en > de"] == [True] and among["de > en"] == [False]
    assert len(seconds(index, ["Brot", "Hafen", "学校"])) == 2
    lines = table(alone, among).split("\n")
    assert [line.split() for line in lines[1:]] == [
        ["all", "3", "0.667", "0.333", "0.333", "!"], ["de", ">", "en", "1", "1.000", "0.000", "1.000", "!"],
        ["de", ">", "zh-Hans", "1", "0.000", "0.000", "0.000"], ["en", ">", "de", "1", "1.000", "1.000", "0.000"],
    ]
