"""Passages ordered by their best sentences."""

import pytest

from rag.evidence import READ, evidence
from rag.ranking import COUNTED, EvidenceRetriever, searched

QUESTIONS = (
    "Wie viele KI-Firmen gibt es in Shenzhen?", "Which fields does Guangzhou focus on?", "成都有多少家人工智能企业？",
    "Compare Shenzhen and Shanghai's AI industry",
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_passage_of_the_best_sentence_comes_first_and_none_is_lost(seed_index, question):
    searched = seed_index.search(question, 15)
    hits = EvidenceRetriever(seed_index).search(question, 15)
    assert {h.passage.id for h in hits} == {h.passage.id for h in searched}
    assert evidence(seed_index, question, tuple(hits))[0].hit == 0
    assert {h.passage.id for h in hits[READ:]} == {h.passage.id for h in searched[READ:]}
    assert {h.passage.id: h.searched for h in hits} == {h.passage.id: h.score for h in searched}
    scores = [h.score for h in hits[:READ]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_evidence_does_not_depend_on_the_order_of_the_hits(seed_index, question):
    def said(hits):
        return [(hits[e.hit].passage.id, e.span, e.score) for e in evidence(seed_index, question, hits)]

    searched = tuple(seed_index.search(question))
    assert said(searched) == said(searched[::-1]) == said(tuple(EvidenceRetriever(seed_index).search(question)))


def test_fewer_passages_are_the_first_of_more(seed_index):
    retriever = EvidenceRetriever(seed_index)
    ten = [h.passage.id for h in retriever.search(QUESTIONS[0])]
    assert [h.passage.id for h in retriever.search(QUESTIONS[0], 3)] == ten[:3]
    assert retriever.search(QUESTIONS[0], 0) == [] == retriever.search("")


def test_what_lists_as_many_as_are_asked_for_is_read_however_far_behind(seed_index):
    """The words for pilot zones in the question and in the passage that lists the five cities have little in common."""
    question = "Welche fünf Städte bekamen 2021 neue nationale KI-Pilotzonen?"

    def rank(hits):
        return next(n for n, h in enumerate(hits) if all(city in h.passage.text for city in ("北京、天津", "杭州、廣州、成都")))

    plain, hits = seed_index.search(question, 60), searched(seed_index, question, 60)
    assert rank(plain) >= READ > rank(hits) >= READ - COUNTED
    assert [h.passage.id for h in hits[: READ - COUNTED]] == [h.passage.id for h in plain[: READ - COUNTED]]
    assert sorted(h.passage.id for h in hits) == sorted(h.passage.id for h in plain)
    assert [h.score for h in hits[:READ]] == sorted((h.score for h in hits[:READ]), reverse=True)
    assert rank(EvidenceRetriever(seed_index).search(question)) == 0


@pytest.mark.parametrize("question", ["Welche Städte bekamen 2021 KI-Pilotzonen?", "Wie viele KI-Firmen gibt es in fünf Städten?"])
def test_a_question_that_counts_no_answers_is_searched_as_it_is(seed_index, question):
    assert searched(seed_index, question, 15) == seed_index.search(question, 15)
