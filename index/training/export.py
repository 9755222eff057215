"""Last stage: one folder that sentence-transformers and onnxruntime both read, at most 40 MB with its tokenizer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file as load_numpy
from safetensors.numpy import save_file as save_numpy
from safetensors.torch import save_file

from index.training import graph
from index.training.init import counts
from index.training.mixture import Pool
from index.training.model import BERT_NAMES, EPS, SEP, Encoder, load

LIMIT = 40_000_000  # bytes, the whole folder
STRETCH = 16.0  # of words and positions: the norm after them undoes it, and float8 keeps small values well above 2^-6
CARD = "# CrossCite encoder\n\nGerman, English, Chinese. Not yet measured.\n"
MODULES = ("Transformer", "Pooling", "Normalize")


def useful(count: np.ndarray, pieces: list[str], size: int) -> np.ndarray:
    """Ascending ids of the `size` pieces worth keeping: the specials, single characters, then the most frequent.

    `count` (V,) says how often each piece occurs in the mix. ValueError if the first two alone exceed `size`.
    """
    must = np.array([i <= SEP or len(p.replace("▁", "")) <= 1 for i, p in enumerate(pieces)])
    if must.sum() > size:
        raise ValueError(f"need a size of at least {must.sum()}, got {size}")
    rank = np.argsort(-np.where(must, np.iinfo(np.int64).max, count.astype(np.int64)), kind="stable")
    return np.sort(rank[:size])


def trim_tokenizer(tokenizer: Path, keep: np.ndarray, out: Path, longest: int) -> None:
    """Write the tokenizer with only the pieces `keep`, renumbered in their order, and the template `[CLS] $A [SEP]`."""
    spec = json.loads(tokenizer.read_text(encoding="utf-8"))
    vocab = spec["model"]["vocab"]
    spec["model"]["vocab"] = [vocab[i] for i in keep]
    spec["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [_special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, _special("[SEP]")],
        "pair": [_special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, _special("[SEP]"),
                 {"Sequence": {"id": "B", "type_id": 0}}, _special("[SEP]")],
        "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for i, t in ((2, "[CLS]"), (3, "[SEP]"))},
    }
    spec["truncation"] = spec["padding"] = None
    out.write_text(json.dumps(spec, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": longest,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }
    _write(out.with_name("tokenizer_config.json"), settings)


def _special(token: str) -> dict:
    return {"SpecialToken": {"id": token, "type_id": 0}}


def bert_state(model: Encoder) -> dict[str, torch.Tensor]:
    """The weights under transformers' names: matrices float8 e4m3, positions, biases and norms float16."""
    small, half = torch.float8_e4m3fn, torch.float16
    own = {k: v.detach().cpu().float() for k, v in model.state_dict().items()}
    dim = own["words.weight"].shape[1]
    out = {
        "embeddings.word_embeddings.weight": (STRETCH * own["words.weight"]).to(small),
        "embeddings.position_embeddings.weight": (STRETCH * own["positions.weight"]).to(half),
        "embeddings.token_type_embeddings.weight": torch.zeros(1, dim, dtype=half),
        "embeddings.LayerNorm.weight": own["norm.weight"].to(half),
        "embeddings.LayerNorm.bias": own["norm.bias"].to(half),
        "pooler.dense.weight": torch.zeros(dim, dim, dtype=small),
        "pooler.dense.bias": torch.zeros(dim, dtype=half),
    }
    for i in range(len(model.layers)):
        for kind in ("weight", "bias"):
            for part, rows in zip(("query", "key", "value"), own[f"layers.{i}.qkv.{kind}"].chunk(3), strict=True):
                out[f"encoder.layer.{i}.attention.self.{part}.{kind}"] = rows
            for ours, theirs in BERT_NAMES.items():
                out[f"encoder.layer.{i}.{theirs}.{kind}"] = own[f"layers.{i}.{ours}.{kind}"]
    return {
        k: (v if v.dtype != torch.float32 else v.to(small if v.dim() == 2 else half)).contiguous()
        for k, v in out.items()
    }


def export(
    model: Encoder, tokenizer: Path, static: Path, keep: np.ndarray, out: Path, longest: int, card: str
) -> int:
    """Write the folder and return its size in bytes. ValueError if it exceeds 40 MB.

    `static` is the static model's safetensors, whose rows `keep` go along for late interaction.
    """
    out.mkdir(parents=True, exist_ok=True)
    first = model.layers[0]
    kept = Encoder(
        len(keep), model.words.embedding_dim, len(model.layers), first.up.out_features, longest, first.heads
    )
    state = model.state_dict()
    state["words.weight"] = state["words.weight"][torch.tensor(keep)]
    state["positions.weight"] = state["positions.weight"][:longest]
    kept.load_state_dict(state)
    save_file(bert_state(kept), out / "model.safetensors", {"format": "pt"})
    trim_tokenizer(tokenizer, keep, out / "tokenizer.json", longest)
    table = load_numpy(static)
    save_numpy({k: np.ascontiguousarray(v[keep]) for k, v in table.items()}, out / "static.safetensors")
    settings(kept, out, longest)
    graph.write(out, len(kept.layers), first.heads, EPS)
    (out / "README.md").write_text(card, encoding="utf-8")
    for file in out.rglob("*.safetensors"):
        file.chmod(0o644)
    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
    if size > LIMIT:
        raise ValueError(f"the folder has {size:,} bytes, {LIMIT:,} allowed; keep fewer pieces than {len(keep):,}")
    return size


def run(work: Path, pools: list[Pool], size: int, longest: int) -> int:
    """Export the last stage done to `work/export`, with the card `work/card.md` if there; returns bytes.

    `pools` count the pieces, of which `size` are kept.
    """
    last = next(p for p in (work / "retrieve.safetensors", work / "distil.safetensors") if p.exists())
    spec = json.loads((work / "tokenizer.json").read_text(encoding="utf-8"))
    pieces = [piece for piece, _ in spec["model"]["vocab"]]
    count = counts(pools, "a", len(pieces)) + counts(pools, "b", len(pieces))
    keep = useful(count, pieces, min(size, len(pieces)))
    card = work / "card.md"
    text = card.read_text(encoding="utf-8") if card.exists() else CARD
    static = next(p for p in (work / "tuned.safetensors", work / "static.safetensors") if p.exists())
    return export(load(last), work / "tokenizer.json", static, keep, work / "export", longest, text)


def settings(model: Encoder, out: Path, longest: int) -> None:
    """The configuration files that transformers and sentence-transformers read."""
    dim = model.words.embedding_dim
    bert = {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "dtype": "float32",
        "vocab_size": model.words.num_embeddings,
        "hidden_size": dim,
        "num_hidden_layers": len(model.layers),
        "num_attention_heads": model.layers[0].heads,
        "intermediate_size": model.layers[0].up.out_features,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
        "layer_norm_eps": EPS,
        "max_position_embeddings": longest,
        "type_vocab_size": 1,
        "pad_token_id": 0,
    }
    _write(out / "config.json", bert)
    _write(out / "sentence_bert_config.json", {"max_seq_length": longest, "do_lower_case": False})
    paths = ("", "1_Pooling", "2_Normalize")
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(zip(MODULES, paths, strict=True))
    ]
    _write(out / "modules.json", modules)
    (out / "1_Pooling").mkdir(exist_ok=True)
    _write(out / "1_Pooling" / "config.json", {"word_embedding_dimension": dim, "pooling_mode_mean_tokens": True})


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
