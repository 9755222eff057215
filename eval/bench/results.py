"""Results of steps as JSON files, so that a run that was broken off goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.bench.process import StepFailed
from index.errors import UserError

TIME_UP = "not measured: the time was up"


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """A name that changes with the contents of any of the files."""
    digest = hashlib.sha256("\0".join(more).encode())
    for path in sorted(paths):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@dataclass
class Results:
    """The steps of one state of the code (`key`) in `folder`; none begins after `end` (seconds of `time.monotonic`)."""

    folder: Path
    key: str
    end: float
    say: Callable[[str], None] = print
    done: dict[str, dict[str, Any]] = field(default_factory=dict)

    def step(self, name: str, work: Callable[[], dict[str, Any]], needs: Iterable[Path] = ()) -> dict[str, Any]:
        """What `work` returns, run now or in a run before; `{"error": ...}` if it failed.

        A step is run again if it failed, or one of the files that it `needs` to have left is gone.
        """
        path = self.folder / f"{name}.json"
        saved = self._read(path)
        if saved is None or "error" in saved or not all(p.exists() for p in needs):
            if time.monotonic() >= self.end:
                saved = {"error": TIME_UP}
            else:
                begun = time.monotonic()
                try:
                    saved = work()
                except (StepFailed, UserError, OSError) as error:
                    saved = {"error": str(error)}
                saved["step_seconds"] = round(time.monotonic() - begun, 1)
                self._write(path, saved)
            self.say(f"{name}: {saved['error'] if 'error' in saved else str(saved.get('step_seconds')) + ' s'}")
        self.done[name] = saved
        return saved

    def _read(self, path: Path) -> dict[str, Any] | None:
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return saved["result"] if saved.get("key") == self.key else None

    def _write(self, path: Path, result: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".partial")
        beside.write_text(json.dumps({"key": self.key, "result": result}, ensure_ascii=False), encoding="utf-8")
        os.replace(beside, path)
