"""The page without a browser: how a conversation grows, what an error leaves, what the server refuses."""

from __future__ import annotations

import json
import socket
import urllib.error
import urllib.request

import pytest
from scripted import Scripted

from index.errors import UserError
from ui import app, texts
from ui.conversation import Turn, converse, settled


@pytest.fixture(scope="module")
def chatbot() -> Scripted:
    return Scripted(pause=0)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_an_answer_grows_and_then_has_its_sources(chatbot):
    steps = list(converse(chatbot, " How large? ", ()))
    texts_seen = [turns[-1].text for turns, _, _ in steps]
    assert texts_seen[:3] == ["", "The articles ", "The articles say: “…"]
    assert all((question, notice) == ("", "") for _, question, notice in steps)
    turn = steps[-1][0][-1]
    assert (turn.id, turn.question, turn.answer.found) == (0, "How large?", True)
    assert "4000亿元" in turn.sources
    assert 'data-marker="2"' in turn.body
    assert not any(turns[-1].answer for turns, _, _ in steps[:-1])


def test_a_conversation_keeps_its_turns_in_order(chatbot):
    turns = ()
    for question in ("first?", "what weather?", "third?"):
        *_, (turns, _, _) = converse(chatbot, question, turns)
    assert [(turn.id, turn.question, turn.answer.found) for turn in turns] == [
        (0, "first?", True),
        (1, "what weather?", False),
        (2, "third?", True),
    ]


def test_an_empty_question_changes_nothing_but_the_notice(chatbot):
    before = (Turn(0, "first?", text="x", stopped=True),)
    assert list(converse(chatbot, "  \n", before)) == [(before, "  \n", "the question is empty: type one")]


def test_a_question_waits_for_the_answer_before(chatbot):
    before = (Turn(0, "first?", text="half"),)
    assert list(converse(chatbot, "second?", before)) == [(before, "second?", texts.BUSY)]


def test_a_failure_keeps_what_was_written_and_gives_the_question_back(chatbot):
    *_, (turns, question, notice) = converse(chatbot, "broken?", (Turn(0, "first?", stopped=True),))
    assert [(turn.text, turn.stopped) for turn in turns] == [("", True), ("The articles ", True)]
    assert (question, notice) == ("broken?", "the language model does not answer: is it running?")


def test_half_a_surrogate_pair_in_a_question_can_be_sent_back(chatbot):
    *_, (turns, question, _) = converse(chatbot, "broken \ud83d?", ())
    assert (turns[0].question, question) == ("broken ??", "broken ??")


def test_a_failure_before_the_first_word_leaves_no_turn():
    class Mute(Scripted):
        def stream(self, question: str):
            raise UserError("the index is gone: type crosscite build")
            yield

    first = (Turn(0, "first?", stopped=True),)
    *_, last = converse(Mute(), "second?", first)
    assert last == (first, "second?", "the index is gone: type crosscite build")


def test_a_mistake_in_the_program_is_logged_and_not_shown(chatbot, caplog):
    *_, (_, question, notice) = converse(chatbot, "a bug?", ())
    assert (question, notice) == ("a bug?", texts.ERROR)
    assert "a programmer's mistake" in caplog.text


def test_only_an_unfinished_answer_is_cut_off(chatbot):
    *_, (turns, _, _) = converse(chatbot, "first?", ())
    assert settled(turns) == turns
    assert settled(()) == ()
    assert settled((*turns, Turn(1, "?", text="ha")))[-1] == Turn(1, "?", text="ha", stopped=True)


@pytest.fixture(scope="module")
def address(chatbot):
    page, url = app.start(chatbot, port=free_port())
    yield url
    page.close(verbose=False)


def fetch(url: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as reply:
            return reply.status, reply.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def test_the_page_is_served_without_analytics_and_without_an_open_api(address):
    status, page = fetch(address)
    assert status == 200
    assert f"<title>{texts.TITLE}</title>" in page or json.dumps(texts.TITLE) in page
    config = json.loads(fetch(f"{address}/config")[1])
    assert config["analytics_enabled"] is False
    assert {dependency["api_visibility"] for dependency in config["dependencies"]} == {"private"}


def test_no_file_is_served_and_none_is_taken(address):
    assert fetch(f"{address}/gradio_api/file=/etc/hostname")[0] in (403, 404)
    assert fetch(f"{address}/gradio_api/file=pyproject.toml")[0] in (403, 404)
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert fetch(f"{address}/gradio_api/upload", form, **kind)[0] == 413


def test_a_taken_port_is_an_error_that_says_what_to_type(chatbot):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} .* Type: crosscite chat --port {port + 1}"):
            app.start(chatbot, port=port)
