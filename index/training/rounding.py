"""The numbers that are shipped: float8 has 3 bits behind its leading one, and what goes on from it is spread within its steps."""

from __future__ import annotations

import copy

import torch

from index.training.model import Encoder

STRETCH = 16.0  # of words and positions where they are shipped: the norm after them undoes it, and float8 keeps small values well above 2^-6
_SMALL = 2.0**-6  # below it float8 e4m3 counts in steps of 2^-9


def rounded(values: torch.Tensor) -> torch.Tensor:
    """float32 rounded to the nearest float8 e4m3."""
    return values.to(torch.float8_e4m3fn).float()


def dithered(values: torch.Tensor, seed: int = 0, stretch: float = 1.0) -> torch.Tensor:
    """float8 values divided by `stretch`, each at a random place of those that would be stored as that value.

    So a small step of all weights carries as many of them over to the next float8 value as it is long, where weights
    that all stood in the middle would all come back. The places are exact in float16, as checkpoints are.
    """
    noise = torch.rand(values.shape, generator=torch.Generator().manual_seed(seed)) - 0.5
    step = torch.exp2(torch.floor(torch.log2(values.abs().clamp_min(_SMALL))) - 3)
    moved = ((values + noise * step) / stretch).half().float()
    return torch.where(rounded(moved * stretch) == values, moved, values / stretch)


def _shipped(name: str, values: torch.Tensor) -> torch.Tensor:
    """A parameter of an encoder, or rows of its words, as it will be read from the exported folder."""
    if name.startswith("words"):
        return rounded(STRETCH * values) / STRETCH
    return rounded(values) if values.dim() == 2 and not name.startswith("positions") else values


@torch.no_grad()
def as_shipped(model: Encoder) -> Encoder:
    """A copy with its matrices and words rounded to float8."""
    out = copy.deepcopy(model)
    for name, weight in out.named_parameters():
        weight.copy_(_shipped(name, weight))
    return out


def shipped_weights(named: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The parameters of a `Whole` as they will be shipped; gradients pass the rounding as if it were not there (the
    straight-through estimator of Bengio et al. 2013)."""
    out = {}
    for name, values in named.items():
        with torch.no_grad():
            moved = _shipped(name.removeprefix("encoder."), values) - values
        out[name] = values + moved
    return out
