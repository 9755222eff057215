"""The last stages of the encoder's making: shipped numbers, relations across languages, the axes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402

from index.training import export, joint, mean, model, neighbours, rounding  # noqa: E402
from index.training.mixture import Pool  # noqa: E402
from index.training.model import Encoder  # noqa: E402

NONE = np.zeros(0, np.uint16)


def unit(*shape: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*shape), dim=-1)


@pytest.fixture
def small() -> Encoder:
    """A random encoder of one layer over 40 pieces."""
    torch.manual_seed(0)
    return Encoder(vocab=40, dim=16, layers=1, inner=32, positions=32, heads=2)


@pytest.fixture
def asked() -> Pool:
    """60 questions of three tokens about 20 passages of 5 to 9, three each."""
    rng = np.random.default_rng(0)
    passages = [np.array([2, *rng.integers(4, 40, n), 3], np.uint16) for n in rng.integers(5, 10, 20)]
    questions = [np.array([2, *rng.permutation(p[1:-1])[:3], 3], np.uint16) for p in passages for _ in range(3)]
    return Pool(questions, [p for p in passages for _ in range(3)], [NONE] * 60)


def test_dithered_weights_round_back_to_where_they_were():
    shipped = rounding.rounded(torch.randn(5000) * torch.logspace(-4, 1, 5000))
    moved = rounding.dithered(shipped)
    np.testing.assert_array_equal(rounding.rounded(moved), shipped)
    assert (moved != shipped).float().mean() > 0.9


def test_relations_are_lost_nothing_where_every_text_stands_as_its_english_does():
    english = unit(6, 8)
    same = joint.relations(english, english, english @ english.T)
    assert all(same[k].item() == pytest.approx(0, abs=1e-4) for k in ("near", "across", "back", "among"))
    other = joint.relations(unit(6, 8), english, english @ english.T)
    assert all(other[k].item() > same[k].item() + 0.01 for k in same)


def test_a_text_is_compared_with_the_others_alone():
    student, english = unit(3, 8), unit(3, 8)
    parts = []
    for i in range(3):
        others = [j for j in range(3) if j != i]
        want, have = ((x[i] @ english[others].T / 0.05).double().log_softmax(-1) for x in (english, student))
        parts.append((want.exp() * (want - have)).sum().item())
    assert joint.relations(student, english, english @ english.T)["across"].item() == pytest.approx(sum(parts) / 3, rel=1e-3)


def test_a_neighbourhood_is_made_of_near_texts_and_ends_at_its_tokens(monkeypatch):
    monkeypatch.setattr(neighbours, "NEAREST", 40)
    rng = np.random.default_rng(0)
    static = np.zeros((40, 4), np.float32)
    static[4:22, 0] = static[22:40, 1] = 1  # two topics
    texts = [np.array([2, *rng.integers(low, low + 18, 4), 3], np.uint16) for low in (4, 22) for _ in range(50)]
    pool = Pool(texts, [t[::-1].copy() for t in texts], texts)
    around = neighbours.Around.of({"title": pool, "english": Pool(texts, [NONE] * 100, texts)}, static)
    assert all(len(b) for b in around.b)
    stream = around.batches(10_000, 20, rng)
    for _ in range(5):
        rows = next(stream)
        topics = {int(around.a[i][1]) < 22 for i in rows}
        assert len(rows) == len(set(rows.tolist())) == 20 and len(topics) == 1
    assert 60 <= sum(len(around.a[i]) for i in next(around.batches(60, 90, rng))) < 66


def test_lengths_apart_give_the_rows_in_their_order():
    rows = [np.arange(n) for n in (3, 9, 1, 4, 4, 7, 2)]
    sums = joint.by_length(lambda some: torch.tensor([[float(r.sum())] for r in some]), rows)
    assert sums[:, 0].tolist() == [float(r.sum()) for r in rows]


def test_questions_of_one_passage_come_together_and_every_passage_once_an_epoch(asked):
    stream, seen = joint.Grouped(asked.a, asked.b, asked.t).batches(40, 20, np.random.default_rng(0)), []
    while len(seen) < 60:
        rows = next(stream)
        passages = {asked.b[i].tobytes() for i in rows}
        assert len(rows) == 3 * len(passages)
        assert len(passages) * max(len(asked.b[i]) for i in rows) <= max(40, 4 * 11)
        seen += rows.tolist()
    assert sorted(seen) == list(range(60))


def test_equal_texts_are_encoded_once(asked):
    texts, at = joint.distinct(asked.b[:6])
    assert len(texts) == 2 and at.tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(texts[1], asked.b[3])


def test_a_vector_is_the_mean_of_states_beside_the_mean_of_static_rows_turned(small, tmp_path):
    static, turn = torch.randn(40, 6), torch.randn(22, 22)
    whole = model.Whole(small, static, turn)
    rows = [np.array([2, 7, 9, 3], np.uint16), np.array([2, 8, 3], np.uint16)]
    states = small.states(*model.pad(rows[1:]))[0].mean(0).detach()
    want = torch.cat([states, static[[2, 8, 3]].mean(0)])
    np.testing.assert_allclose(whole.plain(rows)[1].detach(), want / want.norm(), atol=1e-5)
    np.testing.assert_allclose(whole(rows)[1].detach(), (turn @ want) / (turn @ want).norm(), atol=1e-5)
    model.save(whole, tmp_path / "w.safetensors")
    np.testing.assert_allclose(model.load(tmp_path / "w.safetensors")(rows).detach(), whole(rows).detach(), atol=0.01)


def test_the_axes_keep_the_order_of_what_they_say_and_what_all_texts_share_counts_less(small):
    torch.manual_seed(1)
    whole, rng = model.Whole(small, torch.randn(40, 6) + 1, torch.eye(22)), np.random.default_rng(0)
    rows = [np.array([2, *rng.integers(4, 40, n), 3], np.uint16) for n in rng.integers(3, 9, 200)]
    texts = whole.plain(rows).detach()
    turn = torch.tensor(export.axes(export.vectors(whole, rows)))
    lengths = torch.nn.functional.normalize(turn, dim=1)
    np.testing.assert_allclose(lengths @ lengths.T, torch.eye(22), atol=1e-3)
    shares, plain = ((texts @ turn.T) ** 2).mean(0), ((texts @ lengths.T) ** 2).mean(0)
    assert torch.all(shares[:-1] >= shares[1:] - 1e-6)
    assert shares[0] / shares.sum() < plain[0] / plain.sum()


def test_a_mean_of_checkpoints_is_that_of_their_weights(small, tmp_path):
    paths = [tmp_path / f"{i}.safetensors" for i in range(2)]
    for path, by in zip(paths, (1.0, 3.0), strict=True):
        with torch.no_grad():
            small.words.weight.fill_(by)
        model.save(small, path)
    mean.mean([paths[0], paths[0], *paths], tmp_path / "mean.safetensors")
    found = model.load(tmp_path / "mean.safetensors")
    assert torch.allclose(found.words.weight, torch.tensor(1.5))
    assert torch.equal(found.layers[0].up.weight, model.load(paths[0]).layers[0].up.weight)


def test_checkpoints_of_different_models_have_no_mean(small, tmp_path):
    model.save(small, tmp_path / "one.safetensors")
    save_file({"words.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    with pytest.raises(ValueError, match="is not of the same model"):
        mean.mean([tmp_path / "one.safetensors", tmp_path / "other.safetensors"], tmp_path / "mean.safetensors")
