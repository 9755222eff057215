"""Two runs over the same questions: every score of every cell, what its difference is worth, and what changed where."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from eval.report import LATENCIES, OVERALL, Report, cell_name, cells
from eval.report_text import aligned, p_value, ruled, signed
from eval.run import Result
from eval.scores import SCORES
from eval.significance import Difference, differences, holm
from index.errors import UserError

CLEAR = 0.05
_TOLD = ("encoder", "index", "source_sha256", "settings", "commit", "machine")
_HEAD = ("score", "A", "B", "B - A", "95 % interval", "p", "n")


@dataclass(frozen=True, slots=True)
class Change:
    """A question whose outcome or rank changed; `better` is None where it is neither better nor worse."""

    id: str
    cell: str
    question: str
    a: str
    b: str
    better: bool | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Run `b` against run `a`: the differences of each cell by its name, the last `overall`, and the changed questions.

    `adjusted` are the overall p-values after Holm's correction for how many scores were compared.
    """

    a: Report
    b: Report
    names: tuple[str, str]
    cells: Mapping[str, Mapping[str, Difference | None]]
    adjusted: Mapping[str, float]
    changes: tuple[Change, ...]


def compare(a: Report, b: Report, names: tuple[str, str] = ("A", "B")) -> Comparison:
    """The comparison; UserError if the runs do not ask the same questions with the same gold."""
    b = _aligned_to(a, b, names)
    found = {}
    in_b = {r.question.id: r for r in b.results}
    for key, chosen in cells(a.results).items():
        found[cell_name(*key)] = differences(chosen, [in_b[r.question.id] for r in chosen])
    adjusted = holm({name: d.p for name, d in found[OVERALL].items() if d is not None and not SCORES[name].derived})
    changes = [change for x, y in zip(a.results, b.results, strict=True) if (change := _change(x, y)) is not None]
    order = {False: 0, True: 1, None: 2}
    return Comparison(a, b, names, found, adjusted, tuple(sorted(changes, key=lambda c: order[c.better])))


def table(comparison: Comparison) -> str:
    """The comparison for a terminal: overall scores, the cells' differences that are more than chance, the changed
    questions by id."""
    parts = ["\n".join(_origins(comparison)), aligned(overall_cells(comparison))]
    clear = clear_cells(comparison)
    if len(clear) > 1:
        parts.append(f"Cells whose 95 % interval leaves out 0, p < {CLEAR} (not corrected for their number)\n" + aligned(clear))
    else:
        parts.append("No cell differs by more than chance.")
    parts.append("\n".join(_change_lines(comparison)))
    return "\n\n".join(parts)


def markdown(comparison: Comparison) -> str:
    """The comparison in Markdown, with every score of every cell."""
    every = [["cell", *_HEAD]]
    for name, found in comparison.cells.items():
        every += [[name, *_difference(d)] for d in found.values() if d is not None]
    parts = ["\n".join(f"- {line}" for line in _origins(comparison)), ruled(overall_cells(comparison))]
    parts += ["**Every cell**", ruled(every), "\n".join(f"- {line}" for line in _change_lines(comparison))]
    return "\n\n".join(parts)


def to_json(comparison: Comparison) -> str:
    """Everything but the questions' texts, as indented JSON."""
    data = {
        "a": asdict(comparison.a.provenance) if comparison.a.provenance else None,
        "b": asdict(comparison.b.provenance) if comparison.b.provenance else None,
        "cells": {
            name: {key: d and asdict(d) for key, d in found.items()} for name, found in comparison.cells.items()
        },
        "p_holm": comparison.adjusted,
        "changes": [{k: v for k, v in asdict(c).items() if k != "question"} for c in comparison.changes],
    }
    return json.dumps(data, ensure_ascii=False, indent=1)


def overall_cells(comparison: Comparison) -> list[list[str]]:
    """A heading and a row per score over all questions, with the corrected p, and the median latency."""
    rows = [[*_HEAD, "p (Holm)"]]
    for name, d in comparison.cells[OVERALL].items():
        if d is not None:
            rows.append([*_difference(d), p_value(comparison.adjusted[name]) if name in comparison.adjusted else "-"])
    seconds = [r.overall.seconds[LATENCIES[0]] for r in (comparison.a, comparison.b)]
    change = f"x {seconds[1] / seconds[0]:.2f}" if seconds[0] else "-"
    rows.append(["p50 ms", *(f"{1000 * s:.0f}" for s in seconds), change, "-", "-", str(len(comparison.a.results)), "-"])
    return rows


