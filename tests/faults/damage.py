"""Damages an index in thousands of ways: `python tests/faults/damage.py FOLDER [--cases N] [--seed S]`.

Before each look one file of the index is flipped, cut, torn, emptied, zeroed, overwritten, lengthened, exchanged with
another file or with an older one of the same name, removed, or replaced by a folder. The reader must answer as before
or raise IndexCorrupt (IndexMissing where the manifest is gone) that names a file and the command that builds. One case
in 50 is built again on the damaged index, which must mend it. Cases run in child processes, fifty at a time: one that
dies, by SIGBUS for example, is a crash. Prints counts as JSON; ends with 1 if there was a wrong answer or a crash.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
from collections import Counter
from pathlib import Path

from common import ConceptEmbedder, answers, write_folder

from index.errors import IndexCorrupt, IndexMissing
from index.store import build

BATCH = 50
MEND = 50
SIZES = (1, 1, 2, 8, 64, 512, 4096)


def span(data: bytes, rng: random.Random) -> slice:
    """A range of `data`, anywhere, of one byte to a page."""
    at = rng.randrange(len(data))
    return slice(at, min(at + rng.choice(SIZES), len(data)))


def flip(data: bytes, rng: random.Random) -> bytes:
    at = span(data, rng)
    return data[: at.start] + bytes(b ^ rng.randrange(1, 256) for b in data[at]) + data[at.stop :]


def one_bit(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def cut(data: bytes, rng: random.Random) -> bytes:
    at = span(data, rng)
    return data[: at.start] + data[at.stop :]


def insert(data: bytes, rng: random.Random) -> bytes:
    at = span(data, rng)
    return data[: at.start] + rng.randbytes(at.stop - at.start) + data[at.start :]


def repeat(data: bytes, rng: random.Random) -> bytes:
    at = span(data, rng)
    return data[: at.stop] + data[at] + data[at.stop :]


def tear(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def zero(data: bytes, rng: random.Random) -> bytes:
    at = span(data, rng)
    return data[: at.start] + bytes(at.stop - at.start) + data[at.stop :]


def overwrite(data: bytes, rng: random.Random) -> bytes:
    at = span(data, rng)
    return data[: at.start] + rng.randbytes(at.stop - at.start) + data[at.stop :]


def append(data: bytes, rng: random.Random) -> bytes:
    return data + rng.randbytes(rng.choice(SIZES))


def empty(data: bytes, rng: random.Random) -> bytes:
    return b""


CHANGES = (flip, one_bit, cut, insert, repeat, tear, zero, overwrite, append, empty)
PLACES = ("exchange", "older", "remove", "folder")
KINDS = (*(change.__name__ for change in CHANGES), *PLACES)


class Bench:
    """An index, an older one of other texts, and the damage done to the first."""

    def __init__(self, place: Path) -> None:
        self.seeds, self.folder, self.older = write_folder(place / "seeds", 40), place / "index", place / "older"
        build(write_folder(place / "before", 70), self.older, ConceptEmbedder())
        build(self.seeds, self.folder, ConceptEmbedder())
        self.files = {p.relative_to(self.folder): p.read_bytes() for p in sorted(self.folder.rglob("*")) if p.is_file()}
        self.before = answers(self.folder)

    def case(self, number: int, seed: int) -> str:
        """Damages, looks, mends; `unchanged` or `refused`, with `, built` where a build mended it; ValueError or
        whatever was raised if the reader was told something else."""
        rng = random.Random(f"{seed}/{number}")
        names = [n for n in self.files if n.name != "lock" or number < len(self.files) * len(KINDS)]  # a reader never opens it
        name, kind = names[number % len(names)], KINDS[number // len(names) % len(KINDS)]
        damaged = self.damage(name, kind, rng)
        outcome = self.look(damaged)
        if number % MEND == 0:
            if len(name.parts) == 1 and (self.folder / name).is_dir():
                (self.folder / name).rmdir()  # no build takes a person's folder away
            build(self.seeds, self.folder, ConceptEmbedder())
            if answers(self.folder) != self.before:
                raise ValueError("the build did not mend it")
            outcome += ", built"
        self.restore(damaged)
        return outcome

    def damage(self, name: Path, kind: str, rng: random.Random) -> list[Path]:
        """The files that are not as they were."""
        path, data = self.folder / name, self.files[name]
        if kind == "exchange":
            other = rng.choice([n for n in self.files if n != name])
            path.write_bytes(self.files[other])
            (self.folder / other).write_bytes(data)
            return [name, other]
        if kind == "older":
            mine, theirs = (next(f.glob("data-*")).name for f in (self.folder, self.older))
            path.write_bytes((self.older / Path(str(name).replace(mine, theirs))).read_bytes())
        elif kind in ("remove", "folder"):
            path.unlink()
            if kind == "folder":
                path.mkdir()
        else:
            path.write_bytes(CHANGES[KINDS.index(kind)](data or b"\0", rng))
        return [name]

    def look(self, damaged: list[Path]) -> str:
        try:
            now = answers(self.folder)
        except (IndexCorrupt, IndexMissing) as error:
            said = str(error)
            names = [p.name for p in damaged]
            if "manifest.json" in names:  # an older one names files that are not there
                names += [self.folder.name] if isinstance(error, IndexMissing) else [f"{self.folder / 'data-'}"]
            if not (any(n in said for n in names) and said.endswith(f"crosscite build --index {self.folder}") and "\n" not in said):
                raise ValueError(f"it is not said which file and what to type: {said}") from error
            if isinstance(error, IndexMissing) and (self.folder / "manifest.json").exists():
                raise ValueError(f"the manifest is there: {said}") from error
            return "refused"
        if now != self.before:
            raise ValueError("the answers are others")
        changed = [n for n in damaged if not (self.folder / n).is_file() or (self.folder / n).read_bytes() != self.files[n]]
        if any(n.name not in ("lock", "manifest.json") for n in changed):
            raise ValueError("the damage was not seen")
        return "unchanged"

    def restore(self, damaged: list[Path]) -> None:
        whole = all((self.folder / n).parent.is_dir() for n in self.files)
        if not whole or {p.relative_to(self.folder) for p in self.folder.rglob("*") if p.is_file()} != set(self.files):
            shutil.rmtree(self.folder)
            damaged = list(self.files)
        for name in damaged:
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files[name])


def batch(bench: Bench, numbers: range, seed: int) -> Counter:
    """The outcomes of these cases, from a child process."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        seen: Counter = Counter()
        for number in numbers:
            try:
                seen[bench.case(number, seed)] += 1
            except Exception as error:
                seen["wrong"] += 1
                print(f"case {number}, seed {seed}: {error!r}", file=sys.stderr, flush=True)
                bench.restore(list(bench.files))
        os.write(write, json.dumps(seen).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told = pipe.read()
    status = os.waitpid(child, 0)[1]
    if status:
        print(f"cases {numbers.start} to {numbers.stop - 1}, seed {seed}: the reader died ({status})", file=sys.stderr, flush=True)
        bench.restore(list(bench.files))
        return Counter(crashes=1)
    return Counter(json.loads(told))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    bench, seen = Bench(args.folder), Counter()
    for first in range(0, args.cases, BATCH):
        seen += batch(bench, range(first, min(first + BATCH, args.cases)), args.seed)
    print(json.dumps({"cases": args.cases, "files": len(bench.files), "kinds": len(KINDS), **{k: seen[k] for k in ("wrong", "crashes")}, **{
        "refused": seen["refused"] + seen["refused, built"], "unchanged": seen["unchanged"] + seen["unchanged, built"],
        "built": seen["refused, built"] + seen["unchanged, built"]}}))  # fmt: skip
    return 1 if seen["wrong"] or seen["crashes"] else 0


if __name__ == "__main__":
    sys.exit(main())
