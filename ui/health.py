"""Whether the page can answer: the index it serves, and whether that on the disk is still whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index import manifest as manifests
from index.errors import IndexCorrupt, IndexMissing, IndexStale
from index.older import sources_of

if TYPE_CHECKING:
    from index.types import Embedder

_STATES = {IndexMissing: "index_missing", IndexStale: "index_stale", IndexCorrupt: "index_corrupt"}
NEWER = "a newer index is on the disk; start the page again to serve it"


class Health:
    """Looks at the index in `folder`. Its files are read only when the size, time or place of one has changed, so that
    asking often costs a few looks at a folder. Safe to share between threads."""

    def __init__(
        self, folder: Path, embedder: Embedder, model: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._embedder, self._model, self._clock = folder, embedder, model, clock
        self._started = clock()
        self._lock = threading.Lock()
        self._seen: dict[Path, tuple[int, int, int] | None] = {}
        self._problem: dict[str, str] | None = None
        self._there: dict[str, Any] = {}
        self._served: dict[str, Any] = {}

    def opened(self) -> None:
        """To be called when the index has been opened: from now on it is the one that is served."""
        with self._lock:
            self._note()
            self._problem, self._served = None, self._there

    def report(self, whole: bool, here: bool) -> tuple[int, dict[str, Any]]:
        """HTTP status and what is said: to strangers (not `whole`) no more than the state; the folder's path only
        to who is `here`, on this computer."""
        with self._lock:
            if not self._seen or any(_stamp(path) != stamp for path, stamp in self._seen.items()):
                self._look()
            problem, there, served = self._problem, self._there, self._served
        status, state = (503, problem["status"]) if problem else (200, "ok")
        if not whole:
            return status, {"status": state}
        about = {"status": state, **served, "encoder": self._embedder.name, "model": self._model}
        about["uptime"] = round(self._clock() - self._started, 1)
        if problem:
            about["says"] = problem["says"] if here else problem["says"].replace(str(self._folder), "DIR")
        elif there != served:
            about["says"] = NEWER
        return status, about

    def _look(self) -> None:
        """Opens the index as a reader would, and reads all of it."""
        from index.store import examine, open_index

        self._note()
        try:
            open_index(self._folder, self._embedder)
            examine(self._folder)
            self._problem = None
        except (IndexMissing, IndexStale, IndexCorrupt) as error:
            self._problem = {"status": _STATES[type(error)], "says": str(error)}

    def _note(self) -> None:
        """Remembers the index on the disk and its files as they are."""
        manifest = manifests.read_or_none(self._folder)
        paths = [self._folder / "manifest.json"]
        self._there = {}
        if manifest:
            data = self._folder / manifest["data"]
            paths += [data / name for name in manifest["files"]]
            articles = len(sources_of(self._folder, manifest)["articles"])
            self._there = {"index": manifest["fingerprint"], "articles": articles, "passages": manifest["passages"]}
        self._seen = {path: _stamp(path) for path in paths}


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_size, about.st_mtime_ns, about.st_ino
