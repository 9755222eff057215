"""The embedded transformer without torch: onnxruntime over the folder that sentence-transformers reads too."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path

import numpy as np

from index.embedder import StaticEmbedder
from index.errors import UserError
from index.types import TokenVectors

WEIGHTS = "model.safetensors"  # where model.onnx says that its weights are
FILES = ("model.onnx", WEIGHTS, "static.safetensors", "tokenizer.json", "config.json")
THREADS = "CROSSCITE_THREADS"
_BATCH_TOKENS = 4096  # padded tokens a batch: its states and feed-forward (24 MB) stay near the caches
_CHUNK = 1 << 20


def threads() -> int:
    """How many threads encoding may take: `CROSSCITE_THREADS`, else the processors this process may use, 8 at most."""
    asked = os.environ.get(THREADS, "")
    if asked:
        if not asked.isdigit() or int(asked) < 1:
            raise UserError(f"{THREADS} is {asked!r}; give a whole number from 1")
        return int(asked)
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def batches(lengths: Sequence[int], tokens: int = _BATCH_TOKENS) -> list[np.ndarray]:
    """Row numbers in batches of like length, shortest first, each of at most `tokens` padded tokens (or one row)."""
    order = np.argsort(np.asarray(lengths), kind="stable")
    out, start = [], 0
    for at in range(1, len(order) + 1):
        if at == len(order) or (at + 1 - start) * lengths[order[at]] > tokens:
            out.append(order[start:at])
            start = at
    return out


class OnnxEmbedder:
    """The transformer of `folder`: `model.onnx` over the weights in `model.safetensors`, mean of the last states.

    With `static` above 0 a vector is the transformer's beside sqrt(`static`) times the unit sum of the text's static
    vectors, at length 1: a cosine is then (cos of the one + `static` x cos of the other) / (1 + `static`). At 0 the
    vectors are those that sentence-transformers makes of the folder. Queries and passages are encoded alike. Token
    vectors are those of the static table: they keep a word's meaning apart from its neighbours', which late
    interaction wants. UserError if a file is missing or damaged, ValueError if `static` is negative.
    """

    def __init__(self, folder: Path, static: float = 0.0) -> None:
        if not static >= 0:
            raise ValueError(f"static needs to be at least 0, got {static}")
        self._folder, self._static = Path(folder), static
        missing = [n for n in FILES if not (self._folder / n).is_file()]
        if missing:
            raise UserError(f"encoder folder {self._folder} lacks {' and '.join(missing)}; reinstall crosscite")
        self._config = json.loads((self._folder / "config.json").read_text(encoding="utf-8"))
        # The session takes 0.3 s, which a fresh process needs for its imports anyway.
        loader = ThreadPoolExecutor(max_workers=1)
        self._loading = loader.submit(self._load)
        loader.shutdown(wait=False)

    @cached_property
    def name(self) -> str:
        """`crosscite-`, the first 12 hex digits of the blake2b of the files the vectors depend on, and `static`."""
        digest = hashlib.blake2b(digest_size=16)
        for name in FILES:
            with open(self._folder / name, "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        return f"crosscite-{digest.hexdigest()[:12]}" + (f"+{self._static:g}" if self._static else "")

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._config["hidden_size"] + (self._words.dim if self._static else 0)

    @property
    def max_tokens(self) -> int:
        """The longest text, in tokens with `[CLS]` and `[SEP]`, that is read to its end."""
        return self._config["max_position_embeddings"]

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        return self._encode(texts)

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each token's static vector, as `StaticEmbedder.token_vectors`."""
        return self._words.token_vectors(texts)

    def count_tokens(self, text: str) -> int:
        """How many tokens the encoder makes of `text`, `[CLS]` and `[SEP]` included."""
        return len(self._tokenizer.encode(text).ids)

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        out = np.zeros((len(texts), self._config["hidden_size"]), np.float32)
        ids = [self._cut(e.ids) for e in self._tokenizer.encode_batch_fast(list(texts))]
        lengths = [len(i) for i in ids]
        for rows in batches(lengths):
            block = np.zeros((len(rows), lengths[rows[-1]]), np.int64)
            for i, row in enumerate(rows):
                block[i, : lengths[row]] = ids[row]
            size = np.array([lengths[row] for row in rows], np.int32)
            out[rows] = self._session.run(["vectors"], {"ids": block, "lengths": size})[0]
        return self._beside_static(out, texts) if self._static else out

    def _beside_static(self, vectors: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        sums = self._words.encode_passages(texts)
        both = np.concatenate([vectors, np.sqrt(np.float32(self._static)) * sums], axis=1)
        return both / np.linalg.norm(both, axis=1, keepdims=True)

    def _cut(self, ids: list[int]) -> list[int]:
        return ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]

    @property
    def _session(self):
        return self._loading.result()

    def _load(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # the cores are others' between calls
        # Handed over as bytes: onnxruntime would map the file, and a mapped file that is rewritten ends the process.
        weights = (self._folder / WEIGHTS).read_bytes()
        options.add_external_initializers_from_files_in_memory([WEIGHTS], [weights], [len(weights)])
        graph = (self._folder / "model.onnx").read_bytes()
        try:
            return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own classes share no base but this one
            raise UserError(f"encoder folder {self._folder} is damaged; reinstall crosscite") from error

    @cached_property
    def _words(self) -> StaticEmbedder:
        return StaticEmbedder(self._folder)

    @property
    def _tokenizer(self):
        return self._words.tokenizer
