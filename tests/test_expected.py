"""What kind of answer a question wants, in German, English and both Chinese scripts, and where a text has it."""

import pytest

from index.types import Span
from rag.candidates import answers_in, asks_who, candidates, fits
from rag.expected import how_many, several, wanted

KINDS = {
    "figure": (
        "Wie viele Firmen gibt es?", "How many firms are there?", "有多少家企业？", "武漢計畫蓋幾座工廠？", "Wie hoch ist die Anzahl der Labore?",
        "武汉在全球排第几？", "Where does Wuhan rank worldwide?",
    ),
    "money": (
        "Was hat der zweite Abschnitt gekostet?", "What are the annual fees at the school?", "大型企業的軟體年費", "What did Germany spend on it?",
        "產業規模有多大？", "How big is the industry?", "Wie groß ist die Branche?", "产业规模是多少？", "What is the output value?",
        "Welchen Umsatz macht die Branche?", "Compare the industry size of both", "算力要提升到什么水平？",
        "Auf welche Summe lautet der Vertrag?", "How much credit was agreed?", "起薪是多少？", "What will the line cost?",
    ),
    "percent": (
        "Marktanteil von Zhuxin bei Steuerungen", "How punctual are the drones in winter?",
        "Welcher Anteil entfällt auf China?", "By how much did it grow?", "同比增长多少？", "占全球多大份額？", "How fast did it grow?",
        "Zu welchem Durchschnittszins wurden Kredite vergeben?", "What yield does the fab get?", "平均利率是多少？",
    ),
    "date": (
        "From when do they plan to test it?", "Lindqvist一家何年逃離", "In which year was the term first put forward?",
        "Wann fand das statt?", "When was it held?", "什么时候发布的？", "是在哪一天？", "In welchem Jahr war das?", "On what day was it?",
        "他是哪一年上任的？",
    ),
    "duration": ("Wie lange gilt der Plan?", "How long does it last?", "方案覆盖多长时间？", "實施期有多長？", "For how many years does it run?", "要等几秒？",
        "Wie viele Tage dauert das?",
    ),
    "person": (
        "Bei wem studierte sie Sinologie?", "Which lawmaker questioned it?", "院長叫什麼名字？", "Gründer von Qingyuan", "臨港第一任黨委書記",
        "Wie heißt der Chefingenieur?", "Who is the mayor?", "Wer leitet das Amt?", "局长是谁？", "是哪位專家說的？", "Which vice minister spoke?",
        "Welcher Vizeminister sprach?", "Wie heißt der Leiter des Amtes?", "Which analyst warns?",
    ),
    "place": (
        "Which city hosts it?", "Welche Stadt war die erste?", "设在哪个城市？", "有哪五個城市？", "Where was it held?", "Wo liegt das?",
        "Welche fünf Städte bekamen es?", "Which four strategic regions are covered?", "In welchem Stadtteil liegt es?", "設在哪一區？",
    ),
    "list": (
        "What are the three main lines?", "三大主轴是什么？",
        "Welche sechs Branchen sind das?", "Which three layers does it have?", "要聚焦哪些重点领域？", "分為哪三層？",
        "In what fields did it spread?", "Auf welche Einsatzfelder setzt sie?",
    ),
    "title": (
        "Wie hieß der frühere Plan?", "Name of the tool that Stuttgart tests", "接替的是哪个计划？",
        "Wie heißt der Plan?", "What is the name of the plan?", "规划叫什么名字？", "方案的正式名稱是什麼？", "By which number is it known?",
        "Unter welchem Leitspruch steht das?", "这份协议的名称为何？", "用哪四个字概括？",
    ),
    "reason": (
        "Woran ist es gescheitert?", "What inspired the streets?", "主因為何？", "Wodurch kam die Firma in die Gewinnzone?",
        "Warum geschah das?", "Why was that done?", "为什么要建设？", "為什麼要打造？", "Wozu dient das?", "目的是什么？",
        "Aus welchem Grund?", "How come it fell?", "理由何在？",
    ),
    "definition": (
        "Was meinen die Autoren mit »Wetter«?", "What is a relay loan?", "光罩的定義", "When is a target called binding?",
        "Was ist ein Modell?", "What is a model?", "什么是大模型？", "有什麼特點？", "Wodurch zeichnet es sich aus?",
        "Was versteht man darunter?", "How is it defined?", "是怎么定义的？",
    ),
    "other": (
        "Which university helps run the centre?", "Which hospital sets up a centre?", "Tell me about Wuhan", "Womit vergleicht Gao Wen das?",
        "武漢要靠什麼加速改造？",
    ),
}


@pytest.mark.parametrize(("question", "kind"), [(q, kind) for kind, questions in KINDS.items() for q in questions])
def test_the_question_words_say_what_kind_of_answer_is_wanted(question, kind):
    assert wanted(question) == kind


def test_the_questions_own_figures_are_not_its_answer_in_whatever_writing():
    text = "Pro 10.000 Einwohner gibt es 40 Stationen"
    assert [q.value for q in answers_in(text, "de", "figure", "每1萬名居民有幾座？")] == [40]
    assert answers_in("到2028年达到2000亿元", "zh-Hans", "date", "Was plant Wuhan für 2028?") == []


def test_money_fits_a_question_of_size_before_a_count_does():
    count, money = answers_in("550家, 200亿元", "zh-Hans", "money")
    assert fits(money, "money") and not fits(count, "money")
    assert fits(count, "figure") and not fits(money, "figure")


def held(text, lang, kind, question):
    return {f.span.of(text): f.fit for f in candidates(text, lang, kind, question)}


