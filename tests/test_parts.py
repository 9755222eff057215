"""Questions that compare, and the rankings of their parts put together."""

import pytest

from index.parts import interleaved, parts_of
from index.types import Hit, Passage, Why


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("Compare Shenzhen and Shanghai.", ["Shenzhen", "Shanghai"]),
        ("Compare the budgets of Oslo, Rome and Lima in 2020.", ["Oslo", "Rome", "Lima"]),
        ("What is the difference between Oslo and Rome?", ["Oslo", "Rome"]),
        ("Which is larger, Oslo or Rome?", ["Oslo", "Rome"]),
        ("Is the harbour larger in Oslo or in Rome?", ["Oslo", "Rome"]),
        ("请比较深圳与上海", ["深圳", "上海"]),
        ("Vergleiche Köln mit Bonn: Wie viele Brücken gibt es?", ["Köln", "Bonn"]),
        ("Worin unterscheiden sich die Häfen von Köln und Bonn?", ["Köln", "Bonn"]),
        ("Wie viele Brücken haben Köln und Bonn jeweils?", ["Köln", "Bonn"]),
        ("Gab es in Köln mehr Brücken als in Bonn?", []),
        ("比较深圳和上海的产业规模", ["深圳", "上海"]),
        ("深圳和上海相比,哪个更大?", ["深圳", "上海"]),
        ("深圳、上海和北京的产业有什么不同?", ["深圳", "上海", "北京"]),
        ("深圳與上海的產業規模有何差異?", ["深圳", "上海"]),
        ("2024年,深圳和上海分别有多少企业?", ["深圳", "上海"]),
        ("杭州还是广州的企业更多?", ["杭州", "广州"]),
        ("What do research and development cost?", []),
        ("What does Rome plan for 2028?", []),
        ("Who founded Smith and Sons?", []),
        ("上海的产业规模有多大?", []),
        ("", []),
    ],
)
def test_a_comparison_is_asked_of_each_side(question, things):
    parts = parts_of(question)
    assert len(parts) == len(things)
    for thing, part in zip(things, parts, strict=True):
        assert thing in part and not any(other in part for other in things if other != thing)


def test_what_is_not_compared_stays_in_every_part():
    assert parts_of("Compare the harbour of Oslo and Rome in 2020.") == (
        "Compare the harbour of Oslo in 2020.", "Compare the harbour of Rome in 2020."
    )
    assert parts_of("比较深圳和上海的产业规模") == ("比较深圳的产业规模", "比较上海的产业规模")


def hit(name: str, score: float, *also: str) -> Hit:
    return Hit(passage(name), score, Why(), tuple(passage(a) for a in also))


def passage(name: str) -> Passage:
    return Passage(name, "en", 0, 1, name)


def test_the_best_of_every_part_comes_first_and_each_passage_once():
    whole = [hit("w", 0.9), hit("a", 0.8), hit("x", 0.2)]
    one, two = [hit("a", 0.7), hit("c", 0.1)], [hit("b", 0.3, "x"), hit("a", 0.25)]
    merged = interleaved([whole, one, two], 4)
    assert [h.passage.article_id for h in merged] == ["a", "b", "w", "c"]
    assert [h.score for h in merged] == [0.9, 0.9, 0.9, 0.1]
    assert [h.passage.article_id for h in interleaved([whole, one, two], 1)] == ["a"]
    assert interleaved([[], []], 3) == []
