"""The training mix as token ids: pools of pairs, each an npz of uint16 ids, and their length-bucketed batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from index.training import data as corpus

MAX_SENTENCE, MAX_PARAGRAPH = 96, 192  # tokens, with [CLS] and [SEP]
SHARES = {  # rows taken of a set, at most; sets of documentation take what `DOCS` says
    "twlaw": 30_000,
    "tatoeba": 90_000,
    "osm_web": 1_000,
    "tldr": 2_000,
    "mspartnercenter": 3_000,
    "msalchemy": 3_000,
    "msdyn365ops": 3_000,
}
DOCS = 700


@dataclass(frozen=True)
class Pool:
    """Rows of token ids: `a` and `b` the student's, `t` the teacher's for `a`; an empty `b` or `t` means none."""

    a: list[np.ndarray]
    b: list[np.ndarray]
    t: list[np.ndarray]

    def __len__(self) -> int:
        return len(self.a)

    def save(self, path: Path) -> None:
        """Write the pool as flat uint16 ids and uint16 lengths."""
        arrays = {}
        for side in ("a", "b", "t"):
            rows = getattr(self, side)
            arrays[f"{side}_len"] = np.array([len(r) for r in rows], np.uint16)
            arrays[side] = np.concatenate([*rows, np.zeros(0, np.uint16)]).astype(np.uint16)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> Pool:
        """The pool `save` wrote."""
        with np.load(path) as file:
            sides = [np.split(file[s], np.cumsum(file[f"{s}_len"].astype(np.int64))[:-1]) for s in ("a", "b", "t")]
        return cls(*sides)

    def batches(self, tokens: int, rows: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Row numbers for ever: shuffled, bucketed by length, at most `tokens` padded tokens of a side, `rows` rows."""
        length = np.array([max(len(a), len(b)) for a, b in zip(self.a, self.b, strict=True)])
        while True:
            order = rng.permutation(len(self))
            made = []
            for start in range(0, len(order), 64 * rows):
                block = order[start : start + 64 * rows]
                block = block[np.argsort(length[block], kind="stable")[::-1]]
                at = 0
                while at < len(block):
                    size = min(rows, max(4, tokens // int(length[block[at]])))
                    made.append(block[at : at + size])
                    at += size
            for i in rng.permutation(len(made)):
                if len(made[i]) > 1 or len(made) == 1:
                    yield made[i]


def read_tokenizer(path: Path) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`; it pads nothing and cuts nothing off."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


class Tokens:
    """Texts to ids of both vocabularies, with their first and last special token, cut to a length."""

    def __init__(self, student: Path, teacher: Path) -> None:
        self.student, self.teacher = read_tokenizer(student), read_tokenizer(teacher)
        self.ends = (self.teacher.token_to_id("[CLS]"), self.teacher.token_to_id("[SEP]"))

    def of(self, texts: list[str], most: int) -> list[np.ndarray]:
        """The student's ids."""
        return _ids(self.student, texts, most, (2, 3))

    def teachers(self, texts: list[str], most: int) -> list[np.ndarray]:
        """The teacher's ids."""
        return _ids(self.teacher, texts, most, self.ends)


def _ids(tokenizer: Tokenizer, texts: list[str], most: int, ends: tuple[int, int]) -> list[np.ndarray]:
    encoded = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    return [np.array([ends[0], *e.ids[: most - 2], ends[1]], np.uint16) for e in encoded]


def picked(rows: list, most: int, allowed: Callable[[Any], bool], rng: np.random.Generator) -> Iterator:
    """At most `most` (one at least) of the rows that are allowed, at random; only rows that are taken are looked at."""
    return islice((rows[i] for i in rng.permutation(len(rows)) if allowed(rows[i])), max(1, most))


def sentences(data: Path, name: str, ban: set[str], rng: np.random.Generator, scale: float = 1.0) -> list[tuple]:
    """Pairs of a pair file, at most a set's share of each."""
    out = []
    for source, rows in groupby(corpus.read_pairs(data, name), key=lambda r: r[2]):
        most = int(scale * SHARES.get(source, DOCS if source.startswith("docs_") else 1 << 40))
        out += picked([(a, b) for a, b, _ in rows], most, lambda pair: not corpus.any_in(ban, pair), rng)
    return out


def ordered(source: str, rows: int) -> bool:
    """Whether a set of so many rows keeps the order of its documents, so that rows in a row make a paragraph."""
    return rows < 40_000 and "tatoeba" not in source and source not in ("osm_web", "tldr", "twlaw")


def paragraphs(data: Path, name: str, ban: set[str], rng: np.random.Generator, scale: float = 1.0) -> list[tuple]:
    """Pseudo-paragraphs: 2-6 consecutive rows of the sets that keep the order of their documents."""
    joint = " " if name == "en_de" else ""
    out = []
    for source, rows in groupby(corpus.read_pairs(data, name), key=lambda r: r[2]):
        block = [(a, b) for a, b, _ in rows]
        if not ordered(source, len(block)):
            continue
        at, made = 0, []
        while at + 1 < len(block):
            size = int(rng.integers(2, 7))
            made.append(block[at : at + size])
            at += size
        most = int(scale * 150) if source.startswith("docs_") else len(made)
        some = picked(made, most, lambda pairs: not any(corpus.any_in(ban, pair) for pair in pairs), rng)
        out += [(" ".join(a for a, _ in pairs), joint.join(b for _, b in pairs)) for pairs in some]
    return out


def titles(data: Path, scale: float = 1.0, rng: np.random.Generator | None = None) -> list[tuple[str, str]]:
    """(English, other) entries of the dictionaries; Wikipedia titles and CEDICT capped."""
    rng = rng or np.random.default_rng(0)
    out = []
    for a, b, path in corpus.dictionaries(data):
        if "en" not in (a, b):
            continue
        rows = [(x, y) if a == "en" else (y, x) for x, y in corpus.read_dictionary(path)]
        pick = rng.permutation(len(rows))[: int(scale * 120_000)]
        out += [rows[i] for i in pick if len(rows[i][0]) < 80]
    return out


def build(data: Path, work: Path, tokens: Tokens, benchmarks: Path | None, scale: float = 1.0, seed: int = 0) -> None:
    """Write the pools of stage 3 to `work/pools`; `scale` shrinks every share."""
    rng = np.random.default_rng(seed)
    ban = corpus.banned(data, benchmarks)
    pools = work / "pools"

    def write(name: str, rows: list[tuple[str, str]], most: int, teacher: bool = True) -> None:
        a, b = [r[0] for r in rows], [r[1] for r in rows]
        none = [np.zeros(0, np.uint16)] * len(rows)
        left, right = tokens.of(a, most), tokens.of(b, most) if any(b) else none
        keep = [i for i in range(len(rows)) if len(left[i]) < most and len(right[i]) < most] or range(len(rows))
        if most == MAX_PARAGRAPH:
            keep = range(len(rows))
        third = tokens.teachers(a, most) if teacher else none
        Pool([left[i] for i in keep], [right[i] for i in keep], [third[i] for i in keep]).save(pools / f"{name}.npz")
        tokens_kept = sum(len(left[i]) + len(right[i]) for i in keep)
        print(f"pool {name}: {len(keep):,} rows, {tokens_kept:,} tokens", flush=True)

    names = [n for n in corpus.ENGLISH_FIRST if (data / "pairs" / f"{n}.tsv.xz").exists()]
    for name in names:
        write(f"sentence.{name}", sentences(data, name, ban, rng, scale), MAX_SENTENCE)
        write(f"paragraph.{name}", paragraphs(data, name, ban, rng, scale), MAX_PARAGRAPH)
    write("title", [r for r in titles(data, scale, rng) if corpus.fold(r[0]) not in ban], 24)
    write("english", [(t, "") for t in english(data, ban, int(scale * 20_000))], MAX_PARAGRAPH)
    across = [n for n in ("de_zh-Hans", "de_zh-Hant") if (data / "pairs" / f"{n}.tsv.xz").exists()]
    rows = [r for n in across for r in sentences(data, n, ban, rng, 0.5 * scale)]
    write("across", rows, MAX_SENTENCE, teacher=False)


def english(data: Path, ban: set[str], most: int) -> list[str]:
    """English questions and passages of the QA sets, at most `most` questions of each set, every passage once."""
    out: dict[str, None] = {}
    for path in sorted((data / "qa").glob("*.en.*.jsonl.xz")):
        for i, (question, context, _) in enumerate(corpus.read_answers(path)):
            if i < most and corpus.fold(question) not in ban and corpus.fold(context) not in ban:
                out |= {question: None, context: None}
    return list(out)
