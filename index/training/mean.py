"""The mean of several checkpoints' weights (Wortsman et al., "Model soups", ICML 2022): `python -m index.training.mean OUT FILE...`.

Runs that began at the same weights mostly err in different directions. A file named twice counts twice.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from index.training.model import write


def mean(paths: Sequence[Path], out: Path) -> None:
    """Writes the mean of checkpoints that `index.training` wrote, as float16. ValueError if their tensors differ in name or shape."""
    total: dict[str, torch.Tensor] = {}
    with safe_open(paths[0], "pt") as file:
        about = file.metadata()
    for path in paths:
        state = load_file(path)
        if total and {k: v.shape for k, v in state.items()} != {k: v.shape for k, v in total.items()}:
            raise ValueError(f"{path} is not of the same model as {paths[0]}")
        for name, values in state.items():
            if not values.is_floating_point():
                raise ValueError(f"{path} is not a checkpoint: {name} is in {values.dtype}")
            total[name] = total.get(name, 0) + values.float() / len(paths)
    write(total, out, about)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m index.training.mean", description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("file", type=Path, nargs="+")
    asked = parser.parse_args()
    mean(asked.file, asked.out)
