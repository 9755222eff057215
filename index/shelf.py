"""Articles and passages on disk: texts as one file of UTF-8, everything else in columns; a record is made when asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import fields
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from index.files import Checks, Growing, Text, array
from index.types import Article, Passage, Span

_RECENT = 256  # articles kept as records
_ABOUT, _TEXT, _TAGS, _KEYS = "about.jsonl", "text.utf8", "languages.json", "keys.npy"
# An article's row: where its line, its text and its passages begin, and its language; one more row ends the last.
# A passage's: its article, its characters and bytes of the text, and the sentence after its last.
# A sentence's: its characters. A key's: the key of an article's id, ascending, and the article's number.
_WIDTHS = {"articles": 4, "passages": 6, "sentences": 2}


class Writer:
    """Writes articles with their passages into a folder, one after the other; to be used in a `with` block."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder, self._tags, self._keys = folder, {}, []
        self.articles = self.passages = self._sentences = 0
        self._line = self._text = 0  # where the next ones begin

    def __enter__(self) -> Writer:
        with ExitStack() as stack:
            self._files = tuple(stack.enter_context(open(self._folder / name, "wb")) for name in (_ABOUT, _TEXT))
            self._tables = {
                name: stack.enter_context(Growing(self._folder / f"{name}.npy", np.int64, width))
                for name, width in _WIDTHS.items()
            }
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind, *error) -> None:
        with self._stack:
            if kind is None:
                self._mark(0)
                keys = np.array([self._keys, range(self.articles)], np.uint64).T
                np.save(self._folder / _KEYS, keys[np.argsort(keys[:, 0], kind="stable")], allow_pickle=False)
                (self._folder / _TAGS).write_text(json.dumps(list(self._tags)), encoding="utf-8")

    def add(self, article: Article, passages: Sequence[Passage]) -> None:
        """Appends an article and its passages."""
        self._mark(self._tags.setdefault(article.lang, len(self._tags)))
        self._keys.append(_key(article.id))
        if passages:
            self._add(article.text, passages)
        line, text = json.dumps(_about(article)).encode() + b"\n", article.text.encode("utf-8", "surrogatepass")
        for file, content in zip(self._files, (line, text), strict=True):
            file.write(content)
        self._line, self._text = self._line + len(line), self._text + len(text)
        self.articles, self.passages = self.articles + 1, self.passages + len(passages)

    def _mark(self, tag: int) -> None:
        self._tables["articles"].add([(self._line, self._text, self.passages, tag)])

    def _add(self, text: str, passages: Sequence[Passage]) -> None:
        edges = sorted({0, *(p.start for p in passages), *(p.end for p in passages)})
        sizes = [len(text[a:b].encode("utf-8", "surrogatepass")) for a, b in pairwise(edges)]
        at = dict(zip(edges, (self._text + np.cumsum([0, *sizes])).tolist(), strict=True))
        ends = (self._sentences + np.cumsum([len(p.sentences) for p in passages])).tolist()
        self._tables["passages"].add(
            [(self.articles, p.start, p.end, at[p.start], at[p.end], end) for p, end in zip(passages, ends, strict=True)]
        )
        if ends[-1] > self._sentences:
            self._tables["sentences"].add([(s.start, s.end) for p in passages for s in p.sentences])
        self._sentences = ends[-1]


class Articles(Mapping[str, Article]):
    """The articles of a folder by id, in the order written."""

    def __init__(self, folder: Path, checks: Checks | None = None) -> None:
        self.text = Text(folder / _TEXT, checks)
        self._about = Text(folder / _ABOUT, checks)
        self._table, self._keys = (array(folder / name, checks) for name in ("articles.npy", _KEYS))
        self.tags: tuple[str, ...] = tuple(json.loads((folder / _TAGS).read_text(encoding="utf-8")))
        self.about = lru_cache(_RECENT)(self._read)
        self.at = lru_cache(_RECENT)(self._made)

    def __len__(self) -> int:
        return len(self._table) - 1

    @property
    def codes(self) -> np.ndarray:
        """(n,) the number of each article's language in `tags`."""
        return self._table[:-1][:, 3]

    def __iter__(self) -> Iterator[str]:
        return (self._read(number)["id"] for number in range(len(self)))

    def __getitem__(self, article_id: str) -> Article:
        return self.at(self.number(article_id))

    def twins(self) -> tuple[tuple[str, str], ...]:
        """The articles for which another stands, each with the id of that one."""
        abouts = (self._read(number) for number in range(len(self)))
        return tuple((a["id"], min(a["also"])) for a in abouts if a["also"] and min(a["also"]) < a["id"])

    def number(self, article_id: str) -> int:
        """The number of the article of that id; KeyError if there is none."""
        keys, key = self._keys[:], np.uint64(_key(article_id))
        first, last = (int(np.searchsorted(keys[:, 0], key, side)) for side in ("left", "right"))
        for number in keys[first:last, 1].tolist():
            if self.about(number)["id"] == article_id:
                return number
        raise KeyError(article_id)

    def rows(self, number: int) -> range:
        """The rows of an article's passages."""
        return range(*self._table[number : number + 2][:, 2].tolist())

    def lang(self, number: int) -> str:
        """The language of an article."""
        return self.tags[int(self._table[number][3])]

    def _read(self, number: int) -> dict:
        """All of an article but its text, as JSON has it."""
        return json.loads(self._about.of(*self._table[number : number + 2][:, 0].tolist()))

    def _made(self, number: int) -> Article:
        about = self.about(number)
        text = self.text.of(*self._table[number : number + 2][:, 1].tolist())
        spans = tuple(Span(*span) for span in about["keep"])
        return Article(**{**about, "text": text, "keep": spans, "pages": tuple(about["pages"]), "also": tuple(about["also"])})


class Passages(Sequence[Passage]):
    """The passages of a folder, in the order of their vectors; `tags` are the languages there are."""

    def __init__(self, folder: Path, articles: Articles, checks: Checks | None = None) -> None:
        self._table, self._sentences = (array(folder / f"{n}.npy", checks) for n in ("passages", "sentences"))
        self._articles, self.tags = articles, articles.tags

    def numbers(self, rows: np.ndarray | slice) -> np.ndarray:
        """(n,) the numbers of the passages' articles."""
        return self._table[rows][:, 0]

    @property
    def codes(self) -> np.ndarray:
        """(n,) the number of each passage's language in `tags`."""
        return self._articles.codes[self.numbers(slice(None))]

    def __len__(self) -> int:
        return len(self._table)

    def __getitem__(self, row):
        if isinstance(row, slice):
            return tuple(self[i] for i in range(*row.indices(len(self))))
        if not -len(self) <= row < len(self):
            raise IndexError(f"passage {row} of {len(self)}")
        row %= len(self)
        number, start, end, begin, stop, last = self._table[row].tolist()
        first = int(self._table[row - 1][5]) if row else 0
        spans = tuple(Span(*s) for s in self._sentences[first:last].tolist())
        text = self._articles.text.of(begin, stop)
        return Passage(self._articles.about(number)["id"], self._articles.lang(number), start, end, text, spans)


def _about(article: Article) -> dict:
    """All of an article but its text, as JSON has it."""
    about = {field.name: getattr(article, field.name) for field in fields(article) if field.name != "text"}
    return about | {"keep": [(span.start, span.end) for span in article.keep]}


def _key(article_id: str) -> int:
    """64 bits of a hash: the ids of a key are compared, so that a collision costs time only."""
    return int.from_bytes(hashlib.blake2b(article_id.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