def clear_cells(comparison: Comparison) -> list[list[str]]:
    """A heading and a row per score of a single cell that differs by more than chance: the interval leaves out 0 and p is
    below `CLEAR`, which a handful of facts cannot reach however they differ."""
    rows = [["cell", *_HEAD]]
    for name, found in comparison.cells.items():
        if name != OVERALL:
            rows += [[name, *_difference(d)] for d in found.values() if d is not None and is_clear(d)]
    return rows


def is_clear(d: Difference) -> bool:
    """True if a difference is more than chance, for one comparison by itself."""
    return d.p < CLEAR and not d.low <= 0 <= d.high


def settings_changed(a: Report, b: Report) -> list[str]:
    """`encoder: x -> y` for everything told in the provenance that differs; empty if a run has none."""
    if a.provenance is None or b.provenance is None:
        return []
    pairs = [(key, getattr(a.provenance, key), getattr(b.provenance, key)) for key in _TOLD]
    return [f"{key}: {_short(x)} -> {_short(y)}" for key, x, y in pairs if x != y]


def outcome(result: Result) -> str:
    """In words what came of a question: rank of the right hit, and right, wrong or refused."""
    if not result.question.answerable:
        return "refused" if result.refused else "answered, though nothing answers it"
    rank = "not found" if result.rank is None else f"rank {result.rank}"
    return f"{rank}, {'refused' if result.refused else 'right' if result.succeeded else 'wrong'}"


def _aligned_to(a: Report, b: Report, names: Sequence[str]) -> Report:
    """`b` with its questions in the order of `a`; UserError unless they are the same."""
    in_a, in_b = ({r.question.id: r for r in report.results} for report in (a, b))
    if in_a.keys() != in_b.keys():
        raise UserError(
            f"the runs ask different questions: {names[0]} {len(in_a)}, {names[1]} {len(in_b)}, "
            f"{len(in_a.keys() & in_b.keys())} in common; run both over the same file: "
            "crosscite score --questions FILE --save RUN"
        )
    differing = [id for id in in_a if in_a[id].question != in_b[id].question]
    if differing:
        x, y = in_a[differing[0]].question, in_b[differing[0]].question
        what = ", ".join(f.name for f in fields(x) if getattr(x, f.name) != getattr(y, f.name))
        raise UserError(
            f"the runs ask different questions: {len(differing)} of {len(in_a)} were changed between them (first "
            f"{differing[0]!r}: {what}); run both over the same file: crosscite score --questions FILE --save RUN"
        )
    return Report(tuple(in_b[id] for id in in_a), b.provenance, b.verdicts)


def _change(a: Result, b: Result) -> Change | None:
    before, after = outcome(a), outcome(b)
    if before == after:
        return None
    gain = (b.succeeded - a.succeeded) or (a.rank or 1000) - (b.rank or 1000)
    cell = cell_name(a.question.lang, a.article_lang)
    return Change(a.question.id, cell, a.question.question, before, after, None if not gain else gain > 0)


def _origins(comparison: Comparison) -> list[str]:
    lines = []
    for name, report in zip(comparison.names, (comparison.a, comparison.b), strict=True):
        lines.append(f"{name}: {report.provenance.sentence() if report.provenance else 'no provenance'}")
    changed = settings_changed(comparison.a, comparison.b)
    return [*lines, "Changed: " + ("; ".join(changed) or "nothing that is recorded")]


def _change_lines(comparison: Comparison) -> list[str]:
    signs = {True: "+", False: "-", None: "="}
    counts = {sign: sum(signs[c.better] == sign for c in comparison.changes) for sign in "+-="}
    lines = [
        f"Questions that changed: {len(comparison.changes)} of {len(comparison.a.results)} "
        f"({counts['+']} better, {counts['-']} worse, {counts['=']} neither)"
    ]
    return lines + [f"{signs[c.better]} {c.id} ({c.cell}): {c.a} -> {c.b}" for c in comparison.changes]


def _difference(d: Difference) -> list[str]:
    values = [f"{d.a:.3f}", f"{d.b:.3f}", signed(d.difference), f"{signed(d.low)} to {signed(d.high)}"]
    return [_named(d.score), *values, p_value(d.p), str(d.n)]


def _named(name: str) -> str:
    return name if SCORES[name].higher else f"{name} (less is better)"


def _short(value: object) -> str:
    text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)
    return text if len(text) <= 60 else f"{text[:12]}..."


def run_names(paths: Sequence[Path]) -> tuple[str, str]:
    """How two runs are called: by their files' names, or A and B where these are the same."""
    a, b = (path.stem for path in paths)
    return (a, b) if a != b else ("A", "B")
