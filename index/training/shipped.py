"""Goes on from a folder that was exported: its files as a work folder whose stages before `joint` are done."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file

from index.embedder import AXES, STATIC
from index.training.model import Whole, from_bert, save
from index.training.rounding import STRETCH, dithered

STAGES = ("mix", "joint", "export")  # what is left to do


def unpack(folder: Path, work: Path, seed: int = 0) -> None:
    """Write `tokenizer.json` and `retrieve.safetensors`, with the static rows and the axes, to `work`, unless they are there.

    The transformer's matrices and words come back each somewhere within what rounds to the shipped float8 value, so that
    training is not held where it starts; the rest exactly.
    """
    if (work / "retrieve.safetensors").exists():
        return
    (work / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    model = from_bert(folder)
    with torch.no_grad():
        model.words.weight.copy_(dithered(model.words.weight, seed, STRETCH))
        model.positions.weight.div_(STRETCH)
        for number, weight in enumerate(model.layers.parameters(), start=seed + 1):
            if weight.dim() == 2:
                weight.copy_(dithered(weight, number))
    static = load_file(folder / STATIC)["emb_layer.weight"].float()
    turn = load_file(folder / AXES)["linear.weight"].float()
    save(Whole(model, static, turn), work / "retrieve.safetensors")
