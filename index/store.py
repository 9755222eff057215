"""The index on disk: build, open, and what changed in between.

`.index/manifest.json` names the folder that holds the rest (`data-<fingerprint>/`) and is replaced last, in one
step: a reader sees the old index or the new one. No pickle; every file's sha256 is in the manifest.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from index import articles as articles_module
from index import files, normalise, splitter, twins
from index import lexical as lexical_module
from index import manifest as manifests
from index.articles import File, Problem, collect, read_file, scan
from index.dense import Dense
from index.encoded import Encoded
from index.errors import IndexCorrupt, IndexStale, UserError
from index.formats import READERS
from index.formats.sandbox import Sandbox
from index.lexical import Lexical, terms
from index.manifest import retype
from index.normalise import fold
from index.search import Index, context
from index.types import Article, Embedder, Passage
from index.wordtable import WordTable, words_of_all

if TYPE_CHECKING:
    import numpy as np

FORMAT = 5
BUDGET = 160
OVERLAP = 40
_TITLE = 32  # tokens left to the title before a passage, where the encoder's longest text is short
_ENCODED = "encoded.partial"


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: article ids by what happened to them, and the problems of those left out.

    `twins` are the articles for which another stands, each with the id of that one.
    """

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    problems: tuple[Problem, ...]
    passages: int
    rebuilt: bool
    twins: tuple[tuple[str, str], ...] = ()


def build(
    seeds: Path, folder: Path, embedder: Embedder, progress: Callable[[int, int], None] = lambda done, total: None
) -> Built:
    """Builds the index of the articles in `seeds` into `folder`, unless it is up to date.

    Only files that changed are read again, only passages that are new are encoded; a build that was broken off goes
    on where it was. UserError if no article can be read, or another build is at work there; the index that was there
    stays. `progress(done, total)` counts passages encoded.
    """
    there, problems = scan(seeds)
    with _locked(folder):
        _sweep(folder)
        before = manifests.read_or_none(folder)
        old = _Old.open(folder, before, _settings(embedder))
        if old and there and old.digests == {f.name: f.digest for f in there}:
            (folder / _ENCODED).unlink(missing_ok=True)
            return _built(before, before, [*problems, *old.problems(old.digests)], old.by_id.values())
        found, sources = _read(there, old, problems)
        if not found:
            reasons = "; ".join(p.message for p in problems) or f"it holds no file in {', '.join(READERS)}"
            raise UserError(f"no article in {seeds} can be read: {reasons}")
        found = twins.marked(found)
        passages = twins.once(found, lambda a: splitter.split(a, embedder.count_tokens, *_sizes(embedder)))
        manifest = _write(folder, found, passages, embedder, sources, old, progress)
        return _built(before, manifest, problems, found)


def _read(
    there: list[File], old: _Old | None, problems: list[Problem]
) -> tuple[list[Article], dict[str, dict[str, object]]]:
    """The articles of all files, the unchanged ones as the old index has them, and what the manifest says of each file."""
    found: list[Article] = []
    sources: dict[str, dict[str, object]] = {}
    with Sandbox() as sandbox:

        def read(file: File) -> tuple[list[Article], list[Problem]]:
            if old and old.knows(file):
                return old.articles(file.name), old.problems([file.name])
            return read_file(file, sandbox)

        for file, articles, missed, crowded in collect(there, read):
            found += articles
            problems += missed
            sources[file.name] = {
                "digest": file.digest, "articles": [a.id for a in articles], "problems": [p.message for p in missed],
                "again": crowded,
            }
    return found, sources


@dataclass(frozen=True)
class _Old:
    """The index that a build finds, where this version made it and it is whole."""

    manifest: dict
    by_id: dict[str, Article]
    data: Path

    @classmethod
    def open(cls, folder: Path, manifest: dict | None, settings: dict[str, object]) -> _Old | None:
        if manifest is None or manifest["settings"] != settings or not files.is_whole(folder / manifest["data"], manifest["files"]):
            return None
        data = folder / manifest["data"]
        return cls(manifest, {a.id: a for a in files.articles(data)}, data)

    @property
    def digests(self) -> dict[str, str]:
        """What each file was when it was read."""
        return {name: source["digest"] for name, source in self.manifest["sources"].items()}

    def knows(self, file: File) -> bool:
        """True if the index has all articles of the file as it is now."""
        source = self.manifest["sources"].get(file.name)
        return bool(source) and source["digest"] == file.digest and not source["again"]

    def articles(self, name: str) -> list[Article]:
        """The articles of the file `name`."""
        return [self.by_id[i] for i in self.manifest["sources"][name]["articles"]]

    def problems(self, names: Iterable[str]) -> list[Problem]:
        """What was left out of these files."""
        return [Problem(n, message) for n in names for message in self.manifest["sources"][n]["problems"]]

    def vectors(self) -> tuple[list[str], np.ndarray]:
        """The texts that were encoded, and their (n, dim) vectors."""
        texts = [encoded_text(self.by_id[p.article_id], p) for p in files.passages(self.data, self.by_id)]
        return texts, Dense.open(self.data / "vectors.faiss").vectors()


def _built(before: dict | None, after: dict, problems: list[Problem], articles: Iterable[Article]) -> Built:
    old, new = before["articles"] if before else {}, after["articles"]
    return Built(
        added=tuple(i for i in new if i not in old),
        changed=tuple(i for i in new if i in old and old[i] != new[i]),
        removed=tuple(i for i in old if i not in new),
        unchanged=tuple(i for i in new if old.get(i) == new[i]),
        problems=tuple(problems),
        passages=after["passages"],
        rebuilt=before is not after,
        twins=tuple((a.id, a.also[0]) for a in articles if a.is_twin),
    )


