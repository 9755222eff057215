"""What the program survives: `python -m eval.reliability [--cases N] [--swaps N] [--articles N] [--passages N]`, in a checkout.

Runs the fault scripts of `tests/faults/`, the tests of hostile articles and a large index (7 GB of disk at a million
passages), each in processes of its own, and writes what they counted as a table between the reliability comments of the README, or prints it where there are none. One
fault that is not survived ends it with 1, and the README stays as it is.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.publish import ROOT, with_block
from index.errors import UserError

MARKS = ("<!-- reliability: make reliability -->", "<!-- end of reliability -->")
FAULTS = ROOT / "tests" / "faults"
PROCESSES = "stopped or two_builders or terminal or watch"  # of tests/faults/test_faults.py


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, how often it was tried, what came of it, and the seconds that took."""

    fault: str
    tried: str
    outcome: str
    seconds: float


def killed(seen: Mapping[str, int]) -> tuple[str, str, str]:
    found = f"{seen['before']} times the index before, {seen['after']} times the new one, never anything else; the next build ended well"
    return "a build killed (SIGKILL) at a file operation, writes torn in half", f"{seen['kills']} kills, one at each operation", found


def damaged(seen: Mapping[str, int]) -> tuple[str, str, str]:
    found = (
        f"{seen['refused']} refused with the file and the command that mends it, {seen['unchanged']} answered as before; "
        f"{seen['wrong']} wrong answers, {seen['crashes']} crashes; {seen['built']} of {seen['built']} builds on top mended it"
    )
    return f"a file of the index damaged, in {seen['kinds']} ways", f"{seen['cases']:,} cases over {seen['files']} files", found


def swapped(seen: Mapping[str, int]) -> tuple[str, str, str]:
    tried = f"{seen['readers']} readers, {seen['swaps']} swaps, {seen['openings']} openings"
    return "readers while builds swap the index", tried, f"{seen['wrong']} answers of no build or of two"


def full(seen: Mapping[str, int | str]) -> tuple[str, str, str]:
    fault = "a disk without room for the next index, or read-only"
    if "skipped" in seen:
        return fault, "0", f"not tried: {seen['skipped']}"
    found = f"{seen['refused']} times one readable error and the index before, {seen['built']} times the new one"
    return fault, f"{seen['disks'] + seen['read_only']} disks", found


def offline(seen: Mapping[str, int | str]) -> tuple[str, str, str]:
    how = "0 attempts, by Python's sockets" + (" and the kernel's count" if seen["cut"] == "namespace" else "")
    return "no network: build, search, ask, score, doctor, the page", f"{seen['steps']} steps", f"all done; to leave the machine: {how}"


def many(seen: Mapping[str, float]) -> tuple[str, str, str]:
    found = (
        f"a build with nothing changed {seen['recheck']:.1f} s, with one more article {seen['add']:.1f} s, "
        f"the first {seen['build']:.0f} s; opening {seen['open']:.1f} s"
    )
    return "a large folder, without the time for encoding (a stand-in encoder)", f"{seen['articles']:,} short articles", found


def large(seen: Mapping[str, float]) -> tuple[str, str, str]:
    found = (
        f"a search {seen['p50']:.0f} ms (p99 {seen['p99']:.0f}); of a language's nearest 10 {seen['recall10']:.1%} are found, of 40 "
        f"{seen['recall40']:.1%}; put together in {seen['build']:.0f} s within {seen['peak']:,.0f} MB, {seen['disk'] / 1000:.1f} GB on disk, "
        f"opened in {seen['opened']:.0f} ms"
    )
    return f"a large index, its vectors synthetic, its texts {seen['texts']:,} and repeated", f"{seen['passages']:,} passages", found


def tested(file: str, chosen: str = "") -> tuple[int, int]:
    """How many tests of a file passed and failed, or of those that `chosen` selects."""
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider", file, *(["-k", chosen] if chosen else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    passed, failed = (re.search(rf"(\d+) {word}", done.stdout) for word in ("passed", "failed"))
    if done.returncode not in (0, 1) or not passed:
        raise UserError(f"{file} cannot be run ({(done.stdout + done.stderr).strip()[-300:]}); type: pip install -e '.[test]'")
    return int(passed[1]), int(failed[1]) if failed else 0


