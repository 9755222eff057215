"""Embedders: the embedded encoder that ships in the package, and any sentence-transformers model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from index.errors import UserError
from index.foreign import with_foreign_words
from index.types import Embedder, Span, TokenVectors

ENCODER = Path(__file__).parent / "encoder"
STATIC = "2_WordEmbeddings/model.safetensors"  # the static rows, in the folder of the embedded encoder
AXES = "5_Dense/model.safetensors"  # the matrix that turns its vectors
THREADS = "CROSSCITE_THREADS"
_CHUNK = 1 << 20


def load_embedder(model: str | None = None, revision: str | None = None, dim: int | None = None) -> Embedder:
    """The embedded encoder, or with `model` (a path or hub name) a sentence-transformers model.

    With `dim` the embedded encoder's vectors end after so many dimensions; ValueError for another model.
    """
    if model is None:
        from index.encoder_onnx import OnnxEmbedder

        return OnnxEmbedder(ENCODER, dim)
    if dim is not None:
        raise ValueError(f"dim is for the embedded encoder, got {dim} for {model!r}")
    return SentenceTransformerEmbedder(model, revision)


def threads() -> int:
    """How many threads encoding may take: `CROSSCITE_THREADS`, else the processors this process may use, 8 at most."""
    asked = os.environ.get(THREADS, "")
    if asked:
        if not asked.isdigit() or int(asked) < 1:
            raise UserError(f"{THREADS} is {asked!r}; give a whole number from 1")
        return int(asked)
    return min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def limit_threads() -> None:
    """Hold the tokenizers' own threads to `threads()`, unless fewer are asked for already.

    Their pool is made at its first use and reads the environment once.
    """
    asked = os.environ.get("RAYON_NUM_THREADS", "")
    if not asked.isdigit() or not 0 < int(asked) <= threads():
        os.environ["RAYON_NUM_THREADS"] = str(threads())


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """`matrix` as float32 with rows of length 1. A zero row (no token known) becomes the first axis, so that every
    row is a unit row and a cosine is defined."""
    matrix = np.ascontiguousarray(matrix, dtype=np.float32)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    out = matrix / np.maximum(norms, 1e-12)
    out[norms[:, 0] < 1e-12] = np.eye(1, matrix.shape[1], dtype=np.float32)
    return out


def float8_values() -> np.ndarray:
    """What the 256 bytes mean as float8 e4m3fn (Micikevicius et al. 2022), (256,) float32; the two NaN read 0."""
    code = np.arange(256)
    exponent, mantissa = (code >> 3) & 15, code & 7
    value = np.where(exponent > 0, (8 + mantissa) * 2.0 ** (exponent - 10.0), mantissa * 2.0**-9)
    value[exponent * 8 + mantissa == 127] = 0
    return np.where(code < 128, value, -value).astype(np.float32)


class StaticEmbedder:
    """Sum of token vectors, normalised, by a table and the `tokenizer.json` of a folder.

    The table is `static.safetensors` (int8 rows, one fp16 scale a row) or the embedded encoder's, in float8. Needs
    neither torch nor a download. Queries and passages are encoded alike, as the model was trained. UserError if a file
    is missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)
        self._file = STATIC if (self._folder / STATIC).is_file() else "static.safetensors"
        missing = [n for n in (self._file, "tokenizer.json") if not (self._folder / n).is_file()]
        if missing:
            raise UserError(f"encoder folder {self._folder} lacks {' and '.join(missing)}; reinstall crosscite")

    @cached_property
    def name(self) -> str:
        """`static-` and the first 12 hex digits of the sha256 of both files."""
        digest = hashlib.sha256()
        for file in (self._file, "tokenizer.json"):
            with open(self._folder / file, "rb") as f:
                while chunk := f.read(_CHUNK):
                    digest.update(chunk)
        return f"static-{digest.hexdigest()[:12]}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._table[0].shape[1]

    @property
    def max_tokens(self) -> int:
        """A sum has no longest text; beyond this many tokens it says little about any of them."""
        return 512

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows."""
        return self._encode(texts)

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """Each token's own vector; its weight is the vector's length, which training made small for empty words, and 0
        for an unknown one, words in foreign scripts aside: they are told by their spelling."""
        out = []
        for text, encoding in zip(texts, self.tokenizer.encode_batch(list(texts), add_special_tokens=False), strict=True):
            rows = self._rows(encoding.ids)
            # A lone word start is no word, and where it is put before a text its offsets are those of the first letter.
            lengths = np.linalg.norm(rows, axis=1)
            weights = np.where([token == "▁" for token in encoding.tokens], 0, lengths)
            spans = tuple(Span(a, b) for a, b in encoding.offsets)
            own = TokenVectors(rows / np.maximum(lengths, 1e-12)[:, None], weights, spans)
            out.append(with_foreign_words(text, own))
        return out

    def count_tokens(self, text: str) -> int:
        """How many tokens the encoder makes of `text`."""
        return len(self.tokenizer.encode(text, add_special_tokens=False).ids)

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        sums = np.zeros((len(texts), self.dim), dtype=np.float32)
        for i, encoding in enumerate(self.tokenizer.encode_batch(list(texts), add_special_tokens=False)):
            sums[i] = self._rows(encoding.ids).sum(axis=0)
        return unit_rows(sums)

    def _rows(self, ids: Sequence[int]) -> np.ndarray:
        """(n, dim) the tokens' vectors; that of unknown text is 0, or any two unknown words would be alike."""
        ids = np.asarray(ids, dtype=np.int64)
        rows, scales = self._table
        known = (ids != self.tokenizer.token_to_id("[UNK]"))[:, None]
        if scales is None:
            return float8_values()[rows[ids]] * known
        return rows[ids].astype(np.float32) * scales[ids].astype(np.float32) * known

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray | None]:
        """(V, dim) int8 rows and their (V, 1) scales, or (V, dim) float8 rows as bytes and None."""
        from safetensors import SafetensorError, deserialize

        try:
            tensors = dict(deserialize((self._folder / self._file).read_bytes()))
            if self._file == STATIC:
                table = tensors["emb_layer.weight"]
                return np.frombuffer(table["data"], np.uint8).reshape(table["shape"]), None
            rows, scales = tensors["vectors"], tensors["scales"]
            table = np.frombuffer(rows["data"], np.int8).reshape(rows["shape"])
            return table, np.frombuffer(scales["data"], np.float16).reshape(-1, 1)
        except (SafetensorError, KeyError, ValueError) as error:
            raise UserError(f"encoder folder {self._folder} is damaged ({self._file}); reinstall crosscite") from error

    @cached_property
    def tokenizer(self):
        """The folder's tokenizer, which neither pads nor truncates."""
        file = self._folder / "tokenizer.json"
        try:
            stat = file.stat()
            return _tokenizer(file, stat.st_mtime_ns, stat.st_size)
        except Exception as error:  # the library raises no class of its own
            raise UserError(f"encoder folder {self._folder} is damaged (tokenizer.json); reinstall crosscite") from error


