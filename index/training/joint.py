"""Stage 5: the states learn what the static rows beside them miss, on the vector that is shipped.

Not ready: at the rates that the command gives it, the one long run of it made the encoder worse (eval/LOG.md).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from index.training import losses
from index.training.loop import Loss, Plan, cycle, train
from index.training.mixture import Pool
from index.training.model import Encoder, pad
from index.training.retrieve import POOLS, SAME

SHARES = {  # of the steps: mostly what is not yet found, which are clozes
    "cloze": 0.55,
    "switched": 0.15,
    "qa": 0.1,
    "sentence.en_de": 0.05,
    "sentence.en_zh-Hans": 0.05,
    "across": 0.06,
    "paragraph.en_de": 0.02,
    "paragraph.en_zh-Hans": 0.02,
}
TWINS = 0.95  # translations nearer than this do not repel each other
TOGETHER = 4  # questions of one passage in a batch, at most
MEMORY = 1024  # pairs of earlier batches that serve as negatives


def groups(pool: Pool) -> list[list[int]]:
    """The rows of every different `b`."""
    found: dict[bytes, list[int]] = {}
    for i, b in enumerate(pool.b):
        found.setdefault(b.tobytes(), []).append(i)
    return list(found.values())


class Grouped(Pool):
    """A pool whose batches put rows of one and the same `b` together, so that it is encoded once for all of them."""

    def batches(self, tokens: int, rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """As `Pool.batches`, with `tokens` counted over the different `b`; of one `b` at most 4 rows an epoch."""
        found = groups(self)
        length = np.array([len(self.b[group[0]]) for group in found])
        while True:
            order = rng.permutation(len(found))
            made = []
            for start in range(0, len(order), 8 * rows):
                block = order[start : start + 8 * rows]
                block = block[np.argsort(length[block], kind="stable")[::-1]]
                at = 0
                while at < len(block):
                    size = min(rows // 2, max(4, tokens // int(length[block[at]])))
                    made.append(np.concatenate([rng.permutation(found[i])[:TOGETHER] for i in block[at : at + size]]))
                    at += size
            for i in rng.permutation(len(made)):
                if len(made[i]) > 1 or len(made) == 1:
                    yield made[i]


def combined(model: Encoder, static: torch.Tensor, rows: list[np.ndarray]) -> torch.Tensor:
    """(n, dim) unit rows as shipped, but for the turn: the mean of the states beside the mean of the `static` rows."""
    ids, mask = pad(rows, str(static.device))
    keep = mask[:, :, None].float()
    both = torch.cat([model.states(ids, mask).float(), static[ids]], -1)
    return F.normalize((both * keep).sum(1) / keep.sum(1), dim=-1)


def distinct(rows: list[np.ndarray]) -> tuple[list[np.ndarray], torch.Tensor]:
    """The different ones of the rows, and for each row its place among them."""
    number: dict[bytes, int] = {}
    places = [number.setdefault(row.tobytes(), len(number)) for row in rows]
    return [np.frombuffer(row, rows[0].dtype) for row in number], torch.tensor(places)


def objective(static: torch.Tensor, asked: set[int]) -> Loss:
    """Contrast of the two sides of a batch, on the shipped vector.

    The pairs of the last batches of the same pool are negatives too, as they were encoded then (cross-batch memory,
    Wang et al. 2020). Sides that are nearly equal, by 0.85 in the pools whose `id` is in `asked` and by 0.95 in those
    of translations, are no negatives.
    """
    memory: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def loss(student: Encoder, pool: Pool, rows: np.ndarray) -> dict[str, torch.Tensor]:
        texts, at = distinct([pool.b[i] for i in rows])
        a, b = combined(student, static, [pool.a[i] for i in rows]), combined(student, static, texts)[at]
        old = memory.get(id(pool), (a.detach()[:0], b.detach()[:0]))
        near = b.detach() @ torch.cat([b.detach(), old[1]]).T > (SAME if id(pool) in asked else TWINS)
        memory[id(pool)] = tuple(torch.cat([new.detach(), was])[:MEMORY] for new, was in zip((a, b), old, strict=True))
        return {"contrast": losses.contrast(a, b, near, others=old)}

    return loss


def joint(student: Encoder, static: np.ndarray, pools: dict[str, Pool], plan: Plan, out: Path) -> Encoder:
    """The student after stage 5; checkpoints at `out`. `static` (V, dim) are the rows beside the states, as shipped."""
    pools = {n: Grouped(p.a, p.b, p.t) if n in POOLS else p for n, p in pools.items() if n in SHARES and len(p)}
    asked = {id(p) for n, p in pools.items() if n in POOLS}
    beside = torch.tensor(static, device=plan.device)
    return train(student, lambda p: cycle(pools, SHARES, p), lambda p: objective(beside, asked), plan, out)