def counted(script: str, *arguments: object) -> dict:
    """What a fault script, or a module of the project, counted; UserError with its last words if a fault was not survived."""
    fault = script.endswith(".py")
    command = [sys.executable, *([str(FAULTS / script)] if fault else ["-m", script]), *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join((done.stderr.strip().splitlines() or ["no word"])[-1].split())
        raise UserError(f"not survived: {said}; look closer: python {f'tests/faults/{script}' if fault else f'-m {script}'} {' '.join(map(str, arguments))}")
    return json.loads(done.stdout)


def rows(place: Path, cases: int, swaps: int, articles: int, passages: int) -> Iterator[Row]:
    """The table's rows, each as soon as it is known; `place` is an empty folder."""
    scripts = {
        "killed_builds.py": (killed, [place / "kills"]), "damage.py": (damaged, [place / "damage", "--cases", cases]),
        "readers.py": (swapped, [place / "readers", "--swaps", swaps]), "full_disk.py": (full, []),
        "many_articles.py": (many, [place / "many", "--articles", articles]), "offline.py": (offline, [place / "offline"]),
        "eval.scale": (large, [passages, "--json", "--texts", min(passages, 12_000), "--questions", 100]),
    }
    for script, (told, arguments) in scripts.items():
        for given in arguments[:1]:
            if isinstance(given, Path):
                given.mkdir()
        begin = time.perf_counter()
        seen = counted(script, *arguments)
        yield Row(*told(seen), time.perf_counter() - begin)
    suites = {
        "Ctrl-C, SIGTERM, two builders, a terminal, a followed folder that goes and comes": (FAULTS / "test_faults.py", PROCESSES),
        "articles that give orders, forge markers, hide characters": (ROOT / "tests" / "test_hostile.py", ""),
    }
    for fault, (file, chosen) in suites.items():
        begin = time.perf_counter()
        passed, failed = tested(str(file), chosen)
        if failed:
            raise UserError(f"not survived: {failed} tests of {file.name} fail; look closer: pytest {file.relative_to(ROOT)}")
        yield Row(fault, f"{passed} tests", "all pass", time.perf_counter() - begin)


def table(found: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what happens | how often | what is found |", "|---|---|---|"]
    return "\n".join([*lines, *(f"| {row.fault} | {row.tried} | {row.outcome} |" for row in found)])


def main(argv: Sequence[str] | None = None) -> int:
    """Tries all faults; 1 if one is not survived."""
    parser = argparse.ArgumentParser(prog="python -m eval.reliability", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=3000, help="damaged indexes (3000)")
    parser.add_argument("--swaps", type=int, default=60, help="builds while readers read (60)")
    parser.add_argument("--articles", type=int, default=10_000, help="of the large folder (10000)")
    parser.add_argument("--passages", type=int, default=1_200_000, help="asked for in the large index; texts met twice leave some five sixths (1200000)")
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md", help="where the table is written (README.md)")
    args = parser.parse_args(argv)
    found = []
    try:
        if not FAULTS.is_dir():
            raise UserError(f"no {FAULTS}: the faults are tried in a checkout of the repository, not in an installed package")
        with tempfile.TemporaryDirectory() as place:
            for row in rows(Path(place), args.cases, args.swaps, args.articles, args.passages):
                print(f"{row.seconds:4.0f} s  {row.fault}: {row.tried}", file=sys.stderr, flush=True)
                found.append(row)
    except UserError as error:
        print(f"crosscite: {error}", file=sys.stderr)
        return 1
    readme = args.readme.read_text(encoding="utf-8")
    if all(mark in readme for mark in MARKS):
        args.readme.write_text(with_block(readme, table(found), *MARKS), encoding="utf-8")
    else:
        print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
