"""The log: what happens in numbers and codes, and not a word of reader or article unless it is asked for."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from fakes import write_town

from index.errors import GeneratorError
from ui import logs
from ui.cli import ROOT, main

SECRET = "Zyxxonquestion"  # stands in questions, file names and errors of these tests, and in nothing else


@pytest.fixture(autouse=True)
def as_before():
    """Takes what a test set up out of the logging of the process."""
    root, names = logging.getLogger(), ("index", "rag", "eval", "ui")
    before = root.handlers[:], root.level, [logging.getLogger(n).level for n in names], logging.raiseExceptions
    yield
    for handler in [h for h in root.handlers if h not in before[0]]:
        root.removeHandler(handler)
        with contextlib.suppress(OSError):  # a full device takes no last words
            handler.close()
    root.setLevel(before[1])
    for name, level in zip(names, before[2], strict=True):
        logging.getLogger(name).setLevel(level)
    logging.raiseExceptions = before[3]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def broken(text: str) -> None:
    """Fails with `text` in the message of an error and of its cause."""
    try:
        {}[text]
    except KeyError as error:
        raise RuntimeError(f"no place for {text}") from error


def test_a_failure_is_told_by_its_kind_and_place_without_a_word_it_says(tmp_path):
    logs.start(str(tmp_path / "log"))
    for logger in (logging.getLogger("ui.api"), logging.getLogger("asyncio"), logging.getLogger("another")):
        try:
            broken(SECRET)
        except RuntimeError:
            logger.exception("it broke at %s", SECRET, extra={"fields": {"reason": SECRET + " is long"}, "texts": {"question": SECRET}})
    text = (tmp_path / "log").read_text()
    assert SECRET not in text and str(ROOT) not in text
    rows = lines(tmp_path / "log")
    assert [(r["level"], r["event"], r["from"], r["error"], r["reason"]) for r in rows] == [
        ("error", "other", "ui.api", "RuntimeError", "other"), ("error", "library", "asyncio", "RuntimeError", "other"),
        ("error", "library", "another", "RuntimeError", "other"),
    ]
    assert all(any("tests/test_logs.py:" in place and place.endswith(" broken") for place in row["at"]) for row in rows)


def test_texts_are_written_when_they_are_asked_for(tmp_path):
    logs.start(str(tmp_path / "log"), text=True)
    try:
        broken(SECRET)
    except RuntimeError:
        logging.getLogger("ui.api").exception("answer_failed", extra={"texts": {"question": SECRET}})
    (row,) = lines(tmp_path / "log")
    assert row["question"] == SECRET and f"no place for {SECRET}" in row["traceback"] and row["event"] == "answer_failed"


def test_a_field_is_a_number_or_a_code_and_has_a_known_name(tmp_path):
    logs.start(str(tmp_path / "log"))
    fields = {"seconds": 0.123456, "found": True, "reason": None, "lang": "zh-Hans", "hits": 3, "stages": {"search": 0.00004, "a b": 1},
              "model": "两个字", "answer_lang": ["x"], "title": "Harbour"}
    logging.getLogger("rag.chatbot").info("answered", extra={"fields": fields})
    (row,) = lines(tmp_path / "log")
    assert {k: row[k] for k in row if k not in ("time", "from")} == {
        "level": "info", "event": "answered", "seconds": 0.1235, "found": True, "reason": None, "lang": "zh-Hans", "hits": 3,
        "stages": {"search": 0.0, "other": 1}, "model": "other", "answer_lang": "other",
    }
    assert row["time"].endswith("+00:00") and len(row["time"]) == len("2026-01-01T00:00:00.000+00:00")


def test_a_full_log_file_is_put_aside_and_a_few_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "SIZE", 2000)
    monkeypatch.setattr(logs, "KEPT", 2)
    logs.start(str(tmp_path / "log"))
    for _ in range(100):
        logging.getLogger("ui").info("happened")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    assert all(0 < p.stat().st_size <= 2000 and lines(p) for p in tmp_path.iterdir())


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
def test_a_log_that_cannot_be_written_says_nothing_of_what_it_lost(capfd):
    logs.start("/dev/full")
    logging.getLogger("ui").warning("lost", extra={"texts": {"question": SECRET}, "fields": {"reason": SECRET}})
    logging.getLogger("another").warning("lost %s", SECRET)
    assert capfd.readouterr() == ("", "")


def test_a_log_file_that_cannot_be_opened_is_one_readable_error(tmp_path, capsys):
    assert main(["search", "x", "--index", str(tmp_path), "--log", str(tmp_path / "no" / "log")]) == 1
    said = capsys.readouterr().err
    assert "cannot write the log to" in said and "--log" in said and said.count("\n") == 1


def test_the_command_line_is_silent_and_a_log_file_tells_of_build_and_answer(tmp_path, capsys):
    town, folder, log = write_town(tmp_path / SECRET), tmp_path / "index", tmp_path / "log"
    question = f"Wann wurde die Brücke am Hafen eröffnet, {SECRET}?"
    assert main(["build", "--seeds", str(town), "--index", str(folder), "--log", str(log)]) == 0
    assert main(["ask", question, "--index", str(folder), "--log", str(log)]) == 0
    told = log.read_text()
    built, answered = lines(log)
    assert SECRET not in told and str(tmp_path) not in told and "1987" not in told and "Hafen" not in told
    assert (built["event"], built["added"], built["articles"], built["passages"], built["rebuilt"]) == ("built", 3, 3, 3, True)
    assert (answered["event"], answered["lang"]) == ("answered", "de") and answered["seconds"] > 0
    assert {"understand", "search", "evidence"} <= answered["stages"].keys() and answered["hits"] > 0
    assert main(["ask", question, "--index", str(folder), "--log", str(log), "--log-text"]) == 0
    assert lines(log)[-1]["question"] == question
    capsys.readouterr()
    assert main(["ask", question, "--index", str(folder)]) == 0
    assert capsys.readouterr().err == "" and len(lines(log)) == 3


SERVER = """
import sys, os; sys.path.insert(0, 'tests')
from scripted import Scripted
from ui import logs, app
from ui.api import Api
async def start(self, request):
    raise RuntimeError('an endpoint broke at ' + request.headers['x-test'])
