"""CrossCite through its own functions."""

from __future__ import annotations

from pathlib import Path

from eval.bench.drivers.protocol import serve


class Ours:
    """`index.store`, with the embedded encoder."""

    def __init__(self, encoder: str, variant: str) -> None:
        from index.embedder import load_embedder

        self._embedder = load_embedder(None if encoder == "embedded" else encoder)

    def build(self, articles: Path, index: Path) -> int:
        from index.store import build

        return build(articles, index, self._embedder).passages

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        """A build finds out itself what changed."""
        return self.build(articles, index)

    def open(self, index: Path) -> None:
        from index.store import open_index

        self._index = open_index(index, self._embedder)

    def fill(self, passages: Path, vectors: Path) -> int:
        raise ValueError("an index of ours is built, not filled")

    def search(self, question: str, k: int) -> list[str]:
        return [hit.passage.text for hit in self._index.search(question, k)]


if __name__ == "__main__":
    serve(Ours)
