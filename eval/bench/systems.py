"""The systems compared: their drivers, their packages, and what a program that uses them imports."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ENCODER = ROOT / "index" / "encoder"
MINILM = "all-MiniLM-L6-v2"
DRIVERS = "eval.bench.drivers"


@dataclass(frozen=True, slots=True)
class System:
    """The module of a driver (`eval.bench.drivers`), and how the system is got: requirements to install, statements to import.

    `hybrid` are the variants that join vectors and words, `encodes` whether it has vectors at all, `ours` whether it is
    this project.
    """

    name: str
    module: str
    requirements: tuple[str, ...]
    imports: str
    hybrid: tuple[str, ...] = ("default", "best")
    encodes: bool = True
    ours: bool = False


PEERS = (
    System(
        "LangChain", f"{DRIVERS}.langchain",
        ("langchain-core", "langchain-text-splitters", "langchain-huggingface", "sentence-transformers", "langchain-community", "faiss-cpu"),
        "from langchain_huggingface import HuggingFaceEmbeddings; from langchain_community.vectorstores import FAISS; "
        "from langchain_text_splitters import RecursiveCharacterTextSplitter",
        hybrid=("best",),
    ),
    System(
        "LlamaIndex", f"{DRIVERS}.llamaindex", ("llama-index-core", "llama-index-embeddings-huggingface"),
        "from llama_index.core import VectorStoreIndex, SimpleDirectoryReader; "
        "from llama_index.embeddings.huggingface import HuggingFaceEmbedding",
        hybrid=("best",),
    ),
    System(
        "Haystack", f"{DRIVERS}.haystack", ("haystack-ai", "sentence-transformers-haystack"),
        "from haystack import Pipeline; from haystack.document_stores.in_memory import InMemoryDocumentStore; "
        "from haystack_integrations.components.embedders.sentence_transformers import SentenceTransformersTextEmbedder",
    ),
    System("txtai", f"{DRIVERS}.txtai", ("txtai", "sentence-transformers"), "from txtai import Embeddings"),
    System("rank_bm25", f"{DRIVERS}.rankbm25", ("rank-bm25",), "from rank_bm25 import BM25Okapi", hybrid=(), encodes=False),
)  # fmt: skip


def ours() -> System:
    """CrossCite, its requirements as pyproject.toml has them."""
    with open(ROOT / "pyproject.toml", "rb") as file:
        needed = tuple(tomllib.load(file)["project"]["dependencies"])
    return System(
        "CrossCite", f"{DRIVERS}.ours", needed, "from index.embedder import load_embedder; from index.store import open_index",
        ours=True,
    )
