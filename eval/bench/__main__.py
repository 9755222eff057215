"""The benchmark: `python -m eval.bench [--quick] [--corpus DIR]`; `make bench` runs it.

Peers are installed into an environment of their own below `.bench/`. Every step's result is kept there, so a run that was
broken off, or whose time was up, goes on with what is missing when the command is given again. A step that fails is named
in the results and does not end the run.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path

from eval.bench import bars, machine, report
from eval.bench.plan import FULL, QUICK, Benchmark, Plan
from eval.bench.results import Results, fingerprint
from eval.bench.steps import Place
from eval.bench.systems import PEERS, ROOT
from index.errors import UserError

HERE = Path(__file__).parent
MEASURED = [
    path for folder in (ROOT / "index", ROOT / "rag", ROOT / "ui", HERE / "drivers") for path in folder.rglob("*.py")
    if ROOT / "index" / "training" not in path.parents
]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Runs what is missing and writes the results; returns 1 if a person can fix what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m eval.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="2000 passages, few repeats, some minutes")
    parser.add_argument("--corpus", type=Path, metavar="DIR", help="folder with pairs/*.tsv.xz; without it the seeds alone")
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no step after so long (35; 8 with --quick)")
    parser.add_argument("--peer", action="append", metavar="NAME", help="only these peers")
    parser.add_argument("--folder", type=Path, default=ROOT / ".bench", metavar="DIR", help="where it works (.bench)")
    parser.add_argument("--peers-python", type=Path, metavar="FILE", help="an interpreter that has the peers already")
    parser.add_argument("--out", type=Path, metavar="FILE", help="eval/bench/RESULTS.md, or with --quick one in the folder")
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else FULL
    plan = replace(plan, minutes=options.minutes or plan.minutes)
    peers = tuple(s for s in PEERS if not options.peer or s.name in options.peer)
    try:
        if not peers:
            raise UserError(f"no peer is called {options.peer[0]!r}; they are {', '.join(s.name for s in PEERS)}")
        folder = options.folder.resolve()
        python = options.peers_python or machine.peers_python(folder / "venv")
        # What other work there is makes every number worse; the page says how much there was.
        facts = machine.facts() | {"load before the start": f"{os.getloadavg()[0]:.1f}"}
        key = fingerprint([*MEASURED, machine.REQUIREMENTS, HERE / "steps.py"], repr(replace(plan, minutes=0)))
        end = time.monotonic() + 60 * plan.minutes
        results = Results(folder / ("quick" if options.quick else "full"), key, end, lambda line: print(line, flush=True))
        Benchmark(plan, Place(folder, python), results, options.corpus, machine.minilm(python), peers).run()
    except UserError as error:
        print(f"eval.bench: {error}", file=sys.stderr)
        return 1
    command = shlex.join(["python", "-m", "eval.bench", *(sys.argv[1:] if arguments is None else arguments)])
    out = options.out or (folder / "RESULTS.md" if options.quick else HERE / "RESULTS.md")
    out.write_text(report.markdown(results.done, peers, facts, command, titles(plan)), encoding="utf-8")
    print(f"\nwritten: {out}\n\n{bars.summary(results.done, peers, titles(plan))}")
    return 0


def titles(plan: Plan) -> dict[str, str]:
    """What each corpus is called in tables."""
    return {"seeds": "the seeds", "middle": f"{plan.middle:,} passages", "large": f"{plan.large:,} passages"}


if __name__ == "__main__":
    sys.exit(main())
