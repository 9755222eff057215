"""Questions asked and answers judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from eval.dataset import NO_ARTICLE, Question, article_langs, check
from eval.metrics import (
    Attribution,
    answer_right,
    attribution,
    citation_precision,
    citation_recall,
    exactness,
    first_rank,
)
from eval.scores import SCORES
from index.types import Article
from rag.types import Answer

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the articles and the clock say of a question and its answer.

    `article_lang` are the gold articles' languages (`de`, `de+en`, `none`), `gold_texts` what the gold spans read, each
    with its language, `foreign` the titles and publishers of the cited articles, `exact` the share of quotations that are
    the article's own characters (None without any). `seconds` is how long the answer took, measured from outside.
    """

    article_lang: str
    seconds: float = 0.0
    gold_texts: tuple[tuple[str, str], ...] = ()
    foreign: tuple[str, ...] = ()
    exact: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """An answer and how it compares with what is right.

    `rank` is the 1-based rank of the first right hit or None, `right` whether an accepted answer was said, `seconds`
    the time the call took, measured from outside. `precision`, `recall` and `attribution` are those of the citations;
    no citations, no precision. `parts` is what the result adds to each score, above and below the line.
    """

    question: Question
    answer: Answer
    facts: Facts
    rank: int | None
    right: bool
    precision: float | None
    recall: float
    attribution: Attribution
    parts: Mapping[str, tuple[float, float]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def article_lang(self) -> str:
        """The gold articles' languages."""
        return self.facts.article_lang

    @property
    def seconds(self) -> float:
        """How long the answer took."""
        return self.facts.seconds

    @property
    def gold_texts(self) -> tuple[tuple[str, str], ...]:
        """What the gold spans read, each with its language."""
        return self.facts.gold_texts

    @property
    def said(self) -> tuple[tuple[str, str], ...]:
        """The answer's text and its quotations, each with its language; nothing for a refusal."""
        if self.refused:
            return ()
        return (self.answer.text, self.answer.lang), *((c.quote, c.lang) for c in self.answer.citations)

    @property
    def refused(self) -> bool:
        """True if nothing was answered."""
        return not self.answer.found

    @property
    def exact(self) -> float | None:
        """The share of quotations that are the article's own characters."""
        return self.facts.exact

    @property
    def foreign(self) -> tuple[str, ...]:
        """What stands in the answer's text in languages of its own: quotations, titles, publishers."""
        return (*(c.quote for c in self.answer.citations), *self.facts.foreign)

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
    results = []
    for question in tqdm(questions, desc="score", unit="question", disable=not progress):
        begun = time.perf_counter()
        answer = ask(question.question)
        seconds = time.perf_counter() - begun
        results.append(judge(question, answer, facts(question, answer, by_id, seconds)))
    return tuple(results)


def facts(question: Question, answer: Answer, articles: Mapping[str, Article], seconds: float) -> Facts:
    """What `articles`, by id, say of a question and its answer."""
    langs = {id: article.lang for id, article in articles.items()}
    cited = [articles[c.article_id] for c in answer.citations if c.article_id in articles]
    return Facts(
        article_lang=article_langs(question, langs),
        seconds=seconds,
        gold_texts=tuple((articles[g.article_id].text[g.start : g.end], langs[g.article_id]) for g in question.gold),
        foreign=tuple(dict.fromkeys(name for a in cited for name in (a.title, a.publisher) if name)),
        exact=exactness(answer.citations, {id: article.text for id, article in articles.items()}),
    )


def judge(question: Question, answer: Answer, known: Facts) -> Result:
    """One answer compared with what is right. The hits of a refusal count, its text does not."""
    said = (answer.text, *(citation.quote for citation in answer.citations)) if answer.found else ()
    result = Result(
        question=question,
        answer=answer,
        facts=known,
        rank=first_rank((hit.passage for hit in answer.hits), question.gold),
        right=answer_right(said, question.answers),
        precision=citation_precision(answer.citations, question.gold),
        recall=citation_recall(answer.citations, question.gold),
        attribution=attribution(answer.text, answer.citations, question.gold, known.foreign),
    )
    return replace(result, parts={name: score.parts(result) for name, score in SCORES.items()})
