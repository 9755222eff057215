"""A language model behind a real HTTP server: well-behaved, slow, failing, breaking off, talking nonsense."""

import asyncio
import json
import time

import pytest

from index.errors import GeneratorError
from index.types import Hit, Passage
from rag.chat_model import LONGEST_DRAFT, ChatModelGenerator
from rag.chatbot import Chatbot
from rag.models import load_model
from tests.openai_server import Server, fails, free_port, raw, says, serving
from ui.cli import main

pytest.importorskip("langchain_openai")

QUESTION = "How many AI companies does Chengdu have?"
HITS = [
    Hit(Passage("a", "zh-Hans", 0, 20, "成都有1200家人工智能企业。"), 1.0),
    Hit(Passage("b", "de", 0, 30, "In Wuhan gibt es 1.500 Firmen."), 0.9),
]
GOOD = "Chengdu is home to 1,200 companies that work on AI [1]."


def generator(url: str, timeout: float = 20.0) -> ChatModelGenerator:
    return ChatModelGenerator(load_model("openai:m", url), timeout=timeout, backoff=0.01)


def claims(server: Server, lang: str = "en", **options) -> list[tuple[str, tuple[int, ...]]]:
    written = generator(server.url, **options).write(QUESTION, HITS, lang)
    return [(c.text, tuple(s.hit for s in c.sources)) for c in written]


@pytest.fixture(autouse=True)
def _no_key(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "OPENAI_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_streamed_draft_becomes_claims_with_their_sources():
    with serving(says("Chengdu has 1,2", "00 companies [", "1]. Wuhan has", " 1,500 [2][1].")) as server:
        assert claims(server) == [("Chengdu has 1,200 companies.", (0,)), ("Wuhan has 1,500.", (1, 0))]
    (request,) = server.seen
    assert request.path == "/v1/chat/completions" and request.body["stream"] is True
    assert request.body["temperature"] == 0
    system, human = request.body["messages"]
    assert (system["role"], human["role"]) == ("system", "user")
    assert "[1] 成都有1200家人工智能企业。" in human["content"].splitlines()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 529])
def test_a_failure_that_may_pass_is_tried_again(status):
    with serving(fails(status), fails(status, Retry_After="0"), says(GOOD)) as server:
        assert len(claims(server)) == 1
    assert len(server.seen) == 3


def test_a_failure_that_stays_is_given_up_after_two_retries():
    with serving(fails(500, "out of memory")) as server, pytest.raises(GeneratorError, match="out of memory"):
        claims(server)
    assert len(server.seen) == 3


@pytest.mark.parametrize(("status", "said"), [(400, "failed"), (401, "API key"), (404, "failed")])
def test_a_failure_that_cannot_pass_is_not_tried_again_and_is_one_line(status, said):
    with serving(fails(status, "no such\nmodel")) as server, pytest.raises(GeneratorError, match=said) as raised:
        claims(server)
    assert len(server.seen) == 1 and "\n" not in str(raised.value) and "no such model" in str(raised.value)


def test_a_model_that_takes_no_temperature_is_asked_without_one():
    with serving(fails(400, "Unsupported value: 'temperature' does not support 0"), says(GOOD)) as server:
        assert len(claims(server)) == 1
    assert [r.body.get("temperature") for r in server.seen] == [0, None]


def test_a_server_that_is_not_there_is_said_so():
    url = f"http://127.0.0.1:{free_port()}/v1"
    with pytest.raises(GeneratorError, match=r"cannot be reached .*is its server running"):
        list(generator(url).write(QUESTION, HITS, "en"))


def test_a_server_that_stays_silent_is_left_after_the_time_out():
    with serving(lambda e: e.wait_until_gone()) as server:
        with pytest.raises(GeneratorError, match="said nothing for 2 seconds"):
            claims(server, timeout=2)
        assert server.seen[0].gone.wait(20)
    assert len(server.seen) == 1


def test_a_server_that_falls_silent_in_the_middle_is_left_after_the_time_out():
    def reply(exchange):
        exchange.head()
        exchange.event({"content": GOOD + " And"})
        while exchange.event({"content": ""}):  # events without a word are no sign of life
            time.sleep(0.02)

    with serving(reply) as server:
        written = generator(server.url, timeout=2).write(QUESTION, HITS, "en")
        assert next(written).text.startswith("Chengdu")
        with pytest.raises(GeneratorError, match="said nothing"):
            next(written)
        assert server.seen[0].gone.wait(20)


