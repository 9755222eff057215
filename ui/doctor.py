"""`crosscite doctor`: looks at the machine, the encoder, the index and the articles, and says what to type."""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import shlex
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from index.errors import GeneratorError, IndexCorrupt, IndexMissing, IndexStale, UserError
from ui.output import json_line

_ROOM = 500 << 20  # bytes that an index of some thousand articles and its successor need together
_MEMORY = 600 << 20  # bytes: the page over the seed articles takes 415 MB
_MEMINFO = Path("/proc/meminfo")
_PATIENCE = 20.0  # seconds for a language model's first word
SEEDS = Path(__file__).resolve().parents[1] / "seeds"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, and what was found or is to be typed."""

    subject: str
    well: bool
    says: str


def add_arguments(look: argparse.ArgumentParser, seeds: Path) -> None:
    """The options of `doctor`."""
    look.add_argument("--seeds", type=Path, default=seeds, metavar="DIR", help="the articles' folder (seeds)")
    look.add_argument("--port", type=int, default=7860, help="where the page shall be served (7860)")
    look.add_argument("--llm", metavar="PROVIDER:MODEL", help="a language model to look for")
    look.add_argument("--llm-url", metavar="URL", help="where it is served")
    look.add_argument("--call", action="store_true", help="call the language model too: one short question")
    look.add_argument("--json", action="store_true", help="one JSON object a finding and line")


def run(args: argparse.Namespace) -> int:
    """Prints a line a finding; 1 if one needs a person."""
    if args.call and not args.llm:
        raise UserError("--call calls a language model; name it: crosscite doctor --llm PROVIDER:MODEL --call")
    well = True
    for found in examine(args.seeds, args.index, args.encoder, args.llm, args.llm_url, args.call, args.port):
        well &= found.well
        if args.json:
            print(json_line({"subject": found.subject, "ok": found.well, "says": found.says}), flush=True)
        else:
            print(f"{'ok ' if found.well else 'FIX'}  {found.subject}: {found.says}", flush=True)
    return 0 if well else 1


def examine(
    seeds: Path, folder: Path, encoder: str | None, llm: str | None, url: str | None = None, call: bool = False,
    port: int = 7860,
) -> Iterator[Finding]:
    """The findings one by one, each as soon as it is known; nothing is changed and, but for a language model that is
    to be called, nothing leaves the machine."""
    yield _python()
    yield _check("packages", _packages)
    yield _check("disk", lambda: _disk(folder))
    yield _check("memory", _memory)
    yield _check("port", lambda: _port(port))
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
        yield _check("language model", lambda: _model(llm, url, call))


def _check(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except UserError as error:
        return Finding(subject, False, str(error))
    except Exception as error:  # a part that breaks while it is looked at is a finding as well
        said = " ".join(str(error).split())[:200]
        return Finding(subject, False, f"broke ({type(error).__name__}: {said}); install CrossCite again: pip install -e .")


def _python() -> Finding:
    well = sys.version_info >= (3, 11)
    says = f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    return Finding("python", well, says if well else f"{says}; CrossCite needs 3.11 or newer")


def _packages() -> str:
    wanted = [r for r in importlib.metadata.requires("crosscite") or () if "extra ==" not in r]
    missing, found = [], 0
    for requirement in (r.split(";")[0].strip() for r in wanted):
        name = re.split("[^\\w.-]", requirement)[0]
        try:
            importlib.metadata.version(name)
            found += 1
        except importlib.metadata.PackageNotFoundError:
            missing.append(requirement)
    if missing:
        raise UserError(f"not installed: {', '.join(missing)}; type: pip install {shlex.join(missing)}")
    return f"crosscite {importlib.metadata.version('crosscite')} and its {found} packages"


def _disk(folder: Path) -> str:
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    locked = [p for p in (place, place / "lock", place / "manifest.json") if p.exists() and not os.access(p, os.W_OK)]
    if locked or not place.is_dir():
        raise UserError(f"{(locked or [place])[0]} cannot be written; name another folder with --index")
    free = shutil.disk_usage(place).free
    if free < _ROOM:
        raise UserError(f"{free >> 20} MB free at {place}, {_ROOM >> 20} wanted; make room or name another folder with --index")
    return f"{free >> 30} GB free"


def _memory() -> str:
    try:
        about = dict(line.split(":") for line in _MEMINFO.read_text(encoding="ascii").splitlines())
    except OSError:
        return "how much is free cannot be told on this system"
    free = int(about["MemAvailable"].split()[0]) << 10
    if free < _MEMORY:
        raise UserError(f"{free >> 20} MB free, {_MEMORY >> 20} wanted; end other programs (the largest: ps aux --sort -rss | head)")
    return f"{free >> 20:,} MB free"


def _port(port: int) -> str:
    from ui.serving import refuse_taken_port

    try:
        refuse_taken_port("127.0.0.1", port)
    except UserError:
        if _is_ours(port):
            return f"CrossCite is at http://127.0.0.1:{port} already"
        raise
    return f"{port} is free"


def _is_ours(port: int) -> bool:
    """Whether our page is there, well or not; no proxy is asked."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/healthz", timeout=3) as reply:
            said = reply.read(1000)
    except urllib.error.HTTPError as error:
        said = error.read(1000) if error.code == 503 else b""
    except (OSError, HTTPException):
        return False
    return said.startswith(b'{"status":')


def _embedder(encoder: str | None):
    from index.embedder import load_embedder

    return load_embedder(encoder)


def _agreement(embedder) -> str:
    """A German and a Chinese sentence must be nearer to their English translation than to another sentence, and all
    vectors of length 1."""
    english = embedder.encode_passages(["The bridge was opened in 1987.", "Bread is baked every morning."])
    others = embedder.encode_queries(["Die Brücke wurde 1987 eröffnet.", "大桥于1987年通车。"])
    lengths = [float(vector @ vector) for vector in (*english, *others)]
    if not all(abs(length - 1) < 1e-3 for length in lengths):
        raise UserError(f"{embedder.name} gives vectors that are not of length 1; use the embedded encoder (leave --encoder out)")
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
    from index import manifest
    from index.articles import scan
    from index.store import examine, open_index

    try:
        index = open_index(folder, embedder)
        built = examine(folder)
    except (IndexMissing, IndexStale, IndexCorrupt) as error:
        raise UserError(f"{error}{_own(seeds)}") from error
    there = {file.name: file.digest for file in scan(seeds)[0]}
    if there != built:
        changed = sum(built.get(n) != d for n, d in there.items()) + len(built.keys() - there.keys())
        raise UserError(f"{changed} files in {seeds} have changed since it was built; {manifest.retype(folder)}{_own(seeds)}")
    return f"{len(index.articles)} articles, {len(index.passages)} passages, as the folder is now"


def _own(seeds: Path) -> str:
    """What a command needs behind it to read these articles."""
    return "" if seeds.resolve() == SEEDS else f" --seeds {seeds}"


def _model(llm: str, url: str | None, call: bool) -> str:
    from rag.chat_model import ChatModelGenerator

    model = ChatModelGenerator.load(llm, url, _PATIENCE)
    if not call:
        return f"{llm} can be loaded (--call calls it)"
    if not model.rewrite("And in Wuhan?", ["What does Beijing plan for 2028?"]):
        raise GeneratorError(f"{llm} answers with nothing; try another model: --llm PROVIDER:MODEL")
    return f"{llm} answers"
