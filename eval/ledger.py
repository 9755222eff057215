"""The ledger of held-out runs: a split that is looked at after every change is no longer held out.

`runs/ledger.jsonl` beside the index keeps a line for each run over test questions: time, fingerprint of the settings,
sha256 of the questions; no question's text and no score.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from eval.dataset import load, shipped
from eval.provenance import Provenance, questions_digest

HELD_OUT = "test"


def runs_folder(index: Path) -> Path:
    """Where runs are kept: `runs` beside the index's folder."""
    return index.parent / "runs"


def is_held_out(provenance: Provenance) -> bool:
    """True for questions named `test`, and for the shipped test questions under any name."""
    if provenance.name == HELD_OUT:
        return True
    path = shipped(HELD_OUT)
    return path.is_file() and provenance.questions_sha256 == questions_digest(load(path))


def note(provenance: Provenance, folder: Path) -> str | None:
    """Writes the run into the ledger; the warning due if the same questions were asked today with other settings.

    Nothing is noted for questions that are free to try on. A ledger that cannot be written is said on stderr.
    """
    if not is_held_out(provenance):
        return None
    path = folder / "ledger.jsonl"
    day = provenance.time[:10]
    line = {
        "time": provenance.time, "settings": provenance.fingerprint, "questions_sha256": provenance.questions_sha256
    }
    earlier = {
        row["settings"] for row in _rows(path)
        if row["time"][:10] == day and row["questions_sha256"] == provenance.questions_sha256
    } - {provenance.fingerprint}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as f:
            f.write(json.dumps(line) + "\n")
    except OSError as error:
        print(f"crosscite: cannot note this run of held-out questions in {path}: {error.strerror}", file=sys.stderr)
    if not earlier:
        return None
    times = "once" if len(earlier) == 1 else f"{len(earlier)} times"
    return (
        f"the held-out questions were already asked {times} today with other settings; choose on --split dev, or what "
        "you measure here is what you chose"
    )


def _rows(path: Path) -> list[dict[str, str]]:
    """The ledger's whole lines; a line that is not one of ours (cut off, edited) is passed over."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and all(isinstance(row.get(k), str) for k in ("time", "settings", "questions_sha256")):
            rows.append(row)
    return rows
