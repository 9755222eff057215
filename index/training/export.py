"""Last stage: one folder that sentence-transformers and onnxruntime both read, at most 40 MB with its tokenizer."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from index.embedder import AXES, STATIC
from index.reader import SEP
from index.training import int8
from index.training.init import counts
from index.training.mixture import Pool
from index.training.model import BERT_NAMES, EPS, Encoder, Whole, load, pad
from index.training.rounding import STRETCH, as_shipped
from index.training.static import read

LIMIT = 40_000_000  # bytes, the whole folder
# Abbreviations that parallel text teaches badly, as the tokenizer reads them: "KI" had a cosine of .16 with 人工智能.
SHORT = {"ki": "künstliche intelligenz", "bip": "bruttoinlandsprodukt", "kmu": "kleine und mittlere unternehmen"}
DECIMALS = 4  # of a piece's score
STANDING = 4.0  # length of the static rows beside the states: tried 2.5 to 5.5, level from 3.5 to 5
TURNED = 12_000  # texts the axes are fitted to
SOFTEN, FLOOR = 0.1, 0.1  # how far the axes are stretched towards whitening; see `axes`
CARD = "# CrossCite encoder\n\nGerman, English, Chinese. Not yet measured.\n"
_WORDS, _AXES = Path(STATIC).parent.name, Path(AXES).parent.name
MODULES = (
    ("", "Transformer"), ("1_Pooling", "Pooling"), (_WORDS, "WordEmbeddings"), ("3_Dense", "Dense"),
    ("4_Pooling", "Pooling"), (_AXES, "Dense"), ("6_Normalize", "Normalize"),
)  # fmt: skip
_OWN = "sentence_transformers.sentence_transformer.modules"
_TYPES = {kind: f"{_OWN}.{kind}" for kind in ("Pooling", "Dense", "WordEmbeddings", "Normalize", "Transformer")}
_SPACES = f"{_OWN}.tokenizer.WhitespaceTokenizer"


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
    """Write the tokenizer with only the pieces `keep`, renumbered in their order, and the template `[CLS] $A [SEP]`; it
    spells out the words of `SHORT`."""
    spec = json.loads(tokenizer.read_text(encoding="utf-8"))
    vocab = spec["model"]["vocab"]
    spec["model"]["vocab"] = [[piece, round(score, DECIMALS)] for piece, score in (vocab[i] for i in keep)]
    spec["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [_special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, _special("[SEP]")],
        "pair": [_special("[CLS]"), {"Sequence": {"id": "A", "type_id": 0}}, _special("[SEP]"),
                 {"Sequence": {"id": "B", "type_id": 0}}, _special("[SEP]")],
        "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for i, t in ((2, "[CLS]"), (3, "[SEP]"))},
    }
    steps = spec["normalizer"]["normalizers"]
    for short, meaning in SHORT.items():
        regex = rf"(?<![\p{{L}}\p{{N}}]){short}(?![\p{{L}}\p{{N}}])"
        spell = {"type": "Replace", "pattern": {"Regex": regex}, "content": meaning}
        steps += [spell] if spell not in steps else []
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


def beside(work: Path) -> np.ndarray:
    """(V, dim) float32: the static rows of a work folder as they stand beside the states, zero for special pieces."""
    static = STANDING * read(next(p for p in (work / "tuned.safetensors", work / "static.safetensors") if p.exists()))
    static[: SEP + 1] = 0
    return static


@torch.no_grad()
def vectors(whole: Whole, rows: list[np.ndarray], batch: int = 32) -> np.ndarray:
    """(n, dim) float32 unit rows of texts (token ids `rows`) before the turn, the shortest text first."""
    rows = sorted(rows, key=len)
    parts = [whole.plain(*pad(rows[at : at + batch])) for at in range(0, len(rows), batch)]
    return torch.cat(parts).numpy()


def axes(texts: np.ndarray) -> np.ndarray:
    """(dim, dim): the principal axes of the rows of `texts`, most telling first, each times its eigenvalue to the
    power of -0.1.

    Not centred, since a cosine is not. That goes a fifth of the way to whitening (Huang et al. 2021): what all texts
    have in common counts less. A tenth of their mean is added to the eigenvalues, lest directions in which nothing lies are
    blown up.
    """
    texts = texts.astype(np.float64)
    values, turn = np.linalg.eigh(texts.T @ texts / len(texts))
    stretch = (values.clip(0) + FLOOR * values.mean()) ** -SOFTEN
    return np.ascontiguousarray((turn * stretch).T[::-1], np.float32)


def export(
    model: Encoder, tokenizer: Path, static: np.ndarray, turn: np.ndarray, keep: np.ndarray, out: Path, longest: int, card: str
) -> int:
    """Write the folder and return its size in bytes. ValueError if it exceeds 40 MB.

    `static` (V, dim) are the rows beside the states, zero for special pieces; `turn` is the matrix of `axes`.
    """
    first = model.layers[0]
    kept = Encoder(
        len(keep), model.words.embedding_dim, len(model.layers), first.up.out_features, longest, first.heads
    )
    state = model.state_dict()
    state["words.weight"] = state["words.weight"][torch.tensor(keep)]
    state["positions.weight"] = state["positions.weight"][:longest]
    kept.load_state_dict(state)
    for path, _ in MODULES:
        (out / path).mkdir(parents=True, exist_ok=True)
    small = torch.tensor(static[keep]).to(torch.float8_e4m3fn)
    tensors = {
        "model.safetensors": bert_state(kept),
        "3_Dense/model.safetensors": {"linear.weight": torch.eye(model.words.embedding_dim, dtype=torch.int8)},
        STATIC: {"emb_layer.weight": small},
        AXES: {"linear.weight": torch.tensor(turn).half()},
    }
    for name, some in tensors.items():
        save_file(some, out / name, {"format": "pt"})
        (out / name).chmod(0o644)
    trim_tokenizer(tokenizer, keep, out / "tokenizer.json", longest)
    settings(kept, static.shape[1], out, longest)
    int8.write(out, len(kept.layers), first.heads, EPS)
    (out / "README.md").write_text(card, encoding="utf-8")
    size = sum(f.stat().st_size for f in out.rglob("*") if f.is_file())
    if size > LIMIT:
        raise ValueError(f"the folder has {size:,} bytes, {LIMIT:,} allowed; keep fewer pieces than {len(keep):,}")
    return size


def last_stage(work: Path) -> Path:
    """The weights of the last stage done."""
    return next(p for stage in ("joint", "retrieve", "distil") if (p := work / f"{stage}.safetensors").exists())


def whole(work: Path, asked: list[Pool], checkpoint: Path | None = None) -> Whole:
    """What `checkpoint`, or the last stage done, ships: its encoder rounded, the static rows, and axes.

    Axes are fitted to the questions and passages `asked`, but those of stage `joint` are kept, which trained in them.
    """
    model = load(checkpoint or last_stage(work)).eval()
    if isinstance(model, Whole):
        return Whole(as_shipped(model.encoder), model.static.weight.detach(), model.turn).eval()
    model = Whole(as_shipped(model), torch.tensor(beside(work)), torch.eye(0)).eval()
    sides, rng = [side for pool in asked for side in (pool.a, pool.b)], np.random.default_rng(0)
    rows = [side[i] for side in sides for i in rng.permutation(len(side))[: TURNED // len(sides)]]
    model.turn = torch.tensor(axes(vectors(model, rows)))
    return model


def run(work: Path, pools: list[Pool], asked: list[Pool], size: int, longest: int, checkpoint: Path | None = None) -> int:
    """Export `checkpoint`, or the last stage done, to `work/export`, which is made anew; returns bytes.

    `pools` count the pieces, of which `size` are kept; see `whole` for `asked`. The card is `work/card.md` if there.
    """
    spec = json.loads((work / "tokenizer.json").read_text(encoding="utf-8"))
    pieces = [piece for piece, _ in spec["model"]["vocab"]]
    count = counts(pools, "a", len(pieces)) + counts(pools, "b", len(pieces))
    keep = useful(count, pieces, min(size, len(pieces)))
    card = work / "card.md"
    text = card.read_text(encoding="utf-8") if card.exists() else CARD
    model = whole(work, asked, checkpoint)
    out = work / "export"
    shutil.rmtree(out, ignore_errors=True)
    static, turn = model.static.weight.detach().numpy(), model.turn.numpy()
    return export(model.encoder, work / "tokenizer.json", static, turn, keep, out, longest, text)


def settings(model: Encoder, static: int, out: Path, longest: int) -> None:
    """The configuration files that transformers and sentence-transformers read; `static` is the width of its rows.

    The modules are sentence-transformers' own, so that no code of the folder needs to be trusted: the mean of the
    states is kept aside as "cls_token_embeddings", which the second pooling puts beside the mean of the static rows.
    """
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
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": _TYPES[kind]} for i, (path, kind) in enumerate(MODULES)
    ]
    _write(out / "modules.json", modules)
    linear = {"bias": False, "activation_function": "torch.nn.modules.linear.Identity"}
    whole = dim + static
    _write(out / "1_Pooling/config.json", {"embedding_dimension": dim, "pooling_mode": "mean"})
    _write(
        out / "3_Dense/config.json",
        {"in_features": dim, "out_features": dim, **linear, "module_output_name": "cls_token_embeddings"},
    )
    words = {"tokenizer_class": _SPACES, "update_embeddings": False, "max_seq_length": longest}
    _write(out / _WORDS / "wordembedding_config.json", words)
    unused = {"vocab": [], "stop_words": [], "do_lower_case": False}  # the ids come from the transformer's tokenizer
    _write(out / _WORDS / "whitespacetokenizer_config.json", unused)
    _write(out / "4_Pooling/config.json", {"embedding_dimension": whole // 2, "pooling_mode": ["cls", "mean"]})
    _write(out / _AXES / "config.json", {"in_features": whole, "out_features": whole, **linear})
    _write(out / "6_Normalize/config.json", {"module_input_name": "sentence_embedding"})


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
