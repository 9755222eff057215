"""The embedded transformer without torch: onnxruntime over the folder that sentence-transformers reads too."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np

from index.embedder import AXES, STATIC, StaticEmbedder, threads, unit_rows
from index.errors import UserError
from index.memory import trim
from index.types import TokenVectors

WEIGHTS = ("model.safetensors", STATIC, AXES)  # where the graphs say that their weights are
GRAPH, GRAPH_INT8 = "model.onnx", "model_int8.onnx"
FILES = (GRAPH, GRAPH_INT8, *WEIGHTS, "tokenizer.json", "config.json")
_BATCH_TOKENS = 1024  # a batch's states and feed-forward (6 MB) stay near the caches
_CHUNK = 1 << 20
T = TypeVar("T")


def batches(lengths: Sequence[int], tokens: int = _BATCH_TOKENS) -> list[np.ndarray]:
    """Row numbers in batches of one length each, longest first, each of at most `tokens` tokens (or one row)."""
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    out, start = [], 0
    for at in range(1, len(order) + 1):
        size = lengths[order[start]]
        if at == len(order) or lengths[order[at]] != size or (at + 1 - start) * size > tokens:
            out.append(order[start:at])
            start = at
    return out


def multiplies_int8() -> bool:
    """Whether the processor has AVX512-VNNI, by Linux's own word; on any other the int8 graph was never measured."""
    try:
        return " avx512_vnni" in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def load_session(graph: bytes, weights: Mapping[str, Path]):
    """The onnxruntime session, of one thread, of a graph over files by the names that it calls them; UserError if damaged."""
    # From 1.29 on onnxruntime reports to its maker from a thread of its own unless this is set before it is loaded.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Handed over as bytes: onnxruntime would map the file, and a mapped file that is rewritten ends the process.
    blobs = [file.read_bytes() for file in weights.values()]
    options.add_external_initializers_from_files_in_memory(list(weights), blobs, [len(b) for b in blobs])
    try:
        session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own classes share no base but this one
        folder = next(iter(weights.values())).parent
        raise UserError(f"the model in {folder} is damaged; reinstall crosscite") from error
    del options, blobs
    trim()
    return session


class Loading:
    """A session that `load` makes in a thread of its own from now on: it takes 0.3 s, which a fresh process needs for its
    imports anyway."""

    def __init__(self, load: Callable[[], object]) -> None:
        self._load = load
        self._begin()

    def result(self):
        """What `load` gave. A process that was forked before it was ready has no such thread, and begins anew."""
        if os.getpid() != self._process and not self._made.done():
            self._begin()
        return self._made.result()

    def _begin(self) -> None:
        loader = ThreadPoolExecutor(max_workers=1)
        self._made, self._process = loader.submit(self._load), os.getpid()
        loader.shutdown(wait=False)


class Workers:
    """Threads that take a batch each: they share no work, so none waits for another within a layer. A forked process has
    none of those before, and starts its own."""

    def __init__(self) -> None:
        self._pool, self._process = None, 0

    def each(self, work: Callable[[T], None], parts: Sequence[T]) -> None:
        """`work` of every part, `threads()` at once."""
        if len(parts) < 2 or threads() < 2:
            for part in parts:
                work(part)
            return
        if self._process != os.getpid():
            self._pool, self._process = ThreadPoolExecutor(threads(), thread_name_prefix="encoder"), os.getpid()
        list(self._pool.map(work, parts))


class OnnxEmbedder:
    """The encoder of `folder`: a graph over the safetensors files, the vectors that sentence-transformers makes.

    A token's vector is its last state beside its static row; a text's is their mean, turned so that the first
    dimensions say most, at length 1. With `dim` the first `dim` of them, at length 1 again. Queries and passages are
    encoded alike. Token vectors are those of the static table: they keep a word's meaning apart from its neighbours',
    which late interaction wants. UserError if a file is missing or damaged, ValueError if `dim` is out of range.

    With `int8`, which is chosen where the processor gains by it, part of the multiplications is rounded: cosines to the
    float32 vectors stay above .999, and either kind searches an index of the other.
    """

    def __init__(self, folder: Path, dim: int | None = None, int8: bool | None = None) -> None:
        self._folder = Path(folder)
        missing = [n for n in FILES if not (self._folder / n).is_file()]
        if missing:
            raise UserError(f"encoder folder {self._folder} lacks {' and '.join(missing)}; reinstall crosscite")
        self._words = StaticEmbedder(self._folder)
        try:
            self._config = json.loads((self._folder / "config.json").read_text(encoding="utf-8"))
            self._whole = self._config["hidden_size"] + self._words.dim
        except (ValueError, KeyError) as error:
            raise UserError(f"encoder folder {self._folder} is damaged; reinstall crosscite") from error
        if dim is not None and not 1 <= dim <= self._whole:
            raise ValueError(f"dim needs to be from 1 to {self._whole}, got {dim}")
        self._dim = dim
        self._graph = GRAPH_INT8 if (multiplies_int8() if int8 is None else int8) else GRAPH
        self._loading, self._workers = Loading(self._load), Workers()

    @cached_property
    def name(self) -> str:
        """`crosscite-`, the first 12 hex digits of the blake2b of the files the vectors depend on, and `/dim` if given."""
        digest = hashlib.blake2b(digest_size=16)
        for name in FILES:
            with open(self._folder / name, "rb") as file:
                while chunk := file.read(_CHUNK):
                    digest.update(chunk)
        return f"crosscite-{digest.hexdigest()[:12]}" + (f"/{self._dim}" if self._dim else "")

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._dim or self._whole

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
        return len(self._tokenizer.encode(text))

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        out = np.zeros((len(texts), self._whole), np.float32)
        ids = [self._cut(e.ids) for e in self._tokenizer.encode_batch_fast(list(texts))]

        def fill(rows: np.ndarray) -> None:
            out[rows] = self._session.run(["vectors"], {"ids": np.array([ids[row] for row in rows], np.int64)})[0]

        self._workers.each(fill, batches([len(i) for i in ids]))
        return unit_rows(out[:, : self._dim]) if self._dim else out

    def _cut(self, ids: list[int]) -> list[int]:
        return ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]

    @property
    def _session(self):
        return self._loading.result()

    def _load(self):
        return load_session((self._folder / self._graph).read_bytes(), {name: self._folder / name for name in WEIGHTS})

    @property
    def _tokenizer(self):
        return self._words.tokenizer
