"""`crosscite doctor`: looks at the machine, the encoder, the index and the articles, and says what to type."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from index.errors import IndexCorrupt, IndexMissing, IndexStale, UserError

_ROOM = 500 << 20  # bytes that an index of some thousand articles and its successor need together


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and what was found or is to be typed."""

    subject: str
    well: bool
    says: str


def run(args: argparse.Namespace) -> int:
    """Prints a line a finding; 1 if one needs a person."""
    findings = []
    for finding in examine(args.seeds, args.index, args.encoder, args.llm):
        findings.append(finding)
        print(f"{'ok ' if finding.well else 'FIX'}  {finding.subject}: {finding.says}", flush=True)
    return 0 if all(f.well for f in findings) else 1


def examine(seeds: Path, folder: Path, encoder: str | None, llm: str | None) -> Iterator[Finding]:
    """The findings one by one, each as soon as it is known; nothing is changed and nothing leaves the machine."""
    yield _python()
    yield _check("packages", _packages)
    yield _check("disk", lambda: _disk(folder))
    embedder = None

    def load() -> str:
        nonlocal embedder
        embedder = _embedder(encoder)
        return _agreement(embedder)

    yield _check("encoder", load)
    yield _check("articles", lambda: _articles(seeds))
    if embedder is not None:
        yield _check("index", lambda: _index(seeds, folder, embedder))
    if llm:
        yield _check("language model", lambda: _model(llm))


def _check(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except UserError as error:
        return Finding(subject, False, str(error))


def _python() -> Finding:
    well = sys.version_info >= (3, 11)
    says = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return Finding("python", well, says if well else f"{says}; CrossCite needs 3.11 or newer")


def _packages() -> str:
    wanted = [r for r in importlib.metadata.requires("crosscite") or () if "extra ==" not in r]
    names = [r.split(";")[0].strip() for r in wanted]
    missing, found = [], 0
    for requirement in names:
        name = requirement.split(">")[0].split("=")[0].split("<")[0].strip()
        try:
            importlib.metadata.version(name)
            found += 1
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        raise UserError(f"{', '.join(missing)} not installed; type: pip install {' '.join(missing)}")
    return f"crosscite {importlib.metadata.version('crosscite')} and its {found} packages"


def _disk(folder: Path) -> str:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not os.access(place, os.W_OK):
        raise UserError(f"{place} cannot be written; name another folder with --index")
    free = shutil.disk_usage(place).free
    if free < _ROOM:
        raise UserError(f"{free >> 20} MB free at {place}, {_ROOM >> 20} wanted; make room or name another folder with --index")
    return f"{free >> 30} GB free"


def _embedder(encoder: str | None):
    from index.embedder import load_embedder

    return load_embedder(encoder)


def _agreement(embedder) -> str:
    """A German and a Chinese sentence must be nearer to their English translation than to another sentence."""
    english = embedder.encode_passages(["The bridge was opened in 1987.", "Bread is baked every morning."])
    others = embedder.encode_queries(["Die Brücke wurde 1987 eröffnet.", "大桥于1987年通车。"])
    if not (others @ english[0] > others @ english[1]).all():
        raise UserError(f"{embedder.name} does not bring translations together; use the embedded encoder (leave --encoder out)")
    return f"{embedder.name}, {embedder.dim} dimensions, translations agree"


def _articles(seeds: Path) -> str:
    from index.articles import read_articles

    articles, problems = read_articles(seeds)
    if not articles:
        raise UserError(f"no article in {seeds} can be read; name the folder of your articles with --seeds")
    languages = ", ".join(f"{sum(a.lang == tag for a in articles)} {tag}" for tag in sorted({a.lang for a in articles}))
    left_out = f"; left out: {'; '.join(p.message for p in problems)}" if problems else ""
    return f"{len(articles)} in {seeds} ({languages}){left_out}"


def _index(seeds: Path, folder: Path, embedder) -> str:
    from index.articles import scan
    from index.store import examine, open_index

    try:
        index = open_index(folder, embedder)
        built = examine(folder)
    except (IndexMissing, IndexStale, IndexCorrupt) as error:
        raise UserError(str(error)) from error
    there = {file.name: file.digest for file in scan(seeds)[0]}
    if there != built:
        changed = sum(built.get(n) != d for n, d in there.items()) + len(built.keys() - there.keys())
        raise UserError(f"{changed} files in {seeds} have changed since it was built; type: crosscite build")
    return f"{len(index.articles)} articles, {len(index.passages)} passages, as the folder is now"


def _model(llm: str) -> str:
    from rag.chat_model import ChatModelGenerator

    ChatModelGenerator.load(llm)
    return f"{llm} can be loaded (it was not called)"
