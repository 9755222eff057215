"""The encoder's graphs: in float32, and with a layer's multiplications in int8.

A few dimensions of the states are ten times as wide as all others, and a few rows of a matrix have one weight that is, so
that plain rounding of all twelve matrices of a layer leaves cosines of .988. What brings them above .999, for a
tenth more work:

- States have a step for each token. A wide dimension is narrowed and its weights widened (Xiao et al. 2023,
  SmoothQuant), by powers of two, lest the digits of float8 weights be lost.
- What is then still wide is divided among copies of the dimension (Zhao et al. 2019, outlier channel splitting). To copy
  j of m, j/m is added before it is rounded, so that their sum is as fine as the undivided one (Hermite's identity), and
  j/m taken from its weights likewise.
- A few gelu outputs, which rounding would harm most, stay float32 (Dettmers et al. 2022, LLM.int8). The others lie above
  -.17, so that nearly all steps are on the positive side.
- The step of a matrix column is a power of two where float8 weights then lose less than by 127 steps to the greatest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from onnx import ModelProto, TensorProto, checker, helper

from index.embedder import float8_values
from index.encoder_onnx import GRAPH, GRAPH_INT8, WEIGHTS, load_session
from index.reader import CLS, SEP
from index.training.graph import CONTRIB, WORDS, Exact, Graph, build, header

PIECES = 6  # in a row when states are measured
SHARE = 0.4  # of a range that moves into the weights
APART = 48  # one of so many gelu outputs stays float32
PAIRS = 96  # for one of so many dimensions there are two more copies
TINY = np.float32(1e-6)


@dataclass(frozen=True)
class Side:
    """Which codes states get: that of zero, what the greatest, which gets 255, is at least, and whether those below zero
    count for it."""

    zero: np.uint8
    least: np.float32
    signed: bool


SIGNED = Side(np.uint8(128), TINY, True)
GELU = Side(np.uint8(24), np.float32(1.64), False)  # 24 steps of 1.64 / 231 reach below -.17, the least gelu


def copies(spans: np.ndarray, pairs: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """How often each dimension is there, (dim,), an odd number, so that the greatest span divided by it is least with
    2 * `pairs` more; and of each further copy the dimension, and what is added before it is rounded."""
    times = np.ones(len(spans), np.int64)
    for _ in range(pairs):
        times[np.argmax(spans / times)] += 2
    more = [(at, side * j / m) for at, m in enumerate(times) for j in range(1, m // 2 + 1) for side in (1, -1)]
    return times, np.array([at for at, _ in more], np.int32), np.array([by for _, by in more], np.float32)


def steps(matrix: np.ndarray, energy: np.ndarray) -> np.ndarray:
    """(out,) float32: by what the columns of a matrix (dim, out) are divided before they are rounded; `energy` (dim,) says
    how much an error in each row counts."""
    most = np.maximum(np.abs(matrix).max(axis=0), TINY)
    choices = np.stack([most / 127, 2.0 ** (np.floor(np.log2(most) + 1e-5) - 6)])
    errors = [energy @ (np.clip(np.round(matrix / c), -127, 127) * c - matrix) ** 2 for c in choices]
    return np.take_along_axis(choices, np.argmin(errors, axis=0)[None], axis=0)[0].astype(np.float32)


class Codes:
    """States `x` (n, length, dim) of a graph in 8 bits, a step for each token; `at` and `add` are those of `copies`."""

    def __init__(self, g: Graph, x: str, dim: int, side: Side, at: np.ndarray | None = None, add: np.ndarray | None = None):
        self._g, self._zero, self._at, self._add = g, g.constant(side.zero), at, add
        flat = g.node("Reshape", [x, g.constant(np.array([-1, dim]))])
        sizes = g.node("Abs", [flat]) if side.signed else flat
        most = g.node("ReduceMax", [sizes, g.constant(np.array([1]))], keepdims=0)
        most = g.node("Max", [most, g.constant(side.least)])
        step = g.node("Div", [most, g.constant(np.float32(255 - side.zero))])
        zeros = g.node("Expand", [self._zero, g.node("Shape", [step])])
        self._codes = g.node("QuantizeLinear", [flat, step, zeros], axis=0)
        self._step = g.node("Unsqueeze", [step, g.constant(np.array([1]))])
        self._one = g.constant(np.float32(1))
        if at is not None:
            few = g.node("Div", [g.node("Gather", [flat, g.constant(at)], axis=1), self._step])
            few = g.node("QuantizeLinear", [g.node("Add", [few, g.constant(add)]), self._one, self._zero])
            self._codes = g.node("Concat", [self._codes, few], axis=1)

    def times(self, matrix: str, step: np.ndarray) -> str:
        """The states times a matrix (out, dim) of the graph whose rows are rounded to multiples of `step` (out,)."""
        g, steps, zero = self._g, self._g.constant(step), self._g.constant(np.zeros(len(step), np.int8))
        whole = g.node("QuantizeLinear", [matrix, steps, zero], axis=0)
        if self._at is not None:
            few = g.node("Gather", [matrix, g.constant(self._at)], axis=1)
            column = g.node("Unsqueeze", [steps, g.constant(np.array([1]))])
            few = g.node("Sub", [few, g.node("Mul", [column, g.constant(self._add)])])
            whole = g.node("Concat", [whole, g.node("QuantizeLinear", [few, steps, zero], axis=0)], axis=1)
        product = g.node("MatMulIntegerToFloat", [self._codes, g.turned(whole), self._one, steps, self._zero], CONTRIB)
        shape = g.node("Concat", [g.node("Shape", ["ids"]), g.constant(np.array([len(step)]))], axis=0)
        return g.node("Reshape", [g.node("Mul", [product, self._step]), shape])


class Int8(Exact):
    """A layer's multiplications in int8, but for a few columns; the runtime rounds the matrices when it loads.

    `matrices` are all that are multiplied by, (out, dim), and `measured` is name -> (span, energy): the greatest absolute
    value and the mean square of each dimension of the states that this matrix reads, as `measure` gives them. What has
    `scales` (out,) is in int8 already, and is not rounded again.
    """

    def __init__(
        self, matrices: Mapping[str, np.ndarray], measured: Mapping[str, tuple[np.ndarray, np.ndarray]],
        scales: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self._matrices, self._measured, self._scales = matrices, measured, scales or {}

    def times(self, g: Graph, x: str, *names: str) -> list[str]:
        times = self._reading(g, x, names)
        return [times(name) for name in names]

    def feed_forward(self, g: Graph, x: str, up: str, down: str) -> str:
        times, matrix, (_, energy) = self._reading(g, x, [up]), self._matrices[down], self._measured[down]
        order = np.argsort(-energy * np.abs(matrix).max(axis=0) ** 2, kind="stable").astype(np.int32)
        cut = max(1, len(order) // APART)
        exact, rounded = np.sort(order[:cut]), np.sort(order[cut:])

        def bent(part: np.ndarray) -> str:
            bias = g.node("Gather", [g.wide(f"{up}.bias"), g.constant(part)])
            return g.node("BiasGelu", [times(up, part), bias], CONTRIB)

        def columns(part: np.ndarray) -> str:
            return g.node("Gather", [self.matrix(g, down), g.constant(part)], axis=1)

        few = g.node("MatMul", [bent(exact), g.turned(columns(exact))])
        most, rest = bent(rounded), columns(rounded)
        step = self._steps(down, matrix[:, rounded], energy[rounded])
        return g.node("Add", [few, Codes(g, most, len(rounded), GELU).times(rest, step)])

    def _reading(self, g: Graph, x: str, names: Sequence[str]) -> Callable[..., str]:
        """What multiplies `x` by a matrix of `names`, which are all that read it, or by the columns `part` of one."""
        span, energy = self._measured[names[0]]
        stretch = np.ones(len(span), np.float32)
        if not self._scales:
            most = np.max([np.abs(self._matrices[name]).max(axis=0) for name in names], axis=0)
            stretch = np.maximum(most, TINY) ** (1 - SHARE) / np.maximum(span, TINY) ** SHARE
            stretch = (2.0 ** np.round(np.log2(stretch / stretch.mean()))).astype(np.float32)
        count, at, add = copies(span * stretch, max(1, len(span) // PAIRS))
        narrow = g.node("Mul", [x, g.constant((stretch / count).astype(np.float32))])
        codes, wide = Codes(g, narrow, len(span), SIGNED, at, add), g.constant(stretch)

        def times(name: str, part: np.ndarray | None = None) -> str:
            stored, matrix = self.matrix(g, name), self._matrices[name] / stretch
            step = self._steps(name, matrix, energy * stretch**2)
            if part is not None:
                stored, step = g.node("Gather", [stored, g.constant(part)], axis=0), step[part]
            return codes.times(g.node("Div", [stored, wide]), step)

        return times

    def _steps(self, name: str, matrix: np.ndarray, energy: np.ndarray) -> np.ndarray:
        return self._scales[name] if self._scales else steps(matrix.T, energy)


def measure(
    make: Callable[[Exact], ModelProto], weights: Mapping[str, Path], feeds: Iterable[Mapping[str, np.ndarray]]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """name of a matrix -> (span, energy) of the states that it reads: the greatest absolute value and the mean square of
    each dimension, (dim,), in the float32 graph over the `feeds`."""
    kept = Kept()
    model = make(kept)
    states = sorted(set(kept.read.values()))
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in states)
    session = load_session(model.SerializeToString(), weights)
    most, energy, tokens = dict.fromkeys(states, 0), dict.fromkeys(states, 0), 0
    for feed in feeds:
        tokens += feed["ids"].size
        for name, value in zip(states, session.run(states, dict(feed)), strict=True):
            most[name] = np.maximum(most[name], np.abs(value).max(axis=(0, 1)))
            energy[name] = energy[name] + np.square(value).sum(axis=(0, 1))
    return {matrix: (most[name], energy[name] / tokens) for matrix, name in kept.read.items()}


class Kept(Exact):
    """In float32, and keeps which states each matrix reads."""

    def __init__(self) -> None:
        self.read: dict[str, str] = {}

    def multiply(self, g: Graph, x: str, name: str) -> str:
        self.read[name] = x
        return super().multiply(g, x, name)


def shuffled(pieces: int) -> list[np.ndarray]:
    """Ids (n, `PIECES` + 2) in parts: the whole vocabulary in rows of some pieces between `[CLS]` and `[SEP]`."""
    order = np.random.default_rng(0).permutation(pieces)
    rows = np.resize(order, (-(-pieces // PIECES), PIECES))
    rows = np.pad(np.pad(rows, ((0, 0), (1, 0)), constant_values=CLS), ((0, 0), (0, 1)), constant_values=SEP)
    return np.array_split(rows, -(-len(rows) // 64))


def write(folder: Path, layers: int, heads: int, eps: float) -> None:
    """Both graphs of `folder`, which read its safetensors files; checked by onnx."""
    file, stored = folder / WEIGHTS[0], header(folder / WEIGHTS[0])
    matrices = {
        name.removesuffix(".weight"): float8_values()[np.fromfile(file, np.uint8, size, offset=offset)].reshape(shape)
        for name, (kind, shape, offset, size) in stored.items() if kind == "F8_E4M3" and name != WORDS
    }  # fmt: skip
    feeds = [{"ids": part} for part in shuffled(stored[WORDS][1][0])]
    measured = measure(partial(build, folder, layers, heads, eps), {name: folder / name for name in WEIGHTS}, feeds)
    for name, products in ((GRAPH, Exact()), (GRAPH_INT8, Int8(matrices, measured))):
        (folder / name).write_bytes(build(folder, layers, heads, eps, products).SerializeToString())
        checker.check_model(str(folder / name))
