"""What distillation and retrieval minimise; all take unit rows."""

from __future__ import annotations

import torch
import torch.nn.functional as F

TEMPERATURE = 0.05


def cosine(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Mean of 1 - cos of the rows of a and b, both (n, dim)."""
    return (1 - (a * b).sum(-1)).mean()


def contrast(a: torch.Tensor, b: torch.Tensor, same: torch.Tensor | None = None) -> torch.Tensor:
    """In-batch contrast in both directions (van den Oord et al. 2018): row i of a belongs to row i of b.

    `same` (n, n), symmetric, is true where two rows count as equal and must not repel each other.
    """
    there = a @ b.T / TEMPERATURE
    target = torch.arange(len(a), device=a.device)
    if same is not None:
        there = there.masked_fill(same & (target != target[:, None]), -1e4)
    return (F.cross_entropy(there, target) + F.cross_entropy(there.T, target)) / 2


def rows(student: torch.Tensor, keys: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
    """KL from the teacher's softmaxed similarities to the student's, (n, dim) each, against the same n `keys`.

    Temperature 0.05; the mean over the rows of KL(teacher || student).
    """
    want = torch.log_softmax(teacher @ teacher.T / TEMPERATURE, -1)
    have = torch.log_softmax(student @ keys.T / TEMPERATURE, -1)
    return F.kl_div(have, want, reduction="batchmean", log_target=True)


def alike(vectors: torch.Tensor, above: float) -> torch.Tensor:
    """(n, n) true where two rows' cosine exceeds `above`: too near to be each other's negatives."""
    return vectors @ vectors.T > above
