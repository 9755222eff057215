"""txtai: Embeddings with hybrid search and content, as its introduction has them; texts are cut at lines, 1000 characters.

`best` searches exactly and encodes in larger batches.
"""

from __future__ import annotations

from pathlib import Path

from eval.bench.drivers.protocol import chunks, known, serve, texts


class Txtai:
    """`index`, `upsert`, `save`, `load`; vectors known before go in through its external vectorisation."""

    def __init__(self, encoder: str, variant: str) -> None:
        from txtai import Embeddings

        # Its own pooling would read the transformer in the folder alone; all modules are read by sentence-transformers.
        self._options = {"path": encoder, "method": "sentence-transformers", "hybrid": True, "content": True}
        if variant == "best":
            self._options |= {"faiss": {"components": "IDMap,Flat"}, "encodebatch": 64}
        self._embeddings = Embeddings(**self._options)

    def build(self, articles: Path, index: Path) -> int:
        self._embeddings.index(self._rows(articles, None))
        self._embeddings.save(str(index))
        return self._embeddings.count()

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        self._embeddings.load(str(index))
        held = self._embeddings.search(f"select id from txtai limit {self._embeddings.count()}")
        self._embeddings.delete([row["id"] for row in held if row["id"].rsplit(":", 1)[0] in set(changed)])
        self._embeddings.upsert(self._rows(articles, set(changed)))
        self._embeddings.save(str(index))
        return self._embeddings.count()

    def open(self, index: Path) -> None:
        self._embeddings.load(str(index))

    def fill(self, passages: Path, vectors: Path) -> int:
        import numpy as np
        from txtai import Embeddings

        told, rows = known(passages, vectors)
        row_of = {text: row for row, text in enumerate(told)}
        model = self._embeddings.model or self._embeddings.loadvectors()

        def vectors_of(batch: list[str]):
            if all(text in row_of for text in batch):
                return rows[[row_of[text] for text in batch]]
            return np.asarray(model.encode(batch), dtype=np.float32)

        own = {k: v for k, v in self._options.items() if k not in ("path", "method")}
        self._embeddings = Embeddings(method="external", transform=vectors_of, **own)
        self._embeddings.index((str(i), text, None) for i, text in enumerate(told))
        return self._embeddings.count()

    def search(self, question: str, k: int) -> list[str]:
        return [row["text"] for row in self._embeddings.search(question, k)]

    def _rows(self, articles: Path, only: set[str] | None):
        for name, text in texts(articles):
            if only is None or name in only:
                for number, chunk in enumerate(chunks(text)):
                    yield f"{name}:{number}", chunk, None


if __name__ == "__main__":
    serve(Txtai)
