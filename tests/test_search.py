"""Hybrid search: across languages, in a stable order, within the languages asked for."""

from __future__ import annotations

import json

import numpy as np
import pytest
from fakes import TOWN, ConceptEmbedder, article, index_of, words_of_all
from hypothesis import given
from hypothesis import strategies as st

from index.coverage import ELSEWHERE, NEAR, SENTENCE
from index.dense import Dense
from index.languages import same_language
from index.lexical import Lexical
from index.normalise import fold
from index.search import CONTEXT, DENSE, OWN, RRF_K, Index, context, rrf
from index.types import Embedder, Retriever

LANGS = {"hafen": "de", "school": "en", "tianwen": "zh-Hans"}


@pytest.fixture(scope="module")
def town() -> Index:
    texts = {name.removesuffix(".txt"): text for name, text in TOWN.items()}
    return index_of([article(t, LANGS[i], i, t.split("\n")[0]) for i, t in texts.items()], ConceptEmbedder())


def found(index: Index, query: str, k: int = 10, langs: tuple[str, ...] = ()) -> list[str]:
    return [h.passage.id for h in index.search(query, k, langs)]


def test_rrf_of_a_hand_made_example():
    # 7 is first and second, 8 second only in one list, 9 first in the heavier one.
    fused = rrf([[7, 8], [9, 7]], (1, 2), k=60)
    assert fused == pytest.approx({7: 1 / 61 + 2 / 62, 8: 1 / 62, 9: 2 / 61})
    assert RRF_K == 60 and rrf([[5]], (1,)) == pytest.approx({5: 1 / 61})


RANKINGS = st.lists(st.lists(st.integers(0, 20), unique=True, max_size=10), max_size=4)


@given(RANKINGS, st.randoms(use_true_random=False))
def test_rrf_does_not_depend_on_the_order_of_the_rankings(rankings, random):
    shuffled = random.sample(rankings, len(rankings))
    ones = [1.0] * len(rankings)
    assert rrf(rankings, ones) == pytest.approx(rrf(shuffled, ones))


@given(RANKINGS)
def test_rrf_equals_its_formula(rankings):
    rows = {row for ranking in rankings for row in ranking}
    expected = {row: sum(1 / (60 + r.index(row) + 1) for r in rankings if row in r) for row in rows}
    assert rrf(rankings, [1.0] * len(rankings)) == pytest.approx(expected)


def test_rrf_needs_a_weight_a_ranking():
    with pytest.raises(ValueError, match="2 rankings and 1 weights"):
        rrf([[1], [2]], (1.0,))


def test_the_fakes_and_the_index_fill_their_seams(town):
    assert isinstance(ConceptEmbedder(), Embedder) and isinstance(town, Retriever)


@pytest.mark.parametrize(
    ("query", "passage"),
    [
        ("When was the bridge at the harbour opened?", "Die Brücke am Hafen wurde 1987 eröffnet."),
        ("港口的桥梁什么时候开放?", "Die Brücke am Hafen wurde 1987 eröffnet."),
        ("Gibt es dort eine Fähre?", "keine Fähre mehr"),
        ("Welches Brot bringt der Bäcker?", "a baker brings fresh bread"),
        ("谁是学校的教师?", "The school was founded by one teacher"),
        ("誰是學校的教師?", "The school was founded by one teacher"),
        ("Wann wurde die Sternwarte eröffnet?", "2016年向公众开放"),
        ("Is the observatory opened?", "2016年向公众开放"),
    ],
)
def test_the_right_passage_is_first_whatever_its_language(town, query, passage):
    assert passage in town.search(query, 3)[0].passage.text


