"""The page's server without a browser: what it answers, whom it refuses, how it starts and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from scripted import Scripted

from index.errors import UserError
from ui import app, texts
from ui.api import AT_ONCE, Service
from ui.chat_command import _names
from ui.conversation import KNOWN_QUESTIONS, examples
from ui.feedback import Feedback
from ui.library import Library
from ui.records import fingerprint
from ui.serving import RateLimit, client_of, is_loopback

ROOT = Path(__file__).parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def chatbot() -> Scripted:
    return Scripted(pause=0)


@pytest.fixture(scope="module")
def address(chatbot, tmp_path_factory):
    service = Service(Library({"": chatbot}), Feedback(tmp_path_factory.mktemp("feedback")))
    page, url = app.start(service, port=free_port(), rate=0)
    yield url
    page.close(verbose=False)


def fetch(url: str, data: object = None, **headers: str) -> tuple[int, str]:
    body = None
    if data is not None:
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        headers.setdefault("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=60) as reply:
            return reply.status, reply.read().decode("utf-8")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def ask(address: str, question: str, **options: object) -> list[dict]:
    status, said = fetch(f"{address}/crosscite/ask", {"question": question, **options})
    assert status == 200
    return [json.loads(line) for line in said.splitlines()]


def test_an_answer_grows_and_then_has_its_sources(address):
    *growing, last = ask(address, " How large? ", turn=3)
    assert [line["text"] for line in growing] == ["The articles ", "The articles say: “…"]
    turn = last["turn"]
    assert turn["record"]["found"] is True
    assert 'data-turn="3" data-marker="2"' in turn["html"]
    assert "4000亿元" in turn["sources"]


def test_what_the_reader_chose_reaches_the_chatbot(address, chatbot):
    ask(address, "How large?", k=7, answer_lang="de", source_langs=["zh-Hans"], history=["before?", "", 3])
    expected = {"k": 7, "answer_lang": "de", "source_langs": ["zh-Hans"], "history": ["before?"]}
    assert chatbot.asked[-1] == {"question": "How large?", **expected}
    ask(address, "How large?", k="many", answer_lang=4)
    assert chatbot.asked[-1] == {"question": "How large?", "k": 10, "answer_lang": None, "source_langs": [], "history": []}


def test_an_error_is_a_line_for_people(address, caplog):
    assert ask(address, "  ")[-1] == {"error": "the question is empty: type one"}
    assert ask(address, "broken?")[-1] == {"error": "the language model does not answer: is it running?"}
    assert ask(address, "a bug?", ui="de")[-1] == {"error": texts.say("de", "error")}
    assert "a programmer's mistake" in caplog.text
    assert ask(address, "broken \ud83d?")[-1]["error"]


@pytest.mark.parametrize("body", [b"", b"no json", b"[]", b'{"turns": 4}', b'{"turns": [{"record": {"x": 1}}], "format": "json"}'])
def test_a_malformed_request_is_told_and_harms_nobody(address, body):
    for name in ("ask", "turns", "article", "export", "feedback", "articles/add", "articles/delete", "scores/run"):
        status, _ = fetch(f"{address}/crosscite/{name}", body)
        assert status in (200, 400), name
    assert fetch(f"{address}/healthz") == (200, '{"status":"ok","articles":5}')


def test_twenty_readers_at_once_get_their_own_answers(address):
    def read(number: int) -> tuple[str, str, str]:
        question = f"How large is number {number}?" if number % 2 else f"第{number}个有多大?"
        turn = ask(address, question, turn=number)[-1]["turn"]
        return question, turn["record"]["question"], turn["html"]

    with ThreadPoolExecutor(20) as pool:
        for number, (question, answered, html) in enumerate(pool.map(read, range(20))):
            assert answered == question
            assert f'data-turn="{number}"' in html and f"{question}</h2>" in html


class Slow(Scripted):
    """Answers when `go` is set; counts who is being answered, and who left."""

    def __init__(self) -> None:
        super().__init__(pause=0)
        self.go, self.lock, self.now, self.most, self.left = threading.Event(), threading.Lock(), 0, 0, 0

    def stream(self, question: str, **options):
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            yield "The "
            while not self.go.wait(0.05):
                yield "The articles "
            yield from super().stream(question)
        except GeneratorExit:
            self.left += 1
            raise
        finally:
            with self.lock:
                self.now -= 1


def wait_until(true) -> None:
    until = time.monotonic() + 60
    while not true():
        assert time.monotonic() < until, "it did not come about within a minute"
        time.sleep(0.02)


@pytest.fixture
def slow():
    chatbot = Slow()
    library = Library({"": chatbot})
    library._examples = {id(chatbot): ()}
    page, url = app.start(Service(library), port=free_port(), rate=0)
    yield chatbot, url
    chatbot.go.set()
    page.close(verbose=False)


def test_a_question_too_many_waits_its_turn(slow):
    chatbot, url = slow
    with ThreadPoolExecutor(20) as pool:
        replies = [pool.submit(ask, url, f"How large is {n}?") for n in range(12)]
        wait_until(lambda: chatbot.now == AT_ONCE)
        assert fetch(f"{url}/healthz")[0] == 200
        chatbot.go.set()
        assert [r.result()[-1]["turn"]["record"]["question"] for r in replies] == [f"How large is {n}?" for n in range(12)]
    assert chatbot.most == AT_ONCE


def test_an_answer_is_given_up_when_its_reader_leaves(slow):
    chatbot, url = slow
    request = urllib.request.Request(f"{url}/crosscite/ask", b'{"question": "How?"}', {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        assert json.loads(reply.readline()) == {"text": "The "}
    wait_until(lambda: chatbot.now == 0)
    assert chatbot.left == 1


def test_an_article_is_read_whole_and_a_moved_or_missing_place_is_told(address, chatbot):
    article = chatbot.articles()[3]
    quote = article.text[100:130]
    page = json.loads(fetch(f"{address}/crosscite/article", {"id": article.id, "start": 100, "end": 130})[1])
    assert (page["state"], page["lang"]) == ("same", "zh-Hans")
    assert 'data-start="100" data-end="130"' in page["html"]
    asked = {"id": article.id, "start": 90, "end": 120, "hash": fingerprint(quote)}
    assert json.loads(fetch(f"{address}/crosscite/article", asked)[1])["state"] == "moved"
    assert json.loads(fetch(f"{address}/crosscite/article", {"id": "../../etc/passwd"})[1])["state"] == "gone"


def test_a_fixed_collection_cannot_be_changed(address):
    for name, asked in (("articles/add", {"files": []}), ("articles/delete", {"id": "x"}), ("scores/run", {})):
        assert fetch(f"{address}/crosscite/{name}", asked)[0] == 400


def test_the_page_is_served_without_analytics_and_without_an_open_api(address):
    status, page = fetch(address)
    assert status == 200
    assert f"<title>{texts.TITLE}</title>" in page or json.dumps(texts.TITLE) in page
    config = json.loads(fetch(f"{address}/config")[1])
    assert config["analytics_enabled"] is False
    assert config["dependencies"] == []


def test_no_file_is_served_and_none_is_taken(address):
    for name in ("gradio_api/file=/etc/hostname", "gradio_api/file=pyproject.toml", "crosscite/page/../app.py"):
        assert fetch(f"{address}/{name}")[0] in (403, 404)
    assert fetch(f"{address}/crosscite/page/%2e%2e/app.py")[0] == 404
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\nhello\r\n--b--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    assert fetch(f"{address}/gradio_api/upload", form, **kind)[0] == 413


def test_other_sites_may_not_ask(address):
    asked = {"question": "How large?"}
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        assert fetch(f"{address}/crosscite/ask", asked, **headers)[0] == 403
    assert fetch(f"{address}/crosscite/ask", asked, **{"Content-Type": "text/plain"})[0] == 415
    assert fetch(f"{address}/crosscite/ask", asked, **{"Content-Length": str(1 << 40)})[0] == 413
    assert fetch(f"{address}/crosscite/ask", asked, Origin=address)[0] == 200


def test_changes_are_made_under_a_name_of_this_computer_only(chatbot, tmp_path):
    service = Service(Library({"": chatbot}), Feedback(tmp_path), changes=True, only_here=True)
    page, url = app.start(service, port=free_port(), rate=0)
    try:
        record = ask(url, "How large?")[-1]["turn"]["record"]
        rated = {"record": record, "rating": "good"}
        assert fetch(f"{url}/crosscite/feedback", rated)[0] == 200
        for headers in ({"Host": "evil.example"}, {"Host": "evil.example:80", "Origin": "http://evil.example:80"},
                        {"X-Forwarded-For": "10.0.0.9"}):
            assert fetch(f"{url}/crosscite/feedback", rated, **headers)[0] == 403
            assert fetch(f"{url}/crosscite/ask", {"question": "How?"}, **headers)[0] == 200
    finally:
        page.close(verbose=False)


def test_only_who_is_signed_in_may_ask(chatbot):
    page, url = app.start(Service(Library({"": chatbot})), port=free_port(), auth=[("ada", "secret")])
    try:
        for name, asked in (("start", None), ("ask", {"question": "How?"}), ("article", {"id": "x"})):
            assert fetch(f"{url}/crosscite/{name}", asked)[0] == 401
            assert fetch(f"{url}/crosscite/{name}", asked, Cookie="access-token-x=guess")[0] == 401
        form, kind = b"username=ada&password=wrong", "application/x-www-form-urlencoded"
        assert fetch(f"{url}/login", form, **{"Content-Type": kind})[0] == 400
        request = urllib.request.Request(f"{url}/login", b"username=ada&password=secret", {"Content-Type": kind})
        with urllib.request.urlopen(request, timeout=60) as reply:
            cookies = "; ".join(c.split(";")[0] for c in reply.headers.get_all("set-cookie"))
        assert fetch(f"{url}/crosscite/ask", {"question": "How?"}, Cookie=cookies)[0] == 200
        assert fetch(f"{url}/healthz")[0] == 200
    finally:
        page.close(verbose=False)


def test_too_many_questions_from_one_address_are_put_off(chatbot):
    page, url = app.start(Service(Library({"": chatbot})), port=free_port(), rate=2)
    try:
        statuses = [fetch(f"{url}/crosscite/ask", {"question": "How?"})[0] for _ in range(3)]
        assert statuses == [200, 200, 429]
        other = fetch(f"{url}/crosscite/ask", {"question": "How?"}, **{"X-Forwarded-For": "10.0.0.7"})
        assert other[0] == 200
    finally:
        page.close(verbose=False)


def test_the_rate_limit_fills_up_again():
    now = [0.0]
    limit = RateLimit(60, lambda: now[0])
    assert [limit.wait("a") for _ in range(60)] == [0.0] * 60
    assert limit.wait("a") == pytest.approx(1.0)
    assert limit.wait("b") == 0.0
    now[0] = 2.0
    assert [limit.wait("a") > 0 for _ in range(3)] == [False, False, True]
    assert not any(RateLimit(0).wait("a") for _ in range(1000))


def test_only_a_proxy_on_this_machine_names_clients():
    assert client_of({"client": ("127.0.0.1", 1)}, {"x-forwarded-for": "6.6.6.6, 10.0.0.9"}) == "10.0.0.9"
    assert client_of({"client": ("10.0.0.1", 1)}, {"x-forwarded-for": "6.6.6.6"}) == "10.0.0.1"
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "10.0.0.1")] == [True] * 3 + [False] * 2


def test_examples_are_questions_that_the_index_answers():
    class Knows(Scripted):
        def stream(self, question: str, **options):
            yield self.answer(question) if question.startswith(("武", "Was")) else self.refusal(question)

    found = examples(Knows())
    assert found[0] == KNOWN_QUESTIONS[2]
    assert [lang for lang, _ in found] == ["zh-Hans", "de"]
    assert any(article.title in found[1][1] and article.lang != "de" for article in Knows().articles())


def test_names_and_passwords_are_read_or_explained():
    assert _names(["ada:a:b"]) == [("ada", "a:b")]
    for wrong in ("ada", "ada:", ":x"):
        with pytest.raises(UserError, match="NAME:PASSWORD"):
            _names([wrong])


def test_a_taken_port_is_an_error_that_says_what_to_type(chatbot):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port} .* Type: crosscite chat --port {port + 1}"):
            app.start(chatbot, port=port)


@pytest.mark.parametrize("at_once", [True, False], ids=["as soon as it says where", "once the page was asked for"])
@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_the_program_ends_cleanly_when_asked(end, at_once):
    code = (
        "import signal, sys; sys.path.insert(0, 'tests')\n"
        "from scripted import Scripted\nfrom ui import app\n"
        "def told(*said, **how):\n    print(*said, **how)\n    app.print = print\n    signal.raise_signal(int(sys.argv[2]))\n"
        "app.print = told if sys.argv[2] != '0' else print\napp.serve(Scripted(), port=int(sys.argv[1]))\n"
    )
    port = free_port()
    program = subprocess.Popen(
        [sys.executable, "-c", code, str(port), str(int(end) if at_once else 0)], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert str(port) in program.stdout.readline()
        if not at_once:
            assert fetch(f"http://127.0.0.1:{port}/healthz")[0] == 200
            program.send_signal(end)
        said, errors = program.communicate(timeout=60)
    finally:
        program.kill()
    assert (program.returncode, said.strip(), errors) == (0, texts.STOPPED, "")
