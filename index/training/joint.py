"""Stage 5: what texts are to each other in English they become in every language, on the vector that is shipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from index.training import losses
from index.training.loop import Loss, Plan, cycle, train
from index.training.mixture import Pool
from index.training.model import Encoder, Whole, pad
from index.training.neighbours import Around
from index.training.retrieve import SAME

SHARES = {"around": 0.85, "qa": 0.075, "cloze": 0.075}  # of the steps
TOGETHER = 4  # questions of one passage in a batch, at most
ENGLISH = 0.15  # of a neighbourhood's texts that the student reads in English too
TWINS = 0.95  # texts nearer than this are no negatives of each other
TEACHER = 0.35  # of a similarity that is the teacher's, the rest is the encoder's own before this stage
NEAR = 3.0  # weight of the cosine to the frozen vector


class Grouped(Pool):
    """A pool whose batches put rows of one and the same `b` together, so that it is encoded once for all of them."""

    def batches(self, tokens: int, rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """As `Pool.batches`, with `tokens` counted over the different `b`; of one `b` at most 4 rows an epoch."""
        same: dict[bytes, list[int]] = {}
        for i, b in enumerate(self.b):
            same.setdefault(b.tobytes(), []).append(i)
        found = list(same.values())
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


def distinct(rows: list[np.ndarray]) -> tuple[list[np.ndarray], torch.Tensor]:
    """The different ones of the rows, and for each row its place among them."""
    number: dict[bytes, int] = {}
    places = [number.setdefault(row.tobytes(), len(number)) for row in rows]
    return [np.frombuffer(row, rows[0].dtype) for row in number], torch.tensor(places)


def by_length(of: Callable[[list[np.ndarray]], torch.Tensor], rows: list[np.ndarray]) -> torch.Tensor:
    """`of(rows)`, called for the shorter half, the longest fifth and those between apart, so that little is padded."""
    order = np.argsort([len(row) for row in rows], kind="stable")
    parts = np.split(order, [len(rows) // 2, len(rows) * 4 // 5])
    out = torch.cat([of([rows[i] for i in part]) for part in parts if len(part)])
    return out[torch.from_numpy(np.argsort(order)).to(out.device)]


def relations(student: torch.Tensor, frozen: torch.Tensor, known: torch.Tensor) -> dict[str, torch.Tensor]:
    """The losses of n texts in another language, `student` (n, dim), against their English, `frozen` (n, dim), unit rows.

    `known` (n, n) are the cosines between the English texts. `near`: the cosine of a text to its own English; `pick`: contrast
    of each with the others' English; `across`, `back` and `among`: KL of the softmaxed cosines to the other n - 1, of student
    to frozen, of frozen to student and of student to student, from those known (relations in place of positions: Park et
    al. 2019). A text's cosine to itself is left out there, beside which no other would count.
    """
    itself = torch.eye(len(known), dtype=torch.bool, device=known.device)
    across, among = student @ frozen.T, student @ student.T

    def divergence(have: torch.Tensor) -> torch.Tensor:
        a, b = ((x / losses.TEMPERATURE).masked_fill(itself, -1e4).log_softmax(-1) for x in (have, known))
        return F.kl_div(a, b, reduction="batchmean", log_target=True)

    return {
        "near": NEAR * losses.cosine(student, frozen),
        "pick": losses.contrast(student, frozen, losses.alike(frozen, TWINS)),
        "across": divergence(across),
        "back": divergence(across.T),
        "among": divergence(among),
    }


def objective(teacher: Encoder, frozen: Whole, plan: Plan) -> Loss:
    """`relations` of a neighbourhood; contrast of the two sides of other pools, where sides that are nearly equal, by 0.85,
    are no negatives."""
    rng = np.random.default_rng(plan.seed + 1)
    frozen.to(plan.device).eval()
    teacher.to(plan.device).eval()

    def taught(rows: list[np.ndarray]) -> torch.Tensor:
        return teacher(*pad(rows, plan.device)).float()

    def loss(student: Whole, pool: Pool, rows: np.ndarray) -> dict[str, torch.Tensor]:
        if not isinstance(pool, Around):
            texts, at = distinct([pool.b[i] for i in rows])
            a, b = by_length(student, [pool.a[i] for i in rows]), by_length(student, texts)[at]
            return {"contrast": losses.contrast(a, b, losses.alike(b.detach(), SAME))}
        english = [pool.a[i] for i in rows]
        with torch.no_grad():
            own, other = by_length(frozen, english), by_length(taught, [pool.t[i] for i in rows])
            known = (1 - TEACHER) * own @ own.T + TEACHER * other @ other.T
        read = [pool.a[i] if rng.random() < ENGLISH else pool.b[i] for i in rows]
        return relations(by_length(student, read), own, known)

    return loss


def joint(whole: Whole, frozen: Whole, teacher: Encoder, pools: dict[str, Pool], plan: Plan, out: Path) -> Whole:
    """`whole` after stage 5; checkpoints at `out`. `frozen` is the same before it."""
    rows = {n: Grouped(p.a, p.b, p.t) for n, p in pools.items() if n in SHARES and len(p)}
    rows["around"] = Around.of(pools, frozen.static.weight.detach().cpu().numpy(), plan.seed)
    return train(whole, lambda p: cycle(rows, SHARES, p), lambda p: objective(teacher, frozen, p), plan, out)
