"""The training loop both stages share: two optimisers, a schedule by the clock, checkpoints, resume."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from index.training.mixture import Pool
from index.training.model import Encoder, load, save

Loss = Callable[[Encoder, Pool, np.ndarray], dict[str, torch.Tensor]]


@dataclass(frozen=True)
class Plan:
    """How long and how fast: learning rates at their peak, `tokens` and `rows` of a batch's side at most."""

    minutes: float
    words: float = 1e-3
    trunk: float = 1e-4
    tokens: int = 3072
    rows: int = 256
    warmup: float = 0.03
    seed: int = 0
    device: str = "cpu"
    bf16: bool = False
    every: float = 5.0  # minutes between checkpoints
    workers: int = 1  # processes on one CPU thread each; 1 means one process with all of torch's threads
    steps: int | None = None  # the end comes after so many steps of a process, and not by the clock

    def done(self, spent: float, step: int) -> float:
        """What share of the run is behind after `spent` seconds and `step` steps; 1 or more at its end."""
        return step / self.steps if self.steps else spent / (60 * self.minutes)


def cycle(pools: dict[str, Pool], shares: dict[str, float], plan: Plan) -> Iterator[tuple[str, Pool, np.ndarray]]:
    """(name, pool, rows) for ever, a pool drawn by its share of the steps."""
    rng = np.random.default_rng(plan.seed)
    streams = {n: p.batches(plan.tokens, plan.rows, rng) for n, p in pools.items()}
    names = sorted(pools)
    weight = np.array([shares[n] for n in names])
    while True:
        name = names[rng.choice(len(names), p=weight / weight.sum())]
        yield name, pools[name], next(streams[name])


def together(workers: int, model: torch.nn.Module, work: Callable[..., None], *arguments: object) -> None:
    """Calls `work(number, model, *arguments)` in so many processes of one thread each, number 0 in this one, on weights they
    share."""
    torch.set_num_threads(1)
    model.share_memory()
    context = torch.multiprocessing.get_context("fork")
    others = [context.Process(target=work, args=(n, model, *arguments), daemon=True) for n in range(1, workers)]
    for other in others:
        other.start()
    work(0, model, *arguments)
    for other in others:
        other.join()


def train(
    model: Encoder,
    batches: Callable[[Plan], Iterator[tuple[str, Pool, np.ndarray]]],
    loss: Callable[[Plan], Loss],
    plan: Plan,
    out: Path,
) -> Encoder:
    """The model after `plan.minutes`, or `plan.steps`; `out.safetensors` and `out.json` are written every few minutes.

    The vocabulary's rows take a sparse Adam (only rows of the batch move), the rest AdamW; the rates rise
    linearly, then fall linearly to zero towards the end. A run that was broken off goes on from its last
    checkpoint with the time it has left (the moments of Adam start anew). With `plan.workers` above 1 (CPU only),
    that many processes of one thread each update the same weights without locks (Hogwild, Niu et al. 2011): on cores
    that others use too, no thread waits for another at a barrier.
    """
    log = out.with_suffix(".json")
    state = json.loads(log.read_text()) if log.exists() else {"spent": 0.0, "step": 0}
    if log.exists():
        model = load(out.with_suffix(".safetensors"))
    if plan.done(state["spent"], state["step"]) >= 1:
        return model.eval()
    model.to(plan.device).train()
    if plan.workers == 1:
        _work(0, model, batches, loss, plan, out, state)
    else:
        together(plan.workers, model, _work, batches, loss, plan, out, state)
        save(model, out.with_suffix(".safetensors"))
    return model.eval()


def _work(worker: int, model: Encoder, batches, loss, plan: Plan, out: Path, state: dict) -> None:
    spent, step = state["spent"], state["step"]
    plan = replace(plan, seed=plan.seed + 1000 * worker + step)
    torch.manual_seed(plan.seed)
    stream, losses = batches(plan), loss(plan)
    trunk = [p for n, p in model.named_parameters() if not n.startswith("words")]
    slow = torch.optim.AdamW(trunk, lr=plan.trunk, weight_decay=0.01)
    fast = torch.optim.SparseAdam(model.words.parameters(), lr=plan.words)
    peaks = [(group, group["lr"]) for optimiser in (slow, fast) for group in optimiser.param_groups]
    clock, saved, mean = time.monotonic(), spent, {}
    total, unit = (plan.steps, "step") if plan.steps else (round(plan.minutes * 60), "s")
    bar = tqdm(total=total, initial=round(plan.done(spent, step) * total), desc=out.stem, unit=unit, mininterval=10, disable=worker > 0)
    while (done := plan.done(spent, step)) < 1:
        rate = min(1.0, done / plan.warmup) * (1 - done) if plan.warmup else 1 - done
        for group, peak in peaks:
            group["lr"] = peak * rate
        name, pool, rows = next(stream)
        with torch.autocast(plan.device.split(":")[0], torch.bfloat16, enabled=plan.bf16):
            parts = losses(model, pool, rows)
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(trunk, 1.0)
        slow.step()
        fast.step()
        slow.zero_grad()
        fast.zero_grad()
        step += 1
        for key, value in parts.items():
            label = f"{name.split('.')[0]}/{key}"
            mean[label] = 0.95 * mean.get(label, value.item()) + 0.05 * value.item()
        now = time.monotonic()
        spent, clock = spent + now - clock, now
        bar.update(min(round(plan.done(spent, step) * total), total) - bar.n)
        if worker == 0 and spent - saved > plan.every * 60:
            saved = spent
            _checkpoint(model, out, plan, spent, step, mean)
    bar.close()
    if worker == 0:
        _checkpoint(model, out, plan, spent, step, mean)
    else:
        tqdm.write(f"{out.stem}: worker {worker} made {step - state['step']} steps")


def _checkpoint(model: Encoder, out: Path, plan: Plan, spent: float, step: int, mean: dict) -> None:
    save(model, out.with_suffix(".safetensors"))
    losses = {k: round(v, 4) for k, v in sorted(mean.items())}
    state = {"spent": spent, "step": step, "losses": losses, "plan": asdict(plan)}
    out.with_suffix(".json").write_text(json.dumps(state, indent=1))
    tqdm.write(f"{out.stem}: {spent / 60:.1f} min, step {step}, {losses}")
