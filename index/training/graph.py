"""The encoder as an ONNX graph whose weights lie in the folder's `model.safetensors`: one set, two readers."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, checker, helper, numpy_helper

CONTRIB = "com.microsoft"
KINDS = {"F8_E4M3": TensorProto.FLOAT8E4M3FN, "F16": TensorProto.FLOAT16, "F32": TensorProto.FLOAT}
LAYER = "encoder.layer.{}."


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


class _Graph:
    """Collects nodes and initialisers; every method returns the name of a tensor."""

    def __init__(self, weights: Path) -> None:
        self.weights, self.entries = weights.name, header(weights)
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
        """An initialiser that points into the safetensors file; `kind` reads its bytes as another type."""
        if name not in self.made:
            self.made.add(name)
            dtype, shape, offset, length = self.entries[name]
            tensor = TensorProto(
                name=name, data_type=kind or KINDS[dtype], dims=shape, data_location=TensorProto.EXTERNAL
            )
            for key, value in (("location", self.weights), ("offset", offset), ("length", length)):
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


def float8_values() -> np.ndarray:
    """What the 256 bytes mean as float8 e4m3fn (Micikevicius et al. 2022), (256,) float32; the two NaN read 0."""
    code = np.arange(256)
    exponent, mantissa = (code >> 3) & 15, code & 7
    value = np.where(exponent > 0, (8 + mantissa) * 2.0 ** (exponent - 10.0), mantissa * 2.0**-9)
    value[exponent * 8 + mantissa == 127] = 0
    return np.where(code < 128, value, -value).astype(np.float32)


def build(weights: Path, layers: int, heads: int, eps: float) -> ModelProto:
    """The graph (`ids` (n, length) int64, right-padded, `lengths` (n,) int32) -> (`vectors` (n, dim) unit rows,
    `states` (n, length, dim)), as transformers' BertModel with mean pooling over the first `lengths` positions."""
    g = _Graph(weights)

    def norm(x: str, skip: str, name: str, bias: str | None = None) -> str:
        inputs = [x, skip, g.wide(f"{name}.weight"), g.wide(f"{name}.bias"), *([bias] if bias else [])]
        return g.node("SkipLayerNormalization", inputs, CONTRIB, epsilon=eps)

    longest = g.node("Shape", ["ids"], start=1, end=2)
    zero, one = g.constant(np.array([0])), g.constant(np.array([1]))
    order = g.node("Range", [g.constant(np.array(0)), g.node("Squeeze", [longest]), g.constant(np.array(1))])
    words = g.rows("embeddings.word_embeddings.weight", "ids")
    places = g.node("Slice", [g.wide("embeddings.position_embeddings.weight"), zero, longest, zero])
    shape = g.node("Shape", [words])
    places = g.node("Expand", [places, shape])
    x = norm(words, places, "embeddings.LayerNorm")
    for i in range(layers):
        at = LAYER.format(i)
        parts = [f"{at}attention.self.{p}" for p in ("query", "key", "value")]
        weight = g.node("Concat", [g.wide(f"{p}.weight", turn=True) for p in parts], axis=1)
        bias = g.node("Concat", [g.wide(f"{p}.bias") for p in parts], axis=0)
        seen = g.node("Attention", [x, weight, bias, "lengths"], CONTRIB, num_heads=heads)
        out = g.node("MatMul", [seen, g.wide(f"{at}attention.output.dense.weight", turn=True)])
        x = norm(out, x, f"{at}attention.output.LayerNorm", g.wide(f"{at}attention.output.dense.bias"))
        up = g.node("MatMul", [x, g.wide(f"{at}intermediate.dense.weight", turn=True)])
        up = g.node("BiasGelu", [up, g.wide(f"{at}intermediate.dense.bias")], CONTRIB)
        down = g.node("MatMul", [up, g.wide(f"{at}output.dense.weight", turn=True)])
        x = norm(down, x, f"{at}output.LayerNorm", g.wide(f"{at}output.dense.bias"))
    limits = g.node("Unsqueeze", [g.node("Cast", ["lengths"], to=TensorProto.INT64), one])
    mask = g.node("Cast", [g.node("Less", [order, limits])], to=TensorProto.FLOAT)
    total = g.node("Squeeze", [g.node("MatMul", [g.node("Unsqueeze", [mask, one]), x]), one])
    vectors = g.node("LpNormalization", [total], axis=-1, p=2)
    outputs = [g.node("Identity", [vectors]), g.node("Identity", [x])]
    for old, new in zip(outputs, ("vectors", "states"), strict=True):
        next(n for n in g.nodes if n.name == old).output[0] = new
    graph = GraphProto(
        name="crosscite-encoder",
        node=g.nodes,
        initializer=g.tensors,
        input=[_info("ids", TensorProto.INT64, "n", "length"), _info("lengths", TensorProto.INT32, "n")],
        output=[
            _info("vectors", TensorProto.FLOAT, "n", "dim"),
            _info("states", TensorProto.FLOAT, "n", "length", "dim"),
        ],
    )
    sets = [helper.make_opsetid("", 19), helper.make_opsetid(CONTRIB, 1)]
    return helper.make_model(graph, opset_imports=sets, ir_version=10)


def _info(name: str, kind: int, *shape: str) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def write(folder: Path, layers: int, heads: int, eps: float) -> None:
    """`folder/model.onnx`, which reads `folder/model.safetensors`; checked by onnx."""
    path = folder / "model.onnx"
    path.write_bytes(build(folder / "model.safetensors", layers, heads, eps).SerializeToString())
    checker.check_model(str(path))
