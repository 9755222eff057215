"""A system for the benchmark's own tests: texts ranked by the characters they share with the question.

The encoder's name tells what goes wrong: `broken` cannot start, `slow` sleeps while building, `fragile` dies.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from eval.bench.drivers.protocol import chunks, known, serve, texts


class Letters:
    """Needs nothing but the standard library."""

    def __init__(self, encoder: str, variant: str) -> None:
        if encoder == "broken":
            raise RuntimeError("no such encoder")
        self._encoder = encoder

    def build(self, articles: Path, index: Path) -> int:
        print("a library that prints")
        if self._encoder == "slow":
            time.sleep(60)
        if self._encoder == "fragile":
            os._exit(3)
        told = [chunk for _, text in texts(articles) for chunk in chunks(text)]
        index.mkdir(parents=True, exist_ok=True)
        (index / "texts.json").write_text(json.dumps(told), encoding="utf-8")
        return len(told)

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        return self.build(articles, index)

    def open(self, index: Path) -> None:
        self._texts = json.loads((index / "texts.json").read_text(encoding="utf-8"))

    def fill(self, passages: Path, vectors: Path) -> int:
        self._texts, _ = known(passages, vectors)
        return len(self._texts)

    def search(self, question: str, k: int) -> list[str]:
        return sorted(self._texts, key=lambda text: -len(set(question) & set(text)))[:k]


if __name__ == "__main__":
    serve(Letters)
