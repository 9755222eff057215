"""Runs as files: everything a report needs, so that one can be printed, compared or drawn without asking again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from eval.dataset import Question
from eval.judge import Verdict
from eval.provenance import Provenance
from eval.records import from_json
from eval.report import Report, numbers
from eval.run import Facts, Result, judge
from index.errors import UserError
from rag.types import Answer

FORMAT = 1


def save(report: Report, path: Path) -> None:
    """Writes a run as JSON Lines: a line of provenance, then a line per question with its text, gold, answer, hits and
    all its numbers. UserError if the file cannot be written."""
    head = {"crosscite_run": FORMAT, "provenance": asdict(report.provenance) if report.provenance else None}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "w", encoding="utf-8") as f:
            for row in (head, *(_line(r, report.verdicts.get(r.question.id)) for r in report.results)):
                f.write(json.dumps(row, ensure_ascii=True) + "\n")
    except OSError as error:
        raise UserError(f"cannot save the run in {path}: {error.strerror}") from error


def load_run(path: Path) -> Report:
    """A saved run; its numbers are computed anew, so that runs saved by different versions compare.

    UserError if the file is missing or not a run, with the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the run {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
    head = _object(path, 1, lines[0] if lines else "")
    if head.get("crosscite_run") != FORMAT:
        raise UserError(f"{path} is not a run of this version; make one: crosscite score --save {path}")
    results, verdicts = [], {}
    try:
        origin = from_json(Provenance, head["provenance"]) if head.get("provenance") else None
    except ValueError as error:
        raise UserError(f"{path}, line 1: {error}") from error
    for number, raw in enumerate(lines[1:], 2):
        row = _object(path, number, raw)
        try:
            result = _result(row)
            if row.get("verdict") is not None:
                verdicts[result.question.id] = from_json(Verdict, row["verdict"])
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path}, line {number}: not a question of a run ({error})") from error
        results.append(result)
    if not results:
        raise UserError(f"{path} holds no questions")
    return Report(tuple(results), origin, verdicts)


def _line(result: Result, verdict: Verdict | None) -> dict[str, Any]:
    return {
        "question": asdict(result.question),
        "answer": asdict(result.answer),
        "facts": asdict(result.facts),
        "verdict": asdict(verdict) if verdict else None,
        "numbers": numbers(result),
    }


def _object(path: Path, number: int, raw: str) -> dict[str, Any]:
    try:
        row = json.loads(raw)
    except ValueError as error:
        raise UserError(f"{path}, line {number}: not JSON ({error})") from error
    if not isinstance(row, dict):
        raise UserError(f"{path}, line {number}: expected an object, got {type(row).__name__}")
    return row


def _result(row: dict[str, Any]) -> Result:
    return judge(from_json(Question, row["question"]), from_json(Answer, row["answer"]), from_json(Facts, row["facts"]))
