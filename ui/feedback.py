"""What readers say of answers, kept on this computer as lines that the evaluation can read."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from index.errors import UserError
from index.languages import detect
from index.types import Span
from rag.types import Answer
from ui.records import answer_of

RATINGS = ("good", "bad")
LONGEST = 2000  # characters of a comment


class Feedback:
    """Two files in a folder: `good.jsonl`, whose lines are questions with gold spans as `crosscite score
    --questions` reads them, and `bad.jsonl`, the same without gold, for someone to label. One line an answer."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()

    def save(self, record: Mapping[str, Any], rating: str | None, comment: str = "") -> None:
        """Keeps a rating of the answer in `record`, instead of an earlier one; None takes it back.

        UserError if it is no answer, no rating, or cannot be written.
        """
        if rating is not None and rating not in RATINGS:
            raise UserError(f"a rating is one of {', '.join(RATINGS)}, got {rating!r}")
        answer = answer_of(record)
        row = _row(answer, rating or "", comment[:LONGEST])
        with self._lock:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                for name in RATINGS:
                    self._replace(self.folder / f"{name}.jsonl", row, keep=name == rating)
            except OSError as error:
                raise UserError(f"cannot write to {self.folder} ({error.strerror or error})") from error

    def _replace(self, path: Path, row: dict[str, Any], keep: bool) -> None:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        others = [line for line in lines if json.loads(line)["id"] != row["id"]]
        if keep:
            others.append(json.dumps(row, ensure_ascii=False))
        elif len(others) == len(lines):
            return
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        beside.write_text("".join(line + "\n" for line in others), encoding="utf-8")
        os.replace(beside, path)


def _row(answer: Answer, rating: str, comment: str) -> dict[str, Any]:
    """The line of an answer. Of a good one the citations are gold; a good refusal is an unanswerable question."""
    places = [[c.article_id, c.start, c.end] for c in answer.citations]
    key = hashlib.sha256(json.dumps([answer.question, answer.text, places]).encode()).hexdigest()[:12]
    right = rating == "good" and answer.found
    accepted = [Span(m.start - c.start, m.end - c.start).of(c.quote) for c in answer.citations for m in _inside(c)]
    return {
        "id": f"feedback-{key}",
        "question": answer.question,
        "lang": detect(answer.question),
        "fact": f"feedback-{key}",
        "answerable": right,
        "kind": "feedback",
        "gold": [{"article_id": a, "start": start, "end": end} for a, start, end in places] if right else [],
        "answers": (accepted or [c.quote for c in answer.citations]) if right else [],
        "rating": rating,
        "comment": comment,
        "answer": answer.text,
        "cited": places,
        "found": answer.found,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _inside(citation) -> list[Span]:
    return [m for m in citation.marks if citation.start <= m.start < m.end <= citation.end]
