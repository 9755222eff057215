"""The encoder: six BERT layers over a vocabulary of our own, mean of the last states, unit length."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

EPS = 1e-12
# The parts of a layer here, and what transformers' BERT calls them.
BERT_NAMES = {
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}
PAD, UNK = 0, 1
_LONG = 160


def attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Softmax of the scaled products plus `mask`, times `v`; torch's own takes up to twice as long on a CPU below `_LONG` tokens."""
    if q.device.type != "cpu" or q.shape[-2] > _LONG:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + mask).softmax(-1).to(v.dtype) @ v


class Layer(nn.Module):
    """One post-norm transformer layer (Vaswani et al. 2017, as BERT has it), GELU by erf."""

    def __init__(self, dim: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.out = nn.Linear(dim, dim)
        self.norm1 = nn.LayerNorm(dim, eps=EPS)
        self.up = nn.Linear(dim, inner)
        self.down = nn.Linear(inner, dim)
        self.norm2 = nn.LayerNorm(dim, eps=EPS)

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, length, dim) to the same; `mask` is added to the attention scores, (n, 1, 1, length)."""
        n, length, dim = x.shape
        q, k, v = self.qkv(x).view(n, length, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4)
        seen = attention(q, k, v, mask)
        x = self.norm1(x + self.out(seen.transpose(1, 2).reshape(n, length, dim)))
        return self.norm2(x + self.down(F.gelu(self.up(x))))


class Encoder(nn.Module):
    """Token ids to unit vectors; `words` are the rows of the vocabulary, `positions` include the segment row."""

    def __init__(self, vocab: int, dim: int, layers: int, inner: int, positions: int, heads: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocab, dim, sparse=True)
        self.positions = nn.Embedding(positions, dim)
        self.norm = nn.LayerNorm(dim, eps=EPS)
        self.layers = nn.ModuleList(Layer(dim, inner, heads) for _ in range(layers))

    def states(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, length) ids and 0/1 mask to the last states, (n, length, dim)."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        x = self.norm(x)
        bias = (1.0 - mask[:, None, None, :].to(x.dtype)) * -1e9
        for layer in self.layers:
            x = layer(x, bias)
        return x

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, length) ids and 0/1 mask to (n, dim) unit rows: the mean of the states, normalised."""
        keep = mask[:, :, None].float()
        mean = (self.states(ids, mask).float() * keep).sum(1) / keep.sum(1)
        return F.normalize(mean, dim=-1)


class Whole(nn.Module):
    """What is shipped: an encoder, static rows beside its states, and the matrix (dim, dim) that both are turned by."""

    def __init__(self, encoder: Encoder, static: torch.Tensor, turn: torch.Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.static = nn.Embedding.from_pretrained(static.detach().clone(), freeze=False, sparse=True)
        self.register_buffer("turn", turn.clone())

    def plain(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, dim) float32 unit rows before the turn: the mean of the states beside the mean of the static rows."""
        keep = mask[:, :, None].float()
        both = torch.cat([self.encoder.states(ids, mask).float(), self.static(ids).float()], -1)
        return F.normalize((both * keep).sum(1) / keep.sum(1), dim=-1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(n, length) ids and 0/1 mask to (n, dim) float32 unit rows."""
        return F.normalize(self.plain(ids, mask) @ self.turn.T, dim=-1)


def pad(rows: list[np.ndarray], device: str = "cpu") -> tuple[torch.Tensor, torch.Tensor]:
    """Ids of different lengths to one (n, longest) int64 tensor and its 0/1 mask."""
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros(ids.shape, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return torch.from_numpy(ids).to(device), torch.from_numpy(mask).to(device)


@torch.no_grad()
def encode(model: Encoder, rows: list[np.ndarray], device: str = "cpu", tokens: int = 8192) -> np.ndarray:
    """Ids to (n, dim) float32 unit rows, longest first in batches of at most `tokens` padded tokens."""
    order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
    out = np.zeros((len(rows), model.words.embedding_dim), np.float32)
    at = 0
    while at < len(order):
        some = order[at : at + max(1, tokens // max(1, len(rows[order[at]])))]
        out[some] = model(*pad([rows[i] for i in some], device)).float().cpu().numpy()
        at += len(some)
    return out


def from_bert(folder: Path) -> Encoder:
    """The encoder with a BERT's weights (`config.json`, `model.safetensors`); segment row 0 joins the positions."""
    heads = json.loads((folder / "config.json").read_text(encoding="utf-8"))["num_attention_heads"]
    old = {k.removeprefix("bert."): v.float() for k, v in load_file(folder / "model.safetensors").items()}
    words = old["embeddings.word_embeddings.weight"]
    positions = old["embeddings.position_embeddings.weight"]
    layers = 1 + max(int(k.split(".")[2]) for k in old if k.startswith("encoder.layer."))
    inner = old["encoder.layer.0.intermediate.dense.weight"].shape[0]
    model = Encoder(*words.shape, layers, inner, len(positions), heads)
    new = {
        "words.weight": words,
        "positions.weight": positions + old["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": old["embeddings.LayerNorm.weight"],
        "norm.bias": old["embeddings.LayerNorm.bias"],
    }
    for i in range(layers):
        for kind in ("weight", "bias"):
            parts = [old[f"encoder.layer.{i}.attention.self.{p}.{kind}"] for p in ("query", "key", "value")]
            new[f"layers.{i}.qkv.{kind}"] = torch.cat(parts)
            for ours, theirs in BERT_NAMES.items():
                new[f"layers.{i}.{ours}.{kind}"] = old[f"encoder.layer.{i}.{theirs}.{kind}"]
    model.load_state_dict(new)
    return model


def save(model: Encoder | Whole, path: Path) -> None:
    """Write the weights, as `write` does."""
    encoder = model.encoder if isinstance(model, Whole) else model
    write(model.state_dict(), path, {"heads": str(encoder.layers[0].heads)})


def write(state: dict[str, torch.Tensor], path: Path, about: dict[str, str] | None = None) -> None:
    """Write tensors as float16 beside, then swap: a reader never sees half a file."""
    beside = path.with_suffix(".part")
    save_file({k: v.detach().half().cpu().contiguous() for k, v in state.items()}, beside, about)
    beside.replace(path)


def load(path: Path) -> Encoder | Whole:
    """The model `save` wrote, as float32."""
    with safe_open(path, "pt") as file:
        heads = int(file.metadata()["heads"])
    state = {k: v.float() for k, v in load_file(path).items()}
    if "turn" in state:
        own = {k.removeprefix("encoder."): v for k, v in state.items() if k.startswith("encoder.")}
        return Whole(_encoder(own, heads), state["static.weight"], state["turn"])
    return _encoder(state, heads)


def _encoder(state: dict[str, torch.Tensor], heads: int) -> Encoder:
    vocab, dim = state["words.weight"].shape
    layers = 1 + max(int(k.split(".")[1]) for k in state if k.startswith("layers."))
    inner = state["layers.0.up.weight"].shape[0]
    model = Encoder(vocab, dim, layers, inner, len(state["positions.weight"]), heads)
    model.load_state_dict(state)
    return model
