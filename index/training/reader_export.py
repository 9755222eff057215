"""The reader as it ships: matrices in int8 with a scale for each output, and an ONNX graph over them and the encoder's words."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import torch
from onnx import GraphProto, ModelProto, TensorProto, helper
from safetensors.torch import save_file

from index.reader import CHECKSUM, GRAPH, GRAPH_INT8, OWN, WORDS, checksum
from index.training.graph import CONTRIB, Exact, Graph, entries, info
from index.training.int8 import PIECES, Int8, measure, shuffled
from index.training.model import EPS
from index.training.reader import Reader

_STEPS = 127  # of int8, on either side of zero


def shipped(reader: Reader) -> dict[str, torch.Tensor]:
    """The reader's own weights: matrices (out, in) int8 and their scales (out, 1) float16, all else float16."""
    out = {}
    for name, value in reader.state_dict().items():
        value = value.detach().float()
        if name.startswith("words"):
            continue
        if name.startswith("layers") and value.dim() == 2:
            scale = (value.abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / _STEPS).half()
            out[f"{name}.scale"] = scale
            out[name] = (value / scale.float()).round().clamp(-_STEPS, _STEPS).to(torch.int8).contiguous()
        else:
            out[name] = value.half().contiguous()
    return out


def write(reader: Reader, encoder: Path, out: Path) -> int:
    """Writes the files of a reader over the words of the folder `encoder` to `out`; returns their size in bytes."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = shipped(reader)
    save_file(tensors, out / OWN)
    (out / OWN).chmod(0o644)
    scales = {k.removesuffix(".weight.scale"): v.float().numpy()[:, 0] for k, v in tensors.items() if k.endswith(".scale")}
    matrices = {name: tensors[f"{name}.weight"].float().numpy() * scale[:, None] for name, scale in scales.items()}
    make = partial(_graph, reader, encoder, out)
    # Question, sentence and what stands before it: two of the pieces each.
    segments = np.repeat([0, 1, 2], [3, 2, PIECES - 2])
    parts = shuffled(reader.words.num_embeddings)
    feeds = [{"ids": ids, "segments": np.tile(segments[: ids.shape[1]], (len(ids), 1))} for ids in parts]
    measured = measure(make, {OWN: out / OWN, WORDS: encoder / WORDS}, feeds)
    for name, products in ((GRAPH, Exact()), (GRAPH_INT8, Int8(matrices, measured, scales))):
        (out / name).write_bytes(make(products).SerializeToString())
    return sum((out / name).stat().st_size for name in (GRAPH, GRAPH_INT8, OWN))


def _graph(reader: Reader, encoder: Path, out: Path, products: Exact) -> ModelProto:
    g = Graph(entries(encoder, WORDS) | entries(out, OWN))

    def norm(x: str, name: str) -> str:
        return g.node("LayerNormalization", [x, g.wide(f"{name}.weight"), g.wide(f"{name}.bias")], epsilon=EPS, axis=-1)

    def at_of(n: int) -> str:
        return g.constant(np.array([n]))

    zero, one = at_of(0), at_of(1)
    length = g.node("Shape", ["ids"], start=1, end=2)
    places = g.node("Slice", [g.wide("positions.weight"), zero, length, zero])
    words = g.rows("embeddings.word_embeddings.weight", "ids")
    segments = g.node("Gather", [g.wide("segments.weight"), "segments"])
    x = norm(g.node("Add", [g.node("Add", [words, places]), segments]), "norm")
    heads = reader.layers[0].heads
    dim = reader.words.embedding_dim
    for i in range(len(reader.layers)):
        at = f"layers.{i}"
        states = g.biased(*products.times(g, x, f"{at}.qkv"), f"{at}.qkv")
        parts = [g.node("Slice", [states, at_of(n * dim), at_of((n + 1) * dim), at_of(-1)]) for n in range(3)]
        seen = g.node("MultiHeadAttention", parts, CONTRIB, num_heads=heads)
        seen = g.biased(*products.times(g, seen, f"{at}.out"), f"{at}.out")
        x = norm(g.node("Add", [seen, x]), f"{at}.norm1")
        down = g.biased(products.feed_forward(g, x, f"{at}.up", f"{at}.down"), f"{at}.down")
        x = norm(g.node("Add", [down, x]), f"{at}.norm2")
    first = g.node("Squeeze", [g.node("Slice", [x, zero, one, one]), one])
    score = g.node("Gemm", [first, g.wide("score.weight"), g.wide("score.bias")], transB=1)
    g.nodes.append(helper.make_node("Squeeze", [score, one], ["scores"]))
    graph = GraphProto(
        name="crosscite-reader",
        node=g.nodes,
        initializer=g.tensors,
        input=[info(name, TensorProto.INT64, "n", "length") for name in ("ids", "segments")],
        output=[info("scores", TensorProto.FLOAT, "n")],
    )
    sets = [helper.make_opsetid("", 19), helper.make_opsetid(CONTRIB, 1)]
    model = helper.make_model(graph, opset_imports=sets, ir_version=10)
    helper.set_model_props(model, {CHECKSUM: checksum(out / OWN)})
    return model
