"""What the page asks of the server: JSON in, JSON out, and lines of JSON where something grows."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from index.errors import UserError
from rag.messages import written_language
from rag.types import Answer
from ui.conversation import examples_html, kept_turn, turn_of
from ui.export import answer_markdown, as_json, as_markdown
from ui.feedback import Feedback
from ui.health import Health
from ui.library import FILES, MEGABYTES, Library
from ui.output import edition
from ui.places import article_or_none, locate
from ui.reader import reader_html
from ui.records import answer_of
from ui.render import escape
from ui.scores_tab import Scores
from ui.serving import asked_here, signed_in
from ui.sources import also_html, collection_html
from ui.texts import INTERFACES, date_name, say

AT_ONCE = 8  # answers written at the same time; further questions wait their turn
HISTORY = 20  # earlier questions that a follow-up question knows
MOST_PASSAGES = 50
MOST_KEPT = 500  # answers, or cited passages, shown at once
MOST_LISTED = 1000  # articles that the page lists; the others are found by asking
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Service:
    """What the page's addresses work on; without `feedback` nothing is rated, without `scores` nothing is measured."""

    library: Library
    feedback: Feedback | None = None
    scores: Scores | None = None
    changes: bool = False  # whether readers may add and delete articles and start runs
    only_here: bool = False  # whether changes may be asked for under a name of this computer only
    health: Health | None = None


