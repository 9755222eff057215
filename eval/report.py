"""One table per run, question language x article language: as text, Markdown, JSON, and as a gate."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.dataset import NO_ARTICLE, Question
from eval.metrics import percentile, risk_coverage, separation, thresholds
from eval.run import SCORES, Ask, Result, intervals, run, scores
from index.errors import UserError
from index.types import Article

ALL, SAME, OTHER = "all", "same", "other"
OVERALL = "overall"
LATENCIES = ("p50_seconds", "p95_seconds")
HEADINGS = (
    *(
        "questions",
        "articles",
        "n",
        "hit@1",
        "hit@3",
        "hit@5",
        "MRR",
        "cit. P",
        "cit. R",
        "accuracy",
        "answered",
    ),
    *("refusal P", "refusal R", "p50 ms", "p95 ms"),
)

Expected = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Row:
    """Scores of the questions of one cell; `ranges` are 95 % intervals, on the rows over all questions only.

    `article_lang` is the language of the gold articles, `none` for unanswerable questions, or one of `all`,
    `same` and `other` (than the question's). Times are in seconds.
    """

    question_lang: str
    article_lang: str
    n: int
    scores: Mapping[str, float | None]
    seconds: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float] | None] | None = None

    @property
    def name(self) -> str:
        """How `expected.toml` and a failed gate call the row."""
        if (self.question_lang, self.article_lang) == (ALL, ALL):
            return OVERALL
        return f"{self.question_lang} -> {self.article_lang}"


@dataclass(frozen=True, slots=True)
class Report:
    """The results of one run, and what to print of them."""

    results: tuple[Result, ...]

    def rows(self) -> tuple[Row, ...]:
        """A row per cell, after each question language its total, last the totals over all questions."""
        rows: list[Row] = []
        for lang in sorted({r.question.lang for r in self.results}):
            asked = [r for r in self.results if r.question.lang == lang]
            articles = sorted({r.article_lang for r in asked}, key=lambda tag: (tag == NO_ARTICLE, tag))
            rows += [_row(lang, tag, [r for r in asked if r.article_lang == tag]) for tag in articles]
            rows.append(_row(lang, ALL, asked))
        totals: list[tuple[str, Callable[[Result], bool]]] = [
            (SAME, lambda r: r.question.answerable and not r.crosses),
            (OTHER, lambda r: r.crosses),
            (NO_ARTICLE, lambda r: not r.question.answerable),
            (ALL, lambda r: True),
        ]
        for tag, belongs in totals:
            chosen = [r for r in self.results if belongs(r)]
            if chosen:
                rows.append(_row(ALL, tag, chosen, ranges=True))
        return tuple(rows)

    def table(self) -> str:
        """The table as aligned text for a terminal."""
        cells = _cells(self.rows())
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            "  ".join(_aligned(c, w, i) for i, (c, w) in enumerate(zip(row, widths, strict=True))).rstrip()
            for row in cells
        ]
        lines.insert(1, "-" * sum(widths, 2 * (len(widths) - 1)))
        return "\n".join([*lines, "", *self._curves()])

    def markdown(self) -> str:
        """The table in GitHub-flavoured Markdown."""
        head, *body = _cells(self.rows())
        rule = ["---" if i < 2 else "---:" for i in range(len(head))]
        return "\n".join(
            [*("| " + " | ".join(row) + " |" for row in [head, rule, *body]), "", *self._curves()]
        )

    def json(self) -> str:
        """Rows, curves and one entry per question (without its text), as indented JSON."""
        confidences, answerable = self._confidences()
        data = {
            "rows": [{"name": row.name, **asdict(row)} for row in self.rows()],
            "risk_coverage": asdict(risk_coverage(confidences, [r.right for r in self.results])),
            "separation": separation(confidences, answerable),
            "thresholds": [asdict(t) for t in thresholds(confidences, answerable)],
            "questions": [_entry(result) for result in self.results],
        }
        return json.dumps(data, ensure_ascii=False, indent=1)

    def gate(self, expected: Expected) -> list[str]:
        """What fell short of `expected`, one line each: cell, got, expected; empty when nothing did."""
        return gate(self.rows(), expected)

    def _confidences(self) -> tuple[list[float], list[bool]]:
        return [r.answer.confidence for r in self.results], [r.question.answerable for r in self.results]

    def _curves(self) -> list[str]:
        confidences, answerable = self._confidences()
        area = risk_coverage(confidences, [r.right for r in self.results]).area
        lines = [f"Area under accuracy-coverage, most confident first: {area:.3f}."]
        auc = separation(confidences, answerable)
        if auc is not None:
            lines.append(
                f"Chance that an answerable question has more confidence than an unanswerable one: {auc:.3f}."
            )
            for wanted in (0.95, 0.90, 0.85):
                best = max(
                    (t for t in thresholds(confidences, answerable) if t.answered >= wanted),
                    key=lambda t: t.refused,
                )
                lines.append(
                    f"Refusing below confidence {best.confidence:.3f} answers {best.answered:.1%} of the "
                    f"answerable and refuses {best.refused:.1%} of the unanswerable."
                )
        return lines


def score(
    ask: Ask, questions: Sequence[Question], articles: Iterable[Article], progress: bool = True
) -> Report:
    """Ask all questions and report. `articles` are those the questions' gold spans refer to."""
    return Report(run(ask, questions, articles, progress))


def gate(rows: Iterable[Row], expected: Expected) -> list[str]:
    """One line for every score below its minimum (a latency: above its maximum), and for every name unknown.

    `expected` is {row name: {score name: limit}}.
    """
    named = {row.name: row for row in rows}
    failed: list[str] = []
    for name, limits in expected.items():
        if name not in named:
            failed.append(f"{name}: no such row; there are: {', '.join(named)}")
            continue
        row = named[name]
        for score_name, limit in limits.items():
            if score_name in LATENCIES:
                got = row.seconds[score_name]
                if got > limit:
                    failed.append(f"{name}: {score_name} is {got:.3f}, expected at most {limit:.3f}")
            elif score_name not in row.scores:
                known = ", ".join((*SCORES, *LATENCIES))
                failed.append(f"{name}: no such score {score_name!r}; there are: {known}")
            else:
                got = row.scores[score_name]
                if got is None or got < limit:
                    shown = "not measured" if got is None else f"{got:.3f}"
                    failed.append(f"{name}: {score_name} is {shown}, expected at least {limit:.3f}")
    return failed


def load_expected(path: Path, split: str) -> dict[str, dict[str, float]]:
    """The limits that `path` sets for a question file; `split` is its name without `.jsonl`.

    TOML, a table per row: `[test.overall]`, `[test."de -> zh-Hans"]`, with lines such as `"hit@5" = 0.75`.
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
    for name, limits in expected.items():
        if not isinstance(limits, dict) or not limits:
            raise UserError(f'{path}: [{split}.{name}] needs lines such as "hit@5" = 0.75, got {limits!r}')
        for key, limit in limits.items():
            if type(limit) not in (int, float):
                raise UserError(f"{path}: {key!r} in [{split}.{name}] must be a number, got {limit!r}")
    return expected


def _row(question_lang: str, article_lang: str, results: Sequence[Result], ranges: bool = False) -> Row:
    times = [r.seconds for r in results]
    seconds = dict(zip(LATENCIES, (percentile(times, 50), percentile(times, 95)), strict=True))
    spread = intervals(results) if ranges else None
    return Row(question_lang, article_lang, len(results), scores(results), seconds, spread)


def _cells(rows: Iterable[Row]) -> list[list[str]]:
    cells = [list(HEADINGS)]
    for row in rows:
        values = [_two(row.scores[name]) for name in SCORES]
        times = [f"{1000 * row.seconds[name]:.1f}" for name in LATENCIES]
        cells.append([row.question_lang, row.article_lang, str(row.n), *values, *times])
        if row.ranges is not None:
            for bound, label in enumerate(("95 % from", "95 % to")):
                pairs = [row.ranges[name] for name in SCORES]
                cells.append(["", label, "", *(_two(None if p is None else p[bound]) for p in pairs), "", ""])
    return cells


def _two(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column < 2 else cell.rjust(width)


def _entry(result: Result) -> dict[str, object]:
    return {
        "id": result.question.id,
        "lang": result.question.lang,
        "article_lang": result.article_lang,
        "answerable": result.question.answerable,
        "found": result.answer.found,
        "reason": result.answer.reason,
        "confidence": result.answer.confidence,
        "rank": result.rank,
        "right": result.right,
        "citation_precision": result.precision,
        "citation_recall": result.recall,
        "seconds": result.seconds,
    }
