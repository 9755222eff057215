"""Stage 2: the teacher's layers under our vocabulary; every new row is put together from the teacher's rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from index.reader import CLS, SEP
from index.training.mixture import Pool
from index.training.model import PAD, UNK, Encoder, from_bert
from index.training.static import read

LATIN = re.compile(r"^[a-z]+$")
CJK = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff]")
NEIGHBOURS, TEMPERATURE = 10, 0.05
RARE = 3  # a piece seen no more often on the English side is no neighbour to others
MOSTLY_OTHER = 0.1  # nor one whose English count is at most this share of its count on the other side


@dataclass(frozen=True)
class Anchors:
    """Pieces whose row the teacher gives: their ids, and the teacher's ids whose mean is the row."""

    ids: np.ndarray
    parts: list[list[int]]


def static_table(path: Path) -> np.ndarray:
    """(V, d) float32 unit rows of a static model's safetensors (int8 `vectors`, float16 `scales`)."""
    table = read(path)
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)


def counts(pools: list[Pool], side: str, vocab: int) -> np.ndarray:
    """How often each piece occurs on a side of the pools, (V,)."""
    out = np.zeros(vocab, np.int64)
    for pool in pools:
        rows = getattr(pool, side)
        if len(rows):
            out += np.bincount(np.concatenate(rows), minlength=vocab)
    return out


def anchors(student: Tokenizer, teacher: Tokenizer, english: np.ndarray, other: np.ndarray) -> Anchors:
    """The pieces that are the same English word (or number or mark) to the teacher, or several of its pieces.

    `english` and `other` count each piece on either side of the pairs: a word of several of the teacher's pieces is
    taken only where English uses it (names, mostly), since German words would be cut into nonsense.
    """
    known = teacher.get_vocab()
    ids, parts = [], []
    for piece, number in sorted(student.get_vocab().items(), key=lambda x: x[1]):
        text = piece.replace("▁", "")
        if number <= SEP or not text or CJK.search(text):
            continue
        inside = not piece.startswith("▁") and LATIN.match(text)
        some = [known[w] for w in ([f"##{text}", text] if inside else [text]) if w in known][:1]
        if not some and english[number] > 0.2 * other[number] and english[number] > RARE:
            some = teacher.encode(text, add_special_tokens=False).ids
        if some and teacher.token_to_id("[UNK]") not in some:
            ids.append(number)
            parts.append(some)
    return Anchors(np.array(ids), parts)


def mapped(static: np.ndarray, rows: np.ndarray, found: Anchors, trusted: np.ndarray) -> np.ndarray:
    """(V, dim) rows: an anchor's from the teacher's `rows`, every other by its nearest anchors in the static space.

    Weights are a softmax of the cosines at temperature 0.05 over the 10 nearest anchors of which `trusted` (a mask
    over the vocabulary) holds; a mean is stretched to the anchors' mean length, for averaging shortens.
    """
    out = np.zeros((len(static), rows.shape[1]), np.float32)
    length = float(np.linalg.norm(rows, axis=1).mean())
    for number, parts in zip(found.ids, found.parts, strict=True):
        mean = rows[parts].mean(0)
        out[number] = mean if len(parts) == 1 else mean * (length / np.linalg.norm(mean))
    near = found.ids[trusted[found.ids]]
    rest = np.setdiff1d(np.arange(len(static)), found.ids)
    for at in range(0, len(rest), 4096):
        some = rest[at : at + 4096]
        cosine = static[some] @ static[near].T
        best = np.argpartition(-cosine, min(NEIGHBOURS, len(near) - 1), 1)[:, :NEIGHBOURS]
        weight = np.exp(np.take_along_axis(cosine, best, 1) / TEMPERATURE)
        weight /= weight.sum(1, keepdims=True)
        mean = np.einsum("nk,nkd->nd", weight, out[near[best]])
        out[some] = mean * (0.9 * length / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9))
    return out


def run(work: Path, teacher: Path, pools: list[Pool]) -> Encoder:
    """The start of stage 3 from `work/tokenizer.json` and `work/static.safetensors`; `pools` count the pieces."""
    student = Tokenizer.from_file(str(work / "tokenizer.json"))
    static = static_table(work / "static.safetensors")
    english, other = (counts(pools, side, len(static)) for side in "ab")
    found = anchors(student, Tokenizer.from_file(str(teacher / "tokenizer.json")), english, other)
    rows = from_bert(teacher).words.weight.detach().numpy()
    trusted = (english > RARE) & (english > MOSTLY_OTHER * other)
    return start(teacher, mapped(static, rows, found, trusted if trusted[found.ids].any() else trusted | True))


def start(teacher: Path, table: np.ndarray) -> Encoder:
    """The teacher's layers, positions and norms over the `table` of our vocabulary; special rows are the teacher's."""
    model = from_bert(teacher)
    theirs = Tokenizer.from_file(str(teacher / "tokenizer.json")).get_vocab()
    old = model.words.weight.detach()
    new = torch.nn.Embedding(len(table), old.shape[1], sparse=True)
    with torch.no_grad():
        new.weight.copy_(torch.tensor(table))
        for number, name in ((PAD, "[PAD]"), (UNK, "[UNK]"), (CLS, "[CLS]"), (SEP, "[SEP]")):
            new.weight[number] = old[theirs[name]]
    model.words = new
    return model