class Api:
    """The endpoints of one running page."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self._turns = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[BaseRoute]:
        """Where each endpoint is reached."""
        posts: dict[str, Callable] = {
            "ask": self.ask, "turns": self.turns, "article": self.article, "export": self.export,
            "feedback": self.feedback, "articles/add": self.add, "articles/delete": self.delete,
            "scores/run": self.run_scores, "scores/show": self.show_scores,
        }
        return [
            Route("/healthz", self.health),
            Route("/crosscite/start", self.start),
            *(Route(f"/crosscite/{name}", _told(endpoint), methods=["POST"]) for name, endpoint in posts.items()),
            Mount("/crosscite/page", StaticFiles(directory=str(files("ui").joinpath("page")))),
        ]

    async def health(self, request: Request) -> Response:
        """Whether the page can answer, for whoever watches over it; strangers learn no more than that."""
        known = signed_in(request.scope["app"], request.headers.get("cookie", ""))
        if self.service.health is None:
            about = {"articles": len(self.service.library.plain().articles())} if known else {}
            return JSONResponse({"status": "ok", **about})
        status, said = await run_in_threadpool(self.service.health.report, known, asked_here(request.scope, dict(request.headers)))
        return JSONResponse(said, status)

    async def start(self, request: Request) -> Response:
        """What the page shows before any question: the collection, example questions, what can be chosen."""
        ui, library = _ui(request.query_params.get("ui")), self.service.library
        chatbot = library.plain()
        articles = [a for a in chatbot.articles() if not a.is_twin]
        questions = await run_in_threadpool(library.examples)
        listed = [
            {"id": a.id, "title": a.title or say(ui, "untitled"), "lang": a.lang, "publisher": a.publisher,
             "date": a.date, "day": date_name(a.date, ui) if a.date else None, "characters": len(a.text),
             "also": [{"id": other, "name": edition(chatbot.article(other), ui)} for other in a.also]}
            for a in articles[:MOST_LISTED]
        ]
        return JSONResponse({
            "articles": listed, "total": len(articles), "collection": collection_html(articles, ui), "examples": examples_html(questions, ui),
            "languages": sorted({a.lang for a in articles}), "models": list(library.models),
            "changes": self.service.changes and library.writable, "feedback": self.service.feedback is not None,
            "scores": self.service.scores is not None, "megabytes": MEGABYTES, "files": FILES, "endings": endings(),
        })

    async def ask(self, request: Request) -> Response:
        """Lines of `{"text"}` while an answer grows, then `{"turn"}`, or `{"error"}`."""
        asked = await _json(request)
        ui, number = _ui(asked.get("ui")), _number(asked.get("turn"), 0, 10_000, 0)
        question = str(asked.get("question", "")).encode("utf-8", "replace").decode("utf-8")
        chatbot = self.service.library.chatbot(asked.get("model"))
        answer_lang = asked.get("answer_lang")
        options = {
            "k": _number(asked.get("k"), 1, MOST_PASSAGES, 10),
            "answer_lang": written_language(answer_lang) if isinstance(answer_lang, str) and answer_lang else None,
            "source_langs": [lang for lang in asked.get("source_langs") or [] if isinstance(lang, str)],
            "history": [q for q in asked.get("history") or [] if isinstance(q, str) and q.strip()][-HISTORY:],
        }

        def answer() -> Iterator[dict[str, Any]]:
            try:
                for piece in chatbot.stream(question, **options):
                    if isinstance(piece, Answer):
                        yield {"turn": turn_of(piece, number, chatbot.article, ui)}
                    else:
                        yield {"text": piece}
            except UserError as error:
                log.warning("not_answered", extra={"fields": {"reason": type(error).__name__}, "texts": {"question": question, "message": str(error)}})
                yield {"error": str(error)}
            except Exception:
                log.exception("answer_failed", extra={"texts": {"question": question}})
                yield {"error": say(ui, "error")}

        return _lines(answer(), self._turns)

    async def turns(self, request: Request) -> Response:
        """`html` and `sources` of answers that the browser kept; null for what is no answer."""
        asked = await _json(request)
        ui, find = _ui(asked.get("ui")), self.service.library.plain().article

        def shown(kept: dict[str, Any]) -> dict[str, Any] | None:
            try:
                return kept_turn(kept["record"], _number(kept.get("turn"), 0, 10_000, 0), find, ui)
            except (UserError, KeyError, TypeError):
                return None

        return JSONResponse(await run_in_threadpool(lambda: {"turns": [shown(t) for t in (asked.get("turns") or [])[:MOST_KEPT]]}))

    async def article(self, request: Request) -> Response:
        """A whole article, the `cited` passages marked (`[start, end, hash]`), open at `start`/`end` if given."""
        asked = await _json(request)
        ui, article_id = _ui(asked.get("ui")), str(asked.get("id"))
        find = self.service.library.plain().article
        article = article_or_none(find, article_id)
        if article is None:
            note = f'<p class="cc-state" role="note">{escape(say(ui, "gone"))}</p>'
            return JSONResponse({"id": article_id, "state": "gone", "html": note, "title": article_id})

        def page() -> dict[str, Any]:
            places = [locate(article, int(s), int(e), str(h)) for s, e, h in (asked.get("cited") or [])[:MOST_KEPT]]
            cited = [place.span for place in places if place.span]
            at = None
            if asked.get("start") is not None:
                at = locate(article, int(asked["start"]), int(asked["end"]), str(asked.get("hash") or ""))
            return {
                "id": article.id, "title": article.title, "lang": article.lang, "state": at.state if at else "same",
                "html": reader_html(article, cited, at, ui, also_html(article, find, ui)),
            }

        return JSONResponse(await run_in_threadpool(page))

    async def export(self, request: Request) -> Response:
        """A conversation (or with `format` `copy` one answer) as text."""
        asked = await _json(request)
        ui, turns, address = _ui(asked.get("ui")), asked.get("turns") or [], str(asked.get("address", ""))
        title = str(asked.get("title", ""))
        if asked.get("format") == "json":
            return JSONResponse({"text": as_json(title, turns, address)})
        if asked.get("format") == "copy":
            record = turns[0]["record"]
            return JSONResponse({"text": answer_markdown(answer_of(record), record, address, ui)})
        return JSONResponse({"text": as_markdown(title, turns, address, ui)})

    async def feedback(self, request: Request) -> Response:
        """Keeps, changes or takes back a rating."""
        asked = await _json(request)
        if self.service.feedback is None:
            raise UserError(say(_ui(asked.get("ui")), "fixed"))
        rating, comment = asked.get("rating"), str(asked.get("comment") or "")
        await run_in_threadpool(self.service.feedback.save, asked["record"], rating, comment)
        return JSONResponse({"kept": rating})

    async def add(self, request: Request) -> Response:
        """Lines of events while articles are added; files come as `{"name", "base64"}`, pasted texts with `"text"`."""
        asked = await _json(request)
        self._may_change(asked)
        got = [(str(f["name"]), _content(f)) for f in asked.get("files") or []]
        return _lines(self.service.library.add(got, _ui(asked.get("ui"))))

    async def delete(self, request: Request) -> Response:
        """Lines of events while an article is deleted."""
        asked = await _json(request)
        self._may_change(asked)
        return _lines(self.service.library.delete(str(asked["id"]), _ui(asked.get("ui"))))

    async def run_scores(self, request: Request) -> Response:
        """Lines of `{"done", "total"}` while the development questions are asked, then `{"run"}`."""
        asked = await _json(request)
        self._may_change(asked, "scores")
        return _lines(self.service.scores.run(self.service.library.plain(), _ui(asked.get("ui"))))

    async def show_scores(self, request: Request) -> Response:
        """The saved runs, and the plots of one of them, beside another if `against` names it."""
        asked = await _json(request)
        if self.service.scores is None:
            return JSONResponse({"runs": [], "html": ""})
        shown = self.service.scores.show
        ui = _ui(asked.get("ui"))
        return JSONResponse(await run_in_threadpool(shown, asked.get("run"), asked.get("against"), ui))

    def _may_change(self, asked: dict[str, Any], what: str = "library") -> None:
        if not self.service.changes or (what == "scores" and self.service.scores is None):
            raise UserError(say(_ui(asked.get("ui")), "fixed"))


def endings() -> list[str]:
    """The endings of files that can be added."""
    from index.formats import READERS

    return list(READERS)


def _told(endpoint: Callable) -> Callable:
    """The endpoint, whose UserErrors become `{"error"}` with status 400, and malformed requests too."""

    async def told(request: Request) -> Response:
        try:
            return await endpoint(request)
        except UserError as error:
            return JSONResponse({"error": str(error)}, 400)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            name = request.url.path.removeprefix("/crosscite/").replace("/", ".")
            log.info("malformed", extra={"fields": {"endpoint": name, "reason": type(error).__name__}, "texts": {"message": str(error)}})
            return JSONResponse({"error": "malformed request"}, 400)

    return told


async def _json(request: Request) -> dict[str, Any]:
    asked = json.loads(await request.body())
    if not isinstance(asked, dict):
        raise ValueError(f"expected an object, got {type(asked).__name__}")
    return asked


def _lines(rows: Iterator[dict[str, Any]], turns: asyncio.Semaphore | None = None) -> StreamingResponse:
    """`rows` as lines of JSON, each sent when it is there; not compressed, for that would hold them back.

    If the reader goes away, `rows` is closed.
    """

    async def lines() -> AsyncIterator[bytes]:
        try:
            if turns:
                await turns.acquire()
            try:
                async for row in iterate_in_threadpool(rows):
                    yield json.dumps(row).encode() + b"\n"
            finally:
                if turns:
                    turns.release()
        finally:
            if hasattr(rows, "close"):
                rows.close()

    headers = {"Content-Encoding": "identity", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(lines(), media_type="application/x-ndjson", headers=headers)


def _content(file: dict[str, Any]) -> bytes:
    if "text" in file:
        return str(file["text"]).encode("utf-8", "replace")
    try:
        return base64.b64decode(file["base64"], validate=True)
    except binascii.Error as error:
        raise ValueError("the file is not base64") from error


def _ui(tag: Any) -> str:
    return tag if tag in INTERFACES else "en"


def _number(value: Any, low: int, high: int, default: int) -> int:
    return min(high, max(low, value)) if type(value) is int else default

