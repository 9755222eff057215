"""`crosscite build`: the index of a folder of articles, once or whenever the folder changes."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import UserError
from ui import logs

if TYPE_CHECKING:
    from index.types import Embedder

log = logging.getLogger(__name__)
_EVERY = 1.0  # seconds between two looks at a folder that is followed
_AGAIN = 60  # looks after which a build that failed is tried again


def add_arguments(parser: argparse.ArgumentParser, seeds: Path) -> None:
    """The options of `build`."""
    parser.add_argument("--seeds", type=Path, default=seeds, metavar="DIR", help="the articles' folder (seeds)")
    parser.add_argument("--watch", action="store_true", help="go on, and build again whenever the folder changes")


def run(args: argparse.Namespace, embedder: Embedder) -> int:
    """Builds the index once; with `--watch` until Ctrl-C or SIGTERM."""
    with _ended_by_sigterm():
        if not args.watch:
            report(args.seeds, args.index, embedder)
            return 0
        with contextlib.suppress(KeyboardInterrupt):
            watch(args.seeds, lambda: report(args.seeds, args.index, embedder))
    return 0


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Meanwhile SIGTERM does what Ctrl-C does, so that what is half written is cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def report(seeds: Path, index: Path, embedder: Embedder) -> None:
    """Builds the index and prints what changed; what was left out goes to stderr."""
    from index.store import build

    with logs.timed(log, "built") as happened, _bar() as progress:
        built = build(seeds, index, embedder, progress)
        happened |= logs.counts(built)
    for sign, ids in (("+", built.added), ("~", built.changed), ("-", built.removed)):
        for article_id in ids:
            print(f"{sign} {article_id}")
    for twin, first in built.twins:
        print(f"= {twin}: the same article as {first}")
    for problem in built.problems:
        print(f"crosscite: left out: {problem.message}", file=sys.stderr)
    articles = len(built.added) + len(built.changed) + len(built.unchanged)
    state = "built" if built.rebuilt else "up to date"
    print(f"{index}: {state}, {articles} articles, {built.passages} passages", flush=True)


def watch(
    seeds: Path, build: Callable[[], None], every: float = _EVERY, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Calls `build` now and after each change of the folder, once it has been still for `every` seconds, for ever.

    A build that fails, for whatever reason, says why, once, and is tried again at the next change and after `_AGAIN`
    looks: a full disk may have room by then. Looks are counted, so that a clock that jumps changes nothing.
    """
    built: dict[str, tuple[int, int]] | None = None
    before, failed, waited = state(seeds), "", 0
    while True:
        now = state(seeds)
        waited += 1
        if now == before and (now != built or (failed and waited >= _AGAIN)):
            said = _attempt(build)
            if said and (said != failed or now != built):
                print(f"crosscite: {said}", file=sys.stderr, flush=True)
            built, failed, waited = now, said, 0
        before = now
        sleep(every)


def _attempt(build: Callable[[], None]) -> str:
    """Builds; why it failed in one line, "" if it did not."""
    try:
        build()
    except UserError as error:
        log.warning("not_built", extra={"fields": {"reason": type(error).__name__}, "texts": {"message": str(error)}})
        return str(error)
    except Exception as error:  # whoever follows a folder wants to go on with what comes next
        log.exception("build_failed")
        said = " ".join(str(error).split())
        return f"the build failed ({type(error).__name__}: {said}); it is tried again"
    return ""


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Time of change (ns) and size of every file below `folder`, hidden ones aside."""
    found: dict[str, tuple[int, int]] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if not f.startswith(".")]
        for name in (n for n in names if not n.startswith(".")):
            with contextlib.suppress(OSError):
                about = os.stat(os.path.join(place, name), follow_symlinks=False)
                found[os.path.join(place, name)] = (about.st_mtime_ns, about.st_size)
    return found


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr with rate and time left, only where a person is looking."""
    from tqdm import tqdm

    with tqdm(desc="encoding", unit="passage", disable=not sys.stderr.isatty(), leave=False) as bar:

        def progress(done: int, total: int) -> None:
            if bar.total is None:
                bar.initial = bar.n = done  # what is known already says nothing of the rate
            bar.total = total
            bar.update(done - bar.n)

        yield progress
