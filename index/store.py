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
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from index import articles as articles_module
from index import lexical as lexical_module
from index import normalise, splitter
from index.articles import Problem, read_articles
from index.dense import Dense
from index.errors import IndexCorrupt, IndexMissing, IndexStale, UserError
from index.lexical import Lexical, terms
from index.normalise import fold
from index.search import Index, context
from index.types import Article, Embedder, Passage, Span

FORMAT = 1
BUDGET = 160
OVERLAP = 40
_TITLE = 32  # tokens left to the title before a passage, where the encoder's longest text is short
_BATCH = 256
_MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did: article ids by what happened to them, and the problems of those left out."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]
    problems: tuple[Problem, ...]
    passages: int
    rebuilt: bool


def build(
    seeds: Path, folder: Path, embedder: Embedder, progress: Callable[[int, int], None] = lambda done, total: None
) -> Built:
    """Builds the index of the articles in `seeds` into `folder`, unless it is up to date.

    UserError if no article can be read, or another build is at work there; the index that was there stays.
    `progress(done, total)` counts passages encoded.
    """
    found, problems = read_articles(seeds)
    if not found:
        reasons = "; ".join(p.message for p in problems) or "it holds no .txt or .md file"
        raise UserError(f"no article in {seeds} can be read: {reasons}")
    with _locked(folder):
        before = _manifest_or_none(folder)
        old = before["articles"] if before else {}
        new = {a.id: _article_digest(a) for a in found}
        result = Built(
            added=tuple(i for i in new if i not in old),
            changed=tuple(i for i in new if i in old and old[i] != new[i]),
            removed=tuple(i for i in old if i not in new),
            unchanged=tuple(i for i in new if old.get(i) == new[i]),
            problems=tuple(problems),
            passages=before["passages"] if before else 0,
            rebuilt=False,
        )
        if before and _settings(embedder) == before["settings"] and new == old and _is_whole(folder, before):
            return result
        passages = [
            p for a in found for p in splitter.split(a, embedder.count_tokens, *_sizes(embedder))
        ]
        _write(folder, found, passages, embedder, new, progress)
        return Built(
            result.added, result.changed, result.removed, result.unchanged, result.problems, len(passages), True
        )


def open_index(folder: Path, embedder: Embedder) -> Index:
    """The index in `folder`, ready to search.

    IndexMissing if there is none, IndexStale if another format, encoder, splitter or normaliser made it,
    IndexCorrupt if a file is not as the manifest says.
    """
    for attempt in (1, 2):
        manifest = _manifest(folder)
        if manifest["settings"] != _settings(embedder):
            raise IndexStale(f"the index in {folder} was made by other settings or another version; {_retype(folder)}")
        try:
            return _open(folder, manifest, embedder)
        except IndexCorrupt:
            # A build may have replaced the manifest and removed the folder it named; then the new one is whole.
            if attempt == 2 or _manifest(folder) == manifest:
                raise
    raise AssertionError("unreachable")


def is_current(seeds: Path, folder: Path, embedder: Embedder) -> bool:
    """True if `folder` holds an index of the articles in `seeds` as they are now, made by this version."""
    manifest = _manifest_or_none(folder)
    if not manifest or manifest["settings"] != _settings(embedder):
        return False
    found, _ = read_articles(seeds)
    return {a.id: _article_digest(a) for a in found} == manifest["articles"]


def _open(folder: Path, manifest: dict, embedder: Embedder) -> Index:
    data = folder / manifest["data"]
    for name, digest in manifest["files"].items():
        if _sha256(data / name) != digest:
            raise IndexCorrupt(f"{data / name} is damaged or missing; {_retype(folder)}")
    found = [_article(json.loads(line)) for line in _read_lines(data / "articles.jsonl")]
    by_id = {a.id: a for a in found}
    passages = []
    for line in _read_lines(data / "passages.jsonl"):
        row = json.loads(line)
        article = by_id[row["article_id"]]
        start, end = row["start"], row["end"]
        spans = tuple(Span(*s) for s in row["sentences"])
        passages.append(Passage(article.id, article.lang, start, end, article.text[start:end], spans))
    return Index(found, passages, Dense.open(data / "vectors.faiss"), Lexical.open(data / "bm25"), embedder)


