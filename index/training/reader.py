"""The reader: a few layers that read a question and a sentence together and say whether the sentence answers.

It starts as the first layers of the encoder, whose words it shares (a cross-encoder, Nogueira & Cho 2019). Chinese, German and
English questions meet sentences in each of them: of QA sets, with words switched by dictionaries, and of aligned pairs.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from index.reader import context, pair
from index.training.loop import together
from index.training.model import EPS, Layer, from_bert, write
from index.training.reading import RAGGED
from index.training.rounding import STRETCH

LAYERS = 4
SEGMENTS = 3  # question, sentence, what stands before it
OPTIONS = 8  # sentences a question is asked of, with the one that answers
BESIDE = 3  # of them those that stand around it, at most; of a written article, whose sentences all come near,
BESIDE_WRITTEN = 5
WRITTEN = 0.75  # share of the batches that are of the written articles, if there are any
QA = 0.55  # share of the other questions that are of the QA sets
SWITCHED = {False: 0.45, True: 0.1}  # share of the questions that are switched, by whether they are made
SPOILT, TOLD = 0.6, 0.5  # share of the questions that come spoilt too; with what stands before
TOLD_WRITTEN = 0.9
_POSITIVE = 3.0  # weight of a sentence that answers, against those that do not


class Reader(nn.Module):
    """Scores pairs of question and sentence; the words are those of the encoder and do not learn."""

    def __init__(self, words: torch.Tensor, layers: int, inner: int, positions: int, heads: int) -> None:
        super().__init__()
        dim = words.shape[1]
        self.words = nn.Embedding.from_pretrained(words, freeze=True)
        self.positions = nn.Embedding(positions, dim)
        self.segments = nn.Embedding(SEGMENTS, dim)
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.layers = nn.ModuleList(Layer(dim, inner, heads) for _ in range(layers))
        self.score = nn.Linear(dim, 1)
        for new in (self.segments, self.score):
            nn.init.zeros_(new.weight)

    def forward(self, ids: torch.Tensor, segments: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, length) ids, segments and 0/1 mask to (n,) scores: log odds that the sentence answers."""
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]] + self.segments(segments))
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -1e9
        for layer in self.layers:
            x = layer(x, bias)
        return self.score(x[:, 0])[:, 0].float()


def start(folder: Path, layers: int = LAYERS) -> Reader:
    """A reader whose layers are the first of the encoder in `folder`, `layers` at most."""
    encoder = from_bert(folder)
    layers = min(layers, len(encoder.layers))
    first = encoder.layers[0]
    reader = Reader(encoder.words.weight.detach(), layers, first.up.out_features, len(encoder.positions.weight), first.heads)
    reader.positions.load_state_dict(encoder.positions.state_dict())
    reader.norm.load_state_dict(encoder.norm.state_dict())
    for own, other in zip(reader.layers, encoder.layers, strict=False):
        own.load_state_dict(other.state_dict())
    return reader


def save(reader: Reader, path: Path) -> None:
    """Writes what is the reader's own, as float16."""
    write({k: v for k, v in reader.state_dict().items() if not k.startswith("words")}, path)


def load(path: Path, folder: Path) -> Reader:
    """The reader that `save` or `index.training.reader_export.write` wrote, over the words of the encoder in `folder`."""
    state = {k: v.float() for k, v in load_file(path).items()}
    scales = {k: state.pop(k) for k in [*state] if k.endswith(".scale")}
    state |= {k.removesuffix(".scale"): state[k.removesuffix(".scale")] * scale for k, scale in scales.items()}
    reader = start(folder, 1 + max(int(k.split(".")[1]) for k in state if k.startswith("layers.")))
    reader.load_state_dict(state, strict=False)
    return reader.eval()


