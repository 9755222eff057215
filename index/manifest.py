"""`manifest.json`: what an index is made of, written last and in one step."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from index.errors import IndexCorrupt, IndexMissing

_NAME = "manifest.json"
_KEYS = {"settings", "passages", "data", "files"}


def read(folder: Path) -> dict:
    """The manifest of the index in `folder`: IndexMissing if there is none, IndexCorrupt if it is not as written."""
    path = folder / _NAME
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise IndexMissing(f"no index in {folder}; {retype(folder)}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise IndexCorrupt(f"{path} cannot be read; {retype(folder)}") from error
    if not isinstance(manifest, dict) or not manifest.keys() >= {"settings", "files"}:
        raise IndexCorrupt(f"{path} is not a manifest; {retype(folder)}")
    signed = manifest.pop("sha256", None)
    if signed is None and not manifest.keys() >= _KEYS:
        return {**manifest, "settings": None}  # as format 1 wrote it: stale, whatever is left of it
    if signed != _digest(manifest):
        raise IndexCorrupt(f"{path} is damaged; {retype(folder)}")
    return manifest


def read_or_none(folder: Path) -> dict | None:
    """The manifest, or None where there is none that can be used."""
    try:
        manifest = read(folder)
    except (IndexMissing, IndexCorrupt):
        return None
    return manifest if manifest.keys() >= _KEYS else None


def write(folder: Path, manifest: dict) -> None:
    """Replaces the manifest in `folder` in one step; OSError if that fails."""
    replace(folder / _NAME, json.dumps({**manifest, "sha256": _digest(manifest)}, indent=1, ensure_ascii=False))


def replace(path: Path, text: str) -> None:
    """Writes `text` beside `path` and moves it there once it is on the disk; if that fails, nothing is left beside."""
    beside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with open(beside, "w", encoding="utf-8") as f:
            f.write(text)
            f.flush()
            os.fsync(f.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def retype(folder: Path) -> str:
    """The command that builds the index in `folder`, as an error message says it."""
    return "build it: crosscite build" + ("" if folder.name == ".index" else f" --index {folder}")


def _digest(manifest: dict) -> str:
    return hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
