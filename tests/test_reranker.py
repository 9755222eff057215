"""A cross-encoder behind the retriever's seam: a tiny model made here, and a retriever of fixed hits."""

from __future__ import annotations

from pathlib import Path

import pytest

from index.errors import UserError
from index.reranker import CrossEncoderRetriever
from index.types import Hit, Passage, Retriever, Why

pytest.importorskip("sentence_transformers", reason="the extra 'models' is not installed")

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] harbour bridge bread school river".split()


def saved(folder: Path, labels: int) -> str:
    """A one-layer BERT that scores pairs, its weights drawn from a fixed seed."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(0)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=24).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=24, num_labels=labels, initializer_range=1.0,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


class Fixed:
    """Hits for every query, in this order, and what was asked of it."""

    def __init__(self, *texts: str) -> None:
        self.hits = [Hit(Passage("a", "en", i, i + len(t), t), 1 / (i + 1), Why(dense_rank=i)) for i, t in enumerate(texts)]
        self.asked: list[tuple] = []

    def search(self, query, k, langs=()):
        self.asked.append((query, k, langs))
        return self.hits[:k]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> str:
    return saved(tmp_path_factory.mktemp("one"), 1)


def test_hits_come_in_the_order_of_the_model(model):
    from sentence_transformers import CrossEncoder

    inner = Fixed("harbour bridge", "bread", "school river", "river river bridge")
    retriever = CrossEncoderRetriever(inner, model, device="cpu")
    assert isinstance(retriever, Retriever)
    hits = retriever.search("harbour", 3, ["en"])
    own = CrossEncoder(model, device="cpu").predict([("harbour", h.passage.text) for h in inner.hits], show_progress_bar=False)
    order = sorted(range(4), key=lambda i: -own[i])
    assert order != [0, 1, 2, 3] and len({round(float(s), 6) for s in own}) == 4
    assert [h.passage for h in hits] == [inner.hits[i].passage for i in order[:3]]
    assert [h.score for h in hits] == pytest.approx([float(own[i]) for i in order[:3]], abs=1e-5)
    assert [h.why for h in hits] == [inner.hits[i].why for i in order[:3]]
    assert inner.asked == [("harbour", 30, ["en"])]


def test_equal_hits_keep_their_order_and_no_hits_need_no_model(model):
    retriever = CrossEncoderRetriever(Fixed("bread", "bread"), model, depth=1, device="cpu")
    assert [h.passage.start for h in retriever.search("bread", 2)] == [0, 1]
    assert retriever.search("bread", 0) == [] == CrossEncoderRetriever(Fixed(), model, device="cpu").search("bread", 5)


def test_a_model_that_is_not_there_or_classifies_is_refused(model, tmp_path):
    with pytest.raises(UserError, match="give a folder or a hub name"):
        CrossEncoderRetriever(Fixed(), str(tmp_path / "nowhere"))
    with pytest.raises(UserError, match="3 scores a pair"):
        CrossEncoderRetriever(Fixed(), saved(tmp_path, 3))
    with pytest.raises(ValueError, match="got 0"):
        CrossEncoderRetriever(Fixed(), model, depth=0)
