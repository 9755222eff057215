"""Attention by products is torch's own."""

import pytest

torch = pytest.importorskip("torch")

from index.training import model  # noqa: E402


@pytest.mark.parametrize("length", [1, 7, model._LONG, model._LONG + 1])
def test_short_and_long_texts_attend_alike(length, monkeypatch):
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, length, 8, requires_grad=True) for _ in range(3))
    mask = torch.zeros(2, 1, 1, length)
    mask[1, ..., length // 2 + 1 :] = -1e9
    found = {}
    for most in (0, 10**6):
        monkeypatch.setattr(model, "_LONG", most)
        out = model.attention(q, k, v, mask)
        found[most] = [out, *torch.autograd.grad(out.square().sum(), (q, k, v))]
    for a, b in zip(*found.values(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-5)
