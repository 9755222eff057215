"""Drafts to answers: claims, citations, support, messages, expected kinds, answerability."""

import math
from decimal import Decimal

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from index.errors import GeneratorError
from index.quantities import find
from index.types import Article, Hit, Passage, Span, Why
from rag import messages
from rag.answerability import FEATURES, Calibration, calibration, features, judge
from rag.chat_model import ChatModelGenerator
from rag.chatbot import Chatbot
from rag.citations import Citations, disarm
from rag.evidence import Evidence
from rag.expected import answers_in, fits, wanted
from rag.support import supported
from rag.types import Claim, Source

TEXT = "Wuhan plant 200 Milliarden Yuan. Shenzhen zählt 2.800 Firmen [3]."
ARTICLE = Article("a", "de", "Pläne der Städte", TEXT, (Span(0, len(TEXT)),), date="2025-02-14", publisher="Zeitung")
SENTENCES = (Span(0, 32), Span(33, 65))
HIT = Hit(Passage("a", "de", 0, len(TEXT), TEXT, SENTENCES), 1.0)


FIRST = Source(0, SENTENCES[0])


def claim(text="Wuhan plant 200 Milliarden Yuan.", sources=(FIRST,), before="\n"):
    return Claim(text, tuple(sources), before)


def test_markers_count_from_one_in_order_of_first_use_and_a_sentence_has_one_marker():
    citations = Citations({"a": ARTICLE}, [HIT])
    first = citations.add(claim(sources=[Source(0, SENTENCES[1])]))
    second = citations.add(claim("B", [Source(0, SENTENCES[0]), Source(0, SENTENCES[1])]))
    assert first == "Wuhan plant 200 Milliarden Yuan. [1]"
    assert second == "\nB [2] [1]"
    assert [(c.marker, c.quote) for c in citations.found] == [
        (1, "Shenzhen zählt 2.800 Firmen [3]."), (2, "Wuhan plant 200 Milliarden Yuan."),
    ]


@pytest.mark.parametrize("source", [Source(1), Source(-1), Source(0, Span(0, 66)), Source(0, Span(5, 5))])
def test_a_source_outside_the_hits_is_the_generators_mistake(source):
    with pytest.raises(ValueError, match=r"hit|passage"):
        Citations({"a": ARTICLE}, [HIT]).add(claim(sources=[source]))


@pytest.mark.parametrize("text", ["[3]", "［3］", "【12】", "[1, 2]", "[1-3]", "[ 7 ]"])
def test_nothing_in_a_quotation_reads_as_a_marker(text):
    assert disarm(f"x {text} y").replace("\u2060", "") == f"x {text} y"
    assert "\u2060" in disarm(f"x {text} y")
    assert disarm("[Beijing] and [2025 plan] stay") == "[Beijing] and [2025 plan] stay"


def test_a_claim_is_supported_by_equal_values_in_any_language():
    assert supported(claim("Wuhan aims at 200 billion yuan."), [HIT], {"a": ARTICLE}, "en")
    assert supported(claim("武汉目标2000亿元。"), [HIT], {"a": ARTICLE}, "zh-Hans")


@pytest.mark.parametrize("text", ["Wuhan aims at 300 billion yuan.", "Wuhan wants 20% more.", "In 2031 it ends."])
def test_a_figure_that_the_source_does_not_state_is_not_supported(text):
    assert not supported(claim(text), [HIT], {"a": ARTICLE}, "en")


def test_a_claim_without_a_source_is_not_supported():
    assert not supported(claim("Wuhan is a city.", []), [HIT], {"a": ARTICLE}, "en")


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Wie viele Firmen gibt es?", "figure"), ("How many firms are there?", "figure"), ("有多少家企业？", "figure"),
        ("產業規模有多大？", "money"), ("How big is the industry?", "money"), ("Wie groß ist die Branche?", "money"),
        ("Wann fand das statt?", "date"), ("When was it held?", "date"), ("什么时候发布的？", "date"),
        ("Welcher Anteil entfällt auf China?", "percent"), ("By how much did it grow?", "percent"),
        ("同比增长多少？", "percent"), ("Who is the mayor?", "other"), ("Wer leitet das Amt?", "other"),
    ],
)
def test_the_question_words_say_what_kind_of_answer_is_wanted(question, kind):
    assert wanted(question) == kind


def test_the_questions_own_figures_are_not_its_answer():
    found = answers_in("到2028年达到2000亿元", "zh-Hans", "date", ["#2028y"])
    assert found == []
    money = answers_in("到2028年达到2000亿元", "zh-Hans", "money", ["#2028y"])
    assert [q.value for q in money] == [Decimal(2) * 10**11]


