"""Haystack: its pipelines for indexing and for hybrid retrieval, over the in-memory store, as its tutorial has them.

`best` cuts by characters instead of spaces (Chinese has none), encodes in larger batches and joins by reciprocal rank.
"""

from __future__ import annotations

from pathlib import Path

from eval.bench.drivers.protocol import known, serve


class Haystack:
    """An `InMemoryDocumentStore`, saved as JSON; the files that changed are deleted and run through the pipeline."""

    def __init__(self, encoder: str, variant: str) -> None:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        self._encoder, self._best = encoder, variant == "best"
        self._store = InMemoryDocumentStore(**self._options())

    def build(self, articles: Path, index: Path) -> int:
        self._run(sorted(articles.glob("*.txt")))
        self._store.save_to_disk(str(index))
        return self._store.count_documents()

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        self._load(index)
        named = {"field": "meta.file_path", "operator": "in", "value": changed}
        self._store.delete_documents([d.id for d in self._store.filter_documents(named)])
        self._run([articles / name for name in changed])
        self._store.save_to_disk(str(index))
        return self._store.count_documents()

    def open(self, index: Path) -> None:
        self._load(index)
        self._retrieve()

    def fill(self, passages: Path, vectors: Path) -> int:
        from haystack import Document
        from haystack.document_stores.types import DuplicatePolicy

        told, rows = known(passages, vectors)
        documents = [Document(content=t, embedding=row.tolist()) for t, row in zip(told, rows, strict=True)]
        self._store.write_documents(documents, policy=DuplicatePolicy.OVERWRITE)
        self._retrieve()
        return self._store.count_documents()

    def search(self, question: str, k: int) -> list[str]:
        found = self._pipeline.run(
            {"text_embedder": {"text": question}, "bm25_retriever": {"query": question}, "document_joiner": {"top_k": k}}
        )
        return [document.content for document in found["document_joiner"]["documents"]]

    def _options(self) -> dict:
        return {"embedding_similarity_function": "cosine"} if self._best else {}

    def _load(self, index: Path) -> None:
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        self._store = InMemoryDocumentStore.load_from_disk(str(index))

    def _run(self, files: list[Path]) -> None:
        from haystack import Pipeline
        from haystack.components.converters import TextFileToDocument
        from haystack.components.preprocessors import DocumentSplitter, RecursiveDocumentSplitter
        from haystack.components.writers import DocumentWriter
        from haystack.document_stores.types import DuplicatePolicy
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
        )

        splitter, batch = DocumentSplitter(), {}
        if self._best:
            marks = ["\n\n", "\n", "。", ". ", " "]
            splitter = RecursiveDocumentSplitter(split_length=1000, split_overlap=200, split_unit="char", separators=marks)
            batch = {"batch_size": 64}
        pipeline = Pipeline()
        pipeline.add_component("converter", TextFileToDocument())
        pipeline.add_component("splitter", splitter)
        pipeline.add_component("embedder", SentenceTransformersDocumentEmbedder(model=self._encoder, progress_bar=False, **batch))
        pipeline.add_component("writer", DocumentWriter(self._store, policy=DuplicatePolicy.OVERWRITE))
        pipeline.connect("converter", "splitter")
        pipeline.connect("splitter", "embedder")
        pipeline.connect("embedder", "writer")
        pipeline.run({"converter": {"sources": files}})

    def _retrieve(self) -> None:
        from haystack import Pipeline
        from haystack.components.joiners import DocumentJoiner
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
        from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder

        pipeline = Pipeline()
        pipeline.add_component("text_embedder", SentenceTransformersTextEmbedder(model=self._encoder, progress_bar=False))
        pipeline.add_component("embedding_retriever", InMemoryEmbeddingRetriever(self._store))
        pipeline.add_component("bm25_retriever", InMemoryBM25Retriever(self._store))
        joiner = DocumentJoiner(**({"join_mode": "reciprocal_rank_fusion"} if self._best else {}))
        pipeline.add_component("document_joiner", joiner)
        pipeline.connect("text_embedder", "embedding_retriever")
        pipeline.connect("bm25_retriever", "document_joiner")
        pipeline.connect("embedding_retriever", "document_joiner")
        self._pipeline = pipeline
        pipeline.warm_up()


if __name__ == "__main__":
    serve(Haystack)
