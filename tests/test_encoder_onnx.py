"""The torch-free encoder: its vectors against BERT written out in numpy, and the manners of an embedder."""

from __future__ import annotations

import json
import math
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from index.embedder import AXES, STATIC, float8_values, limit_threads, threads
from index.encoder_onnx import GRAPH, GRAPH_INT8, OnnxEmbedder, batches
from index.errors import UserError
from index.training import int8
from index.types import Embedder

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁cat", "▁dog", "猫", "▁", "▁the"]
DIM, HEADS, LAYERS, INNER, LONGEST, WIDTH = 12, 2, 2, 20, 16, 8
EPS = 1e-12
LINEAR = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")


def shapes() -> dict[str, tuple[int, ...]]:
    """The tensors of a BERT of that size; matrices lie (out, in)."""
    out = {"embeddings.word_embeddings.weight": (len(WORDS), DIM), "embeddings.position_embeddings.weight": (LONGEST, DIM)}
    norms = ["embeddings.LayerNorm"]
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
        sizes = {name: (DIM, DIM) for name in LINEAR} | {"intermediate.dense": (INNER, DIM), "output.dense": (DIM, INNER)}
        for name, size in sizes.items():
            out |= {f"{at}{name}.weight": size, f"{at}{name}.bias": size[:1]}
    return out | {f"{n}.{kind}": (DIM,) for n in norms for kind in ("weight", "bias")}


def write_safetensors(path: Path, tensors: dict[str, tuple[str, np.ndarray]]) -> None:
    """The safetensors format by hand: numpy has no float8, and the file needs none."""
    entries, blob = {}, b""
    for name, (dtype, array) in tensors.items():
        entries[name] = {"dtype": dtype, "shape": array.shape, "data_offsets": [len(blob), len(blob) + array.nbytes]}
        blob += array.tobytes()
    head = json.dumps(entries).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + blob)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, dict[str, np.ndarray]]:
    """An encoder folder of random weights, and the weights as float32."""
    return make(tmp_path_factory.mktemp("encoder"))


def make(folder: Path, wide_dimension: float = 1) -> tuple[Path, dict[str, np.ndarray]]:
    """The same in `folder`, where the norms' outputs are so many times as wide in one dimension."""
    rng = np.random.default_rng(0)
    stored, wide = {}, {}

    def float8(name: str, shape: tuple[int, ...]) -> None:
        codes = (rng.integers(0, 2, shape) * 128 + rng.integers(20, 60, shape)).astype(np.uint8)
        stored[name], wide[name] = ("F8_E4M3", codes), float8_values()[codes]

    for name, shape in shapes().items():
        if len(shape) == 2 and "position" not in name:
            float8(name, shape)
        else:
            value = (rng.normal(size=shape) * 0.3 + (name.endswith("LayerNorm.weight"))).astype(np.float16)
            if "LayerNorm" in name:
                value[5] *= wide_dimension
            stored[name], wide[name] = ("F16", value), value.astype(np.float32)
    for file in (STATIC, AXES):
        (folder / file).parent.mkdir(parents=True)
    write_safetensors(folder / "model.safetensors", stored)
    float8("emb_layer.weight", (len(WORDS), WIDTH))
    stored["emb_layer.weight"][1][:4] = 0
    wide["emb_layer.weight"][:4] = 0
    turn = rng.integers(-127, 128, (DIM + WIDTH, DIM + WIDTH)).astype(np.int8)
    wide["linear.weight"] = turn.astype(np.float32)
    write_safetensors(folder / STATIC, {"emb_layer.weight": stored["emb_layer.weight"]})
    write_safetensors(folder / AXES, {"linear.weight": ("I8", turn)})
    int8.write(folder, LAYERS, HEADS, EPS)
    (folder / "config.json").write_text(json.dumps({"hidden_size": DIM, "max_position_embeddings": LONGEST}))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer_spec()))
    return folder, wide


def tokenizer_spec() -> dict:
    ends = [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]
    text = {"Sequence": {"id": "A", "type_id": 0}}
    space = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": False}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [], "normalizer": None,
        "pre_tokenizer": space, "decoder": space | {"split": True},
        "post_processor": {
            "type": "TemplateProcessing", "single": [ends[0], text, ends[1]], "pair": [ends[0], text, ends[1]],
            "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for i, t in ((2, "[CLS]"), (3, "[SEP]"))},
        },
        "model": {"type": "Unigram", "unk_id": 1, "byte_fallback": False, "vocab": [[w, -float(i)] for i, w in enumerate(WORDS)]},
    }  # fmt: skip


def embedded(weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    places = weights["embeddings.position_embeddings.weight"][: len(ids)]
    return weights["embeddings.word_embeddings.weight"][ids] + places


def norm(weights: dict[str, np.ndarray], x: np.ndarray, name: str) -> np.ndarray:
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + EPS)
    return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]


