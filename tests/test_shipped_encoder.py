"""The encoder's files as they ship: their size, and one set of weights for both ways of loading them."""

import numpy as np
import pytest

from index.embedder import ENCODER
from index.encoder_onnx import OnnxEmbedder

TEXTS = [
    "Wie groß ist die KI-Branche in Shenzhen?", "深圳人工智能产业规模达3600亿元。", "國家人工智能先導區增至8個",
    "The plan aims for the artificial intelligence industry to exceed 200 billion yuan by 2028. " * 12, "🙂", "a",
]


def test_the_folder_holds_at_most_forty_megabytes_and_a_card():
    files = [p for p in ENCODER.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) <= 40_000_000
    assert "license: apache-2.0" in (ENCODER / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_sentence_transformers_and_onnxruntime_give_the_same_vectors():
    sentence_transformers = pytest.importorskip("sentence_transformers")
    torch_vectors = sentence_transformers.SentenceTransformer(str(ENCODER), device="cpu").encode(
        TEXTS, normalize_embeddings=True
    )
    onnx_vectors = OnnxEmbedder(ENCODER).encode_passages(TEXTS)
    assert np.sum(torch_vectors * onnx_vectors, axis=1).min() > 0.999


def test_a_question_lies_nearer_to_its_translation_than_to_another(embedder):
    rows = embedder.encode_queries(["How many companies?", "有多少家公司？", "Wann fand die Konferenz statt?"])
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]
