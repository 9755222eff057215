"""Questions that lean on the one before them, and those that do not."""

import json

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from rag.chat_model import ChatModelGenerator
from rag.chatbot import Chatbot
from rag.places import named_in
from rag.rewrite import complete, plausible, spoken
from rag.slots import slots
from ui.cli import main

PEKING = "Wie viele KI-Firmen gibt es in Peking?"
SIZE_DE = "Wie groß ist Shanghais KI-Industrie?"
CHENGDU = "How many AI companies does Chengdu have?"
SIZE = "How large is Shanghai's AI industry?"
成都 = "成都有多少家人工智能企业？"
武汉 = "武汉计划到2028年达到什么规模？"
臺北 = "臺北有多少家人工智慧企業？"

# One slot for another of its kind: the rule is certain.
EXCHANGED = [
    (PEKING, "Und in Shanghai?", "Wie viele KI-Firmen gibt es in Shanghai?"),
    (PEKING, "Shanghai?", "Wie viele KI-Firmen gibt es in Shanghai?"),
    (PEKING, "Und wie viele in Shenzhen?", "Wie viele KI-Firmen gibt es in Shenzhen?"),
    (PEKING, "Und in Brandenburg?", "Wie viele KI-Firmen gibt es in Brandenburg?"),
    (PEKING, "Wie sieht es in Hefei aus?", "Wie viele KI-Firmen gibt es in Hefei?"),
    (PEKING, "Was ist mit Österreich?", "Wie viele KI-Firmen gibt es in Österreich?"),
    (SIZE_DE, "Und in Shenzhen?", "Wie groß ist Shenzhens KI-Industrie?"),
    (SIZE_DE, "Wie steht es um Chengdu?", "Wie groß ist Chengdus KI-Industrie?"),
    ("Wie stark ist Pekings KI-Industrie 2024 gewachsen?", "Und 2023?", "Wie stark ist Pekings KI-Industrie 2023 gewachsen?"),
    ("Was plant Wuhan bis 2028?", "Und bis 2030?", "Was plant Wuhan bis 2030?"),
    ("Was plant Wuhan bis 2028?", "Und Shanghai bis 2030?", "Was plant Shanghai bis 2030?"),
    ("Wann wurde OpenAI gegründet?", "Und DeepSeek?", "Wann wurde DeepSeek gegründet?"),
    ("Wer ist Gao Wen?", "Und Jiang Guangzhi?", "Wer ist Jiang Guangzhi?"),
    ("Wer ist Angela Merkel?", "Und Olaf Scholz?", "Wer ist Olaf Scholz?"),
    (CHENGDU, "And in Shenzhen?", "How many AI companies does Shenzhen have?"),
    (CHENGDU, "What about Wuhan?", "How many AI companies does Wuhan have?"),
    (CHENGDU, "How about Brandenburg then?", "How many AI companies does Brandenburg have?"),
    (CHENGDU, "And how many does Shenzhen have?", "How many AI companies does Shenzhen have?"),
    (SIZE, "And Shenzhen's?", "How large is Shenzhen's AI industry?"),
    (SIZE, "Does Shenzhen have that too?", "How large is Shenzhen's AI industry?"),
    ("What does Wuhan plan for 2027?", "What about 2028?", "What does Wuhan plan for 2028?"),
    ("What happened on February 3?", "And on March 5?", "What happened on March 5?"),
    ("Who is Jiang Guangzhi?", "And Gao Wen?", "Who is Gao Wen?"),
    (成都, "那深圳呢？", "深圳有多少家人工智能企业？"),
    (成都, "那深圳呢?", "深圳有多少家人工智能企业？"),
    (成都, "深圳？", "深圳有多少家人工智能企业？"),
    (成都, "绍兴呢", "绍兴有多少家人工智能企业？"),
    (成都, "上海和武汉呢？", "上海和武汉有多少家人工智能企业？"),
    (武汉, "2030年呢？", "武汉计划到2030年达到什么规模？"),
    (武汉, "那么到2030年呢？", "武汉计划到2030年达到什么规模？"),
    (武汉, "还有上海？", "上海计划到2028年达到什么规模？"),
    ("姜广智是谁？", "那高文呢？", "高文是谁？"),
    (臺北, "那深圳呢？", "深圳有多少家人工智慧企業？"),
    (臺北, "高雄呢？", "高雄有多少家人工智慧企業？"),
    ("北京計劃何時完成？", "上海又如何？", "上海計劃何時完成？"),
    # The language changes: the question before is searched on, in its own.
    (PEKING, "And in Shanghai?", "Wie viele KI-Firmen gibt es in Shanghai?"),
    (PEKING, "那慕尼黑呢？", "Wie viele KI-Firmen gibt es in München?"),
    (CHENGDU, "那北京呢？", "How many AI companies does Beijing have?"),
    (CHENGDU, "Und in Peking?", "How many AI companies does Beijing have?"),
    (成都, "And in Beijing?", "北京有多少家人工智能企业？"),
    (臺北, "Und in Wien?", "維也納有多少家人工智慧企業？"),
    # A word for a place, or for the only one who was spoken of.
    ("Was plant Wuhan bis 2028?", "Wie viele Universitäten gibt es dort?", "Wie viele Universitäten gibt es in Wuhan?"),
    (CHENGDU, "How many universities are there?", "How many universities are in Chengdu?"),
    (武汉, "那里有多少所大学？", "武汉有多少所大学？"),
    ("Who is Jiang Guangzhi?", "What did he say?", "What did Jiang Guangzhi say?"),
    ("Wer ist Gao Wen?", "Was hat er gesagt?", "Was hat Gao Wen gesagt?"),
    ("姜广智是谁？", "他说了什么？", "姜广智说了什么？"),
]