if sys.argv[3]:
    Api.start = start
logs.start(None, bool(int(sys.argv[2])))
app.serve(Scripted(0), port=int(sys.argv[1]), auth=[("ada", "secret")] if sys.argv[4] else ())
"""


def served(work, text: bool, failing: bool = False, locked: bool = False) -> tuple[str, str]:
    """What a page with the known answers wrote to stdout and stderr while `work(address)` was done."""
    from test_app import free_port

    port = free_port()
    command = [sys.executable, "-c", SERVER, str(port), str(int(text)), "x" * failing, "x" * locked]
    program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "PYTHONPATH": str(ROOT)})
    late = threading.Timer(120, program.kill)
    late.start()
    try:
        first = program.stdout.readline()
        assert str(port) in first
        work(f"http://127.0.0.1:{port}")
        program.terminate()
        out, err = program.communicate(timeout=60)
    finally:
        late.cancel()
        program.kill()
    return out, err


def post(url: str, asked: object, **headers: str) -> int:
    body = asked if isinstance(asked, bytes) else json.dumps(asked).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            reply.read()
            return reply.status
    except urllib.error.HTTPError as error:
        return error.code


def every_kind_of_request(address: str) -> None:
    for question in (f"How large, {SECRET}?", f"broken {SECRET}", f"a bug {SECRET}", f"the weather at {SECRET}", " "):
        assert post(f"{address}/crosscite/ask", {"question": question, "history": [SECRET]}) == 200
    assert post(f"{address}/crosscite/ask", b'{"question": "' + SECRET.encode()) == 400
    assert post(f"{address}/crosscite/export", {"turns": [{"record": {SECRET: SECRET}}], "format": "copy"}) == 400
    assert post(f"{address}/crosscite/articles/delete", {"id": SECRET}) == 400
    assert post(f"{address}/crosscite/ask", {"question": SECRET}, Origin=f"http://{SECRET}.example") == 403
    assert post(f"{address}/crosscite/{SECRET}", {"question": SECRET}) in (404, 405)
    assert post(f"{address}/crosscite/start?ui={SECRET}", {}) == 405
    request = urllib.request.Request(f"{address}/crosscite/start?ui={SECRET}", headers={"X-Test": SECRET, "X-Forwarded-For": "10.9.8.7"})
    with pytest.raises(urllib.error.HTTPError, match="500"):
        urllib.request.urlopen(request, timeout=60)
    time.sleep(0.2)


@pytest.mark.slow
def test_no_word_of_a_reader_reaches_the_servers_log_in_answers_errors_and_tracebacks():
    out, err = served(every_kind_of_request, text=False, failing=True)
    assert SECRET not in out + err and SECRET.lower() not in out + err
    rows = [json.loads(line) for line in err.splitlines()]
    events = [r["event"] for r in rows]
    assert events[0] == "serving" and events[-1] == "stopped"
    assert {"not_answered", "answer_failed", "malformed", "refused", "library"} <= set(events)
    failed = [r for r in rows if r["event"] in ("answer_failed", "library")]
    assert {r["error"] for r in failed} == {"RuntimeError"} and all("at" in r for r in failed)
    assert "10.9.8.7" not in err and "127.0.0.1" not in err and "4000" not in err


@pytest.mark.slow
def test_the_servers_log_tells_questions_when_it_is_asked_to():
    out, err = served(every_kind_of_request, text=True, failing=True)
    rows = [json.loads(line) for line in err.splitlines()]
    by_event = {r["event"]: r for r in rows}
    assert SECRET in by_event["answer_failed"]["question"] and SECRET in by_event["library"]["traceback"] and SECRET not in out


def test_what_a_model_says_of_its_failure_stays_out_of_the_log(tmp_path, chatbot, monkeypatch):
    class Failing:
        def write(self, question, hits, lang):
            raise AssertionError("not asked")

        def rewrite(self, question, history):
            raise GeneratorError(f"the model said {SECRET}")

    from rag.chatbot import Chatbot

    logs.start(str(tmp_path / "log"))
    bot = Chatbot(chatbot._index, Failing())
    bot._query("Und wie war es dort davor damit?", ["Wie viele KI-Firmen hat Peking?", "Wie viele Menschen leben in Wuhan?"])
    assert SECRET not in (tmp_path / "log").read_text()
