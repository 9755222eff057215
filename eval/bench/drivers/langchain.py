"""LangChain: RecursiveCharacterTextSplitter, HuggingFaceEmbeddings, FAISS, as its tutorial on semantic search has them.

`best` searches unit vectors by inner product and fuses BM25 in (EnsembleRetriever), with a tokenizer that knows Han.
"""

from __future__ import annotations

from pathlib import Path

from eval.bench.drivers.protocol import known, serve, texts
from eval.bench.drivers.words import words


class LangChain:
    """`FAISS.from_documents`, `save_local`, `load_local`; the files that changed are deleted and added again."""

    def __init__(self, encoder: str, variant: str) -> None:
        from langchain_huggingface import HuggingFaceEmbeddings

        self._best = variant == "best"
        options = {"normalize_embeddings": True, "batch_size": 64} if self._best else {}
        self._embeddings = HuggingFaceEmbeddings(model_name=encoder, encode_kwargs=options)

    def build(self, articles: Path, index: Path) -> int:
        from langchain_community.vectorstores import FAISS

        documents = self._documents(articles, None)
        FAISS.from_documents(documents, self._embeddings, **self._distance()).save_local(str(index))
        return len(documents)

    def update(self, articles: Path, index: Path, changed: list[str]) -> int:
        store = self._load(index)
        held = store.index_to_docstore_id.values()
        old = [i for i in held if store.docstore.search(i).metadata["source"] in set(changed)]
        store.delete(old)
        store.add_documents(self._documents(articles, set(changed)))
        store.save_local(str(index))
        return len(store.index_to_docstore_id)

    def open(self, index: Path) -> None:
        self._retrieve(self._load(index))

    def fill(self, passages: Path, vectors: Path) -> int:
        from langchain_community.vectorstores import FAISS

        told, rows = known(passages, vectors)
        pairs = zip(told, rows.tolist(), strict=True)
        self._retrieve(FAISS.from_embeddings(pairs, self._embeddings, **self._distance()))
        return len(told)

    def search(self, question: str, k: int) -> list[str]:
        return [document.page_content for document in self._find(question, k)[:k]]

    def _documents(self, articles: Path, only: set[str] | None) -> list:
        from langchain_core.documents import Document
        from langchain_text_splitters import RecursiveCharacterTextSplitter

        read = [Document(t, metadata={"source": n}) for n, t in texts(articles) if only is None or n in only]
        return RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200).split_documents(read)

    def _distance(self) -> dict:
        from langchain_community.vectorstores.utils import DistanceStrategy

        return {"distance_strategy": DistanceStrategy.MAX_INNER_PRODUCT} if self._best else {}

    def _load(self, index: Path):
        from langchain_community.vectorstores import FAISS

        return FAISS.load_local(str(index), self._embeddings, allow_dangerous_deserialization=True, **self._distance())

    def _retrieve(self, store) -> None:
        if not self._best:
            self._find = store.similarity_search
            return
        from langchain_classic.retrievers import EnsembleRetriever
        from langchain_community.retrievers import BM25Retriever

        held = [store.docstore.search(i) for i in store.index_to_docstore_id.values()]
        worded = BM25Retriever.from_documents(held, preprocess_func=words)
        worded.k = 10
        both = EnsembleRetriever(retrievers=[worded, store.as_retriever(search_kwargs={"k": 10})], weights=[0.5, 0.5])
        self._find = lambda question, k: both.invoke(question)


if __name__ == "__main__":
    serve(LangChain)
