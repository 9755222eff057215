"""Stage 4: questions meet the passages that answer them, in whatever language either is."""

from __future__ import annotations

import re
from collections import defaultdict
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from index.training import data as corpus
from index.training import losses
from index.training.distil import SHARES, objective
from index.training.loop import Loss, Plan, cycle, train
from index.training.mixture import MAX_PARAGRAPH, Pool, Tokens, ordered, picked
from index.training.model import Encoder, pad

REST = 1 / 3  # of the steps go on with stage 3
POOLS = {"qa": 0.5, "cloze": 0.3, "switched": 0.2}  # of the other steps
SAME = 0.85  # passages nearer than this, or the same, do not repel each other's questions
WINDOW = {"en": 700, "zh": 260, "zhtw": 260}  # characters of a context around its answer, at most
ENDS = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])")


def questions(data: Path, ban: set[str]) -> list[tuple[str, str]]:
    """(question, passage) of the QA sets; a context too long is cut to the window of sentences around the answer."""
    out = []
    for path in sorted((data / "qa").glob("*.jsonl.xz")):
        lang = path.name.split(".")[1]
        for question, context, start in corpus.read_answers(path):
            if corpus.fold(question) not in ban and corpus.fold(context) not in ban:
                out.append((question, window(context, start, WINDOW.get(lang, 700))))
    return out


def window(context: str, at: int, most: int) -> str:
    """Whole sentences of the context around the character `at`, about `most` characters in all."""
    if len(context) <= most:
        return context
    bounds = [0, *[m.end() for m in ENDS.finditer(context)], len(context)]
    here = max(i for i, b in enumerate(bounds[:-1]) if b <= max(0, at))
    first, last = here, here + 1
    while True:
        before = bounds[last] - bounds[first - 1] if first > 0 else most + 1
        after = bounds[last + 1] - bounds[first] if last + 1 < len(bounds) else most + 1
        if min(before, after) > most:
            return context[bounds[first] : bounds[last]].strip()
        first, last = (first - 1, last) if before <= after else (first, last + 1)


def clozes(data: Path, name: str, ban: set[str], rng: np.random.Generator, scale: float) -> list[tuple[str, str]]:
    """(a sentence in one language, the paragraph around its translation in the other), either way round.

    The inverse cloze task (Lee et al. 2019) over aligned documents: in half of the rows the sentence's own
    translation is left out of the paragraph.
    """
    out = []
    for source, rows in groupby(corpus.read_pairs(data, name), key=lambda r: r[2]):
        block = [(a, b) for a, b, _ in rows]
        if not ordered(source, len(block)):
            continue
        made = [block[at : at + int(rng.integers(3, 6))] for at in range(0, len(block) - 4, 4)]
        most = int(scale * 100) if source.startswith("docs_") else len(made)
        for some in picked(made, most, lambda pairs: not any(corpus.any_in(ban, pair) for pair in pairs), rng):
            pick, side = int(rng.integers(len(some))), int(rng.integers(2))
            rest = [r for i, r in enumerate(some) if i != pick or rng.random() < 0.5]
            out.append((some[pick][side], ("" if side == 0 and "zh" in name else " ").join(r[1 - side] for r in rest)))
    return out


class Switch:
    """Replaces words of a question by dictionary translations, so that its language no longer gives it away."""

    def __init__(self, data: Path, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.words: dict[str, list[str]] = defaultdict(list)
        for a, b, path in corpus.dictionaries(data):
            if (a, b) in (("zh", "zhtw"),):
                continue
            for x, y in corpus.read_dictionary(path):
                for one, other in ((x, y), (y, x)):
                    if len(other) <= 30 and len(self.words[one.lower()]) < 3:
                        self.words[one.lower()].append(other)

    def __call__(self, question: str, share: float = 0.5) -> str:
        """The question with about `share` of its known words or names replaced; longest entries first, to 4 words."""
        chinese = re.search(r"[\u4e00-\u9fff]", question) is not None
        parts = list(question) if chinese else question.split(" ")
        joint, longest, shortest = ("", 6, 2) if chinese else (" ", 4, 1)
        out, at = [], 0
        while at < len(parts):
            for size in range(min(longest, len(parts) - at), shortest - 1, -1):
                entry = joint.join(parts[at : at + size]).strip("?.,!").lower()
                if len(entry) > 1 and entry in self.words and self.rng.random() < share:
                    found = self.words[entry]
                    out.append(found[int(self.rng.integers(len(found)))])
                    at += size
                    break
            else:
                out.append(parts[at])
                at += 1
        return joint.join(out)


def build(data: Path, work: Path, tokens: Tokens, benchmarks: Path | None, scale: float = 1.0, seed: int = 0) -> None:
    """Write the pools of stage 4 to `work/pools`: `qa`, `cloze`, `switched`; their rows have no teacher side."""
    rng = np.random.default_rng(seed)
    ban = corpus.banned(data, benchmarks)
    asked = questions(data, ban)
    switch = Switch(data, seed)
    names = [p.name.removesuffix(".tsv.xz") for p in sorted((data / "pairs").glob("*.tsv.xz"))]
    rows = {
        "qa": asked,
        "cloze": [r for name in names for r in clozes(data, name, ban, rng, scale)],
        "switched": [(switch(q), p) for q, p in asked],
    }
    for name, some in rows.items():
        a, b = (tokens.of([r[side] for r in some], MAX_PARAGRAPH) for side in (0, 1))
        Pool(a, b, [np.zeros(0, np.uint16)] * len(a)).save(work / "pools" / f"{name}.npz")
        print(f"pool {name}: {len(a):,} rows", flush=True)


def objective_with_questions(teacher: Encoder, plan: Plan, asked: set[int]) -> Loss:
    """Stage 3's loss, and for the pools whose `id` is in `asked` contrast of question and passage.

    Passages that are equal, or nearer than 0.85 to each other, are no negatives of each other's questions.
    """
    rest = objective(teacher, plan)

    def loss(student: Encoder, pool: Pool, rows: np.ndarray) -> dict[str, torch.Tensor]:
        if id(pool) not in asked:
            return rest(student, pool, rows)
        a = student(*pad([pool.a[i] for i in rows], plan.device))
        b = student(*pad([pool.b[i] for i in rows], plan.device))
        return {"contrast": losses.contrast(a, b, losses.alike(b.detach(), SAME))}

    return loss


def retrieve(student: Encoder, teacher: Encoder, pools: dict[str, Pool], plan: Plan, out: Path) -> Encoder:
    """The student after stage 4; checkpoints at `out`."""
    shares = {n: REST * s for n, s in SHARES.items()} | {n: (1 - REST) * s for n, s in POOLS.items()}
    pools = {n: p for n, p in pools.items() if n in shares and len(p)}
    asked = {id(p) for n, p in pools.items() if n in POOLS}
    return train(
        student, lambda p: cycle(pools, shares, p), lambda p: objective_with_questions(teacher, p, asked), plan, out
    )
