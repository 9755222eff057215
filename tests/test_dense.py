"""Exact search over unit vectors, compared with numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.dense import Dense
from index.embedder import unit_rows


def random_rows(seed: int, n: int, dim: int) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(n, dim)))


@given(st.integers(0, 10**6), st.integers(1, 60), st.integers(1, 20), st.integers(1, 70))
def test_dense_equals_numpy(seed, n, dim, k):
    rows, query = random_rows(seed, n, dim), random_rows(seed + 1, 1, dim)[0]
    cosines = rows @ query
    found = Dense.build(rows).search(query, k)
    assert len(found) == min(k, n)
    np.testing.assert_allclose([s for _, s in found], np.sort(cosines)[::-1][:k], atol=1e-6)
    np.testing.assert_allclose([s for _, s in found], cosines[[r for r, _ in found]], atol=1e-6)
    assert len({r for r, _ in found}) == len(found)


@given(st.integers(0, 10**6), st.sets(st.integers(0, 29), max_size=30), st.integers(1, 40))
def test_dense_among_some_rows_equals_numpy_over_these(seed, among, k):
    rows, query = random_rows(seed, 30, 8), random_rows(seed + 1, 1, 8)[0]
    found = Dense.build(rows).search(query, k, sorted(among))
    expected = sorted(among, key=lambda r: -float(rows[r] @ query))[:k]
    assert [r for r, _ in found] == expected


@given(st.integers(0, 10**6), st.lists(st.integers(0, 29), min_size=1, max_size=9))
def test_cosines_of_given_rows_equal_numpy(seed, picked):
    rows, query = random_rows(seed, 30, 8), random_rows(seed + 1, 1, 8)[0]
    np.testing.assert_allclose(Dense.build(rows).cosines(query, picked), rows[picked] @ query, atol=1e-6)


def test_ties_are_ordered_by_row():
    rows = np.eye(3, dtype=np.float32)[[1, 0, 0, 0]]
    assert [r for r, _ in Dense.build(rows).search(np.eye(3)[0], 4)] == [1, 2, 3, 0]


def test_nothing_is_found_for_k_of_none_or_in_an_empty_index():
    query = np.eye(3)[0]
    assert Dense.build(np.eye(3, dtype=np.float32)).search(query, 0) == []
    assert Dense.build(np.eye(3, dtype=np.float32)).search(query, -1) == []
    assert Dense.build(np.eye(3, dtype=np.float32)).search(query, 3, []) == []
    assert Dense.build(np.zeros((0, 3), np.float32)).search(query, 3) == []


def test_rows_that_are_not_unit_rows_are_refused_with_their_lengths():
    with pytest.raises(ValueError, match=r"from 0\.5000 to 2\.0000"):
        Dense.build(np.array([[0.5, 0], [0, 2]], np.float32))


def test_a_saved_index_finds_the_same_under_any_folder_name(tmp_path):
    folder = tmp_path / "索引 für Ünïcode"
    folder.mkdir()
    rows, query = random_rows(1, 40, 16), random_rows(2, 1, 16)[0]
    dense = Dense.build(rows)
    Dense.write(folder, rows, ("",), np.zeros(40, int))
    opened = Dense.open(folder)
    assert len(opened) == 40
    assert opened.search(query, 10) == dense.search(query, 10)
    assert opened.search(query, 5, [3, 4, 5]) == dense.search(query, 5, [3, 4, 5])


def test_every_cut_group_is_found_by_its_own_codes_whatever_stands_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr("index.dense.EXACT", 50)
    sizes, rng = (20, 200, 10, 150), np.random.default_rng(0)
    codes = rng.permutation(np.repeat(np.arange(4), sizes))
    rows, tags = random_rows(3, len(codes), 16), ("a", "b", "c", "d")
    Dense.write(tmp_path, rows, tags, codes)
    for dense in (Dense.build(rows, tags, codes), Dense.open(tmp_path)):
        for code, tag in enumerate(tags):
            own = np.flatnonzero(codes == code)
            for query in random_rows(4 + code, 10, 16):
                found = dense.search_group(query, 10, tag, probes=len(own))
                best = own[np.argsort(-(rows[own] @ query), kind="stable")[:10]]
                assert [row for row, _ in found[:3]] == best[:3].tolist()
                np.testing.assert_allclose([s for _, s in found], rows[[r for r, _ in found]] @ query, atol=1e-6)
                assert {row for row, _ in found} <= set(own.tolist())
