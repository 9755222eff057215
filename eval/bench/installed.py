"""Bytes that packages and all they require take when installed: `python -m eval.bench.installed REQUIREMENT...`.

Runs in the environment it looks at; prints JSON. What is not installed there is named under `missing`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib import metadata


def closure(requirements: Sequence[str]) -> tuple[dict[str, int], list[str]]:
    """(bytes by distribution, names that are missing) of requirements as pip writes them, and theirs, without end."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    sizes: dict[str, int] = {}
    missing: list[str] = []
    seen: set[tuple[str, str]] = set()
    queue = [(Requirement(r), "") for r in requirements]
    while queue:
        wanted, parent_extra = queue.pop()
        if wanted.marker and not wanted.marker.evaluate({"extra": parent_extra}):
            continue
        name = canonicalize_name(wanted.name)
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            missing.append(name)
            continue
        if name not in sizes:
            sizes[name] = sum(_size(found.locate_file(f)) for f in found.files or () if f.suffix != ".pyc")
        for extra in ("", *sorted(wanted.extras)):
            if (name, extra) not in seen:
                seen.add((name, extra))
                queue += [(Requirement(r), extra) for r in found.requires or ()]
    return sizes, sorted(set(missing))


def _size(path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


if __name__ == "__main__":
    held, absent = closure(sys.argv[1:])
    print(json.dumps({"bytes": sum(held.values()), "distributions": len(held), "missing": absent}))
