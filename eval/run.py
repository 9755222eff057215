"""Questions asked and answers judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from eval.dataset import NO_ARTICLE, Question, article_langs, check
from eval.metrics import answer_right, citation_precision, citation_recall, first_rank
from eval.scores import SCORES
from index.types import Article
from rag.types import Answer

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Result:
    """An answer and how it compares with what is right.

    `article_lang` are the gold articles' languages (`de`, `de+en`, `none`), `gold_texts` what the gold spans say,
    `rank` is the 1-based rank of the first right hit or None, `right` whether an accepted answer was said, `seconds`
    the time the call took, measured from outside. `precision` and `recall` are those of the citations; no citations,
    no precision. `parts` is what the result adds to each score, above and below the line.
    """

    question: Question
    article_lang: str
    answer: Answer
    rank: int | None
    right: bool
    precision: float | None
    recall: float
    seconds: float
    gold_texts: tuple[str, ...] = ()
    parts: Mapping[str, tuple[float, float]] = field(default_factory=dict, compare=False, repr=False)

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

    @property
    def succeeded(self) -> bool:
        """True if an answerable question got a right citation or an accepted answer, an unanswerable one a refusal."""
        return (self.right or self.recall > 0) if self.question.answerable else self.refused


def run(
    ask: Ask, questions: Sequence[Question], articles: Iterable[Article], progress: bool = False
) -> tuple[Result, ...]:
    """Ask every question and judge the answers, in order. `progress` draws a bar on stderr.

    UserError if a gold span does not lie in `articles`.
    """
    from tqdm import tqdm

    articles = tuple(articles)
    check(questions, articles)
    by_id = {article.id: article for article in articles}
    langs = {article.id: article.lang for article in articles}
    results = []
    for question in tqdm(questions, desc="score", unit="question", disable=not progress):
        begun = time.perf_counter()
        answer = ask(question.question)
        seconds = time.perf_counter() - begun
        texts = tuple(by_id[g.article_id].text[g.start : g.end] for g in question.gold)
        results.append(judge(question, answer, article_langs(question, langs), seconds, texts))
    return tuple(results)


def judge(
    question: Question, answer: Answer, article_lang: str, seconds: float, gold_texts: tuple[str, ...] = ()
) -> Result:
    """One answer compared with what is right. The hits of a refusal count, its text does not."""
    said = (answer.text, *(citation.quote for citation in answer.citations)) if answer.found else ()
    result = Result(
        question=question,
        article_lang=article_lang,
        answer=answer,
        rank=first_rank((hit.passage for hit in answer.hits), question.gold),
        right=answer_right(said, question.answers),
        precision=citation_precision(answer.citations, question.gold),
        recall=citation_recall(answer.citations, question.gold),
        seconds=seconds,
        gold_texts=gold_texts,
    )
    return replace(result, parts={name: score.parts(result) for name, score in SCORES.items()})