def test_people_are_found_behind_their_office_in_both_scripts():
    assert held("局长姜广智表示支持", "zh-Hans", "person", "局长是谁？") == {"姜广智": 1.0}
    assert held("科技部副部長李萌表示支持", "zh-Hant", "person", "誰？") == {"李萌": 1.0}
    assert held("gestern sagte Sun Xiang viel", "de", "person", "Wer sagte das?") == {"Sun Xiang": 1.0}


def test_places_that_the_question_names_are_not_its_answer():
    assert held("Nach Peking folgt Chengdu", "de", "place", "Welche Stadt folgte auf 北京?") == {"Chengdu": 1.0}


def test_an_enumeration_of_as_many_items_as_asked_fits_best():
    three, two = "分为基础层、技术层、应用层", "分为基础层、技术层"
    assert max(held(three, "zh-Hans", "list", "分为哪三层？").values()) == 1.0
    assert max(held(two, "zh-Hans", "list", "分为哪五层？").values()) < 0.5
    german = "Im Fokus stehen Zell- und Gentechnologie, neue Netze sowie Robotik"
    assert max(held(german, "de", "list", "Welche drei Branchen sind es?").values()) == 1.0


def test_a_span_of_years_answers_how_long():
    text = "der Plan (2026 - 2028) gilt"
    assert Span(10, 21) in [f.span for f in candidates(text, "de", "duration", "Wie lange gilt der Plan?")]


def test_questions_say_how_many_things_they_want():
    assert how_many("Welche fünf Städte?") == {5} and how_many("哪三层？") == {3} and how_many("Which cities?") == frozenset()
    assert several("Which cities lead?") and several("哪些城市？") and not several("Which city leads?")


def test_a_word_for_naming_speaking_or_causing_beside_it_makes_a_candidate_fit():
    named = "Das Motto lautet „Vom Wind zur Wärme“ und viele Jahre später erschien im ganzen Land auch das Buch namens nichts, „Kohle“"
    fits = held(named, "de", "title", "Wie lautet das Motto?")
    assert fits["„Vom Wind zur Wärme“"] == 1.0
    assert held("Die Zahl sank, denn es fehlt Strom", "de", "reason", "Warum?")["denn"] == 1.0
    assert held("低空经济,是指低空飞行", "zh-Hans", "definition", "什么是低空经济？")["是指"] == 1.0


def test_parts_of_cities_are_places_where_no_city_answers():
    assert held("Im Stadtteil Wujin eröffnete der Park", "de", "place", "In welchem Stadtteil?") == {"Wujin": 0.8}
    assert held("the plant in Dafeng district", "en", "place", "In which district?") == {"Dafeng": 0.8}
    assert held("位于望城区的基地", "zh-Hans", "place", "在哪个区？") != {}


def test_a_month_is_no_place_and_a_place_that_begins_like_one_is():
    for text, lang, place in (
        ("Das Team kam aus Marburg", "de", "Marburg"), ("Sie reiste nach Mailand", "de", "Mailand"), ("It came from Marbella", "en", "Marbella"),
        ("parts from Decatur", "en", "Decatur"), ("Züge aus Junglinster", "de", "Junglinster"),
    ):  # fmt: skip
        assert place in held(text, lang, "place", "Woher?")
    for text, lang in (("from March to June", "en"), ("bei Juli", "de"), ("from September on", "en"), ("aus Februar", "de")):
        assert held(text, lang, "place", "Woher?") == {}


def test_people_behind_an_office_written_out_are_found_whatever_follows():
    assert held("市数据局局长范景行把计划概括为三句话", "zh-Hans", "person", "局长是谁？") == {"范景行": 1.0}
    assert held("馳遠電池財務(wù)總監(jiān)葉知秋這樣開場", "zh-Hant", "person", "誰？") == {"葉知秋": 1.0}
    assert held("工程院院士闻人渡和局长王勇对此负责", "zh-Hans", "person", "谁？") == {"闻人渡": 1.0, "王勇": 1.0}
    assert held("局长高度重视50家高科技企业和师范大学", "zh-Hans", "person", "谁？") == {}


def test_a_place_that_no_list_knows_is_found_where_a_place_would_stand():
    assert held("Its secretariat will sit in Norrköping and cost 2 million", "en", "place", "Where?") == {"Norrköping": 0.8}
    assert held("die zuvor eine Anlage in Esbjerg betreut hat", "de", "place", "Wo?") == {"Esbjerg": 0.8}
    assert held("In Kraft tritt es in April, in Zusammenarbeit mit allen", "de", "place", "Wo?") == {}
    assert held("the office in Norrköping", "en", "place", "Where in Norrköping?") == {}


def test_titles_are_found_behind_a_word_for_naming_and_by_the_characters_asked_for():
    named = "The accord, called the Trieste Harbour Compact, was signed"
    assert held(named, "en", "title", "Wie heißt das Abkommen?") == {"Trieste Harbour Compact": 1.0}
    said = "Im System „12218“ gilt „Industrie zuerst“"
    assert held(said, "de", "title", "广州现代化产业体系的代号是什么数字？") == {"„12218“": 1.0, "„Industrie zuerst“": 0.3}
    assert held("局长把《计划》概括为“三增两减”", "zh-Hans", "title", "哪四個字？") == {"《计划》": 0.3, "“三增两减”": 1.0}


def test_who_somebody_is_is_asked_with_nothing_but_a_name():
    assert all(map(asks_who, ["Wer ist Gao Wen?", "Who was Karim Bensaïd?", "賀仁龍是誰？", "孙翔是谁", "欧阳明高是谁？"]))
    others = ["Wer ist der Bürgermeister?", "Who is Mayor of Wuhan in 2024?", "市长是谁？", "武汉的市长是谁？", "Wer ist Gao Wen und was sagt er?", ""]
    assert not any(map(asks_who, others))
