"""What a driver answers: JSON lines on stdin, a JSON line each on stdout, or one question from the command line.

A line is `{"do": NAME, ...}`; an answer holds `seconds` and what was asked for, or `error`. Needs the standard library
only, so that it runs in any environment.

    {"do": "build", "articles": DIR, "index": DIR}                      -> passages
    {"do": "update", "articles": DIR, "index": DIR, "changed": [NAME]}  -> passages
    {"do": "open", "index": DIR}
    {"do": "fill", "passages": JSONL, "vectors": NPY}                   -> passages
    {"do": "search", "questions": [...], "k": 5, "clients": 8, "limit": 60}
        -> times: seconds a question, texts: the hits' texts a question, for those begun within `limit` seconds
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

CHUNK = 1000  # characters, where a system leaves it to its user to cut texts


class System(Protocol):
    """A way to search a folder of .txt files, as its documentation shows it."""

    def build(self, articles: Path, index: Path) -> int:
        """Reads, cuts, encodes and saves; the number of passages."""

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        """As `build`, over the index of the state before; `changed` are the names of the files that are new."""

    def open(self, index: Path) -> None:
        """Makes a saved index ready to search."""

    def fill(self, passages: Path, vectors: Path) -> int:
        """An index in memory, ready to search, of passages whose vectors are known."""

    def search(self, question: str, k: int) -> list[str]:
        """The texts of the best `k`, best first."""


def serve(make: Callable[[str, str], System], arguments: list[str] | None = None) -> None:
    """Runs the system that `make(encoder, variant)` returns."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--encoder", required=True, help="a sentence-transformers folder, or `embedded`")
    parser.add_argument("--variant", choices=("default", "best"), default="default")
    parser.add_argument("--ask", nargs=2, metavar=("INDEX", "QUESTION"), help="print the best five and end")
    options = parser.parse_args(arguments)
    if options.ask:
        system = make(options.encoder, options.variant)
        system.open(Path(options.ask[0]))
        print("\n\n".join(system.search(options.ask[1], 5)))
        return
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # a library that prints does not get between the answers
    system, answer = _timed(lambda: (make(options.encoder, options.variant), {}))
    while True:
        answers.write(json.dumps(answer, ensure_ascii=False) + "\n")
        answers.flush()
        line = sys.stdin.readline()
        if not line or system is None:
            return
        order = json.loads(line)
        _, answer = _timed(lambda order=order: (None, _done(system, order)))


def _timed(work: Callable[[], tuple[Any, dict]]) -> tuple[Any, dict]:
    begun = time.perf_counter()
    try:
        made, answer = work()
    except Exception as error:  # whatever a library raises is this step's result
        traceback.print_exc()  # into the log
        return None, {"error": f"{type(error).__name__}: {error}"[:500]}
    return made, {"seconds": time.perf_counter() - begun, **answer}


def _done(system: System, order: dict[str, Any]) -> dict[str, Any]:
    do = order["do"]
    if do == "build":
        return {"passages": system.build(Path(order["articles"]), Path(order["index"]))}
    if do == "update":
        return {"passages": system.update(Path(order["articles"]), Path(order["index"]), order["changed"])}
    if do == "open":
        system.open(Path(order["index"]))
        return {}
    if do == "fill":
        return {"passages": system.fill(Path(order["passages"]), Path(order["vectors"]))}
    if do == "search":
        return _search(system, order["questions"], order["k"], order["clients"], order["limit"])
    raise ValueError(f"do is build, update, open, fill or search, got {do!r}")


def _search(system: System, questions: list[str], k: int, clients: int, limit: float) -> dict[str, Any]:
    begun = time.perf_counter()

    def ask(question: str) -> tuple[float, list[str]] | None:
        start = time.perf_counter()
        if start - begun > limit:
            return None
        texts = system.search(question, k)
        return time.perf_counter() - start, texts

    with ThreadPoolExecutor(clients) as pool:
        done = [row for row in pool.map(ask, questions) if row]
    return {"times": [seconds for seconds, _ in done], "texts": [texts for _, texts in done]}


def texts(articles: Path) -> Iterator[tuple[str, str]]:
    """(name, text) of each .txt file, by name."""
    for path in sorted(articles.glob("*.txt")):
        yield path.name, path.read_text(encoding="utf-8")


def chunks(text: str) -> list[str]:
    """Runs of whole lines of at most `CHUNK` characters (or one line)."""
    out: list[str] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if out and len(out[-1]) + len(line) < CHUNK:
            out[-1] += "\n" + line
        else:
            out.append(line)
    return out


def known(passages: Path, vectors: Path) -> tuple[list[str], Any]:
    """The texts of a JSONL file of {"text"} and the (n, dim) float32 rows beside it."""
    import numpy as np

    with open(passages, encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines], np.load(vectors, allow_pickle=False)
