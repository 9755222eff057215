"""Part by part: on an index whose vectors can be computed in the head, every part ranks as its definition says."""

import pytest
from fakes import ConceptEmbedder, article, index_of

from eval.ablation import ALWAYS, RANKING, REFUSES, WHOLE, Parts, ablate, table
from eval.dataset import Gold, Question
from index.search import DENSE

EN = "The bridge at the harbour was opened in 1987."
DE = "Die Brücke am Hafen wurde 1987 eröffnet."
OTHER = "Brot und Bäcker in der Schule."
QUESTION = "When was the harbour bridge opened?"


@pytest.fixture(scope="module")
def index():
    return index_of([article(OTHER, "de", "c"), article(DE, "de", "d"), article(EN, "en", "e")], ConceptEmbedder())


@pytest.fixture(scope="module")
def questions():
    gold = (Gold("d", 0, len(DE)), Gold("e", 0, len(EN)))
    return [
        Question(id="q1", question=QUESTION, lang="en", fact="f", answerable=True, kind="date", gold=gold, answers=("1987",)),
        Question(id="q2", question="Wer ist der Kaiser?", lang="de", fact="g", answerable=False, kind="near_miss", gold=(), answers=()),
    ]


def test_words_find_their_language_and_vectors_find_every_language(index):
    parts = Parts(index)
    vector = index.embedder.encode_queries(["when was the harbour bridge opened?"])[0]
    names = [p.article_id for p in index.passages]
    assert [names[r] for r in parts.lexical(QUESTION, vector)] == ["e"]
    dense = [names[r] for r in parts.dense(QUESTION, vector)]
    assert set(dense[:2]) == {"d", "e"} and dense[2] == "c"
    assert next(names[r] for r in parts.fused(QUESTION, vector)) == "e"
    # Within each language the best of it comes first, so the German passage stands beside the English one.
    assert {names[r] for r in parts.by_language(QUESTION, vector)[:2]} == {"d", "e"}


def test_a_line_per_part_compared_with_the_whole(index, questions):
    lines = ablate(index, questions, answering=False, encoder="concepts")
    assert [x.part for x in lines][-1] == WHOLE and len(lines) == 7
    assert set(lines[-1].whole_has.values()) == {None}
    for line in lines[:-1]:
        gain = line.whole_has["hit@1"]
        assert gain.b - gain.a == gain.difference == lines[-1].scores["hit@1"] - line.scores["hit@1"]
    text = table(lines, RANKING, "ndcg@10")
    assert len({row.count("|") for row in text.split("\n")}) == 1 and text.count("| concepts |") == 7


def test_without_refusals_everything_with_evidence_is_answered(index, questions):
    lines = {x.part: x for x in ablate(index, questions, answering=True, encoder="concepts")}
    assert lines[ALWAYS].scores["answered"] == 1.0
    assert lines[ALWAYS].scores["hallucination_rate"] >= lines[REFUSES].scores["hallucination_rate"]
    assert lines[ALWAYS].scores["hit@1"] == lines[REFUSES].scores["hit@1"] == lines[WHOLE].scores["hit@1"]


def test_late_interaction_and_cosine_reorder_the_hits_of_the_whole_search(index):
    parts = Parts(index)
    vector = index.embedder.encode_queries([QUESTION.lower()])[0]
    hits = {index.passages.index(h.passage): h.why for h in index.search(QUESTION, 100)}
    covered, blended = parts.covered(QUESTION, vector), parts.with_cosine(QUESTION, vector)
    assert set(covered) == set(blended) == set(hits)
    assert [hits[r].coverage for r in covered] == sorted((w.coverage for w in hits.values()), reverse=True)
    sums = [hits[r].coverage + DENSE * hits[r].dense_score for r in blended]
    assert sums == sorted(sums, reverse=True)
