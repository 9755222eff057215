"""Stage 0: a SentencePiece unigram vocabulary for German, English and Chinese, as a `tokenizer.json`."""

from __future__ import annotations

import base64
import json
import unicodedata
from itertools import groupby
from pathlib import Path

import numpy as np

from index.training import data as corpus
from index.training.mixture import DOCS, SHARES

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
MOST = 20 * DOCS  # sentences of a documentation set


def normaliser_rules(path: Path) -> int:
    """Write SentencePiece's `normalization_rule_tsv` (code points TAB code points, in hex) and return its rows.

    NFKC and case folding of every character of the planes in use, traditional to simplified for Han (OpenCC `t2s`,
    one character for one), and Latin letters with a combining mark to the composed letter.
    """
    from opencc import OpenCC

    simplified = OpenCC("t2s")
    rules: dict[str, str] = {}
    for code in (*range(0x20, 0xD800), *range(0xF900, 0x10000), *range(0x20000, 0x30000)):
        char = chr(code)
        if unicodedata.category(char) in ("Cn", "Co", "Cs"):
            continue
        new = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", char).casefold())
        if char == "ß":
            new = char
        if len(new) == 1 and unicodedata.name(new, "").startswith("CJK"):
            turned = simplified.convert(new)
            new = turned if len(turned) == 1 else new
        if new != char and new.strip():
            rules[char] = new
        parts = unicodedata.normalize("NFD", char)
        if len(parts) == 2 and parts[0].isascii() and parts[0].isalpha():
            rules[parts] = unicodedata.normalize("NFKC", char.casefold())
    lines = ["\t".join(" ".join(f"{ord(c):X}" for c in side) for side in rule) for rule in sorted(rules.items()) if rule[0] != rule[1]]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(lines)


def sentences(data: Path, rng: np.random.Generator, scale: float = 1.0) -> list[str]:
    """Both sides of every pair file, a set's share of each, and the dictionaries' entries and QA contexts."""
    out = []
    for path in sorted((data / "pairs").glob("*.tsv.xz")):
        for source, rows in groupby(corpus.read_pairs(data, path.name.removesuffix(".tsv.xz")), key=lambda r: r[2]):
            some = list(rows)
            most = int(scale * SHARES.get(source, MOST if source.startswith("docs_") else len(some)))
            out += [t for i in rng.permutation(len(some))[:most] for t in some[i][:2]]
    for _, _, path in corpus.dictionaries(data):
        some = list(corpus.read_dictionary(path))
        out += [t for i in rng.permutation(len(some))[: int(scale * 60_000)] for t in some[i]]
    for path in sorted((data / "qa").glob("*.jsonl.xz")):
        out += list(dict.fromkeys(context for _, context, _ in corpus.read_answers(path)))
    return out


def train(data: Path, work: Path, size: int = 56_000, scale: float = 1.0, seed: int = 0, threads: int = 2) -> Path:
    """Train on the corpus and write `work/tokenizer.json`; digits stand alone, every character of the corpus but the
    rarest 0.05 % is covered. Returns the path; an existing file is kept."""
    out = work / "tokenizer.json"
    if out.exists():
        return out
    from sentencepiece import SentencePieceTrainer

    rules = work / "normalizer.tsv"
    normaliser_rules(rules)
    texts = sentences(data, np.random.default_rng(seed), scale)
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_prefix=str(work / "spm"),
        model_type="unigram",
        vocab_size=size,
        hard_vocab_limit=False,
        character_coverage=0.9995,
        split_digits=True,
        normalization_rule_tsv=str(rules),
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        pad_piece=SPECIALS[0],
        unk_piece=SPECIALS[1],
        bos_piece=SPECIALS[2],
        eos_piece=SPECIALS[3],
        max_sentence_length=20_000,
        input_sentence_size=3_000_000,
        shuffle_input_sentence=True,
        num_threads=threads,
        minloglevel=2,
    )
    convert(work / "spm.model", out)
    return out


def convert(model: Path, out: Path) -> None:
    """A SentencePiece unigram model as a `tokenizers` file with the same pieces, scores and normaliser."""
    from sentencepiece import sentencepiece_model_pb2

    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.read_bytes())
    metaspace = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": False}
    charsmap = base64.b64encode(proto.normalizer_spec.precompiled_charsmap).decode()
    spec = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": {
            "type": "Sequence",
            "normalizers": [
                {"type": "Precompiled", "precompiled_charsmap": charsmap},
                {"type": "Replace", "pattern": {"Regex": r"\s+"}, "content": " "},
                {"type": "Strip", "strip_left": True, "strip_right": True},
            ],
        },
        "pre_tokenizer": metaspace,
        "post_processor": None,
        "decoder": metaspace | {"split": True},
        "model": {
            "type": "Unigram",
            "unk_id": 1,
            "vocab": [[p.piece, p.score] for p in proto.pieces],
            "byte_fallback": False,
        },
    }
    out.write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
