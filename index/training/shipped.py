"""Goes on from a folder that was exported: its files as a work folder whose stages before `joint` are done."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from index.embedder import STATIC
from index.training.export import STANDING
from index.training.model import from_bert, save
from index.training.rounding import STRETCH, dithered

STAGES = ("mix", "joint", "export")  # what is left to do


def unpack(folder: Path, work: Path, seed: int = 0) -> None:
    """Write `tokenizer.json`, `tuned.safetensors` and `retrieve.safetensors` to `work`, unless they are there.

    The static rows come back exactly; the transformer's matrices and words each somewhere within what rounds to the
    shipped float8 value, so that training is not held where it starts.
    """
    if (work / "retrieve.safetensors").exists():
        return
    (work / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    rows = load_file(folder / STATIC)["emb_layer.weight"].float() / STANDING
    save_file({"vectors": rows.half(), "scales": torch.ones(len(rows), 1).half()}, work / "tuned.safetensors")
    model = from_bert(folder)
    with torch.no_grad():
        model.words.weight.copy_(dithered(model.words.weight, seed, STRETCH))
        model.positions.weight.div_(STRETCH)
        for number, weight in enumerate(model.layers.parameters(), start=seed + 1):
            if weight.dim() == 2:
                weight.copy_(dithered(weight, number))
    save(model, work / "retrieve.safetensors")
