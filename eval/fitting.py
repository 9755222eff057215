"""Two small regularised models, by Newton's method, and the folds they are tested in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FOLDS = 10
_STEPS = 30


def logistic(
    x: np.ndarray, y: np.ndarray, l2: float, signs: Sequence[int] = ()
) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    """(intercept, weights, mean, scale) of a logistic regression with an L2 penalty on the weights of standardised `x`.

    `x` is (n, d), `y` (n,) of 0 and 1. Both classes count alike whatever their sizes. Where `signs` says 1 or -1 for a
    column, its weight has that sign or is 0: columns whose weight comes out wrong are left out, the worst first, and
    the rest is fitted again. ValueError without both classes.
    """
    left_out = np.zeros(x.shape[1], bool)
    while True:
        intercept, w, mean, scale = _logistic(np.where(left_out, 0.0, x), y, l2)
        wrong = np.where(left_out, 0.0, -w * np.asarray(signs if len(signs) else np.zeros(len(w))))
        if wrong.max() <= 0:
            return intercept, np.where(left_out, 0.0, w), mean, scale
        left_out[wrong.argmax()] = True


def _logistic(x: np.ndarray, y: np.ndarray, l2: float) -> tuple[float, np.ndarray, np.ndarray, np.ndarray]:
    if not 0 < y.mean() < 1:
        raise ValueError(f"need answerable and unanswerable questions, got {int(y.sum())} of {len(y)} answerable")
    mean, scale = _standard(x)
    z = np.c_[np.ones(len(x)), (x - mean) / scale]
    share = np.where(y == 1, 0.5 / y.mean(), 0.5 / (1 - y.mean()))
    penalty = np.full(z.shape[1], l2)
    penalty[0] = 1e-6
    w = np.zeros(z.shape[1])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-z @ w))
        gradient = z.T @ (share * (p - y)) + penalty * w
        hessian = (z * (share * p * (1 - p))[:, None]).T @ z + np.diag(penalty)
        w -= np.linalg.solve(hessian, gradient)
    return float(w[0]), w[1:], mean, scale


def choice(
    options: Sequence[np.ndarray], right: Sequence[np.ndarray], l2: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(weights, mean, scale) of a conditional logit (McFadden, 1974): each of `options` is (n_i, d), of which the rows
    true in `right` are equally good choices; the penalised log likelihood of choosing one of them is largest.

    Choices without a right option say nothing and only count in `mean` and `scale`. ValueError if none has one.
    """
    mean, scale = _standard(np.vstack(options))
    used = [((x - mean) / scale, y) for x, y in zip(options, right, strict=True) if y.any()]
    if not used:
        raise ValueError(f"none of {len(options)} choices has a right option")
    d = used[0][0].shape[1]
    w, value = np.zeros(d), -np.inf

    def penalised(w: np.ndarray) -> float:
        return sum(_log_sum(x[y] @ w) - _log_sum(x @ w) for x, y in used) - l2 / 2 * float(w @ w)

    for _ in range(_STEPS):
        gradient, hessian = l2 * w, l2 * np.eye(d)
        for x, y in used:
            p = _softmax(x @ w)
            good = p * y / max(float((p * y).sum()), 1e-300)
            centre = p @ x
            gradient = gradient + x.T @ (p - good)
            # The part of the right options is left out: it is not definite, and without it every step is uphill.
            hessian = hessian + (x * p[:, None]).T @ x - np.outer(centre, centre)
        step = np.linalg.solve(hessian, gradient)
        while (better := penalised(w - step)) < value and np.abs(step).max() > 1e-6:
            step = step / 2  # uphill, but over the top
        if better < value:
            break
        w, value = w - step, better
    return w, mean, scale


def folds_by(facts: Sequence[str], seed: int = 0) -> np.ndarray:
    """(n,) a fold number 0..FOLDS-1 for each, the same for the same fact."""
    names = sorted(set(facts))
    np.random.default_rng(seed).shuffle(names)
    fold_of = {name: i % FOLDS for i, name in enumerate(names)}
    return np.array([fold_of[f] for f in facts])


def _standard(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale of each column; a constant column gets scale 1, so that it says nothing when it varies later."""
    spread = x.std(axis=0)
    return x.mean(axis=0), np.where(spread > 1e-6, spread, 1.0)


def _log_sum(scores: np.ndarray) -> float:
    top = float(scores.max())
    return top + float(np.log(np.exp(scores - top).sum()))


def _softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max())
    return e / e.sum()
