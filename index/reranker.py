"""A cross-encoder that reads question and passage together, over any retriever."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

from index.errors import UserError
from index.types import Hit, Retriever

DEPTH = 30


class CrossEncoderRetriever:
    """The best `depth` hits of another retriever in the order of a sentence-transformers cross-encoder, by path or hub
    name; a `Retriever` that holds a `Retriever`. A hit's score is the model's own, `why` stays as it was.

    UserError if the model cannot be loaded or gives more than one score a pair (a classifier is no ranker), ValueError
    if `depth` is below 1. Torch is imported on construction.
    """

    def __init__(self, inner: Retriever, model: str, depth: int = DEPTH, device: str | None = None) -> None:
        if depth < 1:
            raise ValueError(f"depth needs to be at least 1, got {depth}")
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        try:
            from sentence_transformers import CrossEncoder
        except ImportError as error:
            raise UserError(f"the reranker {model!r} needs more packages; type: pip install 'crosscite[models]'") from error
        try:
            self._model = CrossEncoder(model, device=device)
        except (OSError, ValueError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise UserError(f"cannot load the reranker {model!r} ({reason}); give a folder or a hub name") from error
        if self._model.num_labels != 1:
            raise UserError(f"{model!r} gives {self._model.num_labels} scores a pair; a reranker gives one")
        self._inner, self._depth = inner, depth

    def search(self, query: str, k: int = 10, langs: Sequence[str] = ()) -> list[Hit]:
        """At most `k` hits, best first, ties in the order of the other retriever."""
        hits = self._inner.search(query, max(k, self._depth), langs) if k > 0 else []
        if not hits:
            return []
        pairs = [(query, hit.passage.text) for hit in hits]
        scores = self._model.predict(pairs, show_progress_bar=False, convert_to_numpy=True)
        scored = [replace(hit, score=float(score)) for hit, score in zip(hits, scores, strict=True)]
        return sorted(scored, key=lambda hit: -hit.score)[:k]
