"""The index on disk: build, open, and what changed in between.

`.index/manifest.json` names the folder that holds the rest (`data-<random>/`) and is replaced last, in one step: a
reader sees the old index or the new one. No pickle; every file's size and sha256 are in the manifest, and `index.files`
says when they are compared. A build reads the texts, then puts on the disk piece by piece what is made of them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

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
from index.lexical import Lexical
from index.making import LEXICAL, SHELF, SOURCES, VECTORS, WORDS, Made
from index.manifest import retype
from index.older import Older, sources_of
from index.search import Index
from index.shelf import Articles, Passages, Writer
from index.types import Article, Embedder
from index.wordtable import WordTable

FORMAT = 7
BUDGET = 160
OVERLAP = 40
_TITLE = 32  # tokens left to the title before a passage, where the encoder's longest text is short
_ENCODED = "encoded.partial"
_READ = "read"  # of the data folder: the articles that are new, while a build reads all


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
        manifest = manifests.read_or_none(folder)
        before = sources_of(folder, manifest)["articles"] if manifest else {}
        old = Older.open(folder, manifest, _settings(embedder))
        if old and there and old.digests == {f.name: f.digest for f in there}:
            (folder / _ENCODED).unlink(missing_ok=True)
            return _built(before, before, [*problems, *old.problems(old.digests)], len(old.passages), False, old.articles.twins())
        data = folder / f"data-{secrets.token_hex(8)}"
        encoded = Encoded(folder / _ENCODED, embedder.name, embedder.dim)
        try:
            made = Made(data, embedder, _sizes(embedder), old)
            after, found_twins = _read(seeds, there, made, old, problems)
            passages = made.index(encoded, progress)
            swap(folder, data, passages, embedder)
        except OSError as error:
            shutil.rmtree(data, ignore_errors=True)
            encoded.forget()  # a full disk needs the room more than the next build needs the vectors
            message = f"cannot write the index to {folder} ({error.strerror or error}); the index there before is kept"
            raise UserError(message) from error
        except BaseException:
            shutil.rmtree(data, ignore_errors=True)
            raise
        encoded.forget()
        _sweep(folder)
        return _built(before, after, problems, passages, True, found_twins)


def _read(
    seeds: Path, there: list[File], made: Made, old: Older | None, problems: list[Problem]
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """Adds the articles of all files, the unchanged ones as the old index has them, and writes down what each file was;
    the digests of the articles, by id, and the twins. Any article may be another's twin, so that all are read before one
    is added; in memory are those of one file, and of the others the fingerprints."""
    known: dict[str, bool] = {}
    prints = twins.Fingerprints()
    sources: dict[str, dict[str, object]] = {}
    scratch = made.data / _READ
    with Sandbox() as sandbox, Writer(scratch) as fresh:

        def articles_of(file: File) -> tuple[list[Article], list[Problem]]:
            if old and old.knows(file):
                return old.of(file.name), old.problems([file.name])
            return read_file(file, sandbox)

        for file, some, missed, crowded in collect(there, articles_of):
            for article in some:
                prints.add(article)
                known[article.id] = bool(old) and old.knows(file)
                if not known[article.id]:
                    fresh.add(article, ())
            problems += missed
            sources[file.name] = {
                "digest": file.digest, "articles": [a.id for a in some], "problems": [p.message for p in missed],
                "again": crowded,
            }
    if not known:
        reasons = "; ".join(p.message for p in problems) or f"it holds no file in {', '.join(READERS)}"
        raise UserError(f"no article in {seeds} can be read: {reasons}")
    read = Articles(scratch)

    def of(article_id: str) -> Article:
        return old.articles[article_id] if known[article_id] else read[article_id]

    also, digests = prints.twins(of), {}
    with made:
        for article_id, stays in known.items():
            before = of(article_id)
            article = replace(before, also=also.get(article_id, ()))
            standing = of(article.also[0]) if article.is_twin else None
            made.add(article, stays and not (article.also or before.also), standing)
            digests[article_id] = _article_digest(article)
    shutil.rmtree(scratch)
    text = json.dumps({"sources": sources, "articles": digests}, ensure_ascii=False)
    (made.data / SOURCES).write_text(text, encoding="utf-8", errors="surrogatepass")
    return digests, tuple((i, also[i][0]) for i in digests if i in also and also[i][0] < i)


def _built(
    old: dict[str, str], new: dict[str, str], problems: list[Problem], passages: int, rebuilt: bool,
    found_twins: tuple[tuple[str, str], ...],
) -> Built:
    return Built(
        added=tuple(i for i in new if i not in old),
        changed=tuple(i for i in new if i in old and old[i] != new[i]),
        removed=tuple(i for i in old if i not in new),
        unchanged=tuple(i for i in new if old.get(i) == new[i]),
        problems=tuple(problems),
        passages=passages,
        rebuilt=rebuilt,
        twins=found_twins,
    )


def open_index(folder: Path, embedder: Embedder) -> Index:
    """The index in `folder`, ready to search.

    IndexMissing if there is none, IndexStale if another format, encoder, splitter or normaliser made it,
    IndexCorrupt if a file is not as the manifest says; a large file's damage is found by the search that reads it.
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


def examine(folder: Path) -> dict[str, str]:
    """What each file was when the index in `folder` was built, by name; IndexCorrupt if any file of the index is
    damaged, which is found by reading all of them."""
    manifest = manifests.read(folder)
    for path in files.damaged(folder / manifest["data"], manifest["files"], whole=True):
        raise files.refused(path, folder)
    return {name: source["digest"] for name, source in sources_of(folder, manifest)["sources"].items()}


def _open(folder: Path, manifest: dict, embedder: Embedder) -> Index:
    data, checks = folder / manifest["data"], files.Checks(folder, manifest)
    articles = Articles(data / SHELF, checks)
    words = WordTable.open(data / WORDS, checks) if (data / WORDS).is_dir() else None
    return Index(
        articles, Passages(data / SHELF, articles, checks), Dense.open(data / VECTORS, checks),
        Lexical.open(data / LEXICAL, checks), embedder, words,
    )


def swap(folder: Path, data: Path, passages: int, embedder: Embedder) -> None:
    """Makes the data the index: seals it, then names it in the manifest."""
    settings, sealed = _settings(embedder), files.seal(data)
    about = {"settings": settings, "passages": passages, "data": data.name, "files": sealed}
    about["fingerprint"] = hashlib.sha256(json.dumps([settings, sealed[SOURCES]["sha256"]]).encode()).hexdigest()[:16]
    manifests.write(folder, about)


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
