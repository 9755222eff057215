"""What happens, as lines of JSON: counts, times and codes; texts of the reader and of the articles only if asked for.

Modules log an event (`log.info("answered", extra={"fields": {...}, "texts": {...}})`). Of `fields` the known ones are
written, numbers and short codes; `texts`, messages of exceptions and whatever other libraries say only with
`--log-text`, for a question, a title or a path may stand in them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index.errors import UserError

if TYPE_CHECKING:
    from index.store import Built

FIELDS = (
    "seconds", "lang", "answer_lang", "found", "reason", "confidence", "hits", "citations", "dropped", "turns", "model", "stages",
    "articles", "passages", "added", "changed", "removed", "left_out", "rebuilt", "status", "endpoint",
)
SIZE, KEPT = 10 << 20, 5  # bytes of a log file before it is put aside, and how many are kept
_OURS = ("index", "rag", "eval", "ui")
_CODE = re.compile(r"[\w.:+-]{1,40}", re.ASCII)
_ROOT = Path(__file__).resolve().parents[1]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command."""
    parser.add_argument("--log", metavar="FILE", help="write what happens to FILE as lines of JSON, - for stderr")
    parser.add_argument("--log-text", action="store_true", help="write questions, answers and error messages there too")


def start(to: str | None, text: bool = False, level: int = logging.INFO) -> None:
    """Logs everything from `level` on to the file `to`, which is put aside when it is full; to stderr for - and None.

    UserError if the file cannot be written.
    """
    logging.raiseExceptions = False  # a log that cannot be written does not print what it could not write
    try:
        handler = (
            logging.StreamHandler(sys.stderr) if to in (None, "-")
            else RotatingFileHandler(to, maxBytes=SIZE, backupCount=KEPT, encoding="utf-8")
        )  # fmt: skip
    except OSError as error:
        raise UserError(f"cannot write the log to {to} ({error.strerror}); name another file with --log") from error
    handler.setFormatter(JsonLines(text))
    handler.addFilter(lambda record: _ours(record) or record.levelno >= logging.WARNING)
    root = logging.getLogger()
    for other in root.handlers[:]:
        if isinstance(other.formatter, JsonLines):
            root.removeHandler(other)
            other.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in _OURS:
        logging.getLogger(name).setLevel(level)


def take_over_the_servers() -> None:
    """Lets the web server's own loggers, which print tracebacks and addresses, write as all others; once it runs."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate, logger.level = True, logging.WARNING


@contextlib.contextmanager
def timed(log: logging.Logger, event: str) -> Iterator[dict[str, object]]:
    """Logs `event` with its seconds and the fields put into the dictionary; nothing if what is done fails."""
    fields: dict[str, object] = {}
    begin = time.perf_counter()
    yield fields
    log.info(event, extra={"fields": {**fields, "seconds": time.perf_counter() - begin}})


def counts(built: Built) -> dict[str, object]:
    """What a build did, in numbers."""
    done = {name: len(getattr(built, name)) for name in ("added", "changed", "removed")}
    articles = len(built.added) + len(built.changed) + len(built.unchanged)
    return {**done, "left_out": len(built.problems), "articles": articles, "passages": built.passages, "rebuilt": built.rebuilt}


class JsonLines(logging.Formatter):
    """A record as one line of JSON, in ASCII."""

    def __init__(self, text: bool = False) -> None:
        super().__init__()
        self._text = text

    def format(self, record: logging.LogRecord) -> str:
        ours = _ours(record)
        row: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": _code(record.msg) if ours else "library",
            "from": record.name,
        }
        given = getattr(record, "fields", {})
        row |= {name: _plain(given[name]) for name in FIELDS if name in given}
        if record.exc_info and record.exc_info[1]:
            row |= _failure(record.exc_info[1])
        if self._text:
            row |= {str(name): value for name, value in getattr(record, "texts", {}).items()}
            row |= {} if ours else {"message": record.getMessage()}
            if record.exc_info:
                row["traceback"] = self.formatException(record.exc_info)
        return json.dumps(row, default=str)


def _ours(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in _OURS


def _failure(error: BaseException) -> dict[str, Any]:
    """The kind of an exception and the places it came through, without a word it says."""
    frames = traceback.extract_tb(error.__traceback__)
    return {"error": type(error).__name__, "at": [f"{_short(f.filename)}:{f.lineno} {f.name}" for f in frames[-8:]]}


def _short(filename: str) -> str:
    path = Path(filename)
    return path.relative_to(_ROOT).as_posix() if path.is_relative_to(_ROOT) else path.name


def _plain(value: object) -> object:
    """A number rounded, a code as it is, a table of these; "other" for what may be a text."""
    if isinstance(value, dict):
        return {_code(k): _plain(v) for k, v in value.items()}
    if isinstance(value, float):
        return round(value, 4)
    return value if value is None or isinstance(value, bool | int) else _code(value)


def _code(value: object) -> str:
    text = str(value)
    return text if _CODE.fullmatch(text) else "other"
