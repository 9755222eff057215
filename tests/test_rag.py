"""What the answer says in its own words, and what of a language model's draft is shown."""

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from index.errors import GeneratorError
from index.types import Article, Span
from rag import messages
from rag.chat_model import ChatModelGenerator
from rag.chatbot import Chatbot

TEXT = "Wuhan plant 200 Milliarden Yuan."
ARTICLE = Article("a", "de", "Pläne der Städte", TEXT, (Span(0, len(TEXT)),), date="2025-02-14", publisher="Zeitung")


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


def test_a_quotation_that_is_led_to_has_its_source_in_brackets():
    said = {lang: messages.led("X:", ARTICLE, "Satz.", lang) for lang in messages.LANGUAGES}
    assert said["en"] == "X: “Satz.” (“Pläne der Städte”, German, Zeitung, February 14, 2025)"
    assert said["de"] == "X: „Satz.“ („Pläne der Städte“, Deutsch, Zeitung, 14. Februar 2025)"
    assert said["zh-Hans"] == "X:“Satz.”（《Pläne der Städte》，德文，Zeitung，2025年2月14日）"
    assert said["zh-Hant"] == "X:「Satz.」（《Pläne der Städte》，德文，Zeitung，2025年2月14日）"


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
