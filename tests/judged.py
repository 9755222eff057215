"""Hand-made questions and answers whose scores can be worked out in the head."""

from types import MappingProxyType

from eval.dataset import Gold, Question
from eval.report import Report, score
from index.types import Article, Hit, Passage, Span
from rag.types import Answer, Citation

TEXT = "Wuhan hat 40 Stationen. Peking hat 50. Sonst nichts."
ARTICLES = (
    Article("x", "de", "x", TEXT, (Span(0, len(TEXT)),)),
    Article("z", "zh-Hant", "z", TEXT, (Span(0, len(TEXT)),)),
)
FIRST, SECOND = (0, 23), (24, 38)


def asked(
    id: str, lang: str, gold: tuple[Gold, ...], answers: tuple[str, ...], fact: str | None = None
) -> Question:
    return Question(
        id=id, question=f"{id}?", lang=lang, fact=fact or id, answerable=bool(gold), kind="figure", gold=gold, answers=answers
    )


def answered(
    question: Question,
    hits: list[tuple[int, int]],
    cites: list[tuple[int, int]] = (),
    found: bool = True,
    confidence: float = 0.5,
    article: str = "x",
) -> Answer:
    passages = [Passage(article, "de", start, end, TEXT[start:end]) for start, end in hits]
    return Answer(
        question=question.question,
        lang=question.lang,
        found=found,
        text="See below." if found else "The articles say nothing of 40 or 50.",
        citations=tuple(
            Citation(i, article, start, end, TEXT[start:end], "de", Span(start, end))
            for i, (start, end) in enumerate(cites, 1)
        ),
        hits=tuple(Hit(p, 1 / i) for i, p in enumerate(passages, 1)),
        reason=None if found else "not_supported",
        seconds=0.0,
        confidence=confidence,
    )


Q1 = asked("q1", "en", (Gold("x", *FIRST),), ("40",))
Q2 = asked("q2", "de", (Gold("x", *SECOND),), ("50",))
Q3 = asked("q3", "en", (), ())
Q4 = asked("q4", "de", (), ())
ANSWERS = MappingProxyType(
    {
        Q1.question: answered(
            Q1, [SECOND, FIRST], [FIRST, SECOND], confidence=0.9
        ),  # rank 2, right, cit. P 1/2
        Q2.question: answered(Q2, [SECOND], found=False, confidence=0.2),  # rank 1, refused
        Q3.question: answered(Q3, [FIRST], found=False, confidence=0.1),  # refused, rightly
        Q4.question: answered(Q4, [FIRST], [FIRST], confidence=0.6),  # should have been refused
    }
)
QUESTIONS = (Q1, Q2, Q3, Q4)


def report(**changed: Answer) -> Report:
    """The report on the four questions; `changed` replaces answers by the question's id."""
    answers = {**ANSWERS, **{f"{id}?": answer for id, answer in changed.items()}}
    return score(answers.__getitem__, QUESTIONS, ARTICLES, progress=False)
