"""What stage `joint` has at hand on its device: every text as token ids, and what is known of the texts before it begins.

Known are, of the English side of parallel texts, of questions and of passages, the guide's vectors and the encoder's own; and
which texts lie near each other.
"""

from __future__ import annotations

import copy
import multiprocessing
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from tokenizers import Tokenizer

from index.training import gather
from index.training.guide import PASSAGE, QUERY, Guide
from index.training.mixture import read_tokenizer
from index.training.model import Whole

T = TypeVar("T")
LONGEST = 256  # tokens of a text, with [CLS] and [SEP]
SHARES = {  # of the parallel texts that a neighbourhood is gathered around
    "sentence": 0.28, "docs": 0.1, "paragraph": 0.27, "docs paragraph": 0.1, "title": 0.08, "english": 0.08, "question": 0.09,
}  # fmt: skip
ASKED = {"qa": 0.22, "switched": 0.13, "translated": 0.2, "written": 0.1, "cloze": 0.35}  # of the questions
NEAREST = 48  # texts listed beside each, of a random part of all
PART = 130_000  # texts in that part, at most
HAN = re.compile("[\u3400-\u9fff]")
_BLOCK = 4096
_TOKENISED = 20_000  # texts at once


def in_processes(work: Callable[[int], T], items: Sequence[int]) -> list[T]:
    """`work` of each item, in their order, by forked processes if there are many."""
    if len(items) < 4:
        return [work(item) for item in items]
    tasks = multiprocessing.get_context("fork")
    with tasks.Pool(min(len(items), os.cpu_count() or 1), initializer=_set, initargs=(work,)) as pool:
        return pool.map(_do, items, chunksize=1)


def _set(work: Callable) -> None:
    global _work
    _work = work


def _do(item: int) -> object:
    return _work(item)