@pytest.mark.parametrize(
    ("langs", "allowed"),
    [(("de",), {"de"}), (("zh",), {"zh-Hans"}), (("zh-Hans",), {"zh-Hans"}), (("en", "de"), {"en", "de"}), (("zh-Hant",), set()),
     (("fr",), set())],
)
def test_the_language_filter_limits_the_articles(town, langs, allowed):
    query = "bridge harbour school bread observatory opened"
    assert {h.passage.lang for h in town.search(query, 50, langs)} == allowed
    assert all(any(same_language(h.passage.lang, lang) for lang in langs) for h in town.search(query, 50, langs))


def test_at_most_k_hits_best_first_without_repetition(town):
    query = "bridge harbour school bread observatory"
    everything = town.search(query, 100)
    assert len(everything) == len({h.passage.id for h in everything}) == len(town.passages)
    assert [h.score for h in everything] == sorted((h.score for h in everything), reverse=True)
    for k in range(-1, len(everything) + 2):
        assert town.search(query, k) == everything[: max(k, 0)]


@pytest.mark.parametrize("query", ["", "  \n", "?!", "🙂🙂", "\x00\x07", "und der die das", "的", "\ud800"])
def test_a_query_that_says_nothing_is_answered_without_a_crash(town, query):
    assert len(town.search(query, 5)) <= 5


def test_a_query_without_terms_finds_nothing(town):
    for query in ("", " \n ", "🙂", "?!", "the of"):
        assert town.search(query, 5) == []


def test_an_empty_index_finds_nothing():
    empty = index_of([], ConceptEmbedder())
    assert empty.search("harbour", 5) == [] and empty.passages == ()


def test_a_very_long_query_is_answered(town):
    assert town.search("bridge " * 1500, 3)[0].passage.article_id == "hafen"


def test_parts_of_different_length_are_refused():
    embedder = ConceptEmbedder()
    one = embedder.encode_passages(["x"])
    with pytest.raises(ValueError, match="0 passages, 1 vectors, 2 lexical rows"):
        Index([], [], Dense.build(one), Lexical.build([["a"], ["b"]]), embedder)


def test_passages_of_equal_score_come_in_the_order_of_the_index():
    index = index_of([article(f"The harbour bridge {i}.", id=f"a{i}") for i in range(1, 9)], ConceptEmbedder())
    assert [h.split(":")[0] for h in found(index, "Hafen")] == [f"a{i}" for i in range(1, 9)]
    assert [h.split(":")[0] for h in found(index, "Hafen", 3)] == [f"a{i}" for i in range(1, 4)]


def test_equal_passages_are_one_hit_that_names_the_others():
    index = index_of([article("The harbour bridge.", id=f"a{i}") for i in range(4)], ConceptEmbedder())
    (hit,) = index.search("Hafen", 3)
    assert hit.passage.id == "a0:0-19" and [p.id for p in hit.also] == [f"a{i}:0-19" for i in (1, 2, 3)]


def test_many_near_passages_of_one_language_do_not_crowd_out_another():
    english = [article(f"Harbour bridge number{i}.", "en", f"en{i:03}") for i in range(150)]
    chinese = article("港口的桥梁由本地居民集资建造,多年以后才向公众开放,沿岸风光十分优美。", "zh-Hans", "zh")
    index = index_of([*english, chinese], ConceptEmbedder(), budget=60)
    query = "When was the harbour bridge opened?"
    vector = index.embedder.encode_queries(["harbour bridge opened"])[0]
    cosines = [float(vector @ index.embedder.encode_passages([p.text])[0]) for p in index.passages]
    assert sum(c > cosines[-1] for c in cosines) == 150  # the Chinese passage is the farthest of all by cosine
    assert index.search(query, 1)[0].passage.article_id == "zh"


