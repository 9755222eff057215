"""Carries a run to a machine that has no corpus: two archives there, a checkpoint in small parts back."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from index.training.mixture import Pool

LIMIT = 60_000_000  # bytes of an archive
PART = 16_000_000  # bytes of a part of a checkpoint


def pack(work: Path, teacher: Path, limit: int = LIMIT, seed: int = 0) -> list[Path]:
    """Write `work/weights.tar.xz` (tokenizer, static vectors, teacher in float16) and `work/pools.tar.xz` (the pools,
    thinned evenly to fit), each of at most `limit` bytes. Both unpacked into one folder make a `--work` folder whose
    stages 0 and 1 are done and whose teacher is `<folder>/teacher`. ValueError if the weights do not fit."""
    bare = work / "packed"
    (bare / "teacher").mkdir(parents=True, exist_ok=True)
    halves = {k: v.half() if v.is_floating_point() else v for k, v in load_file(teacher / "model.safetensors").items()}
    save_file(halves, bare / "teacher" / "model.safetensors")
    for name in ("tokenizer.json", "config.json"):
        (bare / "teacher" / name).write_bytes((teacher / name).read_bytes())
    for name in ("tokenizer.json", "static.safetensors"):
        (bare / name).write_bytes((work / name).read_bytes())
    weights = _archive(bare, work / "weights.tar.xz")
    if weights.stat().st_size > limit:
        raise ValueError(f"{weights} has {weights.stat().st_size:,} bytes, {limit:,} allowed; raise the limit")
    thin, share = work / "thinned", 1.0
    while True:
        for path in sorted((work / "pools").glob("*.npz")):
            _thin(path, thin / "pools" / path.name, share, np.random.default_rng(seed))
        pools = _archive(thin, work / "pools.tar.xz")
        if pools.stat().st_size <= limit:
            return [weights, pools]
        share *= 0.95 * limit / pools.stat().st_size


def _thin(path: Path, out: Path, share: float, rng: np.random.Generator) -> None:
    pool = Pool.load(path)
    some = np.sort(rng.permutation(len(pool))[: int(np.ceil(share * len(pool)))])
    Pool(*[[side[i] for i in some] for side in (pool.a, pool.b, pool.t)]).save(out)


def _archive(folder: Path, out: Path) -> Path:
    with tarfile.open(out, "w:xz", preset=1) as archive:
        archive.add(folder, arcname=".")
    return out


def split(path: Path, out: Path, part: int = PART) -> list[Path]:
    """The file in parts of at most `part` bytes, `<name>.000`, `<name>.001`, ... in the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    data = path.read_bytes()
    made = []
    for i, at in enumerate(range(0, len(data), part)):
        made.append(out / f"{path.name}.{i:03d}")
        made[-1].write_bytes(data[at : at + part])
    return made


def join(parts: list[Path], out: Path) -> None:
    """Write the file whose parts `split` made."""
    out.write_bytes(b"".join(p.read_bytes() for p in sorted(parts)))
