"""rank_bm25: BM25Okapi over words alone, as its readme has it; texts are cut at lines, 1000 characters.

`best` has words that know Han. It saves nothing, so its texts are kept and indexed anew when they are opened.
"""

from __future__ import annotations

import json
from pathlib import Path

from eval.bench.drivers.protocol import chunks, known, serve, texts
from eval.bench.drivers.words import words


class RankBM25:
    """`BM25Okapi`, `get_top_n`."""

    def __init__(self, encoder: str, variant: str) -> None:
        self._words = words if variant == "best" else str.split

    def build(self, articles: Path, index: Path) -> int:
        told = [chunk for _, text in texts(articles) for chunk in chunks(text)]
        self._index(told)
        index.mkdir(parents=True, exist_ok=True)
        (index / "texts.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        return len(told)

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        return self.build(articles, index)

    def open(self, index: Path) -> None:
        self._index(json.loads((index / "texts.json").read_text(encoding="utf-8")))

    def fill(self, passages: Path, vectors: Path) -> int:
        told, _ = known(passages, vectors)
        self._index(told)
        return len(told)

    def search(self, question: str, k: int) -> list[str]:
        return self._bm25.get_top_n(self._words(question), self._texts, n=k)

    def _index(self, told: list[str]) -> None:
        from rank_bm25 import BM25Okapi

        self._texts = told
        self._bm25 = BM25Okapi([self._words(text) for text in told])


if __name__ == "__main__":
    serve(RankBM25)
