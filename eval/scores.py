"""The scores of a run, each a sum over a sum, in the order reports show them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eval.metrics import (
    char_3gram_recall,
    chrf,
    exact_match,
    f1,
    hit_at,
    in_language,
    in_script,
    ndcg,
    over_gold,
    prefers_own,
    quantity_right,
    recall,
    reciprocal_rank,
)

if TYPE_CHECKING:
    from eval.run import Result
    from rag.types import Answer

Parts = tuple[float, float]
_NOT_ASKED: Parts = (0.0, 0.0)
_TELLING = 10  # words; in fewer, the language of a text is a guess


@dataclass(frozen=True, slots=True)
class Score:
    """One score: `parts` is what a result adds above and below the line, `words` say what it measures.

    A result that does not count adds (0, 0). `higher` is False where less is better. `both` marks a score that needs
    answerable and unanswerable questions: with one kind only it would be 0 or 1 by construction. `derived` is one less
    another score: shown, but neither gated nor counted as a comparison of its own.
    """

    heading: str
    words: str
    parts: Callable[[Result], Parts]
    higher: bool = True
    both: bool = False
    derived: bool = False

    def better(self, difference: float) -> bool:
        """True if a change by `difference` is for the better."""
        return difference > 0 if self.higher else difference < 0


def of_answerable(value: Callable[[Result], float | None]) -> Callable[[Result], Parts]:
    """The mean of `value` over the answerable questions for which it is not None."""

    def parts(result: Result) -> Parts:
        got = value(result) if result.question.answerable else None
        return _NOT_ASKED if got is None else (float(got), 1.0)

    return parts


def of_gold(value: Callable[[Result], float | None]) -> Callable[[Result], Parts]:
    """The mean of `value` over the answerable questions that say which places are right."""
    return of_answerable(lambda r: value(r) if r.question.gold else None)


def of_accepted(value: Callable[[Result], float | None]) -> Callable[[Result], Parts]:
    """The mean of `value` over the answerable questions that say which answers are right."""
    return of_answerable(lambda r: value(r) if r.question.answers else None)


def of_unanswerable(value: Callable[[Result], float]) -> Callable[[Result], Parts]:
    """The mean of `value` over the unanswerable questions."""
    return lambda r: _NOT_ASKED if r.question.answerable else (float(value(r)), 1.0)


def _ranked(measure: Callable[[list[str], set[str], int], float], k: int) -> Callable[[Result], Parts]:
    return of_gold(lambda r: measure(*over_gold([h.passage for h in r.answer.hits], r.question.gold), k))


def _own_language_first(result: Result) -> Parts:
    langs = [hit.passage.lang for hit in result.answer.hits]
    preferred = prefers_own(result.question.lang, langs, {lang for _, lang in result.gold_texts})
    return _NOT_ASKED if preferred is None else (preferred, 1.0)


def _asked(value: Callable[[Result, str, str], float]) -> Callable[[Result], Parts]:
    """The mean over answerable questions of a comparison of the short answer, 0 for a refusal."""
    return of_accepted(lambda r: 0.0 if r.refused else value(r, *short_answer(r.answer)))


def _of_all(value: Callable[[Result], float]) -> Callable[[Result], Parts]:
    return lambda r: (float(value(r)), 1.0)


def _of_given(value: Callable[[Result], float | None]) -> Callable[[Result], Parts]:
    """The mean of `value` over the answers given, whatever was asked, for which it is not None."""

    def parts(result: Result) -> Parts:
        got = None if result.refused else value(result)
        return _NOT_ASKED if got is None else (float(got), 1.0)

    return parts


def short_answer(answer: Answer) -> tuple[str, str]:
    """What an answer marks as the answer itself, a figure or a name, and its language; without marks all of its words,
    without the markers `[1]`."""
    for citation in answer.citations:
        marked = [citation.quote[m.start - citation.start : m.end - citation.start] for m in citation.marks]
        if marked:
            return " ".join(marked), citation.lang
    return re.sub(r"\s*\[\d+\]", "", answer.text), answer.lang


def _figures(result: Result) -> float | None:
    said = [] if result.refused else result.said
    return quantity_right(said, result.gold_texts, result.question.answers)


def _in_asked_language(result: Result) -> bool:
    """By the answer's own words; where these are too few to tell a language by, by the language it says it is in."""
    if in_language(result.answer.text, result.question.lang, result.foreign):
        return True
    own = result.answer.text
    for words in sorted(result.foreign, key=len, reverse=True):
        own = own.replace(words, " ")
    few = len(re.findall(r"[^\W\d_]+", own)) < _TELLING
    return few and result.answer.lang.split("-")[0] == result.question.lang.split("-")[0]


