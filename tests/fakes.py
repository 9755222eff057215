"""Tiny real objects: an encoder whose vectors can be computed in the head, articles, and an index in memory."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from index.dense import Dense
from index.lexical import Lexical, terms
from index.normalise import fold
from index.search import Index, context
from index.splitter import split
from index.types import Article, Passage, Span, TokenVectors
from index.wordtable import WordTable, sentence_starts

# Words of one line mean the same and share an axis; Chinese in simplified script, as folding leaves it.
CONCEPTS = tuple(
    tuple(fold(word) for word in line.split())
    for line in (
        "city stadt 城市",
        "harbour hafen 港口",
        "bridge brücke 桥梁",
        "ferry fähre 渡轮",
        "bread brot 面包",
        "baker bäcker 面包师",
        "school schule 学校",
        "teacher lehrerin 教师",
        "river fluss 河流",
        "opened eröffnet 开放",
        "budget haushalt 预算",
        "observatory sternwarte 天文台",
    )
)
_AXIS = {word: axis for axis, words in enumerate(CONCEPTS) for word in words}
_HAN_WORDS = "|".join(sorted((w for w in _AXIS if w > "\u3400"), key=len, reverse=True))
_TOKEN = re.compile(_HAN_WORDS + r"|[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")
HASHED = 500


class ConceptEmbedder:
    """A bag of concepts: word i of a concept adds 1 on the concept's axis, any other word 1 on a hashed axis.

    The cosine of two texts without hashed words in common is the overlap of their concept counts: "Hafen Brücke" and
    港口 have 1 / sqrt(2).
    """

    def __init__(self, name: str = "concepts", max_tokens: int = 512) -> None:
        self.name = name
        self.dim = len(CONCEPTS) + HASHED
        self.max_tokens = max_tokens

    def axis(self, word: str) -> int:
        """The axis of a folded word."""
        return _AXIS.get(word, len(CONCEPTS) + zlib.crc32(word.encode()) % HASHED)

    def encode_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._encode(texts)

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        return self._encode(texts)

    def token_vectors(self, texts: Sequence[str]) -> list[TokenVectors]:
        out = []
        for text in texts:
            found = list(_TOKEN.finditer(text))
            vectors = np.zeros((len(found), self.dim), np.float32)
            for i, m in enumerate(found):
                vectors[i, self.axis(m.group())] = 1
            out.append(TokenVectors(vectors, np.ones(len(found), np.float32), tuple(Span(*m.span()) for m in found)))
        return out

    def count_tokens(self, text: str) -> int:
        return len(_TOKEN.findall(text))

    def _encode(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.zeros((len(texts), self.dim), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for m in _TOKEN.finditer(text):
                row[self.axis(m.group())] += 1
            if not row.any():
                row[0] = 1
            row /= np.linalg.norm(row)
        return rows


class FailingEmbedder(ConceptEmbedder):
    """Encodes the first `good` batches of passages and then runs out of memory, as a real encoder does."""

    def __init__(self, good: int = 0, name: str = "concepts") -> None:
        super().__init__(name)
        self._left = good

    def encode_passages(self, texts: Sequence[str]) -> np.ndarray:
        if self._left == 0:
            raise MemoryError("out of memory while encoding")
        self._left -= 1
        return super().encode_passages(texts)


def article(text: str, lang: str = "en", id: str = "a", title: str = "", keep: tuple[Span, ...] | None = None) -> Article:
    """An article of `text`, all of it kept if nothing else is said."""
    return Article(id, lang, title, text, keep if keep is not None else (Span(0, len(text)),))


def groups(passages: Sequence[Passage]) -> tuple[list[str], np.ndarray]:
    """The languages of passages, and the number of each passage's among them."""
    tags = list(dict.fromkeys(p.lang for p in passages)) or ["und"]
    return tags, np.array([tags.index(p.lang) for p in passages], np.int64)


def index_of(articles: Sequence[Article], embedder: ConceptEmbedder, budget: int = 12, overlap: int = 0) -> Index:
    """An index in memory, made as `store.build` makes it."""
    passages: list[Passage] = [p for a in articles for p in split(a, embedder.count_tokens, budget, overlap)]
    by_id = {a.id: a for a in articles}
    texts = [context(by_id[p.article_id], p) for p in passages]
    vectors = embedder.encode_passages([fold(t) for t in texts])
    lexical = Lexical.build([terms(t, p.lang) for t, p in zip(texts, passages, strict=True)])
    return Index(articles, passages, Dense.build(vectors, *groups(passages)), lexical, embedder)


# Three articles that share no word with each other beyond those of the table.
TOWN = {
    "hafen.txt": (
        "Der Hafen von Altmünde\n\n"
        "Die Brücke am Hafen wurde 1987 eröffnet. Sie trägt vier Spuren und einen breiten Gehweg.\n\n"
        "Seit 2019 gibt es dort keine Fähre mehr. Der Haushalt der Stadt beträgt 1,5 Millionen Euro.\n"
    ),
    "school.txt": (
        "A school by the river\n\n"
        "The school was founded by one teacher in 1902. It stands on the left bank.\n\n"
        "Every morning a baker brings fresh bread. The pupils pay nothing for that.\n"
    ),
    "tianwen.txt": (
        "山上的天文台\n\n"
        "这座天文台位于海拔三千米的山顶,2016年向公众开放。每年接待游客两万人。\n\n"
        "望远镜的口径为2.4米,由本地工程师制造。夜间参观需要提前预约。\n"
    ),
}


def words_of_all(articles: Iterable[Article], passages: Sequence[Passage], embedder: ConceptEmbedder) -> WordTable | None:
    """The table of the passages in their order, and behind them of the articles' titles."""
    titles = [a.title for a in articles]
    starts = [*(sentence_starts(p) for p in passages), *([0] for _ in titles)]
    return WordTable.build([*(p.text for p in passages), *titles], starts, embedder)


def write_town(folder: Path, **texts: str | None) -> Path:
    """The articles of TOWN as files in `folder`; a text given under a file's stem replaces it, None leaves it out."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in TOWN.items():
        own = texts.get(name.removesuffix(".txt"), text)
        if own is None:
            (folder / name).unlink(missing_ok=True)
        else:
            (folder / name).write_text(own, encoding="utf-8")
    return folder


def ascending_and_disjoint(spans: Sequence[Span]) -> bool:
    """True if no span reaches into the next one."""
    return all(a.end <= b.start for a, b in pairwise(spans))
