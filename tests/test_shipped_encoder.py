"""The encoder's files as they ship: their size, and one set of weights for both ways of loading them."""

import numpy as np
import pytest

from index.embedder import ENCODER
from index.encoder_onnx import OnnxEmbedder, multiplies_int8

TEXTS = [
    "Wie groß ist die KI-Branche in Shenzhen?", "深圳人工智能产业规模达3600亿元。", "國家人工智能先導區增至8個",
    "The plan aims for the artificial intelligence industry to exceed 200 billion yuan by 2028. " * 12,
    "", " ", "\n\t", "a", "🙂", "???", "ＡＢＣ１２３ Straße STRASSE", "Где находится Кремль?", "مرحبا بالعالم", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "word " * 900, "的" * 700, "12,345.67 % am 3. März 2024", "e\u0301\u0301\u0301", "x" * 3000,
]  # fmt: skip


def test_the_folder_holds_at_most_forty_megabytes_and_a_card():
    files = [p for p in ENCODER.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) <= 40_000_000
    assert "license: apache-2.0" in (ENCODER / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("dim", [None, 256])
def test_sentence_transformers_and_onnxruntime_give_the_same_vectors(dim):
    """Loaded as anyone would: without trusting code, without an option. Without VNNI the runtime's int8 products may
    overflow, and nobody gets them."""
    sentence_transformers = pytest.importorskip("sentence_transformers", minversion="6.0")
    model = sentence_transformers.SentenceTransformer(str(ENCODER), device="cpu", truncate_dim=dim)
    torch_vectors = model.encode(TEXTS, normalize_embeddings=True)
    for int8, least in ((False, 0.99999), (True, 0.999))[: 1 + multiplies_int8()]:
        onnx_vectors = OnnxEmbedder(ENCODER, dim, int8).encode_passages(TEXTS)
        assert torch_vectors.shape == onnx_vectors.shape == (len(TEXTS), dim or 640)
        assert np.sum(torch_vectors * onnx_vectors, axis=1).min() > least


def test_a_question_lies_nearer_to_its_translation_than_to_another(embedder):
    rows = embedder.encode_queries(["How many companies?", "有多少家公司？", "Wann fand die Konferenz statt?"])
    assert rows[0] @ rows[1] > 0.5 > rows[0] @ rows[2]
