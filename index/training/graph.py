"""The encoder as ONNX graphs whose weights lie in the folder's safetensors files: one set for all that read them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

from index.embedder import AXES, STATIC, float8_values

CONTRIB = "com.microsoft"
KINDS = {
    "F8_E4M3": TensorProto.FLOAT8E4M3FN, "F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT, "I8": TensorProto.INT8,
}  # fmt: skip
LAYER = "encoder.layer.{}."
WORDS = "embeddings.word_embeddings.weight"


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
        self.constants: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def node(self, kind: str, inputs: list[str], domain: str = "", **attributes) -> str:
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        value = np.asarray(value)
        key = value.dtype.str, value.shape, value.tobytes()
        if key not in self.constants:
            self.constants[key] = f"c{len(self.tensors)}"
            self.tensors.append(numpy_helper.from_array(value, self.constants[key]))
        return self.constants[key]

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
        return self.turned(out) if turn else out

    def turned(self, matrix: str) -> str:
        """A matrix transposed."""
        return self.node("Transpose", [matrix], perm=[1, 0])

    def biased(self, x: str, name: str) -> str:
        """`x` plus the stored bias of this name."""
        return self.node("Add", [x, self.wide(f"{name}.bias")])

    def rows(self, name: str, ids: str) -> str:
        """The rows `ids` of a stored (V, dim) float8 table as float32, widened through a table of the 256 values."""
        picked = self.node("Gather", [self.stored(name, TensorProto.UINT8), ids])
        return self.node("Gather", [self.constant(float8_values()), self.node("Cast", [picked], to=TensorProto.INT32)])


class Exact:
    """A layer's multiplications in float32."""

    def times(self, g: Graph, x: str, *names: str) -> list[str]:
        """`x` times each of the matrices, which are all that read these states."""
        return [self.multiply(g, x, name) for name in names]

    def feed_forward(self, g: Graph, x: str, up: str, down: str) -> str:
        """`x` times the matrix `up`, its bias added, bent by gelu, times the matrix `down`."""
        wide = self.multiply(g, x, up)
        return self.multiply(g, g.node("BiasGelu", [wide, g.wide(f"{up}.bias")], CONTRIB), down)

    def multiply(self, g: Graph, x: str, name: str) -> str:
        """`x` times one matrix."""
        return g.node("MatMul", [x, g.turned(self.matrix(g, name))])

    def matrix(self, g: Graph, name: str) -> str:
        """A stored matrix (out, dim) as float32, times the scales of its rows if it has any."""
        wide = g.wide(f"{name}.weight")
        return g.node("Mul", [wide, g.wide(f"{name}.weight.scale")]) if f"{name}.weight.scale" in g.entries else wide


def build(folder: Path, layers: int, heads: int, eps: float, products: Exact | None = None) -> ModelProto:
    """The graph (`ids` (n, length) int64, nothing padded) -> `vectors` (n, dim) float32 unit rows.

    As the modules of the folder: the mean of BERT's last states beside the mean of the static rows, turned to the
    axes. Without padding no mask is needed, and the runtime's flash attention applies.
    """
    g, products = Graph(entries(folder, "model.safetensors", STATIC, AXES)), products or Exact()

    def norm(x: str, skip: str, name: str) -> str:
        # SkipLayerNormalization, which does both at once, takes twice as long in onnxruntime 1.31 on a CPU.
        inputs = [g.node("Add", [x, skip]), g.wide(f"{name}.weight"), g.wide(f"{name}.bias")]
        return g.node("LayerNormalization", inputs, epsilon=eps, axis=-1)

    def mean(x: str) -> str:
        return g.node("ReduceMean", [x, one], keepdims=0)

    zero, one = g.constant(np.array([0])), g.constant(np.array([1]))
    words = g.rows(WORDS, "ids")
    length = g.node("Shape", ["ids"], start=1, end=2)
    places = g.node("Slice", [g.wide("embeddings.position_embeddings.weight"), zero, length, zero])
    x = norm(words, places, "embeddings.LayerNorm")
    for i in range(layers):
        at = LAYER.format(i)
        parts = [f"{at}attention.self.{p}" for p in ("query", "key", "value")]
        states = products.times(g, x, *parts)
        bias = g.node("Concat", [g.wide(f"{p}.bias") for p in parts], axis=0)
        seen = g.node("MultiHeadAttention", [*states, bias], CONTRIB, num_heads=heads)
        (out,) = products.times(g, seen, f"{at}attention.output.dense")
        x = norm(g.biased(out, f"{at}attention.output.dense"), x, f"{at}attention.output.LayerNorm")
        down = products.feed_forward(g, x, f"{at}intermediate.dense", f"{at}output.dense")
        x = norm(g.biased(down, f"{at}output.dense"), x, f"{at}output.LayerNorm")
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