def padded(pairs: list[tuple[list[int], list[int]]]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(n, longest) ids, segments and 0/1 mask."""
    out = np.zeros((3, len(pairs), max(len(ids) for ids, _ in pairs)), np.int64)
    for row, (ids, segments) in enumerate(pairs):
        out[:, row, : len(ids)] = ids, segments, [1] * len(ids)
    return tuple(torch.from_numpy(part) for part in out)


@dataclass(frozen=True)
class Drawn:
    """Pairs; of each question the first and the number of its options, the right one first; whether each pair answers."""

    pairs: list[tuple[list[int], list[int]]]
    groups: list[tuple[int, int]]
    right: torch.Tensor


class Lists:
    """What `index.training.reading` wrote, drawn from at random; `beside` of the sentences around the right one at most."""

    def __init__(self, path: Path, beside: int = BESIDE, told: float = TOLD) -> None:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        self._rows = {n: np.split(arrays[n], np.cumsum(arrays[f"{n}_len"])[:-1]) for n in RAGGED}
        self._gold, self._near, self._before, self._title, self._tempts = (
            arrays[n] for n in ("gold", "near", "before", "title", "tempts")
        )  # fmt: skip
        self._most, self._told = beside, told
        self._made = arrays["made"]
        self._asked = np.flatnonzero(~self._made)
        self._holes = np.flatnonzero(self._made & arrays["kept"])
        weight = arrays["weight"][self._asked]
        self._weight = weight / weight.sum()

    def draw(self, questions: int, rng: np.random.Generator) -> Drawn:
        """So many questions, each with its options, and some once more, spoilt, with the sentence that no longer answers.
        A question that none answers has only options that do not, the one that seems to among them, and no group."""
        pairs, groups, right = [], [], []
        for _ in range(questions):
            asked = rng.random() < QA or not len(self._holes)
            row = int(rng.choice(self._asked, p=self._weight) if asked else rng.choice(self._holes))
            told, gold = rng.random() < self._told, int(self._gold[row])
            switched = rng.random() < SWITCHED[bool(self._made[row])]
            question = self._rows["switched" if switched else "question"][row]
            options = self._wrong(row, rng)
            if gold >= 0:
                options = [gold, *options]
                groups.append((len(pairs), len(options)))
            pairs += [self._pair(question, n, told) for n in options]
            right += [float(n == gold) for n in options]
            if len(spoilt := self._rows["spoilt"][row]) and rng.random() < SPOILT:
                pairs.append(self._pair(spoilt, gold, told))
                right.append(0.0)
        return Drawn(pairs, groups, torch.tensor(right))

    def _wrong(self, row: int, rng: np.random.Generator) -> list[int]:
        tempts = int(self._tempts[row])
        beside = [n for n in rng.permutation(self._rows["beside"][row]).tolist() if n != tempts]
        beside = ([tempts] if tempts >= 0 else []) + beside[: self._most]
        near = [n for n in rng.permutation(self._near[row][:16]).tolist() if n >= 0 and n not in beside]
        return (beside + near)[: OPTIONS - 1]

    def _pair(self, question: np.ndarray, number: int, told: bool) -> tuple[list[int], list[int]]:
        words = self._rows["sentence"]
        title, before = (words[n].tolist() if n >= 0 and told else [] for n in (self._title[number], self._before[number]))
        return pair(question, words[number], context(title, before))


def loss(reader: Reader, drawn: Drawn, device: torch.device | str = "cpu") -> dict[str, torch.Tensor]:
    """`choice`, the cross entropy of choosing the right option, and `answers`, that of saying of each whether it answers."""
    order = np.argsort([len(ids) for ids, _ in drawn.pairs], kind="stable")
    parts = [some for some in np.array_split(order, 3 + len(order) // 256) if len(some)]
    found = [reader(*(part.to(device) for part in padded([drawn.pairs[i] for i in some]))) for some in parts]
    scores = torch.cat(found)[torch.from_numpy(np.argsort(order, kind="stable")).to(device)]
    weight = torch.tensor(_POSITIVE, device=device)
    return {
        "choice": _choice(scores, drawn.groups),
        "answers": 0.5 * F.binary_cross_entropy_with_logits(scores, drawn.right.to(device), pos_weight=weight),
    }


def _choice(scores: torch.Tensor, groups: list[tuple[int, int]]) -> torch.Tensor:
    """The mean over `groups` of the cross entropy of choosing the first of each."""
    if not groups:
        return scores.sum() * 0
    place = torch.zeros(len(groups), max(n for _, n in groups), dtype=torch.long)
    there = torch.zeros(place.shape, dtype=torch.bool)
    for row, (at, n) in enumerate(groups):
        place[row, :n], there[row, :n] = torch.arange(at, at + n), True
    options = scores[place.to(scores.device)].masked_fill(~there.to(scores.device), -1e4)
    return -F.log_softmax(options, -1)[:, 0].mean()


class Stream(IterableDataset):
    """Batches of so many questions for ever, each of one of `lists`, drawn by their shares; each process has its own."""

    def __init__(self, lists: Sequence[tuple[float, Lists]], questions: int, seed: Sequence[int]) -> None:
        self._lists, self._questions, self._seed = lists, questions, seed

    def __iter__(self) -> Iterator[Drawn]:
        worker = get_worker_info()
        rng = np.random.default_rng((*self._seed, worker.id if worker else 0))
        shares = np.array([share for share, _ in self._lists])
        while True:
            _, some = self._lists[int(rng.choice(len(shares), p=shares / shares.sum()))]
            yield some.draw(self._questions, rng)


def train(
    reader: Reader, lists: Sequence[tuple[float, Lists]], out: Path, minutes: float, *, steps: int | None = None, workers: int = 1, questions: int = 12,
    rate: float = 1e-4, bf16: bool = False, seed: int = 0, device: str = "cpu", said: float = 120,
) -> Reader:
    """The reader after so many minutes, or steps of a process; written to `out` every `said` seconds and at the end. Each batch is
    drawn of one of `lists`, by their shares.

    On a CPU, `workers` processes of one thread update the same weights without locks (Hogwild, Niu et al. 2011); elsewhere they draw.
    """
    plan = {"minutes": minutes, "steps": steps, "questions": questions, "rate": rate, "bf16": bf16, "seed": seed, "draw": 0, "said": said}
    if device == "cpu":
        together(workers, reader.train(), _work, lists, out, plan)
    else:
        _work(0, reader.to(device).train(), lists, out, plan | {"draw": workers})
    save(reader, out)
    return reader.cpu().eval()


def _work(worker: int, reader: Reader, lists: Sequence[tuple[float, Lists]], out: Path, plan: dict) -> None:
    stream = Stream(lists, plan["questions"], (plan["seed"], worker))
    draws = iter(DataLoader(stream, batch_size=None, num_workers=plan["draw"], prefetch_factor=4 if plan["draw"] else None))
    learning = [p for p in reader.parameters() if p.requires_grad]
    added = [*reader.segments.parameters(), *reader.positions.parameters()]
    others = [p for p in learning if all(p is not a for a in added)]
    groups = [{"params": others, "times": 1.0}, {"params": added, "times": STRETCH, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=plan["rate"], weight_decay=0.01)
    began, said, step, mean = time.monotonic(), time.monotonic(), 0, {}
    while (done := step / plan["steps"] if plan["steps"] else (time.monotonic() - began) / (60 * plan["minutes"])) < 1:
        for group in optimiser.param_groups:
            group["lr"] = group["times"] * plan["rate"] * min(1.0, done / 0.04) * (1 - done)
        with torch.autocast(learning[0].device.type, torch.bfloat16, enabled=plan["bf16"]):
            parts = loss(reader, next(draws), learning[0].device)
        sum(parts.values()).backward()
        torch.nn.utils.clip_grad_norm_(learning, 1.0)
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        mean = {k: 0.98 * mean.get(k, v.detach()) + 0.02 * v.detach() for k, v in parts.items()}
        if worker == 0 and time.monotonic() - said > plan["said"]:
            said = time.monotonic()
            print(f"reader: {(said - began) / 60:.1f} min, step {step}, {({k: round(float(v), 3) for k, v in mean.items()})}", flush=True)
            save(reader, out)