def test_money_fits_a_question_of_size_before_a_count_does():
    count, money = find("550家, 200亿元", "zh-Hans")
    assert fits(money, "money") and not fits(count, "money")
    assert fits(count, "figure") and not fits(money, "figure")


def test_an_introduction_names_the_source_in_the_askers_language():
    said = {lang: messages.quotation(ARTICLE, "Satz.", lang) for lang in messages.LANGUAGES}
    assert said["en"] == "“Pläne der Städte” (German, Zeitung, February 14, 2025) says: “Satz.”"
    assert said["de"] == "„Pläne der Städte“ (Deutsch, Zeitung, 14. Februar 2025) schreibt: „Satz.“"
    assert said["zh-Hans"] == "《Pläne der Städte》（德文，Zeitung，2025年2月14日）写道：“Satz.”"
    assert said["zh-Hant"] == "《Pläne der Städte》（德文，Zeitung，2025年2月14日）寫道：「Satz.」"


@pytest.mark.parametrize(
    ("tag", "written"),
    [("de-AT", "de"), ("en-GB", "en"), ("zh-TW", "zh-Hant"), ("zh", "zh-Hans"), ("fr", "en"), ("und", "en")],
)
def test_an_asker_is_answered_in_their_language_or_in_english(tag, written):
    assert messages.written_language(tag) == written


def test_the_calibrated_probability_is_the_logistic_function():
    fitted = Calibration("e", 0.5, (2.0,), (1.0,), (4.0,), 0.5, 0.0)
    assert fitted.probability([3.0]) == pytest.approx(1 / (1 + math.exp(-1.5)))
    with pytest.raises(ValueError, match="1 features, got 2"):
        fitted.probability([1.0, 2.0])


def test_the_shipped_calibration_is_that_of_the_embedded_encoder(embedder):
    assert calibration().encoder == embedder.name
    assert len(calibration().weights) == len(FEATURES)


def test_a_poor_score_is_refused_and_a_remote_topic_is_out_of_scope():
    def found(score):
        return [Evidence(0, SENTENCES[0], score, 1.0, True, ())]

    near, far = Hit(HIT.passage, 1.0, Why(dense_score=0.5)), Hit(HIT.passage, 0.0, Why(dense_score=0.5))
    assert judge(found(3.0), [near], "en")[1] is None
    assert judge(found(-1.0), [near], "en")[1] == "not_supported"
    assert judge(found(-1.0), [far], "en")[1] == "out_of_scope"
    assert judge([], [], "en") == (0.0, "nothing_retrieved")
    assert features(found(1.0)[0], [near], "de-CH") == (1.0, 0.5, 1.0, 1.0, 1.0)


SHENZHEN = "How large was Shenzhen's AI industry at the end of 2024?"


def chat(chatbot: Chatbot, *drafts: str):
    model = GenericFakeChatModel(messages=iter(AIMessage(d) for d in drafts))
    return Chatbot(chatbot._index, ChatModelGenerator(model)).ask(SHENZHEN)


def test_a_models_sentences_are_cited_to_the_sentence_and_renumbered(chatbot):
    hits = chatbot.ask(SHENZHEN).hits
    rank = 1 + next(i for i, h in enumerate(hits) if "2800家" in h.passage.text)
    answer = chat(chatbot, f"Shenzhen's AI industry reached 360 billion yuan in 2024 [{rank}]. Nothing else is known.")
    assert answer.text == "Shenzhen's AI industry reached 360 billion yuan in 2024. [1]"
    (citation,) = answer.citations
    assert "3600亿元" in citation.quote and len(citation.quote) < len(hits[rank - 1].passage.text)
    assert citation.quote == chatbot.article(citation.article_id).text[citation.start : citation.end]


@pytest.mark.parametrize(
    "draft",
    [
        "NO ANSWER", "Chengdu is large.", "It has 550 [0].", "It has 550 [99].", "It has 550【77】.", "It has 550 [1-9].",
        "It has 7777777 companies [1].",
    ],
)
def test_what_a_model_invents_is_not_shown(draft, chatbot):
    answer = chat(chatbot, draft)
    assert (answer.found, answer.reason, answer.citations) == (False, "not_supported", ())
    assert "550" not in answer.text and "77" not in answer.text


def test_a_model_that_fails_is_a_clear_error(chatbot):
    with pytest.raises(GeneratorError, match="language model"):
        chat(chatbot)


@pytest.mark.parametrize("spec", ["nonsense", "nosuchprovider:model"])
def test_a_model_that_cannot_be_loaded_is_a_clear_error(spec):
    with pytest.raises(GeneratorError, match=r"--llm|language model"):
        ChatModelGenerator.load(spec)
