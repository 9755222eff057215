"""The encoder as ONNX graphs whose weights lie in the folder's safetensors files: one set for all that read them."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

from index.embedder import AXES, STATIC, float8_values
from index.encoder_onnx import GRAPH, GRAPH_INT8, WEIGHTS, load_session
from index.reader import CLS, SEP

CONTRIB = "com.microsoft"
KINDS = {
    "F8_E4M3": TensorProto.FLOAT8E4M3FN, "F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT, "I8": TensorProto.INT8,
}  # fmt: skip
LAYER = "encoder.layer.{}."
PIECES = 6  # in a row when ranges are measured; with 30 or 126 the vectors are no nearer to float32's
SHARE = 0.7  # of a range that moves into the weights; with 0.5 and 1 the vectors are less near
TINY = np.float32(1e-6)


def header(path: Path) -> dict[str, tuple[str, list[int], int, int]]:
    """name -> (dtype, shape, offset in the file, bytes) of a safetensors file (8 bytes of length, then JSON)."""
    with path.open("rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        entries = json.loads(file.read(size))
    entries.pop("__metadata__", None)
    return {
        name: (e["dtype"], e["shape"], 8 + size + e["data_offsets"][0], e["data_offsets"][1] - e["data_offsets"][0])
        for name, e in entries.items()
    }


def entries(folder: Path, *names: str) -> dict[str, tuple[str, str, list[int], int, int]]:
    """name -> (file, and what `header` says) of the tensors in these files of `folder`."""
    return {key: (name, *entry) for name in names for key, entry in header(folder / name).items()}


class Graph:
    """Collects nodes and initialisers of stored `entries`; every method returns the name of a tensor."""

    def __init__(self, stored: dict[str, tuple[str, str, list[int], int, int]]) -> None:
        self.entries = stored
        self.nodes: list[NodeProto] = []
        self.tensors: list[TensorProto] = []
        self.made: set[str] = set()

    def node(self, kind: str, inputs: list[str], domain: str = "", **attributes) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"c{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(value, name))
        return name

    def stored(self, name: str, kind: int | None = None) -> str:
        """An initialiser that points into a safetensors file; `kind` reads its bytes as another type."""
        if name not in self.made:
            self.made.add(name)
            file, dtype, shape, offset, length = self.entries[name]
            tensor = TensorProto(
                name=name, data_type=kind or KINDS[dtype], dims=shape, data_location=TensorProto.EXTERNAL
            )
            for key, value in (("location", file), ("offset", offset), ("length", length)):
                tensor.external_data.add(key=key, value=str(value))
            self.tensors.append(tensor)
        return name

    def wide(self, name: str, turn: bool = False) -> str:
        """A stored tensor as float32, transposed with `turn`; the runtime folds both when it loads."""
        out = self.node("Cast", [self.stored(name)], to=TensorProto.FLOAT)
        return self.node("Transpose", [out], perm=[1, 0]) if turn else out

    def rows(self, name: str, ids: str) -> str:
        """The rows `ids` of a stored (V, dim) float8 table as float32, widened through a table of the 256 values."""
        picked = self.node("Gather", [self.stored(name, TensorProto.UINT8), ids])
        return self.node("Gather", [self.constant(float8_values()), self.node("Cast", [picked], to=TensorProto.INT32)])

    def step(self, x: str, axis: int) -> str:
        """What the rows (axis -1) or columns (axis 0) of `x` are divided by, so that they lie from -127 to 127."""
        most = self.node("ReduceMax", [self.node("Abs", [x]), self.constant(np.array([axis]))], keepdims=axis == -1)
        return self.node("Div", [self.node("Max", [most, self.constant(TINY)]), self.constant(np.float32(127))])

    def matmuls(self, x: str, names: list[str]) -> list[str]:
        """`x` times each stored matrix."""
        return [self.node("MatMul", [x, self.wide(f"{name}.weight", turn=True)]) for name in names]

    def rounded_matmuls(self, x: str, names: list[str], stretch: np.ndarray | None = None) -> list[str]:
        """`matmuls` in int8, 255 steps for each row of `x` and each output of a matrix.

        With `stretch` the columns of `x` are multiplied by it and the weights divided, which changes only the rounding
        (Xiao et al. 2023, SmoothQuant). The runtime rounds the matrices when it loads.
        """
        if stretch is not None:
            x = self.node("Mul", [x, self.constant(stretch)])
        step, unit, middle = self.step(x, -1), self.constant(np.float32(1)), self.constant(np.uint8(128))
        codes = self.node("QuantizeLinear", [self.node("Div", [x, step]), unit, middle])
        out = []
        for name in names:
            matrix = self.wide(f"{name}.weight", turn=True)
            if stretch is not None:
                matrix = self.node("Div", [matrix, self.constant(stretch[:, None])])
            steps = self.step(matrix, 0)
            whole = self.node("Cast", [self.node("Round", [self.node("Div", [matrix, steps])])], to=TensorProto.INT8)
            product = self.node("MatMulIntegerToFloat", [codes, whole, unit, steps, middle], CONTRIB)
            out.append(self.node("Mul", [product, step]))
        return out


def build(
    folder: Path, layers: int, heads: int, eps: float, stretches: Sequence[np.ndarray] | None = None
) -> ModelProto:
    """The graph (`ids` (n, length) int64, nothing padded) -> `vectors` (n, dim) float32 unit rows.

    As the modules of the folder: the mean of BERT's last states beside the mean of the static rows, turned to the
    axes. Without padding no mask is needed, and the runtime's flash attention applies.

    With `stretches`, as the function of that name gives them, 5 of 12 multiplications are in int8: queries, keys, the
    attention's output and, in the second half of the layers, the first feed-forward matrix. Values and second
    feed-forward matrices stay float32, since their rounding would cost more than that of all others; the first
    feed-forward matrices of the first half because there a token is made one that others look at, or not, by a hair.
    """
    g = Graph(entries(folder, "model.safetensors", STATIC, AXES))

    def norm(x: str, skip: str, name: str) -> str:
        # SkipLayerNormalization, which does both at once, takes twice as long in onnxruntime 1.31 on a CPU.
        inputs = [g.node("Add", [x, skip]), g.wide(f"{name}.weight"), g.wide(f"{name}.bias")]
        return g.node("LayerNormalization", inputs, epsilon=eps, axis=-1)

    def times(x: str, *names: str, norm: int | None = None) -> list[str]:
        if stretches is None:
            return g.matmuls(x, names)
        return g.rounded_matmuls(x, names, None if norm is None else stretches[norm])

    def biased(x: str, name: str) -> str:
        return g.node("Add", [x, g.wide(f"{name}.bias")])

    def mean(x: str) -> str:
        return g.node("ReduceMean", [x, one], keepdims=0)

    zero, one = g.constant(np.array([0])), g.constant(np.array([1]))
    words = g.rows("embeddings.word_embeddings.weight", "ids")
    length = g.node("Shape", ["ids"], start=1, end=2)
    places = g.node("Slice", [g.wide("embeddings.position_embeddings.weight"), zero, length, zero])
    x = norm(words, places, "embeddings.LayerNorm")
    for i in range(layers):
        at = LAYER.format(i)
        parts = [f"{at}attention.self.{p}" for p in ("query", "key", "value")]
        states = [*times(x, *parts[:2], norm=2 * i), *g.matmuls(x, parts[2:])]
        bias = g.node("Concat", [g.wide(f"{p}.bias") for p in parts], axis=0)
        seen = g.node("MultiHeadAttention", [*states, bias], CONTRIB, num_heads=heads)
        (out,) = times(seen, f"{at}attention.output.dense")
        x = norm(biased(out, f"{at}attention.output.dense"), x, f"{at}attention.output.LayerNorm")
        wide = f"{at}intermediate.dense"
        (up,) = g.matmuls(x, [wide]) if 2 * i < layers else times(x, wide, norm=2 * i + 1)
        up = g.node("BiasGelu", [up, g.wide(f"{wide}.bias")], CONTRIB)
        (down,) = g.matmuls(up, [f"{at}output.dense"])
        x = norm(biased(down, f"{at}output.dense"), x, f"{at}output.LayerNorm")
    both = g.node("Concat", [mean(x), mean(g.rows("emb_layer.weight", "ids"))], axis=1)
    turned = g.node("MatMul", [both, g.wide("linear.weight", turn=True)])
    g.nodes.append(helper.make_node("LpNormalization", [turned], ["vectors"], axis=-1, p=2))
    graph = GraphProto(
        name="crosscite-encoder",
        node=g.nodes,
        initializer=g.tensors,
        input=[info("ids", TensorProto.INT64, "n", "length")],
        output=[info("vectors", TensorProto.FLOAT, "n", "dim")],
    )
    sets = [helper.make_opsetid("", 19), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(graph, opset_imports=sets, ir_version=10)


def info(name: str, kind: int, *shape: str) -> ValueInfoProto:
    """An input or output of a graph."""
    return helper.make_tensor_value_info(name, kind, shape)


def stretches(folder: Path, layers: int, heads: int, eps: float) -> list[np.ndarray]:
    """By how much to multiply each column of every norm's output but the last, (dim,) float32, before it is rounded.

    That of wide range is narrowed and that of great weights widened, as `SHARE` says. Ranges are the float32 graph's
    over the whole vocabulary, shuffled into rows of `PIECES` between `[CLS]` and `[SEP]`.
    """
    model = build(folder, layers, heads, eps)
    norms = [n.output[0] for n in model.graph.node if n.op_type == "LayerNormalization"][:-1]
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in norms)
    session = load_session(model.SerializeToString(), {name: folder / name for name in WEIGHTS})
    entries = header(folder / "model.safetensors")
    pieces = np.random.default_rng(0).permutation(entries["embeddings.word_embeddings.weight"][1][0])
    rows = np.resize(pieces, (-(-len(pieces) // PIECES), PIECES))
    rows = np.pad(np.pad(rows, ((0, 0), (1, 0)), constant_values=CLS), ((0, 0), (0, 1)), constant_values=SEP)
    parts = np.array_split(rows, -(-len(rows) // 64))
    spans = [np.abs(x).max(axis=(0, 1)) for part in parts for x in session.run(norms, {"ids": part})]
    spans = np.stack(spans).reshape(len(parts), len(norms), -1).max(axis=0)

    def weights(name: str) -> np.ndarray:
        _, shape, offset, size = entries[f"{name}.weight"]
        codes = np.fromfile(folder / "model.safetensors", np.uint8, size, offset=offset)
        return np.abs(float8_values()[codes].reshape(shape)).max(axis=0)

    out = []
    for norm, span in enumerate(spans):
        at = LAYER.format(norm // 2)
        users = ["intermediate.dense"] if norm % 2 else ["attention.self.query", "attention.self.key"]
        most = np.max([weights(at + user) for user in users], axis=0)
        stretch = np.maximum(most, TINY) ** (1 - SHARE) / np.maximum(span, TINY) ** SHARE
        out.append((stretch / stretch.mean()).astype(np.float32))
    return out


def write(folder: Path, layers: int, heads: int, eps: float) -> None:
    """Both graphs of `folder`, which read its safetensors files; checked by onnx."""
    for name, narrow in ((GRAPH, None), (GRAPH_INT8, stretches(folder, layers, heads, eps))):
        (folder / name).write_bytes(build(folder, layers, heads, eps, narrow).SerializeToString())
        checker.check_model(str(folder / name))
