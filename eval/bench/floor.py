"""How far our work is from what the machine could do: `python -m eval.bench.floor ARTICLES [--passages N]` prints JSON.

The floor of encoding is its multiply-adds at the best float32 rate that a matrix product reaches here, that of an exact
scan its bytes at the best rate that memory is read at.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from index.embedder import ENCODER, load_embedder, threads

SCAN_ROWS = 100_000
_READ = 1 << 26  # float32 numbers, 256 MB: beyond any cache
_SHAPES = ((2048, 2048, 2048), (1024, 384, 1536))  # a large product, and one of the encoder's


def best(work: Callable[[], object], times: int) -> float:
    """The least seconds that `work` takes, after a run that is not counted."""
    work()
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)


def multiply_adds_a_second(times: int = 8) -> float:
    """The best rate of a float32 matrix product, all threads; that of either shape."""
    rng = np.random.default_rng(0)
    rates = []
    for n, inner, m in _SHAPES:
        a, b = (rng.standard_normal(shape, dtype=np.float32) for shape in ((n, inner), (inner, m)))
        out = np.empty((n, m), np.float32)
        rates.append(n * inner * m / best(lambda a=a, b=b, out=out: np.matmul(a, b, out=out), times))
    return max(rates)


def bytes_a_second(times: int = 8) -> float:
    """The best rate at which memory beyond the caches is read, all threads."""
    held = np.ones(_READ, np.float32)
    parts = np.array_split(held, threads())
    with ThreadPoolExecutor(threads()) as pool:
        return held.nbytes / best(lambda: list(pool.map(lambda part: np.dot(part, part), parts)), times)


def encoding(lengths: list[int], config: dict, whole: int) -> float:
    """Multiply-adds of encoding texts of so many tokens each.

    A layer has 4 products of hidden x hidden and 2 of hidden x intermediate a token, and 2 of length x hidden a token in
    its attention; then hidden x hidden and whole x whole once a text (`index/encoder/modules.json`).
    """
    hidden, inner, layers = (config[name] for name in ("hidden_size", "intermediate_size", "num_hidden_layers"))
    tokens, squares = sum(lengths), sum(n * n for n in lengths)
    layer = tokens * (4 * hidden * hidden + 2 * hidden * inner) + 2 * squares * hidden
    return layers * layer + len(lengths) * (hidden * hidden + whole * whole)


def measure(texts: list[str], rows: int = SCAN_ROWS, times: int = 2) -> dict[str, float]:
    """Seconds of encoding `texts` and of one exact scan over `rows` vectors, and the floor of each."""
    from index.dense import Dense

    embedder = load_embedder()
    config = json.loads((ENCODER / "config.json").read_text(encoding="utf-8"))
    lengths = [min(embedder.count_tokens(t), embedder.max_tokens) for t in texts]
    rate, speed = multiply_adds_a_second(), bytes_a_second()
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((rows, embedder.dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    dense, query = Dense.build(vectors), vectors[rows // 2].copy()
    return {
        "threads": threads(), "rate": rate, "speed": speed, "texts": len(texts), "tokens": sum(lengths),
        "multiply_adds": encoding(lengths, config, embedder.dim), "encode": best(lambda: embedder.encode_passages(texts), times),
        "rows": rows, "scan_bytes": vectors.nbytes, "scan": best(lambda: dense.search(query, 40), 10),
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    from index.articles import read_article
    from index.making import encoded_text
    from index.splitter import split
    from index.store import BUDGET, OVERLAP

    parser = argparse.ArgumentParser(prog="python -m eval.bench.floor", description=__doc__.splitlines()[0])
    parser.add_argument("articles", type=Path)
    parser.add_argument("--passages", type=int, default=160)
    parser.add_argument("--rows", type=int, default=SCAN_ROWS)
    options = parser.parse_args(arguments)
    embedder = load_embedder()
    paths = sorted(options.articles.glob("*.txt"))
    texts = []
    for article in map(read_article, paths[:: max(1, len(paths) // options.passages)]):
        texts += [encoded_text(article, p) for p in split(article, embedder.count_tokens, BUDGET, OVERLAP)]
    print(json.dumps(measure(texts[: options.passages], options.rows)))


if __name__ == "__main__":
    main()