@lru_cache(maxsize=4)
def _tokenizer(file: Path, changed: int, size: int):
    """One tokenizer for all that read the same file: it takes a tenth of a second to load."""
    limit_threads()
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by path or hub name; prompts come from the model's own configuration.

    UserError if it cannot be loaded (no such path, no network). Torch is imported on construction.
    """

    def __init__(self, model: str, revision: str | None = None, device: str | None = None) -> None:
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise UserError(f"the encoder {model!r} needs more packages; type: pip install 'crosscite[models]'") from error
        try:
            self._model = SentenceTransformer(model, revision=revision, device=device)
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise UserError(
                f"cannot load the encoder {model!r} ({reason}); give a folder or a hub name, or leave it out for the "
                "embedded encoder"
            ) from error
        self._label = f"{model}@{revision}" if revision else model

    @cached_property
    def name(self) -> str:
        """The model's name, and a fingerprint of its weights: the same path with other weights is another encoder."""
        digest = hashlib.sha256()
        for key, tensor in sorted(self._model.state_dict().items()):
            digest.update(key.encode())
            digest.update(tensor.detach().cpu().float().numpy().tobytes())
        return f"{self._label}#{digest.hexdigest()[:12]}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        renamed = hasattr(self._model, "get_embedding_dimension")  # the newer name of the two
        return int(self._model.get_embedding_dimension() if renamed else self._model.get_sentence_embedding_dimension())

    @property
    def max_tokens(self) -> int:
        """The longest text, in tokens, that the model reads to its end."""
        return int(self._model.max_seq_length or 512)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows, with the model's query prompt."""
        return self._rows(self._model.encode_query, texts)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32 unit rows, with the model's document prompt."""
        return self._rows(self._model.encode_document, texts)

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        """The model's contextual token embeddings, special tokens left out, all of the same weight."""
        out = []
        tokenizer = self._model.tokenizer
        for text in texts:
            spans = tokenizer(
                text, return_offsets_mapping=True, truncation=True, max_length=self.max_tokens
            )["offset_mapping"]
            rows = self._model.encode([text], output_value="token_embeddings", show_progress_bar=False)[0]
            rows = np.asarray(rows.float().cpu() if hasattr(rows, "cpu") else rows, dtype=np.float32)
            if len(rows) != len(spans):
                raise ValueError(f"{self._label} gives {len(rows)} token vectors for {len(spans)} tokens")
            own = [i for i, (a, b) in enumerate(spans) if b > a]
            vectors = unit_rows(rows[own]) if own else np.zeros((0, self.dim), np.float32)
            out.append(TokenVectors(vectors, np.ones(len(own), np.float32), tuple(Span(*spans[i]) for i in own)))
        return out

    def count_tokens(self, text: str) -> int:
        """How many tokens the model makes of `text`, special tokens included."""
        return len(self._model.tokenizer(text, truncation=False)["input_ids"])

    def _rows(self, encode, texts: Sequence[str]) -> np.ndarray:
        if not len(texts):
            return np.zeros((0, self.dim), np.float32)
        return unit_rows(encode(list(texts), convert_to_numpy=True, show_progress_bar=False, batch_size=32))
