"""The scores of a run, each a sum over a sum, in the order reports show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.metrics import hit_at, reciprocal_rank

if TYPE_CHECKING:
    from eval.run import Result

Parts = tuple[float, float]
_NOT_ASKED: Parts = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Score:
    """One score: `parts` is what a result adds above and below the line, `words` say what it measures.

    A result that does not count adds (0, 0). `higher` is False where less is better. `both` marks a score that needs
    answerable and unanswerable questions: with one kind only it would be 0 or 1 by construction.
    """

    heading: str
    words: str
    parts: Callable[[Result], Parts]
    higher: bool = True
    both: bool = False

    def better(self, difference: float) -> bool:
        """True if a change by `difference` is for the better."""
        return difference > 0 if self.higher else difference < 0


def of_answerable(value: Callable[[Result], float | None]) -> Callable[[Result], Parts]:
    """The mean of `value` over the answerable questions for which it is not None."""

    def parts(result: Result) -> Parts:
        got = value(result) if result.question.answerable else None
        return _NOT_ASKED if got is None else (float(got), 1.0)

    return parts


def of_unanswerable(value: Callable[[Result], float]) -> Callable[[Result], Parts]:
    """The mean of `value` over the unanswerable questions."""
    return lambda r: _NOT_ASKED if r.question.answerable else (float(value(r)), 1.0)


SCORES: Mapping[str, Score] = {
    "hit@1": Score("hit@1", "right passage first", of_answerable(lambda r: hit_at(r.rank, 1))),
    "hit@3": Score("hit@3", "right passage in the first three", of_answerable(lambda r: hit_at(r.rank, 3))),
    "hit@5": Score("hit@5", "right passage in the first five", of_answerable(lambda r: hit_at(r.rank, 5))),
    "mrr": Score("MRR", "mean reciprocal rank", of_answerable(lambda r: reciprocal_rank(r.rank))),
    "citation_precision": Score("cit. P", "citations that are right", of_answerable(lambda r: r.precision)),
    "citation_recall": Score("cit. R", "answers whose citations cover a gold span", of_answerable(lambda r: r.recall)),
    "accuracy": Score(
        "accuracy", "answers that hold the accepted figure or name", of_answerable(lambda r: float(r.right))
    ),
    "answered": Score("answered", "answerable questions answered", of_answerable(lambda r: float(not r.refused))),
    "refusal_precision": Score(
        "refusal P", "refusals that were right",
        lambda r: (float(r.refused and not r.question.answerable), float(r.refused)), both=True,
    ),
    "refusal_recall": Score(
        "refusal R", "unanswerable questions refused", of_unanswerable(lambda r: float(r.refused))
    ),
}


def scores(results: Sequence[Result]) -> dict[str, float | None]:
    """Every score over `results`; None where nothing counts, or where it needs both kinds of question."""
    mixed = len({r.question.answerable for r in results}) == 2
    out: dict[str, float | None] = {}
    for name, score in SCORES.items():
        above = sum(r.parts[name][0] for r in results)
        below = sum(r.parts[name][1] for r in results)
        out[name] = above / below if below and (mixed or not score.both) else None
    return out


def counted(results: Sequence[Result], name: str) -> int:
    """How many of `results` the score `name` counts."""
    return sum(r.parts[name][1] > 0 for r in results)
