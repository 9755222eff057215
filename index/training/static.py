"""Stage 1: the mean of token vectors, trained by contrast between translations. Minutes on two cores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import save_file
from tqdm import tqdm

from index.training.losses import contrast
from index.training.mixture import Pool


def train(
    pools: dict[str, Pool], vocab: int, out: Path, dim: int = 256, batch: int = 2048, rate: float = 0.02, seed: int = 0
) -> None:
    """One pass over the pools' pairs; writes int8 rows with one float16 scale each. An existing file is kept.

    A text is the sum of its pieces' rows, so a row's length is what the piece weighs. In-batch contrast in both
    directions at temperature 0.05, SparseAdam from `rate` linearly to 0, a batch from one pool.
    """
    if out.exists():
        return
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    table = torch.nn.EmbeddingBag(vocab, dim, mode="sum", sparse=True)
    torch.nn.init.normal_(table.weight, std=dim**-0.5)
    optimiser = torch.optim.SparseAdam(table.parameters(), lr=rate)
    steps = [(n, r) for n, p in pools.items() for r in np.array_split(rng.permutation(len(p)), max(1, len(p) // batch))]
    for step, at in enumerate(tqdm(rng.permutation(len(steps)), desc="static", mininterval=10)):
        optimiser.param_groups[0]["lr"] = rate * (1 - step / len(steps))
        name, rows = steps[at]
        a, b = (F.normalize(table(*flat([side[i] for i in rows])), dim=-1) for side in (pools[name].a, pools[name].b))
        same = a.detach() @ a.detach().T > 0.999  # the same sentence twice is no negative of itself
        optimiser.zero_grad()
        contrast(a, b, same).backward()
        optimiser.step()
    write(table.weight.detach().numpy(), out)


def flat(rows: list[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids without `[CLS]` and `[SEP]`, one after another, and where each row starts."""
    rows = [r[1:-1] for r in rows]
    starts = np.cumsum([0, *map(len, rows[:-1])])
    return torch.tensor(np.concatenate(rows).astype(np.int64)), torch.tensor(starts)


def write(table: np.ndarray, out: Path) -> None:
    """(V, dim) float32 as `vectors` int8 and `scales` float16 (V, 1), rounded to the nearest."""
    scales = (np.abs(table).max(1, keepdims=True) / 127).astype(np.float16)
    scales = np.maximum(scales, np.float16(1e-7))
    vectors = np.clip(np.rint(table / scales.astype(np.float32)), -127, 127).astype(np.int8)
    save_file({"vectors": vectors, "scales": scales}, out)
