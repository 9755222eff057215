"""The last stages of the encoder's making: shipped numbers, relations across languages, the axes."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import save_file  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402

from index.training import export, joint, known, mean, model, rounding  # noqa: E402
from index.training.model import Encoder  # noqa: E402


def unit(*shape: int) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*shape), dim=-1)


@pytest.fixture
def small() -> Encoder:
    """A random encoder of one layer over 40 pieces."""
    torch.manual_seed(0)
    return Encoder(vocab=40, dim=16, layers=1, inner=32, positions=32, heads=2)


def test_dithered_weights_round_back_to_where_they_were():
    shipped = rounding.rounded(torch.randn(5000) * torch.logspace(-4, 1, 5000))
    moved = rounding.dithered(shipped)
    np.testing.assert_array_equal(rounding.rounded(moved), shipped)
    assert (moved != shipped).float().mean() > 0.9


def test_weights_are_seen_as_they_ship_and_learn_as_if_they_were_not_rounded(small):
    whole = model.Whole(small, torch.randn(40, 6), torch.eye(22))
    seen = rounding.shipped_weights(dict(whole.named_parameters()))
    for name, want in rounding.as_shipped(whole.encoder).named_parameters():
        torch.testing.assert_close(seen[f"encoder.{name}"], want, atol=1e-6, rtol=1e-6)
    torch.testing.assert_close(seen["static.weight"], rounding.rounded(whole.static.weight), atol=1e-6, rtol=1e-6)
    sum(v.sum() for v in seen.values()).backward()
    assert all(torch.equal(p.grad, torch.ones_like(p)) for p in whole.parameters())


def test_relations_are_lost_nothing_where_every_text_stands_as_is_known():
    texts = unit(6, 8)
    none = torch.eye(6, dtype=torch.bool)
    same = joint.relations(texts, texts, texts @ texts.T / 0.05, none)
    assert all(same[k].item() == pytest.approx(0, abs=1e-4) for k in ("across", "back", "among", "second"))
    other = joint.relations(unit(6, 8), texts, texts @ texts.T / 0.05, none)
    assert all(other[k].item() > same[k].item() + 0.01 for k in ("pick", "across", "back", "among"))


def test_a_text_is_compared_with_the_others_alone():
    a, b, texts = unit(3, 8), unit(3, 8), unit(3, 8)
    parts = []
    for i in range(3):
        others = [j for j in range(3) if j != i]
        want, have = ((x[i] @ y[others].T / 0.05).double().log_softmax(-1) for x, y in ((texts, texts), (a, b)))
        parts.append((want.exp() * (want - have)).sum().item())
    found = joint.relations(a, b, texts @ texts.T / 0.05, torch.zeros(3, 3, dtype=torch.bool))["across"]
    assert found.item() == pytest.approx(sum(parts) / 3, rel=1e-3)


def topics(rows: int) -> torch.Tensor:
    """Unit rows of two topics, one after the other."""
    return torch.nn.functional.normalize(torch.eye(2).repeat_interleave(rows, 0) + 0.01 * torch.randn(2 * rows, 2), dim=-1)


def test_a_neighbourhood_is_made_of_near_texts_each_once():
    rng, vectors = np.random.default_rng(0), topics(60)
    near = known.nearest(vectors, rng)
    assert near.shape == (120, known.NEAREST) and all({n < 60 for n in row} == {i < 60} for i, row in enumerate(near))
    at = np.arange(120)
    stream = joint.neighbourhoods(known.Parallel(at, at, np.ones(120), vectors, vectors, near), 20, rng)
    for _ in range(5):
        rows = next(stream)
        assert len(rows) == len(set(rows.tolist())) == 20 and len({r < 60 for r in rows}) == 1


def of_passages(passages: int, each: int) -> known.Asked:
    """So many questions of each passage; the first half of the passages is of one topic, the other of another."""
    place, vectors = np.repeat(np.arange(passages), each), topics(passages // 2)
    asked = np.arange(len(place))
    side = vectors[torch.from_numpy(place)]
    han = np.zeros(len(place), bool)
    return known.Asked(
        asked, 1000 + place, place, np.ones(len(place)), (han, han), np.arange(passages) * each, np.full(passages, each),
        (side, side), (side, side), known.nearest(vectors, np.random.default_rng(0)),
    )  # fmt: skip


def test_a_batch_of_questions_has_no_passage_twice_and_some_near_others():
    asked, rng = of_passages(200, 3), np.random.default_rng(0)
    seen = set()
    for _, rows in zip(range(200), joint.questions(asked, 40, rng), strict=False):
        assert 20 <= len(rows) <= 40 and len(set(asked.place[rows].tolist())) == len(rows)
        seen |= set(rows.tolist())
    assert seen == set(range(600))


def test_questions_in_a_script_that_no_passage_has_are_told_nothing():
    asked = of_passages(8, 1)
    vectors = unit(8, 2)
    other = np.array([True] * 4 + [False] * 4)
    mixed = known.Asked(**{**asked.__dict__, "han": (other, np.zeros(8, bool))})
    alone = known.Asked(**{**asked.__dict__, "han": (np.ones(8, bool), np.zeros(8, bool))})
    told = [joint.of_questions(lambda at: vectors[torch.from_numpy(at % 8)], a, np.arange(8))["told"].item() for a in (asked, mixed, alone)]
    assert told[0] > 0.01 and told[1] > 0.001 and told[2] == pytest.approx(0, abs=1e-6)


@pytest.fixture
def letters() -> Tokenizer:
    """Every letter a piece, from 4 on."""
    spec = Tokenizer(models.WordLevel({"?": 1} | {c: i for i, c in enumerate("abcdefghij", start=4)}, unk_token="?"))
    spec.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    return spec


def test_texts_of_any_length_are_encoded_in_their_order(letters):
    texts = ["abc", "a", "", "jihgfedcba" * 40, "bb"] * 9
    rows = known.Ragged.of(letters, texts, (2, 3), "cpu", before="j")
    assert rows.length.tolist() == [6, 4, 3, known.LONGEST, 5] * 9
    sums = rows.encode(lambda ids, mask: (ids * mask).sum(1, keepdim=True).float(), np.array([3, 0, 2, 1, 5]), 300)
    want = [5 + 13 + 15, 5 + 13 + 0, 5 + 13 + 4, 5 + 13 + 15]
    assert sums[1:, 0].tolist() == want and rows.padded(np.array([1]))[0].shape == (1, 8)
    for some in rows.batches(np.arange(45), 300):
        assert len(some) == 1 or len(some) * rows.length[some].max() <= 300


def test_many_texts_are_cut_into_pieces_by_processes_as_by_one(letters, monkeypatch):
    texts = ["abc" * (i % 5) for i in range(50)]
    alone = known.Ragged.of(letters, texts, (2, 3), "cpu")
    monkeypatch.setattr(known, "_TOKENISED", 7)
    shared = known.Ragged.of(letters, texts, (2, 3), "cpu")
    assert torch.equal(alone.flat, shared.flat) and alone.length.tolist() == shared.length.tolist()


def test_kinds_have_their_shares_and_passages_the_same():
    found = known.weights(["a", "a", "b", "b", "b"], {"a": 0.4, "b": 0.6}, np.array([0, 1, 2, 2, 3]))
    np.testing.assert_allclose(found, [0.2, 0.2, 0.15, 0.15, 0.3])


def test_a_vector_is_the_mean_of_states_beside_the_mean_of_static_rows_turned(small, tmp_path):
    static, turn = torch.randn(40, 6), torch.randn(22, 22)
    whole = model.Whole(small, static, turn)
    rows = [np.array([2, 7, 9, 3], np.uint16), np.array([2, 8, 3], np.uint16)]
    states = small.states(*model.pad(rows[1:]))[0].mean(0).detach()
    want = torch.cat([states, static[[2, 8, 3]].mean(0)])
    np.testing.assert_allclose(whole.plain(*model.pad(rows))[1].detach(), want / want.norm(), atol=1e-5)
    np.testing.assert_allclose(whole(*model.pad(rows))[1].detach(), (turn @ want) / (turn @ want).norm(), atol=1e-5)
    model.save(whole, tmp_path / "w.safetensors")
    np.testing.assert_allclose(model.load(tmp_path / "w.safetensors")(*model.pad(rows)).detach(), whole(*model.pad(rows)).detach(), atol=0.01)


def test_the_axes_keep_the_order_of_what_they_say_and_what_all_texts_share_counts_less(small):
    torch.manual_seed(1)
    whole, rng = model.Whole(small, torch.randn(40, 6) + 1, torch.eye(22)), np.random.default_rng(0)
    rows = [np.array([2, *rng.integers(4, 40, n), 3], np.uint16) for n in rng.integers(3, 9, 200)]
    texts = whole.plain(*model.pad(rows)).detach()
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