def bert(weights: dict[str, np.ndarray], ids: list[int]) -> np.ndarray:
    """The unit vector, (dim,): the mean of BERT's last states, as Devlin et al. 2019 define them, beside the mean of the
    static rows, turned."""

    def linear(x, name):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    x = norm(weights, embedded(weights, ids), "embeddings.LayerNorm")
    for i in range(LAYERS):
        at = f"encoder.layer.{i}."
        q, k, v = (linear(x, at + n).reshape(len(ids), HEADS, -1).transpose(1, 0, 2) for n in LINEAR[:3])
        score = q @ k.transpose(0, 2, 1) / math.sqrt(DIM // HEADS)
        score = np.exp(score - score.max(-1, keepdims=True))
        seen = (score / score.sum(-1, keepdims=True) @ v).transpose(1, 0, 2).reshape(len(ids), DIM)
        x = norm(weights, linear(seen, at + LINEAR[3]) + x, f"{at}attention.output.LayerNorm")
        up = linear(x, f"{at}intermediate.dense")
        up = up * 0.5 * (1 + np.vectorize(math.erf)(up / math.sqrt(2)))
        x = norm(weights, linear(up, f"{at}output.dense") + x, f"{at}output.LayerNorm")
    mean = weights["linear.weight"] @ np.concatenate([x.mean(0), weights["emb_layer.weight"][ids].mean(0)])
    return mean / np.linalg.norm(mean)


TEXTS = ["the cat", "the dog the cat the dog", "猫", "", "dog"]


def test_vectors_are_those_of_bert_written_out(made):
    folder, weights = made
    embedder = OnnxEmbedder(folder, int8=False)
    ids = [embedder._tokenizer.encode(t).ids for t in TEXTS]
    want = np.stack([bert(weights, i) for i in ids])
    np.testing.assert_allclose(embedder.encode_queries(TEXTS), want, atol=2e-5)
    np.testing.assert_array_equal(embedder.encode_passages(TEXTS), embedder.encode_queries(TEXTS))


def test_the_graph_is_chosen_by_what_the_processor_says(made, monkeypatch):
    for says, graph_name in ((True, GRAPH_INT8), (False, GRAPH)):
        monkeypatch.setattr("index.encoder_onnx.multiplies_int8", lambda says=says: says)
        assert OnnxEmbedder(made[0])._graph == graph_name


def test_it_is_an_embedder_with_unit_rows_in_the_order_given(made):
    embedder = OnnxEmbedder(made[0])
    assert isinstance(embedder, Embedder)
    rows = embedder.encode_passages(TEXTS)
    assert rows.dtype == np.float32 and rows.shape == (5, embedder.dim) == (5, 20)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alone = np.concatenate([embedder.encode_passages([t]) for t in TEXTS])
    np.testing.assert_allclose(rows, alone, atol=2e-5)
    assert embedder.encode_queries([]).shape == (0, 20)


def test_a_text_too_long_is_cut_and_keeps_its_end_mark(made):
    folder, weights = made
    embedder = OnnxEmbedder(folder, int8=False)
    long = "cat " * 40
    ids = embedder._tokenizer.encode(long).ids
    assert embedder.count_tokens(long) == len(ids) > embedder.max_tokens == 16
    np.testing.assert_allclose(embedder.encode_queries([long])[0], bert(weights, [*ids[:15], 3]), atol=2e-5)


def test_token_vectors_are_the_static_rows_with_their_spans(made):
    folder, weights = made
    (tokens,) = OnnxEmbedder(folder).token_vectors(["the cat"])
    rows = weights["emb_layer.weight"][[8, 4]]
    np.testing.assert_allclose(tokens.vectors * tokens.weights[:, None], rows, rtol=1e-5)
    assert [s.of("the cat").strip() for s in tokens.spans] == ["the", "cat"]


def test_fewer_dimensions_are_the_first_ones_at_length_one(made):
    whole, short = OnnxEmbedder(made[0]), OnnxEmbedder(made[0], dim=7)
    want = whole.encode_queries(TEXTS)[:, :7]
    want /= np.linalg.norm(want, axis=1, keepdims=True)
    np.testing.assert_allclose(short.encode_passages(TEXTS), want, atol=1e-6)
    assert short.dim == 7 and short.name == whole.name + "/7" and short.encode_queries([]).shape == (0, 7)
    for wrong in (0, 21):
        with pytest.raises(ValueError, match=f"from 1 to 20, got {wrong}"):
            OnnxEmbedder(made[0], dim=wrong)


def test_many_threads_give_the_vectors_of_one(made, monkeypatch):
    texts = [" ".join(["cat", "dog", "the"][: 1 + i % 3] * (1 + i % 4)) for i in range(60)]
    monkeypatch.setenv("CROSSCITE_THREADS", "1")
    alone = OnnxEmbedder(made[0]).encode_queries(texts)
    monkeypatch.setenv("CROSSCITE_THREADS", "4")
    np.testing.assert_array_equal(OnnxEmbedder(made[0]).encode_queries(texts), alone)


@pytest.mark.parametrize("file", [STATIC, AXES, "tokenizer.json", "config.json", GRAPH, GRAPH_INT8, "model.safetensors"])
def test_a_damaged_file_is_one_readable_error(made, tmp_path, file):
    copied(made[0], tmp_path)
    data = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="damaged"):
        OnnxEmbedder(tmp_path, int8=file == GRAPH_INT8).encode_queries(["the cat"])