def test_reasoning_counts_as_a_sign_of_life_and_is_not_shown():
    with serving(says("<think>Let me see [1]. ", "Hm.", "</thi", "nk>\n\n" + GOOD)) as server:
        assert [text for text, _ in claims(server)] == [GOOD.replace(" [1]", "")]


@pytest.mark.parametrize("cut", ["close", "reset"])
def test_a_connection_cut_before_the_first_sentence_is_tried_again(cut):
    def reply(exchange):
        exchange.head(Content_Length="100000")
        exchange.event({"content": "Chengdu"})
        if cut == "reset":
            exchange.reset()

    with serving(reply, says(GOOD)) as server:
        assert [text for text, _ in claims(server)] == [GOOD.replace(" [1]", "")]
    assert len(server.seen) == 2


def test_a_connection_cut_after_a_sentence_keeps_it_and_drops_the_half_one():
    def reply(exchange):
        exchange.head(Content_Length="100000")
        exchange.event({"content": GOOD + " Wuhan has 9,999 fir"})
        exchange.event({"content": "ms"})

    with serving(reply) as server:
        written = generator(server.url).write(QUESTION, HITS, "en")
        assert next(written).text.startswith("Chengdu")
        with pytest.raises(GeneratorError, match="broke off"):
            next(written)
    assert len(server.seen) == 1


def test_an_end_without_a_finish_costs_at_most_the_sentence_at_hand():
    def reply(exchange):
        exchange.head()
        exchange.event({"content": GOOD + " Wuhan has 9,9"})

    with serving(reply) as server:
        assert claims(server) == [(GOOD.replace(" [1]", ""), (0,)), ("Wuhan has 9,9", ())]


@pytest.mark.filterwarnings("ignore:Pydantic serializer")
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"data: {not json\n\n", "text/event-stream"),
        (b"<html><body>Welcome [1].</body></html>", "text/html"),
        (b"", "text/event-stream"),
        (b"data: [DONE]\n\n", "text/event-stream"),
        (b'data: {"error": {"message": "the GPU is on fire", "code": 500}}\n\n', "text/event-stream"),
        (b'{"choices": [{"message": {"content": "Chengdu [1]."}}]}', "application/json"),
        (b"\x00\xff\xfe" * 1000, "application/octet-stream"),
        (b"data: 42\n\n", "text/event-stream"),
        (b'data: {"choices": 7}\n\n', "text/event-stream"),
        (b'data: {"id": "x", "choices": [{"index": 0, "delta": null}]}\n\n', "text/event-stream"),
    ],
)
def test_junk_from_the_server_is_one_clear_line_or_no_claim(data, kind):
    with serving(raw(data, kind)) as server:
        try:
            assert claims(server) == []
        except GeneratorError as error:
            assert "language model" in str(error) and "\n" not in str(error) and len(str(error)) < 500


def test_a_huge_event_is_read_no_further_than_a_draft_may_be_long():
    with serving(says("x" * 3_000_000)) as server:
        assert sum(len(text) for text, _ in claims(server)) <= LONGEST_DRAFT


def test_a_draft_that_never_ends_is_cut_and_what_it_repeats_is_said_once():
    def reply(exchange):
        exchange.head()
        while exchange.event({"content": f" {GOOD}"}):
            pass

    with serving(reply) as server:
        assert [c for c in claims(server) if c[1]] == [(GOOD.replace(" [1]", ""), (0,))]
        assert server.seen[0].gone.wait(20)


def test_closing_the_generator_ends_the_request():
    def reply(exchange):
        exchange.head()
        exchange.event({"content": GOOD + " More"})
        exchange.wait_until_gone()

    with serving(reply) as server:
        written = generator(server.url).write(QUESTION, HITS, "en")
        next(written)
        assert not server.seen[0].gone.is_set()
        written.close()
        assert server.seen[0].gone.wait(20)


def test_cancelling_an_awaited_answer_ends_the_request(chatbot):
    def reply(exchange):
        exchange.head()
        exchange.wait_until_gone()

    async def ask(bot):
        async for _ in bot.astream(QUESTION):
            pass

    async def leave(bot, server):
        task = asyncio.create_task(ask(bot))
        while not server.seen:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with serving(reply) as server:
        asyncio.run(leave(Chatbot(chatbot._index, generator(server.url)), server))
        assert server.seen[0].gone.wait(20)


