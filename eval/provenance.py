"""Where a run's numbers come from: commit, encoder, index, questions, settings, machine, seed and time."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from eval.dataset import Question
from eval.significance import ROUNDS, SEED

ROOT = Path(__file__).resolve().parent.parent
_LIBRARIES = ("numpy", "faiss-cpu", "onnxruntime", "tokenizers")
_ANSWERING = ("index", "rag")  # the packages whose code and coefficients decide what is answered


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a run was made with. `commit` and `dirty` are None outside a git checkout.

    `index` is the fingerprint in the index's manifest, `questions_sha256` that of the questions whatever the order or
    white space of their file, `source_sha256` that of the code and coefficients that answer; no path and no host name.
    """

    name: str
    questions: int
    questions_sha256: str
    encoder: str
    index: str
    source_sha256: str
    settings: Mapping[str, object]
    commit: str | None
    dirty: bool | None
    machine: Mapping[str, object]
    libraries: Mapping[str, str]
    seeds: Mapping[str, int] = field(default_factory=lambda: {"bootstrap": SEED, "rounds": ROUNDS})
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    @property
    def fingerprint(self) -> str:
        """16 hex digits that change with whatever may change an answer: code, encoder, index or settings."""
        return digest([self.source_sha256, self.encoder, self.index, dict(self.settings)])[:16]

    def sentence(self) -> str:
        """One line for a report."""
        if self.commit is None:
            commit = "no commit"
        else:
            commit = f"commit {self.commit[:10]}" + (" with changes" if self.dirty else "")
        parts = [
            f"{self.name}: {self.questions} questions ({self.questions_sha256[:12]})",
            f"encoder {self.encoder}",
            f"index {self.index}",
            commit,
            *(f"{key} {value}" for key, value in self.settings.items() if value is not None),
            f"{self.machine['cores']} cores of {self.machine['cpu']}, Python {self.machine['python']}",
            self.time,
        ]
        return "; ".join(parts)


def provenance(
    name: str, questions: Iterable[Question], index: Path, encoder: str, settings: Mapping[str, object] | None = None
) -> Provenance:
    """The provenance of a run that begins now; `index` is the folder of the index, `name` that of the questions."""
    questions = tuple(questions)
    commit, dirty = git_state(ROOT)
    return Provenance(
        name=name,
        questions=len(questions),
        questions_sha256=questions_digest(questions),
        encoder=encoder,
        index=index_fingerprint(index),
        source_sha256=source_digest(),
        settings=dict(settings or {}),
        commit=commit,
        dirty=dirty,
        machine=machine(),
        libraries={name: found for name in _LIBRARIES if (found := _version(name))},
    )


def digest(value: object) -> str:
    """The sha256 of `value` as JSON with sorted keys, in hex."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=True, default=str).encode()).hexdigest()


def questions_digest(questions: Iterable[Question]) -> str:
    """The sha256 of the questions with all their fields, whatever their order."""
    return digest(sorted(digest(asdict(question)) for question in questions))


def source_digest(root: Path = ROOT) -> str:
    """The sha256 over the code and coefficients of the packages that answer; the encoder has a name of its own."""
    whole = hashlib.sha256()
    for package in _ANSWERING:
        for path in sorted((root / package).glob("**/*")):
            if path.suffix in (".py", ".json") and "training" not in path.parts and "encoder" not in path.parts:
                whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def index_fingerprint(folder: Path) -> str:
    """What the index's manifest says of its articles and settings in 16 digits, or `in memory` without a manifest."""
    try:
        return str(json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["fingerprint"])
    except (OSError, ValueError, KeyError):
        return "in memory"


def git_state(root: Path) -> tuple[str | None, bool | None]:
    """The commit of the checkout that `root` is the top of, and whether tracked files differ; (None, None) without."""
    try:
        top, commit = _git(root, "rev-parse", "--show-toplevel", "HEAD").split("\n")[:2]
        if Path(top).resolve() != root.resolve():
            return None, None
        return commit, bool(_git(root, "status", "--porcelain", "--untracked-files=no").strip())
    except (OSError, ValueError, subprocess.SubprocessError):
        return None, None


def machine() -> dict[str, object]:
    """The processor, the cores this process may use, the system and Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return {
        "cpu": _cpu(),
        "cores": cores,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        return platform.processor() or platform.machine()
    return platform.processor() or platform.machine()


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _git(root: Path, *args: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *args], capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout
