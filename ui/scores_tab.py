"""Saved runs of the evaluation as reports in the page, two of them compared, and a run started from the page."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import UserError
from ui.texts import say

if TYPE_CHECKING:
    from rag.chatbot import Chatbot
    from rag.types import Answer

SPLIT = "dev"  # the questions one may try on; the held-out ones are not asked from a page
log = logging.getLogger(__name__)


class Scores:
    """The runs saved in `folder`, of the index in `index`; safe to share between threads."""

    def __init__(self, folder: Path, index: Path, encoder: str) -> None:
        self.folder, self.index, self.encoder = folder, index, encoder
        self._running = threading.Lock()

    def runs(self) -> list[Path]:
        """The saved runs, newest first."""
        return sorted(self.folder.glob("*.jsonl"), key=lambda p: (p.stat().st_mtime, p.name), reverse=True)

    def show(self, run: str | None, against: str | None, ui: str) -> dict[str, Any]:
        """The names of the runs, which of them are shown, and their report as a whole HTML page.

        Without `run` the newest one is shown. UserError if a file is not a run, or two do not compare.
        """
        by_name = {path.stem: path for path in self.runs() if not path.stem.startswith(".")}
        name = run if run in by_name else next(iter(by_name), None)
        other = against if against in by_name and against != name else None
        html = ""
        if name and other:
            html = _comparison(*_dated(by_name[other]), *_dated(by_name[name]))
        elif name:
            html = _report(*_dated(by_name[name]))
        return {"runs": [[n, n] for n in by_name], "run": name, "against": other, "html": html}

    def run(self, chatbot: Chatbot, ui: str) -> Iterator[dict[str, Any]]:
        """Asks the development questions and saves the run; yields `{"done", "total"}`, then `{"run": name}`.

        UserError if a run is under way. A run whose page is closed goes on to its end.
        """
        if not self._running.acquire(blocking=False):
            raise UserError(say(ui, "busy"))
        events: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

        def work() -> None:
            try:
                events.put({"run": self._score(chatbot, events)})
            except UserError as error:
                events.put({"error": str(error)})
            except Exception:
                log.exception("run_failed")
                events.put({"error": say(ui, "error")})
            finally:
                self._running.release()
                events.put(None)

        threading.Thread(target=work, name="scores", daemon=True).start()
        return iter(events.get, None)

    def _score(self, chatbot: Chatbot, events: queue.SimpleQueue) -> str:
        from eval.dataset import load, shipped
        from eval.provenance import provenance
        from eval.report import score
        from eval.saved import save

        questions = load(shipped(SPLIT), chatbot.articles())
        origin = provenance(SPLIT, questions, self.index, self.encoder, {"llm": None})
        done = 0

        def ask(question: str) -> Answer:
            nonlocal done
            *_, answer = chatbot.stream(question)
            done += 1
            events.put({"done": done, "total": len(questions)})
            return answer

        report = score(ask, questions, chatbot.articles(), False, origin)
        name = f"{SPLIT}-{origin.time.replace(':', '').replace('+0000', 'Z')}"
        while (self.folder / f"{name}.jsonl").exists():
            name += "-again"
        save(report, self.folder / f"{name}.jsonl")
        return name


def _dated(path: Path) -> tuple[Path, float]:
    return path, path.stat().st_mtime


@lru_cache(maxsize=8)
def _report(path: Path, changed: float) -> str:
    from eval.report_html import page
    from eval.saved import load_run

    return page(load_run(path))


@lru_cache(maxsize=8)
def _comparison(a: Path, a_changed: float, b: Path, b_changed: float) -> str:
    from eval.compare import compare
    from eval.report_compare import page
    from eval.saved import load_run

    return page(compare(load_run(a), load_run(b), (a.stem, b.stem)))