def test_why_tells_ranks_scores_and_terms(town):
    query = "When was the bridge at the harbour opened in 1987?"
    hit = town.search(query, 1)[0]
    texts = [fold(context(town.articles[p.article_id], p)) for p in town.passages]
    cosines = town.embedder.encode_passages(texts) @ town.embedder.encode_queries([fold(query)])[0]
    own = float(cosines[town.passages.index(hit.passage)])
    assert hit.why.dense_score == pytest.approx(own) and hit.why.dense_rank == 1 + sum(c > own + 1e-6 for c in cosines)
    assert hit.why.lexical_rank == 1 and hit.why.lexical_score > 0
    assert "#1987y" in hit.why.terms
    assert 0 < hit.why.coverage <= 1
    assert hit.why.fused_rank == 1 and hit.why.quantities == ("#1987y",) and hit.why.part == ""
    assert hit.score == pytest.approx(hit.why.coverage + DENSE * hit.why.dense_score)  # less nothing: it is in German


def test_coverage_of_a_hand_calculation():
    # Two texts and the question "harbour ferry": both have the harbour, only the first the ferry. Soft counts 2 and 1;
    # weights ln(1 + .5 / 2.5) and ln(1 + 1.5 / 1.5). The texts have no titles.
    index = index_of([article("Harbour ferry.", id="a"), article("Harbour.", id="b")], ConceptEmbedder())
    harbour, ferry = np.log1p(0.5 / 2.5), np.log1p(1.5 / 1.5)
    coverage = {h.passage.article_id: h.why.coverage for h in index.search("Hafen Fähre", 2)}
    assert coverage == pytest.approx({"a": 1.0, "b": harbour / (harbour + ferry)}, rel=1e-5)


def test_a_word_of_the_title_or_a_neighbour_counts_a_part():
    # Both texts have "built", none "harbour": soft counts 2 and 0 of 2. The title or the next passage of "a" has it.
    built, harbour = np.log1p(0.5 / 2.5), np.log1p(2.5 / 0.5)
    titles = [article("Built long ago.", id="a", title="Harbour"), article("Ago long built!", id="b", title="Bread")]
    index = index_of(titles, ConceptEmbedder())
    coverage = {h.passage.article_id: h.why.coverage for h in index.search("Hafen built", 2)}
    expected = {"a": (CONTEXT * harbour + built) / (harbour + built), "b": built / (harbour + built)}
    assert coverage == pytest.approx(expected, rel=1e-4)
    beside = index_of([article("Built long ago. At the harbour there.", id="a")], ConceptEmbedder(), budget=4)
    first, second = sorted(beside.search("Hafen built", 2), key=lambda h: h.passage.start)
    assert first.why.coverage == pytest.approx(second.why.coverage) == pytest.approx((1 + NEAR) / 2)


def test_words_that_one_sentence_has_together_count_more_than_words_apart():
    # Both passages have both words. In "b" each sentence has one, and the other counts ELSEWHERE: weights are equal.
    together = article("Harbour ferry. Stones and sand.", id="a")
    apart = article("Harbour stones. Sand and ferry.", id="b")
    coverage = {
        h.passage.article_id: h.why.coverage for h in index_of([together, apart], ConceptEmbedder()).search("Hafen Fähre", 2)
    }
    assert coverage == pytest.approx({"a": 1.0, "b": (1 - SENTENCE) + SENTENCE * (1 + ELSEWHERE) / 2})


def test_a_passage_in_the_question_s_own_language_scores_less_for_the_same_support():
    index = index_of([article("Hafen: Brücke.", "de", "de"), article("Harbour: bridge.", "en", "en")], ConceptEmbedder())
    for query, first in (("Which bridge at the harbour?", "de"), ("Welche Brücke am Hafen?", "en")):
        best, other = index.search(query, 2)
        assert best.passage.lang == first and best.score - other.score == pytest.approx(OWN, abs=1e-6)


def test_words_stored_and_words_made_when_needed_rank_alike(town):
    stored = Index(
        town.articles.values(), town.passages, town.dense, town._lexical, town.embedder,
        words_of_all(town.articles.values(), town.passages, town.embedder),
    )
    for query in ("When was the bridge at the harbour opened in 1987?", "港口的桥梁什么时候开放?", "1.5 million", "Brot"):
        assert [(h.passage, h.why.terms, pytest.approx(h.score, abs=1e-3)) for h in town.search(query)] == [
            (h.passage, h.why.terms, h.score) for h in stored.search(query)
        ]