# The topic of the question before is added; a language model would put it better.
ADDED = [
    ("Was plant Wuhan bis 2028?", "Wer hat das gesagt?", "Wer hat das gesagt? (plant Wuhan, 2028)"),
    (PEKING, "Seit wann?", "Seit wann? (KI-Firmen, Peking)"),
    (PEKING, "Und warum?", "Und warum? (KI-Firmen, Peking)"),
    (PEKING, "Und wann war das?", "Und wann war das? (KI-Firmen, Peking)"),
    (SIZE_DE, "Und der Umsatz?", "der Umsatz? (Shanghais KI-Industrie)"),
    (SIZE_DE, "Wie viele Firmen gehören dazu?", "Wie viele Firmen gehören dazu? (Shanghais KI-Industrie)"),
    (CHENGDU, "Who said that?", "Who said that? (AI companies, Chengdu)"),
    (CHENGDU, "How many of them are listed?", "How many of them are listed? (AI companies, Chengdu)"),
    (CHENGDU, "2024?", "How many AI companies does Chengdu have? (2024)"),
    (SIZE, "How fast did it grow?", "How fast did it grow? (Shanghai's AI industry)"),
    (SIZE, "Why?", "Why? (Shanghai's AI industry)"),
    (SIZE, "And the growth rate?", "the growth rate? (Shanghai's AI industry)"),
    ("武汉的人工智能产业计划是什么？", "它的目标是什么？", "它的目标是什么？（武汉的人工智能产业计划）"),
    ("武漢的人工智慧產業計畫是什麼？", "它的目標是什麼？", "它的目標是什麼？（武漢的人工智慧產業計畫）"),
    ("上海人工智能产业规模有多大？", "为什么？", "为什么？（上海人工智能产业规模）"),
    ("上海人工智能产业规模有多大？", "增长率呢？", "增长率？（上海人工智能产业规模）"),
    (成都, "其中有多少家上市公司？", "其中有多少家上市公司？（成都人工智能企业）"),
    (成都, "这个计划是谁提出的？", "这个计划是谁提出的？（成都人工智能企业）"),
    (臺北, "這是誰說的？", "這是誰說的？（臺北人工智慧企業）"),
    ("Hat Shenzhen mehr KI-Firmen als Shanghai?", "Und Peking?", "Hat Shenzhen mehr KI-Firmen als Peking?"),
]

