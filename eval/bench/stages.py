"""Where our time goes: `python -m eval.bench.stages ARTICLES INDEX` builds an index, asks it, and prints JSON.

Functions of the package are timed where others call them; a stage's seconds leave out those of stages inside it.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

BUILD = (
    ("find and hash the files", "index.store:scan"),
    ("read, choose, detect", "index.store:read_file"),
    ("split", "index.splitter:split"),
    ("count tokens", "index.encoder_onnx:OnnxEmbedder.count_tokens"),
    ("find the same article twice", "index.twins:Fingerprints.add"),
    ("find the same article twice", "index.twins:Fingerprints.twins"),
    ("fold", "index.making:encoded_text"),
    ("tokenise and encode", "index.encoder_onnx:OnnxEmbedder.encode_passages"),
    ("write vectors", "index.dense:Dense.write"),
    ("BM25: terms", "index.making:terms"),
    ("BM25: postings", "index.lexical:Lexical.write"),
    ("words for late interaction", "index.wordtable:WordTable.write"),
    ("write articles and passages", "index.shelf:Writer.add"),
    ("hash, and wait for the disk", "index.files:seal"),
)
QUESTION = (
    ("detect, terms", "index.search:terms"),
    ("read the question", "index.search:Index.question"),
    ("tokenise and encode", "index.encoder_onnx:OnnxEmbedder.encode_queries"),
    ("dense", "index.dense:Dense.search_group"),
    ("cosines", "index.dense:Dense.cosines"),
    ("lexical", "index.lexical:Lexical.search_each"),
    ("late interaction", "index.coverage:Coverage.of"),
    ("duplicates", "index.duplicates:groups"),
    ("matched terms", "index.lexical:Lexical.matched"),
)
REST = "everything else"


class Clock:
    """Seconds of its own for each name; `running` ones inside another do not count for it."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._inner: list[float] = []
        self._thread = threading.get_ident()

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Counts the seconds of the block under `name`; those of other threads belong to who waits for them."""
        if threading.get_ident() != self._thread:
            yield
            return
        begun = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            taken = time.perf_counter() - begun
            inner = self._inner.pop()
            self.seconds[name] = self.seconds.get(name, 0.0) + taken - inner
            if self._inner:
                self._inner[-1] += taken


@contextmanager
def timed(clock: Clock, stage: str, where: str) -> Iterator[bool]:
    """Times `module:function` or `module:Class.method` while the block runs; yields whether there is one of that name."""
    module, _, dotted = where.partition(":")
    owner: Any = importlib.import_module(module)
    *classes, name = dotted.split(".")
    for inner in classes:
        owner = getattr(owner, inner, None)
    raw = vars(owner).get(name) if owner is not None else None
    if raw is None:
        yield False
        return
    function = raw.__func__ if isinstance(raw, classmethod) else raw

    @functools.wraps(function)
    def counted(*args, **kwargs):
        with clock.running(stage):
            return function(*args, **kwargs)

    setattr(owner, name, classmethod(counted) if isinstance(raw, classmethod) else counted)
    try:
        yield True
    finally:
        setattr(owner, name, raw)


def table(stages: tuple[tuple[str, str], ...], work) -> dict[str, float]:
    """Seconds of each stage while `work` runs, in order, and of the rest; what the package has no more is left out."""
    clock = Clock()
    with ExitStack() as stack:
        found = [stage for stage, where in stages if stack.enter_context(timed(clock, stage, where))]
        with clock.running(REST):
            work()
    return {stage: clock.seconds.get(stage, 0.0) for stage in (*found, REST)}


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m eval.bench.stages", description=__doc__.splitlines()[0])
    parser.add_argument("articles", type=Path)
    parser.add_argument("index", type=Path, help="a folder to build in; emptied before")
    parser.add_argument("--questions", type=int, default=60)
    options = parser.parse_args(arguments)
    from eval.bench.corpora import questions
    from index.embedder import load_embedder
    from index.store import build, open_index

    embedder = load_embedder()
    embedder.encode_passages(["The first text waits for the session."])
    shutil.rmtree(options.index, ignore_errors=True)
    built: list[Any] = []
    building = table(BUILD, lambda: built.append(build(options.articles, options.index, embedder)))
    opened = open_index(options.index, embedder)
    asked = [q.question for q in questions()][: 2 * options.questions]
    for question in asked[1::2]:
        opened.search(question)
    asking = table(QUESTION, lambda: [opened.search(question) for question in asked[::2]])
    print(json.dumps({
        "passages": built[0].passages, "build": building, "questions": len(asked[::2]), "question": asking,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
