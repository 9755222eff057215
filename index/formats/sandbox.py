"""Parsers of untrusted files in a process of their own, with limits on memory and time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from index.errors import ArticleUnreadable
from index.formats import Parsed, Raw, read, read_bytes

SECONDS = 60.0  # for one file
MEMORY = 3 << 30  # bytes of address space


class Sandbox:
    """Reads files in a child process, which is started with the first file and again after it has died.

    A file on which the child crashes, hangs for `seconds` or needs more than `memory` bytes is an ArticleUnreadable;
    the files after it are read by the next child. Use as a context manager.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds, self._memory = seconds, memory
        self._child: subprocess.Popen | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def read(self, name: str, path: Path) -> Parsed:
        """As `formats.read`, of the file at `path`."""
        child = self._child or self._start()
        late = threading.Timer(self._seconds, child.kill)
        late.start()
        try:
            child.stdin.write(json.dumps([name, str(path)]).encode() + b"\n")
            child.stdin.flush()
            reply = child.stdout.readline()
        except OSError:
            reply = b""
        finally:
            timed_out = late.finished.is_set()  # set by its run or by the cancel below
            late.cancel()
        if not reply.endswith(b"\n"):
            self._end()
            why = f"took longer than {self._seconds:g} s to read" if timed_out else "broke its reader, as a damaged or hostile file does"
            raise ArticleUnreadable(f"{name}: {why}; save it as text")
        answer = json.loads(reply)
        if "error" in answer:
            raise ArticleUnreadable(answer["error"])
        raws = [Raw(**{**row, "pages": tuple(row["pages"])}) for row in answer["raws"]]
        return Parsed(raws, answer["problems"])

    def _start(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "index.formats.sandbox", str(self._memory)]
        root = str(Path(__file__).resolve().parents[2])
        paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": paths}
        )
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                with contextlib.suppress(OSError):
                    pipe.close()


def serve(memory: int) -> None:
    """The child: a JSON line [name, path] in, a JSON line with articles or an error out, until the parent hangs up."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints does not get between the answers
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for line in _lines():
        name, path = json.loads(line)
        try:
            parsed = read(name, read_bytes(name, Path(path)))
            answer = {"raws": [asdict(raw) for raw in parsed.raws], "problems": parsed.problems}
        except ArticleUnreadable as error:
            answer = {"error": str(error)}
        except MemoryError:
            answer = {"error": f"{name}: needs more than {memory >> 20:,} MB to be read; split it"}
        except OSError as error:
            answer = {"error": f"{name}: cannot be read ({error.strerror})"}
        except Exception as error:  # a parser's own bug on this file; the next file is not its concern
            answer = {"error": f"{name}: broke its reader ({type(error).__name__}); save it as text"}
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()


def _lines() -> Iterator[bytes]:
    while line := sys.stdin.buffer.readline():
        yield line


if __name__ == "__main__":
    serve(int(sys.argv[1]))