# New questions, and what is none.
WHOLE = [
    (PEKING, "Was ist das größte KI-Projekt in Europa?"),
    (PEKING, "Wie viele 5G-Basisstationen gibt es pro 10.000 Einwohner?"),
    (PEKING, "Welche Ziele verfolgt China mit der KI-Strategie?"),
    (PEKING, "Können Sie mir sagen, wie viele Roboter es in China gibt?"),
    (PEKING, "Und wie viele Roboter hat Deutschland?"),
    (PEKING, "Wer ist der Bürgermeister von Berlin?"),
    (PEKING, "Wie ist die Lage der KI-Branche in diesem Jahr?"),
    (PEKING, "Danke!"),
    (CHENGDU, "What does Wuhan plan for 2028?"),
    (CHENGDU, "Who is the mayor of Shanghai?"),
    (CHENGDU, "Who is Gao Wen?"),
    (CHENGDU, "And how many robots does Germany use?"),
    (CHENGDU, "Is it true that Wuhan is building a data centre?"),
    (CHENGDU, "Which companies that build robots are based in Wuhan?"),
    (CHENGDU, "How long does it take to train a large model?"),
    (CHENGDU, "Shanghai AI industry size 2024"),
    (CHENGDU, "What is artificial intelligence?"),
    (CHENGDU, "Tell me about Wuhan."),
    (CHENGDU, "Which cities are ahead in the economy because they started early?"),
    (PEKING, "Welche Großstädte liegen bei der Wirtschaft durch ihren Frühstart vorn?"),
    (成都, "“未来产业”这个概念有什么特征？"),
    (CHENGDU, "Thanks a lot"),
    (CHENGDU, "今天天气怎么样？"),
    (成都, "武汉计划到2028年达到什么规模？"),
    (成都, "其他国家的人工智能政策是什么？"),
    (成都, "人工智能试验区有哪些？"),
    (成都, "深圳人工智能产业规模有多大？"),
    (成都, "什么是人工智能？"),
    (成都, "请介绍武汉的人工智能产业。"),
    (臺北, "深圳人工智慧產業規模有多大？"),
    (臺北, "謝謝"),
]


@pytest.mark.parametrize(("before", "question", "query"), EXCHANGED)
def test_what_a_question_leaves_out_is_taken_over_and_its_slot_exchanged(before, question, query):
    assert complete(question, [before]).query == query
    assert complete(question, [before]).carried


@pytest.mark.parametrize(("before", "question", "query"), ADDED)
def test_where_nothing_can_be_exchanged_the_topic_is_added_and_the_rule_is_not_certain(before, question, query):
    whole = complete(question, [before])
    assert (whole.query, whole.carried, whole.certain) == (query, True, False)


@pytest.mark.parametrize(("before", "question"), WHOLE)
def test_a_whole_question_stays_untouched(before, question):
    assert complete(question, [before]) == complete(question, []) == type(complete("x", []))(question)


@pytest.mark.parametrize("row", [*EXCHANGED, *ADDED])
def test_what_was_made_whole_once_stays_as_it_is(row):
    assert complete(row[2], [row[0]]).query == row[2]


def test_there_are_enough_cases():
    assert len({*EXCHANGED, *ADDED}) >= 60 and len(WHOLE) >= 20


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Was plant Wuhan bis 2028?", ["place", "year"]), ("Wie ist die Lage in der Woche?", []), ("Danke, liebe Leute", []),
        ("What did Jiang Guangzhi say on February 3?", ["name", "date"]), ("成都2024年有多少企业", ["place", "year"]),
        ("中国的城市和超市", ["place"]), ("Pekings Firmen wachsen sehr schnell", ["place"]), ("Wo sitzt DeepSeek?", ["name"]), ("Wer sind Sie?", []),
    ],
)
def test_slots_are_places_names_years_and_dates(text, kinds):
    assert [s.kind for s in slots(text)] == kinds


def test_a_place_has_its_name_in_each_language():
    assert [named_in("Munich", tag) for tag in ("de", "en", "zh-Hans", "zh-Hant", "fr")] == [
        "München", "Munich", "慕尼黑", "慕尼黑", "Munich"
    ]
    assert named_in("烏魯木齊", "de") == "Ürümqi" and named_in("Weimar", "zh-Hans") == "Weimar"


@pytest.mark.parametrize(
    ("question", "before", "lang"),
    [
        ("2028?", PEKING, "de"), ("Shanghai?", PEKING, "de"), ("Shanghai?", CHENGDU, "en"), ("And Shanghai?", PEKING, "en"),
        ("那深圳呢？", 臺北, "zh-Hant"), ("那深圳呢？", 成都, "zh-Hans"), ("那台湾呢？", 臺北, "zh-Hans"), ("深圳呢？", PEKING, "zh-Hans"),
    ],
)
def test_a_bare_name_is_asked_in_the_language_of_the_question_before(question, before, lang):
    assert spoken(question, [before]) == lang


