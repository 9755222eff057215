"""Reads an index in many processes while builds swap it: `python tests/faults/readers.py FOLDER [--readers N] [--swaps N]`.

Each reader opens the index again and again and asks all questions of what it opened; one reader in three keeps the
first index it opened open as well and asks that too. All answers from one opening must be those of one and the same
build. Prints counts as JSON; ends with 1 if a reader was told anything else, failed or died.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from pathlib import Path

from common import ConceptEmbedder, answers, told, write_folder

from index.store import build, open_index
from rag.chatbot import Chatbot


def read(folder: Path, wanted: list, keeps: bool, ended, results) -> None:
    """Reads until `ended` is set; puts (openings, builds seen, answers of none, what was raised)."""
    seen, wrong, openings, failure = set(), 0, 0, ""
    kept = Chatbot(open_index(folder, ConceptEmbedder())) if keeps else None
    first = told(kept) if kept else None
    try:
        while not ended.is_set():
            now = answers(folder)
            openings += 1
            seen |= {i for i, answer in enumerate(wanted) if answer == now}
            wrong += now not in wanted
            wrong += bool(kept) and told(kept) != first
    except Exception as error:
        failure = repr(error)
    results.put((openings, sorted(seen), wrong, failure))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--readers", type=int, default=6)
    parser.add_argument("--swaps", type=int, default=60)
    args = parser.parse_args()
    seeds = [write_folder(args.folder / f"seeds{i}", 40 * (i + 1)) for i in range(3)]
    wanted = []
    for i, folder in enumerate(seeds):
        build(folder, args.folder / f"one{i}", ConceptEmbedder())
        wanted.append(answers(args.folder / f"one{i}"))
    folder = args.folder / "index"
    build(seeds[0], folder, ConceptEmbedder())
    context = multiprocessing.get_context("fork")
    ended, results = context.Event(), context.Queue()
    readers = [context.Process(target=read, args=(folder, wanted, i % 3 == 0, ended, results)) for i in range(args.readers)]
    for reader in readers:
        reader.start()
    swaps, until = 0, time.monotonic() + 300
    while swaps < args.swaps and time.monotonic() < until:
        swaps += build(seeds[(swaps + 1) % 3], folder, ConceptEmbedder()).rebuilt
    ended.set()
    told_by = [results.get(timeout=120) for _ in readers]
    for reader in readers:
        reader.join(60)
    failures = [failure for *_, failure in told_by if failure] + [f"exit {r.exitcode}" for r in readers if r.exitcode]
    for failure in failures:
        print(failure, file=sys.stderr)
    seen = {
        "readers": len(readers), "swaps": swaps, "openings": sum(n for n, *_ in told_by),
        "builds_seen": len({i for _, seen, *_ in told_by for i in seen}), "wrong": sum(w for _, _, w, _ in told_by), "failures": len(failures),
    }
    print(json.dumps(seen))
    return 1 if seen["wrong"] or failures or swaps < args.swaps else 0


if __name__ == "__main__":
    sys.exit(main())