def test_a_table_of_other_passages_is_refused(town):
    few = words_of_all(town.articles.values(), town.passages[1:], town.embedder)
    with pytest.raises(ValueError, match="rows of words"):
        Index(town.articles.values(), town.passages, town.dense, town._lexical, town.embedder, few)


def test_a_name_alone_is_found_in_the_other_script():
    filler = [article(f"北京的港口有桥梁{'一二三四五六七八九'[i]}座,学校也有教师。", "zh-Hans", f"f{i}") for i in range(9)]
    named = article("局长姜广智表示,企业很多。", "zh-Hans", "named")
    latin = article("Mr Sun Xiang spoke of many firms.", "en", "latin")
    index = index_of([*filler, named, latin], ConceptEmbedder(), budget=40)
    best = index.search("Who is Jiang Guangzhi?", 3)[0]
    assert best.passage.article_id == "named" and {"姜广", "广智"} <= set(best.why.terms)
    assert index.search("孙翔是谁?", 3)[0].passage.article_id == "latin"
    assert index.search("孫翔是誰?", 3)[0].passage.article_id == "latin"


def test_a_comparison_brings_the_best_passage_of_every_side():
    near = [article(f"The harbour budget of Altmünde was discussed, note {i}.", "en", f"a{i}") for i in range(12)]
    far = article("Neustadt: Haushalt.", "de", "b")
    index = index_of([*near, far], ConceptEmbedder(), budget=40)
    hits = index.search("Compare the harbour budget of Altmünde and Neustadt", 3)
    assert "b" in {h.passage.article_id for h in hits[:2]} and {h.why.part for h in hits[:2]} == {
        "Compare the harbour budget of Altmünde", "Compare the harbour budget of Neustadt"
    }
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_a_quantity_of_the_question_counts_by_value(town):
    assert "1,5 Millionen Euro" in town.search("1.5 million", 3)[0].passage.text
    two = index_of(
        [article("Der Haushalt beträgt 1,5 Millionen Euro.", "de", "a"), article("Der Haushalt beträgt 1,6 Millionen Euro.", "de", "b")],
        ConceptEmbedder(),
    )
    assert found(two, "Which budget is 1.5 million euros?")[0].startswith("a:")
    assert found(two, "哪个预算是160万欧元?")[0].startswith("b:")


def test_context_is_the_title_before_the_text(town):
    passage = town.passages[1]
    assert context(town.articles["hafen"], passage) == f"Der Hafen von Altmünde\n{passage.text}"


@given(st.text(max_size=40), st.integers(-1, 12))
def test_any_query_gives_at_most_k_ordered_passages_of_the_index(town, query, k):
    hits = town.search(query, k)
    assert len(hits) <= max(k, 0) and {h.passage for h in hits} <= set(town.passages)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert hits == town.search(query, k)


SMOKE = [
    ("Wie viele Firmen für künstliche Intelligenz zählt Peking?", "003"),
    ("How large was Chengdu's AI industry in 2020?", "004"),
    ("广州重点跟踪哪些潜力赛道,比如脑机接口和绿氢?", "002"),
    ("武漢每一萬人有幾座5G基站?", "000"),
]


@pytest.mark.parametrize(("query", "number"), SMOKE)
def test_the_embedded_encoder_finds_the_right_article_in_another_language(seed_index, query, number):
    assert number in [h.passage.article_id[:3] for h in seed_index.search(query, 5)]


def test_the_smoke_queries_are_not_from_the_question_files(seeds):
    asked = {
        json.loads(line)["question"]
        for path in (seeds.parent / "eval" / "questions").glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    assert len(asked) > 100 and asked & {query for query, _ in SMOKE} == set()
