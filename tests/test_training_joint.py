"""The last stages of the encoder's making: shipped numbers, contrast beyond the batch, the axes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from index.training import export, joint, losses, rounding  # noqa: E402
from index.training.mixture import Pool  # noqa: E402
from index.training.model import Encoder, pad  # noqa: E402

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


def test_losses_see_rounded_weights_and_their_gradients_move_the_model(small, asked):
    shipped, rows = rounding.Rounded(small), np.array([0, 5])
    shipped.refresh(asked, rows)
    ids, mask = pad([asked.a[i] for i in rows])
    assert torch.equal(shipped.copy(ids, mask), rounding.as_shipped(small)(ids, mask))
    assert not torch.equal(shipped.copy(ids, mask), small(ids, mask))
    shipped.copy(ids, mask)[:, 0].sum().backward()
    shipped.hand_back()
    assert all(p.grad is None for p in shipped.copy.parameters())
    assert small.layers[0].up.weight.grad.abs().sum() > 0 and small.words.weight.grad.to_dense().abs().sum() > 0


def test_pairs_beyond_the_batch_are_negatives_unless_they_are_the_same():
    a, b, more = unit(4, 8), unit(4, 8), (unit(3, 8), unit(3, 8))
    there = (a @ torch.cat([b, more[1]]).T / 0.05).double()
    back = (b @ torch.cat([a, more[0]]).T / 0.05).double()
    want = -sum((m.diagonal() - m.logsumexp(1)).mean() for m in (there, back)) / 2
    assert losses.contrast(a, b, others=more).item() == pytest.approx(want.item(), rel=1e-4)
    same = torch.zeros(4, 7, dtype=torch.bool)
    same[:, 4:] = True
    assert losses.contrast(a, b, same, others=more).item() == pytest.approx(losses.contrast(a, b).item(), rel=1e-4)


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


def test_a_vector_is_the_mean_of_states_beside_the_mean_of_static_rows(small):
    static = torch.randn(40, 6)
    rows = [np.array([2, 7, 9, 3], np.uint16), np.array([2, 8, 3], np.uint16)]
    got = joint.combined(small, static, rows).detach()
    states = small.states(*pad(rows[1:]))[0].mean(0).detach()
    want = torch.cat([states, static[[2, 8, 3]].mean(0)])
    np.testing.assert_allclose(got[1], want / want.norm(), atol=1e-5)


def test_the_axes_keep_the_order_of_what_they_say_and_what_all_texts_share_counts_less(small):
    torch.manual_seed(1)
    static, rng = torch.randn(40, 6) + 1, np.random.default_rng(0)
    rows = [np.array([2, *rng.integers(4, 40, n), 3], np.uint16) for n in rng.integers(3, 9, 200)]
    texts = joint.combined(small, static, rows).detach()
    turn = torch.tensor(export.axes(export.vectors(small, static.numpy(), rows)))
    lengths = torch.nn.functional.normalize(turn, dim=1)
    np.testing.assert_allclose(lengths @ lengths.T, torch.eye(22), atol=1e-3)
    shares, plain = ((texts @ turn.T) ** 2).mean(0), ((texts @ lengths.T) ** 2).mean(0)
    assert torch.all(shares[:-1] >= shares[1:] - 1e-6)
    assert shares[0] / shares.sum() < plain[0] / plain.sum()
