"""How fast the embedded encoder is: `python -m eval.speed`, beside sentence-transformers on the same folder.

Printed: seconds from the start of a process to its first vector, milliseconds for one question on one core, and texts a
second of a mix of German, English and Chinese passages and questions, ours and theirs in turn (A B A B) with the same
number of threads, as the median ratio and its range. Wall time, and CPU time in brackets, which a busy machine changes
less; torch's threads wait for one another, so there take `--threads 1`. On AMD its MKL leaves AVX-512 unused, which
halves its speed. The texts are made of the seed articles.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

FIRST = "from index.embedder import load_embedder; load_embedder().encode_queries(['Wann wurde die Universität gegründet?'])"
QUESTION = "In welchem Jahr hat das Unternehmen die neue Fabrik in Shenzhen eröffnet?"
TOKENS = (100, 160)  # of a passage


def first_vector(runs: int) -> list[tuple[float, float]]:
    """(wall, CPU) seconds of so many fresh processes from start to end, each giving one vector."""
    out = []
    for _ in range(runs):
        before, start = os.times(), time.perf_counter()
        subprocess.run([sys.executable, "-c", FIRST], check=True, cwd=Path(__file__).parents[1])
        wall, after = time.perf_counter() - start, os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        out.append((wall, cpu))
    return out


def texts(seeds: Path, count: Callable[[str], int], passages: int) -> list[str]:
    """`passages` windows of the articles of 100 to 160 tokens, and as many short ones of a question's length."""
    from index.articles import read_articles

    out = []
    sources = [a.text for a in read_articles(seeds)[0]]
    for i in range(passages):
        source = sources[i % len(sources)]
        start = (i * 997) % max(1, len(source) - 900)
        want, size = TOKENS[0] + i * 7 % (TOKENS[1] - TOKENS[0]), 60
        while count(source[start : start + size]) < want and start + size < len(source):
            size += 15
        out += [source[start : start + size], source[start : start + size // 9]]
    return out


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """(wall, CPU) seconds of `work`."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def spread(values: list[float], digits: int = 2) -> str:
    """Median, and the least and the greatest in brackets."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m eval.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=15, help="fresh processes")
    parser.add_argument("--rounds", type=int, default=5, help="of ours and theirs in turn")
    parser.add_argument("--passages", type=int, default=64, help="and as many questions")
    parser.add_argument("--batch", type=int, default=32, help="of sentence-transformers")
    parser.add_argument("--seeds", type=Path, default=Path(__file__).parents[1] / "seeds")
    o = parser.parse_args(arguments)
    if o.runs:
        wall, cpu = zip(*first_vector(o.runs), strict=True)
        print(f"first vector, s from process start to end: {spread(wall)} [CPU {spread(cpu)}]")

    from index.embedder import ENCODER, load_embedder

    os.environ["CROSSCITE_THREADS"] = "1"
    embedder = load_embedder()
    embedder.encode_queries([QUESTION])
    once = [timed(lambda: embedder.encode_queries([QUESTION])) for _ in range(200)]
    wall, cpu = ([1e3 * x for x in side] for side in zip(*once, strict=True))
    print(f"one question on one core, ms: {spread(wall, 1)} [CPU {spread(cpu, 1)}]")

    import torch
    from sentence_transformers import SentenceTransformer

    os.environ["CROSSCITE_THREADS"] = str(o.threads)
    torch.set_num_threads(o.threads)
    theirs, ours = SentenceTransformer(str(ENCODER), device="cpu"), load_embedder()
    some = texts(o.seeds, ours.count_tokens, o.passages)
    sides = (
        lambda: ours.encode_passages(some),
        lambda: theirs.encode(some, batch_size=o.batch, show_progress_bar=False),
    )
    for side in sides:
        side()
    rows = [(timed(sides[0]), timed(sides[1])) for _ in range(o.rounds)]
    print(f"{len(some)} texts, {o.threads} threads: ours {spread([len(some) / a[0] for a, _ in rows], 0)} a second, "
          f"sentence-transformers {spread([len(some) / b[0] for _, b in rows], 0)}")  # fmt: skip
    print(f"ratio {spread([b[0] / a[0] for a, b in rows])} [CPU {spread([b[1] / a[1] for a, b in rows])}]")


if __name__ == "__main__":
    main()
