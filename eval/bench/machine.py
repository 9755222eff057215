"""What the numbers were measured on, and the peers' environment."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from eval.bench.systems import MINILM, ROOT
from index.errors import UserError

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
_FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "amx_bf16")
_OURS = ("numpy", "onnxruntime", "faiss-cpu", "tokenizers")


def facts() -> dict[str, str]:
    """Processor, memory, versions and commit, as far as they can be read."""
    model, flags = platform.processor() or platform.machine(), set()
    cpuinfo = Path("/proc/cpuinfo")
    for line in cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else ():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            model = value.strip()
        if name.strip() == "flags":
            flags = set(value.split())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    git = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return {
        "processor": f"{model}, {len(os.sched_getaffinity(0))} cores, {' '.join(f for f in _FLAGS if f in flags)}",
        "memory": f"{memory:.0f} GB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "ours": ", ".join(f"{name} {metadata.version(name)}" for name in _OURS),
        "theirs": ", ".join(line.replace("==", " ") for line in pinned() if not line.startswith("gt-")),
        "commit": git.stdout.strip() or "unknown",
    }


def pinned() -> list[str]:
    """The peers' requirements."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def peers_python(folder: Path) -> Path:
    """The Python of an environment in `folder` that has the peers, made if it is not there as pinned. UserError if pip
    cannot make it."""
    python, stamp = folder / "bin" / "python", folder / "installed"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(REQUIREMENTS)]
    print(f"installing the peers into {folder}: some minutes, and 2 GB of disk", flush=True)
    for command in ([sys.executable, "-m", "venv", str(folder)], pip):
        done = subprocess.run(command, check=False)
        if done.returncode:
            raise UserError(f"cannot install the peers ({' '.join(command[:4])} ended with {done.returncode}); try again")
    stamp.write_text(wanted, encoding="utf-8")
    return python


def minilm(python: Path) -> Path | None:
    """The folder of all-MiniLM-L6-v2 in the peers' environment, or None."""
    found = sorted(python.parents[1].glob(f"lib/python*/site-packages/{'gt_' + MINILM.lower().replace('-', '_')}/model"))
    return found[0] if found else None
