"""LlamaIndex: VectorStoreIndex over SimpleDirectoryReader, as its starter tutorial for local models has it.

`best` keeps vectors in FAISS and fuses BM25 in (QueryFusionRetriever, reciprocal rank, no generated queries).
"""

from __future__ import annotations

from pathlib import Path

from eval.bench.drivers.protocol import known, serve

_TOKEN = r"(?u)[\u3400-\u9fff]|[^\W\u3400-\u9fff]+"  # its own leaves a run of Han one word

class LlamaIndex:
    """`from_documents`, `persist`, `load_index_from_storage`; `refresh_ref_docs` finds out what changed."""

    def __init__(self, encoder: str, variant: str) -> None:
        from llama_index.core import Settings
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        self._best = variant == "best"
        self._model = HuggingFaceEmbedding(model_name=encoder, **({"embed_batch_size": 64} if self._best else {}))
        Settings.embed_model = self._model

    def build(self, articles: Path, index: Path) -> int:
        from llama_index.core import VectorStoreIndex

        made = VectorStoreIndex.from_documents(self._documents(articles), storage_context=self._storage())
        made.storage_context.persist(persist_dir=str(index))
        return len(made.index_struct.nodes_dict)

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        made = self._load(index)
        made.refresh_ref_docs(self._documents(articles))
        made.storage_context.persist(persist_dir=str(index))
        return len(made.index_struct.nodes_dict)

    def open(self, index: Path) -> None:
        made = self._load(index)
        self._retrieve(made, list(made.docstore.docs.values()))

    def fill(self, passages: Path, vectors: Path) -> int:
        from llama_index.core import VectorStoreIndex
        from llama_index.core.schema import TextNode

        told, rows = known(passages, vectors)
        nodes = [TextNode(text=t, embedding=row.tolist()) for t, row in zip(told, rows, strict=True)]
        self._retrieve(VectorStoreIndex(nodes, storage_context=self._storage()), nodes)
        return len(nodes)

    def search(self, question: str, k: int) -> list[str]:
        return [found.node.get_content() for found in self._retriever(k).retrieve(question)]

    def _documents(self, articles: Path) -> list:
        from llama_index.core import SimpleDirectoryReader

        return SimpleDirectoryReader(str(articles), required_exts=[".txt"], filename_as_id=True, exclude_hidden=False).load_data()

    def _storage(self):
        from llama_index.core import StorageContext

        if not self._best:
            return StorageContext.from_defaults()
        import faiss
        from llama_index.vector_stores.faiss import FaissMapVectorStore

        flat = faiss.IndexFlatIP(len(self._model.get_text_embedding("dimension")))
        return StorageContext.from_defaults(vector_store=FaissMapVectorStore(faiss_index=faiss.IndexIDMap2(flat)))

    def _load(self, index: Path):
        from llama_index.core import StorageContext, load_index_from_storage

        if not self._best:
            return load_index_from_storage(StorageContext.from_defaults(persist_dir=str(index)))
        from llama_index.vector_stores.faiss import FaissMapVectorStore

        store = FaissMapVectorStore.from_persist_dir(str(index))
        return load_index_from_storage(StorageContext.from_defaults(vector_store=store, persist_dir=str(index)))

    def _retrieve(self, made, nodes: list) -> None:
        if not self._best:
            self._retriever = lambda k: made.as_retriever(similarity_top_k=k)
            return
        from llama_index.core.llms import MockLLM
        from llama_index.core.retrievers import QueryFusionRetriever
        from llama_index.retrievers.bm25 import BM25Retriever

        worded = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=10, skip_stemming=True, token_pattern=_TOKEN)
        dense = made.as_retriever(similarity_top_k=10)

        def both(k: int):
            return QueryFusionRetriever(
                [dense, worded], llm=MockLLM(), similarity_top_k=k, num_queries=1, mode="reciprocal_rerank", use_async=False
            )

        self._retriever = both


if __name__ == "__main__":
    serve(LlamaIndex)
