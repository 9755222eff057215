"""Languages and scripts: what a text is in, and folding traditional to simplified characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.languages import (
    NAMES,
    chinese_script,
    detect,
    name_in,
    same_language,
    to_simplified,
    to_traditional,
)


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        # German
        ("Wie viele Unternehmen gibt es in Wuhan?", "de"),
        ("Wann wurde die Brücke eröffnet?", "de"),
        ("Was plant Guangzhou bis 2035?", "de"),
    ("Was plant Guangzhou?", "de"),
        ("Welche Stadt hat die meisten KI-Firmen?", "de"),
        ("Wer ist Sun Xiang?", "de"),
        ("Wie groß ist die KI-Branche in Shenzhen?", "de"),
        ("Bevölkerung", "de"),
        ("Die Daten zeigen, dass das Volumen der Kernbranchen 2025 1,1 Billionen Yuan erreichte.", "de"),
        # English
        ("How many companies are there in Wuhan?", "en"),
        ("When was the bridge opened?", "en"),
        ("Was the bridge opened in 1987?", "en"),
        ("What is the smart economy?", "en"),
        ("Who leads the project?", "en"),
        ("Is Shanghai ahead of Beijing?", "en"),
        ("artificial intelligence companies in Beijing", "en"),
        ("The plan aims for the AI industry to exceed 200 billion yuan by 2028.", "en"),
        # Chinese, simplified
        ("武汉有多少家人工智能企业?", "zh-Hans"),
        ("2024年上海人工智能产业规模是多少?", "zh-Hans"),
        ("DeepSeek是什么?", "zh-Hans"),
        ("什么是 DeepSeek 和 ChatGPT?", "zh-Hans"),
        ("人口", "zh-Hans"),  # written alike in both scripts
        # Chinese, traditional
        ("武漢有多少家人工智能企業?", "zh-Hant"),
        ("成都的產業規模是多少?", "zh-Hant"),
        ("國家先導區為何選中廣州?", "zh-Hant"),
        ("IDC 預測什麼?", "zh-Hant"),
        # others
        ("Combien d'entreprises y a-t-il à Wuhan et dans les villes voisines ?", "fr"),
        ("Сколько компаний в Ухане?", "ru"),
        ("武漢には人工知能の企業がいくつありますか。", "ja"),
        ("우한에는 인공지능 기업이 몇 개 있습니까?", "ko"),
        ("¿Cuántas empresas de inteligencia artificial hay en la ciudad de Wuhan?", "es"),
        # no letters
        ("🙂🙂🙂", "und"),
        ("", "und"),
        ("  \n\t ", "und"),
        ("12345 %", "und"),
        ("?!…", "und"),
        ("\x00\x07\x1b", "und"),
    ],
)
def test_detect_names_the_language(text, tag):
    assert detect(text) == tag


def test_detect_names_the_seeds_own_languages(seed_index):
    found = {a.id[:3]: detect("\n".join(s.of(a.text) for s in a.keep)) for a in seed_index.articles.values()}
    assert found == {"000": "de", "001": "en", "002": "de", "003": "zh-Hans", "004": "zh-Hant"}


@pytest.mark.parametrize("name", ["Wuhan", "Guangzhou", "DeepSeek", "Sun Xiang"])
def test_a_bare_name_is_read_in_german_or_english(name):
    assert detect(name) in ("de", "en")


@given(st.text(max_size=60))
def test_detect_returns_a_tag_for_any_text(text):
    tag = detect(text)
    assert tag and tag == tag.strip() and " " not in tag


@pytest.mark.parametrize(
    ("text", "tag"),
    [("国家", "zh-Hans"), ("國家", "zh-Hant"), ("人工智能", "zh-Hans"), ("臺灣與大陸", "zh-Hant"), ("发展規划发", "zh-Hans")],
)
def test_chinese_script_follows_the_majority_of_telling_characters(text, tag):
    assert chinese_script(text) == tag


@given(st.text(alphabet=st.sampled_from("國家产业發展与規劃abc。,12 头髮乾干后後𠀀里裡"), max_size=40))
def test_script_folding_keeps_the_length_and_is_idempotent(text):
    simple = to_simplified(text)
    assert len(simple) == len(text) == len(to_traditional(text))
    assert to_simplified(simple) == simple


@given(st.text(max_size=40))
def test_script_folding_leaves_everything_but_han_alone(text):
    for before, after in zip(text, to_simplified(text), strict=True):
        assert before == after or "\u3400" <= before <= "\U0003134f"


def test_simplified_and_traditional_of_one_text_fold_alike():
    assert to_simplified("國家人工智能創新應用先導區") == "国家人工智能创新应用先导区"
    assert to_traditional("国家人工智能创新应用先导区") == "國家人工智能創新應用先導區"


@pytest.mark.parametrize(
    ("tag", "wanted", "same"),
    [
        ("zh-Hans", "zh", True), ("zh-Hant", "zh", True), ("zh-Hant", "zh-Hans", False), ("de-AT", "de", True),
        ("de", "de", True), ("DE", "de", True), ("zh-hans", "zh-Hans", True), ("zh", "zh-Hans", False),
        ("den", "de", False), ("en", "de", False),
    ],
)
def test_same_language_accepts_narrower_tags_only(tag, wanted, same):
    assert same_language(tag, wanted) is same


def test_every_language_has_a_name_in_every_language():
    assert {lang: set(names) for lang, names in NAMES.items()} == {lang: set(NAMES) for lang in NAMES}
    assert name_in("zh-Hant", "de") == "traditionelles Chinesisch"
    assert name_in("fr", "de") == "Französisch" and name_in("fa", "zh-Hant") == "波斯文" and name_in("ar-EG", "xx") == "Arabic"
    assert name_in("tlh", "de") == "tlh"
    assert name_in("de", "fr") == "German"


@pytest.mark.parametrize("text", ["㐀\ud800", "ab\udfff", "\ud800", "Die Brücke \udc00 am Hafen"])
def test_a_lone_surrogate_is_no_obstacle(text):
    assert detect(text) in ("de", "en", "zh-Hans", "und")
