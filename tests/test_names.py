"""One name in two scripts."""

import pytest

from index.names import names


def found(question, folded):
    return any(n.is_in(folded) for n in names(question))


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who is Jiang Guangzhi?", "局长姜广智表示"), ("Wer ist Gao Wen?", "主任高文说"), ("Was plant Chengdu?", "成都的规划"),
        ("What is in Xi'an?", "西安的企业"), ("Wohin geht Lü Bu?", "吕布来了"), ("孙翔是谁?", "wie sun xiang, mitglied der"),
        ("孫翔是誰？", "sun xiang"), ("广州有什么计划?", "guangzhou plant"), ("重庆", "in chongqing"), ("西安", "xi'an und xian"),
    ],
)
def test_a_name_is_found_in_the_other_script(question, text):
    assert found(question, text)


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Who is Jiang Guangzhi?", "局长姜大智表示"), ("Who is jiang guangzhi?", "局长姜广智表示"), ("Was plant Berlin?", "北京的规划"),
        ("孙翔是谁?", "sun meng, mitglied"), ("The Way", "中国"), ("", "广州"),
    ],
)
def test_another_name_or_no_name_is_not_found(question, text):
    assert not found(question, text)


def test_a_name_stands_where_it_stands_in_the_folded_question():
    (name,) = names("Wer ist\u200b Gao Wen?")
    assert "wer ist gao wen?"[name.span.start : name.span.end] == "gao wen"


@pytest.mark.parametrize(
    ("question", "known", "expected"),
    [
        ("Who is Jiang Guangzhi?", {"姜", "广", "智", "姜广", "广智", "大智", "光", "光智"}, {"姜广", "广智", "光智"}),
        ("Who is Jiang Guangzhi?", {"jiang", "guangzhi"}, set()),
        ("孙翔是谁?", {"sun", "sunxiang", "xiang"}, {"sunxiang"}),
        ("姜广智是谁?", {"guangzhi", "jiang"}, {"guangzhi"}),
        ("北京有什么?", {"beij", "beijing"}, {"beij", "beijing"}),
        ("Was plant Berlin?", {"北", "京", "北京"}, set()),
        ("Was plant Chengdu?", {"成", "成都"}, {"成都"}),  # 都 alone is a stop word, and no term
    ],
)
def test_a_name_is_looked_up_among_the_terms_of_the_other_script(question, known, expected):
    assert {t for n in names(question) for t in n.terms(lambda terms: [t for t in terms if t in known])} == expected


@pytest.mark.parametrize(
    ("question", "quoted"),
    [
        ("Who is Jiang Guangzhi?", "姜广智"), ("Wer ist Gao Wen?", "高文"), ("Wer ist He Renlong?", "賀仁龍"),
        ("孙翔是谁？", "Sun Xiang"), ("孫翔是誰？", "Sun Xiang"),
    ],
)
def test_a_question_whose_only_clue_is_a_name_is_answered_from_the_other_script(question, quoted, chatbot):
    answer = chatbot.ask(question)
    assert answer.found and quoted in answer.citations[0].quote
