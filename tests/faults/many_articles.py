"""Times builds of a large folder: `python tests/faults/many_articles.py FOLDER [--articles N]`.

The articles are short texts in four languages, made here; the encoder is a stand-in that needs no time, so that what
is timed is all but the encoding. Prints seconds as JSON: the first build, a build when nothing has changed (the
re-check), one when one article has, and opening the index.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import ConceptEmbedder

from index.store import build, open_index

PLACES = "Altmünde Bergen Cham Dorsten Ebern Fulda Gotha Halle Ilmenau Jena".split()
TEXTS = (
    "Harbour report {i}\n\nThe harbour of {p} had {n} ships in {y}. A bridge was opened there, and {m} people came to see it.\n",
    "Hafenbericht {i}\n\nIm Hafen von {p} lagen {y} genau {n} Schiffe. Die Brücke wurde eröffnet, und {m} Menschen kamen, um sie zu sehen.\n",
    "港口报告{i}\n\n{y}年{p}港有{n}艘船。当年桥梁开放,{m}人前来参观。市政府计划明年扩建港口。\n",
    "港口報告{i}\n\n{y}年{p}港有{n}艘船。當年橋樑開放,{m}人前來參觀。市政府計劃明年擴建港口。\n",
)


class Quick(ConceptEmbedder):
    """The axis of a text is its hash: nothing is encoded, and no late interaction is possible."""

    def _encode(self, texts):
        rows = np.zeros((len(texts), self.dim), np.float32)
        rows[np.arange(len(texts)), [zlib.crc32(t.encode()) % self.dim for t in texts]] = 1
        return rows


def write(folder: Path, number: int) -> None:
    """Article `number`, in a folder of a hundred."""
    values = {"i": number, "p": PLACES[number % 10], "n": 7 + number * 13 % 997, "y": 1900 + number % 120, "m": number * 31 % 90_000}
    path = folder / f"{number // 100:03d}" / f"{number:05d}.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXTS[number % 4].format(**values), encoding="utf-8")


def timed(work: Callable[[], object]) -> tuple[object, float]:
    begin = time.perf_counter()
    done = work()
    return done, round(time.perf_counter() - begin, 2)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--articles", type=int, default=10_000)
    args = parser.parse_args()
    seeds, folder = args.folder / "seeds", args.folder / "index"
    for number in range(args.articles):
        write(seeds, number)
    first, building = timed(lambda: build(seeds, folder, Quick()))
    again, checking = timed(lambda: build(seeds, folder, Quick()))
    write(seeds, args.articles)
    one, adding = timed(lambda: build(seeds, folder, Quick()))
    index, opening = timed(lambda: open_index(folder, Quick()))
    if (len(first.added), again.rebuilt, len(one.added), len(index.articles)) != (args.articles, False, 1, args.articles + 1):
        raise RuntimeError(f"built {len(first.added)}, then {again}, then {len(one.added)}")
    print(json.dumps({"articles": args.articles, "passages": first.passages, "build": building, "recheck": checking, "add": adding, "open": opening}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