@dataclass(frozen=True)
class Ragged:
    """Texts of different lengths: all token ids in one tensor, where each begins, and how long it is (on the host)."""

    flat: torch.Tensor
    start: torch.Tensor
    length: np.ndarray

    @classmethod
    def of(cls, tokenizer: Tokenizer, texts: Sequence[str], ends: tuple[int, int], device: str, before: str = "") -> Ragged:
        """`texts`, each with `before` in front, as ids between the two `ends`, cut to `LONGEST`."""
        def ids(at: int) -> tuple[np.ndarray, list[int]]:
            some = tokenizer.encode_batch_fast([before + t for t in texts[at : at + _TOKENISED]], add_special_tokens=False)
            rows = [[ends[0], *e.ids[: LONGEST - 2], ends[1]] for e in some]
            return np.fromiter(chain.from_iterable(rows), np.int32), [len(row) for row in rows]

        parts, lengths = zip(*in_processes(ids, range(0, len(texts), _TOKENISED)), strict=True)
        length = np.concatenate([np.array(part, np.int64) for part in lengths])
        start = np.cumsum(length) - length
        flat = np.concatenate([*parts, np.zeros(LONGEST, np.int32)])
        return cls(torch.from_numpy(flat).to(device), torch.from_numpy(start).to(device), length)

    def padded(self, at: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        """(n, longest) ids and 0/1 mask of the texts `at`; the longest is rounded up to a multiple of 8."""
        device = self.flat.device
        longest = -(-int(self.length[at].max()) // 8) * 8
        place = torch.arange(longest, device=device)
        mask = (place < torch.from_numpy(self.length[at]).to(device)[:, None]).long()
        where = self.start[torch.from_numpy(at).to(device)][:, None] + place
        return self.flat[where.clamp_max(len(self.flat) - 1)].long() * mask, mask

    def batches(self, at: np.ndarray, tokens: int) -> list[np.ndarray]:
        """Places in `at`, the shortest texts first, in batches of at most `tokens` padded tokens and of like lengths."""
        order = np.argsort(self.length[at], kind="stable")
        length = self.length[at][order]
        out, first = [], 0
        while first < len(order):
            stop = int(np.searchsorted(length, length[first] * 1.2 + 8, "right"))
            while stop - first > 1 and (stop - first) * length[stop - 1] > tokens:
                stop = max(first + 1, min(stop - 1, first + int(tokens // length[stop - 1])))
            out.append(order[first:stop])
            first = stop
        return out

    def encode(self, model: Callable[..., torch.Tensor], at: np.ndarray, tokens: int) -> torch.Tensor:
        """(n, dim) what `model` makes of ids and mask, for the texts `at`, in their order."""
        batches = self.batches(at, tokens)
        out = torch.cat([model(*self.padded(at[some])) for some in batches])
        back = np.argsort(np.concatenate(batches))
        return out[torch.from_numpy(back).to(out.device)]


@dataclass(frozen=True)
class Parallel:
    """n texts: their numbers in English and in another language (the same where there is none), how often each is begun with,
    the guide's unit rows, the encoder's own before, and for each the numbers of texts near it."""

    english: np.ndarray
    other: np.ndarray
    weight: np.ndarray
    guide: torch.Tensor
    own: torch.Tensor
    near: np.ndarray


@dataclass(frozen=True)
class Asked:
    """m questions, sorted by passage: their numbers, their passages' numbers and places; of each passage where its questions
    begin and how many there are, and the passages near it; the guide's and the encoder's own unit rows of either side."""

    question: np.ndarray
    passage: np.ndarray
    place: np.ndarray
    weight: np.ndarray
    han: tuple[np.ndarray, np.ndarray]
    first: np.ndarray
    count: np.ndarray
    guide: tuple[torch.Tensor, torch.Tensor]
    own: tuple[torch.Tensor, torch.Tensor]
    near: np.ndarray


@dataclass(frozen=True)
class Known:
    """All of it; `texts` are in the encoder's own token ids."""

    texts: Ragged
    parallel: Parallel
    asked: Asked


def weights(kinds: Sequence[str], shares: dict[str, float], each: np.ndarray | None = None) -> np.ndarray:
    """(n,) so that each kind has its share of their sum, and within a kind each text, or what has the same number in `each`, the
    same."""
    names, back = np.unique(kinds, return_inverse=True)
    out = np.array([shares[name] for name in names])[back]
    if each is not None:
        _, same, many = np.unique(np.stack([back, each]), axis=1, return_inverse=True, return_counts=True)
        out = out / many[same.ravel()]
    return out / np.bincount(back, out)[back] * np.array([shares[name] for name in names])[back]


@torch.no_grad()
def nearest(vectors: torch.Tensor, rng: np.random.Generator) -> np.ndarray:
    """(n, NEAREST) for each row the numbers of those with the highest cosine, of a random part of all."""
    some = np.sort(rng.permutation(len(vectors))[:PART])
    table = vectors[torch.from_numpy(some).to(vectors.device)].T
    k = min(NEAREST, len(some))
    found = [torch.topk(vectors[at : at + _BLOCK] @ table, k).indices.cpu() for at in range(0, len(vectors), _BLOCK)]
    return some[torch.cat(found).numpy()].astype(np.int32)


class Numbers:
    """Texts by number, each once."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) the numbers of `texts`, old or new."""
        return np.array([self._of.setdefault(text, len(self._of)) for text in texts], np.int64)

    def texts(self) -> list[str]:
        """The texts in the order of their numbers."""
        return list(self._of)


def know(work: Path, whole: Whole, guide: Guide, device: str, tokens: int, seed: int = 0) -> Known:
    """What the files that `gather.build` wrote to `work` hold, for `whole` over `work/tokenizer.json`; at most so many padded
    `tokens` are encoded at once."""
    rng, numbers = np.random.default_rng(seed), Numbers()
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    tokenizer = read_tokenizer(work / "tokenizer.json")
    whole, reads = copy.deepcopy(whole).to(device).eval(), copy.deepcopy(guide.encoder).to(device, dtype).eval()
    for part in (whole.encoder, whole.static):
        part.to(dtype)
    kinds, english, other = gather.read(work / gather.PARALLEL)
    left, right = numbers(english), numbers([b or a for a, b in zip(english, other, strict=True)])
    asked_kinds, questions, passages = gather.read(work / gather.ASKED)
    asked, answers = numbers(questions), numbers(passages)
    texts = Ragged.of(tokenizer, numbers.texts(), (2, 3), device)

    @torch.no_grad()
    def own(at: np.ndarray) -> torch.Tensor:
        return texts.encode(lambda ids, mask: whole(ids, mask).to(dtype), at, tokens)

    @torch.no_grad()
    def guided(some: Sequence[str], before: str) -> torch.Tensor:
        rows = Ragged.of(guide.tokenizer, some, guide.ends, device, before)
        return rows.encode(lambda ids, mask: reads(ids, mask).to(dtype), np.arange(len(some)), tokens)

    def both(some: Sequence[str], as_passage: np.ndarray) -> torch.Tensor:
        out = torch.zeros(len(some), reads.words.embedding_dim, dtype=dtype, device=device)
        for flag, before in ((False, QUERY), (True, PASSAGE)):
            where = np.flatnonzero(as_passage == flag)
            if len(where):
                out[torch.from_numpy(where).to(device)] = guided([some[i] for i in where], before)
        return out

    long = np.array([k.endswith("paragraph") or (k == "english" and not t.endswith("?")) for k, t in zip(kinds, english, strict=True)])
    vectors = both(english, long)
    parallel = Parallel(left, right, weights(kinds, SHARES), vectors, own(left), nearest(vectors, rng))

    order = np.argsort(answers, kind="stable")
    asked, answers = asked[order], answers[order]
    of, first, place, count = np.unique(answers, return_index=True, return_inverse=True, return_counts=True)
    all_texts = numbers.texts()
    some = [all_texts[i] for i in of]
    passage_vectors, question_vectors = guided(some, PASSAGE), guided([questions[i] for i in order], QUERY)
    back = torch.from_numpy(place).to(device)
    han = tuple(np.array([bool(HAN.search(t)) for t in side]) for side in ([questions[i] for i in order], [passages[i] for i in order]))
    return Known(
        texts,
        parallel,
        Asked(
            asked, answers, place, weights([asked_kinds[i] for i in order], ASKED, place), han, first, count,
            (question_vectors, passage_vectors[back]), (own(asked), own(of)[back]), nearest(passage_vectors, rng),
        ),
    )  # fmt: skip
