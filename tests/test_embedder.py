"""Embedders: unit rows, token vectors with their places, and errors a person can act on."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.embedder import SentenceTransformerEmbedder, StaticEmbedder, load_embedder, unit_rows
from index.errors import UserError
from index.types import Embedder, Span

# int8 rows with a scale a row: 3-4-0 has length 5, and half of that with scale .5.
ROWS = {"[UNK]": ((0, 0, 0), 1.0), "harbour": ((3, 4, 0), 1.0), "hafen": ((3, 4, 0), 0.5), "bread": ((0, 0, 2), 1.0)}


@pytest.fixture(scope="module")
def static_folder(tmp_path_factory) -> Path:
    """The folder of a static encoder of four words."""
    from safetensors.numpy import save_file
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    folder = tmp_path_factory.mktemp("static") / "编码器"
    folder.mkdir()
    tokenizer = Tokenizer(WordLevel({word: i for i, word in enumerate(ROWS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    vectors = np.array([v for v, _ in ROWS.values()], np.int8)
    scales = np.array([s for _, s in ROWS.values()], np.float16)
    save_file({"vectors": vectors, "scales": scales}, folder / "static.safetensors")
    return folder


def test_a_static_vector_is_the_normalised_sum_of_its_tokens(static_folder):
    embedder = StaticEmbedder(static_folder)
    rows = embedder.encode_queries(["harbour", "hafen hafen", "harbour bread", "", "zzz"])
    expected = np.array([[3, 4, 0], [3, 4, 0], [3, 4, 2], [1, 0, 0], [1, 0, 0]], np.float32)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert rows.dtype == np.float32 and embedder.dim == 3
    np.testing.assert_allclose(rows, expected, atol=1e-6)
    np.testing.assert_array_equal(rows, embedder.encode_passages(["harbour", "hafen hafen", "harbour bread", "", "zzz"]))


def test_static_token_vectors_have_length_as_weight_and_their_place(static_folder):
    (tokens,) = StaticEmbedder(static_folder).token_vectors(["harbour  hafen zzz"])
    assert tokens.spans == (Span(0, 7), Span(9, 14), Span(15, 18))
    assert tokens.weights == pytest.approx([5, 2.5, 0])
    np.testing.assert_allclose(tokens.vectors, [[0.6, 0.8, 0], [0.6, 0.8, 0], [0, 0, 0]], atol=1e-6)
    assert StaticEmbedder(static_folder).count_tokens("harbour  hafen zzz") == 3


def test_a_static_encoder_with_another_vector_has_another_name(static_folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(static_folder, copy)
    assert StaticEmbedder(copy).name == StaticEmbedder(static_folder).name
    data = bytearray((copy / "static.safetensors").read_bytes())
    data[-1] ^= 1
    (copy / "static.safetensors").write_bytes(data)
    assert StaticEmbedder(copy).name != StaticEmbedder(static_folder).name


def test_a_folder_without_the_encoder_says_what_it_lacks(tmp_path):
    with pytest.raises(UserError, match=r"lacks static\.safetensors and tokenizer\.json"):
        StaticEmbedder(tmp_path)


def test_unit_rows_have_length_one_and_zero_rows_become_the_first_axis():
    rows = unit_rows(np.array([[3, 4], [0, 0], [1e-3, 0]]))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [1, 0], [1, 0]], atol=1e-6)
    assert rows.dtype == np.float32 and unit_rows(np.zeros((0, 2))).shape == (0, 2)


# The embedded encoder, whichever it is.


def test_the_embedded_encoder_fills_its_seam(embedder):
    assert isinstance(embedder, Embedder)
    assert embedder.name == load_embedder().name and embedder.dim > 0 and embedder.max_tokens >= 128


@given(st.lists(st.text(max_size=30), max_size=4))
def test_the_embedded_encoder_gives_unit_rows_for_any_text(embedder, texts):
    for rows in (embedder.encode_queries(texts), embedder.encode_passages(texts)):
        assert rows.shape == (len(texts), embedder.dim) and rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)


@given(st.text(max_size=40))
def test_token_spans_of_the_embedded_encoder_are_places_in_the_text(embedder, text):
    (tokens,) = embedder.token_vectors([text])
    assert len(tokens.vectors) == len(tokens.weights) == len(tokens.spans)
    assert all(s.end <= len(text) for s in tokens.spans) and np.all(tokens.weights >= 0)
    assert [s.start for s in tokens.spans] == sorted(s.start for s in tokens.spans)
    lengths = np.linalg.norm(tokens.vectors, axis=1).reshape(-1)
    assert np.all((np.abs(lengths - 1) < 1e-3) | (tokens.weights < 1e-6))


def test_a_batch_and_single_texts_give_the_same_vectors(embedder):
    texts = ["武汉", "a much longer text about the harbour and its bridges, ferries and cranes", "", "Brücke"]
    alone = np.concatenate([embedder.encode_passages([t]) for t in texts])
    np.testing.assert_allclose(embedder.encode_passages(texts), alone, atol=1e-3)


def test_a_translation_is_nearer_than_another_topic(embedder):
    german, english, chinese, other = embedder.encode_passages(
        ["künstliche intelligenz in der stadt", "artificial intelligence in the city", "城市中的人工智能",
         "the baker sells fresh bread every morning"]
    )
    assert min(german @ english, german @ chinese, english @ chinese) > max(german @ other, english @ other, chinese @ other)


# sentence-transformers, on a real model of a few hundred weights.

VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] query : passage the harbour bridge bread ##s 港 口 ,".split()


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory) -> Path:
    """A saved sentence-transformers model: a one-layer BERT, mean pooling, prompts for queries and documents."""
    sentence_transformers = pytest.importorskip("sentence_transformers", reason="the extra 'models' is not installed")
    import torch
    from transformers import BertConfig, BertModel, BertTokenizerFast

    try:
        from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    except ImportError:  # the older place of the two
        from sentence_transformers.models import Pooling, Transformer

    torch.manual_seed(0)
    base = tmp_path_factory.mktemp("bert")
    (base / "vocab.txt").write_text("\n".join(VOCABULARY), encoding="utf-8")
    BertTokenizerFast(vocab=str(base / "vocab.txt"), model_max_length=24).save_pretrained(base)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=24,
    )
    BertModel(config).save_pretrained(base)
    transformer = Transformer(str(base), max_seq_length=24)
    model = sentence_transformers.SentenceTransformer(
        modules=[transformer, Pooling(16, pooling_mode="mean")],
        prompts={"query": "query: ", "document": "passage: "}, device="cpu",
    )
    folder = tmp_path_factory.mktemp("models") / "tiny"
    model.save(str(folder))
    return folder


@pytest.mark.slow
def test_a_sentence_transformers_model_fills_the_seam_without_a_deprecation(tiny_model):
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        warnings.simplefilter("error", FutureWarning)
        embedder = load_embedder(str(tiny_model))
        assert isinstance(embedder, Embedder) and isinstance(embedder, SentenceTransformerEmbedder)
        assert (embedder.dim, embedder.max_tokens) == (16, 24)
        assert embedder.name.startswith(f"{tiny_model}#")
        assert embedder.name == load_embedder(str(tiny_model)).name
        rows = embedder.encode_queries(["the harbour", "", "港口"])
        assert rows.shape == (3, 16) and rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
        assert embedder.encode_passages([]).shape == (0, 16)
        assert embedder.count_tokens("the harbours") == 5  # [CLS] the harbour ##s [SEP]
        assert embedder.count_tokens("the " * 100) == 102
        assert embedder.token_vectors(["the"])


@pytest.mark.slow
def test_prompts_of_the_model_are_put_before_queries_and_documents(tiny_model, tmp_path):
    bare = tmp_path / "bare"
    shutil.copytree(tiny_model, bare)
    path = bare / "config_sentence_transformers.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    assert config["prompts"] == {"query": "query: ", "document": "passage: "}
    path.write_text(json.dumps(config | {"prompts": {}}), encoding="utf-8")
    prompted, plain = SentenceTransformerEmbedder(str(tiny_model)), SentenceTransformerEmbedder(str(bare))
    np.testing.assert_allclose(
        prompted.encode_queries(["the bridge"]), plain.encode_queries(["query: the bridge"]), atol=1e-5
    )
    np.testing.assert_allclose(
        prompted.encode_passages(["the bridge"]), plain.encode_passages(["passage: the bridge"]), atol=1e-5
    )
    assert not np.allclose(prompted.encode_queries(["the bridge"]), prompted.encode_passages(["the bridge"]), atol=1e-3)


@pytest.mark.slow
def test_token_vectors_of_a_model_stand_at_the_tokens_of_the_text(tiny_model):
    text = "the harbours, 港口"
    (tokens,) = SentenceTransformerEmbedder(str(tiny_model)).token_vectors([text])
    assert [s.of(text) for s in tokens.spans] == ["the", "harbour", "s", ",", "港", "口"]
    np.testing.assert_allclose(np.linalg.norm(tokens.vectors, axis=1), 1, atol=1e-5)
    assert tokens.weights.tolist() == [1] * 6
    (empty,) = SentenceTransformerEmbedder(str(tiny_model)).token_vectors([""])
    assert empty.vectors.shape == (0, 16)


@pytest.mark.slow
def test_an_index_can_be_built_with_a_sentence_transformers_model(tiny_model, tmp_path):
    from fakes import write_town

    from index.store import build, open_index

    embedder = SentenceTransformerEmbedder(str(tiny_model))
    built = build(write_town(tmp_path / "town"), tmp_path / "index", embedder)
    assert built.passages >= 3
    index = open_index(tmp_path / "index", embedder)
    assert index.search("harbour bridge", 3)
    assert all(embedder.count_tokens(p.text) <= embedder.max_tokens for p in index.passages)


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda p: p / "nowhere", lambda p: p], ids=["missing", "empty"])
def test_a_model_that_cannot_be_loaded_is_one_readable_error(tmp_path, monkeypatch, make):
    pytest.importorskip("sentence_transformers", reason="the extra 'models' is not installed")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="cannot load the encoder") as error:
        load_embedder(str(make(tmp_path)))
    assert "\n" not in str(error.value) and "embedded encoder" in str(error.value)
