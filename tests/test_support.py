"""A claim's figures and names stand in the passages it names, or it is not supported."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from claims import ARTICLE, HIT, claim

from index.normalise import fold
from index.types import Article, Hit, Passage, Span
from rag import support
from rag.calibration import calibration
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


class Turned:
    """An encoder of one circle: a text is the angle that `angles` gives it, in degrees."""

    name = "turned"

    def __init__(self, angles):
        self.angles, self.read = angles, []

    def encode_passages(self, texts):
        self.read.append(list(texts))
        return np.array([[np.cos(np.radians(self.angles[t])), np.sin(np.radians(self.angles[t]))] for t in texts], np.float32)


@pytest.fixture
def of_turned(monkeypatch):
    monkeypatch.setattr(support, "calibration", lambda: replace(calibration(), encoder="turned", near=0.5))

    def index(angles):
        return SimpleNamespace(embedder=Turned(angles), articles={"a": ARTICLE})

    return index


def angles(claimed: float, *said: float) -> dict[str, float]:
    sentences = HIT.passage.sentences or (Span(HIT.passage.start, HIT.passage.end),)
    return {"bananas are yellow.": claimed} | {fold(s.of(ARTICLE.text)): a for s, a in zip(sentences, said, strict=False)}


@pytest.mark.parametrize(("claimed", "stands"), [(0, True), (59, True), (61, False), (180, False)])
def test_a_claim_has_to_be_near_a_sentence_of_its_source(of_turned, claimed, stands):
    index = of_turned(angles(claimed, *[0.0] * 9))
    assert support.near(claim("Bananas are yellow.", [Source(0)]), index, [HIT]) is stands


def test_the_nearest_sentence_counts(of_turned):
    hit = Hit(Passage("a", "de", 0, len(ARTICLE.text), ARTICLE.text, (Span(0, 3), Span(3, 6))), 1.0)
    index = of_turned({"bananas are yellow.": 0.0, fold(ARTICLE.text[0:3]): 170.0, fold(ARTICLE.text[3:6]): 10.0})
    assert support.near(claim("Bananas are yellow.", [Source(0)]), index, [hit])


def test_an_extract_and_another_encoder_are_not_asked(of_turned):
    index = of_turned({})
    assert support.near(claim("Bananas are yellow.", [Source(0, Span(0, 5))]), index, [HIT])
    index.embedder.name = "another"
    assert support.near(claim("Bananas are yellow.", [Source(0)]), index, [HIT])
    assert index.embedder.read == []
