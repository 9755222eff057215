"""A claim's figures and names stand in the passages it names, or it is not supported."""

import pytest
from claims import ARTICLE, HIT, claim

from index.types import Article, Hit, Passage, Span
from rag.support import supported
from rag.types import Source


def test_a_claim_is_supported_by_equal_values_in_any_language():
    assert supported(claim("Wuhan aims at 200 billion yuan."), [HIT], {"a": ARTICLE}, "en")
    assert supported(claim("武汉目标2000亿元。"), [HIT], {"a": ARTICLE}, "zh-Hans")


@pytest.mark.parametrize("text", ["Wuhan aims at 300 billion yuan.", "Wuhan wants 20% more.", "In 2031 it ends."])
def test_a_figure_that_the_source_does_not_state_is_not_supported(text):
    assert not supported(claim(text), [HIT], {"a": ARTICLE}, "en")


def test_a_claim_without_a_source_is_not_supported():
    assert not supported(claim("Wuhan is a city.", []), [HIT], {"a": ARTICLE}, "en")


CHINESE = "北京市经济和信息化局局长姜广智表示,今年将投入3000亿元。"
BEIJING = Article("b", "zh-Hans", "北京的计划", CHINESE, (Span(0, len(CHINESE)),))
SPOKEN = Hit(Passage("b", "zh-Hans", 0, len(CHINESE), CHINESE, (Span(0, len(CHINESE)),)), 1.0)


@pytest.mark.parametrize(
    ("text", "lang", "stands"),
    [
        ("Jiang Guangzhi of Beijing speaks of 300 billion yuan.", "en", True),
        ("Jiang Guangzhi aus Peking nennt 300 Milliarden Yuan.", "de", True),
        ("北京市局长姜广智表示投入3000亿元。", "zh-Hans", True), ("北京市局長姜廣智表示投入3000億元。", "zh-Hant", True),
        ("Wang Xiaoming of Beijing speaks of 300 billion yuan.", "en", False), ("上海市投入3000亿元。", "zh-Hans", False),
        ("Hangzhou speaks of 300 billion yuan.", "en", False), ("DeepSeek gets 300 billion yuan.", "en", False),
        ("北京市局长王晓明表示投入3000亿元。", "zh-Hans", False),
    ],
)
def test_places_people_and_coined_names_are_looked_for_across_scripts(text, lang, stands):
    assert supported(claim(text, [Source(0)]), [SPOKEN], {"b": BEIJING}, lang) is stands


def test_a_place_may_stand_right_before_the_passage():
    text = "Chengdu plans much. It counts 550 firms."
    article = Article("c", "en", "Plans", text, (Span(0, len(text)),))
    hit = Hit(Passage("c", "en", 20, len(text), text[20:], (Span(20, len(text)),)), 1.0)
    assert supported(claim("Chengdu has 550 firms.", [Source(0)]), [hit], {"c": article}, "en")
    assert not supported(claim("Wuhan has 550 firms.", [Source(0)]), [hit], {"c": article}, "en")