def copied(folder: Path, to: Path) -> None:
    shutil.copytree(folder, to, dirs_exist_ok=True)


def test_the_name_changes_with_the_weights(made, tmp_path):
    copied(made[0], tmp_path)
    assert OnnxEmbedder(tmp_path).name == OnnxEmbedder(made[0]).name
    weights = bytearray((tmp_path / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (tmp_path / "model.safetensors").write_bytes(weights)
    assert OnnxEmbedder(tmp_path).name != OnnxEmbedder(made[0]).name


def test_a_folder_rewritten_while_it_is_in_use_changes_nothing(made, tmp_path):
    copied(made[0], tmp_path)
    embedder = OnnxEmbedder(tmp_path)
    before = embedder.encode_queries(["the cat"])
    (tmp_path / "model.safetensors").write_bytes(b"")
    np.testing.assert_array_equal(embedder.encode_queries(["the cat"]), before)
    with pytest.raises(UserError, match="damaged"):
        OnnxEmbedder(tmp_path).encode_queries(["the cat"])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"model\.onnx and model_int8\.onnx and model\.safetensors"):
        OnnxEmbedder(tmp_path)


def test_batches_hold_every_row_once_at_one_length_within_the_limit():
    lengths = np.random.default_rng(0).integers(1, 300, 200).tolist()
    made = batches(lengths, 512)
    assert sorted(np.concatenate(made).tolist()) == list(range(200))
    for rows in made:
        assert len({lengths[i] for i in rows}) == 1
        assert len(rows) == 1 or len(rows) * lengths[rows[0]] <= 512
    assert batches([]) == [] and [len(b) for b in batches([5] * 7, 10)] == [2, 2, 2, 1]


def test_threads_are_what_the_environment_asks(monkeypatch):
    monkeypatch.setenv("CROSSCITE_THREADS", "3")
    assert threads() == 3
    monkeypatch.setenv("CROSSCITE_THREADS", "many")
    with pytest.raises(UserError, match="many"):
        threads()


@pytest.mark.parametrize(("before", "after"), [("", "3"), ("many", "3"), ("0", "3"), ("2", "2"), ("9", "3")])
def test_the_tokenizers_threads_keep_to_the_limit(monkeypatch, before, after):
    monkeypatch.setenv("CROSSCITE_THREADS", "3")
    monkeypatch.setenv("RAYON_NUM_THREADS", before)
    limit_threads()
    assert os.environ["RAYON_NUM_THREADS"] == after


def test_encoding_imports_no_torch(made):
    code = (
        "import sys; from pathlib import Path; from index.encoder_onnx import OnnxEmbedder;"
        "OnnxEmbedder(Path(sys.argv[1])).encode_queries(['the cat']);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'onnx')))"
    )
    root = Path(__file__).resolve().parents[1]
    assert subprocess.run([sys.executable, "-c", code, str(made[0])], cwd=root, timeout=60).returncode == 0


def test_translation_accuracy_is_the_mean_of_both_directions():
    from eval.benchmarks import translation_accuracy

    a = np.eye(3, dtype=np.float32)
    b = a[[0, 1, 1]]  # a's third row finds nothing of its own; b's third row finds a's second
    assert translation_accuracy(a, b) == pytest.approx((2 / 3 + 2 / 3) / 2)


def test_pooled_counts_any_language_first_and_every_copy_among_the_best():
    from eval.benchmarks import pooled

    scores = np.array([[0.9, 0.1, 0.8, 0.2], [0.9, 0.1, 0.8, 0.2]])  # two paragraphs in two languages
    assert pooled(scores, np.array([0, 1]), copies=2, k=2) == (0.5, 0.5)
    assert pooled(scores, np.array([0, 1]), copies=2, k=4) == (0.5, 1.0)


def test_the_benchmark_table_leaves_a_missing_score_blank():
    from eval.benchmarks import table

    assert table({"a": {"x": 0.5}, "b": {"x": 0.25, "y": 1.0}}) == (
        "| | a | b |\n|---|---:|---:|\n| x | 0.500 | 0.250 |\n| y |  | 1.000 |\n"
    )


def test_shorter_vectors_for_the_benchmarks_are_encoded_once(made):
    from eval.benchmarks import Shortened

    folder, texts, kept = made[0], ["cat", "the dog"], {}
    for dim in (20, 5):
        short = Shortened(OnnxEmbedder(folder), dim, kept).encode_queries(texts)
        np.testing.assert_allclose(short, OnnxEmbedder(folder, dim).encode_queries(texts), atol=1e-6)
    assert list(kept) == [("cat", "the dog")]