SHENZHEN = "How large was Shenzhen's AI industry at the end of 2024?"


def test_a_follow_up_is_searched_whole_and_answered_in_its_own_language(chatbot):
    first = chatbot.ask("How large was Shanghai's AI industry in 2024?")
    second = chatbot.ask("Und in Shenzhen?", history=[first.query])
    assert (second.query, second.question) == ("How large was Shenzhen's AI industry in 2024?", "Und in Shenzhen?")
    assert second.lang == "de" and second.found and any("3600亿元" in c.quote for c in second.citations)
    assert first.query == first.question


def test_questions_as_they_were_asked_make_the_same_history(chatbot):
    asked = ["How large was Shanghai's AI industry in 2024?", "And in Wuhan?"]
    searched = [asked[0], "How large was Wuhan's AI industry in 2024?"]
    follow_up = "And in Shenzhen?"
    assert chatbot.ask(follow_up, history=asked).query == chatbot.ask(follow_up, history=searched).query


def test_citations_of_an_earlier_turn_stay_valid(chatbot):
    first = chatbot.ask(SHENZHEN)
    chatbot.ask("And in Shanghai?", history=[first.query])
    for c in first.citations:
        assert chatbot.article(c.article_id).text[c.start : c.end] == c.quote


def test_an_empty_or_endless_history_does_no_harm(chatbot):
    plain = chatbot.ask(SHENZHEN)
    for history in ([], ["", "\x00", "x" * 5000], ["word " * 3000], [SHENZHEN] * 500):
        assert chatbot.ask(SHENZHEN, history=history).citations == plain.citations


def model(*drafts: str) -> ChatModelGenerator:
    return ChatModelGenerator(GenericFakeChatModel(messages=iter(AIMessage(d) for d in drafts)), backoff=0)


def test_a_model_words_the_question_where_the_rule_is_not_certain(chatbot):
    bot = Chatbot(chatbot._index, model("Who said how large Shanghai's AI industry was?", "NO ANSWER"))
    assert bot.ask("Who said that?", history=[SIZE]).query == "Who said how large Shanghai's AI industry was?"


def test_a_model_is_not_asked_where_the_rule_is_certain(chatbot):
    bot = Chatbot(chatbot._index, model())
    assert bot._query("And in Shenzhen?", [SIZE]) == "How large is Shenzhen's AI industry?"
    assert bot._query(CHENGDU, [SIZE]) == CHENGDU


@pytest.mark.parametrize("written", ["Who said that Peking has 7777 firms?", "Who said it about Angela Merkel?", "word " * 200, ""])
def test_what_a_model_invents_is_not_searched(written, chatbot):
    assert not (written and plausible(written, "Who said that?", [SIZE]))
    bot = Chatbot(chatbot._index, model(written))
    assert bot._query("Who said that?", [SIZE]) == "Who said that? (Shanghai's AI industry)"


def test_the_rule_stands_in_for_a_model_that_fails(chatbot):
    assert Chatbot(chatbot._index, model())._query("Why?", [SIZE]) == "Why? (Shanghai's AI industry)"


def test_lines_of_a_file_may_carry_their_history(index_folder, tmp_path, capsys):
    rows = [{"id": 1, "question": "And in Shenzhen?", "history": [SIZE]}, {"id": 2, "question": "And in Shenzhen?"}]
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert main(["ask", "--file", str(path), "--json", "--index", str(index_folder)]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["query"] == "How large is Shenzhen's AI industry?" and first["history"] == [SIZE]
    assert second["query"] == second["question"] == "And in Shenzhen?"


@pytest.mark.parametrize("history", ["no list", [1], {"a": 1}, None])
def test_a_history_that_is_no_list_of_questions_is_named_with_its_line(history, index_folder, tmp_path, capsys):
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps({"question": "x", "history": history}), encoding="utf-8")
    assert main(["ask", "--file", str(path), "--index", str(index_folder)]) == 1
    assert "q.jsonl:1: " in capsys.readouterr().err