SCORES: Mapping[str, Score] = {
    "hit@1": Score("hit@1", "right passage first", of_gold(lambda r: hit_at(r.rank, 1))),
    "hit@3": Score("hit@3", "right passage in the first three", of_gold(lambda r: hit_at(r.rank, 3))),
    "hit@5": Score("hit@5", "right passage in the first five", of_gold(lambda r: hit_at(r.rank, 5))),
    "mrr": Score("MRR", "mean reciprocal rank", of_gold(lambda r: reciprocal_rank(r.rank))),
    "ndcg@10": Score("nDCG@10", "gain of the first ten, discounted by rank", _ranked(ndcg, 10)),
    "recall@10": Score("R@10", "gold places found in the first ten", _ranked(recall, 10)),
    "own_language_first": Score(
        "own first", "first hit in the asker's language though the answer is not", _own_language_first, higher=False
    ),
    "citation_precision": Score("cit. P", "citations that are right", of_gold(lambda r: r.precision)),
    "citation_recall": Score("cit. R", "answers whose citations cover a gold span", of_gold(lambda r: r.recall)),
    "alce_precision": Score(
        "ALCE P", "citations that are right and needed, sentence by sentence",
        of_gold(lambda r: r.attribution.precision),
    ),
    "alce_recall": Score(
        "ALCE R", "sentences of answers that right citations support",
        of_gold(lambda r: None if r.refused else r.attribution.recall),
    ),
    "uncited": Score("uncited", "sentences without a citation", _of_given(lambda r: r.attribution.uncited), higher=False),
    "exactness": Score("exact", "quotations that are the article's own characters", _of_given(lambda r: r.exact)),
    "accuracy": Score(
        "accuracy", "answers that hold the accepted figure or name", of_accepted(lambda r: float(r.right))
    ),
    "quantity": Score("figures", "figures asked for that are said, by value", of_answerable(_figures)),
    "exact_match": Score(
        "EM", "short answer equals an accepted one", _asked(lambda r, t, lang: exact_match(t, r.question.answers, lang))
    ),
    "f1": Score("F1", "words the short answer shares with it", _asked(lambda r, t, lang: f1(t, r.question.answers, lang))),
    "chrf": Score("chrF", "characters the short answer shares with it", _asked(lambda r, t, _: chrf(t, r.question.answers))),
    "3gram_recall": Score(
        "3-grams", "character 3-grams of an accepted answer that are said",
        of_accepted(lambda r: 0.0 if r.refused else max(char_3gram_recall(t, r.question.answers) for t, _ in r.said)),
    ),
    "language": Score(
        "language", "texts in the asker's language", _of_all(_in_asked_language),
    ),
    "script": Score(
        "script", "texts in the asker's script", _of_all(lambda r: in_script(r.answer.text, r.question.lang, r.foreign))
    ),
    "answered": Score("answered", "answerable questions answered", of_answerable(lambda r: float(not r.refused))),
    "refusal_precision": Score(
        "refusal P", "refusals that were right",
        lambda r: (float(r.refused and not r.question.answerable), float(r.refused)), both=True,
    ),
    "refusal_recall": Score(
        "refusal R", "unanswerable questions refused", of_unanswerable(lambda r: float(r.refused))
    ),
    "hallucination_rate": Score(
        "halluc.", "unanswerable questions answered", of_unanswerable(lambda r: float(not r.refused)), higher=False,
        derived=True,
    ),
    "error_rate": Score(
        "error", "answerable questions refused", of_answerable(lambda r: float(r.refused)), higher=False, derived=True
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
