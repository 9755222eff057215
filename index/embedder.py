"""Embedders: the embedded encoder that ships in the package, and any sentence-transformers model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from index.errors import UserError
from index.types import Embedder, Span, TokenVectors

ENCODER = Path(__file__).parent / "encoder"
STATIC = 0.5  # how much the sum of token vectors counts beside the transformer's vector (eval/LOG.md)
_CHUNK = 1 << 20


def load_embedder(model: str | None = None, revision: str | None = None) -> Embedder:
    """The embedded encoder, or with `model` (a path or hub name) a sentence-transformers model."""
    if model is None:
        from index.encoder_onnx import OnnxEmbedder

        return OnnxEmbedder(ENCODER, static=STATIC)
    return SentenceTransformerEmbedder(model, revision)


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """`matrix` as float32 with rows of length 1. A zero row (no token known) becomes the first axis, so that every
    row is a unit row and a cosine is defined."""
    matrix = np.ascontiguousarray(matrix, dtype=np.float32)
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    out = matrix / np.maximum(norms, 1e-12)
    out[norms[:, 0] < 1e-12] = np.eye(1, matrix.shape[1], dtype=np.float32)
    return out


class StaticEmbedder:
    """Sum of token vectors, normalised: `static.safetensors` (int8 rows, one fp16 scale a row) and `tokenizer.json`.

    Needs neither torch nor a download. Queries and passages are encoded alike, as the model was trained.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Path(folder)
        missing = [n for n in ("static.safetensors", "tokenizer.json") if not (self._folder / n).is_file()]
        if missing:
            raise UserError(f"encoder folder {self._folder} lacks {' and '.join(missing)}; reinstall crosscite")

    @cached_property
    def name(self) -> str:
        """`static-` and the first 12 hex digits of the sha256 of both files."""
        digest = hashlib.sha256()
        for file in ("static.safetensors", "tokenizer.json"):
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
        for an unknown one."""
        out = []
        for encoding in self.tokenizer.encode_batch(list(texts), add_special_tokens=False):
            rows = self._rows(encoding.ids)
            # A lone word start is no word, and where it is put before a text its offsets are those of the first letter.
            lengths = np.linalg.norm(rows, axis=1)
            weights = np.where([token == "▁" for token in encoding.tokens], 0, lengths)
            spans = tuple(Span(a, b) for a, b in encoding.offsets)
            out.append(TokenVectors(rows / np.maximum(lengths, 1e-12)[:, None], weights, spans))
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
        vectors, scales = self._table
        known = np.asarray(ids, dtype=np.int64) != self.tokenizer.token_to_id("[UNK]")
        return vectors[ids].astype(np.float32) * scales[ids].astype(np.float32) * known[:, None]

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        from safetensors.numpy import load_file

        tensors = load_file(self._folder / "static.safetensors")
        return tensors["vectors"], tensors["scales"].reshape(-1, 1)

    @cached_property
    def tokenizer(self):
        """The folder's tokenizer, which neither pads nor truncates."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
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
