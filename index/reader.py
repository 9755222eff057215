"""The reader: reads a question and a sentence together and says whether the sentence answers, without torch.

How it was made: `index.training.reader`. Its words are those of the embedded encoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from index.embedder import ENCODER, StaticEmbedder
from index.encoder_onnx import Loading, Workers, batches, load_session, multiplies_int8
from index.errors import UserError
from index.normalise import fold

FOLDER = Path(__file__).parent / "reading"
GRAPH, GRAPH_INT8, OWN = "reader.onnx", "reader_int8.onnx", "reader.safetensors"
WORDS = "model.safetensors"  # of the encoder's folder
CHECKSUM = "weights"
CLS, SEP = 2, 3
QUESTION, SENTENCE, BEFORE = 64, 96, 32  # tokens read of each, at most
TITLE = 16  # of those before, tokens of the title


def pair(question: Sequence[int], sentence: Sequence[int], before: Sequence[int]) -> tuple[list[int], list[int]]:
    """Ids and segments (0, 1, 2) of `[CLS] question [SEP] sentence [SEP] before [SEP]`, each part cut to its length."""
    q, s, b = question[:QUESTION], sentence[:SENTENCE], before[:BEFORE]
    ids, segments = [CLS, *q, SEP, *s, SEP], [0] * (len(q) + 2) + [1] * (len(s) + 1)
    if len(b):
        ids, segments = [*ids, *b, SEP], segments + [2] * (len(b) + 1)
    return ids, segments


class Reader:
    """The model of `folder` over the words of the encoder in `encoder`. UserError if a file is missing or damaged.

    With `int8`, which is chosen where the processor gains by it, it multiplies rounded states: scores differ by some hundredths.
    """

    def __init__(self, folder: Path = FOLDER, encoder: Path = ENCODER, int8: bool | None = None) -> None:
        files = (folder / GRAPH, folder / GRAPH_INT8, folder / OWN, encoder / WORDS)
        missing = [str(f) for f in files if not f.is_file()]
        if missing:
            raise UserError(f"the reader lacks {' and '.join(missing)}; reinstall crosscite")
        self._files = files
        self._graph = files[multiplies_int8() if int8 is None else int8]
        self._tokenizer = StaticEmbedder(encoder)
        self._loading, self._workers = Loading(self._load), Workers()

    @cached_property
    def name(self) -> str:
        """`reader-` and the first 12 hex digits of the blake2b of its files and the encoder's words."""
        digest = hashlib.blake2b(digest_size=16)
        for file in self._files:
            digest.update(file.read_bytes())
        return f"reader-{digest.hexdigest()[:12]}"

    def scores(self, question: str, sentences: Sequence[str], titles: Sequence[str], before: Sequence[str]) -> np.ndarray:
        """(n,) float32 log odds that each sentence answers; with it are read the title of its article and what stands
        before it, both possibly empty."""
        asked = self._ids([question])[0]
        parts = zip(*(self._ids(texts) for texts in (sentences, titles, before)), strict=True)
        pairs = [pair(asked, s, context(title, last)) for s, title, last in parts]
        out = np.zeros(len(pairs), np.float32)
        session = self._loading.result()

        def fill(rows: np.ndarray) -> None:
            ids, segments = (np.array([pairs[row][side] for row in rows], np.int64) for side in (0, 1))
            out[rows] = session.run(["scores"], {"ids": ids, "segments": segments})[0]

        self._workers.each(fill, batches([len(ids) for ids, _ in pairs]))
        return out

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        encoded = self._tokenizer.tokenizer.encode_batch_fast([fold(t) for t in texts], add_special_tokens=False)
        return [e.ids for e in encoded]

    def _load(self):
        *_, own, words = self._files
        session = load_session(self._graph.read_bytes(), {OWN: own, WORDS: words})
        if session.get_modelmeta().custom_metadata_map.get(CHECKSUM) != checksum(own):
            raise UserError(f"the model in {own.parent} is damaged ({own.name}); reinstall crosscite")
        return session


def checksum(file: Path) -> str:
    """What the graph says of the file of weights it was made for, under the name `CHECKSUM`."""
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()


def context(title: list[int], before: list[int]) -> list[int]:
    """The beginning of the title and the end of what stands before, as many tokens as are read of both."""
    head = [*title[:TITLE], SEP] if title and before else title[:TITLE]
    return head + before[max(0, len(before) - BEFORE + len(head)) :]


@cache
def reader() -> Reader:
    """The reader that ships in the package; it loads in the background from the first call on."""
    return Reader()
