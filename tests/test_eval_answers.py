"""What is said against what is accepted: hand calculations, and sacrebleu where it has the measure."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import char_3gram_recall, chrf, exact_match, f1, in_language, in_script, quantity_right, tokens

WORDS = st.text(alphabet="abcd 上海人工智能 1.,", max_size=24)
LANGS = st.sampled_from(["en", "de", "zh-Hans", "zh-Hant"])


@pytest.mark.parametrize(
    ("text", "lang", "wanted"),
    [
        ("The sixth, of a kind!", "en", ["sixth", "of", "kind"]),
        ("Der sechste Platz (in der Welt)", "de", ["sechste", "platz", "in", "welt"]),
        ("The die der", "zh", ["the", "die", "der"]),
        ("上海AI产业超4000亿元。", "zh-Hans", ["上", "海", "ai", "产", "业", "超", "4000", "亿", "元"]),
        ("DeepSeek、宇树科技", "zh-Hans", ["deepseek", "宇", "树", "科", "技"]),
        ("in 上海", "de", ["in", "上", "海"]),
        ("、。", "zh", []),
    ],
)
def test_tokens_are_words_without_articles_and_single_han_characters(text, lang, wanted):
    assert tokens(text, lang) == wanted


@given(WORDS, LANGS)
def test_what_is_identical_scores_one(text, lang):
    if tokens(text, lang):
        assert exact_match(text, ["zzz", text], lang) == f1(text, ["zzz", text], lang) == 1
    assert not text.strip() or chrf(text, [text]) == pytest.approx(1)
    assert char_3gram_recall(text, [text]) in (0, 1)


def test_identical_chinese_scores_one_and_reordered_chinese_does_not_score_zero():
    said, turned = "上海人工智能产业规模", "产业规模上海人工智能"
    for score in (f1(said, [said], "zh-Hans"), exact_match(said, [said], "zh"), chrf(said, [said]), char_3gram_recall(said, [said])):
        assert score == 1
    assert f1(turned, [said], "zh-Hans") == 1  # a bag of characters
    assert exact_match(turned, [said], "zh-Hans") == 0
    assert char_3gram_recall(turned, [said]) == 6 / 8  # lost: 智能产, 能产业
    assert 0 < chrf(turned, [said]) < 1


def test_f1_by_hand():
    # said: 1 and 2 of [beijing, shanghai, shenzhen]; precision 2/3, recall 2/3
    assert f1("Beijing, Shanghai, Wuhan", ["Beijing and Shanghai"], "en") == pytest.approx(2 * 2 / (3 + 3))
    assert f1("上海市", ["上海"], "zh") == pytest.approx(2 * 2 / (3 + 2))
    assert f1("nothing", ["sixth"], "en") == f1("", ["sixth"], "en") == f1("x", [], "en") == 0
    assert f1("b", ["a b c", "b"], "en") == 1  # the nearest answer counts


def test_character_3gram_recall_by_hand():
    # sixth: six, ixt, xth; "sixty" has six, ixt
    assert char_3gram_recall("Sixty.", ["sixth"]) == pytest.approx(2 / 3)
    assert char_3gram_recall("It is the AI!", ["an AI"]) == 1  # a shorter word whole; articles do not count
    assert char_3gram_recall("aaa", ["aaaa"]) == 1 / 2  # as often as they occur
    assert char_3gram_recall("", ["sixth"]) == char_3gram_recall("sixth", []) == 0


@given(WORDS, st.lists(WORDS.filter(str.strip), min_size=1, max_size=3))
def test_chrf_is_that_of_sacrebleu(text, answers):
    sacrebleu = pytest.importorskip("sacrebleu")
    best = max(sacrebleu.sentence_chrf(text, [answer]).score for answer in answers)
    assert chrf(text, answers) == pytest.approx(best / 100, abs=1e-9)


def test_chrf_by_hand():
    # ab against ac: 1-grams 1/2, 2-grams 0/1; p = r = 1/4, and F of equal p and r is the same
    assert chrf("ab", ["ac"]) == pytest.approx(1 / 4)
    assert chrf("a b", ["ab"]) == 1 and chrf("", ["ab"]) == 0


GOLD = [("突破4000亿元", "zh-Hans")]
ACCEPTED = ["4000亿元", "400 billion yuan", "400 Milliarden Yuan"]


@pytest.mark.parametrize(
    ("text", "lang", "right"),
    [
        ("über 400 Milliarden Yuan", "de", 1.0),
        ("more than 400 billion yuan", "en", 1.0),
        ("超過4000億元", "zh-Hant", 1.0),
        ("0,4 Billionen Yuan", "de", 1.0),
        ("0.4 billion yuan", "en", 0.0),
        ("40 Milliarden Yuan, 400 Firmen", "de", 0.0),
        ("viel", "de", 0.0),
    ],
)
def test_a_figure_is_right_by_value_in_any_writing(text, lang, right):
    assert quantity_right([(text, lang)], GOLD, ACCEPTED) == right


def test_a_question_that_asks_for_no_figure_has_no_right_one():
    assert quantity_right([("高文", "zh-Hans")], [("主任高文说", "zh-Hans")], ["高文"]) is None
    # 15.000 is 15 in English: what the gold span states, in its language, decides.
    gold = [("auf über 15.000 Petaflops", "de")]
    assert quantity_right([("15,000 petaflops", "en")], gold, ["15.000 Petaflops"]) == 1
    assert quantity_right([("15 petaflops", "en")], gold, ["15.000 Petaflops"]) == 0


GERMAN = "„(经济观察)中国多地竞相打造“人工智能之城”“ (vereinfachtes Chinesisch, 中新社, 15. Februar 2025) schreibt: „2024年,上海产业规模突破4000亿元。“ [1]"
FOREIGN = ["(经济观察)中国多地竞相打造“人工智能之城”", "中新社", "2024年,上海产业规模突破4000亿元。"]


def test_the_language_is_that_of_the_own_words():
    assert in_language(GERMAN, "de", FOREIGN) and in_script(GERMAN, "de", FOREIGN)
    assert not in_language(GERMAN, "en", FOREIGN) and not in_language(GERMAN, "zh-Hans", FOREIGN)
    assert in_language("The plan covers three years. [1]", "en")
    assert not in_language("Der Plan läuft über drei Jahre.", "en")
    assert in_language("该计划为期三年。", "zh-Hant")  # the script is another question
    assert in_language("Jiang Guangzhi (姜广智) is the head of the bureau.", "en")


def test_the_script_is_that_of_the_own_words():
    assert in_script("這些文章沒有涉及該主題。", "zh-Hant") and not in_script("這些文章沒有涉及該主題。", "zh-Hans")
    assert in_script("这些文章没有涉及该主题。", "zh-Hans") and not in_script("这些文章没有涉及该主题。", "zh-Hant")
    assert in_script("上海", "zh-Hans") and in_script("上海", "zh-Hant")
    assert in_script("這些文章", "zh") and in_script("这些文章", "zh") and not in_script("sixth", "zh")
    assert not in_script("sixth", "zh-Hans") and not in_script("这些文章", "de")
    assert in_script("文章寫道：“产业规模” [1]", "zh-Hant", ["产业规模"])
