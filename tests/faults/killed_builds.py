"""Builds an index again and again, killed (SIGKILL) at one file operation after the other; prints what was seen.

Run in a process of its own: `python tests/faults/killed_builds.py FOLDER`. A write is cut in half before the kill, so that
torn files are seen too. Every reader must find the old index or the new one, and the next build must end well.
"""

from __future__ import annotations

import builtins
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from common import ConceptEmbedder, write_town

from index import encoded
from index.errors import IndexMissing
from index.store import build, open_index

EVENTS = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.truncate", "shutil.rmtree"}
QUESTION = "Wann wurde die Brücke am Hafen eröffnet?"


class Kill:
    """Counts file operations below `folder` and ends the process at number `at`."""

    def __init__(self, folder: Path, at: int) -> None:
        self.folder, self.at, self.seen = str(folder), at, 0
        opened = io.open
        sys.addaudithook(self.hook)

        def watched(file, mode="r", *rest, **named):
            handle = opened(file, mode, *rest, **named)
            if isinstance(file, str | Path) and str(file).startswith(self.folder) and set(mode) & set("wa+"):
                return Torn(handle, self)
            return handle

        builtins.open = io.open = watched

    def hook(self, event: str, arguments: tuple) -> None:
        if event in EVENTS and any(str(a).startswith(self.folder) for a in arguments):
            self.count()

    def count(self, before=lambda: None) -> None:
        self.seen += 1
        if self.seen == self.at:
            before()
            os.kill(os.getpid(), signal.SIGKILL)


class Torn:
    """A file whose write number N is cut in half when the process is killed there."""

    def __init__(self, handle, kill: Kill) -> None:
        self._handle, self._kill = handle, kill

    def write(self, data):
        def half() -> None:
            self._handle.write(data[: len(data) // 2])
            self._handle.flush()

        self._kill.count(half)
        return self._handle.write(data)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def __getattr__(self, name):
        return getattr(self._handle, name)

    def __enter__(self):
        self._handle.__enter__()
        return self

    def __exit__(self, *error):
        return self._handle.__exit__(*error)

    def __iter__(self):
        return iter(self._handle)


def answers(folder: Path) -> list | None:
    """What the index in `folder` answers, or None where there is none."""
    try:
        index = open_index(folder, ConceptEmbedder())
    except IndexMissing:
        return None
    return [(h.passage.id, h.passage.text, round(h.score, 5)) for h in index.search(QUESTION, 9)]


def killed_at(at: int, town: Path, folder: Path) -> bool:
    """Builds in a child that is killed at operation `at`; False if the build ended before."""
    child = os.fork()
    if child == 0:
        try:
            Kill(folder, at)
            build(town, folder, ConceptEmbedder())
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return True
    if os.waitstatus_to_exitcode(status):
        raise RuntimeError("the build failed")
    return False


def main(place: Path) -> None:
    encoded._BATCH = 2
    before, after = write_town(place / "before"), write_town(place / "after", hafen="Der Hafen ist heute geschlossen.", school=None)
    for i in range(6):
        (after / f"new{i}.txt").write_text(f"The harbour has {i} ships. The bridge is closed.", encoding="utf-8")
    old, new = place / "old", place / "new"
    build(before, old, ConceptEmbedder())
    build(after, new, ConceptEmbedder())
    wanted = {"nothing": (None, answers(new)), "old": (answers(old), answers(new))}
    kills = dict.fromkeys(wanted, 0)
    seen = {"before": 0, "after": 0}
    for start, (was, will) in wanted.items():
        for at in range(1, 10_000):
            folder = place / "index"
            shutil.rmtree(folder, ignore_errors=True)
            if start == "old":
                shutil.copytree(old, folder)
            if not killed_at(at, after, folder):
                break
            kills[start] += 1
            now = answers(folder)
            if now not in (was, will):
                raise RuntimeError(f"killed at operation {at} from {start}: a reader sees neither index: {now}")
            seen["after" if now == will else "before"] += 1
            if at % 3 == 0 and killed_at(at, after, folder):  # the build that goes on is killed as well
                kills[start] += 1
            build(after, folder, ConceptEmbedder())
            rest = {p.name for p in folder.iterdir()} - {"manifest.json", "lock"}
            if answers(folder) != will or len(rest) != 1:
                raise RuntimeError(f"killed at operation {at} from {start}: the next build left {rest}, {answers(folder)}")
    print(json.dumps({"kills": sum(kills.values()), **kills, **seen}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