@pytest.fixture(scope="module")
def rank(chatbot):
    """The marker of the passage that answers QUESTION, and how many companies it counts."""
    answer = chatbot.ask(QUESTION)
    cited = answer.citations[0]
    return 1 + next(i for i, h in enumerate(answer.hits) if h.passage.start <= cited.start < h.passage.end
                    and h.passage.article_id == cited.article_id)


def test_what_its_source_says_nothing_like_never_reaches_the_reader(chatbot, rank):
    draft = f"Chengdu has many companies that work on AI [{rank}]. Bananas are rich in potassium [{rank}]."
    with serving(says(*draft)) as server:
        answer = Chatbot(chatbot._index, generator(server.url)).ask(QUESTION)
    assert "Chengdu" in answer.text and "potassium" not in answer.text
    assert [(d.text, d.reason) for d in answer.dropped] == [("Bananas are rich in potassium.", "not_supported")]


def test_an_answer_through_the_server_is_cited_and_grows_by_whole_sentences(chatbot, rank):
    draft = f"Chengdu has many companies that work on AI [{rank}]. Firms of artificial intelligence work in Chengdu [{rank}]. Bye."
    with serving(says(*draft)) as server:
        *texts, answer = Chatbot(chatbot._index, generator(server.url)).stream(QUESTION)
    assert texts == ["Chengdu has many companies that work on AI. [1]", answer.text]
    assert answer.text == texts[0] + " Firms of artificial intelligence work in Chengdu. [1]" and answer.found
    assert [(d.text, d.reason) for d in answer.dropped] == [("Bye.", "no_source")]
    assert [stage for stage, _ in answer.stages] == ["understand", "search", "evidence", "write", "check"]


def test_awaited_and_not_the_answers_are_the_same(chatbot, rank):
    async def collect(bot):
        return [item async for item in bot.astream(QUESTION)]

    with serving(says(f"Chengdu has many companies that work on AI [{rank}]. Firms of artificial intelligence work in Chengdu [{rank}].")) as server:
        bot = Chatbot(chatbot._index, generator(server.url))
        awaited, plain = asyncio.run(collect(bot)), list(bot.stream(QUESTION))
    assert awaited[:-1] == plain[:-1] and awaited[-1].text == plain[-1].text
    assert awaited[-1].citations == plain[-1].citations


def test_an_answer_that_breaks_off_stands_with_a_note(chatbot, rank):
    def reply(exchange):
        exchange.head(Content_Length="100000")
        exchange.event({"content": f"In Chengdu gibt es viele Firmen der künstlichen Intelligenz [{rank}]. Und au"})

    with serving(reply) as server:
        answer = Chatbot(chatbot._index, generator(server.url)).ask(QUESTION, answer_lang="de")
    assert answer.found and answer.text.endswith("[1]") and "abgebrochen" in answer.note


@pytest.mark.parametrize("question", ["What is the best recipe for apple pie?", "今天天气怎么样？"])
def test_a_model_is_not_asked_what_the_articles_do_not_answer(question, chatbot):
    with serving(says("Take six apples [1].")) as server:
        answer = Chatbot(chatbot._index, generator(server.url)).ask(question)
    assert not answer.found and server.seen == []


def test_a_model_is_not_asked_when_nothing_was_retrieved(chatbot):
    with serving(says(GOOD)) as server:
        answer = Chatbot(chatbot._index, generator(server.url)).ask(QUESTION, source_langs=["fr"])
    assert answer.reason == "nothing_retrieved" and server.seen == []


def test_the_command_line_asks_the_server_it_is_told(index_folder, capsys):
    with serving(says("Chengdu has firms.")) as server:
        code = main(["ask", QUESTION, "--json", "--index", str(index_folder), "--llm", "openai:m", "--llm-url", server.url])
    row = json.loads(capsys.readouterr().out)
    assert code == 0 and (row["found"], row["reason"]) == (False, "not_supported") and len(server.seen) == 1


def test_the_command_line_says_in_one_line_that_the_server_is_down(index_folder, capsys):
    url = f"http://127.0.0.1:{free_port()}/v1"
    assert main(["ask", QUESTION, "--index", str(index_folder), "--llm", "openai:m", "--llm-url", url]) == 1
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("crosscite: the language model cannot be reached") and err.count("\n") == 1
