"""Builds on disks that are too small: `python tests/faults/full_disk.py [--steps N]`.

Needs a mount namespace of its own, which it makes if it may (`unshare -m`, as root or in a user namespace); where it
may not it prints {"skipped": why}. A tmpfs holds an index; it is given less room, or fewer files, than the next build
needs, in many steps. A build that does not fit must be one readable error and leave the old index, one that fits the
new one; with more room the next build must end well. Then the disk is read-only. Prints counts as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from common import ConceptEmbedder, answers, write_folder

from index.errors import UserError
from index.store import build
from ui import doctor

NAMESPACE = ["unshare", "--map-root-user", "--mount"]


def main() -> int:
    if os.environ.get("CROSSCITE_MOUNTS") != "own":
        found = shutil.which(NAMESPACE[0]) and subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
        if not found or found.returncode:
            print(json.dumps({"skipped": "no mount namespace can be made here"}))
            return 0
        environment = {**os.environ, "CROSSCITE_MOUNTS": "own"}
        return subprocess.run([*NAMESPACE, sys.executable, *sys.argv], env=environment, check=False).returncode
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=40, help="sizes of disk from too small to large enough")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        return fill(Path(place), args.steps)


def mount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(disk)], check=True)


def size(folder: Path) -> int:
    """Bytes on a tmpfs, which gives whole pages."""
    return sum(-(-p.stat().st_size // 4096) * 4096 for p in folder.rglob("*") if p.is_file())


def fill(place: Path, steps: int) -> int:
    before, after = write_folder(place / "before", 40), write_folder(place / "after", 90, count=40)
    build(before, place / "old", ConceptEmbedder())
    build(after, place / "new", ConceptEmbedder())
    old, new = answers(place / "old"), answers(place / "new")
    disk, folder = place / "disk", place / "disk" / "index"
    disk.mkdir()
    least, most = size(place / "old"), size(place / "old") + 3 * size(place / "new")
    limits = [f"size={bytes_}" for bytes_ in range(least + 4096, most, max(4096, (most - least) // steps // 4096 * 4096))]
    files = 3 + sum(1 for _ in (place / "old").rglob("*"))
    limits += [f"size=64m,nr_inodes={n}" for n in range(files, files + 24, max(2, 80 // steps))]
    seen = {"disks": len(limits), "refused": 0, "built": 0}
    for limit in limits:
        mount(disk, limit)
        try:
            shutil.copytree(place / "old", folder)
            check(after, folder, old, new, limit, seen)
        finally:
            subprocess.run(["umount", "-l", str(disk)], check=True)
    mount(disk, "size=64m")
    shutil.copytree(place / "old", folder)
    mount_again = ["mount", "-o", "remount,ro", str(disk)]
    subprocess.run(mount_again, check=True)
    expect_refusal(after, folder, "read-only")
    if answers(folder) != old or doctor._check("disk", lambda: doctor._disk(folder)).well:
        raise RuntimeError("a read-only disk: the old index is gone, or doctor finds nothing")
    subprocess.run([*mount_again[:2], "remount,rw", str(disk)], check=True)
    build(after, folder, ConceptEmbedder())
    if answers(folder) != new:
        raise RuntimeError("a disk that can be written again: the build did not end well")
    subprocess.run(["umount", "-l", str(disk)], check=True)
    print(json.dumps({**seen, "read_only": 1}))
    return 0


def check(after: Path, folder: Path, old: list, new: list, limit: str, seen: dict[str, int]) -> None:
    """Builds where there may be no room, and again where there is."""
    try:
        build(after, folder, ConceptEmbedder())
    except UserError as error:
        said = str(error)
        if answers(folder) != old or "cannot write" not in said or "\n" in said or str(folder) not in said:
            raise RuntimeError(f"{limit}: the old index is gone, or it is not said why: {said}") from error
        rest = {p.name for p in folder.iterdir()} - {"lock", "manifest.json"}
        if len(rest) != 1:
            raise RuntimeError(f"{limit}: the build left {rest}") from error
        seen["refused"] += 1
        subprocess.run(["mount", "-o", "remount,size=64m,nr_inodes=10000", str(folder.parent)], check=True)
        build(after, folder, ConceptEmbedder())
    else:
        seen["built"] += 1
    if answers(folder) != new:
        raise RuntimeError(f"{limit}: the new index is not there")


def expect_refusal(after: Path, folder: Path, state: str) -> None:
    try:
        build(after, folder, ConceptEmbedder())
    except UserError as error:
        if "\n" in str(error) or "--index" not in str(error):
            raise RuntimeError(f"{state}: it is not said what to type: {error}") from error
        return
    raise RuntimeError(f"{state}: the build said that it had built")


if __name__ == "__main__":
    sys.exit(main())