def _write(
    folder: Path, found: list[Article], passages: list[Passage], embedder: Embedder, digests: dict[str, str],
    progress: Callable[[int, int], None],
) -> None:
    import numpy as np

    by_id = {a.id: a for a in found}
    texts = [context(by_id[p.article_id], p) for p in passages]
    vectors = np.zeros((len(texts), embedder.dim), dtype=np.float32)
    for at in range(0, len(texts), _BATCH):
        vectors[at : at + _BATCH] = embedder.encode_passages([fold(t) for t in texts[at : at + _BATCH]])
        progress(min(at + _BATCH, len(texts)), len(texts))
    settings = _settings(embedder)
    name = "data-" + hashlib.sha256(json.dumps([settings, digests]).encode()).hexdigest()[:16]
    data = folder / (name if not (folder / name).exists() else f"{name}-{os.getpid()}")
    try:
        (data / "bm25").mkdir(parents=True)
        _write_lines(data / "articles.jsonl", [asdict(a) for a in found])
        _write_lines(
            data / "passages.jsonl",
            [
                {"article_id": p.article_id, "start": p.start, "end": p.end,
                 "sentences": [[s.start, s.end] for s in p.sentences]}
                for p in passages
            ],
        )
        Dense.build(vectors).save(data / "vectors.faiss")
        Lexical.build([terms(text, p.lang) for text, p in zip(texts, passages, strict=True)]).save(data / "bm25")
        files = {str(p.relative_to(data)): _sha256(p) for p in sorted(data.rglob("*")) if p.is_file()}
        manifest = {
            "settings": settings, "articles": digests, "passages": len(passages), "data": data.name, "files": files
        }
        _replace(folder / _MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False))
    except OSError as error:
        shutil.rmtree(data, ignore_errors=True)
        raise UserError(f"cannot write the index to {folder} ({error.strerror or error}); the index there before is kept") from error
    except BaseException:
        shutil.rmtree(data, ignore_errors=True)
        raise
    for old in folder.glob("data-*"):
        if old != data:
            shutil.rmtree(old, ignore_errors=True)


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


def _manifest(folder: Path) -> dict:
    path = folder / _MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IndexMissing(f"no index in {folder}; {_retype(folder)}") from None
    except (OSError, ValueError) as error:
        raise IndexCorrupt(f"{path} cannot be read; {_retype(folder)}") from error
    if not isinstance(manifest, dict) or not {"settings", "articles", "passages", "data", "files"} <= manifest.keys():
        raise IndexCorrupt(f"{path} is not a manifest; {_retype(folder)}")
    return manifest


def _manifest_or_none(folder: Path) -> dict | None:
    try:
        return _manifest(folder)
    except (IndexMissing, IndexCorrupt):
        return None


def _is_whole(folder: Path, manifest: dict) -> bool:
    return all(_sha256(folder / manifest["data"] / n) == d for n, d in manifest["files"].items())


def _retype(folder: Path) -> str:
    return "build it: crosscite build" + ("" if folder.name == ".index" else f" --index {folder}")


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


def _article(row: dict) -> Article:
    return Article(**{**row, "keep": tuple(Span(**s) for s in row["keep"])})


def _write_lines(path: Path, rows: list[dict]) -> None:
    with open(path, "w", encoding="utf-8", newline="\n") as f:
        f.writelines(json.dumps(row) + "\n" for row in rows)


def _read_lines(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as f:
        yield from f


def _replace(path: Path, text: str) -> None:
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    with open(beside, "w", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        os.fsync(f.fileno())
    os.replace(beside, path)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
