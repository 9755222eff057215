"""The gate of continuous integration: limits for the scores of every cell, read, checked, and written anew.

A limit is the published score less a tolerance that the cell's own 95 % interval justifies: half of the interval's arm on
the worse side, and at least one question. Half, because two runs over the same questions are correlated: at a correlation
of 7/8 the standard error of their difference is sqrt(2 (1 - 7/8)) = 1/2 of a score's own, and so is its interval.
(Measured on the development questions with the weight of the cosine halved: intervals of the differences .09 to .86 times
as wide as those of the scores, .38 in the median.) Gated are `GATED`, in cells where a score counts at least `FEWEST`
questions; a limit that could not be missed (0, or 1 where less is better) is left out.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eval.report import LATENCIES, Report, Row
from eval.scores import SCORES
from index.errors import UserError

Expected = Mapping[str, Mapping[str, float]]
ARM = 0.5
FEWEST = 5
GATED = (
    "hit@1", "hit@5", "ndcg@10", "citation_precision", "citation_recall", "exactness", "accuracy", "quantity", "language",
    "script", "answered", "refusal_precision", "refusal_recall",
)


@dataclass(frozen=True, slots=True)
class Miss:
    """A limit that a run misses. `got` is None where nothing was measured; `unknown` says what the gate does not know."""

    row: str
    score: str
    got: float | None
    limit: float
    n: int
    at_most: bool = False
    unknown: str | None = None

    def __str__(self) -> str:
        if self.unknown is not None:
            return f"{self.row}: {self.unknown}"
        expected = f"expected at {'most' if self.at_most else 'least'} {self.limit:.3f}"
        if self.got is None:
            return f"{self.row}: {self.score} is not measured, {expected}"
        far = f"{abs(self.got - self.limit):.3f} {'above' if self.at_most else 'below'}, n={self.n}"
        return f"{self.row}: {self.score} is {self.got:.3f}, {expected} ({far})"


def gate(rows: Iterable[Row], expected: Expected) -> list[Miss]:
    """Every limit of `expected` ({row name: {score name: limit}}) that is missed, and every name unknown."""
    named = {row.name: row for row in rows}
    missed: list[Miss] = []
    for name, limits in expected.items():
        if name not in named:
            said = f"no such row; there are: {', '.join(named)}"
            missed.append(Miss(name, "", None, 0.0, 0, unknown=said))
            continue
        missed += [miss for key, limit in limits.items() if (miss := _miss(named[name], key, limit)) is not None]
    return missed


def _miss(row: Row, key: str, limit: float) -> Miss | None:
    if key in LATENCIES:
        got, at_most = row.seconds[key], True
    elif key in SCORES:
        got, at_most = row.scores[key], not SCORES[key].higher
    else:
        known = ", ".join((*SCORES, *LATENCIES))
        return Miss(row.name, key, None, limit, row.n, unknown=f"no such score {key!r}; there are: {known}")
    if got is not None and (got <= limit if at_most else got >= limit):
        return None
    return Miss(row.name, key, got, limit, row.counted.get(key, row.n), at_most)


def limits(row: Row) -> dict[str, float]:
    """What `expected.toml` asks of a cell, by the rule of this module; rounded down (up where less is better)."""
    out: dict[str, float] = {}
    for name in GATED:
        value, interval = row.scores[name], row.ranges[name]
        if value is None or interval is None or row.counted[name] < FEWEST:
            continue
        low, high = interval
        arm = value - low if SCORES[name].higher else high - value
        tolerance = max(ARM * arm, 1 / row.counted[name])
        limit = value - tolerance if SCORES[name].higher else value + tolerance
        if 0.0005 < limit < 0.9995:
            out[name] = limit - 0.0005 if SCORES[name].higher else limit + 0.0005
    return out


def expected_toml(reports: Mapping[str, Report]) -> str:
    """`eval/expected.toml` for one report a split."""
    lines = [
        "# Written by `python -m eval.publish`; `crosscite score --gate` fails where a score is worse than its limit.",
        "# Rule: the published score less half of its 95 % interval's arm, at least one question (eval/gate.py).",
        "",
    ]
    for split, report in reports.items():
        lines.append(f"[{split}]")
        for row in report.rows():
            wanted = ", ".join(f'"{name}" = {limit:.3f}' for name, limit in limits(row).items())
            if wanted:
                lines.append(f'"{row.name}" = {{ {wanted} }}')
        lines.append("")
    return "\n".join(lines)


def load_expected(path: Path, split: str) -> dict[str, dict[str, float]]:
    """The limits that `path` sets for a question file; `split` is its name without `.jsonl`.

    TOML, a table per row: `[test.overall]`, `[test."de -> zh-Hans"]`, with lines such as `"hit@5" = 0.75`, or under
    `[test]` a line per row such as `overall = { "hit@5" = 0.75 }`.
    """
    try:
        sections = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"cannot read the expected scores in {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not TOML: {error}") from error
    expected = sections.get(split)
    if not isinstance(expected, dict) or not expected:
        raise UserError(f"{path} expects nothing of {split!r}; add a section such as [{split}.overall]")
    for name, wanted in expected.items():
        if not isinstance(wanted, dict) or not wanted:
            raise UserError(f'{path}: [{split}.{name}] needs lines such as "hit@5" = 0.75, got {wanted!r}')
        for key, limit in wanted.items():
            if type(limit) not in (int, float):
                raise UserError(f"{path}: {key!r} in [{split}.{name}] must be a number, got {limit!r}")
    return expected
