"""The index that a build finds, of which it takes what has not changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from index import files
from index.articles import File, Problem
from index.dense import Dense
from index.lexical import Lexical
from index.making import KEYS, LEXICAL, SHELF, SOURCES, VECTORS, WORDS
from index.shelf import Articles, Passages
from index.types import Article
from index.wordtable import WordTable


@dataclass(frozen=True)
class Older:
    """An index that this version made and that is whole; `sources` says what each file was when it was read."""

    data: Path
    sources: dict[str, dict]
    articles: Articles
    passages: Passages

    @classmethod
    def open(cls, folder: Path, manifest: dict | None, settings: dict[str, object]) -> Older | None:
        """The index in `folder`, None where it is of no use."""
        if manifest is None or manifest["settings"] != settings:
            return None
        data = folder / manifest["data"]
        if any(files.damaged(data, manifest["files"], whole=True)):
            return None
        articles = Articles(data / SHELF)
        return cls(data, sources_of(folder, manifest)["sources"], articles, Passages(data / SHELF, articles))

    @property
    def digests(self) -> dict[str, str]:
        """What each file was when it was read."""
        return {name: source["digest"] for name, source in self.sources.items()}

    def knows(self, file: File) -> bool:
        """True if the index has all articles of the file as it is now."""
        source = self.sources.get(file.name)
        return bool(source) and source["digest"] == file.digest and not source["again"]

    def of(self, name: str) -> list[Article]:
        """The articles of the file `name`."""
        return [self.articles[i] for i in self.sources[name]["articles"]]

    def problems(self, names: Iterable[str]) -> list[Problem]:
        """What was left out of these files."""
        return [Problem(n, message) for n in names for message in self.sources[n]["problems"]]

    @cached_property
    def keys(self) -> np.ndarray:
        """(n,) the keys of the texts that were encoded, as 16 bytes."""
        return files.array(self.data / KEYS)

    @cached_property
    def dense(self) -> Dense:
        """The vectors of the passages."""
        return Dense.open(self.data / VECTORS)

    @cached_property
    def lexical(self) -> Lexical:
        """The postings of the passages."""
        return Lexical.open(self.data / LEXICAL)

    @cached_property
    def words(self) -> WordTable | None:
        """The words of the passages and titles, None where the encoder's cannot be kept."""
        return WordTable.open(self.data / WORDS) if (self.data / WORDS).is_dir() else None


def sources_of(folder: Path, manifest: dict) -> dict[str, dict]:
    """What the index says of its files (`sources`) and the digests of its `articles`; nothing where that is damaged."""
    path = folder / manifest["data"] / SOURCES
    try:
        text = path.read_bytes()
    except OSError:
        text = b""
    if hashlib.sha256(text).hexdigest() != manifest["files"].get(SOURCES, {}).get("sha256"):
        return {"sources": {}, "articles": {}}
    return json.loads(text)
