"""BM25, compared with its formula, and the terms it counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from math import log

import numpy as np
import pytest
import snowballstemmer
from hypothesis import given
from hypothesis import strategies as st

from index import lexical
from index.errors import IndexCorrupt
from index.lexical import Lexical, _stem, terms
from index.postings import Blocks

K1, B = 1.2, 0.6


def bm25(documents: list[list[str]], query: list[str]) -> list[float]:
    """Robertson's sum in Lucene's form (Kamphuis et al., ECIR 2020): idf = ln(1 + (N - n + .5) / (n + .5)) and
    tf / (tf + k1 (1 - b + b |d| / avg))."""
    mean = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for term in dict.fromkeys(query):
            n = sum(term in d for d in documents)
            tf = document.count(term)
            if tf:
                idf = log(1 + (len(documents) - n + 0.5) / (n + 0.5))
                score += idf * tf / (tf + K1 * (1 - B + B * len(document) / mean))
        scores.append(score)
    return scores


def test_a_hand_calculation():
    lexical = Lexical.build([["port", "city"], ["city"], ["bread"]])
    # N = 3, mean length 4/3. "port" is in one text: idf = ln(1 + 2.5 / 1.5) = 0.980829; its text has length 2:
    # 1 / (1 + 1.2 (0.4 + 0.6 * 1.5)) = 0.390625.
    assert lexical.search(["port"], 3) == [(0, pytest.approx(0.980829 * 0.390625, abs=1e-5))]


DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), min_size=1, max_size=8).filter(any)


@given(DOCUMENTS, st.lists(st.sampled_from("abcdefxyz"), max_size=5))
def test_bm25_equals_its_formula(documents, query):
    found = Lexical.build(documents).search(query, len(documents))
    expected = bm25(documents, query)
    assert {row for row, _ in found} == {row for row, score in enumerate(expected) if score > 0}
    for row, score in found:
        assert score == pytest.approx(expected[row], rel=1e-4)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@given(DOCUMENTS, st.sets(st.integers(0, 7)))
def test_bm25_among_some_rows_only_leaves_the_others_out(documents, among):
    among = sorted(row for row in among if row < len(documents))
    lexical = Lexical.build(documents)
    everything = lexical.search(list("abc"), len(documents))
    assert lexical.search(list("abc"), len(documents), among) == [(r, s) for r, s in everything if r in among]


def test_ties_are_ordered_by_row_and_k_cuts():
    lexical = Lexical.build([["b"], ["a"], ["a"], ["a"]])
    assert [row for row, _ in lexical.search(["a"], 2)] == [1, 2]
    assert lexical.search(["a"], 0) == []


def test_unknown_terms_and_empty_indexes_find_nothing():
    assert Lexical.build([["a"]]).search(["zzz"], 3) == []
    assert Lexical.build([["a"]]).search([], 3) == []
    assert Lexical.build([[], ["a"]]).search(["a"], 3)[0][0] == 1
    assert Lexical.build([]).search(["a"], 3) == []
    assert Lexical.build([[], []]).search(["a"], 3) == []


@given(DOCUMENTS, st.sampled_from("abcz"))
def test_the_rows_with_a_term_are_those_whose_text_has_it(documents, term):
    lexical = Lexical.build(documents)
    assert lexical.rows_with(term).tolist() == [row for row, d in enumerate(documents) if term in d]
    assert (term in lexical) == any(term in d for d in documents)
    matched = lexical.matched([term, "a", term], range(len(documents)))
    assert matched == [tuple(t for t in dict.fromkeys((term, "a")) if t in d) for d in documents]


@given(DOCUMENTS, st.lists(st.sets(st.integers(0, 7)), max_size=3), st.integers(-1, 5))
def test_search_in_each_group_is_a_search_in_every_group(documents, groups, k):
    groups = [sorted(row for row in group if row < len(documents)) for group in groups]
    lexical = Lexical.build(documents)
    assert lexical.search_each(list("abx"), k, groups) == [lexical.search(list("abx"), k, g) for g in groups]


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(2, 30), st.sampled_from((1, 6, 40)))
def test_the_best_of_many_rows_are_those_of_sorting_all(seed, k, scores, steep):
    """The score of a row says how often it has the term; many have it not at all, few often, some equally often."""
    rng = np.random.default_rng(seed)
    counts = (scores * rng.random(700) ** steep).astype(int)
    found = Lexical.build([["a"] * int(n) + ["b"] * int(30 - n) for n in counts])
    rows = np.flatnonzero(rng.random(700) < 0.8)
    best = [row for row in rows[np.lexsort((rows, -counts[rows]))].tolist() if counts[row]][:k]
    assert [row for row, _ in found.search(["a"], k, rows)] == best


def test_known_are_the_terms_that_some_passage_has():
    assert Lexical.build([["a", "b"], ["c"]]).known(["c", "x", "a", "c"]) == ["c", "a"]


def test_a_saved_index_finds_the_same_under_any_folder_name(tmp_path):
    folder = tmp_path / "索引 für Ünïcode"
    documents = [["#2E+11", "国家"], ["国家"], [], ["brücke", "_brück"]]
    lexical = Lexical.build(documents)
    blocks = Blocks(folder / "scratch")
    for row, document in enumerate(documents):
        blocks.add(row, document)
    blocks.end()
    Lexical.write(folder, [(block, None) for block in blocks.done], np.array([2, 1, 0, 2], np.int32))
    opened = Lexical.open(folder)
    assert len(opened) == len(lexical) == 4
    for query in (["国家"], ["#2E+11", "brücke"], ["_brück"]):
        assert opened.search(query, 4) == lexical.search(query, 4) != []
    (folder / "keys.npy").write_text("{}", encoding="utf-8")
    with pytest.raises(IndexCorrupt, match="crosscite build"):
        Lexical.open(folder)


@pytest.mark.parametrize(
    ("lang", "text", "present", "absent"),
    [
        ("de", "Die Brücken der Stadt", {"bruck", "stadt"}, {"die", "der"}),
        ("de", "Rechenkapazität", {"_reche", "_kapaz"}, {"_Reche"}),
        ("en", "The bridges are opened", {"bridg", "open"}, {"the", "are"}),
        ("en", "200 billion yuan", {"#2E+11", "yuan"}, set()),
        ("en", "A100 chips", {"a100", "chip"}, {"_a100"}),
        ("zh-Hans", "国家产业", {"国", "国家", "家产", "产业"}, {"国家产"}),
        ("zh-Hant", "國家產業", {"国家", "产业"}, {"國家"}),
        ("zh-Hant", "產(chǎn)業(yè)", {"产业"}, {"chan", "ye"}),
        ("zh-Hans", "他的城市", {"城市"}, {"的"}),
        ("zh-Hans", "DeepSeek在杭州", {"deepseek", "杭州"}, {"在"}),
    ],
)
def test_terms_are_stems_grams_bigrams_and_quantities(lang, text, present, absent):
    found = set(terms(text, lang))
    assert present - found == set() and absent & found == set()


SYLLABLES = "a ai an ang ba bei bian biao chuang ci de di e en er fei ga gui hong ji jing juan la li liu lü ma men ning ou pi qi qiong re ri"
SYLLABLES += " san shi ti tu wang wei xiong xue yan yi yuan zao zhi zhuang zi"


def test_the_stemmers_leave_alone_what_is_not_given_to_them():
    pinyin = ["".join(pair) for pair in product(SYLLABLES.split(), repeat=2)]
    names = "pangaea venezuela poeta cuervo maestra kobe iran obama tokio bonn kongo hamburg china japan taiwan mao".split()
    for language in ("english", "german"):
        stemmer = snowballstemmer.stemmer(language)
        for word in [*pinyin, *names]:
            assert _stem(word, language) == stemmer.stemWord(word)


def test_a_german_compound_shares_grams_with_its_parts():
    assert set(terms("Hochleistungsrechenkapazität", "de")) & set(terms("Kapazität", "de"))


def test_both_scripts_have_the_same_terms():
    assert terms("國家人工智能創新應用先導區有兩千億元", "zh-Hant") == terms("国家人工智能创新应用先导区有两千亿元", "zh-Hans")


@given(st.text(max_size=40), st.sampled_from(["de", "en", "zh-Hans", "und"]))
def test_terms_of_any_text_are_words_without_white_space(text, lang):
    assert [t for t in terms(text, lang) if not t or t.split() != [t]] == []


def test_stems_are_the_same_from_many_threads():
    words = [f"{stem}{end}" for stem in ("zeitung", "univers", "wirtschaft", "nation", "organis") for end in ("en", "ung", "ities", "lich", "ational")]
    wanted = [terms(" ".join(words), lang) for lang in ("de", "en")]
    lexical._stem.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            lexical._stem.cache_clear()
            assert list(pool.map(lambda lang: terms(" ".join(words), lang), ["de", "en"] * 8)) == wanted * 8
