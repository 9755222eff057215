"""The int8 graph: how states and weights are rounded, and that its vectors stay near those of BERT written out in numpy."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

from hypothesis import given
from hypothesis import strategies as st
from test_encoder_onnx import EPS, HEADS, LAYERS, LINEAR, TEXTS, bert, embedded, made, make, norm
from test_encoder_onnx import WORDS as PIECES

from index.embedder import float8_values
from index.encoder_onnx import WEIGHTS, OnnxEmbedder, multiplies_int8
from index.training import graph, int8

__all__ = ["made"]
where_taken = pytest.mark.skipif(not multiplies_int8(), reason="without VNNI the graph is not taken, and may overflow")


def cosines(folder, weights) -> tuple[np.ndarray, np.ndarray]:
    """The int8 graph's rows of TEXTS, and their cosines to those of BERT."""
    embedder = OnnxEmbedder(folder, int8=True)
    want = np.stack([bert(weights, embedder._tokenizer.encode(t).ids) for t in TEXTS])
    rows = embedder.encode_queries(TEXTS)
    return rows, np.sum(rows * want, axis=1)


@where_taken
def test_int8_vectors_are_near_those_of_bert_and_still_those_of_the_text_alone(made):
    """As near as 255 steps a row allow; a multiplication by the wrong matrix or scale leaves a cosine below .9."""
    folder, weights = made
    rows, cosine = cosines(folder, weights)
    assert cosine.min() > 0.999 and np.abs(1 - cosine).max() > 1e-7
    alone = np.concatenate([OnnxEmbedder(folder, int8=True).encode_passages([t]) for t in TEXTS])
    np.testing.assert_allclose(rows, alone, atol=2e-5)


@where_taken
def test_a_dimension_far_wider_than_the_others_is_divided_among_copies(tmp_path, monkeypatch):
    """Undivided, it leaves the others a few steps each."""
    monkeypatch.setattr(int8, "PAIRS", 2)
    ours = cosines(*make(tmp_path / "ours", 40))[1].min()
    monkeypatch.setattr(int8, "copies", lambda spans, pairs: (np.ones(len(spans)), None, None))
    plain = cosines(*make(tmp_path / "plain", 40))[1].min()
    assert ours > 0.999 and 1 - plain > 3 * (1 - ours)


@given(st.lists(st.floats(0.1, 100), min_size=1, max_size=8), st.integers(1, 12), st.integers(0, 2**32))
def test_copies_of_a_dimension_sum_to_what_it_would_be_with_finer_steps(spans, pairs, seed):
    times, at, add = int8.copies(np.array(spans), pairs)
    assert len(at) == len(add) == 2 * pairs == (times - 1).sum() and (times % 2 == 1).all()
    x = np.random.default_rng(seed).uniform(-100, 100, len(spans))
    codes = np.round(x / times)
    np.add.at(codes, at, np.round((x / times)[at] + add))
    np.testing.assert_array_equal(codes, np.round(x))


def test_copies_go_where_the_span_is_greatest():
    times, at, add = int8.copies(np.array([1.0, 10.0, 4.0]), 3)
    assert times.tolist() == [1, 5, 3] and at.tolist() == [1, 1, 1, 1, 2, 2]
    np.testing.assert_allclose(add, [0.2, -0.2, 0.4, -0.4, 1 / 3, -1 / 3], rtol=1e-6)


def test_steps_keep_float8_digits_where_they_can_and_else_the_nearer_of_two():
    values = float8_values()
    exact = values[(values >= 1) & (values < 16)]  # four powers of two: 8 steps a unit of the least
    (step,) = int8.steps(exact[:, None], np.ones(len(exact)))
    np.testing.assert_array_equal(np.round(exact / step) * step, exact)
    odd = np.array([[127.0], [1.0], [3.0]])  # in steps of 2 the 1 and the 3 are lost
    assert int8.steps(odd, np.ones(3)) == 1
    assert int8.steps(np.zeros((3, 2)), np.ones(3)).min() > 0


def test_an_error_counts_as_much_as_the_states_that_meet_it():
    matrix = np.array([[15.0], [13.0], [1.05]])  # 1/8 keeps the second, 15/127 is nearer to the third
    assert int8.steps(matrix, np.array([0.0, 1, 0])) == 0.125
    assert int8.steps(matrix, np.array([0.0, 0, 1])) == pytest.approx(15 / 127)


def test_spans_and_energies_are_those_of_every_piece_by_hand(made):
    """The embeddings' norm feeds queries, keys and values of the first layer."""
    folder, weights = made
    files = {name: folder / name for name in WEIGHTS}
    feeds = [{"ids": part} for part in int8.shuffled(len(PIECES))]
    measured = int8.measure(partial(graph.build, folder, LAYERS, HEADS, EPS), files, feeds)
    pieces = np.random.default_rng(0).permutation(len(PIECES))
    rows = [[2, *row, 3] for row in np.resize(pieces, (2, int8.PIECES))]
    states = np.concatenate([norm(weights, embedded(weights, row), "embeddings.LayerNorm") for row in rows])
    assert len(measured) == 6 * LAYERS
    for name in LINEAR[:3]:
        span, energy = measured[f"encoder.layer.0.{name}"]
        np.testing.assert_allclose(span, np.abs(states).max(axis=0), rtol=1e-4)
        np.testing.assert_allclose(energy, np.square(states).mean(axis=0), rtol=1e-4)
