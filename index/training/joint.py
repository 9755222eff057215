"""Stage 5: what texts are to each other in English they become in every language, on the vector that is shipped.

Batches of a thousand texts that lie near each other, and as many questions with their passages; made for an accelerator.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch.func import functional_call
from tqdm import tqdm

from index.training import losses
from index.training.known import Asked, Known, Parallel
from index.training.model import Whole, save
from index.training.rounding import shipped_weights

DRAWN = 31  # of the texts listed beside one, so many come with it
BESIDE = 8  # passages near one that come with it
TWINS, SAME = 0.95, 0.85  # texts, and passages, nearer than this are no negatives of each other
GUIDE, OWN = 0.01, 0.05  # temperatures of the guide's cosines and of the encoder's own
ENGLISH = 0.25  # of the texts whose second side is another language's again, not English


@dataclass(frozen=True)
class Plan:
    """How long and how fast; `texts` and `questions` of a batch, at most; `asked` is the share of steps with questions."""

    minutes: float = 8.0
    steps: int | None = None  # the end comes after so many steps, and not by the clock
    trunk: float = 3e-4
    words: float = 7e-4
    static: float = 2e-3
    texts: int = 1024
    questions: int = 640
    asked: float = 0.4
    tokens: int = 32_768  # padded, encoded at once
    warmup: float = 0.02
    seed: int = 0


def neighbourhoods(parallel: Parallel, most: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Numbers of `most` texts for ever: texts drawn by weight, each with 31 of those near it."""
    ends = np.cumsum(parallel.weight) / parallel.weight.sum()
    seeds = -(-most // (DRAWN + 1))
    while True:
        first = np.searchsorted(ends, rng.random(seeds)).clip(max=len(ends) - 1)
        near = parallel.near[first]
        near = rng.permuted(near, axis=1)[:, :DRAWN]
        yield rng.permutation(np.unique(np.concatenate([first, near.ravel()])))[:most]


def questions(asked: Asked, most: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Numbers of `most` questions for ever, no two of one passage: half drawn by weight, half of passages near those."""
    ends = np.cumsum(asked.weight) / asked.weight.sum()
    while True:
        first = np.searchsorted(ends, rng.random(most // 2)).clip(max=len(ends) - 1)
        seeds = asked.place[first[: max(1, most // 2 // BESIDE)]]
        places = rng.permuted(asked.near[seeds], axis=1)[:, :BESIDE].ravel()
        near = asked.first[places] + (rng.random(len(places)) * asked.count[places]).astype(np.int64)
        rows = np.concatenate([first, near])
        yield rows[np.sort(np.unique(asked.place[rows], return_index=True)[1])]


def divergence(have: torch.Tensor, want: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """KL of the softmaxed rows of `have` (n, n) from those of `want`, where `out` is not true; the mean over rows."""
    a, b = (x.masked_fill(out, -1e4).log_softmax(-1) for x in (have, want))
    return F.kl_div(a, b, reduction="batchmean", log_target=True)


def known_of(guide: tuple[torch.Tensor, torch.Tensor], own: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    """(n, n) logits of rows against rows: half the guide's, half the encoder's own."""
    return 0.5 * (guide[0].float() @ guide[1].float().T / GUIDE + own[0].float() @ own[1].float().T / OWN)


def relations(a: torch.Tensor, b: torch.Tensor, known: torch.Tensor, twins: torch.Tensor) -> dict[str, torch.Tensor]:
    """The losses of n texts seen in two languages each, `a` and `b` (n, dim) unit rows.

    `pick`: contrast of a text with its translation, where `twins` (n, n) are no negatives. `across`, `back`, `among`, `second`: KL of the
    softmaxed cosines to the other n - 1 from the logits `known` (n, n) (relations in place of positions: Park et al. 2019). A
    text's cosine to itself is left out there, beside which no other would count.
    """
    itself = torch.eye(len(a), dtype=torch.bool, device=a.device)
    across = a @ b.T / losses.TEMPERATURE
    return {
        "pick": losses.contrast(a, b, twins),
        "across": divergence(across, known, itself),
        "back": divergence(across.T, known.T, itself),
        "among": divergence(a @ a.T / losses.TEMPERATURE, known, itself),
        "second": divergence(b @ b.T / losses.TEMPERATURE, known, itself),
    }


def of_texts(encode: Callable[[np.ndarray], torch.Tensor], parallel: Parallel, rows: np.ndarray, rng: np.random.Generator) -> dict[str, torch.Tensor]:
    """`relations` of a neighbourhood: one side is read in another language, the other in English, or either way round."""
    swap = rng.random(len(rows)) < ENGLISH
    one = np.where(swap, parallel.english[rows], parallel.other[rows])
    two = np.where(swap, parallel.other[rows], parallel.english[rows])
    a, b = encode(np.concatenate([one, two])).split(len(rows))
    at = torch.from_numpy(rows).to(a.device)
    guide, own = parallel.guide[at], parallel.own[at]
    return relations(a, b, known_of((guide, guide), (own, own)), losses.alike(own.float(), TWINS))


def of_questions(encode: Callable[[np.ndarray], torch.Tensor], asked: Asked, rows: np.ndarray) -> dict[str, torch.Tensor]:
    """`contrast` of questions and passages, in whatever language; `told`: KL to what is known of the passages in the question's own
    script, since between scripts the guide prefers its own."""
    q, p = encode(np.concatenate([asked.question[rows], asked.passage[rows]])).split(len(rows))
    at = torch.from_numpy(rows).to(q.device)
    guide, own = [side[at] for side in asked.guide], [side[at] for side in asked.own]
    scripts = [torch.from_numpy(side[rows]).to(q.device) for side in asked.han]
    other = scripts[0][:, None] != scripts[1][None]
    alone = (~other).sum(1, keepdim=True) < 2
    known = known_of(guide, own)
    told = divergence((q @ p.T / losses.TEMPERATURE).masked_fill(alone, 0), known.masked_fill(alone, 0), other & ~alone)
    return {"contrast": losses.contrast(q, p, losses.alike(own[1].float(), SAME)), "told": told}


def joint(whole: Whole, known: Known, plan: Plan, out: Path, every: float = 60.0) -> Whole:
    """`whole` after the stage, written to `out.safetensors`, and every `every` seconds so far to `out.unfinished.safetensors`. Weights are
    seen as they will be shipped, rounded.

    The rates rise linearly, then fall linearly to zero.
    """
    device = known.texts.flat.device
    whole = whole.to(device).train()
    whole.encoder.words.sparse = whole.static.sparse = False
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    rng = np.random.default_rng(plan.seed)
    texts, asked = neighbourhoods(known.parallel, plan.texts, rng), questions(known.asked, plan.questions, rng)
    named = dict(whole.named_parameters())
    rates = {"encoder.words.weight": plan.words, "static.weight": plan.static}
    trunk = [p for n, p in named.items() if n not in rates]
    groups = [{"params": trunk, "peak": plan.trunk, "weight_decay": 0.01}]
    groups += [{"params": [named[n]], "peak": rate, "weight_decay": 0.0} for n, rate in rates.items()]
    optimiser = torch.optim.AdamW(groups, lr=0.0, betas=(0.9, 0.98), fused=device.type == "cuda")
    began, said, step, mean = time.monotonic(), time.monotonic(), 0, {}

    unfinished = out.with_suffix(".unfinished.safetensors")

    def written() -> None:
        losses_now = {k: round(float(v), 3) for k, v in sorted(mean.items())}
        save(whole, unfinished)
        tqdm.write(f"joint: {(time.monotonic() - began) / 60:.1f} min, step {step}, {losses_now}")

    bar = tqdm(total=plan.steps or round(60 * plan.minutes), desc="joint", unit="step" if plan.steps else "s", mininterval=10)
    while (done := step / plan.steps if plan.steps else (time.monotonic() - began) / (60 * plan.minutes)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * min(1.0, done / plan.warmup) * (1 - done)
        weights = {n: w.to(dtype) for n, w in shipped_weights(named).items()}

        def encode(at: np.ndarray, weights: dict[str, torch.Tensor] = weights) -> torch.Tensor:
            return known.texts.encode(lambda ids, mask: functional_call(whole, weights, (ids, mask)), at, plan.tokens)

        if rng.random() < plan.asked:
            parts = of_questions(encode, known.asked, next(asked))
        else:
            parts = of_texts(encode, known.parallel, next(texts), rng)
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(named.values(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        bar.update((step if plan.steps else min(bar.total, round(time.monotonic() - began))) - bar.n)
        for key, value in parts.items():
            mean[key] = 0.98 * mean.get(key, value.detach()) + 0.02 * value.detach()
        if time.monotonic() - said > every:
            said = time.monotonic()
            written()
    bar.close()
    written()
    unfinished.replace(out.with_suffix(".safetensors"))
    return whole.eval()
