"""The chatbots over the index as it is now, and the folder of articles behind it: add, delete, build, swap."""

from __future__ import annotations

import logging
import os
import queue
import re
import shutil
import threading
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from index.errors import UserError
from ui import logs
from ui.conversation import examples
from ui.texts import say

if TYPE_CHECKING:
    from index.types import Embedder
    from rag.chatbot import Chatbot

MEGABYTES = 10  # the largest file that is taken
FILES = 20  # the most files at once
REMOVED = ".removed"  # where deleted files go, inside the articles' folder; hidden folders are not indexed
LONGEST_NAME = 100
Event = dict[str, Any]
log = logging.getLogger(__name__)


class Library:
    """Answers come from `chatbot(model)`; `add` and `delete` change the articles, and whoever asks meanwhile is
    answered from the index as it was. Safe to share between threads."""

    def __init__(
        self, chatbots: dict[str, Chatbot], *, reopen: Callable[[], dict[str, Chatbot]] | None = None,
        seeds: Path | None = None, index: Path | None = None, embedder: Embedder | None = None,
    ) -> None:
        """`chatbots` by the name of the model that writes, "" for none; the first is the default. `reopen` opens them on
        the index as it is then.

        Without `seeds`, `index`, `embedder` and `reopen` the collection is fixed.
        """
        self._chatbots = chatbots
        self._reopen = reopen
        self._seeds, self._index, self._embedder = seeds, index, embedder
        self._changing = threading.Lock()
        self._examples: dict[int, tuple[tuple[str, str], ...]] = {}
        self._examining = threading.Lock()

    @property
    def writable(self) -> bool:
        """Whether articles can be added and deleted."""
        return self._reopen is not None

    @property
    def models(self) -> tuple[str, ...]:
        """The names of the models that may write, the default first; "" is no model."""
        return tuple(self._chatbots)

    def chatbot(self, model: str | None = None) -> Chatbot:
        """The chatbot in which `model` writes; the default for None and for a model that is not there."""
        chatbots = self._chatbots
        return chatbots.get(model, next(iter(chatbots.values()))) if model is not None else next(iter(chatbots.values()))

    def plain(self) -> Chatbot:
        """The chatbot in which no model writes, if there is one."""
        return self.chatbot("")

    def examples(self) -> tuple[tuple[str, str], ...]:
        """Questions that the index as it is now answers; found out once per index."""
        chatbot = self.plain()
        with self._examining:
            if id(chatbot) not in self._examples:
                self._examples = {id(chatbot): examples(chatbot)}
            return self._examples[id(chatbot)]

    def warm(self) -> None:
        """Loads what the first question would wait for, and finds the example questions."""
        self.plain().warm()
        self.examples()

    def add(self, files: Sequence[tuple[str, bytes]], ui: str = "en") -> Iterator[Event]:
        """Adds files to the articles and the index; yields what happens, per file and stage, until it is ready.

        An event has `stage`, `text` for people, and where it concerns a file `file`, the
        name it is kept under, and `given`, the one it came with. A file that cannot be read is named
        with the reason and not kept; the others go on. UserError if nothing can be added here, or a change is under way.
        """
        return self._run(lambda tell: self._add(files, ui, tell), ui)

    def delete(self, article_id: str, ui: str = "en") -> Iterator[Event]:
        """Takes the file of an article out of the index; it is moved to `.removed` beside the others. As `add`."""
        return self._run(lambda tell: self._delete(article_id, ui, tell), ui)

    def _run(self, work: Callable[[Callable[[Event], None]], None], ui: str) -> Iterator[Event]:
        if not self.writable:
            raise UserError(say(ui, "fixed"))
        if not self._changing.acquire(blocking=False):
            raise UserError(say(ui, "busy"))
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()

        def change() -> None:
            try:
                work(events.put)
            except (UserError, OSError) as error:
                log.warning("not_changed", extra={"fields": {"reason": type(error).__name__}, "texts": {"message": str(error)}})
                events.put({"stage": "failed", "text": say(ui, "stage_failed", reason=str(error))})
            except Exception:
                log.exception("change_failed")
                events.put({"stage": "failed", "text": say(ui, "error")})
            finally:
                self._changing.release()
                events.put(None)

        # Not a daemon: a change that has begun ends, also when the page that asked for it is closed.
        threading.Thread(target=change, name="library").start()
        return iter(events.get, None)

    def _add(self, files: Sequence[tuple[str, bytes]], ui: str, tell: Callable[[Event], None]) -> None:
        from index.formats import READERS

        given = {safe_name(name): name for name, _ in files}

        def told(name: str, stage: str, text: str) -> None:
            tell({"file": name, "given": given[name], "stage": stage, "text": text})

        def failed(name: str, reason: str) -> None:
            told(name, "failed", say(ui, "stage_failed", reason=reason))

        taken: dict[str, Path] = {}
        for number, (sent, data) in enumerate(files):
            name = safe_name(sent)
            path = self._seeds / name
            if number >= FILES:
                failed(name, say(ui, "file_many", n=FILES))
            elif path.suffix.lower() not in READERS:
                failed(name, say(ui, "file_type", endings=", ".join(READERS)))
            elif len(data) > MEGABYTES << 20:
                failed(name, say(ui, "file_size", size=len(data) / (1 << 20), limit=MEGABYTES))
            elif path.exists() or any(path.stem == other.stem for other in self._seeds.iterdir()):
                failed(name, say(ui, "file_exists"))
            else:
                write_whole(path, data)
                taken[name] = path
                told(name, "received", say(ui, "stage_received"))
        if not taken:
            return
        try:
            problems = self._rebuild(ui, tell)
        except BaseException:
            for path in taken.values():
                path.unlink(missing_ok=True)
            raise
        known = {article.id for article in self.plain().articles()}
        for name, path in taken.items():
            stem = name.removesuffix(path.suffix)
            if not any(i == stem or i.startswith(stem + "/") for i in known):
                failed(name, problems.get(name, say(ui, "gone")))
                path.unlink(missing_ok=True)
            else:
                told(name, "ready", say(ui, "stage_ready"))

    def _delete(self, article_id: str, ui: str, tell: Callable[[Event], None]) -> None:
        from index.articles import scan

        files, _ = scan(self._seeds)
        file = next((f for f in files if article_id == f.id or article_id.startswith(f"{f.id}/")), None)
        if file is None:
            raise UserError(say(ui, "gone"))
        if len(files) == 1:
            raise UserError(say(ui, "last_article"))
        bin_ = self._seeds / REMOVED
        bin_.mkdir(exist_ok=True)
        target = bin_ / file.path.name
        while target.exists():
            target = target.with_stem(target.stem + "_")
        shutil.move(file.path, target)
        try:
            self._rebuild(ui, tell)
        except BaseException:
            shutil.move(target, file.path)
            raise
        tell({"file": file.name, "stage": "ready", "text": say(ui, "deleted", folder=str(bin_))})

    def _rebuild(self, ui: str, tell: Callable[[Event], None]) -> dict[str, str]:
        """Builds and swaps; the problems by file name."""
        from index.store import build

        def progress(done: int, total: int) -> None:
            tell({"stage": "encode", "done": done, "total": total,
                  "text": say(ui, "stage_encode", done=done, total=total)})

        with logs.timed(log, "built") as happened:
            built = build(self._seeds, self._index, self._embedder, progress)
            happened |= logs.counts(built)
        tell({"stage": "open", "text": say(ui, "stage_open")})
        chatbots = self._reopen()
        chatbots[""].warm()
        self._chatbots = chatbots
        return {problem.name: problem.message for problem in built.problems}


def holds(seeds: Path, article_ids: Iterable[str]) -> bool:
    """Whether each of the articles has its file in `seeds`: only then may the index be built from there again."""
    files = {p.relative_to(seeds).with_suffix("").as_posix() for p in seeds.rglob("*") if p.is_file()}

    def has_file(article_id: str) -> bool:
        parts = article_id.split("/")
        return any("/".join(parts[:n]) in files for n in range(1, len(parts) + 1))

    return all(map(has_file, article_ids))


def safe_name(name: str) -> str:
    """The file name to keep an upload under: no folder, no control, format (bidi) or path characters, not hidden."""
    name = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    name = "".join(c if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*/' else "_" for c in name)
    name = re.sub(r"\s+", " ", name).strip(" .")
    path = PurePosixPath(name or "article.txt")
    stem = path.stem
    while len(f"{stem}{path.suffix}".encode()) > LONGEST_NAME * 2 or len(stem) > LONGEST_NAME:
        stem = stem[:-1]
    return f"{stem.strip() or 'article'}{path.suffix[:10]}"


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file that is there whole or not at all. OSError if it cannot be written."""
    beside = path.with_name(f".{path.name}.{os.getpid()}"[:120])
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
