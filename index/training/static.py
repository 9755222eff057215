"""Stage 1: the mean of token vectors, trained by contrast between translations. Minutes on two cores."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.numpy import load_file, save_file
from tqdm import tqdm

from index.training.losses import contrast
from index.training.mixture import Pool

TUNE = {"qa": 0.25, "switched": 0.2, "cloze": 0.15, "sentence": 0.2, "across": 0.05, "title": 0.1, "paragraph": 0.05}


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


def tune(
    pools: dict[str, Pool], start: Path, out: Path, minutes: float, rate: float = 0.005, seed: int = 0,
    steps: int | None = None,
) -> None:
    """Teach the table at `start` to find passages: the same contrast, questions with their passages in the mix.

    `TUNE` gives each kind of pool its share of the steps; batches of 1024; equal texts are no negatives of each other.
    It ends after `minutes`, or after `steps` where they are given.
    An existing `out` is kept.
    """
    if out.exists():
        return
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    table = torch.nn.EmbeddingBag.from_pretrained(torch.tensor(read(start)), freeze=False, mode="sum", sparse=True)
    optimiser = torch.optim.SparseAdam(table.parameters(), lr=rate)
    names = sorted(n for n, p in pools.items() if n.split(".")[0] in TUNE and len(p))
    same_kind = Counter(n.split(".")[0] for n in names)
    share = np.array([TUNE[n.split(".")[0]] / same_kind[n.split(".")[0]] for n in names])
    began, done, step = time.monotonic(), 0.0, 0
    while done < 1:
        optimiser.param_groups[0]["lr"] = rate * (1 - done)
        pool = pools[names[rng.choice(len(names), p=share / share.sum())]]
        rows = rng.integers(0, len(pool), 1024)
        a, b = (F.normalize(table(*flat([side[i] for i in rows])), dim=-1) for side in (pool.a, pool.b))
        optimiser.zero_grad()
        contrast(a, b, equal(pool.a, rows) | equal(pool.b, rows)).backward()
        optimiser.step()
        step += 1
        done = step / steps if steps else (time.monotonic() - began) / (60 * minutes)
    print(f"static: {step} steps in {(time.monotonic() - began) / 60:.1f} min", flush=True)
    write(table.weight.detach().numpy(), out)


def equal(side: list[np.ndarray], rows: np.ndarray) -> torch.Tensor:
    """(n, n) true where two of the rows hold the same ids."""
    number: dict[bytes, int] = {}
    key = torch.tensor([number.setdefault(side[i].tobytes(), len(number)) for i in rows])
    return key[:, None] == key[None, :]


def read(path: Path) -> np.ndarray:
    """(V, dim) float32: what `write` wrote."""
    file = load_file(path)
    return file["vectors"].astype(np.float32) * file["scales"].astype(np.float32)


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