def open_index(folder: Path, embedder: Embedder) -> Index:
    """The index in `folder`, ready to search.

    IndexMissing if there is none, IndexStale if another format, encoder, splitter or normaliser made it,
    IndexCorrupt if a file is not as the manifest says.
    """
    while True:
        manifest = manifests.read(folder)
        if manifest["settings"] != _settings(embedder):
            raise IndexStale(f"the index in {folder} was made by other settings or another version; {retype(folder)}")
        try:
            return _open(folder, manifest, embedder)
        except (IndexCorrupt, OSError) as error:
            # A build may have replaced the manifest and removed the folder it named; then the new one is whole.
            if manifests.read(folder) != manifest:
                continue
            if isinstance(error, IndexCorrupt):
                raise
            raise IndexCorrupt(f"{folder / manifest['data']} cannot be read ({error.strerror}); {retype(folder)}") from error


def _open(folder: Path, manifest: dict, embedder: Embedder) -> Index:
    data = folder / manifest["data"]
    for path in files.damaged(data, manifest["files"]):
        raise IndexCorrupt(f"{path} is damaged or missing; {retype(folder)}")
    found = files.articles(data)
    passages = files.passages(data, {a.id: a for a in found})
    words = WordTable.open(data / "words") if (data / "words").is_dir() else None
    return Index(found, passages, Dense.open(data / "vectors.faiss"), Lexical.open(data / "bm25"), embedder, words)


def encoded_text(article: Article, passage: Passage) -> str:
    """What the encoder reads for a passage."""
    return fold(context(article, passage))


def _write(
    folder: Path, found: list[Article], passages: list[Passage], embedder: Embedder, sources: dict[str, dict],
    old: _Old | None, progress: Callable[[int, int], None],
) -> dict:
    by_id = {a.id: a for a in found}
    digests = {a.id: _article_digest(a) for a in found}
    settings = _settings(embedder)
    encoded = Encoded(folder / _ENCODED, embedder.name, embedder.dim)
    try:
        if old:
            encoded.add(*old.vectors())
        vectors = encoded.encode([encoded_text(by_id[p.article_id], p) for p in passages], embedder, progress)
        name = "data-" + hashlib.sha256(json.dumps([settings, digests]).encode()).hexdigest()[:16]
        data = folder / (name if not (folder / name).exists() else f"{name}-{os.getpid()}")
    except OSError as error:
        encoded.forget()
        raise _unwritten(folder, error) from error
    try:
        (data / "bm25").mkdir(parents=True)
        files.write(data, found, passages)
        Dense.build(vectors).save(data / "vectors.faiss")
        texts = [terms(context(by_id[p.article_id], p), p.lang) for p in passages]
        Lexical.build(texts).save(data / "bm25")
        if words := words_of_all(found, passages, embedder):
            words.save(data / "words")
        made = [p for p in sorted(data.rglob("*")) if p.is_file()]
        manifest = {
            "settings": settings, "sources": sources, "articles": digests, "passages": len(passages), "data": data.name,
            "files": {p.relative_to(data).as_posix(): files.sha256(p) for p in made},
        }
        for path in made:
            files.sync(path)
        manifests.write(folder, manifest)
    except OSError as error:
        shutil.rmtree(data, ignore_errors=True)
        encoded.forget()  # a full disk needs the room more than the next build needs the vectors
        raise _unwritten(folder, error) from error
    except BaseException:
        shutil.rmtree(data, ignore_errors=True)
        raise
    encoded.forget()
    _sweep(folder)
    return manifest


def _unwritten(folder: Path, error: OSError) -> UserError:
    return UserError(f"cannot write the index to {folder} ({error.strerror or error}); the index there before is kept")


def _sweep(folder: Path) -> None:
    """Removes what a build that was killed left, and the data before the last build. Call with the lock held."""
    manifest = manifests.read_or_none(folder)
    for path in folder.glob("data-*"):
        if manifest is None or path.name != manifest["data"]:
            shutil.rmtree(path, ignore_errors=True)
    for path in folder.glob("manifest.json.*"):
        path.unlink(missing_ok=True)


def _settings(embedder: Embedder) -> dict[str, object]:
    budget, overlap = _sizes(embedder)
    return {
        "format": FORMAT, "encoder": embedder.name, "dim": embedder.dim, "splitter": splitter.VERSION,
        "normaliser": normalise.VERSION, "articles": articles_module.VERSION, "lexical": lexical_module.VERSION,
        "budget": budget, "overlap": overlap,
    }


def _sizes(embedder: Embedder) -> tuple[int, int]:
    budget = min(BUDGET, max(embedder.max_tokens - _TITLE, embedder.max_tokens // 2, 1))
    return budget, min(OVERLAP, budget // 4)


def _article_digest(article: Article) -> str:
    meta = [article.sha256, article.lang, article.title, article.date, article.publisher]
    return hashlib.sha256(json.dumps(meta).encode()).hexdigest()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / "lock", "w", encoding="utf-8")  # noqa: SIM115 (closed below, held while building)
    except OSError as error:
        raise UserError(f"cannot write to {folder} ({error.strerror}); name another folder with --index") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another build is at work in {folder}; wait until it has ended") from None
        yield
