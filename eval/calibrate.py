"""Fits `rag/calibration.json` to the development questions: `python -m eval.calibrate [--index DIR] [--dry-run]`.

Never sees the test questions. Prints the cross-validated trade-off (folds by fact) between questions answered and
unanswerable questions refused.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eval.dataset import Question, load, shipped
from index.embedder import load_embedder
from index.search import Index
from index.store import open_index
from rag.answerability import CALIBRATION, FEATURES, Calibration, features
from rag.evidence import evidence

# The share of answerable development questions let through. Wanted are 85 % answered and 60 % of the unanswerable
# refused: at 87 % the cross-validated trade-off leaves about the same room on both sides.
ANSWERED = 0.87
_L2 = 1.0
_FOLDS = 10


def fit(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """(intercept, weights, mean, scale) of a logistic regression with an L2 penalty on the weights, by Newton's method.

    `x` is (n, d), `y` (n,) of 0 and 1. Both classes count alike whatever their sizes. ValueError without both classes.
    """
    if not 0 < y.mean() < 1:
        raise ValueError(f"need answerable and unanswerable questions, got {int(y.sum())} of {len(y)} answerable")
    mean, scale = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    z = np.c_[np.ones(len(x)), (x - mean) / scale]
    share = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    penalty = np.full(z.shape[1], _L2)
    penalty[0] = 1e-6
    w = np.zeros(z.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-z @ w))
        gradient = z.T @ (share * (p - y)) + penalty * w
        hessian = (z * (share * p * (1 - p))[:, None]).T @ z + np.diag(penalty)
        w -= np.linalg.solve(hessian, gradient)
    return float(w[0]), w[1:], mean, scale


def cross_validated(x: np.ndarray, y: np.ndarray, facts: Sequence[str]) -> np.ndarray:
    """(n,) each question's probability by a fit that saw no question of its fact."""
    names = sorted(set(facts))
    np.random.default_rng(0).shuffle(names)
    fold_of = {name: i % _FOLDS for i, name in enumerate(names)}
    folds = np.array([fold_of[f] for f in facts])
    out = np.zeros(len(y))
    for i in range(_FOLDS):
        b, w, mean, scale = fit(x[folds != i], y[folds != i])
        out[folds == i] = 1 / (1 + np.exp(-(b + (x[folds == i] - mean) / scale @ w)))
    return out


def topic_cut(near: Sequence[float], far: Sequence[float]) -> float:
    """The best hit's score that parts near misses (at or above) from questions out of scope with the fewest errors,
    both kinds counting alike; among equals the lowest."""
    cuts = sorted({*near, *far})
    return min(cuts, key=lambda c: np.mean([s < c for s in near]) + np.mean([s >= c for s in far]))


def calibrate(index: Index, questions: Sequence[Question]) -> tuple[Calibration, str]:
    """The calibration for these questions, and the cross-validated trade-off as a Markdown table."""
    rows, y, facts, near, far = [], [], [], [], []
    for q in questions:
        hits = tuple(index.search(q.question))
        found = evidence(index, q.question, hits)
        if not found:
            continue
        rows.append(features(found[0], hits, q.lang))
        y.append(q.answerable)
        facts.append(q.fact)
        if not q.answerable:
            (far if q.kind == "out_of_scope" else near).append(hits[0].score)
    x, labels = np.array(rows), np.array(y, dtype=float)
    held_out = cross_validated(x, labels, facts)
    lines = ["| answerable answered | unanswerable refused |", "|---|---|"]
    for share in (0.99, 0.95, 0.9, 0.85, 0.8, 0.7):
        cut = np.quantile(held_out[labels == 1], 1 - share)
        lines.append(f"| {share:.0%} | {(held_out[labels == 0] < cut).mean():.0%} |")
    b, w, mean, scale = fit(x, labels)
    fitted = 1 / (1 + np.exp(-(b + (x - mean) / scale @ w)))
    result = Calibration(
        encoder=index.embedder.name,
        intercept=round(b, 4),
        weights=tuple(w.round(4).tolist()),
        mean=tuple(mean.round(4).tolist()),
        scale=tuple(scale.round(4).tolist()),
        threshold=round(float(np.quantile(fitted[labels == 1], 1 - ANSWERED)), 4),
        topic=round(topic_cut(near, far), 4),
    )
    return result, "\n".join(lines)


def main() -> None:
    """Fits, prints the trade-off, and writes the calibration unless `--dry-run`."""
    parser = argparse.ArgumentParser(prog="python -m eval.calibrate", description=__doc__.split("\n")[0])
    parser.add_argument("--index", type=Path, default=Path(".index"))
    parser.add_argument("--dry-run", action="store_true", help="print only, keep the file as it is")
    args = parser.parse_args()
    fitted, table = calibrate(open_index(args.index, load_embedder()), load(shipped("dev")))
    print(table)
    print("\n" + "  ".join(f"{n} {w:+.2f}" for n, w in zip(FEATURES, fitted.weights, strict=True)))
    if not args.dry_run:
        values = {name: getattr(fitted, name) for name in Calibration.__dataclass_fields__}
        CALIBRATION.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
