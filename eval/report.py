"""What a run says: a row of scores per cell (question language x article language), and the curves of its confidence."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from eval.dataset import NO_ARTICLE, Question
from eval.metrics import RiskCoverage, Threshold, percentile, risk_coverage, separation, thresholds
from eval.run import Ask, Result, run
from eval.scores import SCORES, counted, scores
from eval.significance import intervals
from index.types import Article

if TYPE_CHECKING:
    from eval.judge import Verdict
    from eval.provenance import Provenance

ALL, SAME, OTHER = "all", "same", "other"
OVERALL = "overall"
LATENCIES = ("p50_seconds", "p95_seconds")


@dataclass(frozen=True, slots=True)
class Row:
    """Scores of the questions of one cell, with 95 % intervals and how many questions each score counts.

    `article_lang` is the language of the gold articles, `none` for unanswerable questions, or one of `all`,
    `same` and `other` (than the question's). Times are in seconds.
    """

    question_lang: str
    article_lang: str
    n: int
    scores: Mapping[str, float | None]
    seconds: Mapping[str, float]
    ranges: Mapping[str, tuple[float, float] | None]
    counted: Mapping[str, int]

    @property
    def name(self) -> str:
        """How `expected.toml` and a failed gate call the row."""
        return cell_name(self.question_lang, self.article_lang)


@dataclass(frozen=True)
class Report:
    """The results of one run, where they come from, and a judge's verdicts by question id, if one was asked."""

    results: tuple[Result, ...]
    provenance: Provenance | None = None
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)

    def rows(self) -> tuple[Row, ...]:
        """A row per cell, after each question language its total, last the totals over all questions."""
        return self._rows

    @cached_property
    def _rows(self) -> tuple[Row, ...]:
        return tuple(_row(*key, chosen) for key, chosen in cells(self.results).items())

    @property
    def overall(self) -> Row:
        """The row over all questions."""
        return self._rows[-1]

    @property
    def confidences(self) -> list[float]:
        """Each answer's confidence, in order."""
        return [r.answer.confidence for r in self.results]

    @property
    def answerable(self) -> list[bool]:
        """Whether each question can be answered, in order."""
        return [r.question.answerable for r in self.results]

    def curve(self) -> RiskCoverage:
        """Accuracy against coverage, most confident first."""
        return risk_coverage(self.confidences, [r.right for r in self.results])

    def separation(self) -> float | None:
        """The chance that an answerable question has more confidence than an unanswerable one."""
        return separation(self.confidences, self.answerable)

    def thresholds(self) -> tuple[Threshold, ...]:
        """What refusing below each confidence would answer and refuse."""
        return thresholds(self.confidences, self.answerable)

    def best_threshold(self, answered: float) -> Threshold | None:
        """The threshold that refuses most of the unanswerable and still answers this share of the answerable."""
        enough = [t for t in self.thresholds() if t.answered >= answered]
        return max(enough, key=lambda t: t.refused, default=None)

    def json(self) -> str:
        """Provenance, rows, curves and one entry per question (without its text), as indented JSON."""
        from eval.judge import agreement

        data = {
            "provenance": asdict(self.provenance) if self.provenance else None,
            "rows": [{"name": row.name, **asdict(row)} for row in self.rows()],
            "risk_coverage": asdict(self.curve()),
            "separation": self.separation(),
            "thresholds": [asdict(t) for t in self.thresholds()],
            "judge": agreement(self.results, self.verdicts) if self.verdicts else None,
            "questions": [numbers(result) for result in self.results],
        }
        return json.dumps(data, ensure_ascii=False, indent=1)


def score(
    ask: Ask, questions: Sequence[Question], articles: Iterable[Article], progress: bool = True,
    provenance: Provenance | None = None,
) -> Report:
    """Ask all questions and report. `articles` are those the questions' gold spans refer to."""
    return Report(run(ask, questions, articles, progress), provenance)


def cell_name(question_lang: str, article_lang: str) -> str:
    """`de -> zh-Hans`, or `overall`."""
    return OVERALL if (question_lang, article_lang) == (ALL, ALL) else f"{question_lang} -> {article_lang}"


def cells(results: Sequence[Result]) -> dict[tuple[str, str], list[Result]]:
    """The results of each cell, in the order of `Report.rows`; cells without questions are left out."""
    out: dict[tuple[str, str], list[Result]] = {}
    for lang in sorted({r.question.lang for r in results}):
        asked = [r for r in results if r.question.lang == lang]
        for tag in sorted({r.article_lang for r in asked}, key=lambda tag: (tag == NO_ARTICLE, tag)):
            out[lang, tag] = [r for r in asked if r.article_lang == tag]
        out[lang, ALL] = asked
    tags = sorted({r.article_lang for r in results} - {NO_ARTICLE})
    totals: list[tuple[str, Callable[[Result], bool]]] = [
        *((tag, lambda r, tag=tag: r.article_lang == tag) for tag in tags),
        (SAME, lambda r: r.question.answerable and not r.crosses),
        (OTHER, lambda r: r.crosses),
        (NO_ARTICLE, lambda r: not r.question.answerable),
        (ALL, lambda r: True),
    ]
    for tag, belongs in totals:
        if chosen := [r for r in results if belongs(r)]:
            out[ALL, tag] = chosen
    return out


def numbers(result: Result) -> dict[str, object]:
    """Everything counted about one question, without its text."""
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
        "scores": {name: above / below if below else None for name, (above, below) in result.parts.items()},
    }


def _row(question_lang: str, article_lang: str, results: Sequence[Result]) -> Row:
    times = [r.seconds for r in results]
    seconds = dict(zip(LATENCIES, (percentile(times, 50), percentile(times, 95)), strict=True))
    count = {name: counted(results, name) for name in SCORES}
    return Row(question_lang, article_lang, len(results), scores(results), seconds, intervals(results), count)
