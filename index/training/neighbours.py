"""Batches of texts that are hard to tell apart: neighbourhoods in the static space, over all pools of translations at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from index.training.mixture import Pool

SHARES = {  # of the texts that a neighbourhood is gathered around
    "sentence.en_de": 0.22,
    "sentence.en_zh-Hans": 0.2,
    "sentence.en_zh-Hant": 0.04,
    "paragraph.en_de": 0.18,
    "paragraph.en_zh-Hans": 0.18,
    "paragraph.en_zh-Hant": 0.02,
    "title": 0.1,
    "english": 0.06,
}
MOST = 225_000  # rows of all pools together
NEAREST, DRAWN = 300, 31  # of the texts nearest to one, so many are drawn beside it


@dataclass(frozen=True)
class Around(Pool):
    """English texts (`a`, for the teacher `t`), each with its translation or itself (`b`); `weight` (n,) says how often
    each is begun with, `vectors` (n, dim) are unit rows of `a` in bfloat16."""

    weight: np.ndarray
    vectors: torch.Tensor

    @classmethod
    def of(cls, pools: dict[str, Pool], static: np.ndarray, seed: int = 0, most: int = MOST) -> Around:
        """At most `most` rows of the pools by their shares; `static` (V, dim) are the rows that tell what is near."""
        rng = np.random.default_rng(seed)
        a, b, t, weight = [], [], [], []
        for name, share in SHARES.items():
            if name not in pools:
                continue
            pool = pools[name]
            some = rng.permutation(len(pool))[: max(1, int(share * most))]
            a += [pool.a[i] for i in some]
            b += [pool.b[i] if len(pool.b[i]) else pool.a[i] for i in some]
            t += [pool.t[i] for i in some]
            weight.append(np.full(len(some), share / max(1, len(some))))
        means = np.stack([static[row].mean(0) for row in a])
        means /= np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
        return cls(a, b, t, np.concatenate(weight), torch.from_numpy(means).bfloat16())

    def batches(self, tokens: int, rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Row numbers for ever: texts drawn by weight, each with 31 of its 300 nearest, until there are `rows` of them, or
        `tokens` in the longer of their sides."""
        length = np.array([max(len(x), len(y)) for x, y in zip(self.a, self.b, strict=True)])
        ends = np.cumsum(self.weight) / self.weight.sum()
        while True:
            chosen: dict[int, None] = {}
            spent = 0
            for _ in range(rows):
                first = min(int(np.searchsorted(ends, rng.random())), len(self) - 1)
                near = torch.topk((self.vectors @ self.vectors[first]).float(), min(NEAREST, len(self))).indices.numpy()
                for i in [first, *rng.permutation(near)[:DRAWN].tolist()]:
                    if i not in chosen and len(chosen) < rows and spent < tokens:
                        chosen[i] = None
                        spent += int(length[i])
            yield np.array([*chosen])
