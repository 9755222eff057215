"""Stage 3: the student learns to say in three languages what the teacher says of the English side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from index.training import losses
from index.training.loop import Loss, Plan, cycle, train
from index.training.mixture import Pool
from index.training.model import Encoder, pad

SHARES = {  # of the steps
    "sentence.en_de": 0.22,
    "sentence.en_zh-Hans": 0.22,
    "sentence.en_zh-Hant": 0.05,
    "paragraph.en_de": 0.13,
    "paragraph.en_zh-Hans": 0.13,
    "paragraph.en_zh-Hant": 0.01,
    "title": 0.08,
    "english": 0.08,
    "across": 0.06,
}
BOTH = 0.5  # of the batches with a teacher train their English side too
NEAR = 10.0  # weight of the cosine to the teacher beside the contrast


def objective(teacher: Encoder, plan: Plan) -> Loss:
    """The loss of a batch: `(student, pool, rows) -> {part: scalar}`.

    With a teacher: the cosine of the other side to the teacher's vector of the English one, and KL of the rows of
    similarity to the teacher's (which is a contrast whose negatives are graded). The English side itself is trained
    on half of the batches. Without one (German-Chinese): contrast between the sides.
    """
    rng = np.random.default_rng(plan.seed + 1)
    teacher.to(plan.device).eval()

    def ids(side: list[np.ndarray], rows: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        return pad([side[i] for i in rows], plan.device)

    def loss(student: Encoder, pool: Pool, rows: np.ndarray) -> dict[str, torch.Tensor]:
        if not len(pool.t[rows[0]]):
            a, b = student(*ids(pool.a, rows)), student(*ids(pool.b, rows))
            return {"contrast": losses.contrast(a, b, losses.alike(a.detach(), 0.95))}
        with torch.no_grad():
            t = teacher(*ids(pool.t, rows)).float()
        parts = {}
        if len(pool.b[rows[0]]):
            b = student(*ids(pool.b, rows))
            parts |= {"near": NEAR * losses.cosine(b, t), "rows": losses.rows(b, t, t)}
        if not parts or rng.random() < BOTH:
            a = student(*ids(pool.a, rows))
            parts |= {"near.en": NEAR * losses.cosine(a, t), "rows.en": losses.rows(a, t, t)}
            if "near" in parts:
                parts["rows.both"] = losses.rows(a, b, t)
        return parts

    return loss


def distil(student: Encoder, teacher: Encoder, pools: dict[str, Pool], plan: Plan, out: Path) -> Encoder:
    """The student after stage 3; checkpoints at `out`."""
    pools = {n: p for n, p in pools.items() if n in SHARES and len(p)}
    return train(student, lambda p: cycle(pools, SHARES, p), lambda p: objective(teacher, p), plan, out)
