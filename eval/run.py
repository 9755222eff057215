"""Questions asked, answers judged, and scores over any set of results, with confidence intervals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from eval.dataset import NO_ARTICLE, Question, article_langs, check
from eval.metrics import (
    answer_right,
    citation_precision,
    citation_recall,
    first_rank,
    hit_at,
    reciprocal_rank,
)
from index.types import Article
from rag.types import Answer

Ask = Callable[[str], Answer]
SEED = 20260204
ROUNDS = 2000


@dataclass(frozen=True, slots=True)
class Result:
    """An answer and how it compares with what is right.

    `article_lang` are the gold articles' languages (`de`, `de+en`, `none`), `rank` is the 1-based rank of the
    first right hit or None, `right` whether an accepted answer was said, `seconds` the time the call took,
    measured from outside. `precision` and `recall` are those of the citations; no citations, no precision.
    """

    question: Question
    article_lang: str
    answer: Answer
    rank: int | None
    right: bool
    precision: float | None
    recall: float
    seconds: float

    @property
    def refused(self) -> bool:
        """True if nothing was answered."""
        return not self.answer.found

    @property
    def crosses(self) -> bool:
        """True if no gold article is in the question's language; the two Chinese scripts are one language."""
        own = self.question.lang.split("-")[0]
        tags = self.article_lang.split("+")
        return self.article_lang != NO_ARTICLE and all(tag.split("-")[0] != own for tag in tags)


def run(
    ask: Ask, questions: Sequence[Question], articles: Iterable[Article], progress: bool = False
) -> tuple[Result, ...]:
    """Ask every question and judge the answers, in order. `progress` draws a bar on stderr.

    UserError if a gold span does not lie in `articles`.
    """
    from tqdm import tqdm

    articles = tuple(articles)
    check(questions, articles)
    langs = {article.id: article.lang for article in articles}
    results = []
    for question in tqdm(questions, desc="score", unit="question", disable=not progress):
        begun = time.perf_counter()
        answer = ask(question.question)
        seconds = time.perf_counter() - begun
        results.append(judge(question, answer, article_langs(question, langs), seconds))
    return tuple(results)


def judge(question: Question, answer: Answer, article_lang: str, seconds: float) -> Result:
    """One answer compared with what is right. The hits of a refusal count, its text does not."""
    said = (answer.text, *(citation.quote for citation in answer.citations)) if answer.found else ()
    return Result(
        question=question,
        article_lang=article_lang,
        answer=answer,
        rank=first_rank((hit.passage for hit in answer.hits), question.gold),
        right=answer_right(said, question.answers),
        precision=citation_precision(answer.citations, question.gold),
        recall=citation_recall(answer.citations, question.gold),
        seconds=seconds,
    )


def _of_answerable(value: Callable[[Result], float]) -> Callable[[Result], tuple[float, float]]:
    return lambda r: (value(r), 1.0) if r.question.answerable else (0.0, 0.0)


def _citation_precision(r: Result) -> tuple[float, float]:
    return (r.precision, 1.0) if r.question.answerable and r.precision is not None else (0.0, 0.0)


# Each score is a sum over a sum: what a result adds above and below the line. `answered` is the share of
# answerable questions that were not refused. Citation precision is the mean over answerable questions with
# citations; citation recall and accuracy are means over all answerable questions, a refusal counting 0.
# Refusal precision is the unanswerable share of the refused, recall the refused share of the unanswerable.
SCORES: dict[str, Callable[[Result], tuple[float, float]]] = {
    "hit@1": _of_answerable(lambda r: hit_at(r.rank, 1)),
    "hit@3": _of_answerable(lambda r: hit_at(r.rank, 3)),
    "hit@5": _of_answerable(lambda r: hit_at(r.rank, 5)),
    "mrr": _of_answerable(lambda r: reciprocal_rank(r.rank)),
    "citation_precision": _citation_precision,
    "citation_recall": _of_answerable(lambda r: r.recall),
    "accuracy": _of_answerable(lambda r: float(r.right)),
    "answered": _of_answerable(lambda r: float(not r.refused)),
    "refusal_precision": lambda r: (float(r.refused and not r.question.answerable), float(r.refused)),
    "refusal_recall": lambda r: (0.0, 0.0) if r.question.answerable else (float(r.refused), 1.0),
}


def scores(results: Sequence[Result]) -> dict[str, float | None]:
    """Every score over `results`; None where nothing counts.

    Refusal precision is None unless there are questions of both sorts: it would be 0 or 1 by construction.
    """
    out: dict[str, float | None] = {}
    for name, score in SCORES.items():
        above, below = map(sum, zip(*map(score, results), strict=True)) if results else (0.0, 0.0)
        out[name] = above / below if below else None
    if len({r.question.answerable for r in results}) < 2:
        out["refusal_precision"] = None
    return out


def intervals(
    results: Sequence[Result], rounds: int = ROUNDS, seed: int = SEED
) -> dict[str, tuple[float, float] | None]:
    """The 95 % bootstrap percentile interval of every score; None where `scores` is None.

    Facts are resampled, not questions: the same fact asked in several languages is one draw (a cluster
    bootstrap, Davison & Hinkley, 1997, section 3.8). The same results and seed give the same intervals.
    """
    import numpy as np

    values = scores(results)
    facts = {fact: i for i, fact in enumerate(dict.fromkeys(r.question.fact for r in results))}
    sums = np.zeros((2, len(facts), len(SCORES)))
    for result in results:
        sums[:, facts[result.question.fact]] += np.array([score(result) for score in SCORES.values()]).T
    draws = np.random.default_rng(seed).multinomial(len(facts), np.full(len(facts), 1 / len(facts)), rounds)
    above, below = draws @ sums[0], draws @ sums[1]
    out: dict[str, tuple[float, float] | None] = {}
    for column, name in enumerate(SCORES):
        drawn = below[:, column] > 0
        if values[name] is None:
            out[name] = None
            continue
        low, high = np.percentile(above[drawn, column] / below[drawn, column], [2.5, 97.5])
        out[name] = (float(low), float(high))
    return out
